"""What is common to all wrappers: the words of one, what it says of its command, and the accounts that it looks up."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitter.managers import _envdir
from splitter.model.facts import Gap, Process
from splitter.model.image import Image, normal
from splitter.shell.arguments import Arguments, identity

Reads = Callable[[str, Image], _envdir.Variables]


@dataclass
class Call:
    """One wrapper's words: `own` are its operands before the command, `front` all its words, `rest` the command."""

    name: str
    got: Arguments
    own: tuple[str, ...]
    rest: tuple[str, ...]
    front: tuple[str, ...]
    process: Process
    image: Image

    @property
    def env(self) -> Mapping[str, str]:
        return {**self.image.config.env, **self.process.env}

    @property
    def workdir(self) -> str:
        return self.process.workdir or self.image.config.workdir or "/"

    def path(self, written: str) -> str:
        return normal(posixpath.join(self.workdir, written))


@dataclass
class Layer:
    """What a wrapper says of its command. `switch` are the words that change the user, `kept` those that must stay."""

    user: str = ""
    switch: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = ""
    notes: list[str] = field(default_factory=list)
    stop_signal: str = ""
    gaps: list[Gap] = field(default_factory=list)
    rest: tuple[str, ...] | None = None


def home(call: Call, user: str) -> dict[str, str]:
    """The variables of a user that a tool sets anew; those that the environment lacks are Docker's to set."""
    row = identity(user.partition(":")[0], "/etc/passwd", call.image)
    if row is None or len(row) < 6:
        return {}
    new = {"HOME": row[5], "USER": row[0], "LOGNAME": row[0]}
    return {k: v for k, v in new.items() if k in call.env and call.env[k] != v}


def account_ids(account: str, call: Call) -> dict[str, str]:
    """UID and GID of an account, as envuidgid sets them; {} where they are not known."""
    name, _, group = account.removeprefix(":").partition(":")
    group = group.partition(":")[0]
    if account.startswith(":"):
        return {"UID": name, "GID": group or name}
    row = identity(name, "/etc/passwd", call.image)
    if row is None:
        return {}
    in_group = identity(group, "/etc/group", call.image) if group else None
    if group and in_group is None:
        return {}
    return {"UID": row[2], "GID": in_group[2] if in_group else row[3]}


def environment(call: Call, folder: str, layer: Layer, read: Reads = _envdir.read, loose: bool = False) -> None:
    """Put the variables of a folder in the layer; those that it takes away are taken away by env(1)."""
    path = call.path(folder)
    if not call.image.is_dir(path):
        if not loose or not call.image.complete:
            layer.gaps.append(call.image.missing(path, f"{call.name} reads the environment from this folder"))
        return
    found = read(path, call.image)
    layer.env |= found.values
    layer.gaps += found.gaps
    without(call, found.removed, layer)


def without(call: Call, names: list[str], layer: Layer) -> None:
    gone = [name for name in names if name in call.env]
    if gone:
        layer.kept = (*layer.kept, "env", *(word for name in gone for word in ("-u", name)))
        layer.notes.append(f"without {', '.join(gone)} in its environment")


def chroot(call: Call, root: str) -> Layer | None:
    """What runs in another root reads other files than the image's; it stays as it is written."""
    note = f"runs in the root {root}, which was not looked into"
    if note in call.process.notes:
        return None
    gap = Gap(f"{call.name} runs {call.rest[0]} in the root {root}, which was not looked into", call.process.evidence)
    return Layer(notes=[note], rest=call.process.command.argv, gaps=[gap])
