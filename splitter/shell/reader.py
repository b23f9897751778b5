"""What the parts of the interpreter share: its state, its findings, and how they call each other."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from splitter.shell.calls import Call, Redirect, Sourced, Unread, Word
from splitter.shell.judging import PRINTS
from splitter.shell.lexer import Substitution, lex
from splitter.shell.names import used
from splitter.shell.outputs import Outputs
from splitter.shell.parse import parse
from splitter.shell.scope import Body, Context, Outcome, Source
from splitter.shell.syntax import Redir, Simple, Statement
from splitter.shell.syntax import Sequence as Statements
from splitter.shell.values import NONE, State, Value
from splitter.shell.world import MAX_FRAMES, Files


class Full(Exception):
    """A bound was reached."""


class Extra(NamedTuple):
    """What a call has besides its words: assignments in front, redirections, whether it replaces the shell."""

    prefix: Mapping[str, Value] = MappingProxyType({})
    redirects: tuple[Redirect, ...] = ()
    exec: bool = False
    needs: frozenset[str] = NONE


class Reader(Outputs):
    """One run over a script. The methods here are those that its parts need of each other."""

    def __init__(self, state: State, files: Files, user: str | None, dialect: str) -> None:
        super().__init__(state, files, user)
        self.dialect = dialect
        self.calls: list[Call] = []
        self.unread: list[Unread] = []
        self.sourced: list[Sourced] = []
        self.jobs = self.steps = 0
        self.failed: Unread | None = None
        self.running: list[Statement] = []  # functions that are entered and not left
        self.gone: list[tuple[str, State]] = []  # states in which an arm that may be taken left by break or return
        self.taken: list[tuple[int, Call]] = []  # calls whose output an assignment takes, and how many stand before
        self.stays = False  # an exit, whatever its status, means that something was not as it should be

    def lost(self, what: str, context: Context, line: int) -> None:
        """Note a place that could not be read."""
        at = context.source.inner.line if context.source.inner else line
        self.unread.append(Unread(what, context.source.path, at))

    def broken(self, source: Source) -> None:
        for place in source.script.broken:
            line = source.inner.line if source.inner else place.line
            self.unread.append(Unread(f"does not parse: {place.text.strip() or 'the end'}", source.path, line))

    def run(self, node: Statement, context: Context) -> Outcome:
        raise NotImplementedError

    def call(self, node: Simple, fields: tuple[Word, ...], context: Context, more: Extra) -> None:
        raise NotImplementedError

    def takes(self, source: str, node: Simple, context: Context) -> None:
        """What the substitutions of an assigned word run besides what they print."""
        if "$(" not in source and "`" not in source:
            return
        for part in lex(source):
            if not isinstance(part, Substitution):
                continue
            script = parse(part.text)
            programs = {posixpath.basename(p) for p in used(script)[0]}
            if script.broken or programs <= PRINTS or context.depth >= MAX_FRAMES:
                continue
            outer, calls, unread = self.state, len(self.calls), len(self.unread)
            inner = Source(context.source.path, script, context.source.inner or node.span)
            self.state = outer.copy()
            try:
                self.run(script.body, context._replace(source=inner, depth=context.depth + 1, last=False))
                self.taken += [(calls, replace(c, exec=False, last=False)) for c in self.calls[calls:]]
            finally:
                self.state = outer
                del self.calls[calls:], self.unread[unread:]

    def redirect(self, redir: Redir) -> Redirect:
        raise NotImplementedError

    def function(self, body: Body, arguments: Sequence[Value], context: Context) -> Outcome:
        raise NotImplementedError

    def aside(self, node: Statement | None, context: Context, deps: frozenset[str], by: str) -> None:
        raise NotImplementedError

    def would(self, body: Statements, deps: frozenset[str]) -> None:
        raise NotImplementedError

    def maybe(self, node: Statement, context: Context) -> Outcome:
        raise NotImplementedError
