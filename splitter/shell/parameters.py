"""Parameter expansion (POSIX 2.6.2 and bash's additions) on values that may be known, unset or unknown."""

from collections.abc import Callable
from dataclasses import replace

from splitter.shell import arith, patterns
from splitter.shell.lexer import Param, Part, lex
from splitter.shell.names import used
from splitter.shell.parse import parse
from splitter.shell.values import EMPTY, NONE, State, Value, Variable, escape, join, literal, unknown
from splitter.shell.world import Files

_MACHINE = frozenset((
    "HOME", "HOSTNAME", "RANDOM", "SECONDS", "PPID", "SHLVL", "LINENO", "EPOCHSECONDS", "?", "$", "!",
))  # fmt: skip
# What may be asked again at run time and answers the same: its `$(...)` can move into the command line.
_STEADY = frozenset((
    "hostname", "nproc", "getconf", "cat", "dirname", "basename", "realpath", "readlink", "pwd", "ip", "id", "whoami",
    "uname", "free", "expr", "awk", "sed", "cut", "grep", "tr", "head", "tail", "echo", "printf", "find", "pkg-config",
    "stat", "command", "which", "type", "sort", "uniq", "wc", "xargs", "jq", "env", "getent", "test", "cd",
))  # fmt: skip


class Parameters:
    """The part of expansion that reads variables."""

    state: State
    files: Files
    user: str | None

    def one(self, source: str, inside: bool = False) -> Value:
        raise NotImplementedError

    def pattern(self, source: str) -> tuple[str | None, frozenset[str]]:
        raise NotImplementedError

    def variable(self, name: str) -> Value:
        """A variable or special parameter as it stands."""
        state = self.state
        if (held := state.get(name)) is not None:
            return held.value if held.items is None else held.item("0")
        if name.isdigit():
            if name == "0":
                return literal(state.zero, frozenset("@"))
            if state.args is None:
                return unknown(f"${name}", f"${{{name}}}", frozenset("@"), frozenset("@"))
            at = int(name) - 1
            return state.args[at] if at < len(state.args) else literal("", state.outer)
        if name in ("@", "*"):
            values = self.arguments()
            return (
                join([v for pair in values for v in (pair, literal(" "))][:-1]) if values else literal("", state.outer)
            )
        if name == "#":
            count = None if state.args is None else len(state.args)
            known = literal(str(count), state.outer)
            return known if count is not None else unknown("$#", "$#", state.outer, frozenset("@"))
        if name == "PWD":
            return literal(state.cwd) if state.cwd else unknown("$PWD", "${PWD}")
        if name == "BASH_SOURCE":
            return literal(state.source or state.zero)
        if name in ("UID", "EUID") and self.uid() is not None:
            return literal(self.uid() or "", frozenset(("id",)))
        if name in _MACHINE or name in ("-", "UID", "EUID"):
            return unknown(f"${name}", f"${{{name}}}")
        return Value(f"${name}", "", f"${{{name}}}", frozenset((name,)))

    def uid(self) -> str | None:
        """The number of the user that runs the script; a word that is no number where only its name is known."""
        if self.user is None:
            return None
        name = self.user.split(":")[0]
        if name in ("", "root", "0"):
            return "0"
        if name.isdigit():
            return name
        passwd = self.files.read("/etc/passwd")
        for line in passwd.splitlines() if isinstance(passwd, str) else ():
            entry = line.split(":")
            if entry[0] == name and len(entry) > 2 and entry[2].isdigit():
                return entry[2]
        return f"uid of {name}"

    def arguments(self) -> list[Value]:
        if self.state.args is None:
            return [unknown("$@", "$@", frozenset("@"), frozenset("@"))]
        return list(self.state.args)

    def many(self, part: Part) -> list[Value] | None:
        """The values of `$@`, `${array[@]}` and their slices; None for what is one value."""
        if not isinstance(part, Param) or part.length:
            return None
        if part.name in ("@", "*") and part.index is None and not part.indirect:
            if part.quoted and part.name == "*" and not part.op:
                return None
            values = self.arguments()
        elif part.index in ("@", "*") and part.name:
            held = self.state.get(part.name)
            if held is None:
                values = []
            elif part.indirect:
                values = [literal(k) for k in held.items] if held.items is not None else [literal("0")]
            else:
                values = list(held.items.values()) if held.items is not None else [held.value]
        elif part.indirect and part.op in ("@",) and part.index is None:
            return [literal(n) for n in sorted(self.state.vars) if n.startswith(part.name)]
        else:
            return None
        if part.op == ":":
            return self._slice(values, part.argument, shift=part.name in ("@", "*"))
        if part.op in ("-", ":-") and not values:
            return [self.one(part.argument)] if part.argument else []
        if part.op in ("+", ":+"):
            if not values:
                return []
            inner = lex(part.argument)
            found = self.many(inner[0]) if len(inner) == 1 else None
            return found if found is not None else [self.one(part.argument)]
        return values

    def _slice(self, values: list[Value], argument: str, *, shift: bool) -> list[Value]:
        first, _, count = argument.partition(":")
        start = self.integer(first)
        length = self.integer(count) if count else None
        if start is None or (count and length is None):
            return [unknown("$@", "$@", needs=frozenset("@"))]
        begin = max(start - 1, 0) if shift and start >= 0 else start
        picked = values[begin:]
        return picked[:length] if length is not None and length >= 0 else picked

    def integer(self, text: str) -> int | None:
        plain = self.one(text.strip(), inside=True).value
        return arith.evaluate(plain, self.number(set()), lambda name, value: None) if plain is not None else None

    def number(self, deps: set[str]) -> Callable[[str], int | None]:
        def get(name: str) -> int | None:
            value = self.variable(name)
            deps.update(value.deps)
            if value.value is None:
                return None
            text = value.value.strip() or "0"
            return int(text) if text.lstrip("-").isdigit() and len(text) < 20 else None

        return get

    def store(self, name: str, value: int | None) -> None:
        got = (
            literal(str(value)) if value is not None else unknown(f"${name}", f"${{{name}}}", needs=frozenset((name,)))
        )
        self.state.put(name, got)

    def opaque(self, text: str, source: str) -> Value:
        """A substitution that only running can answer."""
        script = parse(text)
        programs, names = used(script)
        mine = frozenset(n for n in names if (v := self.state.get(n)) is not None and not v.outside)
        needs = mine | (frozenset() if programs <= _STEADY else frozenset(("$()",)))
        shown = source if len(source) <= 200 else "$(...)"
        return unknown(shown, source, NONE, needs)

    def param(self, part: Param) -> Value:
        """`${...}` as one value."""
        if not part.name:
            return unknown(part.source, part.source)
        if part.indirect and part.index is None:
            target = self.variable(part.name)
            if target.value is None or not target.value.isidentifier():
                return EMPTY if target.value == "" else unknown(part.source, part.source, target.deps, target.needs)
            return self.param(replace(part, name=target.value, indirect=False, source=f"${{{target.value}}}"))
        if part.length:
            return self._length(part)
        value, exists = self._current(part)
        if not part.op:
            return value
        if part.op in (":-", "-", ":=", "=", ":+", "+", ":?", "?"):
            return self._choose(part, value, exists)
        return self._edit(part, value)

    def _current(self, part: Param) -> tuple[Value, bool]:
        held = self.state.get(part.name)
        if part.index is not None and part.index not in ("@", "*"):
            key = self.one(part.index)
            if held is None and part.name == "BASH_SOURCE":
                # Its first item is what the plain name gives; the others are the files that read this one in.
                other = unknown(part.source, part.source)
                return (self.variable(part.name) if key.value == "0" else other), True
            if held is None or key.value is None:
                return (EMPTY, False) if held is None else (unknown(part.source, part.source, needs=key.needs), True)
            if held.items is not None and key.value in held.items:
                return held.items[key.value], True
            number = self.integer(part.index)
            text = str(number) if number is not None else key.value
            return held.item(text), held.items is not None and text in held.items
        value = self.variable(part.name)
        if part.name.isdigit():
            return value, self.state.args is None or int(part.name) <= len(self.state.args)
        return value, held is not None or value.value is None

    def _length(self, part: Param) -> Value:
        if part.index in ("@", "*") or part.name in ("@", "*"):
            many = self.many(replace(part, length=False)) or []
            return literal(str(len(many)), frozenset().union(*(v.deps for v in many)))
        value, _ = self._current(part)
        if value.value is None:
            return unknown(part.source, part.source, value.deps, value.needs)
        return literal(str(len(value.value)), value.deps)

    def _choose(self, part: Param, value: Value, exists: bool) -> Value:
        op, argument = part.op[-1], part.argument
        direct = value.run == f"${{{part.name}}}"
        given = value.value != "" if part.op[0] == ":" else exists
        other = self.one(argument, inside=part.quoted and '"' not in argument) if op != "?" else EMPTY
        inner = escape(other.text).replace("}", "\\}") if other.fixed else other.run
        run = f"${{{part.name}{part.op}{inner}}}" if direct else None
        deps, needs = value.deps | other.deps, value.needs | other.needs
        if op in "-=":
            if value.value is None:
                return Value(value.text, None, run or value.run, deps, needs)
            picked = value if given else other
            result = Value(picked.text, picked.value, run if run is not None else picked.run, deps, needs)
            if op == "=" and not given:
                self.state.put(part.name, result)
            return result
        if op == "+":
            if value.value is None:
                return unknown(part.source, run or part.source, deps, needs)
            picked = other if given else EMPTY
            return Value(picked.text, picked.value, run if run is not None else picked.run, deps, needs)
        if given:
            return value
        wanted = unknown(f"${part.name}", f"${{{part.name}}}", value.deps)
        self.state.vars[part.name] = Variable(wanted, exported=True, outside=True)
        return wanted

    def _edit(self, part: Param, value: Value) -> Value:
        """`#`, `%`, `/`, `^`, `,`, `:`: text made of text."""
        direct = value.run == f"${{{part.name}}}"
        if value.value is None:
            return unknown(part.source if direct else value.text, part.source, value.deps, value.needs)
        result = self._edited(part, value.value)
        if result is None:
            return unknown(part.source, part.source, value.deps, value.needs)
        if value.fixed:
            return literal(result, value.deps)
        text = result if value.text == value.value else part.source
        return Value(text, result, part.source if direct else escape(result), value.deps, value.needs)

    def _edited(self, part: Param, text: str) -> str | None:
        op, argument = part.op, part.argument
        if op in ("#", "##", "%", "%%"):
            pattern, _ = self.pattern(argument)
            return None if pattern is None else patterns.strip(text, op, pattern)
        if op in ("/", "//", "/#", "/%"):
            old, new = _halves(argument)
            pattern, _ = self.pattern(old)
            by = self.one(new).value
            return None if pattern is None or by is None else patterns.substitute(text, op, pattern, by)
        if op in ("^^", ",,") and not argument:
            return text.upper() if op == "^^" else text.lower()
        if op in ("^", ",") and not argument:
            return (text[:1].upper() if op == "^" else text[:1].lower()) + text[1:]
        if op == ":":
            first, _, count = argument.partition(":")
            start, length = self.integer(first), self.integer(count) if count else None
            if start is None or (count and length is None):
                return None
            piece = text[start:] if -len(text) <= start else ""
            return piece if length is None else piece[:length]
        return None


def _halves(argument: str) -> tuple[str, str]:
    at, quote = 0, ""
    while at < len(argument):
        char = argument[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "/" and at:
            return argument[:at], argument[at + 1 :]
        at += 1
    return argument, ""
