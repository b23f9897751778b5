"""The layers of an image, laid over one another as the OCI image specification says (layer.md): each is read once, in
order, and only what it names is kept; a file's bytes are read when they are asked for.

A name `.wh.NAME` removes NAME of the layers below, `.wh..wh..opq` all that they have in its folder.
"""

import posixpath
import tarfile
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO

from splitter.model.facts import Evidence, Gap
from splitter.model.image import MAX_TEXT, Config, Image, MemoryTree, Node
from splitter.sources._store import DAMAGE, Careful, Store, broken, unpacked
from splitter.sources._tar import Cut, Member, entries, is_text, node_of, path_of

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
MAX_ENTRIES = 1_000_000  # of all layers together
MAX_GAPS = 20
# What a packed layer may grow to: real ones stay under ten times their size, a bomb comes to a thousand.
GROWTH = 40
AT_LEAST = 4 << 30
# Small texts of a layer that can only be read forwards are kept; the others are read again when they are wanted.
MAX_KEPT = 64 << 10
MAX_KEPT_ALL = 64 << 20


@dataclass
class Layer:
    """What one layer says, in its order."""

    entries: list[tuple[str, Node]] = field(default_factory=list)
    hard: dict[int, str] = field(default_factory=dict)  # by position: the path that an entry is another name of
    gone: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)


class Layers:
    """The tree of an image from its layers, lowest first."""

    def __init__(self, store: Store, names: tuple[str, ...]) -> None:
        self.tree = MemoryTree()
        self.gaps: list[Gap] = []
        self._store, self._room, self._count = store, MAX_KEPT_ALL, 0
        read = {name: self._read(name) for name in sorted(set(names), key=store.place)}
        for name in names:
            self._lay(read[name])

    def _gap(self, what: str, path: str, note: str = "") -> None:
        gap = Gap(what, Evidence(path, note=note))
        if len(self.gaps) < MAX_GAPS and gap not in self.gaps:
            self.gaps.append(gap)

    def _read(self, name: str) -> Layer:
        """One layer. Raises SplitterError where it is damaged."""
        layer = Layer()
        try:
            with self._store.open(name) as raw:
                file = unpacked(raw, f"{self._store.path}, layer {name}")
                packed = file is not raw
                limit = max(self._store.size(name) * GROWTH, AT_LEAST) if packed else 1 << 62
                self._members(name, layer, Careful(file, limit), packed or not self._store.cheap)
                if packed:
                    _drain(file, limit)
        except Cut:
            self._gap("a layer that unpacks to an absurd size; the rest of it was not read", name)
        except KeyError:
            raise broken(self._store, f"it lacks the layer {name}") from None
        except DAMAGE as error:
            raise broken(self._store, f"{error} (in the layer {name})") from error
        return layer

    def _members(self, name: str, layer: Layer, file: Careful, forwards: bool) -> None:
        if not file.read(1):
            return  # a layer that changes nothing, as some builders write it
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:", tarinfo=Member) as tar:
            for member in entries(tar):
                self._count += 1
                if self._count > MAX_ENTRIES:
                    self._gap(f"more than {MAX_ENTRIES} files; the rest was not read", name)
                    return
                self._take(name, layer, tar, member, forwards)

    def _take(self, name: str, layer: Layer, tar: tarfile.TarFile, member: tarfile.TarInfo, forwards: bool) -> None:
        path = path_of(member.name)
        if path is None:
            self._gap("a name that is not UTF-8, too long or outside the root, left out", name, repr(member.name)[:200])
            return
        folder, last = posixpath.split(path)
        if last == OPAQUE:
            layer.emptied.append(folder)
        elif last.startswith(WHITEOUT + WHITEOUT):
            return  # the bookkeeping of aufs
        elif last.startswith(WHITEOUT):
            hidden = last.removeprefix(WHITEOUT)
            layer.gone += [posixpath.join(folder, hidden)] if hidden not in ("", ".", "..") else []
        else:
            if member.islnk():
                layer.hard[len(layer.entries)] = path_of(member.linkname) or ""
            layer.entries.append((path, self._node(name, tar, member, forwards)))

    def _node(self, name: str, tar: tarfile.TarFile, member: tarfile.TarInfo, forwards: bool) -> Node:
        node = node_of(member)
        if node.kind == "link" and not is_text(node.target):
            return replace(node, kind="other", target="")
        if node.kind != "file" or member.issparse():
            return node
        if forwards and member.size <= min(MAX_KEPT, self._room) and (file := tar.extractfile(member)) is not None:
            raw = file.read()
            if b"\0" not in raw[:512]:
                self._room -= len(raw)
                return replace(node, data=lambda: raw)
        return replace(node, data=partial(self._again, name, member.offset_data, member.size))

    def _again(self, name: str, start: int, size: int) -> bytes:
        """A file's bytes, from where they stand in its layer. Raises OSError."""
        try:
            with self._store.open(name) as raw:
                file = unpacked(raw, name)
                file.seek(start)
                return file.read(min(size, MAX_TEXT + 1))
        except (KeyError, *DAMAGE) as error:
            raise OSError(f"cannot be read from its layer ({error})") from None

    def _lay(self, layer: Layer) -> None:
        for path in layer.emptied:
            real = self._real(path)
            for name in self.tree.children(real):
                self.tree.remove(posixpath.join(real, name))
        for path in layer.gone:
            self.tree.remove(self._placed(path))
        for position, (path, node) in enumerate(layer.entries):
            source = layer.hard.get(position)
            if source is not None:
                found = self.tree.lookup(self._placed(source)) if source else None
                if found is None or found.kind == "dir":
                    self._gap("a hard link to what is not there", path)
                    found = Node("other", node.mode)
                node = found
            self.tree.put(self._placed(path), node)

    def _placed(self, path: str) -> str:
        """A path with the links above its last name followed."""
        folder, name = posixpath.split(path)
        return posixpath.join(self._real(folder), name)

    def _real(self, folder: str) -> str:
        here = self.tree.lookup(folder)
        if here is not None and here.kind == "dir":
            return folder  # a folder that stands in the tree has only folders above it
        real = Image("", Config(), self.tree).resolve(folder)
        return real if isinstance(real, str) else folder


def _drain(file: IO[bytes], limit: int) -> None:
    """Read to the end, where the check sum is compared."""
    while file.read(1 << 20):
        if file.tell() > limit:
            raise Cut
