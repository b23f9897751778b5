"""One service of a compose file as plain values: aliases and `<<` followed, variables put in, each key with its line.

Scalars are the strings that the file has. Variables are those of the `.env` file beside it; the caller's own
environment is left out, so that everyone who reads the file reads the same.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.errors import SplitterError
from splitter.managers import _dotenv
from splitter.model.facts import Evidence, Gap
from splitter.sources._words import BadWord, expand
from splitter.sources.rootfs import read_regular
from splitter.yamltext import Document, Node

MAX_VALUES = 20_000  # aliases of aliases come to any number
HINT = "see docs.docker.com/reference/compose-file"
NULLS = ("", "~", "null", "Null", "NULL")

Value = str | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True)
class Field:
    value: Value
    line: int


@dataclass
class ComposeFile:
    """A compose file that was read; `gaps` grows with what is read of it."""

    path: str
    document: Document
    env: Mapping[str, str]
    gaps: list[Gap] = field(default_factory=list)
    _anchors: dict[str, Node] = field(default_factory=dict)
    _left: int = MAX_VALUES

    @classmethod
    def load(cls, path: str) -> "ComposeFile":
        """Raises SplitterError where it cannot be read or is no compose file."""
        try:
            text = read_regular(os.path.realpath(path)).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise SplitterError(f"cannot be read ({said or error})", "name a compose file", path) from error
        made = cls(path, Document.parse(text, path), {})
        made._collect(made.document.root)
        made.env = made.variables(".env", optional=True)
        return made

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path) or "."

    def services(self) -> tuple[str, ...]:
        found = self._followed(self.document.get(("services",)))
        return tuple(key.text for key in found.keys) if found is not None and found.kind == "mapping" else ()

    def fields(self, *path: str) -> dict[str, Field]:
        """The keys of a mapping with their values; {} where there is none."""
        node: Node | None = self.document.root
        for key in path:
            node = self._members(node).get(key, (None, 0))[0] if node is not None else None
        return {key: Field(self._value(each), line) for key, (each, line) in self._members(node).items()}

    def variables(self, name: str, *, optional: bool = False) -> dict[str, str]:
        """The variables of an env file beside the compose file; what cannot be read is a gap."""
        path = os.path.join(self.folder, name)
        try:
            text = read_regular(os.path.realpath(path)).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            if not (optional and isinstance(error, FileNotFoundError)):
                self.gap(f"the env file {name} cannot be read", 0)
            return {}
        return _dotenv.read(text, self.env)

    def evidence(self, line: int, note: str = "") -> Evidence:
        return Evidence(os.path.basename(self.path), line or None, note)

    def gap(self, what: str, line: int) -> None:
        gap = Gap(what, self.evidence(line))
        if gap not in self.gaps:
            self.gaps.append(gap)

    def error(self, what: str, line: int, hint: str = HINT) -> SplitterError:
        return SplitterError(what, hint, f"{self.path}:{line}" if line else self.path)

    def line(self, node: Node) -> int:
        return self.document.source.count("\n", 0, node.start) + 1

    def _collect(self, node: Node) -> None:
        if node.anchor:
            self._anchors[node.anchor] = node
        for value in node.values:
            self._collect(value)

    def _followed(self, node: Node | None) -> Node | None:
        for _ in range(20):
            if node is None or node.kind != "alias":
                return node
            node = self._anchors.get(node.text)
        return None

    def _members(self, node: Node | None, depth: int = 0) -> dict[str, tuple[Node, int]]:
        """The keys of a mapping; those that `<<` brings stand behind its own."""
        node = self._followed(node)
        if node is None or node.kind != "mapping" or depth > 20:
            return {}
        own: dict[str, tuple[Node, int]] = {}
        merged: dict[str, tuple[Node, int]] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key.text != "<<":
                own[key.text] = (value, self.line(key))
                continue
            followed = self._followed(value)
            for one in followed.values if followed is not None and followed.kind == "sequence" else (value,):
                merged = {**self._members(one, depth + 1), **merged}
        return {**merged, **own}

    def _value(self, node: Node, depth: int = 0) -> Value:
        self._left -= 1
        if self._left < 0 or depth > 50:
            raise self.error("more values than a compose file has", self.line(node))
        found = self._followed(node)
        if found is None:
            return None
        if found.kind == "sequence":
            return [self._value(each, depth + 1) for each in found.values]
        if found.kind == "mapping":
            return {key: self._value(each, depth + 1) for key, (each, _) in self._members(found).items()}
        if found.plain and found.text in NULLS:
            return None
        return self._expanded(found)

    def _expanded(self, node: Node) -> str:
        """A scalar with its variables, as Compose puts them in (`$$` is a dollar)."""

        def unset(name: str) -> str:
            if not name.isidentifier():
                return "$" if name == "$" else f"${name}"
            self.gap(f"${name} has no value in .env; it was taken for empty", self.line(node))
            return ""

        try:
            return expand(node.text, self.env, escape="", quotes=False, unset=unset)
        except BadWord as error:
            raise self.error(f"a variable that cannot be read: {error}", self.line(node)) from error


def text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def items(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [] if value is None else [value]


def mapping(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def pairs(value: Value) -> dict[str, str | None]:
    """A mapping, or a list of NAME=VALUE; None for a name whose value the caller gives."""
    if isinstance(value, dict):
        return {name: each if isinstance(each, str) else None for name, each in value.items()}
    split = (each.partition("=") for each in items(value) if isinstance(each, str))
    return {name: given if equals else None for name, equals, given in split}
