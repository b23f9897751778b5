"""monofy runs the commands before each `&&` to their end, then those parted by `|||` side by side; one ends, all end.

The operators are words of their own. It puts in `$NAME` and `${NAME}` itself, nothing for one that is not set
(monofy/scripts/monofy.py of 1.2.0).
"""

import posixpath
from collections.abc import Sequence

from splitter.managers._keep import Kept, Member, programs
from splitter.managers._launch import environment, expanded, module_of, name_of, unfronted
from splitter.model.facts import Command, Gap, Process
from splitter.model.image import Image

THEN, BESIDE = "&&", "|||"


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    words = _arguments(unfronted(process.command.argv))
    if not words or words[0] in ("-h", "--help"):
        return None
    last = len(words) - words[::-1].index(THEN) if THEN in words else 0
    env = environment(process, image)
    found: list[Process | Gap] = []
    for job, groups in (
        (True, _parted(words[: last - 1], THEN) if last else []),
        (False, _parted(words[last:], BESIDE)),
    ):
        for group in groups:
            if group:
                found.append(_child(process, group, env, job))
            else:
                found.append(Gap("monofy is given an empty command", process.evidence))
    return found


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """monofy with these commands side by side; what stood before `&&` is a step of its own."""
    argv = process.command.argv
    words = _arguments(unfronted(argv)) or ()
    last = len(words) - words[::-1].index(THEN) if THEN in words else 0
    env = environment(process, image)
    written = {_child(process, g, env, False).command: tuple(g) for g in _parted(words[last:], BESIDE) if g}
    told = [m.words or written.get(m.unit.command, ()) for m in programs(members)]
    # It would put in the variables of a text that is not its own.
    if not all(told) or any("$" in word for m in members for word in m.words):
        return None
    beside = [word for group in told for word in (BESIDE, *group)]
    return Kept((*argv[: len(argv) - len(words)], *beside[1:]))


def _parted(words: tuple[str, ...], operator: str) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for word in words:
        if word == operator:
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def _child(process: Process, words: list[str], env: dict[str, str], job: bool) -> Process:
    pairs = [expanded(word, env) for word in words]
    argv = tuple(seen for seen, _ in pairs)
    late = any("$" in word for word in words) and any('"${' in line for _, line in pairs)
    run = ("/bin/sh", "-c", "exec " + " ".join(line for _, line in pairs)) if late else ()
    return Process(
        name=name_of(argv),
        command=Command(argv, run),
        evidence=process.evidence,
        lifetime="job" if job else "service",
        notes=() if job else ("monofy stops everything when one of its commands ends",),
    )


def _arguments(argv: tuple[str, ...]) -> tuple[str, ...] | None:
    if not argv:
        return None
    if posixpath.basename(argv[0]) == "monofy":
        return argv[1:]
    module = module_of(argv)
    if module is not None and module[0] in ("monofy.scripts.monofy", "monofy"):
        return module[1]
    if len(argv) > 1 and argv[0].rsplit("/", 1)[-1].startswith("python") and argv[1].endswith("/monofy"):
        return argv[2:]
    return None
