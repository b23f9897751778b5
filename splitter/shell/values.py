"""What a variable or a word stands for: known text, or text with run-time parts left in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_LENGTH = 20_000  # of one value; a longer one is taken as not known
NONE: frozenset[str] = frozenset()
_ESCAPED = str.maketrans({c: "\\" + c for c in '\\"$`'})


class Value(NamedTuple):
    """`value` is what it is with the variables at hand (None: cannot be known before it runs).

    text    for people: as `value`, but with `$NAME` for what nobody sets
    run     fit to stand within double quotes of a shell line, run-time variables kept
    deps    what `value` rests on: names of variables from outside, "@" for the arguments, "id" for the user,
            a path for a file's being there
    needs   variables of the script that `run` uses and whose statements it cannot do without
    """

    text: str
    value: str | None
    run: str
    deps: frozenset[str] = NONE
    needs: frozenset[str] = NONE

    @property
    def known(self) -> bool:
        return self.value is not None and self.text == self.value

    @property
    def fixed(self) -> bool:
        """Nothing at run time can change it."""
        return self.known and self.run == escape(self.text)


def escape(text: str) -> str:
    """The text as it stands within double quotes."""
    return text.translate(_ESCAPED)


def literal(text: str, deps: frozenset[str] = NONE) -> Value:
    return Value(text, text, escape(text), deps)


def unknown(name: str, run: str, deps: frozenset[str] = NONE, needs: frozenset[str] = NONE) -> Value:
    return Value(name, None, run, deps, needs)


EMPTY = literal("")


def join(parts: Iterable[Value]) -> Value:
    """The parts one after another."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    if sum(len(p.text) + len(p.run) for p in parts) > MAX_LENGTH:
        return unknown("...", "", frozenset().union(*(p.deps for p in parts)), frozenset(("...",)))
    values = [p.value for p in parts]
    return Value(
        "".join(p.text for p in parts),
        None if None in values else "".join(v for v in values if v is not None),
        "".join(p.run for p in parts),
        frozenset().union(*(p.deps for p in parts)),
        frozenset().union(*(p.needs for p in parts)),
    )


class Variable(NamedTuple):
    """A variable: one value, or the values of an array by index or key."""

    value: Value
    exported: bool = False
    items: Mapping[str, Value] | None = None
    outside: bool = False

    def item(self, index: str) -> Value:
        if self.items is None:
            return self.value if index in ("0", "") else EMPTY
        return self.items.get(index, EMPTY)


@dataclass
class State:
    """What the shell knows at one point. `copy` before a branch, `meet` after it.

    `outer` is what the number of arguments rests on, `locals` what the variables of the function at hand hid.
    """

    vars: dict[str, Variable] = field(default_factory=dict)
    args: tuple[Value, ...] | None = ()
    outer: frozenset[str] = frozenset("@")
    zero: str = "sh"
    source: str = ""
    cwd: str = "/"
    stack: tuple[str, ...] = ()
    functions: dict[str, object] = field(default_factory=dict)
    locals: dict[str, Variable | None] = field(default_factory=dict)
    redirects: tuple[object, ...] = ()
    allexport: bool = False
    written: frozenset[str] = NONE
    given: Mapping[str, str] = field(default_factory=dict)

    def copy(self) -> "State":
        made = State.__new__(State)
        made.__dict__.update(self.__dict__)
        made.vars, made.functions, made.locals = dict(self.vars), dict(self.functions), dict(self.locals)
        return made

    def get(self, name: str) -> Variable | None:
        return self.vars.get(name)

    def put(self, name: str, value: Value, *, exported: bool | None = None) -> None:
        old = self.vars.get(name)
        if len(value.run) > MAX_LENGTH:
            value = unknown(f"${name}", f"${{{name}}}", value.deps, frozenset((name,)))
        keep = old.exported if old else False
        self.vars[name] = Variable(value, (keep if exported is None else exported) or self.allexport)

    def meet(self, other: "State") -> None:
        """Keep what both agree on; what differs is not known."""
        every = self.vars.keys() | other.vars.keys()
        for name in sorted(n for n in every if self.vars.get(n) is not other.vars.get(n)):
            mine, theirs = self.vars.get(name), other.vars.get(name)
            if mine == theirs:
                continue
            exported = bool(mine and mine.exported) or bool(theirs and theirs.exported)
            sides = [v.value for v in (mine, theirs) if v is not None]
            if mine and theirs and mine.value == theirs.value and mine.items == theirs.items:
                self.vars[name] = mine._replace(exported=exported)
                continue
            deps = frozenset().union(*(v.deps for v in sides))
            lost = unknown(f"${name}", f"${{{name}}}", deps, frozenset((name,)))
            self.vars[name] = Variable(lost, exported)
        self.cwd = self.cwd if self.cwd == other.cwd else ""
        self.args = self.args if self.args == other.args else None
        self.functions.update(other.functions)
        self.redirects = self.redirects if self.redirects == other.redirects else ()
        self.written = self.written | other.written
        self.locals = {**other.locals, **self.locals}
