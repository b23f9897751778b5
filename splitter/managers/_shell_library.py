"""The functions of a script and of the files that it reads in: what each gives, and what it would start."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeAlias

from splitter.managers._shell_gives import ENDS, EXPORTS, gives
from splitter.shell.calls import Call, Trace
from splitter.shell.names import called, used
from splitter.shell.syntax import Function, Script, Simple, Statement, Subshell, sources, walk

Site: TypeAlias = tuple[str, int, int]


class Library:
    """One script with some of its calls; `acting` are those that must not run where they are not kept.

    `kept` are the places of calls that lead to kept ones, `gone` those that lead to others only, and `hard` those of
    them that may not stay even in a file that is read in as it is.
    """

    def __init__(
        self, path: str, trace: Trace, script: Callable[[str], Script | None], keep: Collection[int],
        acting: Collection[int], loose: Collection[int], args: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.args = args
        self.path, self.trace, self.script = path, trace, script
        kept = {i for i in keep if 0 <= i < len(trace.calls)}
        self.begin = min((trace.calls[i].root[0] for i in kept), default=0)
        self.end = max((trace.calls[i].root[1] for i in kept), default=0)
        self.roots = {trace.calls[i].root for i in kept}
        self.kept = {site for i in kept for site in _frames(trace.calls[i])}
        self.guards = {guard for i in kept for guard in trace.calls[i].guards}
        gone = [i for i in acting if i not in kept]
        self.gone = {site for i in gone for site in _frames(trace.calls[i])} - self.kept
        self.hard = {site for i in gone if i not in loose for site in _frames(trace.calls[i])} - self.kept
        self.left_out: dict[str, list[tuple[int, int]]] = {}
        for at, a, b in sorted(self.gone):
            self.left_out.setdefault(at, []).append((a, b))
        self.targets = {(s.path, s.start, s.end): s.target for s in trace.sourced}
        self.functions: dict[str, tuple[str, Function]] = {}
        self.twice = False
        self._collect()
        self.names: frozenset[str] = frozenset()
        self.wholes: set[str] = set()
        self._gives: dict[str, frozenset[str]] = {}
        self._calls: dict[str, frozenset[str]] = {}
        self._stays: dict[str, bool] = {}
        self._within = False  # in a statement that leads to a kept call, or behind the first of them
        self._left: dict[str, bool] = {}
        self._used: dict[str, int] = {}
        self._all: frozenset[str] | None = None
        self._names: dict[Site, str] = {}
        self._starting: dict[str, bool] = {}
        self._holding: dict[str, bool] = {}

    def _collect(self) -> None:
        for path in dict.fromkeys((self.path, *(s.target for s in self.trace.sourced))):
            script = self.script(path)
            for one in walk(script.body) if script else ():
                if isinstance(one, Function):
                    self.twice = self.twice or one.name in self.functions
                    self.functions[one.name] = (path, one)

    def _reads(self, root: Script | Statement) -> frozenset[str]:
        """The variables that a text reads: also by a name that is handed on, and all where names are put together."""
        names = set(used(root)[1])
        for one in walk(root.body if isinstance(root, Script) else root):
            if isinstance(one, Simple):
                names |= {w for w in one.words[1:] if isinstance(w, str) and w.isidentifier()}
                if one.words[:1] == ("eval",):
                    return self._assigned()
            if any("${!" in s for s in sources(one)):
                return self._assigned()
        return frozenset(names)

    def _assigned(self) -> frozenset[str]:
        """All variables that the script and its files assign."""
        if self._all is None:
            found: set[str] = set()
            for path in dict.fromkeys((self.path, *self.targets.values())):
                script = self.script(path)
                for one in walk(script.body) if script else ():
                    found |= gives(one) if isinstance(one, Simple) else set()
            self._all = frozenset(found - {EXPORTS, ENDS})
        return self._all

    def _named(self, path: str, a: int, b: int) -> str:
        """The function that is called at a place."""
        if (path, a, b) not in self._names:
            script = self.script(path)
            head = script.raw[a:b].decode("utf-8", "replace").split(None, 1)[:1] if script else []
            self._names[path, a, b] = head[0] if head and head[0] in self.functions else ""
        return self._names[path, a, b]

    def _callees(self, name: str) -> frozenset[str]:
        if name not in self._calls:
            self._calls[name] = frozenset(called(used(self.functions[name][1])[0], self.functions))
        return self._calls[name]

    def _starts(self, name: str) -> bool:
        """Whether a function as it stands in its file would start what is not kept."""
        if name not in self._starting:
            self._starting[name] = self._reaches(name, self.hard)
        return self._starting[name]

    def _answers(self, path: str, a: int, b: int) -> bool:
        """Whether a call can stay, as what it calls is written without what it would start."""
        name = self._named(path, a, b)
        return (path, a, b) in self.targets or (name != "" and not self._holds(name))

    def _holds(self, name: str) -> bool:
        """Whether a function holds a call that is kept."""
        if name not in self._holding:
            self._holding[name] = self._reaches(name, self.kept)
        return self._holding[name]

    def _reaches(self, name: str, sites: Collection[Site]) -> bool:
        """Whether one of these places is in a function, or in one that it calls in turn."""
        todo, seen = [name], {name}
        while todo:
            path, node = self.functions[todo.pop()]
            if any(p == path and node.span.start <= a and b <= node.span.end for p, a, b in sites):
                return True
            new = self._callees(node.name) - seen
            seen |= new
            todo += new
        return False

    def _does(self, name: str) -> frozenset[str]:
        """The variables that a function gives, itself or by others, and whether it exports or ends the script."""
        if name not in self._gives:
            self._gives[name] = frozenset()  # a function that calls itself
            found: set[str] = set()
            for one in _here(self.functions[name][1].body):
                if isinstance(one, Simple):
                    found |= gives(one)
            for other in sorted(self._callees(name)):
                found |= self._does(other)
            self._gives[name] = frozenset(found)
        return self._gives[name]

    def _file_stays(self, path: str) -> bool:
        """Whether a file, where it is read in, only defines things or starts nothing but what is kept."""
        if path not in self._stays:
            self._stays[path] = False  # one that reads itself in
            script = self.script(path)
            inside = [f.span for f in walk(script.body) if isinstance(f, Function)] if script else []
            top = [
                (p, a, b)
                for p, a, b in self.hard | self.kept
                if p == path and not any(s.start <= a and b <= s.end for s in inside)
            ]
            self._stays[path] = script is not None and all(
                site in self.targets and self._file_stays(self.targets[site]) for site in top
            )
        return self._stays[path]

    def _file_gives(self, path: str, depth: int = 0) -> bool:
        """Whether a file defines anything that the slice uses."""
        script = self.script(path)
        for one in walk(script.body) if script and depth < 5 else ():
            if isinstance(one, Function) and (one.name in self._used or one.name in self.wholes):
                return True
            if isinstance(one, Simple):
                target = self.targets.get((path, one.span.start, one.span.end))
                if gives(one) & self.names or (target and self._file_gives(target, depth + 1)):
                    return True
        return False


def _frames(call: Call) -> Iterator[Site]:
    yield from call.frames
    for member in call.pipe:
        yield from member.frames


def _here(root: Statement) -> Iterator[Statement]:
    """A statement and all below it that runs in the same shell."""
    inside: set[int] = set()
    for one in walk(root):
        if isinstance(one, Subshell):
            inside.update(id(inner) for inner in walk(one))
        if id(one) not in inside:
            yield one
