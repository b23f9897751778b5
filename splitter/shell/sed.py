"""GNU sed's common commands on a text: s, d, p, a, i, c, y, q and blocks, by line, `$` or pattern (info sed)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from splitter.shell._regex import NotKnown, regex

MAX_COMMANDS = 200


@dataclass(frozen=True)
class Address:
    line: int | None = None
    last: bool = False
    regex: re.Pattern[str] | None = None
    plus: int | None = None

    def hits(self, number: int, final: bool, text: str) -> bool:
        if self.regex is not None:
            return self.regex.search(text) is not None
        return final if self.last else number == self.line


@dataclass
class Command:
    name: str
    start: Address | None = None
    end: Address | None = None
    negated: bool = False
    text: str = ""
    regex: re.Pattern[str] | None = None
    to: str = ""
    every: bool = False
    nth: int = 1
    prints: bool = False
    block: list["Command"] = field(default_factory=list)
    until: int | None = None
    inside: bool = False


def sed(script: str, text: str, *, extended: bool = False, quiet: bool = False) -> str:
    """What `sed SCRIPT` makes of a text; `extended` is -E, `quiet` is -n. Raises NotKnown on what is not read here."""
    commands = _Script(script, extended).block()
    lines = text.split("\n")
    ends = lines[-1] == ""
    if ends:
        lines.pop()
    out: list[str] = []
    for number, line in enumerate(lines, 1):
        cycle = _Cycle(line, number, number == len(lines))
        cycle.run(commands)
        out += cycle.before
        if not quiet and not cycle.deleted:
            out.append(cycle.line)
        out += cycle.after
        if cycle.quit:
            return "".join(one + "\n" for one in out)
    joined = "\n".join(out)
    return joined + "\n" if ends and out else joined


class _Cycle:
    def __init__(self, line: str, number: int, final: bool) -> None:
        self.line, self.number, self.final = line, number, final
        self.before: list[str] = []
        self.after: list[str] = []
        self.deleted = self.quit = False

    def run(self, commands: list[Command]) -> None:
        for command in commands:
            if self.deleted or self.quit:
                return
            if self.chosen(command) != command.negated:
                self.do(command)

    def chosen(self, c: Command) -> bool:
        if c.start is None:
            return True
        if c.end is None:
            return c.start.hits(self.number, self.final, self.line)
        if c.inside:
            if c.until is not None:
                c.inside = self.number < c.until
                return self.number <= c.until
            c.inside = not c.end.hits(self.number, self.final, self.line)
            return True
        if not c.start.hits(self.number, self.final, self.line):
            return False
        c.until = self.number + c.end.plus if c.end.plus is not None else c.end.line
        c.inside = c.until is None or c.until > self.number
        if c.end.last and self.final:
            c.inside = False
        return True

    def do(self, c: Command) -> None:
        if c.name == "{":
            self.run(c.block)
        elif c.name == "s":
            self.substitute(c)
        elif c.name == "y":
            self.line = self.line.translate(str.maketrans(c.text, c.to))
        elif c.name == "d":
            self.deleted = True
        elif c.name == "p":
            self.before.append(self.line)
        elif c.name == "a":
            self.after.append(c.text)
        elif c.name == "i":
            self.before.append(c.text)
        elif c.name == "c":
            if c.end is None or c.negated or not c.inside:
                self.before.append(c.text)
            self.deleted = True
        elif c.name == "q":
            self.quit = True

    def substitute(self, c: Command) -> None:
        assert c.regex is not None
        count = 0

        def one(match: re.Match[str]) -> str:
            nonlocal count
            count += 1
            return _filled(c.to, match) if count == c.nth or (c.every and count > c.nth) else match.group()

        new = c.regex.sub(one, self.line)
        if count >= c.nth:
            self.line = new
            if c.prints:
                self.before.append(new)


def _filled(to: str, match: re.Match[str]) -> str:
    out, i = [], 0
    while i < len(to):
        char = to[i]
        if char == "&":
            out.append(match.group())
        elif char == "\\" and i + 1 < len(to):
            i += 1
            if to[i].isdigit():
                if int(to[i]) > (match.re.groups or 0):
                    raise NotKnown("a group that is not there")
                out.append(match.group(int(to[i])) or "")
            elif to[i] in "LUElu":
                raise NotKnown("changes of case")
            else:
                out.append({"n": "\n", "t": "\t"}.get(to[i], to[i]))
        else:
            out.append(char)
        i += 1
    return "".join(out)


class _Script:
    """Reads a script's text into commands."""

    def __init__(self, text: str, extended: bool) -> None:
        self.text, self.extended, self.at, self.count = text, extended, 0, 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self, chars: str) -> None:
        while self.peek() and self.peek() in chars:
            self.at += 1

    def block(self, nested: bool = False) -> list[Command]:
        return list(self.commands(nested))

    def commands(self, nested: bool) -> Iterator[Command]:
        while True:
            self.skip(" \t\n;")
            if not self.peek():
                if nested:
                    raise NotKnown("a block without its end")
                return
            if self.peek() == "#":
                self.line()
                continue
            if self.peek() == "}":
                if not nested:
                    raise NotKnown("an end without its block")
                self.at += 1
                return
            self.count += 1
            if self.count > MAX_COMMANDS:
                raise NotKnown("too many commands")
            yield self.command()

    def command(self) -> Command:
        start = self.address()
        end = None
        if start is not None:
            self.skip(" \t")
            if self.peek() == ",":
                self.at += 1
                self.skip(" \t")
                end = self.address(second=True)
                if end is None:
                    raise NotKnown("an address")
        self.skip(" \t")
        negated = self.peek() == "!"
        if negated:
            self.skip("! \t")
        command = Command(self.peek(), start, end, negated)
        self.at += 1
        if command.name == "{":
            command.block = self.block(nested=True)
        elif command.name == "s":
            self.s(command)
        elif command.name == "y":
            delimiter = self.delimiter()
            command.text, command.to = self.until(delimiter), self.until(delimiter)
            if len(command.text) != len(command.to) or "\\" in command.text + command.to:
                raise NotKnown("y")
        elif command.name in ("a", "i", "c"):
            command.text = self.appended()
        elif command.name not in ("d", "p", "q"):
            raise NotKnown(f"the command {command.name}")
        return command

    def address(self, second: bool = False) -> Address | None:
        char = self.peek()
        if char.isdigit():
            return Address(line=self.number())
        if char == "+" and second:
            self.at += 1
            return Address(plus=self.number())
        if char == "$":
            self.at += 1
            return Address(last=True)
        if char in ("/", "\\") and char:
            self.at += 1
            delimiter = "/" if char == "/" else self.delimiter()
            pattern = self.until(delimiter, brackets=True)
            ignore = self.peek() == "I"
            self.at += ignore
            return Address(regex=regex(pattern, self.extended, ignore))
        return None

    def number(self) -> int:
        start = self.at
        self.skip("0123456789")
        if start == self.at or self.at - start > 9 or self.peek() == "~":
            raise NotKnown("an address")
        return int(self.text[start : self.at])

    def delimiter(self) -> str:
        char = self.peek()
        if char in ("", "\n", "\\"):
            raise NotKnown("a delimiter")
        self.at += 1
        return char

    def until(self, delimiter: str, brackets: bool = False) -> str:
        """The text up to the delimiter; one that is escaped, or within a pattern's brackets, stands for itself."""
        out: list[str] = []
        while char := self.peek():
            self.at += 1
            if char == delimiter:
                return "".join(out)
            if char == "[" and brackets and (end := self.bracket_end()):
                out.append(self.text[self.at - 1 : end])
                self.at = end
                continue
            if char == "\\" and self.peek():
                after = self.peek()
                self.at += 1
                out.append(after if after == delimiter else char + after)
            else:
                out.append(char)
        raise NotKnown("an expression without its end")

    def bracket_end(self) -> int:
        """Where the bracket expression that has just begun ends; 0 where it does not."""
        first = self.at + self.text.startswith("^", self.at)
        end = self.text.find("]", first + self.text.startswith("]", first))
        while (
            end > 0
            and (inner := self.text.rfind("[:", self.at, end)) >= 0
            and self.text[end - 1] == ":"
            and inner < end - 2
        ):
            end = self.text.find("]", end + 1)
            if self.text[end - 1] != ":":
                break
        return end + 1

    def s(self, command: Command) -> None:
        delimiter = self.delimiter()
        pattern, command.to = self.until(delimiter, brackets=True), self.until(delimiter)
        ignore = False
        while (flag := self.peek()) and flag not in " \t\n;}#":
            self.at += 1
            if flag == "g":
                command.every = True
            elif flag in "iI":
                ignore = True
            elif flag == "p":
                command.prints = True
            elif flag.isdigit():
                self.at -= 1
                command.nth = self.number()
            else:
                raise NotKnown(f"the flag {flag}")
        command.regex = regex(pattern, self.extended, ignore)

    def appended(self) -> str:
        """The text of a, i and c: after a backslash and a newline, or on the same line as GNU sed has it."""
        self.skip(" \t")
        if self.peek() == "\\":
            self.at += 1
            self.skip(" \t")
            if self.peek() == "\n":
                self.at += 1
        return self.line()

    def line(self) -> str:
        """The rest of the line; a newline after a backslash belongs to it."""
        out = []
        while char := self.peek():
            self.at += 1
            if char == "\n":
                break
            if char == "\\" and self.peek():
                after = self.peek()
                self.at += 1
                out.append({"t": "\t"}.get(after, after))
            else:
                out.append(char)
        return "".join(out)
