"""Variables whose values show only when a script runs: what sets them goes along with each program that it starts.

A script exports what it finds out (`WORKERS=$(nproc)`) and then starts a supervisor, whose programs all have it. Where
they run in containers of their own, each runs those statements again. A random value would then be another one in each:
it is given to all of them, from `.env`.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace

from splitter.model.facts import Command, Gap, Gives, Process
from splitter.planning.draft import Draft, Drafts
from splitter.planning.secrets import Secrets
from splitter.shell.parse import parse
from splitter.shell.unassigned import assigned, assignments, sets_nothing, unassigned

LONG = 15  # lines that set variables, from which on a person is told instead


def gives(process: Process) -> list[Gives]:
    """What the scripts that a process came from set for it, outermost first; what its own words bring is not in it."""
    return [s.gives for s in process.starters if s.gives is not None]


def inherited(processes: Iterable[Process]) -> list[tuple[str, ...]]:
    """The shell commands that set what these processes are given, each once."""
    found = [g for p in processes for g in gives(p)]
    return list(dict.fromkeys(g.command for g in found if not _long(g) and not sets_nothing(g.command[2])))


def inherited_lines(commands: Iterable[tuple[str, ...]]) -> list[str]:
    """Such commands as lines of a script that goes on with their variables."""
    out: list[str] = []
    for command in commands:
        out += [f"set -- {shlex.join(command[4:])}"] if command[4:] else []
        out += ["set -e"] if command[2].startswith("set -e\n") else []
        out.append(command[2].removeprefix("set -e\n").strip())
    return out


def once(*parts: Iterable[str]) -> list[str]:
    """Lines of several parts in their order, each only the first time."""
    return list(dict.fromkeys(line for part in parts for line in part))


def shell_of(commands: Iterable[tuple[str, ...]]) -> str:
    """The shell that reads them all."""
    return "/bin/bash" if any(c[0].endswith("bash") for c in commands) else "/bin/sh"


def share(drafts: Drafts, secrets: Secrets) -> list[Gap]:
    """Give one value to all services that would each come to a random one. Returns what could not be given."""
    programs = [d for d in drafts.own() if d.runs is not None and d.role != "backing"]
    made: dict[str, list[Draft]] = {}
    for draft in programs:
        for name in dict.fromkeys(n for p in draft.processes() for n in _anew(p)):
            made.setdefault(name, []).append(draft)
    for name, users in made.items():
        if len([d for d in users if not d.profile]) < 2:
            continue
        starts = (s for p in users[0].processes() for s in (*p.starters, p))
        place = next(s.evidence.path for s in starts if s.gives is not None and name in s.gives.anew)
        reference = secrets.need(name, f"one value for all services; it was made at every start ({place})")
        for draft in drafts.own():
            if draft.role != "backing" and any(name in _anew(p) for p in draft.processes()):
                draft.env.setdefault(name, reference)
    return [*_still(programs, made), *_untold(programs)]


def settle(draft: Draft, processes: Iterable[Process]) -> list[Process]:
    """The same processes without what would set again what their service is given."""
    names = {n for n, v in draft.env.items() if not v.endswith(":-}")}
    old: dict[str, str] = {}
    for process in draft.processes():
        old = {n: v for n, v in process.env.items() if n in names} | old
    return [_settled(p, names, old) for p in processes] if names else list(processes)


def reading(process: Process, path: str) -> list[str]:
    """The variables that a process is given the content of a file in."""
    found: list[str] = []
    for one in gives(process):
        values = [(a.name, a.value) for a in assignments(parse(one.command[2]).body)]
        places = [path, *(mark for name, value in values if path in value for mark in (f"${name}", f"${{{name}}}"))]
        found += [
            n for n, v in values if n in one.names and ("cat " in v or "$(<" in v) and any(p in v for p in places)
        ]
    return list(dict.fromkeys(found))


def _settled(process: Process, names: set[str], old: Mapping[str, str]) -> Process:
    def text(command: tuple[str, ...]) -> tuple[str, ...]:
        if len(command) < 3 or command[1] != "-c" or not any(name in command[2] for name in names):
            return command
        return (*command[:2], unassigned(command[2], names), *command[3:])

    def starter(one: Process) -> Process:
        if one.gives is None:
            return one
        before, after = one.gives.command, text(one.gives.command)
        own = set(one.gives.names)
        if assigned(before[2]) & own and not assigned(after[2]) & own:
            after = (*before[:2], "", *before[3:])  # the rest was there for what is given now
        return replace(one, gives=replace(one.gives, command=after))

    env = {n: v for n, v in process.env.items() if old.get(n) != v}
    run = text(process.command.run)
    command = process.command if run == process.command.run else Command(process.command.argv, run)
    return replace(process, env=env, command=command, starters=tuple(starter(s) for s in process.starters))


def _anew(process: Process) -> list[str]:
    own = process.gives.anew if process.gives is not None and process.command.run else ()
    return [*own, *(n for g in gives(process) for n in g.anew)]


def _long(one: Gives) -> bool:
    return one.command[2].count("\n") >= LONG


def _still(programs: Iterable[Draft], made: Mapping[str, list[Draft]]) -> list[Gap]:
    """Random values that the script sets, whatever it is given."""
    found: list[Gap] = []
    for draft in programs:
        if draft.runs is None:
            continue
        [process] = settle(draft, [draft.runs])
        texts = [g.command[2] for g in gives(process)] + list(process.command.run[2:3])
        left = {n for t in texts for n in assigned(t)} & {n for n in made if n in draft.env}
        if left:
            what = f"{', '.join(sorted(left))} of {draft.name} is made anew at every start, and must be one value"
            found.append(Gap(f"{what} for all services", process.evidence))
    return found


def _untold(programs: Iterable[Draft]) -> list[Gap]:
    """Values that take more of a script than can be written into each service."""
    missing: dict[Gives, list[Draft]] = {}
    for draft in programs:
        for one in dict.fromkeys(g for p in draft.processes() for g in gives(p) if _long(g)):
            missing.setdefault(one, []).append(draft)
    found: list[Gap] = []
    for one, users in missing.items():
        names = [n for n in one.names if any(n not in d.env for d in users)]
        if names:
            what = f"{', '.join(names)}: what their values are shows only when the script runs; give them to"
            found.append(Gap(f"{what} {', '.join(d.name for d in users)}", users[0].found[0].evidence))
    return found
