"""circusd starts the watchers of its INI file, `numprocesses` of each, and hands them the sockets that it opens.

Variables are `$(circus.env.NAME)`, `$(circus.wid)` and `$(circus.sockets.NAME)`; the sections `[env:a,b*]` set the
environment, which is the container's only with `copy_env` (circus/config.py and process.py of 0.19).
"""

import fnmatch
import posixpath
import shlex
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from splitter.managers import _circus, _circus_part
from splitter.managers._ini import Ini, Option, Section
from splitter.managers._keep import Kept, Member, programs
from splitter.managers._launch import environment, module_of, shell, under, unfronted
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

VALUED = frozenset(("--log-level", "--log-output", "--logger-config", "--pidfile"))
TRUE = ("1", "true", "yes", "on")
MAX_PROCESSES = 200


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    path = _configured(process, image)
    return _Circus(path, process, image).children() if path else None


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """circusd itself, with a configuration that has these watchers alone and stands where the whole one does."""
    path = _configured(process, image)
    circus = _Circus(path, process, image)
    if not path or circus.read() is not None:
        return None
    return _circus_part.part(circus.ini, path, programs(members), process.command.argv)


def _configured(process: Process, image: Image) -> str:
    """The configuration that a circusd is started with; "" for any other command."""
    args = _arguments(unfronted(process.command.argv))
    words, at = list[str](), 0
    while args is not None and at < len(args):
        word = args[at]
        at += 1
        if word in ("--version", "-h", "--help"):
            return ""
        if word in VALUED:
            at += 1
        elif not word.startswith("-"):
            words.append(word)
    return under(process, image, words[0]) if words else ""


def _arguments(argv: tuple[str, ...]) -> tuple[str, ...] | None:
    if not argv:
        return None
    if posixpath.basename(argv[0]) == "circusd":
        return argv[1:]
    module = module_of(argv)
    if module is not None and module[0] in ("circus.circusd", "circus"):
        return module[1]
    interpreter = posixpath.basename(argv[0]).startswith("python")
    return argv[2:] if interpreter and len(argv) > 1 and posixpath.basename(argv[1]) == "circusd" else None


@dataclass
class _Circus:
    """One circusd with its configuration."""

    path: str
    process: Process
    image: Image
    gaps: list[Gap] = field(default_factory=list)
    ini: Ini = field(default_factory=Ini)
    env: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)

    def children(self) -> list[Process | Gap]:
        if (unread := self.read()) is not None:
            return [unread]
        for path, line, what in self.ini.errors:
            self.gaps.append(Gap(f"circus cannot read this line: {what}", Evidence(path, line)))
        self.env = environment(self.process, self.image)
        self.own = {k: _circus.filled(o.value, self.env) for k, o in self.ini.options("env").items()}
        self.env |= self.own
        found: list[tuple[int, Process]] = []
        for section in self.ini.named("watcher:"):
            if section.options:
                found += self.watcher(section)
        found.sort(key=lambda pair: -pair[0])
        for section in self.ini.named("plugin:"):
            use = section.options.get("use")
            self.gaps.append(
                Gap(f"circus's plugin {use.value if use else section.name} runs within circus and has no place here",
                    Evidence(section.path, section.line))
            )  # fmt: skip
        if not found and not self.gaps:
            self.gaps.append(Gap("circus's configuration names no watcher", Evidence(self.path)))
        return [*(process for _, process in found), *self.gaps]

    def read(self) -> Gap | None:
        """Read the configuration; a gap where it is not at hand."""
        text = self.image.read(self.path)
        if not isinstance(text, str):
            return text or self.image.missing(self.path, "circus's configuration is not in the image")
        _circus.read(text, self.path, self.ini)
        self.include()
        return None

    def include(self) -> None:
        circus = self.ini.options("circus")
        patterns: list[tuple[str, Option]] = []
        for name, tail in (("include", ""), ("include_dir", "/*.ini")):
            option = circus.get(name)
            given = environment(self.process, self.image)
            for word in _circus.filled(option.value, given).split() if option else ():
                patterns += [(word + tail, option)] if option else []
        for pattern, option in patterns:
            paths = self.image.glob(normal(posixpath.join(posixpath.dirname(self.path), pattern)))
            if not paths:
                self.gaps.append(Gap(f"circus finds no file {pattern}", Evidence(option.path, option.line)))
            for path in paths:
                text = self.image.read(path)
                if isinstance(text, str):
                    _circus.read(text, path, self.ini)
                elif text is not None:
                    self.gaps.append(text)

    def watcher(self, section: Section) -> list[tuple[int, Process]]:
        """The processes of one watcher, each with its priority (the higher starts first)."""
        name = section.name.removeprefix("watcher:")
        late = {k: o.value for k, o in self.environment(name).items()}
        env = {**self.env, **late}
        late = {k: _circus.filled(v, env) for k, v in late.items()}
        read = _Watcher(section, {**self.env, **late}, self.gaps)
        if not read.text("cmd"):
            read.wrong("cmd", "is missing")
            return []
        count = read.number("numprocesses", read.number("numprocs", 1))
        count = 1 if read.flag("singleton") else count
        if count > MAX_PROCESSES:
            read.wrong("numprocesses", f"{count} processes; {MAX_PROCESSES} are taken")
        count = min(count, MAX_PROCESSES)
        different = "wid" in _circus.variables(read.raw("cmd") + read.raw("args"))
        made: list[tuple[int, Process]] = []
        for wid in range(1, max(count, 1) + 1) if different else (1,):
            process = self.program(read, name if not different or count < 2 else f"{name}-{wid}", late, wid)
            if process is not None:
                if not different and count > 1:
                    process = replace(process, instances=count)
                made.append((read.number("priority", 0), process))
        return made

    def environment(self, name: str) -> dict[str, Option]:
        """What the `[env:...]` sections say for a watcher, the later over the earlier."""
        found: dict[str, Option] = {}
        for section in self.ini.named("env:"):
            patterns = [p.strip() for p in section.name.removeprefix("env:").split(",")]
            if any(fnmatch.fnmatch(name, p) for p in patterns):
                found |= section.options
        return found

    def program(self, read: "_Watcher", name: str, late: Mapping[str, str], wid: int) -> Process | None:
        notes: list[str] = []
        values = {"wid": str(wid), **self.sockets(read, notes)}
        directory = read.text("working_dir")
        values |= {"working_dir": directory, "shell": str(read.flag("shell"))}
        command = _circus.put(read.text("cmd"), values)
        args = _circus.put(read.text("args"), values)
        try:
            words = (*shlex.split(command), *shlex.split(args))
        except ValueError as error:
            read.wrong("cmd", f"cannot be taken apart: {error}")
            return None
        if not words:
            return None
        argv = shell(" ".join(map(shlex.quote, words))) if read.flag("shell") else words
        words = _without_descriptors(tuple(argv), read.socket_of, self.sockets_as_told(), notes)
        for unknown in dict.fromkeys(v for word in words for v in _circus.variables(word)):
            variable = unknown.removeprefix("env.").upper() if unknown.startswith("env.") else unknown
            read.wrong("cmd", f"needs {variable}, known only when circus runs")
        late_words = [_circus.open_variables(word) for word in words]
        run: tuple[str, ...] = ()
        if any(plain != word for (plain, _), word in zip(late_words, words, strict=True)):
            words = tuple(plain for plain, _ in late_words)
            run = ("/bin/sh", "-c", " ".join(("exec", *(line for _, line in late_words))))
        if not read.flag("copy_env"):
            notes.append("circus gives it only the variables of its own configuration, not the container's")
        for option in read.section.options:
            if option.startswith("hooks."):
                hook = option.removeprefix("hooks.")
                read.wrong(option, f"the hook {hook} runs within circus and has no place here")
        uid, gid = read.text("uid"), read.text("gid")
        timeout = read.text("graceful_timeout")
        return Process(
            name=name,
            command=Command(words, run),
            evidence=read.at(),
            env={**self.own, **late},
            user=f"{uid}:{gid}" if uid and gid else uid,
            workdir=under(self.process, self.image, directory) if directory else "",
            restart="" if read.flag("respawn", True) else "no",
            stop_signal=read.signal() or ("SIGTERM" if self.process.stop_signal else ""),
            stop_timeout=float(timeout) if timeout.replace(".", "", 1).isdecimal() else None,
            logs=self.logs(read),
            off=""
            if read.flag("autostart", True)
            else f"autostart = false; circusctl start {read.section.name.removeprefix('watcher:')}",
            notes=tuple(notes),
        )

    def sockets(self, read: "_Watcher", notes: list[str]) -> dict[str, str]:
        """The variables of the sockets that circus opens; their descriptors are numbers that only it knows."""
        found: dict[str, str] = {}
        for section in self.ini.named("socket:"):
            name = section.name.removeprefix("socket:").lower()
            host, port = (section.options.get(k) for k in ("host", "port"))
            path = section.options.get("path")
            where = _circus.filled(path.value, self.env) if path else ":".join(
                _circus.filled(o.value, self.env) for o in (host, port) if o)  # fmt: skip
            if f"sockets.{name}" in _circus.variables(read.raw("cmd") + " " + read.raw("args")):
                at = f"{section.path}:{section.line}"
                notes.append(f"circus opens the socket {name} ({where}, {at}) and hands it over as a file descriptor")
                found[f"sockets.{name}"] = f"$(circus.sockets.{name})"
                read.socket_of[f"$(circus.sockets.{name})"] = name
        return found

    def sockets_as_told(self) -> dict[str, dict[str, str]]:
        """The options of every socket by its name, with the variables of the environment put in."""
        return {
            s.name.removeprefix("socket:").lower(): {k: _circus.filled(o.value, self.env) for k, o in s.options.items()}
            for s in self.ini.named("socket:")
        }

    def logs(self, read: "_Watcher") -> tuple[str, ...]:
        found = []
        for stream in ("stdout_stream", "stderr_stream"):
            kind, file = read.text(f"{stream}.class"), read.text(f"{stream}.filename")
            if file and not file.startswith(("/dev/", "/proc/")) and not kind.endswith("StdoutStream"):
                found.append(under(self.process, self.image, file))
        return tuple(dict.fromkeys(found))


def _without_descriptors(
    words: tuple[str, ...], sockets: Mapping[str, str], told: Mapping[str, Mapping[str, str]], notes: list[str]
) -> tuple[str, ...]:
    """Words of servers that take a descriptor (`--fd 3`) as the address that it stands for."""
    made = list(words)
    for variable, name in sockets.items():
        values = told.get(name, {})
        for at, word in enumerate(made):
            if variable not in word:
                continue
            flag, equals, value = word.partition("=")
            front = at - 1 if not equals else at
            program = " ".join(made[:at])
            address = _address(program, made[front] if not equals else flag, values)
            if address and (value if equals else word).removeprefix("fd://") == variable:
                made[front : at + 1] = address
                notes.append(f"in its place it is told {' '.join(address)}")
                break
    return tuple(made)


def _address(program: str, flag: str, socket: Mapping[str, str]) -> list[str]:
    """How a server is told the address of a socket: uvicorn, hypercorn, gunicorn, chaussette, waitress."""
    path, host, port = socket.get("path", ""), socket.get("host", "localhost"), socket.get("port", "8080")
    if flag == "--fd" and ("uvicorn" in program or "chaussette" in program):
        if path:
            return ["--uds", path] if "uvicorn" in program else ["--host", f"unix:{path}"]
        return ["--host", host, "--port", port]
    if flag in ("-b", "--bind") and ("gunicorn" in program or "hypercorn" in program):
        return [flag, f"unix:{path}" if path else f"{host}:{port}"]
    return []


@dataclass
class _Watcher:
    """The options of one watcher, with the variables of the environment put in."""

    section: Section
    env: Mapping[str, str]
    gaps: list[Gap]
    socket_of: dict[str, str] = field(default_factory=dict)

    def at(self, option: str = "") -> Evidence:
        here = self.section.options.get(option)
        return Evidence(here.path, here.line) if here else Evidence(self.section.path, self.section.line)

    def raw(self, option: str) -> str:
        here = self.section.options.get(option)
        return here.value if here else ""

    def text(self, option: str) -> str:
        return _circus.filled(self.raw(option), self.env)

    def wrong(self, option: str, what: str) -> None:
        gap = Gap(f"[{self.section.name}] {option}: {what}", self.at(option))
        if gap not in self.gaps:
            self.gaps.append(gap)

    def number(self, option: str, default: int) -> int:
        value = self.text(option)
        if not value:
            return default
        if value.lstrip("-").isdecimal() and value.isascii() and len(value) < 10:
            return int(value)
        self.wrong(option, f"{value!r} is not a number")
        return default

    def flag(self, option: str, default: bool = False) -> bool:
        value = self.text(option).lower()
        return value in TRUE if value else default

    def signal(self) -> str:
        value = self.text("stop_signal").strip()
        if not value:
            return ""
        if value.isdecimal():
            value = next((s.name for s in signal.Signals if str(s.value) == value), value)
        name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
        if name in signal.Signals.__members__:
            return name
        self.wrong("stop_signal", f"{value!r} is no signal")
        return ""
