"""What was found, as a tree of short lines."""

from collections.abc import Iterator
from dataclasses import dataclass

from splitter.catalogue import match
from splitter.commands.mask import Mask
from splitter.model.facts import Facts, Process
from splitter.model.text import printable


@dataclass(frozen=True)
class Leaf:
    """One line with what stands below it."""

    text: str
    below: tuple["Leaf", ...] = ()


def facts_tree(reference: str, facts: Facts, mask: Mask) -> Leaf:
    """Processes below the managers that start them; then couplings and gaps."""
    branches = list(_managed(facts.processes, 0, mask))
    if facts.couplings:
        found = tuple(
            Leaf(f"{' -> '.join(c.between)}  {c.kind} {mask.text(c.target)}  [{c.evidence}]") for c in facts.couplings
        )
        branches.append(Leaf("couplings", found))
    if facts.gaps:
        branches.append(Leaf("not read", tuple(Leaf(f"{g.evidence}: {mask.text(g.what)}") for g in facts.gaps)))
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
        yield Leaf(first.via[depth], tuple(_managed(tuple(same), depth + 1, mask)))


def _process(process: Process, mask: Mask) -> Leaf:
    known = match(process.command.argv)
    what = [process.lifetime if process.lifetime != "service" else "", known.role if known else "", process.schedule]
    kind = ", ".join(w for w in what if w)
    details = [Leaf(mask.text(str(process.command)))]
    said = {
        "user": process.user,
        "in": process.workdir,
        "instances": str(process.instances) if process.instances != 1 else "",
        "after": ", ".join(process.after),
        "logs to": ", ".join(process.logs),
        "off until": process.off,
    }
    more = [f"{key} {value}" for key, value in said.items() if value]
    if more:
        details.append(Leaf("; ".join(more)))
    details += [Leaf(note) for note in process.notes]
    return Leaf(f"{process.name}{f' ({kind})' if kind else ''}  [{process.evidence}]", tuple(details))
