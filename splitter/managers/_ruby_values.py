"""The values of a Ruby program as far as reading tells, and what stands for those that only running it tells."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter

from splitter.managers._supervisor import CLOSE, OPEN

Node = tree_sitter.Node
MAX_LENGTH = 20_000  # of one text or list; a longer one was not written by a person
ESCAPES = {"n": "\n", "t": "\t", "s": " ", "r": "\r", "0": "\0", "e": "\x1b", "a": "\a", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Unknown:
    """A value that only running the program would tell; `what` is how it is written."""

    what: str = "..."


@dataclass(frozen=True)
class Late:
    """`ENV["NAME"]` where the environment does not have it: nil, unless someone sets it."""

    name: str


@dataclass(frozen=True)
class Const:
    """A class or module that is not among what was read: `File`, `Process`, `Sidekiq::Launcher`."""

    name: str


@dataclass(frozen=True)
class Forked:
    """What `fork` gives without a block: the child goes on with nil, the parent with a number."""


@dataclass(eq=False)
class Started:
    """A child process; `events` are the numbers of its starts."""

    events: list[int] = field(default_factory=list)


@dataclass(eq=False)
class Thread:
    """A thread; the starts in it are known by their numbers."""

    events: list[int] = field(default_factory=list)


@dataclass(eq=False)
class Module:
    """A class or module of the program's own, or what its top level is."""

    name: str
    outer: "Module | None" = None
    above: object = None
    methods: dict[str, "Function"] = field(default_factory=dict)
    own: dict[str, "Function"] = field(default_factory=dict)  # `def self.name`
    constants: dict[str, object] = field(default_factory=dict)
    fields: dict[str, object] = field(default_factory=dict)
    mixed: list["Module"] = field(default_factory=list)
    together: bool = False  # `module_function` or `extend self`

    def line(self) -> "Iterator[Module]":
        """The class, what it includes and what it builds on."""
        seen: list[Module] = []
        todo: list[Module] = [self]
        while todo and len(seen) < 20:
            one = todo.pop(0)
            if one in seen:
                continue
            seen.append(one)
            yield one
            todo = [*reversed(one.mixed), *([one.above] if isinstance(one.above, Module) else []), *todo]

    def find(self, name: str) -> "Function | None":
        return next((m.methods[name] for m in self.line() if name in m.methods), None)

    def find_own(self, name: str) -> "Function | None":
        for module in self.line():
            if name in module.own:
                return module.own[name]
            if module.together and name in module.methods:
                return module.methods[name]
        return None

    def library(self) -> str:
        """The name of the library's class that it builds on; "" where it builds on none."""
        last = list(self.line())[-1]
        return last.above.name if isinstance(last.above, Const) else ""


@dataclass(eq=False)
class Object:
    """An instance of a class of the program, or the program's own `self`."""

    of: Module
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(eq=False)
class Function:
    """A method, a block or a lambda. `me` and `scope` are those of the place where a block stands."""

    node: Node
    path: str
    module: Module
    scope: "Scope | None" = None
    me: object = None


@dataclass(eq=False)
class Pending:
    """`:name.to_proc`: the method of that name, called on what it is given."""

    name: str


@dataclass(eq=False)
class Scope:
    """The names of one method or block, with what `self`, `yield` and constants mean there."""

    me: object
    module: Module
    names: dict[str, object] = field(default_factory=dict)
    above: "Scope | None" = None
    block: object = None

    def find(self, name: str) -> "Scope | None":
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.above
        return scope


def source(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def shown(node: Node) -> str:
    """A node on one short line, for a person."""
    return " ".join(source(node).split())[:80]


def known(value: object) -> bool:
    """A plain value: a text, a number, nil, a list or a mapping of such."""
    if isinstance(value, list):
        return all(known(item) for item in value)
    if isinstance(value, dict):
        return all(known(item) for item in value.values())
    return isinstance(value, str | int | float | None)


def truth(value: object) -> bool | None:
    """As a condition; None where it cannot be known."""
    if isinstance(value, Unknown | Forked):
        return None
    return not (value is None or value is False or isinstance(value, Late))


def text(value: object) -> str | None:
    """As `to_s` gives it; None where it cannot be known. A variable that someone may set stays one, by its mark."""
    if isinstance(value, Late):
        return f"{OPEN}{value.name}{CLOSE}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def unescaped(written: str) -> str:
    inner = written[1:]
    if inner[:1] in ("x", "u"):
        try:
            return chr(int(inner[1:].strip("{}"), 16))
        except (ValueError, OverflowError):
            return written
    return "" if inner in ("\n", "\r\n") else ESCAPES.get(inner, inner)


def squiggly(body: str) -> str:
    """A `<<~` text without the indentation that its lines share."""
    lines = body.removeprefix("\n").split("\n")
    full = [line for line in lines if line.strip()]
    cut = min((len(line) - len(line.lstrip()) for line in full), default=0)
    return "\n".join(line[cut:] if line.strip() else line.lstrip(" \t") for line in lines)
