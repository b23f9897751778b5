"""Who uses what another process offers: by configuration, by variables that are set, by arguments."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitter.catalogue.listening import BINDS, HOSTS, listeners, number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, addresses
from splitter.inspection._hints import own, servers, words
from splitter.inspection._offers import DISPLAYS, Directory, Member, Offer
from splitter.model.facts import CouplingKind, Evidence, Gap
from splitter.model.image import Image

APPLICATION_SERVERS = frozenset(
    ("granian", "gunicorn", "uvicorn", "uwsgi", "hypercorn", "daphne", "puma", "unicorn", "thin", "octane", "waitress")
)
UNHEARD = "and nothing in the image is known to listen there"

HOST_WORDS = ("HOSTNAME", "HOST", "SERVER", "ADDRESS", "ADDR", "IP")
INSIDE = frozenset(("internal", "private", "upstream", "local", "proxy"))
CLIENT_VARIABLES = ("PGHOST", "PGHOSTADDR", "MYSQL_HOST")
PORT_OPTIONS = ("-p", "-P", "--port")


@dataclass(frozen=True)
class Use:
    """One process that uses an offer; uses that differ in the process alone become one coupling."""

    user: str
    offer: Offer
    target: str
    evidence: Evidence
    how: str
    written: str

    @property
    def kind(self) -> CouplingKind:
        return "socket" if self.target.startswith("/") else "tcp"


def use(member: Member, offer: Offer, asked: Address, evidence: Evidence, how: str, written: str) -> Use:
    """A use, its target in the form all agree on: 127.0.0.1 for every way to say loopback, the server's own socket."""
    target = offer.address.unix or str(Address("127.0.0.1", asked.port or offer.address.port))
    return Use(member.name, offer, target, evidence, how, written)


def meant(asked: Address, name: str, directory: Directory, but: str) -> Offer | None:
    """The offer that an address means: by socket or port, else by its scheme, else by the words of its name."""
    if asked.unix or asked.port:
        return directory.at(asked, but)
    if found := directory.speaking(asked.scheme, but):
        return found
    for known in servers(name):
        if found := directory.named(known, but):
            return found
    return directory.called(words(name), but)


def configured(team: tuple[Member, ...], directory: Directory) -> Iterator[Use | Gap]:
    """What the configuration files of servers reach."""
    for member in team:
        for mention in member.said.reaches if not member.out else ():
            if not mention.address.local:
                continue
            offer = meant(mention.address, mention.name, directory, member.name)
            if offer is None and member.role == "proxy" and directory.at(mention.address) is None:
                offer = directory.left(mention.address, member.name, mention.evidence)
            if offer is not None:
                yield use(member, offer, mention.address, mention.evidence, mention.how, mention.written)
            elif (mention.address.port or mention.address.unix) and directory.at(mention.address) is None:
                yield unmatched(f"{member.name} reaches", mention.address, mention.evidence)


def environment(team: tuple[Member, ...], image: Image, directory: Directory) -> Iterator[Use | Gap]:
    """Variables that are set to an address inside the container, for every process of the application."""
    for member in team:
        if not (member.application or (member.client and not member.out)):
            continue
        env = {**image.config.env, **member.process.env}
        for name, value in env.items():
            if member.client and name not in CLIENT_VARIABLES:
                continue
            own_one = name in member.process.env and image.config.env.get(name) != value
            evidence = member.process.evidence if own_one else image.config.evidence(f"ENV {name}")
            displays = display(value) if name == "DISPLAY" else ()
            for asked in displays or addresses(value):
                if not asked.local or own(name, asked.scheme, asked.host):
                    continue
                asked = with_port(asked, name, env)
                offer = meant(asked, name, directory, member.name)
                if offer is not None and told_itself(name, offer):
                    continue
                if offer is not None and public(asked, offer, name, image):
                    yield Gap(f"{name} names {asked}, which is published: left as it is, for it may be how "
                              f"outsiders call {offer.name}", evidence)  # fmt: skip
                elif offer is not None:
                    yield use(member, offer, asked, evidence, f"env {name}", value)
                elif (asked.port or asked.unix) and directory.at(asked) is None:
                    yield unmatched(f"{name} names", asked, evidence)


def told_itself(name: str, offer: Offer) -> bool:
    """Whether a variable is how an application server itself is told where to listen: `GRANIAN_SOCKET`."""
    first = next(iter(words(name)), "")
    return offer.member.role == "web" and first in APPLICATION_SERVERS and first in str(offer.member.process.command)


def public(asked: Address, offer: Offer, name: str, image: Image) -> bool:
    """An HTTP address that outsiders use too: its port is exposed, and the name does not say that it is for inside."""
    if asked.scheme not in ("", "http", "https", "ws", "wss") or offer.member.role == "backing":
        return False
    if not asked.scheme and offer.member.role not in ("proxy", "drop"):
        return False
    ports = {p.partition("/")[0] for p in image.config.ports}
    return str(asked.port or offer.address.port) in ports and INSIDE.isdisjoint(words(name))


def display(value: str) -> tuple[Address, ...]:
    """The socket of an X display on this machine: `:0`, `:99.0`, `unix:1`."""
    text = value.removeprefix("unix").removeprefix(":").split(".")[0] if ":" in value else ""
    return (Address(unix=f"{DISPLAYS}{text}"),) if text.isascii() and text.isdigit() else ()


def with_port(asked: Address, name: str, env: Mapping[str, str]) -> Address:
    """A bare host with the port of the variable beside it: DB_HOST and DB_PORT."""
    if asked.port or asked.unix:
        return asked
    for word in HOST_WORDS:
        at = name.upper().rfind(word)
        if at >= 0:
            beside = f"{name[:at]}{'PORT' if name[at : at + 1].isupper() else 'port'}{name[at + len(word) :]}"
            if port := number(env.get(beside, "")):
                return Address(asked.host, port, scheme=asked.scheme)
    return asked


def arguments(team: tuple[Member, ...], image: Image, directory: Directory) -> Iterator[Use | Gap]:
    """Arguments that name an address inside the container, other than those that say where to listen."""
    for member in team:
        process = member.process
        argv = process.command.argv
        peeled = peel(argv)
        if peeled is None or member.out or member.role == "drop":
            continue
        said = {x.at for x in listeners(process, member.known, image)}
        clients = member.client
        spoken = False
        # A command within a shell's text has more words than the shell's own command.
        for at in range(max(len(argv) - len(peeled.args), 0), len(argv)):
            option, value = _option(argv, at)
            listens = option in BINDS | HOSTS and not clients and member.role in ("web", "proxy", "backing")
            if at in said or listens or (option and own(option, "", "")):
                continue
            found = display(value) if option in ("-display", "--display", "-di") else addresses(value)
            if clients and option in ("-h", "--host", "-S", "--socket") and value.startswith("/"):
                found = (Address(unix=value),)
            for asked in found:
                if not asked.local:
                    continue
                if clients and not asked.port and not asked.unix:
                    asked = Address(asked.host, _port(argv), scheme=asked.scheme)
                offer = meant(asked, option, directory, member.name)
                if offer is None and clients and not asked.unix:
                    offer = directory.named(clients, member.name, asked.port)
                spoken = True
                if offer is not None:
                    yield use(member, offer, asked, process.evidence, "argument", value)
                elif (asked.port or asked.unix) and directory.at(asked) is None:
                    yield unmatched(f"{member.name} is told", asked, process.evidence)
        env = {**image.config.env, **process.env}
        remote = any(a in ("-h", "--host") or a.startswith(("--host=", "-h")) for a in argv)
        if clients and not spoken and not remote and not env.get("PGHOST"):
            yield from _unasked(member, clients, directory)


def _unasked(member: Member, clients: tuple[str, ...], directory: Directory) -> Iterator[Use]:
    """A client that is told no host takes the server's own socket, else its port on this machine."""
    found = [o for o in directory.offers if o.member.known is not None and o.member.known.name in clients
             and o.name != member.name]  # fmt: skip
    if found and len({o.name for o in found}) == 1:
        offer = next((o for o in found if o.address.unix), found[0])
        asked = Address(unix=offer.address.unix) if offer.address.unix else Address("127.0.0.1", offer.address.port)
        yield use(member, offer, asked, member.process.evidence, "code", "")


def _option(argv: tuple[str, ...], at: int) -> tuple[str, str]:
    """The option that a word belongs to, and the value in it."""
    word = argv[at]
    if word.startswith("-"):
        option, equals, value = word.partition("=")
        if equals:
            return option, value
        glued = not word.startswith("--") and len(word) > 2
        return (word[:2], word[2:]) if glued else (word, "")
    before = argv[at - 1] if at else ""
    return (before if before.startswith("-") and "=" not in before else ""), word


def _port(argv: tuple[str, ...]) -> int:
    for at, word in enumerate(argv):
        option, value = _option(argv, at)
        if option in PORT_OPTIONS and number(value) and value != word[2:]:
            return number(value)
    return 0


def unmatched(what: str, asked: Address, evidence: Evidence) -> Gap:
    name = asked.unix.rsplit("/", 1)[-1]
    if name.startswith("supervisor"):
        return Gap(f"{what} {asked}, by which it steers supervisord, which is gone in a split", evidence)
    if name == "docker.sock":
        return Gap(f"{what} {asked}, which must be mounted from the engine's host", evidence)
    return Gap(f"{what} {asked}, {UNHEARD}", evidence)
