"""A script that does nothing without an argument: the arguments that it knows, and the one that is meant to stay up."""

from collections.abc import Iterator

from splitter.shell.lexer import Param, lex
from splitter.shell.parse import parse
from splitter.shell.syntax import Case, Simple, Test, walk

MAX_MODES = 20
# What people call the argument that starts everything, the clearest first.
USUAL = ("run", "start", "app:start", "serve", "server", "up", "all", "app", "web", "default")
EQUAL = ("=", "==")


def modes(text: str) -> tuple[str, ...]:
    """The values that a script compares its first argument with, in order."""
    return tuple(dict.fromkeys(_compared(text)))[:MAX_MODES]


def usual(found: tuple[str, ...]) -> str:
    """The mode that starts the image's services; "" where no name says so."""
    return next((mode for mode in USUAL if mode in found), "")


def _compared(text: str) -> Iterator[str]:
    for statement in walk(parse(text).body):
        if isinstance(statement, Case) and _first(statement.word):
            for patterns, _, _ in statement.arms:
                yield from (p.strip("\"'") for p in patterns if _plain(p.strip("\"'")))
        tokens: tuple[str, ...] = ()
        if isinstance(statement, Test):
            tokens = statement.tokens
        elif isinstance(statement, Simple) and statement.words[:1] in (("test",), ("[",)):
            tokens = tuple(w for w in statement.words if isinstance(w, str))
        for at, token in enumerate(tokens[1:-1], 1):
            if token in EQUAL:
                for one, other in ((tokens[at - 1], tokens[at + 1]), (tokens[at + 1], tokens[at - 1])):
                    value = other.strip("\"'")
                    if _first(one) and _plain(value):
                        yield value


def _first(word: str) -> bool:
    parts = lex(word)
    return len(parts) == 1 and isinstance(parts[0], Param) and parts[0].name == "1" and not parts[0].op


def _plain(word: str) -> bool:
    return bool(word) and word[0].isalnum() and all(c.isalnum() or c in "-_:." for c in word)
