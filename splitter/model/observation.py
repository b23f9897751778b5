"""What was seen while an image ran once: processes, sockets, connections, open files, shared memory, how it ended."""

from dataclasses import dataclass
from typing import Literal

Stopped = Literal["quiet", "ended", "time", "disk", "lost"]
Held = Literal["", "r", "w"]


@dataclass(frozen=True, order=True)
class End:
    """How a process ended, by the kernel's accounts: its place among all that ended, in their order, and its code."""

    place: int
    exit_code: int


@dataclass(frozen=True)
class Seen:
    """One process, by the container's own numbers.

    parent     the process that started it, as long as that could be seen; 0 for the first one
    argv       the command line that it was first seen with after its last `exec`; () where it was too quick to be read,
               of some only how they ended is known, from the kernel
    before     the command lines that it had before it called `exec`, oldest first
    title      its last command line, where it gave itself another
    program    the executable's path; "" where it cannot be read
    forked     it runs on in its parent's program and has called no `exec`: a worker of a pool, a subshell
    env        the names in its environment; values are never kept
    exit_code  where it could be seen: as the shell has it, 128 + N for a signal
    times      how many of the very same command came and went under one parent; only the first is kept
    ends       how each of them ended, where the kernel kept accounts; of very many only the first
    started    seconds from the container's start by the kernel's clock, to ten milliseconds, where that is known
    born       seconds from the container's start when it was seen first; `since`: when it called `exec` last;
               `seconds`: how long it lived
    """

    pid: int
    parent: int
    argv: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    title: tuple[str, ...] = ()
    name: str = ""
    program: str = ""
    user: str = ""
    uid: int | None = None
    workdir: str = ""
    env: tuple[str, ...] = ()
    forked: bool = False
    alive: bool = True
    exit_code: int | None = None
    times: int = 1
    born: float = 0.0
    since: float = 0.0
    seconds: float = 0.0
    started: float | None = None
    ends: tuple[End, ...] = ()


@dataclass(frozen=True)
class Socket:
    """An address that was listened on. `host` is "" for every address; `path` is a unix socket's ("@": abstract).

    still     it was listened on to the end
    reached   somebody within the container connected to it, whether it could be seen who that was or not
    """

    protocol: Literal["tcp", "udp", "unix"]
    host: str = ""
    port: int = 0
    path: str = ""
    pids: tuple[int, ...] = ()
    still: bool = True
    reached: bool = False


@dataclass(frozen=True)
class Connection:
    """An established connection between two processes; host and port are the server's, `path` its unix socket's."""

    client: int
    server: int
    host: str
    port: int
    path: str = ""


@dataclass(frozen=True)
class Open:
    """A file that a process had open.

    output  only as its standard output or error
    held    how it was open at most looks after it had become quiet, "w" for writing, "r" for reading only; "" for
            moments, which are seen by chance
    """

    pid: int
    path: str
    read: bool = False
    write: bool = False
    output: bool = False
    held: Held = ""

    def joined(self, other: "Open | None") -> "Open":
        """The same file of two processes that stand for one."""
        if other is None:
            return self
        held: Held = max(self.held, other.held)
        return Open(
            self.pid, self.path, self.read or other.read, self.write or other.write, self.output and other.output, held
        )


@dataclass(frozen=True)
class Memory:
    """What processes share through the kernel: memory, or System V's queues and semaphores.

    path   of POSIX memory, below /dev/shm; "" for System V's
    key    by which System V's is found; 0: by nobody who has not inherited it
    pids   who was seen to use it; of semaphores nobody can tell
    maker  who made it, where that could be seen, and `uid`, as whom
    filed  its key looks like one that ftok(3) makes of a file of the container's own
    """

    kind: Literal["memory", "queue", "semaphores"]
    path: str = ""
    key: int = 0
    pids: tuple[int, ...] = ()
    maker: int | None = None
    uid: int = 0
    filed: bool = False


@dataclass(frozen=True)
class Change:
    """What `docker diff` says of a path.

    uid, at   whose it is, and when it was written, in seconds from the start; None where that could not be read
    nothing   no content came of it: it is a folder or a socket, or only whose it is was changed
    """

    path: str
    kind: Literal["changed", "added", "deleted"]
    uid: int | None = None
    at: float | None = None
    nothing: bool = False


@dataclass(frozen=True)
class Observation:
    """One run of an image.

    stopped    why it was watched no longer: nothing new came, it ended by itself, the time was over, the disk filled,
               nobody could look any more
    exit_code  where it ended by itself
    log        the last lines of its output, secrets hidden
    unseen     what could not be looked at, in words
    hidden     names of variables with a secret: `$NAME` stands for their values in every command line
    seconds    from its start until it was watched no longer
    settled    of these, until the last news that was waited for
    """

    processes: tuple[Seen, ...] = ()
    sockets: tuple[Socket, ...] = ()
    connections: tuple[Connection, ...] = ()
    files: tuple[Open, ...] = ()
    changes: tuple[Change, ...] = ()
    memory: tuple[Memory, ...] = ()
    stopped: Stopped = "quiet"
    exit_code: int | None = None
    log: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    seconds: float = 0.0
    settled: float = 0.0

    def process(self, pid: int) -> Seen | None:
        return next((p for p in self.processes if p.pid == pid), None)
