"""Loops: run round by round where the rounds are known, else once, said to be endless, waiting, or for each of some."""

from collections.abc import Iterator

from splitter.shell import arith
from splitter.shell.builtins import Builtins
from splitter.shell.calls import Loop
from splitter.shell.conditions import UNDECIDED
from splitter.shell.names import used
from splitter.shell.scope import DONE, Context, Outcome
from splitter.shell.syntax import (
    AndOr,
    Arithmetic,
    ArithmeticFor,
    Assign,
    Background,
    Case,
    For,
    Function,
    If,
    Not,
    Redirected,
    Sequence,
    Simple,
    Statement,
    Subshell,
    Test,
    While,
    walk,
)  # fmt: skip
from splitter.shell.values import Value
from splitter.shell.variables import DECLARING
from splitter.shell.world import MAX_ROUNDS

# What waits for the next change of a file: a loop that asks it again and again goes on as long as there are any.
WATCHES = frozenset(("inotifywait", "fswatch", "fsnotifywait"))
ALWAYS = frozenset(("true", ":", "sleep", "/bin/true", "wait", *WATCHES))


class Loops(Builtins):
    """The part of the interpreter that reads `for`, `while` and `until`."""

    def each(self, node: For, context: Context) -> Outcome:
        inner = context._replace(loop=context.loop or "each", last=False).within(node.span)
        values = self.arguments() if node.words is None else [v for w in node.words for v in self.values(w)]
        if len(values) > MAX_ROUNDS or any(v.value is None for v in values):
            return self.once(node.body, inner, node.name)
        outcome = DONE
        for value in values:
            self.assigned(node.name, value)
            outcome = self.run(node.body, inner)
            if outcome.flow == "break":
                break
            if outcome.flow not in ("", "continue"):
                return outcome
        return Outcome(outcome.status)

    def assigned(self, name: str, value: Value) -> None:
        if name.isidentifier():
            self.state.put(name, value)

    def count(self, node: ArithmeticFor, context: Context) -> Outcome:
        inner = context._replace(loop=context.loop or "each", last=False).within(node.span)
        self.number_of(node.first)
        if not node.condition.strip():
            return self.forever(node.body, inner)
        mark, before = len(self.calls), self.state.copy()
        for _ in range(MAX_ROUNDS):
            held = self.number_of(node.condition)
            if held is None:
                break
            if held == 0:
                return DONE
            outcome = self.run(node.body, inner)
            if outcome.flow == "break":
                return DONE
            if outcome.flow not in ("", "continue"):
                return outcome
            self.number_of(node.step)
        del self.calls[mark:]
        self.state = before
        return self.once(node.body, inner)

    def number_of(self, text: str) -> int | None:
        plain = self.one(text.strip(), inside=True).value
        return arith.evaluate(plain, self.number(set()), self.store) if plain is not None else None

    def repeat(self, node: While, context: Context) -> Outcome:
        """`while` and `until`: endless, a wait for something, over lines that are read, or counted."""
        inner = context._replace(last=False)
        if _reads(node.condition):
            inner = inner._replace(loop=context.loop or "each").within(node.span)
            self.run(node.condition, inner._replace(condition=True))
            return self.once(node.body, inner)
        if _endless(node):
            if any(_named(s) in ("sleep", *WATCHES) for s in walk(node.condition)):
                self.run(node.condition, inner._replace(loop="forever").within(node.span))
            return self.forever(node.body, inner._replace(loop="forever").within(node.span))
        if not _tests(node.condition):
            # A program decides: the loop waits for it, or goes on as long as it says so.
            loop: Loop = "until" if node.until or any(isinstance(s, Not) for s in node.condition.body) else "each"
            loop = "until" if _idle(node.body) else loop
            inner = inner._replace(loop=context.loop or loop).within(node.span)
            self.run(node.condition, inner._replace(condition=True))
            return self.once(node.body, inner)
        return self.counted(node, inner)

    def counted(self, node: While, context: Context) -> Outcome:
        """A loop whose condition is a test: round by round while the test can be decided and something changes it."""
        changes = _changes(node.body) | _changes(node.condition)
        steady = not (changes & _reading(node.condition))
        waits: Loop = "until" if _idle(node.body) else "each"
        mark, before = len(self.calls), self.state.copy()
        inner = context._replace(loop=context.loop or "each").within(node.span)
        # What only waits is not gone through: how long it takes shows only when it runs.
        for at in range(1 if waits == "until" and not steady and _sleeps(node.body) else MAX_ROUNDS):
            tested = self.run(node.condition, inner._replace(condition=True))
            status = tested.status.inverted() if node.until else tested.status
            if status.holds is False:
                if at == 0:
                    self.aside(node.body, context.within(node.span), status.deps, status.when)
                return DONE
            if status.holds is None:
                break
            if steady:
                if any(d.startswith("/") for d in status.deps):
                    waits = "until" if _sleeps(node.body) else "each"
                    break
                return self.forever(node.body, inner._replace(loop="forever"))
            outcome = self.run(node.body, inner)
            if outcome.flow == "break":
                return DONE
            if outcome.flow not in ("", "continue"):
                return outcome
        else:
            del self.calls[mark:]
            self.state = before
            return self.forever(node.body, inner._replace(loop="forever"))
        del self.calls[mark:]
        self.state = before
        if _sleeps(node.body) and not _works(node.body):
            waits = "until"
        inner = inner._replace(loop=context.loop or waits)
        self.run(node.condition, inner._replace(condition=True))
        return self.once(node.body, inner)

    def forever(self, body: Sequence, context: Context) -> Outcome:
        """A loop without an end: what follows runs only where something breaks out of it."""
        self.blurred(body)
        waits = _sleeps(body) and _leaves(body, "break") and (_tries(body) or _idle(body))
        outcome = self.run(body, context._replace(loop="until" if waits else "forever"))
        if outcome.flow in ("break", "return"):
            return Outcome(UNDECIDED, "" if outcome.flow == "break" else "return")
        return DONE if _leaves(body, "break") or _leaves(body, "return") else Outcome(UNDECIDED, "exit")

    def once(self, body: Sequence, context: Context, name: str = "") -> Outcome:
        """A body that runs nobody knows how often."""
        self.blurred(body)
        if name:
            self.loses(name)
        outcome = self.maybe(body, context)
        return Outcome(UNDECIDED, outcome.flow if outcome.flow in ("exit", "fail") and not context.loop else "")

    def blurred(self, body: Sequence) -> None:
        """What later rounds may have changed is not known in any."""
        for name in sorted(assigned(body)):
            held = self.state.get(name)
            if held is not None and held.items is None:
                self.loses(name, held.value.deps)


def _named(node: Statement) -> str:
    head = node.words[0] if isinstance(node, Simple) and node.words else ""
    return head if isinstance(head, str) else ""


def _reads(condition: Sequence) -> bool:
    return any(_named(s) == "read" for s in walk(condition))


def _endless(node: While) -> bool:
    """`while true`, `while :`, `while sleep 5`, `while inotifywait x`, `until false`, `while [ 1 ]`."""
    if len(node.condition.body) != 1:
        return False
    one = node.condition.body[0]
    if isinstance(one, Test):
        return not node.until and len(one.tokens) == 1 and one.tokens[0].strip("\"'").isalnum()
    if isinstance(one, Arithmetic):
        return not node.until and one.text.strip() in ("1", "true")
    return _named(one) == "false" if node.until else _named(one) in ALWAYS


def _tests(condition: Sequence) -> bool:
    """Its status is that of tests alone."""
    return all(_tested(s) for s in condition.body)


def _tested(node: Statement) -> bool:
    match node:
        case Test() | Arithmetic():
            return True
        case Simple():
            return _named(node) in ("test", "[", "getopts", "let", ":", "true")
        case AndOr():
            return _tested(node.left) and _tested(node.right)
        case Not() | Redirected():
            return _tested(node.body)
        case _:
            return False


_QUIET = frozenset((
    "sleep", "echo", "printf", ":", "true", "exit", "return", "break", "continue", "let", "test", "[", "kill", "date",
    "export", "set", "local", "usleep", "logger", "log", "info", "debug", "warn", "error", ">&2", "shift",
))  # fmt: skip


def _idle(body: Sequence) -> bool:
    """Nothing is done in it but to wait, to say so, to count and to give up."""
    return not _works(body)


def _works(body: Sequence) -> bool:
    return any(_named(s) not in _QUIET for s in _own(body) if isinstance(s, Simple) and s.words)


def _sleeps(body: Sequence) -> bool:
    return any(_named(s) in ("sleep", "usleep") for s in walk(body))


def _tries(body: Sequence) -> bool:
    """It is left as soon as a program succeeds: `if X; then break; fi`, `X && break`."""
    for one in body.body:
        if isinstance(one, If) and any(not _tests(asked) and _leaves(arm, "break") for asked, arm in one.arms):
            return True
        if isinstance(one, AndOr) and one.op == "&&" and not _tested(one.left) and _leaves(one.right, "break"):
            return True
    return False


def _own(node: Statement) -> Iterator[Statement]:
    """The statements below one, without the bodies of functions."""
    for statement in walk(node):
        if not isinstance(statement, Function):
            yield statement


def _leaves(node: Statement, flow: str) -> bool:
    """Whether a `break` (or `return`) of this loop stands in it."""
    match node:
        case Simple():
            return _named(node) == flow
        case Sequence():
            return any(_leaves(s, flow) for s in node.body)
        case AndOr():
            return _leaves(node.left, flow) or _leaves(node.right, flow)
        case Not() | Redirected():
            return _leaves(node.body, flow)
        case If():
            parts = [b for arm in node.arms for b in arm] + ([node.orelse] if node.orelse else [])
            return any(_leaves(p, flow) for p in parts)
        case Case():
            return any(_leaves(body, flow) for _, body, _ in node.arms)
        case For() | While() | ArithmeticFor():
            return flow == "return" and _leaves(node.body, flow)
        case Background() | Subshell():
            return False
        case _:
            return False


def assigned(body: Sequence) -> set[str]:
    """Names that a body assigns, other than by `local` and its kin."""
    names: set[str] = set()
    for statement in walk(body):
        if isinstance(statement, Simple):
            names.update(a.name for a in statement.assigns if not statement.words)
            if _named(statement) in DECLARING:
                names.update(w.name for w in statement.words if isinstance(w, Assign))
        elif isinstance(statement, For):
            names.add(statement.name)
    return {n for n in names if n.isidentifier()}


def _changes(body: Sequence) -> set[str]:
    """Names and arguments that a body changes."""
    names = assigned(body)
    for statement in walk(body):
        if isinstance(statement, Simple):
            if _named(statement) in ("shift", "set"):
                names |= {"#", "@", "*", *"123456789"}
            if _named(statement) == "getopts":
                names.add("OPTIND")
            if _named(statement) in ("let", "read", "unset", ".", "source", "eval", "getopts"):
                names |= {w for w in statement.words if isinstance(w, str)} | {"*any*"}
        elif isinstance(statement, ArithmeticFor) or (isinstance(statement, Arithmetic) and _stores(statement.text)):
            names |= set(used(statement)[1])
    return names


def _stores(text: str) -> bool:
    """Whether an arithmetic text may assign: `x=1`, `x+=1`, `x++`, and not a comparison alone."""
    for comparison in ("==", "!=", "<=", ">="):
        text = text.replace(comparison, " ")
    return any(sign in text for sign in ("=", "++", "--"))


def _reading(condition: Sequence) -> set[str]:
    names = set(used(condition)[1]) | {"*any*"}
    if any(_named(s) == "getopts" for s in walk(condition)):
        names |= {"OPTIND", "*any*", "#", "@"}
    return names
