"""Run an image once in a throw-away container and see what it does.

The container has no way out (an internal network whose name server is itself), no mount of the host, no published
port, and limits on memory, processes, log, disk and time. What the image would run is held back by its own shell until
a probe (probe.sh, through the same shell) listens inside, so that the first process is seen too; then /proc is read
some twenty times a second. An image without a shell is followed by `docker top` from outside. What is added to
a container's rights is SYS_PTRACE, without which nobody may ask which process holds a socket once it has changed its
user, and SYS_PACCT, with which the kernel writes down how each process of this container ends (capabilities(7): it
allows acct(2) and nothing else, and the accounts are those of one PID namespace, in a file of the container's own).
"""

import contextlib
import io
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from splitter.aside import Aside
from splitter.catalogue import looks_secret
from splitter.engine import Container, Engine
from splitter.errors import SplitterError
from splitter.inspection import _ended, _procfs
from splitter.inspection._closed import closed
from splitter.inspection._look import Changes, Inside, Look, Outside, Report
from splitter.inspection._match import same
from splitter.inspection._record import Record
from splitter.model.image import Image
from splitter.model.observation import Observation, Seen, Stopped
from splitter.model.text import printable
from splitter.wire import Closed, Late, Wire

TICK, FAST = 0.05, 0.02  # seconds between two looks; the second while things are new: some rename themselves at once
STATE = DISK = 1.0  # seconds between two questions to the engine
MAX_JOB = 30.0  # how long a job without any news counts as a start that is not over
MAX_BUSY = 15.0  # how long work without any news counts as a start that is not over
FAST_FOR = 0.5
SLOW = 1.0  # seconds for one look
MAX_DEAF = 10.0  # seconds that the engine may take to find what changed before it is asked other things too
PROBES = 3
END = 1.0  # how long a container may take to end after its processes
EARLY = 2  # times that the changed files are asked for before it is sure that it is quiet
MAX_PASSWD, MAX_ACCOUNTS = 1 << 18, 4 << 20  # bytes
SHORTEST = 6  # a shorter value turns up in other words by chance
LOG_LINES, LOG_WIDTH = 8, 300
LOST = "it left no room for the probe inside, or killed it: what came later was not seen"
UNSEEN = "its sockets, open files and environment could not be looked at"
SHELLS = ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/bin/ash", "/bin/dash", "/busybox/sh")
HOLD = 'read -r go; unset go {}; exec "$@" </dev/null'
ADDED = ("PWD", "OLDPWD", "SHLVL")  # what a shell puts into the environment

Jobs = Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Watch:
    """How to watch.

    settle     seconds without news after which it is taken to have come up
    timeout    seconds after which it is watched no longer, whatever it does
    env        variables for the container
    jobs       gives the commands that run to their end: while one is seen, it has not come up, however quiet it is.
               None while they are not known yet, and until then nobody can tell that it has
    memory, disk, processes   limits, in bytes and numbers
    """

    settle: float = 2.0
    timeout: float = 60.0
    env: Mapping[str, str] = field(default_factory=dict)
    jobs: Callable[[], Jobs | None] = tuple
    memory: int = 2 << 30
    disk: int = 2 << 30
    processes: int = 4096


def observe(
    engine: Engine,
    image: Image | str,
    options: Watch | None = None,
    report: Report = lambda _: None,
    use: Callable[[Container, Observation], None] = lambda *_: None,
    network: Aside[str] | None = None,
) -> Observation:
    """What an image that the engine holds does when it is started.

    `report` is told what goes on, in words for a person; `use` gets the container while it still is as it was seen,
    unless it ended by itself; `network` is an engine's network that the caller has begun to make. Raises SplitterError
    where the engine fails or has no such image, and what `jobs` raises; an image that does not start is an Observation
    that ended. The container is removed on every way out, while the program goes on; its end waits for that.
    """
    options = options or Watch()
    name = image if isinstance(image, str) else image.reference.removeprefix("docker-daemon:")
    config = engine.inspect(name).get("Config") or {}
    command = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
    if not command:
        return Observation(stopped="ended", log=("the image names no command",))
    report("starting a throw-away container")
    run = _Run(engine, name, network.result() if network else engine.network(), config, command, options, report)
    try:
        seen = run.follow(run.held() or run.plain())
        if seen.stopped != "ended":
            use(run.container, seen)
        return seen
    finally:
        run.end(run.network)


class _Run:
    """One container, from its start to its end."""

    def __init__(
        self,
        engine: Engine,
        image: str,
        network: str,
        config: Mapping[str, Any],
        command: tuple[str, ...],
        options: Watch,
        report: Report,
    ) -> None:
        self.engine, self.image, self.network = engine, image, network
        self.config, self.command, self.options, self.report = config, command, options, report
        self.record = Record()
        self.unseen: list[str] = []
        self.refused = ""
        self._known_jobs: Jobs | None = None
        self._shell = ""
        self._probes = 0
        self._container: Container | None = None
        self._wires: list[Wire] = []

    @property
    def container(self) -> Container:
        if self._container is None:
            raise SplitterError("no container was made", "this is a bug; please report it")
        return self._container

    def held(self) -> Inside | None:
        """Start it behind its own shell and let go once the probe looks; None where that shell is of no use."""
        self._make(self._gate(SHELLS[0]))
        shell = next((s for s in SHELLS if (at := self.container.stat(s)) and at.kind in ("file", "link")), "")
        if not shell:
            self.unseen.append(f"the image has no shell: {UNSEEN}")
            return None
        gate = self._gate(shell)
        if shell != SHELLS[0]:
            self._make(gate)
        self._shell = shell
        try:
            stdin = self._wired(self.container.stdin())
            self.container.start()
            look = self._probe()
            look.account()
            self.record = Record(gate, time.monotonic())
            look(self.record)
            stdin.send(b"\n")
        except (Closed, SplitterError):
            self.engine.inspect(self.image)  # raises where it is the engine that went away
            self.unseen.append(f"the image's shell does not do what a shell does: {UNSEEN}")
            return None
        return look

    def plain(self) -> Outside:
        """Start it as it is."""
        self._shell = ""
        self._make(())
        self.record = Record((), time.monotonic())
        try:
            self.container.start()
        except SplitterError as error:
            self.container.state()  # raises where it is the engine that went away
            self.refused = str(error)
            self.unseen.clear()  # nothing ran that could have been looked at
        return Outside(self.container)

    def follow(self, look: Look) -> Observation:
        began = time.monotonic()
        self.record.news_at = self.record.busy_at = began
        changes: Changes | None = None
        early, state_at, disk_at, said = 0, began, began, ""
        stopped: Stopped | None = "ended" if self.refused else None
        late = False
        if isinstance(look, Inside):
            look.deadline = began + self.options.timeout
        while stopped is None:
            now = time.monotonic()
            try:
                look(self.record)
            except Closed as closed:
                if self._over(END):
                    stopped = "ended"
                    break
                if isinstance(closed, Late) and time.monotonic() - began >= self.options.timeout:
                    stopped, late = "time", True  # it was not given the time to answer
                    break
                again = None if isinstance(closed, Late) else self._again()
                if again is None:
                    stopped, late = "lost", True
                    self.unseen.append(LOST)
                    break
                look = again
                look.deadline = began + self.options.timeout
            # While the engine looks for what changed it answers nothing else about the container.
            asking = changes is not None and changes.asking and now - changes.asked_at < MAX_DEAF
            if (now - state_at >= STATE and not asking) or not self.record.alive:
                state_at = now
                if self._over():
                    stopped = "ended"
                    break
            if now - disk_at >= DISK and not asking:
                disk_at = now
                if self._written(look) > self.options.disk:
                    stopped = "disk"
                    break
            if time.monotonic() - now > max(SLOW, self.options.settle / 2):
                self.record.news_at = now  # it is so busy that the look itself took long: that is not quiet
            quiet = now - self._last()
            if quiet >= self.options.settle and self._jobs() is not None:
                stopped = "quiet"
            elif now - began >= self.options.timeout:
                stopped = "time"
            elif quiet >= self.options.settle / 2 and early < EARLY and (
                changes is None or changes.asked_at < self.record.news_at
            ):  # fmt: skip
                early, changes = early + 1, Changes(self.container, now)
            words = self.record.words(self._hide)
            if words != said:
                said = words
                self.report(words)
            if stopped is None:
                tick = FAST if now - self.record.news_at < FAST_FOR else TICK
                if 0 < self.options.settle - quiet < tick:
                    tick = self.options.settle - quiet
                time.sleep(max(0.0, tick - (time.monotonic() - now)))
        return self._result(None if late else look, stopped, changes, began)

    def end(self, *after: str) -> None:
        """Have the container removed, and what is to go after it."""
        for wire in self._wires:
            wire.close()
        mine = (self._container.name,) if self._container is not None else ()
        self.engine.leave(*mine, *after)

    def _result(self, look: Look | None, stopped: Stopped, changes: Changes | None, began: float) -> Observation:
        settled, quiet = self._last() - began, self.record.news_at
        self.report("asking which files changed")
        if changes is None or changes.asked_at < self.record.news_at:
            changes = Changes(self.container, time.monotonic())
        users: Mapping[int, str] = {}
        device: int | None = None
        ended = b""
        changed = changes.get(self.options.timeout)
        if look is not None:
            with contextlib.suppress(Closed):
                look(self.record, everything=True)
                if isinstance(look, Inside):
                    users = look.users()
                    look.reached(self.record)
                    device = look.device() if self.record.memory() else None
                    changed = look.dated(changed, self.record.began)
                    ended = look.accounts(MAX_ACCOUNTS)
        state = self.container.state()
        over = not state.get("Running")
        if over:
            self.record.over(int(state.get("ExitCode") or 0), time.monotonic())
        users = users or self._accounts()
        if state.get("OOMKilled"):
            self.unseen.append(f"it needed more than {self.options.memory >> 20} MiB of memory")
        if self.record.dropped:
            self.unseen.append("it started more processes than are told of here")
        self.record.accounts(_ended.ended(ended or self._file(_ended.FILE, MAX_ACCOUNTS)))
        processes, sockets, connections, files = self.record.finish(users, time.monotonic(), quiet)
        if look is not None and isinstance(look, Inside) and not over:
            with contextlib.suppress(Closed):
                files = look.regular(files)
        return Observation(
            tuple(self._hidden(p) for p in processes),
            sockets,
            connections,
            files,
            changed,
            self.record.memory(device),
            "ended" if over else stopped,
            int(state.get("ExitCode") or 0) if over else None,
            self._log() if over else (),
            tuple(self.unseen),
            tuple(sorted(self._secrets())),
            round(time.monotonic() - began, 2),
            round(settled, 2),
        )

    def _last(self) -> float:
        """When something last happened; a job or work without any news counts for a while only."""
        news = self.record.news_at
        if any(same(job, line) for line in self.record.lines for job in self._jobs() or ()):
            return min(time.monotonic(), news + MAX_JOB)
        return max(news, min(self.record.busy_at, news + MAX_BUSY))

    def _jobs(self) -> Jobs | None:
        if self._known_jobs is None:
            self._known_jobs = self.options.jobs()
        return self._known_jobs

    def _written(self, look: Look) -> int:
        """Bytes on the disk; those in volumes are in no layer, so there the bytes that were ever written count."""
        found = self.container.written()
        if self.config.get("Volumes") and isinstance(look, Inside):
            with contextlib.suppress(Closed):
                found = max(found, look.written())
        return found

    def _over(self, seconds: float = 0.0) -> bool:
        """Whether the container has ended, or does so within a moment: what runs inside goes before it does."""
        deadline = time.monotonic() + seconds
        while self.container.state().get("Running"):
            if time.monotonic() >= deadline:
                return False
            time.sleep(TICK)
        return True

    def _again(self) -> Inside | None:
        """Another probe for one that is gone, a few times: some programs kill all that they did not start."""
        if not self._shell or self._probes >= PROBES:
            return None
        self._probes += 1
        try:
            return self._probe()
        except (Closed, SplitterError):
            return None

    def _probe(self) -> Inside:
        script = resources.files("splitter.inspection").joinpath("probe.sh").read_text()
        wire = self._wired(self.container.talk((self._shell, "-c", script), user="0", workdir="/"))
        return Inside(wire, self.container)

    def _accounts(self) -> Mapping[int, str]:
        """The image's own names of users, where no probe could read them."""
        return _procfs.users(self._file("/etc/passwd", MAX_PASSWD).decode(errors="replace"))

    def _file(self, path: str, limit: int) -> bytes:
        """The beginning of a file of the container; nothing where it is none."""
        raw = bytearray()
        with contextlib.suppress(OSError, SplitterError), self.container.archive(path) as chunks:
            for chunk in chunks:  # it may grow meanwhile, which ends the stream early
                raw += chunk
                if len(raw) > limit:
                    break
        with contextlib.suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            member = tar.next()
            return bytes(raw[member.offset_data :][: member.size]) if member and member.isfile() else b""
        return b""

    def _log(self) -> tuple[str, ...]:
        text = self.refused or self.container.logs(LOG_LINES)
        for value in self._secrets().values():
            text = text.replace(value, "***")
        lines = [printable(line.rstrip(), keep="\t")[:LOG_WIDTH] for line in text.splitlines()]
        return tuple(line for line in lines if line)[-LOG_LINES:]

    def _secrets(self) -> dict[str, str]:
        own = dict(e.partition("=")[::2] for e in self.config.get("Env") or ())
        everything = {**own, **self.options.env}.items()
        return {n: v for n, v in everything if len(v) >= SHORTEST and looks_secret(n, v)}

    def _hide(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The same words with `$NAME` for the value of each variable that looks secret."""
        for name, value in self._secrets().items():
            words = tuple(w.replace(value, f"${name}") for w in words)
        return words

    def _hidden(self, process: Seen) -> Seen:
        before = tuple(self._hide(line) for line in process.before)
        return replace(process, argv=self._hide(process.argv), before=before, title=self._hide(process.title))

    def _gate(self, shell: str) -> tuple[str, ...]:
        own = {e.partition("=")[0] for e in self.config.get("Env") or ()} | set(self.options.env)
        return (shell, "-c", HOLD.format(" ".join(n for n in ADDED if n not in own)), "sh", *self.command)

    def _wired(self, wire: Wire) -> Wire:
        self._wires.append(wire)
        return wire

    def _make(self, gate: tuple[str, ...]) -> None:
        """A container that is not started; the one made before goes."""
        if self._container is not None:
            self.end()
        limits = self.options.memory, self.options.processes
        self._container = closed(self.engine, self.image, self.network, gate, self.options.env, *limits)
