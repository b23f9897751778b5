"""PHP by its tokens: the functions of sysvshm, sysvsem, sysvmsg and shmop, and files below /dev/shm.

A constant or variable counts where it has one value; those of the files that a script reads in count too. What Composer
loads by the name of a class is not known to be run by anybody.
"""

from collections.abc import Iterator, Mapping

from splitter.inspection._ipc import Kind
from splitter.inspection._tokens import tokens
from splitter.inspection.sharing import Inclusions, Sharing, Source, Value, below_shm, kernel
from splitter.inspection.sharing._values import Names
from splitter.model.facts import Evidence

LANGUAGE = "php"
ENDINGS = (".php",)
OPENS: Mapping[str, Kind] = {
    "shm_attach": "memory", "shmop_open": "memory", "sem_get": "semaphores", "msg_get_queue": "queue",
}  # fmt: skip
READS = frozenset(("require", "require_once", "include", "include_once"))
LOADERS = frozenset(("spl_autoload_register", "__autoload", "eval"))


def read(source: Source) -> Iterator[Sharing]:
    names = _names(source)
    for name, args, at in names.calls(frozenset(OPENS)):
        if args:
            # All of them make what is not there, but for shmop_open, which is told "c" or "n" to do so.
            makes = name != "shmop_open" or (len(args) > 1 and args[1][0] in ("c", "n"))
            here = Evidence(source.path, names.tokens[at].line)
            if (found := kernel(OPENS[name], args[0][0], here, makes)) is not None:
                yield found
    yield from below_shm(source.path, names.tokens)


def reads_in(source: Source) -> Inclusions:
    return _included(_own(Names(source, tokens(source.text, "php"))))


def _own(names: Names) -> Names:
    """With what the file itself says that its names are."""
    for at, token in enumerate(names.tokens):
        if token.kind != "name":
            continue
        if token.text == "define" and names.text(at + 1) == "(":
            args, _ = names.arguments(at + 1)
            if len(args) > 1 and isinstance(args[0][0], str):
                names.give(args[0][0], args[1][0])
        elif token.text in ("function", "fn"):  # parameters are given by whoever calls
            opens = next((n for n in range(at + 1, at + 4) if names.text(n) == "("), 0)
            for n in range(opens, names.past(opens)) if opens else ():
                if names.text(n).startswith("$"):
                    names.lose(names.text(n))
    names.given()
    return names


def _included(names: Names) -> Inclusions:
    found: list[str] = []
    more = False
    for at, token in enumerate(names.tokens):
        if token.kind != "name":
            continue
        if token.text in READS:
            path, _ = names.value(at + 1)
            file = names.source.found(path) if isinstance(path, str) and path else ""
            found += [file] if file else []
            more |= not file or file.endswith("autoload.php")
        more |= token.text.lstrip("\\") in LOADERS
    return Inclusions(tuple(dict.fromkeys(found)), more)


def _names(source: Source) -> Names:
    """The same with the names of what it reads in."""
    names = _own(Names(source, tokens(source.text, "php")))
    others = [o for path in _included(names).files if (o := source.other(path)) is not None]
    known: dict[str, Value] = {}
    for other in others:
        known |= {n: v for n, v in _names(other).values.items() if v is not None}
    return _own(Names(source, names.tokens, known)) if known else names
