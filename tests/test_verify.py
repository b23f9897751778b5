"""What the verification compares and how it judges: values in, checks out. The engine's part is in tests/engine."""

import http.server
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitter.cli import main
from splitter.inspection.follow import recognised
from splitter.model.facts import Command, Evidence, Process
from splitter.model.observation import Observation, Seen, Socket
from splitter.model.plan import Drop, Mount, Plan, Service
from splitter.model.report import Check, Report
from splitter.verify import throwaway
from splitter.verify.answers import Answer, agreed, compared, difference, parse, request, urls
from splitter.verify.checks import process_checks, running_checks, scales, shared_volumes, stop_checks, together
from splitter.verify.expect import Listener, listeners, processes
from splitter.verify.original import Ran
from splitter.verify.project import Member
from splitter.verify.report import document, table

SCRIPT = Path(throwaway.__file__).with_name("connect.sh")
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def http_answer(body, head=HTTP):
    return parse(head + body)


# answers


def test_an_http_answer_has_status_type_and_body():
    got = http_answer(b"hello")
    assert (got.kind, got.status, got.type) == ("http", 200, "text/plain")
    assert got == http_answer(b"hello")
    assert got != http_answer(b"hullo")


def test_a_chunked_body_is_the_same_as_a_plain_one():
    chunked = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    assert parse(chunked) == http_answer(b"hello")


@pytest.mark.parametrize(
    "raw",
    [b"", b"-ERR unknown command\r\n", b"\x00\x01", b"HTTP/", b"HTTP/9.9 x\r\n\r\n"],
    ids=["nothing said", "redis", "binary", "cut in its first word", "no status"],
)
def test_what_is_no_http_is_an_open_port(raw):
    assert parse(raw) == Answer("open")


@given(st.binary())
def test_no_answer_makes_it_raise(tail):
    assert parse(tail).kind in ("open", "http")
    assert parse(b"HTTP/1.1 200 OK\r\n" + tail).kind in ("open", "http")


CASES = {
    "the same": ([b"a", b"a"], b"a", ""),
    "another body where the originals agree": ([b"a", b"a"], b"b", "another body"),
    "only a number, where the originals differ in one": (
        [b"polled 2 times", b"polled 3 times"],
        b"polled 14 times",
        "",
    ),
    "only a number, where the originals agree": ([b"2 times", b"2 times"], b"3 times", "another body"),
    "other words, where the originals differ in a number": (
        [b"polled 2 times", b"polled 3 times"],
        b"nothing yet",
        "another body, even where every word with a digit in it is left out",
    ),
    "anything, where the originals differ in their words": ([b"a joke", b"a riddle"], b"a poem", ""),
    "a token": ([b'<i v="ab3-/d=">', b'<i v="x9Zz">'], b'<i v="q7">', ""),
}


@pytest.mark.parametrize(("samples", "got", "said"), CASES.values(), ids=CASES)
def test_what_the_originals_disagree_on_is_not_compared(samples, got, said):
    wanted = agreed([http_answer(s) for s in samples])
    assert difference(wanted, http_answer(got)) == said


def test_a_status_that_both_have_is_compared_even_where_bodies_differ():
    wanted = agreed([http_answer(b"a joke"), http_answer(b"a riddle")])
    error = parse(b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\n\r\n")
    assert difference(wanted, error) == "status 500, not 200"
    assert difference(wanted, Answer("closed")) == "nobody listens, not 200 text/plain"
    assert difference(agreed([Answer("open")]), Answer("closed")) == "nobody listens, not connects"
    assert difference(wanted, parse(b"HTTP/1.1 200 OK\r\n\r\n")) == "content type none, not text/plain"
    assert compared(wanted) == "200 text/plain, the body differs each time"


def test_an_answer_on_which_they_agree_in_nothing_is_never_a_difference():
    wanted = agreed([Answer("open"), Answer("closed"), http_answer(b"a")])
    assert [difference(wanted, a) for a in (Answer("open"), Answer("closed"), http_answer(b"b"))] == ["", "", ""]


HEALTH = {
    "curl": (("CMD-SHELL", "curl -fsS http://localhost:3000/up || exit 1"), ((3000, "/up"),)),
    "no port": (("CMD-SHELL", "curl -f 'http://127.0.0.1/health?deep=1'"), ((80, "/health?deep=1"),)),
    "exec form": (("CMD", "wget", "-qO-", "http://[::1]:8080"), ((8080, "/"),)),
    "another host": (("CMD", "curl", "http://example.org/"), ()),
    "a port that is none": (("CMD", "curl", "http://localhost:99999/"), ()),
    "no address": (("CMD", "redis-cli", "ping"), ()),
}


@pytest.mark.parametrize(("words", "found"), HEALTH.values(), ids=HEALTH)
def test_urls_of_a_health_check(words, found):
    assert urls(words) == found


# the tools of an image


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(f"asked {self.path} of {self.headers['Host']}\n".encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


TOOLS = [tool for tool in ("python3", "perl", "ruby", "php", "node", "bash", "nc") if shutil.which(tool)]


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_of_this_machine_asks_the_same(tool, port, tmp_path):
    for name in (tool, "cat", "sleep"):
        wrapper = tmp_path / name
        found = sys.executable if name == "python3" else shutil.which(name)
        wrapper.write_text(f'#!/bin/sh\nexec {found} "$@"\n')
        wrapper.chmod(0o755)

    def ask(at):
        words = ["/bin/sh", "-c", SCRIPT.read_text(), "sh", "127.0.0.1", str(at), request("/x"), "2"]
        return subprocess.run(words, env={"PATH": str(tmp_path)}, capture_output=True, timeout=20).stdout

    first, _, rest = ask(port).partition(b"\n")
    assert (first, parse(rest)) == (b"open", http_answer(b"asked /x of localhost\n"))
    assert ask(1) == b"closed\n"


def test_without_a_tool_nothing_is_said(tmp_path):
    words = ["/bin/sh", "-c", SCRIPT.read_text(), "sh", "127.0.0.1", "1", "", "1"]
    assert subprocess.run(words, env={"PATH": str(tmp_path)}, capture_output=True, timeout=20).stdout == b""


# what the split has to show


def process(name, command="", **more):
    words = tuple((command or f"python3 {name}.py").split())
    return Process(name, Command(words), Evidence("start.sh", 1), **more)


def service(name, role="worker", **more):
    return Service(name, role, "because", processes=more.pop("processes", (process(name),)), **more)


PLAN = Plan(
    (service("web", "web"), service("poller"), service("mailer")),
    drops=(Drop(process("sshd", "/usr/sbin/sshd -D"), "no"),),
)
ALL = tuple(p for s in PLAN.services for p in s.processes) + tuple(d.process for d in PLAN.drops)


def seen(pid, command, parent=1, **more):
    return Seen(pid, parent, tuple(command.split()), born=pid / 10, **more)


def original(*names, sockets=(), samples=None):
    first = (Seen(1, 0, ("/bin/bash", "start.sh")),)
    lines = [
        seen(n, "/usr/sbin/sshd -D" if name == "sshd" else f"python3 {name}.py") for n, name in enumerate(names, 2)
    ]
    run = Observation((*first, *lines), tuple(sockets))
    return Ran(run, *recognised(ALL, run), samples or {})


def test_what_only_one_original_keeps_up_is_not_wanted():
    wanted, checks = processes(PLAN, original("web", "poller", "mailer"), original("web", "mailer"))
    assert [w.process.name for w in wanted] == ["web", "mailer"]
    assert checks == [Check("process", "poller", "skipped", "poller: only one of the two originals keeps it up")]


def test_what_no_original_keeps_up_is_skipped():
    _, checks = processes(PLAN, original("web", "mailer"), original("web", "mailer"))
    assert [(c.outcome, c.detail) for c in checks] == [("skipped", "poller: the original does not keep it up")]


def test_ports_are_wanted_of_services_and_not_of_managers_or_of_what_is_dropped():
    sockets = (
        Socket("tcp", "", 8000, pids=(2,)),
        Socket("tcp", "", 22, pids=(3,)),
        Socket("tcp", "127.0.0.1", 9001, pids=(1,)),
        Socket("tcp", "127.0.0.1", 6379, pids=()),
        Socket("tcp", "", 41234, pids=(2,)),
        Socket("tcp", "", 81, pids=(2,), still=False),
        Socket("udp", "", 53, pids=(2,)),
    )
    one = original("web", "sshd", sockets=sockets, samples={(8000, "/"): (http_answer(b"1 x"), http_answer(b"2 x"))})
    two = original("web", "sshd", sockets=(*sockets, Socket("tcp", "", 99, pids=(2,))))
    found, checks = listeners(PLAN, one, two)
    assert [(x.port, x.loopback, x.service) for x in found] == [(6379, True, ""), (8000, False, "web")]
    assert found[1].answers["/"] == replace(http_answer(b"1 x"), body=None)
    assert [(c.outcome, c.detail) for c in checks] == [
        ("skipped", "tcp 99: only one of the two originals listens on it")
    ]
    assert isinstance(found[0], Listener)


# processes of the split


def container(*lines, init=True):
    """A container whose main process and what is below it have these command lines; an init stands above."""
    head = (Seen(1, 0, ("/sbin/docker-init", "--", *lines[0].split())),) if init else ()
    below = tuple(
        Seen(n, n - 1 if init or n > 1 else 0, tuple(line.split()), born=n / 10)
        for n, line in enumerate(lines, 2 if init else 1)
    )
    return Observation((*head, *below))


def judged(**services):
    first = original("web", "poller", "mailer")
    wanted, _ = processes(PLAN, first, first)
    whole = together([(name.partition("_")[0], each) for name, each in services.items()], wanted, first)
    found, _ = recognised(tuple(w.process for w in wanted), whole.seen)
    return {(c.service, c.outcome): c.detail for c in process_checks(wanted, whole, found)}


WEB, POLLER, MAILER = (container(f"python3 {n}.py") for n in ("web", "poller", "mailer"))


def test_each_process_alone_in_its_service_is_right():
    assert set(judged(web=WEB, poller=POLLER, mailer=MAILER)) == {("web", "ok"), ("poller", "ok"), ("mailer", "ok")}


def test_replicas_are_one_service():
    assert ("mailer", "ok") in judged(web=WEB, poller=POLLER, mailer=MAILER, mailer_2=MAILER)


def test_the_main_process_needs_no_init_above_it():
    assert ("poller", "ok") in judged(web=WEB, mailer=MAILER, poller=container("python3 poller.py", init=False))


def test_a_process_that_is_nowhere_fails():
    got = judged(web=WEB, mailer=MAILER, poller=container("sleep 1000"))
    assert got["poller", "failed"] == "python3 poller.py: alive in no container"


def test_a_process_in_two_services_fails():
    got = judged(web=WEB, poller=POLLER, mailer=MAILER, extra=POLLER)
    assert got["poller", "failed"] == "python3 poller.py: alive in poller and extra"


def test_a_process_below_a_shell_that_swallows_signals_fails():
    got = judged(web=WEB, mailer=MAILER, poller=container("/bin/sh run.sh", "python3 poller.py"))
    assert got["poller", "failed"] == "python3 poller.py: not the main process, it runs below /bin/sh run.sh"


def test_a_program_that_renames_itself_is_known_by_the_name_it_had_in_the_original():
    queue = process("queue", "bundle exec work")
    plan = Plan((service("queue", processes=(queue,)),))
    named = Observation((Seen(1, 0, ("init.sh",)), Seen(2, 1, ("worker 1.2 [0 of 2 busy]",))))
    first = Ran(named, {"queue": named.processes[1:]}, {2: "queue"}, {})
    wanted, _ = processes(plan, first, first)
    busy = Observation((Seen(1, 0, ("/sbin/docker-init",)), Seen(7, 1, ("worker 1.2 [1 of 2 busy]",))))
    whole = together([("queue", busy)], wanted, first)
    found, _ = recognised((queue,), whole.seen)
    assert [c.outcome for c in process_checks(wanted, whole, found)] == ["ok"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("python3", "cook.py", "--ask", "pantry:9000"), id="words"),
        pytest.param(("/bin/sh", "-c", "mkdir -p /x\nexec python3 cook.py --ask pantry:9000"), id="after set-up"),
    ],
)
def test_a_program_whose_arguments_a_cut_changed_is_known_by_its_new_command(command):
    cook = process("cook", "python3 cook.py --ask 127.0.0.1:9000")
    plan = Plan((replace(service("cook", processes=(cook,)), command=command),))
    one = Observation((Seen(1, 0, ("init.sh",)), Seen(2, 1, cook.command.argv)))
    first = Ran(one, {"cook": one.processes[1:]}, {2: "cook"}, {})
    wanted, _ = processes(plan, first, first)
    moved = ("python3", "cook.py", "--ask", "pantry:9000")
    whole = together([("cook", Observation((Seen(1, 0, moved),)))], wanted, first)
    found, _ = recognised((cook,), whole.seen)
    assert [c.outcome for c in process_checks(wanted, whole, found)] == ["ok"]


def test_the_init_that_carries_the_command_is_not_taken_for_the_process():
    nginx = process("nginx", "nginx")
    plan = Plan((service("nginx", "proxy", processes=(nginx,)),))
    one = Observation((Seen(1, 0, ("pm2",)), Seen(2, 1, ("nginx: master process nginx",), program="/usr/sbin/nginx")))
    first = Ran(one, {"nginx": one.processes[1:]}, {2: "nginx"}, {})
    wanted, _ = processes(plan, first, first)
    two = Observation(
        (
            Seen(1, 0, ("/sbin/docker-init", "--", "nginx", "-g", "daemon off;")),
            Seen(7, 1, ("nginx: master process nginx -g daemon off;",), program="/usr/sbin/nginx"),
            Seen(8, 7, ("nginx: worker process",), forked=True),
        )
    )
    whole = together([("nginx", two)], wanted, first)
    found, _ = recognised((nginx,), whole.seen)
    assert [c.outcome for c in process_checks(wanted, whole, found)] == ["ok"]


# containers


def member(service, status="running", code=0, since="1", **more):
    made = type("Named", (), {"id": f"{service}-id", "name": service})()
    return Member(service, made, status, code, since, more.get("health", ""), 0)


UNHEALTHY = "its health check says unhealthy"
STATES = {
    "up": (member("a"), member("a"), ("running", "ok", "up")),
    "healthy": (member("a"), member("a", health="healthy"), ("running", "ok", "healthy")),
    "unhealthy": (member("a"), member("a", health="unhealthy"), ("running", "failed", UNHEALTHY)),
    "ended": (member("a"), member("a", "exited", 3), ("running", "failed", "exited, exit code 3")),
    "started anew": (
        member("a"), member("a", since="2"), ("running", "failed", "it ends and starts again and again"),
    ),
    "a one-off that is done": (member("job"), member("job", "exited"), ("one-off", "ok", "exit code 0")),
    "a one-off that failed": (member("job"), member("job", "exited", 1), ("one-off", "failed", "exit code 1")),
    "a one-off that goes on": (member("job"), member("job"), ("one-off", "failed", "has not ended")),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "said"), STATES.values(), ids=STATES)
def test_how_a_service_is(before, after, said):
    (check,) = running_checks([after.service], ["job"], [before], [after])
    assert (check.name, check.outcome, check.detail) == said


def test_a_service_without_a_container_fails():
    assert [c.outcome for c in running_checks(["a"], [], [], [])] == ["failed"]


def test_who_was_killed_did_not_stop_in_time():
    after = [
        member("a", "exited", 0),
        member("b", "exited", 137),
        member("c", "exited", 143),
        member("job", "exited", 137),
    ]
    assert [(c.service, c.outcome) for c in stop_checks({"a", "b", "c"}, after)] == [
        ("a", "ok"), ("b", "failed"), ("c", "ok"),
    ]  # fmt: skip


def test_a_scheduler_inside_a_worker_keeps_it_from_scaling():
    assert scales(service("a"))
    assert not scales(service("a", notes=("Never scale it: it embeds a scheduler.",)))
    assert not scales(service("a", notes=("Exactly one: a second would do everything twice.",)))


def test_a_volume_counts_as_shared_by_the_plan_even_where_the_file_lost_it():
    plan = Plan((service("a", volumes=(Mount("data", "/x"),)), service("b", volumes=(Mount("data", "/y"),))))
    assert shared_volumes(plan, {}, ["a", "b"]) == ({"a": "/x", "b": "/y"},)
    assert shared_volumes(plan, {"data": {"b": "/y", "a": "/x"}}, ["a", "b"]) == ({"a": "/x", "b": "/y"},)
    assert shared_volumes(plan, {"data": {"a": "/x"}}, ["a"]) == ()


# the throw-away project

CONFIG = {
    "name": "mine",
    "services": {
        "web": {
            "build": {"context": "/src"},
            "ports": [{"target": 80, "published": "80"}],
            "container_name": "web",
            "volumes": [
                {"type": "volume", "source": "data", "target": "/data"},
                {"type": "bind", "source": "/home/me", "target": "/me", "bind": {"create_host_path": True}},
            ],
            "networks": {"default": None},
            "depends_on": {"job": {"condition": "service_completed_successfully"}},
            "labels": {"mine": "1"},
        },
        "host": {"image": "x", "network_mode": "host"},
        "beside": {"image": "x", "network_mode": "service:web", "deploy": {"replicas": 3}},
        "job": {"image": "x", "restart": "always"},
    },
    "networks": {"default": {"name": "mine_default", "ipam": {}}, "office": {"name": "office", "external": True}},
    "volumes": {
        "data": {
            "name": "mine_data",
            "external": True,
            "driver_opts": {"type": "none", "device": "/home/me", "o": "bind"},
        },
        "run": {"name": "mine_run", "driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"}},
    },
    "configs": {"site": {"name": "mine_site", "content": "x"}},
    "x-splitter": {"source": "."},
}


def test_the_throw_away_project_touches_nothing_of_the_persons():
    made = throwaway.throwaway(CONFIG, {"web": "sha256:1"}, {"gone": "1"})
    web = made["services"]["web"]
    assert set(web) & {"build", "ports", "container_name"} == set()
    assert web["image"] == "sha256:1"
    assert web["labels"] == {"mine": "1", "gone": "1"}
    assert web["volumes"][1] == {
        "type": "bind", "source": "/home/me", "target": "/me", "bind": {"create_host_path": False}, "read_only": True,
    }  # fmt: skip
    assert made["networks"] == {name: {"internal": True, "labels": {"gone": "1"}} for name in ("default", "office")}
    assert made["volumes"] == {
        "data": {"labels": {"gone": "1"}},
        "run": {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"}, "labels": {"gone": "1"}},
    }
    assert made["configs"] == {"site": {"content": "x"}}
    assert "network_mode" not in made["services"]["host"]
    assert "dns" not in made["services"]["beside"]
    assert "name" not in made
    assert CONFIG["services"]["web"]["container_name"] == "web", "the config that came in stays as it is"


def test_what_is_asked_of_a_resolved_file():
    assert throwaway.one_offs(CONFIG, ["seed"]) == ("job",)
    assert throwaway.mounts(CONFIG) == {"data": {"web": "/data"}}
    assert throwaway.builds(CONFIG) == {"web": {"context": "/src"}}
    assert (throwaway.host(CONFIG, "beside"), throwaway.network(CONFIG, "beside")) == ("web", "default")
    assert throwaway.network(CONFIG, "nobody") == ""
    assert [throwaway.replicas(CONFIG, name) for name in ("beside", "web")] == [3, 1]


def test_a_loop_of_joined_networks_ends():
    config = {"services": {"a": {"network_mode": "service:b"}, "b": {"network_mode": "service:a"}}}
    assert throwaway.network(config, "a") == ""


def test_variables_that_a_file_requires():
    assert throwaway.required("a: ${ONE:?why} ${TWO?} ${THREE:-x} $${FOUR:?} $FIVE ${SIX} ${ONE:?}") == ("ONE", "TWO")


# the report

REPORT = Report(
    (
        Check("up", "", "ok", "docker compose up -d"),
        Check("process", "web", "failed", "web.py: alive in no \x1b[31mcontainer"),
        Check("scale", "worker", "skipped"),
    )
)


def test_the_table_has_one_line_a_check():
    assert table(document(REPORT)) == (
        "ok       up       -       docker compose up -d\n"
        "failed   process  web     web.py: alive in no ?[31mcontainer\n"
        "skipped  scale    worker  -\n"
        "1 ok, 1 failed, 1 skipped\n"
    )


def test_the_document_says_whether_all_is_well():
    assert document(REPORT)["ok"] is False
    assert document(Report(REPORT.checks[::2])) == {
        "format": 1,
        "checks": [
            {"name": "up", "service": "", "outcome": "ok", "detail": "docker compose up -d"},
            {"name": "scale", "service": "worker", "outcome": "skipped", "detail": ""},
        ],
        "ok": True,
    }
    assert json.dumps(document(REPORT))


# the command line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("services: {web: {image: x}}\n", "was not made by splitter"),
        ("services: [\n", "not YAML"),
    ],
    ids=["no file", "a file of somebody else's", "no YAML"],
)
def test_a_file_that_cannot_be_verified_needs_no_engine_to_say_so(text, said, tmp_path, capsys):
    file = tmp_path / "docker-compose.yml"
    if text is not None:
        file.write_text(text)
    assert main(["verify", "-f", str(file)]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "hint:" in told.err
    assert told.out == ""
