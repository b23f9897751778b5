"""Folders of the application that the image leaves empty and gives to a service's user: places for what it will write.

Whoever builds such an image runs `mkdir uploads && chown www-data uploads` beside code that belongs to the root. Where
all of the application is the user's own, its empty folders say nothing.
"""

import posixpath
from collections.abc import Iterator

from splitter.catalogue.places import bare, lasting
from splitter.inspection._offers import Member
from splitter.inspection._program import folders
from splitter.inspection._watch import Touch
from splitter.model.facts import Evidence
from splitter.model.image import Image, within
from splitter.shell.arguments import owner

DEEP = 3  # folders below the application's own
MAX_FOLDERS = 400


def touches(team: tuple[Member, ...], image: Image) -> Iterator[Touch]:
    """Each such folder with the processes of the code around it: its user and the root write there, others may read."""
    users = {m.name: _uid(m, image) for m in team if m.application}
    if not image.complete or not any(users.values()):
        return
    code = {m.name: folders(m, team, image) for m in team if m.name in users}
    seen: set[str] = set()
    for top in sorted({f for found in code.values() for f in found}):
        for path, uid in _given(top, image, DEEP, seen):
            near = [m for m in team if any(within(path, f) for f in code.get(m.name, ()))]
            if any(users[m.name] == uid for m in near):
                evidence = Evidence(path, note="the image leaves it empty and gives it to a user")
                yield from (Touch(m.name, path, evidence, users[m.name] in (0, uid)) for m in near)


def _uid(member: Member, image: Image) -> int | None:
    user = member.process.user or image.config.user
    return owner(user, image)[0] if user else 0


def _given(folder: str, image: Image, deep: int, seen: set[str]) -> Iterator[tuple[str, int]]:
    """The folders below one that are another user's than it is, and empty."""
    if deep == 0 or folder in seen or len(seen) >= MAX_FOLDERS:
        return
    seen.add(folder)
    names = image.names(folder)  # and with these, in some images, come the owners
    above = image.node(folder)
    if above is None:
        return
    for name in names:
        path = posixpath.join(folder, name)
        node = image.tree.lookup(path)
        if node is None or node.kind != "dir" or not lasting(path):
            continue
        if node.uid and node.uid != above.uid and bare(path, image):
            yield path, node.uid
        else:
            yield from _given(path, image, deep - 1, seen)
