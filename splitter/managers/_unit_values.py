"""Values of systemd's unit files: command lines, specifiers, variables, times and calendars.

Sources: systemd.service(5) "Command lines", systemd.unit(5) "Specifiers", systemd.time(7), systemd.syntax(7).
"""

from collections.abc import Callable, Mapping, Sequence

from splitter.managers._supervisor import CLOSE, OPEN

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "s": " "}
PREFIXES = "@-:+!|"
UNITS = {
    **dict.fromkeys(("usec", "us", "µs"), 1e-6), **dict.fromkeys(("msec", "ms"), 1e-3),
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0), **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}  # fmt: skip
SHORTHANDS = {
    "minutely": "* * * * *", "hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * 1", "monthly": "0 0 1 * *",
    "yearly": "0 0 1 1 *", "annually": "0 0 1 1 *", "quarterly": "0 0 1 1,4,7,10 *", "semiannually": "0 0 1 1,7 *",
}  # fmt: skip
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def split(text: str) -> list[str] | None:
    """The words of a line with quotes and C's escapes; None where a quote does not close."""
    words: list[str] = []
    word: str | None = None
    quote, at = "", 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            piece, at = _escaped(text, at)
            word = (word or "") + piece
        elif quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "\"'":
            quote, word = char, word or ""
        elif char.isspace():
            words += [word] if word is not None else []
            word = None
        else:
            word = (word or "") + char
    if quote:
        return None
    return [*words, word] if word is not None else words


def _escaped(text: str, at: int) -> tuple[str, int]:
    char = text[at]
    if char in ESCAPES:
        return ESCAPES[char], at + 1
    base, digits, start = (16, 2, at + 1) if char == "x" else (8, 3, at)
    number = text[start : start + digits]
    allowed = "0123456789abcdefABCDEF"[: 8 if base == 8 else 22]
    if len(number) == digits and all(c in allowed for c in number) and 0 < int(number, base) < 256:
        return chr(int(number, base)), start + digits
    return (char, at + 1) if char in "\\\"' ;$" else ("\\" + char, at + 1)


def specified(text: str, specifiers: Mapping[str, str]) -> str:
    """With the specifiers (`%i`, `%n`, `%%` ...) replaced that are known."""
    made, at = "", 0
    while (found := text.find("%", at)) >= 0:
        letter = text[found + 1 : found + 2]
        made += text[at:found] + specifiers.get(letter, f"%{letter}")
        at = found + 1 + len(letter)
    return made + text[at:]


def commands(text: str) -> list[tuple[str, list[str]]] | None:
    """The command lines of one Exec line, each with its prefixes; None where a quote does not close."""
    words = split(text)
    if words is None:
        return None
    found: list[tuple[str, list[str]]] = []
    line: list[str] = []
    for word in [*words, ";"]:
        if word != ";":
            line.append(word)
            continue
        if line:
            first = line[0].lstrip(PREFIXES)
            flags = line[0][: len(line[0]) - len(first)]
            rest = line[1:]
            if "@" in flags:
                rest = rest[1:]  # the second word is only what the program is called
            if first:
                found.append((flags, [first, *rest]))
        line = []
    return found


def expanded(words: Sequence[str], value: Callable[[str], str | None]) -> list[str]:
    """With variables put in: `${NAME}` anywhere, `$NAME` as a word of its own, which is split; None: known later."""
    made: list[str] = []
    for word in words:
        name = word[1:]
        if word.startswith("$") and name.isidentifier():
            text = value(name)
            made += [f"{OPEN}{name}{CLOSE}"] if text is None else split(text) or text.split()
        else:
            made.append(_braced(word, value))
    return made


def _braced(word: str, value: Callable[[str], str | None]) -> str:
    made, at = "", 0
    while (found := word.find("$", at)) >= 0:
        made += word[at:found]
        close = word.find("}", found)
        name = word[found + 2 : close] if word[found + 1 : found + 2] == "{" and close > 0 else ""
        if word[found + 1 : found + 2] == "$":
            made, at = made + "$", found + 2
        elif name.isidentifier():
            text = value(name)
            made, at = made + (f"{OPEN}{name}{CLOSE}" if text is None else text), close + 1
        else:
            made, at = made + "$", found + 1
    return made + word[at:]


def seconds(text: str) -> float | None:
    """A time span (`90`, `1min 30s`) in seconds; None for infinity and for what is none."""
    total, number, at = 0.0, "", 0
    text = text.strip().lower()
    if not text or text == "infinity":
        return None
    while at < len(text):
        end = at
        while end < len(text) and (text[end].isdigit() or text[end] == "."):
            end += 1
        number = text[at:end]
        while end < len(text) and text[end].isspace():
            end += 1
        at = end
        while end < len(text) and text[end].isalpha():
            end += 1
        unit = text[at:end]
        if (
            not number.isascii()
            or number.count(".") > 1
            or not number.strip(".")
            or len(number) > 12
            or unit not in UNITS
        ):
            return None
        total += float(number) * UNITS[unit]
        while end < len(text) and text[end].isspace():
            end += 1
        at = end
    return total


def cron_of(calendar: str) -> str:
    """OnCalendar as the five fields of cron; "" where cron cannot say it."""
    text = calendar.strip().lower()
    if text in SHORTHANDS:
        return SHORTHANDS[text]
    parts = text.split()
    days, date, time = "*", "*-*-*", "00:00:00"
    for part in parts:
        if ":" in part:
            time = part
        elif "-" in part and not part[0].isalpha():
            date = part
        elif part[0].isalpha() and days == "*" and part != "utc":
            days = _days(part)
        else:
            return ""
    clock, dates = time.split(":"), date.split("-")
    if len(clock) == 2:
        clock.append("00")
    if len(dates) == 2:
        dates.insert(0, "*")
    if len(clock) != 3 or len(dates) != 3 or dates[0] != "*" or clock[2] not in ("0", "00") or not days:
        return ""
    fields = [_field(f, low) for f, low in ((clock[1], 0), (clock[0], 0), (dates[2], 1), (dates[1], 1))]
    if not all(fields) or (days != "*" and fields[2] != "*"):
        return ""  # cron takes either of the two days, systemd both
    return " ".join((*fields, days))


def _days(text: str) -> str:
    found = []
    for part in text.split(","):
        ends = [DAYS.index(d[:3]) if d[:3] in DAYS and d.isalpha() else -1 for d in part.split("..")]
        if -1 in ends or len(ends) > 2:
            return ""
        last = 7 if len(ends) == 2 and ends[1] == 0 else ends[-1]
        found.append(str(ends[0]) if len(ends) == 1 else f"{ends[0]}-{last}")
    return ",".join(found)


def _field(text: str, low: int) -> str:
    """One field: `*`, `5`, `1,3`, `1..5`, `0/15`, `*/2`."""
    parts = []
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dots, last = span.partition("..")
        numbers = [n for n in (first if first != "*" else "", last, step) if n]
        if not all(n.isdecimal() and n.isascii() and len(n) < 3 for n in numbers) or (not first):
            return ""
        body = "*" if first == "*" else str(int(first)) + (f"-{int(last)}" if dots else "")
        if slash and not dots and first != "*":
            body = "*" if int(first) == low else f"{int(first)}-{59 if low == 0 else 31}"
        parts.append(body + (f"/{int(step)}" if slash and step else ""))
    return ",".join(parts)
