"""What services of one image have in common, written once under an anchor."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from splitter.compose.emit import Alias, Anchor, Value

SHARED = ("build", "image", "entrypoint", "user", "working_dir", "environment", "volumes", "tmpfs", "configs",
          "depends_on", "init", "restart", "stop_signal", "stop_grace_period")  # fmt: skip

MUCH = 10  # lines that must be saved before some write variables in full that others share


@dataclass(frozen=True)
class Shared:
    """The anchor's keys and who merges them. `common` is the part of `environment` that all of them have."""

    members: tuple[str, ...]
    keys: Mapping[str, Value]
    common: Mapping[str, Value]
    nested: bool

    @cached_property
    def anchor(self) -> Anchor:
        keys = dict(self.keys)
        if self.nested:
            keys["environment"] = Anchor("app-environment", self.common)
        return Anchor("app", keys)

    def rest(self, name: str, body: Mapping[str, Value]) -> dict[str, Value]:
        """A member's keys: the merge, then what is its own."""
        keys: dict[str, Value] = {"<<": Alias("app")}
        own = {k: v for k, v in body.items() if k not in self.keys or _same(v) != _same(self.keys[k])}
        for key in self.keys:
            if key not in body:
                own[key] = {}
        for key, value in own.items():
            if key == "environment" and self.nested and isinstance(value, Mapping) and _holds(value, self.common):
                merged: dict[str, Value] = {"<<": Alias("app-environment")}
                value = merged | {k: v for k, v in value.items() if k not in self.common or self.common[k] != v}
            keys[key] = value
        return keys


def share(bodies: Mapping[str, Mapping[str, Value]]) -> Shared | None:
    """What to write once, where two services or more come from one image; else None."""
    images = Counter(_image(b) for b in bodies.values())
    if not images:
        return None
    image, count = images.most_common(1)[0]
    if count < 2 or not image:
        return None
    members = {name: b for name, b in bodies.items() if _image(b) == image}
    keys: dict[str, Value] = {}
    for key in SHARED:
        if key == "environment":
            continue
        values = [b[key] for b in members.values() if key in b]
        counted = Counter(_same(v) for v in values)
        if not counted:
            continue
        best, times = counted.most_common(1)[0]
        lacking = len(members) - len(values)
        # One that lacks `depends_on` can say `{}`; the other keys cannot be taken back.
        if times >= 2 and (not lacking or (key == "depends_on" and lacking == 1 and times >= 3)):
            keys[key] = next(v for v in values if _same(v) == best)
    environments = [e for b in members.values() if isinstance(e := b.get("environment", {}), Mapping)]
    common = _common(environments)
    nested = any(len(e) > len(common) or not _holds(e, common) for e in environments)
    if common:
        keys["environment"] = common
    ordered = {key: keys[key] for key in SHARED if key in keys}
    return Shared(tuple(members), ordered, common, bool(common) and nested)


def _common(environments: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """The variables that are written once: what all have, or what those with the most have, where that saves a lot.

    The others then write their own in full.
    """
    most = sorted(environments, key=len, reverse=True)
    every = _both(most)
    best, saved = every, MUCH
    for count in range(len(most) - 1, 1, -1):
        found = _both(most[:count])
        lines = (len(found) - len(every)) * (count - 1) - (len(every) + 1) * (len(most) - count)
        if lines > saved:
            best, saved = found, lines
    return best


def _both(environments: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """What all of them have."""
    return {k: v for k, v in environments[0].items() if all(k in e and e[k] == v for e in environments)}


def _holds(environment: Mapping[str, Value], common: Mapping[str, Value]) -> bool:
    return all(k in environment and environment[k] == v for k, v in common.items())


def _image(body: Mapping[str, Value]) -> str:
    return _same(body["build"]) if "build" in body else _same(body["image"]) if "image" in body else ""


def _same(value: Value) -> str:
    return json.dumps(value, sort_keys=True)
