"""concurrently, multirun, mprocs and GNU parallel start each command line that they are given, side by side.

concurrently (9.2, bin/concurrently.ts) reads `npm:NAME` and `npm:watch-*` as scripts of package.json; GNU parallel puts
the words after `:::` into its command.
"""

import posixpath
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from splitter.catalogue import load_yaml
from splitter.managers import _packages
from splitter.managers._keep import Kept, Member, programs
from splitter.managers._launch import environment, folder, name_of, shell, under, unfronted
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

# Options that take a value, of concurrently.
VALUED = frozenset(
    (
        "-m", "--max-processes", "-n", "--names", "--name-separator", "-s", "--success", "--hide", "--teardown",
        "--kill-signal", "--ks", "--kill-timeout", "-p", "--prefix", "-c", "--prefix-colors", "-l", "--prefix-length",
        "-t", "--timestamp-format", "--default-input-target", "--restart-tries", "--restart-after",
    )
)  # fmt: skip
GNU_VALUED = frozenset(
    (
        "-j", "--jobs", "-P", "--max-procs", "--halt", "-I", "--delay", "--timeout", "--retries", "--joblog",
        "--results", "--tmpdir", "--workdir", "--wd", "-S", "--sshlogin", "--nice", "--tagstring",
    )
)  # fmt: skip
RUNNERS = ("npm", "yarn", "pnpm", "bun", "node", "deno")
NAMES = ("-n", "--names", "--name-separator")
MAX_COMMANDS = 200


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = unfronted(process.command.argv)
    read = READERS.get(posixpath.basename(argv[0])) if argv else None
    return None if read is None else read(argv[1:], process, image)


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """The program itself, given these command lines alone. mprocs draws on a terminal, and is left to a shell."""
    argv, found = process.command.argv, programs(members)
    args = unfronted(argv)[1:]
    name = posixpath.basename(unfronted(argv)[0])
    lines = [shlex.join(m.words) if m.words else _text(m.unit) for m in found]
    front = argv[: len(argv) - len(args)]
    if not all(lines):
        return None
    if name in ("concurrently", "conc"):
        # It takes one pair of quotes off around a whole line.
        lines = [f'"{line}"' if line[0] in "'\"" and line[0] == line[-1] else line for line in lines]
        return Kept((*front, *_options_of(args), "--names", ",".join(m.name for m in found), *lines))
    if name == "multirun":
        return Kept((*front, *(w for w in args if w.startswith("-")), *lines))
    return Kept((*front, *args[: _gnu_front(args).at], ":::", *lines)) if name == "parallel" else None


def _text(unit: Process) -> str:
    """The command line of what was started through a shell."""
    argv = unit.command.argv
    return argv[2] if len(argv) == 3 and argv[:2] == shell("")[:2] else ""


def _options_of(args: tuple[str, ...]) -> Iterator[str]:
    """The options of concurrently with their values, but for the names."""
    at = 0
    while at < len(args) and args[at] != "--":
        word, apart = args[at], args[at] in VALUED and at + 1 < len(args)
        if word.startswith("-") and word.partition("=")[0] not in NAMES:
            yield from args[at : at + 1 + apart]
        at += 1 + apart


@dataclass
class _Options:
    """Options by name, and the words between them."""

    values: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    rest: tuple[str, ...] = ()
    at: int = 0

    def get(self, *names: str) -> str:
        return next((self.values[n] for n in names if n in self.values), "")


def _options(args: tuple[str, ...], valued: frozenset[str]) -> _Options:
    found, at = _Options(), 0
    while at < len(args):
        word = args[at]
        at += 1
        if word == "--":
            found.rest = args[at:]
            break
        name, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            found.words.append(word)
        elif word.startswith("--") and equals:
            found.values[name] = value
        elif word in valued and at < len(args):
            found.values[word] = args[at]
            at += 1
        elif word[:2] in valued and not word.startswith("--"):
            found.values[word[:2]] = word[2:].removeprefix("=")
        else:
            found.values[word] = "true"
    return found


def _concurrently(args: tuple[str, ...], process: Process, image: Image) -> list[Process | Gap] | None:
    options = _options(args, VALUED)
    passed = options.get("-P", "--passthrough-arguments")
    lines = [*options.words, *(() if passed else options.rest)]
    if not lines:
        return None
    separator = options.get("--name-separator") or ","
    given = options.get("-n", "--names") or environment(process, image).get("CONCURRENTLY_NAMES", "")
    names = given.split(separator) if given else []
    found: list[Process | Gap] = []
    commands: list[tuple[str, str]] = []
    for at, line in enumerate(lines[:MAX_COMMANDS]):
        name = names[at].strip() if at < len(names) else ""
        line = _unquoted(line.strip())
        for label, text in _shortcuts(line, process, image, found):
            # A name before a `*` goes before what the `*` stands for; any other takes the script's place.
            commands.append((f"{name}{label}" if "*" in line else name or label, text))
    notes = []
    if any(o in options.values for o in ("-k", "--kill-others")):
        notes.append("concurrently stops everything when one of its commands ends")
    elif "--kill-others-on-fail" in options.values:
        notes.append("concurrently stops everything when one of its commands fails")
    if options.get("-m", "--max-processes") not in ("", "0") and len(commands) > 1:
        notes.append(f"concurrently runs at most {options.get('-m', '--max-processes')} of its commands at a time")
    tries = options.get("--restart-tries")
    restart = "on-failure" if tries not in ("", "0") else ""
    ending = options.get("--kill-signal", "--ks")
    for name, text in commands:
        if passed:
            text = _passed(text, options.rest)
        found.append(
            Process(
                name=name or name_of(shell(text)),
                command=Command(shell(text)),
                evidence=process.evidence,
                restart=restart,
                stop_signal=ending if ending.startswith("SIG") else "",
                notes=tuple(notes),
            )
        )
    if teardown := options.get("--teardown"):
        found.append(
            Gap(f"concurrently runs {teardown!r} after all have ended; it has no place here", process.evidence)
        )
    return found


def _unquoted(line: str) -> str:
    """concurrently's strip-quotes: one pair around the whole line."""
    if len(line) > 2 and line[0] == line[-1] and line[0] in "'\"":
        return line[1:-1]
    return line


def _passed(text: str, rest: tuple[str, ...]) -> str:
    """`{1}`, `{@}` and `{*}` filled in (expand-arguments.ts)."""
    for at, word in enumerate(rest, 1):
        text = text.replace(f"{{{at}}}", shlex.quote(word))
    return text.replace("{@}", " ".join(map(shlex.quote, rest))).replace("{*}", shlex.quote(" ".join(rest)))


def _shortcuts(line: str, process: Process, image: Image, found: list[Process | Gap]) -> list[tuple[str, str]]:
    """`npm:NAME args` as `npm run NAME args`, one for each script that a `*` stands for; with their names."""
    first, _, args = line.partition(" ")
    runner, colon, script = first.partition(":")
    tail = f" {args}" if args else ""
    if colon and runner in RUNNERS and script:
        words = "node --run" if runner == "node" else "deno task" if runner == "deno" else f"{runner} run"
        if "*" not in script:
            return [(script, f"{words} {shlex.quote(script)}{tail}")]
        before, _, after = _pattern(script)
        return [
            (_middle(name, before, after) or name, f"{words} {shlex.quote(name)}{tail}")
            for name in _matching(script, process, image, found)
        ]
    for runner in ("npm", "yarn", "pnpm", "bun"):
        prefix = f"{runner} run "
        name = line.removeprefix(prefix).split(" ")[0] if line.startswith(prefix) else ""
        if "*" in name:
            rest = line[len(prefix) + len(name) :]
            before, _, after = _pattern(name)
            return [
                (_middle(n, before, after) or n, f"{prefix}{shlex.quote(n)}{rest}")
                for n in _matching(name, process, image, found)
            ]
    return [("", line)]


def _pattern(script: str) -> tuple[str, str, str]:
    """What stands before the `*` and after it, without `(!omitted)` at the end."""
    plain = script.split("(!")[0]
    return plain.partition("*")


def _middle(name: str, before: str, after: str) -> str:
    return name[len(before) : len(name) - len(after)]


def _matching(script: str, process: Process, image: Image, found: list[Process | Gap]) -> list[str]:
    package = _packages.at(folder(process, image), image)
    if isinstance(package, Gap):
        if package not in found:
            found.append(package)
        return []
    before, _, after = _pattern(script)
    omitted = script.partition("(!")[2].removesuffix(")")
    names = [
        n
        for n in package.scripts
        if n.startswith(before) and n.endswith(after) and len(n) >= len(before) + len(after)
        if not (omitted and omitted.strip("|") and any(o in n for o in omitted.split("|")))
    ]
    if not names:
        found.append(Gap(f"concurrently finds no script {script} in package.json", Evidence(package.path)))
    return names


def _multirun(args: tuple[str, ...], process: Process, image: Image) -> list[Process | Gap] | None:
    lines = [w for w in args if not w.startswith("-")]
    if not lines:
        return None
    note = ("multirun stops everything when one of its commands ends",)
    return [_line(process, text, notes=note) for text in lines[:MAX_COMMANDS]]


def _line(process: Process, text: str, name: str = "", notes: tuple[str, ...] = ()) -> Process:
    return Process(
        name=name or name_of(shell(text)), command=Command(shell(text)), evidence=process.evidence, notes=notes
    )


def _gnu(args: tuple[str, ...], process: Process, image: Image) -> list[Process | Gap] | None:
    at = next((i for i, w in enumerate(args) if w in (":::", ":::+", "::::", "::::+")), len(args))
    options = _gnu_front(args[:at])
    if at == len(args):
        if not args or "--version" in args or process.via[-1:] == ("parallel",):
            return None
        return [process, Gap("parallel takes its commands from its standard input", process.evidence)]
    lists: list[list[str]] = []
    for word in args[at:]:
        if word == ":::":
            lists.append([])
        elif word in (":::+", "::::", "::::+"):
            return [Gap(f"parallel is told {word}, which is not read", process.evidence)]
        else:
            lists[-1].append(word)
    rows: list[tuple[str, ...]] = [()]
    for values in lists:
        rows = [(*row, value) for row in rows for value in values][:MAX_COMMANDS]
    notes: tuple[str, ...] = ()
    if (most := options.get("-j", "--jobs", "-P", "--max-procs")) not in ("", "0", str(len(rows))):
        notes = (f"parallel runs at most {most} of its commands at a time",)
    return [_line(process, _filled(options.words, row), notes=notes) for row in rows if row]


def _gnu_front(args: tuple[str, ...]) -> _Options:
    """Options, which end at the first word of the command."""
    found, at = _Options(), 0
    while at < len(args) and args[at].startswith("-"):
        word = args[at]
        at += 1
        name, equals, value = word.partition("=")
        if equals:
            found.values[name] = value
        elif word in GNU_VALUED and at < len(args):
            found.values[word] = args[at]
            at += 1
        elif word[:2] in GNU_VALUED and not word.startswith("--"):
            found.values[word[:2]] = word[2:]
        else:
            found.values[word] = "true"
    found.words, found.at = list(args[at:]), at
    return found


def _filled(words: list[str], row: tuple[str, ...]) -> str:
    """The command line: without a command the values are it, as they are; else they are quoted where they go."""
    if not words:
        return " ".join(row)
    text = " ".join(words)
    quoted = [shlex.quote(v) for v in row]
    placed = text
    for at, value in enumerate(quoted, 1):
        placed = placed.replace(f"{{{at}}}", value)
    placed = placed.replace("{}", " ".join(quoted))
    return placed if placed != text else f"{text} {' '.join(quoted)}"


def _mprocs(args: tuple[str, ...], process: Process, image: Image) -> list[Process | Gap] | None:
    options = _options(args, frozenset(("-c", "--config", "-s", "--server", "--names", "--ctl", "--proc-list-title")))
    names = options.get("--names").split(",") if options.get("--names") else []
    if options.words:
        return [
            _line(process, text, names[at] if at < len(names) else "")
            for at, text in enumerate(options.words[:MAX_COMMANDS])
        ]
    path = under(process, image, options.get("-c", "--config") or "mprocs.yaml")
    text = image.read(path)
    if not isinstance(text, str):
        return [text or image.missing(path, "mprocs starts what its configuration names")]
    try:
        value = load_yaml(text)
    except ValueError as error:
        return [Gap(f"mprocs cannot read its configuration: {error}", Evidence(path))]
    procs = value.get("procs") if isinstance(value, dict) else None
    if not isinstance(procs, dict):
        return [Gap("mprocs finds no procs in its configuration", Evidence(path))]
    return [_proc(str(name), entry, path, process, image) for name, entry in list(procs.items())[:MAX_COMMANDS]]


def _proc(name: str, entry: object, path: str, process: Process, image: Image) -> Process | Gap:
    if isinstance(entry, str):
        entry = {"shell": entry}
    if isinstance(entry, list):
        entry = {"cmd": entry}
    command = entry.get("cmd") or entry.get("shell") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not command:
        return Gap(f"mprocs' {name} has no command", Evidence(path))
    env = entry.get("env")
    cwd = str(entry.get("cwd") or "").replace("<CONFIG_DIR>", posixpath.dirname(path))
    off = "" if entry.get("autostart", True) else f"autostart: false; start {name} in mprocs"
    return Process(
        name=name,
        command=Command(tuple(map(str, command)) if isinstance(command, list) else shell(str(command))),
        evidence=Evidence(path),
        env={str(k): str(v) for k, v in env.items() if v is not None} if isinstance(env, dict) else {},
        workdir=under(process, image, cwd) if cwd else "",
        off=off,
    )


READERS: dict[str, Callable[[tuple[str, ...], Process, Image], list[Process | Gap] | None]] = {
    "concurrently": _concurrently,
    "conc": _concurrently,
    "multirun": _multirun,
    "parallel": _gnu,
    "mprocs": _mprocs,
}
