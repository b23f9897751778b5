"""The managers: each module reads one kind of command into the processes that it starts.

A manager is a module of this folder with a docstring that says how it works and one function

    expand(process, image) -> list of Process and Gap, or None where the command is not its own

found by its name; there is no list to edit. It must not raise on any text, whatever the image holds.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache

from splitter.model.facts import Gap, Process
from splitter.model.image import Image

Expand = Callable[[Process, Image], "list[Process | Gap] | None"]


@cache
def managers() -> dict[str, Expand]:
    """Every manager by its module's name, in alphabetical order."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").expand for name in names}
