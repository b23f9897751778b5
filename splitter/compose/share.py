"""What services of one image have in common, written once under an anchor."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from splitter.compose.emit import Alias, Anchor, Value

SHARED = ("build", "image", "entrypoint", "user", "working_dir", "environment", "volumes", "tmpfs", "configs",
          "depends_on", "init", "restart", "stop_signal", "stop_grace_period")  # fmt: skip


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
            if key == "environment" and self.nested and isinstance(value, Mapping):
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
    common = {k: v for k, v in environments[0].items() if all(k in e and e[k] == v for e in environments)}
    nested = any(len(e) > len(common) for e in environments)
    if common:
        keys["environment"] = common
    ordered = {key: keys[key] for key in SHARED if key in keys}
    return Shared(tuple(members), ordered, common, bool(common) and nested)


def _image(body: Mapping[str, Value]) -> str:
    return _same(body["build"]) if "build" in body else _same(body["image"]) if "image" in body else ""


def _same(value: Value) -> str:
    return json.dumps(value, sort_keys=True)
