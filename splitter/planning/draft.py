"""One service while the plan is made: what it runs, and what cuts and volumes have added so far."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from splitter.catalogue import Known
from splitter.catalogue.listening import Listener
from splitter.model.facts import Process
from splitter.model.image import Healthcheck
from splitter.model.plan import Condition, Mount, Role

if TYPE_CHECKING:
    from splitter.planning.together import Group

STRENGTH: dict[Condition, int] = {
    "service_started": 0,
    "service_healthy": 1,
    "service_completed_successfully": 2,
}


@dataclass
class Draft:
    """A service in the making.

    found    the processes that it stands for, as they were found
    runs     the process that it runs, as the cuts left it; None where another image brings its own command
    group    programs that stay together in it, `runs` among them; `beside` are the others
    steps    of a one-off job: its steps in order, as the cuts left them
    prepare  set-up steps that precede the program in this container
    script   the command of a script that does its set-up, shared with others
    told     the command for another image, () for its own
    whole    the script that does the steps in `inner` and then runs the program, to be run as it is
    image    another image than the one that is split
    mode     another mode of the image, which is run as a whole
    stays    the image's own ENTRYPOINT prepares and is kept
    """

    name: str
    role: Role
    because: str
    found: list[Process]
    runs: Process | None = None
    known: Known | None = None
    listens: tuple[Listener, ...] = ()
    steps: list[Process] = field(default_factory=list)
    prepare: list[Process] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    image: str = ""
    env: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, Mount] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    after: dict[str, Condition] = field(default_factory=dict)
    health: Healthcheck | None = None
    ports: list[str] = field(default_factory=list)
    replicas: int = 1
    namespace: str = ""
    aliases: list[str] = field(default_factory=list)
    pid: str = ""
    ipc: str = ""
    profile: str = ""
    mode: bool = False
    notes: list[str] = field(default_factory=list)
    stays: bool = False
    script: str = ""
    told: tuple[str, ...] = ()
    whole: Process | None = None
    inner: list[Process] = field(default_factory=list)
    group: "Group | None" = None
    beside: list[Process] = field(default_factory=list)

    @property
    def one_off(self) -> bool:
        return self.role in ("migration", "job")

    @property
    def own(self) -> bool:
        """Runs the image that is split."""
        return not self.image

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def processes(self) -> Iterator[Process]:
        """All that runs in its containers, as the cuts left it."""
        yield from self.prepare
        yield from self.inner
        yield from self.steps
        if self.runs is not None:
            yield self.runs
        yield from self.beside

    def listens_on(self, port: int) -> Listener | None:
        return next((x for x in self.listens if x.port == port), None)

    def wait_for(self, name: str, condition: Condition) -> None:
        """Start after another service; the stronger of two conditions stays."""
        if name != self.name and STRENGTH[condition] >= STRENGTH.get(self.after.get(name, condition), 0):
            self.after[name] = condition


@dataclass
class Drafts:
    """All services in the making, by name, in the order in which the file has them."""

    each: dict[str, Draft] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Draft]:
        return iter(self.each.values())

    def add(self, draft: Draft) -> Draft:
        self.each[draft.name] = draft
        return draft

    def of(self, process: str) -> Draft | None:
        """The service that stands for a process, by the process's name."""
        return next((d for d in self if any(p.name == process for p in d.found)), None)

    def root(self, draft: Draft) -> Draft:
        """The service in whose network it is: itself, where it joins no other."""
        while draft.namespace:
            draft = self.each[draft.namespace]
        return draft

    def own(self) -> list[Draft]:
        """Those that run the image that is split."""
        return [d for d in self if d.own]

    def waits(self, name: str, on: str) -> bool:
        """Whether a service starts, directly or not, after another one."""
        todo, seen = [name], set[str]()
        while todo:
            current = todo.pop()
            if current == on:
                return True
            if current in seen or current not in self.each:
                continue
            seen.add(current)
            draft = self.each[current]
            todo += [*draft.after, *(n for n in (draft.namespace, draft.pid, draft.ipc) if n)]
        return False

    def order(self, draft: Draft, on: str, condition: Condition) -> bool:
        """Let a service start after another, unless that other starts after it, or is off by default. Returns
        whether it does."""
        if on == draft.name or on not in self.each or self.waits(on, draft.name) or self.each[on].profile:
            return False
        draft.wait_for(on, condition)
        return True


def names(drafts: Iterable[Draft]) -> str:
    return ", ".join(d.name for d in drafts)


def ready(draft: Draft) -> Condition:
    """What another service waits for."""
    if draft.one_off:
        return "service_completed_successfully"
    return "service_healthy" if draft.health is not None and draft.role == "backing" else "service_started"
