"""Servers that lived inside the container: the official image, the same image, or one that runs elsewhere."""

import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from splitter.catalogue import Known, looks_secret, service
from splitter.catalogue.peel import peel
from splitter.catalogue.versions import extensions, maria, version
from splitter.model.facts import Command, Coupling, Process
from splitter.model.image import Healthcheck, Image, within
from splitter.model.plan import Mount, Option
from splitter.planning.draft import Draft
from splitter.planning.names import volume_name
from splitter.planning.questions import Asker
from splitter.planning.roles import Placed

# Programs of a server's own, by how their names begin: the official image makes users and databases by itself.
FAMILY = {
    "postgres": ("initdb", "pg_", "createdb", "createuser", "psql", "postgres", "dropdb", "vacuumdb"),
    "mysql": ("mysql", "mariadb"),
    "mariadb": ("mysql", "mariadb"),
    "mongodb": ("mongo",),
    "rabbitmq": ("rabbitmq",),
    "redis": ("redis-",),
    "valkey": ("valkey-", "redis-"),
}
MEANINGS: Mapping[str, tuple[str, ...]] = {
    "user": ("USER", "USERNAME", "LOGIN", "ROLE"),
    "password": ("PASSWORD", "PASS", "PASSWD", "PWD", "SECRET"),
    "database": ("NAME", "DATABASE", "DB", "DBNAME", "SCHEMA"),
}
HINTS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("POSTGRES", "POSTGRESQL", "PG", "PSQL", "DATABASE", "DB", "SQL"),
    "mysql": ("MYSQL", "MARIADB", "DATABASE", "DB", "SQL"),
    "mariadb": ("MARIADB", "MYSQL", "DATABASE", "DB", "SQL"),
    "rabbitmq": ("RABBITMQ", "RABBIT", "AMQP", "BROKER"),
    "mongodb": ("MONGO", "MONGODB", "DATABASE", "DB"),
    "minio": ("MINIO", "S3", "AWS"),
}


def real(placed: Placed, image: Image) -> Placed:
    """A server by what it really is: the program of MySQL's name is MariaDB where its distribution has that."""
    known = placed.known
    if known is None or known.name != "mysql" or placed.role != "backing" or not maria(image):
        return placed
    return replace(placed, known=service(("mariadbd",)))


@dataclass(frozen=True)
class Choice:
    """How a server goes on, and the version that the image holds ("" where it is not known)."""

    answer: str
    version: str


def choose(process: Process, known: Known, couplings: Sequence[Coupling], image: Image, asker: Asker) -> Choice:
    """Ask where a server runs from now on. The official image is the default where one of that version can do it."""
    found = version(known, process, image)
    number, evidence = found if found else (known.version, process.evidence)
    more = extensions(known, image)
    mine = [c for c in couplings if c.between and c.between[-1] == process.name]
    sockets = bool(mine) and all(c.kind == "socket" for c in mine)
    options = []
    if known.image:
        options.append(
            Option("official", f"the official image, {known.image}:{number}", "data of the old server must be moved")
        )
    options += [
        Option("same", "this image, in a service of its own", "nothing else changes"),
        Option("external", "a server outside, which you run", "you give its address in .env"),
    ]
    locked = guarded(process, image)
    default = "official" if known.image and not more and not sockets and not locked else "same"
    why = f"{known.because}; the image holds version {number}" if found else known.because
    if more:
        why = f"{known.because}; it uses {', '.join(more[:3])}, which the official image lacks"
    elif locked:
        why = f"{known.because}; it asks for a password of its own ({locked}), which the official image would not"
    elif sockets:
        why = f"{known.because}; it is reached through a socket only"
    answer = asker.ask(
        f"backing:{process.id}", f"Where does {known.name} run from now on?", tuple(options), default, why, evidence
    )
    return Choice(answer, number)


def configuration(process: Process, image: Image) -> str:
    """The file that the server's command names as its configuration, where the image has it; else ""."""
    words = (w.rpartition("=")[2] for w in process.command.argv[1:])
    return next((w for w in words if w.endswith((".conf", ".cnf", ".ini", ".cfg")) and image.is_file(w)), "")


def guarded(process: Process, image: Image) -> str:
    """Where a server without users is given its password: the option, or the file with the line; else ""."""
    for word in process.command.argv:
        option = word.partition("=")[0]
        if option.startswith("--") and looks_secret(option.lstrip("-")):
            return option
    path = configuration(process, image)
    text = image.read(path) if path else None
    for number, line in enumerate(text.splitlines() if isinstance(text, str) else (), 1):
        if line.split()[:1] in (["requirepass"], ["aclfile"]):
            return f"{path}:{number}"
    return ""


def official(draft: Draft, known: Known, number: str, taken: Mapping[str, str]) -> str:
    """Make a draft a service of the official image. Returns the name of its data volume ("" without one)."""
    draft.image = f"{known.image}:{number}"
    if draft.runs is not None and (words := kept(draft.runs.command.argv, known)):
        draft.told = words
    draft.runs = None
    if known.healthcheck:
        draft.health = check(known, known.port)
    # What keeps nothing needs no volume: memcached has no folder in the catalogue.
    if not known.image_data:
        return ""
    name = volume_name(f"/{draft.name}-data", taken)
    draft.mounts[known.image_data] = Mount(name, known.image_data)
    return name


# What the official image decides by itself: where files are and where it listens.
PLACES = ("config_file", "listen_addresses", "data_directory", "hba_file", "ident_file", "external_pid_file",
          "unix_socket_directories", "port")  # fmt: skip


def kept(argv: Sequence[str], known: Known) -> tuple[str, ...]:
    """The command of the official image with the settings that the old server was given; () where it had none."""
    meant = peel(tuple(argv))
    if meant is None or not known.keep:
        return ()
    found: list[str] = []
    rest = list(meant.args)
    while rest:
        word = rest.pop(0)
        option, equals, _ = word.partition("=")
        group = [word]
        while rest and not equals and not rest[0].startswith("-"):
            group.append(rest.pop(0))
        place = any(w.partition("=")[0] in PLACES for w in group)
        known_here = all("$" not in w for w in group) and not looks_secret(option.lstrip("-"))
        if any(fnmatchcase(option, pattern) for pattern in known.keep) and not place and known_here:
            found += group
    program = meant.name.removesuffix("_safe").removesuffix("-safe")
    return (program, *found) if found else ()


def check(known: Known, port: int) -> Healthcheck:
    test = ("CMD-SHELL", known.healthcheck.replace("{port}", str(port)))
    return Healthcheck(test, interval="5s", timeout="5s", retries=12)


def alone(process: Process) -> Process:
    """A server without what its script told the application, where its own words are all known."""
    if any("$" in word for word in process.command.argv):
        return process
    known = {k: v for k, v in process.env.items() if "$" not in v}
    return replace(process, command=Command(process.command.argv), env=known)


def sets_up(step: Process, known: Known) -> bool:
    """Whether a one-off step only makes the server, its roles and its databases."""
    words = FAMILY.get(known.name, ())
    meant = peel(step.command.argv)
    program = posixpath.basename(meant.program) if meant else step.command.program
    if words and program.startswith(words):
        return True
    return any(_within(word, known.data) for word in step.command.argv)


def is_server(step: Process, known: Known) -> bool:
    """Whether a one-off step starts or stops the server itself, for as long as a script needs it."""
    meant = peel(step.command.argv)
    program = posixpath.basename(meant.program) if meant else step.command.program
    words = set(step.command.argv)
    if program in ("pg_ctl", "pg_ctlcluster", "service", "invoke-rc.d"):
        return bool(words & {"start", "stop", "restart"})
    if program in ("mysqladmin", "mariadb-admin", "redis-cli", "mongo", "mongosh", "rabbitmqctl"):
        return bool(words & {"shutdown", "SHUTDOWN", "stop"})
    served = service(step.command.argv)
    return served is not None and served.name == known.name


def only_makes(step: Process, known: Known, processes: Sequence[Process]) -> bool:
    """Whether a step is of a script that makes a server's data, its roles and its databases, and does nothing else."""
    script = step.parts[-1].script if step.parts else None
    members = [p for p in processes if script is not None and p.parts and p.parts[-1].script is script]
    return any(makes_data(p, known) for p in members) and all(
        p.lifetime == "job" and (is_server(p, known) or sets_up(p, known)) for p in members
    )


def makes_data(step: Process, known: Known) -> bool:
    """Whether a one-off step makes the folder in which the server keeps its data."""
    meant = peel(step.command.argv)
    program = posixpath.basename(meant.program) if meant else step.command.program
    made = ("initdb", "pg_createcluster", "mysql_install_db", "mariadb-install-db")
    return program in made or any(_within(w, known.data) for w in step.command.argv[1:])


def _within(word: str, folders: Sequence[str]) -> bool:
    return any(within(word, f) for f in folders if f.count("/") > 1)


@dataclass(frozen=True)
class Credential:
    """A value by which clients log in: the variable that has it, and whether a URL holds it."""

    meaning: str
    variable: str
    value: str
    in_url: bool = False


def credentials(known: Known, couplings: Sequence[Coupling], env: Mapping[str, str]) -> tuple[Credential, ...]:
    """User, password and database that the clients' variables name, as far as they say."""
    found: dict[str, Credential] = {}
    for meaning, variable, value in _from_urls(known, env):
        found.setdefault(meaning, Credential(meaning, variable, value, True))
    hosts = [c.how.split(" ", 1)[1] for c in couplings if c.how.startswith(("env ", "default ")) and " " in c.how]
    stems = dict.fromkeys((*(_stem(h) for h in hosts), *HINTS.get(known.name, ())))
    for meaning, words in MEANINGS.items():
        if meaning in found:
            continue
        for stem in stems:
            name = next((f"{stem}{joint}{w}" for w in words for joint in ("_", "") if f"{stem}{joint}{w}" in env), "")
            if stem and name:
                found[meaning] = Credential(meaning, name, env[name])
                break
    return tuple(found.values())


def _from_urls(known: Known, env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, value in env.items():
        scheme, colon, _ = value.partition("://")
        if not colon or scheme.split("+")[0] not in known.url:
            continue
        try:
            url = urlsplit(value)
            parts = {"user": url.username, "password": url.password, "database": url.path.strip("/").split("/")[0]}
        except ValueError:
            continue
        for meaning, part in parts.items():
            if part:
                yield meaning, name, unquote(part)


def _stem(host: str) -> str:
    """`DATABASE_HOST` -> `DATABASE`: the beginning that its fellows share."""
    for end in ("_HOST", "HOST", "_HOSTNAME", "_SERVER", "_ADDR", "_ADDRESS", "_URL", "_URI"):
        if host.endswith(end):
            return host.removesuffix(end)
    return host


def secret_name(credential: Credential, draft: Draft) -> str:
    """The variable of `.env` that holds a secret, on both sides: the one that the image asks for, where it does."""
    asked = credential.value.removeprefix("$").removeprefix("{").removesuffix("}")
    if credential.value in (f"${asked}", f"${{{asked}}}") and asked.isidentifier():
        return asked
    if not credential.in_url and looks_secret(credential.variable, credential.value):
        return credential.variable
    return f"{draft.name.upper().replace('-', '_')}_PASSWORD"


def moves(draft: Draft, known: Known) -> list[str]:
    """What a person must do with the data that the old server holds, a line each."""
    if known.name in ("postgres", "mysql", "mariadb", "mongodb"):
        dump = {"postgres": "pg_dumpall", "mongodb": "mongodump --archive"}.get(known.name, "mysqldump --all-databases")
        load = {"postgres": "psql", "mongodb": "mongorestore --archive"}.get(known.name, known.name)
        return [f"Data of the old {known.name}: `{dump}` in the old container, then `{load}` in {draft.name}."]
    if known.data and known.image_data and known.role == "backing":
        return [f"Data of the old {known.name}: copy {known.data[0]} into {known.image_data} of {draft.name}."]
    return []


def shell_command(lines: Sequence[str]) -> Command:
    """Lines as one command; a single line is its own words."""
    if len(lines) == 1:
        return Command(tuple(shlex.split(lines[0])))
    return Command(("sh", "-c", "\n".join(lines)), ("/bin/sh", "-c", "\n".join(lines)))
