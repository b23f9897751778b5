"""How processes ended, from the kernel's own accounts of them (acct(5)), however short they lived.

A record of 64 bytes is written when a process ends: its pid, its parent's, its user, its name, its exit status as
wait(2) has it, and whether it had called `exec`. It is in the order of the machine. The file stands in a container
that may be hostile: nothing here raises.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from splitter.inspection._known import stemming
from splitter.inspection._procfs import exit_code

FILE = "/.splitter-ended"  # in the container's own layer; a folder in memory could not be read from outside
SIZE = 64
VERSION, BIG = 3, 0x80  # include/uapi/linux/acct.h; older versions know no pid
FORKED = 0x01
FIELDS = "BBHIIIIII"  # flags, version, terminal, status, uid, gid, pid, parent, start; times and sizes follow


@dataclass(frozen=True)
class Ended:
    """One process that ended. `forked`: it had not called `exec`."""

    pid: int
    parent: int
    name: str
    uid: int
    exit_code: int
    forked: bool


def ended(raw: bytes) -> Iterator[Ended]:
    """The records, in the order in which the processes ended."""
    for at in range(0, len(raw) - SIZE + 1, SIZE):
        record = raw[at : at + SIZE]
        if record[1] & 0x0F != VERSION:
            continue
        order = ">" if record[1] & BIG else "<"
        flags, _, _, status, uid, _, pid, parent, _ = struct.unpack_from(order + FIELDS, record)
        name = record[48:].partition(b"\0")[0].decode(errors="replace")
        yield Ended(pid, parent, name, uid, exit_code(status), bool(flags & FORKED))


def of_image(found: Iterable[Ended], known: Iterable[int]) -> list[Ended]:
    """Those whose parents lead to one that is known; what was brought in from outside has no parent there."""
    records = list(found)
    inside = stemming({e.pid: e.parent for e in records}, {0: False, **dict.fromkeys(known, True)}, lost=False)
    return [e for e in records if inside[e.pid]]
