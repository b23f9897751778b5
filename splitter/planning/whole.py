"""A script of the application that prepares and then gives way to its program, run as it is instead of taken apart."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace

from splitter.catalogue import foreground
from splitter.model.facts import Command, Process
from splitter.model.image import Image
from splitter.planning.draft import Draft
from splitter.planning.joined import SHORT
from splitter.shell.parse import parse
from splitter.shell.syntax import Simple

SHELLS = ("sh", "bash", "dash", "ash")


@dataclass(frozen=True)
class Harmless:
    """Names of processes that may run in any container: set-up, and what waits for another service."""

    setup: frozenset[str] = frozenset()
    waits: frozenset[str] = frozenset()


def adopt(draft: Draft, steps: list[Process], facts: Iterable[Process], harmless: Harmless, image: Image) -> None:
    """Let a service run the outermost script that only prepares for it, where it has such steps of its own.

    `steps` are the set-up that precedes the program; one-off steps and other programs must be parted, so a script
    that starts any of them is not run as it is.
    """
    main = draft.runs
    if main is None or draft.lines:
        return
    for script in main.launchers:
        # What is off stays off: the script starts it only where someone turns its switch.
        mine = [p for p in facts if script.id in p.scope and p.name != main.name and not p.off]
        unknown = unread(script, main, image)
        loops = any(" in a shell loop" in note for note in main.notes)
        if {p.name for p in mine} - harmless.setup - harmless.waits or not (
            unknown or loops or gives_way(script, image)
        ):
            continue
        own = [p for p in steps if script.id in p.scope]
        long = len(main.command.run) == 3 and main.command.run[2].count("\n") >= SHORT
        if own or long or unknown or any(p.name in harmless.waits for p in mine):
            draft.whole = replace(
                main,
                command=Command(script.command.argv, script.command.start),
                user=script.user,
                wrapper=script.wrapper,
                workdir=script.workdir,
                env=script.env,
                starters=script.starters,
            )
            draft.inner = own
        return


def unread(script: Process, main: Process, image: Image) -> bool:
    """Whether a script starts the program that it is told, and is of a base image that is not at hand.

    What it prepares nobody has seen (the official nginx renders its templates there), so it must not be left out.
    """
    words = script.command.argv
    told = main.command.argv
    if words == told or words[-len(told) :] != told or foreground(told) != told:
        return False
    at = 1 if posixpath.basename(words[0]) in SHELLS else 0
    if words[at].startswith("-"):
        return False
    path = image.which(words[at], script.workdir or image.config.workdir)
    node = image.node(path) if path else None
    return node is None or (node.origin is not None and node.origin.path.startswith("base image"))


def gives_way(process: Process, image: Image) -> bool:
    """Whether a script's last statement is `exec`, so that signals reach its program."""
    for word in process.command.argv[:2]:
        path = word if word.startswith("/") else image.which(word, process.workdir or image.config.workdir)
        text = image.read(path) if path else None
        if not isinstance(text, str) or not text.startswith("#!"):
            continue
        if "execlineb" in text.split("\n", 1)[0]:
            return True
        read = parse(text)
        last = read.body.body[-1] if read.body.body and not read.broken else None
        return isinstance(last, Simple) and last.words[:1] == ("exec",)
    return False
