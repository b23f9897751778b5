"""Checks from what was seen of the split: pure functions."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from splitter.model.facts import Process
from splitter.model.observation import Observation, Seen
from splitter.model.plan import Plan, Service
from splitter.model.report import Check
from splitter.verify.expect import Wanted, main_process
from splitter.verify.original import Ran
from splitter.verify.project import Member

APART = 1 << 23  # no pid is higher (proc_pid_max(5)), nor twice as high
NUMBERS = re.compile(r"\d+")
SHOWN = 100


@dataclass(frozen=True)
class Together:
    """All containers of the split as if they were one; `service` has the service of each pid, `mains` the pids of the
    containers' main processes."""

    seen: Observation
    service: Mapping[int, str]
    mains: Collection[int]


def together(places: Sequence[tuple[str, Observation]], wanted: Sequence[Wanted], first: Ran) -> Together:
    """The containers, each with its service, as one observation.

    A process that calls itself what one of the original's did is known by the command that the original's had; so is
    one whose command a cut has changed.
    """
    names: dict[str, tuple[str, ...]] = {}
    for each in wanted:
        if each.line:
            names.setdefault(_bare(each.line), each.process.command.argv)
        mine = first.found.get(each.process.name, ())
        for one in mine:
            # A worker of a pool names itself too, and is not what is looked for.
            root = one.parent not in {other.pid for other in mine} and not one.forked
            for line in (one.argv, one.title):
                if line and root:
                    names.setdefault(_bare(line), each.process.command.argv)
    everything: list[Seen] = []
    service: dict[int, str] = {}
    mains: set[int] = set()
    for number, (name, seen) in enumerate(places):
        base = number * APART
        main = main_process(seen)
        mains |= {base + main.pid} if main is not None else set()
        above = main.parent if main is not None else 0  # an init that carries its child's command in its own
        for one in seen.processes:
            if one.pid == above:
                continue
            known = names.get(_bare(one.title or one.argv))
            before = one.before if known is None else (*one.before, known)
            parent = 0 if one.parent in (0, above) else base + one.parent
            everything.append(replace(one, pid=base + one.pid, parent=parent, before=before))
            service[base + one.pid] = name
    return Together(Observation(tuple(everything)), service, mains)


def process_checks(wanted: Sequence[Wanted], split: Together, found: Mapping[str, Sequence[Seen]]) -> Iterator[Check]:
    """Each process is alive in exactly one service, as the main process of its container."""
    for each in wanted:
        name, line = each.process.name, _shown(each.process)
        alive = [s for s in found.get(name, ()) if s.alive]
        services = list(dict.fromkeys(split.service[s.pid] for s in alive))
        if not alive:
            yield Check("process", each.service, "failed", f"{line}: alive in no container")
        elif len(services) > 1:
            yield Check("process", each.service, "failed", f"{line}: alive in {' and '.join(services)}")
        elif each.alone and not any(s.pid in split.mains for s in alive) and not _in_its_script(each, alive[0], split):
            above = _line(_main_of(alive[0], split))
            yield Check("process", services[0], "failed", f"{line}: not the main process, it runs below {above}")
        else:
            yield Check("process", services[0], "ok", line if each.alone else f"{line}, with others")


def running_checks(
    services: Sequence[str], one_offs: Collection[str], before: Sequence[Member], after: Sequence[Member]
) -> Iterator[Check]:
    """Each service runs and did not start anew meanwhile; each one-off has exited with 0."""
    for name in services:
        mine = [m for m in after if m.service == name]
        if not mine:
            yield Check("one-off" if name in one_offs else "running", name, "failed", "it has no container")
        elif name in one_offs:
            still = any(m.running for m in mine)
            bad = next((m for m in mine if m.code), None)
            said = "has not ended" if still else f"exit code {bad.code if bad else 0}"
            yield Check("one-off", name, "failed" if still or bad else "ok", said)
        else:
            yield _running(name, mine, [m for m in before if m.service == name])


def shared_volumes(
    plan: Plan, mounts: Mapping[str, Mapping[str, str]], services: Collection[str]
) -> tuple[dict[str, str], ...]:
    """Paths by service of each volume that several of these services have, in the plan or in the file."""
    planned: dict[str, dict[str, str]] = {}
    for service in plan.services:
        for mount in service.volumes:
            if mount.volume:
                planned.setdefault(mount.volume, {})[service.name] = mount.path
    found: list[dict[str, str]] = []
    for each in (*planned.values(), *mounts.values()):
        here = {name: path for name, path in sorted(each.items()) if name in services}
        if len(here) > 1 and here not in found:
            found.append(here)
    return tuple(found)


def workers(plan: Plan) -> tuple[Service, ...]:
    return tuple(s for s in plan.services if s.role == "worker")


def scales(service: Service) -> bool:
    """Whether the plan lets it run more than once."""
    return not any("never scale" in note.lower() or "exactly one" in note.lower() for note in service.notes)


def stop_checks(running: Collection[str], after: Sequence[Member]) -> Iterator[Check]:
    """Each service that ran has ended by itself, before it was killed."""
    for name in dict.fromkeys(m.service for m in after if m.service in running):
        codes = [m.code for m in after if m.service == name]
        if any(m.running for m in after if m.service == name):
            yield Check("stop", name, "failed", "it still runs")
        elif 137 in codes:
            yield Check("stop", name, "failed", "it did not end on its signal in time and was killed (exit code 137)")
        else:
            yield Check("stop", name, "ok", f"exit code {', '.join(map(str, dict.fromkeys(codes)))}")


def _running(name: str, mine: Sequence[Member], before: Sequence[Member]) -> Check:
    down = next((m for m in mine if not m.running), None)
    since = {m.container.id: m.since for m in before}
    if down is not None:
        return Check("running", name, "failed", f"{down.status}, exit code {down.code}")
    if any(since.get(m.container.id, m.since) != m.since for m in mine):
        return Check("running", name, "failed", "it ends and starts again and again")
    if any(m.health == "unhealthy" for m in mine):
        return Check("running", name, "failed", "its health check says unhealthy")
    count = "" if len(mine) == 1 else f"{len(mine)} containers"
    health = "healthy" if all(m.health == "healthy" for m in mine) else ""
    return Check("running", name, "ok", ", ".join(w for w in (count, health) if w) or "up")


def _in_its_script(each: Wanted, found: Seen, split: Together) -> bool:
    """Whether it is below the script that the plan starts because it could not be taken apart."""
    main = _main_of(found, split)
    return bool(each.process.command.run) and main is not None and main.argv == each.process.command.run


def _main_of(found: Seen, split: Together) -> Seen | None:
    base = found.pid // APART
    return next((s for s in split.seen.processes if s.pid in split.mains and s.pid // APART == base), None)


def _line(seen: Seen | None) -> str:
    return " ".join(" ".join(seen.title or seen.argv).split())[:SHOWN] if seen is not None else "nothing"


def _shown(process: Process) -> str:
    return str(process.command)[:SHOWN]


def _bare(line: Sequence[str]) -> str:
    return NUMBERS.sub("#", " ".join(" ".join(line).split()))
