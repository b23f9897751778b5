"""Programs with autostart=false that another program starts by `supervisorctl start`."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace

from splitter.catalogue import peel
from splitter.managers import _scripts
from splitter.managers._packaged import packaged
from splitter.managers._shell_target import Script, target
from splitter.managers._shell_trace import reading
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image
from splitter.shell.calls import Call, Trace
from splitter.shell.evaluate import evaluate

MAX_HOPS = 4  # scripts that take one another's place
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
    yield from _told(trace, {**process.env, **program.env}, image, set())


def _told(
    trace: Trace | None, env: Mapping[str, str], image: Image, seen: set[str]
) -> Iterator[tuple[tuple[str, ...], Call]]:
    for call in (*trace.calls, *(c for _, c in trace.taken)) if trace else ():
        if call.exec and len(seen) < MAX_HOPS and (path := _script_of(call, image)) not in seen | {""}:
            # Another script, or the same one as another user, takes its place.
            seen.add(path)
            inner = _scripts.trace(path, image, {**image.config.env, **env, **call.env}, call.cwd or "/")
            yield from _told(inner, env, image, seen)
        for one in (call, *call.pipe):
            argv = list(one.argv)
            if posixpath.basename(argv[0]) != "supervisorctl":
                continue
            del argv[0]
            while argv and argv[0].startswith("-"):
                del argv[: 2 if argv[0] in VALUED else 1]
            if argv[:1] == ["start"]:
                yield tuple(argv[1:]), call


def _script_of(call: Call, image: Image) -> str:
    """The script of the image that a call starts, `gosu USER` and the like looked through; "" for a program."""
    meant = peel(call.argv)
    path = image.which(meant.program, call.cwd or "/") if meant is not None and meant.program else None
    return path if path and not packaged((meant.program,) if meant else (), path) else ""


def _trace(program: Process, process: Process, image: Image) -> Trace | None:
    child = replace(
        program,
        env={**process.env, **program.env},
        user=program.user or process.user,
        workdir=program.workdir or process.workdir,
    )
    script = target(child, image)
    if isinstance(script, Script):
        return reading(child, script, image).trace
    if posixpath.basename(program.command.argv[0]) == "supervisorctl":
        env, cwd = {**image.config.env, **child.env}, child.workdir or image.config.workdir or "/"
        return evaluate(str(program.command), path=program.evidence.path, env=env, cwd=cwd, files=image)
    return None


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
