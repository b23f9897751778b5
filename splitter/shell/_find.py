"""find(1) on the tree that is known: its tests by name, kind, depth and path, and `-exec`, `-delete`, `-print`.

Any other test or action (`-newer`, `-mtime`, `-printf`) makes the result unknown. `-exec` goes by what its command does
on the files that were found: `find conf -name '*.conf' -exec ln -s -t run {} +`.
"""

import fnmatch
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from splitter.model.image import normal
from splitter.shell._files import Work
from splitter.shell.arguments import NotKnown
from splitter.shell.calls import Word

Handler = Callable[[Work, tuple[Word, ...]], "str | None"]
Check = Callable[[str, str, int], bool]  # a path as it is printed, its real place, and how deep it is

KINDS = {"f": "file", "d": "dir", "l": "link"}
MAX_FOUND = 2000


@dataclass
class _Asked:
    """What is asked for, taken from the words: roots, tests, bounds of depth, and what is done."""

    roots: list[str] = field(default_factory=list)
    tests: list[Check] = field(default_factory=list)
    least: int = 0
    most: int = 1 << 20
    commands: list[tuple[tuple[Word, ...], bool]] = field(default_factory=list)
    delete: bool = False
    end: str = "\n"


def command(commands: Mapping[str, Handler]) -> Handler:
    """find, with the commands that its -exec may start."""

    def find(work: Work, words: tuple[Word, ...]) -> str | None:
        asked = _asked(work, words)
        found = list(_found(work, asked))
        for argv, together in asked.commands:
            handler = commands.get(posixpath.basename(argv[0].text))
            if handler is None:
                raise NotKnown(argv[0].text)
            for paths in [found] if together else [[path] for path in found]:
                if paths:
                    handler(work, _filled(argv[1:], paths))
        if asked.delete:
            for path in reversed(found):
                work.put(work.path(path), None)
        if asked.commands or asked.delete:
            work.touched = True
            return ""
        return "".join(path + asked.end for path in found)

    return find


def _filled(words: tuple[Word, ...], paths: list[str]) -> tuple[Word, ...]:
    out: list[Word] = []
    for word in words:
        if word.text == "{}":
            out += [Word(path, path) for path in paths]
        elif "{}" in word.text and len(paths) == 1:
            out.append(Word(word.text.replace("{}", paths[0]), word.source))
        else:
            out.append(word)
    return tuple(out)


def _found(work: Work, asked: _Asked) -> Iterator[str]:
    count = 0
    for root in asked.roots or ["."]:
        real = work.path(root)
        for here in work.below(real):
            if work.at(here) is None:
                continue
            shown = root if here == real else posixpath.join(root, posixpath.relpath(here, real))
            depth = 0 if here == real else normal(here)[len(real.rstrip("/")) :].count("/")
            if asked.least <= depth <= asked.most and all(test(shown, here, depth) for test in asked.tests):
                count += 1
                if count > MAX_FOUND:
                    raise NotKnown("too many files")
                yield shown


def _asked(work: Work, words: tuple[Word, ...]) -> _Asked:
    if not all(word.known for word in words):
        raise NotKnown("an operand")
    rest, asked = list(words), _Asked()
    while rest and rest[0].text in ("-L", "-H", "-P"):
        rest.pop(0)
    while rest and rest[0].text[:1] not in ("-", "!", "("):
        asked.roots.append(rest.pop(0).text)
    negated = False
    while rest:
        word = rest.pop(0).text
        if word in ("!", "-not"):
            negated = not negated
            continue
        if word in ("-exec", "-execdir", "-ok"):
            asked.commands.append(_exec(rest))
        elif word in ("-delete",):
            asked.delete = True
        elif word in ("-print", "-print0"):
            asked.end = "\0" if word == "-print0" else "\n"
        elif word in ("-mindepth", "-maxdepth") and rest and rest[0].text.isdigit():
            number = int(rest.pop(0).text)
            asked.least, asked.most = (number, asked.most) if word == "-mindepth" else (asked.least, number)
        elif word not in ("-a", "-and", "-follow", "-xdev", "-mount", "-depth"):
            asked.tests.append(_test(work, word, rest, negated))
        negated = False
    return asked


def _exec(rest: list[Word]) -> tuple[tuple[Word, ...], bool]:
    """The command of an -exec, and whether it takes all files at once."""
    taken: list[Word] = []
    while rest and rest[0].text not in (";", "+"):
        taken.append(rest.pop(0))
    if not taken or not rest:
        raise NotKnown("-exec")
    return tuple(taken), rest.pop(0).text == "+"


def _test(work: Work, word: str, rest: list[Word], negated: bool) -> Check:
    if word not in ("-type", "-name", "-iname", "-path", "-wholename") or not rest:
        raise NotKnown(word)
    value = rest.pop(0).text

    def holds(shown: str, real: str, depth: int) -> bool:
        name = posixpath.basename(real)
        if word == "-type":
            node = work.at(real)
            return node is not None and node.kind in [KINDS.get(one) for one in value.split(",")]
        if word == "-iname":
            return fnmatch.fnmatchcase(name.lower(), value.lower())
        return fnmatch.fnmatchcase(name if word == "-name" else shown, value)

    return lambda shown, real, depth: holds(shown, real, depth) != negated
