"""What the configuration files of servers say: each module of this folder reads one configuration language.

A module has a docstring that says how the language works, `PROGRAMS` (the catalogue's names of the programs, or the
names of the programs themselves) and one function

    read(process, image) -> Said

found by its name; there is no list to edit. It must not raise on any text, whatever the image holds.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

from splitter.catalogue import Known
from splitter.catalogue.peel import peel, unversioned
from splitter.inspection._address import Address
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal

MAX_SIZE = 256 << 10
MAX_FILES = 200  # that one server's configuration includes


@dataclass(frozen=True)
class Mention:
    """An address, or else a path, that a text names.

    `certain` is false for what the program takes unasked; `name` has the words beside the text that tell what it means.
    """

    written: str
    evidence: Evidence
    address: Address = field(default_factory=Address)
    path: str = ""
    how: str = "config"
    certain: bool = True
    name: str = ""


@dataclass
class Said:
    """What a configuration says: addresses that are listened on and reached, paths that are read and written.

    `private` are written paths that belong to the one server alone: its data, its cache.
    """

    listens: list[Mention] = field(default_factory=list)
    reaches: list[Mention] = field(default_factory=list)
    reads: list[Mention] = field(default_factory=list)
    writes: list[Mention] = field(default_factory=list)
    private: list[Mention] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


Read = Callable[[Process, Image], Said]


@cache
def readers() -> dict[str, Read]:
    """Every reader by the programs that it reads for."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {program: module.read for module in modules for program in module.PROGRAMS}


def read(process: Process, known: Known | None, image: Image) -> Said:
    """What the configuration of a process says; nothing where no reader knows its program."""
    meant = peel(process.command.argv)
    names = [known.name] if known is not None else []
    if meant is not None:
        names += [meant.name, unversioned(meant.name)]
    for name in names:
        if name in readers():
            return readers()[name](process, image.with_files(process.files))
    return Said()


def option(process: Process, *names: str) -> str:
    """The value of the first of these options that the command has: `-c x`, `--conf x`, `--conf=x`, `-cx`."""
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    for at, word in enumerate(args):
        for name in names:
            if word == name:
                return args[at + 1] if at + 1 < len(args) else ""
            if word.startswith(f"{name}="):
                return word[len(name) + 1 :]
            if len(name) == 2 and name[0] == "-" and word.startswith(name) and not word.startswith("--"):
                return word[2:]
    return ""


def first_file(image: Image, *paths: str) -> str:
    """The first of these files (patterns allowed) that the image has; "" where it has none."""
    for path in paths:
        for found in image.glob(path) if any(c in path for c in "*?[") else (path,):
            if found and image.is_file(found):
                return found
    return ""


def from_folder(process: Process, image: Image, path: str) -> str:
    """A path as the process would open it."""
    if not path:
        return ""
    folder = process.workdir or image.config.workdir or "/"
    return normal(path if path.startswith("/") else f"{folder}/{path}")


def text_of(image: Image, path: str, said: Said) -> str:
    """A file's text; "" with a gap where it cannot be read."""
    text = image.read(path, MAX_SIZE) if path else None
    if isinstance(text, Gap):
        said.gaps.append(text)
    return text if isinstance(text, str) else ""


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, one that ends in a backslash joined with the next."""
    number, held = 0, ""
    for at, line in enumerate(text.splitlines(), 1):
        number = number or at
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield number, held + line
        number, held = 0, ""
    if held:
        yield number, held
