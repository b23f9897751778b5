"""phusion's my_init runs /etc/my_init.d/* and /etc/rc.local in order, then runit on /etc/service and one main command.

Each file of /etc/container_environment is a variable of all of them, those that a startup file writes there too; a
startup file that fails ends the boot. Source: image/bin/my_init of phusion/baseimage-docker.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.catalogue import match, peel
from splitter.managers import _envdir, _scripts
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, Node

STARTUP, LOCAL = "/etc/my_init.d", "/etc/rc.local"
ENVIRONMENT = "/etc/container_environment"
SHUTDOWN = ("/etc/my_init.pre_shutdown.d", "/etc/my_init.post_shutdown.d")
RUNIT = ("/usr/bin/runsvdir", "-P", "/etc/service")
SKIP_STARTUP, SKIP_RUNIT = "--skip-startup-files", "--skip-runit"
# So noted, a script is not taken apart: it is dropped as a whole.
WHOLE = "run as it is, for sshd or syslog only"
OPTIONS = (SKIP_STARTUP, SKIP_RUNIT, "--no-kill-all-on-exit", "--no-main-command", "--quiet", "--enable-insecure-key")


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    words = _arguments(process.command.argv, image)
    if words is None or {"-h", "--help"} & set(words[: words.index("--") if "--" in words else len(words)]):
        return None
    options, command, wrong = _options(words)
    started = _Started(process, image)
    started.gaps += [
        Gap(f"my_init does not know the option {w}; a command with options stands after --", process.evidence)
        for w in wrong
    ]
    if SKIP_RUNIT in options and not command:
        started.gaps.append(Gap("my_init does not start: --skip-runit needs a command", process.evidence))
    if SKIP_STARTUP not in options:
        started.startup()
    if SKIP_RUNIT not in options:
        started.add(Process("runit", Command(RUNIT), process.evidence))
    if command:
        meant = peel(command)
        started.add(Process(meant.name if meant else command[0], Command(command), process.evidence))
    started.shutdown()
    return [*started.found, *started.gaps]


def _arguments(argv: tuple[str, ...], image: Image) -> tuple[str, ...] | None:
    """my_init's own words; None where the command is not phusion's my_init, or another script of that name."""
    if argv and posixpath.basename(argv[0]).startswith("python"):
        argv = argv[1:]
        while argv and argv[0].startswith("-"):
            argv = argv[1:]
    if not argv or posixpath.basename(argv[0]) != "my_init":
        return None
    path = image.which(argv[0])
    text = image.read(path) if path else None
    if isinstance(text, str):
        shell = posixpath.basename(text.split("\n", 1)[0].split(" ")[0].removeprefix("#!")) in _scripts.SHELLS
        if shell or "my_init.d" not in text or "runsvdir" not in text:
            return None
    return argv[1:]


def _options(words: tuple[str, ...]) -> tuple[set[str], tuple[str, ...], list[str]]:
    """The options as argparse reads them (a beginning is enough), the main command, and what it would refuse."""
    options: set[str] = set()
    command: list[str] = []
    wrong: list[str] = []
    for at, word in enumerate(words):
        if word == "--":
            command += words[at + 1 :]
            break
        meant = [o for o in OPTIONS if o.startswith(word)] if word.startswith("--") else []
        if meant:
            options.add(meant[0])
        else:
            wrong += [word] if word.startswith("-") else []
            command.append(word)
    return options, tuple(command), wrong


def plumbing(path: str) -> bool:
    """Whether a script is one of the base's own, and serves only what a split drops (host keys of sshd, syslog)."""
    known = match((path,))
    return known is not None and known.role == "drop"


@dataclass
class _Started:
    """What one my_init starts, and what the startup files that came before have set and written."""

    process: Process
    image: Image
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, Node | None] = field(default_factory=dict)
    found: list[Process] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def __post_init__(self) -> None:
        given = self.given
        for name, value in self._variables(self.image).items():
            # At the start the container's own environment is stronger; it is then written over the files.
            if name not in given:
                self.env[name] = value

    @property
    def given(self) -> Mapping[str, str]:
        return {**self.image.config.env, **self.process.env}

    def add(self, process: Process, job: bool = False) -> None:
        self.found.append(
            Process(
                process.name,
                process.command,
                process.evidence,
                lifetime="job" if job else "service",
                notes=process.notes,
                env=dict(self.env),
                files=dict(self.files),
            )
        )

    def _variables(self, image: Image) -> dict[str, str]:
        read = _envdir.read(ENVIRONMENT, image, whole=True)
        self.gaps += [g for g in read.gaps if g not in self.gaps]
        return {**read.values, **dict.fromkeys(read.removed, "")}

    def startup(self) -> None:
        names = [n for n in self.image.names(STARTUP) if self.image.is_file(posixpath.join(STARTUP, n))]
        for path in (*(posixpath.join(STARTUP, n) for n in names), LOCAL):
            node = self.image.node(path)
            if node is None or node.kind != "file":
                continue
            if not node.executable:
                if path != LOCAL or not self.image.complete:
                    self.gaps.append(Gap("my_init passes over it: it is not executable", Evidence(path)))
                if self.image.complete:
                    continue
            notes = (WHOLE,) if plumbing(path) else ()
            self.add(Process(posixpath.basename(path), Command((path,)), Evidence(path), notes=notes), job=True)
            if not notes:
                self._after(path)

    def _after(self, path: str) -> None:
        """Take over what a startup file writes: variables for all that follows, and files."""
        image = self.image.with_files(self.files)
        cwd = self.process.workdir or self.image.config.workdir or "/"
        trace = _scripts.trace(path, image, {**self.given, **self.env}, cwd)
        changes = _scripts.written(trace, image)
        self.files.update(changes)
        for file in changes:
            name = posixpath.basename(file)
            text = _envdir.contents(file, image.with_files(changes))
            if posixpath.dirname(file) == ENVIRONMENT and isinstance(text, str):
                self.env[name] = text.removesuffix("\n")
        for call in _scripts.calls(trace):
            for redirect in call.redirects:
                file = redirect.target.text if redirect.target and ">" in redirect.op else ""
                name = posixpath.basename(file)
                known = name in self.env and isinstance(_envdir.contents(file, image.with_files(changes)), str)
                if posixpath.dirname(file) == ENVIRONMENT and not known:
                    what = f"sets {name} for all that starts later, to what only running tells"
                    self.gaps.append(Gap(what, Evidence(call.path, call.line)))

    def shutdown(self) -> None:
        for folder in SHUTDOWN:
            for name in self.image.names(folder):
                path = posixpath.join(folder, name)
                node = self.image.node(path)
                if node is not None and node.kind == "file" and node.executable and not plumbing(path):
                    self.gaps.append(Gap("my_init runs this when the container stops; no service does", Evidence(path)))
