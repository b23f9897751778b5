"""nginx (and OpenResty) reads words up to `;` as a directive, with `{}` as its block; `include` takes patterns.

The lexer follows ngx_conf_read_token in src/core/ngx_conf_file.c. Paths are relative to the folder of nginx.conf.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from splitter.inspection._address import Address, address
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, option, text_of
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal

PROGRAMS = ("nginx",)
MAIN = (
    "/etc/nginx/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf", "/usr/local/nginx/conf/nginx.conf",
    "/etc/openresty/nginx.conf", "/opt/nginx/conf/nginx.conf", "/etc/angie/angie.conf",
)  # fmt: skip
# What the distributions' own nginx.conf includes inside its http block.
PARTS = ("/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*", "/etc/nginx/http.d/*.conf",
         "/etc/nginx/site-opts.d/http.conf")  # fmt: skip
# What is made from a template at boot, by the official image's own script (20-envsubst-on-templates.sh) or by envsubst.
RENDERED = (
    "/etc/nginx/templates/nginx.conf",
    "/etc/nginx/templates/nginx.conf.template",
    "/etc/nginx/nginx.conf.template",
)
TEMPLATES = ("/etc/nginx/templates/*.conf.template", "/etc/nginx/conf.d/*.template")
SELF = {"HOSTNAME": "127.0.0.1"}  # the container's own name; nginx has no variable of that name
# Debian's package links this one into sites-enabled.
DEBIAN = "/etc/nginx/sites-available/default"
PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
LOGS = ("access_log", "error_log")
PRIVATE = ("pid", "client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "proxy_cache_path",
           "fastcgi_cache_path", "uwsgi_temp_path", "scgi_temp_path", "uwsgi_cache_path")  # fmt: skip
MAX_DEPTH = 40


@dataclass(frozen=True)
class Directive:
    """One directive with its words; `within` names the blocks around it, outermost first."""

    name: str
    args: tuple[str, ...]
    path: str
    line: int
    within: tuple[str, ...] = ()
    block: int = 0


def read(process: Process, image: Image) -> Said:
    said = Said()
    given = from_folder(process, image, option(process, "-c"))
    main = given or first_file(image, *MAIN, *RENDERED)
    starts = [main] if main else sorted(p for part in PARTS for p in image.glob(part))
    made = sorted({p for part in TEMPLATES for p in image.glob(part)} - {main})
    if not main and not image.is_dir("/etc/nginx/sites-enabled"):
        starts += [DEBIAN] if image.is_file(DEBIAN) else []
    folder = posixpath.dirname(main) if main else "/etc/nginx"
    outside = () if main else ("http",)
    names = {**image.config.env, **process.env, **SELF}
    texts = Texts(image, said, names, frozenset((*made, *(p for p in RENDERED if p == main))))
    found = list(_files(texts, [*((s, outside) for s in starts), *((m, ("http",)) for m in made)], folder))
    _directives(found, said)
    return said


def _directives(found: list[Directive], said: Said) -> None:
    listening = {d.block for d in found if d.name == "listen" and d.within[-1:] == ("server",)}
    for directive in found:
        evidence = Evidence(directive.path, directive.line)
        words = directive.args
        first = words[0] if words else ""
        if directive.name == "listen" and directive.within[-1:] == ("server",):
            if (got := _listen(first)) is not None:
                said.listens.append(Mention(first, evidence, got))
        elif directive.name == "server" and directive.within[-1:] == ("upstream",):
            if (got := address(first, 80)) is not None:
                said.reaches.append(Mention(first, evidence, got))
        elif directive.name == "server" and directive.within[-1:] == ("http",):
            if directive.block and directive.block not in listening:
                said.listens.append(Mention("", evidence, Address("", 80), certain=False))
        elif directive.name in PASSES:
            if (got := address(first)) is not None:
                said.reaches.append(Mention(first, evidence, got))
        elif directive.name == "set" and len(words) > 1:
            if (got := address(words[1])) is not None and got.local and (got.port or got.unix):
                said.reaches.append(Mention(words[1], evidence, got))
        elif directive.name in ("root", "alias") and first.startswith("/") and "$" not in first:
            said.reads.append(Mention(first, evidence, path=normal(first)))
        elif directive.name in LOGS and first.startswith("/") and "$" not in first:
            said.writes.append(Mention(first, evidence, path=normal(first)))
        elif directive.name in PRIVATE and first.startswith("/"):
            said.private.append(Mention(first, evidence, path=normal(first)))


def _listen(word: str) -> Address | None:
    if word.isascii() and word.isdigit() and 0 < len(word) < 6:
        return Address("", int(word))
    return address(word, 80) or (Address(word, 80) if word == "*" else None)


@dataclass(frozen=True)
class Texts:
    """The texts of files; those of templates with the variables that are known put in."""

    image: Image
    said: Said
    names: Mapping[str, str]
    templates: frozenset[str]

    def of(self, path: str) -> str:
        text = text_of(self.image, path, self.said)
        return _filled(text, self.names if path in self.templates else SELF)


def _filled(text: str, names: Mapping[str, str]) -> str:
    """What envsubst makes of it; a name that is not known stays, for nginx has variables of its own."""
    done = ""
    while "$" in text:
        before, _, after = text.partition("$")
        braced = after.startswith("{")
        rest = after[braced:]
        end = next((i for i, c in enumerate(rest) if not (c.isascii() and (c.isalnum() or c == "_"))), len(rest))
        known = rest[:end] in names and (not braced or rest[end : end + 1] == "}")
        done += before + (names[rest[:end]] if known else "$")
        text = rest[end + braced :] if known else after
    return done + text


def _files(texts: Texts, starts: list[tuple[str, tuple[str, ...]]], folder: str) -> Iterator[Directive]:
    """The directives of these files, each with the blocks around it, in order, includes put in their place."""
    image, said = texts.image, texts.said
    blocks = [0]
    read_so_far = [0]

    def one(path: str, around: tuple[str, ...], block: int, chain: tuple[str, ...]) -> Iterator[Directive]:
        read_so_far[0] += 1
        if path in chain or read_so_far[0] > MAX_FILES or len(around) > MAX_DEPTH:
            said.gaps.append(Gap("includes itself, or too much to be read", Evidence(path)))
            return
        for directive in parse(texts.of(path), path, blocks, block):
            placed = replace(directive, within=(*around, *directive.within))
            yield placed
            if directive.name == "include" and directive.args:
                pattern = directive.args[0]
                pattern = pattern if pattern.startswith("/") else f"{folder}/{pattern}"
                for file in image.glob(pattern):
                    if image.is_file(file) and not file.endswith(("mime.types", "_params")):
                        yield from one(file, placed.within, directive.block, (*chain, path))

    for start, within in starts:
        yield from one(start, within, 0, ())


def parse(text: str, path: str, blocks: list[int] | None = None, block: int = 0) -> Iterator[Directive]:
    """The directives of one file. `blocks` counts the blocks over all files, so that each has its number."""
    counter = blocks if blocks is not None else [0]
    around: list[tuple[str, int]] = []
    words: list[str] = []
    started, deeper = 1, 0
    here: tuple[str, ...] = ()
    for word, line, quoted in _words(text):
        if quoted or word not in (";", "{", "}"):
            started = started if words else line
            words.append(word)
            continue
        inside = around[-1][1] if around else block
        if word == "{":
            counter[0] += 1
            name = words[0] if words else ""
            yield Directive(name, tuple(words[1:]), path, started, here, counter[0])
            if len(around) < MAX_DEPTH:
                around.append((name, counter[0]))
                here = (*here, name)
            else:
                deeper += 1
        elif word == "}":
            if deeper:
                deeper -= 1
            else:
                del around[-1:]
                here = here[:-1]
        elif words:
            yield Directive(words[0], tuple(words[1:]), path, started, here, inside)
        words = []


def _words(text: str) -> Iterator[tuple[str, int, bool]]:
    """Words with their line, and whether they stood in quotes; `;`, `{` and `}` are words of their own."""
    at, line = 0, 1
    while at < len(text):
        char = text[at]
        if char.isspace():
            line += char == "\n"
            at += 1
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif char in ";{}":
            yield char, line, False
            at += 1
        else:
            word, after = _quoted(text, at) if char in "'\"" else _bare(text, at)
            yield word, line, char in "'\""
            line += text.count("\n", at, after)
            at = after
            if word.endswith("_by_lua_block"):
                after = _raw(text, at)
                line += text.count("\n", at, after)
                at = after
                yield ";", line, False


def _quoted(text: str, at: int) -> tuple[str, int]:
    quote, made = text[at], []
    at += 1
    while at < len(text) and text[at] != quote:
        if text[at] == "\\" and text[at + 1 : at + 2] in ("\\", quote, "'", '"'):
            at += 1
        made.append(text[at])
        at += 1
    return "".join(made), at + 1


def _bare(text: str, at: int) -> tuple[str, int]:
    made = []
    while at < len(text) and not text[at].isspace() and text[at] not in ";{":
        if text[at] == "$" and text[at + 1 : at + 2] == "{":
            made.append("${")
            at += 2
            continue
        if text[at] == "\\" and at + 1 < len(text):
            made.append(text[at])
            at += 1
        made.append(text[at])
        at += 1
    return "".join(made), at


def _raw(text: str, at: int) -> int:
    """Where a block of Lua ends, its closing brace left for the reader: braces are counted, whatever stands within."""
    start = text.find("{", at)
    if start < 0:
        return at
    depth, at = 0, start
    while at < len(text):
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
        if depth == 0:
            return at
    return at
