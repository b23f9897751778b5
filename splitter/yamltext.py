"""A YAML document that keeps every byte: where each key stands, and edits that splice whole lines.

Built on PyYAML's events, for only they know where an alias stands. Scalars keep their text: nothing is resolved to a
number or a truth, so `22:22` and `on` are the strings that the file has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import yaml

from splitter.errors import SplitterError

Kind = Literal["mapping", "sequence", "scalar", "alias"]
Key = str | int
Path = tuple[Key, ...]


@dataclass(frozen=True)
class Node:
    """One value. `start` and `end` are its own span, without the comments and blank lines that follow it.

    `text` is a scalar's value or an alias's name; `plain` tells a scalar without quotes (`~` is null only then).
    `keys` has the nodes of a mapping's keys, beside `values`.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    plain: bool = False
    flow: bool = False
    anchor: str = ""
    keys: tuple["Node", ...] = ()
    values: tuple["Node", ...] = ()

    def items(self) -> Iterator[tuple[Key, "Node"]]:
        """Children by key (a mapping) or index (a sequence)."""
        for index, value in enumerate(self.values):
            yield (self.keys[index].text if self.kind == "mapping" else index), value

    def child(self, key: Key) -> "Node | None":
        return next((v for k, v in self.items() if k == key), None)

    @property
    def block(self) -> bool:
        return self.kind in ("mapping", "sequence") and not self.flow


@dataclass(frozen=True)
class Document:
    """A text and its one document. `edited` gives the text after splices; the document itself never changes."""

    source: str
    root: Node
    _splices: tuple[tuple[int, int, str], ...] = field(default=())

    @classmethod
    @lru_cache(maxsize=4)  # PyYAML is slow on long texts, and what was rendered is read again by several stages
    def parse(cls, source: str, name: str = "the file") -> "Document":
        """Raises SplitterError, with the line, where it is no YAML, not one mapping, or names a key twice."""
        try:
            events = list(yaml.parse(source, Loader=yaml.SafeLoader))
            if sum(isinstance(e, yaml.DocumentStartEvent) for e in events) != 1:
                raise SplitterError("not one YAML document", "a compose file has one", name)
            nodes: list[yaml.Event] = [e for e in events if isinstance(e, yaml.NodeEvent | yaml.CollectionEndEvent)]
            root = _Builder(source, name, nodes).node()
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            mark = getattr(error, "problem_mark", None)
            said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).split("\n")[0]
            at = f"{name}:{mark.line + 1}" if mark else name
            raise SplitterError(f"not YAML: {said}", "put it right, or move it away", at) from None
        except RecursionError:
            raise SplitterError("nested too deep", "put it right, or move it away", name) from None
        if root.kind != "mapping":
            raise SplitterError("not a mapping at its top", "a compose file begins with `services:`", name)
        return cls(source, root)

    def get(self, path: Path) -> Node | None:
        """The node at a path; an alias is given as such, never followed."""
        node: Node | None = self.root
        for key in path:
            if node is None:
                return None
            node = node.child(key)
        return node

    def text(self, path: Path) -> str | None:
        """The text of a scalar; None where there is none or it is no scalar."""
        node = self.get(path)
        return node.text if node is not None and node.kind == "scalar" else None

    def indent(self, path: Path) -> int:
        """The column of the children of a block mapping or sequence."""
        node = self._block(path)
        first = (node.keys or node.values)[0].start
        if node.kind == "sequence":
            first = self.source.rindex("-", 0, first)
        return first - self._line(first)

    def lines(self, path: Path) -> tuple[int, int]:
        """The span of the whole lines of an entry: from its key's or dash's line to the end of its last line."""
        parent = self._block(path[:-1])
        value = parent.child(path[-1])
        if value is None:
            raise KeyError(path)
        index = [k for k, _ in parent.items()].index(path[-1])
        begin = parent.keys[index].start if parent.kind == "mapping" else value.start
        start = self._line(begin)
        ahead = self.source[start:begin].replace("\ufeff", "")
        if parent.kind == "sequence":
            ahead = ahead.replace("-", "", 1)
        if ahead.strip():
            raise self._refuse(path, "shares its line with something else")
        end = self.source.find("\n", max(value.end, begin))
        return start, len(self.source) if end < 0 else end + 1

    def lead(self, path: Path) -> int:
        """Where the comment lines right above an entry begin; the start of its own lines where there are none."""
        start, _ = self.lines(path)
        while start > 0:
            above = self._line(start - 1)
            if not self.source[above:start].lstrip("\ufeff ").startswith("#"):
                break
            start = above
        return start

    def splice(self, start: int, end: int, text: str) -> "Document":
        """The document with one more edit to be made; spans are those of the text that was parsed."""
        return Document(self.source, self.root, (*self._splices, (start, end, text)))

    def edited(self) -> str:
        """The text with all edits made; nothing outside their spans changes. Edits never overlap."""
        done, at = [], 0
        for start, end, text in sorted(self._splices, key=lambda s: (s[0], s[1])):
            if start < at:
                raise ValueError(f"two edits at {start}")
            done += [self.source[at:start], text]
            at = end
        return "".join((*done, self.source[at:]))

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.source else "\n"

    def _line(self, at: int) -> int:
        return self.source.rfind("\n", 0, at) + 1

    def _block(self, path: Path) -> Node:
        node: Node = self.root
        for depth in range(len(path) + 1):
            if node.kind == "alias":
                raise self._refuse(path[:depth], f"is the alias *{node.text}")
            if node.flow:
                raise self._refuse(path[:depth], "is written in one line, in braces or brackets")
            if depth < len(path):
                below = node.child(path[depth])
                if below is None:
                    raise KeyError(path)
                node = below
        if not node.block:
            raise self._refuse(path, "is no mapping or list")
        return node

    def _refuse(self, path: Path, why: str) -> SplitterError:
        return SplitterError(f"{dotted(path)} {why}, and cannot be edited safely", "change it by hand, or move it away")


def dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the file"


class _Builder:
    """Nodes from events, in order; each with its true end."""

    def __init__(self, source: str, name: str, events: list[yaml.Event]) -> None:
        self._source, self._name, self._events, self._at = source, name, events, 0

    def node(self) -> Node:
        event = self._events[self._at]
        self._at += 1
        start, end = _span(event)
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end, text=event.anchor or "")
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        anchor = event.anchor or ""
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):
                end = start + len(self._source[start:end].rstrip())
            plain = event.style is None or event.style == ""
            return Node("scalar", start, end, text=event.value, plain=plain, anchor=anchor)
        keys: list[Node] = []
        values: list[Node] = []
        mapping = isinstance(event, yaml.MappingStartEvent)
        while not isinstance(self._events[self._at], yaml.CollectionEndEvent):
            if mapping:
                keys.append(self._key(keys))
            values.append(self.node())
        closing = self._events[self._at]
        self._at += 1
        flow = bool(event.flow_style)
        # A block's own end mark overshoots what follows it; it ends with its last leaf.
        end = _span(closing)[1] if flow else max((n.end for n in (*keys[-1:], *values[-1:])), default=end)
        kind: Kind = "mapping" if mapping else "sequence"
        return Node(kind, start, end, flow=flow, anchor=anchor, keys=tuple(keys), values=tuple(values))

    def _key(self, before: list[Node]) -> Node:
        key = self.node()
        if key.kind != "scalar":
            line = self._source.count("\n", 0, key.start) + 1
            raise SplitterError("a key that is no text", "put it right, or move it away", f"{self._name}:{line}")
        if key.text != "<<" and any(k.text == key.text for k in before):
            line = self._source.count("\n", 0, key.start) + 1
            raise SplitterError(f"the key {key.text} stands twice", "keep one of the two", f"{self._name}:{line}")
        return key


def _span(event: yaml.Event) -> tuple[int, int]:
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index
