"""cron runs the lines of crontabs at their time; each one of the application's becomes a scheduled process.

The daemon itself comes first, then its entries. Debian's cron, cronie, busybox crond, fcron, supercronic, yacron and
go-crond each read other files and fields; what packages of the distribution brought is left out, with a note.
Sources: cron(8) and crontab(5) of Debian and cronie, busybox's crond.c, and the README of the three others.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping

from splitter.catalogue import foreground
from splitter.managers import _scripts
from splitter.managers._cron_entries import PERIODIC, Entries, Table, plain
from splitter.managers._cron_packages import Packages
from splitter.managers._crontab import Dialect
from splitter.managers._yacron import yacron
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal
from splitter.shell.arguments import Arguments, arguments
from splitter.shell.calls import Word

SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs", "/var/spool/cron/tabs")
TABLE, FOLDER = "/etc/crontab", "/etc/cron.d"
DEBIAN = {folder: each for folder, each in PERIODIC.items() if folder.startswith("/etc/cron.")}
ALPINE = {folder: each for folder, each in PERIODIC.items() if folder.startswith("/etc/periodic/")}
LEFTOVERS = ("~", ".rpmsave", ".rpmorig", ".rpmnew", ".cfsaved", ".swp", ",v")
Reader = Callable[[Entries, tuple[str, ...]], None]


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    if process.via[-1:] == ("cron",):
        return None
    argv = process.command.argv
    if len(argv) > 1 and posixpath.basename(argv[0]) == "busybox":
        argv = argv[1:]
    name = posixpath.basename(argv[0]) if argv else ""
    reader = READERS.get(name)
    asks = {"--help", "--version", "-test", "--test", "-V", "-h"} & set(argv[1:])
    if reader is None or "/init.d/" in argv[0] or asks:
        return None
    interpreter = _scripts.script(process.command.argv[0], process, image)
    if interpreter and (name != "yacron" or interpreter in _scripts.SHELLS):
        return None  # a script of the application that is called cron
    entries = Entries(process, image, Packages(image))
    reader(entries, argv[1:])
    if not entries.read and not entries.found and not entries.gaps:
        return None
    left = tuple(dict.fromkeys(entries.left))
    notes = (f"left out, as packages brought it: {', '.join(left)}",) if left else ()
    if not entries.found and not entries.gaps:
        notes = ("nothing of the application's for it to run", *notes)
    command = Command(foreground(process.command.argv), process.command.run)
    daemon = Process(process.name if process.via else name, command, process.evidence, notes=notes)
    return [daemon, *entries.found, *entries.gaps]


def _got(args: tuple[str, ...], takes: str, long: tuple[str, ...] = ()) -> Arguments:
    return arguments(tuple(Word(a, a) for a in args), takes, long)


def _path(entries: Entries, written: str) -> str:
    workdir = entries.process.workdir or entries.image.config.workdir or "/"
    return normal(posixpath.join(workdir, written))


def _debian(entries: Entries, args: tuple[str, ...]) -> None:
    """Debian's cron(8): names in /etc/cron.d as run-parts takes them; each user's crontab in the spool."""
    entries.table(Table(TABLE, system=True))
    for path in _files(entries, FOLDER):
        if plain(posixpath.basename(path)):
            _checked(entries, path)
            entries.table(Table(path, system=True))
        elif not entries.packages.brought(path):
            entries.read = True
            entries.gaps.append(Gap("cron passes over it because of its name", Evidence(path)))
    _spools(entries, ("/var/spool/cron/crontabs",), "vixie")
    entries.folders(_assumed(entries, DEBIAN, TABLE))


def _checked(entries: Entries, path: str) -> None:
    node = entries.image.node(path)
    if node is not None and node.mode & 0o022:
        entries.gaps.append(Gap("cron passes over it: others than its owner may write it", Evidence(path)))


def _cronie(entries: Entries, args: tuple[str, ...]) -> None:
    """crond: busybox's where the image or the options say so, else cronie's (every file of /etc/cron.d)."""
    image = entries.image
    busybox = posixpath.basename(entries.process.command.argv[0]) == "busybox" or any(
        (image.is_file("/etc/alpine-release"), image.is_file("/lib/apk/db/installed"), "alpine" in image.base)
    )
    got = _got(args, "cldLmx")
    if busybox or got.has("c", "d", "L", "b", "l"):
        spool = got.value("c")
        spools = (_path(entries, spool),) if spool else ("/var/spool/cron/crontabs", "/etc/crontabs")
        _spools(entries, spools, "busybox")
        entries.folders(_assumed(entries, ALPINE, "/etc/crontabs/root"))
        return
    entries.table(Table(TABLE, system=True))
    for path in _files(entries, FOLDER):
        if not path.endswith(LEFTOVERS):
            entries.table(Table(path, system=True))
    _spools(entries, SPOOLS, "vixie")
    if (text := image.read("/etc/anacrontab")) and isinstance(text, str):
        entries.periodic.update({f: (each, "root") for f, each in DEBIAN.items() if f in text})
    entries.folders(_assumed(entries, PERIODIC, TABLE))


def _assumed(entries: Entries, folders: Mapping[str, str], table: str) -> Mapping[str, str]:
    """The folders that the distribution's own crontab has run, where that crontab is not at hand."""
    return folders if not entries.image.complete and not entries.image.is_file(table) else {}


def _spools(entries: Entries, spools: tuple[str, ...], dialect: Dialect) -> None:
    for spool in spools:
        for path in _files(entries, spool):
            name = posixpath.basename(path)
            if not name.startswith("cron.") and not name.endswith((".new", ".update", "~")):
                entries.table(Table(path, dialect, user=name))


def _files(entries: Entries, folder: str) -> Iterator[str]:
    for name in entries.image.names(folder):
        path = posixpath.join(folder, name)
        if not name.startswith(".") and not entries.image.is_dir(path):
            yield path


def _fcron(entries: Entries, args: tuple[str, ...]) -> None:
    """fcron(8) keeps the text of each user's table as USER.orig."""
    for path in _files(entries, "/var/spool/fcron"):
        if path.endswith(".orig"):
            name = posixpath.basename(path).removesuffix(".orig")
            entries.table(Table(path, "fcron", user="root" if name == "systab" else name, system=name == "systab"))


def _supercronic(entries: Entries, args: tuple[str, ...]) -> None:
    """`supercronic [OPTIONS] CRONTAB`, as the container's user and with its environment."""
    valued = ("sentry-dsn", "sentryDsn", "prometheus-listen-address", "sentry-environment", "sentry-release")
    words: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            if word.lstrip("-") in valued and rest:
                rest.pop(0)
        else:
            words.append(word)
    _named(entries, words, "supercronic")


def _named(entries: Entries, words: list[str], dialect: Dialect) -> None:
    for word in words:
        path = _path(entries, word)
        if "$" in word:
            entries.gaps.append(Gap(f"which crontab {word} is shows only when it runs", entries.process.evidence))
        elif not entries.image.is_file(path):
            entries.gaps.append(entries.image.missing(path, "the crontab is not in the image"))
        else:
            entries.table(Table(path, dialect))


def _go_crond(entries: Entries, args: tuple[str, ...]) -> None:
    """`go-crond [--include=DIR] [--run-parts=SPEC] [USER:]FILE...`; without --no-auto also the system's crontabs."""
    long = ("default-user", "include", "run-parts", "run-parts-1min", "run-parts-15min", "run-parts-hourly",
            "run-parts-daily", "run-parts-weekly", "run-parts-monthly", "server.bind", "server.metrics")  # fmt: skip
    got = _got(args, "", long)
    for word in (w.text for w in got.operands):
        user, colon, file = word.rpartition(":")
        path = _path(entries, file if colon else word)
        if entries.image.is_file(path):
            entries.table(Table(path, "go-crond", user=user, system=not colon))
        else:
            entries.gaps.append(entries.image.missing(path, "the crontab is not in the image"))
    for folder in got.options.get("include", ()):
        for path in _files(entries, _path(entries, folder)):
            entries.table(Table(path, "go-crond", system=True))
    for name, values in got.options.items():
        each = name.removeprefix("run-parts").lstrip("-")
        for value in values if name.startswith("run-parts") else ():
            *front, folder = value.split(":")
            schedule = {"1min": "* * * * *", "15min": "*/15 * * * *"}.get(each, f"@{each}")
            if not each:
                schedule = f"@every {front[0]}" if front else "@hourly"
                front = front[1:]
            entries.periodic[_path(entries, folder)] = (schedule, front[0] if front else "")
    if not got.has("no-auto"):
        entries.table(Table(TABLE, "go-crond", system=True))
        for path in _files(entries, FOLDER):
            entries.table(Table(path, "go-crond", system=True))
        _spools(entries, ("/var/spool/cron/crontabs", "/etc/crontabs"), "go-crond")
    entries.folders({})


def _yacron(entries: Entries, args: tuple[str, ...]) -> None:
    named = _got(args, "cl", ("config", "log-level")).value("c", "config")
    yacron(entries, _path(entries, named or "/etc/yacron.d"))


READERS: Mapping[str, Reader] = {
    "cron": _debian,
    "vixie-cron": _debian,
    "crond": _cronie,
    "cronie": _cronie,
    "fcron": _fcron,
    "supercronic": _supercronic,
    "go-crond": _go_crond,
    "yacron": _yacron,
}
