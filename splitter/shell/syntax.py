"""The statements of a shell script as the reader sees them: words are kept as source, to be expanded later."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import NamedTuple, TypeAlias, TypeVar, cast

N = TypeVar("N")
T = TypeVar("T")
MAX_KEPT = 1 << 13  # results of a function that keeps them by statement


class Span(NamedTuple):
    """Where something stands: byte offsets of the text, and 1-based lines."""

    start: int
    end: int
    line: int
    end_line: int


@dataclass(frozen=True)
class Redir:
    """One redirection as written. `body` is a here-document's text, `literal` where its delimiter is quoted."""

    op: str
    fd: int | None
    target: str | None = None
    body: str | None = None
    literal: bool = False


@dataclass(frozen=True)
class Assign:
    """`NAME=value`, `NAME[index]=value`, `NAME+=value` or `NAME=(items)`."""

    name: str
    value: str = ""
    index: str | None = None
    append: bool = False
    items: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Simple:
    span: Span
    assigns: tuple[Assign, ...]
    words: tuple[str | Assign, ...]
    redirects: tuple[Redir, ...] = ()


@dataclass(frozen=True)
class Test:
    """`[ ... ]` or `[[ ... ]]`, its tokens as written."""

    span: Span
    tokens: tuple[str, ...]
    double: bool


@dataclass(frozen=True)
class Arithmetic:
    """`(( text ))`."""

    span: Span
    text: str


@dataclass(frozen=True)
class Not:
    span: Span
    body: "Statement"


@dataclass(frozen=True)
class AndOr:
    span: Span
    left: "Statement"
    op: str
    right: "Statement"


@dataclass(frozen=True)
class Pipeline:
    span: Span
    parts: tuple["Statement", ...]


@dataclass(frozen=True)
class Background:
    span: Span
    body: "Statement"


@dataclass(frozen=True)
class Redirected:
    span: Span
    body: "Statement"
    redirects: tuple[Redir, ...]


@dataclass(frozen=True)
class Sequence:
    span: Span
    body: tuple["Statement", ...]


@dataclass(frozen=True)
class Subshell:
    span: Span
    body: Sequence


@dataclass(frozen=True)
class If:
    """Conditions with their bodies, in order; `orelse` last."""

    span: Span
    arms: tuple[tuple[Sequence, Sequence], ...]
    orelse: Sequence | None


@dataclass(frozen=True)
class Case:
    """`arms`: the patterns as written, the body, and whether it falls through into the next."""

    span: Span
    word: str
    arms: tuple[tuple[tuple[str, ...], Sequence, bool], ...]


@dataclass(frozen=True)
class For:
    """`words` is None for `for x; do`, which takes the arguments."""

    span: Span
    name: str
    words: tuple[str, ...] | None
    body: Sequence


@dataclass(frozen=True)
class ArithmeticFor:
    span: Span
    first: str
    condition: str
    step: str
    body: Sequence


@dataclass(frozen=True)
class While:
    span: Span
    condition: Sequence
    body: Sequence
    until: bool


@dataclass(frozen=True)
class Function:
    span: Span
    name: str
    body: "Statement"


Statement: TypeAlias = (
    Simple | Test | Arithmetic | Not | AndOr | Pipeline | Background | Redirected | Sequence | Subshell | If | Case
    | For | ArithmeticFor | While | Function
)  # fmt: skip


@dataclass(frozen=True)
class Broken:
    """A place that does not parse."""

    line: int
    text: str


@dataclass(frozen=True)
class Script:
    """A whole text; offsets of its spans count in `raw`."""

    body: Sequence
    raw: bytes
    broken: tuple[Broken, ...] = ()

    def source(self, span: Span) -> str:
        return self.raw[span.start : span.end].decode("utf-8", "replace")


def by_identity(read: Callable[[N], T]) -> Callable[[N], T]:
    """A function of a statement that keeps what it gave for that very one.

    The same ones are asked of again and again, and to hash one would be as much work as to read it.
    """
    kept: dict[int, tuple[N, T]] = {}

    def kept_or_read(node: N) -> T:
        known = kept.get(id(node))
        if known is not None and known[0] is node:
            return known[1]
        found = read(node)
        if len(kept) >= MAX_KEPT:
            kept.clear()
        kept[id(node)] = (node, found)
        return found

    return kept_or_read


@by_identity
def walk(node: object) -> "tuple[Statement, ...]":
    """A statement and all below it."""
    return tuple(_walk(node))


def _walk(node: object) -> "Iterator[Statement]":
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple):
            stack.extend(reversed(current))
        elif (below := _below(current)) is not None:
            yield cast("Statement", current)
            stack.extend([getattr(current, name) for name in below])


def _below(node: object) -> tuple[str, ...] | None:
    """The names of a statement's parts, last first; None for what is no statement."""
    kind = type(node)
    if kind not in _PARTS:
        names = [f.name for f in fields(kind)] if is_dataclass(kind) else []
        _PARTS[kind] = tuple(n for n in reversed(names) if n != "span") if "span" in names else None
    return _PARTS[kind]


_PARTS: dict[type, tuple[str, ...] | None] = {}


def sources(statement: "Statement") -> tuple[str, ...]:
    """The words of one statement as written, not those of statements below it."""
    match statement:
        case Simple():
            words = [w for w in statement.words if isinstance(w, str)]
            assigns = [*statement.assigns, *(w for w in statement.words if isinstance(w, Assign))]
            values = [v for a in assigns for v in (a.value, a.index or "", *(a.items or ()))]
            targets = [v for r in statement.redirects for v in (r.target, None if r.literal else r.body) if v]
            return (*words, *values, *targets)
        case Test():
            return statement.tokens
        case Arithmetic():
            return (statement.text,)
        case Case():
            return (statement.word, *(p for patterns, _, _ in statement.arms for p in patterns))
        case For():
            return statement.words or ("$@",)
        case ArithmeticFor():
            return (statement.first, statement.condition, statement.step)
        case Redirected():
            return tuple(v for r in statement.redirects for v in (r.target, None if r.literal else r.body) if v)
        case _:
            return ()
