"""Unit files of systemd: where they are looked for, their drop-ins, and what they list.

Source: systemd.unit(5): the load path, "NAME.d" drop-ins, templates, masked units, `.wants` and `.requires` folders.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image

PATHS = (
    "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system",
)  # fmt: skip
OWN = PATHS[:3]  # an administrator's; the others are a distribution's packages'
KINDS = (".service", ".target", ".timer", ".socket", ".path", ".mount", ".slice")


@dataclass(frozen=True)
class Line:
    """One setting with its place."""

    value: str
    path: str
    line: int


@dataclass
class Unit:
    """A unit by its name, with all settings of its file and drop-ins; an empty value has taken those before it away."""

    name: str
    path: str
    settings: dict[tuple[str, str], list[Line]] = field(default_factory=dict)
    masked: bool = False

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def own(self) -> bool:
        return self.path.startswith(OWN)

    def all(self, section: str, key: str) -> list[Line]:
        return self.settings.get((section, key), [])

    def one(self, section: str, key: str) -> str:
        lines = self.all(section, key)
        return lines[-1].value if lines else ""

    def names(self, *keys: str) -> list[str]:
        """The units that settings of [Unit] name."""
        return [word for key in keys for line in self.all("Unit", key) for word in line.value.split()]


@dataclass
class Units:
    """The units of an image."""

    image: Image
    gaps: list[Gap] = field(default_factory=list)
    read: dict[str, Unit | None] = field(default_factory=dict)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The load path, a folder that two paths lead to counted once."""
        found: dict[str, str] = {}
        for path in PATHS:
            real = self.image.resolve(path)
            if isinstance(real, str) and self.image.is_dir(path):
                found.setdefault(real, path)
        return tuple(found.values())

    @property
    def default(self) -> str:
        """The target that is started."""
        for folder in self.folders:
            node = self.image.tree.lookup(f"{folder}/default.target")
            if node is not None and node.kind == "link":
                return posixpath.basename(node.target)
        return "multi-user.target"

    def get(self, name: str) -> Unit | None:
        """A unit by its name (an alias counts); None where there is none."""
        if name not in self.read:
            self.read[name] = self._load(name)
        return self.read[name]

    def _load(self, name: str) -> Unit | None:
        stem, dot, kind = name.rpartition(".")
        template = f"{stem.partition('@')[0]}@{dot}{kind}" if "@" in stem else ""
        for wanted in dict.fromkeys(filter(None, (name, template))):
            for folder in self.folders:
                path = f"{folder}/{wanted}"
                node = self.image.tree.lookup(self._at(path))
                if node is None:
                    continue
                if node.kind == "link" and node.target == "/dev/null":
                    return Unit(name, path, masked=True)
                text = self.image.read(path)
                if isinstance(text, Gap):
                    self.gaps.append(text)
                if not isinstance(text, str):
                    continue
                real = self.image.resolve(path)
                unit = Unit(name, real if isinstance(real, str) else path)
                self._take(text, unit.path, unit)
                for drop_in in self._drop_ins(name, template):
                    more = self.image.read(drop_in)
                    if isinstance(more, str):
                        self._take(more, drop_in, unit)
                return unit
        return None

    def _at(self, path: str) -> str:
        real = self.image.resolve(path, last=False)
        return real if isinstance(real, str) else path

    def _drop_ins(self, name: str, template: str) -> list[str]:
        found: dict[str, str] = {}
        for folder in self.folders:
            for wanted in filter(None, (name, template)):
                for path in self.image.glob(f"{folder}/{wanted}.d/*.conf") if _plain(wanted) else ():
                    found.setdefault(posixpath.basename(path), path)
        return [found[base] for base in sorted(found)]

    def _take(self, text: str, path: str, unit: Unit) -> None:
        section = ""
        for number, line in _lines(text):
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1]
                continue
            key, equals, value = line.partition("=")
            if not equals:
                self.gaps.append(Gap("systemd passes over this line", Evidence(path, number)))
                continue
            lines = unit.settings.setdefault((section, key.strip()), [])
            if value.strip():
                lines.append(Line(value.strip(), path, number))
            else:
                lines.clear()

    def wanted(self, name: str) -> Iterator[tuple[str, str]]:
        """The units that a unit brings up, by its file or by links beside it, each with the place that says so."""
        unit = self.get(name)
        if unit is not None:
            for key in ("Requires", "Wants", "BindsTo", "Upholds", "Requisite"):
                for line in unit.all("Unit", key):
                    yield from ((word, f"{line.path}:{line.line}") for word in line.value.split())
        for folder in self.folders:
            for kind in ("wants", "requires"):
                for found in self.image.names(f"{folder}/{name}.{kind}"):
                    if found.endswith(KINDS):
                        yield found, f"{folder}/{name}.{kind}/{found}"

    def asking(self, target: str) -> list[str]:
        """Units of the image's own that ask to be enabled for a target, whether they are or not."""
        found: dict[str, None] = {}
        for folder in self.folders:
            if folder not in OWN:
                continue
            for name in self.image.names(folder):
                unit = self.get(name) if name.endswith(KINDS) and "@." not in name else None
                lines = unit.all("Install", "WantedBy") + unit.all("Install", "RequiredBy") if unit else []
                if any(target in line.value.split() for line in lines):
                    found[name] = None
        return list(found)


def _plain(name: str) -> bool:
    return not any(c in name for c in "*?[/")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and blank ones, those put together that end in a backslash."""
    held, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line[:1] in ("#", ";") and line:
            continue
        if not held:
            start = number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        whole = (held + line).strip()
        held = ""
        if whole:
            yield start, whole
    if held.strip():
        yield start, held.strip()
