"""What was found, as a tree of short lines."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from splitter.catalogue import match
from splitter.commands.mask import Mask
from splitter.model.facts import Coupling, Facts, Process
from splitter.model.text import printable

CROWD = 4  # users of a coupling that are named


@dataclass(frozen=True)
class Leaf:
    """One line with what stands below it."""

    text: str
    below: tuple["Leaf", ...] = ()


def facts_tree(reference: str, facts: Facts, mask: Mask) -> Leaf:
    """Processes below the managers that start them; then couplings, what a run showed, and gaps."""
    branches = list(_managed(facts.processes, 0, mask))
    found = tuple(_coupling(c, mask) for c in facts.couplings if c.how != "priority")
    if found:
        branches.append(Leaf("couplings", found))
    for title, told in (("seen when it ran", facts.shown), ("not read", facts.gaps)):
        if told:
            branches.append(Leaf(title, tuple(Leaf(f"{g.evidence}: {mask.text(g.what)}") for g in told)))
    return Leaf(reference, tuple(branches))


def lines(tree: Leaf) -> Iterator[str]:
    """The tree drawn in text, each line safe to print."""
    yield printable(tree.text)
    yield from _draw(tree.below, "")


def _draw(leaves: tuple[Leaf, ...], indent: str) -> Iterator[str]:
    for leaf in leaves:
        last = leaf is leaves[-1]
        yield indent + ("└── " if last else "├── ") + printable(leaf.text)
        yield from _draw(leaf.below, indent + ("    " if last else "│   "))


def _managed(processes: tuple[Process, ...], depth: int, mask: Mask) -> Iterator[Leaf]:
    """Neighbours that share a manager stand below it, in start order."""
    rest = list(processes)
    while rest:
        first = rest.pop(0)
        if len(first.via) <= depth:
            yield _process(first, mask)
            continue
        same = [first]
        while (
            rest
            and rest[0].via[: depth + 1] == first.via[: depth + 1]
            and rest[0].scope[: depth + 1] == first.scope[: depth + 1]
        ):
            same.append(rest.pop(0))
        below = tuple(_managed(tuple(same), depth + 1, mask))
        # A manager of one thing adds nothing: the process stands for both.
        if len(below) == 1:
            yield below[0]
        else:
            yield Leaf(first.via[depth], below)


def _coupling(coupling: Coupling, mask: Mask) -> Leaf:
    """Who uses what of whom; a crowd of users is counted."""
    *users, offerer = coupling.between or ("",)
    some = users if len(users) <= CROWD else [*users[: CROWD - 1], f"{len(users) - CROWD + 1} more"]
    who = ", ".join(some)
    return Leaf(f"{who} -> {offerer}  {coupling.kind} {mask.text(coupling.target)}  [{coupling.evidence}]")


def _process(process: Process, mask: Mask) -> Leaf:
    kind: str = process.schedule or process.lifetime
    if process.lifetime == "service":
        known = match(process.command.argv)
        kind = known.role if known else ""
    said = {
        "user": process.user,
        "in": process.workdir if process.workdir not in ("/", posixpath.dirname(process.evidence.path)) else "",
        "instances": str(process.instances) if process.instances != 1 else "",
        "after": ", ".join(process.after),
        "logs to": ", ".join(process.logs),
        "off by default:": process.off,
    }
    more = "; ".join(f"{key} {value}" for key, value in said.items() if value)
    details = [Leaf(text) for text in (more, *process.notes) if text]
    name = f"{process.name} ({kind})" if kind else process.name
    return Leaf(f"{name}: {mask.text(str(process.command))}  [{process.evidence}]", tuple(details))
