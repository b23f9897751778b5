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


def trace(path: str, image: Image, env: Mapping[str, str], cwd: str = "/", user: str | None = None) -> Trace | None:
    """What the shell script at this path does; None where there is none, or it is another language's.

    `user` is who runs it: "" for root, None where that is not known.
    """
    text = image.read(path)
    if not isinstance(text, str):
        return None
    words = text.split("\n", 1)[0].removeprefix("#!").split() if text.startswith("#!") else ["sh"]
    dialect = next((name for w in words if (name := posixpath.basename(w)) in SHELLS), "")
    return evaluate(text, path=path, env=env, cwd=cwd, files=image, dialect=dialect, user=user) if dialect else None


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
