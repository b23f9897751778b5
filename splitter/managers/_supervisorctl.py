"""Programs with autostart=false that another program starts by `supervisorctl start`."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from splitter.managers._packaged import packaged
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal
from splitter.shell.calls import Call, Trace
from splitter.shell.evaluate import evaluate

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
VALUED = ("-c", "-s", "-u", "-p", "-r", "--configuration", "--serverurl", "--username", "--password", "--history-file")


def started_by_programs(programs: list[Process], process: Process, image: Image, gaps: list[Gap]) -> list[Process]:
    """The programs, those taken as started that the scripts of the others start, after the one that does it.

    Scripts are read with the shell's evaluator; a start under a condition that is not met keeps a program off, with
    the condition as its switch.
    """
    found = {p.name: p for p in programs}
    waiting = [p for p in programs if not p.off]
    read: set[str] = set()
    while waiting:
        starter = waiting.pop(0)
        if starter.name in read:
            continue
        read.add(starter.name)
        for words, call in _starts(starter, process, image):
            for name in _names(words, programs, gaps, Evidence(call.path, call.line)):
                program = found[name]
                if not program.off or name == starter.name:
                    continue
                at = f"{call.path}:{call.line}"
                if call.off:
                    found[name] = replace(program, off=f"{call.off} ({at})")
                    continue
                notes = (f"started by {starter.name} ({at})", *(f"if {g}" for g in call.guards))
                after = tuple(n for n in program.after if n != starter.name)
                found[name] = replace(program, off="", after=(starter.name, *after), notes=(*program.notes, *notes))
                waiting.append(found[name])
    return [found[p.name] for p in programs]


def _starts(program: Process, process: Process, image: Image) -> Iterator[tuple[tuple[str, ...], Call]]:
    """What a program's script tells supervisorctl to start."""
    trace = _trace(program, process, image)
    for call in (*trace.calls, *(c for _, c in trace.taken)) if trace else ():
        for one in (call, *call.pipe):
            argv = list(one.argv)
            if posixpath.basename(argv[0]) != "supervisorctl":
                continue
            del argv[0]
            while argv and argv[0].startswith("-"):
                del argv[: 2 if argv[0] in VALUED else 1]
            if argv[:1] == ["start"]:
                yield tuple(argv[1:]), call


def _trace(program: Process, process: Process, image: Image) -> Trace | None:
    argv = program.command.argv
    env = {**image.config.env, **process.env, **program.env}
    cwd = program.workdir or process.workdir or image.config.workdir or "/"
    shell = posixpath.basename(argv[0])
    at = 0
    if shell in SHELLS:
        at = next((i for i, w in enumerate(argv) if i and not w.startswith("-")), 0)
        if not at:
            return None
        if any(w.startswith("-") and not w.startswith("--") and "c" in w for w in argv[1:at]):
            place = f"{program.evidence.path}"
            return evaluate(argv[at], path=place, env=env, args=argv[at + 2 :], cwd=cwd, files=image, dialect=shell)
    elif shell == "supervisorctl":
        line = program.command
        return evaluate(str(line), path=program.evidence.path, env=env, cwd=cwd, files=image)
    path = normal(posixpath.join(cwd, argv[at])) if at or "/" in argv[at] else image.which(argv[at])
    text = image.read(path) if path and (at or not packaged(argv, path)) else None
    if path is None or not isinstance(text, str):
        return None
    first = text.split("\n", 1)[0]
    named = [posixpath.basename(w) for w in first[2:].split()] if first.startswith("#!") else []
    dialect = next((w for w in named if w in SHELLS), shell if at else "")
    if not dialect:
        return None
    return evaluate(text, path=path, env=env, args=argv[at + 1 :], cwd=cwd, files=image, dialect=dialect)


def _names(words: tuple[str, ...], programs: list[Process], gaps: list[Gap], at: Evidence) -> Iterator[str]:
    for word in words:
        group, _, name = word.rpartition(":")
        names = [p.name for p in programs if p.name == name]
        if word == "all":
            names = [p.name for p in programs if p.evidence.note != "eventlistener"]
        elif name in ("*", ""):
            names = [p.name for p in programs if group in (p.name, _group(p))]
        if not names and "$" in word:
            gaps.append(Gap(f"supervisorctl start {word}: which program that is shows only when it runs", at))
        elif not names:
            gaps.append(Gap(f"supervisorctl start {word}: supervisord has no such program", at))
        yield from names


def _group(program: Process) -> str:
    said = "in supervisord's group "
    return next((n.removeprefix(said) for n in program.notes if n.startswith(said)), "")
