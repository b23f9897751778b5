"""`[ ]`, `[[ ]]` and `test` in three values: holds, does not, or cannot be known before it runs."""

import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple

from splitter.shell import arith, patterns
from splitter.shell.expand import Expander
from splitter.shell.lexer import Param, Text, lex
from splitter.shell.values import NONE, Value

_NUMERIC = {"-eq": "==", "-ne": "!=", "-lt": "<", "-le": "<=", "-gt": ">", "-ge": ">="}
_EXISTS = frozenset(("-e", "-a", "-f", "-d", "-r", "-w", "-x", "-s", "-L", "-h", "-S", "-p", "-b", "-c", "-O", "-G"))
_UNARY = _EXISTS | frozenset(("-n", "-z", "-v", "-t", "-u", "-g", "-k", "-o", "-R", "-N"))
_BINARY = frozenset(("=", "==", "!=", "<", ">", "=~", "-nt", "-ot", "-ef", *_NUMERIC))
_ALWAYS = frozenset(("/", "/tmp", "/run", "/proc", "/sys", "/dev", "/dev/null", "/dev/stdout", "/dev/stderr"))
# Folders for what a person brings; no base image has anything there.
_OUTSIDE = ("/config/", "/data/", "/mnt/", "/media/", "/run/secrets/", "/var/run/secrets/")


class Verdict(NamedTuple):
    """Whether something holds (None: not known), what that rests on, and in words what would make it so or not."""

    holds: bool | None
    deps: frozenset[str] = NONE
    when: str = ""
    unless: str = ""

    def inverted(self) -> "Verdict":
        return Verdict(None if self.holds is None else not self.holds, self.deps, self.unless, self.when)


TRUE, FALSE, UNDECIDED = Verdict(True), Verdict(False), Verdict(None)


def both(left: Verdict, right: Verdict) -> Verdict:
    holds = False if False in (left.holds, right.holds) else None if None in (left.holds, right.holds) else True
    deps = left.deps | right.deps
    if left.holds is False and right.holds is not False:
        deps = left.deps
    elif right.holds is False and left.holds is not False:
        deps = right.deps
    lacking = [v.when for v in (left, right) if v.holds is not True and v.when]
    return Verdict(holds, deps, " and ".join(dict.fromkeys(lacking)), left.unless or right.unless)


def either(left: Verdict, right: Verdict) -> Verdict:
    turned = both(left.inverted(), right.inverted()).inverted()
    when = " or ".join(dict.fromkeys(v.when for v in (left, right) if v.when))
    return turned._replace(when=when, unless=" and ".join(v.unless for v in (left, right) if v.unless))


def test(tokens: Sequence[str], expander: Expander, *, double: bool) -> Verdict:
    """The verdict on a condition given as the words between the brackets."""
    reader = _Reader(tuple(tokens), expander, double)
    verdict = reader.disjunction()
    return verdict if reader.at == len(tokens) else UNDECIDED


class _Reader:
    def __init__(self, tokens: tuple[str, ...], expander: Expander, double: bool) -> None:
        self.tokens, self.expander, self.double, self.at, self.depth = tokens, expander, double, 0, 0

    def peek(self, ahead: int = 0) -> str | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def disjunction(self) -> Verdict:
        left = self.conjunction()
        while self.peek() == ("||" if self.double else "-o"):
            self.at += 1
            left = either(left, self.conjunction())
        return left

    def conjunction(self) -> Verdict:
        left = self.negation()
        while self.peek() == ("&&" if self.double else "-a"):
            self.at += 1
            left = both(left, self.negation())
        return left

    def negation(self) -> Verdict:
        turns = 0
        while self.peek() == "!" and self.peek(1) is not None:
            self.at += 1
            turns += 1
        verdict = self.primary()
        return verdict.inverted() if turns % 2 else verdict

    def primary(self) -> Verdict:
        token = self.peek()
        if token is None:
            return FALSE
        if token in ("(", "\\(") and self.depth < 30:
            self.at += 1
            self.depth += 1
            verdict = self.disjunction()
            self.depth -= 1
            if self.peek() in (")", "\\)"):
                self.at += 1
            return verdict
        op = self.peek(1)
        if op in _BINARY and self.peek(2) is not None:
            self.at += 3
            return self.compare(token, op or "", self.tokens[self.at - 1])
        if token in _UNARY and op is not None and op not in ("-a", "-o", "&&", "||", ")"):
            self.at += 2
            return self.unary(token, op)
        self.at += 1
        return self.unary("-n", token)

    def unary(self, op: str, operand: str) -> Verdict:
        value = self.expander.one(operand)
        name = _named(operand) or _behind(operand, value)
        if op in ("-n", "-z"):
            if value.value is None:
                return Verdict(None, value.deps, f"{op} {operand}", f"! {op} {operand}")
            empty = value.value == ""
            if not self.double and op == "-n" and empty and name and '"' not in operand and len(self.tokens) > 1:
                return TRUE  # `[ -n $X ]` with nothing in X is `[ -n ]`
            shown = name or operand
            filled = Verdict(not empty, value.deps, f"{shown} is set", f"{shown} is not set")
            return filled if op == "-n" else filled.inverted()
        if op in ("-v", "-R"):
            held = self.expander.state.get(value.value or "")
            shown = value.text
            return Verdict(held is not None, frozenset((shown,)), f"{shown} is set", f"{shown} is not set")
        if op == "-t":
            return Verdict(False, frozenset(("id",)))
        if op in _EXISTS:
            return self.exists(op, operand, value)
        return UNDECIDED

    def exists(self, op: str, operand: str, value: Value) -> Verdict:
        shown = value.text or operand
        when, unless = f"{shown} exists", f"{shown} does not exist"
        if value.value is None:
            return Verdict(None, value.deps, when, unless)
        if value.value == "":
            return Verdict(False, value.deps, when, unless)
        state, files = self.expander.state, self.expander.files
        if not (state.cwd or value.value.startswith("/")):
            return Verdict(None, value.deps, when, unless)
        path = posixpath.normpath(posixpath.join(state.cwd or "/", value.value))
        deps = value.deps | {path}
        if path in _ALWAYS:
            return Verdict(op not in ("-f", "-L", "-h", "-S", "-s"), value.deps)
        if path.startswith(("/proc/", "/sys/", "/dev/")):
            return Verdict(None, deps, when, unless)
        if path in state.written and op in ("-e", "-a", "-f", "-d", "-r", "-w"):
            return Verdict(True, value.deps)
        is_file, is_dir = files.is_file(path), files.is_dir(path)
        there = {"-f": is_file, "-d": is_dir}.get(op, is_file or is_dir)
        if there:
            if op in ("-L", "-h", "-S", "-p", "-b", "-c", "-O", "-G"):
                return Verdict(None, deps, when, unless)
            if op == "-s" and is_file and files.read(path) == "":
                return Verdict(False, deps, when, unless)
            return Verdict(True, deps, when, unless)
        lacking = files.complete or is_file or is_dir or path.startswith(_OUTSIDE)
        return Verdict(False if lacking else None, deps, when, unless)

    def compare(self, left: str, op: str, right: str) -> Verdict:
        a = self.expander.one(left)
        when, unless = _said(left, op, right, a, self.expander)
        if op in _NUMERIC:
            return self.numeric(a, op, self.expander.one(right), when, unless)
        if self.double and op in ("=", "==", "!="):
            pattern, deps = self.expander.pattern(right)
            found = None if a.value is None or pattern is None else patterns.matches(pattern, a.value)
        elif op == "=~":
            pattern, deps = self.expander.pattern(right)
            found = None if a.value is None or pattern is None else searches(pattern, a.value)
        elif op in ("=", "==", "!="):
            b = self.expander.one(right)
            deps = b.deps
            found = None if a.value is None or b.value is None else a.value == b.value
        else:
            return Verdict(None, a.deps, when, unless)
        verdict = Verdict(found, a.deps | deps, when, unless)
        return Verdict(None if found is None else not found, verdict.deps, when, unless) if op == "!=" else verdict

    def numeric(self, a: Value, op: str, b: Value, when: str, unless: str) -> Verdict:
        deps = a.deps | b.deps
        if a.value is None or b.value is None:
            return Verdict(None, deps, when, unless)
        x, y = _integer(a.value, self.double), _integer(b.value, self.double)
        if x is None or y is None:
            strange = "uid of " in a.value + b.value and op in ("-eq", "-ne")
            return Verdict(op == "-ne" if strange else False if not self.double else None, deps, when, unless)
        result = arith.evaluate(f"{x} {_NUMERIC[op]} {y}", lambda n: None, lambda n, v: None)
        return Verdict(bool(result), deps, when, unless)


def _integer(text: str, double: bool) -> int | None:
    text = text.strip()
    if not text:
        return 0 if double else None
    return int(text) if text.lstrip("-+").isdecimal() and text.isascii() and len(text) < 19 else None


def _named(operand: str) -> str:
    """The variable that the word is, and nothing else; `X"$NAME"` counts too, for the sake of old shells."""
    parts = [p for p in lex(operand) if not (isinstance(p, Text) and p.text in ("x", "X", ""))]
    only = parts[0] if len(parts) == 1 else None
    named = isinstance(only, Param) and only.name.isidentifier() and not (only.length or only.indirect)
    return only.name if isinstance(only, Param) and named else ""


def _behind(operand: str, value: Value) -> str:
    """The variable that an argument of a function was given, as in `is_true "$DEBUG"`."""
    parts = lex(operand)
    names = sorted(d for d in value.deps if d.isidentifier() and d != "id")
    only = parts[0] if len(parts) == 1 else None
    positional = (
        isinstance(only, Param)
        and (only.name.isdigit() or only.op in (",,", "^^") or only.indirect)
        and not only.length
    )
    return names[0] if positional and len(names) == 1 else ""


def _said(left: str, op: str, right: str, value: Value, expander: Expander) -> tuple[str, str]:
    """What would make a comparison hold, and what would not, in words."""
    name = _named(left) or _behind(left, value)
    wanted = expander.one(right).text
    if not name and (other := _named(right)):
        name, wanted = other, value.text
    if name and left[:1] in "xX" and wanted[:1] == left[:1]:
        wanted = wanted[1:]
    yes, no = (f"{name}={wanted}", f"{name} other than {wanted or 'empty'}")
    if name and op in ("=", "==", "-eq"):
        return yes, no
    if name and op in ("!=", "-ne"):
        return no, yes
    return f"{left} {op} {right}", f"not {left} {op} {right}"


def searches(pattern: str, text: str, *, fold: bool = False) -> bool | None:
    """Whether an extended regular expression is found in the text; None for one that could run away or is not read."""
    if len(pattern) > 200 or len(text) > 1000 or sum(pattern.count(c) for c in "*+{") > 4:
        return None
    if any(f"){c}" in pattern for c in "*+{"):
        return None
    for name, members in (("digit", "0-9"), ("alpha", "a-zA-Z"), ("alnum", "a-zA-Z0-9"), ("space", r"\s")):
        pattern = pattern.replace(f"[:{name}:]", members)
    try:
        return re.search(pattern, text, re.IGNORECASE if fold else 0) is not None
    except (re.error, RecursionError, OverflowError):
        return None
