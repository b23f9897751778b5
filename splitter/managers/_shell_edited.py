"""A script of the image run as it stands there, but for a few statements: `sed` takes these out as it is read.

What a long script does for one container is mostly all that it does but for what starts in other containers. To write
that out would copy the script into a file that people read; instead the image's own file is read again, and only the
statements that lead to other things are said: a call that goes becomes `:`, one that the script gives way to `exit 0`.
A statement is named by its text, so that a script that has changed is not cut in another place than was meant; one
whose text does not tell it from the others cannot be taken out, and then there is no such script.
"""

import posixpath
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

from splitter.managers._shell_target import SHELLS
from splitter.managers._shell_target import Script as Script_
from splitter.model.facts import Process
from splitter.shell.calls import Call, Trace
from splitter.shell.syntax import Script, Simple

Placed: TypeAlias = tuple[int, Call]

MAX_EDITS = 10  # statements that are taken out of one script
MAX_BYTES = 100_000  # of a script that is handed on as one word (Linux takes 128 KiB, execve(2))
MAX_PATTERN = 60  # letters of a statement that name it
LEAVES = "exit 0"


@dataclass(frozen=True)
class _Edit:
    """Lines that begin with a text (or hold it, or are within two of them), and what they become."""

    text: str
    put: str
    blank: str = ""  # how such lines are indented; None where the text may stand anywhere in a line
    rest: bool = False  # the line goes on after the text
    inside: bool = False
    until: str = ""

    def applies(self, line: str) -> bool:
        if self.inside:
            return self.text in line
        own = line.lstrip(self.blank) if self.blank else line
        return own.startswith(self.text) if self.rest else own == self.text

    def __str__(self) -> str:
        """The expression of sed."""
        mark = next((m for m in "/|#,@" if m not in self.text + self.put), "")
        start = "" if self.inside else {"": "^", " ": "^ *"}.get(self.blank, "^[[:blank:]]*")
        end = "" if self.inside else ".*" if self.rest else "$"
        if self.until:
            return f"/{start}{_literal(self.text, '/')}$/,/{start}{_literal(self.until, '/')}$/s/.*/{self.put}/"
        return f"s{mark}{start}{_literal(self.text, mark)}{end}{mark}{self.put}{mark}"


def without(
    process: Process, script: Script_, read: Script, trace: Trace, keep: Collection[int],
    gone: tuple[Iterable[int], Iterable[Placed]], given: Collection[str],
) -> tuple[str, ...]:  # fmt: skip
    """The command that runs a script's file for some of its calls; () where it cannot be told shortly.

    `gone` are the calls that must not be made: by their numbers, and those in a `$(...)` with the number of calls
    before them. `given` are the variables that the script has from outside.
    """
    words = [a if isinstance(a, str) else a.text for a in script.args]
    if process.command.run or any(c in a for a in words for c in "$`*?["):
        return ()
    calls = trace.calls
    told = sorted([*((i, calls[i]) for i in gone[0]), *gone[1]], key=lambda one: one[0])
    edits = edited(script.path, read, [(i, calls[i]) for i in keep], told)
    if edits is None:
        return ()
    if not edits:
        return process.command.start
    # Variables that must not be set for these calls to be made, and that the script sets for what comes after.
    told_by = (by.partition("=") for i in keep for by in calls[i].decided)
    unset = {name for name, _, value in told_by if not value and name in trace.env and name not in given}
    front = ("env", *(f"-u{name}" for name in sorted(unset))) if unset else ()
    shell = (script.dialect or "sh", *options(process.command.argv, script.text), "-c")
    text = f'"$({read_as(script.path, edits)})"'
    line = f"{shlex.join((*front, *shell))} {text} {shlex.join((script.path, *words))}"
    return ("/bin/sh", "-c", f"# the image's script, but for the lines that other services run\n{line}")


def edited(path: str, script: Script, keep: Sequence[Placed], gone: Sequence[Placed]) -> Sequence[str] | None:
    """What sed is told so that the script does not make some of its calls; None where that cannot be told shortly.

    `keep` are calls that it must still make, `gone` those that it must not, each with its place in the order of all.
    """
    text = script.raw.decode("utf-8", "replace")
    if script.broken or len(script.raw) > MAX_BYTES or "BASH_SOURCE" in text:
        return None
    sites = _sites(path, script, keep, gone)
    here = {site[1:] for _, one in keep for call in (one, *one.pipe) for site in call.frames if site[0] == path}
    edits = _edits(text, script, sites, here) if sites is not None else None
    return None if edits is None or len(edits) > MAX_EDITS else [str(e) for e in edits]


def read_as(path: str, edits: Sequence[str]) -> str:
    """The command that prints a file with some edits made."""
    told = [f"-e {shlex.quote(e)}" for e in edits]
    return " \\\n  ".join([f"sed {told[0]}", *told[1:], shlex.quote(path)])


def options(argv: Sequence[str], text: str) -> tuple[str, ...]:
    """The options that the script's shell is started with: where it is named, else by the script's first line."""
    named = posixpath.basename(argv[0]) in SHELLS
    first = text.split("\n", 1)[0]
    words = argv if named else first.removeprefix("#!").split() if first.startswith("#!") else ()
    at = next((n for n, w in enumerate(words) if posixpath.basename(w) in SHELLS), len(words))
    return tuple(takewhile(lambda word: word[:1] in "-+" and len(word) > 1, words[at + 1 :]))


def _sites(
    path: str, script: Script, keep: Sequence[Placed], gone: Sequence[Placed]
) -> dict[tuple[int, int], str] | None:
    """The pieces of the script that go, each with what takes its place: the most outward ones that keep the rest."""
    kept = {site for _, one in keep for call in (one, *one.pipe) for site in call.frames}
    top = {(one.span.start, one.span.end) for one in script.body.body if isinstance(one, Simple)}
    last = max((at for at, _ in keep), default=-1)
    found: dict[tuple[int, int], str] = {}
    for at, call in gone:
        site = next((s for s in call.frames if s not in kept), None)
        if site is None or site[0] != path:
            return None
        own = site == call.frames[-1]
        if own and call.pipe and call.loop:
            return None
        span = (call.start, call.end) if own and call.pipe else site[1:]
        if last < at and span in top and not call.job:
            return found | {span: LEAVES}  # nothing after it is to be done
        found.setdefault(span, LEAVES if own and call.exec and not call.background else ":")
    return found


def _edits(
    text: str, script: Script, sites: Mapping[tuple[int, int], str], kept: Collection[tuple[int, int]]
) -> list[_Edit] | None:
    """How sed is told of these pieces; None where one of them is not to be named by its text alone.

    The same statement in another place goes, too, where nothing that is kept comes by there.
    """
    lines = text.split("\n")
    stay = {n for a, b in kept for n in range(_place(script.raw, a)[0], _place(script.raw, b)[0] + 1)}
    places = [(*_place(script.raw, a), *_place(script.raw, b), put) for (a, b), put in sorted(sites.items())]
    meant = {(line, put) for first, _, last, _, put in places for line in range(first, last + 1)}
    edits: dict[str, _Edit] = {}
    for first, start, last, end, put in places:
        before, after = lines[first][:start], lines[last][end:].strip()
        whole = not before.strip() and (after in ("", "&", ";") or after.startswith("#"))
        for edit in _ways(lines, first, start, last, end, put, whole):
            same = not (edit.rest or edit.inside or edit.until)
            at = set(_lines(lines, edit))
            if at.issuperset(range(first, last + 1)) and all((n, put) in meant or (same and n not in stay) for n in at):
                edits.setdefault(str(edit), edit)
                break
        else:
            return None
    return list(edits.values())


def _ways(lines: Sequence[str], first: int, start: int, last: int, end: int, put: str, whole: bool) -> Iterator[_Edit]:
    """The ways to name a piece, plainest first."""
    line = lines[first]
    blank = "\t " if "\t" in line[:start] else " " if start else ""
    own = line.strip()
    if not whole:
        if first == last and end - start <= MAX_PATTERN:
            yield _Edit(line[start:end], put, inside=True)
        return
    if first != last:
        if "<<" not in "".join(lines[first:last]):
            until = lines[last].strip()
            yield _Edit(own, put, "\t ", until=until)
        return
    if len(own) <= MAX_PATTERN:
        yield _Edit(own, put, blank)
        return
    for longest in (MAX_PATTERN, 2 * MAX_PATTERN):
        words = own[:longest].rsplit(None, 1)[0]
        yield _Edit(words if 2 * len(words) > longest else own[:longest], put, blank, rest=True)


def _lines(lines: Sequence[str], edit: _Edit) -> Iterator[int]:
    """The lines that an edit changes. One of several lines must end where it is meant to."""
    for at, line in enumerate(lines):
        if not edit.applies(line):
            continue
        yield at
        if edit.until:
            ends = _Edit(edit.until, edit.put, edit.blank)
            end = next((n for n in range(at + 1, len(lines)) if ends.applies(lines[n])), len(lines))
            yield from range(at, end + 1)


def _place(raw: bytes, at: int) -> tuple[int, int]:
    """The line of a byte, from 0, and the letters of that line before it."""
    before = raw[:at].decode("utf-8", "replace")
    line = before.count("\n")
    return line, len(before) - (before.rfind("\n") + 1)


def _literal(text: str, mark: str) -> str:
    """A text as a basic regular expression that matches it (POSIX, XBD 9.3); a quote, which would end sed's word in
    the shell, matches any letter."""
    return "".join("." if c == "'" else f"\\{c}" if c in f"\\.*[]^${mark}" else c for c in text)
