"""Memory, queues and semaphores that processes share through the kernel (sysvipc(7), shm_overview(7)).

/proc/sysvipc tells of System V's, with the pids that made a segment or used it last; who has one mapped stands in
/proc/PID/maps, where its id is the inode (ipc/shm.c) and POSIX memory is a file of /dev/shm. The texts come from a
container that may be hostile: nothing here raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from splitter.inspection._procfs import decimal, sections
from splitter.model.observation import Memory

Kind = Literal["memory", "queue", "semaphores"]
Place = tuple[str, str]  # the kind, and what tells it apart: a path, or a System V id
MAX_KEPT = 500
MAX_KEY = 1 << 32
SHM = "/dev/shm/"


def system_v(kind: Kind, key: int) -> str:
    """What tells one thing of System V's apart, in words."""
    return f"System V {kind} {key % MAX_KEY:#010x}"


def filed(key: int, device: int | None) -> bool:
    """Whether ftok(3) may have made this key of a file on that device.

    The file's number is in the lower half, then come the last eight bits of its device, then those of a number that the
    caller gives and that is not 0. By chance one key of 256 looks so.
    """
    return device is not None and key >> 24 != 0 and key >> 16 & 0xFF == device & 0xFF


@dataclass(frozen=True, order=True)
class Row:
    """One line of /proc/sysvipc. `users` are pids: of memory who made it and who used it last, of a queue the last
    sender and receiver; nothing tells who uses semaphores. `maker` is 0 where it is not told."""

    kind: Kind
    id: str
    key: int
    uid: int
    maker: int
    users: tuple[int, ...]


# By the name of the file: what it lists, where the maker's uid stands, where the maker's and the users' pids (proc(5)).
TABLES: Mapping[str, tuple[Kind, int, int | None, tuple[int, ...]]] = {
    "shm": ("memory", 9, 4, (4, 5)),
    "msg": ("queue", 9, None, (5, 6)),
    "sem": ("semaphores", 6, None, ()),
}


def rows(text: str) -> frozenset[Row]:
    """The lines of /proc/sysvipc in the answer to `net`."""
    found: set[Row] = set()
    for path, body in sections(text):
        folder, _, name = path.rpartition("/")
        if folder == "/proc/sysvipc" and name in TABLES:
            found.update(row for line in body.split("\n")[1:] if (row := _row(line, *TABLES[name])) is not None)
    return frozenset(found)


def _row(line: str, kind: Kind, uid: int, maker: int | None, users: tuple[int, ...]) -> Row | None:
    fields = line.split()
    at = [uid, *users, 1]
    if len(fields) <= max(at) or not all(decimal(fields[i]) for i in at) or not decimal(fields[0].lstrip("-")):
        return None
    pids = tuple(pid for i in users if (pid := int(fields[i])))
    return Row(kind, fields[1], int(fields[0]) % MAX_KEY, int(fields[uid]), int(fields[maker]) if maker else 0, pids)


def mapped(text: str) -> dict[Place, set[int]]:
    """The answer to `maps`, lines of /proc/PID/maps after the file's name: who has which memory mapped to share it."""
    found: dict[Place, set[int]] = {}
    for line in text.split("\n"):
        file, _, entry = line.partition(":")
        fields = entry.split(None, 5)
        pid = file.removeprefix("/proc/").removesuffix("/maps")
        if len(fields) < 6 or not decimal(pid) or not decimal(fields[4]) or not fields[1].endswith("s"):
            continue
        path = fields[5].removesuffix(" (deleted)")
        if path.startswith("/SYSV"):
            found.setdefault(("memory", str(int(fields[4]))), set()).add(int(pid))
        elif path.startswith(SHM):
            found.setdefault(("memory", path), set()).add(int(pid))
    return found


@dataclass
class _Kept:
    key: int = 0
    uid: int = 0
    maker: int | None = None
    users: set[int] = field(default_factory=set)


class Shared:
    """What was shared so far; who uses it is told by the numbers that a record has for pids."""

    def __init__(self) -> None:
        self._kept: dict[Place, _Kept] = {}

    def rows(self, found: frozenset[Row], numbers: Mapping[int, int]) -> bool:
        """A look at System V's tables; whether it is the first to show something."""
        before = len(self._kept)
        for row in sorted(found):
            place = (row.kind, row.id)
            new = place not in self._kept
            if (kept := self._at(place)) is None:
                continue
            if new:
                kept.key, kept.uid, kept.maker = row.key, row.uid, numbers.get(row.maker)
            kept.users |= {numbers[pid] for pid in row.users if pid in numbers and (new or pid != row.maker)}
        return len(self._kept) > before

    def mapped(self, found: Mapping[Place, set[int]], numbers: Mapping[int, int]) -> bool:
        """A look at what is mapped; whether it is the first to show something."""
        before = len(self._kept)
        for place, pids in sorted(found.items()):
            users = {numbers[pid] for pid in pids if pid in numbers}
            if users and (kept := self._at(place)) is not None:
                kept.users |= users
        return len(self._kept) > before

    def told(self, stands: Mapping[int, int], device: int | None = None) -> tuple[Memory, ...]:
        """All of it, `stands` for each number that of the process that is told of.

        `device` is the one that the container's own files are on.
        """
        return tuple(
            Memory(
                kind,  # type: ignore[arg-type]
                at if at.startswith("/") else "",
                kept.key,
                tuple(sorted({stands[n] for n in kept.users if n in stands})),
                stands.get(kept.maker) if kept.maker is not None else None,
                kept.uid,
                filed(kept.key, device),
            )
            for (kind, at), kept in sorted(self._kept.items())
        )

    def _at(self, place: Place) -> _Kept | None:
        if place not in self._kept and len(self._kept) >= MAX_KEPT:
            return None
        return self._kept.setdefault(place, _Kept())
