"""Who wrote what only `docker diff` shows: the one process that was there, and may have, when it was last written.

A file belongs to the user who made it, or was given to one by the root (chown(2)), so whoever ran as its user or as
the root at that moment may be its writer, managers and waiting scripts apart. Where several may, nobody is named.
"""

from dataclasses import dataclass
from datetime import datetime

from splitter.inspection._match import Match, starter
from splitter.inspection._procfs import decimal
from splitter.model.observation import Change, Observation, Seen

NEAR = 0.05  # seconds by which the clocks may differ
REGULAR = 0o100000  # S_IFREG, inode(7)
FORMAT = 0o170000


@dataclass(frozen=True)
class State:
    """What stat says of a path: whose it is, whether it is a file, when its content and its state were changed."""

    uid: int
    file: bool
    content: float
    state: float


def dated(text: str, asked: float) -> dict[str, State]:
    """The answer to `dated`, by path. Lines are `uid|mode|content|state|path`.

    The first one's path is /proc/self/, which comes to be when it is asked for: that is `asked`, in whose seconds the
    rest is told.
    """
    found: dict[str, State] = {}
    now: float | None = None
    for line in text.split("\n"):
        uid, mode, *times, path = (*line.split("|", 4), "", "", "", "", "")[:5]
        content, state = map(_time, times)
        if not decimal(uid) or content is None or state is None:
            continue
        if now is None:
            now = content
        elif path.startswith("/"):
            found[path] = State(int(uid), _regular(mode), asked - (now - content), asked - (now - state))
    return found


def _regular(mode: str) -> bool:
    try:
        return int(mode, 16) & FORMAT == REGULAR
    except ValueError:
        return False


def _time(text: str) -> float | None:
    """`2026-11-24 14:30:02.123456789 +0000`, as stat of GNU and of busybox print it."""
    parts = text.split(" ")
    if len(parts) != 3:
        return None
    try:
        return datetime.fromisoformat(f"{parts[0]}T{parts[1][:15]}{parts[2][:3]}:{parts[2][3:]}").timestamp()
    except (ValueError, OverflowError):
        return None


def told(change: Change, found: State | None) -> Change:
    """A change with its owner and time. What was copied with its old date came when its state changed."""
    if found is None:
        return change
    old = found.content < -NEAR
    nothing = not found.file or (old and change.kind == "changed")
    return Change(change.path, change.kind, found.uid, round(found.state if old else found.content, 2), nothing)


def writers(change: Change, seen: Observation, matched: Match) -> tuple[set[str], bool]:
    """The names of those that may have written it, and whether these are all: then one alone did it."""
    if change.at is None:
        return set(), False
    there = [s for s in seen.processes if _there(s, change.at) and _may(s, change) and not _waits(s, matched)]
    names = {matched.owner.get(s.pid, "") for s in there}
    return names - {""}, bool(names) and "" not in names


def _there(each: Seen, at: float) -> bool:
    start = each.born if each.started is None else each.started
    return bool(each.argv) and start - NEAR <= at <= each.born + each.seconds + NEAR


def _may(each: Seen, change: Change) -> bool:
    return each.uid in (None, 0, change.uid)


def _waits(each: Seen, matched: Match) -> bool:
    """Whether it only starts and waits for others."""
    return each.pid not in matched.owner and (each.pid in matched.passed or starter(each))
