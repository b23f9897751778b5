"""Long set-up that several services share: written once, as a script that `configs:` brings into each container."""

from collections.abc import Sequence

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.planning.commands import line_of, strict_before
from splitter.planning.draft import Draft, Drafts
from splitter.planning.patches import Patches

SHORT = 5  # lines of set-up that a command can hold and still be read


def share(drafts: Drafts, image: Image, patches: Patches) -> None:
    """Move what two or more services run before their programs into a script of its own, where it is long."""
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts.own():
        steps = prelude(draft)
        if steps:
            groups.setdefault(tuple(p.name for p in steps), []).append(draft)
    number = 1
    for members in groups.values():
        text = script(prelude(members[0]), image)
        if len(members) < 2 or text.count("\n") <= SHORT:
            continue
        path = "/prepare.sh" if number == 1 else f"/prepare-{number}.sh"
        number += 1
        for draft in members:
            patches.whole(path, text, draft)
            draft.script = path


def prelude(draft: Draft) -> list[Process]:
    """The set-up that a service begins with; none where other steps come between."""
    if not draft.steps:
        return draft.prepare
    first = next((n for n, s in enumerate(draft.steps) if s.phase != "prepare"), len(draft.steps))
    late = any(s.phase == "prepare" for s in draft.steps[first:])
    return [] if late else draft.steps[:first]


def script(steps: Sequence[Process], image: Image) -> str:
    """The steps as a script that root runs in the image's own folder."""
    lines = ["#!/bin/sh", f"cd {image.config.workdir or '/'}"]
    if strict_before(steps, image):
        lines.append("set -e")
    lines += dict.fromkeys(line_of(step, None, image, "") for step in steps)
    return "\n".join(lines) + "\n"
