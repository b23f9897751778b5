"""Procfile runners: what each starts, where, and with which PORT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import expand, image_of

from splitter.managers import _dotenv

THREE = "web: puma -p $PORT\n# a comment\n\nworker: sidekiq -c 5\nclock: clockwork clock.rb\n"


def start(argv, files=None, *, workdir="/app", env=None, text=THREE):
    image = image_of({"/app/Procfile": text, **(files or {})}, workdir=workdir, env=env)
    return expand("procfile", argv, image)


def test_each_line_is_a_process_of_a_shell():
    programs, gaps = start("foreman start")
    assert gaps == []
    assert [(p.name, p.command.argv, str(p.evidence)) for p in programs] == [
        ("web", ("/bin/sh", "-c", "puma -p $PORT"), "/app/Procfile:1"),
        ("worker", ("/bin/sh", "-c", "sidekiq -c 5"), "/app/Procfile:4"),
        ("clock", ("/bin/sh", "-c", "clockwork clock.rb"), "/app/Procfile:5"),
    ]


@pytest.mark.parametrize(
    ("argv", "env", "ports"),
    [
        pytest.param("foreman start", {}, [5000, 5100, 5200], id="foreman"),
        pytest.param("foreman start", {"PORT": "3000"}, [3000, 3100, 3200], id="PORT of the environment is the base"),
        pytest.param("foreman start -p 80", {"PORT": "3000"}, [80, 180, 280], id="an option is stronger"),
        pytest.param("bundle exec foreman start --port=80", {}, [80, 180, 280], id="behind bundle exec"),
        pytest.param("honcho start", {}, [5000, 5100, 5200], id="honcho"),
        pytest.param("python -m honcho -f Procfile start -p 7000", {}, [7000, 7100, 7200], id="honcho as a module"),
        pytest.param("poetry run honcho start", {}, [5000, 5100, 5200], id="honcho behind poetry"),
        pytest.param("python3.12 -u -m honcho start", {}, [5000, 5100, 5200], id="honcho by another python"),
        pytest.param("forego start -r", {}, [5000, 5100, 5200], id="forego"),
        pytest.param("overmind s -P 10", {}, [5000, 5010, 5020], id="overmind with a step"),
        pytest.param("overmind start", {"OVERMIND_PORT": "4000"}, [4000, 4100, 4200], id="overmind by a variable"),
        pytest.param("overmind start -N", {}, [None] * 3, id="overmind without ports"),
        pytest.param("hivemind", {}, [5000, 5100, 5200], id="hivemind"),
        pytest.param("goreman -b 6000 start", {"PORT": "3000"}, [6000, 6100, 6200], id="goreman"),
        pytest.param("nf start", {}, [5000, 5100, 5200], id="node-foreman"),
    ],
)
def test_ports(argv, env, ports):
    programs, _ = start(argv, env=env)
    assert [p.env.get("PORT") for p in programs] == [p and str(p) for p in ports]


@pytest.mark.parametrize(
    ("argv", "counts"),
    [
        pytest.param("foreman start", {"web": 1, "worker": 1, "clock": 1}, id="all once"),
        pytest.param("foreman start web", {"web": 1}, id="one by its name"),
        pytest.param("foreman start -m worker=3", {"worker": 3}, id="foreman's formation leaves the others out"),
        pytest.param("foreman start -m all=1,worker=3,clock=0", {"web": 1, "worker": 3}, id="foreman with all"),
        pytest.param("foreman start -c worker=3", {"worker": 3}, id="foreman's old concurrency"),
        pytest.param("foreman start -c", {"web": 1, "worker": 1, "clock": 1}, id="foreman's colour switch"),
        pytest.param("honcho start -c worker=2", {"web": 1, "worker": 2, "clock": 1}, id="honcho's concurrency"),
        pytest.param("honcho start web clock", {"web": 1, "clock": 1}, id="honcho with two names"),
        pytest.param("forego start -m all=0,web=1", {"web": 1}, id="forego"),
        pytest.param("overmind start -l web,worker", {"web": 1, "worker": 1}, id="overmind's list"),
        pytest.param("overmind s -x clock -m web=2", {"web": 2, "worker": 1}, id="overmind without one"),
        pytest.param("hivemind -l web", {"web": 1}, id="hivemind's list"),
        pytest.param("nf start web=2,clock", {"web": 2, "clock": 1}, id="node-foreman's list"),
    ],
)
def test_what_is_started(argv, counts):
    programs, gaps = start(argv)
    assert gaps == []
    assert {p.name: p.instances for p in programs if not p.off} == counts
    assert len(programs) == 3


def test_what_is_not_started_says_how_it_would_be():
    programs, _ = start("foreman start -m all=1,clock=0")
    assert [p.off for p in programs] == ["", "", "formation clock=0; clock=1 starts it"]
    programs, _ = start("foreman start web")
    assert [p.off for p in programs] == ["", "foreman start worker", "foreman start clock"]


@pytest.mark.parametrize(
    ("argv", "env", "workdir"),
    [
        pytest.param("foreman start -f /srv/conf/Procfile", {}, "/srv/conf", id="foreman: the Procfile's folder"),
        pytest.param("foreman start -f /srv/conf/Procfile -d /app", {}, "/app", id="foreman with a root"),
        pytest.param("foreman start -d /srv/conf", {}, "/srv/conf", id="foreman's root has the Procfile too"),
        pytest.param("honcho -d /srv/conf start", {}, "/app", id="honcho stays where it is"),
        pytest.param("forego start -f ../srv/conf/Procfile", {}, "/srv/conf", id="forego: the Procfile's folder"),
        pytest.param("overmind start", {"OVERMIND_PROCFILE": "/srv/conf/Procfile"}, "/srv/conf", id="overmind"),
        pytest.param("hivemind /srv/conf/Procfile", {}, "/srv/conf", id="hivemind"),
        pytest.param("hivemind --root /app /srv/conf/Procfile", {}, "/app", id="hivemind with a root"),
        pytest.param("goreman -basedir /srv/conf start", {}, "/srv/conf", id="goreman"),
        pytest.param("nf -j /srv/conf/Procfile start", {}, "/app", id="node-foreman stays where it is"),
    ],
)
def test_where_it_runs(argv, env, workdir):
    programs, gaps = start(argv, {"/srv/conf/Procfile": "other: x"}, env=env, text="here: y")
    assert gaps == []
    assert [(p.name, p.workdir) for p in programs] == [("other", workdir)]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param("foreman start", {"A": "file", "B": "x file"}, id="foreman: the file wins"),
        pytest.param("honcho start", {"A": "file", "B": "x $A"}, id="honcho expands nothing"),
        pytest.param("goreman start", {"B": "x file"}, id="goreman: the environment wins"),
        pytest.param("foreman start -e one.env,two.env", {"A": "1", "C": "2"}, id="named files instead"),
        pytest.param("overmind start", {"A": "file", "B": "x file"}, id="overmind"),
    ],
)
def test_env_files(argv, expected):
    files = {"/app/.env": 'A=file\nB="x $A"\n', "/app/one.env": "A=1\nC=1", "/app/two.env": "export C='2'\n"}
    programs, gaps = start(argv, files, env={"A": "image"}, text="web: x")
    assert gaps == []
    assert {k: v for k, v in programs[0].env.items() if k != "PORT"} == expected


def test_options_of_overmind_may_stand_in_the_env_file():
    programs, _ = start("overmind start", {"/app/.overmind.env": "OVERMIND_PROCESSES=web\nOVERMIND_CAN_DIE=web"})
    assert [p.name for p in programs if not p.off] == ["web"]
    assert programs[0].notes == ("may end without stopping the others",)


@pytest.mark.parametrize(
    ("argv", "signal", "timeout", "restart"),
    [
        pytest.param("foreman start -t 30", "", 30.0, "", id="foreman"),
        pytest.param("overmind start -i web=QUIT", "SIGQUIT", None, "", id="overmind with a signal"),
        pytest.param("overmind start -r web", "SIGINT", None, "always", id="overmind interrupts, and restarts"),
        pytest.param("forego start -r", "", None, "always", id="forego restarts"),
    ],
)
def test_how_it_is_stopped(argv, signal, timeout, restart):
    web = start(argv)[0][0]
    assert (web.stop_signal, web.stop_timeout, web.restart) == (signal, timeout, restart)


@pytest.mark.parametrize(
    ("argv", "child"),
    [
        pytest.param("foreman run bin/rails s -e production", ("bin/rails", "s", "-e", "production"), id="foreman"),
        pytest.param("foreman run -e .env worker", ("/bin/sh", "-c", "sidekiq -c 5"), id="a line of the Procfile"),
        pytest.param("honcho run -- x -f", ("x", "-f"), id="honcho"),
        pytest.param("nf run node x.js", ("node", "x.js"), id="node-foreman"),
    ],
)
def test_run(argv, child):
    [program], gaps = start(argv, {"/app/.env": "A=1"})
    assert gaps == []
    assert program.command.argv == child
    assert program.env == {"A": "1"}


@pytest.mark.parametrize("argv", ["foreman check", "foreman export upstart /etc", "goreman run list", "web", "foreman"])
def test_other_commands_are_not_claimed(argv):
    assert start(argv) is None


def test_what_is_wrong_is_a_gap():
    programs, gaps = start("overmind start", text="web:nospace\nno line\nok: x\n indented: y")
    assert [p.name for p in programs] == ["ok"]
    assert [g.evidence.line for g in gaps] == [1, 2, 4]
    _, [gap] = start("foreman start mail")
    assert "mail" in gap.what
    programs, [gap] = start("foreman start -f nowhere")
    assert (programs, gap.evidence.path) == ([], "/app/nowhere")
    _, [gap] = start("foreman start -m web=lots,worker=1")
    assert "web=lots" in gap.what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A=1 # one\nB = two words \n#C=3\nexport D=4", {"A": "1", "B": "two words", "D": "4"}, id="bare"),
        pytest.param("A='x # $B'\nB=\"x # y\" # z", {"A": "x # $B", "B": "x # y"}, id="quotes keep a hash"),
        pytest.param('A="1\n2\\n3"\nB=4', {"A": "1\n2\n3", "B": "4"}, id="lines within quotes"),
        pytest.param('A=1\nB=${A}2$A\nC="\\$A"\nD=$NO', {"A": "1", "B": "121", "C": "$A", "D": ""}, id="variables"),
        pytest.param('A="open\nB=2', {"A": '"open', "B": "2"}, id="a quote that does not close"),
        pytest.param("A=\n=1\nx y=1\nA-B=2", {"A": ""}, id="no name"),
    ],
)
def test_dotenv(text, expected):
    assert _dotenv.read(text, {}) == expected


@given(st.text("A=b\"'$\\{}# \n"))
def test_any_dotenv_is_read(text):
    _dotenv.read(text)
    _dotenv.read(text, {"A": "x"})
