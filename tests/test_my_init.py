"""my_init: startup files, variables, runit and the main command, in the order in which they start."""

import pytest
from managing import expand, image_of, process_of

from splitter.catalogue import match
from splitter.inspection.discovery import discover
from splitter.managers import my_init
from splitter.model.facts import Gap, Process
from splitter.model.image import Config, Image, MemoryTree, text_node

DO = "#!/bin/sh\ntrue\n"
RUNSVDIR = ("/usr/bin/runsvdir", "-P", "/etc/service")


def boot(argv="/sbin/my_init", files=None, *, env=None, plain=(), **more):
    """What my_init starts; every file is executable but those of `plain`."""
    tree = MemoryTree({p: text_node(t, 0o644 if p in plain else 0o755) for p, t in (files or {}).items()})
    got = my_init.expand(process_of(argv, **more), Image("example/test", Config(env=env or {}), tree))
    return [p for p in got if isinstance(p, Process)], [g for g in got if isinstance(g, Gap)]


def test_startup_files_in_order_then_runit():
    found, gaps = boot(
        files={
            "/etc/my_init.d/20_migrate.sh": DO, "/etc/my_init.d/100_late": DO, "/etc/my_init.d/10_config.sh": DO,
            "/etc/my_init.d/lib/x.sh": DO, "/etc/rc.local": DO,
        }
    )  # fmt: skip
    assert [(p.name, p.command.argv, p.lifetime) for p in found] == [
        ("100_late", ("/etc/my_init.d/100_late",), "job"),
        ("10_config.sh", ("/etc/my_init.d/10_config.sh",), "job"),
        ("20_migrate.sh", ("/etc/my_init.d/20_migrate.sh",), "job"),
        ("rc.local", ("/etc/rc.local",), "job"),
        ("runit", RUNSVDIR, "service"),
    ]
    assert str(found[0].evidence) == "/etc/my_init.d/100_late"
    assert gaps == []


@pytest.mark.parametrize(
    ("argv", "commands"),
    [
        pytest.param("my_init --quiet", [("/etc/my_init.d/a",), RUNSVDIR], id="an option"),
        pytest.param("python3 -u /sbin/my_init", [("/etc/my_init.d/a",), RUNSVDIR], id="by its interpreter"),
        pytest.param("my_init --skip-startup-files", [RUNSVDIR], id="without startup files"),
        pytest.param("my_init --skip-start -- x", [RUNSVDIR, ("x",)], id="the beginning of an option"),
        pytest.param("my_init -- x -v", [("/etc/my_init.d/a",), RUNSVDIR, ("x", "-v")], id="a main command"),
        pytest.param("my_init x y", [("/etc/my_init.d/a",), RUNSVDIR, ("x", "y")], id="a main command without dashes"),
        pytest.param("my_init --skip-runit -- x --", [("/etc/my_init.d/a",), ("x", "--")], id="without runit"),
        pytest.param(
            "my_init --quiet --skip-startup-files --skip-runit --no-kill-all-on-exit -- x", [("x",)], id="all options"
        ),
    ],
)
def test_options(argv, commands):
    found, gaps = boot(argv, {"/etc/my_init.d/a": DO})
    assert [p.command.argv for p in found] == commands
    assert gaps == []


def test_command_lines_that_my_init_refuses():
    found, gaps = boot("my_init --skip-runit")
    assert (found, gaps[0].what) == ([], "my_init does not start: --skip-runit needs a command")
    found, gaps = boot("my_init app -v")
    assert found[-1].command.argv == ("app", "-v")
    assert gaps[0].what == "my_init does not know the option -v; a command with options stands after --"


def test_the_main_command_is_named_after_its_program():
    found, _ = boot(["/sbin/my_init", "--", "bundle", "exec", "puma"])
    assert found[-1].name == "puma"


def test_variables_from_files():
    files = {
        "/etc/container_environment/LANG": "C.UTF-8\n", "/etc/container_environment/TWO": "a\nb\n\n",
        "/etc/container_environment/EMPTY": "", "/etc/container_environment/OWN": "file",
        "/etc/my_init.d/a": DO,
    }  # fmt: skip
    found, _ = boot("my_init -- x", files, env={"OWN": "image"})
    for process in found:
        assert dict(process.env) == {"LANG": "C.UTF-8", "TWO": "a\nb\n", "EMPTY": ""}


def test_a_startup_file_sets_variables_for_what_comes_later():
    files = {
        "/etc/my_init.d/10": "#!/bin/sh\necho redis > /etc/container_environment/REDIS_HOST\n",
        "/etc/my_init.d/20": '#!/bin/bash\nprintf %s "$REDIS_HOST:1" > /etc/container_environment/URL\n',
        "/etc/my_init.d/30": "#!/bin/sh\ncurl -s http://x > /etc/container_environment/SECRET\n",
        "/etc/my_init.d/40": "#!/bin/sh\nif curl x; then echo 1 > /etc/container_environment/MAYBE; fi\n",
    }
    found, gaps = boot(files=files, env={"REDIS_HOST": "localhost"})
    assert [dict(p.env) for p in found] == [
        {}, {"REDIS_HOST": "redis"}, *[{"REDIS_HOST": "redis", "URL": "redis:1"}] * 3,
    ]  # fmt: skip
    assert [(str(g.evidence), g.what) for g in gaps] == [
        ("/etc/my_init.d/30:2", "sets SECRET for all that starts later, to what only running tells"),
        ("/etc/my_init.d/40:2", "sets MAYBE for all that starts later, to what only running tells"),
    ]


def test_what_a_startup_file_writes_is_there_for_the_services():
    found, _ = boot(files={"/etc/my_init.d/10": "#!/bin/sh\ntouch /etc/service/sshd/down\nrm -f /etc/service/x/down\n",
                           "/etc/service/x/down": ""})  # fmt: skip
    runit = found[-1]
    assert runit.files["/etc/service/x/down"] is None
    assert runit.files["/etc/service/sshd/down"] is not None
    assert found[0].files == {}


def test_files_that_are_passed_over():
    found, gaps = boot(
        files={"/etc/my_init.d/10.sh": DO, "/etc/rc.local": DO}, plain=("/etc/my_init.d/10.sh", "/etc/rc.local")
    )
    assert [p.name for p in found] == ["runit"]
    assert [(g.evidence.path, g.what) for g in gaps] == [
        ("/etc/my_init.d/10.sh", "my_init passes over it: it is not executable")
    ]


def test_what_runs_at_the_end_is_a_gap():
    _, gaps = boot(
        files={
            "/etc/my_init.pre_shutdown.d/10_drain": DO, "/etc/my_init.post_shutdown.d/99_bye": DO,
            "/etc/my_init.post_shutdown.d/10_syslog-ng.shutdown": DO, "/etc/my_init.pre_shutdown.d/README": "x",
        },
        plain=("/etc/my_init.pre_shutdown.d/README",),
    )  # fmt: skip
    assert [g.evidence.path for g in gaps] == [
        "/etc/my_init.pre_shutdown.d/10_drain", "/etc/my_init.post_shutdown.d/99_bye",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["00_regen_ssh_host_keys.sh", "10_syslog-ng.init"])
def test_what_the_base_brings_is_plumbing(name):
    assert match((f"/etc/my_init.d/{name}",)).role == "drop"


def test_a_shell_script_of_the_same_name_is_read_as_one():
    script = text_node("#!/bin/bash\n# like /etc/my_init.d\nexec runsvdir /srv/sv\n", 0o755)
    tree = MemoryTree({"/usr/local/bin/my_init": script, "/srv/sv/web/run": text_node("#!/bin/sh\nexec puma\n", 0o755)})
    facts = discover(Image("x", Config(cmd=("my_init",)), tree))
    assert [p.command.argv for p in facts.processes] == [("puma",)]


def test_plumbing_is_not_taken_apart():
    script = "#!/bin/sh\nset -e\n[ -e /etc/ssh/key ] || ssh-keygen -A\nsyslog-ng -F &\n"
    tree = MemoryTree({f"/etc/my_init.d/{n}": text_node(script, 0o755) for n in ("00_regen_ssh_host_keys.sh",
                                                                              "10_syslog-ng.init")})  # fmt: skip
    facts = discover(Image("x", Config(cmd=("/sbin/my_init", "--skip-runit", "--", "puma")), tree))
    assert [p.name for p in facts.processes] == ["00_regen_ssh_host_keys.sh", "10_syslog-ng.init", "puma"]


@pytest.mark.parametrize("argv", ["my_init --help", "init", "sh my_init", "python3 x.py", "python3", ""])
def test_other_commands(argv):
    assert expand("my_init", argv, image_of()) is None


def test_a_script_of_the_same_name_that_is_something_else():
    assert expand("my_init", "my_init", image_of({"/usr/local/bin/my_init": "#!/bin/bash\nrun-parts /etc/my_init.d\n"},
                                                 executable=("/usr/local/bin/my_init",))) is None  # fmt: skip
    python = '#!/usr/bin/python3 -u\nlistdir("/etc/my_init.d")\nspawn("{}")\n'
    assert expand("my_init", "/sbin/my_init", image_of({"/sbin/my_init": python.format("supervisord")})) is None
    assert expand("my_init", "/sbin/my_init", image_of({"/sbin/my_init": python.format("runsvdir")})) is not None
