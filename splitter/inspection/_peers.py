"""Who is at the other end of a unix socket: what the kernel's socket diagnostics say (sock_diag(7), unix_diag).

/proc/net/unix names no peers, so a probe that finds perl or python sends this request to the kernel and prints the
answer in hexadecimal digits, a datagram a line. The answer comes through a container that may be hostile: nothing
here raises.
"""

import struct
from collections.abc import Iterator

SOCK_DIAG_BY_FAMILY, DUMP = 20, 0x0300 | 1
AF_UNIX, ALL_STATES, SHOW_PEER = 1, 0xFFFFFFFF, 4
PEER = 2  # UNIX_DIAG_PEER
HEADER, MESSAGE, ATTRIBUTE = 16, 16, 4
# nlmsghdr, then unix_diag_req: as containers are common on little-endian machines only, so is this.
REQUEST = struct.pack("<IHHII", 40, SOCK_DIAG_BY_FAMILY, DUMP, 1, 0) + struct.pack(
    "<BBHIIIII", AF_UNIX, 0, 0, ALL_STATES, 0, SHOW_PEER, 0, 0
)


def peers(text: str) -> dict[int, int]:
    """By the inode of each connected unix socket, that of the socket at its other end."""
    found: dict[int, int] = {}
    for line in text.split("\n"):
        try:
            raw = bytes.fromhex(line)
        except ValueError:
            continue
        for body in _parts(raw, HEADER, "<IH"):
            if len(body) < MESSAGE:
                continue
            inode = struct.unpack_from("<I", body, 4)[0]
            for kind, value in _attributes(body[MESSAGE:]):
                if kind == PEER and len(value) >= 4:
                    found[inode] = struct.unpack_from("<I", value)[0]
    return found


def _parts(raw: bytes, header: int, form: str) -> Iterator[bytes]:
    at = 0
    while at + header <= len(raw):
        size, kind = struct.unpack_from(form, raw, at)
        if size < header:
            return
        if kind == SOCK_DIAG_BY_FAMILY:
            yield raw[at + header : at + size]
        at += size + 3 & ~3


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + ATTRIBUTE <= len(raw):
        size, kind = struct.unpack_from("<HH", raw, at)
        if size < ATTRIBUTE:
            return
        yield kind, raw[at + ATTRIBUTE : at + size]
        at += size + 3 & ~3
