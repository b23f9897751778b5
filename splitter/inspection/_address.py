"""An address as configurations, variables and arguments write it: URLs, DSNs, host:port, bare hosts, socket paths."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from splitter.catalogue.listening import number

LOOPBACK = frozenset(
    ("127.0.0.1", "localhost", "::1", "[::1]", "ip6-localhost", "ip6-loopback", "localhost.localdomain")
)
EVERYWHERE = frozenset(("", "*", "0.0.0.0", "::", "[::]"))
DEFAULT_PORTS = {
    "http": 80, "https": 443, "ws": 80, "wss": 443, "h2c": 80, "smtp": 25, "ldap": 389, "ajp": 8009, "ftp": 21,
    "mqtt": 1883, "gelf": 12201, "statsd": 8125, "syslog": 514,
}  # fmt: skip
# libpq takes its own socket where a URL has no host (PostgreSQL documentation, 34.1.1).
LOCAL_SOCKETS = dict.fromkeys(("postgres", "postgresql"), "/run/postgresql/.s.PGSQL.{port}")
# How DSNs and connection strings call the host (PDO, libpq, ADO.NET), the first that is there.
HOST_KEYS = ("host", "server", "hostname", "data source", "datasource", "addr", "network address")
MAX_TEXT = 4096  # a longer value is not an address
SOCKET_ENDINGS = (".sock", ".socket")


@dataclass(frozen=True)
class Address:
    """Where something is reached or listens. `scheme` is without its driver (`postgresql+psycopg2` -> postgresql)."""

    host: str = ""
    port: int = 0
    unix: str = ""
    scheme: str = ""

    @property
    def loopback(self) -> bool:
        """It is reached without leaving the container; with a scheme, 0.0.0.0 is meant so too."""
        host = self.host.lower()
        return host in LOOPBACK or host.startswith("127.") or (bool(self.scheme) and host == "0.0.0.0")

    @property
    def local(self) -> bool:
        return bool(self.unix) or self.loopback

    def __str__(self) -> str:
        if self.unix:
            return self.unix
        host = "127.0.0.1" if self.loopback or self.host in EVERYWHERE else self.host
        return f"{host}:{self.port}" if self.port else host


def addresses(text: str) -> tuple[Address, ...]:
    """Every address in a value: one, or a list parted by commas, semicolons or blanks. () where it is none."""
    text = text.strip().strip("\"'")
    if not text or len(text) > MAX_TEXT:
        return ()
    if got := _dsn(text):
        return (got,)
    if one := address(text):
        return (one,)
    for mark in (",", ";", " "):
        if mark in text:
            parts = [address(p.strip()) for p in text.split(mark) if p.strip()]
            return tuple(p for p in parts if p is not None) if all(parts) else ()
    return ()


def address(text: str, port: int = 0) -> Address | None:
    """One address; `port` is the one that holds where the text gives none. None where it is no address."""
    if "://" in text:
        return _url(text, port)
    for mark in ("unix:", "unix/:"):
        if text.startswith(mark):
            path = text[len(mark) :].split(":")[0].split("|")[0]
            return Address(unix=posixpath.normpath(path)) if path.startswith("/") else None
    if text.startswith("/"):
        plain = text.split(":")[0] if text.endswith((":0", ":")) else text
        is_socket = plain.endswith(SOCKET_ENDINGS) or posixpath.basename(plain).startswith(".s.PGSQL.")
        return Address(unix=posixpath.normpath(plain)) if is_socket and " " not in plain else None
    host, last = _host_port(text)
    if last is None:
        return Address(text.lower(), port) if text.lower() in LOOPBACK or _dotted(text) else None
    return Address(host, last) if last and _hostlike(host) else None


def _url(text: str, port: int) -> Address | None:
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower().removeprefix("jdbc:").rpartition(":")[2]
    base, _, driver = scheme.partition("+")
    if not base or not all(c.isalnum() or c in ".-_" for c in scheme.replace("+", "")) or " " in rest:
        return None
    if base in ("unix", "http-unix", "unixs") or "socket" in (driver, base) or base == "redis-socket":
        path = rest.split("?")[0].split("#")[0]
        path = path.rpartition("@")[2] if "@" in path else path
        return Address(unix=posixpath.normpath("/" + path.lstrip("/")), scheme=base) if path else None
    if rest.startswith("unix:") or rest.startswith("%2F") or rest.startswith("%2f"):
        path = rest[5:].split(":")[0] if rest.startswith("unix:") else rest.split("/")[0].replace("%2F", "/")
        return Address(unix=posixpath.normpath(path.replace("%2f", "/")), scheme=base)
    authority = rest.split("/")[0].split("?")[0].split("#")[0]
    if authority == "" and (host := _query(rest, "host") or _query(rest, "socket")).startswith("/"):
        return Address(unix=posixpath.normpath(host), scheme=base)
    host, last = _host_port(authority.rpartition("@")[2].split(",")[0])
    host = host if last is not None else authority.rpartition("@")[2]
    if last == 0:
        return None
    if not host and base in LOCAL_SOCKETS:
        return Address(unix=LOCAL_SOCKETS[base].format(port=last or 5432), scheme=base)
    if host.startswith("tcp(") or host.startswith("unix("):
        return _dsn(rest)
    if not host or not _hostlike(host):
        return None
    return Address(host.lower(), last or port or DEFAULT_PORTS.get(base, 0), scheme=base)


def _query(rest: str, name: str) -> str:
    for pair in rest.partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return value.replace("%2F", "/").replace("%2f", "/")
    return ""


def _dsn(text: str) -> Address | None:
    """`mysql:host=localhost;port=3306` (PDO), `host=localhost port=5432` (libpq), `user@tcp(127.0.0.1:3306)/x` (Go)."""
    for mark in ("tcp(", "unix("):
        at = text.find(mark)
        if at >= 0 and (at == 0 or text[at - 1] == "@") and ")" in text[at:]:
            inside = text[at + len(mark) : text.index(")", at)]
            return Address(unix=posixpath.normpath(inside)) if mark == "unix(" else address(inside, 3306)
    scheme, colon, rest = text.partition(":")
    if not colon or "=" in scheme or not scheme.isalnum():
        scheme, rest = "", text
    if rest.startswith("//"):
        return None
    pairs = dict(_pairs(rest))
    socket = pairs.get("unix_socket", "")
    host = next((pairs[key] for key in HOST_KEYS if key in pairs), "")
    if "://" in host:
        return address(host)
    if socket.startswith("/") or host.startswith("/"):
        return Address(unix=posixpath.normpath(socket or host), scheme=scheme)
    host, _, port = host.removeprefix("tcp:").partition(",")  # SQL Server's `tcp:host,1433`
    if not host or not _hostlike(host):
        return None
    return Address(host.lower(), number(port or pairs.get("port", "")), scheme=scheme)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    if "=" not in text:
        return
    for part in text.split(";") if ";" in text else text.split():
        key, _, value = part.partition("=")
        yield key.strip().lower(), value.strip().strip("'\"")


def _host_port(text: str) -> tuple[str, int | None]:
    """Host and port; the port is None where there is none, 0 where it is not one."""
    if text.startswith("[") and "]" in text:
        host, _, rest = text.partition("]")
        return host + "]", number(rest[1:]) if rest.startswith(":") else None
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, None
    if ":" in host:
        return text, None
    return host, number(port.split("/")[0])


def _hostlike(host: str) -> bool:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return all(c.isalnum() or c in ".-_*" for c in bare) or (
        bare != host and all(c.isalnum() or c in ":." for c in bare)
    )


def _dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(p.isascii() and p.isdigit() and len(p) < 4 for p in parts)
