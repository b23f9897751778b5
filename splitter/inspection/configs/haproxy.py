"""HAProxy reads lines of words in sections; `bind` says where it listens, `server` what it reaches.

Configuration Manual 2.2: words parted by blanks, quotes, `\\ ` escapes, "${VAR}" within double quotes; -f repeats.
"""

import posixpath
from collections.abc import Mapping

from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, address
from splitter.inspection.configs import MAX_FILES, Mention, Said, from_folder, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("haproxy",)
DEFAULT = ("/etc/haproxy/haproxy.cfg", "/usr/local/etc/haproxy/haproxy.cfg")
SECTIONS = ("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "cache")
MAX_LINE = 8192
FAMILIES = ("ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@")


def read(process: Process, image: Image) -> Said:
    said = Said()
    env = {**image.config.env, **process.env}
    section = ""
    for path in _files(process, image)[:MAX_FILES]:
        for number, line in enumerate(text_of(image, path, said).splitlines(), 1):
            words = split(line[:MAX_LINE], env)
            if not words:
                continue
            evidence = Evidence(path, number)
            if words[0] in SECTIONS:
                section = words[0]
                if section in ("frontend", "listen") and len(words) > 2:
                    _listens(words[2], evidence, said)
            elif words[0] == "bind" and len(words) > 1:
                _listens(words[1], evidence, said)
            elif words[0] == "server" and len(words) > 2 and section in ("backend", "listen"):
                if (asked := _address(words[2])) is not None:
                    said.reaches.append(Mention(words[2], evidence, asked))
            elif words[:2] == ["stats", "socket"] and len(words) > 2 and words[2].startswith("/"):
                said.listens.append(Mention(words[2], evidence, Address(unix=normal(words[2]))))
    return said


def _files(process: Process, image: Image) -> list[str]:
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    given = [from_folder(process, image, args[at + 1]) for at, w in enumerate(args[:-1]) if w in ("-f", "--")]
    found: list[str] = []
    for path in given:
        found += image.glob(posixpath.join(path, "*.cfg")) if image.is_dir(path) else [path]
    return found or [p for p in DEFAULT if image.is_file(p)][:1]


def _listens(text: str, evidence: Evidence, said: Said) -> None:
    for part in text.split(","):
        if (asked := _address(part)) is not None:
            said.listens.append(Mention(text, evidence, asked))


def _address(text: str) -> Address | None:
    for family in FAMILIES:
        text = text.removeprefix(family)
    if text.startswith("unix@"):
        return Address(unix=normal(text[5:])) if text[5:].startswith("/") else None
    if text.startswith("/"):
        return Address(unix=normal(text))
    return address(text)


def split(line: str, env: Mapping[str, str]) -> list[str]:
    """The words of a line; a comment ends it."""
    words: list[str] = []
    word: str | None = None
    quote, at = "", 0
    while at < len(line):
        char = line[at]
        if quote == "'" and char != "'":
            word = (word or "") + char
        elif char == "\\" and at + 1 < len(line):
            at += 1
            word = (word or "") + line[at]
        elif char in "'\"" and char in (quote or "'\""):
            quote = "" if quote else char
            word = word or ""
        elif char == "$" and quote == '"':
            at, value = _variable(line, at, env)
            word = (word or "") + value
            continue
        elif char.isspace() and not quote:
            words += [word] if word is not None else []
            word = None
        elif char == "#" and not quote:
            break
        else:
            word = (word or "") + char
        at += 1
    return words + ([word] if word is not None else [])


def _variable(line: str, at: int, env: Mapping[str, str]) -> tuple[int, str]:
    end = at + 1
    braced = line[end : end + 1] == "{"
    start = end = end + braced
    while end < len(line) and (line[end].isalnum() or line[end] == "_"):
        end += 1
    name, default = line[start:end], ""
    if braced:
        close = line.find("}", end)
        close = len(line) - 1 if close < 0 else close
        default = line[end + 1 : close] if line[end : end + 1] == "-" else ""
        end = close + 1
    return max(end, at + 1), env.get(name, default)
