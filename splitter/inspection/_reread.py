"""Files read once more with what a run has shown: an address that meets its server, a path that two commands name."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from splitter.inspection import couplings
from splitter.inspection._touched import PASSING
from splitter.inspection._uses import UNHEARD
from splitter.model.facts import RUN, Coupling, Evidence, Facts, Listening, Written
from splitter.model.image import Image


def heard_of(facts: Facts, heard: tuple[Listening, ...], image: Image) -> Facts:
    """The facts read once more where the run shows who listens: an address that files name meets its server now."""
    if not heard or not any(gap.what.endswith(UNHEARD) for gap in facts.gaps):
        return facts
    again = couplings.read(image, facts.processes, heard)
    more = tuple(c for c in again.couplings if c not in facts.couplings)
    gaps = tuple(g for g in facts.gaps if not g.what.endswith(UNHEARD) or g in again.gaps)
    return replace(facts, couplings=(*facts.couplings, *more), gaps=gaps)


def named_twice(facts: Facts, written: Iterable[Written]) -> Iterator[Coupling]:
    """A coupling for each file that changed while it ran and that the commands of several processes name."""
    known = {c.target for c in facts.couplings}
    for path in (w.path for w in written if len(w.writers) < 2 and not w.path.startswith(PASSING)):
        users = tuple(
            p.name
            for p in facts.processes
            if p.lifetime != "job" and any(path == w or path == w.partition("=")[2] for w in p.command.argv[1:])
        )
        if len(users) > 1 and path not in known:
            yield Coupling("files", path, users, Evidence(RUN, note="changed, and both commands name it"), "argument")
