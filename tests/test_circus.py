"""circus: its watchers with their environment, sockets, instances and order."""

import pytest
from managing import expand, image_of


def start(text, argv="circusd /etc/c.ini", *, files=None, env=None, **more):
    image = image_of({"/etc/c.ini": text, **(files or {})}, workdir="/app", env=env)
    return expand("circus", argv, image, **more)


def watcher(options, **more):
    processes, gaps = start(f"[watcher:w]\ncmd = a\ncopy_env = yes\n{options}\n", **more)
    assert gaps == []
    return processes


@pytest.mark.parametrize(
    "argv",
    ["circusd c.ini", "/venv/bin/circusd --log-level debug /etc/c.ini", "python3 -m circus.circusd c.ini",
     "poetry run circusd --pidfile x c.ini"],
)  # fmt: skip
def test_spellings(argv):
    image = image_of({"/etc/c.ini": "[watcher:w]\ncmd = a b\n"}, workdir="/etc")
    [process], gaps = expand("circus", argv, image)
    assert (process.name, process.command.argv, gaps) == ("w", ("a", "b"), [])
    assert str(process.evidence) == "/etc/c.ini:1"


@pytest.mark.parametrize("argv", ["circusd", "circusd --version", "circusctl status", "python x.py"])
def test_not_claimed(argv):
    assert start("", argv) is None


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        pytest.param("cmd = a 'b c'", ("a", "b c"), id="quotes"),
        pytest.param("cmd = a\nargs = b ; a comment", ("a", "b"), id="args, and a comment"),
        pytest.param("cmd = a\n  b\nargs = c#d", ("a", "b", "c#d"), id="a continued line, and a hash that is none"),
        pytest.param("cmd = a $(circus.env.PORT)", ("a", "80"), id="a variable"),
        pytest.param("cmd = a ((circus.env.port))", ("a", "80"), id="in other brackets and another case"),
        pytest.param("cmd = a $(circus.wid)", ("a", "1"), id="the number of the process"),
        pytest.param("cmd = a\ncmd = b", ("a",), id="the first of two options"),
        pytest.param("cmd = a b\nshell = True", ("sh", "-c", "a b"), id="by a shell"),
    ],
)
def test_commands(text, argv):
    [process], gaps = start(f"[watcher:w]\n{text}\n", env={"PORT": "80"})
    assert (process.command.argv, gaps) == (argv, [])


def test_an_unknown_variable_stays_one():
    [process], [gap] = start("[watcher:w]\ncmd = a --x=$(circus.env.NAME) 'b c'\n")
    assert "NAME" in gap.what
    assert process.command.argv == ("a", "--x=$NAME", "b c")
    assert process.command.run == ("/bin/sh", "-c", "exec a --x=\"${NAME}\" 'b c'")


def test_options():
    [process] = watcher(
        "working_dir = sub\nuid = app\ngid = www\nstop_signal = INT\ngraceful_timeout = 2.5\nnumprocesses = 3\n"
        "stdout_stream.class = FileStream\nstdout_stream.filename = o.log\nrespawn = false\nautostart = false"
    )
    assert (process.workdir, process.user, process.stop_signal, process.stop_timeout) == (
        "/app/sub", "app:www", "SIGINT", 2.5,
    )  # fmt: skip
    assert (process.instances, process.logs, process.restart) == (3, ("/app/o.log",), "no")
    assert process.off == "autostart = false; circusctl start w"


def test_processes_that_differ_are_told_apart():
    processes = watcher("args = --id $(circus.wid)\nnumprocesses = 2")
    assert [(p.name, p.command.argv[-1], p.instances) for p in processes] == [("w-1", "1", 1), ("w-2", "2", 1)]
    [one] = watcher("numprocesses = 4\nsingleton = True")
    assert one.instances == 1


def test_the_environment():
    text = "[env]\nA = 1\n[watcher:web]\ncmd = a\n[watcher:job]\ncmd = b $(circus.env.C)\ncopy_env = 1\n"
    text += "[env:j*, x]\nB = 2\nC = $(circus.env.HOME)/c\n[env:*]\nA = 3\n"
    web, job = start(text, env={"HOME": "/h"})[0]
    assert web.env == {"A": "3"}
    assert "not the container's" in web.notes[0]
    assert (job.env, job.notes) == ({"A": "3", "B": "2", "C": "/h/c"}, ())


def test_the_higher_priority_starts_first():
    text = "[watcher:a]\ncmd = a\n[watcher:b]\ncmd = b\npriority = 5\n[watcher:c]\ncmd = c\n"
    assert [p.name for p in start(text)[0]] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("cmd", "socket", "argv"),
    [
        pytest.param("uvicorn m:a --fd $(circus.sockets.web)", "host = 0.0.0.0\nport = 80",
                     ("uvicorn", "m:a", "--host", "0.0.0.0", "--port", "80"), id="uvicorn"),
        pytest.param("uvicorn m:a --fd=$(circus.sockets.WEB)", "path = /run/w.sock",
                     ("uvicorn", "m:a", "--uds", "/run/w.sock"), id="uvicorn at a path"),
        pytest.param("uvicorn m:a --fd $(circus.sockets.web)", "port = $(circus.env.PORT)",
                     ("uvicorn", "m:a", "--host", "localhost", "--port", "81"), id="uvicorn at a variable's port"),
        pytest.param("gunicorn -b fd://$(circus.sockets.web) m", "host = ::\nport = 80",
                     ("gunicorn", "-b", ":::80", "m"), id="gunicorn"),
        pytest.param("chaussette --fd $(circus.sockets.web) m", "port = 80",
                     ("chaussette", "--host", "localhost", "--port", "80", "m"), id="chaussette"),
    ],
)  # fmt: skip
def test_a_descriptor_becomes_the_address(cmd, socket, argv):
    text = f"[watcher:w]\ncmd = {cmd}\ncopy_env=1\n[socket:web]\n{socket}\n"
    [process], gaps = start(text, env={"PORT": "81"})
    assert (process.command.argv, gaps) == (argv, [])
    assert "file descriptor" in process.notes[0]


def test_a_descriptor_that_nothing_stands_for_is_a_gap():
    _, [gap] = start("[watcher:w]\ncmd = x --fd $(circus.sockets.web)\n[socket:web]\nport = 80\n")
    assert "sockets.web" in gap.what
    assert gap.evidence.line == 2


def test_other_files():
    files = {"/etc/c.d/a.ini": "[watcher:a]\ncmd = a\n", "/etc/more.ini": "[watcher:m]\ncmd = m\n"}
    text = "[circus]\ninclude = more.ini none.ini\ninclude_dir = c.d\n"
    processes, [gap] = start(text, files=files)
    assert {p.name for p in processes} == {"a", "m"}
    assert "none.ini" in gap.what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("", "no watcher", id="an empty file"),
        pytest.param("[watcher:w]\nargs = x", "cmd", id="no command"),
        pytest.param("[watcher:w]\ncmd = 'a", "cannot be taken apart", id="a quote that does not close"),
        pytest.param("[watcher:w]\ncmd = a\nnumprocesses = lots", "not a number", id="no number"),
        pytest.param("[watcher:w]\ncmd = a\nstop_signal = NOPE", "no signal", id="no signal"),
        pytest.param("[watcher:w]\ncmd = a\nhooks.after_stop = m.f", "hook", id="a hook"),
        pytest.param("[plugin:p]\nuse = m.C", "m.C", id="a plugin"),
        pytest.param("x = y", "first section", id="an option before a section"),
    ],
)
def test_gaps(text, what):
    _, gaps = start(text)
    assert any(what in g.what for g in gaps)


def test_no_configuration_at_all():
    processes, [gap] = start("", "circusd /nowhere.ini")
    assert (processes, gap.evidence.path) == ([], "/nowhere.ini")
