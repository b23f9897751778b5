"""POSIX basic and extended regular expressions, as sed(1) takes them, put as Python's."""

import re


class NotKnown(Exception):
    """What is not read here."""


CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "blank": " \\t", "punct": re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), "xdigit": "0-9A-Fa-f",
}  # fmt: skip


def regex(pattern: str, extended: bool, ignore: bool = False) -> re.Pattern[str]:
    """A POSIX basic or extended expression as Python's. Raises NotKnown on what has no counterpart."""
    if not pattern:
        raise NotKnown("the last expression again")
    out: list[str] = []
    i, begins = 0, True
    while i < len(pattern):
        char = pattern[i]
        if char == "\\" and i + 1 < len(pattern):
            i += 1
            char = pattern[i]
            if char in "(){}|+?" and not extended:
                out.append(char)
            elif char in "nrtfvwWsSbB" or (char.isdigit() and char != "0"):
                out.append("\\" + char)
            elif char in "<>":
                out.append(r"\b")
            elif char.isalnum() or char in "`'":
                raise NotKnown(f"\\{char}")
            else:
                out.append(re.escape(char))
            begins = char in "(|" and not extended
        elif char == "[":
            end, inner = _bracket(pattern, i)
            out.append(inner)
            i, begins = end, False
        elif char == "*" and begins:
            out.append(r"\*")
            begins = False
        elif char == "^":
            out.append("^" if begins or extended else r"\^")
        elif char == "$":
            ends = i + 1 == len(pattern) or pattern.startswith(("\\)", "\\|"), i + 1)
            out.append(r"\Z" if ends or extended else r"\$")
        elif char in "(){}|+?":
            out.append(char if extended else "\\" + char)
            begins = extended and char in "(|"
        elif char in ".*":
            out.append(char)
            begins = False
        else:
            out.append(re.escape(char))
            begins = False
        i += 1
    try:
        return re.compile("".join(out), re.DOTALL | (re.IGNORECASE if ignore else 0))
    except (re.error, OverflowError, RecursionError) as error:
        raise NotKnown(str(error)) from error


def _bracket(pattern: str, at: int) -> tuple[int, str]:
    i, out = at + 1, "["
    if pattern.startswith("^", i):
        out, i = out + "^", i + 1
    if pattern.startswith("]", i):
        out, i = out + r"\]", i + 1
    while i < len(pattern) and pattern[i] != "]":
        if pattern.startswith("[:", i):
            end = pattern.find(":]", i)
            name = pattern[i + 2 : end] if end > 0 else ""
            if name not in CLASSES:
                raise NotKnown("a bracket expression")
            out, i = out + CLASSES[name], end + 2
            continue
        char = pattern[i]
        if char == "\\" and pattern[i + 1 : i + 2] in ("n", "r", "t", "]"):
            # GNU sed reads \n, \r and \t in brackets; a backslash is otherwise itself.
            out, i = (
                out + (char + pattern[i + 1] if pattern[i + 1] != "]" else "\\\\"),
                i + (2 if pattern[i + 1] != "]" else 1),
            )
            continue
        out, i = out + (char if char in "-^" else re.escape(char)), i + 1
    if i >= len(pattern):
        raise NotKnown("a bracket expression without its end")
    return i, out + "]"
