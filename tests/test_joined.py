"""Steps of one script put together again: what a container is told, and that it does what the script did."""

import os
import subprocess
from dataclasses import replace

import pytest
from managing import image_of

from splitter.inspection.discovery import discover
from splitter.model.facts import Command
from splitter.model.image import Config, Image
from splitter.planning import make_plan
from splitter.planning.joined import joined

LIBRARY = """
initialize() {
  mkdir -p "$ROOT/data"
  echo "port=$PORT" > "$ROOT/data/app.conf"
  export STAGE=ready
}
setup_mail() {
  case $MAIL in
    on) postmap /etc/mail ;;
  esac
}
migrate() {
  if [ ! -f "$ROOT/data/VERSION" ]; then
    rails db:migrate
    echo "$STAGE" > "$ROOT/data/stage"
  fi
}
"""
ENTRY = """#!/bin/bash
set -e
source @/lib.sh
backup() { pg_dump app > "$ROOT/dump"; }
case $1 in
  app:start|app:init)
    initialize
    setup_mail
    case $1 in
      app:start)
        migrate
        chown -R app "$ROOT/data"
        sed -i s/port/PORT/ "$ROOT/data/app.conf"
        puma -p 3000 &
        sidekiq &
        wait
        ;;
      app:init) migrate ;;
    esac
    ;;
  app:backup) shift; backup "$@" ;;
  *) exec "$@" ;;
esac
"""
PROGRAMS = ("rails", "chown", "puma", "sidekiq", "postmap", "pg_dump")


@pytest.fixture
def world(tmp_path):
    """A folder with stand-ins for the programs, which write down how they were called, and the image that it is."""
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/log\n')
        (tmp_path / "bin" / name).chmod(0o755)
    texts = {f"{tmp_path}/entry.sh": ENTRY.replace("@", str(tmp_path)), f"{tmp_path}/lib.sh": LIBRARY}
    for path, text in texts.items():
        with open(path, "w") as file:
            file.write(text)
    env = {"ROOT": str(tmp_path), "PORT": "3000", "MAIL": "off"}
    tree = image_of(texts, executable=(f"{tmp_path}/entry.sh",)).tree
    config = Config(env=env, entrypoint=(f"{tmp_path}/entry.sh", "app:start"), volumes=(f"{tmp_path}/data",))
    return tmp_path, Image("example/test", config, tree)


def run(root, words):
    env = {"ROOT": str(root), "PORT": "3000", "MAIL": "off", "PATH": f"{root}/bin:{os.environ['PATH']}"}
    for path in (root / "log", root / "data" / "VERSION", root / "data" / "app.conf", root / "data" / "stage"):
        path.unlink(missing_ok=True)
    subprocess.run(words, env=env, check=True, cwd="/", timeout=20)
    log = (root / "log").read_text().splitlines() if (root / "log").exists() else []
    files = {p.name: p.read_text() for p in sorted((root / "data").glob("*"))}
    return log, files


def test_the_one_off_job_calls_the_functions_of_the_image_and_does_what_the_script_did(world):
    root, image = world
    whole, made = run(root, ["bash", f"{root}/entry.sh", "app:start"])
    services = {s.name: s for s in make_plan(discover(image), image, {}).services}
    job = services["migrate"].command
    assert job[:2] == ("/bin/bash", "-c")
    assert job[2].splitlines() == [
        "set -e",
        f"source {root}/lib.sh",
        "initialize",
        "migrate",
        'chown -R app "$ROOT/data"',
    ]
    done, left = run(root, job)
    assert done == [line for line in whole if line.split()[0] not in ("puma", "sidekiq")]
    assert left == {"app.conf": "port=3000\n", "stage": "ready\n"}
    assert made == {"app.conf": "PORT=3000\n", "stage": "ready\n"}


def test_what_each_service_prepares_holds_no_one_off_step(world):
    root, image = world
    facts = discover(image)
    prepare = joined([p for p in facts.processes if p.phase == "prepare" and not p.off], facts.processes)
    assert len(prepare) == 1
    assert run(root, prepare[0].command.start) == ([], {"app.conf": "PORT=3000\n", "stage": "ready\n"})
    plan = make_plan(facts, image, {})
    for service in plan.services:
        if service.name != "migrate":
            told = "\n".join((*(service.command or ()), *(plan.configs[n] for n in service.configs.values())))
            assert "rails" not in told
            assert "chown" not in told


NESTED = {
    "/start.sh": "#!/bin/sh\n/setup.sh\nweb-server &\nworker &\nwait\n",
    "/setup.sh": "#!/bin/sh\nmkdir -p /a/b\nif [ ! -f /a/x ]; then\n  touch /a/x\nfi\ncp /a/x /a/y\nln -s /a/y /a/z\n"
    "rails db:migrate\nrails db:seed\n",
}


def test_a_script_of_which_all_steps_stay_is_run_as_it_is():
    image = image_of(NESTED, executable=tuple(NESTED))
    facts = discover(Image("example/test", Config(cmd=("/start.sh",)), image.tree))
    steps = [p for p in facts.processes if p.lifetime == "job"]
    assert len(steps) > 2
    assert [p.command.argv for p in joined(steps, facts.processes)] == [("/setup.sh",)]


def test_a_script_of_which_a_step_moved_elsewhere_is_not_run_as_it_is():
    image = image_of(NESTED, executable=tuple(NESTED))
    facts = discover(Image("example/test", Config(cmd=("/start.sh",)), image.tree))
    steps = [p for p in facts.processes if p.lifetime == "job" and "seed" not in str(p.command)]
    assert ("/setup.sh",) not in [p.command.argv for p in joined(steps, facts.processes)]


def test_a_step_that_a_cut_changed_stays_as_the_cut_left_it():
    image = image_of(NESTED, executable=tuple(NESTED))
    facts = discover(Image("example/test", Config(cmd=("/start.sh",)), image.tree))
    steps = [p for p in facts.processes if p.lifetime == "job"]
    steps[-1] = replace(steps[-1], command=Command(("rails", "db:seed", "--host", "db")))
    got = joined(steps, facts.processes)
    assert got[-1].command.argv == ("rails", "db:seed", "--host", "db")
    assert ("/setup.sh",) not in [p.command.argv for p in got]


ASKED = '#!/bin/bash\nN=$(psql -c "{}")\nif [ "$N" = 0 ]; then rails db:seed; fi\nexec puma\n'


@pytest.mark.parametrize(
    ("question", "steps"),
    [("SELECT count(*) FROM t", ["rails"]), ("CREATE DATABASE t", ["psql", "rails"])],
    ids=["a question is no step", "a change whose answer is kept is one"],
)
def test_a_database_that_is_asked(question, steps):
    image = image_of({"/s.sh": ASKED.format(question)}, executable=("/s.sh",))
    facts = discover(Image("example/test", Config(cmd=("/s.sh",)), image.tree))
    assert [p.command.program for p in facts.processes if p.lifetime == "job"] == steps


PLACED = """#!/bin/bash
set -e
HERE=$(dirname "$0")
source "$(dirname "$0")/lib.sh"
initialize
cp -r "$HERE/defaults" /data/a
cp -r "$HERE/more" /data/b
ln -sf /data/a /data/c
exec puma
"""


def test_a_part_of_a_script_knows_where_the_script_stood():
    image = image_of({"/opt/x/entry.sh": PLACED, "/opt/x/lib.sh": LIBRARY}, executable=("/opt/x/entry.sh",))
    facts = discover(Image("example/test", Config(cmd=("/opt/x/entry.sh",)), image.tree))
    steps = [p for p in facts.processes if p.lifetime == "job"]
    [step] = joined(steps, facts.processes)
    assert step.command.run[0] == "/bin/bash"
    assert step.command.run[2].startswith("BASH_ARGV0=/opt/x/entry.sh\n")
    assert "source /opt/x/lib.sh" in step.command.run[2]


@pytest.mark.parametrize(
    ("first", "rest", "expected"),
    [
        ("#!/bin/sh", "", "manage migrate"),
        ("#!/usr/bin/with-contenv sh", "", "sh /usr/local/bin/manage migrate"),
        ("#!/bin/sh", "rails work &\n", "python3 manage.py migrate"),
    ],
    ids=["a wrapper", "one that only /init could start", "one that also starts what has a service of its own"],
)
def test_a_command_of_the_application_stays_its_own_command(first, rest, expected):
    wrapper = f'{first}\n{rest}cd /app/api\nexec s6-setuidgid app python3 manage.py "$@"\n'
    files = {"/usr/local/bin/manage": wrapper, "/start.sh": "#!/bin/sh\nmanage migrate\nexec gunicorn api\n"}
    image = image_of({**files, "/app/api/manage.py": ""}, executable=tuple(files))
    image = Image("example/test", Config(cmd=("/start.sh",)), image.tree)
    facts = discover(image)
    plan = make_plan(facts, image, {})
    [job] = [s for s in plan.services if s.role == "migration"]
    assert " ".join(job.command) == expected
    assert [str(p.command) for p in job.processes] == ["python3 manage.py migrate"]
