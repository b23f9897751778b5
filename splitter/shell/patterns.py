"""Shell patterns (POSIX 2.13, bash extglob where it is an alternation) on known text, without backtracking traps."""

from dataclasses import dataclass

MAX_WORK = 200_000  # comparisons for one match
MAX_ALTERNATIVES = 64
_CLASSES = {
    "alpha": str.isalpha, "digit": str.isdigit, "alnum": str.isalnum, "upper": str.isupper, "lower": str.islower,
    "space": str.isspace,
}  # fmt: skip


@dataclass(frozen=True)
class _Token:
    """`kind` is char, any, star or set; a set's members stand in `text`, ranges as `a-z`."""

    kind: str
    text: str = ""
    negated: bool = False

    def takes(self, char: str) -> bool:
        if self.kind != "set":
            return self.kind in ("any", "star") or self.text == char
        return _member(self.text, char) != self.negated


def matches(pattern: str, text: str) -> bool | None:
    """Whether the whole text matches; None where the pattern is not one that is understood."""
    choices = _alternatives(pattern)
    if choices is None:
        return None
    decided: bool | None = False
    for choice in choices:
        found = _whole(_tokens(choice), text)
        if found:
            return True
        decided = None if found is None else decided
    return decided


def strip(text: str, op: str, pattern: str) -> str | None:
    """`${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`; None where the pattern is not understood."""
    if len(text) > 2000:
        return None
    front = op.startswith("#")
    cuts = range(len(text) + 1)
    order = cuts if (len(op) == 1) == front else reversed(cuts)
    for cut in order:
        piece = text[:cut] if front else text[cut:]
        found = matches(pattern, piece)
        if found is None:
            return None
        if found:
            return text[cut:] if front else text[:cut]
    return text


def substitute(text: str, op: str, pattern: str, new: str) -> str | None:
    """`${x/p/n}` (op "/"), `${x//p/n}`, `${x/#p/n}`, `${x/%p/n}`; None where it is not understood."""
    if len(text) > 500 or not pattern:
        return None if pattern else text
    out, at = "", 0
    while at <= len(text):
        ends = range(len(text), at, -1)
        end = None
        if (op != "/#" or at == 0) and at < len(text):
            for candidate in ends:
                if op == "/%" and candidate != len(text):
                    break
                found = matches(pattern, text[at:candidate])
                if found is None:
                    return None
                if found:
                    end = candidate
                    break
        if end is None:
            out += text[at : at + 1]
            at += 1
            continue
        out += new
        at = end
        if op != "//":
            break
    return out + text[at:]


def quote(text: str) -> str:
    """The text as a pattern that matches only itself."""
    return "".join("\\" + c if c in "*?[]\\()|!@+" else c for c in text)


def has_glob(pattern: str) -> bool:
    return any(t.kind != "char" for t in _tokens(pattern))


def _alternatives(pattern: str) -> list[str] | None:
    """The pattern with `@(a|b)` and `?(a)` written out; None for the forms that repeat or negate."""
    done: list[str] = []
    todo = [pattern]
    while todo:
        if len(done) + len(todo) > MAX_ALTERNATIVES:
            return None
        current = todo.pop()
        at = 0
        while at < len(current) - 1:
            if current[at] == "\\":
                at += 2
                continue
            if current[at] in "@?*+!" and current[at + 1] == "(":
                break
            at += 1
        else:
            done.append(current)
            continue
        end, parts = _group(current, at + 1)
        if current[at] in "*+!" or end is None:
            return None
        parts = [*parts, ""] if current[at] == "?" else parts
        todo.extend(current[:at] + p + current[end + 1 :] for p in parts)
    return done


def _group(pattern: str, at: int) -> tuple[int | None, list[str]]:
    parts: list[str] = []
    depth, start = 0, at + 1
    i = at
    while i < len(pattern):
        char = pattern[i]
        if char == "\\":
            i += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return i, [*parts, pattern[start:i]]
        elif char == "|" and depth == 1:
            parts.append(pattern[start:i])
            start = i + 1
        i += 1
    return None, []


def _tokens(pattern: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            tokens.append(_Token("char", pattern[at + 1]))
            at += 2
            continue
        if char == "[":
            negated = pattern[at + 1 : at + 2] in ("!", "^")
            first = at + 2 if negated else at + 1
            end = pattern.find("]", first + 1)
            while end > 0 and pattern[first:end].rfind("[:") > pattern[first:end].rfind(":]"):
                end = pattern.find("]", end + 1)
            if end > 0:
                tokens.append(_Token("set", pattern[first:end], negated))
                at = end + 1
                continue
        tokens.append(_Token({"*": "star", "?": "any"}.get(char, "char"), char))
        at += 1
    return tokens


def _member(members: str, char: str) -> bool:
    at = 0
    while at < len(members):
        if members.startswith("[:", at) and (end := members.find(":]", at)) > 0:
            test = _CLASSES.get(members[at + 2 : end])
            if test is not None and test(char):
                return True
            at = end + 2
        elif members[at + 1 : at + 2] == "-" and at + 2 < len(members):
            if members[at] <= char <= members[at + 2]:
                return True
            at += 3
        else:
            if members[at] == char:
                return True
            at += 1
    return False


def _whole(tokens: list[_Token], text: str) -> bool | None:
    """Greedy with one point to come back to, so the work is at most tokens times characters."""
    if len(tokens) * (len(text) + 1) > MAX_WORK:
        return None
    t = s = 0
    star, mark = -1, 0
    while s < len(text):
        if t < len(tokens) and tokens[t].kind == "star":
            star, mark = t, s
            t += 1
        elif t < len(tokens) and tokens[t].takes(text[s]):
            t += 1
            s += 1
        elif star >= 0:
            mark += 1
            t, s = star + 1, mark
        else:
            return False
    return all(token.kind == "star" for token in tokens[t:])
