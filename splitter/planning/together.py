"""Which processes cannot be parted and stay in one service, with the reason; decided before services are made.

This is the last rung of the ladder of cuts: only what no variable, volume or namespace can carry ties two processes
together. A client that steers its siblings through their supervisor needs that supervisor's control socket; programs of
one display share its sockets, memory and sound; a watcher is told by the kernel of changes in a folder that cannot be a
volume; a signal that needs a pid file needs the folder that this lies in; and a key that is made of a file's device and
number is the same in another container only where that file lies in a volume.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from splitter.catalogue.places import TOO_MUCH
from splitter.managers._keep import Member, keepers
from splitter.model.facts import Coupling, Evidence, Facts, Process
from splitter.model.image import Image
from splitter.model.plan import Option
from splitter.planning.questions import Asker
from splitter.planning.roles import Placed
from splitter.planning.volumes import crowded, holding, works_below

# What speaks to a manager, also to send a signal.
TOOLS = frozenset(
    ("supervisorctl", "sv", "s6-svc", "s6-rc", "svc", "pm2", "circusctl", "initctl", "systemctl", "service", "monit",
     "overmind", "supervisord's RPC interface")
)  # fmt: skip
# Compose itself starts what is only started.
STARTS = frozenset(("start", "up", "once", "-u", "-U", "-o", "u", "o"))
OUTWARD = ("proxy", "web", "worker", "scheduler", "backing")
SCREENS = "/tmp/.X11-unix/"
DRAWS = ("desktop", "pulseaudio")


@dataclass(frozen=True)
class Bond:
    """Two processes that must stay together. `manager`: only one manager's own means keep the bond alive."""

    user: str
    offerer: str
    kind: str
    why: str
    evidence: Evidence
    manager: bool = False


@dataclass
class Group:
    """What one service runs, the most outward first; `whole`: all that the image starts, left as it is."""

    members: list[Placed]
    bonds: list[Bond] = field(default_factory=list)
    whole: bool = False
    inside: list[Process] = field(default_factory=list)
    first: bool = False

    @property
    def main(self) -> Placed:
        return self.members[0]

    def why(self, coupling: Coupling) -> str:
        """The reason for which a coupling's two sides are here; "" where it is only a neighbour's."""
        pair = set(coupling.between)
        return next((b.why for b in self.bonds if {b.user, b.offerer} <= pair), "")


def decide(stays: Sequence[Placed], every: Sequence[Placed], facts: Facts, image: Image, asker: Asker) -> list[Group]:
    """What stays up, in groups: of one each, but for those that cannot be parted. `every` has all that was found."""
    bonds = _answered(tuple(_bonds(stays, facts, image)), asker)
    groups = _grouped(stays, bonds)
    on = [g for g in groups if not g.main.process.off]
    if len(on) == 1 and len(on[0].members) > 1:
        names = {p.process.name for p in stays}
        if all(e.process.name in names or e.phase == "prepare" or e.process.off for e in every):
            # What is off is turned on in the same container, as it always was.
            on[0].members += [p for g in groups if g is not on[0] for p in g.members]
            on[0].whole = True
            return on
    kept = [b for b in bonds if not b.manager or _kept(b, stays, image)]
    return _grouped(stays, kept)


def level(members: Sequence[Process]) -> int:
    """How deep in their starters the nearest manager is that started all of these and can keep them; -1: none."""
    first = members[0]
    deepest = min(min(len(p.starters), len(p.via)) for p in members)
    for at in reversed(range(deepest)):
        same = all(key(p.starters[at]) == key(first.starters[at]) for p in members)
        if same and first.via[at] in keepers():
            return at
    return -1


def unable(members: Sequence[Process]) -> str:
    """The nearest manager that started all of these and cannot start them without its others; "" where one can."""
    shared = ""
    for at in range(min(min(len(p.starters), len(p.via)) for p in members)):
        if all(key(p.starters[at]) == key(members[0].starters[at]) for p in members):
            shared = members[0].via[at]
    return shared if level(members) < 0 else ""


def unit(process: Process, at: int) -> Process:
    """What the manager at this level starts: the process, or the script that came to it."""
    return process.starters[at + 1] if at + 1 < len(process.starters) else process


def key(process: Process) -> tuple[object, ...]:
    return process.command, process.evidence, process.scope


def _kept(bond: Bond, stays: Sequence[Placed], image: Image) -> bool:
    """Whether the manager of two programs can start them without the others."""
    pair = [p.process for p in stays if p.process.name in (bond.user, bond.offerer)]
    at = level(pair)
    members = [Member(p.name, unit(p, at)) for p in pair]
    return at >= 0 and keepers()[pair[0].via[at]](members, pair[0].starters[at], image) is not None


def _grouped(stays: Sequence[Placed], bonds: Iterable[Bond]) -> list[Group]:
    of = {p.process.name: Group([p]) for p in stays}
    for bond in bonds:
        one, other = of[bond.user], of[bond.offerer]
        if one is not other:
            one.members += other.members
            one.bonds += other.bonds
            for placed in other.members:
                of[placed.process.name] = one
        one.bonds.append(bond)
    order = {p.process.name: at for at, p in enumerate(stays)}
    groups = list({id(g): g for g in of.values()}.values())
    for group in groups:
        group.members.sort(key=lambda p: (*_outward(p), order[p.process.name]))
    return sorted(groups, key=lambda g: min(order[p.process.name] for p in g.members))


def _outward(placed: Placed) -> tuple[int, bool]:
    """By role; what a display is made of comes after what is drawn on it."""
    at = OUTWARD.index(placed.role) if placed.role in OUTWARD else len(OUTWARD)
    return at, placed.known is not None and placed.known.name in ("xserver", *DRAWS)


def _answered(bonds: tuple[Bond, ...], asker: Asker) -> list[Bond]:
    """The bonds that hold: of each pair a person may say that it is parted all the same."""
    kept = []
    for bond in {(b.kind, b.user, b.offerer): b for b in reversed(bonds)}.values():
        answer = asker.ask(
            f"cut:{bond.kind}/{bond.user}/{bond.offerer}",
            f"Do {bond.user} and {bond.offerer} stay in one service?",
            (
                Option("together", "together, in one service", "they work as before; neither is scaled alone"),
                Option("part", "a service each", "what ties them is lost, and is said to be open"),
            ),
            "together",
            bond.why,
            bond.evidence,
        )
        if answer == "together":
            kept.append(bond)
    return kept


def _bonds(stays: Sequence[Placed], facts: Facts, image: Image) -> Iterator[Bond]:
    here = {p.process.name: p for p in stays if not p.process.off and p.role != "backing"}
    for coupling in facts.couplings:
        users = [n for n in coupling.between[:-1] if n in here]
        if not coupling.between or coupling.between[-1] not in here:
            continue
        offerer = coupling.between[-1]
        for user in users:
            if user != offerer and (found := _bond(coupling, here[user], here[offerer], facts, image)):
                yield found
    yield from _display(here, facts)


def _bond(coupling: Coupling, user: Placed, offerer: Placed, facts: Facts, image: Image) -> Bond | None:
    names = user.process.name, offerer.process.name
    at = coupling.evidence
    if coupling.kind in ("control", "signal") and coupling.target in TOOLS:
        if only_starts(coupling):
            return None
        why = f"{names[0]} steers {names[1]} with {coupling.target}, which speaks to their supervisor"
        return Bond(*names, "control", why, at, manager=True)
    if coupling.kind == "signal" and (where := _pid_file(coupling)):
        return Bond(*names, "signal", f"{names[0]} signals {names[1]} by {where}", at)
    if coupling.kind == "socket" and coupling.target.startswith(SCREENS) and _draws(user):
        return Bond(*names, "display", f"{names[0]} draws on the display of {names[1]}", at)
    if coupling.kind == "files" and coupling.how == "watch" and not shareable(coupling.target, facts, image):
        why = f"inotify tells one of them what the other changes in {coupling.target}, which cannot be a volume"
        return Bond(*names, "watch", why, at)
    file = coupling.written
    if coupling.kind == "shm" and coupling.how == "ftok" and not (file and shareable(file, facts, image)):
        why = f"they find it by a key that ftok makes of {file or 'a file'}, which is another in another container"
        return Bond(*names, "memory", why, at)
    return None


def only_starts(coupling: Coupling) -> bool:
    """Whether a program only starts another one through their manager: Compose does that."""
    return bool(STARTS & set(coupling.written.split()[1:])) and coupling.kind == "control"


def _pid_file(coupling: Coupling) -> str:
    """What a signal goes by, where that is a pid file in a folder that cannot be shared."""
    target, words = coupling.target, coupling.written.split()
    if target.startswith("/"):
        return target if target.endswith(".pid") and posixpath.dirname(target) in TOO_MUCH else ""
    return f"the pid file of {target}" if words and ("-s" in words or words[0].startswith("apache")) else ""


def _draws(placed: Placed) -> bool:
    return placed.known is None or placed.known.name in DRAWS


def _display(here: dict[str, Placed], facts: Facts) -> Iterator[Bond]:
    """The desktop and the sound of a display, and what its manager starts after them."""
    screen = next((n for n, p in here.items() if p.known is not None and p.known.name == "xserver"), "")
    if not screen:
        return
    session = {screen}
    for name, placed in here.items():
        if placed.known is not None and placed.known.name in DRAWS:
            session.add(name)
            what = "desktop" if placed.known.name == "desktop" else "sound"
            yield Bond(name, screen, "display", f"{name} is the {what} of {screen}'s display", placed.process.evidence)
    orders = [c for c in facts.couplings if c.kind == "order" and c.how != "priority" and len(c.between) == 2]
    found = True
    while found:
        found = False
        for user, offerer in (c.between for c in orders):
            if offerer in session and user in here and user not in session and _draws(here[user]):
                session.add(user)
                found = True
                why = f"{user} starts once {offerer} is up, and uses the display"
                yield Bond(user, offerer, "display", why, here[user].process.evidence)


def shareable(path: str, facts: Facts, image: Image) -> bool:
    """Whether a path can be a volume of its own."""
    works = {p.workdir for p in facts.processes} | {image.config.workdir}
    return not crowded(path, image) and not works_below(holding(path, image), works)
