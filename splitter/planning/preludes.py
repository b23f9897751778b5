"""Long set-up that several services share: written once, as a script that `configs:` brings into each container."""

import shlex
from collections.abc import Sequence

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.planning.draft import Draft, Drafts
from splitter.planning.inherited import settle
from splitter.planning.joined import joined
from splitter.planning.patches import Patches
from splitter.planning.scripts import script

SHORT = 7  # lines of set-up that a command can hold and still be read


def share(drafts: Drafts, facts: Sequence[Process], image: Image, patches: Patches) -> None:
    """Move what two or more services run before their programs into a script of its own, where it is long."""
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts.own():
        steps = prelude(draft)
        if steps:
            groups.setdefault(tuple(p.name for p in steps), []).append(draft)
    number = 1
    for members in groups.values():
        if len(members) < 2:
            continue
        shell, text = script(settle(members[0], joined(prelude(members[0]), facts)), image, common(members))
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
        draft.steps = [*setup, *joined(draft.steps[len(setup) :], facts)] if draft.steps else []
        if not draft.script:
            draft.prepare = joined(draft.prepare, facts)


def prelude(draft: Draft) -> list[Process]:
    """The set-up that a service begins with; none where other steps come between."""
    if not draft.steps:
        return draft.prepare
    first = next((n for n, s in enumerate(draft.steps) if s.phase != "prepare"), len(draft.steps))
    late = any(s.phase == "prepare" for s in draft.steps[first:])
    return [] if late else draft.steps[:first]


def common(members: Sequence[Draft]) -> dict[str, str]:
    """The variables that all these services have."""
    envs = [(d.runs or d.steps[-1]).env for d in members]
    return {k: v for k, v in envs[0].items() if all(e.get(k) == v for e in envs)}
