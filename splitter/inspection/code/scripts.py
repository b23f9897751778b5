"""JavaScript, Ruby and PHP by their tokens: what stands in for a variable that is not set, and constants.

`process.env.X || "v"`, `ENV.fetch("X", "v")`, `ENV["X"] || "v"`, `getenv('X') ?: 'v'`, `env('X', 'v')`, `host: "v"`.
"""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.catalogue.listening import number
from splitter.inspection._address import Address, addresses
from splitter.inspection._hints import SERVERS, words
from splitter.inspection._tokens import Language, Token, tokens
from splitter.inspection.code import Found, ending
from splitter.inspection.code._paths import database, sqlite
from splitter.model.facts import Evidence
from splitter.model.image import normal

LANGUAGES: dict[str, Language] = {
    ".js": "js", ".mjs": "js", ".cjs": "js", ".ts": "js", ".mts": "js", ".cts": "js", ".json": "js",
    ".rb": "ruby", ".ru": "ruby", ".rake": "ruby", ".php": "php",
}  # fmt: skip
ENDINGS = tuple(LANGUAGES)
ELSE = ("||", "??", "?:", "or", "||=", "??=")
GETTERS = frozenset(("fetch", "env", "getenv", "getEnv", "get_env", "getenv_docker", "env_or", "optional"))
ARRAYS = frozenset(("ENV", "$_ENV", "$_SERVER"))
JOINS = (".", "+")  # of two texts
COMPARES = frozenset(("==", "===", "!=", "includes", "in_array", "include"))
SERVES = frozenset(("listen", "bind", "createServer"))
AROUND = 14  # tokens in which the other settings of the same call or table stand


def read(text: str, path: str, env: Mapping[str, str], folder: str) -> Iterator[Found]:
    language = LANGUAGES.get(ending(path), "js")
    yield from _all(tokens(text, language), language, path, folder, 0, "", text)


def _all(
    found: list[Token], language: Language, path: str, folder: str, line: int, hint: str, text: str, depth: int = 0
) -> Iterator[Found]:
    json = path.endswith(".json")
    for at, token in enumerate(found):
        if token.kind != "string":
            continue
        here = Evidence(path, token.line + line)
        if token.mixed:
            if depth < 3:
                yield from _holes(token, language, path, folder, line, depth)
            continue
        name = variable(found, at)
        how = f"default {name}" if name else "config" if json else "code"
        if file := sqlite(token.text, folder) or database(_joined(found, at, path)):
            yield Found(token.text, here, how, name, path=file)
        if not name and (_compared(found, at) or _serves(found, at) or _is_key(found, at)):
            continue
        for asked in addresses(token.text):
            if not asked.local:
                continue
            if not asked.port and not asked.unix:
                asked = Address(asked.host, _port(found, at), scheme=asked.scheme)
            # A JSON string may be written with escapes: what stands there for certain is the host.
            written = asked.host if json and token.text not in text else token.text
            yield Found(written, here, how, name, " ".join((hint, name, *_hints(found, at))), asked)


def _joined(found: list[Token], at: int, path: str) -> str:
    """The text with the folder that it is joined to: `__DIR__ . "/db/x.db"`; "" where that is not known."""
    if at == 0 or found[at - 1].text not in JOINS or found[at - 1].kind != "mark":
        return found[at].text
    before = [t.text for t in found[max(0, at - 5) : at - 1]]
    here = before[-1:] in (["__DIR__"], ["__dirname"]) or before[-4:] == ["dirname", "(", "__FILE__", ")"]
    return normal(posixpath.join(posixpath.dirname(path), found[at].text.lstrip("/"))) if here else ""


def variable(found: list[Token], at: int) -> str:
    """The variable whose default stands at a token; "" where it is none."""
    before = [t.text for t in found[max(0, at - 10) : at]]
    kinds = [t.kind for t in found[max(0, at - 10) : at]]
    if before[-1:] and before[-1] in ELSE:
        rest, kind = before[:-1], kinds[:-1]
        while rest[-1:] == [")"] and rest[-2:-1] and kind[-2] != "string":
            rest, kind = rest[:-1], kind[:-1]
        if rest[-4:-1] == ["env", ".", rest[-1]][:3] or (rest[-3:-1] == ["env", "."] and rest[-1:]):
            return rest[-1]
        if len(rest) > 3 and rest[-1] == "]" and rest[-3] == "[" and rest[-4] in ARRAYS | {"env"}:
            return rest[-2]
        if len(rest) > 3 and rest[-1] == ")" and rest[-3] == "(" and rest[-4] in GETTERS and kind[-2] == "string":
            return rest[-2]
    if len(before) > 3 and before[-1] == "," and kinds[-2] == "string" and before[-3] == "(" and before[-4] in GETTERS:
        return before[-2]
    # ENV.fetch("X") { "v" }
    if len(before) > 5 and before[-1] == "{" and before[-2] == ")" and before[-4] == "(" and before[-5] in GETTERS:
        return before[-3] if kinds[-3] == "string" else ""
    return ""


def _holes(token: Token, language: Language, path: str, folder: str, line: int, depth: int) -> Iterator[Found]:
    """What stands within `#{}` or `${}`: the text before it tells the scheme, the text after it the port."""
    text, at = token.text, 0
    opens = "#{" if language == "ruby" else "${" if language == "js" else "{$"
    while (start := text.find(opens, at)) >= 0:
        end = _end(text, start + 2)
        inner = tokens(text[start + (1 if language == "php" else 2) : end], language if language != "php" else "js")
        scheme = text[:start].rpartition("://")[0] if "://" in text[:start] else ""
        rest = text[end + 1 :]
        port = number(rest[1:].split("/")[0].split("?")[0]) if rest.startswith(":") else 0
        outer = token.line + line - 1
        for found in _all(inner, language, path, folder, outer, scheme, text, depth + 1):
            asked = found.address
            if asked.host and not asked.port:
                asked = Address(asked.host, port, scheme=asked.scheme or scheme)
            yield Found(found.written, found.evidence, found.how, found.name, found.hint, asked, found.path)
        at = end


def _end(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return at
        at += 1
    return at


def _compared(found: list[Token], at: int) -> bool:
    before = "".join(t.text for t in found[max(0, at - 3) : at] if t.kind == "mark")
    names = {t.text for t in found[max(0, at - 6) : at] if t.kind == "name"}
    after = "".join(t.text for t in found[at + 1 : at + 3] if t.kind == "mark")
    return before.endswith(("==", "===", "!=", "!==", "=~")) or after.startswith("==") or bool(names & COMPARES)


def _serves(found: list[Token], at: int) -> bool:
    back = found[max(0, at - 5) : at]
    return any(t.kind == "name" and t.text in SERVES for t in back) and not any(t.text in (";", "}") for t in back)


def _is_key(found: list[Token], at: int) -> bool:
    return at + 1 < len(found) and found[at + 1].text in (":", "=>") and found[at].line == found[at + 1].line


def _hints(found: list[Token], at: int) -> Iterator[str]:
    """The nearest words before it that name a server, and the key that it is the value of."""
    back = found[max(0, at - AROUND) : at]
    for token in reversed(back):
        if token.kind in ("name", "string") and any(w in SERVERS for w in words(token.text[:60])):
            yield token.text
    ahead = found[at + 1 : at + AROUND]
    for key, value in zip(ahead, ahead[2:], strict=False):
        if key.text in ("dialect", "client", "adapter", "driver", "type") and value.kind == "string":
            yield value.text


def _port(found: list[Token], at: int) -> int:
    """The port beside a host: the next argument, or the value of a key `port` nearby."""
    after = found[at + 1 : at + 3]
    if len(after) == 2 and after[0].text == "," and after[1].kind == "number":
        return number(after[1].text)
    window = found[max(0, at - AROUND) : at + AROUND]
    for place, token in enumerate(window):
        if token.text.lower() == "port" and token.kind in ("name", "string"):
            for later in window[place + 1 : place + 9]:
                if later.text in (",", "}", ")") and later.kind == "mark" and window[place + 1].text not in ("(",):
                    if later.text != ",":
                        break
                    continue
                if later.kind in ("number", "string") and number(later.text):
                    return number(later.text)
                if later.kind == "name" and later.text == "host":
                    break
    return 0
