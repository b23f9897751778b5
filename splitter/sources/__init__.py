"""Each module turns one kind of reference into an Image.

A source is a module of this folder with

    PREFIXES: tuple[str, ...]                          the prefixes it answers to, without the colon
    read(reference: str, options: Options) -> Image    the reference comes without its prefix

found by its prefixes; there is no list to edit. It imports what is slow to import when it reads, not before.
"""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType

from splitter.errors import SplitterError
from splitter.model.image import Image

# Where a prefix is looked for first, where no module has its name: a matter of speed, not a list of what there is.
LIKELY = {"docker-daemon": "engine", "docker-archive": "archive", "oci-archive": "archive", "oci": "archive"}


@dataclass(frozen=True)
class Options:
    """What the command line says beyond the reference.

    file        `-f/--file`: the Dockerfile, as `docker build` takes it
    target      `--target`: the stage to stop at; "" is the last
    build_args  `--build-arg`
    run         True: `--run`, False: `--no-run`, None: as the source does by default
    """

    file: str | None = None
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict)
    run: bool | None = None


def open_source(reference: str, options: Options | None = None) -> Image:
    """The image that a reference names, by its prefix or, without one, by what stands under that name.

    A folder is a build context or an OCI layout, a file an archive, anything else an image of an engine. Raises
    SplitterError where it is not there or cannot be read.
    """
    options = options or Options()
    prefix, colon, rest = reference.partition(":")
    source = _source(prefix) if colon else None
    if source is None:
        source, rest = _source(_bare(reference)), reference
    if source is None:
        raise SplitterError(f"no source reads {reference}", "this is a bug; please report it")
    image = source.read(rest, options)
    if not isinstance(image, Image):
        raise SplitterError(f"{source.__name__} gave no image", "this is a bug; please report it")
    return replace(image, reference=reference)


def prefix_of(reference: str) -> str:
    """The prefix of the source that reads a reference, written or not."""
    prefix, colon, _ = reference.partition(":")
    return prefix if colon and _source(prefix) is not None else _bare(reference)


def _bare(reference: str) -> str:
    """The prefix that a reference without one stands for."""
    if os.path.isdir(reference):
        layout = os.path.isfile(os.path.join(reference, "oci-layout"))
        return "oci" if layout and not os.path.isfile(os.path.join(reference, "Dockerfile")) else "dockerfile"
    if os.path.exists(reference):
        return "docker-archive"
    if not reference or reference.startswith(("/", ".", "~")) or reference.endswith("/"):
        raise SplitterError(
            f"no such folder or file: {reference or '(empty)'}",
            "name a folder with a Dockerfile, an image, or an archive that `docker save` wrote",
        )
    return "docker-daemon"


def _source(prefix: str) -> ModuleType | None:
    """The module that answers to a prefix; the likely one is asked first, so the others stay unimported."""
    names = (m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    likely = LIKELY.get(prefix, prefix)
    for name in sorted(names, key=lambda n: (n != likely, n)):
        module = importlib.import_module(f"{__name__}.{name}")
        if prefix in module.PREFIXES:
            return module
    return None
