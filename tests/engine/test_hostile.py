"""Images that mean harm, or do it: the run is bounded, what was seen is told, and nothing stays behind."""

import socket
import time

import pytest
from managing import image_of

from splitter.engine import connect
from splitter.inspection.merge import merge
from splitter.inspection.observe import Watch, observe
from splitter.model.codec import to_json
from splitter.model.facts import Facts

from .observing import built, left

TIGHT = Watch(settle=1.0, timeout=4, memory=256 << 20, disk=64 << 20, processes=200)


@pytest.fixture
def seen(engine):
    """seen("target"): the observation, with the time that it took; what is left after it fails the test."""

    def run(target, options=TIGHT):
        said = []
        tag = built(target)
        began = time.monotonic()
        found = observe(connect(), tag, options, said.append)
        connect().close()
        took = time.monotonic() - began
        assert left() == []
        assert took < options.timeout + 15, "the run is bounded, with starting and removing"
        assert not [w for w in said if not w.isprintable()]
        return found

    return run


def told(found):
    facts = merge(Facts(), found, image_of())
    return [gap.what for gap in (*facts.shown, *facts.gaps)]


def test_a_fork_storm_is_bounded_and_told(seen):
    found = seen("fork-storm")
    assert found.stopped in ("lost", "time")
    assert any("no room for the probe" in what or "until the time was over" in what for what in told(found))
    assert len(found.processes) <= 2000


def test_an_endless_crash_loop_settles_and_is_counted(seen):
    found = seen("crash-loop")
    assert found.stopped == "quiet"
    assert found.process(1).alive
    assert max(p.times for p in found.processes) > 3
    assert len(found.processes) < 20


def test_thousands_of_command_lines_are_bounded(seen):
    found = seen("titles", Watch(settle=1.0, timeout=12, processes=200))
    assert len(found.processes) <= 2000
    assert len(told(found)) < 40


def test_escape_sequences_reach_no_fact(seen):
    found = seen("escapes")
    assert any("\x1b" in word for p in found.processes for word in p.argv), "the raw words are kept apart from facts"
    texts = str(to_json(merge(Facts(), found, image_of())))
    assert "pwned" in texts
    assert "\\x1b" not in texts
    assert "\\x07" not in texts


def test_a_process_that_ignores_signals_is_removed_at_once(seen):
    began = time.monotonic()
    assert seen("stubborn").stopped == "quiet"
    assert time.monotonic() - began < 8


def test_what_never_settles_is_left_when_the_time_is_over(seen):
    found = seen("restless")
    assert found.stopped == "time"
    assert len(found.sockets) > 3
    assert "new things went on happening until the time was over" in told(found)


@pytest.mark.parametrize("target", ["filler", "volume-filler"])
def test_a_disk_that_fills_ends_the_run(seen, target):
    found = seen(target, Watch(settle=5.0, timeout=20, disk=64 << 20))
    assert found.stopped == "disk"
    assert found.seconds < 15
    assert "it was stopped because it filled the disk" in told(found)


def test_there_is_no_way_out(seen):
    with socket.create_server(("", 0)) as host:
        port = str(host.getsockname()[1])
        found = seen("escapist", Watch(settle=9, timeout=20, env={"PORT": port}))
    assert found.stopped == "ended"
    assert [line.split(":")[0] for line in found.log] == ["stopped"] * 3


def test_endless_output_does_not_fill_the_host(seen):
    assert seen("babbler").stopped == "quiet"


def test_a_probe_that_is_killed_comes_again(seen):
    found = seen("killer")
    assert found.stopped == "quiet"
    assert found.process(1).argv == ("sleep", "1000")
    assert found.unseen == ()


def test_nothing_needs_to_be_writable(seen):
    found = seen("unwritable")
    assert [(p.argv, p.user) for p in found.processes] == [(("sleep", "1000"), "nobody")]
    assert found.unseen == ()


def test_a_shell_that_is_none_is_done_without(seen):
    found = seen("liar")
    assert [p.argv for p in found.processes] == [("sleep", "1000")]
    assert any("does not do what a shell does" in what for what in told(found))


def test_an_image_without_a_shell_is_seen_from_outside(seen):
    found = seen("no-shell")
    [server] = found.processes
    assert (server.argv[:2], server.user, server.parent) == (("/busybox", "httpd"), "server", 0)
    assert any("no shell" in what for what in told(found))


def test_an_image_with_nothing_but_a_shell_is_seen_as_far_as_a_shell_can(seen):
    found = seen("only-dash")
    [server] = found.processes
    assert server.argv == ("/busybox", "httpd", "-f", "-p", "127.0.0.1:8080")
    assert server.workdir == "/etc"
    assert [(s.host, s.port) for s in found.sockets] == [("127.0.0.1", 8080)]


def test_an_image_with_busybox_alone_is_seen(seen):
    found = seen("only-busybox")
    [server] = found.processes
    assert [(s.port, s.pids) for s in found.sockets] == [(8080, (server.pid,))]


def test_an_image_that_cannot_start_is_told_with_the_reason(seen):
    found = seen("unstartable")
    assert found.stopped == "ended"
    assert any("/nothing/there" in what for what in told(found))


def test_a_user_without_a_name_under_another_shell_is_seen(seen):
    found = seen("nameless")
    [server] = [p for p in found.processes if p.argv]
    assert (server.argv, server.user, server.uid) == (("/bin/busybox", "sleep", "1000"), "4321", 4321)
    assert [p.exit_code for p in found.processes if p.name == "busybox" and not p.alive] == [1], "python tells of it"
    assert found.unseen == ()


def test_an_image_without_perl_and_python_is_seen_without_exit_codes(seen):
    found = seen("without-either")
    assert found.process(1).argv == ("sleep", "1000")
    assert found.unseen == ()


def test_a_shell_in_another_place_serves(seen):
    found = seen("moved-shell")
    assert [p.argv for p in found.processes] == [("sleep", "1000")]
    assert found.unseen == ()


def test_a_crowd_of_processes_is_seen_to_settle(seen):
    found = seen("crowd", Watch(settle=1.0, timeout=30))
    assert found.stopped == "quiet"
    assert len([p for p in found.processes if p.argv == ("sleep", "1000")]) == 1500


def test_accounts_that_the_image_spoils_do_no_harm(seen):
    found = seen("meddler")
    assert found.stopped == "quiet"
    assert found.process(1).argv == ("sleep", "1000")
