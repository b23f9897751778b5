"""For tests that run an image to look at it: the images, and what a run has left behind."""

import contextlib
import json
import os
from pathlib import Path

from splitter.engine import LABEL

from .images import build, docker

HERE = Path(__file__).parent / "observed"


def built(target):
    """The tag of an image of the folder `observed`, built."""
    return build(f"splitter-observed:{target}", HERE, target=target)


def left(pid=None):
    """What this process, or the one with this pid, made for a moment and did not remove."""
    found = []
    for kind in ("container", "network", "volume"):
        every = ["-a"] if kind == "container" else []
        names = docker(kind, "ls", "-q", "--filter", f"label={LABEL}", *every).stdout.split()
        for name in names:
            with contextlib.suppress(RuntimeError):  # another run may remove its own meanwhile
                [one] = json.loads(docker(kind, "inspect", name).stdout)
                labels = one["Config"]["Labels"] if kind == "container" else one["Labels"]
                if labels[LABEL].split(" ")[1] == str(pid or os.getpid()):
                    found.append(f"{kind} {name}")
    return found


def volumes_of(pid):
    """The volumes of the containers that a process made."""
    names = [name.split(" ")[1] for name in left(pid) if name.startswith("container")]
    mounts = [m for name in names for m in json.loads(docker("container", "inspect", name).stdout)[0]["Mounts"]]
    return [m["Name"] for m in mounts if m["Type"] == "volume"]
