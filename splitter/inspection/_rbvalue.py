"""The value of a Ruby expression as far as reading tells: strings with `#{}`, ENV, File.expand_path and variables."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.inspection._tokens import Token, tokens
from splitter.model.image import normal

MAX_VALUE = 4096  # what is built up of itself again and again ends here


@dataclass
class Scope:
    """What names hold so far; `path` is the file's own, `folder` the one the program runs in."""

    path: str
    folder: str
    env: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


def expression(found: list[Token], at: int, scope: Scope, depth: int = 0) -> tuple[str | None, int]:
    """The value that begins at a token, and the index after it; None where reading does not tell."""
    if at >= len(found) or depth > 20:
        return None, at + 1
    token = found[at]
    texts = [t.text for t in found[at : at + 8]]
    if token.kind == "string":
        return (filled(token.text, scope, depth) if token.mixed else token.text), at + 1
    if token.kind == "number":
        return token.text, at + 1
    if token.text == "ENV" and (got := variable(found, at)) is not None:
        name, default, after = got
        if name in scope.env:
            return scope.env[name], after
        return expression(found, default, scope, depth + 1) if default else (None, after)
    if texts[:3] == ["File", ".", "expand_path"] or texts[:3] == ["File", ".", "join"]:
        return _path(found, at + 3, scope, texts[2], depth)
    if texts[:3] == ["File", ".", "dirname"]:
        inner, after = expression(found, at + 4 if texts[3:4] == ["("] else at + 3, scope, depth + 1)
        return (posixpath.dirname(inner) if inner else None), after
    if token.text in ("Dir",) and texts[1:3] == [".", "pwd"]:
        return scope.folder, at + 3
    if texts[:3] == ["Rails", ".", "root"]:
        after = at + 3
        if texts[3:5] == [".", "join"]:
            return _path(found, at + 5, scope, "join", depth, scope.folder)
        return scope.folder, after
    if token.text == "__dir__":
        return posixpath.dirname(scope.path), at + 1
    if token.text in ("__FILE__", "__file__"):
        return scope.path, at + 1
    if token.kind == "name":
        return scope.values.get(token.text), at + 1
    return None, at + 1


def variable(found: list[Token], at: int) -> tuple[str, int, int] | None:
    """`ENV["X"]`, `ENV.fetch("X", d)`, `ENV.fetch("X") { d }`, `ENV["X"] || d`: name, default (0: none), end."""
    texts = [t.text for t in found[at : at + 8]]
    name = next((t.text for t in found[at + 1 : at + 5] if t.kind == "string"), "")
    if texts[1:2] == ["["] and texts[3:4] == ["]"] and found[at + 2].kind == "string":
        end = at + 4
    elif texts[1:4] == [".", "fetch", "("] and len(found) > at + 5 and found[at + 4].kind == "string":
        if found[at + 5].text == ",":
            return found[at + 4].text, at + 6, at + 8
        end = at + 6
        if end < len(found) and found[end].text == "{":
            return found[at + 4].text, end + 1, end + 3
        name = found[at + 4].text
    else:
        return None
    if end + 1 < len(found) and found[end].text in ("||", "||="):
        return name, end + 1, end + 2
    return name, 0, end


def filled(text: str, scope: Scope, depth: int = 0) -> str | None:
    """A string with the values of its `#{}`; None where one is not known."""
    made, at = [], 0
    while at < len(text):
        if text.startswith("#{", at):
            end = text.find("}", at, at + MAX_VALUE)
            if end < 0 or depth > 5:
                return None
            inner, _ = expression(tokens(text[at + 2 : end], "ruby"), 0, scope, depth + 1)
            if inner is None:
                return None
            made.append(inner)
            at = end + 1
        else:
            made.append(text[at])
            at += 1
    whole = "".join(made)
    return whole if len(whole) < MAX_VALUE else None


def _path(found: list[Token], at: int, scope: Scope, how: str, depth: int, start: str = "") -> tuple[str | None, int]:
    """The arguments of File.join, File.expand_path or Rails.root.join, put together."""
    parts: list[str | None] = []
    at += found[at].text == "(" if at < len(found) else 0
    while at < len(found):
        part, at = expression(found, at, scope, depth + 1)
        parts.append(part)
        if at >= len(found) or found[at].text != ",":
            break
        at += 1
    known = [p for p in parts if p is not None]
    after = at + 1 if at < len(found) and found[at].text == ")" else at
    if len(known) != len(parts) or not known:
        return None, after
    if how == "expand_path":
        base = known[1] if len(known) > 1 else scope.folder
        return normal(posixpath.join(base, known[0])), after
    return normal(posixpath.join(start, *known)), after
