"""What a shell script does where it is started: read with the environment that it has there, and read only once.

More than one reader asks for the same script: the one that takes it apart, supervisord's for what it starts, and the
one that looks for signals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from splitter.managers._shell_target import Script, target
from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.shell.calls import Trace
from splitter.shell.evaluate import evaluate
from splitter.shell.names import used
from splitter.shell.parse import parse

# Variables that name the mode in which an application runs.
MODES = ("APP_ENV", "APP_ENVIRONMENT", "NODE_ENV", "RAILS_ENV", "RACK_ENV", "DJANGO_ENV", "FLASK_ENV", "MIX_ENV",
         "SYMFONY_ENV", "ENVIRONMENT", "ENV", "DEPLOY_ENV")  # fmt: skip
KEPT = 16  # scripts whose reading is kept; the same one is asked for again soon, or never


@dataclass(frozen=True)
class Reading:
    """A script as it was read: what it does, the environment that it has, and what of that was taken as set."""

    trace: Trace
    given: Mapping[str, str]
    assumed: Mapping[str, str]


class _Same:
    """An image that is equal to itself alone: comparing two by their files costs more than reading the script."""

    def __init__(self, image: Image) -> None:
        self.image = image

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.image is other.image

    def __hash__(self) -> int:
        return id(self.image)


def reading(process: Process, script: Script, image: Image, stays: bool = False) -> Reading:
    """What a script does that a process runs. Never raises."""
    config = image.config
    user = process.user or config.user
    home: Mapping[str, str] = {"HOME": "/root"} if user.partition(":")[0] in ("", "root", "0") else {}
    given = {**home, **config.env, **process.env}
    assumed = _deployed(script.text, given)
    given |= assumed
    cwd = process.workdir or config.workdir or "/"
    return Reading(_trace(script, tuple(given.items()), cwd, user, stays, _Same(image)), given, assumed)


def file_trace(process: Process, image: Image) -> Trace | None:
    """What the script file does that a process runs by its path; None where it runs anything else."""
    found = target(process, image)
    return reading(process, found, image).trace if isinstance(found, Script) and not found.inline else None


@lru_cache(KEPT)
def _trace(script: Script, env: tuple[tuple[str, str], ...], cwd: str, user: str, stays: bool, same: _Same) -> Trace:
    return evaluate(
        script.text, path=script.path, env=dict(env), args=script.args, cwd=cwd, files=same.image,
        dialect=script.dialect, user=user, zero=script.zero, stays=stays,
    )  # fmt: skip


def _deployed(text: str, given: Mapping[str, str]) -> dict[str, str]:
    """The mode in which an image is run, where its script asks for it and nothing sets it: production."""
    if "production" not in text:
        return {}
    names = used(parse(text))[1]
    return {name: "production" for name in MODES if name in names and name not in given}
