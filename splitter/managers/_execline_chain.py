"""One chain of execline followed from word to word: what it starts on its way, and the program it becomes.

Values that importas and others put into words stay marked with their variable until the end, so that what is known
only at run time can be left to a shell, and conditions can say which variable decided them.
"""

import posixpath
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitter.managers._execline import Word, options
from splitter.managers._launch import name_of
from splitter.managers._supervisor import CLOSE, OPEN, quoted, readable, shell_line
from splitter.model.facts import Command, Evidence, Gap, Lifetime, Process
from splitter.model.image import Image, normal

MAX_STEPS = 500
TESTS = ("test", "[", "eltest", "s6-test")
# Programs in a block that leave nothing behind, and those that end a service from within.
SAYS = ("echo", "s6-echo", "true", "s6-true", ":", "exit")
ENDS = ("exit", "true", "false", "s6-svscanctl", "s6-true", "s6-false")
WAITS = ("s6-svwait", "s6-svc", "s6-rc")
Rest = list[Word]


def marked(text: str) -> str:
    """A word of a shell line whose variables are marked."""
    made, at = "", 0
    while (dollar := text.find("$", at)) >= 0:
        braced = text[dollar + 1 : dollar + 2] == "{"
        start = end = dollar + 1 + braced
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        name = text[start:end]
        if name.isidentifier() and (not braced or text[end : end + 1] == "}"):
            made += f"{text[at:dollar]}{OPEN}{name}{CLOSE}"
            end += braced
        else:
            end = dollar + 1
            made += text[at:end]
        at = end
    return made + text[at:]


@dataclass
class Chain:
    """The state of a chain; `path` is the script it stands in, "" where it is a command of its own."""

    process: Process
    image: Image
    path: str
    steps: Mapping[str, "Step"]
    env: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    workdir: str = ""
    outputs: dict[int, tuple[str, str]] = field(default_factory=dict)
    inputs: str = ""
    notes: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    off: str = ""
    found: list[Process | Gap] = field(default_factory=list)

    def run(self, words: Rest, name: str) -> list[Process | Gap]:
        """Everything that the chain starts, its own program last and by this name."""
        for _ in range(MAX_STEPS):
            program = posixpath.basename(words[0].text) if words else ""
            step = self.steps.get(program)
            if step is None:
                break
            words = step(self, words[1:])
        else:
            self.found.append(Gap("a chain too long to be read", self.at(words)))
        if words and program not in ENDS and not self._waits(words):
            self.found.append(self.process_of(words, name))
        return self.found

    def at(self, words: Rest) -> Evidence:
        line = words[0].line if words else 0
        if not self.path:
            here = self.process.evidence
            return Evidence(here.path, line or here.line, here.note)
        return Evidence(self.path, line or None)

    def value(self, name: str) -> str | None:
        """A variable of the environment; None where only the running container knows it."""
        if name in self.env:
            return self.env[name]
        return self.process.env.get(name, self.image.config.env.get(name))

    def resolved(self, text: str) -> str:
        """With the variables put in that are known."""
        while (start := text.find(OPEN)) >= 0 and (end := text.find(CLOSE, start)) > start:
            name = text[start + 1 : end]
            if name not in self.known:
                rest = self.resolved(text[end + 1 :])
                return text[: end + 1] + rest
            text = text[:start] + self.known[name] + text[end + 1 :]
        return text

    @property
    def folder(self) -> str:
        return self.workdir or self.process.workdir or self.image.config.workdir or "/"

    def place(self, path: str) -> str:
        return normal(posixpath.join(self.folder, readable(self.resolved(path))))

    def branch(self) -> "Chain":
        """The same state for what goes another way."""
        return Chain(
            self.process, self.image, self.path, self.steps, dict(self.env), dict(self.known), list(self.asked),
            self.workdir, dict(self.outputs), self.inputs, list(self.notes), list(self.after), self.off,
        )  # fmt: skip

    def job(self, words: Rest) -> None:
        """A block that runs to its end before what follows."""
        name = posixpath.basename(words[0].text) if words else ""
        if words and not (name in SAYS and not self.outputs) and not self._waits(words):
            self.found.append(self.process_of(words, "", "job"))

    def process_of(self, words: Rest, name: str, lifetime: Lifetime = "service") -> Process:
        """The process that these words become; without a name it is called by what it runs."""
        argv = [self.resolved(w.text) for w in words]
        env = {k: self.resolved(v) for k, v in self.env.items()}
        run = shell_line(argv, env)
        job = lifetime == "job" or self.process.lifetime == "job"
        redirects = self._redirects() if job else ""
        if run or redirects:
            line = run[2] if run else f"exec {shlex.join(argv)}"
            run = ("/bin/sh", "-c", "".join(self.asked) + line + redirects)
        program = posixpath.basename(argv[0])
        if not self.path and name == posixpath.basename(self.process.command.argv[0]):
            name = ""
        if not name:
            # A chain that stands in a block gets its name when it is followed to its program.
            name = program if program in self.steps else name_of(tuple(map(readable, argv)))
        files = [self.outputs[fd][1] for fd in (1, 2) if fd in self.outputs]
        return Process(
            name=name,
            command=Command(tuple(readable(w) for w in argv), tuple(readable(w) for w in run)),
            evidence=self.at(words),
            lifetime=lifetime,
            env={k: v for k, v in env.items() if OPEN not in v},
            workdir=self.workdir,
            after=tuple(self.after),
            logs=tuple(dict.fromkeys(f for f in files if not f.startswith(("/dev/", "/proc/")))),
            off=self.off,
            notes=tuple(self.notes),
        )

    def _redirects(self) -> str:
        text = f" < {shlex.quote(self.inputs)}" if self.inputs else ""
        for fd, (sign, path) in sorted(self.outputs.items()):
            text += f" {'' if fd == 1 else fd}{sign} {shlex.quote(path)}"
        return text

    def _waits(self, words: Rest) -> bool:
        """Whether this command only speaks to the supervisor; services that it starts or waits for come before."""
        if posixpath.basename(words[0].text) not in WAITS:
            return False
        flags, rest = options(words[1:], "tTlw" if words[0].text.endswith("s6-svwait") else "Tlwvnt")
        if not {"d", "D", "k", "x", "t"} & flags.keys() or "u" in flags or "U" in flags:
            names = [posixpath.basename(w.text.rstrip("/")) for w in rest if w.text != "change"]
            self.after += (n for n in names if n not in (".", "", *self.after))
        return True

    def decide(self, words: Rest) -> tuple[bool | None, str, str]:
        """Whether a condition holds (None where only running it tells), how it reads, and what would turn it."""
        text = " ".join(readable(w.text) if OPEN in w.text else shlex.quote(w.text) for w in words)
        name = posixpath.basename(words[0].text) if words else ""
        if name in ("true", "s6-true", "false", "s6-false"):
            return name.endswith("true"), text, ""
        if name not in TESTS or any(OPEN in self.resolved(w.text) for w in words):
            return None, text, ""
        from splitter.shell.evaluate import evaluate

        tested = ["[" if name == "[" else "test", *(quoted(w.text) for w in words[1:])]
        env = {**self.image.config.env, **self.process.env, **self.known}
        script = f"if {' '.join(tested)}; then yes; else no; fi"
        trace = evaluate(script, path=self.path or "/", env=env, cwd=self.folder, files=self.image)
        taken = {c.argv[0] for c in trace.calls if not c.off and not c.guards}
        switch = next((c.off for c in trace.calls if c.off), "")
        return ("yes" in taken if len(taken) == 1 else None), text, switch


Step = Callable[[Chain, Rest], Rest]
