"""YAML and TOML as a list of their plain values, each with the keys that lead to it."""

import tomllib
from collections.abc import Iterator

from splitter.catalogue import load_yaml

Value = tuple[tuple[str, ...], str]


def values(text: str, path: str) -> Iterator[Value]:
    """Every plain value with the keys that lead to it; nothing where the file is neither YAML nor TOML."""
    try:
        root: object = tomllib.loads(text) if path.endswith(".toml") else load_yaml(text)
    except (ValueError, RecursionError):
        return
    open_: list[tuple[tuple[str, ...], object]] = [((), root)]
    for _ in range(20_000):
        if not open_:
            return
        keys, value = open_.pop(0)
        if isinstance(value, dict):
            open_ += [((*keys, str(k)), v) for k, v in value.items()]
        elif isinstance(value, list):
            open_ += [((*keys, str(i)), v) for i, v in enumerate(value)]
        elif keys and isinstance(value, str | int) and not isinstance(value, bool):
            yield keys, str(value)


def line_of(text: str, value: str) -> int | None:
    """The line on which a value first stands."""
    at = text.find(value)
    return text.count("\n", 0, at) + 1 if at >= 0 and value else None
