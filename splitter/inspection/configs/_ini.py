"""INI as servers written in C read it: sections, `key = value`, comments at a line's start or after a blank."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One `key = value` of a section; a key without a value has "". `section` is "" before the first."""

    section: str
    key: str
    value: str
    line: int


def entries(text: str, comments: str = ";#") -> Iterator[Entry]:
    """The entries in order; quotes around a value are taken off, a comment after it is cut."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare[0] in comments:
            continue
        if bare[0] == "[" and "]" in bare:
            section = bare[1 : bare.index("]")].strip()
            continue
        key, _, value = bare.partition("=")
        yield Entry(section, key.strip(), _value(value.strip(), comments), number)


def _value(text: str, comments: str) -> str:
    if text[:1] in ("'", '"') and (end := text.find(text[0], 1)) > 0:
        return text[1:end]
    for at, char in enumerate(text):
        if char in comments and at and text[at - 1].isspace():
            return text[:at].rstrip()
    return text
