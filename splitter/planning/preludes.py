"""Long set-up that several services share: written once, as a script that `configs:` brings into each container."""

import shlex
from collections.abc import Sequence

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.planning.draft import Draft, Drafts
from splitter.planning.inherited import settle
from splitter.planning.jobs import Jobs
from splitter.planning.joined import joined, lines
from splitter.planning.patches import Patches
from splitter.planning.roles import Placed
from splitter.planning.scripts import script

SHORT = 8  # lines of set-up, its heading among them, that a command can hold and still be read


def share(drafts: Drafts, facts: Sequence[Process], image: Image, patches: Patches, jobs: Jobs) -> None:
    """Move what two or more services run before their programs into a script of its own, where it is long."""
    again = frozenset(e.process.name for _, e in jobs.once if repeats(e))
    job_too = again | {e.process.name for _, e in jobs.prepare}
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts.own():
        steps = prelude(draft)
        if draft.steps and steps:
            # A job whose script does both is told so once.
            whole = joined(draft.steps, facts, job_too)
            rest = joined(draft.steps[len(steps) :], facts, job_too)
            if sum(map(lines, whole)) <= sum(map(lines, rest)) + 1:
                continue
        if steps:
            groups.setdefault(tuple(p.name for p in steps), []).append(draft)
    number = 1
    for members in groups.values():
        if len(members) < 2:
            continue
        steps = settle(members[0], joined(prelude(members[0]), facts, again))
        shell, text = script(steps, image, common(members))
        text = f"#!/bin/{shell}\ncd {shlex.quote(image.config.workdir or '/')}\n{text}"
        if text.count("\n") <= SHORT:
            continue
        path = "/prepare.sh" if number == 1 else f"/prepare-{number}.sh"
        number += 1
        for draft in members:
            patches.whole(path, text, draft)
            draft.script = f"{shell} {path}"
    for draft in drafts.own():
        setup = prelude(draft) if draft.script else []
        draft.steps = [*setup, *joined(draft.steps[len(setup) :], facts, job_too)] if draft.steps else []
        if not draft.script:
            draft.prepare = joined(draft.prepare, facts, again)


def prelude(draft: Draft) -> list[Process]:
    """The set-up that a service begins with; none where other steps come between."""
    if not draft.steps:
        return draft.prepare
    first = next((n for n, s in enumerate(draft.steps) if s.phase != "prepare"), len(draft.steps))
    late = any(s.phase == "prepare" for s in draft.steps[first:])
    return [] if late else draft.steps[:first]


def repeats(placed: Placed) -> bool:
    """Whether a one-off step is one only because nothing is known of it, or sets who owns files."""
    known = placed.known
    return not placed.process.phase and (known is None or known.name == "owner of shared data")


def common(members: Sequence[Draft]) -> dict[str, str]:
    """The variables that all these services have."""
    envs = [(d.runs or d.steps[-1]).env for d in members]
    return {k: v for k, v in envs[0].items() if all(e.get(k) == v for e in envs)}
