"""What a plan decides, one decision a test; the images of tests/images show them together."""

from dataclasses import replace

import pytest
from managing import image_of

from splitter.commands.document import service_document
from splitter.compose.render import render
from splitter.inspection import static
from splitter.model.facts import UNREAD, Command, Coupling, Evidence, Facts, Listening, Process
from splitter.model.image import Healthcheck
from splitter.planning import make_plan
from splitter.planning.embedded import parted
from splitter.planning.hosts import moved, opened
from splitter.planning.scripts import script

AT = Evidence("/etc/service/x/run", 2)


def process(name, command, **more):
    words = tuple(command.split()) if isinstance(command, str) else tuple(command)
    return Process(name, Command(words), more.pop("evidence", AT), **more)


def planned(*processes, image=None, couplings=(), listening=(), answers=None):
    facts = Facts(tuple(processes), tuple(couplings), (), tuple(listening))
    return make_plan(facts, image or image_of(), answers or {})


def services(plan):
    return {s.name: s for s in plan.services}


def with_config(image, **more):
    return replace(image, config=replace(image.config, **more))


WEB = process("web", "puma -p 3000")
REDIS = process("redis", "redis-server --bind 127.0.0.1")
WORKER = process("sidekiq", "sidekiq")
MIGRATE = process("migrate", "rake db:migrate", lifetime="job")
TO_REDIS = Coupling(
    "tcp", "127.0.0.1:6379", ("web", "sidekiq", "redis"), AT, "env REDIS_URL", "redis://localhost:6379/0"
)


def test_everything_that_stays_up_waits_for_the_migration_and_only_that_migrates():
    made = services(planned(MIGRATE, WEB, WORKER))
    assert made["migrate"].command == ("rake", "db:migrate")
    assert made["migrate"].restart == "no"
    for name in ("web", "sidekiq"):
        assert made[name].depends_on == {"migrate": "service_completed_successfully"}
        assert "db:migrate" not in str(made[name].command)


def test_a_migration_by_hand_is_behind_a_profile_and_nobody_waits_for_it():
    made = services(planned(MIGRATE, WEB, answers={"migration": "profile"}))
    assert made["migrate"].profiles == ("migrate",)
    assert made["web"].depends_on == {}


@pytest.mark.parametrize(
    ("step", "service"),
    [
        pytest.param(MIGRATE, "migrate", id="a migration"),
        pytest.param(process("filler", "/opt/filler"), "setup", id="a program that the person calls a job"),
    ],
)
def test_the_question_about_one_off_steps_names_them_and_the_service_that_comes_of_it(step, service):
    plan = planned(step, WEB, answers={"migration": "profile", f"role:{step.id}": "job"})
    [question] = [q for q in plan.questions if q.id == "migration"]
    assert step.name in question.because
    assert question.options[1].label.endswith(f"docker compose run --rm {service}")
    assert service in services(plan)


def test_an_embedded_server_becomes_the_official_image_of_its_version():
    image = image_of({"/etc/os-release": "VERSION_CODENAME=bookworm\n"}, env={"REDIS_URL": "redis://localhost:6379/0"})
    made = services(planned(WEB, WORKER, REDIS, image=image, couplings=[TO_REDIS]))
    assert made["redis"].image == "redis:7.0"
    assert [m.path for m in made["redis"].volumes] == ["/data"]
    assert made["redis"].healthcheck.test[0] == "CMD-SHELL"
    for name in ("web", "sidekiq"):
        assert made[name].environment["REDIS_URL"] == "redis://redis:6379/0"
        assert made[name].depends_on == {"redis": "service_healthy"}


def test_settings_of_an_embedded_server_go_along_and_places_do_not():
    server = process("redis", "redis-server /etc/r.conf --bind 127.0.0.1 --save 60 1 --appendonly yes --dir /x")
    made = services(planned(WEB, server))
    assert made["redis"].command == ("redis-server", "--save", "60", "1", "--appendonly", "yes")
    server = process("postgres", "/usr/lib/postgresql/15/bin/postgres -D /x -c config_file=/y -c shared_buffers=1GB")
    assert services(planned(WEB, server))["postgres"].command == ("postgres", "-c", "shared_buffers=1GB")


def test_a_server_with_a_password_of_its_own_stays_as_it_is():
    image = image_of({"/etc/r.conf": "port 6379\nrequirepass hunter2\n"})
    for command in ("redis-server --requirepass hunter2", "redis-server /etc/r.conf"):
        plan = planned(WEB, process("redis", command), image=image)
        assert services(plan)["redis"].image == "example/test"
        assert "hunter2" not in render(plan, ".")


def test_an_embedded_server_that_stays_listens_where_its_clients_are():
    image = image_of(env={"REDIS_URL": "redis://localhost:6379/0"})
    plan = planned(WEB, WORKER, REDIS, image=image, couplings=[TO_REDIS], answers={"backing:redis": "same"})
    made = services(plan)
    assert made["redis"].command == ("redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--daemonize", "no")
    assert made["redis"].ports == ()
    assert made["web"].environment["REDIS_URL"] == "redis://redis:6379/0"


def test_a_server_outside_is_named_in_env():
    image = image_of(env={"REDIS_URL": "redis://localhost:6379/0"})
    plan = planned(WEB, WORKER, REDIS, image=image, couplings=[TO_REDIS], answers={"backing:redis": "external"})
    assert [d.process.name for d in plan.drops] == ["redis"]
    assert services(plan)["web"].environment["REDIS_URL"] == "${REDIS_URL:?}"
    assert "REDIS_URL" in plan.secrets


def test_a_password_is_one_variable_on_both_sides():
    env = {"DB_HOST": "127.0.0.1", "DB_USER": "shop", "DB_PASSWORD": "hunter2", "DB_NAME": "orders"}
    server = process("postgres", "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main")
    coupling = Coupling("tcp", "127.0.0.1:5432", ("web", "postgres"), AT, "env DB_HOST", "127.0.0.1")
    plan = planned(WEB, server, image=image_of(env=env), couplings=[coupling])
    made = services(plan)
    assert made["postgres"].image == "postgres:15"
    assert made["postgres"].environment == {
        "POSTGRES_USER": "shop",
        "POSTGRES_PASSWORD": "${DB_PASSWORD:?}",
        "POSTGRES_DB": "orders",
    }
    assert made["web"].environment == {"DB_HOST": "postgres", "DB_PASSWORD": "${DB_PASSWORD:?}"}
    assert "hunter2" not in render(plan, ".")


def test_a_password_in_a_url_is_replaced_on_both_sides():
    env = {"DATABASE_URL": "postgres://shop:hunter2@localhost:5432/orders"}
    server = process("postgres", "/usr/lib/postgresql/15/bin/postgres")
    coupling = Coupling("tcp", "127.0.0.1:5432", ("web", "postgres"), AT, "env DATABASE_URL", env["DATABASE_URL"])
    plan = planned(WEB, server, image=image_of(env=env), couplings=[coupling])
    made = services(plan)
    assert made["web"].environment["DATABASE_URL"] == "postgres://shop:${POSTGRES_PASSWORD:?}@postgres:5432/orders"
    assert made["postgres"].environment["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:?}"
    assert "hunter2" not in render(plan, ".")


def test_a_server_that_is_started_for_the_set_up_alone_is_no_second_one():
    start = process("start", "pg_ctlcluster 15 main start", lifetime="job")
    stop = process("stop", "pg_ctlcluster 15 main stop", lifetime="job")
    plan = planned(start, MIGRATE, stop, process("db", "postgres -D /data"), WEB)
    assert [s.name for s in plan.services if s.role == "backing"] == ["postgres"]
    assert [(d.process.name, d.reason) for d in plan.drops] == [
        ("start", "db runs in a service of its own"),
        ("stop", "db runs in a service of its own"),
    ]
    alone = planned(start, MIGRATE, stop, WEB)
    assert [s.name for s in alone.services if s.role == "backing"] == ["postgres"]
    assert [d.process.name for d in alone.drops] == ["stop"]


def test_what_only_makes_the_database_goes_with_the_official_image():
    server = process("postgres", "/usr/lib/postgresql/15/bin/postgres")
    make = process("createdb", "createdb -O shop orders", lifetime="job", phase="once", user="postgres")
    plan = planned(make, MIGRATE, WEB, server)
    assert [d.process.name for d in plan.drops] == ["createdb"]
    assert [p.name for p in services(plan)["migrate"].processes] == ["migrate"]


def test_a_configuration_is_patched_through_configs_with_every_other_byte_kept():
    text = "server {\n  listen 80;\n  location / { proxy_pass http://127.0.0.1:3000; set $x 1; }\n}\n"
    image = image_of({"/etc/nginx/conf.d/app.conf": text})
    coupling = Coupling(
        "tcp", "127.0.0.1:3000", ("nginx", "web"), Evidence("/etc/nginx/conf.d/app.conf", 3), "config", "127.0.0.1:3000"
    )
    web = process("web", "puma -b tcp://127.0.0.1:3000")
    plan = planned(process("nginx", ["nginx", "-g", "daemon off;"]), web, image=image, couplings=[coupling])
    made = services(plan)
    assert made["nginx"].configs == {"/etc/nginx/conf.d/app.conf": "conf-d-app-conf"}
    assert plan.configs["conf-d-app-conf"] == text.replace("127.0.0.1:3000", "web:3000")
    assert made["web"].command == ("puma", "-b", "tcp://0.0.0.0:3000")
    assert made["web"].ports == ()
    assert made["nginx"].ports == ("80:80",)
    assert "set $$x 1" in render(plan, ".")


def test_a_server_bound_by_its_configuration_is_opened_there():
    image = image_of({"/etc/php/fpm.conf": "[www]\nlisten = 127.0.0.1:9000\n"})
    listening = Listening("php-fpm", "127.0.0.1", 9000, Evidence("/etc/php/fpm.conf", 2))
    coupling = Coupling("tcp", "127.0.0.1:9000", ("front", "php-fpm"), AT, "argument", "127.0.0.1:9000")
    plan = planned(
        process("front", "/opt/front --to 127.0.0.1:9000"), process("php-fpm", "php-fpm -F"),
        image=image, couplings=[coupling], listening=[listening],
    )  # fmt: skip
    assert list(plan.configs.values()) == ["[www]\nlisten = 0.0.0.0:9000\n"]
    assert services(plan)["front"].command == ("/opt/front", "--to", "php-fpm:9000")


def test_an_address_in_the_program_leaves_the_shared_network():
    coupling = Coupling("tcp", "127.0.0.1:9000", ("poller", "web"), AT, "code", "127.0.0.1")
    plan = planned(process("poller", "/opt/poller"), WEB, couplings=[coupling])
    made = services(plan)
    assert made["poller"].namespace == "web"
    assert made["poller"].ports == ()
    assert "poller joins the network of web" in plan.couplings[0].resolution


def test_a_socket_folder_is_a_volume_in_memory():
    coupling = Coupling("socket", "/run/php/app.sock", ("nginx", "php-fpm"), AT, "config", "unix:/run/php/app.sock")
    plan = planned(process("nginx", "nginx"), process("php-fpm", "php-fpm -F"), couplings=[coupling])
    made = services(plan)
    assert [m.path for m in made["nginx"].volumes] == [m.path for m in made["php-fpm"].volumes] == ["/run/php"]
    assert plan.volumes[0].tmpfs
    assert made["nginx"].depends_on == {"php-fpm": "service_started"}


def test_a_declared_volume_is_shared_by_name_and_a_database_folder_by_nobody_else():
    image = with_config(image_of(), volumes=("/app/uploads", "/var/lib/redis"))
    made = services(planned(WEB, WORKER, REDIS, image=image, answers={"backing:redis": "same"}))
    mounts = {name: {m.path: m.volume for m in s.volumes} for name, s in made.items()}
    assert mounts["web"] == mounts["sidekiq"] == {"/app/uploads": "uploads", "/var/lib/redis": ""}
    assert mounts["redis"]["/var/lib/redis"] == "redis"


@pytest.mark.parametrize(
    ("web", "shared"),
    [
        pytest.param("gunicorn app:app --log /config/web/a.log", True, id="another names a folder of the volume"),
        pytest.param("gunicorn app:app --cache /config/redis/x", False, id="another names the server's folder"),
        pytest.param("gunicorn app:app", False, id="nobody else names it"),
    ],
)
def test_a_volume_that_holds_more_than_a_servers_folder_is_everybodys(web, shared):
    image = with_config(image_of(), volumes=("/config",))
    redis = process("redis", "redis-server --dir /config/redis")
    plan = planned(process("web", web), redis, image=image, answers={"backing:redis": "same"})
    mounts = [m.volume for m in services(plan)["web"].volumes if m.path == "/config"]
    assert (mounts == ["config"]) is shared


def test_an_address_in_a_program_is_what_it_uses_without_the_variable_that_says_it():
    code = replace(TO_REDIS, how="code", written="127.0.0.1", evidence=Evidence("/app/conf.py", 7))
    env = {"REDIS_URL": "redis://localhost:6379/0"}
    plan = planned(replace(WEB, env=env), replace(WORKER, env=env), REDIS, couplings=[TO_REDIS, code])
    assert all(not s.namespace for s in plan.services)
    [gap] = plan.gaps
    assert "taken for what it uses without REDIS_URL" in gap.what
    assert str(gap.evidence) == "/app/conf.py:7"
    alone = planned(WEB, WORKER, REDIS, couplings=[code])
    assert services(alone)["web"].namespace == "redis"


def test_the_port_of_a_server_is_not_taken_for_the_applications():
    image = with_config(image_of(), ports=("6379/tcp", "3000/tcp"))
    plan = planned(WEB, REDIS, image=image, couplings=[TO_REDIS])
    assert (services(plan)["web"].ports, services(plan)["redis"].ports) == (("3000:3000",), ())
    assert "6379 of redis is not published: the services reach it by its name." in plan.notes


def test_several_of_one_program_are_called_after_what_they_are():
    made = planned(process("manage.py", "python manage.py qcluster"), process("celery-3", "celery -A x flower"),
                   process("manage.py-2", "python manage.py start_service all"), process("web-2", "puma"))  # fmt: skip
    assert [s.name for s in made.services] == ["celery-flower", "web-2", "django-q", "django-service"]


def test_an_address_that_has_moved_is_nowhere_left_as_it_was():
    env = {"REDIS_URL": "redis://localhost:6379/0"}
    proxy = process("nginx", "nginx", env=env)
    made = services(
        planned(replace(WEB, env=env), replace(WORKER, env=env), proxy, replace(MIGRATE, env=env), REDIS,
                couplings=[TO_REDIS])
    )  # fmt: skip
    for name in ("web", "sidekiq", "nginx", "migrate"):
        assert made[name].environment["REDIS_URL"] == "redis://redis:6379/0", name
    assert "redis" not in made["nginx"].depends_on


SETUP = "#!/bin/sh\n[ -f /data/pg/PG_VERSION ] && exit 0\ninitdb -D /data/pg\npg_ctl start\ncreatedb app\npg_ctl stop\n"


def test_a_script_that_only_makes_a_server_runs_as_it_is_where_that_stays():
    start = "#!/bin/sh\nsu postgres -c /setup.sh\npostgres -D /data/pg &\nrake db:migrate\npuma &\nwait\n"
    image = image_of({"/start.sh": start, "/setup.sh": SETUP}, executable=("/start.sh", "/setup.sh"))
    image = with_config(image, cmd=("/start.sh",))
    facts = static.read(image)
    postgres = next(p.id for p in facts.processes if p.command.argv[0] == "postgres")
    made = services(make_plan(facts, image, {f"backing:{postgres}": "same"}))
    assert "/setup.sh" in str(made["postgres"].command)
    for words in ("initdb", "createdb", "pg_ctl"):
        assert all(words not in str(s.command) for s in made.values())


def test_services_that_share_a_volume_do_not_mount_it_first_at_the_same_time():
    image = with_config(image_of({"/app/uploads/x": "1"}), volumes=("/app/uploads",))
    made = services(planned(WEB, WORKER, image=image))
    assert made["sidekiq"].depends_on == {"web": "service_started"} or made["web"].depends_on == {
        "sidekiq": "service_started"
    }


def test_the_image_health_check_stays_with_what_it_tests_and_nobody_else_inherits_it():
    check = Healthcheck(("CMD-SHELL", "curl -fsS http://localhost:3000/up"))
    made = services(planned(WEB, WORKER, MIGRATE, image=with_config(image_of(), healthcheck=check)))
    assert made["web"].healthcheck is None
    assert made["sidekiq"].healthcheck.test == ("CMD", "true")


def test_a_server_checks_its_configuration_as_it_was_started():
    check = Healthcheck(("CMD-SHELL", "curl -fsS http://localhost:3000/up"))
    php = process("php-fpm", "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /srv/fpm.conf")
    made = services(planned(WEB, php, image=with_config(image_of(), healthcheck=check)))
    assert made["php-fpm"].healthcheck.test == (
        "CMD-SHELL",
        "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /srv/fpm.conf -t",
    )


def test_only_what_is_exposed_is_published_by_who_listens_there():
    image = with_config(image_of(), ports=("3000/tcp", "22/tcp"))
    plan = planned(WEB, WORKER, process("sshd", "/usr/sbin/sshd -D"), image=image)
    assert services(plan)["web"].ports == ("3000:3000",)
    assert services(plan)["sidekiq"].ports == ()
    assert [d.process.name for d in plan.drops] == ["sshd"]


def test_instances_become_replicas_and_a_scheduler_has_one():
    made = services(planned(WEB, process("w", "sidekiq", instances=3), process("beat", "celery beat", instances=2)))
    assert made["w"].replicas == 3
    assert made["beat"].replicas == 1


def test_cron_sees_the_container_environment_and_only_the_application_runs():
    image = image_of({"/etc/cron.d/app": "* * * * * app run\n", "/etc/cron.d/e2scrub_all": "1 1 * * * root x\n"})
    cron = process("cron", "/usr/sbin/cron -f", scope=("main",), via=("cron",))
    entry = process("run", "run", lifetime="scheduled", schedule="* * * * *", scope=("main",), via=("cron",),
                    evidence=Evidence("/etc/cron.d/app", 1))  # fmt: skip
    [scheduler] = planned(WEB, cron, entry, image=image).services[1:]
    assert scheduler.role == "scheduler"
    text = scheduler.command[2]
    assert "export -p > /run/cron-env" in text
    assert "find /etc/cron.d /etc/cron.*ly -type f ! -path /etc/cron.d/app -delete" in text
    assert text.endswith("exec /usr/sbin/cron -f")


def test_cron_entries_for_a_scheduler_outside_are_behind_a_profile():
    cron = process("cron", "/usr/sbin/cron -f", scope=("main",), via=("cron",))
    entry = process("digest", "/app/digest", lifetime="scheduled", schedule="@daily", scope=("main",), via=("cron",))
    plan = planned(WEB, cron, entry, answers={"cron:cron/cron": "profiles"})
    assert services(plan)["digest"].profiles == ("cron",)
    assert [d.process.name for d in plan.drops] == ["cron"]


def test_set_up_as_root_precedes_a_program_of_another_user_in_its_own_container():
    step = process("config", "mkdir -p /run/app", lifetime="job", phase="prepare")
    made = services(planned(step, process("web", "puma", user="app")))
    assert made["web"].user == ""
    assert made["web"].command[:2] == ("/bin/sh", "-c")
    assert made["web"].command[2].startswith("mkdir -p /run/app\nexec setpriv --reuid=app")


def test_a_secret_argument_is_taken_from_the_environment():
    plan = planned(WEB, process("thing", "/opt/thing --api-token s3cr3t"))
    made = services(plan)["thing"]
    assert made.command == ("/bin/sh", "-c", 'exec /opt/thing --api-token "$THING_API_TOKEN"')
    assert made.environment == {"THING_API_TOKEN": "${THING_API_TOKEN:?}"}
    assert "s3cr3t" not in render(plan, ".")


def test_an_embedded_beat_gets_a_service_of_its_own_or_stays_on_request():
    worker = process("worker", "celery -A shop worker -B -c 2")
    made = services(planned(WEB, worker))
    assert made["worker"].command == ("celery", "-A", "shop", "worker", "-c", "2")
    assert made["beat"].command == ("celery", "-A", "shop", "beat")
    kept = services(planned(WEB, worker, answers={"embedded:worker": "inside"}))
    assert "beat" not in kept
    assert any("Never scale" in n for n in kept["worker"].notes)


@pytest.mark.parametrize(
    ("argv", "worker", "beat"),
    [
        pytest.param("celery -A x worker -B", "celery -A x worker", "celery -A x beat", id="the plain switch"),
        pytest.param("celery worker -B -s /t", "celery worker", "celery beat -s /t", id="the schedule goes along"),
        pytest.param("celery worker -Bl info", "celery worker -l info", "celery beat -l info", id="in a bundle"),
        pytest.param("celery worker --beat -l=a", "celery worker -l=a", "celery beat -l=a", id="a shared value"),
    ],
)  # fmt: skip
def test_worker_and_beat_are_parted(argv, worker, beat):
    assert parted(tuple(argv.split())) == (tuple(worker.split()), tuple(beat.split()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("redis://localhost:6379/0", "redis://db:6379/0", id="in a URL"),
        pytest.param("127.0.0.1", "db", id="alone"),
        pytest.param("x-localhost", "x-localhost", id="not as a part of a name"),
        pytest.param("localhost.example.com", "localhost.example.com", id="not as a part of a domain"),
        pytest.param(
            "http://u:p@127.0.0.1:80/ 127.0.0.1:6379", "http://u:p@127.0.0.1:80/ db:6379", id="the port must fit"
        ),
        pytest.param("[::1]:6379", "db:6379", id="IPv6"),
    ],
)
def test_loopback_hosts_are_moved(text, expected):
    assert moved(text, "db", 6379) == expected
    assert opened("127.0.0.1:80") == "0.0.0.0:80"


def test_code_that_holds_an_address_can_be_made_to_read_it():
    source = 'import redis\n\nqueue = redis.Redis(host="127.0.0.1")\n'
    image = image_of({"/app/poll.py": source})
    at = Evidence("/app/poll.py", 3)
    coupling = Coupling("tcp", "127.0.0.1:6379", ("poller", "redis"), at, "code", "127.0.0.1")
    poller = process("poller", "python3 /app/poll.py")
    plan = planned(poller, REDIS, image=image, couplings=[coupling], answers={"cut:tcp/poller/redis": "rewrite"})
    made = services(plan)["poller"]
    assert made.namespace == ""
    [variable] = made.environment
    assert made.environment[variable] == "redis"
    [text] = plan.configs.values()
    assert f'"{variable}"' in text
    compile(text, "poll.py", "exec")


def test_an_address_in_the_program_of_an_official_server_leaves_its_network():
    coupling = Coupling("tcp", "127.0.0.1:6379", ("poller", "redis"), AT, "code", "127.0.0.1")
    made = services(planned(process("poller", "/opt/poller"), REDIS, couplings=[coupling]))
    assert made["redis"].image.startswith("redis:")
    assert made["poller"].namespace == "redis"


def test_a_file_among_code_is_not_shared_by_a_volume_over_the_code():
    image = image_of({"/app/main.py": "x"}, workdir="/app")
    coupling = Coupling("files", "/app/data.sqlite", ("web", "sidekiq"), AT)
    plan = planned(WEB, WORKER, image=image, couplings=[coupling])
    assert all(m.path != "/app" for s in plan.services for m in s.volumes)
    assert plan.couplings[0].resolution.startswith("open: ")
    assert any("/app/data.sqlite" in g.what for g in plan.gaps)


def test_variables_given_for_the_run_are_asked_of_env():
    plan = make_plan(Facts((WEB, WORKER), needs=("LICENSE_SERVER",)), image_of(), {})
    assert all(s.environment == {"LICENSE_SERVER": "${LICENSE_SERVER:?}"} for s in plan.services)
    assert "LICENSE_SERVER" in plan.secrets


def test_files_made_once_are_on_a_volume_of_those_that_read_them():
    make = process("secret", ["sh", "-c", "openssl rand -hex 32 > /data/secret"], lifetime="job", phase="once",
                   notes=("makes a secret",))  # fmt: skip
    made = services(planned(make, WEB, WORKER))
    for name in ("migrate", "web", "sidekiq"):
        assert [m.path for m in made[name].volumes] == ["/data"]


def test_what_one_adds_to_accounts_and_system_folders_is_no_volume():
    make = process("accounts", ["sh", "-c", "echo app:x:7: >> /etc/group; echo 1 > /etc/default/app"],
                   lifetime="job", phase="once")  # fmt: skip
    reads = process("web", ["sh", "-c", "exec puma -C /etc/default/app -g /etc/group"])
    assert all(s.volumes == () for s in planned(make, reads).services)


def test_data_beside_data_of_the_image_can_be_shared():
    image = image_of({"/app/db/.gitkeep": "", "/app/db/empty.db": "x", "/app/main.rb": "x"}, workdir="/app")
    files = Coupling("files", "/app/db/app.db", ("web", "sidekiq"), AT)
    code = Coupling("files", "/app", ("web", "sidekiq"), AT)
    plan = planned(WEB, WORKER, image=image, couplings=[files, code])
    assert [[m.path for m in s.volumes] for s in plan.services] == [["/app/db"], ["/app/db"]]
    assert plan.couplings[1].resolution.startswith("what is written below it is in volumes")


def test_fastcgi_that_a_base_exposes_is_never_published():
    image = with_config(image_of(), ports=("9000/tcp", "8080/tcp"))
    plan = planned(process("nginx", "nginx"), process("php-fpm", "php-fpm -F"), image=image)
    assert (services(plan)["php-fpm"].ports, services(plan)["nginx"].ports) == ((), ("8080:8080",))
    alone = planned(process("php-fpm", "php-fpm -F"), image=image)
    assert "9000:9000" not in services(alone)["php-fpm"].ports
    for each in (plan, alone):
        assert any(n.startswith("9000 of php-fpm is not published: it speaks FastCGI") for n in each.notes)


def test_a_service_has_no_number_where_only_a_step_has_its_name():
    check = process("postfix", "postfix check", lifetime="job", phase="prepare")
    made = services(planned(check, process("postfix-2", "/app/start", notes=(UNREAD,))))
    assert [n for n in made if "postfix" in n] == ["postfix"]
    assert made["postfix"].role == "web"


def test_a_second_of_one_kind_is_called_as_its_manager_calls_it():
    made = services(planned(process("nginx", "nginx"), process("openresty", "openresty -g daemon_off;")))
    assert list(made) == ["nginx", "openresty"]


def test_two_of_one_server_write_a_log_each():
    coupling = Coupling("files", "/var/log/nginx/access.log", ("one", "two"), AT)
    plan = planned(process("one", "nginx -c /one.conf"), process("two", "nginx -c /two.conf"), couplings=[coupling])
    assert plan.couplings[0].resolution.startswith("only a log")
    assert plan.gaps == ()


def test_an_exposed_udp_port_is_not_that_of_an_http_proxy():
    image = with_config(image_of(), ports=("69/udp", "80/tcp"))
    made = services(planned(process("nginx", "nginx"), process("tftp", "dnsmasq --port=0 --enable-tftp"), image=image))
    assert (made["nginx"].ports, made["tftp"].ports) == (("80:80",), ("69:69/udp",))


def test_nginx_asks_dockers_dns_where_a_variable_follows_a_name():
    location = (
        "  location ~ ^/api/(.*) {\n    proxy_pass_request_body off;\n    proxy_pass http://127.0.0.1:3000/$1;\n  }\n"
    )
    text = f"server {{\n{location}}}\n"
    image = image_of({"/etc/nginx/conf.d/a.conf": text})
    coupling = Coupling("tcp", "127.0.0.1:3000", ("nginx", "web"), Evidence("/etc/nginx/conf.d/a.conf", 4), "config",
                        "127.0.0.1:3000")  # fmt: skip
    nginx = process("nginx", "nginx -g daemon_off;", evidence=Evidence("/etc/sv/nginx/run", 1))
    [patched] = planned(nginx, WEB, image=image, couplings=[coupling]).configs.values()
    assert "proxy_pass http://web:3000/$1;" in patched
    assert patched.startswith("server { resolver 127.0.0.11;\n")
    plain = text.replace("/$1", "")
    [patched] = planned(nginx, WEB, image=image_of({"/etc/nginx/conf.d/a.conf": plain}),
                        couplings=[coupling]).configs.values()  # fmt: skip
    assert "resolver" not in patched


def test_where_a_shell_stands_in_front_a_variable_of_the_image_stays_one():
    spoken = '"${APP_HOME}/bin/app" --all'
    main = process("app", "", user="app", scope=("entry",))
    main = replace(main, command=Command(("/opt/app/bin/app", "--all"), spoken=spoken))
    step = process("set-up", "mkdir -p /run/app", lifetime="job", phase="prepare", scope=("entry",))
    change = "setpriv --reuid=app --regid=app --init-groups"
    assert (
        next(s for s in planned(step, main).services if s.role != "migration")
        .command[-1]
        .endswith(f"exec {change} {spoken}")
    )
    assert planned(main).services[0].command == ("/opt/app/bin/app", "--all")


def test_long_set_up_that_services_share_is_written_once():
    steps = [process(f"step{n}", f"mkdir -p /run/{n}", lifetime="job", phase="prepare") for n in range(9)]
    plan = planned(*steps, WEB, WORKER)
    made = services(plan)
    assert made["web"].command[2] == "sh /prepare.sh\nexec puma -p 3000"
    assert made["web"].configs == made["sidekiq"].configs == {"/prepare.sh": "prepare-sh"}
    assert plan.configs["prepare-sh"].count("mkdir") == 9


def test_a_script_that_only_prepares_for_its_program_is_run_as_it_is():
    image = image_of({"/srv/web.sh": "#!/bin/sh\nmkdir -p /run/web\nexec puma -p 3000\n"}, executable=("/srv/web.sh",))
    script = process("web", "/srv/web.sh", scope=("supervisord",), user="")
    step = process("web-setup", "mkdir -p /run/web", lifetime="job", phase="prepare", scope=("supervisord", script.id))
    main = process("web", "puma -p 3000", scope=("supervisord", script.id), launchers=(script,), user="app")
    made = services(planned(step, main, WORKER, image=image))["web"]
    assert made.command == ("/srv/web.sh",)
    assert made.user == ""
    assert [p.name for p in made.processes] == ["web-setup", "web"]


def test_a_script_that_also_migrates_is_taken_apart():
    image = image_of({"/srv/web.sh": "#!/bin/sh\nmkdir /x\nrake db:migrate\nexec puma\n"}, executable=("/srv/web.sh",))
    script = process("web", "/srv/web.sh", scope=("supervisord",))
    inner = ("supervisord", script.id)
    step = process("web-setup", "mkdir /x", lifetime="job", phase="prepare", scope=inner)
    migrate = process("rake", "rake db:migrate", lifetime="job", scope=inner)
    main = process("web", "puma", scope=inner, launchers=(script,))
    made = services(planned(step, migrate, main, WORKER, image=image))
    assert "/srv/web.sh" not in str(made["web"].command)
    assert "db:migrate" not in str(made["web"].command)


def test_a_script_that_asks_a_program_for_its_version_is_run_as_it_is():
    image = image_of({"/srv/web.sh": "#!/bin/sh\nmkdir /x\njava -version\nexec java -jar a.jar\n"},
                     executable=("/srv/web.sh",))  # fmt: skip
    script = process("web", "/srv/web.sh", scope=("supervisord",))
    inner = ("supervisord", script.id)
    step = process("web-setup", "mkdir /x", lifetime="job", phase="prepare", scope=inner)
    asks = process("java", "java -version", lifetime="job", scope=inner)
    main = process("web", "java -jar a.jar", scope=inner, launchers=(script,))
    plan = planned(step, asks, main, WORKER, image=image)
    assert services(plan)["web"].command == ("/srv/web.sh",)
    assert [(d.process.name, d.reason[:13]) for d in plan.drops] == [("java", "it only asks ")]
    assert "migrate" not in services(plan)


@pytest.mark.parametrize(
    ("how", "command"),
    [
        pytest.param("env DB_URL", ("/srv/web.sh",), id="for an address that a variable gives"),
        pytest.param("argument", ("java", "-jar", "a.jar"), id="for an address that it would never reach"),
    ],
)
def test_a_script_that_waits_for_a_server_is_run_as_it_is(how, command):
    image = image_of({"/srv/web.sh": "#!/bin/sh\nuntil pg_isready; do sleep 1; done\nexec java -jar a.jar\n"},
                     executable=("/srv/web.sh",))  # fmt: skip
    script = process("web", "/srv/web.sh", scope=("supervisord",))
    inner = ("supervisord", script.id)
    wait = process("pg_isready", "pg_isready", lifetime="job", phase="wait", scope=inner)
    main = process("web", "java -jar a.jar", scope=inner, launchers=(script,))
    server = process("db", "postgres")
    reaches = Coupling("tcp", "127.0.0.1:5432", ("pg_isready", "db"), AT, how, "127.0.0.1:5432")
    assert services(planned(wait, main, server, image=image, couplings=(reaches,)))["web"].command == command


def test_a_script_that_loops_is_run_as_it_is_whatever_it_is_called():
    text = "while true; do\n  rake mail\n  date\n  sleep 9\ndone"
    image = image_of({"/srv/cron": f"#!/bin/sh\n{text}\n"}, executable=("/srv/cron",))
    script = process("cron", "/srv/cron", scope=("supervisord",))
    command = Command(("rake", "mail"), ("/bin/sh", "-c", text))
    main = process("cron", "", scope=("supervisord", script.id), launchers=(script,), notes=("again in a shell loop",))
    made = services(planned(replace(main, command=command), WEB, image=image))
    assert made["cron"].command == ("/srv/cron",)  # and not `cron -f`, as the daemon of that name would be started


@pytest.mark.parametrize(
    ("script", "command"),
    [
        pytest.param("/entry.sh puma -p 3000", "/entry.sh puma -p 3000", id="which nobody has read"),
        pytest.param("bash /entry.sh puma -p 3000", "bash /entry.sh puma -p 3000", id="by its shell"),
        pytest.param("sh -c 'exec puma -p 3000'", "puma -p 3000", id="a text, not a script"),
        pytest.param("/own.sh puma -p 3000", "puma -p 3000", id="of the image, which prepares nothing"),
    ],
)
def test_an_entrypoint_of_a_base_image_stays_before_its_program(script, command):
    image = image_of({"/own.sh": '#!/bin/sh\nexec "$@"\n'}, base="acme/base:1", executable=("/own.sh",))
    started = process("front", script, scope=("supervisord",))
    main = process("front", "puma -p 3000", scope=("supervisord", started.id), launchers=(started,))
    assert " ".join(services(planned(main, WORKER, image=image))["front"].command) == command


def test_a_function_that_takes_the_place_of_a_librarys_stays_behind_it():
    text = "own() { a; }\n. /lib.sh\nstart() { :; }\nown\nstart"
    steps = [
        Process(name="x", command=Command(("a",), ("/bin/sh", "-c", text + more)), evidence=Evidence("/s", 1))
        for more in ("", "\nb")
    ]
    _, made = script(steps, image_of({}), {})
    assert made.count("own() {") == 1
    assert made.index("own() {") < made.index(". /lib.sh") < made.index("start() {")


def test_a_person_who_gets_no_service_is_told():
    [gap] = planned(process("migrate", "rake db:seed", lifetime="scheduled", off="A=1")).gaps
    assert gap.what == "nothing is found that stays up"
    assert planned(process("web", "gunicorn app")).gaps == ()


def test_code_that_a_runner_keeps_up_is_no_step():
    plan = planned(process("jobs", "bundle exec rails runner bin/threaded.rb", via=("procfile",)))
    assert [(s.name, s.role) for s in plan.services] == [("jobs", "worker")]
    plan = planned(process("fill", "bundle exec rails runner fill.rb", lifetime="job"), process("web", "puma"))
    assert [(s.name, s.role) for s in plan.services] == [("web", "web"), ("migrate", "migration")]


def test_functions_that_steps_share_stand_in_the_order_of_their_script():
    names = [f"part_{n}" for n in range(12)]
    functions = "\n".join(f"{n}() {{\n  mkdir -p /run/{n}\n}}" for n in names)
    steps = [
        Process(f"step{n}", Command(("mkdir",), ("/bin/sh", "-c", f"{functions}\npart_{n}")), AT, lifetime="job")
        for n in range(2)
    ]
    text = script(steps, image_of({}), {})[1]
    assert [line.removesuffix("() {") for line in text.splitlines() if line.endswith("() {")] == names


def test_the_steps_of_a_long_job_stand_under_the_script_that_starts_them():
    boot = process("boot", "/boot", scope=("tini",))
    one, two = (process(n, f"/etc/boot.d/{n}", scope=("tini", boot.id)) for n in ("users", "keys"))
    steps = [
        process("mkdir", "mkdir /a", lifetime="job", launchers=(boot, one)),
        process("chown", "chown app /a", lifetime="job", launchers=(boot, one)),
        process("keygen", "keygen", lifetime="job", launchers=(boot, two)),
        process("touch", "touch /b", lifetime="job", launchers=(boot,), evidence=Evidence("/boot", 3)),
    ]
    assert script(steps, image_of({}), {})[1].splitlines()[-7:] == [
        "# /etc/boot.d/users", "mkdir /a", "chown app /a", "# /etc/boot.d/keys", "keygen", "# /boot", "touch /b",
    ]  # fmt: skip
    assert "#" not in script(steps[:2], image_of({}), {})[1]


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([("a", "b"), ("c", "b")], id="two that use one server's"),
        pytest.param([("b", "a"), ("b", "c")], id="one that uses two servers'"),
        pytest.param([("a", "b"), ("c", "d"), ("b", "d")], id="two groups that become one"),
    ],
)
def test_all_that_share_memory_are_in_one_namespace(pairs):
    names = sorted({n for pair in pairs for n in pair})
    shared = [Coupling("shm", f"System V memory {i}", pair, AT, "seen") for i, pair in enumerate(pairs)]
    made = services(planned(*(process(n, f"/opt/{n}") for n in names), couplings=shared))
    [owner] = [n for n in names if made[n].ipc == "shareable"]
    assert {made[n].ipc for n in names if n != owner} == {owner}


def test_a_socket_with_an_abstract_name_is_reached_in_the_network_of_its_server():
    seen = Coupling("socket", "@talk", ("a", "b"), AT, "seen")
    plan = planned(process("a", "/opt/a"), process("b", "/opt/b"), couplings=[seen])
    assert services(plan)["a"].namespace == "b"
    assert "abstract" in plan.couplings[0].resolution


def test_the_document_tells_the_user_and_folder_of_a_program_where_the_file_need_not():
    own = process("chown", "chown app /data", lifetime="job")
    migrate = process("migrate", "rake db:migrate", lifetime="job", workdir="/srv/app")
    plan = planned(own, replace(migrate, becomes="app"), process("web", "puma", user="root", workdir="/srv"))
    [web, job] = [service_document(s) for s in plan.services]
    assert (web["user"], web["working_dir"]) == ("root", "/srv")
    assert (job["user"], job["working_dir"], job["processes"][-1]["user"]) == ("app", "/srv/app", "app")


def test_a_supervisor_that_cannot_be_read_is_a_service():
    kept = process("supervisord", "supervisord -n", notes=(UNREAD,))
    plan = planned(kept, process("worker", "sidekiq"))
    assert set(services(plan)) == {"supervisord", "worker"}
    assert plan.drops == ()
    assert "what it starts could not be read" in render(plan, ".")


def test_who_is_in_the_network_of_another_is_found_there_by_its_own_name():
    conf = {"/etc/nginx/nginx.conf": "server { location / { proxy_pass http://127.0.0.1:3000; } }\n"}
    at = Evidence("/etc/nginx/nginx.conf", 1)
    to_web = Coupling("tcp", "127.0.0.1:3000", ("nginx", "web"), at, "config", "http://127.0.0.1:3000")
    to_redis = Coupling("tcp", "127.0.0.1:6379", ("web", "redis"), AT, "code", "127.0.0.1")
    nginx = process("nginx", ["nginx", "-g", "daemon off;"])
    plan = planned(nginx, WEB, REDIS, image=image_of(conf), couplings=[to_web, to_redis])
    made = services(plan)
    assert (made["web"].namespace, made["redis"].aliases, made["nginx"].aliases) == ("redis", ("web",), ())
    assert "http://web:3000" in "".join(plan.configs.values())
    assert '    networks:\n      default:\n        aliases: ["web"]\n' in render(plan, ".")


def test_who_is_in_the_network_of_another_publishes_there():
    coupling = Coupling("tcp", "127.0.0.1:3000", ("nginx", "web"), AT, "code", "127.0.0.1")
    image = with_config(image_of(), ports=("80/tcp",))
    made = services(planned(process("nginx", ["nginx", "-g", "daemon off;"]), WEB, image=image, couplings=[coupling]))
    assert (made["nginx"].namespace, made["nginx"].ports, made["web"].ports) == ("web", (), ("80:80",))
    to_redis = Coupling("tcp", "127.0.0.1:6379", ("web", "redis"), AT, "code", "127.0.0.1")
    image = with_config(image_of(), ports=("3000/tcp",))
    made = services(planned(WEB, REDIS, image=image, couplings=[to_redis]))
    assert (made["web"].namespace, made["redis"].image, made["redis"].ports) == ("redis", "redis:7", ("3000:3000",))


@pytest.mark.parametrize("host", ["localhost", "${HOSTNAME}"])
def test_a_host_is_changed_where_its_port_is_a_variable(host):
    text = ":80 {\n  reverse_proxy http://" + host + ":{$APP_PORT:3000}\n}\n"
    at = Evidence("/etc/caddy/Caddyfile", 2)
    coupling = Coupling("tcp", "127.0.0.1:3000", ("caddy", "web"), at, "config", "http://localhost:3000")
    caddy = process("caddy", "caddy run --config /etc/caddy/Caddyfile")
    plan = planned(caddy, WEB, image=image_of({"/etc/caddy/Caddyfile": text}), couplings=[coupling])
    assert list(plan.configs.values()) == [text.replace(host, "web")]


def test_the_health_check_of_a_port_that_only_a_proxy_tells_of():
    check = Healthcheck(("CMD-SHELL", "curl -f http://localhost:8080/health"))
    coupling = Coupling("tcp", "127.0.0.1:8080", ("nginx", "server"), AT, "config", "localhost:8080")
    proxy, server = process("nginx", ["nginx", "-g", "daemon off;"]), process("server", "java -jar server.jar")
    made = services(planned(proxy, server, image=with_config(image_of(), healthcheck=check), couplings=[coupling]))
    assert made["web"].healthcheck is None
    assert made["nginx"].healthcheck is not None


def test_what_a_proxy_hands_requests_to_is_web():
    proxy, main = process("nginx", ["nginx", "-g", "daemon off;"]), process("prod", "node dist/main")
    coupling = Coupling("tcp", "127.0.0.1:8080", ("nginx", "prod"), AT, "config", "localhost:8080")
    assert services(planned(proxy, main))["prod"].role == "worker"
    plan = planned(proxy, main, couplings=[coupling])
    assert [s.role for s in plan.services if s.name != "nginx"] == ["web"]


@pytest.mark.parametrize(
    ("base", "path", "bridged"),
    [
        pytest.param("node:22-alpine", "/etc/periodic/15min/tidy", False, id="busybox, by the name of the base"),
        pytest.param("node:22", "/etc/periodic/15min/tidy", False, id="a script of a folder is no crontab"),
        pytest.param("fedora:43", "/etc/crontab", True, id="cronie"),
    ],
)
def test_only_a_crontab_of_a_cron_that_hides_the_environment_is_changed(base, path, bridged):
    image = image_of({path: "#!/bin/sh\ntidy\n"}, base=base)
    entry = process("tidy", path, lifetime="scheduled", schedule="*/15 * * * *", scope=("main",), via=("cron",),
                    evidence=Evidence(path, 1))  # fmt: skip
    daemon = process("cron", "crond -f", scope=("main",), via=("cron",))
    text = render(planned(process("web", "puma"), daemon, entry, image=image), ".")
    assert (f"for tab in {path}" in text) == bridged
    assert ("-delete" in text) == (base != "node:22-alpine")


def test_a_service_that_is_on_has_its_name_before_one_that_is_off():
    other = process("smokeping", "smokeping --master x", off="MASTER is set")
    plan = planned(other, process("svc-smokeping", "smokeping --config y"), process("web", "gunicorn app:app"))
    assert {s.name: bool(s.profiles) for s in plan.services} == {"smokeping": False, "smokeping-2": True, "web": False}


def test_a_service_is_not_numbered_after_a_step_that_is_none():
    step = process("worker", "worker --check", lifetime="job", phase="once")
    plan = planned(step, process("worker-2", "worker --run"), process("web", "gunicorn app:app"))
    assert [s.name for s in plan.services if s.role != "migration"] == ["web", "worker"]


@pytest.mark.parametrize(
    ("command", "left_out"),
    [
        pytest.param("prober --master=x --nodaemon", True, id="other options of the same program"),
        pytest.param("prober --master=x web", False, id="a word that says what it does"),
        pytest.param("watcher --master=x", False, id="another program"),
    ],
)
def test_what_one_script_starts_instead_of_what_is_on_is_left_out(command, left_out):
    at = Evidence("/etc/services.d/probe/run", 3)
    own = {"scope": ("init", "s6/probe"), "evidence": at}
    off = process("other", command, off="MASTER is set", **own)
    plan = planned(off, process("probe", "prober --config=y", **own), process("web", "gunicorn app:app"))
    assert bool(plan.drops) is left_out


@pytest.mark.parametrize(
    ("base", "image"),
    [
        ("debian:9.2", "mariadb:10.1"), ("python:3.12-bookworm", "mariadb:10.11"), ("alpine:3.20", "mariadb:11"),
        ("ubuntu:22.04", "mysql:8.0"), ("acme/base:1", "mysql:8"),
    ],
)  # fmt: skip
def test_what_a_distribution_has_in_the_place_of_mysql(base, image):
    plan = planned(process("web", "gunicorn app:app"), process("mysql", "mysqld_safe"), image=image_of(base=base))
    assert [s.image for s in plan.services if s.role == "backing"] == [image]


def test_a_shared_folder_is_not_the_one_in_which_another_image_keeps_its_data():
    shared = Coupling("files", "/data", ("web", "worker"), AT)
    plan = planned(
        process("redis", "redis-server"), process("web", "puma"), process("worker", "sidekiq"), couplings=[shared]
    )
    kept = {s.name: [m.volume for m in s.volumes if m.path == "/data"] for s in plan.services}
    assert kept["web"] == kept["worker"] != kept["redis"]
    assert all(kept.values())
