"""Which sockets somebody connected to, though the connection was gone before anybody could see whose it was.

A connection over TCP leaves a row of the state TIME_WAIT for a minute, however short it was (tcp(7)). The first one
over a unix socket changes the time of access of the socket's file, as the first reading does on a file system that is
mounted with `relatime` (unix_find_bsd in net/unix/af_unix.c; mount(8)). Neither says who it was.
"""

from collections.abc import Iterable, Iterator

from splitter.inspection._procfs import Row

Address = tuple[str, str, int]  # protocol, host or path, port


def by_rows(rows: Iterable[Row], listened: Iterable[Address]) -> Iterator[Address]:
    """The addresses that are at one end of a connection whose other end is within the container, too."""
    servers: dict[int, list[Address]] = {}
    for address in listened:
        if address[0] == "tcp":
            servers.setdefault(address[2], []).append(address)
    for row in rows:
        if row.protocol == "tcp" and row.state != "listen" and _within(row.local[0], row.remote[0]):
            for host, port in (row.local, row.remote):
                yield from (a for a in servers.get(port, ()) if a[1] in ("", host))


def _within(one: str, other: str) -> bool:
    loops = [host.startswith("127.") or host == "::1" for host in (one, other)]
    return all(loops) or (one == other != "")


def by_access(text: str) -> Iterator[Address]:
    """The answer to `reached`: the sockets that were used since they were made.

    Lines are `access|content|path`, and times are as stat prints them, so that the later one is the greater text.
    """
    for line in text.split("\n"):
        access, _, rest = line.partition("|")
        content, _, path = rest.partition("|")
        if path.startswith("/") and len(access) == len(content) and access > content:
            yield "unix", path, 0
