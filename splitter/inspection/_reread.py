"""Files read once more with what a run has shown: an address that meets its server, a path that two commands name,
changes that one process makes and another waits for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from splitter.catalogue.places import lasting
from splitter.inspection import _signals, _watch, couplings
from splitter.inspection._offers import members
from splitter.inspection._touched import Users
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


def named_twice(facts: Facts, written: Iterable[Written], image: Image) -> Iterator[Coupling]:
    """A coupling for each file that the commands of several processes name and that comes to be while they run.

    Somebody keeps it open, or the image does not have it. Whether it had come when the run was over is left to chance.
    """
    known = {c.target for c in facts.couplings}
    users: dict[str, list[str]] = {}
    for process in facts.processes:
        words = (v for w in process.command.argv[1:] for v in (w, w.partition("=")[2]) if v.startswith("/"))
        for path in dict.fromkeys(words) if process.lifetime != "job" else ():
            users.setdefault(path, []).append(process.name)
    held = {w.path for w in written if w.held}
    for path, names in users.items():
        if len(names) > 1 and path not in known and (path in held or _comes(path, image)):
            note = "both commands name it, and the image does not have it"
            yield Coupling("files", path, tuple(names), Evidence(RUN, note=note), "argument")


def _comes(path: str, image: Image) -> bool:
    """Whether it is a file that the image does not have; a path of URLs begins with no folder of the image."""
    top = f"/{path.split('/')[1]}"
    return image.complete and lasting(path) and path != top and image.is_dir(top) and image.node(path) is None


def waited_for(facts: Facts, held: Users, image: Image) -> Iterator[Coupling]:
    """A coupling for each path that one process was seen to keep open for writing and that another one waits for with
    inotify. `held` are all that anybody keeps open."""
    makers = {path: next(iter(writers)) for path, (writers, _) in held.items() if len(writers) == 1}
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
