"""The value of an expression of PHP or Perl, by its tokens: numbers, texts, variables of the environment, ftok.

A name counts where it is given one value in its file. Whatever is not understood is None, never a guess: an expression
has to end where one of these ends.
"""

import posixpath
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from splitter.inspection._tokens import Token
from splitter.inspection.sharing import Made, Source, Value, integer
from splitter.model.image import normal

MAX_DEPTH = 12
ENDS = frozenset((",", ")", ";", "]", "}", "=>", ":", "||", "or", "and", "&&", "|", "if", "unless"))
ELSE = frozenset(("?:", "??", "||", "//", "or"))
ENVIRONMENT = frozenset(("$_ENV", "$_SERVER", "$ENV"))
CHANGES = frozenset(("+", "-", ".", "*", "|", "/", "^"))  # before a `=`
NO_CALL = frozenset(("function", "->", "::", "&"))  # before a name that is no function, or not the one of that name
CLOSES = {"(": ")", "[": "]", "{": "}"}
UNSET = ""  # the value of a variable of the environment that is not set: what follows `?:` or `||` counts


@dataclass
class Names:
    """What names and constants stand for, None where that is not one thing; `tokens` are the file's own."""

    source: Source
    tokens: list[Token]
    values: dict[str, Value] = field(default_factory=dict)

    def give(self, name: str, value: Value) -> None:
        """A name's value, by the name alone: `$this->key` and `$key` are one; None once there are two."""
        name = name.lstrip("$")
        self.values[name] = value if name not in self.values or self.values[name] == value else None

    def lose(self, name: str) -> None:
        self.values[name.lstrip("$")] = None

    def text(self, at: int) -> str:
        """The text of a mark or name there; "" behind the end and for what is quoted."""
        token = self.tokens[at] if 0 <= at < len(self.tokens) else None
        return token.text if token is not None and token.kind in ("mark", "name") else ""

    def value(self, at: int, depth: int = 0) -> tuple[Value, int]:
        """The value of the expression that begins at a token, and where it ends."""
        got, at = self._one(at, depth)
        while self.text(at) not in ("", *ENDS) or (self.text(at) == "||" and got == UNSET):
            mark = self.text(at)
            if mark == "/" and self.text(at + 1) == "/":
                mark, at = "//", at + 1
            if mark == ".":
                more, at = self._one(at + 1, depth)
                got = got + more if isinstance(got, str) and isinstance(more, str) and len(got) < 4096 else None
            elif mark in ELSE:
                other, at = self.value(at + 1, depth + 1) if depth < MAX_DEPTH else (None, at + 1)
                got = other if got == UNSET else got
            else:
                return None, at
        return (got if at >= len(self.tokens) or self.tokens[at].kind == "mark" or self.text(at) else None), at

    def _one(self, at: int, depth: int) -> tuple[Value, int]:
        token = self.tokens[at] if at < len(self.tokens) else None
        if token is None or depth > MAX_DEPTH:
            return None, at + 1
        if token.kind == "string":
            return (None if token.mixed else token.text), at + 1
        if token.kind == "number":
            return token.text, at + 1
        if token.text == "-":
            inner, after = self._one(at + 1, depth + 1)
            return (f"-{inner}" if isinstance(inner, str) and integer(inner) is not None else None), after
        if token.text == "(":
            if self.text(at + 1) in ("int", "integer", "string") and self.text(at + 2) == ")":
                return self._one(at + 3, depth + 1)
            inner, after = self.value(at + 1, depth + 1)
            return (inner, after + 1) if self.text(after) == ")" else (None, after)
        return self._named(at, depth) if token.kind == "name" else (None, at + 1)

    def _named(self, at: int, depth: int) -> tuple[Value, int]:
        name = self.text(at).lstrip("\\")
        if name in ENVIRONMENT and self.text(at + 1) in ("[", "{") and self.text(at + 3) in ("]", "}"):
            return self.source.env.get(self.tokens[at + 2].text, UNSET), at + 4
        while self.text(at + 1) in ("::", "->") and at + 2 < len(self.tokens) and self.tokens[at + 2].kind == "name":
            at += 2
            name = self.text(at)
        if self.text(at + 1) == "(":
            args, after = self.arguments(at + 1, depth + 1)
            return self._call(name, args), after
        at += 1
        if name in ("__FILE__", "$0"):
            return self.source.path, at
        if name == "__DIR__":
            return posixpath.dirname(self.source.path), at
        if self.text(at) in CLOSES:  # a part of it, which is another thing
            return None, self.past(at)
        return self.values.get(name.lstrip("$")), at

    def arguments(self, at: int, depth: int = 0) -> tuple[list[tuple[Value, int]], int]:
        """The arguments of a call whose bracket opens at a token, each with the place where it begins; the end."""
        end = self.past(at)
        found: list[tuple[Value, int]] = []
        at += 1
        while at < end - 1 and len(found) < 20:
            got, after = self.value(at, depth)
            found.append((got, at))
            at = max(after, at + 1)
            level = 0
            while at < end - 1 and (self.text(at) != "," or level):
                level += (self.text(at) in CLOSES) - (self.text(at) in CLOSES.values())
                at += 1
            at += 1
        return found, end

    def past(self, at: int) -> int:
        """The place after the bracket that closes the one at a token."""
        level = 0
        while at < len(self.tokens):
            level += (self.text(at) in CLOSES) - (self.text(at) in CLOSES.values())
            at += 1
            if not level:
                break
        return at

    def _call(self, name: str, args: list[tuple[Value, int]]) -> Value:
        told = [value for value, _ in args]
        first = told[0] if told else None
        if name == "ftok":
            return self.made(first, told[1] if len(told) > 1 else "1")
        if not isinstance(first, str):
            return None
        if name in ("getenv", "env"):
            default = told[1] if len(told) > 1 else UNSET
            return self.source.env.get(first, default)
        if name in ("intval", "int", "realpath", "hex", "hexdec", "oct"):
            return f"0x{first}" if name.startswith("hex") and not first.startswith("0x") else first
        if name == "crc32":
            return str(zlib.crc32(first.encode(errors="replace")))
        return posixpath.dirname(first) if name == "dirname" and len(told) == 1 else None

    def made(self, path: Value, project: Value) -> Value:
        """What ftok makes of a path and a number or character."""
        if not isinstance(path, str) or not path or not isinstance(project, str) or not project:
            return None
        return Made(normal(posixpath.join(self.source.folder, path)), project)

    def given(self) -> None:
        """Take in each `name = value`; what else changes a name, and what a loop gives it, leaves it without one."""
        for at, token in enumerate(self.tokens):
            if token.kind != "name":
                continue
            after = self.text(at + 1)
            if after == "=" and self.text(at + 2) not in ("=", "~"):
                self.give(token.text, self.value(at + 2)[0])
            changed = after in ("??=", "||=") or (after in CHANGES and self.text(at + 2) == "=")
            if changed or {self.text(at - 1), self.text(at - 2)} & {"as", "for", "foreach"}:
                self.lose(token.text)

    def calls(self, names: frozenset[str]) -> Iterator[tuple[str, list[tuple[Value, int]], int]]:
        """Each call of one of these functions, with its arguments and its place; a definition is none."""
        for at, token in enumerate(self.tokens):
            name = token.text.lstrip("\\")
            before = self.text(at - 1)
            if token.kind == "name" and name in names and self.text(at + 1) == "(" and before not in NO_CALL:
                yield name, self.arguments(at + 1)[0], at
