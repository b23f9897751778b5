"""What a launcher's script starts, in order, made into processes: what stays up, what is a step, what is off.

Managers that follow a script of another language than the shell's (`python`, `node`) share it: they give events.
"""

import shlex
from dataclasses import dataclass, field, replace

from splitter.catalogue import one_off
from splitter.managers._launch import folder, name_of, shell
from splitter.managers._supervisor import CLOSE, OPEN, readable, shell_line, unknown
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

MAX_EVENTS = 400
READ = "it starts processes that could not be read"


@dataclass
class Event:
    """One start. `kind` is start, run (waits for its end), exec, shell (`os.system`) or function (of Python).

    beside  nothing waits for it before the next start
    tail    the last of its own line of starts, beside others
    loop    it is started again when it ends; `round` is the loop, whose pause is known or not
    """

    kind: str
    argv: object
    path: str
    line: int
    shell: bool = False
    cwd: str = ""
    env: dict[str, object] = field(default_factory=dict)
    user: str = ""
    off: str = ""
    notes: tuple[str, ...] = ()
    beside: bool = False
    tail: bool = False
    loop: bool = False
    round: int = -1
    waited: bool = False
    name: str = ""
    target: object = None


@dataclass
class Starts:
    """What following a script gave: its starts, what it does itself ("" where nothing), the pauses of its loops.

    writes  the files that the script itself writes before its starts: what, and where that stands
    """

    events: list[Event]
    serves: str
    pauses: dict[int, float]
    writes: list[tuple[str, str, int]] = field(default_factory=list)


class Launcher:
    """A script that was followed, and what it comes to."""

    def __init__(self, process: Process, image: Image, starts: Starts) -> None:
        self.process, self.image, self.starts = process, image, starts
        self.gaps: list[Gap] = []
        self.beside: list[Event] = []

    def children(self) -> list[Process | Gap] | None:
        events = self.starts.events
        starts = [e for e in events if self.stays(e) and not e.off]
        if all(e.kind in ("run", "shell") and _says_start(e) for e in starts):
            starts = self.daemons()
        if self.starts.serves:
            if not starts:
                return None
            return self.kept(f"it also runs {self.starts.serves} itself", starts)
        if not starts:
            return None
        found: list[Process] = []
        for event in events:
            process = self.child(event)
            if process is not None:
                found.append(process)
        if not any(p.lifetime == "service" and not p.off for p in found):
            return self.kept("", []) if self.gaps else None
        for what, path, line in self.starts.writes:
            gap = Gap(f"the script itself writes {what}, which it does no more in a split", Evidence(path, line))
            self.gaps.append(gap)
        return [*found, *self.gaps]

    def daemons(self) -> list[Event]:
        """Steps that say `start`, where the script goes on and nothing else that it starts stays up."""
        self.beside = [e for e in self.starts.events if e.kind in ("run", "shell") and not e.off and _says_start(e)]
        return self.beside

    def kept(self, why: str, starts: list[Event]) -> list[Process | Gap]:
        """The script as it is, with what it starts told."""
        for event in starts:
            shown = _shown(event.argv)
            at = Evidence(event.path, event.line)
            self.gaps.append(Gap(f"the script starts a process of its own ({shown}), and {why}", at))
        return [replace(self.process, notes=(*self.process.notes, READ)), *self.gaps]

    def stays(self, event: Event) -> bool:
        """Whether what an event starts stays up, as far as the way through the script says it."""
        if event.kind in ("exec", "function") or any(event is e for e in self.beside):
            return True
        last = event is self.last()
        if event.kind == "start":
            # A start that is waited for at once, with more to come, is a step; in a loop it is started again and again.
            events = self.starts.events
            more = any(not e.off for e in events[events.index(event) + 1 :])
            return (not event.waited or not more or event.loop) and not self.ends(event)
        if event.loop and not event.beside:
            return False
        return event.beside or ((last or event.tail) and not self.ends(event)) or _background(event)

    def last(self) -> Event | None:
        return next((e for e in reversed(self.starts.events) if not e.off), None)

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
            pause = self.starts.pauses.get(event.round)
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
        if any(event is e for e in self.beside):
            notes.append("`start` puts it into the background")
            self.gaps.append(Gap(f"{_shown(event.argv)} puts what it starts into the background: name its program", at))
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
        if isinstance(words, list | tuple) and words and isinstance(words[0], str):
            # A word that the script works out stays open, so that the process is there and its word can be given.
            return tuple(str(w) if isinstance(w, str | int | float) else _open(w) for w in words)
        self.gaps.append(Gap(f"starts a command that is known only when it runs ({_shown(words)})", at))
        return None

    def function(self, event: Event, at: Evidence) -> tuple[str, ...] | None:
        """A function that is started as a process, as a command of its own."""
        self.gaps.append(Gap("a function is started as a process, and cannot be started alone", at))
        return None


def _says_start(event: Event) -> bool:
    words = event.argv.split() if isinstance(event.argv, str) else event.argv
    return isinstance(words, list | tuple) and len(words) == 2 and words[1] == "start"


def _open(word: object) -> str:
    """A word that only running the script would tell, as a variable by its own name."""
    what = str(getattr(word, "what", "")).partition("` is known only")[0]
    names = "".join(c if c.isalnum() or c == "_" else " " for c in what).split()
    plain = [n for n in names if n.isascii() and not n[0].isdigit()]
    return f"{OPEN}{(plain[-1] if plain else 'VALUE').upper()}{CLOSE}"


def _background(event: Event) -> bool:
    return event.kind in ("shell", "run") and isinstance(event.argv, str) and event.argv.rstrip().endswith("&")


def _shown(argv: object) -> str:
    if isinstance(argv, list | tuple):
        return " ".join(w if isinstance(w, str) else "..." for w in argv)[:80]
    return readable(argv)[:80] if isinstance(argv, str) else str(getattr(argv, "what", "..."))[:80]
