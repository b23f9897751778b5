"""The files and folders that a run shows to be written, and by whom that is known.

A file that a process has open has its writer; what only changed has one where nobody else can have been it. Which of
the files that are open for moments a run meets is chance; those that a process keeps open are told as held.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from splitter.catalogue.places import aside, lasting
from splitter.inspection._match import Match
from splitter.inspection._writers import writers as writers_of
from splitter.model.facts import RUN, Evidence, Written
from splitter.model.image import within
from splitter.model.observation import Observation, Open
from splitter.model.text import printable

MANY = 4  # files of one folder, written by the same, are that folder
MAX_CHANGED = 50
CACHES = ("/__pycache__/", "/.cache/", "/supervise/", "/.s6-svscan/")  # of Python, of programs, of runit and s6

Users = Mapping[str, tuple[set[str], set[str]]]  # by path, who writes and who only reads
Others = Callable[[str, Iterable[str]], set[str]]  # of a path and those who use it, who else may come to it


def written(seen: Observation, matched: Match, order: Mapping[str, int], others: Others) -> Iterator[Written]:
    kept, paths = held(seen, matched), opened(seen, matched)
    kept = {path: users for path, users in kept.items() if lasting(path)}
    note = "kept open while it ran"
    for path, (writers, readers) in folders(kept, order).items():
        more = in_order(others(path, (*writers, *readers)), order)
        yield Written(path, writers, Evidence(RUN, note=note), readers, more, folder=path not in kept, held=True)
    paths = {path: users for path, users in paths.items() if users != kept.get(path)}
    open_now = folders(paths, order)
    for path, (writers, readers) in open_now.items():
        yield Written(path, writers, Evidence(RUN, note="open while it ran"), readers, folder=path not in paths)
    changed = {printable(c.path): c for c in seen.changes if c.kind != "deleted"}
    parents = {posixpath.dirname(p) for p in changed}
    leaves: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
    for path, change in changed.items():
        covered = aside(path) or any(within(path, f) for f in (*kept, *open_now))
        covered = covered or any(part in path for part in CACHES)
        if path not in parents and not covered and not change.nothing:
            who, known = writers_of(change, seen, matched)
            kind = (posixpath.dirname(path), in_order(who, order), known)
            leaves.setdefault(kind, []).append(path)
    leaf = {path for same in leaves.values() for path in same}
    told = [
        (path, names, known)
        for (folder, names, known), same in leaves.items()
        for path in (same if len(same) <= MANY or folder.count("/") < 2 else [folder])
    ]
    for path, names, known in told[:MAX_CHANGED]:
        if len(names) == 1 and known:
            note = "changed while nobody else was there who may write it"
            yield Written(path, names, Evidence(RUN, note=note), folder=path not in leaf)
        else:
            note = "changed while it ran, by whom is not known"
            yield Written(path, (), Evidence(RUN, note=note), perhaps=names, folder=path not in leaf)


def opened(seen: Observation, matched: Match) -> dict[str, tuple[set[str], set[str]]]:
    """By path, who writes and who only reads, of what anybody writes. What is only somebody's output is its log."""
    return _users((f for f in seen.files if _counts(f)), matched)


def held(seen: Observation, matched: Match) -> dict[str, tuple[set[str], set[str]]]:
    """The same of what they keep open, and as they keep it open: what is open for moments is seen by chance."""
    kept = (replace(f, write=f.held == "w") for f in seen.files if f.held and _counts(f))
    return _users(kept, matched)


def _users(files: Iterable[Open], matched: Match) -> dict[str, tuple[set[str], set[str]]]:
    found: dict[str, tuple[set[str], set[str]]] = {}
    for each in files:
        if name := matched.owner.get(each.pid, ""):
            found.setdefault(printable(each.path), (set(), set()))[0 if each.write else 1].add(name)
    return {path: (writers, readers - writers) for path, (writers, readers) in found.items() if writers}


def _counts(each: Open) -> bool:
    return not each.output and (not each.path.startswith("/dev/") or each.path.startswith("/dev/shm/"))


def folders(paths: Users, order: Mapping[str, int]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The same with the many files of a folder as that folder, in the order of paths; names in start order."""
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path, (writers, readers) in sorted(paths.items()):
        key = (posixpath.dirname(path), in_order(writers, order), in_order(readers, order))
        groups.setdefault(key, []).append(path)
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for (folder, writes, reads), same in groups.items():
        for path in same if len(same) <= MANY or folder.count("/") < 2 else [folder]:
            old = found.get(path, ((), ()))
            all_writers = in_order((*old[0], *writes), order)
            found[path] = (all_writers, in_order({*old[1], *reads} - set(all_writers), order))
    return found


def in_order(names: Iterable[str], order: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(set(names), key=lambda n: order[n]))
