"""What runs before the others: set-up in every container, and the one-off job that runs once."""

from collections.abc import Sequence
from dataclasses import dataclass

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.model.plan import Option, Service
from splitter.planning.commands import Started, compose, environment, line_of, same_user, strict_before
from splitter.planning.questions import Asker
from splitter.planning.roles import Placed


@dataclass(frozen=True)
class Jobs:
    """Set-up steps and one-off steps in start order, with the position of each."""

    prepare: tuple[tuple[int, Placed], ...]
    once: tuple[tuple[int, Placed], ...]

    def before(self, position: int, process: Process) -> tuple[Process, ...]:
        """The set-up that precedes a process: earlier, and from a scope that it came out of."""
        return tuple(p.process for at, p in self.prepare if at < position and precedes(p.process, process))


def precedes(job: Process, process: Process) -> bool:
    return process.scope[: len(job.scope)] == job.scope


def migration(jobs: Jobs, image: Image, asker: Asker) -> Service | None:
    """The one service that runs every one-off step, in order; None where there is none."""
    steps = [p.process for _, p in jobs.once]
    if not steps:
        return None
    position = max(at for at, _ in jobs.once)
    setup = [p.process for at, p in jobs.prepare if at < position and any(precedes(p.process, s) for s in steps)]
    answer = asker.ask(
        "migration",
        "When should the one-off steps run?",
        (
            Option("job", "at every `up`, before the others", "as the image did at every start, but once for all"),
            Option("profile", "by hand: docker compose run --rm migrate", "nothing migrates unless you say so"),
        ),
        "job",
        f"{len(steps)} one-off step{'s' if len(steps) > 1 else ''} found",
        steps[0].evidence,
    )
    order = sorted((*((at, p.process, True) for at, p in jobs.prepare if p.process in setup),
                    *((at, p.process, False) for at, p in jobs.once)), key=lambda step: step[0])  # fmt: skip
    started = _chain([s for _, s, _ in order], image)
    main = steps[0]
    shared = {k: v for k, v in environment(main, image).items() if all(s.env.get(k) == v for s in steps)}
    workdir = main.workdir if main.workdir != image.config.workdir else ""
    profile = answer == "profile"
    notes = () if profile else ("Runs again at every `docker compose up`; the steps were run at every start before.",)
    whys = dict.fromkeys(p.because for _, p in jobs.once)
    return Service(
        name="migrate",
        role="migration",
        because="; ".join(list(whys)[:3]),
        origin=main.evidence.path,
        command=started.command,
        user=started.user,
        working_dir=workdir,
        environment=shared,
        restart="no",
        init=True,
        profiles=("migrate",) if profile else (),
        processes=tuple(s for _, s, _ in order),
        notes=notes,
    )


def _chain(steps: Sequence[Process], image: Image) -> Started:
    """The steps one after another; the user is changed once for all where all have the same."""
    if len(steps) == 1:
        return compose(steps[0], (), image)
    users = {same_user(s.user, image) for s in steps}
    user = users.pop() if len(users) == 1 else ""
    main = next((s for s in steps if s.phase != "prepare"), steps[0])
    lines = [line_of(s, main, image, user) for s in steps]
    strict = ["set -e"] if strict_before(steps, image) or len({s.evidence.path for s in steps}) > 1 else []
    return Started(("/bin/sh", "-c", "\n".join([*strict, *lines])), user)
