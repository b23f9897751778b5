"""Strings as YAML that every reader, 1.1 or 1.2, takes for the same string."""

import re
import string

_FIRST = frozenset(string.ascii_letters + "/_")
_PLAIN = frozenset(string.ascii_letters + string.digits + "/_.@+=,$;()^~:- ")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_DURATION = re.compile(r"([0-9]+(h|m|s|ms|us))+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def scalar(text: str) -> str:
    """Plain where nobody could read it as anything but this string, else in double quotes."""
    if text == "." or _DURATION.fullmatch(text):
        return text
    plain = (
        (text[:1] in _FIRST or text.startswith(("./", "../")))
        and set(text) <= _PLAIN
        and text[-1] not in " :"
        and ": " not in text
        and text.lower() not in _WORDS
    )
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """In double quotes, with everything escaped that does not print (YAML 1.1 section 5.6)."""
    odd = {c for c in set(text) if c in _ESCAPES or not _prints(c)}
    # The backslash first: the others bring backslashes of their own.
    for char in sorted(odd, key=lambda c: (c != "\\", c)):
        text = text.replace(char, _ESCAPES.get(char) or _code(ord(char)))
    return f'"{text}"'


def literal(text: str) -> bool:
    """Whether a literal block can hold the text and give every character of it back."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and all(_prints(c) or c in "\n\t" for c in set(text))
        and lines[0][:1] not in ("", " ", "\t")
        and bool(text.removesuffix("\n").rpartition("\n")[2].strip(" \t"))
    )


def _prints(char: str) -> bool:
    return char.isprintable() and char != "\ufeff"


def _code(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02X}"
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"
