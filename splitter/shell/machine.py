"""The interpreter over statements; branches, loops, builtins and variables are in modules of their own."""

from collections.abc import Sequence as Many
from dataclasses import replace

from splitter.shell import arith
from splitter.shell.branches import Branches
from splitter.shell.calls import Call, Redirect, Unread, Word
from splitter.shell.conditions import UNDECIDED, Verdict, searches, test
from splitter.shell.expand import words as as_words
from splitter.shell.judging import quiet
from splitter.shell.reader import Extra, Full
from splitter.shell.scope import DONE, Body, Context, Outcome
from splitter.shell.syntax import (
    AndOr,
    Arithmetic,
    ArithmeticFor,
    Background,
    Case,
    For,
    Function,
    If,
    Not,
    Pipeline,
    Redir,
    Redirected,
    Sequence,
    Simple,
    Statement,
    Subshell,
    Test,
    While,
)  # fmt: skip
from splitter.shell.values import Value
from splitter.shell.world import MAX_CALLS, MAX_FRAMES, MAX_STEPS, MAX_WITHIN


class Machine(Branches):
    """One run over a script. Sub-shells work on a copy of the state that is thrown away after them."""

    # Statements

    def sequence(self, node: Sequence, context: Context) -> Outcome:
        outcome = DONE
        for at, statement in enumerate(node.body):
            last = context.last and all(quiet(s) for s in node.body[at + 1 :])
            inner = context
            if last != context.last or context.operator != ";" or context.root is None:
                inner = context._replace(last=last, operator=";", root=context.root or statement.span)
            outcome = self.run(statement, inner)
            context = context.under(outcome.after)
            if outcome.flow:
                self.skipped(node.body[at + 1 :], context, outcome)
                return outcome
        return outcome._replace(after="")

    def skipped(self, rest: Many[Statement], context: Context, outcome: Outcome) -> None:
        """What follows an early end (`[ "$SIDECAR" = 1 ] || exit 0`): read for what it would start."""
        left = outcome.left
        if left is None or outcome.flow not in ("exit", "return") or not rest:
            return
        self.aside(Sequence(rest[0].span, tuple(rest)), context, left.deps, left.unless)

    def run(self, node: Statement, context: Context) -> Outcome:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Full(f"more than {MAX_STEPS} steps")
        match node:
            case Simple():
                return self.simple(node, context)
            case Sequence():
                return self.sequence(node, context)
            case Test():
                return Outcome(test(node.tokens, self, double=node.double))
            case Arithmetic():
                deps: set[str] = set()
                plain = self.one(node.text, inside=True).value
                number = arith.evaluate(plain, self.number(deps), self.store) if plain is not None else None
                text = node.text.strip()
                holds = None if number is None else number != 0
                return Outcome(Verdict(holds, frozenset(deps), text, f"not {text}"))
            case Not():
                outcome = self.run(node.body, context._replace(last=False))
                return Outcome(outcome.status.inverted(), outcome.flow)
            case AndOr():
                return self.and_or(node, context)
            case Pipeline():
                return self.pipeline(node, context)
            case Background():
                return self.background(node, context)
            case Redirected():
                extra = tuple(self.redirect(r) for r in node.redirects)
                return self.run(node.body, context._replace(redirects=context.redirects + extra))
            case Subshell():
                return self.subshell(node.body, context)
            case If():
                return self.branch(node, context)
            case Case():
                return self.case(node, context)
            case For() | ArithmeticFor() | While():
                mark = len(self.gone)
                match node:
                    case For():
                        outcome = self.each(node, context)
                    case ArithmeticFor():
                        outcome = self.count(node, context)
                    case While():
                        outcome = self.repeat(node, context)
                self.meet("break", mark)
                return outcome
            case Function():
                self.state.functions[node.name] = Body(node.name, node.body, context.source)
                return DONE

    def meet(self, flow: str, mark: int) -> None:
        """At the end of a loop or function: what holds too where one of its arms left it early."""
        for how, state in self.gone[mark:]:
            if how == flow:
                self.state.meet(state)
        self.gone[mark:] = [one for one in self.gone[mark:] if one[0] != flow]

    def subshell(self, node: Statement, context: Context) -> Outcome:
        outer = self.state
        self.state = outer.copy()
        try:
            return Outcome(self.run(node, context).status)
        finally:
            self.state = outer

    def background(self, node: Background, context: Context) -> Outcome:
        self.jobs += 1
        inner = context._replace(background=True, job=self.jobs, last=True).within(node.span)
        self.subshell(node.body, inner)
        return DONE

    def pipeline(self, node: Pipeline, context: Context) -> Outcome:
        """The first command with the others in its `pipe`; where a compound statement stands in front, its calls."""
        inner = context.within(node.span)
        before = len(self.calls)
        self.subshell(node.parts[0], inner)
        mine = self.calls[before:]
        rest: list[Call] = []
        for part in node.parts[1:]:
            mark = len(self.calls)
            self.subshell(part, inner._replace(operator="|", last=False))
            rest.extend(replace(c, pipe=()) for c in self.calls[mark:])
            del self.calls[mark:]
        if mine:
            self.calls[before:] = [replace(c, pipe=c.pipe + tuple(rest)) for c in mine]
        else:
            self.calls.extend(rest)
        verdict = self.piped(node)
        return Outcome(verdict)

    def piped(self, node: Pipeline) -> Verdict:
        """The status of `echo TEXT | grep -q PATTERN`, where it can be told."""
        tail = node.parts[-1]
        if len(node.parts) != 2 or not isinstance(tail, Simple):
            return UNDECIDED
        argv = self.argv(tail) or []
        options = "".join(a[1:] for a in argv[1:] if a.startswith("-"))
        plain = [a for a in argv[1:] if not a.startswith("-")]
        if argv[:1] != ["grep"] or len(plain) != 1 or not set(options) <= set("qEiwo"):
            return UNDECIDED
        value = self.said(node.parts[0])
        if value is None or value.value is None or "w" in options:
            return UNDECIDED
        found = [searches(plain[0], line, fold="i" in options) for line in value.value.splitlines() or [""]]
        text = f"{' '.join(sorted(value.deps - {'@', 'id'})) or 'it'} matches {plain[0]}"
        holds = True if True in found else None if None in found else False
        return Verdict(holds, value.deps, text, f"not {text}")

    # Calls

    def call(self, node: Simple, fields: tuple[Word, ...], context: Context, more: Extra) -> None:
        """Report a call."""
        if len(self.calls) >= MAX_CALLS:
            raise Full(f"more than {MAX_CALLS} calls")
        source = context.source
        span = source.inner or node.span
        unit = context.unit if context.unit and context.unit_path == source.path else span
        env, dynamic, lost = self.exported(more.prefix)
        redirects = (*(r for r in self.state.redirects if isinstance(r, Redirect)), *context.redirects, *more.redirects)
        self.calls.append(
            Call(
                words=fields, path=source.path, line=span.line, end_line=span.end_line,
                source=source.script.source(node.span), env=env,
                unknown=tuple(sorted({*lost, *more.needs})), late=tuple(lost),
                cwd=self.state.cwd, redirects=redirects, background=context.background, exec=more.exec,
                loop=context.loop, guards=context.guards, decided=context.decided, off=context.off,
                operator=context.operator, function=context.function, job=context.job,
                last=context.last or more.exec, dynamic=dynamic, needs=tuple(sorted(more.needs)),
                start=unit.start, end=unit.end,
                root=(context.root.start, context.root.end) if context.root else (unit.start, unit.end),
                condition=context.condition, frames=context.through(node.span).frames,
            )
        )  # fmt: skip

    def redirect(self, redir: Redir) -> Redirect:
        body = None
        known = True
        if redir.body is not None:
            if redir.literal:
                body = redir.body
            else:
                value = self.one(redir.body, inside=redir.op != "<<<")
                body, known = value.text + ("\n" if redir.op == "<<<" else ""), value.known
        target = None
        if redir.target is not None:
            words = as_words(self.fields(redir.target)) or as_words(self.fields(f'"{redir.target}"'))
            target = words[0] if words else None
        return Redirect(redir.op, redir.fd, target, body, known)

    # Functions and sourced texts

    def function(self, body: Body, arguments: Many[Value], context: Context) -> Outcome:
        if context.depth >= MAX_FRAMES or [n is body.node for n in self.running].count(True) >= MAX_WITHIN:
            self.unread.append(Unread(f"{body.name} calls itself too deep to be read", body.source.path, 1))
            return Outcome(UNDECIDED)
        state = self.state
        self.running.append(body.node)
        saved = (state.args, state.outer, state.locals)
        state.args = tuple(arguments)
        state.outer, state.locals = frozenset(), {}
        inner = context._replace(source=body.source, function=body.name, depth=context.depth + 1)
        mark = len(self.gone)
        outcome = self.run(body.node, inner)
        before = [state for how, state in self.gone[mark:] if how == "return"]
        if outcome.flow == "fail" and before:
            # An arm that may be taken went back before: that is how the script is meant to go on.
            self.state, outcome = before[0], Outcome(UNDECIDED)
        self.meet("return", mark)
        self.running.pop()
        state = self.state
        for name, old in state.locals.items():
            if old is None:
                state.vars.pop(name, None)
            else:
                state.vars[name] = old
        state.args, state.outer, state.locals = saved
        return Outcome(outcome.status) if outcome.flow in ("return", "break", "continue") else outcome
