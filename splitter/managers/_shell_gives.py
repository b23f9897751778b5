"""What a simple command of a shell script leaves behind for what stands after it: variables, exports, the end."""

from splitter.shell.parse import parse
from splitter.shell.syntax import Assign, Simple, walk
from splitter.shell.variables import DECLARING

READERS = frozenset(("read", "mapfile", "readarray", "getopts", "unset", "printf"))
EXPORTS, ENDS = "\0exports", "\0ends"  # what a function does beside giving variables
OWN = ("$1", "$2", "$3", "$@", "$*", "$#", "${1", "${2", "${3", "${@", "${*", "${#", "FUNCNAME", "BASH_SOURCE")


def gives(one: Simple) -> set[str]:
    """The variables that a simple command assigns, and whether it exports one or ends the script."""
    head = one.words[0] if one.words else None
    if head is None:
        return {a.name for a in one.assigns}
    if head in DECLARING:
        names = {w.name for w in one.words if isinstance(w, Assign)}
        names |= {w for w in one.words[1:] if isinstance(w, str) and w.isidentifier()}
        outside = head == "export" or (head != "local" and "-x" in one.words)
        return names | {EXPORTS} if outside else set() if head == "local" else names
    if head in READERS:
        return {w for w in one.words[1:] if isinstance(w, str) and w.isidentifier()}
    if head == "exit" and one.words[1:2] in ((), ("0",)):
        return {ENDS}
    if head in (":", "true"):
        return {
            w.partition("${")[2].partition(":=")[0].partition("=")[0]
            for w in one.words[1:]
            if isinstance(w, str) and "=" in w and "${" in w
        }
    return set()


def own(text: str) -> bool:
    """Whether a function's text only means something within a function of its own."""
    if any(word in text for word in OWN):
        return True
    return any(
        isinstance(one, Simple) and one.words[:1] and one.words[0] in ("local", "return", "shift", "declare", "set")
        for one in walk(parse(text).body)
    )


def counted(text: str) -> list[str]:
    """The variables that a `((...))` may change."""
    if not any(mark in text for mark in ("=", "++", "--")):
        return []
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
