"""What a container changed, from the folder where an engine on this machine keeps the container's own layer (overlay2).

`docker diff` compares two whole trees where the kernel may rename folders by reference, which takes seconds, and the
engine answers nothing else about the container meanwhile; the layer holds what changed and nothing else. A device 0/0
in it hides a name of the layers below (kernel documentation, overlayfs). Only root can read those folders. The
container may be hostile and running: no link is followed, and depth and number are bounded.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CHANGED, ADDED, DELETED = 0, 1, 2  # as the Engine API numbers them
MAX_DEPTH, MAX_ENTRIES = 100, 100_000
MOVED = "trusted.overlay.redirect"  # a folder whose content stands under another name
OPAQUE = "trusted.overlay.opaque"


class _Unread(Exception):
    """It is not to be read here."""


def changes(driver: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Paths and kinds as `docker diff` has them, from `GraphDriver` of `docker inspect`; of a folder that was replaced
    its new content alone. None where the layer cannot be read here."""
    data = driver.get("Data") or {}
    own, below = str(data.get("UpperDir") or ""), str(data.get("LowerDir") or "").split(":")
    if driver.get("Name") != "overlay2" or not own or os.geteuid() != 0:
        return None
    try:
        root = os.open(own, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(root).st_uid != 0 or not all(os.path.isdir(layer) for layer in below):
                return None
            return [{"Path": path, "Kind": kind} for path, kind in _Layer(below).walk(root, "", True, 0)]
        finally:
            os.close(root)
    except (OSError, ValueError, _Unread):
        return None


class _Layer:
    def __init__(self, below: Sequence[str]) -> None:
        self._below = below
        self._left = MAX_ENTRIES

    def walk(self, folder: int, path: str, old: bool, depth: int) -> Iterator[tuple[str, int]]:
        """What stands in a folder of the layer that is open. `old`: the layers below have the folder too."""
        for name in sorted(os.listdir(folder)):
            self._left -= 1
            if self._left < 0 or depth > MAX_DEPTH:
                raise _Unread
            here = f"{path}/{name}"
            try:
                entry = os.lstat(name, dir_fd=folder)
            except FileNotFoundError:
                continue  # it is gone by now
            if _hides(entry):
                yield here, DELETED
                continue
            before = self._before(here) if old else None
            kind = ADDED if before is None else CHANGED
            if not stat.S_ISDIR(entry.st_mode):
                if before is None or _differ(before, entry) or _moment(before) != _moment(entry):
                    yield here, kind
                continue
            inside = list(self._inside(folder, name, here, before, depth))
            if before is None or inside or _differ(before, entry):
                yield here, kind
            yield from inside

    def _inside(
        self, folder: int, name: str, path: str, before: os.stat_result | None, depth: int
    ) -> Iterator[tuple[str, int]]:
        try:
            child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            return
        try:
            marks = os.listxattr(child)
            if MOVED in marks:
                raise _Unread
            old = before is not None and stat.S_ISDIR(before.st_mode) and OPAQUE not in marks
            yield from self.walk(child, path, old, depth + 1)
        finally:
            os.close(child)

    def _before(self, path: str) -> os.stat_result | None:
        """What the layers below have under a path."""
        parts = path.split("/")[1:]
        for layer in self._below:
            here, opaque = layer, False
            for number, part in enumerate(parts, 1):
                here = os.path.join(here, part)
                try:
                    found = os.lstat(here)
                except (FileNotFoundError, NotADirectoryError):
                    break
                if _hides(found):
                    return None
                if number == len(parts):
                    return found
                if not stat.S_ISDIR(found.st_mode):
                    return None
                opaque = opaque or OPAQUE in os.listxattr(here, follow_symlinks=False)
            if opaque:
                return None
        return None


def _hides(entry: os.stat_result) -> bool:
    return stat.S_ISCHR(entry.st_mode) and entry.st_rdev == 0


def _differ(before: os.stat_result, entry: os.stat_result) -> bool:
    return any(getattr(before, key) != getattr(entry, key) for key in ("st_mode", "st_uid", "st_gid", "st_rdev"))


def _moment(entry: os.stat_result) -> tuple[int, int]:
    return entry.st_size, entry.st_mtime_ns
