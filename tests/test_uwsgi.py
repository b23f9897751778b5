"""uWSGI: what its options start beside the workers, where it runs, and what is taken out of its configuration."""

import pytest
from managing import expand, image_of


def start(argv="uwsgi x.ini", text="", *, files=None, env=None, **more):
    image = image_of({"/app/x.ini": text, **(files or {})}, workdir="/app", env=env)
    return expand("uwsgi", argv, image, **more)


def lines(processes):
    return [p.command.argv[2] for p in processes[1:]]


@pytest.mark.parametrize(
    ("option", "command", "notes"),
    [
        pytest.param("attach-daemon = a b", "a b", [], id="attach-daemon"),
        pytest.param("attach-control-daemon=a b", "a b", ["uWSGI ends when it ends"], id="attach-control-daemon"),
        pytest.param("smart-attach-daemon2 = /x.pid,5 a", "a", ["uWSGI watches it by /x.pid"], id="smart, in front"),
        pytest.param(
            "smart-attach-daemon = /x.pid a", "a", ["uWSGI watches it by /x.pid", "it puts itself in the background"],
            id="smart-attach-daemon",
        ),
        pytest.param(
            "legion-attach-daemon = l1 a b", "a b", ["only where the instance is lord of the legion l1"], id="legion",
        ),
        pytest.param(r"attach-daemon2 = cmd=a -q b\,c,freq=3", "a -q b,c", [], id="attach-daemon2"),
        pytest.param("attach-daemon2 = exec=a,touch=/t", "a", ["uWSGI restarts it when /t changes"], id="with a touch"),
    ],
)  # fmt: skip
def test_daemons(option, command, notes):
    processes, gaps = start(text=f"[uwsgi]\n{option}\n")
    assert gaps == []
    web, daemon = processes
    assert web.command.argv == ("uwsgi", "x.ini")
    assert web.patches == {"/app/x.ini": "[uwsgi]\n"}
    assert daemon.command.argv == ("sh", "-c", command)
    assert (daemon.restart, list(daemon.notes), str(daemon.evidence)) == ("always", notes, "/app/x.ini:2")


def test_a_daemon_with_its_own_user_folder_and_signal():
    text = "[uwsgi]\nuid = app\ngid = www\nchdir = srv\nattach-daemon = a\n"
    text += "attach-daemon2 = command=b,uid=5,gid=6,chdir=sub,stopsignal=3\n"
    _, plain, own = start(text=text)[0]
    assert (plain.user, plain.workdir, plain.stop_signal) == ("app:www", "/app/srv", "")
    assert (own.user, own.workdir, own.stop_signal) == ("5:6", "/app/srv/sub", "SIGQUIT")


@pytest.mark.parametrize(
    ("option", "lifetime", "user", "workdir"),
    [
        pytest.param("hook-pre-app = exec:a", "job", "app", "/srv", id="hook-pre-app"),
        pytest.param("hook-post-app = safeexec:a", "job", "app", "/srv", id="hook-post-app"),
        pytest.param("exec-pre-app = a", "job", "app", "/srv", id="exec-pre-app"),
        pytest.param("exec-as-user = a", "job", "app", "", id="before the folder is changed"),
        pytest.param("exec-asap = a", "job", "", "", id="before the user is changed"),
        pytest.param("hook-as-root = exec:a", "job", "", "", id="as root"),
    ],
)
def test_hooks(option, lifetime, user, workdir):
    [_, hook], gaps = start(text=f"[uwsgi]\nuid=app\nchdir=/srv\n{option}\n")
    assert gaps == []
    assert (hook.command.argv[2], hook.lifetime, hook.user, hook.workdir) == ("a", lifetime, user, workdir)


@pytest.mark.parametrize(
    "option", ["hook-as-root = chown:/x app", "exec-as-user-atexit = a", "hook-post-fork = exec:a"]
)
def test_hooks_that_stay(option):
    assert start(text=f"[uwsgi]\n{option}\n") is None


@pytest.mark.parametrize(
    ("option", "schedule", "command"),
    [
        pytest.param("cron = 59 2 -1 -1 -1 a b", "59 2 * * *", "a b", id="a time"),
        pytest.param("cron = -5 -2 -1 -1 -1 a", "*/5 */2 * * *", "a", id="every n"),
        pytest.param("cron = 0 0 -10 -3 7 a", "0 0 10-31/10 3-12/3 7", "a", id="days and months that n divides"),
        pytest.param("cron = -70 0 -1 -1 -1 a", "0 0 * * *", "a", id="a step longer than the hour"),
        pytest.param("unique-cron = 1 -1 -1 -1 -1 a", "1 * * * *", "a", id="unique"),
        pytest.param("legion-cron = l 1 -1 -1 -1 -1 a", "1 * * * *", "a", id="legion"),
        pytest.param("cron2 = minute=-15,hour=3,unique=1 a b", "*/15 3 * * *", "a b", id="cron2"),
        pytest.param("cron2 = a b", "* * * * *", "a b", id="cron2 without a time"),
    ],
)
def test_cron(option, schedule, command):
    [_, entry], gaps = start(text=f"[uwsgi]\n{option}\n")
    assert gaps == []
    assert (entry.lifetime, entry.schedule, entry.command.argv[2]) == ("scheduled", schedule, command)


@pytest.mark.parametrize(
    "option",
    ["cron = x 1 1 1 1 a", "cron = --5 1 1 1 1 a", "cron = 1 2", "cron = 99 1 -1 -1 -1 a", "cron = 1 1 -40 -1 -1 a"],
)
def test_no_time(option):
    _, [gap] = start(text=f"[uwsgi]\n{option}\nattach-daemon=a\n")
    assert "no time" in gap.what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("if-env = A\nattach-daemon = x %(_)\nendif", {"x ${A}": ""}, id="a variable that is set"),
        pytest.param("if-env = B\nattach-daemon = x %(_)\nendif", {"x ${B}": "B is set"}, id="one that is not"),
        pytest.param("if-env = A=1\nattach-daemon = x\nend", {"x": ""}, id="with a value"),
        pytest.param("if-env = A=2\nattach-daemon = x\nelse\nattach-daemon = y\nend", {"x": "A=2", "y": ""}, id="else"),
        pytest.param("if-not-env = A\nattach-daemon = x\nend-if", {"x": "not A is set"}, id="if-not-env"),
        pytest.param("if-exists = y.ini\nattach-daemon = x %(_)\nendif", {"x y.ini": ""}, id="a file that is there"),
        pytest.param("if-file = no\nattach-daemon = x\nendif", {"x": "file no"}, id="a file that is not"),
        pytest.param("if-dir = /app\nattach-daemon = x\nendif", {"x": ""}, id="a folder"),
        pytest.param("v=1\nif-opt = v=1\nattach-daemon = x %(_)\nendif", {"x 1": ""}, id="an option"),
        pytest.param("for = a b\nattach-daemon = x %(_)\nendfor", {"x a": "", "x b": ""}, id="for"),
        pytest.param("for-times = 2\nattach-daemon = x%(_)\nendfor", {"x1": "", "x2": ""}, id="for-times"),
        pytest.param("for-glob = [xy].ini\nattach-daemon = x %(_)\nendfor", {"x /app/x.ini": "", "x /app/y.ini": ""},
                     id="for-glob"),
        pytest.param("n = w\nattach-daemon = x %(n) %%n", {"x w x": ""}, id="a placeholder and a magic variable"),
        pytest.param("set-ph = n=w\na=1\nb=2\nattach-daemon = x %(n) %(a b + 3)", {"x w 15": ""}, id="arithmetic"),
        pytest.param("attach-daemon = x %d %n.%e %s %c", {"x /app/ x.ini x.ini app": ""}, id="the file's own name"),
        pytest.param("attach-daemon = x $(A) $(Z:-d)", {"x ${A} ${Z:-d}": ""}, id="variables of the environment"),
        pytest.param("attach-daemon = x '$(A)'", {"x '1'": ""}, id="a variable in single quotes"),
        pytest.param("attach-daemon = x @(y.ini)", {"x [uwsgi]": ""}, id="a file's text"),
        pytest.param("ini = :two", {"two": ""}, id="another section"),
        pytest.param("include = z.ini", {"zed": ""}, id="another file"),
        pytest.param("; attach-daemon = x\n# y\nattach-daemon = z", {"z": ""}, id="comments"),
    ],
)  # fmt: skip
def test_values_and_conditions(text, expected):
    files = {"/app/y.ini": "[uwsgi]\n", "/app/z.ini": "[uwsgi]\nattach-daemon=zed\n"}
    text = f"[uwsgi]\n{text}\n[two]\nattach-daemon = two\n".replace("%%n", "%n")
    processes, gaps = start(text=text, files=files, env={"A": "1"})
    assert gaps == []
    assert {p.command.argv[2]: p.off for p in processes[1:]} == expected


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        pytest.param(
            "x.yaml",
            'uwsgi:\n  http: :80\n  attach-daemon: "a b"\n  attach-daemon: c\n  cron:\n    - 1 2 -1 -1 -1 d\n',
            "uwsgi:\n  http: :80\n  cron:\n", id="yaml, a key twice",
        ),
        pytest.param(
            "x.xml", "<uwsgi>\n <http>:80</http>\n <attach-daemon>a b</attach-daemon>\n"
            "<attach-daemon>c</attach-daemon><cron>1 2 -1 -1 -1 d</cron><master/></uwsgi>",
            "<uwsgi>\n <http>:80</http>\n \n<master/></uwsgi>", id="xml",
        ),
        pytest.param(
            "x.ini", "[uwsgi]\r\nhttp = :80\r\nattach-daemon = a b\r\n\tattach-daemon=c\r\ncron = 1 2 -1 -1 -1 d\r\n;é",
            "[uwsgi]\r\nhttp = :80\r\n;é", id="ini with carriage returns",
        ),
    ],
)  # fmt: skip
def test_other_files_and_what_is_left_of_them(name, text, left):
    processes, gaps = start(f"uwsgi {name}", files={f"/app/{name}": text})
    assert gaps == []
    assert lines(processes) == ["a b", "c", "d"]
    assert processes[0].patches == {f"/app/{name}": left}


def test_json_is_read_and_said_to_start_them_still():
    processes, gaps = start("uwsgi --json x.json", files={"/app/x.json": '{"uwsgi": {"attach-daemon": ["a", "b"]}}'})
    assert lines(processes) == ["a", "b"]
    assert {"still starts" in g.what for g in gaps} == {True}


def test_the_command_line():
    argv = ["uwsgi", "--master", "--attach-daemon", "a b", "-p", "4", "--cron=1 2 3 4 5 c", "--http", ":80"]
    processes, gaps = start(argv)
    assert gaps == []
    assert processes[0].command.argv == ("uwsgi", "--master", "-p", "4", "--http", ":80")
    assert lines(processes) == ["a b", "c"]


def test_the_environment_has_options_too():
    processes, _ = start("uwsgi", files={"/app/y.ini": "[uwsgi]\nattach-daemon=a\n"}, env={"UWSGI_INI": "/app/y.ini"})
    assert lines(processes) == ["a"]


def test_what_stays_with_the_web_is_said():
    [web, _], _ = start(text="[uwsgi]\nmule = m.py\nspooler = /s\nattach-daemon = a\n")
    assert web.notes == ("its mule stays with it: m.py", "its spooler stays with it: /s")


def test_each_vassal_is_a_server():
    files = {"/v/a.ini": "[uwsgi]\nattach-daemon = x %n\n", "/v/b.ini": "[uwsgi]\nhttp=:1\n", "/v/readme": ""}
    processes, gaps = start("uwsgi --emperor /v", files=files)
    assert gaps == []
    assert [(p.name, p.command.argv[-1]) for p in processes] == [("a", "/v/a.ini"), ("x", "x a"), ("b", "/v/b.ini")]


@pytest.mark.parametrize(
    "argv", ["uwsgi --http :80 -w x", "uwsgi plain.ini", "uwsgitop /x", "python x.py", "uwsgi -x bad.txt --version"]
)
def test_nothing_else_is_started(argv):
    got = start(argv, files={"/app/plain.ini": "[uwsgi]\nhttp=:80\n", "/app/bad.txt": "[uwsgi]\n"})
    assert got is None


def test_its_first_child_is_a_leaf():
    assert start(text="[uwsgi]\nattach-daemon=a\n", via=("uwsgi",)) is None


@pytest.mark.parametrize(
    ("argv", "files", "what"),
    [
        pytest.param("uwsgi no.ini", {}, "not in the image", id="a file that is not there"),
        pytest.param("uwsgi x.json", {"/app/x.json": "{"}, "cannot read", id="broken json"),
        pytest.param("uwsgi x.xml", {"/app/x.xml": "<!DOCTYPE x><uwsgi/>"}, "document type", id="xml with a doctype"),
        pytest.param("uwsgi --ini http://x/y.ini", {}, "only when it runs", id="from elsewhere"),
        pytest.param("uwsgi x.ini:none", {}, "no section none", id="no such section"),
    ],
)
def test_gaps(argv, files, what):
    [web], [gap] = start(argv, "[uwsgi]\nhttp=:80\n", files=files)
    assert web.command.argv == tuple(argv.split())
    assert what in gap.what
