"""What a run shows of how processes hang together: who listens, who is connected to whom, what they share.

Only what no file tells of already becomes a coupling.
"""

from collections.abc import Iterable, Iterator, Mapping

from splitter.inspection._ipc import system_v
from splitter.inspection._match import Match
from splitter.inspection._touched import folders, held, in_order
from splitter.model.facts import RUN, Coupling, CouplingKind, Evidence, Facts, Gap, Listening
from splitter.model.image import within
from splitter.model.observation import Memory, Observation, Socket
from splitter.model.text import printable

REACHES: frozenset[CouplingKind] = frozenset(("tcp", "socket", "env"))
LOGS = ("/dev/log",)  # which everything may use that says anything
EPHEMERAL = 32768  # ip(7), ip_local_port_range: an unconnected UDP socket up there is a client's


def owner_of(pids: Iterable[int], matched: Match) -> str:
    return next((name for pid in pids if (name := matched.owner.get(pid, ""))), "")


def listening(facts: Facts, seen: Observation, matched: Match) -> Iterator[Listening]:
    known = {(x.process, x.host, x.port, x.unix, x.protocol) for x in facts.listening}
    for each in seen.sockets:
        process = owner_of(each.pids, matched)
        if not each.still or not process or (each.protocol == "udp" and each.port >= EPHEMERAL):
            continue
        protocol = "udp" if each.protocol == "udp" else "tcp"
        if (process, each.host, each.port, each.path, protocol) not in known:
            yield Listening(process, each.host, each.port, Evidence(RUN, note=_address(each)), each.path, protocol)


def _address(each: Socket) -> str:
    if each.protocol == "unix":
        return f"listens on {printable(each.path)}"
    return f"listens on {each.protocol} {_host(each.host) or '*'}:{each.port}"


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def connections(facts: Facts, seen: Observation, matched: Match, order: Mapping[str, int]) -> Iterator[Coupling]:
    """A coupling for each server that others were connected to, for those that no file tells of."""
    clients: dict[tuple[CouplingKind, str, str], set[str]] = {}
    listened = {(matched.owner.get(pid, ""), s.path) for s in seen.sockets for pid in s.pids if s.path}
    for each in seen.connections:
        client, server = matched.owner.get(each.client, ""), matched.owner.get(each.server, "")
        if not client or not server or client == server:
            continue
        kind: CouplingKind = "socket" if each.path else "tcp"
        target = printable(each.path) or f"{_host(each.host)}:{each.port}"
        if each.path.startswith("@/") and (server, each.path[1:]) in listened:
            target = target[1:]  # as an X server: the same place under both kinds of name
        if not any(
            c.kind == kind and c.between[-1] == server and client in c.between and _place(c.target) == _place(target)
            for c in facts.couplings
        ):
            clients.setdefault((kind, target, server), set()).add(client)
    for (kind, target, server), names in sorted(clients.items()):
        between = (*sorted(names, key=lambda n: order[n]), server)
        yield Coupling(kind, target, between, Evidence(RUN, note="connected while it ran"), "seen")


def strangers(facts: Facts, seen: Observation, matched: Match) -> Iterator[Gap]:
    """Each server that something connected to which is not known: no file tells of it, and it was gone too soon."""
    known = {(c.between[-1], _place(c.target)) for c in facts.couplings if c.between and c.kind in REACHES}
    known |= {(matched.owner.get(c.server, ""), _place(c.path or f"{c.host}:{c.port}")) for c in seen.connections}
    for each in seen.sockets:
        server = owner_of(each.pids, matched)
        target = printable(each.path) or f"{_host(each.host) or '*'}:{each.port}"
        if each.reached and server and each.path not in LOGS and (server, _place(each.path or target)) not in known:
            what = f"something connected to {server} at {target}, and was gone before it could be seen what"
            yield Gap(what, Evidence(RUN))


def _place(target: str) -> str:
    """What tells two servers of one process apart: the port, or the socket's path."""
    return target.removeprefix("/var") if target.startswith(("/", "@")) else target.rpartition(":")[2]


def shared(facts: Facts, seen: Observation, matched: Match, order: Mapping[str, int]) -> Iterator[Coupling]:
    """A coupling for each file or folder that one keeps open for writing and another keeps open too."""
    known = {(c.target, frozenset(c.between)) for c in facts.couplings if c.kind in ("files", "shm")}
    for path, (writers, readers) in folders(held(seen, matched), order).items():
        names = (*readers, *writers)
        told = any(within(path, t) and set(names) <= them for t, them in known)
        if len(set(names)) > 1 and not told:
            kind: CouplingKind = "shm" if path.startswith("/dev/shm/") else "files"
            evidence = Evidence(RUN, note="written by one and opened by another" if readers else "written by several")
            yield Coupling(kind, path, names, evidence, "seen")


def memory(facts: Facts, seen: Observation, matched: Match, order: Mapping[str, int]) -> Iterator[Coupling | Gap]:
    """A coupling for memory and queues that several processes have and no file tells of.

    Who uses semaphores cannot be seen.

    The children of one server are of one process, so what it shares with them is nobody else's.
    """
    lifetimes = {p.name: p.lifetime for p in facts.processes}
    joined = [(c.target, set(c.between)) for c in facts.couplings if c.kind == "shm"]
    for each in seen.memory:
        what = printable(each.path) or _of_kernel(each)
        maker = matched.owner.get(each.maker, "") if each.maker is not None else ""
        names = {n for pid in each.pids if (n := matched.owner.get(pid, ""))} | ({maker} if maker else set())
        stay = in_order((n for n in names if lifetimes[n] != "job"), order)
        if each.kind == "semaphores":
            yield from _semaphores(each, what, seen, matched, order, joined)
        elif maker and maker not in stay and stay:
            what = f"{maker} makes {what}, which {', '.join(stay)} uses, and ends: it must be made where that runs"
            yield Gap(what, Evidence(RUN))
        elif len(stay) > 1 and not any(_is(what, t, each) and set(stay) <= them for t, them in joined):
            offerer = maker if maker in stay else stay[0]
            note = "sent and received by them" if each.kind == "queue" else "mapped by each of them while it ran"
            between = (*(n for n in stay if n != offerer), offerer)
            joined.append((what, set(between)))
            yield Coupling("shm", what, between, Evidence(RUN, note=note), "ftok" if each.filed else "seen")


def _of_kernel(each: Memory) -> str:
    """What tells it apart, the same in every run: a key that is made of a file changes with the device."""
    if each.filed:
        return f"System V {each.kind} by a key of a file"
    return system_v(each.kind, each.key) if each.key else f"System V {each.kind} without a key"


def _is(what: str, told: str, each: Memory) -> bool:
    """Whether it is what a coupling tells of already; which file a key was made of, code alone says."""
    return what == told or (each.filed and told.startswith(f"System V {each.kind} of ftok("))


def _semaphores(
    each: Memory,
    what: str,
    seen: Observation,
    matched: Match,
    order: Mapping[str, int],
    joined: list[tuple[str, set[str]]],
) -> Iterator[Gap]:
    """A set that others can find by its key, where several services run as the user that made it.

    Code that names it tells who they are.
    """
    if any(_is(what, told, each) for told, _ in joined):
        return
    mine = {matched.owner.get(s.pid, "") for s in seen.processes if s.alive and s.uid == each.uid} - {""}
    if each.key and len(mine) > 1 and not any(mine <= them for _, them in joined):
        names = ", ".join(in_order(mine, order))
        yield Gap(f"who uses {what} cannot be seen; {names} run as the user that made it", Evidence(RUN))
