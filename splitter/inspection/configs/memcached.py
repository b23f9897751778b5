"""memcached is told everything by options; Debian's service reads them from /etc/memcached.conf, one on each line."""

from collections.abc import Iterator
from dataclasses import replace

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address
from splitter.inspection.configs import Mention, Said, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("memcached",)
CONFIG = "/etc/memcached.conf"
NAMES = {"--port": "-p", "--listen": "-l", "--unix-socket": "-s"}


def read(process: Process, image: Image) -> Said:
    said = Said()
    found = list(_options(process))
    settings = {key for key, _ in found}
    if not settings & {"-l", "-p", "-s"}:
        found = list(_file(image, said))
    hosts = [m for key, m in found if key == "-l"]
    port = next((m for key, m in reversed(found) if key == "-p"), None)
    for key, mention in found:
        if key == "-s" and mention.written.startswith("/"):
            said.listens.append(replace(mention, address=Address(unix=normal(mention.written))))
    if said.listens:
        return said  # with a socket it listens on no port (memcached(1), -s)
    default = number(port.written) if port is not None else 11211
    for mention in hosts:
        for text in mention.written.split(","):
            host, colon, own = text.rpartition(":")
            where = Address(host, number(own)) if colon and number(own) else Address(text, default)
            said.listens.append(replace(mention, address=where))
    if port is not None and not hosts and default:
        said.listens.append(replace(port, address=Address("", default)))
    return said


def _options(process: Process) -> Iterator[tuple[str, Mention]]:
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    for at, word in enumerate(args):
        key, equals, value = word.partition("=")
        if equals and key in NAMES:
            yield NAMES[key], Mention(value, process.evidence, how="argument")
        elif word[:2] in ("-l", "-p", "-s"):
            text = word[2:] or (args[at + 1] if at + 1 < len(args) else "")
            yield word[:2], Mention(text, process.evidence, how="argument")


def _file(image: Image, said: Said) -> Iterator[tuple[str, Mention]]:
    for line_number, line in enumerate(text_of(image, CONFIG, said).splitlines(), 1):
        bare = line.strip()
        key, _, value = bare.replace("=", " ", 1).partition(" ")
        if bare.startswith("-"):
            yield NAMES.get(key, key), Mention(value.strip(), Evidence(CONFIG, line_number))
