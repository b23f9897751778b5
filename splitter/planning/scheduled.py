"""Scheduled commands: a scheduler of their own, or a one-off service each for a scheduler outside."""

from collections.abc import Iterable

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.model.plan import Drop
from splitter.planning.draft import Draft, Drafts
from splitter.planning.names import distinct, service_name
from splitter.planning.optional import behind
from splitter.planning.questions import Asker
from splitter.planning.roles import Placed
from splitter.planning.scheduler import as_profiles, bridged, cron_lines

IDLE = "it runs no command of the application"
NOTHING = "nothing of the application's for it to run"  # the cron manager's note


def schedule(
    placed: Iterable[Placed], every: Iterable[Process], drafts: Drafts, drops: list[Drop], image: Image, asker: Asker
) -> list[Placed]:
    """Make the services of all scheduled commands. Returns what is left: everything that no schedule starts.

    `every` has all processes of the image: a step among them may write entries when it runs, so cron stays.
    """
    placed = list(placed)
    entries = [p for p in placed if p.process.lifetime == "scheduled"]
    rest = [p for p in placed if p.process.lifetime != "scheduled"]
    groups: dict[str, list[Placed]] = {}
    for entry in entries:
        groups.setdefault(entry.process.scope[-1] if entry.process.scope else "", []).append(entry)
    for scope, mine in groups.items():
        daemon = next((p for p in rest if _runs(p, scope)), None)
        if daemon is not None:
            rest.remove(daemon)
        _make(daemon, mine, drafts, drops, image, asker)
    if any(map(_schedules, every)):
        return rest
    for idle in [p for p in rest if p.role == "scheduler" and p.known is not None and p.known.name == "cron"]:
        if image.complete or _of_base(idle.process, image) or NOTHING in idle.process.notes:
            rest.remove(idle)
            drops.append(Drop(idle.process, IDLE))
    return rest


def _runs(placed: Placed, scope: str) -> bool:
    """Whether a process is the daemon of the entries that came out of this scope."""
    process = placed.process
    return bool(scope) and placed.role == "scheduler" and process.scope[-1:] == (scope,)


def _schedules(process: Process) -> bool:
    """Whether a step may write entries for cron when it runs."""
    words = (*process.command.argv, *process.command.run)
    return any(place in word for word in words for place in ("crontab", "/etc/cron", "/spool/cron"))


def _of_base(process: Process, image: Image) -> bool:
    """Whether it is started by a file that the base image brings."""
    node = image.tree.lookup(process.evidence.path)
    return node is not None and node.origin is not None and node.origin.path.startswith("base image")


def _make(
    daemon: Placed | None, entries: list[Placed], drafts: Drafts, drops: list[Drop], image: Image, asker: Asker
) -> None:
    commands = [e.process for e in entries]
    if as_profiles(daemon.process if daemon is not None else None, commands, asker) or daemon is None:
        if daemon is not None:
            drops.append(Drop(daemon.process, "a scheduler outside starts its commands"))
        for entry in entries:
            name = distinct(service_name(entry.process, "job", entry.known), drafts.each)
            drafts.add(
                Draft(
                    name=name,
                    role="job",
                    because=f"to be run at {entry.process.schedule}",
                    found=[entry.process],
                    runs=entry.process,
                    known=entry.known,
                    profile="cron",
                    notes=[f"Run it at `{entry.process.schedule}`: docker compose run --rm {name}"],
                )
            )
        return
    runner = daemon.process
    name = distinct(service_name(runner, "scheduler", daemon.known), drafts.each)
    draft = Draft(
        name=name,
        role="scheduler",
        because="; ".join(f"{c.schedule} {c.name}" for c in commands[:4]),
        found=[runner, *commands],
        runs=runner,
        known=daemon.known,
        lines=cron_lines(runner, commands, image, frozenset()),
        notes=["Exactly one: a second would do everything twice.", *bridged(runner, image)],
    )
    drafts.add(behind(draft, runner))
