"""How each manager starts some of its programs without the others, by its own means."""

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of, process_of

from splitter.inspection import static
from splitter.inspection.discovery import discover
from splitter.managers._keep import Kept, Member, keepers
from splitter.model.facts import Command, Coupling, Evidence, Facts, Process
from splitter.planning import make_plan
from splitter.planning.together import level, unit

PROCFILE = "web: puma\nworker: sidekiq\nclock: clockwork\nbell: /srv/bell.sh\n"


def kept(names, argv, files, words=(), user="", **more) -> Kept:
    """What the manager that `argv` starts makes of these programs; `words`: the first one runs these instead."""
    image = image_of(files, executable=[p for p, text in files.items() if text.startswith("#!")], **more)
    image = replace(image, config=replace(image.config, cmd=tuple(shlex.split(argv)), user=user))
    found = {p.name: p for p in discover(image).processes}
    members = [found[n] for n in names]
    at = level(members)
    manager = members[0].starters[at]
    units = [Member(p.name, unit(p, at), tuple(words) if p is members[0] else ()) for p in members]
    return keepers()[members[0].via[at]](units, manager, image)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        pytest.param("foreman start", "foreman start -m web=1,worker=0,clock=0,bell=1", id="foreman"),
        pytest.param(
            "foreman start -p 80 -m all=1,web=2 -f Procfile",
            "foreman start -m web=2,worker=0,clock=0,bell=1 -p 80 -f Procfile",
            id="foreman with a formation",
        ),
        pytest.param("foreman start -c", "foreman start -m web=1,worker=0,clock=0,bell=1", id="foreman's colours"),
        pytest.param(
            "honcho -f Procfile start -c worker=2 web worker bell",
            "honcho -f Procfile start -c web=1,worker=0,clock=0,bell=1 web worker bell",
            id="honcho counts the ports of those that it is told",
        ),
        pytest.param(
            "python3 -m honcho start", "python3 -m honcho start -c web=1,worker=0,clock=0,bell=1", id="as a module"
        ),
        pytest.param("forego start -r", "forego start -c web=1,worker=0,clock=0,bell=1 -r", id="forego"),
        pytest.param("overmind s -x clock -m web=2", "overmind s -l web,bell -m web=2", id="overmind"),
        pytest.param("hivemind --processes=web,bell,clock", "hivemind -l web,bell", id="hivemind"),
        pytest.param("hivemind Procfile", "hivemind -l web,bell Procfile", id="hivemind with a file"),
        pytest.param("goreman -b 6000 start", "goreman -b 6000 start web bell", id="goreman"),
        pytest.param(
            "nf start -p 80 web=2,worker,bell", "nf start web=2,worker=0,clock=0,bell=1 -p 80", id="node-foreman"
        ),
    ],
)
def test_a_procfile_runner_is_told_which_lines_it_starts(argv, told):
    got = kept(["web", "bell"], argv, {"/app/Procfile": PROCFILE, "/srv/bell.sh": "#!/bin/sh\n"}, workdir="/app")
    assert " ".join(got.command) == told
    assert not got.files


def test_a_line_that_starts_something_else_now_is_changed_in_the_procfile_and_lines_are_still_counted():
    got = kept(["web", "clock"], "honcho start", {"/app/Procfile": PROCFILE}, ("puma", "-b", "x"), workdir="/app")
    assert got.files == {
        "/app/Procfile": "web: exec /bin/sh /together/web.sh\nworker: true\nclock: clockwork\nbell: true\n",
        "/together/web.sh": "#!/bin/sh\nexec puma -b x\n",
    }


def test_a_secret_of_a_procfile_is_not_written():
    text = PROCFILE.replace("clockwork", "env API_TOKEN=hunter2 clockwork")
    assert kept(["web", "clock"], "honcho start", {"/app/Procfile": text}, ("puma",), workdir="/app") is None


CIRCUS = """[circus]
check_delay = 2
include = /etc/circus.d/*.ini
[socket:web]
host = 0.0.0.0
port = 8000
[watcher:web]
cmd = uvicorn app:app --fd $(circus.sockets.web)
use_sockets = True
copy_env = True
numprocesses = 2
[watcher:worker]
cmd = celery -A app worker
[env]
LANG = C
API_TOKEN = hunter2
[env:w*]
MODE = fast
DB_PASSWORD = hunter3
[env:worker]
QUEUE = mail
[plugin:flapping]
use = circus.plugins.flapping.Flapping
[plugin:watch]
use = circus.plugins.resource_watcher.ResourceWatcher
watcher = worker
"""
BELL_INI = "[watcher:bell]\ncmd = /srv/bell.sh\nworking_dir = /srv\nuid = app\nautostart = true\n"


def test_circus_gets_a_configuration_of_its_members_where_the_whole_one_stands():
    files = {"/etc/circus.ini": CIRCUS, "/etc/circus.d/bell.ini": BELL_INI}
    got = kept(["web", "bell"], "circusd --log-level debug /etc/circus.ini", files)
    assert got.command == ("circusd", "--log-level", "debug", "/etc/circus.ini")
    assert got.env == {"API_TOKEN": "hunter2", "DB_PASSWORD": "hunter3"}
    [(path, text)] = got.files.items()
    assert path == "/etc/circus.ini"
    assert text.split("\n\n") == [
        "[circus]\ncheck_delay = 2",
        "[socket:web]\nhost = 0.0.0.0\nport = 8000",
        "[watcher:web]\ncmd = uvicorn app:app --fd $(circus.sockets.web)\nuse_sockets = True\ncopy_env = True\n"
        "numprocesses = 2",
        "[env]\nLANG = C\nAPI_TOKEN = $(circus.env.API_TOKEN)\nDB_PASSWORD = $(circus.env.DB_PASSWORD)",
        "[env:w*]\nMODE = fast",
        "[plugin:flapping]\nuse = circus.plugins.flapping.Flapping",
        "[watcher:bell]\ncmd = /srv/bell.sh\nworking_dir = /srv\nuid = app\n",
    ]


def test_a_watcher_that_starts_something_else_now_runs_a_script_that_does_all_by_itself():
    files = {"/etc/circus.ini": CIRCUS, "/etc/circus.d/bell.ini": BELL_INI}
    got = kept(["bell", "web"], "circusd /etc/circus.ini", files, ("sh", "-c", "exec ring"))
    assert "[watcher:bell]\ncmd = /bin/sh /together/bell.sh\ncopy_env = True\n" in got.files["/etc/circus.ini"]
    assert got.files["/together/bell.sh"] == "#!/bin/sh\nexec sh -c 'exec ring'\n"


ECOSYSTEM = """module.exports = { apps: [
  { name: "web", script: "server.js", env: { DB_PASSWORD: "hunter2" } },
  { script: "jobs/worker.js", instances: 2 },
  { name: "bell", script: "./bell.sh", interpreter: "none" },
] };
"""
AS_JSON = """{ apps: [
  { name: "web", script: "server.js", cwd: "/srv", env: { DB_PASSWORD: "hunter2", MODE: "fast" } },
  { script: "jobs/worker.js", instances: 2 },
  { name: "bell", script: "./bell.sh", interpreter: "none" },
] }
"""


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        pytest.param(
            "pm2-runtime start ecosystem.config.js", "pm2-runtime start ecosystem.config.js --only web,worker", id="all"
        ),
        pytest.param(
            "npx pm2-runtime --only web,worker,bell ecosystem.config.js -- x",
            "npx pm2-runtime ecosystem.config.js --only web,worker -- x",
            id="some already, with arguments",
        ),
        pytest.param(
            "pm2 start", "pm2 start ecosystem.config.js --only web,worker --no-daemon", id="in the background"
        ),
    ],
)
def test_pm2_is_told_which_apps_it_starts(argv, told):
    got = kept(["web", "worker"], argv, {"/app/ecosystem.config.js": ECOSYSTEM}, workdir="/app")
    assert " ".join(got.command) == told
    assert not got.files


def test_an_app_that_starts_something_else_now_is_changed_in_a_file_that_reads_the_ecosystem_file():
    files = {"/app/ecosystem.config.js": ECOSYSTEM}
    got = kept(["worker", "web"], "pm2-runtime ecosystem.config.js", files, ("node", "x.js"), workdir="/app")
    assert got.command == ("pm2-runtime", "/app/together.config.cjs", "--only", "worker,web")
    text = got.files["/app/together.config.cjs"]
    assert 'require("/app/ecosystem.config.js")' in text
    assert '{"worker": "/together/worker.sh"}' in text
    assert "hunter2" not in text


def test_of_a_file_that_is_no_program_the_apps_are_written_and_their_secrets_come_from_outside():
    got = kept(["bell", "web"], "pm2-runtime pm2.json", {"/app/pm2.json": AS_JSON}, ("ring", "it"), workdir="/app")
    assert json.loads(got.files["/app/together.json"]) == {
        "apps": [
            {"name": "bell", "script": "/bin/sh", "interpreter": "none", "args": "/together/bell.sh"},
            {"name": "web", "script": "server.js", "cwd": "/srv", "env": {"MODE": "fast"}},
        ]
    }
    assert got.env == {"DB_PASSWORD": "hunter2"}


def test_a_script_that_pm2_is_told_alone_has_no_others():
    files = {"/app/a.js": "", "/app/b.js": ""}
    assert kept(["a", "b"], "pm2 start a.js b.js --no-daemon", files, workdir="/app") is None


INIT = {"/init": "#!/bin/sh\n# s6-overlay\n"}
RC = "/etc/s6-overlay/s6-rc.d"


def defined(kinds, bundle):
    """Definitions of s6-rc, what they depend on, and their pipelines: `>reader`, `<writer`, `=name`."""
    found = {f"{RC}/user/type": "bundle\n", **{f"{RC}/user/contents.d/{name}": "" for name in bundle}}
    for name, (kind, *more) in kinds.items():
        found[f"{RC}/{name}/type"] = f"{kind}\n"
        found[f"{RC}/{name}/{'up' if kind == 'oneshot' else 'run'}"] = f"#!/bin/sh\nexec /opt/{name}\n"
        for word in more:
            file = {">": "producer-for", "<": "consumer-for", "=": "pipeline-name"}.get(word[0])
            found[f"{RC}/{name}/{file}" if file else f"{RC}/{name}/dependencies.d/{word}"] = word[1:] if file else ""
    return found


def told(got):
    assert got.command[:2] == ("/bin/sh", "-c")
    return got.command[2].split("\n")


def test_what_s6_overlay_does_not_start_becomes_a_bundle_of_what_it_depended_on():
    kinds = {
        "web": ("longrun", "redis"),
        "bell": ("longrun", "web"),
        "redis": ("longrun", "base"),
        "clock": ("longrun", "migrate"),
        "migrate": ("oneshot", "redis"),
    }
    got = kept(["web", "bell"], "/init", {**INIT, **defined(kinds, ["web", "bell", "clock"])})
    assert told(got) == [
        "for one in redis migrate clock; do",
        f"  one={RC}/$one",
        '  mkdir -p "$one/dependencies.d"',
        '  ln -sfn dependencies.d "$one/contents.d"',
        '  echo bundle > "$one/type"',
        "done",
        "exec /init",
    ]
    assert got.first


def test_definitions_of_the_old_form_keep_their_dependencies_too():
    files = defined({"web": ("longrun",), "bell": ("longrun",), "clock": ("longrun",)}, ["web", "bell", "clock"])
    got = kept(["web", "bell"], "/init", {**INIT, **files, f"{RC}/clock/dependencies": "web\n"})
    assert told(got)[2:4] == ['  touch "$one/dependencies"', '  ln -sfn dependencies "$one/contents"']


def test_a_service_of_s6_overlay_keeps_its_logger_which_reads_no_other():
    kinds = {
        "web": ("longrun", ">log"),
        "clock": ("longrun", ">log"),
        "bell": ("longrun",),
        "log": ("longrun", "<web\nclock", "=all"),
    }
    lines = told(kept(["web", "bell"], "/init", {**INIT, **defined(kinds, ["bell", "all"])}))
    assert lines[0] == "for one in clock; do"
    assert lines[-2:] == [f"printf '%s\\n' web > {RC}/log/consumer-for", "exec /init"]


def test_the_name_of_a_pipeline_that_is_gone_is_a_bundle():
    kinds = {"web": ("longrun",), "bell": ("longrun",), "app": ("longrun", ">log"), "log": ("longrun", "<app", "=all")}
    lines = told(kept(["web", "bell"], "/init", {**INIT, **defined(kinds, ["web", "bell", "all"])}))
    assert lines[-3:-1] == [f"mkdir -p {RC}/all/contents.d", f"echo bundle > {RC}/all/type"]


def folder(name):
    return f"/etc/services.d/{name}/run", "#!/bin/sh\nexec /opt/x\n"


def test_the_command_of_s6_overlay_is_given_where_it_is_one_of_those_that_stay():
    files = {**INIT, **dict(map(folder, ("bell", "clock"))), "/etc/fix-attrs.d/01": "/srv true app 0600 0700\n"}
    assert told(kept(["web", "bell"], "/init web -p 80", files)) == [
        "rm -rf /etc/fix-attrs.d/01 /etc/services.d/clock",
        "exec /init web -p 80",
    ]
    assert told(kept(["bell", "clock"], "/init web -p 80", files))[-1] == "exec /init"
    assert told(kept(["web", "bell"], "/init web -p 80", files, ("web", "-p", "81")))[-2:] == [
        "export S6_CMD_ARG0=",
        "exec /init with-contenv web -p 81",
    ]


def test_a_service_of_s6_overlay_that_starts_something_else_now_sees_the_environment():
    files = {**INIT, **dict(map(folder, ("bell", "web", "clock")))}
    lines = told(kept(["web", "bell"], "/init", files, ("env", "A=1", "web")))
    assert lines == [
        "rm -rf /etc/services.d/clock",
        "printf '%s\\n' '#!/bin/sh",
        "exec with-contenv env A=1 web' > /etc/services.d/web/run",
        "exec /init",
    ]


def test_s6_overlay_without_rights_keeps_none():
    files = {**INIT, **dict(map(folder, ("bell", "web", "clock")))}
    assert kept(["web", "bell"], "/init", files) is not None
    assert kept(["web", "bell"], "/init", files, user="app") is None


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        pytest.param("monofy mkdir /x '&&' a $A '|||' b -p 1 '|||' c", "monofy a $A '|||' b -p 1", id="monofy"),
        pytest.param(
            "concurrently -k --names a,b,c --restart-tries=3 'a 1' 'b 2' c",
            "concurrently -k --restart-tries=3 --names a,b 'a 1' 'b 2'",
            id="concurrently",
        ),
        pytest.param("npx concurrently -n a,b,c a b c", "npx concurrently --names a,b a b", id="by npx"),
        pytest.param("multirun -v 'a 1' 'b 2' c", "multirun -v 'a 1' 'b 2'", id="multirun"),
        pytest.param("parallel -j 0 nice {} ::: a b c", "parallel -j 0 ::: 'nice a' 'nice b'", id="GNU parallel"),
    ],
)
def test_who_is_given_command_lines_is_given_those_that_stay(argv, told):
    image = image_of({})
    image = replace(image, config=replace(image.config, cmd=tuple(shlex.split(argv))))
    members = [p for p in discover(image).processes if p.lifetime == "service"][:2]
    manager = members[0].starters[0]
    got = keepers()[members[0].via[0]]([Member(p.name, unit(p, 0)) for p in members], manager, image)
    assert shlex.join(got.command) == told.replace("$A", "'$A'")


def test_words_of_their_own_are_quoted_for_concurrently_and_not_given_to_monofy_with_variables():
    got = kept(["a", "b"], "concurrently a b c", {}, ("sh", "-c", "exec x"))
    assert got.command[-2:] == ("sh -c 'exec x'", "b")
    assert kept(["a", "b"], "concurrently a b c", {}, ("x y", "-z", "v w")).command[-2] == "\"'x y' -z 'v w'\""
    assert kept(["a", "b"], "monofy a '|||' b '|||' c", {}, ("x", "y")).command == ("monofy", "x", "y", "|||", "b")
    assert kept(["a", "b"], "monofy a '|||' b '|||' c", {}, ("sh", "-c", "x $A")) is None


def test_mprocs_is_left_to_a_shell():
    assert kept(["a", "b"], "mprocs a b c", {}) is None


UWSGI = "[uwsgi]\nmodule = app\nattach-daemon = a\nattach-daemon = b\n"


def test_uwsgi_starts_those_of_its_daemons_that_stay_with_it():
    got = kept(["uwsgi", "a"], "uwsgi /app/x.ini", {"/app/x.ini": UWSGI})
    assert got.command == ("uwsgi", "/app/x.ini")
    assert got.files == {"/app/x.ini": "[uwsgi]\nmodule = app\nattach-daemon = a\n"}
    assert kept(["a", "b"], "uwsgi /app/x.ini", {"/app/x.ini": UWSGI}) is None


def test_all_daemons_of_uwsgi_need_no_other_configuration():
    ini = "[uwsgi]\nmodule = app\npidfile = /run/u.pid\nattach-daemon = /srv/a.sh\nattach-daemon = /srv/a.sh --twice\n"
    rings = "#!/bin/sh\nwhile sleep 60; do\n  kill -HUP $(cat /run/u.pid)\ndone\n"
    files = {"/app/x.ini": ini, "/srv/a.sh": rings}
    conf = "[supervisord]\n[program:web]\ncommand=uwsgi /app/x.ini\n[program:other]\ncommand=/opt/other --serve\n"
    image = image_of({**files, "/etc/supervisord.conf": conf}, executable=[p for p in files if p.endswith(".sh")])
    image = replace(image, config=replace(image.config, cmd=("supervisord", "-c", "/etc/supervisord.conf")))
    plan = make_plan(static.read(image), image, {})
    together = next(s for s in plan.services if len(s.processes) == 3)
    assert together.command == ("uwsgi", "/app/x.ini")
    assert not together.configs


def test_a_manager_that_cannot_start_some_of_its_programs_alone_is_named():
    at = Evidence("/srv/bell.sh", 3)
    init = Process("init", Command(("/sbin/init",)), Evidence("image config"))
    web, bell, other = (
        Process(name, Command((f"/opt/{name}", "--serve")), at, via=("systemd",), starters=(init,))
        for name in ("web", "bell", "other")
    )
    steers = Coupling("control", "systemctl", ("bell", "web"), at, "code", "systemctl stop web")
    plan = make_plan(Facts((web, bell, other), (steers,)), image_of(), {})
    assert len(plan.services) == 3
    said = "bell steers web through systemctl, which is gone in a split (systemd cannot start these without all others)"
    assert [gap.what for gap in plan.gaps] == [said]


TEXTS = st.lists(
    st.sampled_from(
        ["[watcher:a]\n", "[env:a]\n", "cmd = ", "a: b\n", "worker: c\n", "$(circus.env.x)", "apps", "name:", '"a"',
         "{", "}", "[", "]", ",", "\n", "script:", "PASSWORD=x "]
    )
    | st.text(max_size=6),
    max_size=25,
).map("".join)  # fmt: skip


@given(
    st.sampled_from(
        [
            ("circusd /x", "/x"),
            ("honcho -f /x start", "/x"),
            ("pm2-runtime /x.json", "/x.json"),
            ("pm2-runtime /x.config.js", "/x.config.js"),
            ("uwsgi /x.ini", "/x.ini"),
            ("/init a", f"{RC}/a/consumer-for"),
        ]
    ),
    TEXTS,
)
def test_no_text_makes_a_manager_raise_that_is_asked_to_keep_some(command, text):
    argv, path = command
    files = {**INIT, **defined({"a": ("longrun", ">b"), "b": ("longrun",)}, ["a", "b"]), path: text}
    image = image_of(files, executable=["/init"])
    process = process_of(argv)
    image = replace(image, config=replace(image.config, cmd=process.command.argv))
    units = [p for p in discover(image).processes if p.starters][:2]
    for one in units:
        for words in ((), ("sh", "-c", "exec x")):
            for name in one.via:
                if name in keepers():
                    keepers()[name]([Member(one.name, one, words)], one.starters[one.via.index(name)], image)
