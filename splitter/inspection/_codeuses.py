"""Who uses what by the application's own files: a variable's default holds where the variable is not set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitter.inspection._hints import own
from splitter.inspection._offers import Directory, Member
from splitter.inspection._program import OTHERS, folders, reads, scripts
from splitter.inspection._uses import Use, meant, public, use
from splitter.inspection.code import Found, ending, read
from splitter.model.image import Image


@dataclass(frozen=True)
class Place:
    """One thing that code says, with the processes that run this code."""

    found: Found
    members: tuple[Member, ...]


def places(team: tuple[Member, ...], image: Image) -> tuple[Place, ...]:
    """All that the code of the application says. A file that one command names belongs to that process alone."""
    mine = {m.name: folders(m, team, image) for m in team if m.application}
    named: dict[str, list[str]] = {}
    for member in team:
        for path in scripts(member, image) if not member.out and member.role != "drop" else ():
            named.setdefault(path, []).append(member.name)
    every = sorted({f for found in mine.values() for f in found})
    tops = [f for f in every if not any(f.startswith(o + "/") for o in every)]
    loose = [p for p in named if not any(p.startswith(t + "/") for t in tops)]
    # What an ecosystem file says is told to pm2, and was read for the processes that it starts.
    ecosystems = {m.process.evidence.path for m in team if "pm2" in m.process.via} - named.keys()
    found: list[Place] = []
    for folder, files in [*((t, []) for t in tops), *([("", loose)] if loose else [])]:
        for one in read(image, folder, image.config.env, files):
            path = one.evidence.path
            if path in ecosystems:
                continue
            users = named.get(path) or _near(path, mine)
            members = tuple(m for m in team if m.name in users and reads(m, path))
            if members:
                found.append(Place(one, members))
    return tuple(found)


def _near(path: str, mine: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Whose code lies around a file; settings are read by those alone that are nearest to them."""
    around = {n: max((len(f) for f in fs if path.startswith(f + "/")), default=0) for n, fs in mine.items()}
    nearest = max(around.values(), default=0) if ending(path) in OTHERS else 1
    return [n for n, length in around.items() if length >= max(nearest, 1)]


def uses(all_places: tuple[Place, ...], image: Image, directory: Directory) -> Iterator[Use]:
    """The places that name an address at which another process listens. What no process offers is no coupling."""
    for place in all_places:
        found = place.found
        asked = found.address
        if not asked.local or found.path or own(found.name or found.hint.split(" ")[-1], asked.scheme, asked.host):
            continue
        for member in place.members:
            if found.name and (found.name in member.process.env or image.config.env.get(found.name)):
                continue
            offer = meant(asked, found.hint, directory, member.name)
            if offer is not None and not public(asked, offer, found.name, image):
                yield use(member, offer, asked, found.evidence, found.how, found.written)
