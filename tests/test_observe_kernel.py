"""What the kernel tells beyond /proc's own tables: shared memory, how processes ended, who is connected to whom."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.inspection import _ended, _ipc, _peers, _procfs, _reached
from splitter.inspection._ended import Ended
from splitter.inspection._procfs import About, Descriptors, Row, Stat
from splitter.inspection._record import Record
from splitter.inspection.merge import merge
from splitter.model.facts import Command, Coupling, Evidence, Facts, Process
from splitter.model.observation import Connection, Memory, Observation, Seen, Socket

TABLES = """
==> /proc/net/unix <==
Num       RefCount Protocol Flags    Type St Inode Path
==> /proc/sysvipc/shm <==
       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime
-212965662          0   644                  4096     7     0      0     0     0    33     0          0          0
      5678          1   666                   100     9    12      2     0     0     0     0 1795530602          0
==> /proc/sysvipc/msg <==
       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime
-243581474          0   644           0          0     5     6     0     0     0     0          0          0 1795530602
==> /proc/sysvipc/sem <==
       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
 409456790          0   644          2     0     0    70     0          0 1795530602
       odd          x
"""


def test_tables_of_system_v_are_read():
    assert _ipc.rows(TABLES) == {
        _ipc.Row("memory", "0", 0xF34E66E2, 33, 7, (7,)),
        _ipc.Row("memory", "1", 0x162E, 0, 9, (9, 12)),
        _ipc.Row("queue", "0", 0xF17B3DDE, 0, 0, (5, 6)),
        _ipc.Row("semaphores", "0", 0x1867D096, 70, 0, ()),
    }
    assert _procfs.sockets(TABLES) == frozenset(), "none of these is a socket"


MAPS = (
    "/proc/9/maps:7f02b4f21000-7f02b4f22000 rw-s 00000000 00:01 1        /SYSV0000162e (deleted)\n"
    "/proc/12/maps:7f02b4f21000-7f02b4f22000 r--s 00000000 00:01 1        /SYSV0000162e (deleted)\n"
    "/proc/5/maps:7f02b4f21000-7f02b4f22000 rw-s 00000000 00:3c 4         /dev/shm/a ring\n"
    "/proc/6/maps:7f02b4f21000-7f02b4f22000 rw-s 00000000 00:3c 4         /dev/shm/a ring (deleted)\n"
    "/proc/7/maps:7f02b4f21000-7f02b4f22000 rw-p 00000000 00:3c 4         /dev/shm/copied\n"
    "/proc/x/maps:\n"
)


def test_who_has_memory_mapped_is_read():
    assert _ipc.mapped(MAPS) == {("memory", "1"): {9, 12}, ("memory", "/dev/shm/a ring"): {5, 6}}


# As the kernel wrote it for `sh -c "exit 3"` and for a child that was killed.
ACCOUNT = bytes.fromhex(
    "00030000000300000000000000000000" "0900000001000000ac99056b00000000"
    "00000000200a6d020000410000000000" "73680000000000000000000000000000"
    "01030000090000002100000000000000" "0a00000009000000ac99056b00000000"
    "00000000200a6d020000410000000000" "707974686f6e33006d61726b00000000"
)  # fmt: skip


def test_accounts_of_what_ended_are_read():
    assert list(_ended.ended(ACCOUNT)) == [Ended(9, 1, "sh", 0, 3, False), Ended(10, 9, "python3", 33, 137, True)]
    swapped = bytearray(64)
    struct.pack_into(">BBHIIIIII", swapped, 0, 0, 0x83, 0, 256, 1, 2, 77, 5, 0)
    assert [(e.pid, e.parent, e.exit_code) for e in _ended.ended(bytes(swapped))] == [(77, 5, 1)]
    assert list(_ended.ended(b"\x00\x02" + bytes(62) + b"half")) == []


def test_what_came_in_from_outside_is_no_part_of_the_accounts():
    own, probe = Ended(9, 1, "sh", 0, 0, False), Ended(50, 40, "head", 0, 0, False)
    below = Ended(10, 9, "sed", 0, 0, False)
    loop = [Ended(90, 91, "a", 0, 0, False), Ended(91, 90, "b", 0, 0, False)]
    assert _ended.of_image([below, own, probe, *loop], [1]) == [below, own]


DIAGNOSED = (
    "2800000014000200010000000100000001010a00e2861d00011000000000000005000600000000003000000014000200010000000100000001"
    "010100e3861d00021000000000000008000200e4861d0005000600000000003000000014000200010000000100000001010100e4861d000310"
    "00000000000008000200e3861d000500060000000000\n1400000003000200010000000700000000000000\n"
)


def test_the_other_ends_of_unix_sockets_are_read():
    assert _peers.peers(DIAGNOSED) == {1935075: 1935076, 1935076: 1935075}
    assert len(_peers.REQUEST) == 40


@given(st.text(), st.binary(max_size=200))
def test_nothing_that_a_container_says_makes_a_reader_raise(text, raw):
    for wrapped in (
        text,
        f"==> /proc/sysvipc/shm <==\n\n{text}",
        f"/proc/7/maps:{text}",
        f"/proc/7/maps:a s s 1 1 {text}",
    ):
        _ipc.rows(wrapped)
        _ipc.mapped(wrapped)
        _peers.peers(wrapped)
    _peers.peers(raw.hex())
    _peers.peers(DIAGNOSED[:40] + raw.hex())
    _ended.of_image(_ended.ended(raw), [1])


pids, few = st.integers(0, 9), st.integers(0, 2)


@given(st.lists(st.builds(Ended, pids, pids, st.text(max_size=3), few, few, st.booleans())))
def test_whatever_accounts_say_each_process_is_told_once(found):
    record = started(4, 5)
    record.look({s.pid: s for s in (stat(1, 0), stat(4))}, 1)
    record.accounts(found)
    seen = record.finish({}, 2)[0]
    assert len({p.pid for p in seen}) == len(seen)
    assert {p.parent for p in seen} <= {0, *(p.pid for p in seen)}


# --- the record of a run


def stat(pid, parent=1, state="S"):
    return Stat(pid, f"n{pid}", state, parent, 0, pid, pid, 0)


def started(*pids):
    record = Record()
    record.look({s.pid: s for s in (stat(1, 0), *(stat(p) for p in pids))}, 0)
    record.about({p: About((f"program{p}",), uid=0) for p in (1, *pids)}, 0)
    return record


def seen_in(record):
    return {p.pid: p for p in record.finish({}, 9)[0]}


def test_the_exit_code_of_what_came_and_went_is_the_kernels():
    record = started(4, 5)
    record.look({1: stat(1, 0), 4: stat(4)}, 1)
    record.accounts([Ended(5, 1, "n5", 0, 7, False), Ended(4, 1, "n4", 0, 9, False)])
    found = seen_in(record)
    assert (found[5].alive, found[5].exit_code) == (False, 7)
    assert (found[4].alive, found[4].exit_code) == (True, None), "it ended after the last look"


def test_what_was_over_before_anybody_looked_is_told_by_its_name_and_counted():
    record = started(4)
    short = [Ended(20 + n, 4, "mkdir", 33, n == 2, False) for n in range(3)]
    record.accounts([Ended(19, 18, "sed", 0, 0, False), *short, Ended(18, 4, "sh", 0, 0, False)])
    found = seen_in(record)
    assert {(p.name, p.parent, p.times, p.exit_code, p.uid, p.argv, p.alive) for p in found.values() if p.pid > 4} == {
        ("mkdir", 4, 3, 1, 33, (), False),
        ("sh", 4, 1, 0, 0, (), False),
        ("sed", 18, 1, 0, 0, (), False),
    }


def test_what_was_only_seen_before_it_called_exec_is_told_by_its_own_name():
    record = started(4)
    record.look({1: stat(1, 0), 4: stat(4), 5: Stat(5, "n4", "S", 4, 0, 5, 4, 0)}, 1)
    record.about({5: About(("program4",))}, 1)
    record.look({1: stat(1, 0), 4: stat(4)}, 2)
    record.accounts([Ended(5, 4, "false", 0, 1, False)])
    found = seen_in(record)[5]
    assert (found.name, found.argv, found.forked, found.exit_code) == ("false", (), False, 1)


def test_a_client_of_a_unix_socket_is_known_by_the_other_end():
    record = started(4, 5)
    rows = frozenset(
        (Row("unix", ("/run/a.sock", 0), ("", 0), "listen", 1), Row("unix", ("/run/a.sock", 0), ("", 0), "other", 2),
         Row("unix", ("", 0), ("", 0), "other", 3), Row("unix", ("", 0), ("", 0), "other", 8))
    )  # fmt: skip
    record.sockets(rows, 1)
    record.peers({2: 3, 3: 2, 8: 9})
    record.descriptors(Descriptors({1: {4}, 2: {4}, 3: {5}, 8: {5}}), 1)
    assert record.finish({}, 2)[2] == (Connection(5, 4, "", 0, "/run/a.sock"),)


def test_memory_is_kept_with_its_maker_and_those_who_had_it():
    record = started(4, 5, 6)
    assert record.shared(frozenset({_ipc.Row("memory", "1", 7, 0, 4, (4, 5))}), 1)
    assert not record.shared(frozenset({_ipc.Row("memory", "1", 7, 0, 4, (4, 99))}), 1)
    record.mapped({("memory", "1"): {6, 98}, ("memory", "/dev/shm/x"): {5}, ("memory", "/dev/shm/y"): {99}}, 1)
    assert record.memory() == (Memory("memory", "/dev/shm/x", 0, (5,)), Memory("memory", "", 7, (4, 5, 6), 4, 0))


def test_memory_that_is_made_without_end_is_bounded():
    record = started(4)
    for n in range(3000):
        record.shared(frozenset({_ipc.Row("memory", str(n), n, 0, 4, (4,))}), n)
    assert len(record.memory()) <= 500
    assert record.news_at < 1000


# --- what it means


def declared(name, argv="", **more):
    return Process(name, Command(tuple((argv or name).split())), Evidence("image config"), **more)


A, B, C, JOB = declared("a"), declared("b"), declared("c"), declared("job", lifetime="job", phase="once")
RUN = (
    Seen(1, 0, ("runsvdir",), uid=0), Seen(4, 1, ("a",), uid=0), Seen(5, 1, ("b",), uid=0), Seen(6, 1, ("c",), uid=7),
    Seen(7, 4, ("a",), forked=True, uid=0), Seen(8, 1, ("job",), alive=False, exit_code=0),
)  # fmt: skip


def merged(processes=(A, B, C, JOB), couplings=(), **seen):
    return merge(Facts(processes, couplings), Observation(RUN, **seen), image_of())


@pytest.mark.parametrize(
    ("memory", "between"),
    [
        pytest.param(Memory("memory", key=7, pids=(4, 5), maker=4), ("b", "a"), id="its maker offers it"),
        pytest.param(Memory("memory", key=7, pids=(4, 5), maker=5), ("a", "b"), id="whoever was first"),
        pytest.param(Memory("memory", key=7, pids=(4, 5, 6)), ("b", "c", "a"), id="an unknown maker: the first"),
        pytest.param(Memory("memory", "/dev/shm/x", pids=(4, 6)), ("c", "a"), id="POSIX memory"),
        pytest.param(Memory("queue", key=7, pids=(5, 6)), ("c", "b"), id="sender and receiver of a queue"),
        pytest.param(Memory("memory", pids=(4, 7), maker=4), (), id="no: a server and its own children"),
        pytest.param(Memory("memory", pids=(4, 1), maker=4), (), id="no: nobody else that is known"),
        pytest.param(Memory("semaphores", key=7, pids=()), (), id="no: semaphores do not tell"),
    ],
)
def test_processes_that_share_memory_are_a_coupling(memory, between):
    found = [c.between for c in merged(memory=(memory,)).couplings if c.kind == "shm"]
    assert found == ([between] if between else [])


def test_memory_that_files_tell_of_is_no_other_coupling():
    static = Coupling("shm", "/dev/shm/x", ("a", "b"), Evidence("/a.py", 3), "code")
    seen = Memory("memory", "/dev/shm/x", pids=(4, 5))
    assert merged(couplings=(static,), memory=(seen,)).couplings == (static,)


def test_what_code_tells_of_by_its_key_is_no_other_coupling():
    static = Coupling("shm", "System V memory 0x00000007", ("a", "b"), Evidence("/a.py", 3), "code")
    assert merged(couplings=(static,), memory=(Memory("memory", key=7, pids=(4, 5)),)).couplings == (static,)
    other = merged(couplings=(static,), memory=(Memory("queue", key=7, pids=(4, 5)),)).couplings
    assert [c.target for c in other] == [static.target, "System V queue 0x00000007"]
    known = replace(static, target="System V semaphores 0x00000007")
    assert merged(couplings=(known,), memory=(Memory("semaphores", key=7, uid=0),)).gaps == ()


@pytest.mark.parametrize(
    ("key", "device", "expected"),
    [
        pytest.param(0x6127E4C4, 39, True, id="as ftok makes it"),
        pytest.param(0x6127E4C4, 0x100027, True, id="of a device of which only eight bits count"),
        pytest.param(0x6127E4C4, 41, False, id="no: another device"),
        pytest.param(0x0000162E, 0x100, False, id="no: a small number"),
        pytest.param(0x6127E4C4, None, False, id="no: the device is not known"),
    ],
)
def test_a_key_that_may_be_made_of_a_file_is_recognised(key, device, expected):
    assert _ipc.filed(key, device) is expected


def test_a_key_that_is_made_of_a_file_is_told_without_its_number():
    seen = Memory("memory", key=0x6127E4C4, pids=(4, 5), filed=True)
    [coupling] = merged(memory=(seen,)).couplings
    assert (coupling.target, coupling.how) == ("System V memory by a key of a file", "ftok")
    assert coupling.between == ("b", "a")
    static = Coupling("shm", "System V memory of ftok(/a.py, 7)", ("a", "b"), Evidence("/a.py", 3), "ftok", "/a.py")
    assert merged(couplings=(static,), memory=(seen,)).couplings == (static,)


def test_memory_that_a_job_makes_is_told():
    [gap] = merged(memory=(Memory("memory", key=7, pids=(4,), maker=8),)).gaps
    assert gap.what == "job makes System V memory 0x00000007, which a uses, and ends: it must be made where that runs"


def test_of_semaphores_it_is_told_who_may_use_them():
    [gap] = merged(memory=(Memory("semaphores", key=7, uid=0),)).gaps
    assert gap.what == "who uses System V semaphores 0x00000007 cannot be seen; a, b run as the user that made it"
    assert merged(memory=(Memory("semaphores", key=7, uid=7),)).gaps == (), "one service alone runs as that user"
    assert merged(memory=(Memory("semaphores", key=0, uid=0),)).gaps == (), "nobody else can find it"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        pytest.param("/run/a.sock", "/run/a.sock", id="a path"),
        pytest.param("@a", "@a", id="an abstract name"),
        pytest.param("@/tmp/.X11-unix/X0", "/tmp/.X11-unix/X0", id="a server under both kinds of name"),
    ],
)
def test_a_connection_over_a_unix_socket_becomes_a_coupling(path, target):
    sockets = (Socket("unix", path="/tmp/.X11-unix/X0", pids=(4,)),)
    facts = merged(connections=(Connection(5, 4, "", 0, path), Connection(7, 4, "", 0, path)), sockets=sockets)
    assert [(c.kind, c.target, c.between, c.how) for c in facts.couplings] == [("socket", target, ("b", "a"), "seen")]
    static = Coupling("socket", f"/var{target}" if target == "/run/a.sock" else target, ("b", "a"), Evidence("x"))
    again = merged(couplings=(static,), connections=(Connection(5, 4, "", 0, path),), sockets=sockets)
    assert again.couplings == (static,)


@pytest.mark.parametrize(
    ("seen", "note"),
    [
        pytest.param([], "not seen to run when the image was run, or over between two looks", id="was not seen"),
        pytest.param([Seen(8, 1, ("job",), alive=False, exit_code=0)], "ended with exit code 0 when the image was run",
                     id="ended well"),
        pytest.param([Seen(8, 1, ("job",), alive=False)],
                     "ran and ended when the image was run; its exit code could not be seen", id="ended somehow"),
        pytest.param([Seen(8, 1, ("job",))], "still at work when the run was looked at no longer", id="goes on"),
        pytest.param([Seen(8, 1, (), name="job", alive=False, exit_code=4)],
                     "a job ran and ended when the image was run, too soon to tell whether it was this",
                     id="was over too soon"),
    ],
)  # fmt: skip
def test_a_job_is_told_with_what_became_of_it(seen, note):
    facts = merge(Facts((A, JOB)), Observation((*RUN[:2], *seen)), image_of())
    assert facts.processes[1].notes == (note,)
    assert (facts.gaps, facts.shown) == ((), ())


def test_what_failed_and_is_not_declared_is_told_with_its_exit_code():
    extra = Seen(9, 1, ("import", "--all"), alive=False, exit_code=2, seconds=3.0)
    facts = merge(Facts((A,)), Observation((*RUN[:2], extra)), image_of())
    assert [g.what for g in facts.shown] == ["ran and ended, and is not declared: import --all (exit code 2)"]


# --- who was gone too soon

NET = """
==> /proc/net/tcp <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0100007F:9C40 0100007F:2328 06 00000000:00000000 03:00000C5C 00000000     0        0 0 3 0
   3: 020011AC:9C42 020011AC:0050 06 00000000:00000000 03:00000C5C 00000000     0        0 0 3 0
   4: 020011AC:9C44 010011AC:0051 06 00000000:00000000 03:00000C5C 00000000     0        0 0 3 0
"""


def test_what_a_connection_leaves_is_no_change_of_the_sockets_and_tells_the_server():
    rows = _procfs.sockets(NET)
    assert sorted(r.state for r in rows) == ["gone", "gone", "gone", "listen", "listen"]
    record = started(4)
    assert record.sockets(rows, 1)
    assert not record.sockets(frozenset(r for r in rows if r.state != "gone"), 2)
    assert {s.port: s.reached for s in record.finish({}, 2)[1]} == {9000: True, 80: True}


@pytest.mark.parametrize(
    ("local", "remote", "found"),
    [
        pytest.param(("127.0.0.1", 40000), ("127.0.0.1", 80), True, id="the client closed"),
        pytest.param(("127.0.0.1", 80), ("127.0.0.1", 40000), True, id="the server closed"),
        pytest.param(("172.17.0.2", 40000), ("172.17.0.2", 80), True, id="by the container's own address"),
        pytest.param(("127.0.0.1", 40000), ("127.0.1.1", 80), True, id="by another address of the loopback"),
        pytest.param(("172.17.0.2", 40000), ("172.17.0.9", 80), False, id="no: a server elsewhere"),
        pytest.param(("172.17.0.2", 80), ("172.17.0.1", 40000), False, id="no: a client elsewhere"),
        pytest.param(("127.0.0.1", 40000), ("127.0.0.1", 81), False, id="no: another port"),
    ],
)
def test_a_connection_within_the_container_is_told(local, remote, found):
    rows = [Row("tcp", local, remote, "gone", 0)]
    listened = [("tcp", "", 80), ("tcp", "10.0.0.1", 80), ("unix", "/a", 0)]
    assert list(_reached.by_rows(rows, listened)) == ([("tcp", "", 80)] if found else [])


ACCESS = """2026-11-24 19:16:56.570190657 +0000|2026-11-24 19:16:56.570190657 +0000|/proc/self/
2026-11-24 19:16:56.570190657 +0000|2026-11-24 19:16:56.266190651 +0000|/run/used|twice.sock
2026-11-24 19:16:56.266190651 +0000|2026-11-24 19:16:56.266190651 +0000|/run/new.sock
-|2026-11-24 19:16:56.266190651 +0000|/run/odd.sock
"""


def test_a_socket_that_was_used_after_it_was_made_is_told():
    assert list(_reached.by_access(ACCESS)) == [("unix", "/run/used|twice.sock", 0)]


@given(st.text())
def test_no_times_make_the_reader_raise(text):
    list(_reached.by_access(text))
    list(_reached.by_access(f"b|a|/{text}"))


SERVED = (Socket("tcp", "127.0.0.1", 9000, pids=(4,), reached=True),)
LINE = "something connected to a at 127.0.0.1:9000, and was gone before it could be seen what"


@pytest.mark.parametrize(
    ("sockets", "more", "expected"),
    [
        pytest.param(SERVED, {}, [LINE], id="nobody is known"),
        pytest.param(
            (Socket("unix", path="/run/a.sock", pids=(4,), reached=True),),
            {},
            [LINE.replace("127.0.0.1:9000", "/run/a.sock")],
            id="over a unix socket",
        ),
        pytest.param((replace(SERVED[0], reached=False),), {}, [], id="no: nobody did"),
        pytest.param((replace(SERVED[0], pids=()),), {}, [], id="no: whose it is is not known"),
        pytest.param(
            (Socket("unix", path="/dev/log", pids=(4,), reached=True),), {}, [], id="no: what is for everybody"
        ),
        pytest.param(SERVED, {"connections": (Connection(5, 4, "127.0.0.1", 9000),)}, [], id="no: a client was seen"),
        pytest.param(SERVED, {"connections": (Connection(7, 4, "127.0.0.1", 9000),)}, [], id="no: its own worker"),
        pytest.param(SERVED, {"connections": (Connection(5, 4, "127.0.0.1", 9001),)}, [LINE], id="at another port"),
        pytest.param(
            SERVED,
            {"couplings": (Coupling("tcp", "localhost:9000", ("b", "a"), Evidence("/b.py", 3), "code"),)},
            [],
            id="no: a file tells of a client",
        ),
    ],
)
def test_a_client_that_nobody_saw_is_told(sockets, more, expected):
    assert [g.what for g in merged(sockets=sockets, **more).shown] == expected
