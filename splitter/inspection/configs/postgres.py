"""PostgreSQL reads `key = value` lines, the last one of a key wins, and options of the command win over all of them.

PostgreSQL documentation, 20.1 (quotes doubled within quotes, `include`, `include_dir`) and 20.3 (connections). Debian
keeps the file in /etc/postgresql/VERSION/CLUSTER and the socket in /var/run/postgresql.
"""

import posixpath
import shlex
from collections.abc import Iterator

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("postgres",)
SHORT = {"-h": "listen_addresses", "-p": "port", "-k": "unix_socket_directories", "-D": "data_directory"}
LOGS = ("log_directory", "log_filename")


def read(process: Process, image: Image) -> Said:
    said = Said()
    told = dict(_options(process))
    data = told.get("data_directory", Mention(process.env.get("PGDATA") or image.config.env.get("PGDATA", ""),
                                              process.evidence, how="env PGDATA"))  # fmt: skip
    settings: dict[str, Mention] = {}
    for key, mention in _file(_main(process, image, told, data.written), image, said, []):
        settings[key] = mention
    settings |= {k: m for k, m in told.items() if k != "data_directory" or k not in settings}
    unasked = Mention("", process.evidence, how="")
    port_place = settings.get("port", unasked)
    port = number(port_place.written) or 5432
    hosts = settings.get("listen_addresses")
    place = hosts or port_place
    for host in (hosts.written if hosts else "localhost").split(","):
        if host.strip():
            sure = "port" in settings or hosts is not None
            where = Address(host.strip(), port)
            said.listens.append(Mention(place.written, place.evidence, where, how=place.how, certain=sure))
    sockets = settings.get("unix_socket_directories")
    folders = sockets.written if sockets else _default_sockets(process, image)
    for folder in folders.split(","):
        if folder.strip().startswith("/"):
            where = Address(unix=posixpath.join(normal(folder.strip()), f".s.PGSQL.{port}"))
            place = sockets or unasked
            said.listens.append(
                Mention(place.written, place.evidence, where, how=place.how, certain=sockets is not None)
            )
    kept = settings.get("data_directory", data)
    if kept.written.startswith("/"):
        said.private.append(Mention(kept.written, kept.evidence, path=normal(kept.written), how=kept.how))
    return said


def _options(process: Process) -> Iterator[tuple[str, Mention]]:
    meant = peel(process.command.argv)
    args = list(meant.args) if meant is not None else []
    if meant is not None and meant.name == "pg_ctl" and "-o" in args[:-1]:
        try:
            args += shlex.split(args[args.index("-o") + 1])
        except ValueError:
            args += args[args.index("-o") + 1].split()
    for at, word in enumerate(args):
        after = args[at + 1] if at + 1 < len(args) else ""
        text = after if word == "-c" else word[2:] if word.startswith("--") else ""
        key, equals, value = text.partition("=")
        if word in SHORT:
            key, equals, value = SHORT[word], "=", after
        elif word[:2] in SHORT and len(word) > 2 and not word.startswith("--"):
            key, equals, value = SHORT[word[:2]], "=", word[2:]
        elif word == "--pgdata":
            key, equals, value = "data_directory", "=", after
        if equals and key:
            name = key.replace("-", "_").replace("pgdata", "data_directory")
            yield name, Mention(value, process.evidence, how="argument")


def _main(process: Process, image: Image, told: dict[str, Mention], data: str) -> str:
    if "config_file" in told:
        return from_folder(process, image, told["config_file"].written)
    meant = peel(process.command.argv)
    args = [a for a in (meant.args if meant is not None else ()) if not a.startswith("-")]
    if meant is not None and meant.name == "pg_ctlcluster" and len(args) > 1:
        return f"/etc/postgresql/{args[0]}/{args[1]}/postgresql.conf"
    beside = posixpath.join(data, "postgresql.conf") if data.startswith("/") else ""
    # A cluster of Debian is /var/lib/postgresql/15/main, its settings are /etc/postgresql/15/main.
    debian = data.replace("/var/lib/postgresql", "/etc/postgresql") + "/postgresql.conf" if data else ""
    return first_file(image, beside, debian, *(() if data else ("/etc/postgresql/*/*/postgresql.conf",)))


def _default_sockets(process: Process, image: Image) -> str:
    """Where the build puts the socket: Debian's and Alpine's packages and the official image keep it under /run."""
    program = process.command.argv[0] if process.command.argv else ""
    return "/tmp" if program.startswith(("/usr/local/pgsql", "/opt")) else "/var/run/postgresql"


def _file(path: str, image: Image, said: Said, seen: list[str]) -> Iterator[tuple[str, Mention]]:
    if not path or path in seen or len(seen) > MAX_FILES:
        return
    seen.append(path)
    folder = posixpath.dirname(path)
    for line_number, line in enumerate(text_of(image, path, said).splitlines(), 1):
        key, value = setting(line)
        if key in ("include", "include_if_exists"):
            yield from _file(normal(posixpath.join(folder, value)), image, said, seen)
        elif key == "include_dir":
            for file in image.glob(posixpath.join(folder, value, "*.conf")):
                yield from _file(file, image, said, seen)
        elif key:
            yield key, Mention(value, Evidence(path, line_number))


def setting(line: str) -> tuple[str, str]:
    """Key and value of one line; ("", "") where it says nothing."""
    bare = line.strip()
    at = 0
    while at < len(bare) and (bare[at].isalnum() or bare[at] in "_."):
        at += 1
    key, rest = bare[:at].lower(), bare[at:].lstrip().removeprefix("=").lstrip()
    if not key:
        return "", ""
    if rest.startswith("'"):
        made, at = [], 1
        while at < len(rest) and (rest[at] != "'" or rest[at + 1 : at + 2] == "'"):
            at += rest[at] in "'\\"
            made.append(rest[at : at + 1])
            at += 1
        return key, "".join(made)
    return key, rest.split("#")[0].strip().split(" ")[0]
