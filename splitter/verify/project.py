"""The split as a throw-away Compose project: brought up, scaled, stopped, and gone in the end with all that it made."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitter.engine import Container, Done, Engine, talking
from splitter.errors import SplitterError

PATIENCE = 60.0  # seconds beyond its own time that Compose has to say what became of it
RUNS = "running"


@dataclass(frozen=True)
class Member:
    """One container of a project. `since` and `ended` are the engine's own times, `code` its exit code."""

    service: str
    container: Container
    status: str
    code: int
    since: str
    health: str
    restarts: int

    @property
    def running(self) -> bool:
        return self.status == RUNS


class Project:
    """`docker compose` on one throw-away project."""

    def __init__(self, engine: Engine, config: Mapping[str, Any]) -> None:
        self.engine, self.config = engine, config
        self.name = engine.project()
        self._folder = tempfile.TemporaryDirectory(prefix="splitter-")
        self._file = Path(self._folder.name, "compose.json")
        self._file.write_text(json.dumps(config))

    def up(self, seconds: float) -> str:
        """Bring it up, its one-off services to their end. Returns why Compose refused, "" where it did not."""
        return self._said("up", "-d", "--no-build", "--pull", "never", seconds=seconds)

    def scale(self, counts: Mapping[str, int], seconds: float) -> str:
        """So many containers of these services, and nothing else touched. Returns why Compose refused."""
        how = [word for name, count in counts.items() for word in ("--scale", f"{name}={count}")]
        options = ("--no-build", "--pull", "never", "--no-deps", "--no-recreate")
        return self._said("up", "-d", *options, *how, *counts, seconds=seconds)

    def stop(self, seconds: float) -> str:
        """Each with its own signal, in its own time. Returns why Compose refused."""
        return self._said("stop", seconds=seconds)

    def members(self) -> tuple[Member, ...]:
        """Its containers by service and number."""
        with talking():
            made = self.engine.api.containers(all=True, filters={"label": f"com.docker.compose.project={self.name}"})
            found = [(c["Labels"], self.engine.api.inspect_container(c["Id"])) for c in made]
        prefix = "com.docker.compose."
        members = [
            (
                labels.get(f"{prefix}service", ""),
                int(labels.get(f"{prefix}container-number") or 0),
                _member(self.engine, labels.get(f"{prefix}service", ""), said),
            )
            for labels, said in found
        ]
        return tuple(member for *_, member in sorted(members, key=lambda m: m[:2]))

    def of(self, service: str) -> tuple[Member, ...]:
        """The running containers of a service."""
        return tuple(m for m in self.members() if m.service == service and m.running)

    def close(self) -> None:
        self.engine.discard(self.name)
        self._folder.cleanup()

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _said(self, *words: str, seconds: float) -> str:
        try:
            done: Done = self.engine.compose("-p", self.name, "-f", str(self._file), *words, timeout=seconds + PATIENCE)
        except SplitterError as error:
            return str(error)
        return done.tail if done.returncode else ""


def _member(engine: Engine, service: str, said: Mapping[str, Any]) -> Member:
    state: Mapping[str, Any] = said["State"]
    return Member(
        service,
        Container(engine, said["Name"].lstrip("/"), said["Id"]),
        str(state.get("Status") or ""),
        int(state.get("ExitCode") or 0),
        str(state.get("StartedAt") or ""),
        str((state.get("Health") or {}).get("Status") or ""),
        int(said.get("RestartCount") or 0),
    )
