"""What the processes of an image need of each other, read from configurations, variables, arguments and code.

First every process's own addresses and paths are gathered (who offers), then every place that names an address inside
the container (who uses); a coupling is a use that meets an offer of another process.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from splitter.inspection import _codeuses, _uses
from splitter.inspection._offers import Directory, members, offers
from splitter.inspection._uses import Use
from splitter.model.facts import Coupling, Facts, Gap, Listening, Process, Written
from splitter.model.image import Image


def find(image: Image, processes: tuple[Process, ...]) -> tuple[Coupling, ...]:
    """Every coupling of these processes, in a stable order. Never raises on any text."""
    return read(image, processes).couplings


def listening(image: Image, processes: tuple[Process, ...]) -> tuple[Listening, ...]:
    """Every address that their commands and configurations say they listen on."""
    return read(image, processes).listening


def written(image: Image, processes: tuple[Process, ...]) -> tuple[Written, ...]:
    """Every file and folder that they are known to write."""
    return read(image, processes).written


def read(image: Image, processes: tuple[Process, ...]) -> Facts:
    """Couplings, listening addresses, written paths, and as gaps the addresses at which nothing is known to listen."""
    team = members(image, processes)
    directory = Directory(image, offers(image, team))
    said = _codeuses.places(team, image)
    gaps: list[Gap] = [gap for member in team for gap in member.said.gaps]
    uses: list[Use] = []
    for found in chain(
        _uses.configured(team, directory),
        _uses.environment(team, image, directory),
        _uses.arguments(team, image, directory),
        _codeuses.uses(said, image, directory),
    ):
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            uses.append(found)
    couplings = [*_grouped(uses), *_ordered(processes)]
    return Facts(
        processes,
        tuple(couplings),
        tuple(dict.fromkeys(gaps)),
        tuple(
            Listening(o.name, o.address.host, o.address.port, o.evidence, o.address.unix)
            for o in directory.offers
            if o.certain or o.member.known is not None
        ),
    )


def _grouped(uses: Iterable[Use]) -> Iterator[Coupling]:
    """Uses of one place by several processes as one coupling, users in start order."""
    groups: dict[tuple[object, ...], list[Use]] = {}
    for use in uses:
        key = (use.kind, use.target, use.offer.name, use.evidence, use.how, use.written)
        groups.setdefault(key, []).append(use)
    for same in groups.values():
        one = same[0]
        between = (*dict.fromkeys(u.user for u in same), one.offer.name)
        yield Coupling(one.kind, one.target, between, one.evidence, one.how, one.written)


def _ordered(processes: tuple[Process, ...]) -> Iterator[Coupling]:
    names = {p.name for p in processes}
    for process in processes:
        for name in process.after:
            if name in names and name != process.name:
                # supervisord starts by priority and waits for nothing (its manual, [program:x] priority).
                how = "priority" if "supervisord" in process.via else ""
                yield Coupling("order", name, (process.name, name), process.evidence, how)
