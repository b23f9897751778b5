"""One service of a compose file that runs the fat container: its build folder or image, under what the service says.

Command, entrypoint, environment, user, working folder, ports, volumes and healthcheck of the service override those of
the image, as `docker compose` has it; files that it mounts from the project's folder stand in the image's tree.
"""

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace

from splitter.errors import SplitterError
from splitter.model.facts import Evidence
from splitter.model.image import Config, Healthcheck, Image
from splitter.sources import Options, dockerfile
from splitter.sources._composefile import ComposeFile, Field, Value, items, mapping, pairs, text
from splitter.sources._mounts import is_path, mounted, volumes
from splitter.sources._stage import ports

PREFIXES = ("compose",)

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
DEPTH = 8  # of `extends`


def read(reference: str, options: Options) -> Image:
    """The image of `FILE#SERVICE` as that service runs it; FILE may be a folder, and a lone service needs no name.

    Raises SplitterError where the file, the service or what it is made from is not there or cannot be read.
    """
    path, _, wanted = reference.partition("#")
    file = ComposeFile.load(_file(path))
    name = _service(file, wanted)
    said = _fields(file, name)
    image = _image(file, name, said, options)
    config, tree = _config(file, said, image), mounted(file, said, image)
    given = {name: config.env[name] for name in _environment(file, said)}
    return replace(image, config=config, tree=tree, gaps=(*image.gaps, *file.gaps), given=given)


def _file(path: str) -> str:
    if os.path.isdir(path or "."):
        found = next((p for name in FILES if os.path.isfile(p := os.path.join(path or ".", name))), None)
        if found is None:
            raise SplitterError(f"no compose file in {path or '.'}", "name it: compose:FILE#SERVICE")
        return found
    if not os.path.isfile(path):
        raise SplitterError(f"no such compose file: {path}", "name it: compose:FILE#SERVICE")
    return path


def _service(file: ComposeFile, wanted: str) -> str:
    names = file.services()
    if not names:
        raise file.error("has no services", 0)
    if wanted in names or (not wanted and len(names) == 1):
        return wanted or names[0]
    what = f"has no service {wanted}" if wanted else f"has {len(names)} services"
    raise file.error(what, 0, f"name one, as in compose:{file.path}#{names[0]}; it has {', '.join(names)}")


def _fields(file: ComposeFile, name: str, depth: int = 0) -> dict[str, Field]:
    """What a service says, over what it extends (Compose file reference, "extends")."""
    own = file.fields("services", name)
    said = own.pop("extends", None)
    if said is None:
        return own
    base = text(said.value) or text(mapping(said.value).get("service"))
    if mapping(said.value).get("file") or base not in file.services() or depth > DEPTH:
        file.gap("what the service extends stands in another file, or in none, and is not read", said.line)
        return own
    below = _fields(file, base, depth + 1)
    for key in ("environment", "volumes", "ports", "configs", "env_file", "expose"):
        if key in own and key in below:
            own[key] = Field(_joined(below[key].value, own[key].value), own[key].line)
    if "entrypoint" in own and "command" not in own:
        below.pop("command", None)
    return {**below, **own}


def _joined(low: Value, high: Value) -> Value:
    if isinstance(low, dict) or isinstance(high, dict):
        merged: dict[str, Value] = {**pairs(low), **pairs(high)}
        return merged
    return [*items(low), *items(high)]


def _image(file: ComposeFile, name: str, said: dict[str, Field], options: Options) -> Image:
    from splitter.sources import open_source

    build = said.get("build")
    if build is None or build.value is None:
        image = said.get("image")
        if image is None or not text(image.value):
            line = min((f.line for f in said.values()), default=0)
            raise file.error(f"{name} has neither an image nor a build folder", line)
        return open_source(f"docker-daemon:{text(image.value)}", options)
    how = mapping(build.value) or {"context": build.value}
    context = text(how.get("context")) or "."
    if how.get("dockerfile_inline") or "://" in context or context.startswith("git@"):
        raise file.error(f"{name} is built from what is no folder", build.line, "build it and name the image")
    folder = os.path.normpath(os.path.join(file.folder, context))
    given = text(how.get("dockerfile"))
    args = {key: value for key, value in pairs(how.get("args")).items() if value is not None}
    return dockerfile.read(
        folder,
        Options(
            options.file or (os.path.join(folder, given) if given else None),
            options.target or text(how.get("target")),
            {**args, **options.build_args},
            options.run,
        ),
    )


def _config(file: ComposeFile, said: dict[str, Field], image: Image) -> Config:
    """The image's configuration with what the service changes; each change with the line that makes it."""
    config = image.config
    where: dict[str, Evidence] = {}

    def at(key: str, name: str) -> None:
        where[name] = file.evidence(said[key].line)

    entrypoint, command = _words(file, said, "entrypoint"), _words(file, said, "command")
    if entrypoint is not None:
        # An entrypoint of the service takes the image's CMD away.
        config = replace(config, entrypoint=entrypoint, cmd=())
        at("entrypoint", "ENTRYPOINT")
    if command is not None:
        config = replace(config, cmd=command)
        at("command", "CMD")
    env = _environment(file, said)
    config = replace(config, env={**config.env, **env})
    for name in env:
        at("environment" if "environment" in said else "env_file", f"ENV {name}")
    for key, attribute, name in (
        ("user", "user", "USER"), ("working_dir", "workdir", "WORKDIR"), ("stop_signal", "stop_signal", "STOPSIGNAL"),
    ):  # fmt: skip
        if key in said and text(said[key].value):
            config = replace(config, **{attribute: text(said[key].value)})  # type: ignore[arg-type]
            at(key, name)
    for key in ("expose", "ports"):
        for port in _ports(said[key].value) if key in said else ():
            config = replace(config, ports=tuple(dict.fromkeys((*config.ports, port))))
            at(key, f"EXPOSE {port}")
    for source, target in volumes(said):
        if not is_path(source):
            config = replace(config, volumes=tuple(dict.fromkeys((*config.volumes, target))))
            at("volumes", f"VOLUME {target}")
    if "healthcheck" in said:
        config = replace(config, healthcheck=_health(mapping(said["healthcheck"].value), config.healthcheck))
        at("healthcheck", "HEALTHCHECK")
    return replace(config, where={**config.where, **where})


def _words(file: ComposeFile, said: dict[str, Field], key: str) -> tuple[str, ...] | None:
    """A command as words; None where the service leaves it to the image (a null does)."""
    if key not in said or said[key].value is None:
        return None
    value = said[key].value
    if isinstance(value, list):
        return tuple(word for word in value if isinstance(word, str))
    try:
        return tuple(shlex.split(text(value)))
    except ValueError as error:
        raise file.error(f"{key}: {error}", said[key].line) from error


def _environment(file: ComposeFile, said: dict[str, Field]) -> dict[str, str]:
    env: dict[str, str | None] = {}
    for each in items(said["env_file"].value) if "env_file" in said else ():
        required = text(mapping(each).get("required")) != "false"
        env.update(file.variables(text(each) or text(mapping(each).get("path")), optional=not required))
    env.update(pairs(said["environment"].value) if "environment" in said else {})
    return {name: value for name, value in env.items() if value is not None}


def _ports(value: Value) -> Iterator[str]:
    """The ports of the container, of the short and the long form."""
    for each in items(value):
        if isinstance(each, dict):
            protocol = text(each.get("protocol"))
            yield from ports(f"{text(each.get('target'))}/{protocol}" if protocol else text(each.get("target")))
        else:
            yield from ports(text(each).rpartition(":")[2])


def _health(said: dict[str, Value], old: Healthcheck | None) -> Healthcheck | None:
    if text(said.get("disable")) == "true":
        return Healthcheck(("NONE",))
    test = said.get("test")
    words = tuple(w for w in test if isinstance(w, str)) if isinstance(test, list) else ()
    check = Healthcheck(words or ("CMD-SHELL", text(test))) if test else old
    if check is None:
        return None
    times = {key: text(said[key]) for key in ("interval", "timeout", "start_period") if text(said.get(key))}
    retries = text(said.get("retries"))
    return replace(check, **times, retries=int(retries) if retries.isdecimal() else check.retries)  # type: ignore[arg-type]
