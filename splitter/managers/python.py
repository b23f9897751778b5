"""A Python script that only starts other programs (subprocess, os.exec*, multiprocessing, asyncio) is a launcher.

It is read by its syntax tree and never run. `ast` reads it, not libcst: nothing is rewritten here, and libcst costs a
fifth of a second before the first line is read. A script that is itself a server is no launcher and stays as it is.
"""

import posixpath
import shlex
from dataclasses import replace

from splitter.catalogue import one_off
from splitter.managers._launch import environment, folder, module_of, name_of, shell, under, unfronted
from splitter.managers._packaged import packaged
from splitter.managers._python_calls import Event
from splitter.managers._python_flow import Flow
from splitter.managers._python_library import Library
from splitter.managers._python_values import Function, Name, known
from splitter.managers._supervisor import OPEN, readable, shell_line, unknown
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

HINTS = ("subprocess", "os.exec", "os.spawn", "os.system", "multiprocessing", "import execv", "import execl")
MAX_SCRIPT = 1 << 18  # of a program whose first line is looked at; a larger one is no script
VALUED = ("-W", "-X", "-Q", "--check-hash-based-pycs")
# Programs in Python that other managers read, and those that are no scripts of an application.
OTHERS = frozenset(
    (
        "my_init", "setuser", "supervisord", "supervisorctl", "honcho", "circusd", "circusctl", "monofy", "uwsgi",
        "yacron", "celery", "gunicorn", "uvicorn", "flask", "django-admin", "manage.py", "pip", "pip3", "alembic",
        "crond", "s6", "chaperone",
    )
)  # fmt: skip
READ = "it starts processes that could not be read"


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = unfronted(process.command.argv)
    found = _script(argv, process, image)
    if found is None or READ in process.notes:
        return None
    program, path, args = found
    text = image.read(path)
    if not isinstance(text, str) or not any(hint in text for hint in HINTS):
        return None
    env = environment(process, image)
    library = Library(env, (path, *args), folder(process, image), path, program)

    def read(other: str) -> str | None:
        got = image.read(other)
        return got if isinstance(got, str) else None

    flow = Flow(library, read)
    if not flow.script(text, path):
        return None
    return _Launcher(process, image, flow, path, program).children()


def _script(argv: tuple[str, ...], process: Process, image: Image) -> tuple[str, str, tuple[str, ...]] | None:
    """The interpreter, the script's path and its arguments; None where the command is no Python script."""
    if not argv:
        return None
    name = posixpath.basename(argv[0])
    if not name.rstrip("0123456789.").startswith(("python", "pypy")):
        path = image.which(argv[0], folder(process, image), process.env.get("PATH"))
        if path is None or name in OTHERS or packaged(argv, path):
            return None
        text = image.read(path, MAX_SCRIPT)
        first = text.split("\n", 1)[0] if isinstance(text, str) else ""
        if not first.startswith("#!") or "python" not in first:
            return None
        return posixpath.basename(first.split()[-1] if "env" in first else first[2:].split()[0]), path, argv[1:]
    module = module_of(argv)
    if module is not None:
        base = under(process, image, module[0].replace(".", "/"))
        places = [f"{base}.py", f"{base}/__main__.py"]
        path = next((p for p in places if image.is_file(p)), "")
        return (argv[0], path, module[1]) if path and module[0].split(".")[0] not in OTHERS else None
    words = argv[1:]
    while words and words[0].startswith("-"):
        if words[0] in ("-c", "-", "-h", "-V", "--version"):
            return None
        words = words[2:] if words[0] in VALUED else words[1:]
    if not words or posixpath.basename(words[0]) in OTHERS:
        return None
    return argv[0], under(process, image, words[0]), words[1:]


class _Launcher:
    """A script that was followed, and what it comes to."""

    def __init__(self, process: Process, image: Image, flow: Flow, path: str, program: str) -> None:
        self.process, self.image, self.flow, self.path, self.program = process, image, flow, path, program
        self.gaps: list[Gap] = []

    def children(self) -> list[Process | Gap] | None:
        events = self.flow.events
        starts = [e for e in events if self.stays(e) and not e.off]
        if self.flow.serves:
            if not starts:
                return None
            return self.kept(f"it also runs {self.flow.serves} itself", starts)
        if not starts:
            return None
        found: list[Process] = []
        for event in events:
            process = self.child(event)
            if process is not None:
                found.append(process)
        if not any(p.lifetime == "service" and not p.off for p in found):
            return self.kept("", []) if self.gaps else None
        return [*found, *self.gaps]

    def kept(self, why: str, starts: list[Event]) -> list[Process | Gap]:
        """The script as it is, with what it starts told."""
        for event in starts:
            shown = _shown(event.argv)
            at = Evidence(event.path, event.line)
            self.gaps.append(Gap(f"the script starts a process of its own ({shown}), and {why}", at))
        return [replace(self.process, notes=(*self.process.notes, READ)), *self.gaps]

    def stays(self, event: Event) -> bool:
        """Whether what an event starts stays up, as far as the way through the script says it."""
        if event.kind in ("exec", "function"):
            return True
        last = event is self.last()
        if event.kind == "start":
            # A start that is waited for at once, with more to come, is a step; in a loop it is started again and again.
            events = self.flow.events
            more = any(not e.off for e in events[events.index(event) + 1 :])
            return not event.waited or not more or event.loop
        if event.loop and not event.beside:
            return False
        return event.beside or (last and not self.ends(event)) or _background(event)

    def last(self) -> Event | None:
        return next((e for e in reversed(self.flow.events) if not e.off), None)

    def ends(self, event: Event) -> bool:
        argv = tuple(map(str, event.argv)) if isinstance(event.argv, list | tuple) else shell(str(event.argv))
        return bool(argv) and one_off(argv) is not None

    def child(self, event: Event) -> Process | None:
        at = Evidence(event.path, event.line)
        argv = self.argv(event, at)
        if argv is None:
            return None
        text = event.shell and not isinstance(event.argv, list)
        again = event.kind in ("run", "shell") and event.loop and not event.beside
        if again:
            pause = self.flow.pauses.get(event.round)
            if pause is None:
                self.gaps.append(Gap(f"the script runs this again and again ({_shown(event.argv)})", at))
                return None
            line = argv[2] if text else " ".join(map(shlex.quote, argv))
            argv = shell(f"while :; do {line}; sleep {pause:g}; done")
        env = {k: v for k, v in event.env.items() if isinstance(v, str)}
        for name, value in event.env.items():
            if not isinstance(value, str):
                self.gaps.append(Gap(f"the variable {name} is known only when the script runs", at))
        plain = tuple(readable(word) for word in argv)
        late = shell_line(list(argv), env) if any(OPEN in w for w in (*argv, *env.values())) else ()
        for name in unknown(" ".join(argv)) if not text else ():
            self.gaps.append(Gap(f"needs {name}, which must be given to the container", at))
        notes = list(event.notes)
        restarts = event.loop and not again
        if restarts:
            notes.append("the script starts it again when it ends")
        return Process(
            name=event.name
            or name_of(tuple(map(str, event.argv)) if again and isinstance(event.argv, list) else plain),
            command=Command(plain, late),
            evidence=at,
            lifetime="service" if again or self.stays(event) else "job",
            env={k: v for k, v in env.items() if OPEN not in v},
            user=event.user,
            workdir=normal(event.cwd) if normal(event.cwd) != folder(self.process, self.image) else "",
            restart="always" if restarts else "",
            off=event.off,
            notes=tuple(notes),
        )

    def argv(self, event: Event, at: Evidence) -> tuple[str, ...] | None:
        if event.kind == "function":
            return self.function(event, at)
        words = event.argv
        if isinstance(words, str):
            return shell(words) if event.shell else (words,)
        if event.shell and isinstance(words, list | tuple) and words and isinstance(words[0], str):
            return shell(words[0])
        if isinstance(words, list | tuple) and words and all(isinstance(w, str | int | float) for w in words):
            return tuple(str(w) for w in words)
        self.gaps.append(Gap(f"starts a command that is known only when it runs ({_shown(words)})", at))
        return None

    def function(self, event: Event, at: Evidence) -> tuple[str, ...] | None:
        """A function that multiprocessing runs, as a command of its own."""
        target, args = event.target, event.argv
        place, name = "", ""
        if isinstance(target, Name) and "." in target.full:
            place, _, name = target.full.rpartition(".")
        elif isinstance(target, Function) and target.bound is None and hasattr(target.node, "name"):
            name = target.node.name
            place = posixpath.splitext(posixpath.basename(target.module.path))[0]
        guarded = not isinstance(target, Function) or "__name__" in str(self.image.read(target.module.path))
        if not guarded or not name or not place.replace(".", "").replace("_", "").isalnum() or not known(args):
            self.gaps.append(Gap("a function is started as a process, and cannot be started alone", at))
            return None
        given = ", ".join(repr(a) for a in args) if isinstance(args, list) else ""
        event.name = event.name or name
        inside = posixpath.dirname(self.path)
        lead = (
            ""
            if normal(inside) == folder(self.process, self.image)
            else f"import sys; sys.path.insert(0, {inside!r}); "
        )
        return (self.program, "-c", f"{lead}from {place} import {name}; {name}({given})")


def _background(event: Event) -> bool:
    return event.kind in ("shell", "run") and isinstance(event.argv, str) and event.argv.rstrip().endswith("&")


def _shown(argv: object) -> str:
    if isinstance(argv, list | tuple):
        return " ".join(w if isinstance(w, str) else "..." for w in argv)[:80]
    return readable(argv)[:80] if isinstance(argv, str) else str(getattr(argv, "what", "..."))[:80]
