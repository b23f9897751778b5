"""`splitter verify`: the original twice and the split once, and what of the split is not as in the original."""

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from splitter.apply import read_text
from splitter.commands.compare import Case, compare
from splitter.commands.mask import Mask
from splitter.commands.stages import Reading, read
from splitter.commands.watch import ENGINE, runnable, say
from splitter.compose.merge import saved_answers
from splitter.engine import Engine, connect
from splitter.errors import SplitterError
from splitter.managers import _dotenv
from splitter.sources import prefix_of
from splitter.verify.report import document, table
from splitter.verify.throwaway import Config, builds, required
from splitter.yamltext import Document

UNSET = "only-to-verify"  # for a variable that has no value anywhere


def run(args: Namespace) -> int:
    file = Path(args.file)
    case = _case(file, args.timeout)
    try:
        report = compare(case)
    finally:
        say("")
    named = (case.given, case.reading.image.config.env, *(p.env for p in case.reading.facts.processes))
    shown = Mask(named).data(document(report))
    if args.json:
        print(json.dumps(shown, indent=2))
    else:
        print(table(shown), end="")
    return 0 if report.ok else 1


def _case(file: Path, seconds: float) -> Case:
    """What is compared. Raises SplitterError where it is not to be had."""
    text = read_text(file)
    if text is None:
        raise SplitterError(f"no such file: {file}", "-f FILE names the compose file that splitter made")
    answers = saved_answers(text, str(file))
    source = Document.parse(text, str(file)).text(("x-splitter", "source"))
    if answers is None or source is None:
        raise SplitterError(
            f"{file} was not made by splitter, so what it splits is not known", "`splitter split SOURCE` makes one"
        )
    engine = connect()
    engine.compose_version()
    known = {**_variables(file), **os.environ}
    lacking = [name for name in required(text) if not known.get(name)]
    reading = _read(file, source.replace("$$", "$"), _config(engine, file, dict.fromkeys(lacking, UNSET)))
    image = reading.image
    filled = {name: image.config.env.get(name) or UNSET for name in lacking}
    own = {name: value for name in required(text) if not image.config.env.get(name) and (value := known.get(name))}
    config = _config(engine, file, filled)
    original = runnable(image, prefix_of(reading.reference))
    images = _images(engine, config, reading, original)
    given = {**image.given, **{n: v for n, v in filled.items() if n not in image.config.env}, **own}
    return Case(engine, reading, answers, config, original, images, given, seconds)


def _read(file: Path, source: str, config: Config) -> Reading:
    """The source as it was split, without a run; a folder is read as the file builds it."""
    folder = file.parent / source
    build: Mapping[str, Any] = {}
    if folder.is_dir():
        source = str(folder)
        mine = (
            b for b in builds(config).values() if os.path.realpath(b.get("context", "")) == os.path.realpath(folder)
        )
        build = next(mine, {})
    dockerfile = build.get("dockerfile")
    return read(
        Namespace(
            source=source,
            file=os.path.join(build["context"], dockerfile) if dockerfile else None,
            target=build.get("target"),
            build_arg=[k if v is None else f"{k}={v}" for k, v in (build.get("args") or {}).items()],
            run=False,
            env=[],
            env_file=[],
            output=str(file),
        )
    )


def _images(engine: Engine, config: Config, reading: Reading, original: str) -> dict[str, str]:
    """The image of each service that is built; what the original is built from is not built again."""
    own = reading.image.build
    made: dict[tuple[object, ...], str] = {}
    if own is not None and prefix_of(reading.reference) != ENGINE:
        made[_key(own.context, own.dockerfile, own.target, own.args)] = original
    found: dict[str, str] = {}
    for name, build in builds(config).items():
        context, file = build.get("context", ""), build.get("dockerfile") or "Dockerfile"
        target, given = build.get("target") or "", {k: v or "" for k, v in (build.get("args") or {}).items()}
        key = _key(context, file, target, given)
        if key not in made:
            say(f"building {context}")
            made[key] = engine.build(context, file=os.path.join(context, file), target=target, args=given)
        found[name] = made[key]
    return found


def _key(context: str, file: str, target: str, args: Mapping[str, str]) -> tuple[object, ...]:
    return os.path.realpath(context), os.path.realpath(os.path.join(context, file)), target, tuple(sorted(args.items()))


def _config(engine: Engine, file: Path, env: Mapping[str, str]) -> Config:
    """The file as Compose understands it."""
    done = engine.compose("-f", str(file), "config", "--format", "json", env=env, timeout=60)
    if done.returncode:
        raise SplitterError(f"Compose does not take it: {done.tail}", f"docker compose -f {file} config", str(file))
    found: Config = json.loads(done.stdout)
    return found


def _variables(file: Path) -> dict[str, str]:
    """Those of the `.env` beside the file."""
    try:
        return _dotenv.read((file.parent / ".env").read_text("utf-8-sig"), os.environ)
    except (OSError, UnicodeDecodeError):
        return {}
