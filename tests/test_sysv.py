"""Init scripts and the tools that start daemons: which program is meant, who runs it and where."""

import pytest
from managing import expand, image_of

LSB = """#!/bin/sh
### BEGIN INIT INFO
# Provides: app
### END INIT INFO
NAME=app
DAEMON=/opt/app/bin/$NAME
DAEMON_OPTS="--port 8080"
[ -r /etc/default/$NAME ] && . /etc/default/$NAME
. /lib/lsb/init-functions
do_start() {
  start-stop-daemon --start --quiet --pidfile /run/$NAME.pid --exec $DAEMON --test > /dev/null || return 1
  start-stop-daemon --start --quiet --pidfile /run/$NAME.pid --chuid $NAME:www --chdir /opt/app \\
    --background --make-pidfile --exec $DAEMON -- $DAEMON_OPTS
}
case "$1" in
  start) log_daemon_msg "Starting"; do_start ;;
  stop) start-stop-daemon --stop --pidfile /run/$NAME.pid ;;
  *) echo usage; exit 3 ;;
esac
"""
OPENRC = """#!/sbin/openrc-run
name="Example"
command=/usr/bin/app
command_args="--config '/etc/my app.conf' ${APP_OPTS}"
command_user=app:app
command_background=true
directory=/srv/app
output_log=/var/log/app.log
error_log=/var/log/app.log
depend() {
  need net
}
"""


def start(argv, files=None, **more):
    return expand("sysv", argv, image_of(files, **more))


@pytest.mark.parametrize(
    "argv",
    [
        "service app start",
        "/usr/sbin/service app restart",
        "/etc/init.d/app start",
        "/etc/init.d/app restart",
        "invoke-rc.d --quiet app start",
        "rc-service -q app start",
        "service --full-restart app",
    ],
)
def test_an_init_script_is_read(argv):
    [app], gaps = start(argv, {"/etc/init.d/app": LSB})
    assert gaps == []
    assert (app.name, app.command.argv) == ("app", ("/opt/app/bin/app", "--port", "8080"))
    assert (app.user, app.workdir, str(app.evidence)) == ("app:www", "/opt/app", "/etc/init.d/app:12")


def test_its_defaults_file_counts():
    [app], _ = start("service app start", {"/etc/init.d/app": LSB, "/etc/default/app": 'DAEMON_OPTS="-p 1 -v"'})
    assert app.command.argv == ("/opt/app/bin/app", "-p", "1", "-v")


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("nginx", ("nginx", "-g", "daemon off;")),
        ("cron", ("cron", "-f")),
        ("php8.2-fpm", ("php-fpm8.2", "-F")),
        ("ssh", ("/usr/sbin/sshd", "-D", "-e")),
    ],
)
def test_a_known_daemon_is_taken_in_the_foreground(name, argv):
    [one], gaps = start(f"service {name} start")
    assert gaps == []
    assert (one.name, one.command.argv) == (name.replace("8.2", ""), argv)
    assert one.notes[0] == "taken in its known foreground form"


def test_who_runs_a_known_daemon_is_in_its_script():
    script = LSB.replace("NAME=app", "NAME=redis")
    [one], _ = start("service redis-server start", {"/etc/init.d/redis-server": script})
    assert (one.command.argv[0], one.user) == ("redis-server", "redis:www")


def test_openrc_scripts_say_it_in_variables():
    files = {"/etc/init.d/app": OPENRC, "/etc/conf.d/app": 'APP_OPTS="-v"'}
    [app], gaps = start("rc-service app start", files)
    assert gaps == []
    assert app.command.argv == ("/usr/bin/app", "--config", "/etc/my app.conf", "-v")
    assert (app.user, app.workdir, app.logs) == ("app:app", "/srv/app", ("/var/log/app.log",))
    assert str(app.evidence) == "/etc/init.d/app:3"


def test_openrc_scripts_may_have_a_start_function():
    text = "#!/sbin/openrc-run\nstart() {\n  start-stop-daemon --start -u app --exec /usr/bin/app -- -d\n}\n"
    [app], _ = start("rc-service app start", {"/etc/init.d/app": text, "/sbin/openrc-run": ""})
    assert (app.command.argv, app.user, app.evidence.line) == (("/usr/bin/app", "-d"), "app", 3)


def test_openrc_starts_its_runlevels():
    files = {"/etc/init.d/app": OPENRC, "/etc/runlevels/default/app": "", "/etc/runlevels/boot/hostname": ""}
    found, gaps = start("openrc default", {**files, "/etc/runlevels/default/nginx": ""})
    assert (sorted(p.name for p in found), gaps) == (["app", "nginx"], [])
    _, [gap] = start("openrc")
    assert gap.evidence.path == "/etc/runlevels/default"


@pytest.mark.parametrize(
    ("text", "argv", "user"),
    [
        pytest.param("daemon --user=app /usr/bin/app -x", ("/usr/bin/app", "-x"), "app", id="Red Hat's function"),
        pytest.param("start_daemon -p /run/x /usr/bin/app", ("/usr/bin/app",), "", id="the LSB's function"),
        pytest.param("/usr/bin/app --serve &", ("/usr/bin/app", "--serve"), "", id="in the background"),
        pytest.param("gunicorn -D app:app", ("gunicorn", "-D", "app:app"), "", id="a program that is known"),
        pytest.param('su - app -c "puma -d"', ("su", "-", "app", "-c", "puma -d"), "", id="as another user"),
    ],
)
def test_other_ways_to_start_a_daemon(text, argv, user):
    script = f'#!/bin/bash\n. /etc/rc.d/init.d/functions\ncase "$1" in start)\n{text}\n;; esac\n'
    [app], gaps = start("service app start", {"/etc/rc.d/init.d/app": script})
    assert gaps == []
    assert (app.command.argv, app.user, str(app.evidence)) == (argv, user, "/etc/rc.d/init.d/app:4")


@pytest.mark.parametrize(
    ("argv", "words", "user", "workdir", "logs"),
    [
        pytest.param("start-stop-daemon --start -c app:www -d /srv -bmp /run/x --exec /usr/bin/app -- -a b",
                     "/usr/bin/app -a b", "app:www", "/srv", (), id="short and long"),
        pytest.param("start-stop-daemon -S -x /usr/bin/python3 --startas /usr/bin/env -- app.py", "/usr/bin/env app.py",
                     "", "", (), id="what is started is not what is looked for"),
        pytest.param("start-stop-daemon --start --chuid app --group www --exec /a --output /var/log/a -e X=1 --env Y=2",
                     "/a", "app:www", "", ("/var/log/a",), id="a group, a log and variables"),
        pytest.param("daemonize -u app -c /srv -o /var/log/o -e /var/log/e -p /run/p /usr/bin/app -v",
                     "/usr/bin/app -v", "app", "/srv", ("/var/log/o", "/var/log/e"), id="daemonize"),
        pytest.param("daemon --name=app -u app.www -D /srv --respawn -- /usr/bin/app -v", "/usr/bin/app -v", "app:www",
                     "/srv", (), id="daemon"),
    ],
)  # fmt: skip
def test_tools(argv, words, user, workdir, logs):
    [app], gaps = start(argv)
    assert gaps == []
    assert (" ".join(app.command.argv), app.user, app.workdir, app.logs) == (words, user, workdir, logs)


def test_variables_of_a_tool():
    [app], _ = start("start-stop-daemon --start --exec /a -e X=1 --env Y=2")
    assert app.env == {"X": "1", "Y": "2"}


@pytest.mark.parametrize(
    "argv",
    [
        *(
            "service",
            "service --status-all",
            "service app",
            "/etc/init.d/app",
            "/srv/app start",
            "start-stop-daemon --stop",
        ),
        *("start-stop-daemon --start --test --exec /a", "daemon --stop --name x", "daemonize"),
    ],
)
def test_other_commands_are_not_claimed(argv):
    assert start(argv, {"/etc/init.d/app": LSB}) is None


def test_what_only_speaks_to_a_daemon_starts_nothing():
    assert start("service app stop") == ([], [])
    assert start("/etc/init.d/app status") == ([], [])


def test_what_cannot_be_told_is_a_gap():
    found, [gap] = start("service app start")
    assert (found, gap.evidence.path) == ([], "/etc/init.d/app")
    found, [gap] = start("service app start", {"/etc/init.d/app": "#!/bin/sh\necho hello\n"})
    assert (found, "cannot be told" in gap.what) == ([], True)


@pytest.mark.parametrize(
    ("argv", "files", "claimed"),
    [
        pytest.param("/sbin/init", {}, True, id="the init of Alpine"),
        pytest.param("busybox init", {}, True, id="busybox by its name"),
        pytest.param("/sbin/init", {"/etc/inittab": "::wait:/sbin/openrc default\n"}, True, id="its table says so"),
        pytest.param("/sbin/init", {"/etc/inittab": "::wait:/etc/rc\n"}, False, id="its table says otherwise"),
        pytest.param("/sbin/init", {"/etc/systemd/system/a.service": ""}, False, id="systemd's units"),
        pytest.param("/app/init", {}, False, id="a program of the application"),
    ],
)
def test_the_init_that_starts_openrc(argv, files, claimed):
    image = image_of({"/etc/runlevels/default/dropbear": "", **files})
    got = expand("sysv", argv, image)
    assert (got is not None) is claimed
    if claimed:
        assert [p.command.argv for p in got[0]] == [("dropbear", "-F", "-E")]
