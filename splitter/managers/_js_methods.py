"""What the functions of Node and of texts, lists and objects give back, as far as a configuration uses them."""

import posixpath
from collections.abc import Callable

from splitter.managers._js_values import (
    MAX_LENGTH,
    UNDEFINED,
    Array,
    Late,
    Module,
    Object,
    Undefined,
    Value,
    string,
    truthy,
)

Call = Callable[[Value, list[Value]], Value]


def method(holder: Value, name: str, args: list[Value], call: Call, cwd: str, line: int) -> Value | None:
    """What `holder.name(args)` gives, `call` calling a function that is among the arguments; None: not known."""
    if isinstance(holder, Module):
        return _builtin(f"{holder.name}.{name}", args, cwd)
    if isinstance(holder, Array):
        return _of_list(holder, name, args, call, line)
    if isinstance(holder, str):
        return _of_text(holder, name, args)
    if isinstance(holder, int | float) and name == "toString":
        return string(holder)
    return None


def _of_list(holder: Array, name: str, args: list[Value], call: Call, line: int) -> Value | None:
    if name == "map" and args:
        made = Array(call(args[0], [item, i]) for i, item in enumerate(list(holder)))
        made.line, made.lost = line, holder.lost
        return made
    if name == "filter" and args == [Module("Boolean")]:
        made = Array(i for i in holder if truthy(i) is not False)
        made.line, made.lost = holder.line, holder.lost
        return made
    if name in ("concat", "push"):
        made = holder if name == "push" else Array(holder)
        made.line, made.lost = holder.line, holder.lost
        for arg in list(args):
            more = list(arg) if isinstance(arg, Array) and name == "concat" else [arg]
            if len(made) + len(more) > MAX_LENGTH:
                return None
            made.extend(more)
        return len(made) if name == "push" else made
    bounds = [a for a in args if isinstance(a, int)]
    if name == "slice" and len(bounds) == len(args) <= 2 and not holder.lost:
        made = Array(holder[slice(*bounds) if len(bounds) == 2 else slice(bounds[0] if bounds else 0, None)])
        made.line = line
        return made
    texts = [string(i) for i in holder]
    if name == "join" and not holder.lost and None not in texts:
        between = string(args[0]) if args else ","
        return bounded((between or "").join(t for t in texts if t is not None))
    return None


def _of_text(holder: str, name: str, args: list[Value]) -> Value | None:
    plain = [a for a in args if isinstance(a, str)]
    if not args:
        same = {
            "trim": holder.strip(),
            "toLowerCase": holder.lower(),
            "toUpperCase": holder.upper(),
            "toString": holder,
        }
        return same.get(name)
    if len(plain) != len(args):
        return None
    if name == "split" and len(plain) == 1 and plain[0]:
        return Array(holder.split(plain[0]))
    return bounded(holder + "".join(plain)) if name == "concat" else None


def _builtin(name: str, args: list[Value], cwd: str) -> Value | None:
    texts = [a for a in args if isinstance(a, str)]
    if name == "process.cwd":
        return cwd
    if name.startswith("path.") and len(texts) == len(args):
        kind = name.removeprefix("path.").removeprefix("posix.")
        if kind == "join" and texts:
            return bounded(posixpath.normpath("/".join(t for t in texts if t) or "."))
        if kind == "resolve":
            return bounded(posixpath.normpath(posixpath.join(cwd, *texts)))
        if kind in ("dirname", "basename") and len(texts) == 1:
            return posixpath.dirname(texts[0]) if kind == "dirname" else posixpath.basename(texts[0])
    if name == "Object.assign" and args and all(isinstance(a, Object | Late | Undefined) for a in args):
        made = Object()
        for arg in args:
            if isinstance(arg, Object):
                made.update(arg)
                made.lost += arg.lost
                made.line = made.line or arg.line
        return made
    if len(args) == 1 and isinstance(args[0], Object) and not args[0].lost:
        if name == "Object.keys":
            return Array(args[0])
        if name == "Object.values":
            return Array(args[0].values())
        if name == "Object.entries":
            return Array(Array(pair) for pair in args[0].items())
    return UNDEFINED if name.startswith("console.") else None


def bounded(text: str) -> str | None:
    return text if len(text) <= MAX_LENGTH else None
