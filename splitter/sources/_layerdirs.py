"""The layers of an image in the folders where an engine on this machine keeps them (overlay2), read as overlayfs lays
them over one another: a device 0/0 hides a name of the layers below, an opaque folder all that they have in it.

Only root can read those folders. They save a round trip of tens of milliseconds for every file.
"""

import os
import posixpath
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from splitter.model.facts import Gap
from splitter.model.image import Node
from splitter.sources.rootfs import FolderTree

HIDDEN = Node("other", target="hidden")
MOVED = ("trusted.overlay.redirect", "trusted.overlay.metacopy")  # content that stands under another path


def folders(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The folders of an image's layers, topmost first, from `docker image inspect`; () where they cannot be read."""
    driver = found.get("GraphDriver") or {}
    data = driver.get("Data") or {}
    named = (data.get("UpperDir"), *str(data.get("LowerDir") or "").split(":"))
    paths = tuple(path for path in named if path)
    layers = (found.get("RootFS") or {}).get("Layers") or ()
    if driver.get("Name") != "overlay2" or len(paths) != len(layers) or os.geteuid() != 0:
        return ()
    return paths if all(_ours(path) for path in paths) else ()


def _ours(path: str) -> bool:
    """Whether it is a folder of this machine, owned by the root whom the image means (no user namespace)."""
    try:
        here = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(here.st_mode) and here.st_uid == 0


class LayerFolders:
    """The layers as one Tree, read when it is asked for."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._layers = tuple(_Layer(path) for path in paths)
        self._showing: dict[str, tuple[_Layer, ...]] = {"/": self._layers}

    def lookup(self, path: str) -> Node | None:
        if path == "/":
            return self._layers[0].lookup("/")
        for layer in self._show(posixpath.dirname(path)):
            node = layer.lookup(path)
            if node is not None:
                return None if node is HIDDEN else node
        return None

    def children(self, path: str) -> tuple[str, ...]:
        seen: dict[str, Node | None] = {}
        for layer in self._show(path):
            for name in layer.children(path):
                seen.setdefault(name, layer.lookup(posixpath.join(path, name)))
        return tuple(sorted(name for name, node in seen.items() if node is not HIDDEN))

    def gaps(self) -> tuple[Gap, ...]:
        """What was come across so far and could not be read."""
        return tuple(dict.fromkeys(gap for layer in self._layers for gap in layer.gaps()))

    def _show(self, folder: str) -> "tuple[_Layer, ...]":
        """The layers whose entries in a folder show, topmost first."""
        if folder not in self._showing:
            shown: list[_Layer] = []
            for layer in self._show(posixpath.dirname(folder)):
                node = layer.lookup(folder)
                if node is None:
                    continue
                if node.kind != "dir":
                    break
                shown.append(layer)
                if layer.opaque(folder):
                    break
            self._showing[folder] = tuple(shown)
        return self._showing[folder]


class _Layer(FolderTree):
    def _entry(self, path: str, real: str) -> Node | None:
        node = super()._entry(path, real)
        if node is not None and node.kind == "other" and _is_whiteout(real):
            return HIDDEN
        if node is not None and node.kind != "link" and any(_attribute(real, name) for name in MOVED):
            return Node("other", node.mode)
        return node

    def opaque(self, path: str) -> bool:
        return _attribute(self._real(path), "trusted.overlay.opaque") == b"y"


def _is_whiteout(real: str) -> bool:
    try:
        here = os.lstat(real)
    except OSError:
        return False
    return stat.S_ISCHR(here.st_mode) and here.st_rdev == 0


def _attribute(real: str, name: str) -> bytes:
    read = getattr(os, "getxattr", None)
    if read is None:
        return b""
    try:
        value: bytes = read(real, name, follow_symlinks=False)
    except OSError:
        return b""
    return value
