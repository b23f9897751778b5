"""Variables in a Dockerfile's words, expanded as BuildKit's own word reader does (Dockerfile reference,
"Environment replacement")."""

import fnmatch
from collections.abc import Callable, Mapping

NAMES = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
SPECIAL = "@*#?-$!"
MAX_VALUE = 4096  # of a value that a pattern is tried on at every place


class BadWord(ValueError):
    """A word that `docker build` refuses."""


def expand(word: str, env: Mapping[str, str], *, escape: str = "\\", quotes: bool = True,
           unset: Callable[[str], str] = lambda name: "") -> str:  # fmt: skip
    """The word with quotes taken off and variables put in; `unset` gives the value of a name that `env` lacks.

    `quotes=False` leaves quotes alone, as in a here-document. Raises BadWord.
    """
    return _Reader(word, env, escape, quotes, unset).until("")


class _Reader:
    def __init__(self, text: str, env: Mapping[str, str], escape: str, quotes: bool,
                 unset: Callable[[str], str]) -> None:  # fmt: skip
        self.text, self.env, self.escape, self.quotes, self.unset = text, env, escape, quotes, unset
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def next(self) -> str:
        char = self.peek()
        self.at += 1
        return char

    def until(self, stop: str, raw: bool = False) -> str:
        out: list[str] = []
        while char := self.peek():
            if char == stop:
                self.at += 1
                return "".join(out)
            if char == "'" and self.quotes:
                out.append(self.single())
            elif char == '"' and self.quotes:
                out.append(self.double())
            elif char == "$":
                out.append(self.dollar())
            elif char == self.escape:
                self.at += 1
                out.append((char if raw else "") + self.next())
            else:
                out.append(self.next())
        if stop:
            raise BadWord(f"unexpected end of statement while looking for matching {stop}")
        return "".join(out)

    def single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise BadWord("unexpected end of statement while looking for matching single-quote")
        inner, self.at = self.text[self.at + 1 : end], end + 1
        return inner

    def double(self) -> str:
        self.at += 1
        out: list[str] = []
        while char := self.peek():
            if char == '"':
                self.at += 1
                return "".join(out)
            if char == "$":
                out.append(self.dollar())
            elif char == self.escape:
                self.at += 1
                after = self.next()
                out.append(after if after in ('"', "$", self.escape) else char + after)
            else:
                out.append(self.next())
        raise BadWord("unexpected end of statement while looking for matching double-quote")

    def dollar(self) -> str:
        self.at += 1
        if self.peek() != "{":
            name = self.name()
            return self.value(name) if name else "$"
        self.at += 1
        name = self.name()
        if not name:
            raise BadWord("bad substitution")
        if self.peek() == "}":
            self.at += 1
            return self.value(name)
        if self.depth > 50:
            raise BadWord("nested too deep")
        self.depth += 1
        out = self.modified(name)
        self.depth -= 1
        return out

    def modified(self, name: str) -> str:
        how = self.next()
        if how == ":":
            how += self.next()
        if how in (":-", ":+", ":?", "-", "+", "?"):
            word = self.until("}")
            there = name in self.env and (how[0] != ":" or self.env[name] != "")
            if how[-1] == "+":
                return word if there else ""
            if how[-1] == "?" and not there:
                raise BadWord(f"{name}: {word or 'is not allowed to be unset'}")
            return self.env[name] if there else word
        if how in ("#", "%"):
            longest = self.peek() == how
            self.at += longest
            return strip(self.value(name), self.until("}", raw=True), prefix=how == "#", longest=longest)
        if how == "/":
            every = self.peek() == "/"
            self.at += every
            pattern = self.until("/", raw=True)
            return substitute(self.value(name), pattern, self.until("}"), every)
        raise BadWord(f"unsupported modifier ({how}) in substitution")

    def name(self) -> str:
        start = self.at
        if (self.peek() and self.peek() in SPECIAL) or self.peek().isdigit():
            self.at += 1
        else:
            while self.peek() and self.peek() in NAMES:
                self.at += 1
        return self.text[start : self.at]

    def value(self, name: str) -> str:
        return self.env[name] if name in self.env else self.unset(name)


def strip(value: str, pattern: str, *, prefix: bool, longest: bool) -> str:
    """`${value#pattern}` and its three kin."""
    _bounded(value)
    lengths = range(len(value), -1, -1) if longest else range(len(value) + 1)
    for n in lengths:
        part = value[:n] if prefix else value[len(value) - n :]
        if fnmatch.fnmatchcase(part, pattern):
            return value[n:] if prefix else value[: len(value) - n]
    return value


def substitute(value: str, pattern: str, by: str, every: bool) -> str:
    """`${value/pattern/by}`, with `every` as `//`; the longest match at each place."""
    _bounded(value)
    out, at = "", 0
    while at < len(value):
        end = next((e for e in range(len(value), at, -1) if fnmatch.fnmatchcase(value[at:e], pattern)), None)
        if end is None:
            out, at = out + value[at], at + 1
            continue
        out, at = out + by, end
        if not every:
            break
    return out + value[at:]


def _bounded(value: str) -> None:
    if len(value) > MAX_VALUE:
        raise BadWord("the value is too long for a pattern")
