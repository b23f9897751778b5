"""Where the reader stands: which file, under which conditions, in which loop or background job."""

from dataclasses import dataclass
from typing import NamedTuple

from splitter.shell.calls import Loop, Redirect
from splitter.shell.conditions import TRUE, Verdict
from splitter.shell.syntax import Script, Span, Statement


@dataclass(frozen=True)
class Source:
    """A text being read. `inner`: it stands within a word of another file (`eval`), whose span it takes."""

    path: str
    script: Script
    inner: Span | None = None


@dataclass(frozen=True)
class Body:
    """A function as it was defined."""

    name: str
    node: Statement
    source: Source


class Context(NamedTuple):
    """`unit` is the loop or background statement that the calls within go with, and `unit_path` its file.

    `root` is the statement of the script's top level that is being read.
    """

    source: Source
    guards: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    off: str = ""
    background: bool = False
    job: int = 0
    loop: Loop = ""
    unit: Span | None = None
    unit_path: str = ""
    function: str = ""
    last: bool = False
    operator: str = ";"
    redirects: tuple[Redirect, ...] = ()
    depth: int = 0
    root: Span | None = None
    condition: bool = False
    frames: tuple[tuple[str, int, int], ...] = ()

    def through(self, span: Span) -> "Context":
        """What a function called here, or a file read in here, is read in."""
        place = self.source.inner or span
        return self._replace(frames=(*self.frames, (self.source.path, place.start, place.end)))

    def under(self, guard: str) -> "Context":
        return self if not guard or guard in self.guards else self._replace(guards=(*self.guards, guard))

    def given(self, decided: tuple[str, ...]) -> "Context":
        more = tuple(dict.fromkeys((*self.decided, *decided)))
        return self if more == self.decided else self._replace(decided=more)

    def switched_off(self, by: str) -> "Context":
        parts = [p for p in (self.off, by) if p]
        return self._replace(off=" and ".join(dict.fromkeys(parts)) or "an arm that is not taken")

    def within(self, unit: Span) -> "Context":
        return self if self.unit else self._replace(unit=self.source.inner or unit, unit_path=self.source.path)


class Outcome(NamedTuple):
    """How a statement ended: its status, and where the flow goes ("" on; exit, fail, return, break, continue).

    `left` is what decided that the flow goes there, where a condition did: with another value it would go on. `after`
    is the condition for what follows, where a file that is not there yet would have ended it.
    """

    status: Verdict = TRUE
    flow: str = ""
    left: Verdict | None = None
    after: str = ""


DONE = Outcome()
