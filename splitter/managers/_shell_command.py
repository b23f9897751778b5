"""The command of a script's child: its words, or the shell line that starts it where words alone would not do."""

import shlex
from collections.abc import Mapping

from splitter.catalogue import foreground
from splitter.managers._shell_calls import piped
from splitter.managers._shell_kinds import makes_secret
from splitter.managers._shell_render import Rendered, Renderer
from splitter.managers._shell_target import Script
from splitter.managers._shell_units import Unit
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image
from splitter.shell import quote
from splitter.shell.calls import Call, Word
from splitter.shell.lexer import Param, lex
from splitter.shell.names import used
from splitter.shell.parse import parse

LIBRARY = 2000  # a longer text holds functions of all kinds, and says nothing about one value
BASHISMS = ("[[", "((", "<<<", "<(", "function ", "declare ", "${!", "&>", "shopt", "=(", "pipefail", "|&")


class Commands:
    """What of a script its children's commands need; a Gap for each value that only the script itself can give."""

    renderer: Renderer

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
        names = "".join(f' "${{{n}}}"' for n in lost)
        # Variables that are lost must be there too, exported as the script does it.
        asked, start = f":{names}\n" if lost else "", f"exec {line}"
        rendered = self.renderer.before(asked + start, call.root[0] if not call.function else call.root[1])
        text = rendered.text.removesuffix(asked + start) + start
        rendered = Rendered(text, rendered.arguments, rendered.undefined)
        gone = sorted(rendered.undefined & (set(main.needs) | set(lost)))
        if gone:
            what = f"{', '.join(f'${n}' for n in gone)}: the value shows only when the script runs"
            self.found.append(Gap(what, self.at(call.path, call.line)))
        if len(rendered.text) < LIBRARY and makes_secret(rendered.text):
            names_ = ", ".join(sorted({*main.needs, *lost})) or "a value"
            what = f"{names_} is made anew at every start; services that share it must be given one value"
            self.found.append(Gap(what, self.at(call.path, call.line)))
        return Command(argv, self.shell(rendered))

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
        text = rendered.text
        bash = self.script.dialect in ("bash", "zsh", "ksh") and (
            any(b in text for b in BASHISMS) or bool({".", "source"} & set(used(parse(text))[0]))
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


def _spoken(words: tuple[Word, ...]) -> str:
    """The words as the script writes them, where one holds a variable of the image; "" where all are plain."""
    if all(w.source == shlex.quote(w.text) or "$" not in w.source for w in words):
        return ""
    return " ".join(quote.join((w,)) for w in words)
