"""What the processes of an image need of each other, read from configurations, variables, arguments and code.

First every process's own addresses and paths are gathered (who offers), then every place that names an address inside
the container (who uses); a coupling is a use that meets an offer of another process.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from splitter.inspection import _codeuses, _files, _rpc, _sharing, _signals, _uses
from splitter.inspection._offers import Directory, members, offers, seen
from splitter.inspection._program import silent
from splitter.inspection._uses import Use
from splitter.model.facts import Coupling, Facts, Gap, Listening, Process, Written
from splitter.model.image import Image


def find(image: Image, processes: tuple[Process, ...]) -> tuple[Coupling, ...]:
    """Every coupling of these processes, in a stable order. Never raises on any text."""
    return read(image, processes).couplings


def listening(image: Image, processes: tuple[Process, ...]) -> tuple[Listening, ...]:
    """Every address that their configurations say they listen on; what commands say stands in the commands."""
    return read(image, processes).listening


def written(image: Image, processes: tuple[Process, ...]) -> tuple[Written, ...]:
    """Every file and folder that they are known to write."""
    return read(image, processes).written


def read(image: Image, processes: tuple[Process, ...], heard: tuple[Listening, ...] = ()) -> Facts:
    """Couplings, listening addresses, written paths, and as gaps the addresses at which nothing is known to listen.

    `heard` are addresses that processes were seen to listen on while the image ran.
    """
    team = members(image, processes)
    found_offers = offers(image, team)
    found_offers += seen(team, heard, found_offers)
    speaking = [o.name for o in found_offers if o.address.port and o.certain]
    directory = Directory(image, found_offers, silent(team, speaking, image))
    places = _codeuses.places(team, image)
    said = _signals.spoken(team, image)
    touches = _files.touches(team, places, image, said)
    gaps: list[Gap] = [gap for member in team for gap in member.said.gaps]
    uses: list[Use] = []
    steers: list[Coupling] = []
    for found in chain(
        _uses.configured(team, directory),
        _uses.environment(team, image, directory),
        _uses.arguments(team, image, directory),
        _codeuses.uses(places, image, directory),
        _signals.couplings(team, said),
        _rpc.couplings(team, image),
        _sharing.couplings(team, places, image, said),
    ):
        if isinstance(found, Gap):
            # The same variable in many processes is one thing to tell.
            gaps += [found] if all(found.what != g.what for g in gaps) else []
        elif isinstance(found, Use):
            uses.append(found)
        else:
            steers.append(found)
    files = list(_files.couplings(team, touches, image))
    told = {(f.target, name) for f in files if f.kind == "shm" for name in f.between}
    steers = [c for c in steers if c.kind != "shm" or any((c.target, name) not in told for name in c.between)]
    couplings = [*_grouped(uses), *files, *_ordered(processes), *steers]
    return Facts(
        processes,
        tuple(couplings),
        tuple(dict.fromkeys(gaps)),
        tuple(
            Listening(member.name, m.address.host, m.address.port, m.evidence, m.address.unix)
            for member in team
            for m in member.said.listens
            if m.certain and m.how == "config" and not member.out
        ),
        tuple(_files.written(team, touches)),
    )


def _grouped(uses: Iterable[Use]) -> Iterator[Coupling]:
    """Uses of one place by several processes as one coupling, users in start order."""
    groups: dict[tuple[object, ...], list[Use]] = {}
    for use in uses:
        # A variable that a script exports is one place, whoever inherits it.
        place = None if use.how.startswith("env ") else use.evidence
        key = (use.kind, use.target, use.offer.name, place, use.how, use.written)
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
