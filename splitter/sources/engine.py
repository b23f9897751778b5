"""An image that a Docker engine holds, read through a container that is created and never started.

No code of the image runs, so none of it can say what its files are: its own `tar` would be faster to ask, and could
lie. A path costs a `stat` of 2 ms, a folder or a file one `get_archive` of 40 ms (an engine of today starts no process
for it and is faster), so folders are fetched whole where that pays: /etc and the application's own place at once, any
other when its names, a second file of it or many of its paths are wanted. Declared volumes are covered: the engine
would fill each with a copy of what the image has there, and what is read is that itself. Where the engine's own folders
can be read, the files are read there and no container is made.
"""

import contextlib
import posixpath
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from splitter.engine import Container, Engine, connect
from splitter.errors import SplitterError
from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image, Node, normal, within
from splitter.sources import Options
from splitter.sources._config import config_of
from splitter.sources._layerdirs import LayerFolders, folders
from splitter.sources._tar import DAMAGE, Chunks, Cut, content, entries, node_of, path_of

PREFIXES = ("docker-daemon",)

MAX_FOLDER = 64 << 20  # of a folder whose names are wanted; 200 ms
MAX_PLACE = 8 << 20  # of the application's place; 25 ms
MAX_SIBLINGS = 4 << 20  # of a folder that is fetched because two of its files were wanted
MAX_PROGRAMS = 48 << 20  # the same, of a folder of programs; 300 ms, as seven files of it
MANY = 16  # so many stats cost as much as their folder
MANY_PROGRAMS = 60  # the same, of a folder of programs
MAX_DATA = 64 << 20  # of one file
MAX_KEPT = 256 << 10  # of each file that comes with a folder
MAX_ENTRIES = 50_000
WHOLE = "/etc"
SYSTEM = frozenset(
    (
        "bin", "boot", "command", "dev", "etc", "lib", "lib32", "lib64", "libx32", "media", "mnt", "package", "proc",
        "root", "run", "sbin", "sys", "tmp", "usr", "var",
    )
)  # fmt: skip
HOLDING = frozenset(("srv", "opt", "home"))  # in which several have a place each (hier(7))
ARTEFACT = "/.dockerenv"  # made with the container


def read(reference: str, options: Options) -> Image:
    """The image by its name in the engine. Raises SplitterError where there is no engine or no such image."""
    engine = connect()
    found = engine.inspect(reference)
    if found.get("Os") == "windows":
        raise SplitterError(f"{reference} is a Windows image", "splitter reads Linux images")
    paths = folders(found) if engine.local else ()
    if not paths:
        return through_container(engine, reference, found)
    layers = LayerFolders(paths)
    return Image(reference, config_of(found.get("Config")), layers, name=reference, late=layers.gaps)


def through_container(engine: Engine, reference: str, found: Mapping[str, Any]) -> Image:
    """The image by what `docker image inspect` found, its files fetched through the engine."""
    config = config_of(found.get("Config"))
    tree = EngineTree(engine, found["Id"], config.volumes, config.workdir)
    return Image(reference, config, tree, name=reference, late=lambda: tuple(tree.gaps))


class EngineTree:
    """The tree of an image in an engine, fetched as it is asked for."""

    def __init__(self, engine: Engine, image: str, owned: tuple[str, ...] = (), workdir: str = "/") -> None:
        self.gaps: list[Gap] = []
        self._engine, self._image = engine, image
        self._owned = frozenset(owned)  # folders whose owner matters, which a stat does not tell
        self._workdir = normal(workdir)
        self._container: Container | None = None
        self._nodes: dict[str, Node | None] = {"/": Node("dir"), ARTEFACT: None}
        self._names: dict[str, set[str]] = {}
        self._content: dict[str, bytes] = {}
        self._whole: set[str] = set()  # folders of which every entry is known
        self._fetched: dict[str, int] = {}  # folders that were asked for, with the limit
        self._wanted: set[str] = set()  # folders that a file was fetched from
        self._asked: Counter[str] = Counter()  # paths of a folder that were asked for

    def lookup(self, path: str) -> Node | None:
        if path in self._nodes:
            return self._nodes[path]
        folder = posixpath.dirname(path)
        above = self.lookup(folder)
        if above is None or above.kind != "dir":
            return None
        if path.startswith(WHOLE + "/"):
            self._fetch(WHOLE, MAX_FOLDER)
        place = self._place(path)
        self._asked[place] += bool(place)
        if self._asked[place] == MANY // 2:
            self._fetch(place, MAX_PLACE)
        self._asked[folder] += 1
        if self._asked[folder] == (MANY_PROGRAMS if _programs(folder) else MANY) and folder != "/":
            self._fetch(folder, self._room(folder))
        if path not in self._nodes:
            self._nodes[path] = None if folder in self._whole else self._stat(path)
        return self._nodes[path]

    def children(self, path: str) -> tuple[str, ...]:
        node = self.lookup(path)
        if node is None or node.kind != "dir":
            return ()
        self._around(path)
        if path not in self._whole:
            self._fetch(path, MAX_FOLDER)
        if path not in self._whole:
            gap = Gap("a large folder of which only a part was read", Evidence(path))
            self.gaps += [gap] * (gap not in self.gaps)
        return tuple(sorted(self._names.get(path, ())))

    @staticmethod
    def _room(folder: str) -> int:
        return MAX_PROGRAMS if _programs(folder) else MAX_SIBLINGS

    def _here(self) -> Container:
        if self._container is None:
            covered = {"tmpfs": dict.fromkeys((v for v in self._owned if v.startswith("/") and v != "/"), "")}
            self._container = self._engine.container(
                self._image, command=["-"], network_disabled=True, host_config=covered
            )
        return self._container

    def _place(self, path: str) -> str:
        """The folder around a path that is the application's, so that more of it will be wanted; "" where none is."""
        parts = path.split("/")
        depth = 3 if parts[1] in HOLDING else 2
        if path != self._workdir and within(path, self._workdir) and self._workdir[1:] not in {"", *SYSTEM, *HOLDING}:
            return self._workdir
        return "" if parts[1] in SYSTEM or len(parts) <= depth else "/".join(parts[:depth])

    def _around(self, path: str) -> None:
        """Take the application's place with the first thing of it that costs as much."""
        place = self._place(path)
        if place and (here := self._nodes.get(place)) is not None and here.kind == "dir":
            self._fetch(place, MAX_PLACE)

    def _stat(self, path: str) -> Node | None:
        found = self._here().stat(path)
        if found is None:
            return None
        if found.kind == "dir" and path in self._owned:
            self._around(path)
            if path not in self._nodes:
                self._fetch(path, MAX_SIBLINGS)
            if path in self._nodes:
                return self._nodes[path]
        node = Node(found.kind, found.permissions, target=found.target, size=found.size)
        return self._readable(path, node)

    def _readable(self, path: str, node: Node) -> Node:
        return replace(node, data=partial(self._data, path)) if node.kind == "file" else node

    def _data(self, path: str) -> bytes:
        """A file's bytes, alone or with the folder around it. Raises OSError."""
        folder = posixpath.dirname(path)
        if path not in self._content:
            self._around(path)
        if path not in self._content and folder in self._wanted and folder != "/":
            self._fetch(folder, self._room(folder))
        if path in self._content:
            return self._content[path]
        self._wanted.add(folder)
        try:
            with self._streamed(path, MAX_DATA) as tar:
                self._content[path] = content(tar, next(entries(tar)), MAX_DATA)
        except (Cut, StopIteration):
            raise OSError("too large to be read") from None
        except DAMAGE as error:
            raise OSError(f"cannot be read ({error})") from None
        return self._content[path]

    def _fetch(self, path: str, limit: int) -> None:
        """Take a folder with all below it, as far as the limit goes; once, if not for more of it."""
        if self._fetched.get(path, 0) >= limit or path in self._whole:
            return
        self._fetched[path] = limit
        folders = {path}
        last = path
        try:
            with self._streamed(path, limit) as tar:
                for number, member in enumerate(entries(tar)):
                    if number > MAX_ENTRIES:
                        raise Cut
                    last = self._take(posixpath.dirname(path), tar, member) or last
                    folders |= {last} if member.isdir() else set()
        except FileNotFoundError:
            return
        except (Cut, *DAMAGE):
            # The stream goes depth first: what is not above the last entry was complete before it.
            folders = {f for f in folders if not within(last, f)}
        self._whole |= folders

    def _take(self, above: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> str | None:
        path = path_of(member.name, above)
        if path == ARTEFACT:
            return None
        if path is None:
            self.gaps.append(
                Gap("a name that is not UTF-8 or too long, left out", Evidence(above, note=repr(member.name)))
            )
            return None
        node = node_of(member)
        if member.islnk():
            first = path_of(member.linkname, above) or ""
            node = replace(self._nodes.get(first) or Node("other"), data=None)
            if first in self._content:
                self._content[path] = self._content[first]
        elif member.isfile() and member.size <= MAX_KEPT and not member.issparse():
            self._content[path] = content(tar, member, MAX_KEPT)
        self._nodes[path] = self._readable(path, node)
        folder, name = posixpath.split(path)
        if name:
            self._names.setdefault(folder, set()).add(name)
        return path

    @contextlib.contextmanager
    def _streamed(self, path: str, limit: int) -> Iterator[tarfile.TarFile]:
        with (
            self._here().archive(path) as chunks,
            tarfile.open(fileobj=Chunks(chunks, limit), mode="r|", bufsize=1 << 16) as tar,
        ):
            yield tar


def _programs(folder: str) -> bool:
    return posixpath.basename(folder) in ("bin", "sbin")
