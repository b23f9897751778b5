"""The part of a script that some of its calls need, as a person would write it: a slice over its statements.

Kept are the calls themselves, the statements around them, what assigns a variable that kept text reads, and what leaves
early where that can keep a call from running. Of functions only those that kept text calls are written; a file that is
read in and only defines things stays read in, and just those of its functions are written again that would start
something else. Comments, messages and arms that hold nothing of all this go.
"""

import shlex
from collections.abc import Iterable, Sequence, Set
from typing import TypeAlias

from splitter.managers._shell_gives import ENDS, EXPORTS, gives
from splitter.managers._shell_library import Library, Site
from splitter.shell.branches import leaves
from splitter.shell.lexer import Param, lex
from splitter.shell.names import called, used
from splitter.shell.parse import parse
from splitter.shell.patterns import matches
from splitter.shell.syntax import (
    AndOr,
    Arithmetic,
    Assign,
    Case,
    For,
    Function,
    If,
    Redirected,
    Script,
    Simple,
    Span,
    Statement,
    Subshell,
    Test,
    sources,
    walk,
)
from splitter.shell.syntax import Sequence as Body

Lines: TypeAlias = list[tuple[int, str]]  # depth, and one line, or a statement as written with all its lines

MAX_ROUNDS = 12
JUMPS = frozenset(("exit", "return", "break", "continue"))
STATE = frozenset(("set", "shopt", "umask", "ulimit", "cd", "pushd", "popd", "shift", "trap", "eval", "exec", "alias"))
PLACES = ("$0", "${0", "BASH_SOURCE", "dirname")  # how a script says where it stands
SAYS = frozenset(("echo", "printf"))
OWN = ("$1", "$2", "$3", "$@", "$*", "$#", "${1", "${2", "${3", "${@", "${*", "${#", "FUNCNAME", "BASH_SOURCE")


class Slicer(Library):
    """The slice of one script for some of its calls."""

    _top = False  # at the script's top level, where its arguments are its own

    def giving(self, names: Iterable[str], position: int) -> str | None:
        """What gives some variables before a place in the script; None where it is not one that can be sliced."""
        self.begin = self.end = position
        self.names = frozenset(names)
        return self.text()

    def text(self) -> str | None:
        """The slice; None where the script is not one that can be sliced."""
        main = self.script(self.path)
        if main is None or self.twice or main.broken:
            return None
        found = ""
        for _ in range(MAX_ROUNDS):
            before = (self.names, frozenset(self.wholes))
            found = self._whole(main)
            self.names |= self._reads(parse(found))
            if before == (self.names, frozenset(self.wholes)):
                return found
        return None

    def _whole(self, main: Script) -> str:
        self._used = {}
        for path, a, b in self.kept:
            name = self._named(path, a, b)
            if name:
                self._used[name] = self._used.get(name, 0) + 1
        top: Lines = []
        settings: Lines = []
        given = False
        for one in main.body.body:
            if one.span.start >= self.end:
                break
            root = (one.span.start, one.span.end) in self.roots
            if not root and isinstance(one, Simple) and one.words and one.words[0] in ("set", "shopt", "umask"):
                settings.append((0, main.source(one.span)))
                continue
            lines = self._settled(self.path, one, root)
            if lines and not given and not root:
                given = True
            top += [*settings, *lines] if lines and given else lines
            settings = [] if lines else settings
        self._within = True
        self._left.clear()
        functions = self._written(top)
        behind = self._behind(top, {t.removesuffix("() {") for d, t in functions if not d})
        return "\n".join("  " * depth + text for depth, text in [*top[:behind], *functions, *top[behind:]])

    def _settled(self, path: str, one: Statement, root: bool) -> Lines:
        self._within = root or one.span.start >= self.begin
        self._left.clear()
        self._top = True
        lines = self._statement(path, one, False)
        lines = self._statement(path, one, True) if lines and root else lines
        self._top = False
        return lines

    def _behind(self, top: Lines, names: set[str]) -> int:
        """Where functions go: behind the files that are read in, before the first statement that may call one."""
        behind = 0
        for at, (depth, text) in enumerate(top):
            words = text.split()
            if names & set(words):
                break
            if not depth and words[:1] and words[0] in (".", "source"):
                behind = at + 1
        return behind

    # Functions

    def _written(self, top: Lines) -> Lines:
        """The functions that a text calls, and those that they call in turn."""
        out: Lines = []
        todo = self._called(t for _, t in top)
        seen: set[str] = set()
        while todo:
            name = todo.pop(0)
            if name in seen or name not in self.functions:
                continue
            seen.add(name)
            path, node = self.functions[name]
            if path != self.path and self._file_stays(path) and not self._starts(name):
                self.names |= self._reads(node)
                todo += sorted(self._callees(name))
                continue
            lines = self._function(path, node)
            out += lines
            todo += self._called(t for _, t in lines[1:])
        return out

    def _called(self, texts: Iterable[str]) -> list[str]:
        return sorted(called(used(parse("\n".join(texts)))[0], self.functions))

    def _function(self, path: str, node: Function) -> Lines:
        if node.name in self.wholes or not isinstance(node.body, Body):
            return [(0, self._raw(path, node.span))]
        return [(0, f"{node.name}() {{"), *_deeper(self._body(path, node.body) or [(0, ":")]), (0, "}")]

    def _body(self, path: str, body: Body) -> Lines:
        top, self._top = self._top, False
        lines = self._sequence(path, body, True) if self._sequence(path, body, False) else []
        self._top = top
        return lines

    # Statements

    def _sequence(self, path: str, body: Body, jumps: bool) -> Lines:
        found = [(one, self._statement(path, one, jumps)) for one in body.body]
        leaves = any(
            lines and isinstance(one, Simple) and one.words[:1] and one.words[0] in JUMPS for one, lines in found
        )
        out: Lines = []
        last: Statement | None = None
        for one, lines in found:
            if not lines and leaves and isinstance(one, Simple) and one.words[:1] and one.words[0] in SAYS:
                lines = self._plain(path, one) if self._site(path, one) not in self.gone else []
            out += lines
            last = one if lines else last
        if last is not None and last is not body.body[-1] and not isinstance(last, (Simple, If, Case, For)):
            out.append((0, ":"))  # what it comes to is not what the whole comes to
        return out

    def _remains(self, name: str) -> bool:
        """Whether anything of a function is in the slice."""
        if name not in self._left:
            self._left[name] = False  # one that calls itself
            path, node = self.functions[name]
            self._left[name] = not isinstance(node.body, Body) or bool(self._body(path, node.body))
        return self._left[name]

    def _site(self, path: str, one: Statement) -> Site:
        return (path, one.span.start, one.span.end)

    def _statement(self, path: str, one: Statement, jumps: bool) -> Lines:
        match one:
            case Function():
                return []
            case Simple():
                return self._simple(path, one) if self._wanted(path, one, jumps) else []
            case Body():
                inner = self._sequence(path, one, jumps)
                return [(0, "{"), *_deeper(inner), (0, "}")] if inner else []
            case Subshell():
                inner = self._sequence(path, one.body, jumps)
                return [(0, "("), *_deeper(inner), (0, ")")] if inner else []
            case If():
                return self._if(path, one, jumps)
            case Case():
                return self._case(path, one, jumps)
            case For():
                inner = self._sequence(path, one.body, jumps)
                words = "" if one.words is None else " in " + " ".join(one.words)
                self._whole_ones(" ".join(sources(one)))
                return [(0, f"for {one.name}{words}; do"), *_deeper(inner), (0, "done")] if inner else []
            case Redirected(body=If() | Case() | For()):
                lines = self._statement(path, one.body, jumps)
                script = self.script(path)
                if not lines or script is None:
                    return []
                tail = script.raw[one.body.span.end : one.span.end].decode("utf-8", "replace")
                return [*lines[:-1], (lines[-1][0], lines[-1][1] + tail)]
            case _:
                stays = self._any(path, one, jumps) or self._ends(path, one)
                return [(0, self._raw(path, one.span))] if stays else []

    def _ends(self, path: str, one: Statement) -> bool:
        """Whether a statement ends a script that has nothing left to do, and kept calls run only where it does not."""
        script = self.script(path)
        if script is None or not isinstance(one, AndOr) or not leaves(one.right):
            return False
        condition = script.source(one.left.span)
        return (f"! {condition}" if one.op == "&&" else condition) in self.guards

    def _any(self, path: str, one: Statement, jumps: bool) -> bool:
        for inner in walk(one):
            if isinstance(inner, Simple) and self._wanted(path, inner, jumps):
                return True
            if isinstance(inner, Arithmetic) and any(n in self.names for n in _counted(inner.text)):
                return True
        return isinstance(one, Test) and jumps

    def _wanted(self, path: str, one: Simple, jumps: bool) -> bool:
        site = self._site(path, one)
        if site in self.kept:
            return True
        if site in self.gone and not self._answers(*site):
            return False
        target = self.targets.get(site)
        if target is not None:
            return self._file_gives(target)
        head = one.words[0] if one.words else None
        if head in JUMPS or head in STATE:
            return jumps
        if isinstance(head, str) and head in self.functions:
            return self._asked(self._does(head), jumps) and (head in self.wholes or self._remains(head))
        if head == "local":
            return any((w.name if isinstance(w, Assign) else w) in self.names for w in one.words[1:])
        return self._asked(gives(one), jumps)

    def _asked(self, given: Set[str], jumps: bool) -> bool:
        """Whether anything that is given is wanted: a variable, or an export or the end where these count."""
        if not self.names.isdisjoint(given):
            return True
        return (jumps or self._within) and (EXPORTS in given or ENDS in given)

    def _simple(self, path: str, one: Simple) -> Lines:
        site = self._site(path, one)
        target = self.targets.get(site)
        if target is not None and not self._file_stays(target):
            script = self.script(target)
            return self._sequence(target, script.body, True) if script else []
        if target is not None and any(mark in str(w) for w in one.words for mark in PLACES):
            return [(0, f"{one.words[0]} {shlex.quote('/' + target.lstrip('/'))}")]  # the slice stands in no such place
        head = one.words[0] if one.words else None
        alone = len(one.words) == 1 and not one.assigns and not one.redirects
        if isinstance(head, str) and alone and self._used.get(head) == 1 and head not in self.wholes:
            at, node = self.functions[head]
            stays = at != self.path and self._file_stays(at) and not self._starts(head)
            lines = self._body(at, node.body) if isinstance(node.body, Body) and not stays else []
            if lines and not _own(lines):
                return lines
        return self._plain(path, one)

    def _plain(self, path: str, one: Simple) -> Lines:
        programs = used(one)[0]
        self.wholes |= (programs - {one.words[0]} if one.words else programs) & self.functions.keys()
        script = self.script(path)
        return [(0, script.source(one.span))] if script else []

    def _raw(self, path: str, span: Span) -> str:
        """A piece as written, without what it would start beside what is kept."""
        script = self.script(path)
        if script is None:
            return ":"
        out, at = [], span.start
        for a, b in self.left_out.get(path, ()):
            if a >= at and b <= span.end and not self._answers(path, a, b):
                out += [script.raw[at:a], b":"]
                at = b
        text = b"".join([*out, script.raw[at : span.end]]).decode("utf-8", "replace").rstrip().removesuffix(";")
        self._whole_ones(text)
        return text

    def _whole_ones(self, text: str) -> None:
        self.wholes |= used(parse(text))[0] & self.functions.keys()

    def _if(self, path: str, one: If, jumps: bool) -> Lines:
        script = self.script(path)
        arms = [(c, self._sequence(path, body, jumps or (
            script is not None and leaves(body) and f"! {script.source(c.span)}" in self.guards
        ))) for c, body in one.arms]  # fmt: skip
        orelse = self._sequence(path, one.orelse, jumps) if one.orelse else []
        if not orelse:
            while arms and not arms[-1][1] and not self._any(path, arms[-1][0], False):
                arms.pop()
        if not arms:
            return []
        out: Lines = []
        for condition, lines in arms:
            word = "elif" if out else "if"
            out += [(0, f"{word} {self._raw(path, condition.span)}; then"), *_deeper(lines or [(0, ":")])]
        return [*out, *([(0, "else"), *_deeper(orelse)] if orelse else []), (0, "fi")]

    def _argument(self, one: Case) -> Lines | None:
        """The arm that is taken for an argument that the script has; None where that is not certain."""
        main = self.script(self.path)
        parts = lex(one.word)
        word = parts[0] if len(parts) == 1 else None
        if main is None or not isinstance(word, Param) or not word.name.isdecimal() or word.op:
            return None
        at = int(word.name) - 1
        for other in walk(main.body):
            if isinstance(other, Simple) and other.span.start < one.span.start and _moves(other):
                return None
        if not 0 <= at < len(self.args) or any(falls for _, _, falls in one.arms):
            return None
        for patterns, body, _ in one.arms:
            found = [matches(p, self.args[at]) if not set(p) & set("$`\"'\\") else None for p in patterns]
            if any(found):
                return self._sequence(self.path, body, True)
            if None in found:
                return None
        return []

    def _case(self, path: str, one: Case, jumps: bool) -> Lines:
        decided = self._argument(one) if self._top and path == self.path else None
        if decided is not None:
            return decided
        arms = [(p, self._sequence(path, body, jumps), falls) for p, body, falls in one.arms]
        if not any(lines for _, lines, _ in arms):
            return []
        out: Lines = [(0, f"case {one.word} in")]
        self._whole_ones(one.word)
        for at, (patterns, lines, falls) in enumerate(arms):
            later = [p for ps, ls, _ in arms[at + 1 :] if ls for p in ps]
            if not lines and not any(f for _, _, f in arms) and not any(c in p for p in later for c in "*?[$`"):
                continue
            end = ";&" if falls else ";;"
            out += [(1, f"{' | '.join(patterns)})"), *_deeper(lines, 2), (2, end)] if lines else [
                (1, f"{' | '.join(patterns)}) {end}")
            ]  # fmt: skip
        return [*out, (0, "esac")]


def _moves(one: Simple) -> bool:
    """Whether a command gives the script other arguments."""
    options = all(isinstance(w, str) and w[:1] in ("-", "+") and w != "--" for w in one.words[1:2])
    return one.words[:1] == ("shift",) or (one.words[:1] == ("set",) and not options)


def _deeper(lines: Sequence[tuple[int, str]], by: int = 1) -> Lines:
    return [(depth + by, text) for depth, text in lines]


def _own(lines: Lines) -> bool:
    """Whether a function's text only means something within a function of its own."""
    text = "\n".join(t for _, t in lines)
    if any(word in text for word in OWN):
        return True
    return any(
        isinstance(one, Simple) and one.words[:1] and one.words[0] in ("local", "return", "shift", "declare", "set")
        for one in walk(parse(text).body)
    )


def _counted(text: str) -> list[str]:
    """The variables that a `((...))` may change."""
    if not any(mark in text for mark in ("=", "++", "--")):
        return []
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
