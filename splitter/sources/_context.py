"""The build context as a Tree, and the tree of a stage: folders copied into it are read when they are looked into."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from splitter.model.facts import Evidence, Gap
from splitter.model.image import MemoryTree, Node, Tree, normal
from splitter.sources._ignore import Ignore
from splitter.sources.rootfs import FolderTree


class ContextTree:
    """A build context without what .dockerignore leaves out."""

    def __init__(self, folder: str, ignore: Ignore) -> None:
        self._files = FolderTree(folder)
        self._ignore = ignore

    def lookup(self, path: str) -> Node | None:
        node = self._files.lookup(path)
        if node is None or not self._ignore(path[1:]):
            return self._named(path, node)
        # What an exception keeps is there with the folders above it.
        if node.kind == "dir" and self._ignore.exceptions and self.children(path):
            return self._named(path, node)
        return None

    def children(self, path: str) -> tuple[str, ...]:
        names = self._files.children(path)
        if not self._ignore.exceptions and path != "/" and self._ignore(path[1:]):
            return ()
        return tuple(name for name in names if self.lookup(posixpath.join(path, name)) is not None)

    def left_out(self, path: str) -> bool:
        """Whether .dockerignore is why a path is not there."""
        return self.lookup(path) is None and self._files.lookup(path) is not None

    def gaps(self) -> tuple[Gap, ...]:
        return self._files.gaps()

    @staticmethod
    def _named(path: str, node: Node | None) -> Node | None:
        return node and replace(node, uid=0, gid=0, origin=Evidence(path[1:] or "."))


@dataclass(frozen=True)
class Change:
    """What a COPY does to each entry on its way: owner, mode, and names it leaves out."""

    owner: tuple[int, int] | None = None
    mode: int | None = None
    exclude: Callable[[str], bool] | None = None

    def __call__(self, node: Node) -> Node:
        if self.owner is not None:
            node = replace(node, uid=self.owner[0], gid=self.owner[1])
        if self.mode is not None and node.kind != "link":
            node = replace(node, mode=self.mode)
        return node


@dataclass(frozen=True)
class Graft:
    """A folder of another tree that stands in this one."""

    tree: Tree
    path: str
    change: Change
    below: str = ""


class StageTree(MemoryTree):
    """The files of a build stage. A copied folder is taken over level by level, when something asks for it."""

    def __init__(self) -> None:
        self._grafts: dict[str, list[Graft]] = {}
        self._opened: set[str] = set()  # folders with no graft on them or above, until the next one is laid
        super().__init__()

    def copy(self) -> "StageTree":
        twin = StageTree()
        twin._nodes = dict(self._nodes)
        twin._names = {path: set(names) for path, names in self._names.items()}
        twin._grafts = {path: list(grafts) for path, grafts in self._grafts.items()}
        return twin

    def lookup(self, path: str) -> Node | None:
        self._open(posixpath.dirname(path))
        return super().lookup(path)

    def children(self, path: str) -> tuple[str, ...]:
        self._open(path)
        return super().children(path)

    def put(self, path: str, node: Node) -> None:
        path = normal(path)
        self._open(posixpath.dirname(path))
        super().put(path, node)

    def remove(self, path: str) -> None:
        path = normal(path)
        self._open(posixpath.dirname(path))
        for graft in [p for p in self._grafts if p == path or p.startswith(path.rstrip("/") + "/")]:
            del self._grafts[graft]
        super().remove(path)

    def graft(self, path: str, graft: Graft) -> None:
        """Lay a folder's content over what stands at the path, which is a folder afterwards."""
        path = normal(path)
        here, node = self.lookup(path), graft.tree.lookup(graft.path)
        if here is None or here.kind != "dir":
            self.put(path, graft.change(node) if node is not None else Node("dir"))
        self._grafts.setdefault(path, []).append(graft)
        self._opened.clear()

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(walk(self, "/")))

    def _open(self, path: str) -> None:
        """Take over what is grafted on the path and on the folders above it."""
        if not self._grafts or path in self._opened:
            return
        here = "/"
        for part in ("", *(p for p in path.split("/") if p)):
            here = posixpath.join(here, part) if part else here
            for graft in self._grafts.pop(here, ()):
                self._take(here, graft)
        self._opened.add(path)

    def _take(self, path: str, graft: Graft) -> None:
        for name in graft.tree.children(graft.path):
            source, below = posixpath.join(graft.path, name), posixpath.join(graft.below, name)
            node = graft.tree.lookup(source)
            if node is None or (graft.change.exclude and graft.change.exclude(below)):
                continue
            target = posixpath.join(path, name)
            if node.kind == "dir":
                here = super().lookup(target)
                if here is None or here.kind != "dir":
                    super().put(target, graft.change(node))
                self._grafts.setdefault(target, []).append(Graft(graft.tree, source, graft.change, below))
            else:
                super().put(target, graft.change(node))


def walk(tree: Tree, path: str) -> Iterator[str]:
    """A path and all below it; links are not followed."""
    todo = [path]
    while todo:
        here = todo.pop()
        yield here
        todo += [posixpath.join(here, name) for name in reversed(tree.children(here))]
