"""A script of the application that prepares and then gives way to its program, run as it is instead of taken apart."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.planning.draft import Draft
from splitter.shell.parse import parse
from splitter.shell.syntax import Simple

LONG = 3  # lines of shell, from which on a program that is put together at run time is better left to its script


def adopt(
    draft: Draft, steps: list[Process], facts: Iterable[Process], prepares: Collection[str], image: Image
) -> None:
    """Let a service run the outermost script that only prepares for it, where it has such steps of its own.

    `steps` are the set-up steps that precede the program, and `prepares` the names of all set-up steps; one-off steps
    and other programs must be parted, so a script that starts any of them is not run as it is.
    """
    main = draft.runs
    if main is None or draft.lines:
        return
    for script in main.launchers:
        mine = [p for p in facts if script.id in p.scope and p.name != main.name]
        if any(p.name not in prepares for p in mine) or not gives_way(script, image):
            continue
        own = [p for p in steps if script.id in p.scope]
        long = len(main.command.run) == 3 and main.command.run[2].count("\n") >= LONG
        if own or long:
            draft.whole = replace(
                main,
                command=script.command,
                user=script.user,
                wrapper=script.wrapper,
                workdir=script.workdir,
                env=script.env,
            )
            draft.inner = own
        return


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
