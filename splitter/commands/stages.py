"""The stages in their order, as every verb needs them."""

import importlib
import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from splitter.commands.watch import watched
from splitter.errors import SplitterError
from splitter.model.facts import Facts
from splitter.model.image import Build, Image
from splitter.model.plan import Plan
from splitter.sources import Options, open_source, prefix_of

DEFAULT = "docker-compose.yml"


@dataclass(frozen=True)
class Reading:
    """What a source says, and where its compose file goes."""

    reference: str
    image: Image
    facts: Facts
    output: Path

    @property
    def folder(self) -> str:
        """The folder that was named; "" where the source is anything else, a compose file's service included."""
        is_folder = self.image.build is not None and prefix_of(self.reference) == "dockerfile"
        return self.image.build.context if self.image.build is not None and is_folder else ""

    @property
    def source(self) -> str:
        """The source as the file names it: a folder from where the file stands, anything else as it was typed."""
        if self.image.build is None or not self.folder:
            return self.reference
        return _relative(self.image.build.context, self.output.parent)

    def plan(self, answers: Mapping[str, str]) -> Plan:
        """The plan under these answers, with the paths of `build:` as the file needs them."""
        from splitter.planning import make_plan  # `inspect` does without

        plan = make_plan(self.facts, self.image, answers)
        services = tuple(replace(s, build=_build(s.build, self.output.parent)) if s.build else s for s in plan.services)
        return replace(plan, services=services)


def read(args: Namespace, *then: str) -> Reading:
    """Source, image and facts for a command line. `then` are the modules that the verb needs afterwards: they are
    imported where that takes no time, while the image is watched."""
    image = open_source(args.source, options(args))

    def declared() -> Facts:
        from splitter.inspection import static

        facts = static.read(image)
        for name in then:
            importlib.import_module(name)
        return facts

    facts = watched(declared, image, prefix_of(args.source), args)
    given = getattr(args, "output", None)
    reading = Reading(args.source, image, facts, Path(given or DEFAULT))
    return reading if given else replace(reading, output=Path(reading.folder) / DEFAULT)


def options(args: Namespace) -> Options:
    build_args: dict[str, str] = {}
    for text in args.build_arg:
        key, equals, value = text.partition("=")
        if not key:
            raise SplitterError(f"--build-arg {text}: no name", "--build-arg NAME=VALUE")
        # Without a value it is the caller's own variable, and nothing where that is not set, as in docker build.
        if equals:
            build_args[key] = value
        elif key in os.environ:
            build_args[key] = os.environ[key]
    return Options(file=args.file, target=args.target or "", build_args=build_args, run=args.run)


def _build(build: Build, folder: Path) -> Build:
    """The same build, seen from the folder of the compose file; its Dockerfile is relative to the context."""
    dockerfile = build.dockerfile
    if os.path.isabs(dockerfile):
        dockerfile = _relative(dockerfile, Path(build.context))
    return replace(build, context=_relative(build.context, folder), dockerfile=dockerfile)


def _relative(path: str, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
