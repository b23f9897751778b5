"""Which process touches which path, and who waits for changes there with inotify."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitter.catalogue.peel import peel
from splitter.inspection._offers import Member
from splitter.inspection._signals import Call
from splitter.model.facts import Evidence
from splitter.model.image import Image, normal

HOW = "watch"
WATCHERS = frozenset(
    ("inotifywait", "inotifywatch", "fswatch", "incrond", "lsyncd", "watchmedo", "watchexec", "fsnotifywait", "gamin")
)


@dataclass(frozen=True)
class Touch:
    """One process and one path: `writes` or reads it. `private`: no other process is meant to."""

    name: str
    path: str
    evidence: Evidence
    writes: bool = True
    how: str = ""
    written: str = ""
    private: bool = False


def touches(team: tuple[Member, ...], image: Image, said: Mapping[str, tuple[Call, ...]]) -> Iterator[Touch]:
    """The paths that a process, or the script that it runs, gives to a program that watches them.

    `said` are the commands of each process.
    """
    for member in team:
        folder = member.process.workdir or image.config.workdir or "/"
        for words, evidence in said.get(member.name, ()):
            meant = peel(words)
            if meant is None or meant.name not in WATCHERS:
                continue
            for word in meant.args:
                if not word.startswith("-") and "/" in word and "$" not in word:
                    path = normal(posixpath.join(folder, word))
                    yield Touch(member.name, path, evidence, False, HOW, word)
