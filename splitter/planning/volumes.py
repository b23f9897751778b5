"""Which paths become volumes, of which services, and in which order those may first be mounted."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, takewhile

from splitter.catalogue.meaning import meaning
from splitter.catalogue.places import TOO_MUCH, passing
from splitter.model.facts import RUN, Facts, Process
from splitter.model.image import Image, normal, within
from splitter.model.plan import Mount, Volume
from splitter.planning.draft import Draft, Drafts, names, ready
from splitter.planning.names import volume_name
from splitter.shell.arguments import owner

DATA = frozenset((".db", ".sqlite", ".sqlite3", ".db3", ".rdb", ".mdb"))  # files that are data, and never code
GIVES = "owner of shared data"  # how the catalogue calls a step that gives files to a user


def declared(drafts: Drafts, facts: Facts, image: Image, volumes: dict[str, Volume]) -> list[str]:
    """Decide every VOLUME of the image for every service on it: the image would give each an empty one of its own.

    Returns notes on those that only one server uses.
    """
    notes: list[str] = []
    for path in dict.fromkeys(normal(v) for v in image.config.volumes):
        owner = owner_of(path, drafts)
        owner = None if owner is not None and _others(path, owner, facts, image) else owner
        users = [d for d in drafts.own() if owner is None or d is owner]
        if owner is not None and not owner.own:
            users = []
        if users:
            name = volume_name(path, {n: n for n in volumes})
            because = (
                f"{names(users)} keep{'s' if len(users) == 1 else ''} {path} (VOLUME)" if owner else f"VOLUME {path}"
            )
            volumes[name] = Volume(name, because)
            for draft in users:
                draft.mounts.setdefault(path, Mount(name, path))
        for draft in drafts.own():
            # Not its own: without this the image would leave an anonymous volume behind with every container.
            if draft not in users:
                draft.mounts.setdefault(path, Mount("", path))
        if owner is not None and any(m.path == path and not m.volume for d in drafts.own() for m in d.mounts.values()):
            notes.append(f"{path} (VOLUME) is for {owner.name} alone: for the others it is empty, in memory (tmpfs).")
    return notes


def owner_of(path: str, drafts: Drafts) -> Draft | None:
    """The embedded server whose data folder this is; None for the application's own."""
    for draft in drafts:
        if draft.role != "backing" or draft.known is None:
            continue
        folders = [*draft.known.data, *_data_words(draft)]
        if any(within(path, f) or within(f, path) for f in folders if f != "/data"):
            return draft
    return None


def _others(path: str, owner: Draft, facts: Facts, image: Image) -> bool:
    """Whether something names a path in the volume of a server that is none of the server's own folders in it."""
    folders = [f for f in (*(owner.known.data if owner.known else ()), *_data_words(owner)) if within(f, path)]
    if not folders or any(f == path for f in folders):
        return False
    own = {p.name for p in owner.found}
    texts = [w for p in facts.processes if p.name not in own for w in (*p.command.argv, *p.env.values(), *p.logs)]
    for text in (*texts, *image.config.env.values()):
        for part in text.split(f"{path}/")[1:]:
            named = f"{path}/{''.join(takewhile(lambda c: c.isalnum() or c in '._-/', part))}".rstrip("/")
            if not any(within(named, f) for f in folders):
                return True
    return False


def _data_words(draft: Draft) -> list[str]:
    """Folders that the server's own command names as its data."""
    found: list[str] = []
    for process in draft.found:
        argv = process.command.argv
        for option, value in pairwise(argv):
            if option in ("-D", "--dir", "--datadir", "--dbpath", "--data", "-data-dir") and value.startswith("/"):
                found.append(value.rstrip("/"))
        found += [w.partition("=")[2] for w in argv if w.startswith(("--datadir=", "--dbpath=", "--dir="))]
    return found


def kept(drafts: Drafts, facts: Facts, image: Image, volumes: dict[str, Volume]) -> None:
    """Named volumes for what must survive or is shared though no VOLUME says so."""
    for draft in drafts:
        if draft.role == "backing" and draft.own and draft.known is not None:
            for path in (*_data_words(draft), *(p for p in draft.known.data if image.is_dir(p)))[:1]:
                mount([draft], path, f"{draft.name} keeps its data there", volumes)
    for written in facts.written:
        if written.evidence.path == RUN:
            continue  # what a run shows is looked at apart
        writers = services(written.writers, drafts)
        readers = services(written.readers, drafts)
        together = list({d.name: d for d in (*writers, *readers)}.values())
        path = _folder(written.path, image)
        if len(together) < 2 or not writers or passing(written.path) or not path:
            continue
        mount(together, path, f"{names(writers)} write{'s' if len(writers) == 1 else ''} what others read", volumes)


def services(processes: Iterable[str], drafts: Drafts) -> list[Draft]:
    """The services on this image that stand for these processes."""
    found = [d for name in processes if (d := drafts.of(name)) is not None and d.own]
    return list({d.name: d for d in found}.values())


def _folder(path: str, image: Image) -> str:
    """The folder to share for a path; "" where that would be too much."""
    folder = holding(path, image)
    return folder if folder.count("/") >= 2 and folder not in TOO_MUCH else ""


def holding(path: str, image: Image) -> str:
    """The folder that a path is, or that a file stands in."""
    is_folder = image.is_dir(path) or not (posixpath.splitext(path)[1] or image.is_file(path))
    return path if is_folder else posixpath.dirname(path)


def crowded(path: str, image: Image) -> bool:
    """Whether the folder that holds a path holds more than it, so that it is too much for a volume."""
    folder = holding(path, image)
    return folder in TOO_MUCH or (folder != path and any(not _like(n, path) for n in image.names(folder)))


def _like(name: str, path: str) -> bool:
    """Whether an entry beside a path is data of the same kind (`empty.db`), or only keeps the folder (`.gitkeep`)."""
    suffix = posixpath.splitext(path)[1]
    return name == posixpath.basename(path) or name[0] == "." or (suffix in DATA and name.endswith(suffix))


def works_below(folder: str, workdirs: Iterable[str]) -> bool:
    """Whether one of these working folders is a folder, or in it: a volume would keep its old content over a new
    image."""
    return any(w and w != "/" and within(w, folder) for w in workdirs)


def mount(drafts: list[Draft], path: str, because: str, volumes: dict[str, Volume]) -> None:
    """Give these services one volume there, those apart that have the folder on a volume already."""
    missing = [d for d in drafts if not any(within(path, m) for m in d.mounts)]
    if not missing:
        return
    name = next((m.volume for d in drafts for p, m in d.mounts.items() if p == path and m.volume), "")
    if not name:
        name = volume_name(path, {n: n for n in volumes})
        volumes[name] = Volume(name, because)
    for draft in missing:
        draft.mounts[path] = Mount(name, path)


def first_mount(drafts: Drafts, image: Image) -> None:
    """Let one service mount a volume first that the image fills; two at once fail (moby#43068)."""
    shared: dict[str, list[Draft]] = {}
    for draft in drafts.own():
        for mount in draft.mounts.values():
            if mount.volume and not (draft.profile and draft.one_off):
                shared.setdefault(mount.volume, []).append(draft)
    for name, users in shared.items():
        if len(users) < 2 or _tmpfs(name, users):
            continue
        steady = [d for d in users if not d.profile]
        if not steady:
            continue
        first = next((d for d in steady if d.one_off), None) or _earliest(steady, drafts)
        for draft in users:
            if draft is first or drafts.waits(draft.name, first.name):
                continue
            if drafts.order(draft, first.name, ready(first)) and not first.one_off:
                draft.note(f"After {first.name}, so that they do not fill a new volume at the same time.")


def _earliest(users: list[Draft], drafts: Drafts) -> Draft:
    """One that none of the others must precede."""
    free = [d for d in users if not any(drafts.waits(d.name, o.name) for o in users if o is not d)]
    return next((d for d in free if d.role == "web"), (free or users)[0])


def _tmpfs(name: str, users: list[Draft]) -> bool:
    return all(m.path.startswith(("/run", "/var/run")) for d in users for m in d.mounts.values() if m.volume == name)


def unowned(
    drafts: Drafts, image: Image, users: Mapping[str, str], held: Mapping[str, Sequence[Draft]]
) -> dict[str, str]:
    """Volumes of which the root would be the owner though a service that runs as another user writes there, with the
    user. `held` are folders in which services were seen to write: who does goes before who may."""
    found: dict[str, str] = {}
    if not image.complete:
        return found
    steps = [p for d in drafts.own() for p in d.processes() if (known := meaning(p)) and known.name == GIVES]
    for draft in sorted(drafts.own(), key=lambda d: not any(d in writers for writers in held.values())):
        user = users.get(draft.name, "")
        if not user or user.split(":")[0] in ("root", "0"):
            continue
        for path, mount in draft.mounts.items():
            # A declared VOLUME is there in every container, as the engine makes it, so the image itself sees to it.
            there = path in image.config.volumes or image.node(path) is not None
            if there and draft in held.get(path, ()):
                # It could write there, so somebody had made that so since the start.
                there = may_write(user, path, image) or any(touches(s, [path], image.config.workdir) for s in steps)
            if mount.volume and not there and not path.startswith("/run"):
                found.setdefault(path, user)
    return found


def may_write(user: str, path: str, image: Image) -> bool:
    """Whether a user may write in a folder of the image, by its mode; what is not known counts as yes."""
    image.names(path)  # of some images only a folder whose names were asked for has its owner
    node, (uid, gid) = image.node(path), owner(user, image)
    if node is None or uid is None:
        return True
    mine = 0o200 if uid == node.uid else 0o020 if gid == node.gid else 0o002
    return bool(node.mode & mine)


def touches(process: Process, paths: Iterable[str], workdir: str) -> bool:
    """Whether the words of a step name something in one of these folders."""
    wanted = [p.rstrip("/") for p in paths]
    for word in process.command.argv[1:]:
        full = normal(posixpath.join(process.workdir or workdir or "/", word))
        if word.startswith("-") or "$" in word:
            continue
        if any(within(full, p) or within(p, full) for p in wanted):
            return True
    return False
