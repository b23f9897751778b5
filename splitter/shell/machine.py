"""The interpreter over statements; builtins and loops are in modules of their own."""

from dataclasses import replace

from splitter.shell.calls import Call, Redirect, Sourced, Unread, Word
from splitter.shell.conditions import FALSE, TRUE, UNDECIDED, Verdict, both, either, test
from splitter.shell.expand import words as as_words
from splitter.shell.loops import Loops
from splitter.shell.scope import DONE, Body, Context, Outcome, Source
from splitter.shell.syntax import (
    AndOr, Arithmetic, ArithmeticFor, Background, Case, For, Function, If, Not, Pipeline, Redir, Redirected, Sequence,
    Simple, Statement, Subshell, Test, While, walk,
)  # fmt: skip
from splitter.shell.values import State, Variable, unknown
from splitter.shell.world import MAX_CALLS, MAX_FRAMES, MAX_STEPS, Files
from splitter.shell import arith, patterns

# What may follow the program a script lives for without being what it lives for.
QUIET = frozenset(
    "echo printf exit return trap : true false kill sleep set shopt unset local export readonly declare".split()
)


class Full(Exception):
    """A bound was reached."""


class Machine(Loops):
    """One run over a script. Sub-shells work on a copy of the state that is thrown away after them."""

    def __init__(self, state: State, files: Files, user: str | None, dialect: str) -> None:
        self.state, self.files, self.user, self.dialect = state, files, user, dialect
        self.calls: list[Call] = []
        self.unread: list[Unread] = []
        self.sourced: list[Sourced] = []
        self.jobs = self.steps = self.depth = 0

    def broken(self, source: Source) -> None:
        for place in source.script.broken:
            line = source.inner.line if source.inner else place.line
            self.unread.append(Unread(f"does not parse: {place.text.strip() or 'the end'}", source.path, line))

    # Statements

    def sequence(self, node: Sequence, context: Context) -> Outcome:
        outcome = DONE
        for at, statement in enumerate(node.body):
            last = context.last and all(quiet(s) for s in node.body[at + 1 :])
            outcome = self.run(statement, replace(context, last=last, operator=";"))
            if outcome.flow:
                return outcome
        return outcome

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
                outcome = self.run(node.body, replace(context, last=False))
                return Outcome(outcome.status.inverted(), outcome.flow)
            case AndOr():
                return self.and_or(node, context)
            case Pipeline():
                return self.pipeline(node, context)
            case Background():
                return self.background(node, context)
            case Redirected():
                extra = tuple(self.redirect(r) for r in node.redirects)
                return self.run(node.body, replace(context, redirects=context.redirects + extra))
            case Subshell():
                return self.subshell(node.body, context)
            case If():
                return self.branch(node, context)
            case Case():
                return self.case(node, context)
            case For():
                return self.each(node, context)
            case ArithmeticFor():
                return self.count(node, context)
            case While():
                return self.repeat(node, context)
            case Function():
                self.state.functions[node.name] = Body(node.name, node.body, context.source)
                return DONE

    def subshell(self, node: Statement, context: Context) -> Outcome:
        outer = self.state
        self.state = outer.copy()
        try:
            return Outcome(self.run(node, context).status)
        finally:
            self.state = outer

    def background(self, node: Background, context: Context) -> Outcome:
        self.jobs += 1
        inner = replace(context, background=True, job=self.jobs, last=True).within(node.span)
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
            self.subshell(part, replace(inner, operator="|", last=False))
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
        from splitter.shell.conditions import searches

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

    def and_or(self, node: AndOr, context: Context) -> Outcome:
        """`a && b`, `a || b`: a command is taken to succeed, and what follows `||` runs only if it does not."""
        harmless = quiet(node.right)
        left = self.run(node.left, replace(context, last=context.last and harmless))
        if left.flow:
            return left
        wanted = node.op == "&&"
        status = left.status
        takes = None if status.holds is None else status.holds == wanted
        said = status.when if wanted else status.unless
        inner = replace(context, operator=node.op)
        if takes is False:
            self.aside(node.right, inner, status.deps, said)
            return Outcome(status)
        if takes is None:
            if wanted and _command(node.left):
                right = self.run(node.right, inner)
                return Outcome(both(status, right.status) if right.status.holds is not None else UNDECIDED, right.flow)
            guard = context.source.script.source(node.left.span)
            right = self.maybe(node.right, inner.under(guard if wanted else f"! {guard}"))
            if right.flow == "fail" and not wanted:
                return Outcome(replace(status, holds=True) if not _command(node.left) else TRUE)
            return Outcome((both if wanted else either)(status, right.status))
        mark, before = len(self.calls), self.state.copy()
        right = self.run(node.right, inner.given(self.because(status.deps)))
        if right.flow == "fail" and self.rescued(status, before, mark):
            return Outcome(status.inverted())
        return Outcome((both if wanted else either)(status, right.status), right.flow)

    def maybe(self, node: Statement, context: Context) -> Outcome:
        """A statement that may or may not run."""
        before = self.state.copy()
        outcome = self.run(node, context)
        if outcome.flow:
            self.state = before
        else:
            self.state.meet(before)
        return Outcome(outcome.status, outcome.flow if outcome.flow == "fail" else "")

    def aside(self, node: Statement | None, context: Context, deps: frozenset[str], by: str) -> None:
        """An arm that is not taken: read for what it would start. Arms for other arguments or users are not."""
        if node is None or deps & {"@", "id"}:
            return
        outer, self.state = self.state, self.state.copy()
        try:
            self.run(node, context.switched_off(by))
        finally:
            self.state = outer

    def because(self, deps: frozenset[str]) -> tuple[str, ...]:
        names = sorted(d for d in deps if d.isidentifier() and d != "id")
        return tuple(f"{n}={self.state.given.get(n, '')}" for n in names[:4])

    def rescued(self, status: Verdict, before: State, mark: int) -> bool:
        """A script that gives up because something is not set or not there is not meant to run like that: go on
        as if it were."""
        outside = {d for d in status.deps if d not in ("@", "id")}
        if not outside:
            return False
        del self.calls[mark:]
        self.state = before
        for name in sorted(outside):
            if name.isidentifier() and name not in before.vars:
                before.vars[name] = Variable(unknown(f"${name}", f"${{{name}}}", frozenset((name,))), True, outside=True)
        return True

    def branch(self, node: If, context: Context) -> Outcome:
        ends: list[tuple[State, Outcome]] = []
        inner = context
        for at, (condition, body) in enumerate(node.arms):
            tested = self.sequence(condition, replace(inner, last=False))
            if tested.flow:
                return tested
            status = tested.status
            rest = replace(node, arms=node.arms[at + 1 :])
            if status.holds is False:
                self.aside(body, inner, status.deps, status.when)
                inner = inner.given(self.because(status.deps))
                continue
            guard = context.source.script.source(condition.span)
            if status.holds is None:
                before = self.state.copy()
                outcome = self.run(body, inner.under(guard))
                ends.append((self.state, outcome))
                self.state = before
                inner = inner.under(f"! {guard}") if "fail" not in outcome.flow else inner
                continue
            mark, before = len(self.calls), self.state.copy()
            absent = self.fresh(status)
            outcome = self.run(body, inner.given(self.because(status.deps)).under(guard if absent else ""))
            if outcome.flow == "fail" and self.rescued(status, before, mark):
                continue
            ends.append((self.state, outcome))
            self.state = self.state.copy()
            self.aside(_remaining(rest), replace(inner, guards=context.guards), status.deps, status.unless)
            break
        else:
            ends.append((self.state, self.run(node.orelse, inner) if node.orelse else DONE))
            ends[-1] = (self.state, ends[-1][1])
        return self.joined(ends)

    def fresh(self, status: Verdict) -> bool:
        """Decided by a file that is not there: so it is in a new container, and not where a volume holds it."""
        paths = [d for d in status.deps if d.startswith("/")]
        return any(not self.files.is_file(p) and not self.files.is_dir(p) for p in paths)

    def joined(self, ends: list[tuple[State, Outcome]]) -> Outcome:
        going = [state for state, outcome in ends if not outcome.flow]
        if not going:
            self.state = ends[-1][0]
            flows = {outcome.flow for _, outcome in ends}
            return Outcome(UNDECIDED, flows.pop() if len(flows) == 1 else "exit")
        first, *others = going
        self.state = first
        for other in others:
            first.meet(other)
        statuses = {outcome.status.holds for _, outcome in ends if not outcome.flow}
        return Outcome(ends[0][1].status if len(ends) == 1 else Verdict(statuses.pop() if len(statuses) == 1 else None))

    def case(self, node: Case, context: Context) -> Outcome:
        value = self.one(node.word)
        ends: list[tuple[State, Outcome]] = []
        inner, taken, falls = context, False, False
        before = self.state.copy()
        for patterns_, body, through in node.arms:
            found, deps = self.matched(value.value, patterns_)
            deps |= value.deps
            said = f"{_shown(node.word)}={'|'.join(patterns_)}"
            if taken and not falls:
                self.aside(body, context, deps, said)
            elif falls or found:
                mark = len(self.calls)
                outcome = self.run(body, inner.given(self.because(deps)))
                if outcome.flow == "fail" and self.rescued(Verdict(True, deps), before, mark):
                    outcome = DONE
                taken, falls = True, through
                if not falls:
                    ends.append((self.state, outcome))
                    self.state = self.state.copy()
            elif found is None:
                start = self.state.copy()
                outcome = self.run(body, inner.under(said))
                ends.append((self.state, outcome))
                self.state = start
                falls = through
            else:
                self.aside(body, inner, deps, said)
        if not taken:
            ends.append((self.state, DONE))
        return self.joined(ends)

    def matched(self, text: str | None, alternatives: tuple[str, ...]) -> tuple[bool | None, frozenset[str]]:
        """Whether a case arm is taken; a bare `*` always is."""
        found: bool | None = False
        deps: frozenset[str] = frozenset()
        for source in alternatives:
            if source == "*":
                return True, deps
            pattern, more = self.pattern(source)
            deps |= more
            one = None if text is None or pattern is None else patterns.matches(pattern, text)
            if one:
                return True, deps
            found = None if one is None else found
        return found, deps

    # Calls

    def call(self, node: Simple, fields: tuple[Word, ...], context: Context, more: "Extra") -> None:
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
                source=source.script.source(node.span), env=env, unknown=tuple(sorted({*lost, *more.needs})),
                cwd=self.state.cwd, redirects=redirects, background=context.background, exec=more.exec,
                loop=context.loop, guards=context.guards, decided=context.decided, off=context.off,
                operator=context.operator, function=context.function, job=context.job,
                last=context.last or more.exec, dynamic=dynamic, needs=tuple(sorted(more.needs)),
                start=unit.start, end=unit.end,
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
            words = as_words(self.fields(redir.target)) or as_words([f for f in self.fields(f'"{redir.target}"')])
            target = words[0] if words else None
        return Redirect(redir.op, redir.fd, target, body, known)

    # Functions and sourced texts

    def function(self, body: Body, arguments: list[object], context: Context) -> Outcome:
        from splitter.shell.values import Value

        if context.depth >= MAX_FRAMES:
            self.unread.append(Unread(f"{body.name} calls itself too deep to be read", body.source.path, 1))
            return Outcome(UNDECIDED)
        state = self.state
        saved = (state.args, state.outer, state.locals)
        state.args = tuple(a for a in arguments if isinstance(a, Value))
        state.outer, state.locals = frozenset(), {}
        inner = replace(context, source=body.source, function=body.name, depth=context.depth + 1)
        outcome = self.run(body.node, inner)
        state = self.state
        for name, old in state.locals.items():
            if old is None:
                state.vars.pop(name, None)
            else:
                state.vars[name] = old
        state.args, state.outer, state.locals = saved
        return Outcome(outcome.status) if outcome.flow in ("return", "break", "continue") else outcome


def quiet(node: Statement) -> bool:
    """Nothing that a script would be kept up for."""
    match node:
        case Simple():
            return not node.words or (isinstance(node.words[0], str) and node.words[0] in QUIET)
        case Function() | Test() | Arithmetic():
            return True
        case Not() | Redirected():
            return quiet(node.body)
        case AndOr():
            return quiet(node.left) and quiet(node.right)
        case Sequence():
            return all(quiet(s) for s in node.body)
        case Subshell():
            return quiet(node.body)
        case If():
            bodies = [b for arm in node.arms for b in arm] + ([node.orelse] if node.orelse else [])
            return all(quiet(b) for b in bodies)
        case _:
            return False


def _command(node: Statement) -> bool:
    """Its status is a program's, not a test's."""
    return not any(isinstance(s, (Test, Arithmetic)) or _is_test(s) for s in walk(node))


def _is_test(node: Statement) -> bool:
    return isinstance(node, Simple) and node.words[:1] in (("test",), ("[",), ("command",), ("which",), ("grep",))


def _remaining(node: If) -> Statement | None:
    if node.arms:
        return node
    return node.orelse


def _shown(word: str) -> str:
    return word.strip("\"'").removeprefix("${").removeprefix("$").removesuffix("}") or word
