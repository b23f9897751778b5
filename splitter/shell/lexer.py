"""One word of shell source to its parts: text, parameters, substitutions; quotes as POSIX and bash read them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

MAX_NESTING = 40
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPECIAL = frozenset("@*#?$!-0123456789")
_OPS = (
    ":-", ":=", ":+", ":?", "##", "%%", "//", "/#", "/%", "^^", ",,", "-", "=", "+", "?", "#", "%", "/", "^", ",", ":",
    "@",
)  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(frozen=True)
class Text:
    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Param:
    """`${NAME[index]OPargument}`; `length` for `${#NAME}`, `indirect` for `${!NAME}`."""

    name: str
    source: str
    quoted: bool = False
    op: str = ""
    argument: str = ""
    index: str | None = None
    length: bool = False
    indirect: bool = False


@dataclass(frozen=True)
class Substitution:
    """`$(text)` or backquotes."""

    text: str
    source: str
    quoted: bool = False


@dataclass(frozen=True)
class Arith:
    text: str
    source: str
    quoted: bool = False


@dataclass(frozen=True)
class ProcessSub:
    source: str
    quoted: bool = True


Part: TypeAlias = Text | Param | Substitution | Arith | ProcessSub


@lru_cache(maxsize=4096)
def lex(source: str, inside: bool = False) -> tuple[Part, ...]:
    """The parts of a word; `inside`: as the text between double quotes (or of a here-document). Never raises."""
    parts: list[Part] = []
    at = 0
    while at < len(source):
        char = source[at]
        if char == "\\":
            nxt = source[at + 1 : at + 2]
            if nxt == "\n":
                pass
            elif inside and nxt not in ("$", "`", '"', "\\"):
                parts.append(Text("\\" + nxt, True))
            else:
                parts.append(Text(nxt or "\\", True))
            at += 2
        elif char == "'" and not inside:
            end = source.find("'", at + 1)
            end = len(source) if end < 0 else end
            parts.append(Text(source[at + 1 : end], True))
            at = end + 1
        elif char == '"' and not inside:
            end = closing(source, at)
            inner = lex(source[at + 1 : end], True)
            parts.extend(inner or (Text("", True),))
            at = end + 1
        elif char == "$" or char == "`":
            part, at = _dollar(source, at, inside)
            parts.append(part)
        elif char in "<>" and source[at + 1 : at + 2] == "(" and not inside:
            end = closing(source, at + 1)
            parts.append(ProcessSub(source[at : end + 1]))
            at = end + 1
        else:
            end = at
            while end < len(source) and source[end] not in ("\\$`" if inside else "\\$`'\"<>"):
                end += 1
            end = max(end, at + 1)
            parts.append(Text(source[at:end], inside))
            at = end
    return tuple(parts)


def _dollar(source: str, at: int, quoted: bool) -> tuple[Part, int]:
    if source[at] == "`":
        end = at + 1
        while end < len(source) and source[end] != "`":
            end += 2 if source[end] == "\\" else 1
        text = source[at + 1 : end].replace("\\`", "`").replace("\\$", "$").replace("\\\\", "\\")
        return Substitution(text, source[at : end + 1], quoted), end + 1
    nxt = source[at + 1 : at + 2]
    if nxt == "(":
        end = closing(source, at + 1)
        whole = source[at : end + 1]
        if whole.startswith("$((") and whole.endswith("))"):
            return Arith(whole[3:-2], whole, quoted), end + 1
        return Substitution(whole[2:-1] if whole.endswith(")") else whole[2:], whole, quoted), end + 1
    if nxt == "[" and (end := source.find("]", at)) > 0:
        return Arith(source[at + 2 : end], source[at : end + 1], quoted), end + 1
    if nxt == "{":
        end = closing(source, at + 1, quoted)
        return _braced(source[at + 2 : end], source[at : end + 1], quoted), end + 1
    if nxt == "'" and not quoted:
        end = at + 2
        while end < len(source) and source[end] != "'":
            end += 2 if source[end] == "\\" else 1
        return Text(_ansi(source[at + 2 : end]), True), end + 1
    if nxt == '"' and not quoted:
        end = closing(source, at + 1)
        return Text(source[at + 2 : end], True), end + 1
    if nxt in _SPECIAL and nxt:
        return Param(nxt, source[at : at + 2], quoted), at + 2
    end = at + 1
    while end < len(source) and source[end] in _NAME:
        end += 1
    if end == at + 1:
        return Text("$", quoted), at + 1
    return Param(source[at + 1 : end], source[at:end], quoted), end


def _braced(inner: str, source: str, quoted: bool) -> Part:
    length = indirect = False
    if inner.startswith("#") and len(inner) > 1 and (inner[1] in _NAME or inner[1:] in ("@", "*")):
        length, inner = True, inner[1:]
    elif inner.startswith("!") and inner[1:2] in _NAME and len(inner) > 1:
        indirect, inner = True, inner[1:]
    end = 0
    while end < len(inner) and inner[end] in _NAME:
        end += 1
    if end == 0 and inner[:1] in _SPECIAL:
        end = 1 if inner else 0
    elif inner[:1].isdigit():
        end = len(inner) - len(inner.lstrip("0123456789"))
    name, rest, index = inner[:end], inner[end:], None
    if rest.startswith("["):
        close = closing(rest, 0)
        index, rest = rest[1:close], rest[close + 1 :]
    op = next((o for o in _OPS if rest.startswith(o)), "")
    if not name or (rest and not op):
        return Param("", source, quoted)
    return Param(name, source, quoted, op, rest[len(op) :], index, length, indirect)


def closing(source: str, at: int, inside: bool = False) -> int:
    """The index of what closes the quote or bracket at `at`, or the length where nothing does."""
    opener = source[at]
    i = at
    stack: list[str] = []
    while i < len(source):
        char = source[i]
        top = stack[-1] if stack else ""
        if char == "\\":
            i += 1
        elif char == "'" and not _literal_quote(stack, inside):
            end = source.find("'", i + 1)
            if end < 0:
                return len(source)
            i = end
        elif char == '"':
            if top == '"':
                stack.pop()
            else:
                stack.append('"')
        elif top == '"' and not (char in "({" and source[i - 1] == "$"):
            pass
        elif char == "#" and i and source[i - 1] in " \t\n" and top == ")":
            end = source.find("\n", i)
            i = len(source) if end < 0 else end
        elif char in "({" and (char == opener or source[i - 1] == "$" or char == "("):
            stack.append({"(": ")", "{": "}"}[char])
        elif char == "[" and opener == "[" and (i == at or not stack or top == "]"):
            stack.append("]")
        elif stack and char == top:
            stack.pop()
        if not stack:
            return i
        i += 1
    return len(source)


def _literal_quote(stack: list[str], inside: bool) -> bool:
    """A single quote between double quotes is a character, unless a command substitution began since."""
    around = next((s for s in reversed(stack) if s in ')"'), '"' if inside else ")")
    return around == '"'


def _ansi(text: str) -> str:
    out, at = [], 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            if text[at + 1] == "x":
                digits = text[at + 2 : at + 4]
                if digits and all(c in "0123456789abcdefABCDEF" for c in digits):
                    out.append(chr(int(digits, 16)))
                    at += 2 + len(digits)
                    continue
            out.append(_ESCAPES.get(text[at + 1], text[at + 1]))
            at += 2
        else:
            out.append(text[at])
            at += 1
    return "".join(out)
