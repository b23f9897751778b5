"""What a compose service mounts over its image: files of the project's folder, `configs:`, and the volumes it names."""

import os
import posixpath
from collections.abc import Iterator, Mapping

from splitter.model.image import Image, Node, Overlay, Tree, normal, text_node
from splitter.sources._composefile import ComposeFile, Field, items, mapping, text
from splitter.sources.rootfs import FolderTree


def volumes(said: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    """Source and target of each mount; "" for a volume without a name. A tmpfs is none."""
    for each in items(said["volumes"].value) if "volumes" in said else ():
        if isinstance(each, dict):
            source, target = text(each.get("source")), text(each.get("target"))
            if text(each.get("type")) in ("tmpfs", "npipe", "cluster"):
                continue
        else:
            first, colon, rest = text(each).partition(":")
            source, target = (first, rest.partition(":")[0]) if colon else ("", first)
        if target.startswith("/"):
            yield source, normal(target)


def is_path(source: str) -> bool:
    """Whether a mount's source is a path of the machine; else it is the name of a volume."""
    return source.startswith((".", "/", "~"))


def mounted(file: ComposeFile, said: Mapping[str, Field], image: Image) -> Tree:
    """The image's files under what the service mounts from the project's folder. Nothing outside of it is read."""
    mounts: dict[str, Tree] = {}
    root = os.path.realpath(file.folder)
    for source, target in volumes(said):
        if not is_path(source):
            continue
        file.gap(
            f"the mount {source}:{target} is not carried over; give it to the services that need it",
            said["volumes"].line,
        )
        real = os.path.realpath(os.path.join(root, os.path.expanduser(source)))
        if os.path.commonpath((root, real)) == root and os.path.exists(real):
            mounts[_place(image, target)] = FolderTree(real)
    tree: Tree = Mounted(image.tree, mounts) if mounts else image.tree
    texts = {_place(image, target): node for target, node in _configs(file, said)}
    return Overlay(tree, texts) if texts else tree


def _place(image: Image, target: str) -> str:
    real = image.resolve(target)
    return real if isinstance(real, str) else target


def _configs(file: ComposeFile, said: Mapping[str, Field]) -> Iterator[tuple[str, Node]]:
    """The files that `configs:` put into the container, those with their text in the compose file."""
    for each in items(said["configs"].value) if "configs" in said else ():
        name = text(each) or text(mapping(each).get("source"))
        target = text(mapping(each).get("target")) or f"/{name}"
        content = file.fields("configs", name).get("content")
        if content is not None:
            yield normal(target), text_node(text(content.value), origin=file.evidence(content.line))
        else:
            file.gap(f"the config {name} is not read; what the service finds at {target} is not known",
                     said["configs"].line)  # fmt: skip


class Mounted:
    """A tree with other trees laid over some of its paths; one may be a single file."""

    def __init__(self, below: Tree, mounts: Mapping[str, Tree]) -> None:
        self._below, self._mounts = below, mounts

    def lookup(self, path: str) -> Node | None:
        tree, at = self._at(path)
        found = tree.lookup(at)
        return Node("dir") if found is None and self._above(path) else found

    def children(self, path: str) -> tuple[str, ...]:
        tree, at = self._at(path)
        return tuple(sorted({*tree.children(at), *self._above(path)}))

    def _at(self, path: str) -> tuple[Tree, str]:
        """The tree that has a path, and the path in it."""
        here = path
        while here not in self._mounts:
            if here == "/":
                return self._below, path
            here = posixpath.dirname(here)
        return self._mounts[here], normal(path.removeprefix(here))

    def _above(self, path: str) -> set[str]:
        """The names in a folder at or under which something is mounted."""
        start = path.rstrip("/") + "/"
        return {mount[len(start) :].partition("/")[0] for mount in self._mounts if mount.startswith(start)} - {""}
