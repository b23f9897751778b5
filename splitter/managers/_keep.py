"""Programs of one manager that must stay in one container: what a manager is asked for, and what it answers.

A manager that can start some of its programs without the others has, beside `expand`, a function

    keep(members, process, image) -> Kept, or None where it cannot

where `process` is the manager itself as it was started. It is found by its name, like `expand`.
"""

import importlib
import pkgutil
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from splitter import managers
from splitter.model.facts import Process
from splitter.model.image import Image


@dataclass(frozen=True)
class Member:
    """One program. `unit` is what the manager starts for it; with `words` these are started in its place.

    `step`: it is set-up that precedes the programs, for a manager that runs such steps itself.
    """

    name: str
    unit: Process
    words: tuple[str, ...] = ()
    step: bool = False


@dataclass(frozen=True)
class Kept:
    """How the container starts. `files` are texts that it needs, by path; `env` what their secrets gave before.

    `first`: it must be the container's first process. `steps`: names of the members that it runs as set-up.
    """

    command: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    first: bool = False
    steps: frozenset[str] = frozenset()


Keep = Callable[[Sequence[Member], Process, Image], "Kept | None"]


@cache
def keepers() -> dict[str, Keep]:
    """The managers that can keep some of their programs, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(managers.__path__) if not m.name.startswith("_"))
    modules = {name: importlib.import_module(f"{managers.__name__}.{name}") for name in names}
    return {name: module.keep for name, module in modules.items() if hasattr(module, "keep")}


def programs(members: Sequence[Member]) -> list[Member]:
    """The members without steps: for a manager that runs none itself."""
    return [m for m in members if not m.step]


def runner(member: Member) -> str:
    """A run script that starts a member's own words."""
    return f"#!/bin/sh\nexec {shlex.join(member.words)}\n"


def script_of(member: Member) -> tuple[str, str]:
    """Where the script of a member's own words is put, and its text."""
    return f"/together/{member.name}.sh", runner(member)


def placed(members: Sequence[Member], folder: Callable[[Member], str]) -> list[str]:
    """Shell lines that put what is started in the place of a unit into its folder."""
    lines = []
    for member in members:
        if member.words:
            run = shlex.quote(f"{folder(member)}/run")
            lines.append(f"printf '%s\\n' {shlex.quote(runner(member).rstrip())} > {run}")
    return lines
