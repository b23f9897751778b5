"""Which programs, variables and functions a piece of shell uses."""

import fnmatch
from collections.abc import Collection, Iterable

from splitter.shell.lexer import Arith, Param, Part, Substitution, Text, lex
from splitter.shell.parse import parse
from splitter.shell.syntax import Arithmetic, ArithmeticFor, Script, Simple, Statement, by_identity, sources, walk

MAX_DEPTH = 8
Used = tuple[frozenset[str], frozenset[str]]


@by_identity
def used(root: Script | Statement) -> Used:
    """(words that stand where a program stands, names of variables read), those within `$(...)` included."""
    return _used(root, 0)


def called(programs: Iterable[str], functions: Collection[str]) -> set[str]:
    """The functions that these words may call: by their names, or by a part of them and a variable (`start_"$1"`)."""
    found = set(functions) & set(programs)
    for word in programs:
        if "$" in word:
            parts = [p.text if isinstance(p, Text) else "*" for p in lex(word)]
            if any(p != "*" for p in parts):
                found.update(fnmatch.filter(functions, "".join(parts)))
    return found


def _used(root: Script | Statement, depth: int) -> Used:
    programs: set[str] = set()
    names: set[str] = set()
    for statement in walk(root.body if isinstance(root, Script) else root):
        if isinstance(statement, Simple) and statement.words and isinstance(statement.words[0], str):
            programs.add(statement.words[0])
        for source in sources(statement):
            if isinstance(statement, (Arithmetic, ArithmeticFor)):
                names.update(_identifiers(source))
            _word(source, programs, names, depth)
    return frozenset(programs), frozenset(names)


def _word(source: str, programs: set[str], names: set[str], depth: int) -> None:
    if "$" not in source and "`" not in source:
        return
    todo: list[Part] = list(lex(source))
    if '"' in source or "'" in source:
        todo.extend(lex(source, True))
    for part in todo:
        if isinstance(part, Param):
            names.add(part.name)
            for inner in (part.argument, part.index or ""):
                if inner and depth < MAX_DEPTH:
                    names.update(_identifiers(inner) if inner == part.index else ())
                    _word(inner, programs, names, depth + 1)
        elif isinstance(part, Arith):
            names.update(_identifiers(part.text))
        elif isinstance(part, Substitution) and depth < MAX_DEPTH:
            more, read = _used(parse(part.text), depth + 1)
            programs.update(more)
            names.update(read)


def _identifiers(text: str) -> set[str]:
    cleaned = "".join(c if c.isalnum() or c == "_" else " " for c in text)
    return {w for w in cleaned.split() if w.isidentifier()}
