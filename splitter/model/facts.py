"""What was found in an image: processes, couplings and gaps, each with its evidence."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from splitter.model.image import Node

Lifetime = Literal["service", "job", "scheduled"]
Phase = Literal["", "prepare", "once", "wait"]
CouplingKind = Literal["tcp", "socket", "files", "order", "signal", "env", "shm", "control"]


RUN = "run time"  # the place of what only a run shows


@dataclass(frozen=True)
class Evidence:
    """Where a fact was read: a path of the image or context (with a line), "image config", or `RUN`."""

    path: str
    line: int | None = None
    note: str = ""

    def __str__(self) -> str:
        at = f"{self.path}:{self.line}" if self.line else self.path
        return f"{at} ({self.note})" if self.note else at


@dataclass(frozen=True)
class Gap:
    """Something for a person to see: what could not be read or decided, or what a run showed."""

    what: str
    evidence: Evidence


@dataclass(frozen=True)
class Command:
    """What a process comes down to, and how to start it.

    `argv` is the program and its arguments with every variable expanded whose value is known; one that is not stays
    as `$NAME`. `run` is what a container must start where `argv` alone would not do: a shell line that keeps run-time
    variables, or the script itself; () means `argv` as it is. `spoken` is `argv` as its script writes it, for where a
    shell stands in front anyway ("" where that is the same); it is not part of the JSON form.
    """

    argv: tuple[str, ...]
    run: tuple[str, ...] = ()
    spoken: str = field(default="", compare=False, repr=False)

    @property
    def start(self) -> tuple[str, ...]:
        return self.run or self.argv

    @property
    def program(self) -> str:
        """The program's name without its folder."""
        return self.argv[0].rsplit("/", 1)[-1] if self.argv else ""

    def __str__(self) -> str:
        return " ".join(w if w.startswith("$") and w[1:].isidentifier() else shlex.quote(w) for w in self.argv)


# The note of a supervisor that is kept in one piece.
UNREAD = "run as it is, for what it starts could not be read"


@dataclass(frozen=True)
class Process:
    """One thing that the image starts.

    Managers state only what they know beyond the process they expand; discovery adds the parent's `env`, `user`,
    `workdir`, `lifetime`, `schedule`, `phase` and `off` where the child says nothing, and fills `via` and `scope`
    (a manager's own `scope` parts its children into groups).

    lifetime      service (stays up), job (runs to its end before what follows), scheduled (at `schedule`)
    phase         of a job: prepare (in every container that needs it), once, wait; "" where planning decides
    env           beyond the image's ENV
    user          as written (name, uid, `user:group`); "" is the image's own
    wrapper       the words with which the image changes to `user` (`chpst -u app`), to be used after a set-up as root
    after         names of processes that must be up first, as the manager says it
    restart       always, on-failure or no; "" where the manager says nothing
    stop_timeout  seconds
    logs          files that its output goes to
    off           the switch that turns it on, where by default it does not start
    scope         ids of the processes it came from, outermost first: a job precedes what shares its scope
    patches       texts that files must have where it runs: configurations without the lines that started others
    files         what was written before it starts, by path (None: removed); not part of the JSON form
    becomes       the user that its shell text changes to by itself, in words that are not among its own; not part of
                  the JSON form
    launchers     the scripts that give way to it, or that a job is a step of, outermost first, as they were started;
                  not part of the JSON form
    parts         where it stands in each thing that led to it, outermost first; not part of the JSON form
    starters      all processes that it came from, outermost first, one for each manager of `via`; not part of the JSON
                  form
    gives         what its script sets before it starts it, for what it starts in turn; not part of the JSON form
    """

    name: str
    command: Command
    evidence: Evidence
    via: tuple[str, ...] = ()
    lifetime: Lifetime = "service"
    phase: Phase = ""
    schedule: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = ""
    wrapper: tuple[str, ...] = ()
    instances: int = 1
    after: tuple[str, ...] = ()
    restart: str = ""
    stop_signal: str = ""
    stop_timeout: float | None = None
    logs: tuple[str, ...] = ()
    off: str = ""
    notes: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    patches: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, "Node | None"] = field(default_factory=dict, compare=False, repr=False)
    launchers: tuple["Process", ...] = field(default=(), compare=False, repr=False)
    becomes: str = field(default="", compare=False)
    parts: tuple["Part", ...] = field(default=(), compare=False, repr=False)
    starters: tuple["Process", ...] = field(default=(), compare=False, repr=False)
    gives: "Gives | None" = field(default=None, compare=False, repr=False)

    @property
    def id(self) -> str:
        """Stable across builds: made of the managers and the name, never of an index or a pid."""
        return "/".join((*dict.fromkeys(self.via), self.name))


@dataclass(frozen=True)
class Gives:
    """Variables that a script exports and whose values show only when it runs.

    names    the variables
    command  the shell command that sets them and does nothing else that matters
    anew     those of them that get a random value at every start, and those that the process's own words use
    """

    names: tuple[str, ...]
    command: tuple[str, ...]
    anew: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Where a process stands in what started it, so that several parts of one script can be written as one again.

    script   the process whose manager gave it; None until discovery knows
    calls    the numbers of the calls that it is made of, where that is a shell script
    render   the shell command that makes some calls of that script and no others that matter; None where there is none
    edit     the command that runs the script's own file for some of its calls, others taken out as it is read, and may
             make some more; () where that cannot be told shortly, None where there is no such file
    whole    all that the script starts was read, so that running it as it is does just that
    """

    script: "Process | None" = None
    calls: tuple[int, ...] = ()
    render: Callable[[frozenset[int]], tuple[str, ...]] | None = None
    edit: Callable[[frozenset[int], frozenset[int]], tuple[str, ...]] | None = None
    whole: bool = True


@dataclass(frozen=True)
class Coupling:
    """Two processes that need something of each other.

    target   "127.0.0.1:6379", "/run/php.sock", "/app/uploads" ...
    between  names of processes: those that use it first, the one that offers it last
    how      where the target stands, so that a cut can change it: "env REDIS_URL" (a variable that is set), "default
             DB_HOST" (a variable that code reads, with this default), "argument", "config" (the text at the
             evidence), "code" (a constant of the program), "seen" (only observed), "watch" (one is told of
             changes by inotify), "ftok" (a key that is made of the file `written`,
             "" where only a run shows it)
    written  the text as it stands there, for the cut to put another in its place
    """

    kind: CouplingKind
    target: str
    between: tuple[str, ...]
    evidence: Evidence
    how: str = ""
    written: str = ""


@dataclass(frozen=True)
class Listening:
    """An address that a process was seen to listen on, while the image ran or in its configuration.

    `host` is "" for every address; `unix` is a socket's path, with `port` 0; `protocol` is tcp or udp.
    """

    process: str
    host: str
    port: int
    evidence: Evidence
    unix: str = ""
    protocol: str = "tcp"


@dataclass(frozen=True)
class Written:
    """A file or folder that processes write, with their names; `readers` read it and do not write it.

    `perhaps` are those of which one or more may have written it, where that is not sure. `folder`: it stands for many
    files in it. `held`: they keep it open, which every run shows alike; `perhaps` are then those that may come to it by
    what they are.
    """

    path: str
    writers: tuple[str, ...]
    evidence: Evidence
    readers: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    folder: bool = False
    held: bool = False


@dataclass(frozen=True)
class Facts:
    """All that inspection found, in start order. `listening` and `written` say more than the commands do.

    `needs` are variables that a person gave for the run, without which the image does not start. `shown` is what a run
    showed otherwise than files say it, or beyond them: what never came, failed or ended, and what came and went.
    """

    processes: tuple[Process, ...] = ()
    couplings: tuple[Coupling, ...] = ()
    gaps: tuple[Gap, ...] = ()
    listening: tuple[Listening, ...] = ()
    written: tuple[Written, ...] = ()
    needs: tuple[str, ...] = ()
    shown: tuple[Gap, ...] = ()
