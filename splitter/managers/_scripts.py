"""Shell scripts that a manager starts, read for what they tell the manager itself and for the files they write."""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.managers._packaged import packaged
from splitter.model.facts import Process
from splitter.model.image import Image, Node
from splitter.shell.calls import Call, Trace
from splitter.shell.effects import effects
from splitter.shell.evaluate import evaluate

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
# Interpreters that are a shell with a library: the shell, the line that comes before a script, and how the library's
# functions begin. bashio's launcher (github.com/hassio-addons/bashio, lib/bashio) sets these options and reads in the
# library, then the script.
WITH_LIBRARY = {"bashio": ("bash", "set -Eeo pipefail; . /usr/lib/bashio/bashio.sh", "bashio::")}


def plain(text: str, interpreter: str = "") -> str:
    """A script for its shell alone: the library of its interpreter is read in where the `#!` line stands.

    The interpreter is the one given, or that of the `#!` line. Any other script is returned as it is.
    """
    first, end, rest = text.partition("\n")
    words = [posixpath.basename(w) for w in first[2:].split()] if first.startswith("#!") else []
    name = interpreter or next((w for w in words if w in WITH_LIBRARY), "")
    return f"{WITH_LIBRARY[name][1]}{end}{rest}" if name in WITH_LIBRARY and words else text


def with_library(part: str, script: str) -> str:
    """A part of a script that `plain` gave, behind the library that the script reads in, where it uses any of that."""
    for _, line, prefix in WITH_LIBRARY.values():
        if script.startswith(f"{line}\n") and prefix in part and line not in part:
            return f"{line}\n{part}"
    return part


def trace(path: str, image: Image, env: Mapping[str, str], cwd: str = "/", user: str | None = None) -> Trace | None:
    """What the shell script at this path does; None where there is none, or it is another language's.

    `user` is who runs it: "" for root, None where that is not known.
    """
    text = image.read(path)
    if not isinstance(text, str):
        return None
    words = text.split("\n", 1)[0].removeprefix("#!").split() if text.startswith("#!") else ["sh"]
    names = [WITH_LIBRARY.get(name, (name,))[0] for name in map(posixpath.basename, words)]
    dialect = next((name for name in names if name in SHELLS), "")
    return (
        evaluate(plain(text), path=path, env=env, cwd=cwd, files=image, dialect=dialect, user=user) if dialect else None
    )


def script(program: str, process: Process, image: Image) -> str:
    """The name of the interpreter where a program's name leads to a script at hand: "sh", "python3", "execlineb"."""
    path = image.which(program, process.workdir or image.config.workdir or "/", process.env.get("PATH"))
    text = image.read(path) if path and not packaged((program,), path) else None
    if not isinstance(text, str) or not text.startswith("#!"):
        return ""
    words = [posixpath.basename(w) for w in text[2:].split("\n", 1)[0].split() if not w.startswith("-")]
    return next((w for w in words if w != "env"), "")


def named_after(manager: str, process: Process, image: Image) -> bool:
    """Whether a command is a shell script of the application that only bears a manager's name (`./docker/supervisord`).

    A manager itself is found on the PATH or in a folder of programs.
    """
    program = process.command.argv[0] if process.command.argv else ""
    folder, name = posixpath.split(program)
    if name != manager or not folder or posixpath.basename(folder) in ("bin", "sbin"):
        return False
    return script(program, process, image) in SHELLS


def calls(found: Trace | None) -> Iterator[Call]:
    """Every call, those of pipelines too."""
    for call in found.calls if found else ():
        yield call
        yield from call.pipe


def certain(call: Call) -> bool:
    """Whether it is made whenever the script runs to that place."""
    return not (call.off or call.guards or call.background or call.operator == "||")


def written(found: Trace | None, image: Image) -> dict[str, Node | None]:
    """The entries that a script writes for certain, by path; one whose text is not known raises OSError when read."""
    changes: dict[str, Node | None] = {}
    for call in found.calls if found else ():
        if certain(call):
            changes.update(effects(call, image.with_files(changes)) or {})
    return changes
