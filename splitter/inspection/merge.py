"""What is declared and what was seen as one: facts whose every process, address and file says where it comes from.

Files decide what a process is, the run shows whether it is there, where it listens, who is connected to whom and what
is written. What only one of the two knows is never dropped: it becomes a process, a coupling or a gap.
"""

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from splitter.catalogue import one_off, service
from splitter.inspection._alike import others
from splitter.inspection._match import PLUMBING, Match, command, match, program, starter
from splitter.inspection._quick import codes
from splitter.inspection._reread import heard_of, named_twice, waited_for
from splitter.inspection._together import connections, listening, memory, shared, strangers
from splitter.inspection._told import ending, line, noted, otherwise, passing
from splitter.inspection._touched import held
from splitter.inspection._touched import written as touched
from splitter.managers._launch import name_of
from splitter.model.facts import RUN, Command, Evidence, Facts, Gap, Process
from splitter.model.image import Image
from splitter.model.observation import Observation, Seen
from splitter.model.text import printable

VIA = "seen"
LONG = 1.0  # seconds after which something that ended was no trifle
# What shells, login programs and the engine set.
COMMON_ENV = frozenset(
    (
        "PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_", "HOSTNAME", "TERM", "LOGNAME", "USER", "SHELL", "MAIL", "LANG",
        "UID", "USERNAME",
    )
)  # fmt: skip


def merge(facts: Facts, seen: Observation, image: Image) -> Facts:
    """The facts with what one run of the image adds. Same values, same facts; no number of a process gets in."""
    matched = match(facts.processes, seen)
    matched.codes = codes(facts.processes, seen, matched, image)
    facts = _turned_on(facts, matched)
    found, gaps, shown = _undeclared(facts, seen, image, matched)
    shown = [*otherwise(facts, seen, matched), *shown, *ending(seen)]
    kept = _without(noted(facts, seen, matched), set(matched.opened), found)
    order = {p.name: i for i, p in enumerate(kept.processes)}
    written = tuple(touched(seen, matched, order, others(kept.processes, image)))
    heard = tuple(listening(kept, seen, matched))
    kept = heard_of(kept, heard, image)
    waits = tuple(waited_for(kept, held(seen, matched), image))
    kept = replace(kept, couplings=(*kept.couplings, *waits))
    kept = replace(kept, couplings=(*kept.couplings, *named_twice(kept, written, image)))
    more = (*connections(kept, seen, matched, order), *shared(kept, seen, matched, order))
    kept = replace(kept, couplings=(*kept.couplings, *more))
    for each in memory(kept, seen, matched, order):
        if isinstance(each, Gap):
            gaps.append(each)
        else:
            kept = replace(kept, couplings=(*kept.couplings, each))
    gaps += (Gap(text, Evidence(RUN)) for text in seen.unseen)
    shown += strangers(kept, seen, matched)
    return replace(
        kept,
        gaps=tuple(dict.fromkeys((*kept.gaps, *gaps))),
        listening=(*kept.listening, *heard),
        written=(*kept.written, *(w for w in written if w not in kept.written)),
        shown=tuple(dict.fromkeys((*kept.shown, *shown))),
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


def _undeclared(
    facts: Facts, seen: Observation, image: Image, matched: Match
) -> tuple[list[Process], list[Gap], list[Gap]]:
    """What was seen and not declared: processes of what stays; gaps; and what is told of what came and went."""
    groups: dict[tuple[object, ...], list[Seen]] = {}
    ended: list[Seen] = []
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
            ended.append(each)
    found = _named(groups, facts, image, matched, seen.hidden)
    for each in workers:
        matched.owner[each.pid] = matched.owner.get(each.parent, "")
    gaps = [*_opened_up(facts, found, matched), *_doubtful(seen, matched)]
    return found, gaps, [*_beside(seen, matched), *passing(ended)]


def _opened_up(facts: Facts, found: list[Process], matched: Match) -> Iterator[Gap]:
    for process in facts.processes:
        if process.name in matched.opened:
            names = ", ".join(p.name for p in found if process.id in p.scope)
            what = f"{process.name} was seen to start {names}; what else it does before could not be read"
            yield Gap(what, process.evidence)


def _doubtful(seen: Observation, matched: Match) -> Iterator[Gap]:
    """What may be the child of what its parent was before."""
    for each, owner in _within(seen, matched):
        if each.pid in matched.doubtful:
            yield Gap(f"{line(each)} runs beside {owner}, and who started it could not be seen", Evidence(RUN))


def _beside(seen: Observation, matched: Match) -> Iterator[Gap]:
    """What stays with a process though it is another program that the catalogue knows."""
    for each, owner in _within(seen, matched):
        if each.pid in matched.doubtful or each.parent not in {s.pid for s in matched.found.get(owner, ())}:
            continue
        known = service(each.argv)
        if known is not None and known.role not in ("job", "drop"):
            own = {same.name for s in matched.found[owner] if (same := service(s.argv)) is not None}
            if known.name not in own:
                yield Gap(f"{owner} itself starts {line(each)}: the two stay together", Evidence(RUN))


def _within(seen: Observation, matched: Match) -> Iterator[tuple[Seen, str]]:
    """What lives below another process of the same owner, its workers apart."""
    owned = {s.pid: matched.owner.get(s.pid, "") for s in seen.processes if s.alive and not s.forked}
    for each in seen.processes:
        owner = owned.get(each.pid)
        roots = {s.pid for s in matched.found.get(owner or "", ())}
        if owner and each.pid not in roots and not starter(each) and owned.get(each.parent) == owner:
            yield each, owner


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
