"""INI text read by the rules of Python's RawConfigParser, keeping the lines and going on after an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT = "DEFAULT"


@dataclass(frozen=True)
class Option:
    value: str
    path: str
    line: int


@dataclass
class Section:
    """One section with its options by name, where it is first opened."""

    name: str
    path: str
    line: int
    options: dict[str, Option] = field(default_factory=dict)


@dataclass
class Ini:
    """Sections in the order in which they are opened, over all files read; `errors` are (path, line, what)."""

    sections: dict[str, Section] = field(default_factory=dict)
    defaults: dict[str, Option] = field(default_factory=dict)
    errors: list[tuple[str, int, str]] = field(default_factory=list)

    def options(self, section: str) -> Mapping[str, Option]:
        """A section's options over those of [DEFAULT]."""
        here = self.sections.get(section)
        return {**self.defaults, **(here.options if here else {})}

    def named(self, prefix: str) -> list[Section]:
        return [s for s in self.sections.values() if s.name.startswith(prefix)]


def read(
    text: str, path: str, into: Ini | None = None, *, inline: tuple[str, ...] = (), keep_case: bool = False
) -> Ini:
    """Read one file, on top of what `into` holds: a section opened again goes on, an option set again is replaced.

    `inline` are the marks that begin a comment after a blank. A line that is neither header, option nor continuation
    is an error and is skipped (configparser's `_read` raises at the end, or at once before the first header).
    """
    ini = Ini() if into is None else into
    current: dict[str, Option] | None = None
    name = ""
    values: list[str] = []
    started = 0
    indent = 0

    def close() -> None:
        if current is not None and name:
            current[name] = Option("\n".join(values).rstrip(), path, started)

    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        bare, commented = _without_comment(line, inline)
        if not bare:
            if not commented and current is not None and name:
                values.append("")
            continue
        column = len(line) - len(line.lstrip())
        if current is not None and name and column > indent:
            values.append(bare)
            continue
        indent = column
        close()
        option, delimiter, value = _option(bare)
        if bare[0] == "[" and (end := bare.rfind("]")) > 1:
            title, name = bare[1:end], ""
            if title in ini.sections:
                current = ini.sections[title].options
            elif title == DEFAULT:
                current = ini.defaults
            else:
                ini.sections[title] = Section(title, path, number)
                current = ini.sections[title].options
        elif current is None:
            ini.errors.append((path, number, "stands before the first section"))
        elif delimiter and option:
            name = option if keep_case else option.lower()
            values, started = [value], number
        else:
            # configparser goes on as if the line were not there: what follows it, indented, still continues.
            ini.errors.append((path, number, f"neither a section nor an option: {bare[:60]}"))
    close()
    return ini


def _option(bare: str) -> tuple[str, str, str]:
    at = min((i for i in (bare.find("="), bare.find(":")) if i >= 0), default=len(bare))
    return bare[:at].strip(), bare[at : at + 1], bare[at + 1 :].strip()


def _without_comment(line: str, inline: tuple[str, ...]) -> tuple[str, bool]:
    """The line's text, and whether a comment was cut off.

    configparser looks at the first place of every mark, then at the second ..., and stops at the first round in which
    one begins a comment: `a;b ;c #d` loses only `#d`.
    """
    if line.strip().startswith(("#", ";")):
        return "", True
    places = dict.fromkeys(inline, -1)
    cut: int | None = None
    while cut is None and places:
        places = {m: at for m, last in places.items() if (at := line.find(m, last + 1)) >= 0}
        cut = min((at for at in places.values() if at == 0 or line[at - 1].isspace()), default=None)
    return line[:cut].strip(), cut is not None


def written(sections: Mapping[str, Mapping[str, str]], equals: str) -> str:
    """Sections as text, with what stands between an option and its value; further lines of a value are indented."""
    lines: list[str] = []
    for name, options in sections.items():
        lines.append(f"[{name}]")
        for key, value in options.items():
            lines.append(f"{key}{equals}" + "\n  ".join(line for line in value.split("\n") if line.strip()))
        lines.append("")
    return "\n".join(lines)
