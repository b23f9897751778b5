"""What a shell script does, as the evaluator reports it: calls in the order in which they run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Loop = Literal["", "forever", "until", "each"]


class Word(NamedTuple):
    """One word after expansion. `text` keeps what could not be expanded as `$NAME` or `$(...)`; then `known` is False.

    `source` is fit to stand in a shell line again: as written, with what only the script sets put in its place, so
    that variables from outside stay variables.
    """

    text: str
    source: str
    known: bool = True


class Redirect(NamedTuple):
    """`fd op target`, as in `2>> log`; `body` is the text of a here-document or here-string, expanded where known."""

    op: str
    fd: int | None = None
    target: Word | None = None
    body: str | None = None
    known: bool = True


@dataclass(frozen=True)
class Call:
    """One simple command (or builtin that matters) that a script runs.

    words        program and arguments; never empty
    env          exported variables whose value is known, as they stand when it runs, beyond what the script was given
    unknown      names of exported or used variables that the script sets to what cannot be known before it runs
    late         those of them that are exported
    cwd          the working folder, absolute; "" where it cannot be known
    background   started with `&`
    exec         replaces the shell
    loop         forever (`while true`), until (waits: `until X; do sleep`), each (a `for` or `while read`)
    guards       conditions that could not be decided and under which it runs, as written
    decided      conditions that were decided by a variable's default, as `NAME=value`: what turns it off or on
    off          it stands in an arm that is not taken with the values at hand: the condition that would take it
    operator     what joins it to the call before it: ";", "&&", "||" or "|"
    pipe         the further commands of its pipeline
    path, line, end_line   where it stands (the sourced file's own path)
    source       its text as written
    function     the function in whose body it stands, "" at top level
    job          the background job that it belongs to, by number; 0 is the script itself
    last         its script or background job ends with it
    dynamic      exported variables whose value only running tells, as the shell source within double quotes
    needs        variables of the script that the words use and that only the script's own statements can give
    start, end   the bytes of its own file that stand for it (its whole loop, or with its `&`)
    root         the bytes of the statement at the script's top level that leads to it
    condition    it stands where `if` or `while` asks it
    frames       the calls of functions and files read in that lead to it, and itself: file, first and last byte of each
    """

    words: tuple[Word, ...]
    path: str
    line: int
    end_line: int
    source: str
    env: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    cwd: str = "/"
    redirects: tuple[Redirect, ...] = ()
    background: bool = False
    exec: bool = False
    loop: Loop = ""
    guards: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    off: str = ""
    operator: str = ";"
    pipe: tuple["Call", ...] = ()
    function: str = ""
    job: int = 0
    last: bool = False
    dynamic: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    root: tuple[int, int] = (0, 0)
    condition: bool = False
    frames: tuple[tuple[str, int, int], ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        return tuple(w.text for w in self.words)

    @property
    def known(self) -> bool:
        return all(w.known for w in self.words)


@dataclass(frozen=True)
class Unread:
    """A place of a script that could not be read or decided, with the reason."""

    what: str
    path: str
    line: int


@dataclass(frozen=True)
class Sourced:
    """A file that was read in by `.` or `source`: who did it, at which bytes, and which file.

    `frames` are the calls of functions, and the files, through which the flow came there, outermost first.
    """

    path: str
    start: int
    end: int
    target: str
    frames: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class Trace:
    """All calls of a script in order, and what could not be read.

    env and cwd are those at the end; `functions` the names defined; `unread` never hides a call that was read.
    `taken` are programs run in a `$(...)` whose output an assignment takes, each with the number of calls before it.
    """

    calls: tuple[Call, ...] = ()
    unread: tuple[Unread, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    functions: tuple[str, ...] = ()
    sourced: tuple[Sourced, ...] = ()
    taken: tuple[tuple[int, Call], ...] = ()
