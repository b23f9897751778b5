"""Files that a run shows to be kept open: what counts as that, who else may come to them, and the volume it makes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.catalogue.places import lasting
from splitter.inspection._procfs import About, Descriptors, Stat
from splitter.inspection._record import Record
from splitter.inspection.merge import merge
from splitter.model.facts import Command, Evidence, Facts, Process
from splitter.model.image import Node
from splitter.model.observation import Change, Observation, Open, Seen
from splitter.planning import make_plan

DB = "/app/state/shop.db"


# --- what a look after the other shows


def watched(*looks, quiet=None):
    """What is held after these looks, one each 0.2 s: the open files of one process, as (mode, path)."""
    record = Record()
    stats = {1: Stat(1, "app", "S", 0, 0, 1, 1, 0)}
    for number, files in enumerate(looks):
        now = number * 0.2
        record.look(stats, now)
        record.about({1: About(("app",))}, now)
        record.descriptors(Descriptors({}, [(1, 7 + n, mode, path) for n, (mode, path) in enumerate(files)]), now)
    held = {f.path: f.held for f in record.finish({}, 9, quiet)[3]}
    return held, round(record.news_at, 1)


HELD = ("rw", DB)


@pytest.mark.parametrize(
    ("looks", "held"),
    [
        pytest.param([[HELD]] * 6, "w", id="open at every look"),
        pytest.param([[HELD], [HELD], [], [HELD], [HELD], [HELD]], "w", id="closed for a moment, as to turn it over"),
        pytest.param([[], [], [HELD], [], [], []], "", id="open for a moment"),
        pytest.param([[], [], [], [], [], [HELD]], "", id="open for a moment at the last look"),
        pytest.param([[("r", DB)], [("r", DB)], [HELD], [("r", DB)], [("r", DB)]], "r", id="written for a moment"),
        pytest.param([[HELD]], "", id="looked at once"),
    ],
)
def test_what_counts_as_kept_open(looks, held):
    assert watched(*looks, quiet=0.0 if len(looks) > 1 else None)[0].get(DB) == held


@pytest.mark.parametrize(
    ("files", "news"),
    [
        pytest.param([HELD], 0.6, id="data: since it was opened"),
        pytest.param([("r", DB)], 0.0, id="only read"),
        pytest.param([("w", "/var/log/app.log")], 0.0, id="a log"),
        pytest.param([("rw", "/tmp/x")], 0.0, id="nothing that is kept"),
    ],
)
def test_a_file_that_is_opened_late_and_kept_open_is_news(files, news):
    assert watched([], [], [], files, files, files)[1] == news


def test_files_that_are_opened_for_moments_prolong_nothing():
    assert watched(*([("w", f"/app/state/{n}")] for n in range(9)))[1] == 0.0


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/srv/shop/data/x.db", True), ("/data/appendonly.aof", True), ("/app/events/1.json", True),
        ("/var/lib/shop/MANIFEST-000002", True), ("/app/web.log", False), ("/app/web.log.1", False),
        ("/app/Cache/x", False), ("/app/lib/x.cpython-311.pyc", False), ("/var/lib/systemd/random-seed", False),
        ("/srv/service/web/supervise/lock", False), ("/app/tmp/sockets/puma.sock", False), ("/app/.git/index", False),
    ],
)  # fmt: skip
def test_what_somebody_may_miss(path, kept):
    assert lasting(path) is kept


# --- what becomes of it


def declared(name, line, **more):
    return Process(name, Command(tuple(line.split())), Evidence("/start.sh", 3), **more)


def seen(pid, line, born=1.0, alive=True):
    return Seen(pid, 1 if pid > 1 else 0, tuple(line.split()), born=born, started=born, seconds=9 - born, alive=alive)


JOB = declared("migrate", "python3 manage.py migrate", lifetime="job", phase="once")
WEB = declared("web", "gunicorn shop.wsgi", user="www-data", workdir="/app")
WORKER = declared("worker", "celery -A shop worker", user="www-data", workdir="/app")
OTHER = declared("gauge", "/opt/gauge/bin/gauge --keep /app/state", workdir="/opt/gauge")
TEAM = (JOB, WEB, WORKER, OTHER)
SEEN = (seen(1, "sh /start.sh", 0), seen(2, "python3 manage.py migrate", 1, False), seen(3, "gunicorn shop.wsgi", 3),
        seen(4, "celery -A shop worker", 3), seen(5, "/opt/gauge/bin/gauge --keep /app/state", 3))  # fmt: skip
FILES = {"/app/manage.py": "", "/app/shop/wsgi.py": "", "/opt/gauge/bin/gauge": "", "/etc/passwd": (
    "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n")}  # fmt: skip
FOLDER = Node("dir", 0o755, 33, 33)


def image_with(folders=(), files=(), volumes=()):
    image = image_of(FILES | dict.fromkeys(files, ""), workdir="/app")
    image = image.with_files(dict.fromkeys(folders, FOLDER))
    return replace(image, config=replace(image.config, volumes=tuple(volumes)))


def held(pid, path, how="w"):
    return Open(pid, path, True, how == "w", held=how)


def planned(*files, image, team=TEAM, changes=()):
    facts = merge(Facts(team), Observation(SEEN, files=files, changes=tuple(changes)), image)
    return make_plan(facts, image, {})


def mounts(plan):
    return {s.name: [m.path for m in s.volumes] for s in plan.services if s.volumes}


ALL = ["migrate", "web", "worker", "gauge"]


@pytest.mark.parametrize(
    ("path", "image", "folder"),
    [
        pytest.param(DB, image_with(["/app/state"]), "/app/state", id="a folder that the image leaves empty"),
        pytest.param(DB, image_with(files=["/app/state/.gitkeep"]), "/app/state", id="one that a placeholder keeps"),
        pytest.param("/app/state/2026/11/a.db", image_with(["/app/state"]), "/app/state", id="a new folder in one"),
        pytest.param("/app/state/2026/11/a.db", image_with(), "/app/state", id="the first of new folders"),
        pytest.param("/app/state/a.db", image_with(["/app/state/sub"]), "/app/state", id="one with empty folders"),
        pytest.param("/data/a.db", image_with(["/data"]), "/data", id="one of the root"),
        pytest.param(
            "/var/lib/shop/a.db", image_with(["/var/lib"]), "/var/lib/shop", id="never all of a system's folder"
        ),
        pytest.param("/home/app/keep/a.db", image_with(["/home/app"]), "/home/app/keep", id="never a whole home"),
        pytest.param("/app/a.db", image_with(), "", id="beside the code"),
        pytest.param(DB, image_with(files=["/app/state/seed.json"]), "", id="beside what the image ships"),
        pytest.param("/home/app/a.db", image_with(["/home/app"]), "", id="in a home itself"),
        pytest.param(DB, replace(image_with(), base="alpine"), "", id="where nobody knows what the image has"),
    ],
)
def test_the_folder_that_becomes_a_volume(path, image, folder):
    plan = planned(held(3, path), image=image)
    found = {p for paths in mounts(plan).values() for p in paths}
    assert found == ({folder} if folder else set())
    assert any("on no volume" in g.what and path in g.what for g in plan.gaps) is not bool(folder)


def test_it_is_for_who_keeps_files_open_and_for_who_may_come_to_them():
    plan = planned(held(3, DB), image=image_with(["/app/state"]))
    assert set(mounts(plan)) == set(ALL)
    [volume] = plan.volumes
    assert volume.because == "web keeps files open there, as a run shows; worker, gauge, migrate may come to them"
    assert set(mounts(planned(held(5, "/opt/gauge/kept/x"), image=image_with()))) == {"gauge"}


@pytest.mark.parametrize("path", ["/app/web.log", "/tmp/x", "/app/tmp/x", "/run/web.pid", "/var/cache/x", "/usr/lib/x"])
def test_what_nobody_misses_is_on_no_volume(path):
    plan = planned(held(3, path), image=image_with())
    assert (plan.volumes, plan.gaps) == ((), ())


def test_a_journal_beside_its_database_changes_nothing():
    image = image_with(["/app/state"])
    one, more = planned(held(3, DB), image=image), planned(held(3, DB), held(3, f"{DB}-wal"), image=image)
    many = planned(*(held(3, f"{DB}-{n}") for n in range(9)), image=image)
    assert one.volumes == more.volumes == many.volumes
    assert one.services == more.services == many.services


def test_a_declared_volume_stays_what_holds_it():
    plan = planned(held(3, DB), image=image_with(["/app/state"], volumes=["/app/state"]))
    assert [v.because for v in plan.volumes] == ["VOLUME /app/state"]


def test_data_of_a_server_that_gets_an_image_of_its_own_is_not_for_this_one():
    server = declared("db", "/usr/lib/postgresql/15/bin/postgres -D /srv/pg")
    run = (*SEEN, seen(6, "/usr/lib/postgresql/15/bin/postgres -D /srv/pg"))
    facts = merge(Facts((*TEAM, server)), Observation(run, files=(held(6, "/srv/pg/base/1"),)), image_with())
    plan = make_plan(facts, image_with(), {})
    assert mounts(plan) == {"postgres": ["/var/lib/postgresql/data"]}
    plan = make_plan(facts, image_with(), {q.id: "same" for q in plan.questions if q.id.startswith("backing:")})
    assert {p for paths in mounts(plan).values() for p in paths} == {"/srv/pg"}


@pytest.mark.parametrize(
    ("folders", "owner"),
    [
        pytest.param({}, ["chown", "www-data", "/app/state"], id="a folder that the image lacks"),
        pytest.param({"/app/state": Node("dir")}, ["chown", "www-data", "/app/state"], id="one that is the root's"),
        pytest.param({"/app/state": FOLDER}, [], id="one that is the user's own"),
        pytest.param({"/app/state": Node("dir", 0o1777)}, [], id="one that all may write in"),
    ],
)
def test_the_service_can_write_on_a_new_volume(folders, owner):
    plan = planned(held(3, DB), image=image_with().with_files(folders))
    gives = next((s for s in plan.services if s.name == "volumes"), None)
    assert (list(gives.command) if gives else []) == owner
    if gives:
        assert all("volumes" in s.depends_on for s in plan.services if s.volumes and s is not gives)


def test_users_who_cannot_both_write_are_told():
    other = replace(WORKER, user="celery")
    plan = planned(held(3, DB), held(4, DB), image=image_with(), team=(JOB, WEB, other, OTHER))
    assert set(mounts(plan)) == {*ALL, "volumes"}
    [gap] = [g.what for g in plan.gaps if "is given to" in g.what]
    assert "/app/state is given to www-data, and worker keeps files open there as celery" in gap


def test_two_never_fill_a_new_volume_at_once():
    plan = planned(held(3, DB), held(4, DB), image=image_with(["/app/state"]))
    users = [s for s in plan.services if s.volumes]
    assert len([s for s in users if not any(o.name in s.depends_on for o in users)]) == 1


def test_a_path_that_both_commands_name_is_shared_whether_it_has_come_or_not():
    one, two = (declared(n, f"/opt/{n} --to /srv/shelf/flour.txt") for n in ("pantry", "cook"))
    run = (*SEEN, seen(6, "/opt/pantry --to /srv/shelf/flour.txt"), seen(7, "/opt/cook --to /srv/shelf/flour.txt"))
    plans = [
        make_plan(
            merge(Facts((one, two)), Observation(run, changes=changes), image_with(["/srv/shelf"])), image_with(), {}
        )
        for changes in ((), (Change("/srv/shelf/flour.txt", "added", 0, 5.0),))
    ]
    assert plans[0] == plans[1]
    assert mounts(plans[0]) == {"pantry": ["/srv/shelf"], "cook": ["/srv/shelf"]}


@pytest.mark.parametrize(
    "path", ["/api/v1", "/srv/shelf", "/tmp/x", "/srv/x.pid"], ids=["of URLs", "in the image", "passing", "a pid file"]
)
def test_other_paths_that_both_commands_name_are_not_shared(path):
    one, two = (declared(n, f"/opt/{n} --to {path}") for n in ("pantry", "cook"))
    run = (*SEEN, seen(6, f"/opt/pantry --to {path}"), seen(7, f"/opt/cook --to {path}"))
    facts = merge(Facts((one, two)), Observation(run), image_with(["/srv/shelf"]))
    assert [c for c in facts.couplings if c.kind == "files"] == []


paths = st.sampled_from([DB, f"{DB}-wal", "/app/other/x", "/data/y", "/app/a.db", "/srv/pg/z", "/opt/gauge/kept/x"])
pids = st.integers(2, 5)
moments = st.lists(st.builds(Open, pids, paths, st.booleans(), st.booleans()), max_size=6)
changed = st.lists(st.builds(Change, paths, st.just("added"), st.sampled_from([0, 33]), st.floats(0, 9)), max_size=6)


@given(moments, changed)
def test_what_a_run_meets_by_chance_never_changes_the_file(files, changes):
    image = image_with(["/app/state"])
    kept = held(3, DB)
    always = planned(kept, image=image)
    once = planned(kept, *(f for f in files if (f.pid, f.path) != (3, DB)), image=image, changes=changes)
    assert (once.services, once.volumes, once.couplings) == (always.services, always.volumes, always.couplings)
