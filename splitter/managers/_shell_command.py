"""The command of a script's child: its words, or the shell line that starts it where words alone would not do."""

import shlex
from collections.abc import Collection, Mapping, Sequence, Set
from functools import cached_property

from splitter.catalogue import foreground
from splitter.managers._scripts import with_library
from splitter.managers._shell_calls import piped
from splitter.managers._shell_kinds import makes_secret
from splitter.managers._shell_render import ARGUMENTS, Rendered, Renderer
from splitter.managers._shell_target import Script
from splitter.managers._shell_units import Unit
from splitter.model.facts import Command, Evidence, Gap, Gives, Process
from splitter.model.image import Image
from splitter.shell import quote
from splitter.shell.calls import Call, Trace, Word
from splitter.shell.lexer import Param, lex
from splitter.shell.names import used
from splitter.shell.parse import parse
from splitter.shell.syntax import Function, Simple, Test, walk
from splitter.shell.syntax import Script as Parsed
from splitter.shell.unassigned import assigned, assigned_at_once, assignments

LONG = 12  # lines that set variables, from which on a step is better left to what it is given
LIBRARY = 2000  # a longer text holds functions of all kinds, and says nothing about one value
BASHISMS = ("[[", "((", "<<<", "<(", "function ", "declare ", "${!", "&>", "shopt", "=(", "pipefail", "|&")


class Commands:
    """What of a script its children's commands need; a Gap for each value that only the script itself can give."""

    renderer: Renderer
    trace: Trace
    programs: frozenset[int] = frozenset()  # the calls that run a program to its end, be it any

    def __init__(self, process: Process, image: Image, script: Script, given: Mapping[str, str]) -> None:
        self.process, self.image, self.script, self.given = process, image, script, given
        self.found: list[Process | Gap] = []

    def command(self, unit: Unit) -> Command:
        """The words of a call, and the shell line that starts it where the words alone would not do."""
        call, argv = unit.call, unit.meaning.argv
        main = unit.meaning.main or call
        lost = [n for n in call.unknown if n not in main.needs and n not in self.given]
        lost += [n for n, run in call.dynamic.items() if n not in self.environment(call)]
        if argv != main.argv:
            return Command(argv)
        if main is not call or piped(call):
            return Command(argv, self.shell(self.renderer.before(self.renderer.source(call), call.root[0])))
        late = [w for w in main.words if self.late(w)]
        reads = [r for r in call.redirects if r.op in ("<", "<<", "<<-", "<<<")]
        if not (late or lost or main.needs or reads):
            return Command(argv, spoken=_spoken(main.words))
        line = " ".join(quote.join((w,)) if self.late(w) else shlex.quote(w.text) for w in main.words)
        stays = foreground(argv)
        if stays[: len(argv)] == argv:  # a daemon that the container runs must not go to the background
            line = " ".join((line, *(shlex.quote(w) for w in stays[len(argv) :])))
        elif not late:
            line = shlex.join(stays)
        if reads:
            line = self.renderer.source(call).removeprefix("exec ").lstrip()
        if not (main.needs or lost or reads):
            return Command(argv, ("/bin/sh", "-c", f"exec {line}"))
        # Variables that are lost must be there too, exported as the script does it.
        rendered = self.setting(call, lost, f"exec {line}")
        gone = sorted(rendered.undefined & (set(main.needs) | set(lost)))
        if gone:
            what = f"{', '.join(f'${n}' for n in gone)}: the value shows only when the script runs"
            self.found.append(Gap(what, self.at(call.path, call.line)))
        return Command(argv, self.shell(rendered))

    def gives(self, unit: Unit) -> Gives | None:
        """What the script sets before a call, in variables whose values show only when it runs."""
        call, names = unit.call, self.late_names(unit.call)
        every = [*names, *((unit.meaning.main or call).needs)]
        rendered = self.giving(call, names) or Rendered("")
        whole = (self.giving(call, every) or rendered) if every != names else rendered
        if not whole.text:
            return None
        anew = random(whole.text, self.makers)
        return Gives(tuple(names), self.shell(rendered), tuple(n for n in every if n in anew))

    def late_names(self, call: Call) -> list[str]:
        """The exported variables of a call whose values show only when the script runs."""
        there = self.environment(call)
        return [n for n in dict.fromkeys((*call.late, *call.dynamic)) if n not in self.given and n not in there]

    def giving(self, call: Call, names: Sequence[str]) -> Rendered | None:
        """The statements that set these variables before a call; None where there are none."""
        if not names:
            return None
        text = self.renderer.giving(names, _place(call))
        if not text or not (assigned(text) | self.assigned_by_files) & set(names):
            return None
        return Rendered(text, bool(used(parse(text))[1] & ARGUMENTS))

    @cached_property
    def read_in(self) -> list[Parsed]:
        """The files that the script reads in, each once."""
        found = (self.renderer.script(path) for path in dict.fromkeys(s.target for s in self.trace.sourced))
        return [script for script in found if script is not None]

    @cached_property
    def makers(self) -> frozenset[str]:
        """The functions of those files that make something random."""
        return frozenset(name for script in self.read_in for name in makers(script))

    @cached_property
    def assigned_by_files(self) -> frozenset[str]:
        """The variables that those files assign when they are read in."""
        return frozenset(name for script in self.read_in for name in assigned_at_once(script))

    def making(self, at: Collection[int]) -> Rendered:
        """The statements that make some calls; also those that set what a program among them may read."""
        rendered = self.renderer.only(at)
        programs = [self.trace.calls[i] for i in sorted(self.programs & set(at))]
        names = list(dict.fromkeys(n for c in programs for n in self.late_names(c)))
        missing = [n for n in names if n not in assigned(rendered.text)] if names else []
        first = self.giving(programs[0], missing) if missing else None
        if first is None or first.text.count("\n") >= LONG:
            return rendered
        text = f"{first.text}\n{rendered.text}"
        return Rendered(text, first.arguments or rendered.arguments, rendered.undefined)

    def setting(self, call: Call, names: Sequence[str], line: str = "") -> Rendered:
        """A line of shell after the statements that set these variables, as they stand before a call."""
        asked = ":" + "".join(f' "${{{n}}}"' for n in names) + "\n" if names else ""
        rendered = self.renderer.before(asked + line, _place(call))
        text = rendered.text.removesuffix(asked + line) + line
        return Rendered(text, rendered.arguments, rendered.undefined)

    def round(self, call: Call) -> bool:
        """Whether a call is one round of a loop over words that are known: `for f in /etc/init.d/*; do sh "$f"; done`.

        The loop around it would make the rounds before and after it, too.
        """
        known = all(w.known and not set(w.text) & set("*?[") for w in call.words)
        if call.loop != "each" or call.background or not known:
            return False
        same = (c for c in self.trace.calls if (c.path, c.start, c.end) == (call.path, call.start, call.end))
        return any(c.argv != call.argv for c in same)

    def late(self, word: Word) -> bool:
        """Whether a word may be another one at run time, by a variable that the container can be given."""
        if word.source == shlex.quote(word.text):
            return False
        if not word.known:
            return True
        names: set[str] = set()
        for part in (*lex(word.source), *(lex(word.source, True) if '"' in word.source else ())):
            if isinstance(part, Param):
                names.add(part.name)
        if not names:
            return "$" in word.source or "`" in word.source or any(c in word.source for c in "*?[")
        return not all(self.fixed(n) for n in names)

    def fixed(self, name: str) -> bool:
        """A variable that the split itself sets, or a folder of the image."""
        if name in self.process.env and self.image.config.env.get(name) != self.process.env[name]:
            return True
        value = self.image.config.env.get(name, "")
        return value.startswith("/") and self.image.node(value) is not None

    def shell(self, rendered: Rendered) -> tuple[str, ...]:
        """A text as a command, in the shell that it needs, with the script's arguments where it uses them."""
        text = with_library(rendered.text, self.script.text)
        bash = self.script.dialect in ("bash", "zsh", "ksh") and (
            any(b in text for b in BASHISMS) or bashisms(text) or bool({".", "source"} & set(used(parse(text))[0]))
        )  # a file that is read in was written for the script's own shell
        if bash and not self.script.inline and "0" in used(parse(text))[1]:
            text = f"BASH_ARGV0={shlex.quote(self.script.path)}\n{text}"
        args: tuple[str, ...] = ()
        if rendered.arguments and self.script.args:
            args = (self.script.zero, *(a if isinstance(a, str) else a.text for a in self.script.args))
        return ("/bin/bash" if bash else "/bin/sh", "-c", text, *args)

    def environment(self, call: Call) -> dict[str, str]:
        late = {n: run for n, run in call.dynamic.items() if not any(c in run for c in '"`\\') and "$(" not in run}
        return {**call.env, **late}

    def at(self, path: str, line: int | None) -> Evidence:
        if self.script.inline and path == self.script.path:
            return self.process.evidence
        return Evidence(path, line)


def _place(call: Call) -> int:
    """The byte of the script up to which statements come before a call; for one in a function, its caller's end."""
    return call.root[1] if call.function else call.root[0]


def bashisms(text: str) -> bool:
    """Whether a text has words that only bash takes apart (`{a,b}`), or compares by `==` within single brackets."""
    every = list(walk(parse(text).body))
    if any(isinstance(one, Test) and not one.double and "==" in one.tokens for one in every):
        return True
    words = (w for one in every if isinstance(one, Simple) for w in one.words if isinstance(w, str))
    return any(_braces(w) for w in words)


def _braces(word: str) -> bool:
    at = word.find("{")
    inner = word[at + 1 :].partition("}")
    return at >= 0 and word[at - 1 : at] != "$" and "," in inner[0] and inner[1] == "}" and not set(word) & set("'\"")


def makers(script: Parsed) -> set[str]:
    """The functions of a text that make something random."""
    found = (one for one in walk(script.body) if isinstance(one, Function))
    return {f.name for f in found if makes_secret(script.source(f.body.span))}


def random(text: str, library: Set[str] = frozenset()) -> set[str]:
    """The variables that a text gives a random value, which another container would not come to.

    `library` are functions that make one, of the files that the text reads in.
    """
    if not library and not makes_secret(text):
        return set()
    script = parse(text)
    known = library | makers(script)
    return {a.name for a in assignments(script.body) if "(" in a.value or "`" in a.value
            if makes_secret(a.value) or known & set(used(parse(f": {a.value}"))[0])}  # fmt: skip


def _spoken(words: tuple[Word, ...]) -> str:
    """The words as the script writes them, where one holds a variable of the image; "" where all are plain."""
    if all(w.source == shlex.quote(w.text) or "$" not in w.source for w in words):
        return ""
    return " ".join(quote.join((w,)) for w in words)
