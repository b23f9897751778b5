"""The process of a service unit: its command, and what its settings say of user, environment, folder, logs and end.

Sources: systemd.service(5), systemd.exec(5), systemd.kill(5).
"""

import posixpath
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from splitter.managers import _dotenv
from splitter.managers._supervisor import OPEN, readable, shell_line
from splitter.managers._unit_values import commands, expanded, seconds, specified, split
from splitter.managers._units import Line, Unit
from splitter.managers.sysv import known_daemon
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal
from splitter.shell.arguments import identity

RESTARTS = {"always": "always", "on-success": "always", "on-failure": "on-failure", "on-abnormal": "on-failure",
            "on-abort": "on-failure", "on-watchdog": "on-failure", "no": "no"}  # fmt: skip
NOTHING = ("true", "false", "echo", "sleep")
FOLDERS = {"RuntimeDirectory": "/run", "StateDirectory": "/var/lib", "CacheDirectory": "/var/cache",
           "LogsDirectory": "/var/log", "ConfigurationDirectory": "/etc"}  # fmt: skip
NOTED = ("LimitNOFILE", "LimitNPROC", "LimitMEMLOCK", "Nice", "UMask", "MemoryMax", "RootDirectory", "CPUQuota")
WHEN = {
    "ExecStartPost": "runs after it has started",
    "ExecStop": "runs to stop it",
    "ExecStopPost": "runs after it has ended",
    "ExecCondition": "decides whether it starts",
}


@dataclass
class _Service:
    """One unit with what its values are expanded by."""

    unit: Unit
    image: Image
    env: dict[str, str]
    lacks: bool

    @property
    def specifiers(self) -> dict[str, str]:
        stem = self.unit.stem
        prefix, _, instance = stem.partition("@")
        user = self.unit.one("Service", "User") or "root"
        row = identity(user, "/etc/passwd", self.image)
        home = row[5] if row and len(row) > 5 else "/root" if user == "root" else f"/home/{user}"
        plain = instance.replace("-", "/").replace("\\x2d", "-")
        return {
            "n": self.unit.name, "N": stem, "p": prefix, "i": instance, "I": plain, "f": f"/{plain or prefix}",
            "j": prefix.rpartition("-")[2], "u": user, "U": row[2] if row else "0", "h": home, "t": "/run",
            "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc", "T": "/tmp", "V": "/var/tmp", "%": "%",
        }  # fmt: skip

    def text(self, key: str) -> str:
        return specified(self.unit.one("Service", key), self.specifiers)

    def value(self, name: str) -> str | None:
        """A variable of the service; "" where it is not set, None where a file that may set it is not at hand."""
        return self.env.get(name, None if self.lacks else "")

    def lines(self, key: str) -> Iterator[tuple[list[str], Line]]:
        """The command lines of an Exec setting, as marked words."""
        for line in self.unit.all("Service", key):
            for _, words in commands(specified(line.value, self.specifiers)) or ():
                yield [words[0], *expanded(words[1:], self.value)], line


def _service(unit: Unit, image: Image, process: Process, gaps: list[Gap]) -> _Service:
    made = _Service(unit, image, {}, False)
    given = {**image.config.env, **process.env}
    for line in unit.all("Service", "PassEnvironment"):
        made.env |= {name: given[name] for name in line.value.split() if name in given}
    for line in unit.all("Service", "Environment"):
        for word in split(specified(line.value, made.specifiers)) or ():
            name, equals, text = word.partition("=")
            if equals:
                made.env[name] = text
    for line in unit.all("Service", "EnvironmentFile"):
        path = normal(specified(line.value, made.specifiers).removeprefix("-"))
        content = image.read(path)
        if isinstance(content, str):
            made.env |= _dotenv.read(content)
            continue
        made.lacks = made.lacks or not image.complete
        if isinstance(content, Gap):
            gaps.append(content)
        elif not line.value.startswith("-"):
            missing = image.missing(path, f"{unit.name} reads its environment from {path}")
            gaps.append(Gap(missing.what, Evidence(line.path, line.line)))
    for line in unit.all("Service", "UnsetEnvironment"):
        for name in line.value.split():
            made.env.pop(name, None)
    return made


def process_of(unit: Unit, image: Image, process: Process, gaps: list[Gap]) -> Process | None:
    """The main process of a service unit; None where it has none."""
    service = _service(unit, image, process, gaps)
    found = list(service.lines("ExecStart"))
    known = known_daemon(unit.stem.partition("@")[0], image)
    kind = service.text("Type") or "simple"
    notes = list(_notes(service, kind))
    if not found:
        written = unit.all("Service", "ExecStart")
        at = Evidence(written[0].path, written[0].line) if written else Evidence(unit.path)
        if written or not unit.all("Service", "ExecStop"):
            gaps.append(Gap("a command that cannot be taken apart" if written else f"{unit.name} has no ExecStart", at))
        return None
    words, line = found[-1]
    argv, run = tuple(map(readable, words)), shell_line(words, service.env)
    umbrella = posixpath.basename(argv[0]) == "true"  # as Debian's postgresql.service: a generator makes the others
    if known is None and umbrella:
        return None
    if known is not None and (umbrella or kind == "forking"):
        argv, run, kind = known, (), "simple"
        notes.append("taken in its known foreground form")
    elif kind == "forking":
        notes.append("goes into the background by itself (Type=forking)")
    timeout = seconds(service.text("TimeoutStopSec") or service.text("TimeoutSec"))
    return Process(
        name=unit.stem,
        command=Command(argv, tuple(map(readable, run))),
        evidence=Evidence(line.path, line.line),
        lifetime="job" if kind == "oneshot" else "service",
        env={k: v for k, v in service.env.items() if OPEN not in v and image.config.env.get(k) != v},
        user=_user(service),
        workdir=_workdir(service),
        restart=RESTARTS.get(service.text("Restart").lower(), ""),
        # Without KillSignal it is TERM, whatever signal the image gives to systemd itself.
        stop_signal=_signal(service.text("KillSignal")) or ("SIGTERM" if process.stop_signal else ""),
        stop_timeout=timeout or None,  # 0 stands for no limit
        logs=_logs(service),
        notes=tuple(notes),
    )


def steps(unit: Unit, main: Process, image: Image, process: Process) -> Iterator[Process]:
    """What must be done before a service starts: its folders, its ExecStartPre, the first lines of a oneshot."""
    service = _service(unit, image, process, [])
    yield from _folders(service)
    before = [(f, words, line) for f in ("ExecStartPre",) for words, line in service.lines(f)]
    before += [("ExecStart", words, line) for words, line in list(service.lines("ExecStart"))[:-1]]
    for key, words, line in before:
        program = posixpath.basename(words[0])
        if program in NOTHING or (program == main.command.program and "-t" in words):
            continue  # a server's test of its own configuration
        flags = line.value[: len(line.value) - len(line.value.lstrip("@-:+!|"))]
        root = "+" in flags or "!" in flags
        yield Process(
            name=f"{unit.stem}-{'pre' if key == 'ExecStartPre' else program}",
            command=Command(tuple(map(readable, words)), tuple(map(readable, shell_line(words, service.env)))),
            evidence=Evidence(line.path, line.line),
            lifetime="job",
            env=main.env,
            user="root" if root else main.user,
            workdir=main.workdir,
            notes=(f"{key} of {unit.name}", *(("may fail",) if "-" in flags else ())),
        )


def _folders(service: _Service) -> Iterator[Process]:
    for key, root in FOLDERS.items():
        names = service.text(key).split()
        if names:
            mode = service.text(f"{key}Mode") or "0755"
            user, _, group = _user(service).partition(":")
            owner = ["-o", user, "-g", group or user] if user not in ("", "root") else []
            paths = [posixpath.join(root, name.partition(":")[0]) for name in names]
            line = service.unit.all("Service", key)[-1]
            yield Process(
                name=f"{service.unit.stem}-{key.removesuffix('Directory').lower()}",
                command=Command(("install", "-d", "-m", mode, *owner, *map(normal, paths))),
                evidence=Evidence(line.path, line.line),
                lifetime="job",
                phase="prepare",
                user="root",
                notes=(f"{key} of {service.unit.name}",),
            )


def _user(service: _Service) -> str:
    user, group = service.text("User"), service.text("Group")
    return f"{user}:{group}" if group and user else user


def _workdir(service: _Service) -> str:
    folder = service.text("WorkingDirectory").removeprefix("-")
    if folder == "~":
        folder = service.specifiers["h"]
    # systemd starts everything in / that is told nothing, wherever the image's own folder is.
    return normal(folder) if folder else "/"


def _signal(text: str) -> str:
    name = text.upper()
    if name.isdecimal() and name.isascii() and len(name) < 4:
        return next((s.name for s in signal.Signals if s.value == int(name)), "")
    return name if name in signal.Signals.__members__ else ""


def _logs(service: _Service) -> tuple[str, ...]:
    found = []
    for key in ("StandardOutput", "StandardError"):
        kind, _, path = service.text(key).partition(":")
        if kind in ("file", "append", "truncate") and path and not path.startswith("/dev/"):
            found.append(normal(path))
    return tuple(dict.fromkeys(found))


def _notes(service: _Service, kind: str) -> Iterator[str]:
    if not service.unit.all("Service", "PassEnvironment"):
        yield "systemd hides the container's environment from it"
    if kind in ("notify", "notify-reload"):
        yield "tells systemd that it is ready"
    for key in NOTED:
        if text := service.text(key):
            yield f"{key}={text}"
    for key, said in WHEN.items():
        for line in service.unit.all("Service", key):
            yield f"{line.path}:{line.line} ({key}) {said}"
    if service.text("DynamicUser").lower() in ("yes", "true", "on", "1"):
        yield "systemd makes a user for it (DynamicUser)"
