"""A shell text that no longer sets some variables, for what runs it is given them."""

from collections.abc import Collection, Iterator

from splitter.shell.parse import parse
from splitter.shell.syntax import Assign, Function, If, Script, Sequence, Simple, Span, Statement, Test, walk

SETTINGS = frozenset(("set", "shopt", "umask", "ulimit"))  # what changes how the shell works, and no variable


def unassigned(text: str, names: Collection[str]) -> str:
    """The text without its assignments to these names, and without what then does nothing any more.

    What assigns one of them together with another, an element of an array, or a variable of a function, stays. So does
    a text that cannot be parsed.
    """
    script = parse(text)
    spans = [s.span for s in walk(script.body) if isinstance(s, Simple) and _only_sets(s, names)]
    if script.broken or not spans:
        return text
    text = _replaced(script, spans, ":")
    while True:
        script = parse(text)
        idle = list(_idle(script.body))
        if not idle or script.broken:
            return text
        text = _replaced(script, idle, "")


def assignments(node: Statement) -> Iterator[Assign]:
    """The assignments in a statement, those of `export` and its kin among them."""
    for one in walk(node):
        if isinstance(one, Simple):
            yield from (*one.assigns, *(w for w in one.words if isinstance(w, Assign)))


def assigned(text: str) -> set[str]:
    """The variables that a text assigns."""
    return {a.name for a in assignments(parse(text).body)}


def assigned_at_once(script: Script) -> set[str]:
    """The variables that a file assigns when it is read in, outside of its functions."""
    top = Sequence(script.body.span, tuple(s for s in script.body.body if not isinstance(s, Function)))
    return {a.name for a in assignments(top)}


def sets_nothing(text: str) -> bool:
    """Whether a text is empty but for options of the shell."""
    return all(isinstance(s, Simple) and (not s.words or s.words[0] in SETTINGS) and not s.assigns
               for s in parse(text).body.body)  # fmt: skip


def _only_sets(one: Simple, names: Collection[str]) -> bool:
    if one.redirects:
        return False
    if not one.words:
        return bool(one.assigns) and all(_plain(a, names) for a in one.assigns)
    if one.words[0] not in ("export", "readonly") or one.assigns:
        return False
    return all((isinstance(w, Assign) and _plain(w, names)) or (isinstance(w, str) and w in names)
               for w in one.words[1:]) and len(one.words) > 1  # fmt: skip


def _plain(one: Assign, names: Collection[str]) -> bool:
    return one.name in names and one.index is None and one.items is None and not one.append


def _idle(body: Sequence) -> Iterator[Span]:
    """The statements that do nothing, where another one is left in their place or none is needed."""
    for one in body.body:
        if _nothing(one) or (isinstance(one, If) and _asks_in_vain(one)):
            yield one.span
        elif isinstance(one, If):
            for inner in _bodies(one):
                if not all(_nothing(s) for s in inner.body):
                    yield from _idle(inner)


def _nothing(one: Statement) -> bool:
    return isinstance(one, Simple) and one.words in ((":",), ("true",)) and not one.assigns and not one.redirects


def _asks_in_vain(one: If) -> bool:
    tests = all(isinstance(s, Test) for condition, _ in one.arms for s in condition.body)
    return tests and all(_nothing(s) for body in _bodies(one) for s in body.body)


def _bodies(one: If) -> list[Sequence]:
    return [body for _, body in one.arms] + ([one.orelse] if one.orelse else [])


def _replaced(script: Script, spans: list[Span], by: str) -> str:
    out: list[bytes] = []
    at = 0
    for span in sorted(spans):
        if span.start < at:
            continue
        end = span.end
        start = span.start
        if not by:
            # The whole line, where nothing else stands on it.
            line = script.raw.rfind(b"\n", 0, start) + 1
            rest = script.raw[end : (script.raw.find(b"\n", end) + 1) or len(script.raw)]
            if not script.raw[line:start].strip() and not rest.strip():
                start, end = line, end + len(rest)
        out += [script.raw[at:start], by.encode()]
        at = end
    out.append(script.raw[at:])
    return b"".join(out).decode("utf-8", "replace")
