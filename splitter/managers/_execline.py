"""The words of an execline script: blocks, quotes and substitution as libexecline reads them.

A block is encoded as execlineb itself encodes it: every word inside begins with one more blank, and an empty word
ends it. So a chain of commands stays one plain argv, whoever takes words off its front.
Sources: execline's el_parse.c, el_semicolon.c and el_substitute.c.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

MAX_WORDS = 20_000  # a substitution may multiply words, and may be repeated
MAX_LENGTH = 1 << 20
ESCAPES = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
ENDS_NAME = "\\${}"


class Word(NamedTuple):
    text: str
    line: int


class Unreadable(ValueError):
    """A script that execlineb refuses, with the line."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


def parse(text: str) -> list[Word]:
    """The words of a script, blocks encoded. Raises Unreadable where execlineb would refuse it."""
    words: list[Word] = []
    level, at, line = 0, 0, 1
    while at < len(text):
        char = text[at]
        if char <= " ":
            line += char == "\n"
            at += 1
        elif char == "#":
            while at < len(text) and text[at] != "\n":
                at += 1
        elif char == "\\" and text[at + 1 : at + 2] == "\n":
            line += 1
            at += 2
        elif char in "{}" and (at + 1 == len(text) or text[at + 1] <= " "):
            level += 1 if char == "{" else -1
            if level < 0:
                raise Unreadable("unmatched }", line)
            if char == "}":
                words.append(Word(" " * level, line))
            at += 1
        else:
            start = line
            word, at, line = _word(text, at, line)
            words.append(Word(" " * level + word, start))
    if level:
        raise Unreadable("unmatched {", line)
    return words


def _word(text: str, at: int, line: int) -> tuple[str, int, int]:
    made: list[str] = []
    quoted = False
    while at < len(text) and (quoted or text[at] > " "):
        char = text[at]
        line += char == "\n"
        if char == '"':
            quoted = not quoted
            at += 1
        elif char == "\\":
            if at + 1 == len(text):
                raise Unreadable("a backslash at the end", line)
            if quoted:
                piece, at = _escape(text, at + 1, line)
            else:
                piece, at = text[at + 1], at + 2
            line += text[at - 1] == "\n"
            made.append(piece)
        else:
            made.append(char)
            at += 1
    if quoted:
        raise Unreadable("a quote that does not close", line)
    return "".join(made), at, line


def _escape(text: str, at: int, line: int) -> tuple[str, int]:
    """What a backslash between quotes stands for: a newline that is dropped, a letter, or a number of a character."""
    char = text[at]
    if char == "\n":
        return "", at + 1
    if char in ESCAPES:
        return ESCAPES[char], at + 1
    if char not in "0123456789":
        return char, at + 1
    digits, base, most, start = "0123456789", 10, 3, at
    if char == "0":
        digits, base, start = "01234567", 8, at + 1
        if text[at + 1 : at + 2] == "x":
            digits, base, most, start = "0123456789abcdefABCDEF", 16, 2, at + 2
    end = start
    while end < len(text) and end - start < most and text[end] in digits:
        end += 1
    number = int(text[start:end], base) if end > start else 0
    if not 0 < number < 256:
        raise Unreadable("an escape that stands for no character", line)
    return chr(number), end


def block(words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The block at the front, and what follows it; all words where it does not end."""
    inner: list[Word] = []
    for at, word in enumerate(words):
        if not word.text:
            return inner, list(words[at + 1 :])
        inner.append(Word(word.text[1:] if word.text[0] == " " else word.text, word.line))
    return inner, []


def options(words: Sequence[Word], valued: str = "") -> tuple[dict[str, str], list[Word]]:
    """The options at the front as getopt takes them, by letter, and what follows; `valued` letters have a value."""
    found: dict[str, str] = {}
    at = 0
    while at < len(words):
        text = words[at].text
        if len(text) < 2 or text[0] != "-":
            break
        at += 1
        if text == "--":
            break
        for place, letter in enumerate(text[1:], 2):
            if letter not in valued:
                found[letter] = ""
                continue
            found[letter] = text[place:]
            if not text[place:] and at < len(words):
                found[letter] = words[at].text
                at += 1
            break
    return found, list(words[at:])


def substitute(words: Sequence[Word], values: Mapping[str, Sequence[str]]) -> list[Word]:
    """The words with `${NAME}` and `$NAME` replaced for every given name, as many words as it has values."""
    made: list[Word] = []
    for word in words:
        texts = _substituted(word.text, values) if "$" in word.text else [word.text]
        made += (Word(text, word.line) for text in texts)
        if len(made) > MAX_WORDS or sum(map(len, texts)) > MAX_LENGTH:
            raise Unreadable("too many words after a substitution", word.line)
    return made


def _substituted(text: str, values: Mapping[str, Sequence[str]]) -> list[str]:
    done = [""]
    at = 0
    while at < len(text):
        start = text.find("$", at)
        name, end = _name(text, start) if start >= 0 else ("", len(text))
        if start < 0 or name not in values:
            stop = len(text) if start < 0 else start + 1
            done = [d + text[at:stop] for d in done]
            at = stop
            continue
        slashes = start
        while slashes > at and text[slashes - 1] == "\\":
            slashes -= 1
        kept = text[at:slashes] + "\\" * ((start - slashes) // 2)
        if (start - slashes) % 2:
            done = [d + kept + text[start:end] for d in done]
        else:
            done = [d + kept + value for d in done for value in values[name]]
        if len(done) > MAX_WORDS or sum(map(len, done)) > MAX_LENGTH:
            raise Unreadable("too many words after a substitution", 1)
        at = end
    return done


def _name(text: str, dollar: int) -> tuple[str, int]:
    """The name after a dollar sign, and where what stands for it ends."""
    start = dollar + 1
    braced = text[start : start + 1] == "{"
    start += braced
    end = start
    while end < len(text) and text[end] not in ENDS_NAME:
        end += 1
    if braced and text[end : end + 1] != "}":
        return "", end
    return text[start:end], end + braced
