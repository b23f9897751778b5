"""Perl by its tokens: shmget, msgget and semget, IPC::SharedMem, IPC::Msg, IPC::Semaphore, IPC::Shareable, /dev/shm.

A constant or variable counts where it has one value; the constants of the files that a program reads in count too. What
`use` names is looked for in `use lib`, PERL5LIB and beside the program, never among what packages bring.
"""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.inspection._ipc import Kind
from splitter.inspection._perltokens import perl_tokens
from splitter.inspection.code import PERL
from splitter.inspection.sharing import Inclusions, Sharing, Source, Value, below_shm, kernel
from splitter.inspection.sharing._values import Names
from splitter.model.facts import Evidence
from splitter.model.image import normal

LANGUAGE = "perl"
ENDINGS = PERL
OPENS: Mapping[str, Kind] = {"shmget": "memory", "msgget": "queue", "semget": "semaphores"}
CLASSES: Mapping[str, Kind] = {
    "IPC::SharedMem": "memory", "IPC::Msg": "queue", "IPC::Semaphore": "semaphores", "IPC::ShareLite": "memory",
}  # fmt: skip
SHAREABLE = "IPC::Shareable"
KEYS = ("key", "-key")
PRAGMAS = frozenset(("strict", "warnings", "utf8", "lib", "constant", "vars", "parent", "base", "feature"))
LOADERS = frozenset(("eval", "Module", "Class"))  # Module::Load, Module::Pluggable, Class::Load


def read(source: Source) -> Iterator[Sharing]:
    names = _names(source)
    for at, token in enumerate(names.tokens):
        here = Evidence(source.path, token.line)
        found: Sharing | None = None
        if token.kind == "name" and token.text in OPENS and names.text(at - 1) not in ("sub", "->", "::", "&"):
            opened = names.text(at + 1) == "("
            end = names.past(at + 1) if opened else _statement(names, at)
            value, _ = names.value(at + 1 + opened)
            found = _kernel(OPENS[token.text], value, here, names, at, end)
        elif token.text == "new" and names.text(at + 1) == "(":
            name = names.text(at - 1) == "->" and _class(names, at - 2)
            if name and name in CLASSES:
                key = _keyed(names, at + 1) if name == "IPC::ShareLite" else names.value(at + 2)[0]
                found = _kernel(CLASSES[name], key, here, names, at, names.past(at + 1))
        elif token.kind == "string" and token.text == SHAREABLE:
            yield from _tied(names, at, here)
        if found is not None:
            yield found
    yield from below_shm(source.path, names.tokens)


def _kernel(kind: Kind, value: Value, here: Evidence, names: Names, at: int, end: int) -> Sharing | None:
    said = {names.text(n) for n in range(at, end)}
    private = "IPC_PRIVATE" in said
    return kernel(kind, "0" if private else value, here, bool(said & {"IPC_CREAT", "create", "-create"}))


def _statement(names: Names, at: int) -> int:
    while at < len(names.tokens) and names.text(at) != ";":
        at += 1
    return at


def _class(names: Names, at: int) -> str:
    """The name of a class that ends at a token."""
    parts = [names.text(at)]
    while names.text(at - 1) == "::":
        at -= 2
        parts.insert(0, names.text(at))
    return "::".join(parts)


def _keyed(names: Names, at: int) -> Value:
    """The value of the option `key` within the bracket that opens at a token."""
    for n in range(at, names.past(at)):
        if names.text(n + 1) == "=>" and n < len(names.tokens) and names.tokens[n].text in KEYS:
            return names.value(n + 2)[0]
    return None


def _tied(names: Names, at: int, here: Evidence) -> Iterator[Sharing]:
    """`tie $x, 'IPC::Shareable', 'glue', {...}` and `{key => 'glue'}`: the key is made of the text alone."""
    end = _statement(names, at)
    opens = next((n for n in range(at, end) if names.text(n) == "{"), 0)
    if names.text(at + 1) != ",":
        return
    key = _keyed(names, opens) if opens == at + 2 else names.value(at + 2)[0]
    makes = opens > 0 and any(
        names.text(n) == "create" and names.value(n + 2)[0] not in ("0", "", "no", None) for n in range(opens, end)
    )
    if isinstance(key, str) and key and key.isprintable():
        yield Sharing("memory", f"System V memory of IPC::Shareable '{key}'", here, makes=makes)
    elif key is None and names.text(at + 2) not in ("{", ""):
        yield Sharing("memory", "", here, makes=makes)


def reads_in(source: Source) -> Inclusions:
    return _included(_own(Names(source, perl_tokens(source.text))))


def _own(names: Names) -> Names:
    """With what the file itself says that its names are."""
    for at, token in enumerate(names.tokens):
        if token.kind != "name" or token.text != "use" or names.text(at + 1) != "constant":
            continue
        if names.text(at + 2) == "{":
            for n in range(at + 3, names.past(at + 2)):
                if names.text(n + 1) == "=>" and names.text(n - 1) in ("{", ","):
                    names.give(names.text(n), names.value(n + 2)[0])
        elif names.text(at + 3) == "=>":
            names.give(names.text(at + 2), names.value(at + 4)[0])
    names.given()
    return names


def _included(names: Names) -> Inclusions:
    source = names.source
    found: list[str] = []
    more = False
    folders = [normal(posixpath.join(source.folder, f)) for f in source.env.get("PERL5LIB", "").split(":") if f]
    for at, token in enumerate(names.tokens):
        if token.kind != "name" or names.text(at - 1) in ("->", "::", "sub"):
            continue
        more |= token.text in LOADERS and names.text(at + 1) in ("::", "(", "")
        if token.text not in ("use", "require", "do"):
            continue
        if names.text(at + 1) == "lib":
            folders += _folders(names, at + 2)
            continue
        name: Value = _module(names, at + 1) if token.text != "do" else ""
        if not name and token.text != "use" and names.text(at + 1) != "{" and at + 1 < len(names.tokens):
            name = None if names.tokens[at + 1].kind == "number" else names.value(at + 1)[0]
            more |= name is None and names.tokens[at + 1].kind != "number"
        file = source.found(name, *(f"{f}/{name}" for f in folders)) if isinstance(name, str) and name else ""
        found += [file] if file else []
    return Inclusions(tuple(dict.fromkeys(found)), more)


def _module(names: Names, at: int) -> str:
    """The file of a module that is named there: `Foo::Bar` is Foo/Bar.pm; "" where none is."""
    first = names.text(at)
    if not first[:1].isalpha() or first in PRAGMAS or names.text(at + 1) == "(":
        return ""
    parts = [first]
    while names.text(at + 1) == "::":
        at += 2
        parts.append(names.text(at))
    return "/".join(parts) + ".pm" if all(parts) else ""


def _folders(names: Names, at: int) -> Iterator[str]:
    """The folders of `use lib`; FindBin's $Bin is that of the program, which is told first."""
    for n in range(at, _statement(names, at)):
        token = names.tokens[n]
        text = token.text
        for bin_name in ("$FindBin::Bin", "${FindBin::Bin}", "$Bin", "$RealBin", "$FindBin::RealBin"):
            if token.kind == "string" and names.source.roots and text.startswith(bin_name):
                text = names.source.roots[0] + text[len(bin_name) :]
                break
        else:
            if token.kind != "string" or token.mixed:
                continue
        yield normal(posixpath.join(names.source.folder, text))


def _names(source: Source) -> Names:
    """The same with the names of what it reads in."""
    names = _own(Names(source, perl_tokens(source.text)))
    known: dict[str, Value] = {}
    for path in _included(names).files:
        if (other := source.other(path)) is not None:
            known |= {n: v for n, v in _names(other).values.items() if v is not None}
    return _own(Names(source, names.tokens, known)) if known else names
