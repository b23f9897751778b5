"""Tar streams whose author is not trusted: entries one by one, bounded, and nothing outside the root."""

import io
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Self

from splitter.model.image import Kind, Node

MAX_PATH = 4096  # PATH_MAX
MAX_DEPTH = 200
MAX_READ = 16 << 20  # a header that asks for more at once (a "long name" of gigabytes) is not one

# What tarfile and the decompressors raise on bytes that they do not like.
DAMAGE = (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError, RecursionError, KeyError)


class Chunks(io.BufferedIOBase):
    """Chunks as a file that is read forwards; past `limit` bytes it is a Cut."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks, self._left, self._buffer = chunks, limit, memoryview(b"")

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= MAX_READ:
            raise tarfile.ReadError("an absurd header")
        parts: list[memoryview] = []
        while size:
            if not self._buffer:
                chunk = next(self._chunks, b"")
                if not chunk:
                    break
                self._left -= len(chunk)
                if self._left < 0:
                    raise Cut
                self._buffer = memoryview(chunk)
            part, self._buffer = self._buffer[:size], self._buffer[size:]
            size -= len(part)
            parts.append(part)
        return b"".join(parts)


class Cut(Exception):
    """The stream is longer than what was wanted of it."""


class Member(tarfile.TarInfo):
    """An entry whose broken header is an error; tarfile takes it for the end of the archive."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                raise
            raise tarfile.ReadError(str(error)) from None


def entries(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of an archive. Raises one of DAMAGE; tarfile alone takes much damage for the end."""
    before = -1
    for member in tar:
        if member.offset <= before or member.size < 0:
            raise tarfile.ReadError("offsets run backwards")
        before = member.offset
        vars(tar)["members"].clear()  # a million of them would stay in memory
        yield member


def path_of(name: str, below: str = "/") -> str | None:
    """The absolute path of a member; None for one that would leave the root or that no file system takes."""
    parts = [p for p in name.split("/") if p not in ("", ".")]
    if ".." in parts or len(parts) > MAX_DEPTH or not is_text(name):
        return None
    return posixpath.join(below, *parts)


def is_text(name: str) -> bool:
    """Whether a name or a link's target is one that a file system takes, in UTF-8."""
    try:
        return len(name.encode()) <= MAX_PATH and "\0" not in name
    except UnicodeEncodeError:
        return False


def kind_of(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return "dir"
    if member.issym():
        return "link"
    return "file" if member.isfile() else "other"


def node_of(member: tarfile.TarInfo) -> Node:
    """The entry without its content. A hard link is the business of the caller."""
    target = member.linkname if member.issym() else ""
    size = member.size if member.isfile() else 0
    return Node(kind_of(member), member.mode & 0o7777, member.uid, member.gid, target, size)


def content(tar: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit`. Raises OSError."""
    if member.size > limit:
        raise OSError(f"too large to be read ({member.size} bytes)")
    file: IO[bytes] | None = tar.extractfile(member)
    if file is None:
        raise OSError("not a regular file")
    return file.read(member.size)
