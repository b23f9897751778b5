"""Which process that was seen is which that is declared.

Programs rename themselves, wrappers vanish at `exec`, and one declared service may be many processes. So several signs
count, each for some points: the command lines that a process had, its supervisor (`runsv NAME`), its program, what the
catalogue takes both for, its user and folder. The best pairs are taken first, equals in start order. What runs under a
matched process belongs to it.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from splitter.catalogue import init_script, service
from splitter.catalogue.peel import INTERPRETERS, SHELLS, unversioned
from splitter.model.facts import Process
from splitter.model.observation import Observation, Seen

SAME, SUPERVISED, TITLED, PART, PROGRAM, KNOWN, NAME, OTHER = 100, 80, 70, 60, 40, 35, 30, 20
USER, FOLDER, LIFE = 3, 2, 5
ENOUGH = 30
AGAIN = SAME  # so alike that it is another run, or another worker, of the same
SUPERVISORS = frozenset(("runsv", "s6-supervise", "supervise", "perp"))
# Programs that only start others, or look after them.
STARTERS = frozenset(
    (
        "runsv", "runsvdir", "runit", "runit-init", "runsvchdir", "supervisord", "tini", "tini-static", "dumb-init",
        "docker-init", "catatonit", "my_init", "init", "su", "sudo", "runuser", "gosu", "su-exec", "setpriv", "setuser",
        "chpst", "env", "nice", "ionice", "timeout", "flock", "nohup", "setsid", "stdbuf", "svlogd", "multilog",
        "honcho", "foreman", "circusd", "monit", "pm2", "pm2-runtime", "multirun", "supervise", "svscan", "execlineb",
        "start-stop-daemon", "service", "invoke-rc.d", "initctl", "systemd", "concurrently", "overmind", "hivemind",
        "goreman", "npm", "yarn", "pnpm",
    )
)  # fmt: skip


# Programs that only pass on what others print, or wait.
PLUMBING = frozenset(
    ("sleep", "tee", "cat", "tail", "sed", "awk", "gawk", "mawk", "grep", "logger", "ts", "head", "svlogd")
)


@dataclass
class Match:
    """`found` has the processes that a declared name was recognised in, `owner` the name that each pid belongs to."""

    found: dict[str, list[Seen]] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)  # only on the way to others
    opened: dict[str, set[int]] = field(default_factory=dict)  # declared as one, seen to start several
    earlier: set[int] = field(default_factory=set)  # started by what its parent was before
    doubtful: set[int] = field(default_factory=set)  # its parent may have become what it is after it was started
    codes: dict[str, int] = field(default_factory=dict)  # of steps that were over before anybody looked


def match(declared: tuple[Process, ...], seen: Observation) -> Match:
    """Pair what is declared with what was seen; what stays without an owner was not declared."""
    done = Match()
    by_pid = {s.pid: s for s in seen.processes}
    named = {s.pid: _supervised(s, by_pid) for s in seen.processes}
    pairs = sorted(
        (-points, bool(process.off), i, j)
        for i, process in enumerate(declared)
        for j, each in enumerate(seen.processes)
        if not _worker(each, by_pid) and (points := _points(process, each, named[each.pid])) >= ENOUGH
    )
    for again in (False, True):  # first as many of each as are declared, then the runs and workers beyond
        for points, _, i, j in pairs:
            process, each = declared[i], seen.processes[j]
            found = done.found.setdefault(process.name, [])
            daemon = each.alive and not any(s.alive for s in found)  # it goes on where what was started has ended
            enough = daemon or -points >= AGAIN if again else len(found) < max(1, process.instances)
            if each.pid in done.owner or not enough:
                continue
            if not any(done.owner.get(a.pid) == process.name for a in _above(each, by_pid)):
                found.append(each)
                done.owner[each.pid] = process.name
    done.found = {name: found for name, found in done.found.items() if found}
    for each in seen.processes:
        if each.pid in done.owner:
            done.passed |= {a.pid for a in _above(each, by_pid) if a.pid not in done.owner}
    for each in seen.processes:
        above = by_pid.get(each.parent)
        if above is not None and _became(above, each) and (each.born < above.since or above.pid not in done.owner):
            done.earlier.add(each.pid)
    for each in seen.processes:
        _inherit(each, by_pid, done)
    for process in declared:
        _open(process.name, seen, by_pid, done)
    return done


def _open(name: str, seen: Observation, by_pid: dict[int, Seen], done: Match) -> None:
    """A script or supervisor that could not be read and starts several programs is what these are, not one process."""
    roots = {s.pid for s in done.found.get(name, ()) if s.alive and starter(s)}
    if not roots:
        return
    inside = [s for s in seen.processes if done.owner.get(s.pid) == name]
    kinds = {
        s.argv
        for s in inside
        if s.alive and not s.forked and not starter(s) and program(s) not in PLUMBING
        and all(starter(a) for a in _above(s, by_pid) if done.owner.get(a.pid) == name)
    }  # fmt: skip
    if len(kinds) < 2:
        return
    done.opened[name] = {s.pid for s in inside}
    del done.found[name]
    done.passed |= roots
    for each in inside:
        del done.owner[each.pid]
    done.doubtful -= done.opened[name]


def _inherit(each: Seen, by_pid: dict[int, Seen], done: Match) -> None:
    """The owner of the nearest process above that has one."""
    below = each
    if each.pid in done.owner or each.pid in done.passed:
        return
    for above in _above(each, by_pid):
        owner = done.owner.get(above.pid)
        if owner is None:
            below = above
            continue
        if below.pid in done.earlier:
            return
        if _became(above, below) and below.born == above.since:
            done.doubtful.add(below.pid)
        done.owner[each.pid] = owner
        return


def _became(above: Seen, each: Seen) -> bool:
    """Whether a process may have become what it is only after it, or what it was before, had started this one."""
    changed = bool(above.before) or above.since > above.born
    return changed and not each.forked and each.born <= above.since and each.program != above.program


def _worker(each: Seen, by_pid: dict[int, Seen]) -> bool:
    """Whether it is its parent's own program going on in another process: never a service of its own."""
    parent = by_pid.get(each.parent)
    return each.forked and parent is not None and not starter(parent)


def starter(each: Seen) -> bool:
    """Whether it is there for others only: a shell, a supervisor, what changes the user."""
    name = program(each)
    return name in SHELLS or name in STARTERS or name.startswith("s6-")


def program(each: Seen) -> str:
    """The name of the program that is meant: of the script, where an interpreter runs one."""
    argv = each.argv or each.title
    if not argv:
        return unversioned(posixpath.basename(each.program)) or each.name
    name = posixpath.basename(argv[0])
    name = name if name.startswith("s6-") else unversioned(name)
    if name in INTERPRETERS and len(argv) > 1 and "/" in argv[1]:
        return posixpath.basename(argv[1])
    return name


def command(each: Seen) -> tuple[str, ...]:
    """The command that it came down to; () where a title stands in its place and says nothing of it."""
    title = _title(each)
    if len(title) > 1 and unversioned(title[0]) in INTERPRETERS and "/" in title[1]:
        return title  # a launcher that names itself after the script that it loads, as pm2's does
    return () if len(each.argv) == 1 and " " in each.argv[0] else each.argv


def _title(each: Seen) -> tuple[str, ...]:
    """The words of the title that it gave itself; it may have done so before it was first looked at."""
    lines = each.title or (each.argv if len(each.argv) == 1 and " " in each.argv[0] else ())
    return tuple(" ".join(lines).split())


def _above(each: Seen, by_pid: dict[int, Seen]) -> Iterator[Seen]:
    seen = {each.pid}
    parent = by_pid.get(each.parent)
    while parent is not None and parent.pid not in seen:
        yield parent
        seen.add(parent.pid)
        parent = by_pid.get(parent.parent)


def _supervised(each: Seen, by_pid: dict[int, Seen]) -> str:
    """The name under which a supervisor of one process keeps it: `runsv web` -> web."""
    for above in (each, *_above(each, by_pid)):
        if len(above.argv) > 1 and posixpath.basename(above.argv[0]) in SUPERVISORS:
            return posixpath.basename(above.argv[1].rstrip("/")) if above is not each else ""
    return ""


def _points(process: Process, each: Seen, supervised: str) -> int:
    points = _alike(process, each)
    if supervised and supervised in _names(process) and program(each) not in ("svlogd", "s6-log", "multilog"):
        points += SUPERVISED
    if points >= ENOUGH:
        points += USER * (process.user.partition(":")[0] in (each.user, str(each.uid)))
        points += FOLDER * (bool(process.workdir) and process.workdir == each.workdir)
        points += LIFE * (each.alive == (process.lifetime == "service"))
    return points


def _alike(process: Process, each: Seen) -> int:
    wanted = [w for w in (process.command.argv, process.command.run) if w]
    lines = [line for line in (each.argv, *each.before) if line]
    best = max((_compare(words, line) for words in wanted for line in lines), default=0)
    if (title := _title(each)) and any(_compare(words, title) >= PART for words in wanted):
        best = max(best, TITLED)
    if best >= PROGRAM or not wanted:
        return best
    known, other = service(_started(process.command.argv)), service(each.argv)
    if known is not None and other is not None:
        return KNOWN if known.name == other.name else best
    if best:
        return best  # the same program, and told to do something else
    meant = _bare(process.command.program)
    if meant and meant not in SHELLS and unversioned(meant) not in INTERPRETERS:
        names = {_bare(each.name), _bare(each.program), *(_bare(w) for t in each.title[:1] for w in t.split(":")[:1])}
        if {unversioned(n) for n in names if n} & {meant, unversioned(meant)}:
            return NAME
    return 0


def same(wanted: tuple[str, ...], line: tuple[str, ...]) -> bool:
    """Whether a command line is the one that is declared, its interpreter apart."""
    return _compare(wanted, line) == SAME


def _compare(wanted: tuple[str, ...], line: tuple[str, ...]) -> int:
    """How alike two command lines are; a script's interpreter may have come before it (execve(2), `#!`)."""
    best = 0
    for skipped in range(min(3, len(line))):
        if skipped and unversioned(_bare(line[0])) not in INTERPRETERS and _bare(line[0]) not in SHELLS | {"env"}:
            break
        best = max(best, _words(wanted, line[skipped:]))
    return best


def _words(wanted: tuple[str, ...], line: tuple[str, ...]) -> int:
    if not wanted or not line or not _fits(_bare(wanted[0]), _bare(line[0])):
        return 0
    # One text may stand for several words: `docker top` and renamed programs do not part them.
    mine, theirs = " ".join(wanted[1:]).split(), " ".join(line[1:]).split()
    if len(mine) == len(theirs) and all(_fits(a, b) for a, b in zip(mine, theirs, strict=True)):
        return SAME
    plain, other = ([w for w in words if not w.startswith("-")] for words in (mine, theirs))
    if not all(_fits(a, b) for a, b in zip(plain, other, strict=False)):
        return OTHER
    if plain and other:
        return PART
    return OTHER if _bare(line[0]) in SHELLS or unversioned(_bare(line[0])) in INTERPRETERS else PROGRAM


def _fits(wanted: str, word: str) -> bool:
    """Whether a declared word may be this one; a variable whose value is not known may be anything."""
    head, dollar, _ = wanted.partition("$")
    return word.startswith(head) if dollar else wanted == word or _bare(wanted) == _bare(word) != ""


def _started(argv: tuple[str, ...]) -> tuple[str, ...]:
    """What an init script starts, where the command is one: `service postgresql start`."""
    if len(argv) > 2 and _bare(argv[0]) in ("service", "invoke-rc.d"):
        return init_script(argv[1]) or argv
    return init_script(_bare(argv[0])) or argv if argv and argv[0].startswith("/etc/init.d/") else argv


def _names(process: Process) -> set[str]:
    """The names under which a supervisor may keep a process: its own, and its service folder's."""
    return {process.name, posixpath.basename(posixpath.dirname(process.evidence.path))}


def _bare(word: str) -> str:
    return posixpath.basename(word.rstrip("/"))
