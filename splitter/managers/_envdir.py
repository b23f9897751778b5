"""Folders of files that each hold one variable: `chpst -e`, `envdir`, `s6-envdir`, /etc/container_environment.

A file's name is the variable and its first line the value, without the blanks at its end; NUL bytes stand for newlines
and an empty file takes the variable away (chpst(8), envdir(8), s6-envdir's documentation).
"""

import posixpath
from dataclasses import dataclass, field

from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image

MAX_VALUE = 1 << 16  # s6-envdir takes 4096 bytes of a file, chpst all of it


@dataclass
class Variables:
    """What a folder sets and takes away, and what could not be read."""

    values: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def read(folder: str, image: Image, *, whole: bool = False, chomp: bool = True, null: str = "\n") -> Variables:
    """The variables of a folder (absolute). `whole`: all of a file counts; not `chomp`: blanks at its end too."""
    found = Variables()
    for name in image.names(folder):
        if name.startswith(".") or "=" in name or image.is_dir(posixpath.join(folder, name)):
            continue
        text = contents(posixpath.join(folder, name), image)
        if isinstance(text, Gap):
            found.gaps.append(text)
        elif not text:
            found.removed.append(name)
        else:
            value = text if whole else text.partition("\n")[0]
            if whole and chomp:
                value = value.removesuffix("\n")
            elif chomp:
                value = value.rstrip(" \t")
            found.values[name] = value.replace("\0", null)
    return found


def contents(path: str, image: Image) -> str | Gap:
    """A file's text, NUL bytes and all."""
    node = image.node(path)
    if node is None or node.kind != "file" or node.data is None:
        return image.missing(path) if node is None else Gap("not a regular file", Evidence(path))
    if node.size > MAX_VALUE:
        return Gap(f"too large for a variable ({node.size} bytes)", Evidence(path))
    try:
        return node.data()[: MAX_VALUE + 1].decode()
    except OSError as error:
        return Gap(f"cannot be read ({error.strerror or error})", Evidence(path))
    except UnicodeDecodeError:
        return Gap("not UTF-8", Evidence(path))
