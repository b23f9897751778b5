"""Service definitions as s6-rc reads them: what a bundle holds is started with all that it depends on, in order.

A definition is a folder with a `type`: a longrun has a `run`, a oneshot an `up` (a command line of execline, not of a
shell), a bundle its `contents.d`. What no bundle that is started reaches does not start.
Source: the documentation of s6-rc-compile, and rc.init of s6-overlay for its bundles and folders.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from splitter.managers import _s6_services as services
from splitter.managers._order import ordered
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

TYPES = ("longrun", "oneshot", "bundle")
# What s6-overlay itself defines in /package/admin/s6-overlay/etc/s6-rc/sources.
BUILT_IN = ("top", "base", "fix-attrs", "legacy-cont-init", "legacy-services")
PIPED = "reads what {} writes"


@dataclass
class Definitions:
    """All definitions of some folders, the first that has a name being the one that counts."""

    folders: tuple[str, ...]
    image: Image
    gaps: list[Gap] = field(default_factory=list)

    def folder(self, name: str) -> str:
        """Where a definition stands, "" where there is none."""
        paths = [posixpath.join(f, name) for f in self.folders]
        return next((p for p in paths if self.image.is_dir(p)), "")

    def kind(self, name: str) -> str:
        folder = self.folder(name)
        said = services.line_of(f"{folder}/type", self.image) if folder else ""
        if folder and said not in TYPES and self.image.is_dir(f"{folder}/contents.d"):
            return "bundle"  # rc.init writes the type of the user bundles
        return said if said in TYPES else ""

    def listed(self, name: str, what: str) -> tuple[str, ...]:
        """The names in a definition's folder `dependencies.d` or `contents.d`, and in the old file without `.d`."""
        folder = self.folder(name)
        if not folder:
            return ()
        names = [n for n in self.image.names(f"{folder}/{what}.d") if not n.startswith(".")]
        text = self.image.read(f"{folder}/{what}")
        lines = [line.strip() for line in text.splitlines()] if isinstance(text, str) else []
        return tuple(dict.fromkeys([*names, *(line for line in lines if line and line[0] != "#")]))

    def flattened(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The longruns and oneshots that names stand for, bundles opened."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = list(reversed(names))
        while waiting:
            name = waiting.pop()
            if name in seen or name in BUILT_IN:
                continue
            seen.add(name)
            pipeline = self.pipelines.get(name)
            if self.kind(name) == "bundle":
                waiting += reversed(self.listed(name, "contents"))
            elif pipeline is not None and not self.folder(name):
                waiting += reversed(pipeline)
            else:
                found[name] = None
        return tuple(found)

    @property
    def pipelines(self) -> dict[str, tuple[str, ...]]:
        """Bundles that the last consumer of a pipeline names: it, and all that writes to it."""
        if self._pipelines is None:
            self._pipelines = {}
            for folder in self.folders:
                for name in self.image.names(folder):
                    bundle = services.line_of(f"{folder}/{name}/pipeline-name", self.image)
                    if bundle:
                        self._pipelines[bundle] = tuple(dict.fromkeys(self._writers(name)))
        return self._pipelines

    _pipelines: dict[str, tuple[str, ...]] | None = None

    def _writers(self, name: str) -> Iterator[str]:
        waiting = [name]
        seen: set[str] = set()
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                yield one
                waiting += reversed(self.listed(one, "consumer-for"))

    def needs(self, name: str) -> tuple[str, ...]:
        """What must be up before a longrun or oneshot: its dependencies, and the reader of its output."""
        return self.flattened((*self.listed(name, "dependencies"), *self.listed(name, "producer-for")))

    def started(self, bundles: tuple[str, ...]) -> list[Process]:
        """Everything that these bundles start, in order."""
        graph: dict[str, tuple[str, ...]] = {}
        wanted = self.flattened(bundles)
        waiting = list(wanted)
        while waiting:
            name = waiting.pop()
            if name not in graph:
                graph[name] = self.needs(name)
                waiting += graph[name]
        found: list[Process] = []
        for name in ordered(graph, wanted):
            one = self._one(name)
            if one is not None:
                found.append(replace(one, after=self._after(name, graph)))
        return found

    def _after(self, name: str, graph: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The longruns that a definition waits for, itself or through its oneshots."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = list(reversed(graph[name]))
        while waiting:
            one = waiting.pop()
            if one in seen or one == name:
                continue
            seen.add(one)
            if self.kind(one) == "longrun":
                found[one] = None
            else:
                waiting += reversed(graph.get(one, ()))
        return tuple(found)

    def _one(self, name: str) -> Process | None:
        folder, kind = self.folder(name), self.kind(name)
        if not folder:
            asker = next((path for f in self.folders for path in self._askers(f, name)), self.folders[0])
            missing = self.image.missing(name, f"s6-rc has no definition of {name}")
            self.gaps.append(replace(missing, evidence=Evidence(asker)))
            return None
        script = f"{folder}/{'up' if kind == 'oneshot' else 'run'}"
        if kind == "" or not self.image.is_file(script):
            lacks = script if kind else f"{folder}/type"
            if kind != "oneshot":
                self.gaps.append(self.image.missing(lacks, f"s6-rc cannot start {name} without it"))
            return None
        return self._longrun(name, folder) if kind == "longrun" else self._oneshot(name, folder)

    def _askers(self, folder: str, name: str) -> Iterator[str]:
        for other in self.image.names(folder):
            for what in ("contents.d", "dependencies.d"):
                if self.image.node(posixpath.join(folder, other, what, name)) is not None:
                    yield posixpath.join(folder, other, what, name)

    def _longrun(self, name: str, folder: str) -> Process:
        made = services.longrun(name, folder, self.image)
        notes = list(made.notes)
        if readers := self.listed(name, "producer-for"):
            notes.append(f"its output goes to {', '.join(readers)}")
        if writers := self.listed(name, "consumer-for"):
            notes.append(f"a logger of {', '.join(writers)}" if not readers else PIPED.format(", ".join(writers)))
        return replace(made, notes=tuple(notes))

    def _oneshot(self, name: str, folder: str) -> Process:
        up = f"{folder}/up"
        base = services.origin(up, self.image)
        notes = [f"a step of the {base}"] if base else []
        if self.image.is_file(f"{folder}/down"):
            notes.append(f"{folder}/down undoes it when the container stops")
        return Process(
            name=name,
            command=Command(("execlineb", "-P", up)),
            evidence=Evidence(up, note=base),
            lifetime="job",
            notes=tuple(notes),
        )
