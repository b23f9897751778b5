"""The texts of /proc as values (proc(5)). They come from a container that may be hostile: nothing here raises."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

MAX_WORDS = 400  # of one command line; the rest is noise or an attack
LISTEN, ESTABLISHED, UNCONNECTED, TIME_WAIT = 0x0A, 0x01, 0x07, 0x06  # include/net/tcp_states.h; udp has the last two
ACCEPTS = 0x10000  # __SO_ACCEPTCON, include/uapi/linux/net.h
DATAGRAM = 2


@dataclass(frozen=True)
class Stat:
    """A line of /proc/PID/stat. `image` changes with every `exec`, and a forked child has its parent's."""

    pid: int
    name: str
    state: str
    parent: int
    ticks: int
    started: int
    image: int
    exit_status: int

    @property
    def over(self) -> bool:
        return self.state in "ZXx"

    @property
    def exit_code(self) -> int:
        return exit_code(self.exit_status)


@dataclass(frozen=True)
class About:
    """What a process is."""

    argv: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    uid: int | None = None
    program: str = ""
    workdir: str = ""


@dataclass(frozen=True, order=True)
class Row:
    """One socket. `local` and `remote` are (host, port); a unix socket has its path for a host."""

    protocol: Literal["tcp", "udp", "unix"]
    local: tuple[str, int]
    remote: tuple[str, int]
    state: Literal["listen", "connected", "other", "gone"]
    inode: int


@dataclass
class Descriptors:
    """Open files of every process: sockets by their inode, files by path."""

    sockets: dict[int, set[int]] = field(default_factory=dict)
    files: list[tuple[int, int, str, str]] = field(default_factory=list)  # pid, number, mode ("r", "w", "rw"), path


def exit_code(status: int) -> int:
    """As a shell has it: 128 and the signal's number where one ended it (wait(2))."""
    signal = status & 0x7F
    return 128 + signal if signal else status >> 8 & 0xFF


def stats(text: str) -> dict[int, Stat]:
    """Lines of /proc/PID/stat by pid. A name may hold blanks, parentheses and line breaks."""
    found: dict[int, Stat] = {}
    held = ""
    for line in text.split("\n"):
        whole = f"{held}\n{line}" if held else line
        stat = _stat(whole)
        if stat is None:
            held = whole if "(" in whole and len(whole) < 200 else ""
            continue
        held = ""
        found[stat.pid] = stat
    return found


def _stat(line: str) -> Stat | None:
    head, _, tail = line.rpartition(")")
    pid, _, name = head.partition(" (")
    fields = tail.split()
    if len(fields) < 26 or not decimal(pid):
        return None
    try:
        numbers = [int(f) for f in fields[1:50]]
    except ValueError:
        return None
    return Stat(
        int(pid), name, fields[0], numbers[0], numbers[10] + numbers[11], numbers[18], numbers[24],
        numbers[48] if len(numbers) > 48 else 0,
    )  # fmt: skip


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The parts of what `head` printed of several files, with their paths."""
    path, lines = "", list[str]()
    for line in text.split("\n"):
        if line.startswith("==> /") and line.endswith(" <=="):
            if path:
                yield path, "\n".join(lines)
            path, lines = line[4:-4], []
        else:
            lines.append(line)
    if path:
        yield path, "\n".join(lines)


def about(text: str) -> dict[int, About]:
    """The answer to `text`: what each process is."""
    argv, env, uids = dict[int, tuple[str, ...]](), dict[int, tuple[str, ...]](), dict[int, int]()
    for path, body in sections(text):
        pid, name = _owner(path)
        if name == "cmdline":
            argv[pid] = words(body)
        elif name == "environ":
            env[pid] = tuple(sorted({e.partition("=")[0] for e in body.split("\0") if "=" in e}))
        elif name == "status":
            for line in body.split("\n"):
                if line.startswith("Uid:") and len(ids := line.split()) > 2 and decimal(ids[2]):
                    uids.setdefault(pid, int(ids[2]))
    links: dict[tuple[int, str], str] = {}
    for line in text.split("\n"):
        left, arrow, target = line.partition(" -> ")
        path = left.rpartition(" ")[2]
        if arrow and line.startswith("l") and path.startswith("/proc/"):
            links[_owner(path)] = target.removesuffix(" (deleted)")
    return {
        pid: About(argv[pid], env.get(pid, ()), uids.get(pid), links.get((pid, "exe"), ""), links.get((pid, "cwd"), ""))
        for pid in argv
    }


def words(cmdline: str) -> tuple[str, ...]:
    """The words of /proc/PID/cmdline. Who renames itself leaves one text, and NULs or blanks where the rest was."""
    kept = cmdline.rstrip("\n").rstrip("\0")
    if "\0" not in kept:
        kept = kept.rstrip(" ")
    return tuple(kept.split("\0")[:MAX_WORDS]) if kept else ()


def sockets(text: str) -> frozenset[Row]:
    """The answer to `net`: every socket of the container."""
    found: set[Row] = set()
    for path, body in sections(text):
        folder, _, name = path.rpartition("/")
        for line in body.split("\n")[1:] if folder == "/proc/net" else ():
            row = _unix(line) if name == "unix" else _inet(line, "tcp" if name.startswith("tcp") else "udp")
            if row is not None:
                found.add(row)
    return frozenset(found)


def _inet(line: str, protocol: Literal["tcp", "udp"]) -> Row | None:
    fields = line.split()
    if len(fields) < 10:
        return None
    try:
        local, remote, state, inode = _address(fields[1]), _address(fields[2]), int(fields[3], 16), int(fields[9])
    except ValueError:
        return None
    listens = LISTEN if protocol == "tcp" else UNCONNECTED
    kind: Literal["listen", "connected", "other", "gone"] = "other"
    if state == listens:
        kind = "listen"
    elif state == ESTABLISHED:
        kind = "connected"
    elif protocol == "tcp" and state == TIME_WAIT:
        kind = "gone"
    return Row(protocol, local, remote, kind, inode)


def _address(text: str) -> tuple[str, int]:
    """`0100007F:1F90`: words in the order of the machine, which is little-endian wherever containers are common."""
    host, _, port = text.partition(":")
    raw = bytes.fromhex(host)
    raw = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    address = ipaddress.ip_address(raw)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return "" if address.is_unspecified else str(address), int(port, 16)


def _unix(line: str) -> Row | None:
    fields = line.split(None, 7)
    if len(fields) < 7 or not decimal(fields[6]):
        return None
    path = fields[7] if len(fields) > 7 else ""
    try:
        listens = path and (int(fields[3], 16) & ACCEPTS or int(fields[4], 16) == DATAGRAM)
    except ValueError:
        return None
    return Row("unix", (path, 0), ("", 0), "listen" if listens else "other", int(fields[6]))


def descriptors(text: str) -> Descriptors:
    """The answer to `fds`, as `ls -ln` lists the folders: a link's own permissions say how the file is open."""
    found = Descriptors()
    pid = 0
    for line in text.split("\n"):
        if line.startswith("/proc/") and line.endswith("/fd:"):
            pid = _owner(line[:-1])[0]
            continue
        left, arrow, target = line.partition(" -> ")
        parts = left.split()
        if not arrow or not pid or len(parts) < 2 or not decimal(parts[-1]):
            continue
        if target.startswith("socket:[") and decimal(target[8:-1]):
            found.sockets.setdefault(int(target[8:-1]), set()).add(pid)
        elif target.startswith("/") and not target.endswith(" (deleted)"):
            mode = ("r" if parts[0][1:2] == "r" else "") + ("w" if parts[0][2:3] == "w" else "")
            found.files.append((pid, int(parts[-1]), mode, target))
    return found


def written(text: str) -> int:
    """The answer to `io`: bytes that went to disks, whatever is mounted there; what was cancelled counted out."""
    total = 0
    for line in text.split("\n"):
        name, _, number = line.partition(": ")
        if name in ("write_bytes", "cancelled_write_bytes") and number.isascii() and number.isdigit():
            total += int(number[:18]) * (1 if name == "write_bytes" else -1)
    return max(0, total)


def users(text: str) -> Mapping[int, str]:
    """Names by uid, from the text of /etc/passwd; the first name of a uid counts, as in getpwuid(3)."""
    found: dict[int, str] = {}
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) > 3 and fields[0] and decimal(fields[2]):
            found.setdefault(int(fields[2]), fields[0])
    return found


def _owner(path: str) -> tuple[int, str]:
    parts = path.split("/")
    return (int(parts[2]), parts[3]) if len(parts) > 3 and decimal(parts[2]) else (0, "")


def decimal(text: str) -> bool:
    """Whether it is a number of a length that a kernel writes."""
    return text.isascii() and text.isdigit() and len(text) < 12
