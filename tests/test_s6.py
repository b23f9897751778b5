"""s6-svscan and s6-overlay: what is started, in which order, and how each is stopped."""

from dataclasses import replace

import pytest
from managing import expand, image_of

from splitter.inspection.discovery import discover
from splitter.managers._order import ordered
from splitter.model.facts import Evidence
from splitter.model.image import Config, Image, MemoryTree, text_node

SH = "#!/bin/sh\nexec {}\n"
RC = "/etc/s6-overlay/s6-rc.d"
HIDES = "s6-overlay hides the container's environment from it"


def runs(folder, *names):
    return {f"{folder}/{name}/run": SH.format(name) for name in names}


def longrun(name, *needs):
    return {f"{RC}/{name}/type": "longrun\n", f"{RC}/{name}/run": SH.format(name)} | {
        f"{RC}/{name}/dependencies.d/{need}": "" for need in needs
    }


def oneshot(name, up, *needs):
    return {f"{RC}/{name}/type": "oneshot\n", f"{RC}/{name}/up": up} | {
        f"{RC}/{name}/dependencies.d/{need}": "" for need in needs
    }


def bundle(name, *contents, root=RC):
    return {f"{root}/{name}/type": "bundle\n"} | {f"{root}/{name}/contents.d/{c}": "" for c in contents}


def start(files, argv="/init", **more):
    return expand("s6", argv, image_of(files, **more))


def named(found):
    return [p.name for p in found]


def test_svscan_starts_every_folder():
    files = {**runs("/etc/services.d", "web", "cron", ".s6-svscan"), "/etc/services.d/README": "x"}
    found, gaps = start(files, "s6-svscan -t0 /etc/services.d")
    assert gaps == []
    assert [(p.name, p.command.argv, p.restart, str(p.evidence), p.workdir) for p in found] == [
        ("cron", ("/etc/services.d/cron/run",), "always", "/etc/services.d/cron/run", "/etc/services.d/cron"),
        ("web", ("/etc/services.d/web/run",), "always", "/etc/services.d/web/run", "/etc/services.d/web"),
    ]


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        ("s6-svscan", ["a"]),
        ("/usr/bin/s6-svscan -c 100 -X 3 .", ["a"]),
        ("s6-svscan -t 5000 -- .sub", ["b"]),
        ("s6-supervise .sub/b", ["b"]),
        ("s6-svc -u /srv/a", []),
    ],
)
def test_how_it_is_called(argv, names):
    found, gaps = start({**runs("/srv", "a"), **runs("/srv/.sub", "b")}, argv, workdir="/srv")
    assert (named(found), gaps) == (names, [])


@pytest.mark.parametrize("argv", ["init", "/sbin/init", "/app/init", "s6-echo x", "nginx", "/init"])
def test_other_commands_are_not_claimed(argv):
    assert start({"/app/init": SH.format("x")}, argv) is None


def test_an_init_of_the_images_own_is_not_claimed():
    files = {"/init": "#!/bin/sh\nexec web\n", **runs("/etc/services.d", "web")}
    assert start(files) is None
    assert start({**files, "/init": "#!/bin/sh -e\nexec s6-overlay-suexec ' /package/admin/s6-overlay/x' ''\n"})
    assert start({**files, "/init": "#!/bin/execlineb -S0\n/etc/s6/init/init-stage1 $@\n"})


def test_what_tells_that_it_is_s6_overlay():
    assert start({}, base="lscr.io/linuxserver/baseimage-alpine:3.20") is not None
    assert start({}, base="debian:12") is None
    assert start({}, base="example/unknown") is None
    assert start({}, base="example/unknown", env={"S6_KEEP_ENV": "1"}) is not None


def test_files_beside_run():
    web = {
        "/s/web/run": SH.format("web"),
        "/s/web/notification-fd": "3\n",
        "/s/web/timeout-kill": "30000",
        "/s/web/down-signal": "QUIT\n",
        "/s/web/data/check": SH.format("true"),
        "/s/web/finish": "#!/bin/sh\ns6-svscanctl -t /s\n",
        "/s/web/log/run": SH.format("s6-log t /log"),
    }
    found, gaps = start({**web, **runs("/s", "off"), "/s/off/down": ""}, "s6-svscan /s")
    assert gaps == []
    off, main, logger = found
    assert (off.name, off.off) == ("off", "s6-svc -u /s/off (its folder has a file `down`)")
    assert (main.stop_signal, main.stop_timeout) == ("SIGQUIT", 30.0)
    assert main.notes == (
        "tells s6 on its file descriptor 3 that it is ready",
        "/s/web/data/check tells whether it is ready",
        "when it ends, /s/web/finish stops the whole container",
        "its output goes to web-log",
    )
    assert (logger.name, logger.command.argv, logger.notes) == ("web-log", ("/s/web/log/run",), ("a logger of web",))


@pytest.mark.parametrize(
    ("text", "signal"), [("SIGINT", "SIGINT"), ("hup", "SIGHUP"), ("15", "SIGTERM"), ("no", ""), ("", ""), ("9999", "")]
)
def test_down_signal(text, signal):
    [one], _ = start({"/s/a/run": SH.format("a"), "/s/a/down-signal": text}, "s6-svscan /s")
    assert one.stop_signal == signal


def test_the_signal_for_s6_itself_is_not_for_its_services():
    files = {**runs("/s", "a", "b"), "/s/b/down-signal": "INT"}
    found, _ = expand("s6", "s6-svscan /s", image_of(files), stop_signal="SIGQUIT")
    assert [p.stop_signal for p in found] == ["SIGTERM", "SIGINT"]


def test_what_is_missing_is_a_gap():
    found, [gap] = start({}, "s6-svscan /nowhere")
    assert (found, gap.evidence.path) == ([], "image config")
    found, [gap] = start({"/s/a/finish": "", **runs("/s", "b")}, "s6-svscan /s")
    assert (named(found), gap.evidence.path) == (["b"], "/s/a/run")
    _, [gap] = start({}, "s6-svscan $DIR")
    assert "only when it runs" in gap.what


def test_version_2_in_its_order():
    files = {
        "/etc/fix-attrs.d/01-data": "# a comment\n/data true app,1000:1000 0640 0750\n",
        "/etc/cont-init.d/20-b.sh": SH.format("b"),
        "/etc/cont-init.d/10-a.sh": SH.format("a"),
        "/etc/cont-finish.d/bye": SH.format("c"),
        **runs("/etc/services.d", "web", "worker"),
    }
    found, [finish] = start(files, "/init python3 -m app")
    assert [(p.name, p.lifetime) for p in found] == [
        ("fix-attrs", "job"),
        ("10-a.sh", "job"),
        ("20-b.sh", "job"),
        ("web", "service"),
        ("worker", "service"),
        ("app", "service"),
    ]
    assert found[0].command.argv == ("chown", "-R", "app", "/data")
    assert found[0].notes == ("files get the mode 0640, folders 0750",)
    assert found[-1].command.argv == ("python3", "-m", "app")
    assert finish.evidence.path == "/etc/cont-finish.d/bye"


def test_only_what_the_user_bundle_reaches_starts():
    files = {
        **bundle("user", "web", "more"),
        **bundle("more", "worker"),
        **longrun("web", "migrate", "base"),
        **oneshot("migrate", f"{RC}/migrate/run", "database"),
        **longrun("database"),
        **longrun("worker", "web"),
        **longrun("decoy"),
        **oneshot("unused", "x"),
    }
    found, gaps = start(files)
    assert gaps == []
    assert [(p.name, p.lifetime, p.after) for p in found] == [
        ("database", "service", ()),
        ("migrate", "job", ("database",)),
        ("web", "service", ("database",)),
        ("worker", "service", ("web",)),
    ]
    assert found[1].command.argv == ("execlineb", "-P", f"{RC}/migrate/up")


def test_bundles_of_newer_versions_stand_in_a_folder_of_their_own():
    files = {**longrun("web"), **longrun("late"), **bundle("user", "web", root="/etc/s6-overlay/user-bundles.d")}
    files |= bundle("user2", "late", root="/etc/s6-overlay/user-bundles.d")
    assert named(start(files)[0]) == ["late", "web"]
    moved = {**longrun("web"), **longrun("late"), **bundle("user", "late", root="/b")}
    assert named(start(moved, env={"S6_RUNTIME_BUNDLEDIR": "/b"})[0]) == ["late"]


def test_a_profile_has_folders_of_its_own():
    files = {**bundle("user", "web"), **longrun("web"), **runs("/etc/cont-profile.d/dev/services.d", "dev")}
    assert named(start(files)[0]) == ["web"]
    assert named(start(files, env={"S6_RUNTIME_PROFILE": "dev"})[0]) == ["dev"]


def test_old_files_of_names():
    files = {
        f"{RC}/user/type": "bundle",
        f"{RC}/user/contents": "web\n# not\n",
        **longrun("web"),
        f"{RC}/web/dependencies": "db\n",
        **longrun("db"),
    }
    assert named(start(files)[0]) == ["db", "web"]


@pytest.mark.parametrize(
    ("run", "notes"),
    [
        pytest.param("#!/bin/sh\nexec web\n", (HIDES,), id="nothing asks for it"),
        pytest.param("#!/command/with-contenv sh\nexec web\n", (), id="the script asks for it"),
        pytest.param("#!/command/execlineb -P\n/scripts/web\n", (), id="the script that it names asks for it"),
    ],
)
def test_who_sees_the_containers_environment(run, notes):
    files = {**bundle("user", "web"), **longrun("web"), f"{RC}/web/run": run}
    [web], _ = start({**files, "/scripts/web": "#!/command/with-contenv bash\nexec web\n"})
    assert web.notes == notes


def test_pipelines():
    files = {
        **bundle("user", "web-pipeline"),
        **longrun("web"),
        f"{RC}/web/producer-for": "web-log\n",
        **longrun("web-log"),
        f"{RC}/web-log/consumer-for": "web\n",
        f"{RC}/web-log/pipeline-name": "web-pipeline\n",
    }
    found, gaps = start(files)
    assert gaps == []
    assert [(p.name, p.notes) for p in found] == [
        ("web-log", ("a logger of web", HIDES)),
        ("web", ("its output goes to web-log", HIDES)),
    ]


def test_a_logger_without_pipeline_name_comes_with_its_producer():
    files = {**bundle("user", "web"), **longrun("web"), f"{RC}/web/producer-for": "log", **longrun("log")}
    files |= {f"{RC}/log/consumer-for": "web"}
    assert named(start(files)[0]) == ["log", "web"]


def test_definitions_that_lack_something():
    files = {**bundle("user", "gone", "blank", "web"), **longrun("web", "lost"), f"{RC}/blank/run": SH.format("x")}
    found, gaps = start(files)
    assert named(found) == ["web"]
    assert [g.what.split(";")[0] for g in gaps] == [
        "s6-rc cannot start blank without it",
        "s6-rc has no definition of gone",
        "s6-rc has no definition of lost",
    ]
    assert [g.evidence.path for g in gaps] == [
        f"{RC}/blank/type", f"{RC}/user/contents.d/gone", f"{RC}/web/dependencies.d/lost"
    ]  # fmt: skip


def test_a_loop_of_dependencies_ends():
    files = {**bundle("user", "a"), **longrun("a", "b"), **longrun("b", "a")}
    assert sorted(named(start(files)[0])) == ["a", "b"]


def test_scripts_set_variables_and_write_services():
    files = {
        "/etc/cont-init.d/01-env": "#!/usr/bin/with-contenv sh\nprintf /srv > /var/run/s6/container_environment/ROOT\n"
        "date +%s > /run/s6/container_environment/STARTED\n",
        "/etc/cont-init.d/02-svc": (
            "#!/usr/bin/with-contenv bash\nmkdir -p /etc/services.d/made\n"
            "cat > /etc/services.d/made/run <<EOL\n#!/bin/sh\nexec made $ROOT\nEOL\n"
        ),
    }
    found, gaps = start(files)
    assert gaps == []
    assert [(p.name, p.env) for p in found] == [
        ("01-env", {}),
        ("02-svc", {"ROOT": "/srv"}),
        ("made", {"ROOT": "/srv"}),
    ]
    assert found[2].files["/etc/services.d/made/run"].data() == b"#!/bin/sh\nexec made /srv\n"


HOOK = """#!/command/with-contenv bash
rm /etc/s6-overlay/s6-rc.d/user/contents.d/never
if [[ ${EXTRA,,} != "true" ]]; then
    rm /etc/s6-overlay/s6-rc.d/user/contents.d/extra
fi
if [[ ${MORE} == "1" ]]; then
    touch /etc/s6-overlay/s6-rc.d/user/contents.d/more
fi
"""


@pytest.mark.parametrize(
    ("env", "off"),
    [
        pytest.param({}, {"extra": "/hook takes it away with EXTRA=", "more": "MORE=1 (/hook)"}, id="as it is"),
        pytest.param({"EXTRA": "true", "MORE": "1"}, {}, id="switched on by the image"),
    ],
)
def test_a_hook_changes_what_is_started(env, off):
    files = {**bundle("user", "web", "never", "extra"), "/hook": HOOK}
    for name in ("web", "never", "extra", "more"):
        files |= longrun(name)
    found, gaps = start(files, env={"S6_STAGE2_HOOK": "/hook", **env})
    assert gaps == []
    assert {p.name: p.off for p in found} == {"web": "", "extra": "", "more": ""} | off


def test_a_hook_that_is_not_at_hand():
    files = {**bundle("user", "web"), **longrun("web")}
    _, [gap] = start(files, env={"S6_STAGE2_HOOK": "/hook"})
    assert (gap.evidence.path, "S6_STAGE2_HOOK" in gap.what) == ("/hook", True)


def test_variables_of_s6_overlay():
    files = {**bundle("user", "web"), **longrun("web"), **runs("/etc/services.d", "old")}
    env = {"S6_KEEP_ENV": "1", "S6_KILL_GRACETIME": "9000", "S6_SERVICES_GRACETIME": "7000",
           "S6_CMD_WAIT_FOR_SERVICES": "1", "S6_CMD_ARG0": "/entry --x"}  # fmt: skip
    [web, old, main], _ = start(files, "/init serve", env=env)
    assert (web.stop_timeout, old.stop_timeout, web.notes) == (9.0, 7.0, ())
    assert (main.command.argv, main.after) == (("/entry", "--x", "serve"), ("web", "old"))


def test_steps_of_a_base_that_is_not_at_hand_say_so():
    at = Evidence("base image example/base:1")
    nodes = {p: text_node(t, origin=at) for p, t in {**bundle("user", "init"), **oneshot("init", "usermod x")}.items()}
    image = Image("example/test", Config(), MemoryTree(nodes), base="example/base:1")
    [step], gaps = expand("s6", "/init", image)
    assert gaps == []
    assert (step.notes, step.evidence.note) == (
        ("a step of the base image example/base:1",),
        "base image example/base:1",
    )


def test_s6_rc_of_a_distribution():
    source = {f"/etc/s6-rc/source/{p.removeprefix(RC + '/')}": t for p, t in
              {**bundle("default", "web"), **longrun("web")}.items()}  # fmt: skip
    assert named(start(source, "s6-rc -u change default")[0]) == ["web"]
    found, [gap] = start({}, "s6-rc-init /run/service")
    assert (found, "compiled" in gap.what) == ([], True)


def test_order_of_equals_is_by_name():
    graph = {"c": ("a",), "b": (), "a": ("b",), "d": ()}
    assert ordered(graph, ("d", "c")) == ("b", "a", "c", "d")


@pytest.mark.parametrize(
    ("init", "via"),
    [
        pytest.param("#!/bin/sh -e\nexec s6-overlay-suexec ' preinit' '' stage0 \"$@\"\n", {"s6"}, id="version 3's"),
        pytest.param("#!/bin/execlineb -S0\n/etc/s6/init/init-stage1 $@\n", {"s6"}, id="version 2's"),
        pytest.param("#!/bin/sh\nexec web\n", {"shell"}, id="the image's own"),
    ],
)
def test_an_init_that_is_a_script_has_one_manager(init, via):
    files = {"/init": init, "/etc/services.d/web/run": "#!/bin/execlineb -P\nweb\n"}
    image = image_of(files, executable=("/init", "/etc/services.d/web/run"))
    facts = discover(replace(image, config=Config(entrypoint=("/init",))))
    assert [p.command.argv for p in facts.processes] == [("web",)]
    assert {p.via[0] for p in facts.processes} == via
