"""A wrapper changes how one command runs and becomes it: another user, environment, folder, limits, or an init for it.

One layer is taken off at a time (tini, gosu, chpst, sudo, env, nice ...). What Compose has a key for goes to the child;
what it has none for (a nice level, a limit, a lock) stays before the command. Each tool is read by its own manual page.
"""

import posixpath
import shlex
import signal
from collections.abc import Callable, Mapping
from functools import partial

from splitter.catalogue.peel import SHELLS, WRAPPERS, peel
from splitter.managers import _envdir, _scripts
from splitter.managers._wrapper import Call, Layer, chroot, environment, without
from splitter.managers._wrapper_users import applyuidgid, as_user, chpst, envuidgid, runuser, setpriv, sudo
from splitter.model.facts import Command, Gap, Process
from splitter.model.image import Image
from splitter.shell.arguments import arguments
from splitter.shell.calls import Word


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    lead: tuple[str, ...] = ()
    if len(argv) > 1 and _name(argv[0]) == "busybox" and not argv[1].startswith("-"):
        if posixpath.basename(argv[1]) in ("crond", "init", "runsvdir", "runsv"):
            return None
        lead, argv = argv[:1], argv[1:]
    name = _name(argv[0]) if argv else ""
    reader = READERS.get(name)
    if reader is None:
        return [_child(process, argv, lead, Layer(kept=lead))] if lead else None
    if not lead and name not in READ_AS_KNOWN and _scripts.script(argv[0], process, image) in _scripts.SHELLS:
        return None  # a script that stands in for the tool is read itself
    call = _call(name, argv, process, image)
    layer = reader(call)
    rest = call.rest if layer is None or layer.rest is None else layer.rest
    if layer is None:
        return None
    if not rest:
        if not layer.gaps and reader in GIVEN:
            layer.gaps.append(Gap(f"{name} is given no command", process.evidence))
        return list(layer.gaps) or None
    if lead:
        layer.kept = (*lead, *layer.kept) if layer.kept else ()
        layer.switch = (*lead, *layer.switch) if layer.switch else ()
    front = argv[: -len(rest)] if argv[-len(rest) :] == rest else call.front
    return [_child(process, rest, (*lead, *front), layer), *layer.gaps]


def _name(word: str) -> str:
    """The program's name; inits are often installed with their platform in it (tini-amd64, dumb-init_1.2.5_x86_64)."""
    name = posixpath.basename(word)
    if name in WRAPPERS:
        return name
    for init in ("tini", "dumb-init", "catatonit", "gosu", "su-exec"):
        if name.startswith((f"{init}-", f"{init}_")):
            return init
    return name


def _call(name: str, argv: tuple[str, ...], process: Process, image: Image) -> Call:
    valued, own = WRAPPERS[name]
    short = "".join(o[1] for o in valued if len(o) == 2 and o != "--")
    long = tuple(o[2:] for o in valued if o.startswith("--") and o != "--")
    got = arguments(tuple(Word(w, w) for w in argv[1:]), short, long, stop=True)
    words = tuple(word.text for word in got.operands)
    after = words[own:]
    if after[:1] == ("--",):
        after = after[1:]
    front = argv[: len(argv) - len(after)]
    return Call(name, got, words[:own], after, front, process, image)


def _child(process: Process, rest: tuple[str, ...], front: tuple[str, ...], layer: Layer) -> Process:
    own = process.command.program
    meant = peel(rest)
    name = process.name if process.via and process.name != own else (meant.name if meant else rest[0])
    late = bool(process.command.run) and (any("$" in word for word in front) or not _editable(process.command))
    if layer.user and ("$" in layer.user or late):
        # The wrapper is told when the container runs, or from within a script: it stays, and must find root there.
        layer.notes.append(f"{own} changes the user when it runs: {layer.user}")
        layer.user, layer.switch, layer.kept = "", (), front
    same = rest == process.command.argv
    return Process(
        name=name,
        command=process.command if same else Command(rest, _run(process.command, front, layer.kept, rest)),
        evidence=process.evidence,
        env={k: v for k, v in layer.env.items() if "$" not in v or not process.command.run},
        user=layer.user,
        wrapper=layer.switch,
        workdir=layer.workdir,
        stop_signal=layer.stop_signal,
        notes=tuple(layer.notes),
    )


def _run(command: Command, front: tuple[str, ...], kept: tuple[str, ...], rest: tuple[str, ...]) -> tuple[str, ...]:
    """What starts the child: as the parent is started, with `kept` in the place of the wrapper's words."""
    argv, run = command.argv, command.run
    if not run:
        return (*kept, *rest) if kept else ()
    if run[-len(argv) :] == argv:
        return (*run[: -len(argv)], *kept, *rest)
    if not _editable(command):
        return run
    # A shell line keeps variables that only running tells: what of the wrapper uses one must stay there.
    line = run[2]
    if not any("$" in word for word in front):
        for written in (shlex.join(front), " ".join(front)):
            if line.count(f"{written} ") == 1:
                return (*run[:2], line.replace(f"{written} ", f"{shlex.join(kept)} " if kept else ""))
        return (*run[:2], " ".join(["exec", *map(_quoted, (*kept, *rest))]))
    return run


def _editable(command: Command) -> bool:
    """Whether what starts a command ends in the command itself, or is one line for a shell."""
    argv, run = command.argv, command.run
    shell = len(run) == 3 and posixpath.basename(run[0]) in SHELLS and run[1][:1] == "-" and run[1][-1:] == "c"
    return run[-len(argv) :] == argv or shell


def _quoted(word: str) -> str:
    if "$" not in word:
        return shlex.quote(word)
    return '"' + "".join(f"\\{c}" if c in '"\\`' else c for c in word) + '"'


def _init(call: Call) -> Layer | None:
    """tini, docker-init, catatonit: reaps children and hands signals on (Compose's `init: true`)."""
    if call.got.has("h", "version", "license", "P", "V") or (call.name != "catatonit" and call.got.has("l")):
        return None
    layer = Layer()
    if call.got.has("g"):
        layer.notes.append(f"{call.name} signals its whole process group")
    layer.notes += [f"the exit code {code} counts as success" for code in call.got.options.get("e", ())]
    return layer


def _dumb_init(call: Call) -> Layer | None:
    """dumb-init: an init that may turn one signal into another (`--rewrite 15:3`; 0 swallows it)."""
    if call.got.has("h", "help", "V", "version"):
        return None
    layer = Layer()
    stop = call.process.stop_signal or "SIGTERM"
    for rule in (*call.got.options.get("r", ()), *call.got.options.get("rewrite", ())):
        old, _, new = rule.partition(":")
        if not (old.isdecimal() and new.isdecimal()):
            layer.gaps.append(Gap(f"dumb-init does not know the rule {rule!r}", call.process.evidence))
        elif _signal(old) == stop and new == "0":
            layer.notes.append(f"dumb-init swallows {stop}")
        elif _signal(old) == stop and _signal(new):
            layer.stop_signal = _signal(new)
    return layer


def _signal(number: str) -> str:
    return next((s.name for s in signal.Signals if s.value == int(number[:4])), "")


def _chroots(call: Call) -> Layer | None:
    """chroot(8), and chpst with -/."""
    return chroot(call, call.own[0]) if call.rest else None


def _envdirs(call: Call) -> Layer | None:
    got, layer = call.got, Layer()
    if not call.own or not call.rest:
        return layer
    s6 = call.name == "s6-envdir"
    null = (got.value("c") or "\n")[:1] if s6 else "\n"
    read = partial(_envdir.read, whole=s6 and got.has("f"), chomp=not (s6 and got.has("n")), null=null)
    environment(call, call.own[0], layer, read, s6 and got.has("I"))
    return layer


def _env(call: Call) -> Layer | None:
    """env(1): variables set, taken away (-u), all taken away (-i, -), another folder (-C), a line taken apart (-S)."""
    got, layer = call.got, Layer()
    rest = call.rest
    if split := got.value("S", "split-string"):
        try:
            rest = (*shlex.split(split), *rest)
        except ValueError as error:
            return Layer(gaps=[Gap(f"env -S cannot take its line apart: {error}", call.process.evidence)], rest=())
    empty = got.has("i", "ignore-environment")
    if rest[:1] == ("-",):
        empty, rest = True, rest[1:]
    given: dict[str, str] = {}
    while rest and "=" in rest[0] and rest[0].partition("=")[0]:
        name, _, given[name] = rest[0].partition("=")
        rest = rest[1:]
    layer.rest = rest
    layer.env |= given
    if folder := got.value("C", "chdir"):
        layer.workdir = call.path(folder)
    if empty:
        layer.kept = (*call.front[:1], "-i", *(f"{k}={v}" for k, v in given.items()))
        layer.notes.append(f"with nothing in its environment but {', '.join(given) or 'what it sets itself'}")
    else:
        without(call, [*got.options.get("u", ()), *got.options.get("unset", ())], layer)
    return layer


def _stays(call: Call) -> Layer | None:
    """What Compose has no key for: the words stay before the command."""
    if call.got.has("version", "help") or (call.name in ("taskset", "chrt", "ionice") and call.got.has("p", "pid")):
        return None
    layer = Layer(kept=call.front, notes=[f"under {shlex.join(call.front)}"])
    if call.name == "flock" and call.rest[:1] == ("-c",):
        layer.rest = ("/bin/sh", *call.rest)
    return layer


def _capsh(call: Call) -> Layer | None:
    """`capsh ... -- ARGUMENTS` becomes /bin/bash with these arguments."""
    argv = call.process.command.argv
    if "--" not in argv:
        return None
    at = argv.index("--")
    front, rest = argv[:at], argv[at + 1 :]
    user = next((w.partition("=")[2] for w in front if w.startswith(("--user=", "--uid="))), "")
    return Layer(user=user, notes=[f"under {shlex.join(front)}"], rest=("/bin/bash", *rest))


def _nothing(call: Call) -> Layer | None:
    """What makes no difference to a container's main process."""
    if call.name == "command" and call.got.has("v", "V"):
        return None
    layer = Layer()
    if call.name == "exec" and (shown := call.got.value("a")):
        layer.notes.append(f"shown as {shown} among the processes")
    if call.name == "pidproxy" and call.own:
        layer.notes.append(f"pidproxy passes signals on to the process named in {call.own[0]}")
    if call.name == "s6-fghack":
        layer.notes.append("s6-fghack waits for a program that goes to the background")
    if call.name == "s6-notifyoncheck":
        layer.notes.append(f"ready when {call.got.value('c') or './data/check'} succeeds")
    if call.name == "setsid" and call.got.has("f", "fork"):
        layer.notes.append("setsid lets it go to the background")
    return layer


READERS: Mapping[str, Callable[[Call], Layer | None]] = {
    **dict.fromkeys(("tini", "tini-static", "docker-init", "catatonit"), _init),
    "dumb-init": _dumb_init,
    **dict.fromkeys(("gosu", "su-exec", "setuser", "s6-setuidgid", "setuidgid"), as_user),
    "s6-applyuidgid": applyuidgid,
    "chpst": chpst,
    "setpriv": setpriv,
    "runuser": runuser,
    **dict.fromkeys(("sudo", "doas"), sudo),
    **dict.fromkeys(("env", "cross-env"), _env),
    **dict.fromkeys(("envdir", "s6-envdir"), _envdirs),
    **dict.fromkeys(("envuidgid", "s6-envuidgid"), envuidgid),
    **dict.fromkeys(
        ("nice", "ionice", "chrt", "stdbuf", "timeout", "taskset", "numactl", "softlimit", "s6-softlimit", "unshare",
         "flock",
         "setlock", "thpoff"),
        _stays,
    ),
    "capsh": _capsh,
    "chroot": _chroots,
    **dict.fromkeys(
        ("nohup", "setsid", "pgrphack", "time", "exec", "command", "with-contenv", "s6-fghack", "s6-notifyoncheck",
         "pidproxy"),
        _nothing,
    ),
}  # fmt: skip
# Scripts of their packages, whose meaning is known.
READ_AS_KNOWN = ("with-contenv", "runuser")
GIVEN = (_init, _dumb_init, as_user, chpst)
