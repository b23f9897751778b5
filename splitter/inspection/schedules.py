"""Schedules hidden inside a program: a library that its application depends on and that starts work by the clock.

More than one such process would do the work more than once, unless the library itself sees to it.
"""

import fnmatch
import posixpath
from collections.abc import Iterator
from dataclasses import replace

from splitter.catalogue import Hidden, hidden, peel
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image

NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/@:")


def noted(processes: tuple[Process, ...], image: Image) -> tuple[Process, ...]:
    """The same processes, with a note on each that schedules work inside itself, as far as its dependencies say."""
    seen: dict[str, list[tuple[Hidden, Evidence]]] = {}
    done = []
    for process in processes:
        folder = process.workdir or image.config.workdir or "/"
        if process.lifetime == "service" and not process.off:
            if folder not in seen:
                seen[folder] = list(_libraries(folder, image))
            notes = [_note(h, at) for h, at in seen[folder] if _loads(process, h)]
            process = replace(process, notes=(*process.notes, *notes)) if notes else process
        done.append(process)
    return tuple(done)


def _libraries(folder: str, image: Image) -> Iterator[tuple[Hidden, Evidence]]:
    texts: dict[str, list[set[str]]] = {}
    for known in hidden():
        for name in known.files:
            path = posixpath.join(folder, name)
            if path not in texts:
                text = image.read(path)
                texts[path] = [_words(line) for line in text.splitlines()] if isinstance(text, str) else []
            line = next((n for n, words in enumerate(texts[path], 1) if words & set(known.words)), None)
            if line is not None:
                yield known, Evidence(path, line)
                break


def _words(line: str) -> set[str]:
    """The names of one line, comments left out; `gem "x"`, `"x": "^1"` and `x>=1` all name x."""
    if line.lstrip().startswith(("#", "//")):
        return set()
    return set("".join(c if c in NAME else " " for c in line).split())


def _loads(process: Process, known: Hidden) -> bool:
    meant = peel(process.command.argv)
    names = {process.command.program, meant.name if meant else ""}
    return any(fnmatch.fnmatchcase(n, pattern) for n in names if n for pattern in known.inside)


def _note(known: Hidden, at: Evidence) -> str:
    if known.once:
        return f"it may run a schedule inside ({known.name}, {at}), which sees to it that more than one do no harm"
    return f"it may run a schedule inside ({known.name}, {at}): more than one would do its work more than once"
