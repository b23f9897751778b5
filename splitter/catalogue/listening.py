"""Where a process listens, as far as its command and environment say."""

from dataclasses import dataclass

from splitter.catalogue import Known
from splitter.catalogue.peel import peel
from splitter.model.facts import Process
from splitter.model.image import Image

# Where ASP.NET Core listens, the first that is set: URLs or, with a plain number each, ports; both in lists with `;`.
DOTNET = ("ASPNETCORE_URLS", "DOTNET_URLS", "ASPNETCORE_HTTP_PORTS", "DOTNET_HTTP_PORTS")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1", "ip6-localhost")
BINDS = frozenset(
    ("-b", "--bind", "--binding", "--listen", "--address", "--addr", "--http", "--http-socket", "--http-address",
     "-listen", "-addr", "--listen-address", "--web.listen-address", "--socket", "-S", "--host-port", "--listen-addr",
     "-listenAddr", "--listenAddr", "--uds", "--unix-socket")
)  # fmt: skip
PORTS = frozenset(("-p", "--port", "-port", "--http-port", "--server.port", "--server-port", "-P", "--listen-port"))
SCHEMES = frozenset(("unix", "http", "https", "tcp", "tcp4", "tcp6", "ssl", "h2", "h2c", "ws", "wss", "fcgi", "udp"))
HOSTS = frozenset(("-H", "--host", "-h", "--hostname", "--ip", "--listen-ip"))
# Programs whose option of such a name says what they connect to.
BACKENDS = {
    "varnish": frozenset(("-b",)),
    **dict.fromkeys(("celery worker", "celery beat", "celery multi", "celery flower"), frozenset(("-b",))),
}


@dataclass(frozen=True)
class Listener:
    """One address. `at` is the index of the word that says it, -1 where it is a default; `unix` a socket's path."""

    host: str = ""
    port: int = 0
    unix: str = ""
    at: int = -1
    certain: bool = True

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK


def number(text: str) -> int:
    """A port's number; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536 else 0


def address(text: str) -> tuple[str, int, str] | None:
    """Host, port and socket path of `host:port`, `:port`, `port`, a URL or `unix:path`; None for anything else."""
    scheme, colon, rest = text.partition("://")
    if colon:
        if scheme not in SCHEMES:
            return None
        if scheme == "unix":
            return "", 0, "/" + rest.lstrip("/")
        text = rest.split("/")[0].split("?")[0].rpartition("@")[2]
        if ":" not in text.rpartition("]")[2]:
            default = {"http": 80, "https": 443}.get(scheme, 0)
            return (text, default, "") if default and text else None
    if text.startswith("unix:"):
        return "", 0, text[5:].split(":")[0].split("|")[0]
    if text.startswith("/") and text.endswith((".sock", ".socket")):
        return "", 0, text
    host, _, port = text.rpartition(":")
    if not number(port):
        return None
    if host and not all(c.isalnum() or c in ".-_[]:*" for c in host):
        return None
    return host, number(port), ""


def listeners(process: Process, known: Known | None, image: Image) -> tuple[Listener, ...]:
    """What the command says, else what its environment's PORT says, else the program's default."""
    found: list[Listener] = []
    argv = process.command.argv
    meant = peel(argv)
    first = len(argv) - len(meant.args) if meant else len(argv)
    host = ""
    binds = BINDS - BACKENDS.get(known.name if known is not None else "", frozenset())
    for at in range(first, len(argv)):
        option, equals, value = argv[at].partition("=")
        if not equals:
            value = argv[at + 1] if at + 1 < len(argv) else ""
        place = at if equals else at + 1
        if option == "-s" and known is not None and known.name == "fcgiwrap":
            option = "--socket"
        if option == "-l" and known is None and ":" in value:
            option = "--listen"
        if known is not None and known.name == "django fcgi":  # `host=127.0.0.1 port=8080`
            option = f"--{option}"
        if option in binds or (option in PORTS and ":" in value):
            if option == "-b" and known is not None and known.name == "rails server" and ":" not in value.strip("[]:"):
                host = value
            elif got := address(value):
                found.append(Listener(*got, at=place))
            elif option in ("-b", "--bind", "--binding", "--address", "--listen-address"):
                host = value
        elif option in HOSTS and (equals or not value.startswith("-")):
            host = value
        elif option in PORTS and number(value) and (known is None or not known.ports or option in known.ports
                                                       or option.startswith("--")):  # fmt: skip
            found.append(Listener("", number(value), at=place))
        elif option[:2] in ("-b", "-p") and len(option) > 2 and not option.startswith("--") and not equals:
            got = address(option[2:])
            if got and known is not None and option[:2] in known.ports:
                found.append(Listener(*got, at=at))
    if host:
        found = [Listener(host, f.port, f.unix, f.at, f.certain) if not f.host and not f.unix else f for f in found]
    if not found and known is not None and known.name in ("django server", "php server", "laravel serve"):
        plain = [(i, got) for i in range(first, len(argv)) if (got := address(argv[i]))]
        found = [Listener(*got, at=i) for i, got in plain[:1]]
    if found:
        return tuple(dict.fromkeys(found))
    if dotnet := _dotnet(process, meant.interpreter if meant else "", known, image):
        return dotnet
    port = process.env.get("PORT", "") or ("" if known is not None else image.config.env.get("PORT", ""))
    said = process.env.get("HOST", "")
    host = host or (said if said in LOOPBACK else "")
    if number(port) and (known is None or known.role in ("web", "proxy")):
        return (Listener(host, number(port), certain="PORT" in process.env),)
    if known is not None and known.port and known.role in ("web", "proxy", "backing", "drop", "worker"):
        return (Listener(host or ("127.0.0.1" if known.loopback else ""), known.port, certain=False),)
    return ()


def _dotnet(process: Process, interpreter: str, known: Known | None, image: Image) -> tuple[Listener, ...]:
    """Where a program of ASP.NET Core is told to listen by its environment.

    The image's own counts for what `dotnet` runs; a process that is given an address is such a program.
    """
    env = {**image.config.env, **process.env} if interpreter == "dotnet" else process.env
    said = next((env[name] for name in DOTNET if env.get(name)), "")
    if not said or known is not None:
        return ()
    found: list[Listener] = []
    for one in said.split(";"):
        scheme, colon, rest = one.strip().partition("://")
        host, _, port = (rest if colon else scheme).split("/")[0].rpartition(":")
        if number(port):
            found.append(Listener("" if host in ("+", "*") else host, number(port)))
    return tuple(found)
