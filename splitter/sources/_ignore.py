"""The .dockerignore file, matched as `docker build` does (docs.docker.com/build/concepts/context, "Dockerignore")."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    text: str
    keeps: bool
    regex: re.Pattern[str]


class Ignore:
    """Which paths of a context are left out; the last rule that matches a path or a folder above it decides."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._rules = [rule for line in lines if (rule := _rule(line))]
        self._hits: dict[str, tuple[bool, ...]] = {"": tuple(False for _ in self._rules)}
        self.exceptions = any(rule.keeps for rule in self._rules)

    def __call__(self, path: str) -> bool:
        """Whether a path relative to the context is left out."""
        ignored = False
        for rule, hit in zip(self._rules, self._matches(path), strict=True):
            if hit:
                ignored = not rule.keeps
        return ignored

    def _matches(self, path: str) -> tuple[bool, ...]:
        if path not in self._hits:
            above = self._matches(posixpath.dirname(path))
            self._hits[path] = tuple(
                up or rule.regex.fullmatch(path) is not None for rule, up in zip(self._rules, above, strict=True)
            )
        return self._hits[path]


def _rule(line: str) -> Rule | None:
    text = line.strip()
    if line.startswith("#") or not text:
        return None
    keeps = text.startswith("!")
    text = text[1:].strip() if keeps else text
    text = posixpath.normpath(text).lstrip("/") if text else ""
    if text in ("", "."):
        return None
    try:
        return Rule(text, keeps, re.compile(glob_regex(text), re.DOTALL))
    except re.error:
        return Rule(text, keeps, re.compile(re.escape(text)))


def glob_regex(pattern: str) -> str:
    """The regular expression of a path pattern: `*` and `?` within one name, `**` across any number of them."""
    out, i = "", 0
    while i < len(pattern):
        char = pattern[i]
        if pattern.startswith("**", i):
            first, i = i == 0, i + 2
            slash = pattern.startswith("/", i)
            i += slash
            out += "(?:.*/)?" if i < len(pattern) and (slash or not first) else ".*"
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\" and i + 1 < len(pattern):
            i += 1
            out += re.escape(pattern[i])
        elif char == "[" and (end := pattern.find("]", i + 2)) > 0:
            inner = pattern[i + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out += f"[{inner}]"
            i = end
        else:
            out += re.escape(char)
        i += 1
    return out
