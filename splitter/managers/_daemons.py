"""Tools that start one program and put it into the background: start-stop-daemon, daemonize, daemon, start_daemon.

Sources: start-stop-daemon(8) of dpkg, of OpenRC and of busybox, daemonize(1), daemon(1), the LSB's init functions.
"""

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from splitter.model.image import Image, normal
from splitter.shell.arguments import Arguments, arguments
from splitter.shell.calls import Word

# Of start-stop-daemon: what its options mean, for dpkg's and for OpenRC's spelling.
VALUED = {
    "x": "exec", "exec": "exec", "a": "startas", "startas": "startas", "n": "name", "name": "name", "p": "pidfile",
    "pidfile": "pidfile", "pid": "pidfile", "u": "user", "user": "user", "c": "chuid", "chuid": "chuid", "g": "group",
    "group": "group", "r": "chroot", "chroot": "chroot", "d": "chdir", "chdir": "chdir", "k": "umask", "umask": "umask",
    "N": "nicelevel", "nicelevel": "nicelevel", "P": "procsched", "procsched": "procsched", "I": "iosched",
    "iosched": "iosched", "ionice": "iosched", "R": "retry", "retry": "retry", "s": "signal", "signal": "signal",
    "O": "output", "output": "output", "e": "env", "env": "env", "w": "wait", "wait": "wait", "1": "output",
    "stdout": "output", "2": "stderr", "stderr": "stderr", "notify": "notify", "ppid": "ppid", "make-pidfile": "",
    "capabilities": "", "secbits": "",
}  # fmt: skip
SWITCHES = ("make-pidfile", "m", "b", "background")
DAEMONIZE = {
    "a": "",
    "c": "chdir",
    "e": "stderr",
    "o": "output",
    "p": "pidfile",
    "u": "chuid",
    "l": "pidfile",
    "E": "env",
}
DAEMON = {
    "n": "name", "name": "name", "u": "chuid", "user": "chuid", "D": "chdir", "chdir": "chdir", "e": "env",
    "env": "env", "o": "output", "output": "output", "O": "output", "stdout": "output", "E": "stderr",
    "stderr": "stderr", "F": "pidfile", "pidfile": "pidfile", "P": "pidfile", "pidfiles": "pidfile", "m": "umask",
    "umask": "umask", "X": "command", "command": "command", "l": "", "errlog": "", "b": "", "dbglog": "",
    "A": "", "attempts": "", "L": "", "delay": "", "M": "", "limit": "", "check": "", "config": "",
}  # fmt: skip
TOOLS = ("start-stop-daemon", "daemonize", "daemon", "start_daemon")


@dataclass
class Started:
    """The program that a tool starts, and how."""

    argv: tuple[str, ...]
    user: str = ""
    workdir: str = ""
    env: dict[str, str] = field(default_factory=dict)
    logs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Call:
    words: tuple[str, ...]
    meanings: dict[str, str]
    stop: bool

    @cached_property
    def got(self) -> Arguments:
        valued = [o for o in self.meanings if o not in SWITCHES]
        short = "".join(o for o in valued if len(o) == 1)
        long = tuple(o for o in valued if len(o) > 1)
        return arguments(tuple(Word(w, w) for w in self.words), short, long, stop=self.stop)

    def all(self, meaning: str) -> list[str]:
        keys = [k for k, m in self.meanings.items() if m == meaning]
        return [v for k in keys for v in self.got.options.get(k, ()) if v]

    def one(self, meaning: str) -> str:
        return next(iter(self.all(meaning)), "")


def started(argv: Sequence[str], folder: str, image: Image) -> Started | None:
    """What such a command starts; None where it is none of these tools, or starts nothing."""
    name = posixpath.basename(argv[0]) if argv else ""
    words = tuple(argv[1:])
    if name == "start-stop-daemon":
        return _start_stop(words, folder, image)
    if name == "daemonize":
        return _made(_Call(words, DAEMONIZE, True), folder, ())
    if name == "daemon":
        call = _Call(words, DAEMON, True)
        if call.got.has("stop", "running", "list", "restart", "signal", "h", "help", "V", "version"):
            return None
        return _made(call, folder, _split(call.one("command")))
    if name == "start_daemon":
        return _made(_Call(words, {"n": "nicelevel", "p": "pidfile", "u": "chuid"}, True), folder, ())
    return None


def _start_stop(words: tuple[str, ...], folder: str, image: Image) -> Started | None:
    front = words[: words.index("--")] if "--" in words else words
    rest = words[len(front) + 1 :]
    meanings = {k: v for k, v in VALUED.items() if v}
    call = _Call(front, meanings, False)
    if not call.got.has("S", "start") or call.got.has("t", "test"):
        return None
    program = call.one("startas") or call.one("exec")
    plain = tuple(word.text for word in call.got.operands)
    if not program and plain:
        program, plain = plain[0], plain[1:]  # busybox and OpenRC take the program without an option too
    if not program:
        return None
    user = call.one("chuid")
    # OpenRC's -u says who runs it; dpkg's only which processes count as the daemon.
    if not user and call.one("user") and (image.is_file("/sbin/openrc-run") or image.is_file("/sbin/openrc")):
        user = call.one("user")
    return _made(call, folder, (program, *plain, *rest), user)


def _made(call: _Call, folder: str, argv: tuple[str, ...], user: str = "") -> Started | None:
    argv = argv or tuple(word.text for word in call.got.operands)
    if not argv:
        return None
    user = user or call.one("chuid")
    group = call.one("group")
    if group and ":" not in user and user:
        user = f"{user}:{group}"
    chdir = call.one("chdir")
    logs = [normal(posixpath.join(folder, p)) for p in (*call.all("output"), *call.all("stderr")) if "/dev/" not in p]
    notes = []
    if root := call.one("chroot"):
        notes.append(f"runs in the root {root}, which was not looked into")
    notes += [f"{what} {call.one(what)}" for what in ("umask", "nicelevel") if call.one(what)]
    pairs = [pair.partition("=") for pair in call.all("env")]
    return Started(
        argv,
        user.replace(".", ":") if user.count(".") == 1 and ":" not in user else user,
        normal(posixpath.join(folder, chdir)) if chdir else "",
        {k: v for k, equals, v in pairs if equals and k},
        tuple(dict.fromkeys(logs)),
        tuple(notes),
    )


def _split(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ()
