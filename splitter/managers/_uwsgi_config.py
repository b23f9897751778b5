"""uWSGI's configuration: options of the environment, the command line and ini, yaml, xml and json files, in order.

Values are put in as core/config.c, core/ini.c and core/utils.c do it: magic variables (`%d`) while a file is read, then
`$(ENV)`, `@(file)` and `%(option)`; `if-...`, `for...`, `else` and `end...` choose the options between them.
"""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from splitter.managers._uwsgi_files import Option, magic, read, substituted
from splitter.managers._uwsgi_flags import FLAGS, SHORT
from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image, normal

ENDS = ("end", "endif", "end-if", "endfor", "end-for")
FILES = {
    "ini": ".ini",
    "yaml": ".yaml",
    "yml": ".yml",
    "xml": ".xml",
    "json": ".json",
    "js": ".js",
    "xmlconfig": ".xml",
}
LOADS = (*FILES, "config", "include", "inherit")
MAX_FILES, MAX_OPTIONS, MAX_DEPTH = 40, 5000, 12
OPEN, CLOSE = "\ue000", "\ue001"  # around a variable's name that stands for its value


@dataclass
class Config:
    """Everything that one uWSGI is told."""

    env: Mapping[str, str]
    cwd: str
    image: Image
    options: list[Option] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    last: str = ""
    _logic: tuple[str, str] | None = None
    _failed: bool = False
    _off: str = ""
    _files: int = 0

    def first(self, *keys: str) -> str:
        """The value of the last option of this name that is on, as text; "" where there is none."""
        found = [o for o in self.options if o.key in keys and not o.off]
        return self.known(found[-1].value) if found else ""

    def all(self, *keys: str) -> list[Option]:
        return [o for o in self.options if o.key in keys]

    # Reading

    def environment(self) -> None:
        own = ("RELOADS", "VASSALS_DIR", "EMPEROR_FD", "BROODLORD_NUM", "EMPEROR_FD_CONFIG", "EMPEROR_PROXY")
        for name, value in self.env.items():
            if name.startswith("UWSGI_") and name[6:] not in own:
                key = name[6:].lower().replace("_", "-")
                self.add(Option(key, value, Evidence("image config", note=f"ENV {name}")))

    def arguments(self, args: tuple[str, ...], evidence: Evidence) -> None:
        """The command line (getopt_long), configurations where they are named."""
        later: list[str] = []
        at = 0
        while at < len(args):
            word, places = args[at], [at]
            at += 1
            if word == "--":
                later += args[at:]
                break
            key, equals, value = word.lstrip("-").partition("=")
            if not word.startswith("-") or word == "-":
                later.append(word)
                continue
            if not word.startswith("--"):
                key, value = SHORT.get(word[1], word[1]), word[2:]
                if word[1] not in SHORT:
                    continue
                equals = value
            if not equals and key not in FLAGS and at < len(args):
                value = args[at]
                places.append(at)
                at += 1
            self.add(Option(key, value, evidence, words=tuple(places)))
        for word in later:
            if word.partition(":")[0].endswith(tuple(FILES.values())):
                self.load(word, evidence)

    def load(self, name: str, evidence: Evidence) -> None:
        """One configuration file, `name:section`."""
        self._files += 1
        if self._files > MAX_FILES:
            if self._files == MAX_FILES + 1:
                self.gaps.append(Gap("uWSGI's configuration includes too many files", evidence))
            return
        if "://" in name or name == "-":
            self.gaps.append(Gap(f"uWSGI's configuration {name} is had only when it runs", evidence))
            return
        file, colon, section = name.rpartition(":") if ":" in name else (name, "", "")
        path = normal(posixpath.join(self.cwd, file)) if file else self.last
        if not path:
            return
        text = self.image.read(path)
        if not isinstance(text, str):
            self.gaps.append(text or self.image.missing(path, "uWSGI's configuration is not in the image"))
            return
        self.last = path
        self.texts[path] = text
        table = magic(path, section, self.cwd, self.env)
        found = read(text, path, section if colon and section else "uwsgi")
        if isinstance(found, Gap):
            self.gaps.append(found)
            return
        if not found and (section or "uwsgi") not in text:
            self.gaps.append(Gap(f"uWSGI finds no section {section or 'uwsgi'} in its configuration", Evidence(path)))
        for option in found:
            self.add(replace(option, value=substituted(option.value, table)))

    def add(self, option: Option) -> None:
        if len(self.options) >= MAX_OPTIONS:
            return
        key = option.key
        if key in ENDS:
            self._logic, self._failed, self._off = None, False, ""
            return
        if key == "else":
            # What follows is taken where the condition failed, and left out where it did not.
            self._logic = ("taken" if self._failed else "left", "")
            self._off = "" if self._failed else f"the opposite of {self._off or 'the condition'}"
            return
        if self._logic is None:
            self.put(option)
            return
        kind, data = self._logic
        if kind.startswith("for"):
            for value in self.rounds(kind, data, option):
                self.put(replace(option, value=option.value.replace("%(_)", value)))
        elif kind in ("taken", "left"):
            self.put(option if kind == "taken" else replace(option, off=self._off))
        else:
            held, placed, switch = self.holds(kind, data)
            self._failed, self._off = not held, switch
            self.put(replace(option, value=option.value.replace("%(_)", placed), off="" if held else switch))

    def put(self, option: Option) -> None:
        key, value = option.key, option.value
        if key.startswith(("if-", "for")) or key in ("ifenv", "ifexists", "ifplugin", "ifdir"):
            if not option.off:
                kind = key if key.startswith(("if-", "for")) else f"if-{key[2:]}"
                self._logic = (kind, value)
            return
        self.options.append(option)
        if key in LOADS and not option.off:
            self.load(self.known(value), option.evidence)

    def rounds(self, kind: str, data: str, option: Option) -> list[str]:
        if kind == "for-glob":
            found = self.image.glob(normal(posixpath.join(self.cwd, data)))
            return list(found) or [data]
        if kind == "for-times":
            return [str(i) for i in range(1, min(int(data), 100) + 1)] if data.isdecimal() and len(data) < 6 else []
        if kind == "for-readline":
            text = self.image.read(normal(posixpath.join(self.cwd, data)))
            if isinstance(text, str):
                return text.splitlines()[:MAX_OPTIONS]
            gap = text or self.image.missing(normal(posixpath.join(self.cwd, data)), "uWSGI reads its options from it")
            self.gaps += [gap] if gap not in self.gaps else []
            return []
        return data.split()

    def holds(self, kind: str, data: str) -> tuple[bool, str, str]:
        """Whether a condition holds, what `%(_)` stands for, and the switch that would make it hold."""
        denied = kind.startswith("if-not-")
        what = kind.removeprefix("if-").removeprefix("not-")
        name, equals, wanted = data.partition("=")
        placed = data
        if what == "env":
            there = name in self.env and (not equals or self.env[name] == wanted)
            placed = f"{OPEN}{name}{CLOSE}"
            switch = f"{name}={wanted}" if equals else f"{name} is set"
            return there != denied, placed, (f"not {switch}" if denied else switch)
        if what == "opt":
            given = next((o.value for o in self.options if o.key == name and not o.off), None)
            there = given is not None and (not equals or given == wanted)
            placed = given or ""
        elif what in ("exists", "file", "dir", "directory"):
            path = normal(posixpath.join(self.cwd, data))
            if what == "exists":
                there = self.image.node(path) is not None
            else:
                there = self.image.is_file(path) if what == "file" else self.image.is_dir(path)
        elif what == "reload":
            there = False
        elif what == "plugin":
            there = any(o.key in ("plugin", "plugins") and data in o.value.split(",") for o in self.options)
        else:
            there = False
            gap = Gap(f"uWSGI's {kind} = {data} is decided only when it runs; taken as not so", Evidence(self.last))
            self.gaps += [gap] if gap not in self.gaps else []
        return there != denied, placed, f"{'not ' if denied else ''}{what} {data}"

    # Values

    def known(self, value: str, depth: int = 0) -> str:
        """A value with everything put in that is known; the rest stays as it is written."""
        value = _tags(value, "$", lambda tag: self._variable(tag))
        return self._rest(_marks(value, lambda name: self.env.get(name, f"$({name})")), depth)

    def command(self, value: str) -> str:
        """A command line for a shell: variables of the environment stay variables of the shell's."""
        quoted = "'" in value

        def late(tag: str) -> str | None:
            name = tag.partition(":-")[0].partition("-")[0]
            if not name.isidentifier() or (quoted and name in self.env):
                return self._variable(tag)
            return f"${{{tag}}}"

        def marked(name: str) -> str:
            return self.env[name] if quoted and name in self.env else f"${{{name}}}"

        return self._rest(_marks(_tags(value, "$", late), marked), 0)

    def _rest(self, value: str, depth: int) -> str:
        value = _tags(value, "@", self._file)
        return _tags(value, "%", lambda tag: self._placeholder(tag, depth)) if depth < MAX_DEPTH else value

    def _variable(self, tag: str) -> str | None:
        for mark in (":-", "-"):
            name, found, default = tag.partition(mark)
            if found:
                given = self.env.get(name)
                return default if given is None or (mark == ":-" and not given) else given
        return self.env.get(tag)

    def _file(self, tag: str) -> str | None:
        text = self.image.read(normal(posixpath.join(self.cwd, tag)))
        return text.strip("\n") if isinstance(text, str) else None

    def _placeholder(self, tag: str, depth: int) -> str | None:
        def one(name: str) -> str | None:
            found = next((o for o in self.options if o.key == name and not o.off), None)
            if found is None:
                found = next((o for o in self.options if _set(o)[0] == name and not o.off), None)
                return None if found is None else self.known(_set(found)[1], depth + 1)
            return self.known(found.value, depth + 1)

        if " " not in tag:
            return one(tag)
        total, sign = "", ""
        for word in tag.split(" "):
            if word in ("+", "-", "*", "/"):
                sign = word
            elif word in ("++", "--"):
                total, sign = str(_int(total) + (1 if word == "++" else -1)), ""
            elif word:
                value = word if word.lstrip("-").isdecimal() else one(word) or ""
                total, sign = _apply(total, sign, value), ""
        return total


def _set(option: Option) -> tuple[str, str]:
    """A placeholder of `set`, `set-ph` or `set-placeholder`."""
    if option.key in ("set", "set-placeholder", "set-ph"):
        name, _, value = option.value.partition("=")
        return name, value
    return "", ""


def _apply(left: str, sign: str, right: str) -> str:
    if not sign:
        return (left + right)[:1000]
    a, b = _int(left), _int(right)
    return str({"+": a + b, "-": a - b, "*": a * b}.get(sign, a // b if b else 0))


def _int(text: str) -> int:
    plain = text.strip()[:12]
    return int(plain) if plain.lstrip("-").isdecimal() and plain.isascii() else 0


def _tags(value: str, symbol: str, put: Callable[[str], str | None]) -> str:
    """Each `S(...)` replaced by what `put` gives; None leaves it."""
    made, at = "", 0
    while at < len(value):
        end = value.find(")", at + 2)
        if value.startswith(f"{symbol}(", at) and end > at + 2:
            got = put(value[at + 2 : end])
            made += value[at : end + 1] if got is None else got
            at = end + 1
        else:
            made += value[at]
            at += 1
    return made


def _marks(value: str, put: Callable[[str], str]) -> str:
    parts = value.split(OPEN)
    made = parts[0]
    for part in parts[1:]:
        name, close, rest = part.partition(CLOSE)
        made += put(name) + rest if close else part
    return made
