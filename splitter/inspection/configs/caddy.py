"""Caddy reads a Caddyfile (words, `{}` blocks, line ends count) or JSON; `{$NAME:default}` is the environment.

Caddy: "Caddyfile Concepts". A site's addresses say where it listens; reverse_proxy and php_fastcgi what it reaches.
"""

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitter.inspection._address import Address, address
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, option, text_of
from splitter.inspection.configs._values import line_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("caddy", "frankenphp")
UPSTREAMS = ("reverse_proxy", "php_fastcgi", "to", "forward_auth")
# Directives that may have a block of their own in a file without braces around its one site.
DIRECTIVES = frozenset(
    (*UPSTREAMS, "log", "handle", "handle_path", "route", "header", "encode", "tls", "file_server", "root", "rewrite",
     "basic_auth", "basicauth", "respond", "handle_errors", "request_body")
)  # fmt: skip
MAX_TOKENS = 100_000
MAX_NAME = 1000


@dataclass(frozen=True)
class Word:
    text: str
    line: int
    quoted: bool = False


def read(process: Process, image: Image) -> Said:
    said = Said()
    given = from_folder(process, image, option(process, "--config", "-config", "-c"))
    path = given or first_file(image, from_folder(process, image, "Caddyfile"), "/etc/caddy/Caddyfile",
                               "/etc/frankenphp/Caddyfile")  # fmt: skip
    text = text_of(image, path, said)
    if path.endswith(".json"):
        _json(text, path, said)
    elif text:
        env = {**image.config.env, **process.env}
        _sites(text, path, env, image, said)
    return said


def _sites(text: str, path: str, env: Mapping[str, str], image: Image, said: Said) -> None:
    files = [(path, text)]
    count = 0
    while files and count < MAX_FILES:
        count += 1
        path, text = files.pop(0)
        depth = 0
        for line in _lines(expanded(text, env)):
            closes = line[0].text == "}" and not line[0].quoted
            opens = line[-1].text == "{" and not line[-1].quoted
            depth -= closes
            words = line[closes : len(line) - opens]
            if words and words[0].text == "import":
                files += [(p, t) for p in _imported(path, words[1:], image) if isinstance(t := image.read(p), str)]
            elif words and depth <= 0 and _is_site(words, opens):
                _site(words, path, said)
            elif words:
                _directive(words, path, said)
            depth += opens
            if depth < 0:
                depth = 0


def _is_site(words: list[Word], opens: bool) -> bool:
    """The addresses of a site: before a block that is neither a snippet nor a directive's, or a file's first line."""
    text = words[0].text.rstrip(",")
    if opens:
        return not text.startswith("(") and text not in DIRECTIVES
    plain = text.rpartition(":")[0] != "" and address(text) is not None
    return text.startswith((":", "http://", "https://")) or plain


def _site(words: list[Word], path: str, said: Said) -> None:
    for word in words:
        for text in word.text.split(","):
            if not text or text.startswith(("(", "@")):
                continue
            scheme, _, rest = text.rpartition("://")
            host, _, port = rest.split("/")[0].rpartition(":")
            if not port.isdigit():
                host, port = rest.split("/")[0], "80" if scheme == "http" else "443"
            where = address(f"{host or '*'}:{port}")
            if where is not None:
                # A host name selects the site; Caddy listens on every address unless `bind` says otherwise.
                said.listens.append(Mention(text, Evidence(path, word.line), Address("", where.port)))


def _directive(words: list[Word], path: str, said: Said) -> None:
    name, args = words[0].text, words[1:]
    if name in UPSTREAMS:
        for word in args:
            if word.text.startswith(("/", "@", "*")):
                continue  # a matcher
            if (asked := upstream(word.text)) is not None:
                said.reaches.append(Mention(word.text, Evidence(path, word.line), asked))
    elif name in ("root", "file_server") and args and args[-1].text.startswith("/") and "{" not in args[-1].text:
        word = args[-1]
        said.reads.append(Mention(word.text, Evidence(path, word.line), path=normal(word.text)))
    elif name == "output" and len(args) > 1 and args[0].text == "file" and args[1].text.startswith("/"):
        said.writes.append(Mention(args[1].text, Evidence(path, args[1].line), path=normal(args[1].text)))


def upstream(text: str) -> Address | None:
    """`host:port`, `:port` (this machine), `unix//path`, a URL."""
    for mark in ("unix//", "unix+h2c//"):
        if text.startswith(mark):
            return Address(unix=normal(text[len(mark) - 1 :]))
    found = address(text, 80)
    if found is not None and text.startswith(":"):
        return Address("localhost", found.port)
    return found


def _imported(path: str, words: list[Word], image: Image) -> list[str]:
    if not words:
        return []
    pattern = words[0].text
    full = pattern if pattern.startswith("/") else posixpath.join(posixpath.dirname(path), pattern)
    return [p for p in image.glob(full) if image.is_file(p)]


def _lines(text: str) -> Iterator[list[Word]]:
    """The words of each line; lines without a word are left out."""
    here: list[Word] = []
    for word in _words(text):
        if here and word.line != here[-1].line + here[-1].text.count("\n"):
            yield here
            here = []
        here.append(word)
    if here:
        yield here


def _words(text: str) -> Iterator[Word]:
    at, line = 0, 1
    for _ in range(MAX_TOKENS):
        while at < len(text) and (text[at].isspace() or (text[at] == "\\" and text[at + 1 : at + 2] == "\n")):
            line += text[at] == "\n"
            at += 1
        if at >= len(text):
            return
        if text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            continue
        start = line
        if text[at] in '"`':
            quote, made = text[at], []
            at += 1
            while at < len(text) and text[at] != quote:
                if quote == '"' and text[at] == "\\" and text[at + 1 : at + 2] == '"':
                    at += 1
                made.append(text[at])
                at += 1
            at += 1
            yield Word("".join(made), start, True)
            line += "".join(made).count("\n")
        else:
            end = at
            while end < len(text) and not text[end].isspace():
                end += 1
            yield Word(text[at:end], start)
            at = end


def expanded(text: str, env: Mapping[str, str]) -> str:
    """`{$NAME}` and `{$NAME:default}` put in, before anything else is read, as Caddy does."""
    made, at = [], 0
    while at < len(text):
        end = text.find("}", at, at + MAX_NAME) if text.startswith("{$", at) else -1
        if end > 0:
            name, _, default = text[at + 2 : end].partition(":")
            made.append(env.get(name) or default)
            at = end + 1
        else:
            after = text.find("{$", at + 1)
            after = len(text) if after < 0 else after
            made.append(text[at:after])
            at = after
    return "".join(made)


def _json(text: str, path: str, said: Said) -> None:
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return
    open_: list[tuple[str, object]] = [("", root)]
    for _ in range(50_000):
        if not open_:
            return
        key, value = open_.pop(0)
        if isinstance(value, dict):
            open_ += value.items()
        elif isinstance(value, list):
            open_ += ((key, v) for v in value)
        elif isinstance(value, str) and key in ("dial", "listen") and (asked := upstream(value)) is not None:
            mention = Mention(value, Evidence(path, line_of(text, value)), asked)
            (said.reaches if key == "dial" else said.listens).append(mention)
