"""Apache reads directives line by line, in sections `<...>`; Include takes files, folders and patterns.

Apache HTTP Server: "Configuration Files". `${NAME}` is a Define or a variable (Debian: of /etc/apache2/envvars).
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from splitter.catalogue.listening import number
from splitter.inspection._address import Address, address, addresses
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, lines, option, text_of
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal

PROGRAMS = ("apache", "apache start")
MAIN = ("/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf", "/usr/local/apache2/conf/httpd.conf",
        "/etc/apache2/httpd.conf")  # fmt: skip
PARTS = ("/etc/apache2/ports.conf", "/etc/apache2/conf-enabled/*.conf", "/etc/apache2/sites-enabled/*.conf",
         "/etc/httpd/conf.d/*.conf")  # fmt: skip
DEFAULT = "/etc/apache2/sites-available/000-default.conf"  # Debian's package links it into sites-enabled
MODULES = "/etc/apache2/mods-enabled"
DEBIAN = {"APACHE_LOG_DIR": "/var/log/apache2", "APACHE_RUN_DIR": "/var/run/apache2",
          "APACHE_LOCK_DIR": "/var/lock/apache2", "APACHE_PID_FILE": "/var/run/apache2/apache2.pid"}  # fmt: skip
LOGS = ("errorlog", "customlog", "transferlog")

MAX_VALUE = 4096  # a Define made of itself again and again ends here


@dataclass(frozen=True)
class Directive:
    name: str
    args: tuple[str, ...]
    path: str
    line: int


def read(process: Process, image: Image) -> Said:
    said = Said()
    main = from_folder(process, image, option(process, "-f")) or first_file(image, *MAIN)
    starts = [main] if main else sorted(p for part in PARTS for p in image.glob(part))
    if not main and not image.is_dir("/etc/apache2/sites-enabled") and image.is_file(DEFAULT):
        starts.append(DEFAULT)
    root = option(process, "-d") or (posixpath.dirname(main) if main else "/etc/apache2")
    root = root.removesuffix("/conf") if root != "/etc/apache2/conf" else root
    env = {**DEBIAN, **image.config.env, **process.env, **dict(_envvars(image))}
    for directive in _Files(image, said, root, env).read(starts):
        _directive(directive, said)
    return said


def _directive(directive: Directive, said: Said) -> None:
    name, args = directive.name, directive.args
    evidence = Evidence(directive.path, directive.line)
    first = args[0] if args else ""
    if name == "listen":
        asked = Address("", number(first)) if number(first) else address(first)
        if asked is not None:
            said.listens.append(Mention(first, evidence, asked))
    elif name in ("proxypass", "proxypassmatch", "balancermember"):
        # Within <Location> the path is not repeated: the URL is then the first word.
        for word in args[:2]:
            if (asked := backend(word)) is not None:
                said.reaches.append(Mention(word, evidence, asked))
                break
    elif name in ("sethandler", "action") and first.startswith("proxy:"):
        if (asked := backend(first[6:])) is not None:
            said.reaches.append(Mention(first, evidence, asked))
    elif name == "rewriterule" and len(args) > 2 and "P" in args[2].strip("[]").split(","):
        if (asked := backend(args[1])) is not None:
            said.reaches.append(Mention(args[1], evidence, asked))
    elif name in ("fastcgiexternalserver", "fastcgiserver"):
        for option_, word in pairwise(args):
            asked = Address(unix=normal(word)) if option_ == "-socket" else address(word)
            if option_ in ("-socket", "-host") and asked is not None:
                said.reaches.append(Mention(word, evidence, asked))
    elif name == "setenv" and len(args) > 1:
        said.reaches += (Mention(args[1], evidence, a, name=first) for a in addresses(args[1]) if a.local)
    elif name in ("documentroot", "alias", "scriptalias"):
        path = args[-1] if args else ""
        if path.startswith("/") and "$" not in path and len(args) < 3:
            said.reads.append(Mention(path, evidence, path=normal(path)))
    elif name in LOGS and first.startswith("/") and "$" not in first:
        said.writes.append(Mention(first, evidence, path=normal(first)))
    elif name == "pidfile" and first.startswith("/"):
        said.private.append(Mention(first, evidence, path=normal(first)))


def backend(text: str) -> Address | None:
    """`http://host:port/`, `unix:/path|fcgi://host/`, `fcgi://host:port`; the port may be followed by `$1`."""
    if text.startswith("unix:"):
        return Address(unix=posixpath.normpath(text[5:].split("|")[0]))
    scheme, colon, rest = text.partition("://")
    if not colon or scheme in ("balancer", "wunix"):
        return None
    for mark in "/$?":
        rest = rest.partition(mark)[0]
    return address(f"{scheme}://{rest}")


@dataclass
class _Files:
    """Files read in the order of their Includes, with the variables that stand when each line is read."""

    image: Image
    said: Said
    root: str
    env: dict[str, str]
    seen: int = 0

    def read(self, starts: list[str]) -> Iterator[Directive]:
        for start in starts:
            yield from self._file(start, 0)

    def _file(self, path: str, depth: int) -> Iterator[Directive]:
        self.seen += 1
        if depth > 20 or self.seen > MAX_FILES:
            self.said.gaps.append(Gap("includes too much to be read", Evidence(path)))
            return
        skipped = 0
        for line, text in lines(text_of(self.image, path, self.said)):
            bare = text.strip()
            if bare.startswith("<"):
                words = split(bare.strip("<>"))
                name = words[0].lower() if words else ""
                if name.startswith("/"):
                    skipped -= skipped > 0 and name in ("/ifmodule", "/ifdefine")
                elif name in ("ifmodule", "ifdefine") and (skipped or not self._holds(name, words[1:])):
                    skipped += 1
                continue
            words = [] if skipped or bare.startswith("#") else split(expanded(bare, self.env))
            if not words:
                continue
            directive = Directive(words[0].lower(), tuple(words[1:]), path, line)
            if directive.name == "define" and directive.args:
                self.env[directive.args[0]] = directive.args[1][:MAX_VALUE] if len(directive.args) > 1 else ""
            elif directive.name == "serverroot" and directive.args:
                self.root = directive.args[0]
            elif directive.name in ("include", "includeoptional") and directive.args:
                for file in self._included(directive.args[0]):
                    yield from self._file(file, depth + 1)
            else:
                yield directive

    def _holds(self, name: str, args: list[str]) -> bool:
        """Whether a section counts: by the modules that Debian's a2enmod turned on, by what was defined."""
        wanted = args[0] if args else ""
        plain = wanted.lstrip("!")
        if name == "ifdefine":
            return (plain in self.env) != wanted.startswith("!")
        if not self.image.is_dir(MODULES):
            return True
        module = plain.removeprefix("mod_").removesuffix(".c").removesuffix("_module")
        return self.image.is_file(f"{MODULES}/{module}.load") != wanted.startswith("!")

    def _included(self, pattern: str) -> list[str]:
        path = pattern if pattern.startswith("/") else posixpath.join(self.root, pattern)
        if self.image.is_dir(path):
            path = posixpath.join(path, "*")
        return [p for p in self.image.glob(path) if self.image.is_file(p)]


def split(line: str) -> list[str]:
    """The words of a line; double or single quotes hold blanks."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        quote = line[at] if line[at] in "'\"" else ""
        at += bool(quote)
        made = []
        while at < len(line) and (line[at] != quote if quote else not line[at].isspace()):
            if line[at] == "\\" and quote and line[at + 1 : at + 2] in (quote, "\\"):
                at += 1
            made.append(line[at])
            at += 1
        at += bool(quote)
        words.append("".join(made))
    return words


def expanded(text: str, env: Mapping[str, str]) -> str:
    """`${NAME}` with its value; one that is not known stays."""
    made, at = [], 0
    while at < len(text):
        end = text.find("}", at, at + MAX_VALUE) if text.startswith("${", at) else -1
        if end > 0 and (name := text[at + 2 : end]) in env:
            made.append(env[name])
            at = end + 1
        else:
            made.append(text[at])
            at += 1
    return "".join(made)


def _envvars(image: Image) -> Iterator[tuple[str, str]]:
    """The exports of Debian's envvars that are plain texts; the suffix of a second instance is empty."""
    text = image.read("/etc/apache2/envvars")
    for line in text.splitlines() if isinstance(text, str) else ():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        value = value.strip("\"'").replace("$SUFFIX", "").replace("${SUFFIX}", "")
        if equals and name.isidentifier() and name.startswith("APACHE_") and "$" not in value:
            yield name, value
