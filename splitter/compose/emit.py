"""Dicts, lists and scalars as the text of YAML, in the layout that people write Compose files in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitter.compose.scalars import literal, quoted, scalar

WIDTH = 100
ALWAYS_BLOCK = frozenset({"volumes", "ports", "configs"})
ALWAYS_QUOTED = frozenset({"ports"})


@dataclass(frozen=True)
class Alias:
    """`*name`."""

    name: str


@dataclass(frozen=True)
class Anchor:
    """`&name` before a mapping."""

    name: str
    value: "Mapping[str, Value]"


Value = str | int | Alias | Anchor | Sequence["Value"] | Mapping[str, "Value"]


def entry(key: str, value: Value, indent: int) -> list[str]:
    """The lines of one `key: value`."""
    pad = " " * indent
    head = f"{pad}{key if isinstance(value, Alias) else scalar(key)}:"
    if isinstance(value, Anchor):
        return [f"{head} &{value.name}", *mapping(value.value, indent + 2)]
    if isinstance(value, Mapping):
        return [head, *mapping(value, indent + 2)] if value else [f"{head} {{}}"]
    if isinstance(value, (str, int, Alias)):
        return _scalar(head, value, indent)
    flow = "[" + ", ".join(_word(v) for v in value if isinstance(v, (str, int))) + "]"
    short = all(isinstance(v, (str, int)) and "\n" not in str(v) for v in value)
    if not value or (short and key not in ALWAYS_BLOCK and len(head) + 1 + len(flow) <= WIDTH):
        return [f"{head} {flow}"]
    lines = [head]
    for item in value:
        lines += _item(item, indent + 2, key in ALWAYS_QUOTED)
    return lines


def mapping(value: Mapping[str, Value], indent: int) -> list[str]:
    return [line for key, item in value.items() for line in entry(key, item, indent)]


def _item(item: Value, indent: int, quote: bool) -> list[str]:
    pad = " " * indent
    if isinstance(item, Mapping):
        lines = mapping(item, indent + 2)
        return [f"{pad}- {lines[0].lstrip(' ')}", *lines[1:]]
    if quote and isinstance(item, str):
        return [f"{pad}- {quoted(item)}"]
    if isinstance(item, (str, int, Alias)):
        return _scalar(f"{pad}-", item, indent)
    raise TypeError(f"a list in a list: {item!r}")


def _scalar(head: str, value: str | int | Alias, indent: int) -> list[str]:
    if isinstance(value, str) and literal(value):
        body = value.removesuffix("\n")
        mark = "|" if value.endswith("\n") else "|-"
        return [f"{head} {mark}", *(" " * (indent + 2) + line if line else "" for line in body.split("\n"))]
    return [f"{head} {_plain(value)}"]


def _plain(value: str | int | Alias) -> str:
    if isinstance(value, Alias):
        return f"*{value.name}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else scalar(value)


def _word(value: Value) -> str:
    return quoted(value) if isinstance(value, str) else _plain(value) if isinstance(value, int) else ""
