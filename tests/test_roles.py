"""Which role a process gets and what is dropped: by its command, its listeners, the others, and last by its name."""

from dataclasses import replace

import pytest
from managing import image_of

from splitter.model.facts import Command, Evidence, Facts, Process
from splitter.planning import make_plan

AT = Evidence("/etc/service/x/run", 2)


def process(name, command, **more):
    return Process(name, Command(tuple(command.split())), AT, **more)


def planned(*processes, ports=(), env=None):
    image = image_of(env=env)
    plan = make_plan(Facts(processes), replace(image, config=replace(image.config, ports=ports)), {})
    return {p.name: s.role for s in plan.services for p in s.processes} | {d.process.name: "drop" for d in plan.drops}


PUMA = process("puma", "puma -b tcp://0.0.0.0:8000")
NGINX = process("nginx", "nginx -g daemon_off;")
SIDEKIQ = process("sidekiq", "sidekiq")


@pytest.mark.parametrize(
    ("name", "command", "role"),
    [
        pytest.param("migrate", "gunicorn app:app", "web", id="a server that is called migrate"),
        pytest.param("web", "celery -A app worker", "worker", id="a worker that is called web"),
        pytest.param("server", "celery -A app beat", "scheduler", id="a scheduler that is called server"),
        pytest.param("worker", "nginx", "proxy", id="a proxy that is called worker"),
        pytest.param("scheduler", "redis-server", "backing", id="Redis that is called scheduler"),
        pytest.param("cron-web", "/app/bin/thing --port 8080", "web", id="a port that the command says"),
        pytest.param("mail-worker", "/app/bin/thing", "worker", id="only a name"),
        pytest.param("clock", "/app/bin/thing", "scheduler", id="only a name of a clock"),
        pytest.param("thing", "/app/bin/thing", "worker", id="nothing at all"),
        pytest.param("paywebhook.php-2", "php /app/pay.php", "worker", id="an ending that is no word of a name"),
        pytest.param("thing_server", "/app/bin/thing_server --ingestor", "worker", id="an option that names a role"),
        pytest.param("thing_server", "/app/bin/thing_server --worker 4", "web", id="an option with a value"),
    ],
)
def test_a_name_never_decides_against_the_command(name, command, role):
    assert planned(process(name, command))[name] == role


def test_the_port_of_the_image_is_that_of_the_one_that_listens_there():
    found = planned(PUMA, process("snappea", "/app/bin/snappea"), env={"PORT": "8000"})
    assert found == {"puma": "web", "snappea": "worker"}


def test_an_exposed_port_is_that_of_the_one_process_of_which_nothing_is_known():
    postgres = process("postgres", "postgres -D /data")
    found = planned(postgres, SIDEKIQ, process("thing", "/app/bin/thing"), ports=("5432/tcp", "8065/tcp"))
    assert found == {"postgres": "backing", "sidekiq": "worker", "thing": "web"}


def test_an_exposed_port_says_nothing_where_two_may_be_meant():
    found = planned(process("this", "/app/this"), process("that", "/app/that"), ports=("8065/tcp",))
    assert found == {"this": "worker", "that": "worker"}


def test_a_name_that_says_nothing_stands_in_a_folder_that_does():
    assert planned(process("node", "node index.js", workdir="/code/server"), SIDEKIQ)["node"] == "web"


@pytest.mark.parametrize(
    ("notes", "name", "role"),
    [
        pytest.param(("runs every 60 seconds in a shell loop",), "thing", "scheduler", id="now and then"),
        pytest.param(("runs every 10d in a shell loop",), "thing", "scheduler", id="every few days"),
        pytest.param(("runs every $PAUSE in a shell loop",), "thing", "scheduler", id="as it is told"),
        pytest.param(("runs every 5 seconds in a shell loop",), "thing", "worker", id="all the time"),
        pytest.param(("runs every 60 seconds in a shell loop",), "queue", "worker", id="a queue, now and then"),
    ],
)
def test_what_a_loop_runs_now_and_then_is_a_scheduler(notes, name, role):
    assert planned(PUMA, process(name, f"/app/{name}", notes=notes))[name] == role


@pytest.mark.parametrize(
    ("image", "own", "command", "role"),
    [
        pytest.param({}, {"ASPNETCORE_URLS": "http://+:5000"}, "/app/Api/Api", "web", id="its own address"),
        pytest.param({}, {"ASPNETCORE_HTTP_PORTS": "8080;8081"}, "/app/Api/Api", "web", id="its own ports"),
        pytest.param({"ASPNETCORE_URLS": "http://+:5000"}, {}, "dotnet Api.dll", "web", id="the image's"),
        pytest.param({"ASPNETCORE_URLS": "http://+:5000"}, {}, "/app/other", "worker", id="of another program"),
    ],
)
def test_where_dotnet_is_told_to_listen(image, own, command, role):
    assert planned(process("thing", command, env=own), SIDEKIQ, env=image)["thing"] == role


def test_an_exposed_port_says_nothing_behind_a_proxy():
    assert planned(NGINX, process("thing", "/app/thing"), ports=("80/tcp",))["thing"] == "worker"


def test_a_command_that_only_asks_is_dropped():
    found = planned(PUMA, process("version", "freshclam --version", lifetime="job"))
    assert found == {"puma": "web", "version": "drop"}


def test_what_only_looks_at_the_others_is_dropped():
    watcher = process("watcher", "/app/watch.sh", notes=("run as it is", "it only looks at the others and prints"))
    assert planned(PUMA, watcher) == {"puma": "web", "watcher": "drop"}


def test_cron_without_entries_is_dropped():
    idle = process("cron", "cron -f", notes=("nothing of the application's for it to run",))
    assert planned(PUMA, idle) == {"puma": "web", "cron": "drop"}


def test_cron_stays_where_a_step_writes_its_entries():
    idle = process("cron", "cron -f", notes=("nothing of the application's for it to run",))
    fill = process("fill", "crontab -u app /run/app.cron", lifetime="job")
    assert planned(PUMA, idle, fill)["cron"] == "scheduler"


def test_fetching_signatures_once_is_no_service():
    found = planned(PUMA, process("first", "freshclam --quiet", lifetime="job"), process("fresh", "freshclam -d"))
    assert found == {"puma": "web", "first": "migration", "fresh": "worker"}
