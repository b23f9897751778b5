"""An image as every source gives it: a configuration and a tree of files, links resolved inside its root."""

import fnmatch
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from splitter.model.facts import Evidence, Gap

MAX_TEXT = 1 << 20  # a run script or a config of more than 1 MiB is not one
MAX_LINKS = 40  # what Linux allows on one path (path_resolution(7))

Kind = Literal["file", "dir", "link", "other"]


@dataclass(frozen=True)
class Node:
    """One entry of the tree. `data` gives a file's bytes when they are asked for, and may raise OSError."""

    kind: Kind
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    target: str = ""
    size: int = 0
    data: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)
    origin: Evidence | None = field(default=None, compare=False, repr=False)

    @property
    def executable(self) -> bool:
        return bool(self.mode & 0o111)


def text_node(text: str, mode: int = 0o644, origin: Evidence | None = None) -> Node:
    """A file with this text."""
    raw = text.encode()
    return Node("file", mode, size=len(raw), data=lambda: raw, origin=origin)


class Tree(Protocol):
    """Files by absolute, normal path ("/etc/passwd"); links are given, not followed."""

    def lookup(self, path: str) -> Node | None: ...

    def children(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted; () where it is none."""
        ...


class MemoryTree:
    """A tree in memory: what the Dockerfile, archive and fixture readers build. Folders above an entry exist."""

    def __init__(self, nodes: Mapping[str, Node] | None = None) -> None:
        self._nodes: dict[str, Node] = {"/": Node("dir")}
        self._names: dict[str, set[str]] = {"/": set()}
        for path, node in (nodes or {}).items():
            self.put(path, node)

    def lookup(self, path: str) -> Node | None:
        return self._nodes.get(path)

    def children(self, path: str) -> tuple[str, ...]:
        return tuple(sorted(self._names.get(path, ())))

    def put(self, path: str, node: Node) -> None:
        """Set an entry; a folder put where a folder stands keeps its content."""
        path = normal(path)
        if path == "/":
            if node.kind == "dir":
                self._nodes["/"] = node
            return
        above, name = posixpath.split(path)
        parent = self._nodes.get(above)
        if parent is None or parent.kind != "dir":
            self.put(above, Node("dir", origin=node.origin))
        if node.kind != "dir":
            self.remove(path)
        self._names[above].add(name)
        self._nodes[path] = node
        if node.kind == "dir":
            self._names.setdefault(path, set())

    def remove(self, path: str) -> None:
        """Take an entry out, with all below it."""
        path = normal(path)
        gone, todo = [], [path]
        while todo:
            here = todo.pop()
            gone.append(here)
            todo += [posixpath.join(here, name) for name in self._names.get(here, ())]
        for here in gone if path != "/" else gone[1:]:
            self._names.pop(here, None)
            self._nodes.pop(here, None)
        if path != "/":
            above, name = posixpath.split(path)
            self._names.get(above, set()).discard(name)
        else:
            self._names["/"] = set()

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(self._nodes))


class Overlay:
    """A tree with some entries changed (None: removed), the one below untouched."""

    def __init__(self, below: Tree, changes: Mapping[str, Node | None]) -> None:
        self._below = below
        self._gone = {path for path, node in changes.items() if node is None}
        self._above = MemoryTree({path: node for path, node in changes.items() if node is not None})

    def _hidden(self, path: str) -> bool:
        while path != "/":
            if path in self._gone:
                return True
            path = posixpath.dirname(path)
        return False

    def lookup(self, path: str) -> Node | None:
        here = self._above.lookup(path)
        below = None if self._hidden(path) else self._below.lookup(path)
        if here is not None and here.kind == "dir" and below is not None:
            return below
        return here or below

    def children(self, path: str) -> tuple[str, ...]:
        below = () if self._hidden(path) else self._below.children(path)
        kept = {n for n in below if posixpath.join(path, n) not in self._gone}
        return tuple(sorted(kept | set(self._above.children(path))))


@dataclass(frozen=True)
class Healthcheck:
    """HEALTHCHECK: `test` as Compose takes it (["CMD", ...], ["CMD-SHELL", text], ["NONE"]); times as written."""

    test: tuple[str, ...]
    interval: str = ""
    timeout: str = ""
    start_period: str = ""
    retries: int | None = None


@dataclass(frozen=True)
class Config:
    """The image's configuration (OCI image spec, config.md). `where` has the evidence of a key: "CMD", "ENV X"."""

    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    workdir: str = "/"
    user: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, Evidence] = field(default_factory=dict)

    def evidence(self, key: str) -> Evidence:
        return self.where.get(key, Evidence("image config", note=key))


@dataclass(frozen=True)
class Build:
    """How the person builds the image, for the compose file's `build:`; paths as given on the command line."""

    context: str
    dockerfile: str = "Dockerfile"
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """What a source read.

    `base` names a FROM that is not at hand and `unread` the RUN lines whose result is not known: where either is
    there, a file that `tree` lacks may still be in the real image, and who needs it says so with `missing`.
    `name` is what the engine calls it ("app:1.0"), "" where nothing does; `given` is the environment that the service
    which runs it adds, in `config.env` too, and which every service made of it needs.
    `late` gives the gaps that a tree finds while it is asked, where it is read bit by bit.
    """

    reference: str
    config: Config
    tree: Tree
    build: Build | None = None
    base: str = ""
    unread: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()
    name: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    late: Callable[[], tuple[Gap, ...]] = field(default=tuple, compare=False, repr=False)

    @property
    def complete(self) -> bool:
        return not (self.base or self.unread)

    def resolve(self, path: str, *, last: bool = True) -> str | Gap:
        """The path with every link followed inside the root; `last=False` leaves the final name alone."""
        parts = [p for p in normal(path).split("/") if p]
        done, links = "", 0
        while parts:
            here = f"{done}/{parts.pop(0)}"
            node = self.tree.lookup(here)
            if node is None:  # and so nothing below it
                return "/".join((here, *parts))
            if node.kind == "link" and (parts or last):
                links += 1
                if links > MAX_LINKS:
                    return Gap("a loop of links", Evidence(path))
                target = normal(posixpath.join(done or "/", node.target))
                parts = [p for p in target.split("/") if p] + parts
                done = ""
            else:
                done = here
        return done or "/"

    def node(self, path: str) -> Node | None:
        """What stands at the path, links followed; None where nothing does."""
        real = self.resolve(path)
        return None if isinstance(real, Gap) else self.tree.lookup(real)

    def is_file(self, path: str) -> bool:
        node = self.node(path)
        return node is not None and node.kind == "file"

    def is_dir(self, path: str) -> bool:
        node = self.node(path)
        return node is not None and node.kind == "dir"

    def names(self, path: str) -> tuple[str, ...]:
        """The names in a folder, links followed; () where it is none."""
        real = self.resolve(path)
        return () if isinstance(real, Gap) else self.tree.children(real)

    def read(self, path: str, limit: int = MAX_TEXT) -> str | Gap | None:
        """A file's text; None where there is no such file; a Gap where it is there and cannot be read."""
        real = self.resolve(path)
        if isinstance(real, Gap):
            return real
        node = self.tree.lookup(real)
        if node is None or node.kind == "dir":
            return None
        if node.kind != "file" or node.data is None:
            return Gap("not a regular file", Evidence(path))
        if node.size > limit:
            return Gap(f"too large to be read ({node.size} bytes)", Evidence(path))
        try:
            raw = node.data()
        except OSError as error:
            return Gap(f"cannot be read ({error.strerror or error})", Evidence(path))
        if len(raw) > limit:
            return Gap(f"too large to be read ({len(raw)} bytes)", Evidence(path))
        if b"\0" in raw:
            return Gap("a binary file", Evidence(path))
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return Gap("not UTF-8", Evidence(path))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The paths that match, sorted; `*`, `?` and `[...]` within one name (glob(7))."""
        found = ["/"]
        for part in (p for p in normal(pattern).split("/") if p):
            if any(c in part for c in "*?["):
                found = [
                    posixpath.join(f, n)
                    for f in found
                    for n in self.names(f)
                    if fnmatch.fnmatchcase(n, part) and (part[0] == "." or n[0] != ".")
                ]
            else:
                found = [posixpath.join(f, part) for f in found if self.node(posixpath.join(f, part))]
        return tuple(sorted(found))

    def which(self, program: str, workdir: str = "/", path: str | None = None) -> str | None:
        """Where a program's name leads, by the image's PATH; None where no file is known for it."""
        if "/" in program:
            full = normal(posixpath.join(workdir or "/", program))
            return full if self.is_file(full) else None
        default = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        for folder in (path or self.config.env.get("PATH") or default).split(":"):
            full = normal(posixpath.join("/", folder, program))
            if self.is_file(full):
                return full
        return None

    def missing(self, path: str, what: str = "") -> Gap:
        """The Gap for a file that is needed and not at hand, saying where it may come from.

        Scripts of the application that were not read are named: they may make anything.
        """
        said = what or "needed and not in the image"
        likely = [e for e in self.unread if _names(e.note, path)]
        if likely:
            said += f"; it may be made by {likely[-1]}"
        elif self.base:
            own = [e for e in self.unread if "/" in e.note.partition(" ")[0]]
            made = f", or be made by {', '.join(map(str, own[-2:]))}" if own else ""
            said += f"; it may come from the base image {self.base}{made}"
        elif self.unread:
            lines = ", ".join(str(e) for e in self.unread[:4])
            said += f"; it may be made by a RUN ({lines})"
        return Gap(said, Evidence(path))

    def with_files(self, changes: Mapping[str, Node | None]) -> "Image":
        """The same image after these files were written (None: removed)."""
        return replace(self, tree=Overlay(self.tree, changes)) if changes else self


def _names(note: str, path: str) -> bool:
    """Whether what is said of a command names a file or a folder that the path is in."""
    words = note.split()
    above, name = posixpath.split(path)
    while above not in ("", "/"):
        if any(word.rstrip("/") == above or word.endswith(path) for word in words):
            return True
        above = posixpath.dirname(above)
    return any(posixpath.basename(word) == name for word in words)


def normal(path: str) -> str:
    """An absolute path without `.`, `..` and doubled slashes; `..` never leaves the root."""
    return "/" + posixpath.normpath("/" + path).lstrip("/")


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder or stands in it; both absolute."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
