"""What the catalogue says of a process, where it says something of a command."""

from collections.abc import Iterator

from splitter.catalogue import Known, one_off, service
from splitter.catalogue.peel import peel
from splitter.model.facts import Process


def meaning(process: Process) -> Known | None:
    """What the catalogue says of a process, by how long it lives; the words of a launcher script count as a command."""
    argv = process.command.argv
    first = one_off if process.lifetime == "job" or process.phase else service
    second = service if first is one_off else one_off
    for words in _readings(argv):
        if known := first(words) or second(words):
            return known
    return None


def _readings(argv: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The command, and what a script of the application is told to start (`docker-entrypoint.sh gunicorn`)."""
    yield argv
    meant = peel(argv)
    if meant is None or not meant.args:
        return
    if meant.program.endswith((".sh", "entrypoint")) and not meant.args[0].startswith("-"):
        yield meant.args
