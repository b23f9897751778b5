"""A process as a record of a run has it in mind, and which of those that are there are the image's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.inspection._procfs import About, Stat
from splitter.model.observation import End


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
    ends: list[End] = field(default_factory=list)


def stemming(parents: Mapping[int, int], inside: Mapping[int, bool], lost: bool) -> dict[int, bool]:
    """Whether each process stems from one that `inside` takes in, by the pids of their parents.

    `lost` is what holds of one whose parent is not known, or that is its own ancestor where pids were used again.
    """
    told = dict(inside)
    for first in parents:
        chain: list[int] = []
        pid = first
        while pid not in told and pid in parents and pid not in chain:
            chain.append(pid)
            pid = parents[pid]
        told |= dict.fromkeys(chain, told.get(pid, lost))
    return told


def stemming_from_first(stats: Mapping[int, Stat]) -> dict[int, Stat]:
    """The processes that stem from the container's first one; what was brought in from outside has no parent there."""
    parents = {pid: stat.parent for pid, stat in stats.items()}
    # A parent that is not there ended between two reads; only the image's own are orphaned like that.
    inside = stemming(parents, {1: 1 in stats, 0: False}, lost=True)
    return {pid: stat for pid, stat in stats.items() if inside[pid]}
