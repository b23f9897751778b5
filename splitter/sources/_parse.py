"""A Dockerfile's text as its instructions, by BuildKit's own parser, with the mistakes that a build would refuse."""

import os
from dataclasses import dataclass, replace

import dockerfile

from splitter.errors import SplitterError
from splitter.sources.rootfs import read_regular

MAX_DOCKERFILE = 1 << 20
HINT = "`docker build` says the same; see docs.docker.com/reference/dockerfile"
LEAST = {
    "FROM": 1, "COPY": 2, "ADD": 2, "ENV": 2, "LABEL": 2, "WORKDIR": 1, "USER": 1, "EXPOSE": 1, "HEALTHCHECK": 1,
    "STOPSIGNAL": 1, "ARG": 1, "SHELL": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """One instruction. `words` are as the parser gives them; `docs` are its here-documents as (name, text)."""

    name: str
    words: tuple[str, ...]
    flags: tuple[str, ...]
    json: bool
    line: int
    end: int
    docs: tuple[tuple[str, str], ...] = ()

    def flag(self, name: str) -> str | None:
        """The value of `--name=value`, "" of `--name`; None where it is not given."""
        return next((value for key, value in self.pairs() if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs() if key == name]

    def pairs(self) -> list[tuple[str, str]]:
        parts = (flag.removeprefix("--").partition("=") for flag in self.flags)
        return [(name, value) for name, _, value in parts]


@dataclass(frozen=True)
class Text:
    """A Dockerfile: its instructions, its lines, and the character that escapes in it."""

    instructions: tuple[Instruction, ...]
    lines: tuple[str, ...]
    escape: str


def read_text(path: str, shown: str) -> str:
    """The text of a Dockerfile. Raises SplitterError where it cannot be read."""
    try:
        raw = read_regular(os.path.realpath(path))
    except OSError as error:
        raise SplitterError(
            f"cannot be read ({error.strerror or error})", "name the Dockerfile with -f", shown
        ) from error
    if len(raw) > MAX_DOCKERFILE or b"\0" in raw:
        raise SplitterError("is no Dockerfile: it is binary or too large", "name the Dockerfile with -f", shown)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SplitterError("is not UTF-8", "save it as UTF-8", f"{shown}:{line}") from error


def parse(text: str, shown: str) -> Text:
    """The instructions of a Dockerfile's text. Raises SplitterError at the line that `docker build` refuses."""
    lines = tuple(text.split("\n"))
    # The parser's C interface ends at NUL and dies of lone surrogates.
    text = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.GoParseError as error:
        line = _line_of(text, str(error))
        raise SplitterError(f"the Dockerfile does not parse: {error}", HINT, f"{shown}:{line}") from error
    found = []
    for c in commands:
        docs = tuple((d.name, d.content) for d in c.heredocs)
        # ONBUILD comes with the instruction that it holds back beside it.
        one = Instruction(c.cmd.upper(), c.value, c.flags, c.json, c.start_line, c.end_line, docs)
        _check(one, shown)
        found.append(one)
    return Text(tuple(found), lines, _escape(lines))


def held_back(one: Instruction, text: Text, shown: str) -> Instruction:
    """What an ONBUILD holds back, as an instruction of its own. Raises SplitterError where it is none."""
    body = "\n".join(text.lines[one.line - 1 : one.end]).lstrip()[len("ONBUILD") :]
    found = parse(f"# escape={text.escape}\n{body.lstrip()}\n", shown).instructions
    if len(found) != 1 or found[0].name in ("ONBUILD", "FROM", "MAINTAINER"):
        raise SplitterError("ONBUILD takes one instruction, not FROM or ONBUILD", HINT, f"{shown}:{one.line}")
    return replace(found[0], line=one.line, end=one.end)


def _line_of(text: str, message: str) -> int:
    """The line at which the parser stumbles: the first from which on it always says the same."""
    lines = text.split("\n")
    n = len(lines)
    while n > 1:
        try:
            dockerfile.parse_string("\n".join(lines[: n - 1]) + "\n")
            break
        except dockerfile.GoParseError as error:
            if str(error) != message:
                break
        n -= 1
    return n


def _check(one: Instruction, shown: str) -> None:
    at = f"{shown}:{one.line}"
    if one.name.lower() not in dockerfile.all_cmds():
        raise SplitterError(f"unknown instruction: {one.name}", HINT, at)
    if len([w for w in one.words if w]) < LEAST.get(one.name, 0) and not (one.name == "ENV" and len(one.words) > 1):
        raise SplitterError(f"{one.name} needs more words", HINT, at)
    if one.name == "FROM" and not (len(one.words) == 1 or (len(one.words) == 3 and one.words[1].upper() == "AS")):
        raise SplitterError("FROM takes an image, or an image AS a name", HINT, at)
    if one.name == "SHELL" and not one.json:
        raise SplitterError("SHELL requires the arguments to be in JSON form", HINT, at)


def _escape(lines: tuple[str, ...]) -> str:
    for line in lines:
        if not line.startswith("#"):
            break
        name, equals, value = line[1:].partition("=")
        if not equals:
            break
        if name.strip().lower() == "escape":
            return value.strip()
    return "\\"
