"""The image's own ENTRYPOINT: kept where it only prepares and then runs what it is told, else cleared."""

from splitter.managers import managers
from splitter.managers.shell import reaches
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

MAX_LAYERS = 6  # wrappers and scripts within one another


def keeps(image: Image, command: tuple[str, ...]) -> frozenset[Evidence] | None:
    """Whether `ENTRYPOINT` followed by this command comes to the command after set-up steps alone: where those stand.

    None where it does anything else. Told by asking the managers again, with the command as the entrypoint's arguments.
    """
    entrypoint = image.config.entrypoint
    if not entrypoint:
        return frozenset()
    process = Process(
        name=entrypoint[0].rsplit("/", 1)[-1],
        command=Command((*entrypoint, *command)),
        evidence=image.config.evidence("ENTRYPOINT"),
        user=image.config.user,
        workdir=image.config.workdir,
    )
    return _steps(process, command, image, MAX_LAYERS)


def _steps(process: Process, command: tuple[str, ...], image: Image, depth: int) -> frozenset[Evidence] | None:
    if process.command.argv == command:
        return frozenset()
    if not depth or len(process.command.argv) <= len(command):
        return None
    if not reaches(process, image, command):
        return None
    claims = [got for expand in managers().values() if (got := expand(process, image)) is not None]
    if len(claims) != 1 or any(isinstance(item, Gap) for item in claims[0]):
        return None
    children = [item for item in claims[0] if isinstance(item, Process)]
    if not children or any(c.lifetime != "job" or c.phase != "prepare" for c in children[:-1]):
        return None
    last = children[-1]
    below = _steps(last, command, image, depth - 1) if last.user in ("", process.user) else None
    return None if below is None else below | {c.evidence for c in children[:-1]}


def is_init(image: Image) -> bool:
    """Whether the ENTRYPOINT begins with an init that reaps and forwards (tini and its like)."""
    first = image.config.entrypoint[:1]
    names = ("tini", "tini-static", "dumb-init", "docker-init", "catatonit", "pid1")
    return bool(first) and first[0].rsplit("/", 1)[-1] in names
