"""A root folder on this machine, bare or as an OCI runtime bundle (config.json beside it), read where it lies."""

import json
import os
import posixpath
import stat
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from splitter.errors import SplitterError
from splitter.model.facts import Evidence, Gap
from splitter.model.image import MAX_TEXT, Config, Image, Kind, Node
from splitter.sources import Options

PREFIXES = ("rootfs",)

INITS = ("/init", "/sbin/my_init", "/sbin/runit-init", "/sbin/init")  # what images that have them start


class FolderTree:
    """A folder as a Tree, read when it is asked for. No link in it is followed by the system, so none leads out.

    A name that is not UTF-8 is given with its odd bytes as `\\xNN` and is an entry of kind "other".
    """

    def __init__(self, root: str | Path) -> None:
        self._root = os.path.realpath(root)
        self._nodes: dict[str, Node | None] = {"/": self._entry("/", self._root)}
        self._names: dict[str, tuple[str, ...]] = {}
        self._odd: dict[str, Gap] = {}

    def lookup(self, path: str) -> Node | None:
        if path not in self._nodes:
            if path in self._odd:
                return Node("other", origin=Evidence(path))
            above = posixpath.dirname(path)
            parent = self.lookup(above)
            inside = parent is not None and parent.kind == "dir"
            self._nodes[path] = self._entry(path, self._real(path)) if inside else None
        return self._nodes[path]

    def children(self, path: str) -> tuple[str, ...]:
        if path not in self._names:
            node = self.lookup(path)
            self._names[path] = self._list(path) if node is not None and node.kind == "dir" else ()
        return self._names[path]

    def gaps(self) -> tuple[Gap, ...]:
        """What was come across so far and could not be read."""
        return tuple(self._odd[path] for path in sorted(self._odd))

    def _real(self, path: str) -> str:
        return os.path.join(self._root, path.lstrip("/"))

    def _list(self, path: str) -> tuple[str, ...]:
        try:
            names = os.listdir(self._real(path))
        except OSError as error:
            self._odd[path] = Gap(f"the folder cannot be read ({error.strerror})", Evidence(path))
            return ()
        shown = []
        for name in names:
            if (clear := _clear(name)) != name:
                odd = posixpath.join(path, clear)
                self._odd[odd] = Gap("a name that is not UTF-8", Evidence(odd))
            shown.append(clear)
        return tuple(sorted(shown))

    def _entry(self, path: str, real: str) -> Node | None:
        try:
            found = os.lstat(real)
        except (OSError, ValueError):
            return None
        mode, origin = stat.S_IMODE(found.st_mode), Evidence(path)
        kind: Kind = "other"
        if stat.S_ISLNK(found.st_mode):
            try:
                target = _clear(os.readlink(real))
            except OSError:
                return Node("other", mode, origin=origin)
            return Node("link", mode, found.st_uid, found.st_gid, target, origin=origin)
        if stat.S_ISDIR(found.st_mode):
            kind = "dir"
        elif stat.S_ISREG(found.st_mode):
            return Node("file", mode, found.st_uid, found.st_gid, size=found.st_size,
                        data=lambda: read_regular(real), origin=origin)  # fmt: skip
        return Node(kind, mode, found.st_uid, found.st_gid, origin=origin)


def read_regular(real: str) -> bytes:
    """The bytes of a regular file, at most one more than MAX_TEXT. Raises OSError; never waits on a FIFO or device."""
    with open_regular(real) as file:
        return file.read(MAX_TEXT + 1)


def open_regular(real: str) -> IO[bytes]:
    """A regular file, opened to be read. Raises OSError, also for a link, a FIFO or a device."""
    fd = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError("not a regular file")
    return os.fdopen(fd, "rb")


def _clear(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read(reference: str, options: Options) -> Image:
    """The image in a folder: an OCI bundle's process (runtime-spec config.md), or a root with an init that is known.

    Raises SplitterError where there is no folder or config.json is not of its shape.
    """
    folder = reference or "."
    if not os.path.isdir(folder):
        raise SplitterError(f"no such folder: {folder}", "rootfs: takes a root folder or an OCI bundle")
    bundle = os.path.join(folder, "config.json")
    if os.path.isfile(bundle) and not os.path.isdir(os.path.join(folder, "etc")):
        spec = _spec(bundle)
        root = _dict(spec.get("root")).get("path", "rootfs")
        if not isinstance(root, str) or not os.path.isdir(os.path.join(folder, root)):
            raise SplitterError(f"no root folder {root}", "root.path in config.json names it", at=bundle)
        files = FolderTree(os.path.join(folder, root))
        return Image(reference, _bundle_config(spec, bundle), files, late=files.gaps)
    files = FolderTree(folder)
    image = Image(reference, Config(), files, late=files.gaps)
    init = next((path for path in INITS if image.is_file(path)), None)
    return replace(image, config=Config(cmd=(init,), where={"CMD": Evidence(init)})) if init else image


def _spec(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            spec = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise SplitterError(f"cannot be read: {error}", "it is the config.json of an OCI bundle", at=path) from error
    if not isinstance(spec, dict):
        raise SplitterError("is not a JSON object", "it is the config.json of an OCI bundle", at=path)
    return spec


def _bundle_config(spec: dict[str, Any], path: str) -> Config:
    process = _dict(spec.get("process"))
    user = _dict(process.get("user"))
    args, env = _strings(process.get("args")), _strings(process.get("env"))
    uid, gid = user.get("uid", 0), user.get("gid", 0)
    name = user.get("username") or (f"{uid}:{gid}" if (uid, gid) != (0, 0) else "")
    pairs = dict(e.split("=", 1) for e in env if "=" in e)
    at = Evidence(path)
    return Config(
        env=pairs,
        cmd=args,
        workdir=str(process.get("cwd") or "/"),
        user=str(name),
        where={"CMD": at, "USER": at, "WORKDIR": at, **{f"ENV {key}": at for key in pairs}},
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()
