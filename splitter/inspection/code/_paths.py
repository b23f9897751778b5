"""Which values are paths that a program writes: databases in a file, and folders that are named for it."""

import posixpath
from collections.abc import Iterable

from splitter.model.image import normal

DATABASES = (".db", ".sqlite", ".sqlite3", ".db3")
KINDS = frozenset(
    ("upload", "uploads", "media", "storage", "spool", "attachments", "avatars", "userdata", "persistent", "shared",
     "sqlite", "inbox", "outbox", "sessions", "exports")
)  # fmt: skip
PLACES = frozenset(("root", "dir", "directory", "folder", "path", "location", "dest", "destination"))


def sqlite(text: str, folder: str) -> str:
    """The file of an SQLite URL: `sqlite:////data/x.db` is absolute, `sqlite:///x.db` in the working folder."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.split("+")[0].lower().removesuffix("3") != "sqlite":
        return ""
    path = rest.split("?")[0]
    if path.startswith("//"):
        path = path[2:].partition("/")[2]
    if not path or path.startswith(":") or "memory" in path:
        return ""
    return normal(path if path.startswith("/") else posixpath.join(folder or "/", path))


def database(text: str) -> str:
    """A database file by its absolute path."""
    return normal(text) if text.startswith("/") and text.endswith(DATABASES) and " " not in text else ""


def is_folder_name(name: Iterable[str]) -> bool:
    """The words of a variable's or setting's name say that it names a place which is written."""
    said = set(name)
    return bool(said & KINDS) and bool(said & PLACES)
