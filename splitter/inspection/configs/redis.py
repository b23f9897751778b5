"""Redis (Valkey, Sentinel) reads lines of words; options of the command are further lines after those of the file.

redis.conf of the distribution: quoted words, `include`, `port 0` for no TCP; an option `--port 6380` is a line.
"""

import shlex
from collections.abc import Iterator
from dataclasses import replace

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address
from splitter.inspection.configs import MAX_FILES, Mention, Said, from_folder, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("redis", "valkey", "sentinel")
MAX_LINE = 8192
Line = tuple[list[str], Evidence, str]


def read(process: Process, image: Image) -> Said:
    said = Said()
    port, told = (26379, False) if _sentinel(process) else (6379, False)
    hosts: list[Mention] = []
    place = Mention("", process.evidence, how="")
    for words, evidence, how in _lines(process, image, said):
        key, values = words[0].lower(), words[1:]
        first = values[0] if values else ""
        here = Mention(first, evidence, how=how)
        if key == "bind":
            hosts = [Mention(v, evidence, Address(v.lstrip("-")), how=how) for v in values if v]
        elif key == "port" and first.isascii() and first.isdigit():
            port, told, place = number(first), True, here
        elif key == "unixsocket" and first.startswith("/"):
            said.listens.append(replace(here, address=Address(unix=normal(first))))
        elif (key == "dir" and first.startswith("/")) or (key == "pidfile" and first.startswith("/")):
            said.private.append(replace(here, path=normal(first)))
        elif key == "logfile" and first.startswith("/"):
            said.writes.append(replace(here, path=normal(first)))
        elif key in ("replicaof", "slaveof") and len(values) > 1:
            said.reaches.append(replace(here, address=Address(first, number(values[1])), name="redis"))
        elif key == "sentinel" and first == "monitor" and len(values) > 3:
            said.reaches.append(replace(here, written=values[2], address=Address(values[2], number(values[3]))))
    if port:
        for host in hosts or [replace(place, address=Address(""))]:
            sure = told or bool(hosts)
            said.listens.append(replace(host, address=Address(host.address.host, port), certain=sure))
    return said


def _sentinel(process: Process) -> bool:
    meant = peel(process.command.argv)
    return meant is not None and (meant.name.endswith("sentinel") or "--sentinel" in meant.args)


def _lines(process: Process, image: Image, said: Said) -> Iterator[Line]:
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    if args and not args[0].startswith("-"):
        yield from _file(from_folder(process, image, args[0]), image, said, [])
    words: list[str] = []
    for word in (*args, "--"):
        if word.startswith("--"):
            if words and words[0]:
                yield words, process.evidence, "argument"
            words = [word[2:]]
        elif words:
            words.append(word)


def _file(path: str, image: Image, said: Said, seen: list[str]) -> Iterator[Line]:
    if path in seen or len(seen) > MAX_FILES:
        return
    seen.append(path)
    for number_, line in enumerate(text_of(image, path, said).splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#") or len(bare) > MAX_LINE:
            continue
        try:
            words = shlex.split(bare)
        except ValueError:
            words = bare.split()
        if words and words[0].lower() == "include" and len(words) > 1:
            for file in image.glob(words[1]) if words[1].startswith("/") else ():
                yield from _file(file, image, said, seen)
        elif words:
            yield words, Evidence(path, number_), "config"
