"""Files read once more with what a run has shown: an address that meets its server, a path that two commands name,
changes that one process makes and another waits for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from splitter.inspection import _signals, _watch, couplings
from splitter.inspection._offers import members
from splitter.inspection._touched import PASSING
from splitter.inspection._uses import UNHEARD
from splitter.model.facts import RUN, Coupling, Evidence, Facts, Listening, Written
from splitter.model.image import Image, within


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


def waited_for(facts: Facts, written: Iterable[Written], image: Image) -> Iterator[Coupling]:
    """A coupling for each path that one process was seen to write and that another one waits for with inotify."""
    makers = {w.path: w.writers[0] for w in written if len(w.writers) == 1}
    if not makers:
        return
    team = tuple(m for m in members(image, facts.processes) if m.process.lifetime == "service")
    names = {m.name for m in team}
    known = {(*c.between, c.target) for c in facts.couplings if c.how == _watch.HOW}
    for touch in _watch.touches(team, image, _signals.spoken(team, image)):
        for path, maker in makers.items():
            wider = touch.path if within(path, touch.path) else path
            place = (touch.name, maker, wider)
            if maker in names - {touch.name} and within(touch.path, wider) and place not in known:
                known.add(place)
                yield Coupling("files", wider, place[:2], touch.evidence, _watch.HOW, touch.written)
