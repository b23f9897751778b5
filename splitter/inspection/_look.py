"""Two ways to look into a running container: through the probe inside it, or with `docker top` from outside."""

import posixpath
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from splitter.engine import Container
from splitter.errors import SplitterError
from splitter.inspection import _ended, _ipc, _procfs, _reached, _writers
from splitter.inspection._peers import REQUEST, peers
from splitter.inspection._record import Record
from splitter.model.observation import Change, Open
from splitter.wire import Wire

SOCKETS, ALL = 0.15, 1.0  # seconds between two looks at the sockets, and at everything, where nothing else happens
PATIENCE, GRACE = 5.0, 0.5  # for one answer; at least, where the time is over
RARE = 8  # how many times longer than it takes, at least, passes between two looks at everything: of a crowd, seconds
MAX_ANSWER = 16 << 20
MAX_CHANGES, MAX_DATED = 2000, 300
BARE = "#bare\n"  # how the probe says that it has no more than a shell


Report = Callable[[str], None]


class Look(Protocol):
    """One look at what goes on, told to a record. Raises Closed where it cannot look any more."""

    def __call__(self, record: Record, everything: bool = False) -> None: ...


class Inside:
    """Asks the probe; what is asked beyond `deadline` has to be answered at once."""

    def __init__(self, wire: Wire, container: Container) -> None:
        self.deadline = time.monotonic() + PATIENCE
        self._wire, self._container = wire, container
        self._places: list[str] = []
        self._sockets_at = self._all_took = self._files_at = self._files_took = 0.0
        self._all_at = time.monotonic()  # the first look finds all that is new anyway

    def __call__(self, record: Record, everything: bool = False) -> None:
        wanted = record.look(_procfs.stats(self._ask("stat")), time.monotonic())
        now = time.monotonic()
        everything = everything or now - self._all_at >= max(ALL, RARE * self._all_took)
        if everything:
            self._all_at, wanted = now, record.alive
        if wanted:
            text = self._ask("text", wanted)
            found = _procfs.about(text)
            record.about(self._parted(found) if text.startswith(BARE) else found, time.monotonic())
        if wanted or now - self._sockets_at >= SOCKETS:
            self._sockets_at = now
            text = self._ask("net")
            rows = _procfs.sockets(text)
            self._places = [r.local[0] for r in rows if r.protocol == "unix" and r.state == "listen"]
            shared = record.shared(_ipc.rows(text), time.monotonic())
            if record.sockets(rows, time.monotonic()) or everything:
                self._files(record, any(r.protocol == "unix" and r.local[0] for r in rows))
            elif time.monotonic() - self._files_at >= RARE * self._files_took:
                self._files(record)
            if shared or everything:
                record.mapped(_ipc.mapped(self._ask("maps")), time.monotonic())
        if everything:
            self._all_took = time.monotonic() - now

    def _files(self, record: Record, named: bool = False) -> None:
        """Who holds which; first, for connections may be short, then who is at the other end of those with names."""
        now = self._files_at = time.monotonic()
        found = _procfs.descriptors(self._ask("fds"))
        self._files_took = time.monotonic() - now
        if named:
            record.peers(peers(self._ask("peers", [REQUEST.hex()])))
        record.descriptors(found, time.monotonic())

    def account(self) -> None:
        """Have the kernel write down how each process ends from now on, where the image has what it takes."""
        self._ask("account", [_ended.FILE])

    def written(self) -> int:
        return _procfs.written(self._ask("io"))

    def dated(self, changes: tuple[Change, ...], began: float) -> tuple[Change, ...]:
        """The changes with whose the files are and when they were written, in seconds from `began`."""
        above = {posixpath.dirname(c.path) for c in changes}
        leaves = [c.path for c in changes if c.kind != "deleted" and c.path not in above and c.path.isprintable()]
        lines = "".join(f"{path}\n" for path in leaves[:MAX_DATED])
        asked = time.monotonic()
        text = self._ask("dated", [len(lines.splitlines())], lines)
        found = _writers.dated(text, asked - began)
        return tuple(_writers.told(c, found.get(c.path)) for c in changes)

    def reached(self, record: Record) -> None:
        """Which unix sockets were connected to."""
        paths = sorted({p for p in self._places if p.startswith("/") and p.isprintable()})[:MAX_DATED]
        text = self._ask("reached", [len(paths)], "".join(f"{path}\n" for path in paths)) if paths else ""
        record.reached(_reached.by_access(text))

    def regular(self, files: tuple[Open, ...]) -> tuple[Open, ...]:
        """The same open files, of which only files are held, no pipes with a name."""
        held = sorted({f.path for f in files if f.held and f.path.isprintable()})[:MAX_DATED]
        text = self._ask("dated", [len(held)], "".join(f"{path}\n" for path in held)) if held else ""
        others = {path for path, state in _writers.dated(text, 0.0).items() if not state.file}
        return tuple(replace(f, held="") if f.path in others else f for f in files)

    def accounts(self, limit: int) -> bytes:
        """How processes ended, as the kernel wrote it; nothing where the image lacks what it takes to read it."""
        return self._answer("accounts", [limit, _ended.FILE])

    def device(self) -> int | None:
        """The number of the device that the container's own files are on."""
        told = self._ask("device").strip()
        return int(told) if _procfs.decimal(told) else None

    def users(self) -> Mapping[int, str]:
        return _procfs.users(self._ask("users"))

    def _parted(self, found: Mapping[int, _procfs.About]) -> dict[int, _procfs.About]:
        """With the command lines as `docker top` has them: a shell by itself loses the NULs between their words."""
        lines = [str(row[3]) for row in self._container.top()["Processes"] or () if len(row) > 3]
        whole = {line.replace(" ", ""): tuple(line.split(" ")) for line in lines}
        return {pid: replace(a, argv=whole.get("".join(a.argv).replace(" ", ""), ())) for pid, a in found.items()}

    def _ask(self, what: str, more: Iterable[object] = (), lines: str = "") -> str:
        return self._answer(what, more, lines).decode(errors="replace")

    def _answer(self, what: str, more: Iterable[object] = (), lines: str = "") -> bytes:
        self._wire.send(" ".join((what, *map(str, more))).encode() + b"\n" + lines.encode(errors="surrogateescape"))
        seconds = min(PATIENCE, max(GRACE, self.deadline - time.monotonic()))
        return self._wire.until(f"\n#end {what}\n".encode(), seconds, MAX_ANSWER)


class Outside:
    """Asks the engine: processes and their command lines as one text each, nothing more."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._numbers: dict[int, int] = {}

    def __call__(self, record: Record, everything: bool = False) -> None:
        rows = [row for row in self._container.top()["Processes"] or () if len(row) > 3]
        stats: dict[int, _procfs.Stat] = {}
        found: dict[int, _procfs.About] = {}
        for row in rows:
            if row[0].isdigit():
                self._numbers.setdefault(int(row[0]), len(self._numbers) + 1)  # the first one is the container's
        for pid, parent, uid, args in (row[:4] for row in rows):
            if not pid.isdigit():
                continue
            number = self._numbers[int(pid)]
            above = self._numbers.get(int(parent), 1) if parent.isdigit() else 1
            words = tuple(args.split(" "))
            stats[number] = _procfs.Stat(number, words[0], "S", above if number > 1 else 0, 0, 0, 0, 0)
            found[number] = _procfs.About(words, uid=int(uid) if uid.isdigit() else None)
        record.look(stats, time.monotonic())
        record.about(found, time.monotonic())


class Changes:
    """`docker diff`, which takes seconds on a large image: asked for in the background before it is needed."""

    def __init__(self, container: Container, now: float) -> None:
        self.asked_at = now
        self._found: list[Change] = []
        self._thread = threading.Thread(target=self._ask, args=(container,), daemon=True)
        self._thread.start()

    @property
    def asking(self) -> bool:
        return self._thread.is_alive()

    def get(self, seconds: float) -> tuple[Change, ...]:
        """What changed; () where the engine does not say it in time."""
        self._thread.join(seconds)
        return tuple(self._found)

    def _ask(self, container: Container) -> None:
        try:
            said = container.diff()
        except SplitterError:
            return
        kinds = ("changed", "added", "deleted")
        said = [c for c in said if c.get("Kind") in (0, 1, 2) and c["Path"] != _ended.FILE]
        found = [Change(str(c["Path"]), kinds[c["Kind"]]) for c in said]  # type: ignore[arg-type]
        self._found = sorted(found, key=lambda c: c.path)[:MAX_CHANGES]
