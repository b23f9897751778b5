"""Whether an image runs one process only, so that there is nothing to part.

An entrypoint that makes folders, gives data to a user or waits for a server, and then runs its one program, is what the
images of that kind do: the container is right as it is. A migration is more than set-up, and worth a job of its own.
"""

from splitter.catalogue import one_off
from splitter.catalogue.meaning import meaning
from splitter.model.facts import Facts, Process

OWNERS = "owner of shared data"


def alone(facts: Facts) -> Process | None:
    """The one process beside which an image runs nothing but its set-up; None where there is more, or nothing."""
    if len(facts.processes) == 1:
        return facts.processes[0]
    stay = [p for p in facts.processes if p.lifetime != "job"]
    steps = [p for p in facts.processes if p.lifetime == "job"]
    if len(stay) != 1 or stay[0].lifetime != "service" or not all(_sets_up(p) for p in steps):
        return None
    return stay[0]


def _sets_up(step: Process) -> bool:
    argv = step.command.argv
    # What `find` is called for is what it runs on each file: the official images give away their data that way.
    at = next((n for n, word in enumerate(argv) if word in ("-exec", "-execdir")), None)
    known = meaning(step) if at is None or argv[0].rpartition("/")[2] != "find" else one_off(argv[at + 1 :])
    if known is not None and (known.name == OWNERS or known.phase in ("prepare", "wait")):
        return True
    return step.phase in ("prepare", "wait")
