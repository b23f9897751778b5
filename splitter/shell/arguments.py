"""The words of a file command: options apart from operands, globs put in, modes and owners read."""

import posixpath
from dataclasses import dataclass, field

from splitter.model.image import Image, normal
from splitter.shell.calls import Word


class NotKnown(Exception):
    """What a command does cannot be told before it runs."""


@dataclass
class Arguments:
    """Options by their name ("m", "mode") with their values, and the operands in order."""

    options: dict[str, list[str]] = field(default_factory=dict)
    operands: list[Word] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        return any(name in self.options for name in names)

    def value(self, *names: str) -> str | None:
        return next((self.options[name][-1] for name in names if self.options.get(name)), None)

    def known(self) -> list[str]:
        """The operands, all of which must be known."""
        if not all(word.known for word in self.operands):
            raise NotKnown("an operand")
        return [word.text for word in self.operands]


def arguments(words: tuple[Word, ...], takes: str = "", long: tuple[str, ...] = (), *, stop: bool = False) -> Arguments:
    """Read the words after the program as getopt_long(3) does; `takes` and `long` name the options with a value.

    `stop`: the first operand ends the options.
    """
    got, rest = Arguments(), list(words)
    while rest:
        word = rest.pop(0)
        text = word.text
        if text == "--":
            got.operands += rest
            break
        if not text.startswith("-") or text == "-":
            got.operands.append(word)
            if stop:
                got.operands += rest
                break
            continue
        if not word.known:
            raise NotKnown("an option")
        if text.startswith("--"):
            name, equals, value = text[2:].partition("=")
            if not equals and name in long and rest:
                value = rest.pop(0).text
            got.options.setdefault(name, []).append(value)
            continue
        for at, letter in enumerate(text[1:], 1):
            values = got.options.setdefault(letter, [])
            if letter in takes:
                after = text[at + 1 :]
                values.append(after or (rest.pop(0).text if rest else ""))
                break
            values.append("")
    return got


def globbed(words: tuple[Word, ...], files: Image, cwd: str) -> tuple[Word, ...]:
    """The words with unquoted patterns replaced by the files that match, as a shell does; none: the word itself."""
    out: list[Word] = []
    for word in words:
        found: tuple[str, ...] = ()
        if word.known and has_glob(word):
            absolute = word.text.startswith("/")
            found = files.glob(word.text if absolute else posixpath.join(cwd, word.text))
            prefix = "" if absolute else cwd.rstrip("/") + "/"
            found = tuple(path.removeprefix(prefix) for path in found)
        out += [Word(path, path) for path in found] if found else [word]
    return tuple(out)


def has_glob(word: Word) -> bool:
    """Whether a word has a pattern character outside quotes."""
    if not any(char in word.text for char in "*?["):
        return False
    quote, i = "", 0
    while i < len(word.source):
        char = word.source[i]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "\\":
            i += 1
        elif char == "$":
            # `$?`, `$*` and what stands in `${...}` are no patterns.
            if word.source.startswith("{", i + 1):
                i = max(word.source.find("}", i), i)
            else:
                i += 1
        elif char in "*?[":
            return True
        i += 1
    return False


def new_mode(text: str, old: int, folder: bool = False) -> int:
    """The mode after `chmod TEXT` (chmod(1)); raises NotKnown on what is no mode."""
    if text and all(char in "01234567" for char in text):
        return int(text, 8) & 0o7777
    mode = old
    for clause in text.split(","):
        who = ""
        while clause[:1] and clause[0] in "ugoa":
            who, clause = who + clause[0], clause[1:]
        if not clause:
            raise NotKnown("a mode")
        masks = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777}
        mask = 0
        for one in who or "a":
            mask |= masks[one]
        while clause:
            how, clause = clause[0], clause[1:]
            if how not in "+-=":
                raise NotKnown("a mode")
            bits = 0
            while clause[:1] and clause[0] not in "+-=":
                bits |= _bits(clause[0], mask, who, mode, folder)
                clause = clause[1:]
            mode = mode | bits if how == "+" else mode & ~bits if how == "-" else (mode & ~mask) | bits
    return mode


def _bits(letter: str, mask: int, who: str, mode: int, folder: bool) -> int:
    if letter == "X":
        letter = "x" if folder or mode & 0o111 else ""
    if letter in ("r", "w", "x"):
        return mask & {"r": 0o444, "w": 0o222, "x": 0o111}[letter]
    if letter == "s":
        return (0o4000 if not who or "u" in who or "a" in who else 0) | (
            0o2000 if not who or "g" in who or "a" in who else 0
        )
    if letter == "t":
        return 0o1000
    if letter in ("u", "g", "o"):
        three = mode >> {"u": 6, "g": 3, "o": 0}[letter] & 7
        return mask & (three * 0o111)
    if letter == "":
        return 0
    raise NotKnown("a mode")


def owner(text: str, files: Image) -> tuple[int | None, int | None]:
    """The ids of `user:group`, names by the image's own passwd and group; None where a part is not said or known."""
    sep = ":" if ":" in text else "."
    user, _, group = text.partition(sep) if sep in text and not identity(text, "/etc/passwd", files) else (text, "", "")
    uid, gid = _id(user, "/etc/passwd", files), _id(group, "/etc/group", files)
    if text.endswith(sep) and user and (row := identity(user, "/etc/passwd", files)) and row[3].isdigit():
        gid = int(row[3])
    return uid, gid


def _id(name: str, path: str, files: Image) -> int | None:
    if name.isdigit():
        return int(name)
    if name == "root":
        return 0
    row = identity(name, path, files)
    return int(row[2]) if row and row[2].isdigit() else None


def identity(name: str, path: str, files: Image) -> list[str] | None:
    """The row of a name in passwd(5) or group(5), None where it has none."""
    text = files.read(path)
    for line in text.splitlines() if isinstance(text, str) else ():
        row = line.split(":")
        if name and row[0] == name and len(row) >= 4:
            return row
    return None


def absolute(path: str, cwd: str) -> str:
    """An operand as a normal path; raises NotKnown where the working folder is not known."""
    if path.startswith("/"):
        return normal(path)
    if not cwd:
        raise NotKnown("the working folder")
    return normal(posixpath.join(cwd, path))
