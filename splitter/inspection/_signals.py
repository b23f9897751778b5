"""Who sends signals to another process, or steers the manager: commands, and the scripts that a process runs."""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.catalogue.peel import peel
from splitter.inspection._offers import Member
from splitter.managers._shell_trace import file_trace
from splitter.model.facts import Coupling, CouplingKind, Evidence, Gap
from splitter.model.image import Image, normal
from splitter.shell.evaluate import evaluate

Call = tuple[tuple[str, ...], Evidence]
MAX_SCRIPT = 64 << 10
MAX_SCRIPTS = 60
SHELLS = ("sh", "bash", "dash", "ash", "ksh", "zsh")
# What manages processes, and the words with which it only sends a signal.
MANAGERS = ("supervisorctl", "sv", "s6-svc", "s6-rc", "svc", "pm2", "circusctl", "initctl", "systemctl", "service",
            "monit", "overmind")  # fmt: skip
SENDERS = frozenset((*MANAGERS, "kill", "pkill", "killall", "apachectl", "apache2ctl"))
SIGNALS = frozenset(
    ("hup", "signal", "1", "2", "usr1", "usr2", "alarm", "interrupt", "quit", "reload", "force-reload", "sendsignal",
     "-h", "-1", "-2", "-a", "-i", "-q")
)  # fmt: skip
QUERIES = frozenset(
    ("status", "list", "ls", "jlist", "pid", "avail", "tail", "logs", "monit", "help", "version", "check", "-a", "show",
     "is-active")
)  # fmt: skip


def spoken(team: tuple[Member, ...], image: Image) -> Mapping[str, tuple[Call, ...]]:
    """The commands that each process runs, by its name; servers that others keep their data in run none that matter."""
    scripts = [0]
    return {m.name: tuple(_calls(m, image, scripts)) for m in team if not m.out and m.role != "backing"}


def couplings(team: tuple[Member, ...], said: Mapping[str, tuple[Call, ...]]) -> Iterator[Coupling | Gap]:
    """Signals and control, each once for a sender and the one it is sent to. `said` is what `spoken` gives."""
    seen: set[tuple[str, str, str]] = set()
    for member in team:
        for words, evidence in said.get(member.name, ()):
            if posixpath.basename(words[0]) not in SENDERS and "-s" not in words:
                continue
            others = tuple(m for m in team if m is not member and m.process.lifetime == "service")
            for kind, target, to in _steers(words, others):
                # A program that is only started is nothing to steer; it may be restarted elsewhere.
                key = (f"{kind} start" if "start" in words else kind, member.name, to or target)
                if key in seen:
                    continue
                seen.add(key)
                if to:
                    how = "argument" if evidence == member.process.evidence else "code"
                    yield Coupling(kind, target, (member.name, to), evidence, how, " ".join(words)[:200])
                else:
                    yield Gap(f"{member.name} signals {target}, which is no process that is known here", evidence)


def _calls(member: Member, image: Image, scripts: list[int]) -> Iterator[Call]:
    """The commands that a process runs: its own, those of its shell line, those of its script.

    `scripts` counts those that were read, over all processes.
    """
    process = member.process
    meant = peel(process.command.argv)
    if meant is None:
        return
    folder = process.workdir or image.config.workdir or "/"
    env = {**image.config.env, **process.env}
    text, path, line = "", process.evidence.path, process.evidence.line
    argv = process.command.run or process.command.argv
    if posixpath.basename(argv[0]) in SHELLS and "-c" in argv[1:3] and len(argv) > argv.index("-c") + 1:
        text = argv[argv.index("-c") + 1]
    elif (script := image.which(meant.program, folder)) and _application(script):
        found = image.read(script, MAX_SCRIPT)
        if isinstance(found, str) and _is_shell(found, script):
            text, path, line = found, script, None
    if not text:
        yield (meant.program, *meant.args), process.evidence
        return
    scripts[0] += 1
    if scripts[0] > MAX_SCRIPTS:
        return
    known = file_trace(process, image) if line is None else None
    trace = known or evaluate(text, path=path, env=env, args=meant.args, cwd=folder, files=image)
    for call in trace.calls:
        inner = peel(call.argv)
        if inner is not None:
            yield (inner.program, *inner.args), Evidence(path, line if line else call.line)


def _application(path: str) -> bool:
    """A script of the image's maker: what packages bring to /usr/bin steers nobody."""
    return not path.startswith(("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/lib/"))


def _is_shell(text: str, path: str) -> bool:
    first = text.split("\n", 1)[0]
    if first.startswith("#!"):
        return any(w.rsplit("/", 1)[-1] in SHELLS for w in first[2:].split()[:2])
    return path.endswith(".sh")


def _steers(words: tuple[str, ...], team: tuple[Member, ...]) -> Iterator[tuple[CouplingKind, str, str]]:
    """Kind, what is named, and the process that it is ("" where none is known)."""
    program, args = posixpath.basename(words[0]), words[1:]
    if program in MANAGERS:
        yield from _managed(program, args, team)
    elif "-s" in args and (known := _known(program, team)):
        yield "signal", known.name, known.name
    elif program in ("apachectl", "apache2ctl") and {"graceful", "restart", "stop", "graceful-stop"} & set(args):
        if known := _known("apache2", team):
            yield "signal", known.name, known.name
    elif program in ("pkill", "killall"):
        for word in args:
            if not word.startswith("-") and "$" not in word and (found := _called(word, team)):
                yield "signal", word, found.name
    elif program == "kill":
        for path in filter(None, map(_pid_file, args)):
            keeper = _keeps(path, team)
            yield "signal", path, keeper.name if keeper is not None else ""


def _managed(program: str, args: tuple[str, ...], team: tuple[Member, ...]) -> Iterator[tuple[CouplingKind, str, str]]:
    plain = [a for a in args if not a.startswith("-") or program in ("s6-svc", "svc")]
    options = {"-c", "--configuration", "-s", "--serverurl", "-u", "-p"} if program == "supervisorctl" else set()
    plain = [a for at, a in enumerate(args) if a in plain and not (at and args[at - 1] in options)]
    if not plain or plain[0] in QUERIES - ({"-a"} if program in ("s6-svc", "svc") else set()):
        return
    kind: CouplingKind = "signal" if any(p.lower() in SIGNALS for p in plain) else "control"
    for word in plain:
        name = posixpath.basename(word.rstrip("/"))
        for member in team:
            every = word == "all" and len(plain) > 1
            names = (member.name, member.name.rsplit("_", 1)[0])
            if name in names or name.partition(":")[2] in (*names, "*") or every:
                yield kind, program, member.name


def _known(program: str, team: tuple[Member, ...]) -> Member | None:
    return next((m for m in team if (p := peel(m.process.command.argv)) and p.name == program), None)


def _called(word: str, team: tuple[Member, ...]) -> Member | None:
    """A process by its program or by a word of its command, as pkill -f would find it."""
    name = posixpath.basename(word)
    by_program = _known(name, team)
    return by_program or next((m for m in team if m.name == name or word in str(m.process.command).split()), None)


def _pid_file(word: str) -> str:
    """The file of `$(cat FILE)`, `$(< FILE)` or of backquotes."""
    for part in word.replace("$(", " ").replace("`", " ").replace(")", " ").replace("<", " ").replace('"', " ").split():
        if part.startswith("/"):
            return normal(part)
    return ""


def _keeps(path: str, team: tuple[Member, ...]) -> Member | None:
    """The process that keeps its number in a file: by configuration, by argument, else by the file's name."""
    real = path.removeprefix("/var") if path.startswith("/var/run/") else path
    for member in team:
        paths = [m.path.removeprefix("/var") if m.path.startswith("/var/run/") else m.path for m in member.said.private]
        if real in paths or any(path in a for a in member.process.command.argv):
            return member
    stem = posixpath.basename(path).partition(".")[0]
    return _known(stem, team) or next((m for m in team if m.name == stem), None)
