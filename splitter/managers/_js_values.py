"""The values of JavaScript that a configuration is made of, and what stands for those that only running tells."""

from dataclasses import dataclass, field

import tree_sitter

Node = tree_sitter.Node
MAX_LENGTH = 20_000  # of one text or list; a longer one was not written by a person
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(frozen=True)
class Unknown:
    """A value that only running the code would tell."""

    what: str
    line: int


@dataclass(frozen=True)
class Late:
    """`process.env.NAME` where the environment does not have it: undefined, unless someone sets it."""

    name: str


@dataclass(frozen=True)
class Undefined:
    pass


@dataclass(frozen=True)
class Module:
    """A module of Node (`path`, `os`, `process`, `Object`) or one of its members ("path.join")."""

    name: str


@dataclass(frozen=True, eq=False)
class Function:
    params: tuple[Node, ...]
    body: Node
    scope: "Scope"
    path: str = ""
    waits: bool = False  # an async function


@dataclass(frozen=True, eq=False)
class Class:
    node: Node
    scope: "Scope"
    path: str


@dataclass(eq=False)
class Pending:
    """A child process or a promise: which starts its end stands for, by number, and what it gives.

    tails   last starts of the async functions that it is of
    several it is of more than one (`Promise.all`)
    quiet   what the child writes is only given back
    """

    events: list[int] = field(default_factory=list)
    value: "Value" = None
    child: bool = False
    tails: list[int] = field(default_factory=list)
    several: bool = False
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class Settle:
    """The function that settles a promise."""

    promise: Pending


class Object(dict[str, "Value"]):
    """An object with the line on which it begins; `lost` says what was spread into it and cannot be known."""

    line = 0
    lost: tuple[Unknown, ...] = ()


class Array(list["Value"]):
    line = 0
    lost: tuple[Unknown, ...] = ()


Value = (
    str | int | float | bool | None | Unknown | Late | Undefined | Module | Function | Object | Array
    | Class | Pending | Settle
)  # fmt: skip
UNDEFINED = Undefined()


@dataclass(eq=False)
class Scope:
    names: dict[str, Value] = field(default_factory=dict)
    above: "Scope | None" = None

    def find(self, name: str) -> "Scope | None":
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.above
        return scope


def truthy(value: Value) -> bool | None:
    """As a condition; None where it cannot be known."""
    if isinstance(value, Unknown):
        return None
    if isinstance(value, Late | Undefined):
        return False
    return True if isinstance(value, Object | Array | Module | Function | Class | Pending | Settle) else bool(value)


def string(value: Value) -> str | None:
    """As `String(value)` gives it; None where it cannot be known."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if value is None:
        return "null"
    return str(value) if isinstance(value, str | int) else None


def source(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def unescaped(text: str) -> str:
    inner = text[1:]
    if inner[:1] in ("x", "u"):
        digits = inner[1:].strip("{}")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return text
    return "" if inner in ("\n", "\r\n") else ESCAPES.get(inner, inner)


def number(text: str) -> Value:
    plain = text.replace("_", "").strip().rstrip("n")
    try:
        return int(plain, 0)
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        return Unknown(f"{text[:40]} is not a number", 1)
