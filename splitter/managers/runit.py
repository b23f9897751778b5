"""runsvdir starts a runsv for every folder it finds, and runsv keeps the folder's `run` up, from inside the folder.

`down` keeps a service from starting, `log/run` gets its output, `finish` runs after it, `control/t` instead of TERM,
`check` tells whether it is up; `sv` commands in the run scripts say what waits for what. Sources: runsvdir(8),
runsv(8), sv(8), runit(8), and for the names that are passed over runsvdir.c.
"""

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from splitter.catalogue import peel
from splitter.managers import _scripts
from splitter.managers._keep import Kept, Member, placed, programs
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal
from splitter.shell.calls import Call, Trace

MAX_SERVICES = 1000  # runsvdir.c
FOLDER = "/etc/service"
# Where Debian's package keeps what /etc/service leads to; the link is made when the package is installed.
BEHIND = ("/etc/runit/runsvdir/current", "/etc/runit/runsvdir/default", "/var/service", "/service")
STARTERS = ("runit-docker", "runsvdir-docker")
STARTS = frozenset(("start", "up", "u", "once", "o", "restart", "force-restart", "check"))
SIGNALS = {"h": "SIGHUP", "a": "SIGALRM", "i": "SIGINT", "q": "SIGQUIT", "1": "SIGUSR1", "2": "SIGUSR2", "t": "SIGTERM",
           "k": "SIGKILL"}  # fmt: skip
CONTROLS = "ducpahiq12tkx"
# runsvdir leaves its services behind when it gets TERM (runsvdir(8)), so they are told to end after it; how long they
# may take is the container's to say.
BASE = "base image"  # where the files of one that is not at hand are from
KEEP = """kept=$(mktemp -d)
LINES
trap 'kill "$dir"; sv -w 600 force-shutdown "$kept"/*; exit 0' TERM INT
runsvdir -P "$kept" &
dir=$!
wait "$dir"
"""


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    if len(argv) > 1 and posixpath.basename(argv[0]) == "busybox":
        argv = argv[1:]
    name = posixpath.basename(argv[0]) if argv else ""
    workdir = process.workdir or image.config.workdir or "/"
    if name == "runsvdir":
        words = argv[2:] if argv[1:2] and argv[1][:2] in ("-P", "--") else argv[1:]
        return _Folder(words[0], process, image).services() if words else None
    if name == "runsv" and len(argv) == 2:
        path = normal(posixpath.join(workdir, argv[1]))
        return _Folder(posixpath.dirname(path), process, image).linked([posixpath.basename(path)])
    if name == "runsvdir-start":
        # Debian's: `exec env - PATH=$PATH runsvdir -P /etc/service`.
        notes = ("runsvdir-start hides the container's environment from it",)
        return _Folder(_started(argv[0], process, image), process, image, notes).services()
    if name in STARTERS and image.which(argv[0], workdir) is None:
        return _Folder(FOLDER, process, image).services()
    if name in ("runit", "runit-init") and len(argv) == 1:
        return _stages(process, image)
    return None


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """runsvdir on a folder of links to these services; `sv` reaches them where they always were."""
    folders = {m.name: posixpath.dirname(m.unit.evidence.path) for m in programs(members)}
    lines = placed(programs(members), lambda m: folders[m.name])
    lines.append(f'ln -s {" ".join(map(shlex.quote, dict.fromkeys(folders.values())))} "$kept"')
    text = KEEP.replace("LINES", "\n".join(lines)).rstrip()
    if posixpath.basename(process.command.argv[0]) == "busybox":
        text = text.replace("\nrunsvdir", "\nbusybox runsvdir").replace(" sv -w", " busybox sv -w")
    return Kept(("/bin/sh", "-c", text))


def _started(program: str, process: Process, image: Image) -> str:
    """The folder that a script at hand gives to runsvdir; the usual one where it gives none, or is not at hand."""
    path = image.which(program, process.workdir or image.config.workdir or "/")
    env = {**image.config.env, **process.env}
    for call in _scripts.calls(_scripts.trace(path, image, env) if path else None):
        meant = peel(call.argv)
        if meant is not None and meant.name == "runsvdir":
            return next((w for w in meant.args if not w.startswith("-")), FOLDER)
    return FOLDER


def _stages(process: Process, image: Image) -> list[Process | Gap]:
    """runit(8): /etc/runit/1 once, then /etc/runit/2, which starts runsvdir; /etc/runit/3 at the end."""
    found: list[Process | Gap] = []
    for stage in ("1", "2", "3"):
        path = f"/etc/runit/{stage}"
        if not image.is_file(path):
            if stage != "3":
                found.append(image.missing(path, f"runit's stage {stage} is needed and not in the image"))
        elif stage == "3":
            found.append(Gap("runit runs this when the container stops; no service does", Evidence(path)))
        else:
            started = Process(f"stage-{stage}", Command((path,)), Evidence(path))
            found.append(replace(started, lifetime="job") if stage == "1" else started)
    if not image.is_file("/etc/runit/2"):
        found += _Folder(FOLDER, process, image).services()
    return found


@dataclass
class _Folder:
    """A folder of services."""

    written: str
    process: Process
    image: Image
    notes: tuple[str, ...] = ()
    gaps: list[Gap] = field(default_factory=list)

    def services(self) -> list[Process | Gap]:
        workdir = self.process.workdir or self.image.config.workdir or "/"
        if "$" in self.written:
            return [
                Gap(f"runsvdir {self.written}: which folder that is shows only when it runs", self.process.evidence)
            ]
        path = normal(posixpath.join(workdir, self.written))
        behind = [p for p in BEHIND if self.image.is_dir(p)]
        if not self.image.is_dir(path) and path == FOLDER and behind:
            self.gaps.append(self.image.missing(path, f"taken as a link to {behind[0]}, as Debian's package makes it"))
            path = behind[0]
        if not self.image.is_dir(path):
            return [*self.gaps, self.image.missing(path, "runsvdir starts what stands in this folder")]
        self.written = path
        more = next((p for p in behind[:1] if path == FOLDER and self.stands_in(path)), "")
        if more:
            # The base is known by its name alone: its folder is the link that Debian's package makes.
            self.gaps.append(self.image.missing(path, f"taken as a link to {more}, as Debian's package makes it"))
        names = [n for n in self.image.names(path) if not n.startswith(".")]
        if not names:
            self.gaps.append(self.image.missing(path, "runsvdir finds no service in this folder"))
        if len(names) > MAX_SERVICES:
            self.gaps.append(Gap(f"runsvdir starts {MAX_SERVICES} services at most", Evidence(path)))
        own = self.linked(names[:MAX_SERVICES])
        return [*own, *_Folder(more, self.process, self.image, self.notes).services()] if more else own

    def stands_in(self, path: str) -> bool:
        """Whether all that is in a folder is what we say of a base image that is not at hand."""
        inside = [self.image.node(f"{path}/{name}/run") for name in self.image.names(path)]
        return bool(inside) and all(n is not None and n.origin and n.origin.path.startswith(BASE) for n in inside)

    def linked(self, names: list[str]) -> list[Process | Gap]:
        """The services by these names; one that two links lead to is started once (runsvdir.c compares inodes)."""
        path = self.written
        found: list[Process] = []
        seen: set[str] = set()
        for name in names:
            here = posixpath.join(path, name)
            real = self.image.resolve(here)
            if isinstance(real, Gap):
                self.gaps.append(real)
            elif self.image.node(here) is None:
                self.gaps.append(self.image.missing(here, f"leads to {real}, which is not in the image"))
            elif self.image.is_dir(here) and real not in seen:
                seen.add(real)
                found += self._service(name, here, real)
        return [*_ordered(found, self.process, self.image, self.gaps), *self.gaps]

    def _service(self, name: str, folder: str, real: str) -> Iterator[Process]:
        main = self._run(name, folder, real)
        if main is None:
            return
        if self.image.node(f"{folder}/down") is not None:
            main = replace(main, off=f"down file; sv start {name}")
        for script, meaning in (("finish", "runs each time it has ended"), ("check", "says whether it is up")):
            if self._starts(f"{folder}/{script}"):
                main = replace(main, notes=(*main.notes, f"{folder}/{script} {meaning}"))
        if self._ends(f"{folder}/finish", real):
            main = replace(main, restart="no")
        yield self._controlled(main, folder, real)
        if self.image.is_dir(f"{folder}/log"):
            logger = self._run(f"{name}-log", f"{folder}/log", self._real(f"{folder}/log"))
            if logger is not None:
                yield replace(logger, off=main.off, notes=(*logger.notes, f"a logger of {name}"))

    def _run(self, name: str, folder: str, real: str) -> Process | None:
        path = f"{folder}/run"
        node = self.image.node(path)
        if node is None or node.kind == "dir":
            self.gaps.append(self.image.missing(path, f"runsv cannot start {name}: it has no run file"))
            return None
        if not node.executable:
            self.gaps.append(Gap(f"runsv cannot start {name}: its run file is not executable", Evidence(path)))
            if self.image.complete or node.kind != "file":
                return None
        return Process(name, Command((path,)), Evidence(path), workdir=real, restart="always", notes=self.notes)

    def _real(self, path: str) -> str:
        real = self.image.resolve(path)
        return path if isinstance(real, Gap) else real

    def _starts(self, path: str) -> bool:
        node = self.image.node(path)
        return node is not None and node.kind == "file" and node.executable

    def _trace(self, path: str, cwd: str) -> Trace | None:
        env = {**self.image.config.env, **self.process.env}
        return _scripts.trace(path, self.image, env, cwd) if self._starts(path) else None

    def _ends(self, path: str, real: str) -> bool:
        """Whether a finish script keeps the service from starting again."""
        for call in _scripts.calls(self._trace(path, real)):
            said = _sv(call)
            if said and said[0][:1] in "dxo" and _scripts.certain(call):
                return True
        return False

    def _controlled(self, service: Process, folder: str, real: str) -> Process:
        """With what the scripts of `control` do instead of a signal."""
        notes = list(service.notes)
        stop = ""
        for letter in CONTROLS:
            path = f"{folder}/control/{letter}"
            if not self._starts(path):
                continue
            sent = next((s for c in _scripts.calls(self._trace(path, real)) if (s := _sent(c))), "")
            if letter == "t" and sent:
                stop = sent
            else:
                notes.append(f"{path} runs instead of {SIGNALS.get(letter, 'the command ' + letter)}")
        return replace(service, stop_signal=stop, notes=tuple(notes))


def _sent(call: Call) -> str:
    """The signal that a call of kill or sv sends."""
    argv = call.argv
    if said := _sv(call):
        return SIGNALS.get(said[0][:1], "")
    if posixpath.basename(argv[0]) in ("kill", "pkill", "killall") and len(argv) > 1:
        word = argv[2] if argv[1] == "-s" and len(argv) > 2 else argv[1]
        name = word.lstrip("-").upper().removeprefix("SIG")
        numbers = {"1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "10": "USR1", "12": "USR2", "15": "TERM"}
        name = numbers.get(name, name)
        return f"SIG{name}" if name.isalnum() and not name.isdigit() else ""
    return ""


def _sv(call: Call) -> tuple[str, ...]:
    """The command that sv is given, and the services; () for any other call."""
    argv = list(call.argv)
    if posixpath.basename(argv[0]) != "sv":
        return ()
    del argv[0]
    while argv and argv[0].startswith("-"):
        del argv[: 2 if argv[0] == "-w" else 1]
    return tuple(argv)


def _ordered(services: list[Process], process: Process, image: Image, gaps: list[Gap]) -> list[Process]:
    """With the order that `sv start x` in a run script asks for; what one that runs starts is not down any more."""
    found = {s.name: s for s in services}
    env = {**image.config.env, **process.env}
    waiting = [s for s in services if not s.off]
    read: set[str] = set()
    while waiting:
        one = waiting.pop(0)
        text = image.read(one.command.argv[0]) if one.name not in read else None
        read.add(one.name)
        if not isinstance(text, str) or "sv" not in text:
            continue
        for call in _scripts.calls(_scripts.trace(one.command.argv[0], image, env, one.workdir)):
            said = _sv(call)
            if not said or said[0] not in STARTS or call.off:
                continue
            for word in said[1:]:
                name = posixpath.basename(word.rstrip("/"))
                if name not in found:
                    at = Evidence(call.path, call.line)
                    gaps.append(Gap(f"sv {said[0]} {word}: there is no such service", at))
                elif name != one.name:
                    now = found[one.name]
                    found[one.name] = replace(now, after=tuple(dict.fromkeys((*now.after, name))))
                    if found[name].off and said[0] != "check":
                        note = f"started by {one.name} ({call.path}:{call.line})"
                        found[name] = replace(found[name], off="", notes=(*found[name].notes, note))
                        waiting.append(found[name])
    return [found[s.name] for s in services]
