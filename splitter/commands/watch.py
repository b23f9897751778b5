"""Whether and how the image of a command line is run, and what is shown to a person who waits for it."""

import importlib
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from splitter.aside import Aside, aside
from splitter.errors import SplitterError
from splitter.model.facts import Facts
from splitter.model.image import Image
from splitter.model.observation import Observation
from splitter.model.text import printable

ENGINE = "docker-daemon"


def watched(declared: Callable[[], Facts], image: Image, prefix: str, args: Namespace) -> Facts:
    """What the files say, by `declared`, with what a run of the image shows, where it is to be run: one of an engine by
    default, a folder (which is built first) on `--run`. The files are read while the container comes up. Raises
    SplitterError where it cannot be run."""
    wanted = args.run if args.run is not None else prefix == ENGINE
    if not wanted:
        if args.env or args.env_file:
            raise SplitterError("--env and --env-file are for a run", "add --run, or leave them out")
        return declared()
    from splitter.engine import connect

    engine, env = connect(), environment(args)
    network = Aside(engine.network)  # the engine can make it while more is imported here
    from splitter.inspection.observe import Watch, observe

    def read() -> Facts:
        facts = declared()
        importlib.import_module("splitter.inspection.merge")
        return facts

    with aside(read) as reading:
        options = Watch(args.settle, args.run_timeout, env, lambda: _jobs(reading.result()) if reading.done else None)
        try:
            seen = observe(engine, runnable(image, prefix), options, say, network=network)
            facts = reading.result()
        finally:
            say("")
    return merged(facts, seen, image, env)


def merged(facts: Facts, seen: Observation, image: Image, env: Collection[str]) -> Facts:
    """The facts of the files with those of a run that was given these variables."""
    from splitter.inspection.merge import merge

    return replace(merge(facts, seen, image), needs=tuple(sorted(env)))


def _jobs(facts: Facts) -> tuple[tuple[str, ...], ...]:
    return tuple(p.command.argv for p in facts.processes if p.lifetime == "job" and p.phase != "wait")


def runnable(image: Image, prefix: str) -> str:
    """The name or id by which the engine runs an image; one that has a build folder is built. Raises SplitterError."""
    from splitter.engine import connect

    if prefix == ENGINE:
        return image.reference.removeprefix(f"{ENGINE}:")
    if image.build is None:
        raise SplitterError(
            f"{image.reference} cannot be run from where it is",
            "load it into an engine (`docker load`) and name that image, or leave --run out",
        )
    build = image.build
    say(f"building {build.context}")
    file = str(Path(build.context, build.dockerfile))
    return connect().build(build.context, file=file, target=build.target, args=build.args)


def environment(args: Namespace) -> dict[str, str]:
    """`--env` and `--env-file` as `docker run` takes them: a name without a value is the caller's own variable."""
    found: dict[str, str] = {}
    for path in args.env_file:
        try:
            text = Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise SplitterError(f"--env-file {path}: {error}", "a file with a line NAME=VALUE for each") from None
        found.update(_assigned(f"--env-file {path}", _lines(text)))
    found.update(_assigned("--env", args.env))
    return found


def _lines(text: str) -> list[str]:
    return [line.lstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _assigned(where: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or " " in name:
            raise SplitterError(f"{where}: no name in {name or text!r}", "NAME=VALUE")
        if equals:
            yield name, value
        elif name in os.environ:
            yield name, os.environ[name]


def say(text: str) -> None:
    """One line on a terminal that the next one takes the place of; nothing where stderr is none."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{printable(text)[:width]}", end="", file=sys.stderr, flush=True)
