"""What runs before the others: set-up in every container, and the one-off job that runs once."""

from dataclasses import dataclass

from splitter.model.facts import Process
from splitter.model.plan import Option
from splitter.planning.draft import Draft
from splitter.planning.questions import Asker
from splitter.planning.roles import Placed

Step = tuple[int, Placed]


@dataclass(frozen=True)
class Jobs:
    """Set-up steps and one-off steps in start order, with the position of each."""

    prepare: tuple[Step, ...]
    once: tuple[Step, ...]

    def before(self, position: int, process: Process) -> list[Process]:
        """The set-up that precedes a process: earlier, and from a scope that it came out of."""
        return [p.process for at, p in self.prepare if at < position and precedes(p.process, process)]


def precedes(job: Process, process: Process) -> bool:
    return process.scope[: len(job.scope)] == job.scope


def migration(jobs: Jobs, asker: Asker) -> Draft | None:
    """The one service that runs every one-off step, in order, after the set-up they need; None where there is none."""
    steps = [p.process for _, p in jobs.once]
    if not steps:
        return None
    migrates = any(p.role == "migration" for _, p in jobs.once)
    position = max(at for at, _ in jobs.once)
    setup = [(at, p.process) for at, p in jobs.prepare if at < position and any(precedes(p.process, s) for s in steps)]
    name = "migrate" if migrates else "setup"
    answer = asker.ask(
        "migration",
        "When should the one-off steps run?",
        (
            Option("job", "at every `up`, before the others", "as the image did at every start, but once for all"),
            Option("profile", f"by hand: docker compose run --rm {name}", "nothing migrates unless you say so"),
        ),
        "job",
        f"one-off steps: {', '.join(s.name for s in steps)}",
        steps[0].evidence,
    )
    profile = answer == "profile"
    ordered = sorted((*setup, *((at, p.process) for at, p in jobs.once)), key=lambda step: step[0])
    whys = list(dict.fromkeys(p.because for _, p in jobs.once if p.because))
    return Draft(
        name=name,
        role="migration" if migrates else "job",
        because="; ".join(whys[:3]),
        found=steps,
        steps=[p for _, p in ordered],
        profile="migrate" if profile else "",
        notes=[] if profile else ["Runs again at every `docker compose up`, as it did at every start before."],
    )
