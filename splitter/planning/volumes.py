"""Which paths become volumes, of which services, and in which order those may first be mounted."""

import posixpath
from collections.abc import Iterable, Mapping
from itertools import pairwise, takewhile

from splitter.model.facts import RUN, Evidence, Facts, Gap, Process
from splitter.model.image import Image, normal, within
from splitter.model.plan import Mount, Volume
from splitter.planning.draft import Draft, Drafts, names, ready
from splitter.planning.names import volume_name

# Folders of which each container has its own anyway, or which nobody means to keep.
PASSING = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev", "/proc", "/sys", "/var/log", "/var/cache", "/var/lock")
# What is part of the system, or made anew at every start from it.
SYSTEM = ("etc", "usr", "bin", "sbin", "lib", "lib64", "boot", "root")
NOT_KEPT = ("cache", "caches", "tmp", "temp", "log", "logs", "run", "__pycache__", "node_modules", "lock", "locks")
MANY = 8
# Folders that hold more than what two services share.
DATA = frozenset((".db", ".sqlite", ".sqlite3", ".db3", ".rdb", ".mdb"))  # files that are data, and never code
TOO_MUCH = frozenset(
    ("/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/dev", "/proc", "/sys", "/tmp", "/var", "/run", "/var/run", "/home",
     "/opt", "/srv", "/root", "/etc/default", "/var/log", "/var/lib", "/usr/bin", "/usr/lib", "/usr/local")
)  # fmt: skip
LOG_ENDS = (".log", ".pid", ".lock", ".sock", ".socket")


def declared(drafts: Drafts, facts: Facts, image: Image, volumes: dict[str, Volume]) -> list[str]:
    """Decide every VOLUME of the image for every service on it: the image would give each an empty one of its own.

    Returns notes on those that only one server uses.
    """
    notes: list[str] = []
    for path in dict.fromkeys(normal(v) for v in image.config.volumes):
        owner = _owner(path, drafts)
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


def _owner(path: str, drafts: Drafts) -> Draft | None:
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
                _mount([draft], path, f"{draft.name} keeps its data there", volumes)
    for written in facts.written:
        writers = _services(written.writers, drafts)
        readers = _services(written.readers, drafts)
        together = list({d.name: d for d in (*writers, *readers)}.values())
        path = _folder(written.path, image)
        if len(together) < 2 or not writers or _passing(written.path) or not path:
            continue
        _mount(together, path, f"{names(writers)} write{'s' if len(writers) == 1 else ''} what others read", volumes)


def observed(drafts: Drafts, facts: Facts) -> list[Gap]:
    """What a run shows to be written, no file tells of and no volume holds, with those who may have written it.

    It is told and not decided: who was there when a file was written differs from run to run, and the file that comes
    out of a plan must not.
    """
    loose: list[str] = []
    for written in facts.written:
        if written.evidence.path != RUN or not _lasting(written.path) or _owner(written.path, drafts):
            continue
        authors = _services((*written.writers, *written.perhaps), drafts)
        if written.writers and not authors:
            continue  # of a process that is not kept, or of a server with an image of its own
        if any(within(written.path, m) for d in drafts.own() for m in d.mounts):
            continue
        loose.append(f"{written.path} ({names(authors)})" if authors else written.path)
    if not loose:
        return []
    more = f" and {len(loose) - MANY} more" if len(loose) > MANY else ""
    what = f"written while it ran, and on no volume: {', '.join(loose[:MANY])}{more}; what must outlive its container"
    return [Gap(f"{what}, or is read by another service, needs one", Evidence(RUN))]


def _lasting(path: str) -> bool:
    """Whether somebody may miss it: no log, cache or pid file, nothing of the system's own."""
    parts = path.strip("/").split("/")
    system = parts[0] in SYSTEM or path.startswith("/var/lib/dpkg/")
    return not _passing(path) and not system and not any(p in NOT_KEPT or p.startswith(".") for p in parts)


def _services(processes: Iterable[str], drafts: Drafts) -> list[Draft]:
    found = [d for name in processes if (d := drafts.of(name)) is not None and d.own]
    return list({d.name: d for d in found}.values())


def _passing(path: str) -> bool:
    return path.endswith(LOG_ENDS) or any(within(path, p) for p in PASSING)


def _folder(path: str, image: Image) -> str:
    """The folder to share for a path; "" where that would be too much."""
    folder = holding(path, image)
    return folder if folder.count("/") >= 2 and folder not in ("/usr/bin", "/usr/lib", "/var/lib", "/usr/local") else ""


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


def _mount(drafts: list[Draft], path: str, because: str, volumes: dict[str, Volume]) -> None:
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


def unowned(drafts: Drafts, image: Image, users: Mapping[str, str]) -> list[tuple[str, str]]:
    """Volumes of which the root would be the owner though a service that runs as another user writes there."""
    found: list[tuple[str, str]] = []
    if not image.complete:
        return found
    for draft in drafts.own():
        user = users.get(draft.name, "")
        if not user or user.split(":")[0] in ("root", "0"):
            continue
        for path, mount in draft.mounts.items():
            # A declared VOLUME is there in every container, as the engine makes it, so the image itself sees to it.
            known = path in (p for p, _ in found) or image.node(path) is not None or path in image.config.volumes
            if mount.volume and not known and not path.startswith("/run"):
                found.append((path, user))
    return found


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
