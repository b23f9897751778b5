"""What is declared and what was seen as one: facts whose every process, address and file says where it comes from.

Files decide what a process is, the run shows whether it is there, where it listens, who is connected to whom and what
is written. What only one of the two knows is never dropped: it becomes a process, a coupling or a gap.
"""

import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from splitter.catalogue import one_off, service
from splitter.inspection._match import PLUMBING, Match, command, match, program, starter
from splitter.inspection._reread import heard_of, named_twice
from splitter.managers._launch import name_of
from splitter.model.facts import Command, Coupling, CouplingKind, Evidence, Facts, Gap, Listening, Process, Written
from splitter.model.image import Image
from splitter.model.observation import Observation, Open, Seen, Socket
from splitter.model.text import printable

RUN = "run time"
VIA = "seen"
INSTANT = frozenset(("chown", "chgrp", "chmod", "setfacl"))  # over before anybody can look
LONG = 1.0  # seconds after which something that ended was no trifle
MANY = 4  # files of one folder, written by the same, are that folder
MAX_TOLD = 20
MAX_CHANGED = 50
EPHEMERAL = 32768  # ip(7), ip_local_port_range: an unconnected UDP socket up there is a client's
# What shells, login programs and the engine set.
COMMON_ENV = frozenset(
    (
        "PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_", "HOSTNAME", "TERM", "LOGNAME", "USER", "SHELL", "MAIL", "LANG",
        "UID", "USERNAME",
    )
)  # fmt: skip
CACHES = (
    "/__pycache__/",
    "/.cache/",
    "/supervise/",
    "/event",
    "/.s6-svscan/",
)  # of Python, of programs, of runit and s6
PASSING = ("/proc", "/sys", "/dev", "/run", "/var/run", "/tmp", "/var/tmp", "/var/log", "/var/cache", "/var/lock")


def merge(facts: Facts, seen: Observation, image: Image) -> Facts:
    """The facts with what one run of the image adds. Same values, same facts; no number of a process gets in."""
    matched = match(facts.processes, seen)
    facts = _turned_on(facts, matched)
    found, gaps = _undeclared(facts, seen, image, matched)
    gaps = [*_missing(facts, seen, matched), *gaps, *_run(seen)]
    kept = _without(facts, set(matched.opened), found)
    order = {p.name: i for i, p in enumerate(kept.processes)}
    written = tuple(_written(seen, matched, order))
    heard = tuple(_listening(kept, seen, matched))
    kept = heard_of(kept, heard, image)
    kept = replace(kept, couplings=(*kept.couplings, *named_twice(kept, written)))
    return Facts(
        kept.processes,
        (*kept.couplings, *_connections(kept, seen, matched, order), *_shared(kept, seen, matched, order)),
        tuple(dict.fromkeys((*kept.gaps, *gaps))),
        (*kept.listening, *heard),
        (*kept.written, *(w for w in written if w not in kept.written)),
    )


def _turned_on(facts: Facts, matched: Match) -> Facts:
    """The facts where what is off by its files, and was seen to stay up, is on."""
    on = {name for name, found in matched.found.items() if any(s.alive for s in found)}
    return replace(
        facts,
        processes=tuple(
            replace(p, off="", notes=(*p.notes, f"seen to run, though off by its files: {p.off}"))
            if p.off and p.name in on
            else p
            for p in facts.processes
        ),
    )


def _without(facts: Facts, opened: set[str], found: list[Process]) -> Facts:
    """The facts with what was found, in the place of those that start it."""
    processes: list[Process] = []
    for process in facts.processes:
        if process.name in opened:
            processes += (p for p in found if process.id in p.scope)
        else:
            processes.append(replace(process, after=tuple(n for n in process.after if n not in opened)))
    processes += (p for p in found if p not in processes)
    return replace(
        facts,
        processes=tuple(processes),
        couplings=tuple(c for c in facts.couplings if not opened & set(c.between)),
        listening=tuple(x for x in facts.listening if x.process not in opened),
        written=tuple(w for w in facts.written if not opened & {*w.writers, *w.readers}),
    )


def _run(seen: Observation) -> Iterator[Gap]:
    """How the run itself went."""
    if seen.stopped == "ended":
        said = "; it said: " + " | ".join(seen.log) if seen.log else ""
        yield Gap(
            f"the container ended by itself with exit code {seen.exit_code or 0}{said}",
            Evidence(RUN, note="where it lacks a variable, --env NAME=VALUE or --env-file FILE gives it one"),
        )
    elif seen.stopped == "time":
        yield Gap("new things went on happening until the time was over", Evidence(RUN, note="--run-timeout SECONDS"))
    elif seen.stopped == "disk":
        yield Gap("it was stopped because it filled the disk", Evidence(RUN))
    for text in seen.unseen:
        yield Gap(text, Evidence(RUN))


def _missing(facts: Facts, seen: Observation, matched: Match) -> Iterator[Gap]:
    """What is declared and was not seen, or did not stay."""
    over = seen.stopped == "ended"
    living = {matched.owner.get(s.pid) for s in seen.processes if s.alive}
    for process in facts.processes:
        found = matched.found.get(process.name, [])
        if process.off or process.lifetime == "scheduled" or process.name in matched.opened:
            continue
        codes = [s.exit_code for s in found if s.exit_code is not None]
        if process.lifetime == "job":
            known = one_off(process.command.argv)
            if any(codes):
                yield Gap(f"{process.name} failed with exit code {codes[-1]} when the image was run", process.evidence)
            elif found or over or process.command.program in INSTANT:
                continue
            elif (process.phase or (known.phase if known else "")) == "once":
                yield Gap(f"{process.name} was not seen to run, or was over between two looks", process.evidence)
        elif not found and not over:
            yield Gap(f"{process.name} is declared and was not seen to run", process.evidence)
        elif found and process.name not in living and not over:
            again = " again and again" if sum(s.times for s in found) > 2 else ""
            code = f" with exit code {codes[-1]}" if codes else ""
            yield Gap(f"{process.name} started and ended{again}{code}", process.evidence)


def _undeclared(facts: Facts, seen: Observation, image: Image, matched: Match) -> tuple[list[Process], list[Gap]]:
    """What was seen and not declared: processes of what stays, gaps of what came and went."""
    groups: dict[tuple[object, ...], list[Seen]] = {}
    ended: dict[str, None] = {}
    workers: list[Seen] = []
    children = _children(seen)
    by_pid = {s.pid: s for s in seen.processes}
    for each in seen.processes:
        if each.pid in matched.owner or each.pid in matched.passed or _passed(each, children):
            continue
        above = by_pid.get(each.parent)
        apart = above is None or above.pid in matched.passed or each.pid in matched.earlier or _passed(above, children)
        if not apart:
            workers.append(each)
        elif each.alive:
            groups.setdefault((each.parent, command(each), each.program), []).append(each)
        elif _worth(each) and not any(_told(each, process) for process in facts.processes):
            ended[_line(each)] = None
    found = _named(groups, facts, image, matched, seen.hidden)
    for each in workers:
        matched.owner[each.pid] = matched.owner.get(each.parent, "")
    return found, [*_opened_up(facts, found, matched), *_beside(seen, matched), *_over(list(ended))]


def _opened_up(facts: Facts, found: list[Process], matched: Match) -> Iterator[Gap]:
    for process in facts.processes:
        if process.name in matched.opened:
            names = ", ".join(p.name for p in found if process.id in p.scope)
            what = f"{process.name} was seen to start {names}; what else it does before could not be read"
            yield Gap(what, process.evidence)


def _beside(seen: Observation, matched: Match) -> Iterator[Gap]:
    """What stays with a process though it is another program that the catalogue knows, or may be another's child."""
    owned = {s.pid: matched.owner.get(s.pid, "") for s in seen.processes if s.alive and not s.forked}
    for each in seen.processes:
        owner = owned.get(each.pid)
        roots = {s.pid for s in matched.found.get(owner or "", ())}
        if not owner or each.pid in roots or starter(each) or owned.get(each.parent) != owner:
            continue
        if each.pid in matched.doubtful:
            yield Gap(f"{_line(each)} runs beside {owner}, and who started it could not be seen", Evidence(RUN))
        elif each.parent in roots and (known := service(each.argv)) is not None and known.role not in ("job", "drop"):
            own = {same.name for s in matched.found[owner] if (same := service(s.argv)) is not None}
            if known.name not in own:
                yield Gap(f"{owner} itself starts {_line(each)}: the two stay together", Evidence(RUN))


def _over(lines: list[str]) -> Iterator[Gap]:
    for line in lines[:MAX_TOLD]:
        yield Gap(f"ran and ended, and is not declared: {line}", Evidence(RUN))
    if len(lines) > MAX_TOLD:
        yield Gap(f"{len(lines) - MAX_TOLD} more commands ran and ended that are not declared", Evidence(RUN))


def _named(
    groups: Mapping[tuple[object, ...], list[Seen]],
    facts: Facts,
    image: Image,
    matched: Match,
    hidden: tuple[str, ...],
) -> list[Process]:
    """A process for each group of equals. What starts it, where that is known, says what it does not say itself."""
    taken = {p.name for p in facts.processes} - set(matched.opened)
    starters = {pid: p for p in facts.processes for pid in matched.opened.get(p.name, ())}
    default = image.config.user.partition(":")[0] or "root"
    nothing = Process("", Command(()), Evidence(RUN), user="", workdir=image.config.workdir)
    found: list[Process] = []
    # Supervisors start what they keep at the same time: by command, the order is the same in every run.
    for same in sorted(groups.values(), key=lambda g: (command(g[0]), g[0].program, g[0].name)):
        one = same[0]
        above = starters.get(one.pid, nothing)
        notes: list[str] = []
        argv = command(one)
        if not argv:
            argv = (one.program or one.name or "unknown",)
            notes.append("it hides its command line, so its arguments are not known")
        argv = tuple(printable(w) for w in argv)
        stem = name_of(argv)
        name, n = stem, 2
        while name in taken:
            name, n = f"{stem}-{n}", n + 1
        taken.add(name)
        matched.owner.update((s.pid, name) for s in same)
        more = sorted(set(one.env) - set(image.config.env) - set(above.env) - COMMON_ENV)
        if more:
            notes.append(f"its environment also has {', '.join(printable(n) for n in more[:12])}")
        found.append(
            replace(
                above,
                name=name,
                command=Command(argv, _run_line(argv, hidden)),
                evidence=Evidence(RUN, note="seen running, and no file that was read starts it"),
                via=(*above.via, VIA),
                scope=(*above.scope, above.id) if above is not nothing else (),
                user=one.user if one.user and default not in (one.user, str(one.uid)) else above.user,
                workdir=one.workdir if one.workdir != (image.config.workdir or "/") else above.workdir,
                instances=len(same),
                wrapper=(),
                notes=(*above.notes, *notes),
            )
        )
    return found


def _run_line(argv: tuple[str, ...], hidden: tuple[str, ...]) -> tuple[str, ...]:
    """How to start a command in which variables stand for secrets; () where it can be started as it is."""
    line = " ".join(map(shlex.quote, argv))
    for name in hidden:
        line = line.replace(f"${name}", f"'\"${name}\"'")  # the quotes are closed for it, and opened again
    return () if line == " ".join(map(shlex.quote, argv)) else ("/bin/sh", "-c", f"exec {line}")


def _children(seen: Observation) -> dict[int, list[Seen]]:
    found: dict[int, list[Seen]] = {}
    for each in seen.processes:
        found.setdefault(each.parent, []).append(each)
    return found


def _passed(each: Seen, children: Mapping[int, list[Seen]]) -> bool:
    """Whether it is only there for what it starts. A shell that waits for nothing but `sleep` is a loop of its own."""
    if not starter(each):
        return program(each) in PLUMBING and each.parent != 0
    if program(each).startswith(("runsv", "s6-", "supervisord", "svlogd")) or not each.alive:
        return True
    return any(c.alive and program(c) != "sleep" for c in children.get(each.pid, ()))


def _worth(each: Seen) -> bool:
    """Whether something that ended is worth a word: it took its time, or the catalogue knows it for a one-off."""
    known = one_off(each.argv) if each.argv else None
    if known is not None and known.phase != "once":
        return False
    return bool(each.argv) and not each.forked and program(each) != "sleep" and (bool(known) or each.seconds >= LONG)


def _told(each: Seen, process: Process) -> bool:
    """Whether a command is part of a declared step, or of the condition of one."""
    name = program(each)
    at = next((i for i, word in enumerate(each.argv) if posixpath.basename(word) == name), 0)
    start = " ".join((name, *each.argv[at + 1 : at + 2]))
    return at + 1 < len(each.argv) and any(start in text for text in (*process.notes, *process.command.run))


def _line(each: Seen) -> str:
    """A command line for a person. What a word with blanks holds may be a statement with a password in it."""
    words = each.argv or tuple(" ".join(each.title).split())
    shown = ["..." if " " in w and len(words) > 1 else w for w in words]
    return printable(" ".join(shown) or each.program or each.name)[:160]


def _owner(pids: Iterable[int], matched: Match) -> str:
    return next((name for pid in pids if (name := matched.owner.get(pid, ""))), "")


def _listening(facts: Facts, seen: Observation, matched: Match) -> Iterator[Listening]:
    known = {(x.process, x.host, x.port, x.unix, x.protocol) for x in facts.listening}
    for each in seen.sockets:
        process = _owner(each.pids, matched)
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


def _connections(facts: Facts, seen: Observation, matched: Match, order: Mapping[str, int]) -> Iterator[Coupling]:
    """A coupling for each server that others were connected to, for those that no file tells of."""
    clients: dict[tuple[str, str], set[str]] = {}
    for each in seen.connections:
        client, server = matched.owner.get(each.client, ""), matched.owner.get(each.server, "")
        if not client or not server or client == server:
            continue
        if not any(
            c.kind == "tcp" and c.between[-1] == server and client in c.between
            and c.target.rpartition(":")[2] == str(each.port) for c in facts.couplings
        ):  # fmt: skip
            clients.setdefault((f"{_host(each.host)}:{each.port}", server), set()).add(client)
    for (target, server), names in sorted(clients.items()):
        between = (*sorted(names, key=lambda n: order[n]), server)
        yield Coupling("tcp", target, between, Evidence(RUN, note="connected while it ran"), "seen")


def _shared(facts: Facts, seen: Observation, matched: Match, order: Mapping[str, int]) -> Iterator[Coupling]:
    """A coupling for each file or folder that one writes and another writes or reads."""
    known = {(c.target, frozenset(c.between)) for c in facts.couplings if c.kind in ("files", "shm")}
    for path, (writers, readers) in _folders(_opened(seen, matched), order).items():
        names = (*readers, *writers)
        within = any((path + "/").startswith(t.rstrip("/") + "/") and set(names) <= them for t, them in known)
        if len(set(names)) > 1 and not within:
            kind: CouplingKind = "shm" if path.startswith("/dev/shm/") else "files"
            evidence = Evidence(RUN, note="written by one and opened by another" if readers else "written by several")
            yield Coupling(kind, path, names, evidence, "seen")


def _written(seen: Observation, matched: Match, order: Mapping[str, int]) -> Iterator[Written]:
    folders = _folders(_opened(seen, matched), order)
    for path, (writers, readers) in folders.items():
        yield Written(path, writers, Evidence(RUN, note="open while it ran"), readers)
    changed = [c.path for c in seen.changes if c.kind != "deleted"]
    parents = {posixpath.dirname(p) for p in changed}
    leaves: dict[str, list[str]] = {}
    for path in changed:
        covered = any(path == f or path.startswith(f + "/") for f in (*folders, *PASSING))
        covered = covered or any(part in path for part in CACHES)
        if path not in parents and not covered:
            leaves.setdefault(posixpath.dirname(path), []).append(path)
    told = [p for folder, paths in leaves.items() for p in (paths if len(paths) <= MANY else [folder])]
    for path in told[:MAX_CHANGED]:
        yield Written(path, (), Evidence(RUN, note="changed while it ran, by whom is not known"))


def _opened(seen: Observation, matched: Match) -> dict[str, tuple[set[str], set[str]]]:
    """By path, who writes and who only reads, of what anybody writes. What is only somebody's output is its log."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for each in seen.files:
        name = matched.owner.get(each.pid, "")
        if name and _counts(each):
            found.setdefault(printable(each.path), (set(), set()))[0 if each.write else 1].add(name)
    return {path: (writers, readers - writers) for path, (writers, readers) in found.items() if writers}


def _counts(each: Open) -> bool:
    return not each.output and (not each.path.startswith("/dev/") or each.path.startswith("/dev/shm/"))


def _folders(
    paths: Mapping[str, tuple[set[str], set[str]]], order: Mapping[str, int]
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The same with the many files of a folder as that folder, in the order of paths; names in start order."""
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path, (writers, readers) in sorted(paths.items()):
        key = (posixpath.dirname(path), _sorted(writers, order), _sorted(readers, order))
        groups.setdefault(key, []).append(path)
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for (folder, writes, reads), same in groups.items():
        for path in same if len(same) <= MANY or folder.count("/") < 2 else [folder]:
            old = found.get(path, ((), ()))
            all_writers = _sorted((*old[0], *writes), order)
            found[path] = (all_writers, _sorted({*old[1], *reads} - set(all_writers), order))
    return found


def _sorted(names: Iterable[str], order: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(set(names), key=lambda n: order[n]))
