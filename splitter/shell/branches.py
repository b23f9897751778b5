"""Where the flow parts: `&&`, `||`, `if` and `case`, decided where it can be, both arms where it cannot."""

from dataclasses import replace

from splitter.shell import patterns
from splitter.shell.conditions import TRUE, UNDECIDED, Verdict, both, either
from splitter.shell.judging import HARMLESS, command, quiet, takes
from splitter.shell.loops import Loops, assigned
from splitter.shell.scope import DONE, Body, Context, Outcome
from splitter.shell.syntax import AndOr, Background, Case, If, Pipeline, Sequence, Simple, Statement, walk
from splitter.shell.values import State, Variable, unknown
from splitter.shell.world import Files


class Branches(Loops):
    """The part of the interpreter that chooses an arm."""

    def __init__(self, state: State, files: Files, user: str | None, dialect: str) -> None:
        super().__init__(state, files, user, dialect)
        self._idle: dict[str, bool] = {}

    def sequence(self, node: Sequence, context: Context) -> Outcome:
        raise NotImplementedError

    def and_or(self, node: AndOr, context: Context) -> Outcome:
        """`a && b`, `a || b`: a command is taken to succeed, and what follows `||` runs only if it does not."""
        harmless = quiet(node.right)
        left = self.run(node.left, context._replace(last=context.last and harmless))
        if left.flow:
            return left
        wanted = node.op == "&&"
        status = left.status
        takes = None if status.holds is None else status.holds == wanted
        said = status.when if wanted else status.unless
        inner = context._replace(operator=node.op)
        guard = context.source.script.source(node.left.span)
        if takes is False:
            self.aside(node.right, inner, status.deps, said)
            ends = leaves(node.right) and self.fresh(status)
            return Outcome(status, after=(f"! {guard}" if wanted else guard) if ends else "")
        if takes is None:
            if wanted and command(node.left):
                right = self.run(node.right, inner)
                return Outcome(both(status, right.status) if right.status.holds is not None else UNDECIDED, right.flow)
            right = self.maybe(node.right, inner.under(guard if wanted else f"! {guard}"))
            if right.flow == "fail" and not wanted:
                return Outcome(status._replace(holds=True) if not command(node.left) else TRUE)
            return Outcome((both if wanted else either)(status, right.status))
        mark, before = len(self.calls), self.state.copy()
        absent = self.fresh(status) and not leaves(node.right)
        inner = inner.under((guard if wanted else f"! {guard}") if absent else "")
        right = self.run(node.right, inner.given(self.because(status.deps)))
        self.rests(before, status.deps)
        if right.flow == "fail" and self.rescued(status, before, mark):
            return Outcome(status.inverted())
        right = left_by(right, status if wanted else status.inverted())
        return Outcome((both if wanted else either)(status, right.status), right.flow, right.left)

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
        if node is None or deps & {"@", "id"} or self.idle(node):
            return
        outer, self.state = self.state, self.state.copy()
        try:
            self.run(node, context.switched_off(by))
        finally:
            self.state = outer

    def idle(self, node: Statement, depth: int = 0) -> bool:
        """Whether nothing in a statement, or in the functions that it calls, could start anything."""
        for statement in walk(node):
            if isinstance(statement, (Background, Pipeline)) or takes(statement):
                return False
            if isinstance(statement, Simple) and statement.words and statement.words[0] not in HARMLESS:
                body = self.state.functions.get(statement.words[0]) if isinstance(statement.words[0], str) else None
                if not isinstance(body, Body) or depth > 8:
                    return False
                if body.name not in self._idle:
                    self._idle[body.name] = True  # as long as it is not known, for one that calls itself
                    self._idle[body.name] = self.idle(body.node, depth + 1)
                if not self._idle[body.name]:
                    return False
        return True

    def because(self, deps: frozenset[str]) -> tuple[str, ...]:
        names = sorted(d for d in deps if d.isidentifier() and d != "id")
        return tuple(f"{n}={self.state.given.get(n, '')}" for n in names[:4])

    def rescued(self, status: Verdict, before: State, mark: int) -> bool:
        """A script that gives up because something is not set or not there is not meant to run like that: go on
        as if it were. One that must stay up passes what it asks of its own settings too."""
        outside = {d for d in status.deps if d not in ("@", "id")}
        if not outside and (status.deps or not self.stays):
            return False
        del self.calls[mark:]
        self.state = before
        for name in sorted(outside):
            held = before.vars.get(name)
            if name.isidentifier() and (held is None or (name in held.value.deps and not held.outside)):
                before.vars[name] = Variable(
                    unknown(f"${name}", f"${{{name}}}", frozenset((name,))), True, outside=True
                )
        return True

    def branch(self, node: If, context: Context) -> Outcome:
        ends: list[tuple[State, Outcome]] = []
        inner, otherwise, after = context, TRUE, ""
        for at, (condition, body) in enumerate(node.arms):
            tested = self.sequence(condition, inner._replace(last=False, condition=True))
            if tested.flow:
                return tested
            status = tested.status
            if status.holds is False:
                self.aside(body, inner, status.deps, status.when)
                self.would(body, status.deps)
                if leaves(body) and self.fresh(status):
                    after = f"! {context.source.script.source(condition.span)}"
                inner = inner.under(after).given(self.because(status.deps))
                otherwise = status.inverted()
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
            self.rests(before, status.deps)
            if outcome.flow == "fail" and self.rescued(status, before, mark):
                continue
            ends.append((self.state, left_by(outcome, status)))
            self.state = self.state.copy()
            self.aside(
                _remaining(replace(node, arms=node.arms[at + 1 :])),
                inner._replace(guards=context.guards),
                status.deps,
                status.unless,
            )
            break
        else:
            outcome = self.run(node.orelse, inner) if node.orelse else DONE
            ends.append((self.state, left_by(outcome, otherwise)))
        return self.joined(ends)._replace(after=after)

    def rests(self, before: State, deps: frozenset[str]) -> None:
        """What a decided arm assigned rests on what decided it."""
        if not deps:
            return
        for name, held in self.state.vars.items():
            if before.vars.get(name) is not held and not held.outside:
                items = held.items and {k: v._replace(deps=v.deps | deps) for k, v in held.items.items()}
                value = held.value._replace(deps=held.value.deps | deps)
                self.state.vars[name] = held._replace(value=value, items=items)

    def would(self, body: Sequence, deps: frozenset[str]) -> None:
        """What an arm that is not taken would have assigned rests on what decided it."""
        for name in sorted(assigned(body)) if deps else ():
            held = self.state.vars.get(name)
            if held is not None and not held.outside and held.items is None:
                self.state.vars[name] = held._replace(value=held.value._replace(deps=held.value.deps | deps))

    def fresh(self, status: Verdict) -> bool:
        """Decided by a file that is not there: so it is in a new container, and not where a volume holds it."""
        paths = [d for d in status.deps if d.startswith("/")]
        return any(not self.files.is_file(p) and not self.files.is_dir(p) for p in paths)

    def joined(self, ends: list[tuple[State, Outcome]]) -> Outcome:
        going = [state for state, outcome in ends if not outcome.flow]
        if not going:
            self.state = ends[-1][0]
            flows = {outcome.flow for _, outcome in ends}
            left = ends[0][1].left if len(ends) == 1 else None
            return Outcome(UNDECIDED, flows.pop() if len(flows) == 1 else "exit", left)
        first, *others = going
        self.state = first
        self.gone += [(outcome.flow, state) for state, outcome in ends if outcome.flow in ("break", "return")]
        for other in others:
            first.meet(other)
        statuses = {outcome.status.holds for _, outcome in ends if not outcome.flow}
        return Outcome(ends[0][1].status if len(ends) == 1 else Verdict(statuses.pop() if len(statuses) == 1 else None))

    def case(self, node: Case, context: Context) -> Outcome:
        value = self.one(node.word)
        ends: list[tuple[State, Outcome]] = []
        inner, taken, falls = context, False, False
        passed: list[str] = []
        before = self.state.copy()
        for patterns_, body, through in node.arms:
            found, deps = self.matched(value.value, patterns_)
            deps |= value.deps
            name = _shown(node.word)
            said = f"{name} is anything else" if "*" in patterns_ else f"{name}={'|'.join(patterns_)}"
            if taken and not falls:
                self.aside(body, context, deps, said)
            elif falls or found:
                mark = len(self.calls)
                outcome = self.run(body, inner.given(self.because(deps)))
                self.rests(before, deps)
                if outcome.flow == "fail" and self.rescued(Verdict(True, deps), before, mark):
                    outcome = DONE
                left = " or ".join(passed) if "*" in patterns_ else f"{name} other than {'|'.join(patterns_)}"
                outcome = left_by(outcome, Verdict(True, deps | value.deps, said, left))
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
                passed.append(said)
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


def leaves(node: Statement) -> bool:
    """Whether it ends the script or function that it stands in, as one that has nothing left to do."""
    last = node.body[-1] if isinstance(node, Sequence) and node.body else node
    return isinstance(last, Simple) and last.words in (("exit",), ("exit", "0"), ("return",), ("return", "0"))


def left_by(outcome: Outcome, decided: Verdict) -> Outcome:
    """An arm's outcome, with what decided the arm where the flow ends in it."""
    return outcome._replace(left=decided) if outcome.flow and decided.deps else outcome


def _remaining(node: If) -> Statement | None:
    if node.arms:
        return node
    return node.orelse


def _shown(word: str) -> str:
    return word.strip("\"'").removeprefix("${").removeprefix("$").removesuffix("}") or word
