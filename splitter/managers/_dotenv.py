"""`.env` files as the dotenv libraries of Ruby, Node, Go and Python agree on them."""

from collections.abc import Mapping

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read(text: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a file in order; `$NAME` and `${NAME}` take their value from those before and from `known`.

    Single quotes keep a value as it is, double quotes may hold escapes and line breaks, a ` #` ends a bare value.
    With `known` None nothing is expanded (honcho and node-foreman do not). A line without `=` says nothing.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        name, equals, rest = text[at:end].partition("=")
        name = name.strip().removeprefix("export ").strip()
        if not equals or not name.isidentifier() or not name.isascii():
            at = end + 1
            continue
        start = end - len(rest.lstrip())
        quote = text[start : start + 1]
        close = _closing(text, start, quote) if quote and quote in "'\"" else -1
        if close < 0:
            value = _bare(rest)
        else:
            end = text.find("\n", close)
            end = len(text) if end < 0 else end
            value = text[start + 1 : close]
        if quote == '"' and close >= 0:
            value = _unescaped(value)
        if known is not None and not (quote == "'" and close >= 0):
            value = _expanded(value, {**known, **found})
        found[name] = value
        at = end + 1
    return found


def _closing(text: str, start: int, quote: str) -> int:
    at = start + 1
    while at < len(text) and text[at] != quote:
        at += 2 if quote == '"' and text[at] == "\\" else 1
    return at if at < len(text) else -1


def _bare(rest: str) -> str:
    value = rest.strip()
    for at, char in enumerate(value):
        if char == "#" and (at == 0 or value[at - 1].isspace()):
            return value[:at].rstrip()
    return value


def _unescaped(value: str) -> str:
    made, at = [], 0
    while at < len(value):
        if value[at] == "\\" and at + 1 < len(value):
            # An escaped dollar stays escaped until the variables are expanded.
            made.append("\\$" if value[at + 1] == "$" else ESCAPES.get(value[at + 1], value[at + 1]))
            at += 2
        else:
            made.append(value[at])
            at += 1
    return "".join(made)


def _expanded(value: str, known: Mapping[str, str]) -> str:
    made, at = [], 0
    while at < len(value):
        if value.startswith("\\$", at):
            made.append("$")
            at += 2
        elif value[at] == "$":
            end = at + 1
            braced = value[end : end + 1] == "{"
            close = value.find("}", end) if braced else -1
            if braced and close > 0:
                made.append(known.get(value[end + 1 : close], ""))
                at = close + 1
                continue
            while end < len(value) and (value[end].isalnum() or value[end] == "_"):
                end += 1
            made.append(known.get(value[at + 1 : end], "") if end > at + 1 else "$")
            at = end
        else:
            made.append(value[at])
            at += 1
    return "".join(made)
