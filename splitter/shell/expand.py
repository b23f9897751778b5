"""Words to fields as a shell expands them, with what is not known left in."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from splitter.shell import arith, patterns
from splitter.shell.calls import Word
from splitter.shell.lexer import Arith, Param, ProcessSub, Substitution, Text, closing, lex
from splitter.shell.parameters import Parameters
from splitter.shell.quote import source as as_source
from splitter.shell.values import EMPTY, State, Value, escape, join, literal, unknown
from splitter.shell.world import Files

MAX_FIELDS = 2000


class Field(NamedTuple):
    """One word after expansion.

    bare      the unquoted source that stands for it at run time ("" where the field before it stands for both)
    vanishes  with the values at hand it is no word at all, as an unquoted variable that nobody sets
    """

    value: Value
    bare: str | None = None
    vanishes: bool = False

    @property
    def word(self) -> Word:
        return Word(self.value.text, as_source(self.value) if self.bare is None else self.bare, self.value.known)


class Expander(Parameters):
    """Expansion in one state."""

    def __init__(self, state: State, files: Files, user: str | None = None) -> None:
        self.state, self.files, self.user = state, files, user

    def substitute(self, text: str) -> Value | None:
        """What a `$(...)` gives; None where only running it can tell."""
        return None

    def one(self, source: str, inside: bool = False) -> Value:
        """The word as one value, neither split nor globbed: an assignment, a redirection, a here-document."""
        values: list[Value] = []
        for at, part in enumerate(lex(source, inside)):
            many = self.many(part) if isinstance(part, Param) else None
            if isinstance(part, Text):
                text = self.tilde(part.text) if at == 0 and not part.quoted and not inside else None
                values.append(text or literal(part.text))
            elif many is not None:
                values.append(_spaced(many))
            else:
                values.append(self.part(part))
        return join(values) if values else EMPTY

    def fields(self, source: str) -> list[Field]:
        """The words that one word of source becomes."""
        found: list[Field] = []
        for written in _braces(source):
            found.extend(self._fields(written))
            if len(found) > MAX_FIELDS:
                return [*found[:MAX_FIELDS], Field(unknown("...", "", needs=frozenset(("...",))))]
        return found

    def values(self, source: str) -> list[Value]:
        """The words as values, what vanishes left out."""
        return [f.value for f in self.fields(source) if not f.vanishes]

    def pattern(self, source: str) -> tuple[str | None, frozenset[str]]:
        """The word as a pattern: what is quoted matches itself. None where a part is not known."""
        out: list[str] = []
        deps: frozenset[str] = frozenset()
        for part in lex(source):
            if isinstance(part, Text):
                out.append(patterns.quote(part.text) if part.quoted else part.text)
                continue
            value = self.part(part)
            deps |= value.deps
            if value.value is None:
                return None, deps
            out.append(patterns.quote(value.value) if part.quoted else value.value)
        return "".join(out), deps

    def _fields(self, source: str) -> Iterator[Field]:
        parts = lex(source)
        if len(parts) == 1 and not isinstance(parts[0], (Text, ProcessSub)) and not parts[0].quoted:
            yield from self._alone(parts[0])
            return
        done: list[list[Value]] = [[]]
        solid, globs = False, False
        for at, part in enumerate(parts):
            many = self.many(part) if isinstance(part, Param) else None
            if many is not None:
                if not many and part.quoted:
                    continue
                for n, value in enumerate(many):
                    if n:
                        done.append([])
                    done[-1].append(value)
                solid = solid or bool(many)
            elif isinstance(part, Text):
                tilde = self.tilde(part.text) if at == 0 and not part.quoted else None
                done[-1].append(tilde or literal(part.text))
                solid = True
                globs = globs or (not part.quoted and any(c in part.text for c in "*?["))
            else:
                value = self.part(part)
                pieces = [value] if part.quoted else _split(value)
                solid = solid or part.quoted or bool(value.value)
                for n, piece in enumerate(pieces):
                    if n:
                        done.append([])
                    done[-1].append(piece)
        if not solid and not any(done):
            return
        for values in done:
            value = join(values) if values else EMPTY
            if globs and value.value and (names := self.glob(source)):
                yield from (Field(literal(n)) for n in names)
            else:
                bare = source if globs and value.fixed and patterns.has_glob(value.text) else None
                yield Field(value, bare, vanishes=not solid and not value.value)

    def _alone(self, part: Param | Substitution | Arith) -> Iterator[Field]:
        """An unquoted expansion that is the whole word."""
        many = self.many(part) if isinstance(part, Param) else None
        if many is not None:
            for value in many:
                yield from (Field(piece) for piece in _split(value) if piece.value != "")
            return
        value = self.part(part)
        if value.fixed:
            yield from (Field(piece) for piece in _split(value))
            return
        bare = _unquoted(value, part.source)
        pieces = _split(value)
        if not pieces:
            yield Field(value, bare, vanishes=True)
            return
        for n, piece in enumerate(pieces):
            yield Field(piece, "" if n and bare is not None else bare, vanishes=piece.value == "")

    def part(self, part: Param | Substitution | Arith | ProcessSub) -> Value:
        match part:
            case Param():
                return self.param(part)
            case Arith():
                return self.arithmetic(part.text, part.source)
            case Substitution():
                return self.substitute(part.text) or self.opaque(part.text, part.source)
            case ProcessSub():
                return unknown(part.source[:200], part.source, needs=frozenset(("<()",)))

    def arithmetic(self, text: str, source: str) -> Value:
        deps: set[str] = set()
        plain = self.one(text, inside=True)
        result = arith.evaluate(plain.value, self.number(deps), self.store) if plain.value is not None else None
        if result is None:
            return self.opaque(f"echo $(({text}))", source)
        return literal(str(result), plain.deps | frozenset(deps))

    def glob(self, pattern: str) -> tuple[str, ...]:
        text = self.one(pattern).value
        if not text or not (self.state.cwd or text.startswith("/")):
            return ()
        return tuple(self.files.glob(posixpath.join(self.state.cwd or "/", text)))

    def tilde(self, text: str) -> Value | None:
        if text == "~" or text.startswith("~/"):
            return join([self.variable("HOME"), literal(text[1:])])
        return None


def words(fields: list[Field]) -> tuple[Word, ...]:
    """Fields as the words of a call: what nobody sets stays in sight, except where the program itself would stand."""
    found: list[Word] = []
    front = ""
    for field in fields:
        if field.vanishes and (not found or not field.value.text):
            extra = field.bare or ""
            if found and extra:
                found[-1] = found[-1]._replace(source=f"{found[-1].source} {extra}")
            elif extra:
                front += f"{extra} "
            continue
        word = field.word
        found.append(word._replace(source=front + word.source) if front else word)
        front = ""
    return tuple(found)


def _spaced(values: list[Value]) -> Value:
    spaced: list[Value] = []
    for value in values:
        spaced.extend((literal(" "), value) if spaced else (value,))
    return join(spaced) if spaced else EMPTY


def _split(value: Value) -> list[Value]:
    """Field splitting by the default IFS."""
    if value.value is None:
        return _split_late(value)
    pieces = value.value.split()
    if not pieces:
        return [] if value.text == "" else [value]
    if len(pieces) == 1 and pieces[0] == value.value:
        return [value]
    texts = value.text.split() if len(value.text.split()) == len(pieces) else pieces
    return [
        Value(t, p, escape(p) if t == p else t, value.deps, value.needs) for t, p in zip(texts, pieces, strict=True)
    ]


def _unquoted(value: Value, source: str) -> str | None:
    """The value's run-time form outside quotes; None where it must stay in them."""
    if value.run == source or not any(c in value.run for c in "\\\"'*?[]~;&|<>()`"):
        return value.run
    return source if value.needs or source.startswith(("$(", "`")) else None


def _braces(source: str) -> list[str]:
    """Brace expansion (bash): `a{b,c}` and `{1..3}`, outside quotes and `${`."""
    if "{" not in source:
        return [source]
    at, quote = 0, ""
    while at < len(source):
        char = source[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "$" and source[at + 1 : at + 2] in ("{", "("):
            at = closing(source, at + 1)
        elif char == "{":
            end = closing(source, at)
            choices = _choices(source[at + 1 : end])
            if choices:
                tails = _braces(source[end + 1 :])
                return [source[:at] + c + t for c in choices for t in tails][:MAX_FIELDS]
        at += 1
    return [source]


def _choices(inner: str) -> list[str]:
    first, dots, last = inner.partition("..")
    if dots and first.lstrip("-").isdigit() and last.lstrip("-").isdigit() and len(first) < 7 and len(last) < 7:
        low, high = int(first), int(last)
        step = 1 if low <= high else -1
        return [str(n) for n in range(low, high + step, step)][:MAX_FIELDS]
    parts: list[str] = []
    depth = start = 0
    for at, char in enumerate(inner):
        if char in "{(":
            depth += 1
        elif char in "})":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    if not parts:
        return []
    return [c for p in (*parts, inner[start:]) for c in _braces(p)][:MAX_FIELDS]


def _split_late(value: Value) -> list[Value]:
    """Words of which some are not known yet: where the blanks between them are known, so are the others."""
    texts, runs = value.text.split(), value.run.split()
    plain = not any(c in value.run for c in "`(\\") and all(r.count("{") == r.count("}") for r in runs)
    if len(texts) < 2 or len(texts) != len(runs) or not plain:
        return [value]
    return [
        Value(t, None, r, value.deps, value.needs) if "$" in r else literal(t, value.deps)
        for t, r in zip(texts, runs, strict=True)
    ]
