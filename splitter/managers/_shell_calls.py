"""What single calls tell: where their output goes, which services they wait for, what they are without wrappers."""

import posixpath
from collections.abc import Sequence
from dataclasses import replace

from splitter.catalogue import foreground, one_off, peel, service
from splitter.managers._shell_kinds import PIPE_ENDS, Meaning, writes
from splitter.managers._shell_units import asks
from splitter.shell.calls import Call, Trace

# Words of SQL that change something, and the option that reads a file of them.
CHANGES = frozenset(("CREATE", "ALTER", "INSERT", "UPDATE", "DELETE", "DROP", "GRANT", "-F", "<"))


def acts(one: Meaning) -> bool:
    """Whether a call must not run twice: it is a child of its own, or part of one."""
    if one.call.condition and (asks(one) or one.kind == "file"):
        return False
    if one.kind == "skip":
        return one.call.loop == "forever" or posixpath.basename(one.argv[0]) == "wait"
    return True


def may_stay(one: Meaning) -> bool:
    """Whether a call that is off may stay in any container that gets the text around it.

    Where someone turns its switch, file commands and what is no known one-off work were done at every start, too.
    """
    if not one.call.off:
        return False
    return one.kind in ("file", "own") or (one.kind == "job" and one.known is None)


def queries(call: Call) -> bool:
    """Whether a database is only asked: `psql -c "SELECT 1"`, also with its question as input."""
    said = [*call.argv[1:], *(r.body or "" for r in call.redirects)]
    words = {word.upper() for text in said for word in text.split()}
    return bool(words & {"SELECT", "SHOW"}) and not words & CHANGES


def daemonizes(argv: tuple[str, ...]) -> bool:
    return service(argv) is not None and one_off(argv) is None and foreground(argv) != argv


def piped(call: Call) -> bool:
    """Whether a pipeline is more than a way for the output to go."""
    return any(posixpath.basename(m.argv[0]) not in PIPE_ENDS for m in call.pipe)


def logs(call: Call) -> list[str]:
    """Files that the output goes to."""
    found = [r.target.text for r in call.redirects if writes(r) and r.target is not None and r.target.known]
    found += [r.target.text for m in call.pipe for r in m.redirects if writes(r) and r.target and r.target.known]
    for member in call.pipe:
        if posixpath.basename(member.argv[0]) == "tee":
            found += [w.text for w in member.words[1:] if w.known and not w.text.startswith(("-", "/dev/"))]
    cwd = call.cwd or "/"
    return [posixpath.normpath(posixpath.join(cwd, p)) for p in found]


def waited(argv: Sequence[str]) -> list[str]:
    """The services that `sv start redis`, `s6-svwait` or `supervisorctl start redis` has up before what follows."""
    name = posixpath.basename(argv[0])
    words = [w for w in argv[1:] if not w.startswith("-") and not w.isdecimal()]
    if name in ("sv", "supervisorctl"):
        if words[:1] and words[0] in ("start", "up", "check", "once"):
            return [posixpath.basename(w.rstrip("/")) for w in words[1:] if "$" not in w and w != "all"]
        return []
    if name in ("s6-svwait", "s6-svok"):
        return [posixpath.basename(w.rstrip("/")) for w in words if "$" not in w]
    if name == "s6-svc" and any(a.startswith("-") and "u" in a for a in argv[1:]):
        return [posixpath.basename(w.rstrip("/")) for w in words if "$" not in w]
    return []


def bare(argv: tuple[str, ...]) -> tuple[str, ...]:
    """A command without what changes its user or environment: those words stay in the shell text."""
    meant = peel(argv)
    if meant is None:
        return argv
    front = argv[: len(argv) - len(meant.args) - 1]
    if meant.interpreter:
        for at, word in enumerate(front):
            if posixpath.basename(word).startswith(meant.interpreter):
                return argv[at:]
    return argv[len(front) :]


def with_taken(trace: Trace) -> Trace:
    """A migration is one too where the script keeps what it prints; what else is asked in `$(...)` is no process."""
    calls: list[Call] = []
    for at in range(len(trace.calls) + 1):
        for before, call in trace.taken:
            known = one_off(call.argv) if before == at else None
            if known is not None and known.role == "migration" and not (call.condition or queries(call)):
                calls.append(call)
        calls += trace.calls[at : at + 1]
    return replace(trace, calls=tuple(calls)) if trace.taken else trace
