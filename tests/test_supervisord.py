"""supervisord's configuration is read as supervisord reads it."""

import pytest
from managing import expand, image_of

CONF = "/etc/supervisor/supervisord.conf"
HEAD = "[supervisord]\nnodaemon=true\n"


def read(text, argv=("supervisord", "-n", "-c", CONF), *, files=None, env=None, base="", **more):
    return expand("supervisord", argv, image_of({CONF: text, **(files or {})}, env=env, base=base), **more)


def only(text, **more):
    programs, gaps = read(HEAD + text, **more)
    assert not gaps
    [program] = programs
    return program


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        pytest.param("supervisord", "/etc/supervisord.conf", id="the default in /etc"),
        pytest.param("supervisord", "/etc/supervisor/supervisord.conf", id="Debian's default"),
        pytest.param("supervisord", "/srv/supervisord.conf", id="the working folder"),
        pytest.param("supervisord", "/srv/etc/supervisord.conf", id="etc in the working folder"),
        pytest.param("/opt/venv/bin/supervisord", "/opt/venv/etc/supervisord.conf", id="etc beside the program's bin"),
        pytest.param("supervisord -c conf/s.ini -n", "/srv/conf/s.ini", id="a relative -c"),
        pytest.param("/usr/bin/supervisord --nodaemon --configuration=/x.conf", "/x.conf", id="a long option"),
        pytest.param("/usr/bin/supervisord -nc/x.conf", "/x.conf", id="options in one word"),
        pytest.param("/usr/bin/python3 /usr/bin/supervisord -c /x.conf", "/x.conf", id="as a script of Python"),
        pytest.param("python -m supervisor.supervisord -c /x.conf", "/x.conf", id="as a module of Python"),
    ],
)
def test_the_file_is_found(argv, path):
    programs, gaps = expand("supervisord", argv, image_of({path: HEAD + "[program:a]\ncommand=x"}, workdir="/srv"))
    assert [p.name for p in programs] == ["a"]
    assert gaps == []


@pytest.mark.parametrize("argv", ["supervisord --version", "supervisorctl start all", "python -m http.server", "nginx"])
def test_other_commands_are_not_claimed(argv):
    assert expand("supervisord", argv, image_of()) is None


def test_of_the_default_places_the_first_wins():
    files = {
        "/supervisord.conf": HEAD + "[program:cwd]\ncommand=x",
        "/etc/supervisord.conf": HEAD + "[program:etc]\ncommand=x",
    }
    programs, _ = expand("supervisord", "supervisord", image_of(files))
    assert [p.name for p in programs] == ["cwd"]


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        pytest.param("command=a b ; c", ("a", "b"), id="a comment after a blank"),
        pytest.param("command=a b;c #d", ("a", "b;c"), id="a semicolon without a blank is text"),
        pytest.param("command=a 'b c' \"d\"", ("a", "b c", "d"), id="quotes as shlex takes them"),
        pytest.param("command=a\n    --b\n    --c", ("a", "--b", "--c"), id="continuation lines"),
        pytest.param("command=a\ncommand=b", ("b",), id="the last of two equal options"),
        pytest.param("COMMAND : a", ("a",), id="capitals and a colon"),
        pytest.param("command=a %%n %(program_name)s", ("a", "%n", "web"), id="a doubled percent sign"),
        pytest.param("command=a %(ENV_PORT)s", ("a", "8000"), id="a variable of the image"),
        pytest.param(
            "command=%(here)s/a %(group_name)s %(process_num)02d", ("/etc/supervisor/a", "web", "00"), id="here"
        ),
        pytest.param("environment=X=1\ncommand=a %(ENV_X)s", ("a", "1"), id="a variable of its own environment"),
        pytest.param("command=/usr/bin/pidproxy /run/p.pid a -f", ("a", "-f"), id="pidproxy is taken off"),
        pytest.param('command=bash -c "a && b"', ("bash", "-c", "a && b"), id="a shell stays for the shell's manager"),
    ],
)
def test_commands(text, argv):
    program = only(f"[program:web]\n{text}", env={"PORT": "8000"})
    assert program.command.argv == argv
    assert program.command.run == ()


def test_sections_opened_twice_are_one():
    assert only("[program:a]\ncommand=x\n[program:a]\nuser=app\ncommand=y").command.argv == ("y",)


def test_a_variable_that_is_known_only_at_run_time_is_left_to_a_shell():
    [program], [gap] = read(HEAD + '[program:a]\ncommand=x --to="%(ENV_TO)s $5" %(ENV_MORE)s')
    assert program.command.argv == ("x", "--to=$TO $5", "$MORE")
    assert program.command.run == ("/bin/sh", "-c", 'exec x "--to=${TO} \\$5" $MORE')
    assert "TO, MORE" in gap.what
    assert (gap.evidence.path, gap.evidence.line) == (CONF, 4)


def test_an_environment_known_only_at_run_time_is_left_to_a_shell():
    [program], _ = read(HEAD + '[program:a]\ncommand=x\nenvironment=A="%(ENV_TO)s",B="2"')
    assert program.env == {"B": "2"}
    assert program.command.run == ("/bin/sh", "-c", 'export A="${TO}"; exec x')


@pytest.mark.parametrize(
    ("text", "env"),
    [
        pytest.param("A=\"1,2\",B='x y'", {"A": "1,2", "B": "x y"}, id="quotes keep commas and blanks"),
        pytest.param("A=1,\n  B=2,", {"A": "1", "B": "2"}, id="over two lines, with a comma at the end"),
        pytest.param("A=/x:/y,B=a.b-c", {"A": "/x:/y", "B": "a.b-c"}, id="paths without quotes"),
        pytest.param('A="%%h"', {"A": "%h"}, id="a doubled percent sign"),
        pytest.param('PATH="/app:%(ENV_PATH)s"', {"PATH": "/app:/bin"}, id="the image's PATH"),
    ],
)
def test_environment(text, env):
    assert only(f"[program:a]\ncommand=x\nenvironment={text}", env={"PATH": "/bin"}).env == env


def test_the_environment_of_supervisord_reaches_the_programs():
    text = "[supervisord]\nenvironment=A=1,B=1\nuser=app\n[program:x]\ncommand=run %(ENV_A)s\nenvironment=B=2"
    [program], gaps = read(text)
    assert (program.env, program.user, program.command.argv, gaps) == ({"A": "1", "B": "2"}, "app", ("run", "1"), [])


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        pytest.param("directory=/srv/app", "workdir", "/srv/app", id="directory"),
        pytest.param("directory=%(here)s/../x", "workdir", "/etc/x", id="directory from here"),
        pytest.param("user=www-data", "user", "www-data", id="user"),
        pytest.param("autorestart=true", "restart", "always", id="autorestart true"),
        pytest.param("autorestart=unexpected", "restart", "on-failure", id="autorestart unexpected"),
        pytest.param("autorestart=False", "restart", "no", id="autorestart false"),
        pytest.param("", "restart", "", id="no autorestart"),
        pytest.param("stopsignal=QUIT", "stop_signal", "SIGQUIT", id="a signal by its name"),
        pytest.param("stopsignal=2", "stop_signal", "SIGINT", id="a signal by its number"),
        pytest.param("stopsignal=SIGUSR1", "stop_signal", "SIGUSR1", id="a signal by its full name"),
        pytest.param("stopwaitsecs=3600", "stop_timeout", 3600.0, id="stopwaitsecs"),
        pytest.param("stdout_logfile=/var/log/%(program_name)s.log", "logs", ("/var/log/a.log",), id="a log file"),
        pytest.param("stdout_logfile=/dev/stdout\nstderr_logfile=NONE", "logs", (), id="no log file"),
        pytest.param("stdout_logfile=AUTO\nstderr_logfile=/x", "logs", ("/x",), id="only the error log"),
        pytest.param(
            "stdout_logfile=/y\nstderr_logfile=/x\nredirect_stderr=1", "logs", ("/y",), id="redirected errors"
        ),
        pytest.param("startsecs=0\nautorestart=false", "lifetime", "job", id="a one-off"),
        pytest.param("startsecs=0\nautorestart=true", "lifetime", "service", id="startsecs=0, but restarted"),
        pytest.param("autostart=false", "off", "autostart=false; supervisorctl start a", id="not started"),
        pytest.param("umask=002", "notes", ("umask 002",), id="umask"),
        pytest.param("killasgroup=true", "notes", ("supervisord signals its whole process group",), id="killasgroup"),
        pytest.param("numprocs=3\nprocess_name=%(program_name)s_%(process_num)02d", "instances", 3, id="numprocs"),
    ],
)
def test_options(text, field, value):
    assert getattr(only(f"[program:a]\ncommand=x\n{text}"), field) == value


def test_the_signal_of_the_image_is_for_supervisord_itself():
    assert only("[program:a]\ncommand=x", stop_signal="SIGQUIT").stop_signal == "SIGTERM"


def test_processes_that_differ_in_their_number_are_told_apart():
    text = """[program:w]
command=w --port=90%(process_num)02d
numprocs=3
numprocs_start=1
process_name=w-%(process_num)s
"""
    programs, _ = read(HEAD + text)
    assert [(p.name, p.command.argv[1], p.instances) for p in programs] == [
        ("w-1", "--port=9001", 1),
        ("w-2", "--port=9002", 1),
        ("w-3", "--port=9003", 1),
    ]


def test_order_is_by_priority_and_each_level_waits_for_the_one_before():
    levels = [("web", ""), ("db", "priority=1"), ("c", "priority=1"), ("m", "priority=5")]
    text = "".join(f"[program:{name}]\ncommand=x\n{line}\n" for name, line in levels)
    programs, _ = read(HEAD + text)
    assert [(p.name, p.after) for p in programs] == [("db", ()), ("c", ()), ("m", ("db", "c")), ("web", ("m",))]


def test_groups_listeners_and_fcgi_programs():
    text = """[group:back]
programs=w
[program:w]
command=w %(group_name)s
autostart=0
[eventlistener:l]
command=l
events=PROCESS_STATE
[fcgi-program:f]
socket=unix:///run/%(program_name)s.sock
command=f
"""
    programs, gaps = read(HEAD + text)
    assert gaps == []
    assert [(p.name, p.evidence.line, p.evidence.note) for p in programs] == [
        ("l", 8, "eventlistener"), ("w", 5, ""), ("f", 11, "fcgi-program"),
    ]  # fmt: skip
    listener, worker, fcgi = programs
    assert worker.command.argv == ("w", "back")
    assert worker.off == "autostart=false; supervisorctl start back:w"
    assert worker.notes == ("in supervisord's group back",)
    assert listener.notes == ("an event listener of supervisord (PROCESS_STATE)",)
    assert fcgi.notes == ("supervisord opens unix:///run/f.sock and hands it over as the program's standard input",)


def test_included_files_stand_beside_their_own_folder():
    files = {
        "/etc/supervisor/conf.d/b.conf": "[program:b]\ncommand=%(here)s/b\n",
        "/etc/supervisor/conf.d/a.conf": "[program:a]\ncommand=a\n[program:main]\nuser=app\n",
        "/etc/supervisor/conf.d/c.txt": "[program:c]\ncommand=c\n",
        "/opt/x.ini": "[program:x]\ncommand=x\n",
    }
    text = HEAD + "[include]\nfiles = conf.d/*.conf %(ENV_MORE)s/*.ini\n[program:main]\ncommand=m\n"
    programs, gaps = read(text, files=files, env={"MORE": "/opt"})
    assert gaps == []
    assert [p.name for p in programs] == ["main", "a", "b", "x"]
    assert programs[0].user == "app"
    assert programs[2].command.argv == ("/etc/supervisor/conf.d/b",)
    assert str(programs[3].evidence) == "/opt/x.ini:1"


def test_the_package_of_another_distribution_is_known_by_the_files_that_it_includes():
    image = image_of({"/etc/supervisord.d/web.ini": "[program:web]\ncommand=/bin/web\n"}, base="centos:7")
    [web], [gap] = expand("supervisord", "supervisord -c /etc/supervisord.conf", image)
    assert (web.name, "Fedora's package" in gap.what) == ("web", True)


def test_a_package_that_is_not_at_hand_includes_what_it_is_known_to_include():
    image = image_of({"/etc/supervisor/conf.d/a.conf": "[program:a]\ncommand=a"}, base="debian:12")
    [program], [gap] = expand("supervisord", "supervisord -n", image)
    assert program.name == "a"
    assert "Debian's package" in gap.what


def test_a_missing_file_is_a_gap():
    programs, [gap] = expand("supervisord", "supervisord -c /x.conf", image_of(base="app:1"))
    assert programs == []
    assert gap.evidence.path == "/x.conf"
    assert "app:1" in gap.what


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        pytest.param("nonsense\n", 3, "cannot read", id="a line that is no option"),
        pytest.param("[program:b]\ncommand='x\n", 4, "No closing quotation", id="quotes that do not close"),
        pytest.param("[program:b]\ncommand=%(nope)s\n", 4, "nope", id="an unknown name"),
        pytest.param("[program:b]\ncommand=x %d\n", 4, "badly formatted", id="a lonely percent sign"),
        pytest.param("[program:b]\ncommand=%(here)99999999999s\n", 4, "too wide", id="a field of a billion columns"),
        pytest.param("[program:b]\nuser=x\n", 3, "command: is missing", id="no command"),
        pytest.param("[program:b]\ncommand=x\npriority=high\n", 5, "not a number", id="a priority in words"),
        pytest.param("[program:b]\ncommand=x\nautostart=maybe\n", 5, "neither true nor false", id="a flag in words"),
        pytest.param("[program:b]\ncommand=x\nstopsignal=LOUD\n", 5, "no signal", id="an unknown signal"),
        pytest.param(
            "[program:b]\ncommand=x\nenvironment=A\n", 5, "key and value", id="an environment without a value"
        ),
        pytest.param("[program:b]\ncommand=x {{PORT}}\n", 4, "placeholder", id="a template that nobody has filled in"),
        pytest.param("[program:b]\ncommand=x\nuser=%(ENV_U)s\n", 5, "needs U", id="a user known only at run time"),
        pytest.param("[program:b]\ncommand=x\nnumprocs=999999\n", 5, "are taken", id="more processes than anyone runs"),
        pytest.param("[group:g]\nprograms=a,z\n", 4, "unknown program z", id="a group of what is not there"),
    ],
)
def test_what_is_broken_is_a_gap_and_the_rest_is_read(text, line, word):
    programs, gaps = read(f"{HEAD}{text}[program:a]\ncommand=y")
    assert "a" in [p.name for p in programs]
    assert word in gaps[0].what
    assert (gaps[0].evidence.path, gaps[0].evidence.line) == (CONF, line)
    assert len(gaps) == 1


def test_without_its_own_section_supervisord_does_not_start():
    programs, [gap] = read("[program:a]\ncommand=x")
    assert [p.name for p in programs] == ["a"]
    assert "[supervisord]" in gap.what


def test_a_program_started_where_its_answer_is_kept():
    text = "[program:main]\ncommand=/main.sh\n[program:a]\ncommand=x\nautostart=false\n"
    script = '#!/bin/bash\nup() { local R; R=$(supervisorctl start "$1" 2>&1); }\nfor D in a; do up "$D"; done\n'
    programs, gaps = read(HEAD + text, files={"/main.sh": script})
    assert [(p.name, p.off) for p in programs] == [("main", ""), ("a", "")]
    assert not gaps


def test_a_script_of_its_name_is_the_shells():
    image = image_of({"/app/docker/supervisord": "#!/bin/bash\nexec /usr/bin/supervisord -c /x\n"}, workdir="/app",
                     executable=("/app/docker/supervisord",))  # fmt: skip
    assert expand("supervisord", "./docker/supervisord", image) is None
    [child], _ = expand("shell", "./docker/supervisord", image)
    assert str(child.command) == "/usr/bin/supervisord -c /x"


def test_a_starter_that_goes_on_as_another_user():
    text = "[program:main]\ncommand=main.sh\n[program:a]\ncommand=x\nautostart=false\n"
    script = "#!/bin/bash\nif [ `whoami` != 'app' ]; then exec gosu app main.sh; fi\nsupervisorctl start all\n"
    image = image_of({CONF: HEAD + text, "/usr/local/bin/main.sh": script}, executable=("/usr/local/bin/main.sh",))
    programs, _ = expand("supervisord", ("supervisord", "-n", "-c", CONF), image)
    assert [(p.name, p.off) for p in programs] == [("main", ""), ("a", "")]
