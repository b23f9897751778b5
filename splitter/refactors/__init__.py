"""The refactors: each module finds one kind of coupling in Python source and rewrites it.

A refactor is a module of this folder with a docstring that says what it changes and one function

    rewrite(source, lines=None) -> Rewritten, or None where nothing is to be changed

found by its name; there is no list to edit. `lines` are the only lines that may be changed. Every other byte stays, the
result compiles, a second run changes nothing, and no text makes it raise.
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Rewritten:
    """The new text, and the variables that it reads now with the values that they have where nothing sets them."""

    text: str
    variables: Mapping[str, str]


Rewrite = Callable[[str, "Collection[int] | None"], "Rewritten | None"]


@cache
def refactors() -> dict[str, Rewrite]:
    """Every refactor by its module's name, in alphabetical order."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").rewrite for name in names}
