"""A part of a script as a script of its own: some statements, what they need in front, and everything else blanked."""

import bisect
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from splitter.managers._shell_slice import Slicer
from splitter.shell.calls import Call, Trace
from splitter.shell.names import called, used
from splitter.shell.parse import parse
from splitter.shell.syntax import Assign, Function, Script, Simple, Statement, walk
from splitter.shell.unassigned import SETTINGS
from splitter.shell.variables import DECLARING

MAX_SPLICES = 400
MAX_SLICED = 150_000  # statements and calls that are looked at for all slices of one script
MAX_FAILED = 2  # slices of more than MANY_CALLS that did something else: others of that script will, too
MANY_CALLS = 100
ARGUMENTS = frozenset(("@", "*", "#", "1", "2", "3", "4", "5", "6", "7", "8", "9"))


@dataclass(frozen=True)
class Rendered:
    """A text, whether it uses the script's arguments, and the names that nothing in it defines."""

    text: str
    arguments: bool = False
    undefined: frozenset[str] = frozenset()


@dataclass
class Renderer:
    """The texts of one script and of the files that it reads in; `acts` says which calls are more than output.

    `loose` are those of them that may stay where they are, and `replay` reads a text as that of a step that starts
    with this call: a slice is taken only where it is read to do the same. `args` are the script's arguments.
    """

    path: str
    text: str
    trace: Trace
    read: Callable[[str], str | None]
    acts: frozenset[int]
    given: Collection[str] = ()
    loose: frozenset[int] = frozenset()
    replay: Callable[[str, Call], Sequence[Call]] | None = None
    args: tuple[str, ...] = ()
    _looked: int = 0
    _failed: int = 0
    _scripts: dict[str, Script] = field(default_factory=dict)
    _only: dict[frozenset[int], Rendered] = field(default_factory=dict)
    _defining: list[tuple[Statement, frozenset[str]]] | None = None
    _placed: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    _acting: frozenset[str] = frozenset()
    _kept: frozenset[int] = frozenset()
    _cuts: dict[tuple[str, int, int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for i, call in enumerate(self.trace.calls):
            self._placed.setdefault(call.path, []).append((call.start, call.end, i))
        for places in self._placed.values():
            places.sort()
        self._acting = frozenset(self.trace.calls[i].path for i in self.acts)

    def _within(self, path: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The calls of a piece of a file: where each stands, and its number."""
        places = self._placed.get(path, [])
        for a, b, i in places[bisect.bisect_left(places, (start, 0, 0)) :]:
            if a >= end:
                return
            if b <= end:
                yield a, b, i

    def script(self, path: str) -> Script | None:
        if path not in self._scripts:
            text = self.text if path == self.path else self.read(path)
            if text is None:
                return None
            self._scripts[path] = parse(text)
        return self._scripts[path]

    def source(self, call: Call) -> str:
        """The text of a call with its whole loop or pipeline, without the `&` after it."""
        script = self.script(call.path)
        raw = script.raw[call.start : call.end].decode("utf-8", "replace") if script else call.source
        return foreground(raw)

    def only(self, keep: Collection[int]) -> Rendered:
        """The statements of the script's top level that lead to these calls, without what else they would start."""
        wanted = frozenset(keep)
        if wanted not in self._only:  # what is found for a step is asked for again when steps are put together
            self._only[wanted] = self._found(wanted)
        return self._only[wanted]

    def _found(self, keep: frozenset[int]) -> Rendered:
        script = self.script(self.path)
        calls = self.trace.calls
        if script is None or not keep:
            return Rendered("")
        whole = self._with_needs(script, sorted({calls[i].root for i in keep}), keep)
        return self._sliced(whole, keep) if self.replay else whole

    def _sliced(self, whole: Rendered, keep: frozenset[int]) -> Rendered:
        """The slice of the script for these calls, where it is shorter and does the same."""
        self._looked += len(self.trace.calls) + sum(
            s.raw.count(b"\n") + s.raw.count(b";") for s in self._scripts.values()
        )
        if self._looked > MAX_SLICED or self._failed >= MAX_FAILED:
            return whole
        text = Slicer(self.path, self.trace, self.script, keep, self.acts, self.loose, self.args).text()
        ends = {g.removeprefix("! ") for i in keep for g in self.trace.calls[i].guards}
        complete = all(guard in whole.text for guard in ends)
        if text is None or (complete and text.count("\n") >= whole.text.count("\n")) or parse(text).broken:
            return whole
        if not self._same(text, keep):
            return whole
        return Rendered(text, bool(used(parse(text))[1] & ARGUMENTS), whole.undefined)

    def _same(self, text: str, keep: frozenset[int]) -> bool:
        """Whether a text makes the kept calls, in their order, and no other that the script makes or does not."""
        calls = self.trace.calls
        wanted = [calls[i] for i in sorted(keep)]
        first = wanted[0]
        known, kept = {c.argv for c in calls}, {_told(c) for c in wanted}
        argvs = {c.argv for c in wanted}
        barred = {calls[i].argv for i in self.acts - self.loose - keep} - argvs
        found = self.replay(text, first) if self.replay else ()
        there = [c for c in found if _told(c) in kept]
        same = all(says(c) or (c.argv in known and c.argv not in barred) for c in found) and _alike(
            [c for c in wanted if not c.off], [c for c in there if not c.off], first
        )
        same = same and all(any(_alike([c], [d], first) for d in there) for c in wanted if c.off)
        self._failed += not same and len(found) > MANY_CALLS
        return same

    def giving(self, names: Collection[str], position: int) -> str | None:
        """The statements before a position that give these variables, without what else they would start."""
        if self._looked > MAX_SLICED:
            return None
        self._looked += len(self.trace.calls)
        return Slicer(self.path, self.trace, self.script, (), self.acts, self.loose, self.args).giving(names, position)

    def before(self, line: str, position: int, *, keep: Collection[int] = ()) -> Rendered:
        """A line of shell with the definitions in front that it needs; `position` is where it stands in the script."""
        script = self.script(self.path)
        if script is None:
            return Rendered(line)
        found = self._needs(script, line, position)
        parts = [self._cut(self.path, a, b, frozenset(keep)) for a, b in found[0]]
        text = "\n".join([*parts, line])
        return Rendered(text, bool(found[1] & ARGUMENTS), found[2])

    def _with_needs(self, script: Script, spans: list[tuple[int, int]], keep: frozenset[int]) -> Rendered:
        body = "\n".join(self._cut(self.path, a, b, keep) for a, b in spans)
        needed, names, undefined = self._needs(script, body, max(b for _, b in spans), skip=spans)
        parts = sorted({*needed, *spans})
        text = "\n".join(self._cut(self.path, a, b, keep) for a, b in parts)
        if parse(text).broken and not script.broken:
            text = body
        return Rendered(text, bool(names & ARGUMENTS), undefined)

    def _needs(
        self, script: Script, text: str, position: int, skip: Iterable[tuple[int, int]] = ()
    ) -> tuple[list[tuple[int, int]], frozenset[str], frozenset[str]]:
        """The statements before a position that define what a text uses, all names used, and those never defined."""
        programs, names = used(parse(text))
        needed, seen = set(programs) | set(names), set(names)
        taken: list[tuple[int, int]] = []
        outside = set(skip)
        defined: set[str] = set()
        for statement, gives in self._definers(script):
            span = (statement.span.start, statement.span.end)
            if span in outside or (span[0] >= position and not isinstance(statement, Function)):
                continue
            if not called(needed, gives) and not (taken and _settings(statement)):
                continue
            defined |= gives
            more_programs, more_names = used(parse(self._cut(self.path, *span, frozenset())))
            needed |= set(more_programs) | set(more_names)
            seen |= set(more_names)
            taken.append(span)
        undefined = frozenset(n for n in seen if n.isidentifier() and n not in defined and n not in self.given)
        return sorted(taken), frozenset(seen), undefined

    def _definers(self, script: Script) -> list[tuple[Statement, frozenset[str]]]:
        """The statements of the top level that define something or change how the shell works, last first."""
        if self._defining is None:
            found = [(s, self._gives(s)) for s in reversed(script.body.body)]
            self._defining = [(s, gives) for s, gives in found if gives or _settings(s)]
        return self._defining

    def _gives(self, statement: Statement) -> frozenset[str]:
        """The names of variables and functions that a statement defines, also by a file that it reads in."""
        span = statement.span
        names = set(_defines(statement))
        for source in self.trace.sourced:
            places = ((source.path, source.start, source.end), *source.frames)
            if any(p == self.path and span.start <= a and b <= span.end for p, a, b in places):
                script = self.script(source.target)
                for inner in script.body.body if script else ():
                    names |= set(_defines(inner))
        return frozenset(names)

    def _cut(self, path: str, start: int, end: int, keep: frozenset[int], depth: int = 0) -> str:
        """A piece of a file with the calls that are not to be kept blanked, files read in put in where need be.

        One file may be read in at many places, and in files that are read in: each piece is made once.
        """
        if keep != self._kept:
            self._kept, self._cuts = keep, {}
        place = (path, start, end, depth)
        if place not in self._cuts:
            self._cuts[place] = self._blanked(path, start, end, keep, depth)
        return self._cuts[place]

    def _blanked(self, path: str, start: int, end: int, keep: frozenset[int], depth: int) -> str:
        script = self.script(path)
        if script is None:
            return ""
        calls = self.trace.calls
        kept = [(calls[i].start, calls[i].end) for i in keep if calls[i].path == path]
        splices: dict[tuple[int, int], str] = {}
        for *place, i in self._within(path, start, end):
            call, span = calls[i], (place[0], place[1])
            if i in keep or i not in self.acts or any(span[0] < b and a < span[1] for a, b in kept):
                continue
            splices[span] = ": &" if call.background and script.raw[span[0] : span[1]].endswith(b"&") else ":"
            if call.exec and not call.background:
                splices[span] = "exit"  # nothing after it would have run
        for source in self.trace.sourced:
            if source.path != path or not (start <= source.start and source.end <= end) or depth > 4:
                continue
            if source.target in self._acting:
                inner = self.script(source.target)
                if inner is not None:
                    text = self._cut(source.target, 0, len(inner.raw), keep, depth + 1)
                    splices[(source.start, source.end)] = text.strip() or ":"
        return _spliced(script.raw, start, end, splices)


def _spliced(raw: bytes, start: int, end: int, splices: dict[tuple[int, int], str]) -> str:
    out: list[str] = []
    at = start
    for (a, b), text in sorted(splices.items())[:MAX_SPLICES]:
        if a < at:
            continue
        out.append(raw[at:a].decode("utf-8", "replace"))
        out.append(text)
        at = b
    out.append(raw[at:end].decode("utf-8", "replace"))
    return "".join(out)


def _defines(statement: Statement) -> Iterator[str]:
    for one in walk(statement):
        if isinstance(one, Function):
            yield one.name
        elif isinstance(one, Simple):
            head = one.words[0] if one.words else None
            if head is None:
                yield from (a.name for a in one.assigns)
            elif head in DECLARING:
                yield from (w.name for w in one.words if isinstance(w, Assign))
                yield from (w for w in one.words[1:] if isinstance(w, str) and w.isidentifier())
            elif head == ":":
                for word in one.words[1:]:
                    if isinstance(word, str) and "=" in word and "${" in word:
                        yield word.partition("${")[2].partition(":=")[0].partition("=")[0]
            elif head in ("read", "mapfile", "readarray", "getopts"):
                yield from (w for w in one.words[1:] if isinstance(w, str) and w.isidentifier())


def _settings(statement: Statement) -> bool:
    if not isinstance(statement, Simple) or not statement.words or statement.words[0] not in SETTINGS:
        return False
    return statement.words[0] != "set" or all(isinstance(w, str) and w[:1] in "-+" and w != "--"
                                              for w in statement.words[1:2])  # fmt: skip


def foreground(text: str) -> str:
    """A statement without the `&` that sends it to the background."""
    text = text.strip()
    return text[:-1].rstrip() if text.endswith("&") and not text.endswith("&&") else text


def says(call: Call) -> bool:
    """Whether a call only prints."""
    quiet = call.argv[0] in ("echo", "printf") and not call.pipe
    return quiet and all(r.target is None or r.op == ">&" for r in call.redirects)


def _alike(wanted: Sequence[Call], found: Sequence[Call], first: Call) -> bool:
    """Whether calls are the same ones, each under its conditions; the script may know that further ones hold.

    Their environment is that of the first one and what is exported on the way.
    """
    return len(wanted) == len(found) and all(
        _told(a) == _told(b)
        and (a.cwd == b.cwd or not a.cwd)
        and set(a.guards) <= set(b.guards)
        and all({**first.env, **b.env}.get(n) == v for n, v in a.env.items() if first.env.get(n) != v)
        for a, b in zip(wanted, found, strict=True)
    )


def _told(call: Call) -> tuple[object, ...]:
    targets = tuple((r.op, r.fd, r.target.text if r.target else r.body) for r in call.redirects)
    return call.argv, targets, call.background, bool(call.off)
