"""An order in which everything comes after what it needs."""

from collections.abc import Iterable, Mapping


def ordered(needs: Mapping[str, Iterable[str]], wanted: Iterable[str]) -> tuple[str, ...]:
    """The names that are wanted and all that they need, each after what it needs, ties by name; loops are cut."""
    done: dict[str, None] = {}
    for start in sorted(set(wanted)):
        if start in done:
            continue
        waiting = [(start, sorted(needs.get(start, ())))]
        entered = {start}
        while waiting:
            name, rest = waiting[-1]
            while rest and (rest[0] in done or rest[0] in entered):
                del rest[0]
            if rest:
                following = rest.pop(0)
                entered.add(following)
                waiting.append((following, sorted(needs.get(following, ()))))
            else:
                done[name] = None
                waiting.pop()
    return tuple(done)
