"""Steps that came out of one script put together again: the script itself where it does just them, or one part of it.

A container that takes several steps of a script would else be told each of them with all that it needs in front.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from splitter.catalogue.peel import SHELLS
from splitter.model.facts import Command, Phase, Process

SHORT = 3  # lines of one step, up to which it stays as it was found


@dataclass(frozen=True)
class _Piece:
    """Steps as a container may run them: `plain` one after another, or `called`, as the script around them does."""

    plain: tuple[Process, ...]
    called: Process | None = None

    @property
    def lines(self) -> int:
        return sum(lines(p) for p in self.plain)


def joined(steps: Sequence[Process], facts: Iterable[Process]) -> list[Process]:
    """The same steps in the same order, told as shortly as can be. `facts` are all processes as they were found.

    A step that a cut has changed stays as it is, and so does what stands around it.
    """
    found = {p.name: p for p in facts}
    ours = {p.name for p in steps if (same := found.get(p.name)) and (same.command, same.env) == (p.command, p.env)}
    inside: dict[int, set[str]] = {}
    for process in found.values():
        for part in process.parts:
            if not process.off or process.name in ours:
                inside.setdefault(id(part.script), set()).add(process.name)
    pieces = _pieces([p if p.name in ours else replace(p, parts=()) for p in steps], 0, inside)
    return [p for piece in pieces for p in piece.plain]


def lines(process: Process) -> int:
    """How many lines a process takes to write."""
    return max((word.count("\n") + 1 for word in process.command.start), default=1)


def _pieces(steps: Sequence[Process], depth: int, inside: dict[int, set[str]]) -> Iterator[_Piece]:
    """The steps put together below a depth of what started them."""

    def script(process: Process) -> int:
        return id(process.parts[depth].script) if len(process.parts) > depth else 0

    for key, group in groupby(steps, script):
        members = list(group)
        if not key:
            yield from (_Piece((p,), p) for p in members)
            continue
        within = list(_pieces(members, depth + 1, inside))
        part = members[0].parts[depth]
        found = [piece for run in _runs(within) for piece in _together(run, depth)]
        if part.whole and part.script is not None and inside.get(key, set()) <= {p.name for p in members}:
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


def _together(run: list[_Piece], depth: int) -> Iterator[_Piece]:
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
    if lines(one) < before:
        yield _Piece((one,))
    else:
        yield from loose


def _phase(steps: Iterable[Process]) -> Phase:
    return "prepare" if all(p.phase == "prepare" for p in steps) else "once"
