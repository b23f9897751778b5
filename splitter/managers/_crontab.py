"""The lines of a crontab: assignments, five fields (supercronic: up to seven) or a nickname, a user, a command.

Sources: crontab(5) of vixie cron (Debian) and of cronie, busybox's crond.c, supercronic's crontab.go and cronexpr.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Dialect = Literal["vixie", "busybox", "supercronic", "go-crond", "fcron"]
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MINUTE, HOUR, DAY = (0, 59, ()), (0, 23, ()), (1, 31, ())
MONTH, WEEKDAY, YEAR = (1, 12, MONTHS), (0, 7, DAYS), (1970, 2199, ())
FIELDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
NICKNAMES = frozenset(
    ("@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every_minute")
)
# What busybox's crond takes from a crontab; it passes over any other assignment.
BUSYBOX = frozenset(("SHELL", "MAILTO", "PATH", "CRON_TZ"))


@dataclass(frozen=True)
class Entry:
    """One line. `stdin` is what follows the first `%`; `env` are the assignments above it."""

    line: int
    schedule: str
    user: str
    command: str
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""


@dataclass(frozen=True)
class Wrong:
    """A line that cron passes over or reads in another way than it looks."""

    line: int
    what: str


def parse(text: str, dialect: Dialect = "vixie", *, system: bool = False) -> Iterator[Entry | Wrong]:
    """Every entry in order, and what is wrong. `system`: a user stands before the command. Never raises."""
    env: dict[str, str] = {}
    lines = text.split("\n")
    if dialect == "vixie" and lines[-1].strip():
        yield Wrong(len(lines), "the file does not end in a newline: Debian's cron passes over all of it")
    for number, raw in enumerate(lines, 1):
        line = raw.strip(" \t\f\v\r")
        if not line or line.startswith("#"):
            continue
        if raw.endswith("\r"):
            yield Wrong(number, "the line ends in a carriage return, which becomes part of the command")
        if assigned := _assignment(line):
            name, value = assigned
            if dialect == "busybox" and name not in BUSYBOX:
                yield Wrong(number, f"busybox crond passes over the variable {name}")
            else:
                env[name] = value
            continue
        yield from _entry(line, number, dialect, system, dict(env))


def _assignment(line: str) -> tuple[str, str] | None:
    """`NAME = value`, either of them in quotes (vixie cron's env.c, load_env)."""
    quote = line[0] if line[0] in "\"'" else ""
    if quote:
        name, closed, rest = line[1:].partition(quote)
        if not closed:
            return None
    else:
        end = next((i for i, c in enumerate(line) if c in "= \t"), len(line))
        name, rest = line[:end], line[end:]
    rest = rest.lstrip(" \t")
    if not name or not rest.startswith("="):
        return None
    value = rest[1:].strip(" \t")
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        value = value[1:-1]
    return name, value


def _entry(line: str, number: int, dialect: Dialect, system: bool, env: dict[str, str]) -> Iterator[Entry | Wrong]:
    if dialect == "vixie" and line[0] == "-" and line[1:2] in tuple("*0123456789@"):
        line = line[1:]  # cronie: not logged
    if dialect == "fcron" and line[0] in "&%":
        _, _, rest = line[1:].partition(" ")
        if line[0] == "%" or not rest:
            yield Wrong(number, "this form of fcron is not read")
            return
        line = rest.strip()
    schedule, rest, problem = _schedule(line, dialect)
    if problem:
        yield Wrong(number, f"not a line of a crontab: {problem}")
        return
    user = ""
    if system:
        user, rest = _word(rest)
        if not _is_user(user):
            yield Wrong(number, f"{user[:40]!r} stands where cron wants a user")
            return
    command, stdin = _percent(rest) if dialect == "vixie" else (rest, "")
    if not command:
        yield Wrong(number, "no command after the schedule" + (" and the user" if system else ""))
        return
    if command.endswith("\\"):
        yield Wrong(number, "cron does not go on with a command on the next line")
    yield Entry(number, schedule, user, command, env, stdin)


def _word(text: str) -> tuple[str, str]:
    parts = text.split(None, 1)
    return (parts[0] if parts else ""), (parts[1] if len(parts) > 1 else "")


def _is_user(word: str) -> bool:
    return bool(word) and word[0] not in "-/.~" and all(c.isalnum() or c in "_.-$@\\" for c in word)


def _schedule(line: str, dialect: Dialect) -> tuple[str, str, str]:
    """The schedule with single blanks, what follows it, and what is wrong with it."""
    if line[0] == "@":
        name, rest = _word(line)
        if name == "@every" and dialect in ("go-crond", "supercronic"):
            span, rest = _word(rest)
            return f"{name} {span}", rest, "" if span[:1].isdigit() else "@every wants a time"
        known = name in NICKNAMES or name[1:].isdigit()
        return name, rest, "" if known else f"the unknown schedule {name[:20]}"
    counts = (7, 6, 5) if dialect == "supercronic" else (5,)
    problem = ""
    for count in counts:
        words = line.split(None, count)
        if len(words) < count:
            problem = "too few fields"
            continue
        kinds = {5: FIELDS, 6: (*FIELDS, YEAR), 7: (MINUTE, *FIELDS, YEAR)}[count]
        wrong = (_field(w, *kind, extended=dialect == "supercronic") for w, kind in zip(words, kinds, strict=False))
        problem = next((w for w in wrong if w), "")
        if not problem:
            return " ".join(words[:count]), words[count] if len(words) > count else "", ""
    return "", "", problem


def _field(text: str, low: int, high: int, names: tuple[str, ...], extended: bool = False) -> str:
    """What is wrong with one field; "" where it is right."""
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and not (step.isdecimal() and int(step[:6]) > 0):
            return f"{text[:20]!r} has no step"
        first, dash, last = span.partition("-" if "~" not in span else "~")
        if span == "*" or (extended and span in ("?", "L", "LW")):
            continue
        for word in (first, last) if dash else (first,):
            if extended and word.rstrip("LW").isdecimal():
                word = word.rstrip("LW")
            if extended and "#" in word:
                word = word.partition("#")[0]
            if word.lower()[:3] in names and word.isalpha():
                continue
            if not (word.isascii() and word.isdecimal() and low <= int(word[:6]) <= high):
                return f"{text[:20]!r} is no time"
    return ""


def _percent(text: str) -> tuple[str, str]:
    """The command up to the first `%`, and the lines after it, which are its standard input; `\\%` is a `%`."""
    parts = [""]
    at = 0
    while at < len(text):
        if text.startswith("\\%", at):
            parts[-1] += "%"
            at += 2
        elif text[at] == "%":
            parts.append("")
            at += 1
        else:
            parts[-1] += text[at]
            at += 1
    return parts[0].rstrip(), "".join(f"{p}\n" for p in parts[1:])
