"""The files that processes have open, look by look.

What is open for a moment is seen by chance. What a program keeps open is open at every look, so what was open at most
of the looks since the last news is `held`: that is the same in every run. Times are given, nothing is asked here.
"""

import posixpath
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from splitter.catalogue.places import lasting
from splitter.model.observation import Held

MAX_OPEN = 5000
LOOKS = 32  # of which the files are remembered
NO_FILES = ("/proc/", "/sys/", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
            "/dev/pts/", "/dev/ptmx", "/dev/console")  # fmt: skip

At = tuple[int, str]  # the number of a process, and a path


@dataclass(frozen=True)
class _Look:
    time: float
    open: frozenset[At]
    writes: frozenset[At]


class Opened:
    """What every process was seen to have open."""

    def __init__(self) -> None:
        self._modes: dict[At, tuple[frozenset[str], int]] = {}
        self._looks: deque[_Look] = deque(maxlen=LOOKS)

    def look(self, found: Iterable[tuple[int, int, str, str]], numbers: Mapping[int, int], now: float) -> None:
        """One look: pid, descriptor, mode ("r", "w", "rw") and path of every open file."""
        is_open, writes = set[At](), set[At]()
        for pid, descriptor, mode, path in found:
            at = (numbers.get(pid, 0), path)
            new = at not in self._modes
            if pid not in numbers or path.startswith(NO_FILES) or (new and len(self._modes) >= MAX_OPEN):
                continue
            modes, highest = self._modes.get(at, (frozenset(), 0))
            self._modes[at] = (modes | set(mode), max(highest, descriptor))
            is_open.add(at)
            if "w" in mode:
                writes.add(at)
        self._looks.append(_Look(now, frozenset(is_open), frozenset(writes)))

    def still(self) -> Iterator[tuple[str, float]]:
        """The folders in which somebody kept a file open for writing from the last look but one to the last, and when
        that one was. Only files count that somebody may miss."""
        if len(self._looks) > 1:
            before, last = self._looks[-2], self._looks[-1]
            kept = {at[1] for at in before.writes & last.writes if self._modes[at][1] > 2}
            yield from ((folder, before.time) for folder in sorted({posixpath.dirname(p) for p in kept if lasting(p)}))

    def all(self, since: float) -> Iterator[tuple[At, str, int, Held]]:
        """Every file with how it was ever open, the highest descriptor, and how it was held after that moment: "w" for
        writing, "r" for reading only, or ""."""
        looks = [look for look in self._looks if look.time > since]
        is_open = Counter(at for look in looks for at in look.open)
        writes = Counter(at for look in looks for at in look.writes)
        for at, (modes, highest) in self._modes.items():
            held: Held = ""
            if len(looks) > 1 and 2 * is_open[at] > len(looks):
                held = "w" if 2 * writes[at] > len(looks) else "r"
            yield at, "".join(sorted(modes)), highest, held
