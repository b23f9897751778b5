"""circus's INI files as its own StrictConfigParser reads them (circus/util.py, 0.19): the first of two options wins.

Sections of included files are added; a continuation line begins with a blank; ` ;` begins a comment, `#` only a line.
"""

import re
import shlex
from collections.abc import Mapping

from splitter.managers._ini import Ini, Option, Section

_VARIABLE = re.compile(r"\$\(circus\.([\w.]+)\)|\(\(circus\.([\w.]+)\)\)", re.IGNORECASE)
_ANY = re.compile(r"\$\(([\w.]+)\)|\(\(([\w.]+)\)\)", re.IGNORECASE)


def read(text: str, path: str, ini: Ini) -> None:
    """Read one file on top of what `ini` holds."""
    options: dict[str, Option] | None = None
    name = ""
    fresh: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or line[0] in "#;" or (line[0] in "rR" and bare.split()[0].lower() == "rem"):
            continue
        if line[0].isspace() and options is not None and name:
            if name in fresh:
                old = options[name]
                options[name] = Option(f"{old.value}\n{bare}", old.path, old.line)
            continue
        if bare[0] == "[" and (end := bare.find("]")) > 1:
            title, name = bare[1:end], ""
            options = ini.sections.setdefault(title, Section(title, path, number)).options
            fresh = set()
            continue
        at = min((i for i in (line.find("="), line.find(":")) if i >= 0), default=-1)
        if options is None or at <= 0:
            ini.errors.append((path, number, "stands before the first section" if options is None else bare[:60]))
            continue
        name = line[:at].strip()
        if name in options:
            continue
        value = line[at + 1 :]
        cut = value.find(";")
        if cut > 0 and value[cut - 1].isspace():
            value = value[:cut]
        value = value.strip()
        options[name] = Option("" if value == '""' else value, path, number)
        fresh.add(name)


def filled(text: str, env: Mapping[str, str]) -> str:
    """`$(circus.env.NAME)` and `((circus.env.NAME))` put in; names are compared without case, unknown ones stay."""
    lower = {f"env.{k}".lower(): v for k, v in env.items()}
    return _VARIABLE.sub(lambda m: lower.get((m[1] or m[2]).lower(), m[0]), text)


def variables(text: str) -> list[str]:
    """The names of circus's variables that stand in a text, without `circus.`."""
    return [(m[1] or m[2]).lower().removeprefix("circus.") for m in _ANY.finditer(text)]


def put(text: str, values: Mapping[str, str]) -> str:
    """Variables by their names without `circus.` put in; unknown ones stay."""
    return _ANY.sub(lambda m: values.get((m[1] or m[2]).lower().removeprefix("circus."), m[0]), text)


def open_variables(word: str) -> tuple[str, str]:
    """A word with `$(circus.env.NAME)` as `$NAME`, and the same as a word of a shell line."""
    parts = [m for m in _VARIABLE.finditer(word) if (m[1] or m[2]).lower().startswith("env.")]
    plain, line, at = "", "", 0
    for part in parts:
        name = (part[1] or part[2])[4:]
        before = word[at : part.start()]
        plain += f"{before}${name}"
        line += f'{shlex.quote(before) if before else ""}"${{{name}}}"'
        at = part.end()
    rest = word[at:]
    return (plain + rest, line + (shlex.quote(rest) if rest else "")) if parts else (word, shlex.quote(word))
