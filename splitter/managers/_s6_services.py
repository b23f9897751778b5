"""Folders of services as s6-svscan reads them: each holds a `run`, and files that say how it is started and stopped.

Source: the documentation of s6-svscan, s6-supervise and the service directory (skarnet.org/software/s6).
"""

import posixpath
import signal
from collections.abc import Iterator
from dataclasses import replace

from splitter.managers import _scripts
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

MAX_SERVICES = 1000  # s6-svscan takes 500 unless it is told otherwise
# What s6 itself would put into the environment of scripts: with these the container's own stays visible.
KEEPS = ("with-contenv", "printcontenv", "s6-envdir")
TREE_ENDERS = ("s6-svscanctl", "halt", "poweroff", "reboot", "shutdown", "s6-linux-init-hpr")


def scanned(folder: str, image: Image, at: Evidence) -> list[Process | Gap]:
    """The services that s6-svscan finds in a folder, in the order of their names."""
    if not image.is_dir(folder):
        return [replace(image.missing(folder, "s6-svscan starts what stands in this folder"), evidence=at)]
    names = [n for n in image.names(folder) if not n.startswith(".") and image.is_dir(posixpath.join(folder, n))]
    found = [each for name in names[:MAX_SERVICES] for each in service(name, posixpath.join(folder, name), image)]
    if len(names) > MAX_SERVICES:
        found.append(Gap(f"more than {MAX_SERVICES} services; the rest was not read", Evidence(folder)))
    return found or [image.missing(folder, "s6-svscan finds no service in this folder")]


def service(name: str, folder: str, image: Image) -> Iterator[Process | Gap]:
    """The process of one service folder, and that of the logger beside it."""
    run = posixpath.join(folder, "run")
    if not image.is_file(run):
        yield image.missing(run, f"{name} has no run script")
        return
    down = image.node(posixpath.join(folder, "down")) is not None
    main = longrun(name, folder, image, f"s6-svc -u {folder} (its folder has a file `down`)" if down else "")
    if posixpath.basename(folder) != "log" and image.is_file(posixpath.join(folder, "log", "run")):
        yield replace(main, notes=(*main.notes, f"its output goes to {name}-log"))
        logger = longrun(f"{name}-log", posixpath.join(folder, "log"), image, main.off)
        yield replace(logger, notes=(*logger.notes, f"a logger of {name}"))
    else:
        yield main


def longrun(name: str, folder: str, image: Image, off: str = "") -> Process:
    """What `run` starts and keeps up, with what the files beside it say."""
    run = posixpath.join(folder, "run")
    milliseconds = number(posixpath.join(folder, "timeout-kill"), image)
    return Process(
        name=name,
        command=Command((run,)),
        evidence=Evidence(run, note=origin(run, image)),
        workdir=folder,
        restart="always",
        stop_signal=_signal(posixpath.join(folder, "down-signal"), image),
        stop_timeout=milliseconds / 1000 if milliseconds else None,
        off=off,
        notes=tuple(_notes(folder, image)),
    )


def origin(path: str, image: Image) -> str:
    """The base image that is not at hand and that a file stands for; "" for a file that was read."""
    node = image.node(path)
    at = node.origin.path if node is not None and node.origin else ""
    return at if at.startswith("base image ") else ""


def line_of(path: str, image: Image) -> str:
    """The first line of a small file; "" where there is none."""
    text = image.read(path)
    return text.strip().split("\n")[0].strip() if isinstance(text, str) else ""


def number(path: str, image: Image) -> int | None:
    """The number that a file holds; None where it holds none."""
    text = line_of(path, image)
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


def clean(path: str, image: Image) -> bool:
    """Whether a script of s6-overlay does not see the container's environment: neither it nor a script that it names
    asks for it."""
    text = image.read(path)
    if not isinstance(text, str) or not text.startswith("#!"):
        return False
    named = [image.read(word) for word in text.split() if word[0] == "/" and image.is_file(word)]
    return not any(word in one for one in (text, *named) if isinstance(one, str) for word in KEEPS)


def _signal(path: str, image: Image) -> str:
    text = line_of(path, image).upper()
    if text.isdecimal() and text.isascii() and len(text) < 4:
        return next((s.name for s in signal.Signals if s.value == int(text)), "")
    name = text if text.startswith("SIG") else f"SIG{text}"
    return name if name in signal.Signals.__members__ else ""


def _notes(folder: str, image: Image) -> Iterator[str]:
    fd = number(posixpath.join(folder, "notification-fd"), image)
    if fd is not None:
        yield f"tells s6 on its file descriptor {fd} that it is ready"
    if image.is_file(posixpath.join(folder, "data", "check")):
        yield f"{folder}/data/check tells whether it is ready"
    finish = posixpath.join(folder, "finish")
    if image.is_file(finish):
        calls = list(_scripts.calls(_scripts.trace(finish, image, image.config.env)))
        ends = any(posixpath.basename(c.argv[0]) in TREE_ENDERS for c in calls) or _ended(finish, image)
        yield f"when it ends, {finish} stops the whole container" if ends else f"{finish} runs each time it has ended"
    tally = number(posixpath.join(folder, "max-death-tally"), image)
    if tally is not None:
        yield f"s6 remembers {tally} of its deaths"


def _ended(finish: str, image: Image) -> bool:
    """Whether a finish script that is none of a shell's speaks of the end of the tree."""
    text = image.read(finish)
    words = text.split() if isinstance(text, str) and "execlineb" in text.split("\n", 1)[0] else []
    return any(posixpath.basename(word) in TREE_ENDERS for word in words)
