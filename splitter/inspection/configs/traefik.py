"""Traefik's static configuration names its entry points and the files in which the file provider finds services.

Traefik: "Static Configuration" (flags, YAML or TOML) and "File provider". `servers: [{url: ...}]` is what it reaches.
"""

import posixpath

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, address
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, option, text_of
from splitter.inspection.configs._values import line_of, values
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("traefik",)
MAIN = tuple(f"/etc/traefik/traefik.{ending}" for ending in ("yml", "yaml", "toml"))


def read(process: Process, image: Image) -> Said:
    said = Said()
    dynamic: list[str] = []
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    for word in args:
        key, equals, value = word.removeprefix("--").partition("=")
        if equals:
            _static(tuple(key.lower().split(".")), value, process.evidence, "argument", said, dynamic)
    given = option(process, "--configFile", "--configfile")
    main = from_folder(process, image, given) or first_file(image, *MAIN)
    if main:
        text = text_of(image, main, said)
        for keys, value in values(text, main):
            evidence = Evidence(main, line_of(text, value))
            _static(tuple(k.lower() for k in keys), value, evidence, "config", said, dynamic)
            _dynamic(keys, value, evidence, said)
    files: list[str] = []
    for path in dynamic:
        path = from_folder(process, image, path)
        files += (
            [p for p in image.glob(posixpath.join(path, "*")) if image.is_file(p)] if image.is_dir(path) else [path]
        )
    for path in files[:MAX_FILES]:
        text = text_of(image, path, said)
        for keys, value in values(text, path):
            _dynamic(keys, value, Evidence(path, line_of(text, value)), said)
    return said


def _static(keys: tuple[str, ...], value: str, evidence: Evidence, how: str, said: Said, dynamic: list[str]) -> None:
    if len(keys) == 3 and keys[0] == "entrypoints" and keys[2] == "address":
        text = value.split("/")[0]
        port = number(text.rpartition(":")[2])
        if port:
            said.listens.append(Mention(value, evidence, Address(text.rpartition(":")[0], port), how=how))
    elif keys in (("providers", "file", "filename"), ("providers", "file", "directory")):
        dynamic.append(value)
    elif keys[-1:] == ("filepath",) and value.startswith("/"):
        said.writes.append(Mention(value, evidence, path=normal(value), how=how))


def _dynamic(keys: tuple[str, ...], value: str, evidence: Evidence, said: Said) -> None:
    is_server = "servers" in tuple(k.lower() for k in keys) and keys[-1].lower() in ("url", "address")
    asked = address(value) if is_server else None
    if asked is not None:
        said.reaches.append(Mention(value, evidence, asked))
