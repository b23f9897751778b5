"""What `argparse` makes of a launcher's arguments: the module itself is asked, with the options that the script adds.

Nothing of the script runs for it: types, defaults and choices count as far as they are plain values.
"""

import argparse
import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.managers._python_values import Name, Unknown, known

ACTIONS = ("store", "store_true", "store_false", "store_const", "append", "count", "extend")
COUNTS = ("?", "*", "+", "...", *range(1, 20))
TYPES = {"str": str, "int": int, "float": float}


class _Wrong(Exception):
    """The arguments do not fit."""


class _Quiet(argparse.ArgumentParser):
    def error(self, message: str) -> "None":  # type: ignore[override]
        raise _Wrong(message)


@dataclass(eq=False)
class Parser:
    """An ArgumentParser of the script, or a group of one."""

    added: list[tuple[list[str], dict[str, object]]] = field(default_factory=list)

    def add(self, args: list[object], more: Mapping[str, object]) -> None:
        names = [a for a in args if isinstance(a, str)]
        if names and len(self.added) < 200:
            self.added.append((names, dict(more)))

    def parse(self, argv: list[str]) -> tuple[dict[str, object], list[str]] | None:
        """The values by name and the words left over; None where the arguments do not fit."""
        parser = _Quiet(add_help=False)
        lost: dict[str, Unknown] = {}
        try:
            for names, more in self.added:
                made = parser.add_argument(*names, **_plain(more))  # type: ignore[arg-type]
                default = more.get("default")
                if default is not None and not known(default):
                    lost[made.dest] = default if isinstance(default, Unknown) else Unknown(made.dest)
            with contextlib.redirect_stderr(io.StringIO()):
                values, left = parser.parse_known_args(argv)
        except (Exception, SystemExit):  # whatever a text of the image makes it raise
            return None
        found = dict(vars(values))
        for name, unknown in lost.items():
            if found.get(name) is None:
                found[name] = unknown
        return found, left


def _plain(more: Mapping[str, object]) -> dict[str, object]:
    """The options that say how many words there are and what they become."""
    made: dict[str, object] = {}
    for key in ("nargs", "const", "default", "dest"):
        value = more.get(key)
        if value is not None and known(value) and (key != "nargs" or value in COUNTS):
            made[key] = value
    if isinstance(more.get("required"), bool) and "default" not in more:
        made["required"] = more["required"]
    action = more.get("action")
    if isinstance(action, str) and action in ACTIONS:
        made["action"] = action
    kind = more.get("type")
    if isinstance(kind, Name) and kind.full in TYPES and action in (None, "store", "append"):
        made["type"] = TYPES[kind.full]
    return made
