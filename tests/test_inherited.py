"""Variables that a script finds out before it starts a supervisor: all that this starts is still given them."""

import os
import subprocess
from dataclasses import replace

import pytest
from managing import image_of

from splitter.compose.render import render
from splitter.inspection import static
from splitter.model.image import Config
from splitter.planning import make_plan
from splitter.shell.parse import parse
from splitter.shell.syntax import Simple, walk
from splitter.shell.unassigned import sets_nothing, unassigned

CONF = "[supervisord]\nnodaemon=true\n[program:web]\ncommand=gunicorn shop\n[program:worker]\ncommand=celery worker\n"


def planned(script, conf=CONF, **config):
    texts = {"/start.sh": f"#!/bin/sh\n{script}\nexec supervisord -c /s.conf\n", "/s.conf": conf}
    image = image_of(texts, executable=("/start.sh",))
    image = replace(image, config=Config(cmd=("/start.sh",), **config))
    return make_plan(static.read(image), image, {})


def service(plan, name):
    return next(s for s in plan.services if s.name == name)


def told(tmp_path, command, *, env=None, programs=("gunicorn", "celery", "manage")):
    """What a program finds in its environment, started by a service's command."""
    for name in programs:
        (tmp_path / name).write_text('#!/bin/sh\nenv > "$OUT"\n')
        (tmp_path / name).chmod(0o755)
    out = tmp_path / "out"
    given = {"OUT": str(out), "PATH": f"{tmp_path}:{os.environ['PATH']}", **(env or {})}
    subprocess.run(command, env=given, check=True, cwd="/", timeout=20)
    return dict(line.split("=", 1) for line in out.read_text().splitlines() if "=" in line)


def test_what_only_the_script_can_find_out_reaches_each_program(tmp_path):
    (tmp_path / "limit").write_text("7\n")
    plan = planned(f"LIMIT=$(cat {tmp_path}/limit)\nexport WORKERS=$((LIMIT + 1)) ROOT=/srv/$LIMIT\nmanage migrate")
    for name in ("web", "worker", "migrate"):
        found = told(tmp_path, service(plan, name).command)
        assert (found["WORKERS"], found["ROOT"]) == ("8", "/srv/7"), name
    assert plan.gaps == ()


def test_a_random_value_is_one_for_all_services(tmp_path):
    plan = planned("export SECRET_KEY=$(openssl rand -hex 9)\nexport N=$(nproc)")
    assert plan.secrets == {"SECRET_KEY": "one value for all services; it was made at every start (/start.sh)"}
    for name in ("web", "worker"):
        one = service(plan, name)
        assert one.environment["SECRET_KEY"] == "${SECRET_KEY:?}"
        assert told(tmp_path, one.command, env={"SECRET_KEY": "given"})["SECRET_KEY"] == "given"
    assert plan.gaps == ()


def test_a_script_that_makes_nothing_but_a_random_value_leaves_nothing_behind():
    plan = planned("export SECRET_KEY=$(openssl rand -hex 9)")
    assert service(plan, "web").command == ("gunicorn", "shop")
    assert service(plan, "worker").environment == {"SECRET_KEY": "${SECRET_KEY:?}"}
    assert plan.gaps == ()


def test_a_random_value_of_one_service_stays_its_own():
    plan = planned("export SECRET_KEY=$(openssl rand -hex 9)", CONF.partition("[program:worker]")[0])
    assert "SECRET_KEY" not in service(plan, "web").environment
    assert "export SECRET_KEY=$(openssl rand -hex 9)" in service(plan, "web").command[2]


def test_a_random_value_that_cannot_be_given_is_a_gap():
    plan = planned("export A=1 KEY=$(openssl rand -hex 9)")
    assert sorted({g.what for g in plan.gaps}) == [
        "KEY of web is made anew at every start, and must be one value for all services",
        "KEY of worker is made anew at every start, and must be one value for all services",
    ]


def test_more_than_can_be_written_into_each_service_is_a_gap():
    lines = "\n".join(f"K{n}=$(cat /run/{n})" for n in range(45))
    plan = planned(f'{lines}\nexport ALL="{" ".join(f"$K{n}" for n in range(45))}"')
    [gap] = plan.gaps
    assert gap.what.startswith("ALL: what their values are shows only when the script runs; give them to web, worker")
    assert service(plan, "web").command == ("gunicorn", "shop")


def test_what_a_cut_gives_is_not_set_again_by_the_script(tmp_path):
    script = 'export N=$(nproc) \nexport DATABASE_URL="postgresql://app:${DB_PASSWORD}@localhost:5432/app"'
    conf = CONF + "[program:postgres]\ncommand=/usr/lib/postgresql/15/bin/postgres -D /data\n"
    plan = planned(script, conf)
    web = service(plan, "web")
    assert web.environment["DATABASE_URL"] == "postgresql://app:${DB_PASSWORD:?}@postgres:5432/app"
    assert service(plan, "postgres").environment["POSTGRES_PASSWORD"] == "${DB_PASSWORD:?}"
    assert "localhost" not in render(plan, "example/test")
    assert told(tmp_path, web.command, env={"DATABASE_URL": "given"})["DATABASE_URL"] == "given"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("A=1\nB=2\n", "B=2\n", id="an assignment"),
        pytest.param("export A=$(x)\nexport B\n", "export B\n", id="an export"),
        pytest.param("export A B=1\n", "export A B=1\n", id="one beside another stays"),
        pytest.param("A+=1\nA[0]=1\nA=(1)\n", "A+=1\nA[0]=1\nA=(1)\n", id="more than a plain value stays"),
        pytest.param("A=1 run\n", "A=1 run\n", id="for one command only"),
        pytest.param("f() { local A=1; }\n", "f() { local A=1; }\n", id="a function's own"),
        pytest.param('if [ -z "$A" ]; then\n  A=1\n  export A\nfi\nrun\n', "run\n", id="with its condition"),
        pytest.param('if [ -z "$A" ]; then\n  A=1\n  run\nfi\n', 'if [ -z "$A" ]; then\n  run\nfi\n', id="beside more"),
        pytest.param("if make; then A=1; fi\n", "if make; then :; fi\n", id="a condition that does something stays"),
        pytest.param("[ -n x ] && A=1\n", "[ -n x ] && :\n", id="behind an operator"),
        pytest.param("A=é\nB=ß\n", "B=ß\n", id="bytes are counted, not letters"),
        pytest.param("A=1\nif then\n", "A=1\nif then\n", id="what does not parse stays"),
    ],
)
def test_a_text_without_its_assignments(text, left):
    assert unassigned(text, {"A"}) == left


def test_options_alone_set_nothing():
    assert sets_nothing("set -e\nshopt -s nullglob\n")
    assert not sets_nothing("set -e\nA=1\n")


@pytest.mark.parametrize("letter", ["\U00108712", "\U000ee563", "\uffff", "é"])
def test_letters_of_any_plane_are_parts_of_words(letter):
    script = parse(f'run {{{letter}b:{{{letter}k "{letter}" <<{letter}\nx\n{letter}\n')
    words = [w for s in walk(script.body) if isinstance(s, Simple) for w in s.words]
    assert words[0] == "run"
    assert f'"{letter}"' in words
