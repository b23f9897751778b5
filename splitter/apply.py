"""The only place that writes the user's files: whole or not at all."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from splitter.errors import SplitterError


def read_text(path: Path) -> str | None:
    """What the file has, line ends as they are; None where there is none. Raises SplitterError where it is no text."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise SplitterError(f"{path} is not a regular file", "-o FILE writes another")
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise SplitterError(f"{path.parent} is not a folder", "-o FILE writes elsewhere") from None
    except UnicodeDecodeError:
        raise SplitterError(f"{path} is not UTF-8", "-o FILE writes another") from None
    except OSError as error:
        raise SplitterError(f"{path} cannot be read: {error.strerror}", "-o FILE writes another") from None


def write(path: Path, text: str) -> None:
    """Replace the file in one step; its mode stays, and a link stays one. Raises SplitterError, the old file whole."""
    hint = "give -o FILE in a folder that you can write"
    try:
        target = Path(os.path.realpath(path, strict=False))
        if target.exists() and not target.is_file():
            raise SplitterError(f"{path} is not a regular file", hint)
        if target.exists() and not os.access(target, os.W_OK):
            raise SplitterError(f"{path} is read-only", hint)
        folder = target.parent
        if not folder.is_dir():
            raise SplitterError(f"{folder} is not a folder", hint)
        _replace(target, text.encode(errors="surrogateescape"))
    except OSError as error:
        raise SplitterError(f"{path} cannot be written: {error.strerror}", hint) from None


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(target))
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _mode(target: Path) -> int:
    """The file's own mode, or what a new file gets here."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
