"""A process as a record of a run has it in mind, and which of those that are there are the image's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.inspection._procfs import About, Stat


@dataclass
class Known:
    """`number` is its pid, or another where that pid was used before."""

    pid: int
    number: int
    above: "Known | None"
    born: float
    started: int
    image: int
    name: str
    forked: bool
    argv: tuple[str, ...] = ()
    before: list[tuple[str, ...]] = field(default_factory=list)
    title: tuple[str, ...] = ()
    about: About = field(default_factory=About)
    ticks: int = 0
    since: float = 0.0
    ended: float | None = None
    exit_code: int | None = None
    times: int = 1


def stemming_from_first(stats: Mapping[int, Stat]) -> dict[int, Stat]:
    """The processes that stem from the container's first one; what was brought in from outside has no parent there."""
    inside: dict[int, bool] = {1: 1 in stats, 0: False}

    def stems(pid: int) -> bool:
        chain: list[int] = []
        while pid not in inside:
            chain.append(pid)
            stat = stats.get(pid)
            if stat is None or stat.parent in chain:
                inside[pid] = True  # its parent ended between two reads; only the image's own are orphaned like that
                break
            pid = stat.parent
        for each in chain:
            inside[each] = inside[pid]
        return inside[pid]

    return {pid: stat for pid, stat in stats.items() if stems(pid)}
