"""What the split will be: services, drops, resolved couplings and the questions that decide them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from splitter.model.facts import Coupling, Evidence, Gap, Process
from splitter.model.image import Build, Healthcheck

Role = Literal["web", "proxy", "worker", "scheduler", "migration", "job", "backing"]
Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]


@dataclass(frozen=True)
class Mount:
    """One entry of `volumes:`. `volume` is a named volume, or "" for a tmpfs of the container alone."""

    volume: str
    path: str
    read_only: bool = False
    nocopy: bool = False


@dataclass(frozen=True)
class Volume:
    """One named volume. `tmpfs` has its mount options ("mode=1777") where it is memory-backed."""

    name: str
    because: str
    tmpfs: str = ""


@dataclass(frozen=True)
class Service:
    """One Compose service; keys are left out of the file where they say what the image says already.

    command and entrypoint   None: the image's own; (): cleared
    because                  one line for the reader, with the reason of the role
    origin                   where the process was declared, for the comment in the file
    notes                    further comments above the service, one line each
    namespace                a service whose network this one joins (`network_mode: service:x`)
    aliases                  further names by which others find it: of services that joined its network
    pid, ipc                 a service whose processes or shared memory this one sees; ipc may be "shareable"
    """

    name: str
    role: Role
    because: str
    origin: str = ""
    image: str = ""
    build: Build | None = None
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    user: str = ""
    working_dir: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    replicas: int = 1
    ports: tuple[str, ...] = ()
    volumes: tuple[Mount, ...] = ()
    configs: Mapping[str, str] = field(default_factory=dict)
    depends_on: Mapping[str, Condition] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    restart: str = ""
    init: bool = False
    stop_signal: str = ""
    stop_grace_period: str = ""
    profiles: tuple[str, ...] = ()
    namespace: str = ""
    aliases: tuple[str, ...] = ()
    pid: str = ""
    ipc: str = ""
    processes: tuple[Process, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drop:
    process: Process
    reason: str


@dataclass(frozen=True)
class Resolved:
    """A coupling and the cut that was chosen for it, in words."""

    coupling: Coupling
    resolution: str


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    consequence: str = ""


@dataclass(frozen=True)
class Question:
    """An open decision. `id` is made of stable evidence; `risky`: unanswered, it stops `--apply`.

    `answer` is the value in force and `answered` tells where it came from.
    """

    id: str
    text: str
    options: tuple[Option, ...]
    default: str
    answer: str
    answered: Literal["default", "saved"] = "default"
    because: str = ""
    evidence: Evidence | None = None
    risky: bool = False


@dataclass(frozen=True)
class Plan:
    services: tuple[Service, ...] = ()
    drops: tuple[Drop, ...] = ()
    couplings: tuple[Resolved, ...] = ()
    gaps: tuple[Gap, ...] = ()
    questions: tuple[Question, ...] = ()
    volumes: tuple[Volume, ...] = ()
    configs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    shown: tuple[Gap, ...] = ()
