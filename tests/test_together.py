"""Which processes stay in one service, and what that service runs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.compose.render import render
from splitter.inspection import _rpc, _signals, _watch, static
from splitter.inspection._offers import members
from splitter.model.facts import Command, Coupling, Evidence, Facts, Process
from splitter.planning import make_plan

AT = Evidence("/srv/start.sh", 3)
CONF = """[unix_http_server]
file=/run/supervisor.sock
username=dummy
password=dummy
[inet_http_server]
port=127.0.0.1:9001
password=hunter2
[supervisord]
nodaemon=true
environment=LANG="C",API_TOKEN="hunter2"
[program:web]
command=puma -p 3000
directory=%(here)s
environment=DB_PASSWORD="hunter2",A="1"
[program:bell]
command=/srv/bell.sh
autostart=true
[program:worker]
command=sidekiq
[group:all]
programs=web,worker
"""
BELL = "#!/bin/sh\nwhile sleep 5; do\n  {steer}\ndone\n"


def built(files, cmd, **more):
    image = image_of(files, executable=[p for p, text in files.items() if text.startswith("#!")], **more)
    return replace(image, config=replace(image.config, cmd=tuple(cmd)))


def plan_of(image, answers=None):
    return make_plan(static.read(image), image, answers or {})


def homes(plan):
    return {p.name: s.name for s in plan.services for p in s.processes}


def supervised(steer="supervisorctl restart web", conf=CONF):
    files = {"/etc/supervisord.conf": conf, "/srv/bell.sh": BELL.format(steer=steer)}
    return built(files, ["supervisord", "-c", "/etc/supervisord.conf"])


@pytest.mark.parametrize(
    ("steer", "together"),
    [
        pytest.param("supervisorctl restart web", True, id="a restart"),
        pytest.param("supervisorctl signal HUP web", True, id="a signal through the supervisor"),
        pytest.param("supervisorctl start web && curl -X POST http://x/", False, id="a start, which Compose does"),
        pytest.param("supervisorctl status web && curl -X POST http://x/", False, id="a question"),
    ],
)
def test_a_client_of_the_supervisor_stays_with_those_it_steers(steer, together):
    where = homes(plan_of(supervised(steer)))
    assert (where["bell"] == where["web"]) is together
    assert where["worker"] != where["web"]


def test_a_service_of_two_has_the_more_outward_name_role_and_reason():
    plan = plan_of(supervised())
    web = next(s for s in plan.services if s.name == "web")
    assert web.role == "web"
    assert web.replicas == 1
    assert any("bell steers web with supervisorctl" in n for n in web.notes)
    [coupling] = [c for c in plan.couplings if c.coupling.kind == "control"]
    assert coupling.resolution.startswith("both sides stay in one service, web: bell steers web")


def test_supervisord_gets_a_configuration_of_its_members_where_the_whole_one_stands():
    plan = plan_of(supervised())
    web = next(s for s in plan.services if s.name == "web")
    assert web.command == ("supervisord", "-n", "-c", "/etc/supervisord.conf")
    text = plan.configs[web.configs["/etc/supervisord.conf"]]
    assert "[program:web]\ncommand=puma -p 3000\ndirectory=/etc\n" in text
    assert "[program:bell]" in text
    assert "sidekiq" not in text
    assert "programs=web\n" in text


def test_secrets_of_the_configuration_are_taken_from_env():
    plan = plan_of(supervised())
    web = next(s for s in plan.services if s.name == "web")
    assert "hunter2" not in render(plan, ".")
    assert web.environment["DB_PASSWORD"] == "${DB_PASSWORD:?}"
    assert web.environment["SUPERVISOR_PASSWORD"] == "${SUPERVISOR_PASSWORD:?}"
    assert "password=%(ENV_SUPERVISOR_PASSWORD)s" in str(plan.configs)


def test_parted_all_the_same_it_is_said_to_be_open():
    plan = plan_of(supervised(), {"cut:control/bell/web": "part"})
    where = homes(plan)
    assert where["bell"] != where["web"]
    [coupling] = [c for c in plan.couplings if c.coupling.kind == "control"]
    assert coupling.resolution.startswith("open:")
    assert not plan.stale


def test_where_all_is_one_group_the_image_is_left_as_it_is():
    conf = CONF.partition("[program:worker]")[0]
    plan = plan_of(supervised(conf=conf))
    [service] = plan.services
    assert (service.command, service.entrypoint) == (None, None)
    assert not plan.configs


def test_runit_runs_a_folder_of_links_and_ends_it_in_order():
    run = "#!/bin/sh\nexec {}\n"
    files = {
        "/etc/service/web/run": run.format("puma -p 3000"),
        "/etc/service/worker/run": run.format("sidekiq"),
        "/etc/service/bell/run": run.format("/srv/bell.sh"),
        "/srv/bell.sh": BELL.format(steer="sv restart web"),
    }
    plan = plan_of(built(files, ["runsvdir", "-P", "/etc/service"]))
    text = next(s for s in plan.services if s.name == "web").command[2]
    assert 'ln -s /etc/service/web /etc/service/bell "$kept"' in text
    assert "force-shutdown" in text
    assert homes(plan)["worker"] == "sidekiq" or homes(plan)["worker"] == "worker"


def test_s6_runs_a_folder_of_links_as_the_first_process():
    run = "#!/bin/sh\nexec {}\n"
    files = {
        "/srv/s/web/run": run.format("puma -p 3000"),
        "/srv/s/worker/run": run.format("sidekiq"),
        "/srv/s/bell/run": run.format("/srv/bell.sh"),
        "/srv/bell.sh": BELL.format(steer="s6-svc -r /srv/s/web"),
    }
    web = next(s for s in plan_of(built(files, ["s6-svscan", "/srv/s"])).services if s.name == "web")
    assert web.command[2].endswith('exec s6-svscan "$kept"')
    assert not web.init


def process(name, command, **more):
    return Process(name, Command(tuple(command.split())), AT, **more)


def planned(*processes, couplings=(), **more):
    return make_plan(Facts(tuple(processes), tuple(couplings)), more.pop("image", image_of()), more.pop("answers", {}))


X = process("xorg", "Xvfb :99")
DESK = process("icewm", "icewm-session")
SOUND = process("pulse", "pulseaudio")
ROBOT = process("robot", "/opt/robot", user="bot", workdir="/opt")
WEB = process("web", "puma -p 3000")


def test_a_display_keeps_its_desktop_sound_and_what_starts_after_them():
    after = Coupling("order", "pulse", ("robot", "pulse"), AT)
    plan = planned(X, DESK, SOUND, ROBOT, WEB, couplings=[after])
    where = homes(plan)
    assert {where[n] for n in ("xorg", "icewm", "pulse", "robot")} == {"robot"}
    assert where["web"] == "web"
    text = next(s for s in plan.services if s.name == "robot").command[2]
    assert "keep TERM Xvfb :99 &" in text
    assert "setpriv --reuid=bot" in text


@pytest.mark.parametrize(
    ("coupling", "together"),
    [
        pytest.param(Coupling("signal", "/run/w.pid", ("robot", "web"), AT, "code", "kill -1 x"), True, id="in /run"),
        pytest.param(
            Coupling("signal", "/run/w/w.pid", ("robot", "web"), AT, "code", "kill -1 x"), False, id="its own folder"
        ),
        pytest.param(Coupling("signal", "puma", ("robot", "web"), AT, "code", "pkill puma"), False, id="by name"),
        pytest.param(Coupling("files", "/srv/x.txt", ("robot", "web"), AT, "watch"), True, id="watched, no volume"),
        pytest.param(Coupling("files", "/data/x", ("robot", "web"), AT, "watch"), False, id="watched, in a volume"),
        pytest.param(Coupling("files", "/srv/x.txt", ("robot", "web"), AT, "code"), False, id="only shared"),
    ],
)
def test_only_what_no_other_cut_carries_is_kept_together(coupling, together):
    where = homes(planned(WEB, ROBOT, X, couplings=[coupling]))
    assert (where["robot"] == where["web"]) is together


CLIENT = """import time
import xmlrpc.client
server = xmlrpc.client.ServerProxy("http://127.0.0.1:9001/RPC2")
while True:
    server.supervisor.{call}
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("call", "together"),
    [
        pytest.param('stopProcess("web")', {"web"}, id="a program by name"),
        pytest.param('signalProcess("all:web", "HUP")', {"web"}, id="with its group"),
        pytest.param("stopAllProcesses()", {"web", "worker"}, id="all of them"),
        pytest.param('startProcess("web")', set(), id="only started"),
        pytest.param("getAllProcessInfo()", set(), id="only asked"),
    ],
)
def test_a_client_of_the_rpc_interface_stays_with_the_programs_that_its_code_names(call, together):
    conf = CONF.replace("command=/srv/bell.sh", "command=python3 /srv/bell.py") + "[program:x]\ncommand=/opt/x\n"
    files = {"/etc/supervisord.conf": conf, "/srv/bell.py": CLIENT.format(call=call)}
    where = homes(plan_of(built(files, ["supervisord", "-c", "/etc/supervisord.conf"])))
    assert {n for n in ("web", "worker") if where[n] == where["bell"]} == together


def test_what_a_client_steers_that_its_code_does_not_name_is_a_gap():
    conf = CONF.replace("command=/srv/bell.sh", "command=python3 /srv/bell.py")
    files = {"/etc/supervisord.conf": conf, "/srv/bell.py": CLIENT.format(call="stopProcess(name)")}
    gaps = plan_of(built(files, ["supervisord", "-c", "/etc/supervisord.conf"])).gaps
    assert any("steers what shows only when it runs" in g.what for g in gaps)


def test_who_waits_for_changes_where_no_volume_can_be_stays_with_who_makes_them():
    conf = "[supervisord]\n[program:maker]\ncommand=/opt/maker\nstdout_logfile=/srv/app/out.txt\n"
    conf += "[program:watch]\ncommand=sh /srv/watch.sh\n[program:web]\ncommand=puma -p 3000\n"
    watch = "#!/bin/sh\nwhile inotifywait -e modify /srv/app/out.txt; do curl -X POST http://x/; done\n"
    image = built({"/etc/supervisord.conf": conf, "/srv/watch.sh": watch}, ["supervisord"], workdir="/srv/app")
    where = homes(plan_of(image))
    assert where["watch"] == where["maker"] != where["web"]


OFF = "autostart=false\n"


def test_what_is_off_and_a_service_of_its_own_keeps_the_couplings_that_its_code_names():
    conf = CONF.replace("command=/srv/bell.sh\nautostart=true", f"command=python3 /srv/bell.py\n{OFF}")
    files = {"/etc/supervisord.conf": conf, "/srv/bell.py": CLIENT.format(call='stopProcess("web")')}
    plan = plan_of(built(files, ["supervisord", "-c", "/etc/supervisord.conf"]))
    [bell] = [s for s in plan.services if s.name == "bell"]
    assert bell.profiles
    [coupling] = [c for c in plan.couplings if c.coupling.kind == "control"]
    assert coupling.coupling.between == ("bell", "web")
    assert coupling.resolution.startswith("open: bell can no longer steer web")


def test_to_stop_all_is_to_stop_what_has_a_service():
    conf = CONF.replace("command=/srv/bell.sh", "command=python3 /srv/bell.py")
    conf = conf.replace("command=sidekiq\n", f"command=sidekiq\n{OFF}") + f"[program:dev]\ncommand=/d --watch\n{OFF}"
    files = {"/etc/supervisord.conf": conf, "/srv/bell.py": CLIENT.format(call="stopAllProcesses()")}
    plan = plan_of(built(files, ["supervisord", "-c", "/etc/supervisord.conf"]))
    steered = {c.coupling.between for c in plan.couplings if c.coupling.kind == "control"}
    assert steered == {("bell", "web"), ("bell", "worker")}


def test_a_watcher_that_is_off_shares_what_it_watches():
    conf = "[supervisord]\n[program:maker]\ncommand=/opt/maker\nstdout_logfile=/data/out/out.txt\n"
    conf += f"[program:watch]\ncommand=inotifywait -m /data/out/out.txt\n{OFF}[program:web]\ncommand=puma -p 3000\n"
    plan = plan_of(built({"/etc/supervisord.conf": conf}, ["supervisord"], workdir="/srv/app"))
    [coupling] = [c for c in plan.couplings if c.coupling.how == "watch"]
    assert (coupling.coupling.between, coupling.resolution) == (
        ("watch", "maker"),
        "/data/out is a named volume of maker, watch",
    )


LINES = st.lists(
    st.sampled_from(
        ["server.supervisor.", "stopProcess(", "stopAllProcesses()", '"web"', "'", '"', "\n", "(", ")", "#", "\\", "$("]
    )
    | st.text(max_size=6),
    max_size=30,
).map("".join)
ENDINGS = st.sampled_from(["py", "rb", "js", "php", "json"])


@given(LINES, ENDINGS)
def test_no_text_makes_the_reader_of_rpc_clients_raise(text, ending):
    path = f"/srv/bell.{ending}"
    conf = CONF.replace("command=/srv/bell.sh", f"command=python3 {path}")
    image = built({"/etc/supervisord.conf": conf, path: f"supervisor rocess {text}"}, ["supervisord"])
    team = members(image, static.read(image).processes)
    assert {m.name for m in team} == {"web", "bell", "worker"}
    for each in _rpc.couplings(team, image):
        assert each.evidence.path == path


@given(st.text(max_size=40), st.lists(LINES, max_size=3))
def test_no_text_makes_the_reader_of_watchers_raise(script, words):
    image = image_of({"/srv/app/x.sh": f"#!/bin/sh\ninotifywait {script}\n"}, workdir="/srv/app")
    processes = (process("a", "sh /srv/app/x.sh"), Process("b", Command(("inotifywait", *words)), AT))
    team = members(image, processes)
    for touch in _watch.touches(team, image, _signals.spoken(team, image)):
        assert touch.path.startswith("/")
        assert not touch.writes


@pytest.mark.parametrize(
    ("url", "script", "service"),
    [
        pytest.param(
            "redis://127.0.0.1:6379/1",
            "#!/bin/sh\nexec env REDIS_URL=redis://redis:6379/1 puma -p 3000\n",
            {"REDIS_URL": "redis://redis:6379/1"},
            id="in the words of the program",
        ),
        pytest.param(
            "redis://:hunter2@127.0.0.1:6379/1",
            "#!/bin/sh\nexec /bin/sh -c 'export REDIS_URL=\"$TOGETHER_REDIS_URL\"\nexec puma -p 3000'\n",
            {"REDIS_URL": "${REDIS_URL:?}", "TOGETHER_REDIS_URL": "${REDIS_URL:?}"},
            id="from the service, where it is a secret",
        ),
    ],
)
def test_a_variable_that_the_manager_sets_for_all_is_the_one_of_the_cut(url, script, service):
    conf = f'[supervisord]\nenvironment=REDIS_URL="{url}"\n[program:redis]\ncommand=redis-server\n'
    conf += "[program:web]\ncommand=puma -p 3000\n[program:bell]\ncommand=/srv/bell.sh\n"
    plan = plan_of(supervised(conf=conf))
    web = next(s for s in plan.services if s.name == "web")
    assert plan.configs[web.configs["/together/web.sh"]] == script
    assert {k: v for k, v in web.environment.items() if "REDIS" in k} == service
