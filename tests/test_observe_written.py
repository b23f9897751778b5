"""Who wrote what changed while an image ran, and what becomes of it in a plan."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.inspection import _writers
from splitter.inspection._procfs import About, Stat
from splitter.inspection._record import Record
from splitter.inspection._writers import State
from splitter.inspection.merge import merge
from splitter.model.facts import Command, Evidence, Facts, Process, Written
from splitter.model.observation import Change, Observation, Open, Seen
from splitter.planning import make_plan

STAT = (
    "0|41ed|2026-11-24 14:30:10.500000000 +0000|2026-11-24 14:30:10.500000000 +0000|/proc/self/\n"
    "33|81a4|2026-11-24 14:30:07.250000000 +0000|2026-11-24 14:30:08.000000000 +0000|/app/data/a|b\n"
    "0|81a4|2020-01-01 00:00:00.000000000 +0000|2026-11-24 16:30:05.500000000 +0200|/app/copied\n"
    "0|41ed|2026-11-24 14:30:06 +0000|2026-11-24 14:30:06 +0000|/app/folder\n"
    "x|81a4|never|2026-11-24 14:30:06 +0000|/app/odd\n/app/odder\n"
)


def test_owners_and_times_of_files_are_read():
    found = _writers.dated(STAT, 5.0)
    assert set(found) == {"/app/data/a|b", "/app/copied", "/app/folder"}
    assert found["/app/data/a|b"] == State(33, True, 1.75, 2.5)
    assert (found["/app/copied"].state, found["/app/folder"].file) == (0.0, False)


@given(st.text(), st.floats(0, 9))
def test_no_text_of_stat_makes_the_reader_raise(text, asked):
    _writers.dated(text, asked)
    _writers.dated(STAT + text, asked)
    _writers.dated(f"{text}|{text}|{text}|{text}|{text}", asked)


@pytest.mark.parametrize(
    ("kind", "state", "at", "nothing"),
    [
        pytest.param("added", State(0, True, 1.0, 2.0), 1.0, False, id="made in the run: when it was written"),
        pytest.param("added", State(0, True, -900.0, 2.0), 2.0, False, id="copied with its date: when it came"),
        pytest.param("changed", State(0, True, -900.0, 2.0), 2.0, True, id="only given away"),
        pytest.param("added", State(0, False, 1.0, 1.0), 1.0, True, id="a folder, a socket"),
    ],
)
def test_a_change_is_told_with_its_time(kind, state, at, nothing):
    change = _writers.told(Change("/x", kind), state)
    assert (change.at, change.nothing, change.uid) == (at, nothing, 0)
    assert _writers.told(change, None) == change


def test_a_start_is_known_by_the_kernels_clock():
    record = Record()
    for now, stats in ((0.0, [(1, 4990)]), (0.04, [(1, 4990), (4, 5002)]), (1.05, [(1, 4990), (4, 5002), (5, 5101)])):
        record.look({pid: Stat(pid, "x", "S", pid > 1, 0, started, pid, 0) for pid, started in stats}, now)
        record.about({pid: About(("x",)) for pid, _ in stats}, now)
    found = {p.pid: p.started for p in record.finish({}, 2)[0]}
    assert found[4] == pytest.approx(0.04, abs=0.021)
    assert found[5] - found[4] == pytest.approx(0.99)


def seen(pid, parent, line, born, ended=9.0, uid=0, alive=None):
    alive = ended >= 9.0 if alive is None else alive
    return Seen(pid, parent, tuple(line.split()), uid=uid, born=born, started=born, seconds=ended - born, alive=alive)


def declared(name, line, **more):
    return Process(name, Command(tuple(line.split())), Evidence("/start.sh", 3), **more)


JOB = declared("migrate", "manage.py migrate", lifetime="job", phase="once")
WEB, WORKER = declared("web", "gunicorn app"), declared("worker", "celery worker")
RUN = (
    seen(1, 0, "sh /start.sh", 0), seen(2, 1, "manage.py migrate", 1, 3), seen(3, 1, "gunicorn app", 3.2, uid=33),
    seen(4, 1, "celery worker", 3.3, uid=34), seen(5, 4, "celery worker", 3.5, uid=34),
)  # fmt: skip
IMAGE = image_of({"/app/manage.py": "", "/app/old/kept.txt": ""}, workdir="/app")


def facts(*changes, files=(), processes=(JOB, WEB, WORKER)):
    run = Observation(RUN, changes=tuple(changes), files=tuple(files))
    return merge(Facts(processes), run, IMAGE)


@pytest.mark.parametrize(
    ("at", "uid", "writers"),
    [
        pytest.param(2.0, 0, ("migrate",), id="the job that ran alone"),
        pytest.param(2.0, 33, ("migrate",), id="the job, which may have given it away"),
        pytest.param(6.0, 33, ("web",), id="the one that runs as its owner"),
        pytest.param(6.0, 34, ("worker",), id="one of a pool"),
        pytest.param(6.0, 0, (), id="nobody of those that are there"),
        pytest.param(0.5, 0, (), id="no: only a script was there"),
        pytest.param(None, None, (), id="no: it has no date"),
    ],
)
def test_who_wrote_what_changed(at, uid, writers):
    [found] = facts(Change("/app/data/x", "added", uid, at)).written
    assert (found.writers, found.perhaps) == (writers, ())


def test_where_several_may_have_written_it_nobody_is_said_to_have():
    root = declared("root", "cron -f")
    run = Observation((*RUN, seen(8, 1, "cron -f", 1)), changes=(Change("/app/data/x", "added", 33, 6.0),))
    [found] = merge(Facts((JOB, WEB, WORKER, root)), run, IMAGE).written
    assert (found.writers, found.perhaps) == ((), ("web", "root"))


def test_what_has_no_content_is_not_told():
    assert facts(Change("/app/data", "added", 0, 2.0, nothing=True)).written == ()


def test_many_files_are_told_as_their_folder():
    [found] = facts(*(Change(f"/app/data/{n}", "added", 0, 2.0) for n in range(9))).written
    assert (found.path, found.folder, found.writers) == ("/app/data", True, ("migrate",))


# --- what becomes of it


def planned(*changes, files=()):
    plan = make_plan(facts(*changes, files=files), IMAGE, {})
    mounts = {s.name: {m.path: m.volume for m in s.volumes} for s in plan.services}
    return mounts, [g.what for g in plan.gaps], plan


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param({"changes": [Change("/app/public/app.js", "added", 0, 2.0)]}, "/app/public/app.js (migrate)",
                     id="by a job"),
        pytest.param({"changes": [Change("/app/data/x", "added", 0, 6.0)]}, "/app/data/x;",
                     id="by nobody that is known"),
        pytest.param({"files": [Open(3, "/var/lib/shop/state.db", True, True)]}, "/var/lib/shop/state.db (web)",
                     id="by the one that holds it open"),
    ],
)  # fmt: skip
def test_what_is_written_and_on_no_volume_is_told_and_not_decided(written, said):
    mounts, [gap], _ = planned(*written.get("changes", ()), files=written.get("files", ()))
    assert not any(mounts.values())
    assert said in gap


@pytest.mark.parametrize(
    "path",
    [
        "/app/log/web.log", "/app/logs/x", "/app/tmp/pids/server.pid", "/app/.cache/x", "/etc/app.conf", "/root/.x",
        "/usr/lib/x", "/app/a.pid", "/app/cache/x", "/var/cache/x", "/app/.npm/x",
    ],
)  # fmt: skip
def test_logs_caches_and_the_system_are_no_data(path):
    mounts, gaps, _ = planned(Change(path, "added", 0, 2.0), Change(path, "added", 0, 6.0))
    assert not any(mounts.values())
    assert gaps == []


def test_what_a_volume_holds_already_is_not_told():
    image = image_of({"/app/manage.py": ""}, workdir="/app")
    image = replace(image, config=replace(image.config, volumes=("/app/data",)))
    written = Written("/app/data/x", (), Evidence("run time"))
    plan = make_plan(Facts((JOB, WEB, WORKER), written=(written,)), image, {})
    assert plan.gaps == ()


@pytest.mark.parametrize(
    ("waits", "opened", "target"),
    [
        pytest.param(
            "/srv/app/out.txt",
            [Open(4, "/srv/app/out.txt", write=True, held="w")],
            "/srv/app/out.txt",
            id="for the file",
        ),
        pytest.param("/srv/app/", [Open(4, "/srv/app/out.txt", write=True, held="w")], "/srv/app", id="for its folder"),
        pytest.param("/srv/app/", [Open(4, "/srv/app/out.txt", write=True)], "", id="for what is written for a moment"),
        pytest.param("/srv/other", [Open(4, "/srv/app/out.txt", write=True, held="w")], "", id="for another"),
        pytest.param(
            "/srv/app/out.txt", [Open(5, "/srv/app/out.txt", write=True, held="w")], "", id="for what it writes itself"
        ),
        pytest.param(
            "/srv/app/out.txt",
            [Open(4, "/srv/app/out.txt", write=True, held="w"), Open(3, "/srv/app/out.txt", write=True, held="w")],
            "",
            id="for what several write",
        ),
    ],
)
def test_who_waits_for_what_another_keeps_open_is_joined_to_it(waits, opened, target):
    watch = declared("watch", f"inotifywait -m {waits}")
    processes = (declared("web", "gunicorn shop"), declared("worker", "celery -A shop"), watch)
    run = Observation(
        processes=(
            seen(1, 0, "sh /start.sh", 0.0),
            seen(3, 1, "gunicorn shop", 1.0),
            seen(4, 1, "celery -A shop", 1.0),
            seen(5, 1, f"inotifywait -m {waits}", 1.0),
        ),
        files=tuple(opened),
    )
    merged = merge(Facts(processes), run, image_of({"/srv/app/x.py": ""}))
    found = [(c.between, c.target) for c in merged.couplings if c.how == "watch"]
    assert found == ([(("watch", "worker"), target)] if target else [])
