"""The children of a script: its units as processes, with what each of them needs to start without the script."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from splitter.catalogue import one_off, peel, service
from splitter.catalogue.peel import becomes
from splitter.managers import _scripts
from splitter.managers._launch import DISPATCHERS, name_of
from splitter.managers._packaged import packaged
from splitter.managers._shell_calls import acts, bare, daemonizes, logs, may_stay, waited, with_taken
from splitter.managers._shell_command import LIBRARY, Commands
from splitter.managers._shell_edited import without
from splitter.managers._shell_kinds import Meaning, init_script, makes_secret, meaning, stops, templates, writes
from splitter.managers._shell_render import Rendered, Renderer
from splitter.managers._shell_target import SHELLS, Script, interpreter
from splitter.managers._shell_units import TEMPORARY, Unit, units
from splitter.model.facts import Command, Gap, Lifetime, Part, Phase, Process
from splitter.model.image import Image, Node
from splitter.shell import quote
from splitter.shell.calls import Call, Trace
from splitter.shell.effects import effects
from splitter.shell.evaluate import evaluate

# Supervisors that give what they start a name of its own, be it the script's too.
NAMING = tuple((name,) for name in ("supervisord", "runit", "s6", "procfile", "circus", "systemd", "pm2", "monofy"))
ENDLESS = ("infinity", "inf")
SHORT = 5  # seconds between two rounds of a loop that only starts a program again
ACTS = frozenset(("restart", "force-restart", "stop", "signal", "hup", "term", "kill", "down", "-r", "-d", "-t", "-h"))
LOOKS = "it only looks at the others and prints"
MAX_WRITTEN = 400  # calls whose files are followed


class Builder(Commands):
    """One script on its way to processes."""

    def __init__(
        self, process: Process, image: Image, script: Script, trace: Trace, given: Mapping[str, str],
        stays: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(process, image, script, given)
        self.trace = with_taken(trace)
        self.stays = stays
        self.files: dict[str, Node | None] = {}
        self.written = 0
        self.after: list[str] = []
        self.named = False

    def children(self) -> list[Process | Gap] | None:
        echo = self.script.dialect in ("sh", "dash")
        meanings = self.meanings(echo)
        acting = frozenset(i for i, m in enumerate(meanings) if acts(m))
        self.programs = frozenset(i for i in acting if meanings[i].kind == "job" or templates(meanings[i].call))
        self.renderer = Renderer(
            self.script.path, self.script.text, self.trace, self.text_of, acting, frozenset(self.given),
            frozenset(i for i, m in enumerate(meanings) if may_stay(m)), self.replay,
            tuple(a for a in self.script.args if isinstance(a, str)),
        )  # fmt: skip
        self.ends = frozenset(i for i, m in enumerate(meanings) if m.kind == "stop" and stops(m.argv) == "kill")
        parts = units(meanings)
        if self.process.lifetime == "scheduled" and (len(parts) != 1 or parts[0].what not in ("job", "service", "own")):
            # One entry of a crontab is one thing, however many commands it is made of.
            return None
        if parts and all(u.what == "files" for u in parts) and not self.trace.unread:
            return [self.whole(parts[0])]
        self.count = len(parts)
        self.idle = all(u.call.off for u in parts if u.what in ("service", "loop"))
        loops = [u for u in parts if u.what == "loop" and not (u.call.background or (u.call.off and not self.idle))]
        self.alone = (
            len(loops) == 1
            and not self.script.inline
            and all(u.what in ("files", "own", "wait", "control") for u in parts if u is not loops[0])
        )
        for unit in parts:
            self.add(unit)
        if self.alone and any(isinstance(p, Process) and p.command == self.process.command for p in self.found):
            self.found = [p for p in self.found if isinstance(p, Gap) or p.command == self.process.command]
        for gap in self.trace.unread:
            self.found.append(Gap(gap.what, self.at(gap.path, gap.line)))
        if self.process.lifetime == "service" and not any(isinstance(one, Process) for one in self.found):
            # What it starts shows only when it runs: the script itself is all that is known.
            notes = ("run as it is", LOOKS) if self.only_looks(meanings) else ("run as it is",)
            self.found.insert(0, Process(self.process.name, self.process.command, self.process.evidence, notes=notes))
        return self.found

    def only_looks(self, meanings: Sequence[Meaning]) -> bool:
        """Whether a script sleeps, asks and prints, and nothing else.

        A request whose answer nobody asks for is work: that is how jobs are started over HTTP. So is a signal, but for
        one to the supervisor, or to the first process, which ends the container. What stops siblings steers them.
        """
        names = {posixpath.basename(m.argv[0]) for m in meanings}
        if self.trace.unread or "sleep" not in names:
            return False
        signals = [m.call for m in meanings if posixpath.basename(m.argv[0]) in ("kill", "pkill", "killall")]
        if any(
            "supervisord" not in c.source and c.argv[-1] not in ("1", "$PPID") and "-0" not in c.argv for c in signals
        ):
            return False
        if any(m.kind == "control" and ACTS & set(m.argv[1:]) for m in meanings):
            return False
        asked = all(m.call.condition for m in meanings if posixpath.basename(m.argv[0]) in ("curl", "wget", "nc"))
        return asked and all(m.kind in ("skip", "wait", "control") for m in meanings)

    def text_of(self, path: str) -> str | None:
        text = self.image.read(path)
        return text if isinstance(text, str) else None

    def replay(self, text: str, first: Call) -> Sequence[Call]:
        """What a text does as a step that starts with this call, read as the script was."""
        trace = evaluate(
            text, path=self.script.path, env={**self.given, **first.env}, args=self.script.args,
            cwd=first.cwd or "/", files=self.image, dialect=self.script.dialect,
            user=self.process.user or self.image.config.user, zero=self.script.zero, stays=self.stays,
        )  # fmt: skip
        return with_taken(trace).calls

    def meanings(self, echo: bool) -> list[Meaning]:
        """Every call with its meaning, the files that those before it write at hand."""
        found: list[Meaning] = []
        self.after_files: list[dict[str, Node | None]] = []
        image = self.image
        for call in self.trace.calls:
            self.after_files.append(dict(self.files) if self.files else {})
            one = meaning(call, image, echo)
            found.append(one)
            changes = self.changes(one, image, echo)
            if changes:
                self.files.update(changes)
                image = self.image.with_files(self.files)
        return found

    def changes(self, one: Meaning, image: Image, echo: bool) -> Mapping[str, Node | None]:
        """What a call leaves behind; under a condition only what was not there before."""
        call = one.call
        if call.off or call.background or self.written > MAX_WRITTEN:
            return {}
        changes: Mapping[str, Node | None] = {}
        if one.kind in ("file", "own"):
            changes = effects(call, image, posix_echo=echo) or {}
        elif one.kind == "job" and not call.last and one.plain:
            path = image.which(call.argv[0], call.cwd or "/")
            text = image.read(path) if path and not packaged(call.argv, path) else None
            if path and isinstance(text, str) and interpreter(text):
                user = self.process.user or self.image.config.user
                inner = _scripts.trace(path, image, {**self.given, **call.env}, call.cwd or "/", user)
                changes = _scripts.written(inner, image)
        self.written += bool(changes)
        if call.guards or call.operator == "||":
            return {p: n for p, n in changes.items() if n is not None and image.node(p) is None}
        return changes

    # Children

    def add(self, unit: Unit) -> None:
        call = unit.call
        match unit.what:
            case "control":
                self.after += [n for n in waited(unit.meaning.argv) if n not in self.after]
            case "unknown":
                text = call.words[0].text
                self.found.append(
                    Gap(f"which program {text} is shows only when it runs", self.at(call.path, call.line))
                )
            case "files":
                self.found.append(self.prepared(unit))
            case "loop":
                self.found.append(self.loop(unit))
            case "wait":
                self.found.append(self.waiting(unit))
            case "own" | "job":
                self.found.append(self.job(unit))
            case "service":
                self.found.append(self.service(unit))

    def whole(self, unit: Unit) -> Process:
        """A script that only makes files is one step, as it is."""
        secret = makes_secret(self.script.text)
        return Process(
            name=self.own_name(),
            command=self.process.command,
            evidence=self.at(self.script.path, unit.call.line if self.script.inline else None),
            lifetime="job",
            phase="once" if secret else "prepare",
            notes=("makes a secret",) if secret else (),
            parts=(self.part(unit),),
        )

    def own_name(self) -> str:
        """What a set-up step is called: the script's own name."""
        if self.script.inline or not self.script.path.startswith("/"):
            return self.process.name if self.process.via else "prepare"
        if self.process.via and self.process.name != self.process.command.program:
            return self.process.name
        return posixpath.splitext(posixpath.basename(self.script.path))[0]

    def prepared(self, unit: Unit) -> Process:
        """File commands as one step that every container takes which needs it."""
        rendered = (self.plainly(unit) if not self.programs & set(unit.at) else None) or self.making(unit.at)
        secret = self.secret(unit, rendered.text)
        return self.process_of(
            unit, self.own_name(), Command(unit.call.argv, self.shell(rendered)), "job",
            "once" if secret else "prepare", notes=("makes a secret",) if secret else (),
        )  # fmt: skip

    def secret(self, unit: Unit, text: str) -> bool:
        """Whether file commands write something random; whole libraries of functions around them do not count."""
        calls = [self.trace.calls[i] for i in unit.at]
        own = "\n".join([c.source for c in calls] + [w.source for c in calls for w in c.words if not w.known])
        return makes_secret(own) or (any(c.needs for c in calls) and len(text) < LIBRARY and makes_secret(text))

    def plainly(self, unit: Unit) -> Rendered | None:
        """The words of calls that share a statement with others; None where what stands around them matters."""
        lines, roots = [], {self.trace.calls[i].root for i in unit.at}
        shared = any(c.root in roots and i not in unit.at and i in self.renderer.acts
                     for i, c in enumerate(self.trace.calls[:1000]))  # fmt: skip
        for call in (self.trace.calls[i] for i in unit.at):
            if (
                not (shared or call.function)
                or call.guards
                or call.loop
                or call.pipe
                or call.needs
                or call.operator == "||"
            ):
                return None
            targets = [r.target for r in call.redirects]
            if None in targets or not call.cwd:
                return None
            outs = [f"{r.fd if r.fd is not None else ''}{r.op} {r.target.source}" for r in call.redirects if r.target]
            lines.append(" ".join([quote.join(call.words), *outs]))
        return Rendered("\n".join(lines))

    def waiting(self, unit: Unit) -> Process:
        command = Command(unit.meaning.argv)
        return self.process_of(unit, self.name(unit.meaning.argv), command, "job", "wait")

    def loop(self, unit: Unit) -> Process:
        """An endless loop: one process that runs a program again and again."""
        one = unit.meaning
        argv = bare(one.argv)
        elsewhere = one.call.path != self.script.path
        pause = next((c.argv[1] for i in unit.at if (c := self.trace.calls[i]).argv[0].endswith("sleep")
                      and len(c.argv) > 1 and c.argv[1] not in ENDLESS), "")  # fmt: skip
        again = one.kind == "service" and service(argv) is not None
        quick = pause.isdecimal() and int(pause[:6]) <= SHORT and one_off(argv) is None
        again = again or (quick and not (elsewhere and one.call.guards))
        if again and not unit.others and not any(r.op.startswith("<") for r in one.call.redirects):
            # A loop around what stays up only starts it again; nothing that is due at a time is due every second.
            note = f"started again by a loop ({self.where(one.call)})"
            made = self.process_of(unit, self.main_name(argv, unit), self.command(unit), "service", notes=(note,))
            return replace(made, restart="always")
        often = f"every {pause}{'' if pause[-1:].isalpha() else ' seconds'}" if pause else "again and again"
        notes = [f"runs {often} in a shell loop"]
        notes += [f"the loop also runs {Command(m.argv)}" for m in unit.others[:8]]
        script = self.renderer.script(one.call.path)
        text = self.renderer.source(one.call) if script else one.call.source
        rendered = self.renderer.before(text, one.call.root[0], keep=unit.at)
        name = self.main_name(argv, unit)
        if elsewhere:
            # The program stands in a function of a file that is read in; the loop itself is what has to run.
            rendered = self.renderer.only(unit.at)
        if self.alone and (elsewhere or len(rendered.text) > LIBRARY):
            # A script that lives for this loop, and is too rich to be written out, is run as it is.
            notes = [notes[0], f"the loop runs {Command(argv)}", *notes[1:], "run as it is"]
            return self.process_of(unit, self.process.name, self.process.command, "service", notes=tuple(notes))
        return self.process_of(unit, name, Command(argv, self.shell(rendered)), "service", notes=tuple(notes))

    def job(self, unit: Unit) -> Process:
        one, call = unit.meaning, unit.call
        known = one_off(one.argv)
        temporary = TEMPORARY in unit.notes
        phase: Phase = "once" if temporary else ""
        notes: tuple[str, ...] = ()
        argv, command = one.argv, self.command(unit)
        text = self.renderer.source(call)
        secret = known is not None and known.name in ("rails secret", "secrets made at boot")
        if secret or (one.kind in ("own", "file") and makes_secret(text)):
            phase, notes = "once", ("makes a secret",)
        if self.kept_whole(unit):
            argv = bare(argv)
            command = Command(argv, self.shell(self.making(unit.at)))
        notes += tuple(f"the same step runs {Command(m.argv)}" for m in unit.others[:8])
        lifetime: Lifetime = "job"
        if not call.guards and not phase and self.stays_inside(one):
            lifetime = "service"
        made = self.process_of(unit, self.name(argv), command, lifetime, phase, notes)
        made = replace(made, becomes=becomes(one.argv) if argv != one.argv else "")
        if unit.main and self.process.lifetime == "service" and not phase:
            return replace(made, name=self.main_name(argv, unit))
        return made

    def stays_inside(self, one: Meaning) -> bool:
        """Whether a script that is called starts what stays up after it."""
        if not one.plain:
            return False
        path = self.image.which(one.argv[0], one.call.cwd or "/")
        text = self.image.read(path) if path and not packaged(one.argv, path) else None
        if path is None or not isinstance(text, str) or not interpreter(text):
            return False
        inner = _scripts.trace(path, self.image, {**self.given, **one.call.env}, one.call.cwd or "/")
        for call in inner.calls if inner else ():
            daemon = init_script(call.argv)
            if not call.off and ((call.background and call.last) or (daemon is not None and daemon[1] == "start")):
                return True
            if not call.off and daemonizes(call.argv):
                return True
        return False

    def kept_whole(self, unit: Unit) -> bool:
        """Whether a step only makes sense with its condition, its loop or its input around it."""
        call = unit.call
        if call.guards or unit.meaning.main is not call or len(unit.at) > 1:
            return True
        if call.loop and not self.round(call):
            return True
        if any(r.op in ("<", "<<", "<<-", "<<<") for r in call.redirects) or (call.needs and not call.function):
            return True
        return any(writes(r) for r in call.redirects)

    def service(self, unit: Unit) -> Process:
        return self.process_of(unit, self.main_name(unit.meaning.argv, unit), self.command(unit), "service")

    def process_of(
        self, unit: Unit, name: str, command: Command, lifetime: Lifetime, phase: Phase = "",
        notes: tuple[str, ...] = (),
    ) -> Process:  # fmt: skip
        call, stays = unit.call, lifetime == "service"
        said = [*notes, *unit.notes, *(f"if {g}" for g in call.guards), *map(_decided, call.decided)]
        cwd = call.cwd if call.cwd != (self.process.workdir or self.image.config.workdir or "/") else ""
        written = tuple(dict.fromkeys(t for t in map(self.full, logs(call)) if t)) if stays else ()
        after = tuple(self.after) if stays and (unit.main or self.count == 1) else ()
        return Process(
            name=name,
            command=command,
            evidence=self.at(call.path, call.line),
            lifetime=lifetime,
            phase=phase,
            env=self.environment(call),
            user=unit.meaning.user,
            workdir=cwd,
            instances=unit.instances,
            after=after,
            logs=written,
            off=call.off,
            notes=tuple(dict.fromkeys(said)),
            files=self.after_files[unit.at[0]],
            parts=(self.part(unit),),
            gives=self.gives(unit),
        )

    def part(self, unit: Unit) -> Part:
        return Part(calls=tuple(unit.at), render=self.together, edit=None if self.script.inline else self.edited)

    def together(self, calls: frozenset[int]) -> tuple[str, ...]:
        """The command that makes these calls of the script, all of them parts of its steps."""
        return self.shell(self.making(calls))

    def edited(self, calls: frozenset[int], also: frozenset[int]) -> tuple[str, ...]:
        """The command that runs the script's file for these calls; it may make those of `also`, too."""
        rest = self.renderer.acts - calls - also - self.renderer.loose - self.ends
        asked = (one for one in self.trace.taken if meaning(one[1], self.image).kind == "control")
        read = self.renderer.script(self.script.path)
        return without(self.process, self.script, read, self.trace, calls, (rest, asked), self.given) if read else ()

    def full(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self.process.workdir or "/", path)) if path else ""

    def where(self, call: Call) -> str:
        return str(self.at(call.path, call.line))

    def name(self, argv: Sequence[str]) -> str:
        if daemon := init_script(argv):
            return daemon[0]
        meant = peel(tuple(argv))
        if meant is None or posixpath.basename(argv[0]) in (*SHELLS, "su", "runuser"):
            # A text after -c is read later, and then gives the name.
            script = meant is not None and meant.program in argv and "-c" not in argv
            return meant.name if meant and script else "sh"
        if meant.name in DISPATCHERS and (one_off(tuple(argv)) is not None or service(tuple(argv)) is None):
            # What a program of many subcommands is told to do says more than the program.
            return name_of(tuple(argv))
        return meant.name if meant.name[:1].isalnum() or meant.name[:1] == "_" else "step"

    def main_name(self, argv: Sequence[str], unit: Unit) -> str:
        """The name that a manager gave stays with the program the script lives for."""
        first = unit.main or self.count == 1 or (unit.what == "loop" and not unit.call.background)
        given = self.process.via and self.process.name != self.process.command.program
        given = given or self.process.via[-1:] in NAMING
        if given and first and not self.named and (not unit.call.off or self.idle):
            self.named = True
            return self.process.name
        return self.name(argv)


def _decided(by: str) -> str:
    name, _, value = by.partition("=")
    return f"decided by {by}" if value else f"decided by {name}, which is not set"
