"""Which declared steps those processes were that were over before anybody looked, and how they ended.

Of these the kernel's accounts have the name, the parent and the exit code, in the order in which they ended (acct(5)).
A script waits for one step before it begins the next, so where as many of a name ended under it as it has steps of that
name, and the script names that program nowhere else, the first is the first. In every other case nobody knows.
"""

from collections.abc import Iterable, Iterator, Mapping

from splitter.catalogue.peel import peel, unversioned
from splitter.inspection._match import Match, same
from splitter.managers._shell_trace import file_trace
from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.model.observation import End, Observation, Seen

COMM = 15  # characters of a program's name that the kernel keeps (TASK_COMM_LEN)


def codes(declared: Iterable[Process], seen: Observation, matched: Match, image: Image) -> dict[str, int]:
    """The exit codes of such steps by their names."""
    by_pid = {s.pid: s for s in seen.processes}
    looked = {s.pid for found in matched.found.values() for s in found if s.argv}
    done = {name for name, found in matched.found.items() if any(s.argv for s in found)}
    told: dict[str, int] = {}
    for script, steps in _scripts(declared, image):
        starts = [s for s in seen.processes if _ran(s, script)]
        if len(starts) != 1:
            continue
        below = [s for s in seen.processes if s.pid not in looked and not s.forked and _under(s, starts[0], by_pid)]
        texts = tuple(_texts(script, image))
        for name in sorted({s.name for s in below}):
            mine = [p for p in steps if p.name not in done and _called(p, name)]
            ends = _ends(s for s in below if s.name == name)
            alone = all(len({s.name for s in below if _called(p, s.name)}) == 1 for p in mine)
            if ends is not None and len(ends) == len(mine) and alone and _nowhere_else(name, steps, texts):
                told |= {p.name: end.exit_code for p, end in zip(mine, ends, strict=True)}
    return told


def _scripts(declared: Iterable[Process], image: Image) -> Iterable[tuple[Process, list[Process]]]:
    """Each script with the steps that it waits for, in its order."""
    found: dict[object, tuple[Process, list[Process]]] = {}
    for process in declared:
        if process.lifetime == "job" and not process.off:
            script = next((s for s in reversed(process.starters) if file_trace(s, image) is not None), None)
            if script is not None:
                found.setdefault((script.id, script.command), (script, []))[1].append(process)
    return found.values()


def _ran(each: Seen, script: Process) -> bool:
    """Whether a process is, or was before it called `exec`, that script.

    The first one of all was the image's own command, however soon it went on to another.
    """
    first = not each.parent and not script.starters
    return first or any(same(script.command.argv, line) for line in (each.argv, *each.before))


def _under(each: Seen, script: Seen, by_pid: Mapping[int, Seen]) -> bool:
    """Whether a process was started by the script itself, or by a part of it that runs in a shell of its own."""
    parent = by_pid.get(each.parent)
    while parent is not None and parent is not script and parent.forked:
        parent = by_pid.get(parent.parent)
    return parent is script and not each.alive


def _ends(found: Iterable[Seen]) -> list[End] | None:
    """How each of these ended, in their order; None where that is not known of all."""
    ends: list[End] = []
    for each in found:
        if len(each.ends) != each.times:
            return None
        ends += each.ends
    return sorted(ends)


def _called(process: Process, name: str) -> bool:
    """Whether the kernel may call a command so: by its program, by the interpreter, or by the script itself."""
    argv = process.command.argv
    meant = peel(argv)
    words = [argv[0] if argv else "", meant.program if meant is not None else ""]
    if any(name == word.rpartition("/")[2][:COMM] for word in words if word):
        return True
    return meant is not None and bool(meant.interpreter) and unversioned(name) == meant.interpreter


def _texts(script: Process, image: Image) -> Iterator[tuple[str, list[str]]]:
    """The lines of the script and of the files that it reads in."""
    trace = file_trace(script, image)
    if trace is None:
        return
    for path in dict.fromkeys((*(call.path for call in trace.calls), *(s.target for s in trace.sourced))):
        text = image.read(path)
        yield path, text.split("\n") if isinstance(text, str) else []


def _nowhere_else(name: str, steps: Iterable[Process], texts: tuple[tuple[str, list[str]], ...]) -> bool:
    """Whether only the lines of these steps hold the name, so that nothing else was started under it."""
    known = {(p.evidence.path, p.evidence.line) for p in steps}
    word = unversioned(name)
    holding = {(path, n) for path, lines in texts for n, line in enumerate(lines, 1) if word in line.partition("#")[0]}
    return bool(texts) and holding <= known
