"""A small image of our own is run and looked at: what is seen, and that nothing of the run is left."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from managing import image_of

from splitter.engine import connect
from splitter.inspection.merge import merge
from splitter.inspection.observe import Watch, observe
from splitter.model.facts import Command, Evidence, Facts, Process

from .observing import built, left, volumes_of
from .stack import until


@pytest.fixture(scope="module")
def run(engine):
    """One run of the application: the observation, what was said, how long it took, volumes that it had."""
    app, said, volumes = built("app"), [], []

    def say(words):
        said.append(words)
        if len(said) == 2:
            volumes.extend(volumes_of(os.getpid()))

    connect().sweep()
    began = time.monotonic()
    seen = observe(connect(), app, Watch(settle=0.8, jobs=lambda: (("python3", "app.py", "migrate"),)), say)
    return seen, said, time.monotonic() - began, volumes


def one(seen, *words):
    return next(p for p in seen.processes if p.argv == words and not p.forked)


def test_it_is_watched_until_it_is_quiet(run):
    seen, _, took, _ = run
    assert seen.stopped == "quiet"
    settled = max(p.since for p in seen.processes)
    assert settled - 0.3 < seen.settled < seen.seconds - 0.7
    assert 1.0 <= settled < seen.seconds, "a job of a second is waited for, though the quiet period is shorter"
    assert took - settled < 0.8 + 1.5 + 1.5  # the quiet period, our own part, and what else goes on here


def test_the_first_process_is_seen_before_it_calls_exec(run):
    first = run[0].process(1)
    assert first.parent == 0
    assert first.argv == ("runsvdir", "-P", "/srv/service")
    assert first.before[-1][-1].endswith("start.sh")


def test_a_job_of_a_second_is_seen(run):
    job = one(run[0], "python3", "app.py", "migrate")
    assert (job.parent, job.alive, job.user, job.workdir) == (1, False, "root", "/srv")
    assert 0.5 < job.seconds < 2


def test_how_what_came_and_went_has_ended_is_seen(run):
    assert one(run[0], "python3", "app.py", "migrate").exit_code == 0
    short = [p for p in run[0].processes if p.name == "false"]
    assert {(p.parent, p.exit_code) for p in short} == {(1, 1)}
    assert sum(p.times for p in short) == 3, "however short they are, none is missed"
    assert not [p for p in run[0].processes if p.name in ("perl", "head", "ls", "grep")], "the probe's own are not told"


def test_each_of_many_that_were_over_at_once_has_its_own_end(run):
    job, short = one(run[0], "python3", "app.py", "migrate"), [p for p in run[0].processes if p.name == "false"]
    ends = sorted(end for p in short for end in p.ends)
    assert [end.exit_code for end in ends] == [1, 1, 1]
    assert [end.exit_code for end in job.ends] == [0]
    assert job.ends[0] > ends[-1], "in the order in which they ended"


def test_processes_have_their_parents_users_and_folders(run):
    seen = run[0]
    for name, user in (("web", "www-data"), ("sock", "root"), ("worker", "www-data")):
        found = one(seen, "python3", "app.py", name)
        assert seen.process(found.parent).argv == ("runsv", name)
        assert (found.user, found.workdir, found.alive) == (user, "/srv", True)


def test_of_an_environment_only_the_names_are_kept(run):
    worker = one(run[0], "python3", "app.py", "worker")
    assert {"QUEUE", "MODE", "API_TOKEN", "PATH"} <= set(worker.env)
    assert not {"SHLVL", "_"} & set(one(run[0], "python3", "app.py", "migrate").env)
    assert "topsecret" not in repr(run[0])


def test_who_listens_is_seen(run):
    seen = run[0]
    web, sock = one(seen, "python3", "app.py", "web"), one(seen, "python3", "app.py", "sock")
    found = {(s.protocol, s.host, s.port, s.path): s.pids for s in seen.sockets}
    assert set(found) == {("tcp", "127.0.0.1", 8000, ""), ("unix", "", 0, "/run/app.sock")}
    assert web.pid in found["tcp", "127.0.0.1", 8000, ""]
    assert sock.pid in found["unix", "", 0, "/run/app.sock"]
    assert all(len(pids) == 2 for pids in found.values())


def test_a_connection_is_seen_from_client_to_server(run):
    seen = run[0]
    [client] = {c.client for c in seen.connections}
    assert client == one(seen, "python3", "app.py", "worker").pid
    assert {(c.host, c.port) for c in seen.connections} == {("127.0.0.1", 8000)}


def test_files_are_seen_as_open_and_as_changed(run):
    seen = run[0]
    worker = one(seen, "python3", "app.py", "worker")
    assert [(f.pid, f.write) for f in seen.files if f.path == "/srv/data/out.txt"] == [(worker.pid, True)]
    assert {"/srv/data/migrated", "/srv/data/out.txt"} <= {c.path for c in seen.changes}


MESS = """
mkdir -p /made/deep; echo 1 > /made/deep/file; ln -s file /made/link; mkfifo /made/fifo; ln /etc/passwd /made/hard
rm /etc/issue; rm -rf /var/log; mkdir /var/log; echo new > /var/log/new; mv /srv/start.sh /srv/moved.sh
chmod 700 /root; chmod 600 /etc/group; touch /etc/shells; chown 33 /etc/profile; rmdir /media; ln -s /made /media
"""


def test_what_changed_is_the_same_by_the_layer_as_by_the_engine(run):
    container = connect().container(built("app"), entrypoint=["sh", "-c", f"{MESS}\nexec sleep 1000"], user="0")
    container.start()
    api = connect().api
    until(lambda: any(c["Path"] == "/media" for c in api.diff(container.id) or ()))
    time.sleep(0.5)  # two of the commands are for that path
    by_engine = {(c["Path"], c["Kind"]) for c in api.diff(container.id)}
    by_layer = {(c["Path"], c["Kind"]) for c in container.diff()}
    container.discard()
    gone = {path for path, kind in by_engine - by_layer if kind == 2}
    assert {change for change in by_engine if change[0] not in gone} == by_layer
    assert all(path.startswith("/var/log/") for path in gone), "of a folder that was replaced the new content alone"
    assert ("/made/deep/file", 1) in by_layer


def test_whose_a_changed_file_is_and_when_it_was_written_is_seen(run):
    seen = run[0]
    made = {c.path: c for c in seen.changes}
    job, worker = one(seen, "python3", "app.py", "migrate"), one(seen, "python3", "app.py", "worker")
    written = made["/srv/data/migrated"]
    assert (written.uid, written.nothing) == (0, False)
    assert job.started < written.at <= job.born + job.seconds + 0.05, "in the time of the job that wrote it"
    assert made["/srv/data/out.txt"].uid == worker.uid
    assert made["/srv/data/out.txt"].at > worker.started
    assert "/.splitter-ended" not in made


def test_the_probe_is_not_among_what_it_sees(run):
    assert not [p for p in run[0].processes if "#end" in " ".join(p.argv) or p.name in ("head", "ls")]


def test_a_person_who_waits_is_told_what_goes_on(run):
    said = run[1]
    assert said[0].startswith("starting")
    assert any("app.py" in words for words in said)


def test_nothing_is_left_of_a_run(run):
    connect().close()  # what goes while the program goes on
    assert left() == []
    assert run[3], "the image has a VOLUME"
    assert all(subprocess.run(["docker", "volume", "inspect", v], capture_output=True).returncode for v in run[3])


def test_what_is_declared_meets_what_runs(run):
    what = [
        Process(name, Command(("python3", "app.py", name)), Evidence(f"/srv/service/{name}/run"), via=("runit",))
        for name in ("web", "worker")
    ]
    facts = merge(Facts(tuple(what)), run[0], image_of(env={"API_TOKEN": "x", "MODE": "y"}, workdir="/srv"))
    assert [p.name for p in facts.processes][:2] == ["web", "worker"]
    assert [p.command.argv for p in facts.processes[2:]] == [("python3", "app.py", "sock")]
    assert [(c.kind, c.between, c.target) for c in facts.couplings] == [("tcp", ("worker", "web"), "127.0.0.1:8000")]
    assert [(x.process, x.port) for x in facts.listening if x.port] == [("web", 8000)]
    assert any("app.py migrate" in shown.what for shown in facts.shown)


def test_an_image_that_lacks_a_variable_says_so_and_starts_with_it():
    tag = built("needs-env")
    seen = observe(connect(), tag, Watch(settle=1.0, env={"API_TOKEN": "hunter2hunter2"}))
    assert (seen.stopped, seen.exit_code) == ("ended", 2)
    assert any("DATABASE_URL" in line for line in seen.log)
    assert "token is ***" in seen.log
    seen = observe(connect(), tag, Watch(settle=1.0, env={"DATABASE_URL": "x", "API_TOKEN": "hunter2hunter2"}))
    assert seen.stopped == "quiet"
    assert seen.process(1).argv == ("sleep", "1000")


SCRIPT = """
import sys
from splitter.engine import connect
from splitter.inspection.observe import Watch, observe
observe(connect(), sys.argv[1], Watch(settle=30), lambda words: print(words, flush=True))
"""


def started(tag):
    """A run in a process of its own, once its container is up."""
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, tag], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until(lambda: b"processes" in child.stdout.readline())
    assert len(left(child.pid)) == 2
    return child


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_by_a_run_that_a_signal_ends(number):
    child = started(built("app"))
    volumes = volumes_of(child.pid)
    child.send_signal(number)
    assert child.wait(20) != 0
    assert left(child.pid) == []
    assert all(subprocess.run(["docker", "volume", "inspect", v], capture_output=True).returncode for v in volumes)


def test_the_next_run_removes_what_a_killed_one_left():
    child = started(built("app"))
    child.kill()
    child.wait()
    assert len(left(child.pid)) == 2
    connect().sweep()
    assert left(child.pid) == []


def test_the_command_line_runs_an_image_of_an_engine():
    done = subprocess.run(
        [sys.executable, "-m", "splitter", "inspect", "--json", "--settle", "1", built("app")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no terminal, no display
    assert any(x["port"] == 8000 for x in json.loads(done.stdout)["listening"])


def test_a_connection_of_a_millisecond_leaves_a_trace():
    seen = observe(connect(), built("brief"), Watch(settle=2.0))
    reached = {s.path or s.port: s.reached for s in seen.sockets}
    assert reached == {9000: True, 9001: False, "/run/asked.sock": True, "/run/left.sock": False}


def test_steps_of_a_few_milliseconds_are_told_apart():
    done = subprocess.run(
        [sys.executable, "-m", "splitter", "inspect", built("quick"), "--json"], capture_output=True, text=True
    )
    facts = json.loads(done.stdout)
    notes = {p["name"]: p.get("notes", []) for p in facts["processes"]}
    assert notes["seed.pl"] == ["ended with exit code 0 when the image was run"]
    assert [g["what"] for g in facts["shown"]] == ["seed.pl-2 failed with exit code 1 when the image was run"]


def test_the_command_line_shows_on_a_terminal_what_it_sees():
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "splitter", "inspect", "--settle", "1", built("app")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):
            while more := os.read(ours, 4096):
                shown += more
        assert child.wait(60) == 0
    os.close(ours)
    assert b"addresses listened on" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_the_command_line_leaves_the_run_out_on_request():
    done = subprocess.run(
        [sys.executable, "-m", "splitter", "inspect", "--json", "--no-run", built("app")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "run time" not in done.stdout
