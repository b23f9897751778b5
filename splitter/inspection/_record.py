"""The memory of an observation: each look at the container goes in, what is new is said, an Observation comes out.

Pure: times are given, so that tests can play a run by hand. New is a kind of thing that was not there before (a command
line under a command line, the first end of one, an address, a pair that is connected): what a crash loop or a fork
storm does again and again is old, and a hostile image cannot fill the memory.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from splitter.inspection import _ipc, _reached
from splitter.inspection._ended import Ended, of_image
from splitter.inspection._known import Known, stemming_from_first
from splitter.inspection._opened import Opened
from splitter.inspection._procfs import About, Descriptors, Row, Stat
from splitter.model.observation import Connection, End, Memory, Open, Seen, Socket
from splitter.model.text import printable

MAX_PROCESSES = 2000
MAX_PID = 1 << 22  # proc_pid_max(5)
MAX_KINDS = 5000
MAX_VARIANTS = 20  # of one kind; a program called with the time of day is no news for ever
MAX_BEFORE = 6
MAX_ENDS = 50  # of one command under one parent
YOUNG = 1.0  # seconds in which a process is expected to go on to another program
BUSY = 0.25  # of one processor: something is still coming up
WINDOW = 0.5
TICKS = 100  # USER_HZ, wherever Linux runs
EMBEDDED_DNS = "127.0.0.11"  # the engine's own, in every network that people make


class Record:
    """What was seen so far. `gate` is the command line that held the image's own command back: it is no news."""

    def __init__(self, gate: tuple[str, ...] = (), now: float = 0.0) -> None:
        self.news_at = now
        self.busy_at = now
        self.dropped = 0
        self.began = self._forgot = now
        self._late: float | None = None  # seconds of the kernel's clock at the container's start
        self._crowded = False  # some were forgotten, so how they ended says nothing any more
        self._gate = " ".join(gate) or None
        self._all: list[Known] = []
        self._live: dict[int, Known] = {}
        self._taken: set[int] = set()
        self._dead: set[tuple[int, int]] = set()
        self._kinds: dict[object, set[object]] = {}
        self._rows: frozenset[Row] = frozenset()
        self._owners: dict[int, set[int]] = {}
        self._sockets: dict[tuple[str, str, int], set[int]] = {}
        self._still: set[tuple[str, str, int]] = set()
        self._reached: set[tuple[str, str, int]] = set()
        self._peers: Mapping[int, int] = {}
        self._pairs: dict[tuple[int, int, str, int, str], None] = {}
        self._memory = _ipc.Shared()
        self._open = Opened()
        self._load: list[tuple[float, int]] = []

    @property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """The command lines of all that is alive."""
        return tuple(dict.fromkeys(known.argv for known in self._live.values()))

    @property
    def alive(self) -> tuple[int, ...]:
        return tuple(self._live)

    def words(self, hide: Callable[[tuple[str, ...]], tuple[str, ...]] = lambda line: line) -> str:
        """For a person who waits; `hide` takes secrets out of a command line."""
        last = next((p for p in reversed(self._all) if p.argv), None)
        said = f"{len(self._live)} processes, {len(self._still)} addresses listened on"
        return f"{said}; last: {printable(' '.join(hide(last.argv)))[:60]}" if last else said

    def look(self, stats: Mapping[int, Stat], now: float) -> tuple[int, ...]:
        """Which processes there are. Returns those of which more should be read."""
        ours = stemming_from_first(stats)
        for pid in [p for p, known in self._live.items() if p not in ours or ours[p].started != known.started]:
            self._end(self._live.pop(pid), now)
        wanted: list[int] = []
        used = 0
        for pid, stat in sorted(ours.items(), key=lambda item: (item[1].started, item[0])):
            known = self._live.get(pid)
            if stat.over:
                if known is None and (pid, stat.started) in self._dead:
                    continue  # nobody has asked for its exit code yet
                if known is None:
                    known = self._born(stat, now)
                if known is not None:
                    known.exit_code = stat.exit_code
                    self._end(known, now)
                continue
            if known is None:
                known = self._born(stat, now)
                if known is not None:
                    wanted.append(pid)
                continue
            used += max(0, stat.ticks - known.ticks)
            known.ticks = stat.ticks
            if stat.image != known.image or (not stat.image and stat.name != known.name):
                self._exec(known, now)
                known.image, known.forked = stat.image, False
                wanted.append(pid)
            elif not known.argv or (now - known.born < YOUNG and not known.image):
                wanted.append(pid)
            known.name = stat.name
        self._load = [(t, n) for t, n in self._load if now - t <= WINDOW]
        self._load.append((now, used))
        if sum(n for _, n in self._load) / TICKS >= BUSY * WINDOW:
            self.busy_at = now
        return tuple(wanted)

    def over(self, exit_code: int, now: float) -> None:
        """The container has ended, and the first process with this code."""
        for known in list(self._live.values()):
            if known.pid == 1:
                known.exit_code = exit_code
            self._end(known, now)

    def about(self, found: Mapping[int, About], now: float) -> None:
        """More about processes: what `look` asked for, or all of them again."""
        for pid, about in found.items():
            known = self._live.get(pid)
            if known is None or not about.argv or " ".join(about.argv) == self._gate:
                continue
            if known.argv and about.argv != known.argv and not known.image:
                self._exec(known, now)  # nothing else tells of it
            if not known.argv:
                known.argv = about.argv
                known.about = about
                if known.before[-1:] == [known.argv]:
                    known.before.pop()  # it was read between its `exec` and the look that showed it
                above = known.above
                kind = ("process", above.argv if above else (), about.program or known.name)
                self._news(kind, about.argv, now)
                continue
            if about.argv != (known.title or known.argv):
                known.title = about.argv
                self._news(("title", known.argv), None, now)
            # A title may have been written over the environment, and a daemon leaves its folder; who it is may change.
            known.about = replace(known.about, uid=about.uid if about.uid is not None else known.about.uid)

    def sockets(self, rows: frozenset[Row], now: float) -> bool:
        """The tables of sockets. Returns whether they changed, so that it pays to ask who holds them."""
        rows = frozenset(r for r in rows if r.local[0] != EMBEDDED_DNS)
        lasting = frozenset(r for r in rows if r.state != "gone")
        changed, self._rows = lasting != self._rows, lasting
        self._still = {_address(r) for r in rows if r.state == "listen"}
        for address in sorted(self._still):
            if len(self._sockets) < MAX_KINDS:
                self._sockets.setdefault(address, set())
            self._news(("listen", address[0]), address, now)
        self.reached(_reached.by_rows(rows, self._sockets))
        return changed

    def reached(self, found: Iterable[tuple[str, str, int]]) -> None:
        """Addresses that somebody connected to."""
        self._reached |= {address for address in found if address in self._sockets}

    def peers(self, found: Mapping[int, int]) -> None:
        """Which unix socket is connected to which, by inode; to be told before `descriptors`."""
        self._peers = found

    def shared(self, rows: frozenset[_ipc.Row], now: float) -> bool:
        """System V's tables. Returns whether they show something new, so that it pays to ask who has it mapped."""
        new = self._memory.rows(rows, self._numbers())
        if new:
            self._news("shared", len(rows), now)
        return new

    def mapped(self, found: Mapping[_ipc.Place, set[int]], now: float) -> None:
        """Who has which shared memory mapped."""
        if self._memory.mapped(found, self._numbers()):
            self._news("mapped", len(found), now)

    def descriptors(self, found: Descriptors, now: float) -> None:
        """Who holds which socket and file."""
        live = self._numbers()
        self._owners = {i: {live[p] for p in pids if p in live} for i, pids in found.sockets.items()}
        for row in self._rows:
            if row.state == "listen" and _address(row) in self._sockets:
                self._sockets[_address(row)] |= self._owners.get(row.inode, set())
        self._connect(now)
        self._open.look(found.files, live, now)
        for folder, then in self._open.still():
            self._news("kept open", folder, then)

    def accounts(self, found: Iterable[Ended]) -> None:
        """How processes ended, by the kernel; those that were never seen come in, with their names alone."""
        records = list(found)
        known: dict[int, list[Known]] = {}
        for process in self._all:
            known.setdefault(process.pid, []).append(process)
        told, parents = set[int](), {e.parent for e in records}
        short: dict[tuple[int, str, int, bool], Known] = {}
        added: list[tuple[Known, int]] = []
        for place, one in enumerate(of_image(records, list(known))):
            end = End(place, one.exit_code)
            same = [p for p in known.get(one.pid, ()) if p.number not in told]
            if same or one.pid in self._live:
                if same and same[0].ended is not None:
                    told.add(same[0].number)
                    same[0].exit_code = one.exit_code
                    same[0].ends.append(end)
                    if same[0].forked and not one.forked:  # it was looked at before it called `exec`, and never after
                        same[0].forked, same[0].argv, same[0].name = False, (), one.name
                continue
            kind = (one.parent, one.name, one.uid, one.forked)
            if one.pid not in parents and kind in short:
                short[kind].times += 1
                short[kind].exit_code = one.exit_code
                short[kind].ends += [end][: MAX_ENDS - len(short[kind].ends)]
            elif self._crowded or len(self._all) >= MAX_PROCESSES:
                self.dropped += not self._crowded
            else:
                process = self._short(one)
                process.ends.append(end)
                short[kind] = process
                added.append((process, one.parent))
                known.setdefault(one.pid, []).append(process)
                told.add(process.number)
        for process, parent in added:
            process.above = next((p for p in reversed(known.get(parent, [])) if p is not process), None)
            process.born = process.ended = process.above.born if process.above else self.began

    def memory(self, device: int | None = None) -> tuple[Memory, ...]:
        """What is shared through the kernel; `device` is the one that the container's own files are on."""
        return self._memory.told(self._grouped()[1], device)

    def finish(self, users: Mapping[int, str], now: float, quiet: float | None = None) -> tuple[
        tuple[Seen, ...], tuple[Socket, ...], tuple[Connection, ...], tuple[Open, ...]
    ]:  # fmt: skip
        """All that was seen. `quiet` is since when it has been quiet, where a last look may have had news."""
        kept, stands = self._grouped()
        sockets = tuple(
            Socket(
                protocol,  # type: ignore[arg-type]
                "" if protocol == "unix" else host,
                port,
                host if protocol == "unix" else "",
                tuple(sorted({stands[p] for p in pids if p in stands})),
                (protocol, host, port) in self._still,
                (protocol, host, port) in self._reached,
            )
            for (protocol, host, port), pids in sorted(self._sockets.items())
        )
        pairs = dict.fromkeys(
            Connection(stands[c], stands[s], host, port, path)
            for c, s, host, port, path in self._pairs
            if c in stands and s in stands
        )
        files: dict[tuple[int, str], Open] = {}
        for (number, path), mode, highest, held in self._open.all(self.news_at if quiet is None else quiet):
            if number in stands:
                one = Open(stands[number], path, "r" in mode, "w" in mode, 0 < highest <= 2, held)
                files[one.pid, path] = one.joined(files.get((one.pid, path)))
        return (
            tuple(self._seen(p, times, users, now) for p, times in kept),
            sockets,
            tuple(pairs),
            tuple(sorted(files.values(), key=lambda f: (f.path, f.pid))),
        )

    def _numbers(self) -> dict[int, int]:
        """The numbers of what is alive, by pid."""
        return {pid: known.number for pid, known in self._live.items()}

    def _number(self, pid: int) -> int:
        number = pid if pid not in self._taken else MAX_PID + len(self._taken)
        self._taken.add(number)
        return number

    def _short(self, one: Ended) -> Known:
        """One that was over before anybody looked."""
        process = Known(one.pid, self._number(one.pid), None, self.began, 0, 0, one.name, one.forked)
        process.exit_code, process.about = one.exit_code, About(uid=one.uid)
        self._all.append(process)
        return process

    def _born(self, stat: Stat, now: float) -> Known | None:
        if len(self._all) >= MAX_PROCESSES and now > self._forgot:
            self._forgot, self._crowded = now, True
            self._forget()
        if len(self._all) >= MAX_PROCESSES:
            self.dropped += 1
            return None
        above = self._live.get(stat.parent)
        forked = bool(above and stat.image and above.image == stat.image)
        known = Known(stat.pid, self._number(stat.pid), above, now, stat.started, stat.image, stat.name, forked)
        known.ticks = stat.ticks
        self._all.append(known)
        if (
            stat.pid != 1 and stat.started
        ):  # the clocks differ by no more than the looks that came soonest after a start
            late = stat.started / TICKS - (now - self.began)
            self._late = late if self._late is None else max(self._late, late)
        if not stat.over:
            self._live[stat.pid] = known
        return known

    def _exec(self, known: Known, now: float) -> None:
        known.since = now
        above = known.above
        copied = known.forked and above is not None and known.argv == above.argv
        if known.argv and not copied and len(known.before) < MAX_BEFORE:
            known.before.append(known.argv)
        known.argv, known.title = (), ()

    def _end(self, known: Known, now: float) -> None:
        if self._live.get(known.pid) is known:
            del self._live[known.pid]
        self._dead.add((known.pid, known.started))
        if known.ended is None:
            known.ended = now
            self._news(("end", known.about.program or known.name), known.argv, now)

    def _connect(self, now: float) -> None:
        ends = {(r.local, r.remote): r.inode for r in self._rows if r.protocol == "tcp" and r.state == "connected"}
        served = {r.local[1] for r in self._rows if r.protocol == "tcp" and r.state == "listen"}
        for (local, remote), inode in sorted(ends.items()):
            other = ends.get((remote, local))
            if other is None or remote[1] not in served or (local[1] in served and local[1] < remote[1]):
                continue
            self._pair(inode, other, (*remote, ""), now)
        named = {r.inode: r.local[0] for r in self._rows if r.protocol == "unix" and r.local[0]}
        for inode, other in sorted(self._peers.items()):
            path = named.get(other, "")
            # What a server has accepted bears its own path; a client has none, or another.
            if ("unix", path, 0) in self._sockets and named.get(inode) != path:
                self._pair(inode, other, ("", 0, path), now)

    def _pair(self, client: int, server: int, at: tuple[str, int, str], now: float) -> None:
        """Two ends of a connection by their inodes: every process that holds the one with every holder of the other."""
        for one in sorted(self._owners.get(client, ())):
            for other in sorted(self._owners.get(server, ())):
                if one != other and len(self._pairs) < MAX_KINDS:
                    self._pairs[one, other, *at] = None
                    self._news(("pair", one), (other, at), now)

    def _news(self, kind: object, variant: object, now: float) -> None:
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            return
        known = self._kinds.setdefault(kind, set())
        if variant not in known and len(known) < MAX_VARIANTS:
            known.add(variant)
            self.news_at = max(self.news_at, now)

    def _grouped(self) -> tuple[list[tuple[Known, int]], dict[int, int]]:
        """Those to tell of, with how often each came; and for every number the one that stands for it."""
        parents = {p.above.number for p in self._all if p.above is not None}
        kept: dict[object, list[Known]] = {}
        for process in self._all:
            above = process.above.number if process.above is not None else 0
            kind = (above, process.argv, process.about.program, process.name, process.about.uid)
            alone = process.ended is None or process.number in parents
            kept.setdefault(process.number if alone else kind, []).append(process)
        stands = {p.number: same[0].number for same in kept.values() for p in same}
        for same in kept.values():
            codes = [p.exit_code for p in same if p.exit_code is not None]
            same[0].exit_code = codes[-1] if codes else None
            same[0].ends = sorted({end for p in same for end in p.ends})[:MAX_ENDS]
        return [(same[0], sum(p.times for p in same)) for same in kept.values()], stands

    def _forget(self) -> None:
        """Make room: of those that ended in the same way, the later ones are only counted."""
        kept, _ = self._grouped()
        for process, times in kept:
            process.times = times
        self._all = [process for process, _ in kept]

    def _seen(self, known: Known, times: int, users: Mapping[int, str], now: float) -> Seen:
        uid = known.about.uid
        return Seen(
            known.number,
            known.above.number if known.above is not None else 0,
            known.argv,
            tuple(known.before),
            known.title,
            known.name,
            known.about.program,
            "" if uid is None else users.get(uid, str(uid)),
            uid,
            known.about.workdir,
            known.about.env,
            known.forked,
            known.ended is None,
            known.exit_code,
            times,
            round(known.born - self.began, 2),
            round((known.since or known.born) - self.began, 2),
            round((known.ended or now) - known.born, 2),
            None if self._late is None or not known.started else round(known.started / TICKS - self._late, 2),
            tuple(known.ends),
        )


def _address(row: Row) -> tuple[str, str, int]:
    return row.protocol, *row.local
