"""What the application's code shares through the kernel: System V's and POSIX memory, queues and semaphores.

Each module reads one language: a docstring that says how, `LANGUAGE`, `ENDINGS`, and two functions

    read(source) -> Sharing ...      the calls by which the code shares something, with what tells it apart
    reads_in(source) -> Inclusions   the files that it reads in, so that it can be told which processes run them

found by its name; there is no list to edit. They must not raise on any text. Only what a call says for certain is told:
a key that shows only when it runs is "", and a name that is given several values has none.
"""

import importlib
import pkgutil
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

from splitter.inspection._ipc import Kind, system_v
from splitter.inspection._tokens import Token
from splitter.inspection.code import MAX_SIZE
from splitter.model.facts import Evidence
from splitter.model.image import Image, normal

SHM = "/dev/shm/"
MAX_DEPTH = 3  # of files that are read in for the constants that they hold
JOINS = frozenset((".", "+", "%", "<<"))
SIGNED = {"-": -1, "+": 1}


@dataclass(frozen=True)
class Made:
    """A key that ftok(3) makes of a file's device and number, and of one more number."""

    path: str
    project: str


@dataclass(frozen=True)
class Sharing:
    """One call that opens something which others may open too.

    place   what tells it apart, as a run tells it too: "System V memory 0x0000162e", "/dev/shm/x"; "" where the code
            does not say it
    file    the file that its key is made of, "" where none is
    makes   the call makes it where it is not there
    """

    kind: Kind
    place: str
    evidence: Evidence
    file: str = ""
    makes: bool = False


@dataclass(frozen=True)
class Source:
    """One file of code as one process runs it; `roots` are the folders in which it looks for what it reads in."""

    path: str
    text: str
    image: Image = field(repr=False)
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    roots: tuple[str, ...] = ()
    depth: int = 0

    def other(self, path: str) -> "Source | None":
        """Another file of the same program; None where it is none, or too far off."""
        text = self.image.read(path, MAX_SIZE) if self.depth < MAX_DEPTH else None
        if not isinstance(text, str):
            return None
        return Source(path, text, self.image, self.env, self.folder, self.roots, self.depth + 1)

    def found(self, *names: str, near: bool = True) -> str:
        """The first of these names that is a file, beside this one (`near`) or below the roots; "" for none."""
        here = (posixpath.dirname(self.path),) if near else ()
        for name in names:
            for root in (*here, *self.roots) if not name.startswith("/") else ("/",):
                path = normal(posixpath.join(root, name))
                if "\0" not in path and self.image.is_file(path):
                    return path
        return ""


@dataclass(frozen=True)
class Inclusions:
    """The files that one reads in, and whether it may read in more than its text says."""

    files: tuple[str, ...] = ()
    more: bool = False


Value = str | Made | None  # a text or number, a key that is made of a file; None where reading does not tell


def kernel(kind: Kind, value: Value, evidence: Evidence, makes: bool = False) -> Sharing | None:
    """What System V has under a key; None where nobody else can find it (IPC_PRIVATE)."""
    if isinstance(value, Made):
        place = f"System V {kind} of ftok({value.path}, {value.project})"
        return Sharing(kind, place, evidence, value.path, makes)
    key = integer(value)
    if key is None:
        return Sharing(kind, "", evidence, makes=makes)
    return Sharing(kind, system_v(kind, key), evidence, makes=makes) if key else None


def posix(kind: Kind, name: Value, evidence: Evidence, makes: bool = False) -> Sharing:
    """What POSIX has under a name: memory and semaphores are files of /dev/shm (shm_overview(7), sem_overview(7))."""
    told = name.lstrip("/") if isinstance(name, str) else ""
    if not told or "/" in told or not told.isprintable():
        return Sharing(kind, "", evidence, makes=makes)
    start = {"memory": SHM, "semaphores": f"{SHM}sem.", "queue": "POSIX queue /"}[kind]
    return Sharing(kind, start + told, evidence, makes=makes)


def below_shm(path: str, tokens: list[Token]) -> Iterator[Sharing]:
    """The files of /dev/shm that a text names whole; what is put together of parts is none."""
    for at, token in enumerate(tokens):
        near = {t.text for t in (*tokens[max(0, at - 1) : at], *tokens[at + 1 : at + 2]) if t.kind == "mark"}
        if token.kind == "string" and not token.mixed and not near & JOINS and token.text.startswith(SHM):
            whole = normal(token.text)
            if whole.startswith(SHM) and whole.isprintable():
                yield Sharing("memory", whole, Evidence(path, token.line))


def integer(text: Value) -> int | None:
    """A number as C and the languages after it write it: 5678, 0x162e, 0b1, 0o17, 017; None for anything else."""
    if not isinstance(text, str) or not text or len(text) > 40 or not text.isascii():
        return None
    sign, digits = SIGNED.get(text[0], 1), text[text[0] in SIGNED :].lower().replace("_", "")
    if digits[:1] in SIGNED:
        return None
    if digits.startswith("0") and digits.isdigit():
        digits = f"0o{digits.lstrip('0') or '0'}"
    try:
        return sign * int(digits, 0)
    except ValueError:
        return None


@cache
def languages() -> dict[str, ModuleType]:
    """Every reader by its language."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {module.LANGUAGE: module for module in modules}


def language_of(path: str, text: str) -> str:
    """The language of a file, by its ending or by the interpreter that it names; "" where nothing here reads it."""
    end = posixpath.splitext(path)[1]
    for name, module in languages().items():
        if end in module.ENDINGS:
            return name
    first = text.split("\n", 1)[0].split() if text.startswith("#!") else []
    called = {posixpath.basename(w.removeprefix("#!")).rstrip("0123456789.") for w in first[:3]}
    return next((name for name in languages() if name in called), "")


def read(source: Source, language: str) -> tuple[Sharing, ...]:
    """All that one file shares, in the order of its lines."""
    reader: Callable[[Source], Iterable[Sharing]] = languages()[language].read
    return tuple(sorted(set(reader(source)), key=lambda s: (s.evidence.line or 0, s.place, s.kind, s.makes)))


def reads_in(source: Source, language: str) -> Inclusions:
    follow: Callable[[Source], Inclusions] = languages()[language].reads_in
    return follow(source)
