"""Texts of /proc, the record of a run, and how what was seen meets what was declared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.inspection import _procfs
from splitter.inspection._procfs import About, Descriptors, Row, Stat
from splitter.inspection._record import Record
from splitter.inspection.merge import merge
from splitter.model.codec import from_json, to_json
from splitter.model.facts import Command, Coupling, Evidence, Facts, Listening, Process
from splitter.model.observation import Change, Connection, Observation, Open, Seen, Socket

STAT = (
    "{pid} ({name}) {state} {parent} 1 1 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 {started} 2 3 4 5 6 {image} "
    + "0 " * 23
    + "{status}"
)


def stat_line(pid, name="sh", state="S", parent=1, started=50, image=7, status=0):
    return STAT.format(pid=pid, name=name, state=state, parent=parent, started=started, image=image, status=status)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("nginx", id="a plain name"),
        pytest.param("tmux: server", id="a name with a blank"),
        pytest.param("a) S 1 (b", id="a name with parentheses"),
        pytest.param("two\nlines", id="a name with a line break"),
    ],
)
def test_a_line_of_stat_is_read(name):
    text = "\n".join([stat_line(1, "init", parent=0), stat_line(7, name), stat_line(8, "last")])
    found = _procfs.stats(text)
    assert list(found) == [1, 7, 8]
    assert found[7].name == name
    assert (found[7].parent, found[7].ticks, found[7].started, found[7].image) == (1, 42, 50, 7)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param(0, 0, id="ended well"),
        pytest.param(3 << 8, 3, id="exit 3"),
        pytest.param(9, 137, id="killed"),
        pytest.param(0x80 | 11, 139, id="killed, with a core"),
    ],
)
def test_an_exit_status_is_told_as_a_shell_tells_it(status, code):
    found = _procfs.stats(stat_line(9, state="Z", status=status))
    assert found[9].over
    assert found[9].exit_code == code


TEXT = (
    "==> /dev/null <==\n\n==> /proc/7/cmdline <==\npython3\0-m\0http.server\0\n"
    "==> /proc/7/environ <==\nPATH=/bin\0SECRET_KEY=x\ny\0odd\0\n==> /proc/7/status <==\nName:\tpython3\n"
    "Uid:\t0\t33\t33\t33\nGid:\t0\t0\t0\t0\n"
    "lrwxrwxrwx 1 33 33 0 Nov 24 10:52 /proc/7/cwd -> /srv/my app\n"
    "lrwxrwxrwx 1 33 33 0 Nov 24 10:52 /proc/7/exe -> /usr/bin/python3.11\n"
)


def test_what_a_process_is_is_read_without_the_values_of_its_environment():
    found = _procfs.about(TEXT)
    assert found == {
        7: About(("python3", "-m", "http.server"), ("PATH", "SECRET_KEY"), 33, "/usr/bin/python3.11", "/srv/my app")
    }
    assert "x\ny" not in repr(found)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param("a\0b c\0", ("a", "b c"), id="words end in NUL"),
        pytest.param("a\0\0b\0", ("a", "", "b"), id="an empty word stays"),
        pytest.param("nginx: master process\0\0\0\0", ("nginx: master process",), id="a title, NULs behind it"),
        pytest.param("puma 5 [app]      ", ("puma 5 [app]",), id="a title, blanks behind it"),
        pytest.param("", (), id="a kernel thread or a zombie"),
    ],
)
def test_a_command_line_is_parted(raw, words):
    assert _procfs.words(raw) == words


NET = """
==> /proc/net/tcp <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 11 1 0 100 0 0 10 0
   1: 0100007F:C350 0100007F:18EB 01 00000000:00000000 00:00000000 00000000    33        0 12 1 0 20 4 30 10 -1
   2: 0100007F:18EB 0100007F:C350 01 00000000:00000000 00:00000000 00000000   101        0 13 1 0 20 4 30 10 -1
==> /proc/net/tcp6 <==
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 14 1
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 15 1
   2: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 16 1
   3: nonsense
==> /proc/net/udp <==
  sl  local_address rem_address   st
   0: 00000000:0035 00000000:0000 07 0:0 0:0 0 0 0 17 2 0 0
==> /proc/net/udp6 <==
==> /proc/net/unix <==
Num       RefCount Protocol Flags    Type St Inode Path
0000: 00000002 00000000 00010000 0001 01 18 /run/my app.sock
0000: 00000003 00000000 00000000 0001 03 19 /run/my app.sock
0000: 00000002 00000000 00000000 0002 01 20 /dev/log
0000: 00000002 00000000 00010000 0001 01 21 @abstract
0000: 00000003 00000000 00000000 0001 03 22
"""


def test_tables_of_sockets_are_read():
    listening = {(r.protocol, *r.local, r.inode) for r in _procfs.sockets(NET) if r.state == "listen"}
    assert listening == {
        ("tcp", "127.0.0.1", 6379, 11),
        ("tcp", "", 80, 14),
        ("tcp", "::1", 8080, 15),
        ("tcp", "127.0.0.1", 8081, 16),
        ("udp", "", 53, 17),
        ("unix", "/run/my app.sock", 0, 18),
        ("unix", "/dev/log", 0, 20),
        ("unix", "@abstract", 0, 21),
    }


def test_open_files_are_read_from_the_links_to_them():
    text = (
        "/proc/7/fd:\ntotal 0\nlr-x------ 1 0 0 64 Nov 24 10:52 0 -> /dev/null\n"
        "l-wx------ 1 0 0 64 Nov 24 10:52 3 -> /var/log/a b.log\nlrwx------ 1 0 0 64 Nov 24 10:52 4 -> socket:[12]\n"
        "l-wx------ 1 0 0 64 Nov 24 10:52 5 -> /tmp/gone (deleted)\nl-wx------ 1 0 0 64 Nov 24 10:52 6 -> pipe:[3]\n"
        "\n/proc/8/fd:\ntotal 0\nlrwx------ 1 0 0 64 Nov 24 10:52 9 -> socket:[12]\n"
    )
    found = _procfs.descriptors(text)
    assert found.sockets == {12: {7, 8}}
    assert found.files == [(7, 0, "r", "/dev/null"), (7, 3, "w", "/var/log/a b.log")]


def test_bytes_written_are_added_up():
    text = "rchar: 9\nwchar: 99\nread_bytes: 5\nwrite_bytes: 4096\n"
    text += "cancelled_write_bytes: 96\nwrite_bytes: 10\nwrite_bytes: x\n"
    assert _procfs.written(text) == 4010


@given(st.text())
def test_no_text_of_proc_makes_a_reader_raise(text):
    for wrapped in (text, f"==> /proc/7/{text}", f"==> /proc/net/tcp <==\n\n{text}", f"/proc/7/fd:\n{text} -> {text}"):
        _procfs.stats(wrapped)
        _procfs.about(wrapped)
        _procfs.sockets(wrapped)
        _procfs.descriptors(wrapped)
        _procfs.users(wrapped)
        _procfs.written(wrapped)


# --- the record of a run


def stat(pid, parent=1, image=0, name="x", state="S", ticks=0, status=0, started=None):
    return Stat(pid, name, state, parent, ticks, started or pid, image or pid, status)


def looks(record, *rounds):
    """Play rounds of (time, stats, what they are)."""
    for now, stats, about in rounds:
        record.look({s.pid: s for s in stats}, now)
        record.about({pid: About(tuple(line.split())) for pid, line in about.items()}, now)


def seen_in(record, now=9.0):
    return {p.pid: p for p in record.finish({0: "root"}, now)[0]}


FIRST = stat(1, 0)


def test_what_calls_exec_keeps_what_it_was_before():
    record = Record()
    looks(record, (0, [FIRST], {1: "sh /entrypoint.sh"}), (1, [stat(1, 0, image=5)], {1: "nginx -g"}))
    found = seen_in(record)[1]
    assert (found.argv, found.before) == (("nginx", "-g"), (("sh", "/entrypoint.sh"),))
    assert found.since == 1


def test_a_child_between_fork_and_exec_is_not_taken_for_its_parent():
    record = Record()
    looks(
        record,
        (0, [FIRST], {1: "sh start.sh"}),
        (1, [FIRST, stat(4, 1, image=1)], {4: "sh start.sh"}),
        (2, [FIRST, stat(4, 1, image=9)], {4: "python web.py"}),
    )
    found = seen_in(record)[4]
    assert (found.argv, found.before, found.forked) == (("python", "web.py"), (), False)


def test_a_worker_is_known_by_its_parents_program():
    record = Record()
    looks(record, (0, [FIRST, stat(4, 1, image=1)], {1: "gunicorn", 4: "gunicorn"}))
    assert seen_in(record)[4].forked


def test_a_title_is_no_command():
    record = Record()
    looks(record, (0, [FIRST], {1: "puma -C x"}), (1, [FIRST], {1: "puma 5 [app]"}))
    found = seen_in(record)[1]
    assert (found.argv, found.title) == (("puma", "-C", "x"), ("puma", "5", "[app]"))


def test_what_came_in_from_outside_is_not_seen():
    record = Record()
    looks(record, (0, [FIRST, stat(30, 0), stat(31, 30), stat(5)], {1: "a", 30: "sh", 31: "ls", 5: "b"}))
    assert list(seen_in(record)) == [1, 5]


def test_a_zombie_tells_its_exit_code():
    record = Record()
    looks(record, (0, [FIRST, stat(5)], {1: "sh", 5: "rake"}), (1, [FIRST, stat(5, state="Z", status=1 << 8)], {}))
    found = seen_in(record)[5]
    assert (found.alive, found.exit_code) == (False, 1)


def test_a_pid_that_is_used_again_is_another_process():
    record = Record()
    looks(record, (0, [FIRST, stat(5)], {1: "sh", 5: "a"}), (1, [FIRST, stat(5, started=99)], {5: "b"}))
    lines = [p.argv for p in record.finish({}, 2)[0]]
    assert ("a",) in lines
    assert ("b",) in lines


def test_a_crash_loop_is_news_once_and_told_once():
    record = Record()
    looks(record, (0, [FIRST], {1: "runsv web"}))
    for n in range(50):
        looks(record, (n + 1, [FIRST, stat(100 + n)], {100 + n: "web --crash"}), (n + 1.5, [FIRST], {}))
    found = [p for p in record.finish({}, 60)[0] if p.argv == ("web", "--crash")]
    assert [p.times for p in found] == [50]
    assert record.news_at < 3


def test_a_process_that_renames_itself_for_ever_is_news_once():
    record = Record()
    for n in range(100):
        looks(record, (n, [FIRST], {1: f"title {n}"}))
    assert record.news_at <= 1


def test_memory_is_bounded_whatever_is_started():
    record = Record()
    for n in range(60):
        stats = [FIRST, *(stat(n * 100 + i + 10) for i in range(100))]
        looks(record, (n, stats, {1: "bomb", **{s.pid: f"{s.pid}" for s in stats[1:]}}))
    assert len(record.finish({}, 99)[0]) <= 2000
    assert record.dropped


def test_work_without_news_is_noticed():
    record = Record()
    looks(record, (0, [FIRST], {1: "rails"}), (5, [stat(1, 0, image=1, ticks=40)], {}))
    assert record.news_at == 0
    assert record.busy_at == 5


def test_a_connection_names_the_client_and_the_server():
    record = Record()
    looks(record, (0, [FIRST, stat(4), stat(5)], {1: "sh", 4: "redis", 5: "worker"}))
    rows = frozenset(
        {
            Row("tcp", ("127.0.0.1", 6379), ("", 0), "listen", 1),
            Row("tcp", ("127.0.0.1", 40000), ("127.0.0.1", 6379), "connected", 2),
            Row("tcp", ("127.0.0.1", 6379), ("127.0.0.1", 40000), "connected", 3),
            Row("tcp", ("127.0.0.11", 41000), ("", 0), "listen", 9),
        }
    )
    assert record.sockets(rows, 1)
    assert not record.sockets(rows, 1)
    record.descriptors(Descriptors({1: {4}, 2: {5}, 3: {4}}, [(5, 1, "w", "/tmp/log"), (5, 7, "rw", "/data/x")]), 1)
    _, sockets, connections, files = record.finish({}, 2)
    assert sockets == (Socket("tcp", "127.0.0.1", 6379, "", (4,), reached=True),)
    assert connections == (Connection(5, 4, "127.0.0.1", 6379),)
    assert files == (Open(5, "/data/x", True, True), Open(5, "/tmp/log", False, True, True))


# --- what was seen meets what was declared

IMAGE = image_of(env={"PATH": "/bin", "APP_ENV": "production"})


def declared(name, argv, path="image config", **more):
    return Process(name, Command(tuple(argv.split())), Evidence(path), **more)


def process(pid, parent, line, **more):
    return Seen(pid, parent, tuple(line.split()), user=more.pop("user", "root"), uid=more.pop("uid", 0), **more)


def merged(processes, seen, **more):
    return merge(Facts(tuple(processes), **more), Observation(tuple(seen)), IMAGE)


def names(facts):
    return [p.name for p in facts.processes]


RUNIT = [
    process(1, 0, "runsvdir -P /etc/service"),
    process(2, 1, "runsv web"),
    process(3, 2, "", title=("puma 5.6.5 (tcp://0.0.0.0:3000) [app]",), name="ruby", program="/usr/bin/ruby"),
    process(4, 1, "runsv worker"),
    process(5, 4, "/bin/bash ./run"),
    process(6, 5, "ruby /usr/bin/sidekiq -C x", title=("sidekiq 6 [0 of 2 busy]",)),
]
WEB = declared("web", "bundle exec puma -C config/puma.rb", "/etc/service/web/run", via=("runit",))
WORKER = declared("worker", "bundle exec sidekiq -C x", "/etc/service/worker/run", via=("runit",))


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        pytest.param([WEB, WORKER], RUNIT, id="renamed processes are known by their supervisor"),
        pytest.param(
            [declared("nginx", "/usr/sbin/nginx -g 'daemon off;'")],
            [process(1, 0, "nginx: master process /usr/sbin/nginx", name="nginx", program="/usr/sbin/nginx"),
             process(9, 1, "nginx: worker process", forked=True, program="/usr/sbin/nginx", user="www-data", uid=33)],
            id="a pool is one service",
        ),
        pytest.param(
            [declared("app", "gunicorn app:app"), declared("tini", "tini --", off="x")],
            [process(1, 0, "tini -- gunicorn app:app"), process(7, 1, "/usr/bin/python3 /usr/bin/gunicorn app:app")],
            id="a script comes with its interpreter, under an init",
        ),
        pytest.param(
            [declared("a", "php work.php", env={"Q": "a"}), declared("b", "php work.php", env={"Q": "b"})],
            [process(1, 0, "supervisord -n"), process(5, 1, "php work.php"), process(6, 1, "php work.php")],
            id="equals are told apart by the order in which they start",
        ),
        pytest.param(
            [declared("worker", "php work.php", instances=2)],
            [process(1, 0, "supervisord -n"), process(5, 1, "php work.php"), process(6, 1, "php work.php")],
            id="several of one program",
        ),
        pytest.param(
            [declared("web", "python app.py --port $PORT")],
            [process(1, 0, "python app.py --port 5000", before=(("sh", "-c", "x"),))],
            id="a variable may be anything",
        ),
        pytest.param(
            [declared("jobs", "bundle exec rake jobs:work"), declared("web", "bundle exec puma")],
            [process(1, 0, "sh start.sh"), process(2, 1, "ruby /bin/bundle exec puma"),
             process(3, 1, "ruby /bin/bundle exec rake jobs:work")],
            id="two tasks of one program",
        ),
        pytest.param(
            [declared("db", "service postgresql start"), declared("redis", "redis-server /etc/redis.conf")],
            [process(1, 0, "sh start.sh"), process(4, 1, "/usr/lib/postgresql/15/bin/postgres -D /x"),
             process(5, 4, "postgres: writer", forked=True),
             process(6, 1, "redis-server 127.0.0.1:6379", name="redis-server")],
            id="the catalogue knows a server under another command",
        ),
    ],
)  # fmt: skip
def test_what_is_declared_is_recognised(what, seen):
    facts = merged(what, seen)
    assert names(facts) == [p.name for p in what]
    assert (facts.gaps, facts.shown) == ((), ())


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        pytest.param("python3 app.py web", "python3 app.py sock", id="another task of one script"),
        pytest.param("bundle exec puma", "/usr/bin/ruby /usr/bin/bundle exec sidekiq", id="another task of a launcher"),
        pytest.param("celery -A x worker", "python3 /usr/bin/celery -A x beat", id="another part of one program"),
        pytest.param("python3 a.py", "python3 b.py", id="another script"),
        pytest.param("sh a.sh", "sh b.sh", id="another shell script"),
    ],
)
def test_what_only_resembles_is_not_taken_for(wanted, line):
    facts = merged([declared("x", wanted)], [process(1, 0, "runsvdir /x"), process(2, 1, line, name="celery")])
    assert [g.what for g in facts.shown] == ["x is declared and was not seen to run"]


def test_equals_are_matched_in_start_order():
    what = [declared("a", "php w.php"), declared("b", "php w.php")]
    seen = [process(1, 0, "supervisord"), process(5, 1, "php w.php"), process(6, 1, "php w.php")]
    run = Observation(tuple(seen), (Socket("tcp", "", 81, "", (5,)), Socket("tcp", "", 82, "", (6,))))
    facts = merge(Facts(tuple(what)), run, IMAGE)
    assert [(x.process, x.port) for x in facts.listening] == [("a", 81), ("b", 82)]


def test_what_is_declared_and_not_seen_is_told_with_its_place():
    facts = merged([WEB, WORKER], RUNIT[:3])
    [gap] = facts.shown
    assert facts.gaps == ()
    assert (gap.what, gap.evidence.path) == ("worker is declared and was not seen to run", "/etc/service/worker/run")


@pytest.mark.parametrize(
    "quiet",
    [
        pytest.param({"off": "by the file down"}, id="is switched off"),
        pytest.param({"lifetime": "scheduled"}, id="runs at a time of day"),
        pytest.param({"lifetime": "job", "phase": "prepare"}, id="is a short preparation"),
    ],
)
def test_nobody_is_missed_who(quiet):
    assert merged([declared("x", "backup", **quiet)], [process(1, 0, "runsvdir /x")]).shown == ()


def test_what_is_off_by_its_files_and_runs_is_on():
    off = declared("mail", "python mail.py", off="MAIL=1")
    on = declared("web", "python mail.py --web")
    [was, _] = merged([off, on], [process(1, 0, "sh run.sh"), process(2, 1, "python mail.py")]).processes
    assert (was.off, was.notes) == ("", ("seen to run, though off by its files: MAIL=1",))


def test_of_two_that_are_alike_the_one_that_is_on_is_the_one_that_runs():
    pair = [declared("old", "python mail.py", off="OLD=1"), declared("new", "python mail.py")]
    facts = merged(pair, [process(1, 0, "sh run.sh"), process(2, 1, "python mail.py")])
    assert [(p.name, p.off) for p in facts.processes] == [("old", "OLD=1"), ("new", "")]


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        pytest.param(
            [process(4, 1, "web", alive=False, exit_code=1, times=9)],
            "web started and ended again and again with exit code 1", id="crashes in a loop",
        ),
        pytest.param([process(4, 1, "web", alive=False)], "web started and ended", id="ends"),
    ],
)  # fmt: skip
def test_a_service_is_told_that(seen, what):
    facts = merged([declared("web", "web")], [process(1, 0, "runsvdir /x"), *seen])
    assert [g.what for g in facts.shown] == [what]


def test_a_job_that_fails_is_told():
    job = declared("migrate", "rake db:migrate", lifetime="job")
    facts = merged(
        [job], [process(1, 0, "my_init"), process(4, 1, "ruby /bin/rake db:migrate", alive=False, exit_code=2)]
    )
    assert [g.what for g in facts.shown] == ["migrate failed with exit code 2 when the image was run"]


def test_what_runs_and_is_not_declared_becomes_a_process():
    more = process(8, 1, "python3 /opt/mailer.py", user="mail", uid=8, workdir="/opt", env=("PATH", "QUEUE", "HOME"))
    facts = merged([WEB, WORKER], [*RUNIT, more])
    assert names(facts) == ["web", "worker", "mailer.py"]
    found = facts.processes[-1]
    assert found.command.argv == ("python3", "/opt/mailer.py")
    assert (found.user, found.workdir, found.id) == ("mail", "/opt", "seen/mailer.py")
    assert found.evidence.path == "run time"
    assert found.notes == ("its environment also has QUEUE",)


def test_the_workers_of_what_is_not_declared_belong_to_it():
    seen = [*RUNIT, process(8, 1, "python3 /opt/a.py"), process(9, 8, "python3 /opt/a.py", forked=True),
            process(10, 9, "convert x y")]  # fmt: skip
    run = Observation(tuple(seen), (Socket("tcp", "", 99, "", (10,)),))
    facts = merge(Facts((WEB, WORKER)), run, IMAGE)
    assert names(facts) == ["web", "worker", "a.py"]
    assert [x.process for x in facts.listening] == ["a.py"]


def test_processes_that_are_not_declared_stand_in_the_same_order_whoever_was_first():
    one, two = process(8, 1, "python3 /a.py"), process(9, 1, "python3 /b.py")
    assert names(merged([WEB, WORKER], [*RUNIT, one, two])) == names(merged([WEB, WORKER], [*RUNIT, two, one]))


def test_a_starter_that_could_not_be_read_gives_way_to_what_it_starts():
    script = declared("start.sh", "/start.sh", env={"MODE": "all"}, via=("wrappers",), user="app")
    seen = [process(1, 0, "/bin/sh /start.sh"), process(5, 1, "python3 web.py"), process(6, 1, "redis-server"),
            process(7, 1, "tee /var/log/x")]  # fmt: skip
    facts = merged([script, declared("x", "x", off="y", after=("start.sh",))], seen)
    assert names(facts) == ["web.py", "redis-server", "x"]
    assert facts.processes[0].env == {"MODE": "all"}
    assert facts.processes[0].via == ("wrappers", "seen")
    assert facts.processes[2].after == ()
    assert ["start.sh was seen to start" in g.what for g in facts.gaps] == [True]


@pytest.mark.parametrize(
    "children",
    [
        pytest.param(["java -jar app.jar"], id="one program"),
        pytest.param(["java -jar app.jar", "tee /var/log/app.log"], id="one program and what prints its output"),
        pytest.param(["sleep 60"], id="nothing but sleep"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_script_stays_one_service_that_runs(children):
    seen = [process(1, 0, "/bin/sh /start.sh"), *(process(5 + i, 1, line) for i, line in enumerate(children))]
    facts = merged([declared("start.sh", "/start.sh")], seen)
    assert names(facts) == ["start.sh"]
    assert (facts.gaps, facts.shown) == ((), ())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param([("manage.py migrate", 0.2)], ["manage.py migrate"], id="a migration, however short"),
        pytest.param([("/opt/import --all", 4.0)], ["/opt/import --all"], id="what took its time"),
        pytest.param([("/opt/import", 0.1), ("mkdir -p /x", 3.0), ("sleep 5", 5.0)], [], id="not a trifle"),
        pytest.param([("psql -c ALTER_ROLE_x", 2.0)] * 2, ["psql -c ALTER_ROLE_x"], id="one of a kind"),
    ],
)
def test_of_what_ran_and_ended_is_told(lines, told):
    seen = [process(20 + i, 1, line, alive=False, seconds=s) for i, (line, s) in enumerate(lines)]
    facts = merged([WEB, WORKER], [*RUNIT, *seen])
    assert [g.what.partition(": ")[2] for g in facts.shown] == told


def test_a_statement_in_a_command_line_is_not_told():
    seen = Seen(20, 1, ("psql", "-c", "ALTER ROLE x PASSWORD 'hunter2'"), alive=False, seconds=3.0)
    assert "hunter2" not in repr(merged([WEB, WORKER], [*RUNIT, seen]).shown)


def test_a_child_of_the_script_that_the_first_process_was_is_not_the_first_process():
    nginx = declared("nginx", "nginx -g x")
    first = process(1, 0, "nginx -g x", before=(("sh", "/start.sh"),), since=3.0, program="/usr/sbin/nginx")
    early = process(5, 1, "python3 /mailer.py", born=1.0, program="/usr/bin/python3")
    worker = process(6, 1, "nginx: worker", born=3.2, forked=True, program="/usr/sbin/nginx")
    assert names(merged([nginx], [first, early, worker])) == ["nginx", "mailer.py"]


CONNECTED = Observation(
    (*RUNIT, process(8, 1, "redis-server", title=("redis-server 127.0.0.1:6379",))),
    (Socket("tcp", "127.0.0.1", 6379, "", (8,)), Socket("tcp", "", 3000, "", (3,)),
     Socket("tcp", "", 4000, "", (3,), False),
     Socket("unix", "", 0, "/run/web.sock", (3,)), Socket("udp", "", 40000, "", (3,)), Socket("tcp", "", 22, "", ())),
    (Connection(6, 8, "127.0.0.1", 6379), Connection(3, 8, "127.0.0.1", 6379), Connection(8, 8, "127.0.0.1", 6379)),
)  # fmt: skip
REDIS = declared("redis", "redis-server")


def test_listening_is_told_by_process_and_what_a_file_says_stays():
    said = Listening("web", "", 3000, Evidence("/app/puma.rb", 3))
    facts = merge(Facts((WEB, WORKER, REDIS), listening=(said,)), CONNECTED, IMAGE)
    assert facts.listening[0] == said
    assert [(x.process, x.host, x.port, x.unix, x.protocol) for x in facts.listening] == [
        ("web", "", 3000, "", "tcp"),
        ("redis", "127.0.0.1", 6379, "", "tcp"),
        ("web", "", 0, "/run/web.sock", "tcp"),
    ]


def test_a_connection_becomes_a_coupling_unless_a_file_tells_of_it():
    facts = merge(Facts((WEB, WORKER, REDIS)), CONNECTED, IMAGE)
    [coupling] = facts.couplings
    assert (coupling.kind, coupling.target, coupling.how) == ("tcp", "127.0.0.1:6379", "seen")
    assert coupling.between == ("web", "worker", "redis")
    static = Coupling("tcp", "localhost:6379", ("web", "redis"), Evidence("image config"), "env REDIS_URL")
    facts = merge(Facts((WEB, WORKER, REDIS), couplings=(static,)), CONNECTED, IMAGE)
    assert facts.couplings[0] == static
    assert [c.between for c in facts.couplings[1:]] == [("worker", "redis")]


def test_files_that_two_keep_open_are_a_coupling_and_outputs_are_not():
    run = Observation(
        tuple(RUNIT),
        files=(
            Open(3, "/app/db.sqlite3", True, True, held="w"), Open(6, "/app/db.sqlite3", True, True, held="w"),
            Open(3, "/app/in.txt", True, True, held="w"), Open(6, "/app/in.txt", True, held="r"),
            Open(3, "/var/log/boot.log", False, True, True, "w"), Open(6, "/var/log/boot.log", False, True, True, "w"),
            Open(3, "/usr/lib/x.rb", True, held="r"), Open(6, "/usr/lib/x.rb", True, held="r"),
            Open(6, "/app/own.txt", False, True, held="w"),
            Open(3, "/dev/shm/ring", True, True, held="w"), Open(6, "/dev/shm/ring", True, held="r"),
            Open(2, "/etc/service/web/lock", False, True, held="w"),
        ),
    )  # fmt: skip
    facts = merge(Facts((WEB, WORKER)), run, IMAGE)
    assert [(c.kind, c.target, c.between) for c in facts.couplings] == [
        ("files", "/app/db.sqlite3", ("web", "worker")),
        ("files", "/app/in.txt", ("worker", "web")),
        ("shm", "/dev/shm/ring", ("worker", "web")),
    ]
    assert [(w.path, w.writers, w.readers, w.held) for w in facts.written] == [
        ("/app/db.sqlite3", ("web", "worker"), (), True),
        ("/app/in.txt", ("web",), ("worker",), True),
        ("/app/own.txt", ("worker",), (), True),
        ("/dev/shm/ring", ("web",), ("worker",), False),
    ]


def test_files_that_are_open_for_moments_are_told_and_are_no_coupling():
    run = Observation(
        tuple(RUNIT),
        files=(
            Open(3, "/app/kept.db", True, True, held="w"), Open(6, "/app/kept.db", True),
            Open(3, "/app/in.txt", True, True), Open(6, "/app/in.txt", True),
            Open(3, "/app/late.txt", True, True, held="r"), Open(6, "/app/late.txt", True, held="r"),
        ),
    )  # fmt: skip
    facts = merge(Facts((WEB, WORKER)), run, IMAGE)
    assert facts.couplings == ()
    assert [(w.path, w.writers, w.readers, w.held) for w in facts.written] == [
        ("/app/kept.db", ("web",), (), True),
        ("/app/in.txt", ("web",), ("worker",), False),
        ("/app/kept.db", ("web",), ("worker",), False),
        ("/app/late.txt", ("web",), ("worker",), False),
    ]


def test_many_files_of_a_folder_are_the_folder():
    run = Observation(tuple(RUNIT), files=tuple(Open(3, f"/app/data/{n}", True, True) for n in range(9)))
    assert [w.path for w in merge(Facts((WEB, WORKER)), run, IMAGE).written] == ["/app/data"]


def test_what_docker_diff_shows_is_told_without_a_writer():
    changes = [Change("/app", "changed"), Change("/app/up", "added"), Change("/app/up/a", "added"),
               Change("/run/x.pid", "added"), Change("/gone", "deleted")]  # fmt: skip
    facts = merge(Facts((WEB, WORKER)), Observation(tuple(RUNIT), changes=tuple(changes)), IMAGE)
    assert [(w.path, w.writers) for w in facts.written] == [("/app/up/a", ())]


def test_a_container_that_ends_is_told_once_with_its_words_and_a_way_out():
    run = Observation(
        (process(1, 0, "sh", alive=False),), stopped="ended", exit_code=3, log=("DATABASE_URL is not set",)
    )
    [gap] = merge(Facts((WEB, WORKER)), run, IMAGE).shown
    assert "exit code 3" in gap.what
    assert "DATABASE_URL is not set" in gap.what
    assert "--env" in gap.evidence.note


def test_a_secret_in_a_command_becomes_its_variable():
    seen = process(8, 1, "redis-server --requirepass $REDIS_PASSWORD")
    run = Observation((*RUNIT, seen), hidden=("REDIS_PASSWORD",))
    found = merge(Facts((WEB, WORKER)), run, IMAGE).processes[-1]
    assert found.command.argv[-1] == "$REDIS_PASSWORD"
    assert found.command.run == ("/bin/sh", "-c", "exec redis-server --requirepass ''\"$REDIS_PASSWORD\"''")


def test_escape_sequences_do_not_get_into_facts():
    seen = [*RUNIT, Seen(8, 1, ("/opt/\x1b[2Jevil", "\x1b]0;x\x07"), user="root"),
            Seen(9, 1, ("/opt/e\x1b[1m",), alive=False, seconds=9.0)]  # fmt: skip
    assert "\x1b" not in str(to_json(merged([WEB, WORKER], seen))).replace("\\x1b", "\x1b")


def test_an_observation_has_a_json_form():
    assert from_json(Observation, to_json(CONNECTED)) == CONNECTED


text = st.text(max_size=8)
pids = st.integers(0, 6)
line = st.lists(text, max_size=3).map(tuple)
some = st.builds(
    Seen, pid=st.integers(1, 6), parent=pids, argv=line, before=st.lists(line, max_size=2).map(tuple), title=line,
    name=text, program=text, user=text, forked=st.booleans(), alive=st.booleans(), seconds=st.floats(0, 5),
)  # fmt: skip
runs = st.builds(
    Observation,
    st.lists(some, max_size=6).map(tuple),
    st.lists(st.builds(Socket, st.just("tcp"), text, pids, text, st.lists(pids, max_size=2).map(tuple))).map(tuple),
    st.lists(st.builds(Connection, pids, pids, text, pids)).map(tuple),
    st.lists(st.builds(Open, pids, text, st.booleans(), st.booleans())).map(tuple),
)


@given(runs)
def test_nothing_declared_is_lost_and_names_are_used_once_whatever_was_seen(run):
    facts = merge(Facts((WEB, WORKER, REDIS)), run, IMAGE)
    assert len(set(names(facts))) == len(names(facts))
    assert names(facts)[:3] == ["web", "worker", "redis"]
    everyone = set(names(facts))
    assert all(x.process in everyone for x in facts.listening)
    assert all(set(c.between) <= everyone for c in facts.couplings)
    assert facts == merge(Facts((WEB, WORKER, REDIS)), run, IMAGE)


def test_a_daemon_goes_on_for_the_command_that_started_it():
    seen = [process(1, 0, "supervisord"), process(4, 1, "nginx", alive=False),
            process(5, 1, "nginx: master process nginx", name="nginx", program="/usr/sbin/nginx")]  # fmt: skip
    facts = merged([declared("nginx", "nginx")], seen)
    assert names(facts) == ["nginx"]
    assert (facts.gaps, facts.shown) == ((), ())


def test_what_renamed_itself_before_it_was_looked_at_is_known_by_its_title():
    seen = [process(1, 0, "node pm2-runtime"), Seen(5, 1, ("node /srv/chat/web.js   ".rstrip(),), name="node")]
    facts = merged([declared("web", "node web.js")], seen)
    assert names(facts) == ["web"]
    assert (facts.gaps, facts.shown) == ((), ())


def test_part_of_a_declared_step_is_not_told_again():
    step = declared("role", "psql -c x", lifetime="job", notes=("the same step runs createdb -O shop shop",))
    seen = process(20, 1, "/usr/bin/perl /usr/bin/createdb -O shop shop", alive=False, seconds=2.0)
    assert not [g for g in merged([WEB, WORKER, step], [*RUNIT, seen]).shown if "createdb" in g.what]


def test_a_file_in_a_folder_that_is_shared_anyway_is_no_other_coupling():
    both = (Open(3, "/app/data/x", True, True, held="w"), Open(6, "/app/data/x", True, True, held="w"))
    run = Observation(tuple(RUNIT), files=both)
    static = Coupling("files", "/app/data", ("web", "worker"), Evidence("image config", note="VOLUME /app/data"))
    assert merge(Facts((WEB, WORKER), couplings=(static,)), run, IMAGE).couplings == (static,)
