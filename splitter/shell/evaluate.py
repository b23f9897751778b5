"""A shell script interpreted without being run: the calls it makes, in order, and under which conditions."""

import shlex
from collections.abc import Mapping, Sequence

from splitter.shell.calls import Trace, Unread, Word
from splitter.shell.expand import Expander
from splitter.shell.expand import words as as_words
from splitter.shell.machine import Machine
from splitter.shell.parse import parse
from splitter.shell.reader import Full
from splitter.shell.scope import Context, Source
from splitter.shell.syntax import Background, Simple
from splitter.shell.values import State, Value, Variable, literal
from splitter.shell.world import Files, NoFiles

__all__ = ["Files", "evaluate", "words"]


def evaluate(
    text: str,
    *,
    path: str,
    env: Mapping[str, str],
    args: Sequence[str | Word] = (),
    cwd: str = "/",
    files: Files | None = None,
    dialect: str = "sh",
    user: str | None = None,
    zero: str | None = None,
    stays: bool = False,
) -> Trace:
    """What a script does with this environment and these arguments; its text is never executed. Never raises.

    A variable that `env` does not have counts as unset. A condition that cannot be decided has both its arms
    reported. A `Word` among the arguments may be known at run time only. `user` is who runs it ("" for root; None:
    not known) and `zero` its `$0` where that is not `path`. Of a script that `stays`, each exit that rests on what is
    not set or not there is taken for a refusal to run like that, whatever its status, and the script is read on.
    """
    script = parse(text)
    state = State(_variables(env), tuple(_argument(a) for a in args), cwd=cwd, given=dict(env))
    state.zero = path if zero is None else zero
    state.source = path
    machine = Machine(state, files or NoFiles(), user, dialect)
    machine.stays = stays
    source = Source(path, script)
    try:
        machine.broken(source)
        outcome = machine.sequence(script.body, Context(source, last=True))
        if outcome.flow == "fail" and machine.failed is not None:
            machine.unread.append(machine.failed)
    except Full as full:
        machine.unread.append(Unread(f"{full}; what follows was not read", path, 1))
    except RecursionError:
        machine.unread.append(Unread("nested too deep to be read", path, 1))
    end = machine.state
    return Trace(
        tuple(machine.calls),
        tuple(dict.fromkeys(machine.unread)),
        machine.exported()[0],
        end.cwd,
        tuple(sorted(end.functions)),
        tuple(dict.fromkeys(machine.sourced)),
        tuple({(c.path, c.start, c.argv): (min(at, len(machine.calls)), c) for at, c in machine.taken}.values()),
    )


def words(text: str, env: Mapping[str, str]) -> tuple[Word, ...] | None:
    """The words of one command line; None where it is anything but one simple command."""
    script = parse(text)
    if script.broken or len(script.body.body) != 1:
        return None
    [node] = script.body.body
    if isinstance(node, Background) or not isinstance(node, Simple) or node.assigns or node.redirects:
        return None
    expander = Expander(State(_variables(env), given=dict(env)), NoFiles(), None)
    if not all(isinstance(w, str) for w in node.words):
        return None
    try:
        fields = [f for w in node.words if isinstance(w, str) for f in expander.fields(w)]
    except RecursionError:
        return None
    return as_words(fields) or None


def _argument(arg: str | Word) -> Value:
    if isinstance(arg, str):
        return literal(arg, frozenset("@"))
    source = arg.source
    run = source[1:-1] if len(source) > 1 and source[0] == source[-1] == '"' else source
    if shlex.quote(arg.text) == source or not ("$" in source or "`" in source):
        return literal(arg.text, frozenset("@"))
    return Value(arg.text, arg.text if arg.known else None, run, frozenset("@"))


def _variables(env: Mapping[str, str]) -> dict[str, Variable]:
    return {
        name: Variable(Value(text, text, f"${{{name}}}", frozenset((name,))), exported=True, outside=True)
        for name, text in env.items()
    }
