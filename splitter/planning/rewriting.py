"""The words of what a service runs, changed in its plain form and in the one that a shell runs."""

from collections.abc import Callable
from dataclasses import replace

from splitter.model.facts import Process
from splitter.planning.draft import Draft


def appended(words: tuple[str, ...], extra: tuple[str, ...]) -> tuple[str, ...]:
    """More words for a command; in a shell line they go to its last command."""
    if len(words) == 3 and words[1] in ("-c", "-ec"):
        return (*words[:2], f"{words[2]} {' '.join(extra)}")
    return (*words, *extra)


def rewrite(draft: Draft, words: Callable[[tuple[str, ...]], tuple[str, ...]], only: str = "") -> bool:
    """Change the words of what a service runs, in its plain form and in the one that a shell runs.

    `only` is the one program that is meant, where a service runs several.
    """
    changed = False

    def one(process: Process) -> Process:
        nonlocal changed
        if only and process.name != only:
            return process
        command = process.command
        argv, run = words(command.argv), words(command.run) if command.run else ()
        changed = changed or argv != command.argv
        return replace(process, command=replace(command, argv=argv, run=run, spoken=""))

    if draft.runs is not None:
        draft.runs = one(draft.runs)
    draft.beside = [one(p) for p in draft.beside]
    draft.steps = [one(p) for p in draft.steps]
    draft.prepare = [one(p) for p in draft.prepare]
    return changed
