"""The calls of a script put together into what become its children: loops, file commands, temporary servers."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from splitter.catalogue import foreground, one_off, service
from splitter.managers._node_options import parse
from splitter.managers._shell_kinds import QUIET, Meaning, family, init_script, stops
from splitter.shell.calls import Call

What = Literal["files", "own", "wait", "job", "service", "loop", "control", "unknown"]
MANY = 4  # set-up steps of one statement that are still told apart
SERVES = frozenset(("start", "serve", "server", "prod", "production"))  # scripts of packages
TEMPORARY = "only while the script runs"


@dataclass
class Unit:
    """Some calls that are one child. `at` are their numbers in the trace; the first is what it is called after."""

    what: What
    at: list[int]
    meaning: Meaning
    main: bool = False
    instances: int = 1
    notes: list[str] = field(default_factory=list)
    others: list[Meaning] = field(default_factory=list)

    @property
    def call(self) -> Call:
        return self.meaning.call


def units(meanings: Sequence[Meaning]) -> list[Unit]:
    """What a script does, in order. Output and tests are left out."""
    found: list[Unit] = []
    at = 0
    while at < len(meanings):
        one = meanings[at]
        loop = _loop(meanings, at) if one.call.loop in ("forever", "until") else []
        if loop:
            found.extend(_looped(meanings, loop))
            at = loop[-1] + 1
            continue
        unit = _unit(one, at)
        if unit is not None:
            _add(found, unit)
        at += 1
    _temporary(found, meanings)
    _alternatives(found)
    _afterwards(found, meanings)
    return _condensed(found)


def _alternatives(found: list[Unit]) -> None:
    """Of two starts of one program, one in each arm of what cannot be decided, only the first is taken to be on."""
    stay = [u for u in found if u.what == "service" and u.call.guards and not u.call.off and u.meaning.name]
    for at, unit in enumerate(stay):
        for before in stay[:at]:
            guard = next((g for g in before.call.guards if f"! {g}" in unit.call.guards), "")
            if guard and _same_program(before.meaning, unit.meaning) and not before.call.off:
                call = replace(unit.call, off=f"not: {guard}", guards=())
                unit.meaning = replace(unit.meaning, call=call)
                break


def _same_program(one: Meaning, other: Meaning) -> bool:
    """Whether two commands start the same server, perhaps by another distribution's name of it (cron, crond)."""
    if one.name == other.name:
        return True
    known = one.known
    return known is not None and not known.family and known == other.known


def _afterwards(found: list[Unit], meanings: Sequence[Meaning]) -> None:
    """What comes after the script has waited for its servers runs when they have ended, and starts nothing more."""
    waits = [
        at for at, m in enumerate(meanings)
        if m.argv[0] == "wait" and not (m.call.off or m.call.loop or m.call.guards or m.call.background)
    ]  # fmt: skip
    if not waits or not any(u.what == "service" and u.call.background and u.at[0] < waits[-1] for u in found):
        return
    for unit in found:
        # The last command before the wait never ends where it is the script of a package that starts a server.
        if unit.what == "job" and unit.at[-1] == waits[-1] - 1 and not unit.call.off and _serves(unit.meaning.argv):
            unit.what = "service"
    later = [u for u in found if u.at[0] > waits[-1] and not u.call.off]
    if any(u.meaning.kind == "service" or u.call.exec or u.call.background or u.what == "loop" for u in later):
        return
    for unit in later:
        unit.meaning = replace(unit.meaning, call=replace(unit.call, off="the servers have ended"))


def _serves(argv: Sequence[str]) -> bool:
    """Whether a command runs a package's script that is named for a server: `npm start`, `yarn run serve`."""
    run = parse(tuple(argv))
    return run is not None and any(name.partition(":")[0] in SERVES for names, _ in run.groups for name in names)


def _condensed(found: list[Unit]) -> list[Unit]:
    """A long set-up in one statement (a call of a function, mostly) is one step and not dozens."""
    counts: dict[tuple[str, tuple[int, int]], list[Unit]] = {}
    for unit in found:
        if unit.what in ("files", "own"):
            counts.setdefault((unit.call.path if not unit.call.function else "", unit.call.root), []).append(unit)
    gone: list[Unit] = []
    for units_ in counts.values():
        if len(units_) > MANY:
            first = units_[0]
            first.what = "files"
            first.at = [i for u in units_ for i in u.at]
            gone += units_[1:]
    return [u for u in found if not any(u is g for g in gone)]


def _loop(meanings: Sequence[Meaning], at: int) -> list[int]:
    """The numbers of the calls that stand in the same loop."""
    first = meanings[at].call
    end = at
    while end < len(meanings):
        call = meanings[end].call
        if (call.loop, call.root) != (first.loop, first.root) or not _within(call, first):
            break
        end += 1
    return list(range(at, end))


def _within(call: Call, first: Call) -> bool:
    if call.path != first.path:
        return True
    return (call.start, call.end) == (first.start, first.end)


def _looped(meanings: Sequence[Meaning], at: list[int]) -> list[Unit]:
    """An endless loop is one service; a loop that waits is one wait, or the step that it tries until it works."""
    inside = [(i, meanings[i]) for i in at]
    first = inside[0][1].call
    works = [(i, m) for i, m in inside if m.kind in ("job", "service", "own")]
    # However long it sleeps: in a loop that is the pause between two rounds.
    works = [(i, m) for i, m in works if posixpath.basename(m.argv[0]) != "sleep"] or works
    # What is off matters only where all of the loop is.
    works = [(i, m) for i, m in works if not m.call.off] or works
    if first.loop == "until":
        done = [(i, m) for i, m in works if not (m.call.condition and asks(m))]
        if done:
            return [Unit("job", at, done[0][1])]
        asked = [m for _, m in inside if m.kind in ("wait", "job", "service") or _remote(m)]
        return [Unit("wait", at, asked[0])] if asked else []
    works = [(i, m) for i, m in works if not (m.call.condition and asks(m))]
    if not works:
        files = [i for i, m in inside if m.kind == "file"]
        return [Unit("loop", at, meanings[files[0]])] if files and not first.off else []
    if daemons := _kept_up(works, [m for _, m in inside]):
        return daemons
    main = works[0][1]
    main = next((m for _, m in works if m.kind == "service"), main)
    others = [m for _, m in works if m is not main and m.argv != main.argv]
    background = [m for m in others if m.call.background and m.call.job != main.call.job]
    if background and not main.call.background:
        others = [m for m in others if m not in background]
    return [Unit("loop", at, main, others=others)]


def _kept_up(works: list[tuple[int, Meaning]], inside: list[Meaning]) -> list[Unit]:
    """The servers that a watching loop starts beside itself, and again where they have ended."""
    own = min(m.call.job for m in inside)
    beside = [(i, m) for i, m in works if m.call.background and m.call.job != own]
    if len({m.call.job for _, m in beside}) < 2:
        return []
    found = [Unit("service" if not _ends(m) else "job", [i], m) for i, m in beside]
    found += [Unit("service", [i], m) for i, m in works if m.kind == "service" and (i, m) not in beside]
    files = [i for i, m in works if m.kind == "own"]
    return [*(Unit("own", [i], m) for i, m in works if i in files), *sorted(found, key=lambda u: u.at[0])]


def asks(meaning: Meaning) -> bool:
    """Only a question to a server or the file system, where it stands as a condition."""
    known = meaning.known
    if meaning.kind in ("wait", "skip"):
        return True
    return known is None or known.name in ("database setup", "waiting", "django check") or known.role == "drop"


def _remote(meaning: Meaning) -> bool:
    name = posixpath.basename(meaning.argv[0])
    return name in ("nc", "curl", "wget", "ping", "dig", "host", "nslookup", "timeout") or name not in QUIET


def _unit(one: Meaning, at: int) -> Unit | None:
    call, kind = one.call, one.kind
    if call.condition and (kind in ("skip", "file", "control", "wait") or asks(one)):
        return None
    if kind in ("skip", "stop"):
        return None
    if kind == "control":
        return Unit("control", [at], one) if not call.off else None
    if kind == "unknown":
        return Unit("unknown", [at], one)
    if kind == "file":
        if call.off:
            # Entries that a switch gives to cron are worth a word; other files are not.
            return Unit("job", [at], one) if _schedules(one) else None
        return Unit("files", [at], one)
    if kind == "own":
        return None if call.off else Unit("own", [at], one)
    if kind == "wait":
        return Unit("wait", [at], one)
    main = call.exec or (call.last and not call.background)
    if kind == "service" or call.exec:
        return Unit("service" if not _ends(one) else "job", [at], one, main=main)
    if call.background:
        ends = _ends(one) or not call.last
        return Unit("job" if ends else "service", [at], one)
    if main and not _ends(one):
        return Unit("service", [at], one, main=True)
    return Unit("job", [at], one, main=main)


def _schedules(one: Meaning) -> bool:
    return one.name == "crontab" and not {"-l", "-r"} & set(one.argv)


def _ends(one: Meaning) -> bool:
    """Whether a command is known to run to its end."""
    return one_off(one.argv) is not None and (one.known is None or one.known.phase != "") and one.kind != "service"


def _add(found: list[Unit], unit: Unit) -> None:
    last = found[-1] if found else None
    if last is not None and last.what == unit.what == "files" and _together(last.call, unit.call):
        last.at += unit.at
        return
    if last is not None and unit.what in ("job", "files", "own") and _same_state(last, unit):
        # A step may change what the condition asks: under one condition they stay one step.
        if unit.what != "files" and last.what == "files":
            unit.at = [*last.at, *unit.at]
            found[-1] = unit
            return
        last.at += unit.at
        last.others += [unit.meaning] if unit.what != "files" else []
        return
    if unit.what == "service" and unit.call.loop == "each":
        # The same command again, started by the next round of a loop.
        for other in found:
            same = other.call
            if (same.path, same.start, same.argv, same.env, same.cwd) == (
                unit.call.path, unit.call.start, unit.call.argv, unit.call.env, unit.call.cwd,
            ):  # fmt: skip
                other.instances += 1
                return
    found.append(unit)


def _same_state(last: Unit, unit: Unit) -> bool:
    """Whether two steps stand under one condition on files or on what a command says."""
    one, other = last.call, unit.call
    if last.what not in ("job", "files", "own") or one.root != other.root or one.guards != other.guards:
        return False
    if "files" in (last.what, unit.what) and not _marks(unit if unit.what == "files" else last):
        return False
    return any(not g.strip("! ").startswith(("[", "test ", "((")) or _asks_files(g) for g in one.guards)


def _marks(unit: Unit) -> bool:
    """Whether file commands write what their own condition asks for, as a mark that a step was done."""
    call = unit.call
    paths = [w for w in call.words[1:] if w.known] + [r.target for r in call.redirects if r.target]
    return any(p.text.startswith("/") and p.text in g for p in paths for g in call.guards)


def _asks_files(guard: str) -> bool:
    return any(f" {op} " in guard for op in ("-f", "-e", "-d", "-s", "-r", "-w", "-x", "-L", "-h")) or "$(" in guard


def _together(one: Call, other: Call) -> bool:
    return one.cwd == other.cwd or not other.cwd or one.root == other.root


def _temporary(found: list[Unit], meanings: Sequence[Meaning]) -> None:
    """A server that is stopped again further on, and what is done to it meanwhile, run for the script's sake only."""
    for end, stop in enumerate(meanings):
        if stop.kind != "stop" or stop.call.off or stop.call.condition:
            continue
        start = _started(found, stop, end)
        if start is None or any(_holds(m) for m in meanings[start.at[-1] + 1 : end]):
            continue
        for unit in found:
            if unit is start or (start.at[0] < unit.at[0] < end and _feeds(unit)):
                unit.what = "job"
                unit.main = False
                unit.notes.append(TEMPORARY)


def _holds(meaning: Meaning) -> bool:
    """Whether the script stays here as long as the container lives: what comes after is its end."""
    name = posixpath.basename(meaning.argv[0])
    if name == "kill" and "-0" in meaning.argv and meaning.call.loop and meaning.call.condition:
        # `while kill -0 $PIDS; do sleep 1; done`; what asks only now and then, under a condition, waits for a start.
        return not meaning.call.off and (meaning.call.loop != "forever" or not meaning.call.guards)
    if meaning.call.background or meaning.call.off or meaning.call.loop == "until":
        return False
    return name == "wait" or (meaning.kind == "service" and (name in ("tail", "sleep") or meaning.call.exec))


def _started(found: list[Unit], stop: Meaning, end: int) -> Unit | None:
    wanted = stops(stop.argv) or (stops((stop.peeled.program, *stop.peeled.args)) if stop.peeled else "")
    if wanted == "kill" and not any("$" in w or "`" in w or w.isalpha() for w in stop.argv[1:]):
        return None
    for unit in reversed(found):
        if unit.at[0] >= end or unit.what not in ("service", "job") or TEMPORARY in unit.notes:
            continue
        if wanted != "kill" and family(served(unit.meaning)) == wanted and (unit.what == "service" or _pg_start(unit)):
            return unit
        if wanted == "kill" and unit.what == "service" and _backs(unit.meaning):
            # By the number of its job, or by the file in which a daemon left its own.
            words = unit.meaning.argv
            daemon = foreground(words) != words and any("pid" in w.lower() for w in stop.argv[1:])
            if unit.call.background or (daemon and not unit.main):
                return unit
    return None


def _pg_start(unit: Unit) -> bool:
    """`pg_ctl start` and its kin return when the server is up, and look like a step."""
    return one_off(unit.meaning.argv) is None


def _backs(meaning: Meaning) -> bool:
    known = service(meaning.argv)
    return known is not None and known.role in ("backing", "proxy")


def served(meaning: Meaning) -> str:
    """The server that a command starts."""
    if daemon := init_script(meaning.argv):
        return daemon[0]
    known = service(meaning.argv)
    if known is not None and known.role == "backing":
        return known.name
    return meaning.name


def _feeds(unit: Unit) -> bool:
    known = one_off(unit.meaning.argv)
    return unit.what == "job" and known is not None and known.name in ("database setup", "database init")
