"""What the split has to show, from the plan and from what the two runs of the original agree on: pure functions."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from splitter.model.facts import Process
from splitter.model.observation import Observation, Seen
from splitter.model.plan import Plan, Role, Service
from splitter.model.report import Check
from splitter.verify.answers import Answer, agreed
from splitter.verify.original import Ran, ports

INITS = ("docker-init", "tini", "tini-static", "dumb-init", "catatonit")
LOOPBACK = ("127.", "::1")


@dataclass(frozen=True)
class Wanted:
    """A long-running process that both originals keep up. `alone`: nothing else is to run in its service.

    `line`: the command that a cut has left it there, where it is alone.
    """

    process: Process
    service: str
    role: Role
    alone: bool
    line: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """A port that both originals listen on, with what they agree on of its answers, by path.

    `process` and `service` are "" where it could not be seen whose it is; `loopback`: only for its own container.
    """

    port: int
    loopback: bool
    process: str
    service: str
    answers: Mapping[str, Answer]


def processes(plan: Plan, first: Ran, second: Ran) -> tuple[list[Wanted], list[Check]]:
    """The processes to be found in the split, and a skipped check for each that the originals do not both keep up."""
    wanted: list[Wanted] = []
    checks: list[Check] = []
    for service in plan.services:
        mine = [p for p in service.processes if p.lifetime == "service"]
        for process in mine:
            lives = [any(s.alive for s in run.found.get(process.name, ())) for run in (first, second)]
            if all(lives):
                alone = len(mine) == 1
                wanted.append(Wanted(process, service.name, service.role, alone, _line(service) if alone else ()))
                continue
            why = "only one of the two originals keeps it up" if any(lives) else "the original does not keep it up"
            checks.append(Check("process", service.name, "skipped", f"{process.name}: {why}"))
    return wanted, checks


def _line(service: Service) -> tuple[str, ...]:
    """The words that a service runs, as the plan writes them: those that its set-up ends with, where there is any."""
    words = service.command or ()
    if words[:2] != ("/bin/sh", "-c") or len(words) != 3:
        return words
    last = words[2].rpartition("\n")[2]
    try:
        return tuple(shlex.split(last.removeprefix("exec "))) if last.startswith("exec ") else ()
    except ValueError:
        return ()


def listeners(plan: Plan, first: Ran, second: Ran) -> tuple[list[Listener], list[Check]]:
    """The ports to be found in the split. Those of what the plan drops, or of a manager itself, are not among them."""
    homes = {p.name: s.name for s in plan.services for p in s.processes}
    one, two = ports(first.seen), ports(second.seen)
    found: list[Listener] = []
    checks: list[Check] = []
    for port in sorted({*one, *two}):
        if port not in one or port not in two:
            checks.append(Check("listener", "", "skipped", f"tcp {port}: only one of the two originals listens on it"))
            continue
        (host, pids), (_, others) = one[port], two[port]
        owners = [run.owner[p] for run, each in ((first, pids), (second, others)) for p in each if p in run.owner]
        owner = next((name for name in owners if name), "")
        if (owner and owner not in homes) or (not owner and (pids or others)):
            continue
        answers = {
            path: agreed((*samples, *second.samples.get((port, path), ())))
            for (at, path), samples in first.samples.items()
            if at == port and samples
        }
        loopback = host.startswith(LOOPBACK)
        found.append(Listener(port, loopback, owner, homes.get(owner, ""), answers))
    return found, checks


def main_process(seen: Observation) -> Seen | None:
    """The main process of a container: the first one, or below an init that only forwards signals, what it started."""
    first = min((p for p in seen.processes if p.parent == 0 and p.alive), key=lambda p: p.pid, default=None)
    if first is None:
        return None
    name = (first.argv[0] if first.argv else first.program or first.name).rpartition("/")[2]
    if name not in INITS:
        return first
    below = (p for p in seen.processes if p.parent == first.pid and p.alive)
    return min(below, key=lambda p: (p.born, p.pid), default=None)
