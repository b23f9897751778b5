"""runit: which folders become services, and what the files beside `run` say of them."""

import pytest
from managing import expand, image_of, process_of

from splitter.managers import runit
from splitter.model.facts import Gap, Process
from splitter.model.image import Config, Image, MemoryTree, Node, text_node

RUN = "#!/bin/sh\nexec app\n"


def start(files, argv="runsvdir -P /etc/service", *, base="", links=None, plain=(), unread=(), **more):
    """What a folder of services starts; every file of `files` is executable but those of `plain`."""
    tree = MemoryTree({p: text_node(t, 0o644 if p in plain else 0o755) for p, t in files.items()})
    for path, target in (links or {}).items():
        tree.put(path, Node("link", 0o777, target=target))
    image = Image("example/test", Config(), tree, base=base, unread=unread)
    got = runit.expand(process_of(argv, **more), image)
    return [p for p in got if isinstance(p, Process)], [g for g in got if isinstance(g, Gap)]


def test_a_service_runs_from_inside_its_folder():
    services, gaps = start({"/etc/service/web/run": RUN, "/etc/service/.git/run": RUN, "/etc/service/notes": "x"})
    [web] = services
    assert (web.name, web.command.argv, web.workdir) == ("web", ("/etc/service/web/run",), "/etc/service/web")
    assert (str(web.evidence), web.lifetime, web.restart, web.off) == ("/etc/service/web/run", "service", "always", "")
    assert gaps == []


@pytest.mark.parametrize(
    "argv",
    [
        "runsvdir /etc/service", "/usr/bin/runsvdir -P /etc/service log:...........", "runsvdir -- /etc/service",
        "busybox runsvdir /etc/service", "runsvdir-start", "/sbin/runit-docker", "runsv /etc/service/web",
    ],
)  # fmt: skip
def test_ways_to_start_it(argv):
    services, _ = start({"/etc/service/web/run": RUN}, argv)
    assert [s.name for s in services] == ["web"]


@pytest.mark.parametrize("argv", ["runsvdir", "runit-init 0", "sv start web", "sh -c runsvdir", "runsv", ""])
def test_other_commands(argv):
    assert expand("runit", argv, image_of({"/etc/service/web/run": RUN})) is None


def test_a_starter_that_is_a_script_of_the_image_is_read_by_others():
    assert expand("runit", "/sbin/runit-docker", image_of({"/sbin/runit-docker": RUN})) is None


def test_runsvdir_start_is_asked_for_its_folder():
    script = "#!/bin/sh\nPATH=/bin\nexec env - PATH=\"$PATH\" runsvdir -P /srv/sv 'log: ....'\n"
    services, _ = start({"/usr/sbin/runsvdir-start": script, "/srv/sv/web/run": RUN}, "/usr/sbin/runsvdir-start")
    assert [(s.name, s.notes) for s in services] == [
        ("web", ("runsvdir-start hides the container's environment from it",))
    ]


def test_relative_folders():
    services, _ = start({"/srv/sv/web/run": RUN}, "runsvdir sv", workdir="/srv")
    assert services[0].command.argv == ("/srv/sv/web/run",)
    _, gaps = start({}, "runsvdir $SVDIR")
    assert gaps[0].what == "runsvdir $SVDIR: which folder that is shows only when it runs"


def test_links_are_followed_and_counted_once():
    services, gaps = start(
        {"/etc/sv/web/run": RUN, "/etc/sv/decoy/run": RUN},
        links={
            "/etc/service": "runit/runsvdir/current", "/etc/runit/runsvdir/current": "default",
            "/etc/runit/runsvdir/default/web": "/etc/sv/web", "/etc/runit/runsvdir/default/web2": "/etc/sv/web",
            "/etc/runit/runsvdir/default/gone": "/etc/sv/gone", "/etc/runit/runsvdir/default/loop": "loop",
        },
    )  # fmt: skip
    assert [(s.name, s.command.argv[0], s.workdir) for s in services] == [
        ("web", "/etc/service/web/run", "/etc/sv/web")
    ]
    assert [g.what for g in gaps] == ["leads to /etc/sv/gone, which is not in the image", "a loop of links"]


def test_debians_folder_behind_a_link_that_is_not_at_hand():
    services, gaps = start({"/etc/runit/runsvdir/default/web/run": RUN}, base="debian:12")
    assert services[0].command.argv == ("/etc/runit/runsvdir/default/web/run",)
    assert "as Debian's package makes it" in gaps[0].what


def test_a_down_file():
    services, _ = start({"/etc/service/sshd/run": RUN, "/etc/service/sshd/down": ""})
    assert services[0].off == "down file; sv start sshd"


def test_a_logger_is_a_process_of_its_own():
    services, _ = start({"/etc/service/web/run": RUN, "/etc/service/web/log/run": "#!/bin/sh\nexec svlogd -tt .\n"})
    assert [(s.name, s.workdir, s.notes) for s in services] == [
        ("web", "/etc/service/web", ()),
        ("web-log", "/etc/service/web/log", ("a logger of web",)),
    ]
    assert str(services[1].evidence) == "/etc/service/web/log/run"


def test_finish_and_check():
    services, _ = start(
        {
            "/etc/service/web/run": RUN,
            "/etc/service/web/finish": "#!/bin/sh\nrm -f pid\n",
            "/etc/service/web/check": RUN,
        }
    )
    assert services[0].notes == (
        "/etc/service/web/finish runs each time it has ended", "/etc/service/web/check says whether it is up",
    )  # fmt: skip
    assert services[0].restart == "always"


def test_a_finish_that_takes_it_down():
    services, _ = start({"/etc/service/once/run": RUN, "/etc/service/once/finish": "#!/bin/sh\nsv down .\n"})
    assert services[0].restart == "no"
    conditional = '#!/bin/sh\nif [ "$1" = 3 ]; then sv down .; fi\n'
    services, _ = start({"/etc/service/once/run": RUN, "/etc/service/once/finish": conditional})
    assert services[0].restart == "always"


@pytest.mark.parametrize(
    ("script", "signal"),
    [
        pytest.param("kill -QUIT $(cat supervise/pid)", "SIGQUIT", id="kill by name"),
        pytest.param("exec kill -s INT $PID", "SIGINT", id="kill -s"),
        pytest.param("kill -3 1", "SIGQUIT", id="kill by number"),
        pytest.param("sv quit .", "SIGQUIT", id="sv quit"),
        pytest.param("sv -w 3 hup /etc/service/web", "SIGHUP", id="sv hup"),
    ],
)
def test_what_runs_instead_of_term(script, signal):
    services, _ = start({"/etc/service/web/run": RUN, "/etc/service/web/control/t": f"#!/bin/sh\n{script}\n"})
    assert services[0].stop_signal == signal
    assert services[0].notes == ()


def test_other_controls_are_said():
    services, _ = start({"/etc/service/web/run": RUN, "/etc/service/web/control/t": "#!/bin/sh\nwebctl stop\n",
                         "/etc/service/web/control/d": RUN})  # fmt: skip
    assert services[0].notes == (
        "/etc/service/web/control/d runs instead of the command d",
        "/etc/service/web/control/t runs instead of SIGTERM",
    )


def test_sv_start_is_an_order():
    services, gaps = start(
        {
            "/etc/service/web/run": "#!/bin/sh\nsv -w 9 start redis || exit 1\nsv check /etc/service/db\nexec web\n",
            "/etc/service/redis/run": RUN, "/etc/service/db/run": RUN, "/etc/service/db/down": "",
            "/etc/service/x/run": "#!/bin/sh\nsv start gone\nexec x\n",
        }
    )  # fmt: skip
    after = {s.name: (s.after, s.off) for s in services}
    assert after["web"] == (("redis", "db"), "")
    assert after["db"] == ((), "down file; sv start db")
    assert [str(g.evidence) for g in gaps] == ["/etc/service/x/run:2"]


def test_a_service_that_is_down_is_started_by_one_that_runs():
    files = {"/etc/service/late/run": RUN, "/etc/service/late/down": ""}
    services, _ = start({**files, "/etc/service/web/run": "#!/bin/sh\nsv start late\nexec web\n"})
    late = next(s for s in services if s.name == "late")
    assert (late.off, late.notes) == ("", ("started by web (/etc/service/web/run:2)",))
    services, _ = start({**files, "/etc/service/web/run": RUN, "/etc/service/web/down": ""})
    assert all(s.off for s in services)


def test_run_files_that_cannot_be_started():
    services, gaps = start(
        {
            "/etc/service/a/run": RUN,
            "/etc/service/b/down": "",
            "/etc/service/c/log/run": RUN,
            "/etc/service/d/run/x": "",
        },
        plain=("/etc/service/a/run",),
    )
    assert services == []
    assert [(g.evidence.path, g.what) for g in gaps] == [
        ("/etc/service/a/run", "runsv cannot start a: its run file is not executable"),
        ("/etc/service/b/run", "runsv cannot start b: it has no run file"),
        ("/etc/service/c/run", "runsv cannot start c: it has no run file"),
        ("/etc/service/d/run", "runsv cannot start d: it has no run file"),
    ]


def test_a_mode_that_a_step_not_read_may_change_is_a_gap_and_a_service():
    services, gaps = start({"/etc/service/a/run": RUN}, plain=("/etc/service/a/run",), base="debian:12")
    assert [s.name for s in services] == ["a"]
    assert len(gaps) == 1


def test_a_binary_is_a_run_file_too():
    tree = MemoryTree({"/etc/service/a/run": Node("file", 0o755, size=4, data=lambda: b"\x7fELF\0")})
    got = runit.expand(process_of("runsvdir /etc/service"), Image("x", Config(), tree))
    assert [p.name for p in got] == ["a"]


def test_no_folder_and_an_empty_folder():
    assert start({})[1][0].what == "runsvdir starts what stands in this folder"
    assert start({"/etc/service/.keep": ""})[1][0].what == "runsvdir finds no service in this folder"


def test_stages():
    services, gaps = start(
        {"/etc/runit/1": RUN, "/etc/runit/2": RUN, "/etc/runit/3": RUN, "/etc/service/a/run": RUN}, "/sbin/runit-init"
    )
    assert [(s.name, s.lifetime, s.command.argv) for s in services] == [
        ("stage-1", "job", ("/etc/runit/1",)), ("stage-2", "service", ("/etc/runit/2",)),
    ]  # fmt: skip
    assert [g.evidence.path for g in gaps] == ["/etc/runit/3"]
    services, gaps = start({"/etc/service/a/run": RUN}, "runit")
    assert [s.name for s in services] == ["a"]
    assert [g.evidence.path for g in gaps] == ["/etc/runit/1", "/etc/runit/2"]


def test_hundreds_of_services():
    services, gaps = start({f"/etc/service/s{n:04}/run": RUN for n in range(1001)})
    assert len(services) == 1000
    assert gaps[0].what == "runsvdir starts 1000 services at most"
