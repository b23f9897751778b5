"""Steps that came out of one script put together again: the script itself where it does just them, or one part of it.

A container that takes several steps of a script would else be told each of them with all that it needs in front.
"""

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from splitter.catalogue.peel import SHELLS
from splitter.model.facts import Command, Phase, Process

SHORT = 3  # lines of shell that are read at a glance: up to so many stay as they were found, where they were found
LONG = (
    20  # lines that nobody reads: from there on the image's own file is run where it can be, and functions are shared
)


@dataclass(frozen=True)
class _Piece:
    """Steps as a container may run them: `plain` one after another, or `called`, as the script around them does."""

    plain: tuple[Process, ...]
    called: Process | None = None

    @property
    def lines(self) -> int:
        return sum(lines(p) for p in self.plain)


@dataclass(frozen=True)
class _Around:
    """All that the scripts do. `inside` are the names of what each script leads to, `also` of what may run, too."""

    inside: dict[int, set[str]]
    leads: dict[int, dict[int, set[str]]]  # of each script, the names of all that each of its calls leads to
    also: frozenset[str]

    def free(self, script: Process, names: Collection[str]) -> frozenset[int]:
        """The calls of a script that may be made: they lead to these and to what may run, too, and to nothing else."""
        may = self.also.union(names)
        return frozenset(call for call, led in self.leads.get(id(script), {}).items() if led <= may)


def joined(steps: Sequence[Process], facts: Iterable[Process], also: Collection[str] = ()) -> list[Process]:
    """The same steps in the same order, told as shortly as can be. `facts` are all processes as they were found.

    A step that a cut has changed stays as it is, and so does what stands around it. Where a part of a script would be
    long, the steps in `also` may be run with it: set-up that nothing forbids to do in more than one container.
    """
    found = {p.name: p for p in facts}
    ours = {p.name for p in steps if (same := found.get(p.name)) and (same.command, same.env) == (p.command, p.env)}
    inside: dict[int, set[str]] = {}
    leads: dict[int, dict[int, set[str]]] = {}
    for process in found.values():
        for part in process.parts:
            if not process.off or process.name in ours:
                inside.setdefault(id(part.script), set()).add(process.name)
            for call in part.calls:
                leads.setdefault(id(part.script), {}).setdefault(call, set()).add(process.name)
    around = _Around(inside, leads, frozenset(also))
    pieces = _pieces([p if p.name in ours else replace(p, parts=()) for p in steps], 0, around)
    return [p for piece in pieces for p in piece.plain]


def lines(process: Process) -> int:
    """How many lines a process takes to write."""
    return max((word.count("\n") + 1 for word in process.command.start), default=1)


def _pieces(steps: Sequence[Process], depth: int, around: _Around) -> Iterator[_Piece]:
    """The steps put together below a depth of what started them."""

    def script(process: Process) -> int:
        return id(process.parts[depth].script) if len(process.parts) > depth else 0

    for key, group in groupby(steps, script):
        members = list(group)
        if not key:
            yield from (_Piece((p,), p) for p in members)
            continue
        within = list(_pieces(members, depth + 1, around))
        part = members[0].parts[depth]
        long = sum(piece.lines for piece in within) > LONG
        found = [piece for run in _runs(within) for piece in _together(run, depth, around)]
        rest = around.inside.get(key, set()) - {p.name for p in members}
        alone = not rest or (long and rest <= around.also)
        if part.script is not None and alone and (part.whole or (long and part.script.lifetime == "job")):
            called = replace(part.script, phase=_phase(members), name=members[0].name, lifetime="job",
                             parts=part.script.parts, launchers=part.script.launchers)  # fmt: skip
            plain = tuple(p for piece in found for p in piece.plain)
            if len(plain) > 1 or sum(map(lines, plain)) > SHORT or (part.calls and _told(part.script)):
                plain = (called,)
            yield _Piece(plain, called)
            continue
        yield from found


def _told(script: Process) -> bool:
    """Whether a shell script does what its words tell it (`manage migrate`): it is the application's own command.

    It also brings the user, the folder and the variables of what it starts, which would else stand before that.
    """
    words = script.command.argv
    if posixpath.basename(words[0]) in SHELLS:
        words = words[1:]
    return len(words) > 1 and not words[0].startswith("-") and not script.command.run


def _runs(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Neighbours that can be one part of the script around them; one that cannot stays alone."""
    run: list[_Piece] = []
    for piece in pieces:
        if piece.called is None:
            yield from ([run] if run else [])
            yield [piece]
            run = []
        else:
            run.append(piece)
    yield from [run] if run else []


def _together(run: list[_Piece], depth: int, around: _Around) -> Iterator[_Piece]:
    """Some steps of a script as one part of it, where that is shorter than each alone."""
    loose = [replace(piece, called=None) for piece in run]
    called = [piece.called for piece in run if piece.called is not None]
    plain = [p for piece in run for p in piece.plain]
    calls = frozenset(i for c in called for i in c.parts[depth].calls)
    render, script = (
        called[0].parts[depth].render if called else None,
        called[0].parts[depth].script if called else None,
    )
    if render is None or script is None or not all(c.parts[depth].calls for c in called):
        yield from loose
        return
    before = sum(piece.lines for piece in run)
    if before <= SHORT:
        yield from loose
        return
    run_ = render(calls)
    one = replace(
        called[0],
        command=Command(plain[0].command.argv, run_),
        phase=_phase(plain),
        user=script.user,
        wrapper=script.wrapper,
        launchers=(*script.launchers, script),
        parts=(),
    )
    if lines(one) > LONG and (ready := _edited(run, depth, around)):
        yield ready[0]
        yield from _together(run[ready[1] :], depth, around) if run[ready[1] :] else ()
    elif lines(one) < before:
        yield _Piece((one,))
    else:
        yield from loose


def _edited(run: list[_Piece], depth: int, around: _Around) -> tuple[_Piece, int] | None:
    """As many steps of a script as it can run itself, told to leave out the rest; and how many these are."""
    called = [piece.called for piece in run if piece.called is not None]
    script, edit = called[0].parts[depth].script, called[0].parts[depth].edit
    if script is None or edit is None:
        return None
    for count in range(len(called), 0, -1):
        calls = frozenset(i for c in called[:count] for i in c.parts[depth].calls)
        plain = [p for piece in run[:count] for p in piece.plain]
        words = edit(calls, around.free(script, [p.name for p in plain]))
        if words and sum(map(lines, plain)) > LONG:
            one = replace(
                script,
                command=Command(plain[0].command.argv, words),
                name=plain[0].name,
                phase=_phase(plain),
                lifetime="job",
                evidence=plain[0].evidence,
                launchers=(*script.launchers, script),
                parts=(),
            )
            return _Piece((one,)), count
    return None


def _phase(steps: Iterable[Process]) -> Phase:
    return "prepare" if all(p.phase == "prepare" for p in steps) else "once"
