"""supervisord starts the programs of its configuration file, and of the files that this includes.

What is read is what supervisor's own options.py reads: RawConfigParser with `;` and `#` comments after a blank, the
last of two equal options, `%(NAME)s` expanded by Python's `%`, `environment` and `command` taken apart by shlex.
"""

import getopt
import posixpath
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from splitter.managers import _ini, _scripts, _supervisord_part
from splitter.managers._keep import Kept, Member, programs
from splitter.managers._supervisor import (
    OPEN,
    Names,
    dict_of_key_value_pairs,
    folder,
    readable,
    shell_line,
    split_command,
    unknown,
)
from splitter.managers._supervisorctl import started_by_programs
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

KINDS = ("program:", "fcgi-program:", "eventlistener:")
PRIORITY = 999
LISTENER_PRIORITY = -1
MAX_PROCS = 200
NO_FILE = ("none", "off", "auto", "syslog")
TRUE, FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
SHORT = "hc:nvu:m:d:l:y:z:e:i:q:ktsj:a:"
LONG = [
    *(
        "help",
        "configuration=",
        "nodaemon",
        "version",
        "user=",
        "umask=",
        "directory=",
        "logfile=",
        "logfile_maxbytes=",
    ),
    *("logfile_backups=", "loglevel=", "identifier=", "childlogdir=", "nocleanup", "strip_ansi", "silent", "pidfile="),
    *("minfds=", "minprocs=", "profile_options="),
]
# What the file of a distribution's package includes, where the package itself is not at hand.
PACKAGED = (
    ("/etc/supervisor/supervisord.conf", "Debian", "/etc/supervisor/conf.d/*.conf"),
    ("/etc/supervisord.conf", "Alpine", "/etc/supervisor.d/*.ini"),
    ("/etc/supervisord.conf", "Fedora", "/etc/supervisord.d/*.ini"),  # and EPEL's, for RHEL and CentOS
)


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    arguments = _arguments(process.command.argv)
    if arguments is None or _scripts.named_after("supervisord", process, image):
        return None
    try:
        options = dict(getopt.gnu_getopt(list(arguments), SHORT, LONG)[0])
    except getopt.GetoptError as error:
        return [Gap(f"supervisord does not know its command line: {error}", process.evidence)]
    if options.keys() & {"-h", "--help", "-v", "--version"}:
        return None
    ini, gaps = _configured(options.get("-c") or options.get("--configuration"), process, image)
    daemon = _Daemon(ini, process, image, gaps, options.get("-u") or options.get("--user") or "")
    return daemon.children()


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """supervisord itself, with a configuration that has these programs alone and stands where the whole one does."""
    argv = process.command.argv
    arguments = _arguments(argv) or ()
    try:
        options = dict(getopt.gnu_getopt(list(arguments), SHORT, LONG)[0])
    except getopt.GetoptError:
        return None
    named = options.get("-c") or options.get("--configuration")
    path, (ini, _) = _file(named, process, image), _configured(named, process, image)
    more = (*(() if options.keys() & {"-n", "--nodaemon"} else ("-n",)), *(() if named else ("-c", path)))
    words = (*argv[: len(argv) - len(arguments)], *more, *arguments)
    return _supervisord_part.part(ini, path, programs(members), words)


def _arguments(argv: tuple[str, ...]) -> tuple[str, ...] | None:
    """The options of a supervisord that is started by its name, as a script or as a module of Python."""
    names = [posixpath.basename(word) for word in argv[:3]]
    if not names:
        return None
    if names[0] == "supervisord":
        return argv[1:]
    if names[0].startswith("python"):
        if names[1:2] == ["supervisord"]:
            return argv[2:]
        if argv[1:3] == ("-m", "supervisor.supervisord"):
            return argv[3:]
    return None


def _configured(named: str | None, process: Process, image: Image) -> tuple[_ini.Ini, list[Gap]]:
    """The configuration with its included files (ServerOptions.read_config)."""
    found = _file(named, process, image)
    ini, gaps = _ini.Ini(), list[Gap]()
    text = image.read(found)
    if text is None:
        packaged = [p for p in PACKAGED if p[0] == found and image.glob(p[2])]
        if image.complete or not packaged:
            return ini, [image.missing(found, "supervisord's configuration is not in the image")]
        _, distribution, pattern = packaged[0]
        said = f"supervisord's configuration is not at hand; taken as that of {distribution}'s package, with {pattern}"
        gaps.append(image.missing(found, said))
        text = f"[supervisord]\n[include]\nfiles = {pattern}\n"
    _read(text, found, ini, gaps)
    if include := ini.options("include").get("files") if "include" in ini.sections else None:
        here = Evidence(include.path, include.line)
        names = Names.of(process, image, posixpath.dirname(found))
        patterns, problem = names.expand(include.value)
        if problem or unknown(patterns):
            gaps.append(Gap(f"[include] files: {problem or 'needs ' + ', '.join(unknown(patterns))}", here))
        for pattern in patterns.split():
            paths = image.glob(normal(posixpath.join(posixpath.dirname(found), pattern)))
            if not paths and not image.complete:
                gaps.append(
                    replace(image.missing(pattern, f"no file at hand matches {readable(pattern)}"), evidence=here)
                )
            for path in paths:
                _read(image.read(path), path, ini, gaps)
    for path, line, what in ini.errors:
        gaps.append(Gap(f"supervisord cannot read this line: it {what}", Evidence(path, line)))
    if "supervisord" not in ini.sections and not any(g.evidence.path == found for g in gaps):
        gaps.append(Gap("supervisord does not start without a [supervisord] section", Evidence(found)))
    return ini, gaps


def _file(named: str | None, process: Process, image: Image) -> str:
    """The configuration that is named, else the one that supervisord finds by itself."""
    return normal(posixpath.join(folder(process, image), named)) if named else _default_file(process, image)


def _default_file(process: Process, image: Image) -> str:
    """The file that supervisord finds by itself (Options.searchpaths), or the one of a package not at hand."""
    program = process.command.argv[0]
    script = program if "/" in program else image.which("supervisord")
    prefixes = [posixpath.dirname(posixpath.dirname(script))] if script else ["/usr/local", "/usr"]
    paths = [f"{prefix}/{name}" for prefix in prefixes for name in ("etc/supervisord.conf", "supervisord.conf")]
    paths += ["supervisord.conf", "etc/supervisord.conf", "/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"]
    for path in paths:
        full = normal(posixpath.join(folder(process, image), path))
        if image.is_file(full):
            return full
    packaged = [path for path, _, pattern in PACKAGED if image.glob(pattern)]
    return packaged[0] if packaged else paths[-1]


def _read(text: str | Gap | None, path: str, ini: _ini.Ini, gaps: list[Gap]) -> None:
    if isinstance(text, Gap):
        gaps.append(text)
    elif text is not None:
        _ini.read(text, path, ini, inline=(";", "#"))


@dataclass
class _Section:
    """The expanded options of one section; what is not valid becomes a gap, and the default stands."""

    section: _ini.Section
    options: dict[str, _ini.Option]
    names: Names
    gaps: list[Gap]

    def at(self, option: str = "") -> Evidence:
        here = self.options.get(option)
        return Evidence(here.path, here.line) if here else Evidence(self.section.path, self.section.line)

    def raw(self, option: str, default: str = "") -> str:
        here = self.options.get(option)
        return default if here is None else here.value.replace("%(here)s", posixpath.dirname(here.path))

    def text(self, option: str, default: str = "") -> str:
        value, problem = self.names.expand(self.raw(option, default))
        if problem:
            self.wrong(option, problem)
        elif late := unknown(value):
            self.wrong(option, f"needs {', '.join(late)}, known only when the container runs")
        return value

    def known(self, option: str) -> str:
        """The option's value, or nothing where it depends on what is not known."""
        value = self.text(option)
        return "" if OPEN in value else value

    def wrong(self, option: str, problem: str) -> None:
        gap = Gap(f"[{self.section.name}] {option}: {problem}", self.at(option))
        if gap not in self.gaps:
            self.gaps.append(gap)

    def number(self, option: str, default: int) -> int:
        value = self.text(option, str(default))
        try:
            return int(value)
        except ValueError:
            self.wrong(option, f"{readable(value)!r} is not a number")
            return default

    def flag(self, option: str, default: bool) -> bool:
        value = self.text(option, str(default)).lower()
        if value not in TRUE + FALSE:
            self.wrong(option, f"{readable(value)!r} is neither true nor false")
            return default
        return value in TRUE


@dataclass
class _Daemon:
    """One supervisord with its configuration."""

    ini: _ini.Ini
    process: Process
    image: Image
    gaps: list[Gap]
    user: str
    environment: dict[str, str] = field(default_factory=dict)

    def children(self) -> list[Process | Gap]:
        base = Names.of(self.process, self.image, "")
        if "supervisord" in self.ini.sections:
            own = _Section(self.ini.sections["supervisord"], dict(self.ini.options("supervisord")), base, self.gaps)
            self.environment = self._environment(own)
            base = replace(base, values=base.values | {f"ENV_{k}": v for k, v in self.environment.items()})
            self.user = self.user or own.known("user")
        groups = self._groups(base)
        ranked: list[tuple[int, int, list[Process]]] = []
        for section in self.ini.sections.values():
            kind = next((k for k in KINDS if section.name.startswith(k)), "")
            if kind:
                name = section.name.removeprefix(kind).strip()
                group, rank = groups.get(name, (name, None)) if kind != "eventlistener:" else (name, None)
                names = replace(base, values=base.values | {"program_name": name, "group_name": group})
                read = _Section(section, dict(self.ini.options(section.name)), names, self.gaps)
                priority = read.number("priority", LISTENER_PRIORITY if kind == "eventlistener:" else PRIORITY)
                made = self._programs(read, kind, name, group)
                ranked.append((priority if rank is None else rank, priority, made))
        ranked.sort(key=lambda r: r[:2])
        ordered = _in_order(ranked)
        if not ordered and not self.gaps:
            self.gaps.append(Gap("supervisord's configuration names no program", self.process.evidence))
        return [*started_by_programs(ordered, self.process, self.image, self.gaps), *self.gaps]

    def _groups(self, base: Names) -> dict[str, tuple[str, int]]:
        """Each program's group and that group's priority, for the programs that a [group:x] names."""
        groups: dict[str, tuple[str, int]] = {}
        for section in self.ini.named("group:"):
            read = _Section(section, dict(self.ini.options(section.name)), base, self.gaps)
            group = section.name.removeprefix("group:").strip()
            for program in (p.strip() for p in read.text("programs").split(",")):
                if not {f"program:{program}", f"fcgi-program:{program}"} & self.ini.sections.keys():
                    read.wrong("programs", f"names the unknown program {readable(program)}")
                groups[program] = (group, read.number("priority", PRIORITY))
        return groups

    def _environment(self, read: _Section) -> dict[str, str]:
        pairs, problem = dict_of_key_value_pairs(read.text("environment"))
        if problem:
            read.wrong("environment", problem)
        return pairs

    def _programs(self, read: _Section, kind: str, name: str, group: str) -> list[Process]:
        count, first = read.number("numprocs", 1), read.number("numprocs_start", 0)
        if count > MAX_PROCS:
            read.wrong("numprocs", f"{count} processes; {MAX_PROCS} are taken")
        numbers = range(first, first + min(count, MAX_PROCS))
        made = [p for n in numbers[:2] if (p := self._program(read, kind, name, group, n, count))]
        if len(made) < 2:
            return made
        made += [p for n in numbers[2:] if (p := self._program(read, kind, name, group, n, count))]
        # Instances that differ in the names of their log files only are one program, started more than once.
        if len({repr(replace(p, name=name, logs=())) for p in made}) == 1:
            logs = tuple(dict.fromkeys(log for p in made for log in p.logs))
            return [replace(made[0], name=name, logs=logs, instances=len(numbers))]
        return made

    def _program(self, shared: _Section, kind: str, name: str, group: str, number: int, count: int) -> Process | None:
        values = {**shared.names.values, "process_num": number, "numprocs": count}
        read = _Section(shared.section, shared.options, Names(values), self.gaps)
        own = self._environment(read)
        values |= {f"ENV_{k}": v for k, v in own.items()}
        try:
            argv = split_command(read.text("command"))
        except ValueError as error:
            read.wrong("command", f"cannot be taken apart: {error}")
            return None
        if not argv:
            read.wrong("command", "is missing")
            return None
        env = {**self.environment, **own}
        notes = self._notes(read, kind, name, group)
        if argv[0].endswith("pidproxy") and len(argv) > 2:
            notes.append(f"pidproxy passed signals on to the process named in {readable(argv[1])}")
            argv = argv[2:]
        restart = {"unexpected": "on-failure"}.get(read.text("autorestart", "unexpected").lower())
        if restart is None:
            restart = "always" if read.flag("autorestart", True) else "no"
        job = restart != "always" and read.number("startsecs", 1) == 0
        placed = read.text("process_name", name) if count > 1 else name
        directory = read.known("directory")
        off = "" if read.flag("autostart", True) else f"autostart=false; supervisorctl start {_spec(group, name)}"
        process = Process(
            name=readable(placed),
            command=Command(tuple(readable(w) for w in argv), shell_line(argv, env)),
            evidence=replace(read.at(), note="" if kind == "program:" else kind.rstrip(":")),
            lifetime="job" if job and restart == "no" else "service",
            env={k: v for k, v in env.items() if OPEN not in v},
            user=read.known("user") or self.user,
            workdir=normal(posixpath.join(folder(self.process, self.image), directory)) if directory else "",
            restart=restart if "autorestart" in read.options else "",
            stop_signal=self._stop_signal(read),
            stop_timeout=float(read.number("stopwaitsecs", 10)) if "stopwaitsecs" in read.options else None,
            logs=self._logs(read),
            off=off,
            notes=tuple(notes),
        )
        if any("{{" in word for word in argv):
            read.wrong("command", "a placeholder is filled in when the container starts")
        return process

    def _notes(self, read: _Section, kind: str, name: str, group: str) -> list[str]:
        notes = [f"in supervisord's group {group}"] if group != name else []
        if kind == "eventlistener:":
            notes.append(f"an event listener of supervisord ({read.text('events')})")
        if kind == "fcgi-program:":
            notes.append(f"supervisord opens {read.text('socket')} and hands it over as the program's standard input")
        if read.flag("stopasgroup", False) or read.flag("killasgroup", False):
            notes.append("supervisord signals its whole process group")
        if "umask" in read.options:
            notes.append(f"umask {read.text('umask')}")
        return [readable(n) for n in notes]

    def _stop_signal(self, read: _Section) -> str:
        # supervisord's own default is TERM, whatever signal the image gives to supervisord itself.
        name = read.text("stopsignal") or ("TERM" if self.process.stop_signal else "")
        if name.isdecimal():
            known = [s.name for s in signal.Signals if s.value == int(name)]
            name = known[0] if known else name
        name = name.upper()
        full = name if name.startswith("SIG") or not name else f"SIG{name}"
        if full and full not in signal.Signals.__members__:
            read.wrong("stopsignal", f"{readable(name)!r} is no signal")
            return ""
        return full

    def _logs(self, read: _Section) -> tuple[str, ...]:
        keys = ["stdout_logfile"] if read.flag("redirect_stderr", False) else ["stdout_logfile", "stderr_logfile"]
        paths = [readable(read.text(key)) for key in keys]
        files = [p for p in paths if p and p.lower() not in NO_FILE and not p.startswith(("/dev/", "/proc/"))]
        return tuple(dict.fromkeys(normal(posixpath.join(folder(self.process, self.image), p)) for p in files))


def _spec(group: str, name: str) -> str:
    return name if group == name else f"{group}:{name}"


def _in_order(ranked: list[tuple[int, int, list[Process]]]) -> list[Process]:
    """The programs by priority; each is started after those of the next lower priority, listeners left aside."""
    ordered: list[Process] = []
    before: tuple[str, ...] = ()
    level: tuple[int, int] | None = None
    names: list[str] = []
    for group, own, made in ranked:
        if (group, own) != level:
            before, names, level = tuple(names) or before, [], (group, own)
        for program in made:
            listener = program.evidence.note == "eventlistener"
            ordered.append(program if listener else replace(program, after=before))
            if not (listener or program.off):
                names.append(program.name)
    return ordered
