"""Volumes for what a run shows: files that a service keeps open for writing, in folders that no file tells of.

Only what every run shows alike may decide: that a file is kept open, by whom, and what the image has in the folders
around it. What was open for a moment, or only changed, is told as a gap.
"""

import posixpath
from collections.abc import Mapping

from splitter.catalogue.places import TOO_MUCH, bare, lasting
from splitter.model.facts import RUN, Evidence, Facts, Gap, Written
from splitter.model.image import Image, within
from splitter.model.plan import Volume
from splitter.planning.draft import Draft, Drafts, names
from splitter.planning.volumes import mount, owner_of, services, touches

MANY = 8


def keep(drafts: Drafts, facts: Facts, image: Image, volumes: dict[str, Volume]) -> dict[str, list[Draft]]:
    """Named volumes for what services keep open and no volume holds yet. Returns who keeps files open in each."""
    rooms: dict[str, list[Draft]] = {}
    others: dict[str, list[Draft]] = {}
    for written in facts.written:
        holders = services(written.writers, drafts)
        if not written.held or not holders:
            continue
        path = next((m for d in drafts.own() if (m := _covered(written.path, d))), "") or room(written, image)
        if path and path not in image.config.volumes:
            rooms.setdefault(path, []).extend(holders)
            others.setdefault(path, []).extend(services((*written.readers, *written.perhaps), drafts))
    kept: dict[str, list[Draft]] = {}
    for path in sorted(rooms):
        top = next((p for p in kept if within(path, p)), path)
        kept.setdefault(top, []).extend(rooms[path])
        others[top] = [*others[top], *others[path]]
    for path, found in kept.items():
        holders = [d for d in drafts.own() if d in found]
        kept[path] = holders
        if all(path in d.mounts for d in holders):
            continue  # a volume that is known for another reason, with those who use it
        more = [d for d in drafts.own() if d not in found and (d in others[path] or _makes(d, path, image))]
        because = f"{names(holders)} keep{'s' if len(holders) == 1 else ''} files open there, as a run shows"
        because += f"; {names(more)} may come to them" if more else ""
        mount([*holders, *more, *(d for d in drafts.own() if path in d.mounts)], path, because, volumes)
    return kept


def room(written: Written, image: Image) -> str:
    """The folder that is to be a volume for a path: one that the image has and leaves empty, else the highest that it
    does not have. "" where the image has files beside it, or where it is not known what the image has."""
    if not image.complete or not lasting(written.path):
        return ""
    here, below = written.path if written.folder else posixpath.dirname(written.path), ""
    while here not in TOO_MUCH and posixpath.dirname(here) != "/home":
        if image.node(here) is not None:
            return here if bare(here, image) else below
        below, here = here, posixpath.dirname(here)
    return below


def shared(path: str, facts: Facts, image: Image) -> str:
    """The folder to share for a path that several keep open; "" where there is none for it alone."""
    return next((room(w, image) for w in facts.written if w.held and w.path == path), "")


def _covered(path: str, draft: Draft) -> str:
    """The path of the volume by which a service has a path, "" where it has none."""
    return next((p for p, m in draft.mounts.items() if m.volume and within(path, p)), "")


def _makes(draft: Draft, path: str, image: Image) -> bool:
    """Whether a one-off service has a step that names the folder: it makes it, or gives it to a user."""
    return draft.one_off and any(touches(p, (path,), image.config.workdir) for p in draft.processes())


def told(drafts: Drafts, facts: Facts) -> list[Gap]:
    """What a run shows to be written and no volume holds, with those who may have written it."""
    loose: list[str] = []
    for written in facts.written:
        if written.evidence.path != RUN or not lasting(written.path) or owner_of(written.path, drafts):
            continue
        authors = services(written.writers if written.held else (*written.writers, *written.perhaps), drafts)
        if written.writers and not authors:
            continue  # of a process that is not kept, or of a server with an image of its own
        users = services((*written.writers, *written.readers), drafts)
        covered = [any(within(written.path, m) for m in d.mounts) for d in (users or drafts.own())]
        if (all if written.readers else any)(covered):
            continue
        loose.append(f"{written.path} ({names(authors)})" if authors else written.path)
    if not loose:
        return []
    more = f" and {len(loose) - MANY} more" if len(loose) > MANY else ""
    what = f"written while it ran, and on no volume: {', '.join(loose[:MANY])}{more}; what must outlive its container"
    return [Gap(f"{what}, or is read by another service, needs one", Evidence(RUN))]


def divided(given: Mapping[str, str], kept: Mapping[str, list[Draft]], users: Mapping[str, str]) -> list[Gap]:
    """Folders that are given to one user while a service that runs as another keeps files open there."""
    gaps: list[Gap] = []
    for path, user in given.items():
        for draft in kept.get(path, ()):
            other = users.get(draft.name, "")
            if other and other != user and other.split(":")[0] not in ("root", "0"):
                what = f"{path} is given to {user}, and {draft.name} keeps files open there as {other}"
                gaps.append(Gap(f"{what}: both need a group that may write", Evidence(RUN)))
    return gaps
