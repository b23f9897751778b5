"""Who else may come to a file that one process keeps open: what runs the same code, and what is told where it is.

A run shows who keeps a file open, and by chance only who comes to it for a moment. Other processes of the same program
may do so whenever a request comes, as may one whose command, variables or configuration name the place.
"""

from collections.abc import Iterable, Iterator

from splitter.catalogue.places import TOO_MUCH, lasting
from splitter.inspection._offers import Member, members
from splitter.inspection._program import folders, language
from splitter.inspection._touched import Others
from splitter.model.facts import Process
from splitter.model.image import Image, normal, within


def others(processes: tuple[Process, ...], image: Image) -> Others:
    """The function that tells it; nothing is read before it is called."""
    team: list[Member] = []

    def found(path: str, users: Iterable[str]) -> set[str]:
        if not team:
            team.extend(members(image, processes))
        mine = set(users)
        holders = [m for m in team if m.name in mine]
        free = [m for m in team if m.name not in mine and not m.out and _stays(m.process)]
        return {m.name for m in free if _told(m, path) or any(_alike(m, h, team, image) for h in holders)}

    return found


def _stays(process: Process) -> bool:
    return process.phase not in ("prepare", "wait")


def _alike(one: Member, other: Member, team: list[Member], image: Image) -> bool:
    """Whether both run code of one place, in one language."""
    if not one.application or not other.application or language(one) != language(other):
        return False
    mine, theirs = (folders(m, tuple(team), image) for m in (one, other))
    return any(within(a, b) or within(b, a) for a in mine for b in theirs)


def _told(member: Member, path: str) -> bool:
    return any(place not in TOO_MUCH and lasting(place) and within(path, place) for place in _places(member))


def _places(member: Member) -> Iterator[str]:
    """Paths that its command, its own variables and its configuration name."""
    for word in (*member.process.command.argv[1:], *member.process.env.values()):
        value = word.rpartition("=")[2]
        if value.startswith("/"):
            yield normal(value)
    yield from (m.path for m in (*member.said.reads, *member.said.writes) if m.path)
