"""A Procfile runner (foreman, honcho, forego, overmind, hivemind, goreman, nf) starts each line through a shell.

It sets PORT for every process type, 100 apart, and reads `.env`. The rules are those of the programs' own sources:
foreman's engine.rb, honcho's command.py, forego's start.go, overmind's start/procfile.go, node-foreman's proc.js.
"""

import posixpath
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from splitter.managers import _dotenv, _procfile_part
from splitter.managers._keep import Kept, Member, programs
from splitter.managers._launch import module_of, unfronted
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

BASE_PORT = 5000


@dataclass(frozen=True)
class Runner:
    """One program: its options that take a value, by meaning, and how it differs from the others.

    words        start and run, as the subcommands are called; () where there are none
    prefix       its variables (`OVERMIND_PROCFILE`) stand for options
    env_files    read where no option names others; `overrides` those that win over the container's environment
    in_folder    processes run in the Procfile's folder
    others       instances of a type that a formation does not name
    step         between the ports of two instances of a type
    port_env     PORT of the environment is the base
    stop         the signal that it sends where it is not TERM
    spaced       a blank must stand after the colon
    """

    options: Mapping[str, str]
    start: tuple[str, ...] = ("start",)
    run: str = ""
    prefix: str = ""
    env_files: tuple[str, ...] = (".env",)
    overrides: bool = True
    expands: bool = True
    in_folder: bool = False
    others: int = 1
    step: int = 1
    port_env: bool = True
    stop: str = ""
    spaced: bool = False


COMMON = {"-f": "procfile", "--procfile": "procfile", "-e": "env", "--env": "env", "-p": "port", "--port": "port"}
OVERMIND = {
    **COMMON, "-l": "processes", "--processes": "processes", "-x": "ignored", "--ignored-processes": "ignored",
    "-d": "root", "--root": "root", "-m": "formation", "--formation": "formation", "-P": "port_step",
    "--port-step": "port_step", "-r": "restart", "--auto-restart": "restart", "-c": "can_die", "--can-die": "can_die",
    "-t": "timeout", "--timeout": "timeout", "-i": "signals", "--stop-signals": "signals", "-H": "shell",
    "--shell": "shell", "-w": "", "--title": "", "-s": "", "--socket": "", "-S": "", "--network": "", "-b": "",
    "--colors": "", "-F": "", "--tmux-config": "", "--formation-port-step": "",
}  # fmt: skip
VARIABLES = {
    "PROCFILE": "procfile", "PROCESSES": "processes", "IGNORED_PROCESSES": "ignored", "FORMATION": "formation",
    "PORT": "port", "PORT_STEP": "port_step", "AUTO_RESTART": "restart", "CAN_DIE": "can_die", "TIMEOUT": "timeout",
    "STOP_SIGNALS": "signals", "SHELL": "shell", "NO_PORT": "no_port", "ENV": "env", "ROOT": "root",
}  # fmt: skip
RUNNERS = {
    "foreman": Runner(
        {**COMMON, "-d": "root", "--root": "root", "-m": "formation", "--formation": "formation", "-c": "formation",
         "--concurrency": "formation", "-t": "timeout", "--timeout": "timeout"},
        ("start", "s"), "run", in_folder=True, others=0,
    ),
    "honcho": Runner(
        {**COMMON, "-d": "app_root", "--app-root": "app_root", "-c": "formation", "--concurrency": "formation",
         "-q": "", "--quiet": ""},
        run="run", expands=False,
    ),
    "forego": Runner(
        {**COMMON, "-c": "formation", "-m": "formation", "-t": "timeout"}, run="run", in_folder=True, step=0
    ),
    "overmind": Runner(
        OVERMIND, ("start", "s"), prefix="OVERMIND_", env_files=(".overmind.env", ".env"), in_folder=True, step=10,
        stop="SIGINT", spaced=True,
    ),
    "hivemind": Runner(
        OVERMIND, (), prefix="HIVEMIND_", env_files=(".hivemind.env", ".env"), in_folder=True, stop="SIGINT",
        spaced=True,
    ),
    "goreman": Runner(
        {"-f": "procfile", "-b": "port", "-baseport": "port", "-basedir": "chdir", "-env": "env", "-p": ""},
        overrides=False, port_env=False,
    ),
    "nf": Runner(
        {"-j": "procfile", "--procfile": "procfile", "-e": "env", "--env": "env", "-p": "port", "--port": "port",
         "-x": "", "--proxy": "", "-f": "", "--forward": "", "-i": "", "--intercept": "", "-t": "", "--trim": ""},
        run="run", expands=False,
    ),
}  # fmt: skip
ALIASES = {"node-foreman": "nf"}


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    read = _read(process, image)
    if read is None:
        return None
    started, _, rest = read
    return started.processes() if rest is None else started.wrapped(rest)


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """The runner itself, told which lines of its Procfile it starts."""
    read = _read(process, image)
    if read is None or read[2] is not None:
        return None
    started, args, _ = read
    members = programs(members)
    text = image.read(started.procfile)
    lines = {name: number for number, name, _ in started._lines(quiet=True)}
    words = _procfile_part.part(started.name, args, started.runner.options, started.runner.start, lines, members)
    files = _procfile_part.patched(text, lines, members, started.procfile) if isinstance(text, str) else None
    if words is None or files is None:
        return None
    argv = process.command.argv
    return Kept((*argv[: len(argv) - len(args)], *words), files)


def _read(process: Process, image: Image) -> tuple["_Started", tuple[str, ...], tuple[str, ...] | None] | None:
    """A run of a runner, its arguments, and the command that `run` is given; None where it is none."""
    argv = unfronted(process.command.argv)
    module = module_of(argv)
    argv = (module[0], *module[1]) if module is not None else argv
    called = posixpath.basename(argv[0]) if argv else ""
    name = ALIASES.get(called, called)
    runner = RUNNERS.get(name)
    if runner is None:
        return None
    given = {**image.config.env, **process.env}
    for file in runner.env_files if runner.prefix else ():
        text = image.read(normal(posixpath.join(process.workdir or image.config.workdir or "/", file)))
        given |= _dotenv.read(text, given) if isinstance(text, str) else {}
    options, words, rest = _options(runner, argv[1:], given)
    if runner.start:
        if runner.run and words[:1] == [runner.run]:
            return _Started(name, runner, options, [], process, image), argv[1:], rest
        if not words or words[0] not in runner.start:
            return None
        words = words[1:]
    return _Started(name, runner, options, words, process, image), argv[1:], None


def _options(
    runner: Runner, args: tuple[str, ...], env: Mapping[str, str]
) -> tuple[dict[str, str], list[str], tuple[str, ...]]:
    """Options by meaning (the command line's over the environment's), plain words, and what follows `run`."""
    options: dict[str, str] = {}
    for name, meaning in VARIABLES.items():
        if runner.prefix and env.get(runner.prefix + name):
            options[meaning] = env[runner.prefix + name]
    words: list[str] = []
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        if word in ("-r", "-N", "--no-port") and runner.options.get(word) is None:
            options["restart" if word == "-r" else "no_port"] = "all"
        elif word == "--any-can-die":
            options["can_die"] = "all"
        elif not word.startswith("-") or word == "-":
            words.append(word)
            if word == runner.run:
                rest = args[at:]
                while rest and rest[0] in runner.options and len(rest) > 1:
                    options[runner.options[rest[0]]] = rest[1]
                    rest = rest[2:]
                return options, words, rest[1:] if rest[:1] == ("--",) else rest
        else:
            name, equals, value = word.partition("=")
            if name not in runner.options and word[:2] in runner.options and not word.startswith("--") and word[2:]:
                name, equals, value = word[:2], "=", word[2:]
            if name in runner.options:
                if not equals and at < len(args):
                    # foreman's -c was its formation once and is a switch for colours now.
                    if runner.options[name] == "formation" and "=" not in args[at]:
                        continue
                    value = args[at]
                    at += 1
                key = runner.options[name]
                options[key] = f"{options[key]},{value}" if key == "env" and key in options else value
    return options, words, ()


@dataclass
class _Started:
    """One run of a runner."""

    name: str
    runner: Runner
    options: dict[str, str]
    words: list[str]
    process: Process
    image: Image
    gaps: list[Gap] = field(default_factory=list)

    @property
    def folder(self) -> str:
        workdir = self.process.workdir or self.image.config.workdir or "/"
        return normal(posixpath.join(workdir, self.options.get("chdir", "")))

    @property
    def procfile(self) -> str:
        named = self.options.get("procfile", "")
        root = self.options.get("app_root", "")
        if self.name == "hivemind" and self.words:
            named = self.words[0]
        if not named and self.name == "foreman":
            root = self.options.get("root", "")
        return normal(posixpath.join(self.folder, root, named or "Procfile"))

    @property
    def workdir(self) -> str:
        root = self.options.get("root", "")
        if root:
            return normal(posixpath.join(self.folder, root))
        return posixpath.dirname(self.procfile) if self.runner.in_folder else self.folder

    def environment(self) -> dict[str, str]:
        """What the runner's `.env` files set."""
        given = {**self.image.config.env, **self.process.env}
        named = [f.strip() for f in self.options.get("env", "").split(",") if f.strip()]
        # overmind and hivemind look in the folder that they are started in, whatever their --root is.
        root = "" if self.runner.prefix else self.options.get("app_root") or self.options.get("root", "")
        files = named or self.runner.env_files
        if self.runner.prefix:
            files = (*self.runner.env_files, *named)
        found: dict[str, str] = {}
        for file in files:
            path = normal(posixpath.join(self.folder, root, file))
            text = self.image.read(path)
            if isinstance(text, str):
                found.update(_dotenv.read(text, {**given, **found} if self.runner.expands else None))
            elif text is not None:
                self.gaps.append(text)
            elif file in named:
                self.gaps.append(self.image.missing(path, f"{self.name} reads it for the environment"))
        return found if self.runner.overrides else {k: v for k, v in found.items() if k not in given}

    def wrapped(self, rest: tuple[str, ...]) -> list[Process | Gap]:
        """`run CMD`: the command, or the Procfile's line of that name, with the environment of `.env`."""
        if not rest:
            return [Gap(f"{self.name} run without a command", self.process.evidence)]
        env = self.environment()
        argv, evidence = rest, self.process.evidence
        for line, name, command in self._lines(quiet=True):
            if rest == (name,) and self.name == "foreman":
                argv, evidence = ("/bin/sh", "-c", command), Evidence(self.procfile, line)
        return [replace(self.process, command=Command(argv), env=env, evidence=evidence), *self.gaps]

    def processes(self) -> list[Process | Gap]:
        env = self.environment()
        lines: dict[str, tuple[int, str]] = {}
        for number, name, command in self._lines():
            lines.pop(name, None)
            lines[name] = (number, command)
        wanted = self._wanted(list(lines))
        base = self._base(env)
        step = self._number("port_step", 100)
        found: list[Process | Gap] = []
        selected = 0
        for index, (name, (number, command)) in enumerate(lines.items()):
            count, switch = wanted.get(name, (0, f"{self.name} start {name}"))
            # honcho and nf count only the types that they are told, be it none of one; the others every line.
            place = selected if self.name in ("honcho", "nf") else index
            selected += name in wanted
            port = {} if "no_port" in self.options else {"PORT": str(base + place * step)}
            found.append(
                Process(
                    name=name,
                    command=Command((self.options.get("shell", "/bin/sh"), "-c", command)),
                    evidence=Evidence(self.procfile, number),
                    env={**env, **port},
                    workdir=self.workdir,
                    instances=max(count, 1),
                    off="" if count else switch,
                    restart="always" if self._named("restart", name) else "",
                    stop_signal=self._signal(name),
                    stop_timeout=float(self._number("timeout", 5)) if "timeout" in self.options else None,
                    notes=self._notes(name),
                )
            )
        return [*found, *self.gaps]

    def _lines(self, quiet: bool = False) -> Iterator[tuple[int, str, str]]:
        """Line, name and command of every entry."""
        text = self.image.read(self.procfile)
        if not isinstance(text, str):
            if not quiet:
                missing = self.image.missing(self.procfile, f"{self.name} starts what its Procfile names")
                self.gaps.append(missing if text is None else text)
            return
        for number, line in enumerate(text.splitlines(), 1):
            name, colon, command = line.partition(":")
            plain = name.replace("_", "").replace("-", "")
            spaced = not self.runner.spaced or command[:1].isspace()
            if colon and plain.isalnum() and plain.isascii() and command.strip() and spaced:
                yield number, name, command.strip()
            elif line.strip() and not line.lstrip().startswith("#") and not quiet:
                self.gaps.append(Gap("the runner passes over this line", Evidence(self.procfile, number)))

    def _wanted(self, names: list[str]) -> dict[str, tuple[int, str]]:
        """How many of each type are started; with 0 the switch that would start it."""
        chosen = [n.strip() for n in self.options.get("processes", "").split(",") if n.strip()]
        formation = self.options.get("formation", "")
        if self.name == "nf" and self.words:
            formation, chosen = ",".join(w if "=" in w else f"{w}=1" for w in self.words[0].split(",")), []
            chosen = [pair.split("=")[0] for pair in formation.split(",")]
        elif self.name not in ("hivemind", "overmind") and self.words:
            chosen = self.words[:1] if self.name in ("foreman", "forego") else self.words
            formation = "" if self.name == "foreman" else formation
        ignored = [n.strip() for n in self.options.get("ignored", "").split(",")]
        counts: dict[str, int] = {}
        for pair in (p.strip() for p in formation.split(",") if p.strip()):
            key, _, number = pair.partition("=")
            if number.strip().isdecimal() and len(number) < 6:
                counts[key.strip()] = int(number)
            else:
                self.gaps.append(Gap(f"not a formation: {pair}", self.process.evidence))
        others = counts.get("all", self.runner.others if counts else 1)
        for name in [c for c in chosen if c not in names]:
            self.gaps.append(
                Gap(f"{self.name} is told to start {name}, which its Procfile lacks", self.process.evidence)
            )
        wanted: dict[str, tuple[int, str]] = {}
        for name in names:
            count = counts.get(name, others)
            if (not chosen or name in chosen) and name not in ignored:
                wanted[name] = (count, f"formation {name}={count}; {name}=1 starts it")
        return wanted

    def _base(self, env: Mapping[str, str]) -> int:
        given = {**self.image.config.env, **self.process.env}
        sources = [self.options.get("port", "")]
        if self.runner.port_env:
            sources += [env.get("PORT", ""), given.get("PORT", "")]
        return next((int(s) for s in sources if s.isdecimal() and s.isascii() and len(s) < 6), BASE_PORT)

    def _number(self, option: str, default: int) -> int:
        value = self.options.get(option, "")
        return int(value) if value.isdecimal() and value.isascii() and len(value) < 10 else default

    def _named(self, option: str, name: str) -> bool:
        names = [n.strip() for n in self.options.get(option, "").split(",")]
        return name in names or "all" in names

    def _signal(self, name: str) -> str:
        for pair in self.options.get("signals", "").split(","):
            process, _, wanted = pair.partition("=")
            if process.strip() == name and f"SIG{wanted.strip()}" in signal.Signals.__members__:
                return f"SIG{wanted.strip()}"
        return self.runner.stop or ("SIGTERM" if self.process.stop_signal else "")

    def _notes(self, name: str) -> tuple[str, ...]:
        notes = []
        if name == "release":
            notes.append("a release line is a one-off on Heroku; this runner starts it like any other")
        if self._named("can_die", name):
            notes.append("may end without stopping the others")
        return tuple(notes)
