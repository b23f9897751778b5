"""Several steps as one shell script: functions that more than one of them needs are written once."""

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TypeAlias

from splitter.catalogue import looks_secret
from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.planning.commands import line_of, same_user, strict_before, unknown
from splitter.planning.inherited import inherited, inherited_lines, shell_of
from splitter.shell.parse import parse
from splitter.shell.syntax import Function, Simple, walk

LONG_TITLE = 90
FEW = 2  # variables that stand in the line of each step that has them
SHELLS = {"/bin/bash": "bash", "bash": "bash", "/usr/bin/bash": "bash", "/bin/sh": "sh", "sh": "sh"}


_Part: TypeAlias = tuple[dict[str, str], str] | None
_Told: TypeAlias = tuple[Process, _Part, str]


def script(steps: Sequence[Process], image: Image, known: Mapping[str, str], user: str = "") -> tuple[str, str]:
    """The shell that reads it, and the text. `known` are the variables of the service, and `user` who runs it.

    A step that is shell text runs in a sub-shell of its own, so that what it sets or changes stays with it.
    """
    texts = [text_of(step, image, user) for step in steps]
    bash = shell_of(inherited(steps)).endswith("bash") or any(t is not None and t[0] == "bash" for t in texts)
    shell = "bash" if bash else "sh"
    parts = [_parts(t[1]) if t is not None else None for t in texts]
    counted = Counter(source for p in parts if p is not None for source in dict.fromkeys(p[0].values()))
    names = Counter(name for name, _ in {pair for p in parts if p is not None for pair in p[0].items()})
    common = {s for s, times in counted.items() if times > 1 and all(_alone(s, p, names) for p in parts if p)}
    strict = strict_before(steps, image) or len({s.evidence.path for s in steps}) > 1
    lines = [*(["set -e"] if strict else []), *(s for s in counted if s in common)]
    blocks: dict[str, str] = {}  # with the script that each is of
    for exported, members in _groups(zip(steps, parts, _titles(steps), strict=True), image, known):
        inside: dict[str, str] = {}
        for step, part, title in members:
            for line in inherited_lines(inherited([step])):
                if line not in lines:
                    inside.setdefault(line, title)
            there = {**known, **members[0][0].env} if exported else known
            inside.setdefault(_block(step, part, image, user, there, common), title)
        if exported:
            title = next(iter(inside.values()))
            inside = {"\n".join(["(", *exported, *_headed(inside), ")"]): title}
        for text, title in inside.items():
            blocks.setdefault(text, title)
    return shell, "\n".join([*lines, *_headed(blocks)]) + "\n"


def _block(
    step: Process, part: _Part, image: Image, user: str, known: Mapping[str, str],
    common: Collection[str],
) -> str:  # fmt: skip
    """One step: its line, or its text in a sub-shell where that may change something."""
    if part is None:
        return line_of(step, None, image, user, known)
    functions, body = part
    own = [s for s in functions.values() if s not in common]
    arguments = step.command.start[4:]
    inner = [*_folder(step, image), *_exports(step, image, known), *own]
    inner += [f"set -- {shlex.join(arguments)}"] if arguments else []
    if not inner and _plain(body):
        return body
    inner += [body] if body else []
    return "(\n" + "\n".join(inner) + "\n)" if inner else ":"


def _plain(text: str) -> bool:
    """Whether a text is one call of a program, which changes nothing in the shell that makes it."""
    body = parse(text).body.body
    one = body[0] if len(body) == 1 else None
    return isinstance(one, Simple) and one.words[:1] in (("bash",), ("sh",))


def _groups(told: Iterable[_Told], image: Image, known: Mapping[str, str]) -> Iterator[tuple[list[str], list[_Told]]]:
    """Steps that follow one another and have many variables in common, with the lines that export these once."""
    exported: list[str] = []
    members: list[_Told] = []
    for one in told:
        own = _exports(one[0], image, known)
        if members and (not exported or not set(exported) <= set(own)):
            yield exported, members
            exported, members = [], []
        if not members:
            exported = own if len(own) > FEW else []
        members.append(one)
    if members:
        yield exported, members


def _titles(steps: Sequence[Process]) -> list[str]:
    """What started each step: the outermost script that is not around all of them, else the file it stands in."""
    levels = zip(*([p.id for p in s.launchers] for s in steps), strict=False)
    around = len(list(takewhile(lambda level: len(set(level)) == 1, levels))) if len(steps) > 1 else 0
    titles = [str(s.launchers[around].command) if s.launchers[around:] else s.evidence.path for s in steps]
    return [
        t if len(t) <= LONG_TITLE and t.isprintable() else s.evidence.path for t, s in zip(titles, steps, strict=True)
    ]


def _headed(blocks: Mapping[str, str]) -> Iterator[str]:
    """The parts of a script, each under what started it, where that is more than one."""
    several, last = len(set(blocks.values())) > 1, ""
    for text, title in blocks.items():
        if several and title not in (last, text) and title.isprintable():
            yield f"# {title}"
        yield text
        last = title


def _alone(source: str, part: tuple[Mapping[str, str], str], names: Mapping[str, int]) -> bool:
    """Whether a function means the same in this step: no other one of its name stands there."""
    name = next((n for n, s in part[0].items() if s == source), None)
    return name is None or names[name] == 1


def text_of(step: Process, image: Image, user: str) -> tuple[str, str] | None:
    """The shell and the text of a step that is shell text and needs no other user; None for any other."""
    words = step.command.start
    if len(words) < 3 or words[1] != "-c" or words[0] not in SHELLS or "\n" not in words[2]:
        return None
    return (SHELLS[words[0]], words[2]) if same_user(step.user, image) == user else None


def _parts(text: str) -> tuple[dict[str, str], str]:
    """The functions of a text by name, and what is left of it.

    A function behind a file that is read in takes the place of one of that file, and stays where it is.
    """
    read = parse(text)
    if read.broken:
        return {}, text
    functions: dict[str, str] = {}
    rest: list[bytes] = []
    at = 0
    for statement in read.body.body:
        if any(isinstance(one, Simple) and one.words[:1] in ((".",), ("source",)) for one in walk(statement)):
            break
        if not isinstance(statement, Function) or statement.name in functions:
            continue
        functions[statement.name] = read.source(statement.span)
        rest.append(read.raw[at : statement.span.start])
        at = statement.span.end
    rest.append(read.raw[at:])
    body = b"".join(rest).decode("utf-8", "replace")
    return functions, "\n".join(line for line in body.splitlines() if line.strip())


def _folder(step: Process, image: Image) -> list[str]:
    there = step.workdir or image.config.workdir or "/"
    return [f"cd {shlex.quote(there)}"] if there != (image.config.workdir or "/") else []


def _exports(step: Process, image: Image, known: Mapping[str, str]) -> list[str]:
    given = {**image.config.env, **known}
    return [
        f"export {name}={shlex.quote(value)}"
        for name, value in step.env.items()
        if given.get(name) != value and not unknown(value) and not looks_secret(name, value)
    ]
