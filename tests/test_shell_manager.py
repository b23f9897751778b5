"""Scripts as the processes that they start."""

import os
import subprocess
from dataclasses import replace

import pytest
from managing import expand, image_of

from conftest import TESTS, load_image
from splitter.inspection.discovery import discover


def script(text, *args, env=None, files=None, base="", shebang="#!/bin/bash", **more):
    image = image_of({"/start": f"{shebang}\n{text}\n", **(files or {})}, env=env, base=base, executable=("/start",))
    return expand("shell", ["/start", *args], image, **more)


def short(processes):
    return [(p.lifetime, p.phase, str(p.command)) for p in processes]


def fixture(name):
    facts = discover(load_image(TESTS / "images" / name))
    return {p.name: p for p in facts.processes}, [str(g.what) for g in facts.gaps]


@pytest.mark.parametrize(
    ("argv", "files", "claimed"),
    [
        pytest.param(["sh", "-c", "a & b"], {}, True, id="a text"),
        pytest.param(["/bin/bash", "-lc", "exec a"], {}, True, id="a text after several options"),
        pytest.param(["bash", "-o", "pipefail", "-c", "a"], {}, True, id="an option with a value"),
        pytest.param(["bash", "-eu", "/s"], {"/s": "a\n"}, True, id="a file given to a shell"),
        pytest.param(["/s"], {"/s": "#!/bin/sh\na\n"}, True, id="a script by its path"),
        pytest.param(["s"], {"/usr/local/bin/s": "#!/usr/bin/env bash\na\n"}, True, id="a script on the PATH"),
        pytest.param(["/run"], {"/run": "#!/command/with-contenv sh\na\n"}, True, id="a script behind with-contenv"),
        pytest.param(["/s.sh"], {"/s.sh": "a\n"}, True, id="a script without a first line"),
        pytest.param(["su", "-", "app", "-c", "a"], {}, True, id="su"),
        pytest.param(["runuser", "app", "-c", "a"], {}, True, id="runuser with a text"),
        pytest.param(["/s"], {"/s": "#!/usr/bin/python3\na\n"}, False, id="a Python script"),
        pytest.param(["/s"], {"/s": "#!/bin/execlineb -P\na\n"}, False, id="an execline script"),
        pytest.param(["/init"], {"/init": "#!/bin/sh\nexec /package/admin/s6-overlay/libexec/preinit\n"}, False,
                     id="the init of s6-overlay"),
        pytest.param(["/sbin/my_init"], {"/sbin/my_init": "#!/bin/sh\n"}, False, id="my_init"),
        pytest.param(["/etc/init.d/x", "start"], {"/etc/init.d/x": "#!/bin/sh\n"}, False, id="an init script"),
        pytest.param(["/usr/sbin/apache2ctl", "start"], {"/usr/sbin/apache2ctl": "#!/bin/sh\nx\n"}, False,
                     id="a program of a package that is a script"),
        pytest.param(["sh"], {}, False, id="a shell alone"),
        pytest.param(["su", "app"], {}, False, id="su without a text"),
        pytest.param(["nginx"], {}, False, id="a program"),
    ],
)  # fmt: skip
def test_what_it_claims(argv, files, claimed):
    image = image_of(files, executable=tuple(files))
    assert (expand("shell", argv, image) is not None) == claimed


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("exec web", [("service", "", "web")], id="exec"),
        pytest.param("cd /app; setuser app web", [("service", "", "setuser app web")], id="exec forgotten"),
        pytest.param("a & b & wait", [("service", "", "a"), ("service", "", "b")], id="jobs in the background"),
        pytest.param("check; exec web", [("job", "", "check"), ("service", "", "web")], id="a step before"),
        pytest.param("python manage.py migrate", [("job", "", "python manage.py migrate")], id="a step alone"),
        pytest.param("python manage.py migrate & web", [("job", "", "python manage.py migrate"),
                     ("service", "", "web")], id="a step in the background"),
        pytest.param("cron; nginx; exec web", [("service", "", "cron"), ("service", "", "nginx"),
                     ("service", "", "web")], id="programs that daemonize themselves"),
        pytest.param("nginx -tq; web", [("job", "", "nginx -tq"), ("service", "", "web")], id="a check by letters"),
        pytest.param("nginx -t; web", [("job", "", "nginx -t"), ("service", "", "web")], id="a check is a step"),
        pytest.param("service nginx start; tail -f /l", [("service", "", "service nginx start"),
                     ("service", "", "tail -f /l")], id="init scripts and a keep-alive"),
        pytest.param("echo hi; sleep 5; curl -s x; trap - 1; web", [("service", "", "web")], id="output and pauses"),
        pytest.param("until nc -z db 1; do sleep 1; done; web", [("job", "wait", "nc -z db 1"), ("service", "", "web")],
                     id="a loop that waits"),
        pytest.param("until rake db:migrate; do sleep 1; done; web", [("job", "", "rake db:migrate"),
                     ("service", "", "web")], id="a loop that tries a step"),
        pytest.param("wait-for-it.sh db:1 -- true; web", [("job", "wait", "wait-for-it.sh db:1 -- true"),
                     ("service", "", "web")], id="a program that waits"),
        pytest.param("mkdir /a; cp /x /a; web", [("job", "prepare", "mkdir /a"), ("service", "", "web")],
                     id="file commands are one step"),
        pytest.param("chown -R app /data; web", [("job", "", "chown -R app /data"), ("service", "", "web")],
                     id="an owner is a step of its own"),
        pytest.param("mkdir /a", [("job", "prepare", "/start")], id="nothing but files"),
        pytest.param("openssl rand -hex 8 > /d/k; web", [("job", "once", "openssl rand -hex 8"),
                     ("service", "", "web")], id="a secret is made once"),
        pytest.param("while true; do sync; ./a; sleep 9; done", [("service", "", "./a")], id="an endless loop"),
        pytest.param("(sleep 9; ./late) & web", [("service", "", "./late"), ("service", "", "web")], id="a sub-shell"),
        pytest.param("redis-server & ./fill; kill $!; web", [("job", "once", "redis-server"), ("job", "", "./fill"),
                     ("service", "", "web")], id="a server for a while"),
        pytest.param("su postgres -c 'pg_ctl -D /d start'; createdb x; su postgres -c 'pg_ctl -D /d stop'; web",
                     [("job", "once", "pg_ctl -D /d start"), ("job", "once", "createdb x"), ("service", "", "web")],
                     id="a database for a while"),
        pytest.param("service postgresql start; web & wait $!; service postgresql stop",
                     [("service", "", "service postgresql start"), ("service", "", "web")],
                     id="a database that is stopped at the end"),
        pytest.param('exec "$0.real"', [("service", "", "/start.real")], id="its own name"),
    ],
)  # fmt: skip
def test_children(text, wanted):
    found, gaps = script(text)
    assert short(found) == wanted
    assert gaps == []


def test_a_script_that_is_not_at_hand_hands_over_to_its_arguments():
    image = image_of({}, base="python:3.12")
    [child], [gap] = expand("shell", ["docker-entrypoint.sh", "gunicorn", "app"], image)
    assert child.command.argv == ("gunicorn", "app")
    assert "could not be read" in gap.what
    assert "python:3.12" in gap.what


def test_another_script_that_is_not_at_hand_is_left_as_it_is():
    [child], [gap] = expand("shell", ["bash", "/opt/run.sh", "a"], image_of({}, base="python:3.12"))
    assert child.command.argv == ("bash", "/opt/run.sh", "a")
    assert gap.evidence.path == "/opt/run.sh"
    assert expand("shell", ["bash", "/opt/run.sh", "a"], image_of({}), notes=child.notes) is None


def test_run_time_variables_stay_variables():
    [web], _ = script('exec web --port "${PORT:-80}" --host "$HOST" --root "$ROOT"',
                      env={"PORT": "8000", "ROOT": "/srv"}, files={"/srv/x": ""})  # fmt: skip
    assert web.command.argv == ("web", "--port", "8000", "--host", "$HOST", "--root", "/srv")
    assert web.command.run == (
        "/bin/sh", "-c", 'exec web --port "${PORT:-80}" --host "${HOST}" --root /srv',
    )  # fmt: skip


def test_what_the_split_sets_itself_is_written_out():
    [web], _ = script("export PORT=9; exec sh -c 'exec web $PORT'")
    [inner], _ = expand("shell", web.command.argv, image_of({}), env=web.env)
    assert inner.command.argv == ("web", "9")
    assert inner.command.run == ()


def test_values_that_only_the_script_gives_come_with_the_statements_that_give_them():
    [web], gaps = script("N=$(nproc)\nK=$(pick --one)\nexport T=$(cat /run/t)\nexec web -w $N -k $K")
    assert web.command.argv == ("web", "-w", "$(nproc)", "-k", "$K")
    assert sorted(web.command.run[-1].splitlines()) == [
        "K=$(pick --one)", 'exec web -w "$(nproc)" -k ${K}', "export T=$(cat /run/t)",
    ]  # fmt: skip
    assert gaps == []


def test_a_loop_over_files_that_a_person_adds_stays_a_loop():
    [step, _], _ = script('for f in /custom/*; do bash "$f"; done\nexec web')
    assert step.command.run[2] == 'for f in /custom/*; do bash "$f"; done'


def test_a_step_that_calls_functions_of_a_file_that_is_not_at_hand_is_run_as_it_is():
    text = "source /lib/db.sh\nmysql_note start\nmkdir -p /data\ndocker_setup_env"
    [step], gaps = script(text, lifetime="job")
    assert (step.command.argv, step.lifetime, step.notes) == (("/start",), "job", ("run as it is",))
    assert gaps[0].what == "mysql_note is a function of a file that is not at hand: the script is run as it is"
    found, _ = script("source /lib/db.sh\nmkdir -p /data\npg_ctl start", lifetime="job")
    assert [str(p.command) for p in found] == ["mkdir -p /data", "pg_ctl start"]


def test_a_program_of_many_subcommands_is_called_after_what_it_is_told():
    found, _ = script("python manage.py fetch_all &\nbin/console app:listen &\nwait")
    assert [p.name for p in found] == ["fetch_all", "app:listen"]


def test_variables_that_show_only_at_run_time_are_for_what_is_started_too():
    [web], gaps = script("f() { uuidgen; }\nexport KEY=$(openssl rand -hex 9) N=$(nproc)\nID=$(f)\nexec web $ID")
    assert (web.gives.names, web.gives.anew) == (("KEY", "N"), ("KEY", "ID"))
    assert "export KEY=$(openssl rand -hex 9) N=$(nproc)" in web.gives.command[2]
    assert gaps == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[ -f /d/V ] && exit 0\nrake db:migrate", id="an end by an operator"),
        pytest.param("if [ -f /d/V ]; then\n  exit\nfi\nrake db:migrate", id="an end in an arm"),
        pytest.param("[ -f /d/V ] || rake db:migrate", id="what makes it"),
        pytest.param("first() {\n  [ -f /d/V ] && return\n  rake db:migrate\n}\nfirst", id="in a function"),
    ],
)
def test_a_step_that_has_been_done_is_not_done_again(text, tmp_path):
    [step], _ = script(f"{text}\n".replace("/d/V", f"{tmp_path}/V"))
    (tmp_path / "rake").write_text(f"#!/bin/sh\necho x >> {tmp_path}/V\n")
    (tmp_path / "rake").chmod(0o755)
    for _ in range(2):
        subprocess.run(step.command.start, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False, timeout=20)
    assert (tmp_path / "V").read_text() == "x\n"


def test_environment_folder_logs_and_evidence():
    found, _ = script("export A=1\ncd /srv/app\nB=2 worker >> log/w.log 2>&1 &\nweb 2>&1 | tee -a /var/log/web.log")
    worker, web = found
    assert (worker.env, worker.workdir, worker.logs) == ({"A": "1", "B": "2"}, "/srv/app", ("/srv/app/log/w.log",))
    assert str(worker.evidence) == "/start:4"
    assert (web.command.run, web.logs) == ((), ("/var/log/web.log",))


def test_a_text_has_the_evidence_of_its_command():
    [child], _ = expand("shell", ["sh", "-c", "exec web"], image_of({}))
    assert str(child.evidence) == "image config (CMD)"


def test_the_name_that_a_manager_gave_stays_with_the_program():
    [web], _ = script("exec puma", via=("runit",))
    assert web.name == "main"
    found, _ = script("helper & exec puma", via=("runit",))
    assert [p.name for p in found] == ["helper", "main"]
    [web], _ = script("exec puma")
    assert web.name == "puma"


def test_services_that_are_started_first_come_before():
    [web], _ = script("sv start redis || exit 1\ns6-svwait -U /run/service/db\nexec web")
    assert web.after == ("redis", "db")


def test_switches_and_conditions():
    found, _ = script('[ "$CRON" = yes ] && cron\n[ "${WEB:-yes}" = yes ] && web &\nif grep -q x /y; then z & fi')
    by = {p.name: p for p in found}
    assert by["cron"].off == "CRON=yes"
    assert by["web"].notes == ("decided by WEB, which is not set",)
    assert by["z"].notes == ("if grep -q x /y",)


def test_a_step_under_a_condition_keeps_it():
    found, _ = script("if [ ! -f /d/ready ]; then\n  rake db:setup\n  touch /d/ready\nfi\nexec web")
    assert found[0].command.argv == ("rake", "db:setup")
    assert found[0].command.run == (
        "/bin/sh", "-c", "if [ ! -f /d/ready ]; then\n  rake db:setup\n  touch /d/ready\nfi",
    )  # fmt: skip
    assert [p.name for p in found] == ["db:setup", "web"]


def test_a_file_step_keeps_its_conditions_and_loses_everything_else():
    found, _ = script('D=/etc/x\nif grep -q a /b; then\n  echo "p $P" > $D/c\n  notify\nfi\nexec web')
    prepare = next(p for p in found if p.phase == "prepare")
    assert prepare.command.run[-1] == 'D=/etc/x\nif grep -q a /b; then\n  echo "p $P" > $D/c\nfi'


def test_files_written_before_a_start_are_there_for_it():
    found, _ = script("cp /etc/off/a.conf /etc/on/\necho b > /etc/on/b.conf\nexec web", files={"/etc/off/a.conf": "A"})
    web = found[-1]
    seen = image_of({"/etc/off/a.conf": "A"}).with_files(web.files)
    assert seen.read("/etc/on/b.conf") == "b\n"
    assert set(web.files) >= {"/etc/on/b.conf"}


def test_an_endless_loop_is_one_service():
    found, _ = script("while true; do\n  php a.php\n  php b.php\n  sleep 60\ndone &\nexec web")
    loop = found[0]
    assert loop.command.argv == ("php", "a.php")
    assert loop.command.run == ("/bin/sh", "-c", "while true; do\n  php a.php\n  php b.php\n  sleep 60\ndone")
    assert loop.notes == ("runs every 60 seconds in a shell loop", "the loop also runs php b.php")


def test_a_program_that_is_told_to_go_into_the_background_stays_up():
    found, _ = script(
        "./app.fcgi -l 127.0.0.1:9000 -n 5 -d\n./check -d\nservice icinga2 foreground &\nexec nginx -g 'daemon off;'"
    )
    assert [(p.name, p.lifetime) for p in found] == [
        ("app.fcgi", "service"), ("check", "job"), ("icinga2", "service"), ("nginx", "service"),
    ]  # fmt: skip


def test_a_daemon_that_is_killed_by_its_pid_file_ran_for_the_script_alone():
    text = 'nginx -c /early.conf\n./migrate\nkill -QUIT "$(cat /run/early.pid)" || true\nexec nginx -g "daemon off;"'
    found, _ = script(text)
    assert [(p.command.argv[:2], p.lifetime) for p in found if p.command.program == "nginx"] == [
        (("nginx", "-c"), "job"), (("nginx", "-g"), "service"),
    ]  # fmt: skip


def test_of_the_same_server_by_two_names_one_is_on():
    text = "if [ -f /usr/sbin/cron ]; then exec /usr/sbin/cron -f; else exec /usr/sbin/crond -f; fi"
    found, _ = script(text, base="x:1")
    assert [(p.command.program, bool(p.off)) for p in found] == [("cron", False), ("crond", True)]


@pytest.mark.parametrize(
    ("text", "argv", "off"),
    [
        pytest.param("(sleep 5; while :; do ./renew; sleep 10d; done) &\nexec web", ("./renew",), "", id="a long one"),
        pytest.param(
            "while true; do\n  if [ -z \"$URL\" ]; then sleep infinity; else ./get $URL; sleep 3; fi\ndone &\nexec web",
            ("./get", "$URL"), "URL is set", id="one for ever, where nothing is to be done",
        ),
    ],
)  # fmt: skip
def test_a_pause_is_not_what_a_loop_is_for(text, argv, off):
    found, _ = script(text)
    assert (found[0].command.argv, found[0].off) == (argv, off)


def test_a_loop_around_a_server_only_starts_it_again():
    [web], _ = script("while true; do gunicorn app; sleep 1; done")
    assert (web.restart, web.command.run) == ("always", ())


def test_the_same_start_in_a_loop_is_counted():
    found, _ = script("for i in 1 2 3; do ./worker & done; for q in a b; do ./queue $q & done; wait")
    assert [(str(p.command), p.instances) for p in found] == [("./worker", 3), ("./queue a", 1), ("./queue b", 1)]


def test_what_is_not_known_is_a_gap():
    found, gaps = script('. /gone.sh\n$HOOK\nexec "$PROGRAM" -x')
    assert [g.what.split(":")[0] for g in gaps] == [
        "which program $PROGRAM is shows only when it runs", "reads in /gone.sh", "$HOOK",
    ]  # fmt: skip
    assert [p.notes for p in found] == [("run as it is",)]


def test_an_entry_of_a_crontab_stays_one():
    assert script("a\nb", lifetime="scheduled") is None
    assert script("echo x > /y", lifetime="scheduled") is None
    [one], _ = script("cd /srv && bin/a >> /log", lifetime="scheduled")
    assert one.command.argv == ("bin/a",)


def test_bash_is_kept_where_it_is_needed():
    found, _ = script('if [[ -f /x ]]; then echo a > "/y"; fi\nX=1\nexec web', base="a")
    assert found[0].command.run[0] == "/bin/bash"


def test_a_script_that_dispatches():
    processes, gaps = fixture("shell-dispatch")
    assert [(p.lifetime, p.phase, p.command.argv[0]) for p in processes.values()] == [
        ("job", "prepare", "mkdir"), ("job", "", "chown"), ("job", "prepare", "cat"), ("job", "", "python"),
        ("service", "", "gunicorn"),
    ]  # fmt: skip
    web = processes["gunicorn"]
    assert (web.user, web.env) == ("app", {"DJANGO_SETTINGS_MODULE": "shop.settings"})
    assert web.command.argv == ("gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "shop.wsgi")
    assert gaps == []


def test_a_script_that_starts_everything():
    processes, _ = fixture("shell-start")
    assert processes["server.js"].user == "app"
    assert processes["server.js"].workdir == "/app/live"
    assert processes["thumbnail"].instances == 3
    assert [p.logs for p in processes.values() if "queue:work" in str(p.command)] == [
        ("/var/log/default.log",), ("/var/log/mail.log",),
    ]  # fmt: skip


def test_a_script_that_fills_a_database_first():
    processes, gaps = fixture("shell-database")
    first = processes["mysqld_safe-2"]
    assert (first.lifetime, first.phase, first.notes) == ("job", "once", ("only while the script runs",))
    assert processes["mysqld_safe"].lifetime == "service"
    assert processes["boot"].notes[0] == "makes a secret"
    assert gaps == []


def test_a_script_with_switches():
    processes, gaps = fixture("shell-switches")
    assert {n: p.off for n, p in processes.items() if p.off} == {"mail.js": "ENABLE_MAIL=true or ENABLE_MAIL=1"}
    assert "decided by ENABLE_LIVE=true" in processes["live.js"].notes
    assert len(gaps) == 2


def test_what_a_script_leaves_behind_is_there_for_its_caller():
    files = {"/render": "#!/bin/sh\necho x > /etc/on.conf\n", "/start": "#!/bin/sh\n/render\nexec web\n"}
    found, _ = expand("shell", ["/start"], image_of(files, executable=tuple(files)))
    assert "/etc/on.conf" in found[-1].files


def test_a_script_that_needs_an_argument_is_read_as_people_start_it():
    text = 'if [ "$1" = import ]; then\n  load\nelif [ "$1" = run ]; then\n  web &\n  exec renderd\nfi\nexit 1'
    found, [gap] = script(text)
    assert [(str(p.command), p.off) for p in found] == [
        ("web", ""), ("renderd", ""), ("/start import", "the argument import"),
    ]  # fmt: skip
    assert "read as if it were run" in gap.what


def test_giving_up_is_said_and_checks_of_the_environment_are_taken_as_met():
    found, [gap] = script("exit 1")
    assert ([p.notes for p in found], gap.what) == (
        [("run as it is",)], "with the environment and arguments at hand it gives up here",
    )  # fmt: skip
    check = 'for n in A B; do [ -z "${!n}" ] && bad+=($n); done\nif [ ${#bad[@]} -gt 0 ]; then exit 1; fi\nexec web'
    found, gaps = script(check)
    assert ([str(p.command) for p in found], gaps) == (["web"], [])
    [web], _ = script('[ -n "$TOKEN" ] || exit 1\nexec web')
    assert web.command.argv == ("web",)


def test_a_loop_that_hardly_pauses_only_starts_a_program_again():
    found, _ = script("while true; do ./server.py; echo again; sleep 1; done &\nwait")
    assert [(str(p.command), p.command.run, p.restart) for p in found] == [("./server.py", (), "always")]


def test_a_long_set_up_in_a_function_is_one_step():
    lines = "\n".join(f"  mkdir -p /d/{n}\n  chown app /d/{n}" for n in range(6))
    found, _ = script(f"setup() {{\n{lines}\n  rake db:migrate\n}}\nsetup\nexec web")
    assert [(p.lifetime, p.phase, p.command.argv[0]) for p in found] == [
        ("job", "prepare", "mkdir"), ("job", "", "rake"), ("service", "", "web"),
    ]  # fmt: skip
    assert found[0].command.run[-1].count("chown") == 6


def test_another_user_for_a_file_command_is_still_a_file_command():
    found, _ = script("sudo -HEu app sed -i s/a/b/ /x; exec web")
    assert [p.phase for p in found] == ["prepare", ""]


def test_a_step_that_is_left_as_it_is_does_not_start_itself():
    image = image_of({"/start": "#!/bin/sh\nmkdir /a\n"}, executable=("/start",))
    facts = discover(replace(image, config=replace(image.config, cmd=("/start",))))
    assert [(p.lifetime, p.phase) for p in facts.processes] == [("job", "prepare")]
    assert facts.gaps == ()


def test_a_script_that_ends_because_nothing_is_given_is_read_on():
    text = 'if [ -z "$KEY" ]; then\n  app key:generate --show\n  exit\nfi\napp migrate\nexec gunicorn app'
    found, gaps = script(text)
    assert [(p.lifetime, str(p.command)) for p in found] == [("job", "app migrate"), ("service", "gunicorn app")]
    assert [g.what.split(";")[0] for g in gaps] == ["as the image is, it ends before it starts what stays up"]


def test_a_script_that_only_does_its_work_ends_where_it_ends():
    found, gaps = script('if [ -z "$KEY" ]; then\n  app check\n  exit 0\nfi\napp migrate')
    assert ([(str(p.command), p.off) for p in found], gaps) == ([("app check", ""), ("app migrate", "KEY is set")], [])


def test_a_start_script_of_its_own_is_not_tomcats():
    found, _ = script("exec gunicorn app", files={"/startup.sh": "#!/bin/sh\nexec /start\n"})
    assert [str(p.command) for p in found] == ["gunicorn app"]
    image = image_of({"/startup.sh": "#!/bin/sh\nexec gunicorn app\n"}, executable=("/startup.sh",))
    [one], _ = expand("shell", ["/startup.sh"], image)
    assert str(one.command) == "gunicorn app"
    assert (
        expand(
            "shell",
            ["/opt/tomcat/bin/startup.sh"],
            image_of({"/opt/tomcat/bin/startup.sh": "#!/bin/sh\nx\n"}, executable=("/opt/tomcat/bin/startup.sh",)),
        )
        is None
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("flask run -h 0.0.0.0 &\nexec web", ["flask run -h 0.0.0.0", "web"], id="a host"),
        pytest.param("gunicorn a -t 30 &\nexec web", ["gunicorn a -t 30", "web"], id="a time limit"),
        pytest.param("php artisan queue:work -v &\nexec web", ["php artisan queue:work -v", "web"], id="verbose"),
        pytest.param("nginx -c /x -t\nexec web", ["web"], id="a check"),
        pytest.param("nginx -s reload\nexec web", ["web"], id="a signal"),
        pytest.param(
            'D=$(ls /usr/lib/x)\nsu pg -c "/usr/lib/x/$D/pg_ctl -D /d start -t 9"\nexec web',
            ["su pg -c '/usr/lib/x/$D/pg_ctl -D /d start -t 9'", "web"],
            id="a server in a folder that only running tells",
        ),
    ],
)
def test_what_stays_up_beside_the_main_program(text, wanted):
    found, _ = script(text)
    assert [str(p.command) for p in found if p.lifetime == "service"] == wanted


def test_a_migration_whose_output_is_kept_is_a_step():
    found, _ = script("OUT=$(python manage.py migrate 2>&1)\nV=$(tool version)\nexec web")
    assert short(found) == [("job", "", "python manage.py migrate"), ("service", "", "web")]


def test_a_script_that_lives_for_a_loop_of_functions_is_run_as_it_is():
    text = "mkdir -p /run/x\n. /lib.sh\nwhile true; do check; sleep 5; done"
    [one], gaps = script(text, files={"/lib.sh": "check() { if changed; then mail reload; fi; }\n"})
    assert (one.name, str(one.command), one.command.run, one.lifetime) == ("main", "/start", (), "service")
    assert one.notes[:2] == ("runs every 5 seconds in a shell loop", "the loop runs mail reload")
    assert not gaps


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("while true; do if php artisan migrate; then break; fi; sleep 2; done", 
                     ["php artisan migrate"], id="a step until it works"),
        pytest.param("while :; do rake db:migrate && break; sleep 2; done", ["rake db:migrate"], id="in one line"),
        pytest.param("while [ 1 ]; do N=$(ps | grep -c web); if [ $N -eq 0 ]; then sleep 1; else break; fi; done",
                     [], id="a wait for a program beside it"),
        pytest.param("while true; do [ -f /stop ] && break; report; sleep 600; done", None, id="work until stopped"),
    ],
)  # fmt: skip
def test_a_loop_that_ends_when_something_works(text, wanted):
    found, _ = script(f"{text}\nexec web")
    jobs = [p for p in found if p.lifetime == "job"]
    if wanted is None:
        assert [p.name for p in found if "every 600 seconds" in " ".join(p.notes)] == ["report"]
    else:
        assert [str(p.command) for p in jobs] == wanted


WATCH = """
started=0
look() { [ -f "/run/$1.pid" ] && kill -0 "$(cat "/run/$1.pid")" || start_"$1"; }
start_web() { gunicorn app & echo $! > /run/web.pid; }
start_jobs() { rq worker & echo $! > /run/jobs.pid; }
while ! ((started)); do look web; look jobs; nginx; sleep 5; done
"""


def test_a_loop_that_keeps_servers_up_is_those_servers():
    found, _ = script(WATCH)
    stays = [str(p.command) for p in found if p.lifetime == "service"]
    assert stays == ["gunicorn app", "rq worker", "nginx"]


def test_only_one_arm_of_what_cannot_be_decided_runs():
    found, _ = script("if command -v su-exec; then exec su-exec app web; else exec web; fi", base="a")
    assert [(p.user, p.off) for p in found] == [("", ""), ("", "not: command -v su-exec")]
    found, _ = script("if ask; then one & fi\nif ! ask; then two & fi\nexec web")
    assert [p.off for p in found] == ["", "", ""]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(
            'su -c "bundle exec worker -b 1 &" app\nexec web', "su -c 'bundle exec worker -b 1 &' app", id="su"
        ),
        pytest.param('/bin/sh -c "rotate loop > /dev/null 2>&1 &"\nexec web', "rotate loop", id="a shell of its own"),
        pytest.param('exec "$(command -v named)" -g', "named -g", id="a program that is looked for"),
    ],
)
def test_starts_behind_other_words(text, wanted):
    found, gaps = script(text, base="a")
    assert wanted in " / ".join(str(p.command) for p in found if p.lifetime == "service")
    assert gaps == []


LIBRARY = """#!/bin/bash
ROOT=/srv
say() { echo "$1"; }
as_app() { su-exec app "$@"; }
folders() {
  # where things go
  mkdir -p $ROOT/a
}
database() {
  say "migrating"
  if grep -q old $ROOT/state; then
    as_app rake db:migrate
  fi
}
assets() { as_app rake assets:precompile; }
setup() { folders; database; assets; }
"""


def steps(main):
    found, _ = script(main, files={"/lib.sh": LIBRARY})
    return [p.command.run[-1] if p.command.run else str(p.command) for p in found]


def test_a_library_that_is_read_in_stays_read_in():
    found = steps(". /lib.sh\nsetup\nexec web\n")
    assert ". /lib.sh\ndatabase" in found
    assert not any("()" in text for text in found)


def test_two_steps_of_one_function_start_nothing_of_each_other():
    both = "both() {\n  if grep -q old $ROOT/state; then\n    as_app rake db:migrate; fi\n  as_app notify $(ask)\n}\n"
    found = steps(f". /lib.sh\n{both}both\nexec web\n")
    [migrate] = [t for t in found if "db:migrate" in t]
    assert migrate == ". /lib.sh\nif grep -q old $ROOT/state; then\n  as_app rake db:migrate\nfi"
    assert sum("notify" in t for t in found) == 1


def test_an_arm_that_holds_nothing_goes_and_what_decides_stays():
    inner = "W=1; X=$(ask)\n  if [ $X = 1 ]; then setup; fi"
    found = steps(f". /lib.sh\ncase $(mode) in\n  help) echo h ;;\n  *) {inner} ;;\n  -v) echo v ;;\nesac\nexec web\n")
    text = next(t for t in found if "database" in t)
    assert all(gone not in text for gone in ("W=1", "echo", "-v)"))
    assert all(kept in text for kept in ("help) ;;", "X=$(ask)", "if [ $X = 1 ]"))


def test_what_gives_a_variable_by_its_name_stays():
    text = "given() { notify; HOST=$(ask); }\nfill() { sed -i s/a/${!1}/ /f; }\n"
    text += "# all\n\nall() { given\n  fill HOST\n  other\n}\nall\nexec web"
    prepare = next(t for t in steps(text) if "fill HOST" in t)
    assert "HOST=$(ask)" in prepare
    assert "notify" not in prepare


def test_an_export_on_the_way_to_a_call_stays():
    text = "# env\n\nenv() { notify; export DB=$(ask); }\n"
    text += "# all\n\nall() { env\n  if grep -q a /b; then touch /on; fi\n  other\n}\nall\nexec web"
    prepare = next(t for t in steps(text) if "touch /on" in t)
    assert "export DB=$(ask)" in prepare
    assert "notify" not in prepare


def test_a_step_ends_where_the_script_gave_way():
    text = 'if [ "$(id -u)" = 0 ]; then\n  mkdir -p /d\n'
    text += '  if [ "$1" = a ]; then exec "$@"; fi\n  exec gosu app "$0" "$@"\nfi'
    found, _ = script(text, "a", "b")
    steps = [p for p in found if p.lifetime == "job"]
    assert [p.command.argv[0] for p in steps] == ["mkdir"]
    text = steps[0].command.run[-1] if steps[0].command.run else ""
    assert "gosu" not in text or "exit" in text.split("gosu")[0]


def test_a_server_that_another_user_starts_and_stops_is_temporary():
    text = 'B=$(pg_config --bindir)\nsu - postgres -c "$B/pg_ctl -D /d start" | indent\nrake db:migrate\n'
    text += 'su - postgres -c "$B/pg_ctl -D /d stop" | indent\nexec web'
    found, _ = script(text)
    assert [str(p.command) for p in found if p.lifetime == "service"] == ["web"]


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        pytest.param("render /x.tpl > /etc/x.conf", "prepare", id="a file made of what it prints"),
        pytest.param("work > /var/log/x.log", "", id="a log"),
        pytest.param("work > /srv/x 2>&1", "", id="all that it says"),
        pytest.param("rake db:migrate > /srv/x", "", id="a migration"),
    ],
)
def test_a_program_that_renders_a_file_prepares(text, phase):
    found, _ = script(f"{text}\nexec web")
    assert [(p.lifetime, p.phase) for p in found] == [("job", phase), ("service", "")]


def test_what_follows_a_wait_for_servers_is_their_end():
    found, _ = script("gunicorn app &\nwait $!\nsh /opt/clean.sh", base="a")
    assert [(str(p.command), p.off) for p in found] == [
        ("gunicorn app", ""), ("sh /opt/clean.sh", "the servers have ended"),
    ]  # fmt: skip
    found, _ = script("redis-server &\nrake db:migrate &\nwait $!\nexec web")
    assert [(p.lifetime, p.off) for p in found] == [("service", ""), ("job", ""), ("service", "")]


def test_entries_of_cron_that_a_switch_turns_on_are_told():
    found, _ = script('if [ "$FETCH" = daily ]; then crontab -u app /tmp/x; fi\nexec cron -f')
    assert [(str(p.command), p.lifetime, p.off) for p in found] == [
        ("crontab -u app /tmp/x", "job", "FETCH=daily"),
        ("cron -f", "service", ""),
    ]


def test_each_round_of_a_loop_over_known_words_is_a_step_of_its_own():
    files = {f"/boot.d/{n}": "#!/bin/awk\n" for n in ("10-a", "20-b")}
    image = image_of({**files, "/start": '#!/bin/sh\nfor f in /boot.d/*; do "$f" -H; done\nexec web\n'},
                     executable=("/start", *files))  # fmt: skip
    found, _ = expand("shell", "/start", image)
    assert [p.command.start for p in found] == [("/boot.d/10-a", "-H"), ("/boot.d/20-b", "-H"), ("web",)]


def test_a_server_that_is_stopped_after_the_script_watched_it_is_no_temporary_one():
    text = "pg_ctl -D /d start\ngunicorn app &\nwhile kill -0 $!; do sleep 1; done\npg_ctl -D /d stop"
    found, _ = script(text)
    assert [(p.lifetime, str(p.command)) for p in found] == [
        ("service", "pg_ctl -D /d start"), ("service", "gunicorn app"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        pytest.param('exec "$H/bin/app" --all', '"${H}/bin/app" --all', id="a folder of the image"),
        pytest.param("exec /opt/bin/app --all", "", id="no variable"),
        pytest.param('P=/opt/bin\nexec "$P/app" "$H"', '/opt/bin/app "${H}"', id="what the script sets has its value"),
        pytest.param('exec "$H/app" "$1"', '"${H}/app" now', id="an argument has its value"),
    ],
)
def test_how_a_script_writes_its_program(text, spoken):
    [main], _ = script(text, "now", env={"H": "/opt"}, files={"/opt/bin/app": ""})
    assert (main.command.spoken, main.command.run) == (spoken, ())


def test_a_step_that_is_a_function_of_a_file_which_a_function_reads_in_has_them_both():
    files = {
        "/lib/common.sh": 'sibling() { source "/lib/$1"; }\n',
        "/lib/clean.sh": 'clean() { [ -d "$DATA" ] || mkdir -p "$DATA"; }\n',
    }
    [step, _], _ = script("source /lib/common.sh\nsibling clean.sh\nclean\nexec app", env={"DATA": "/d"}, files=files)
    assert step.command.run[2] == "source /lib/common.sh\nsibling clean.sh\nclean"


@pytest.mark.parametrize(
    ("start", "line"),
    [
        pytest.param("nginx", "exec nginx -g 'daemon off;'", id="words that are added"),
        pytest.param("php-fpm -D", "exec php-fpm -F", id="words that are taken away"),
    ],
)
def test_a_daemon_that_needs_the_scripts_variables_stays_in_the_foreground(start, line):
    [daemon], _ = script(f"export K=$(one two)\n{start}\nwhile true; do sleep 9; done")
    assert daemon.command.run[-1].splitlines()[-1] == line


@pytest.mark.parametrize(
    ("last", "lifetime"),
    [
        pytest.param("cd /srv && npm run start:prod", "service", id="a package's script that is named for a server"),
        pytest.param("npm run setup", "job", id="another script of a package"),
        pytest.param("./configure-it", "job", id="a program of which nothing is known"),
    ],
)
def test_the_last_command_before_the_wait(last, lifetime):
    found, _ = script(f"helper --serve &\n{last}\nwait -n")
    assert found[-1].lifetime == lifetime


def test_the_number_of_a_started_process_is_written_for_nobody():
    found, _ = script('one & echo $! > /run/one.pid\ntwo &\nTWO=$!\necho "${TWO}" > /run/two.pid\nwait')
    assert [p.name for p in found] == ["one", "two"]


KEEPER = """
start_a() {
  echo "$(one two)" > "/run/$P.since"
  a &
}
start_b() { b & }
keep() {
  P=$1
  if [ -f "/run/$P.pid" ]; then
    start_"$P"
  else
    start_"$P"
  fi
}
if [ -z "$AWAY" ]; then
  keep a
fi
keep b
wait
"""


def test_functions_whose_names_are_made_of_variables_are_there_in_what_is_kept():
    [step] = [p for p in script(KEEPER)[0] if p.lifetime == "job"]
    said = step.command.run[-1]
    assert 'start_a() {\n  echo "$(one two)" > "/run/$P.since"\n' in said
    assert "start_b() {" in said


@pytest.mark.parametrize(
    ("env", "path"),
    [
        pytest.param({"PATH": "/usr/bin"}, "/opt/env/bin:/usr/bin", id="the image's PATH is known"),
        pytest.param({}, "/opt/env/bin:${PATH}", id="only its base knows it"),
    ],
)
def test_a_virtual_environment_that_is_not_at_hand_gives_its_path(env, path):
    image = image_of({"/s": "#!/bin/bash\n. /opt/env/bin/activate\nexec web\n"}, env=env)
    [process], gaps = expand("shell", "bash /s", image)
    assert (gaps, process.env["PATH"], process.env["VIRTUAL_ENV"]) == ([], path, "/opt/env")


@pytest.mark.parametrize("asks", ["inotifywait -r -e modify /srv", "fswatch -1 /srv", "sleep 60"])
def test_a_loop_that_waits_for_changes_stays_up_and_is_no_wait_for_another(asks):
    processes, gaps = script(f'while {asks}; do\n  kill -HUP "$(cat /run/web.pid)"\ndone')
    assert gaps == []
    [watch] = processes
    assert (watch.lifetime, watch.phase) == ("service", "")
