"""What goes on in containers that others started: the same looks as at an image that is run, at several at once.

Each is asked by a probe inside, through its own shell, or by `docker top` where it has none or shares the processes of
another. A container that starts anew is looked into anew.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from importlib import resources

from splitter.engine import Container
from splitter.errors import SplitterError
from splitter.inspection._look import Inside, Look, Outside, Report
from splitter.inspection._match import match
from splitter.inspection._record import Record
from splitter.inspection.observe import MAX_BUSY, SHELLS
from splitter.model.facts import Process
from splitter.model.observation import Observation, Seen
from splitter.wire import Closed, Wire

TICK = 0.1
PROBES = 3


def follow(
    containers: Mapping[str, Container],
    shared: Collection[str],
    settle: float,
    timeout: float,
    report: Report = lambda _: None,
) -> dict[str, Observation]:
    """What each container does, by its name, once nothing new has happened in any of them for `settle` seconds.

    After `timeout` seconds it is what they did until then. `shared` names those that see another's processes.
    Raises SplitterError where the engine fails.
    """
    began = time.monotonic()
    each = {name: _Followed(container, name in shared) for name, container in containers.items()}
    try:
        while True:
            now = time.monotonic()
            for one in each.values():
                one.look()
            quiet = now - max((one.last for one in each.values()), default=0.0)
            if quiet >= settle or now - began >= timeout:
                break
            report(f"{sum(len(one.record.alive) for one in each.values())} processes in {len(each)} containers")
            time.sleep(max(0.0, TICK - (time.monotonic() - now)))
        stopped = "quiet" if quiet >= settle else "time"
        return {name: one.result(stopped == "quiet") for name, one in each.items()}
    finally:
        for one in each.values():
            one.close()


class _Followed:
    """One container."""

    def __init__(self, container: Container, outside: bool) -> None:
        self.container = container
        self.record = Record((), time.monotonic())
        self.record.busy_at = time.monotonic()
        self._probes = PROBES if outside else 0
        self._wire: Wire | None = None
        self._look: Look | None = None

    @property
    def last(self) -> float:
        """When something last happened."""
        return max(self.record.news_at, min(self.record.busy_at, self.record.news_at + MAX_BUSY))

    def look(self) -> None:
        if self._look is None and not self.container.state().get("Running"):
            self.record.look({}, time.monotonic())
            return
        try:
            self._look = self._look or self._opened()
            self._look(self.record)
        except (Closed, SplitterError):
            self.close()
            self._probes += bool(self.container.state().get("Running"))
            self.record.look({}, time.monotonic())

    def result(self, quiet: bool) -> Observation:
        processes, sockets, connections, files = self.record.finish({}, time.monotonic())
        return Observation(processes, sockets, connections, files, stopped="quiet" if quiet else "time")

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = self._look = None

    def _opened(self) -> Look:
        shell = ""
        if self._probes < PROBES:
            found = ((s, self.container.stat(s)) for s in SHELLS)
            shell = next((s for s, at in found if at is not None and at.kind in ("file", "link")), "")
        if not shell:
            return Outside(self.container)
        script = resources.files("splitter.inspection").joinpath("probe.sh").read_text()
        self._wire = self.container.talk((shell, "-c", script), user="0", workdir="/")
        look = Inside(self._wire, self.container)
        look.deadline += 3600.0
        return look


def recognised(
    declared: tuple[Process, ...], seen: Observation
) -> tuple[Mapping[str, Sequence[Seen]], Mapping[int, str]]:
    """The processes in which each declared one was recognised, by its name, and the name that each pid belongs to."""
    matched = match(declared, seen)
    return matched.found, matched.owner
