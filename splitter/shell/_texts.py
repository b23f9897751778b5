"""Commands that write text: echo, printf, cat, tee, sed, envsubst, crontab, dos2unix."""

from splitter.shell import _regex
from splitter.shell import sed as stream
from splitter.shell._files import Work
from splitter.shell.arguments import NotKnown, absolute, arguments
from splitter.shell.calls import Word

MAX_SED = 1 << 18
SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "e": "\x1b"}


def echo(work: Work, words: tuple[Word, ...]) -> str | None:
    newline, reads, at = True, work.posix_echo, 0
    while (
        at < len(words) and words[at].text[:1] == "-" and set(words[at].text[1:]) <= set("neE") and words[at].text[1:]
    ):
        for letter in words[at].text[1:]:
            newline, reads = newline and letter != "n", letter == "e" if letter in "eE" else reads
        at += 1
    text = " ".join(word.text for word in words[at:])
    if reads:
        text, stop = unescaped(text)
        newline = newline and not stop
    return text + "\n" if newline else text


def unescaped(text: str, percent: bool = False) -> tuple[str, bool]:
    """A text with its backslash sequences read, and whether `\\c` ended it."""
    out, i = [], 0
    while i < len(text):
        char = text[i]
        after = text[i + 1 : i + 2]
        if char != "\\" or not after:
            out.append(char)
            i += 1
        elif after == "c":
            return "".join(out), True
        elif after in SIMPLE:
            out.append(SIMPLE[after])
            i += 2
        elif after in "01234567":
            start = i + 2 if after == "0" and not percent else i + 1
            end = start
            while end < len(text) and end - start < 3 and text[end] in "01234567":
                end += 1
            out.append(chr(int(text[start:end] or "0", 8) & 0xFF))
            i = end
        elif after == "x" and i + 2 < len(text) and text[i + 2] in "0123456789abcdefABCDEF":
            end = i + 3 + (i + 3 < len(text) and text[i + 3] in "0123456789abcdefABCDEF")
            out.append(chr(int(text[i + 2 : end], 16)))
            i = end
        else:
            out.append(after if percent and after in "\"'" else char + after)
            i += 2
    return "".join(out), False


def printf(work: Work, words: tuple[Word, ...]) -> str | None:
    words = words[1:] if words and words[0].text == "--" else words
    if not words or not words[0].known:
        return None
    values, out = [word.text for word in words[1:]], ""
    while True:
        before = len(values)
        text = _formatted(words[0].text, values)
        if text is None:
            return None
        out += text
        if not values or len(values) == before:
            return out


def _formatted(form: str, values: list[str]) -> str | None:
    """One round of a printf format; takes what it uses from `values`. None for a directive that is not read here."""
    out, literal, i = "", "", 0
    while i < len(form):
        if form[i] == "\\":
            literal += form[i : i + 2]
            i += 2
        elif form[i] != "%":
            literal += form[i]
            i += 1
        else:
            out, literal = out + unescaped(literal, percent=True)[0], ""
            what = form[i + 1 : i + 2]
            i += 2
            if what == "%":
                out += "%"
                continue
            value = values.pop(0) if values else ""
            if what == "s":
                out += value
            elif what == "b":
                out += unescaped(value)[0]
            elif what in ("d", "i") and (value or "0").lstrip("-").isdigit():
                out += value or "0"
            else:
                return None
    return out + unescaped(literal, percent=True)[0]


def cat(work: Work, words: tuple[Word, ...]) -> str | None:
    return _joined(work, arguments(words).operands)


def _joined(work: Work, operands: list[Word]) -> str | None:
    parts = [content(work, word) for word in operands] if operands else [work.stdin]
    return None if None in parts else "".join(part for part in parts if part is not None)


def content(work: Work, word: Word | None) -> str | None:
    """The text of a file that a command reads; `-` is its standard input."""
    if word is None or not word.known:
        return None
    if word.text in ("-", "/dev/stdin"):
        return work.stdin
    if word.text == "/dev/null":
        return ""
    return work.text(work.followed(work.path(word.text)))


def tee(work: Work, words: tuple[Word, ...]) -> str | None:
    got = arguments(words)
    for path in got.known():
        if not path.startswith("/dev/"):
            work.write(absolute(path, work.cwd), work.stdin, append=got.has("a", "append"))
    return work.stdin


def sed(work: Work, words: tuple[Word, ...]) -> str | None:
    # -i takes its suffix in the same word only, or none.
    places = [w for w in words if w.text.startswith("--in-place") or "i" in _letters(w)]
    letters = {letter for w in places for letter in _letters(w).partition("i")[0]}
    got = arguments(tuple(w for w in words if w not in places), takes="efl", long=("expression", "file", "line-length"))
    scripts = [*got.options.get("e", []), *got.options.get("expression", [])]
    operands = got.operands
    known = not got.has("f", "file", "z", "null-data")
    if not scripts and known:
        if not operands:
            raise NotKnown("a script")
        known, scripts, operands = operands[0].known, [operands[0].text], operands[1:]
    known = known and all(w.known for w in words if w.text in scripts)
    extended = got.has("E", "r", "regexp-extended") or bool(letters & {"E", "r"})
    quiet = got.has("n", "quiet", "silent") or "n" in letters

    def edited(text: str | None) -> str | None:
        if text is None or not known or len(text) > MAX_SED:
            return None
        try:
            return stream.sed("\n".join(scripts), text, extended=extended, quiet=quiet)
        except (_regex.NotKnown, RecursionError):
            return None

    if not places:
        return edited(_joined(work, operands))
    for word in operands:
        if not word.known:
            raise NotKnown("the file that is edited")
        path = work.followed(work.path(word.text))
        if work.at(path) is None:
            raise NotKnown("a file that is not at hand")
        work.write(path, edited(work.text(path)))
    return ""


def _letters(word: Word) -> str:
    """The short options in a word, up to one that takes the rest of it."""
    text = word.text
    if not text.startswith("-") or text.startswith("--"):
        return ""
    ends = [text.index(letter) for letter in "efl" if letter in text]
    inplace = text.find("i")
    end = min(ends, default=len(text))
    return text[1:] if 0 < inplace < end else text[1:end]


def dos2unix(work: Work, words: tuple[Word, ...]) -> str | None:
    for word in arguments(words).operands:
        path = work.followed(work.path(word.text)) if word.known else ""
        if not path or work.at(path) is None:
            raise NotKnown("a file that is not at hand")
        text = work.text(path)
        work.write(path, text and text.replace("\r\n", "\n"))
    return ""


def envsubst(work: Work, words: tuple[Word, ...]) -> str | None:
    """Puts in the variables whose value is known; another stays as it is written (it is empty, or set at run time)."""
    got = arguments(words)
    if work.stdin is None or not all(word.known for word in got.operands):
        return None
    only = _names(got.operands[0].text) if got.operands else None
    out, rest = "", work.stdin
    while rest:
        before, dollar, rest = rest.partition("$")
        out += before
        if not dollar:
            break
        name = _name(rest[1:] if rest[:1] == "{" else rest)
        whole = f"{{{name}}}" if rest[:1] == "{" else name
        chosen = name and rest.startswith(whole) and name in work.env and (only is None or name in only)
        out += work.env[name] if chosen else "$"
        rest = rest[len(whole) :] if chosen else rest
    return out


def _name(text: str) -> str:
    end = 0
    while end < len(text) and (text[end] == "_" or (text[end].isascii() and text[end].isalnum())):
        end += 1
    return "" if text[:1].isdigit() else text[:end]


def _names(text: str) -> set[str]:
    return {_name(part.lstrip("{")) for part in text.split("$")[1:]}


def crontab(work: Work, words: tuple[Word, ...]) -> str | None:
    got = arguments(words, takes="uc")
    if got.has("l", "e"):
        return None
    user = got.value("u") or work.files.config.user.partition(":")[0] or "root"
    path = f"/var/spool/cron/crontabs/{'root' if user == '0' else user}"
    if got.has("r"):
        work.put(path, None)
        return ""
    operands = got.operands or [Word("-", "-")]
    text = content(work, operands[0])
    if text is None and operands[0].known and operands[0].text != "-":
        raise NotKnown("a file that is not at hand")
    work.write(path, text)
    return ""


def nothing(work: Work, words: tuple[Word, ...]) -> str | None:
    return ""


COMMANDS = {
    "echo": echo, "printf": printf, "cat": cat, "tee": tee, "sed": sed, "envsubst": envsubst, "crontab": crontab,
    "dos2unix": dos2unix, "true": nothing, ":": nothing,
}  # fmt: skip
