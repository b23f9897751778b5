"""What a shell script does, as the evaluator reports it: calls in the order in which they run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Loop = Literal["", "forever", "until", "each"]


@dataclass(frozen=True)
class Word:
    """One word after expansion. `text` keeps what could not be expanded as `$NAME` or `$(...)`; then `known` is False.

    `source` is the word as written, quotes included, fit to stand in a shell line again.
    """

    text: str
    source: str
    known: bool = True


@dataclass(frozen=True)
class Redirect:
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
    """

    words: tuple[Word, ...]
    path: str
    line: int
    end_line: int
    source: str
    env: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
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
class Trace:
    """All calls of a script in order, and what could not be read.

    env and cwd are those at the end; `functions` the names defined; `unread` never hides a call that was read.
    """

    calls: tuple[Call, ...] = ()
    unread: tuple[Unread, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    functions: tuple[str, ...] = ()
