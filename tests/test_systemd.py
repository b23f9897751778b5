"""systemd: which units start, in which order, and what a unit says of its process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import expand, image_of

from splitter.inspection.discovery import discover
from splitter.managers import managers
from splitter.managers._unit_values import commands, cron_of, expanded, seconds, specified, split
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Config, Image, MemoryTree, Node, text_node

OWN, PACKAGES = "/etc/systemd/system", "/lib/systemd/system"


def unit(exec_start="/usr/bin/app", *lines, wanted="multi-user.target", head=""):
    body = "\n".join(lines)
    return f"[Unit]\n{head}\n[Service]\nExecStart={exec_start}\n{body}\n[Install]\nWantedBy={wanted}\n"


def image_with(files, enabled=(), masked=(), target="multi-user.target", **more):
    nodes = {p: text_node(t) for p, t in files.items()}
    for name in enabled:
        path = next((f"{f}/{name}" for f in (OWN, PACKAGES) if f"{f}/{name}" in files), f"{OWN}/{name}")
        kind = "timers.target" if name.endswith(".timer") else target
        nodes[f"{OWN}/{kind}.wants/{name}"] = Node("link", target=path)
    nodes |= {f"{OWN}/{name}": Node("link", target="/dev/null") for name in masked}
    return Image("example/test", Config(**more), MemoryTree(nodes))


def boot(files, enabled=("app.service",), argv="/sbin/init", **more):
    image = image_with(files, enabled, cmd=tuple(argv.split()), **more)
    facts = discover(image, {"systemd": managers()["systemd"]})
    return list(facts.processes), list(facts.gaps)


def one(*lines, exec_start="/usr/bin/app", **more):
    found, gaps = boot({f"{OWN}/app.service": unit(exec_start, *lines)}, **more)
    assert gaps == []
    return found[-1]


def test_what_the_default_target_wants_starts():
    files = {
        f"{OWN}/app.service": unit(head="After=db.service network.target\nWants=db.service"),
        f"{PACKAGES}/db.service": unit("/usr/bin/db"),
        f"{PACKAGES}/nginx.service": unit("/usr/sbin/nginx", "Type=forking"),
        f"{PACKAGES}/idle.service": unit("/usr/bin/idle"),
        f"{PACKAGES}/systemd-logind.service": unit("/lib/systemd/systemd-logind"),
    }
    found, gaps = boot(files, ("app.service", "nginx.service", "systemd-logind.service"))
    assert gaps == []
    assert [(p.name, p.command.argv[0], p.after) for p in found] == [
        ("db", "/usr/bin/db", ()),
        ("app", "/usr/bin/app", ("db",)),
        ("nginx", "nginx", ()),
    ]
    assert str(found[1].evidence) == f"{OWN}/app.service:5"


def test_a_default_target_may_be_chosen():
    image = image_with({f"{OWN}/app.service": unit()}, ("app.service",), target="web.target")
    image.tree.put(f"{OWN}/default.target", Node("link", target="/lib/systemd/system/web.target"))
    assert [p.name for p in expand("systemd", "/lib/systemd/systemd", image)[0]] == ["app"]


@pytest.mark.parametrize(
    "argv", ["systemd", "/usr/sbin/init", "init", "/usr/bin/systemd --system", "/usr/bin/systemctl"]
)
def test_how_it_is_called(argv):
    found, _ = boot({f"{OWN}/app.service": unit()}, argv=argv)
    assert [p.name for p in found] == ["app"]


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        ("systemctl start app", ["app"]),
        ("systemctl --now enable app.service", ["app"]),
        ("systemctl restart worker@two", ["worker@two"]),
        ("systemctl stop app", []),
        ("systemctl daemon-reload", []),
    ],
)
def test_systemctl(argv, names):
    files = {f"{OWN}/app.service": unit(), f"{OWN}/worker@.service": unit("/usr/bin/worker %i")}
    found, gaps = boot(files, (), argv=argv)
    assert ([p.name for p in found], gaps) == (names, [])


def test_other_inits_are_a_gap():
    found, [gap] = expand("systemd", "/sbin/init", image_of({"/etc/inittab": "::respawn:/usr/bin/app\n"}))
    assert (found, "not systemd" in gap.what) == ([], True)
    tree = MemoryTree({"/sbin/init": Node("link", target="/bin/busybox"), "/bin/busybox": text_node("x")})
    found, [gap] = expand("systemd", "/sbin/init", Image("x", Config(), tree))
    assert (found, "/bin/busybox" in gap.what) == ([], True)
    assert expand("systemd", "/init", image_of()) is None
    assert expand("systemd", "/app/init", image_of()) is None


def test_drop_ins_and_what_stands_before():
    files = {
        f"{PACKAGES}/app.service": unit("/usr/bin/old"),
        f"{PACKAGES}/app.service.d/10-a.conf": "[Service]\nEnvironment=A=1\nUser=old\n",
        f"{OWN}/app.service.d/10-a.conf": "[Service]\nEnvironment=A=2\n",
        f"{OWN}/app.service.d/20-b.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/new $A\n",
    }
    [app], gaps = boot(files)
    assert (app.command.argv, app.env, app.user, gaps) == (("/usr/bin/new", "2"), {"A": "2"}, "", [])
    assert str(app.evidence) == f"{OWN}/app.service.d/20-b.conf:3"


def test_a_masked_unit_does_not_start():
    found, [gap] = boot({f"{PACKAGES}/app.service": unit()}, masked=("app.service",))
    assert (found, "finds nothing" in gap.what) == ([], True)


def test_templates():
    text = unit("/usr/bin/worker --queue %i --name %n", "WorkingDirectory=/srv/%p")
    found, gaps = boot({f"{OWN}/worker@.service": text}, ("worker@mail.service", "worker@jobs.service"))
    assert gaps == []
    assert [(p.name, p.command.argv[1:], p.workdir) for p in found] == [
        ("worker@jobs", ("--queue", "jobs", "--name", "worker@jobs.service"), "/srv/worker"),
        ("worker@mail", ("--queue", "mail", "--name", "worker@mail.service"), "/srv/worker"),
    ]


def test_what_a_unit_says_of_its_process():
    app = one(
        "User=app", "Group=www", "WorkingDirectory=/srv/app", 'Environment=A=1 "B=two words" C="d e"',
        "Restart=on-abnormal", "KillSignal=SIGQUIT", "TimeoutStopSec=1min 30s",
        "StandardOutput=append:/var/log/app.log", "StandardError=inherit", "LimitNOFILE=65536", "Type=notify",
    )  # fmt: skip
    assert (app.user, app.workdir, app.env) == ("app:www", "/srv/app", {"A": "1", "B": "two words", "C": "d e"})
    assert (app.restart, app.stop_signal, app.stop_timeout) == ("on-failure", "SIGQUIT", 90.0)
    assert app.logs == ("/var/log/app.log",)
    assert app.notes == (
        "systemd hides the container's environment from it", "tells systemd that it is ready", "LimitNOFILE=65536"
    )  # fmt: skip


def test_the_signal_for_systemd_itself_is_not_for_its_services():
    image = image_with({f"{OWN}/app.service": unit()}, ("app.service",))
    [app], _ = expand("systemd", "/sbin/init", image, stop_signal="SIGRTMIN+3")
    assert app.stop_signal == "SIGTERM"


def test_files_of_variables():
    files = {
        f"{OWN}/app.service": unit("/a ${P}x $ARGS $NO", "EnvironmentFile=/etc/default/app", "EnvironmentFile=-/no"),
        "/etc/default/app": "P=80\nARGS=\"-a 'b c'\"\n",
    }
    [app], gaps = boot(files)
    assert (app.command.argv, gaps) == (("/a", "80x", "-a", "b c"), [])
    del files["/etc/default/app"]
    _, [gap] = boot(files)
    assert str(gap.evidence) == f"{OWN}/app.service:5"


BOTH = ("app.service", "other.service")


def test_what_runs_before_is_a_job_of_that_unit():
    text = unit("/usr/bin/app", "ExecStartPre=-/bin/rm -f /x", "ExecStartPre=+/usr/bin/migrate", "User=app",
                "RuntimeDirectory=app", "RuntimeDirectoryMode=0750")  # fmt: skip
    found, gaps = boot({f"{OWN}/app.service": text, f"{OWN}/other.service": unit("/usr/bin/other")}, BOTH)
    assert gaps == []
    assert [p.scope for p in found] == [("init", "systemd/app")] * 4 + [("init",)]
    assert [(p.name, p.lifetime, str(p.command), p.user) for p in found[:4]] == [
        ("app-runtime", "job", "install -d -m 0750 -o app -g app /run/app", "root"),
        ("app-pre", "job", "/bin/rm -f /x", "app"),
        ("app-pre-2", "job", "/usr/bin/migrate", "root"),
        ("app", "service", "/usr/bin/app", "app"),
    ]


def test_a_oneshot_is_a_job_with_all_its_lines():
    text = unit("/usr/bin/one", "ExecStart=/usr/bin/two --x", "Type=oneshot", "RemainAfterExit=yes")
    found, _ = boot({f"{OWN}/app.service": text})
    assert [(str(p.command), p.lifetime) for p in found] == [("/usr/bin/one", "job"), ("/usr/bin/two --x", "job")]


def test_a_unit_that_only_stands_for_others():
    files = {f"{PACKAGES}/postgresql.service": unit("/bin/true", "Type=oneshot")}
    [db], gaps = boot(files, ("postgresql.service",))
    assert (db.name, db.command.argv, db.lifetime, gaps) == ("postgresql", ("postgres",), "service", [])


@pytest.mark.parametrize(
    ("lines", "schedule"),
    [
        (["OnCalendar=daily"], "0 0 * * *"),
        (["OnCalendar=*-*-* 03:15:00"], "15 3 * * *"),
        (["OnCalendar=2030-01-01"], "OnCalendar=2030-01-01"),
        (["OnBootSec=1min", "OnUnitActiveSec=15min"], "@every 15min"),
    ],
)
def test_timers(lines, schedule):
    files = {
        f"{OWN}/report.timer": "[Timer]\n" + "\n".join(lines) + "\n[Install]\nWantedBy=timers.target\n",
        f"{OWN}/report.service": unit("/usr/bin/report", "Type=oneshot", "User=app"),
    }
    [report], gaps = boot(files, ("report.timer",))
    assert gaps == []
    assert (report.name, report.lifetime, report.schedule, report.user) == ("report", "scheduled", schedule, "app")


def test_a_socket_is_said_to_be_one():
    files = {f"{OWN}/app.socket": "[Socket]\nListenStream=80\n", f"{OWN}/app.service": unit()}
    [app], [gap] = boot(files, ("app.socket",))
    assert (app.name, gap.evidence.path) == ("app", f"{OWN}/app.socket")


def test_units_that_may_have_been_enabled():
    tree = MemoryTree({f"{OWN}/app.service": text_node(unit())})
    image = Image("x", Config(), tree, unread=(Evidence("Dockerfile", 3),))
    [app], [gap] = expand("systemd", "/sbin/init", image)
    assert (app.name, "taken as enabled" in gap.what) == ("app", True)
    found, _ = expand("systemd", "/sbin/init", Image("x", Config(), tree))
    assert found == []


def test_a_unit_that_is_not_at_hand():
    found, [gap] = boot({}, ("app.service",))
    assert (found, gap.evidence.path) == ([], f"{OWN}/multi-user.target.wants/app.service")
    [cron], gaps = boot({}, ("cron.service",))
    assert (cron.command.argv, gaps) == (("cron", "-f"), [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
        ('A="b c" x', ["A=b c", "x"]),
        (r"a\x20b\n\t \134", ["a b\n\t", "\\"]),
        (r"\d", ["\\d"]),
        ("''", [""]),
        ("'a", None),
    ],
)
def test_words(text, words):
    assert split(text) == words


def test_command_lines():
    assert commands("-@/bin/a b c ; +/bin/d") == [("-@", ["/bin/a", "c"]), ("+", ["/bin/d"])]
    assert commands('/bin/a "b') is None
    values = {"A": "1 2", "B": ""}
    assert expanded(["$A", "${A}", "x$A", "$$A", "$B", "a${C}"], lambda n: values.get(n, "")) == [
        "1", "2", "1 2", "x$A", "$A", "a"
    ]  # fmt: skip
    assert specified("%i-%%-%z%", {"i": "x", "%": "%"}) == "x-%-%z%"


@pytest.mark.parametrize(
    ("text", "value"),
    [("90", 90.0), ("1min 30s", 90.0), ("2h", 7200.0), ("500ms", 0.5), ("infinity", None), ("x", None), ("", None)],
)
def test_time_spans(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("calendar", "cron"),
    [
        ("hourly", "0 * * * *"),
        ("*-*-* 4:05", "5 4 * * *"),
        ("*:0/15", "*/15 * * * *"),
        ("Mon..Fri 09:30", "30 9 * * 1-5"),
        ("Sat,Sun *-*-* 00:00:00", "0 0 * * 6,0"),
        ("*-*-01 00:00:00", "0 0 1 * *"),
        ("*-01,07-01 06:00", "0 6 1 1,7 *"),
        ("*-*-* *:*:00", "* * * * *"),
        ("Mon *-*-1..7 00:00", ""),
        ("*-*-* 00:00:30", ""),
        ("2030-01-01 00:00", ""),
        ("nonsense", ""),
        ("", "0 0 * * *"),
    ],
)
def test_calendars(calendar, cron):
    assert cron_of(calendar) == cron


settings = st.sampled_from([
    "[Service]", "[Unit]", "[Timer]", "ExecStart=", "ExecStart=/bin/a $A ${B}", "ExecStart='", "Type=forking",
    "Type=oneshot", "User=x", "Environment=A='b", "EnvironmentFile=/x", "TimeoutStopSec=9999999999d",
    "After=app.service", "Wants=app.timer", "OnCalendar=Mon *-*-* */2:00", "RuntimeDirectory=../x",
    "KillSignal=99", "Restart=maybe", "noise", "\\", "# c",
])  # fmt: skip


@given(st.lists(st.one_of(settings, st.text(max_size=20)), max_size=12), st.lists(settings, max_size=6))
def test_any_unit_is_read(service, timer):
    files = {
        f"{OWN}/app.service": "[Service]\n" + "\n".join(service),
        f"{OWN}/app.timer": "[Timer]\n" + "\n".join(timer),
    }
    found, gaps = boot(files, ("app.service", "app.timer"))
    assert all(isinstance(p, Process) and isinstance(p.command, Command) and p.command.argv for p in found)
    assert all(isinstance(g, Gap) for g in gaps)


@given(st.text(max_size=30))
def test_any_value_is_read(text):
    split(text), commands(text), seconds(text), cron_of(text), specified(text, {"i": "x"})
