"""What the scripts of a boot leave behind: files, variables of the environment, services switched on or off.

s6-overlay keeps the environment as files in /run/s6/container_environment; a script that writes one there sets a
variable for all that start later. Scripts are read, never run.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.managers import _envdir, _scripts
from splitter.model.facts import Process
from splitter.model.image import Image, Node
from splitter.shell.effects import effects

ENVIRONMENT = ("/run/s6/container_environment", "/var/run/s6/container_environment")


@dataclass
class Boot:
    """The state after some scripts. `switches` are paths that a switch would write, or that one took away."""

    process: Process
    image: Image
    changes: dict[str, Node | None] = field(default_factory=dict)
    possible: dict[str, Node | None] = field(default_factory=dict)
    switches: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> Image:
        return self.image.with_files(self.changes)

    @property
    def might(self) -> Image:
        """The files as they would be with every switch on."""
        return self.now.with_files(self.possible)

    @property
    def given(self) -> Mapping[str, str]:
        """The environment before the boot."""
        return {**self.image.config.env, **self.process.env}

    def env(self) -> dict[str, str]:
        """The variables that scripts set for those that start later."""
        found: dict[str, str] = {}
        now = self.now
        for folder in ENVIRONMENT:
            found |= _envdir.read(folder, now, whole=True).values
        # What only running tells (`date > .../STARTED`) is written as the words that make it; it is no value.
        late = {name for name, value in found.items() if "$(" in value or "`" in value}
        return {name: v for name, v in found.items() if name not in late and self.given.get(name) != v}

    def run(self, path: str) -> None:
        """Take in what a script does for certain, and note what it would do under another environment."""
        user = self.process.user or self.image.config.user
        env = {**self.given, **self.env()}
        trace = _scripts.trace(path, self.now, env, self.process.workdir or "/", user)
        for call in trace.calls if trace else ():
            certain = _scripts.certain(call)
            if not certain and not call.off:
                continue
            written = effects(call, self.now if certain else self.might) or {}
            if call.off:
                self.possible.update({p: n for p, n in written.items() if n is not None})
                self.switches.update({p: f"{call.off} ({path})" for p, n in written.items() if n is not None})
                continue
            for gone in (p for p, n in written.items() if n is None and call.decided):
                self._remember(gone, f"{path} takes it away with {', '.join(call.decided)}")
            self.changes.update(written)

    def _remember(self, path: str, switch: str) -> None:
        """Keep what is taken away because of a variable's value as something that could be on."""
        now, waiting = self.now, [path]
        while waiting and len(self.possible) < 1000:
            here = waiting.pop()
            node = now.node(here)
            if node is None:
                continue
            self.possible[here], self.switches[here] = node, switch
            if node.kind == "dir":
                waiting += (posixpath.join(here, n) for n in now.names(here))

    def switch(self, paths: tuple[str, ...]) -> str:
        """What would turn on what stands at one of these paths."""
        return next((s for p in paths if (s := self.switches.get(p))), "")
