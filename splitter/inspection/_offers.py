"""Who listens where: by configuration where one was read, else by command, else by what the program does unasked."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from splitter.catalogue import Known, server_ports
from splitter.catalogue.listening import listeners
from splitter.catalogue.meaning import meaning
from splitter.catalogue.peel import peel
from splitter.catalogue.switches import spare
from splitter.inspection._address import EVERYWHERE, Address, address
from splitter.inspection._hints import CLIENTS
from splitter.inspection.configs import Said, read
from splitter.inspection.configs._ini import entries
from splitter.model.facts import Evidence, Listening, Process
from splitter.model.image import Image

# Commands that only touch the container's own files, look or wait: they speak to no server.
TOOLS = frozenset(
    ("find", "id", "stat", "kill", "halt", "sleep", "test", "[", "true", "false", "seq", "xargs", "parallel", "awk",
     "grep", "cut", "tr", "head", "sort", "date", "uname", "ps", "wc", "dirname", "basename", "readlink", "realpath",
     "ls", "pwd", "which", "su", "getent", "nproc", "whoami", "mktemp", "sync", "pgrep", "pidof", "ip", "ping",
     "initdb", "pg_ctl", "pg_createcluster", "mysql_install_db", "mariadb-install-db", "setcap", "mkfifo", "du", "df",
     "base64", "openssl", "md5sum", "sha256sum", "diff", "cmp", "file", "gzip", "logger", "exit", "exec",
     "shutdown", "reboot")
)  # fmt: skip
DISPLAYS = "/tmp/.X11-unix/X"
PLUMBING = ("rights", "owner of shared data", "waiting", "secrets made at boot")


@dataclass(frozen=True)
class Member:
    """A process with what is known of it and what its configuration says.

    `hosts`: a web server that runs the application's code itself, by a module of its own.
    `out`: it is off by default, and no service of its own.
    """

    process: Process
    known: Known | None
    said: Said = field(compare=False, repr=False)
    hosts: bool = False
    out: bool = False

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def role(self) -> str:
        return self.known.role if self.known is not None else ""

    @property
    def client(self) -> tuple[str, ...]:
        """The servers that it is a client program of: it reads none of the application's variables."""
        meant = peel(self.process.command.argv)
        return CLIENTS.get(meant.name, ()) if meant is not None else ()

    @property
    def application(self) -> bool:
        """It runs the application's own code, so it may read its variables and use its servers."""
        if self.out or self.client or (self.role in ("backing", "drop", "proxy") and not self.hosts):
            return False
        if self.known is not None:
            return self.known.name not in PLUMBING and self.known.phase != "wait"
        meant = peel(self.process.command.argv)
        return meant is not None and meant.name not in TOOLS and not meant.program.startswith("$")


@dataclass(frozen=True)
class Offer:
    """One address that a process listens on."""

    member: Member
    address: Address
    evidence: Evidence
    certain: bool = True

    @property
    def name(self) -> str:
        return self.member.name


def members(image: Image, processes: tuple[Process, ...]) -> tuple[Member, ...]:
    found = []
    for process in processes:
        known = meaning(process)
        out = bool(process.off and spare(process, processes))
        said = read(process, known, image)
        hosts = _hosts(process, known, image) or _runs_php(known, said, image, processes)
        found.append(Member(process, known, said, hosts, out))
    return tuple(found)


def _runs_php(known: Known | None, said: Said, image: Image, processes: tuple[Process, ...]) -> bool:
    """Apache that serves PHP and has nobody to hand it to: its package brings the module, and that is not at hand."""
    if known is None or not known.name.startswith("apache") or image.complete:
        return False
    if any((other := meaning(p)) is not None and other.name == "php-fpm" for p in processes):
        return False
    roots = [m.path for m in said.reads] or ["/var/www/html"]
    return any(image.glob(f"{root}/*.php") for root in roots)


def _hosts(process: Process, known: Known | None, image: Image) -> bool:
    """Apache with PHP, WSGI or Passenger within, as Debian's a2enmod and the official PHP image do it."""
    if known is None or not known.name.startswith("apache"):
        return False
    if any(w.endswith("apache2-foreground") for w in process.command.argv):
        return True
    return any(image.glob(f"/etc/apache2/mods-enabled/{m}*.load") for m in ("php", "wsgi", "passenger"))


def offers(image: Image, team: tuple[Member, ...]) -> tuple[Offer, ...]:
    """Every address that a process listens on; a one-off start of a server counts where nothing else is that server."""
    steady = {m.known.name for m in team if m.known is not None and m.process.lifetime == "service"}
    found: dict[tuple[object, ...], Offer] = {}
    for member in team:
        lasting = member.process.lifetime == "service"
        if member.out or (not lasting and (member.role not in ("backing", "proxy") or member.known is None)):
            continue
        if not lasting and member.known is not None and member.known.name in steady:
            continue
        for offer in _of(member, image):
            found.setdefault((offer.name, offer.address, offer.evidence), offer)
    return tuple(found.values())


def seen(team: tuple[Member, ...], heard: Iterable[Listening], known: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Offers that only a run of the image shows."""
    by_name = {m.name: m for m in team}
    told = {(o.name, o.address.port, o.address.unix) for o in known}
    return tuple(
        Offer(by_name[x.process], Address(x.host, x.port, x.unix), x.evidence)
        for x in heard
        if x.process in by_name and x.protocol == "tcp" and (x.process, x.port, x.unix) not in told
    )


def _of(member: Member, image: Image) -> list[Offer]:
    told = [Offer(member, real_address, evidence) for real_address, evidence in _handed(member, image)]
    told += [Offer(member, _real(m.address, image), m.evidence, m.certain) for m in member.said.listens]
    asked = list(listeners(member.process, member.known, image))
    plain = [
        Offer(member, _real(Address(x.host, x.port, x.unix), image), member.process.evidence, x.certain) for x in asked
    ]
    by_command = [o for o, x in zip(plain, asked, strict=True) if x.at >= 0]
    if by_command:
        # A command's option wins over the file; sockets and further addresses of the file stay.
        ports = any(o.address.port for o in by_command)
        return by_command + [o for o in told if not (ports and o.address.port)]
    if any(o.certain for o in told):
        return told
    return told + [o for o in plain if not any(t.address.port for t in told)]


def _handed(member: Member, image: Image) -> Iterator[tuple[Address, Evidence]]:
    """The socket that supervisord opens for a fcgi-program, and the display of an X server."""
    process = member.process
    if "supervisord" in process.via and process.evidence.path.startswith("/"):
        text = image.read(process.evidence.path)
        for name, value, line in _sockets(text) if isinstance(text, str) else ():
            asked = address(value) if _is_named(process.name, name) else None
            if asked is not None:
                yield _real(asked, image), Evidence(process.evidence.path, line)
    if member.known is not None and member.known.name == "xserver":
        for word in process.command.argv:
            if word.startswith(":") and word[1:].isdigit():
                yield Address(unix=f"{DISPLAYS}{word[1:]}"), process.evidence


@lru_cache(maxsize=8)  # one file has many programs
def _sockets(text: str) -> tuple[tuple[str, str, int], ...]:
    """The fcgi-programs of a supervisord configuration, with the `socket` of each and its line."""
    found = ((entry.section.partition(":"), entry) for entry in entries(text, ";#") if entry.key == "socket")
    return tuple((name, entry.value, entry.line) for (kind, _, name), entry in found if kind == "fcgi-program")


def _is_named(process: str, program: str) -> bool:
    """The process is the program, or one of its instances (`%(program_name)s_%(process_num)02d`)."""
    rest = process.removeprefix(program)
    return process.startswith(program) and all(c.isdigit() or c in "_-" for c in rest)


def _real(given: Address, image: Image) -> Address:
    return replace(given, unix=real(given.unix, image)) if given.unix else given


def real(path: str, image: Image) -> str:
    """A socket's path with the links above it followed; /var/run is /run in every image of today."""
    above = image.resolve(posixpath.dirname(path))
    folder = above if isinstance(above, str) else posixpath.dirname(path)
    if folder == "/var/run" or folder.startswith("/var/run/"):
        folder = folder.removeprefix("/var")
    return posixpath.join(folder, posixpath.basename(path))


@dataclass(frozen=True)
class Directory:
    """The offers, to be asked by address.

    `silent` are processes of which no address is known, with the numbers that their scripts and variables hold.
    """

    image: Image
    offers: tuple[Offer, ...]
    silent: tuple[tuple[Member, Mapping[int, Evidence]], ...] = ()

    @cached_property
    def _by_port(self) -> Mapping[int, list[Offer]]:
        found: dict[int, list[Offer]] = {}
        for offer in self.offers:
            found.setdefault(offer.address.port, []).append(offer)
        return found

    def at(self, asked: Address, but: str = "") -> Offer | None:
        """Who listens at this address; one that is sure of it goes before one that would by default."""
        near = self._by_port.get(asked.port, ()) if not asked.unix else self.offers
        found = [o for o in near if o.name != but and self._same(o.address, asked)]
        if not found and asked.port and not any(o.name == but and self._same(o.address, asked) for o in near):
            # The script or the environment of one process alone has this number.
            holding = [
                (m, numbers[asked.port]) for m, numbers in self.silent if asked.port in numbers and m.name != but
            ]
            if len({m.name for m, _ in holding}) == 1:
                return Offer(holding[0][0], Address("", asked.port), holding[0][1], certain=False)
        return min(found, key=_rank, default=None)

    def left(self, asked: Address, but: str, evidence: Evidence) -> Offer | None:
        """Who listens where nobody is known to: the one process that may serve and of which no address is known."""
        if asked.unix:
            return self._fpm(asked, evidence)
        may = [m for m, _ in self.silent if m.name != but and m.role in ("", "web")]
        if len(may) != 1 or may[0].process.off or not asked.port or asked.port in server_ports():
            return None
        return Offer(may[0], Address("", asked.port), evidence, certain=False)

    def _fpm(self, asked: Address, evidence: Evidence) -> Offer | None:
        """The one php-fpm, where a socket is named after it, and its own settings are in a base that is not at hand."""
        name = posixpath.basename(asked.unix)
        found = {o.name: o for o in self.offers if o.member.known is not None and o.member.known.name == "php-fpm"}
        sure = any(o.certain for o in found.values())
        if len(found) != 1 or sure or self.image.complete or not ("php" in name or "fpm" in name):
            return None
        return Offer(next(iter(found.values())).member, _real(asked, self.image), evidence, certain=False)

    def named(self, names: Iterable[str], but: str = "", port: int = 0) -> Offer | None:
        """The one server whose catalogue name is among these; None where there is none, or several of them."""
        wanted = tuple(names)
        found = [o for o in self.offers if o.name != but and o.member.known is not None and o.address.port
                 and o.member.known.name in wanted and (not port or o.address.port == port)]  # fmt: skip
        return _only(found)

    def speaking(self, scheme: str, but: str = "") -> Offer | None:
        """The one server whose URLs begin so."""
        found = [o for o in self.offers if o.name != but and o.member.known is not None and o.address.port
                 and scheme in o.member.known.url]  # fmt: skip
        return _only(found) if scheme else None

    def called(self, words: Iterable[str], but: str = "") -> Offer | None:
        """The one process whose own name is among these words."""
        wanted = tuple(words)
        found = [o for o in self.offers if o.name != but and o.address.port and o.name.lower() in wanted]
        return _only(found)

    def _same(self, offered: Address, wanted: Address) -> bool:
        if wanted.unix or offered.unix:
            if not (wanted.unix and offered.unix):
                return False
            there, here = offered.unix, real(wanted.unix, self.image)
            return here in (there, posixpath.dirname(there))
        if offered.port != wanted.port or not offered.port:
            return False
        return offered.host in EVERYWHERE or offered.loopback or offered.host == wanted.host


def _rank(offer: Offer) -> tuple[bool, ...]:
    """The surest first; what is off by default last."""
    return (bool(offer.member.process.off), not offer.certain, offer.member.process.lifetime != "service")


def _only(found: list[Offer]) -> Offer | None:
    """The first offer of the one process that these are of, one that is on before one that is off; None for several."""
    found = [o for o in found if not o.member.process.off] or found
    return found[0] if found and len({o.name for o in found}) == 1 else None
