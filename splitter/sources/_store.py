"""The parts of an archived image by name, in a tar file or in a folder, each opened where it lies and never unpacked.

What is compressed is read forwards: a file of bytes is found by its first bytes, whatever a media type claims.
"""

import bz2
import gzip
import importlib
import io
import json
import lzma
import os
import posixpath
import tarfile
from typing import IO, Protocol

from splitter.errors import SplitterError
from splitter.sources import _tar
from splitter.sources._tar import MAX_READ, entries
from splitter.sources.rootfs import open_regular

DAMAGE = (*_tar.DAMAGE, lzma.LZMAError)
MAX_JSON = 8 << 20
MAX_PARTS = 100_000
MAX_HOPS = 10  # of links from one part to another, as older engines wrote layers that are there twice
ZSTD = b"\x28\xb5\x2f\xfd"


class Store(Protocol):
    """The named parts ("manifest.json", "blobs/sha256/...") of an image."""

    path: str

    def has(self, name: str) -> bool: ...

    def place(self, name: str) -> int:
        """Where a part stands, so that parts can be read in the order that is cheapest."""
        ...

    def size(self, name: str) -> int: ...

    def open(self, name: str) -> IO[bytes]:
        """A part's bytes. Raises KeyError where it has none, or one of DAMAGE."""
        ...

    @property
    def cheap(self) -> bool:
        """Whether any byte of a part is reached at once."""
        ...


def read_json(store: Store, name: str) -> object:
    """The value of a part. Raises SplitterError where it is not there or not JSON."""
    try:
        with store.open(name) as file:
            raw = file.read(MAX_JSON + 1)
    except KeyError:
        raise broken(store, f"it lacks {name}") from None
    except DAMAGE as error:
        raise broken(store, str(error)) from error
    if len(raw) > MAX_JSON:
        raise broken(store, f"{name} is too large")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise broken(store, f"{name} is not JSON") from error


def broken(store: Store, why: str) -> SplitterError:
    said = why.strip().split("\n")[0] or "it ends too early"
    return SplitterError(f"the archive is damaged: {said}", "save the image again with `docker save`", store.path)


class Window(io.RawIOBase):
    """A part of a larger file as a file of its own."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(offset + (0, self._at, self._size)[whence], 0)
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        view = memoryview(buffer)
        wanted = max(min(len(view), self._size - self._at), 0)
        if not wanted:
            return 0
        self._file.seek(self._start + self._at)
        got = self._file.read(wanted)
        if not got:
            raise EOFError("it ends too early")
        view[: len(got)] = got
        self._at += len(got)
        return len(got)


class TarStore:
    """A tar file, itself compressed or not."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._parts: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        file = open_regular(os.path.realpath(path))
        self._file = unpacked(file, path)
        self.cheap = self._file is file
        self._index()

    def _index(self) -> None:
        self._file.seek(0)
        with tarfile.open(fileobj=Careful(self._file), mode="r:", tarinfo=_tar.Member) as tar:
            for count, member in enumerate(entries(tar)):
                if count > MAX_PARTS:
                    raise tarfile.ReadError(f"it has more than {MAX_PARTS} parts")
                name = posixpath.normpath(member.name)
                if member.issym():
                    self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
                elif member.islnk():
                    self._links[name] = posixpath.normpath(member.linkname)
                elif member.isreg():
                    self._parts[name] = (member.offset_data, member.size)
                    self._links.pop(name, None)

    def _find(self, name: str) -> tuple[int, int] | None:
        for _ in range(MAX_HOPS):
            if name not in self._links:
                return self._parts.get(name)
            name = self._links[name]
        return None

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def place(self, name: str) -> int:
        return (self._find(name) or (0, 0))[0]

    def size(self, name: str) -> int:
        return (self._find(name) or (0, 0))[1]

    def open(self, name: str) -> IO[bytes]:
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        return io.BufferedReader(Window(self._file, *found), 1 << 16)


class FolderStore:
    """A folder; a part that is reached by a link out of it is not there."""

    cheap = True

    def __init__(self, path: str) -> None:
        self.path = path
        self._root = os.path.realpath(path)

    def _real(self, name: str) -> str | None:
        real = os.path.realpath(os.path.join(self._root, name))
        return real if real.startswith(self._root + os.sep) and os.path.isfile(real) else None

    def has(self, name: str) -> bool:
        return self._real(name) is not None

    def place(self, name: str) -> int:
        return 0

    def size(self, name: str) -> int:
        real = self._real(name)
        return os.path.getsize(real) if real else 0

    def open(self, name: str) -> IO[bytes]:
        real = self._real(name)
        if real is None:
            raise KeyError(name)
        return open_regular(real)


def unpacked(file: IO[bytes], at: str) -> IO[bytes]:
    """The file as it is, or what it decompresses to. Raises SplitterError where this Python cannot read it."""
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return io.BufferedReader(gzip.GzipFile(fileobj=file))  # type: ignore[type-var,return-value,unused-ignore]
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(file)
    if head.startswith(ZSTD):
        return _zstd(file, at)
    return file


def _zstd(file: IO[bytes], at: str) -> IO[bytes]:
    try:
        module = importlib.import_module("compression.zstd")
    except ImportError:
        raise SplitterError(
            "it is compressed with zstd, which Python reads from 3.14 on",
            "`docker load` it and name the image, or convert it: `skopeo copy --dest-compress-format gzip`",
            at,
        ) from None
    opened: IO[bytes] = module.ZstdFile(file)
    return opened


class Careful(io.BufferedIOBase):
    """A file that gives no absurd amount at once: a header may claim a name of gigabytes."""

    def __init__(self, file: IO[bytes], limit: int = 1 << 62) -> None:
        self._file, self._limit = file, limit

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= MAX_READ:
            raise tarfile.ReadError("an absurd header")
        if self._file.tell() + size > self._limit:
            raise _tar.Cut
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if offset > self._limit:
            raise _tar.Cut
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
