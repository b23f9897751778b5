"""MySQL and MariaDB read option files group by group; `-` and `_` are the same in a name, the command's options win.

MySQL Reference Manual, "Using Option Files": `!include FILE`, `!includedir FOLDER` (its *.cnf), [mysqld] and [server].
"""

from collections.abc import Iterator

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, option, text_of
from splitter.inspection.configs._ini import entries
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("mysql", "mariadb")
GROUPS = ("mysqld", "server", "mariadb", "mariadbd", "mysqld_safe", "mariadbd-safe", "mariadb-safe")
PARTS = ("/etc/mysql/conf.d/*.cnf", "/etc/mysql/mariadb.conf.d/*.cnf", "/etc/mysql/mysql.conf.d/*.cnf",
         "/etc/my.cnf.d/*.cnf")  # fmt: skip
SHORT = {"-P": "port", "-S": "socket", "-h": "datadir"}
LOGS = ("log_error", "general_log_file", "slow_query_log_file", "log_bin")


def read(process: Process, image: Image) -> Said:
    said = Said()
    settings: dict[str, Mention] = {}
    given = option(process, "--defaults-file") or option(process, "--defaults-extra-file")
    main = from_folder(process, image, given) or first_file(image, "/etc/my.cnf", "/etc/mysql/my.cnf")
    files = [main] if main else sorted(p for part in PARTS for p in image.glob(part))
    for path in files:
        for key, mention in _file(path, image, said, []):
            settings[key] = mention
    settings |= dict(_options(process))
    unasked = Mention("", process.evidence, how="")
    bind, port = settings.get("bind_address"), settings.get("port", unasked)
    if "skip_networking" not in settings:
        place = bind or port
        for host in (bind.written if bind else "").split(","):
            sure = bind is not None or "port" in settings
            where = Address(host.strip(), number(port.written) or 3306)
            said.listens.append(Mention(place.written, place.evidence, where, how=place.how, certain=sure))
    socket = settings.get("socket")
    default = "/var/lib/mysql/mysql.sock" if main == "/etc/my.cnf" else "/run/mysqld/mysqld.sock"
    where = Address(unix=normal(socket.written if socket else default))
    place = socket or unasked
    said.listens.append(Mention(place.written, place.evidence, where, how=place.how, certain=socket is not None))
    for key in ("datadir", "pid_file"):
        if key in settings and settings[key].written.startswith("/"):
            found = settings[key]
            said.private.append(Mention(found.written, found.evidence, path=normal(found.written), how=found.how))
    for key in LOGS:
        if key in settings and settings[key].written.startswith("/"):
            found = settings[key]
            said.writes.append(Mention(found.written, found.evidence, path=normal(found.written), how=found.how))
    return said


def _options(process: Process) -> Iterator[tuple[str, Mention]]:
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    for at, word in enumerate(args):
        key, equals, value = word.partition("=")
        if word in SHORT:
            key, value = f"--{SHORT[word]}", args[at + 1] if at + 1 < len(args) else ""
        elif not equals and word in ("--port", "--socket", "--datadir", "--bind-address"):
            value = args[at + 1] if at + 1 < len(args) else ""
        if key.startswith("--") and len(key) > 2:
            yield key[2:].replace("-", "_"), Mention(value, process.evidence, how="argument")


def _file(path: str, image: Image, said: Said, seen: list[str]) -> Iterator[tuple[str, Mention]]:
    if path in seen or len(seen) > MAX_FILES:
        return
    seen.append(path)
    for entry in entries(text_of(image, path, said), "#;"):
        word, _, rest = entry.key.partition(" ")
        if word == "!include":
            yield from _file(normal(rest.strip()), image, said, seen)
        elif word == "!includedir":
            for file in image.glob(f"{rest.strip()}/*.cnf"):
                yield from _file(file, image, said, seen)
        elif entry.section in GROUPS or entry.section.startswith(("mysqld-", "mariadb-")):
            yield entry.key.replace("-", "_"), Mention(entry.value, Evidence(path, entry.line))
