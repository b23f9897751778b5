"""The command lines of npm, yarn, pnpm, bun, npm-run-all, turbo, nx and lerna: which scripts they run, and where."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitter.managers._launch import unfronted

Groups = tuple[tuple[tuple[str, ...], bool], ...]


@dataclass(frozen=True)
class Run:
    """What is to be run.

    groups    names of scripts, each group after the one before it; those of a group side by side where it is True
    patterns  the names may hold `*` and arguments
    every     in every package of the workspace that has the script; `filters` name some
    top       in the root of the workspace
    bare      the word may be a program as well (`yarn X`, `pnpm X`, `bun X`)
    around    preX and postX run too
    optional  a script that is not there is passed over
    """

    tool: str
    groups: Groups
    args: tuple[str, ...] = ()
    folder: str = ""
    filters: tuple[str, ...] = ()
    every: bool = False
    top: bool = False
    patterns: bool = False
    bare: bool = False
    around: bool = True
    optional: bool = False


@dataclass
class _Line:
    """Options by what they mean, and the plain words."""

    options: dict[str, list[str]] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def last(self, name: str) -> str:
        return self.options.get(name, [""])[-1]

    def has(self, *names: str) -> bool:
        return any(n in self.options for n in names)


NPM = {
    "--prefix": "folder", "-C": "folder", "-w": "filter", "--workspace": "filter", "--loglevel": "",
    "--userconfig": "", "--cache": "", "--registry": "", "--script-shell": "",
}  # fmt: skip
YARN = {
    "--cwd": "folder", "--mutex": "", "--cache-folder": "", "--modules-folder": "",
}  # fmt: skip
PNPM = {
    "-C": "folder", "--dir": "folder", "-F": "filter", "--filter": "filter", "--filter-prod": "filter",
    "--reporter": "", "--workspace-concurrency": "", "--loglevel": "", "--store-dir": "", "--resume-from": "",
    "--test-pattern": "",
}  # fmt: skip
BUN = {
    "--cwd": "folder", "--filter": "filter", "-F": "filter", "--env-file": "", "--config": "", "-c": "",
    "--shell": "",
}  # fmt: skip
TURBO = {
    "--filter": "filter", "-F": "filter", "--scope": "filter", "--cwd": "folder", "--concurrency": "",
    "--env-mode": "", "--cache-dir": "", "--log-order": "", "--output-logs": "", "--ui": "", "--team": "",
    "--token": "", "--api": "",
}  # fmt: skip
NX = {
    "-t": "target", "--target": "target", "--targets": "target", "-p": "filter", "--projects": "filter",
    "--parallel": "", "-c": "", "--configuration": "", "--exclude": "", "--output-style": "", "--runner": "",
}  # fmt: skip
LERNA = {
    "--scope": "filter", "--ignore": "", "--concurrency": "", "--npm-client": "", "--loglevel": "",
    "--since": "",
}  # fmt: skip
WSRUN = {
    "-p": "filter", "--package": "filter", "--bin": "", "--exclude": "", "--concurrency": "",
}  # fmt: skip
# Commands of the tools themselves, which run no script of that name.
YARN_OWN = frozenset(
    (
        "add", "audit", "autoclean", "bin", "cache", "config", "constraints", "create", "dedupe", "dlx", "exec",
        "explain", "generate-lock-entry", "global", "help", "import", "info", "init", "install", "licenses", "link",
        "list", "login", "logout", "node", "npm", "outdated", "owner", "pack", "patch", "plugin", "policies",
        "publish", "rebuild", "remove", "search", "set", "stage", "tag", "team", "unlink", "unplug", "up",
        "upgrade", "upgrade-interactive", "version", "versions", "why",
    )
)  # fmt: skip
PNPM_OWN = frozenset(
    (
        "add", "approve-builds", "audit", "bin", "c", "cat-file", "cat-index", "config", "create", "dedupe",
        "deploy", "dlx", "doctor", "env", "exec", "fetch", "find-hash", "i", "import", "init", "install",
        "install-test", "it", "licenses", "link", "list", "ln", "ls", "outdated", "pack", "patch", "patch-commit",
        "prune", "publish", "rb", "rebuild", "remove", "rm", "root", "self-update", "server", "setup", "store",
        "un", "uninstall", "unlink", "up", "update", "upgrade", "why", "x",
    )
)  # fmt: skip
BUN_OWN = frozenset(
    (
        "a", "add", "audit", "build", "c", "create", "exec", "feedback", "help", "i", "info", "init", "install",
        "link", "ln", "outdated", "patch", "pm", "publish", "remove", "repl", "rm", "test", "unlink", "update",
        "upgrade", "why", "x",
    )
)  # fmt: skip
FILES = (".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx", ".wasm", ".sh", ".html")
WORDS = ("start", "stop", "test", "restart")


def parse(argv: tuple[str, ...]) -> Run | None:
    """The scripts that a command runs; None where it runs none."""
    words = unfronted(argv)
    read = TOOLS.get(_name(words))
    return read(_name(words), words[1:]) if read is not None else None


def _name(words: tuple[str, ...]) -> str:
    return posixpath.basename(words[0]) if words else ""


def _scan(args: tuple[str, ...], valued: Mapping[str, str], words: int) -> tuple[_Line, tuple[str, ...]]:
    """Options and words from the left until so many plain words are read; then what is left.

    A `--` before them is passed over, and one right after them.
    """
    line, at, plain = _Line(), 0, list[str]()
    while at < len(args) and len(plain) < words:
        word = args[at]
        at += 1
        name, equals, value = word.partition("=")
        if word == "--":
            continue
        if not word.startswith("-"):
            plain.append(word)
        elif name in valued:
            if not equals:
                value = args[at] if at < len(args) else ""
                at += 1
            line.options.setdefault(valued[name] or name, []).append(value)
        elif word[:2] in valued and not word.startswith("--") and len(word) > 2:
            line.options.setdefault(valued[word[:2]] or word[:2], []).append(word[2:])
        else:
            line.options.setdefault(name, []).append(value)
    line.words = tuple(plain)
    return line, args[at + 1 :] if args[at : at + 1] == ("--",) else args[at:]


def _one(name: str) -> Groups:
    return (((name,), False),)


def _npm(tool: str, args: tuple[str, ...]) -> Run | None:
    front = args[: args.index("--")] if "--" in args else args
    line, _ = _scan(front, NPM, len(front))
    tail = args[len(front) + 1 :]
    words = line.words
    if not words or line.has("-h", "--help"):
        return None
    if words[0] in ("run", "run-script", "rum", "urn"):
        words = words[1:]
    elif words[0] not in (*WORDS, "t", "tst"):
        return None
    if not words:
        return None
    script = {"t": "test", "tst": "test"}.get(words[0], words[0])
    filters = tuple(line.options.get("filter", ()))
    return Run(
        tool, _one(script), (*words[1:], *tail), line.last("folder"), filters,
        every=line.has("--workspaces", "-ws") or bool(filters), optional=line.has("--if-present"),
    )  # fmt: skip


def _yarn(tool: str, args: tuple[str, ...]) -> Run | None:
    line, rest = _scan(args, YARN, 1)
    folder = line.last("folder")
    if not line.words or line.has("-h", "--help", "-v", "--version"):
        return None
    word = line.words[0]
    if word == "workspace":
        inner, rest = _scan(rest, YARN, 2)
        if len(inner.words) == 2 and inner.words[1] == "run":
            named, rest = _scan(rest, YARN, 1)
            inner.words = (inner.words[0], *named.words)
        if len(inner.words) != 2 or inner.words[1] in YARN_OWN:
            return None
        return Run(tool, _one(inner.words[1]), rest, folder, (inner.words[0],), every=True)
    if word == "workspaces":
        some = {"--include": "filter", "--from": "filter", "--exclude": "", "-j": "", "--jobs": ""}
        inner, rest = _scan(rest, some, 2 if rest[:1] == ("foreach",) else 1)
        named, rest = _scan(rest, {}, 1)
        if inner.words not in (("run",), ("foreach", "run")) or not named.words:
            return None
        return Run(tool, _one(named.words[0]), rest, folder, tuple(inner.options.get("filter", ())), every=True,
                   optional=True)  # fmt: skip
    if word == "run":
        named, rest = _scan(rest, YARN, 1)
        folder = named.last("folder") or folder
        return Run(tool, _one(named.words[0]), rest, folder, bare=True) if named.words else None
    return None if word in YARN_OWN else Run(tool, _one(word), rest, folder, bare=True)


def _pnpm(tool: str, args: tuple[str, ...]) -> Run | None:
    line, rest = _scan(args, PNPM, 1)
    if not line.words or line.has("-h", "--help", "-v", "--version"):
        return None
    word, bare = line.words[0], True
    options = dict(line.options)
    if word in ("run", "run-script", "recursive", "multi", "m"):
        named, rest = _scan(rest, PNPM, 1)
        options |= named.options
        if word not in ("run", "run-script"):
            options["-r"] = [""]
            if named.words == ("run",):
                named, rest = _scan(rest, PNPM, 1)
                options |= named.options
        if not named.words:
            return None
        word, bare = named.words[0], False
    elif word in PNPM_OWN:
        return None
    filters = tuple(options.get("filter", ()))
    return Run(
        tool, _one({"t": "test"}.get(word, word)), rest, options.get("folder", [""])[-1], filters,
        every=bool(filters) or any(o in options for o in ("-r", "--recursive", "--parallel")),
        top="-w" in options or "--workspace-root" in options, bare=bare and word not in WORDS,
        optional="--if-present" in options,
    )  # fmt: skip


def _bun(tool: str, args: tuple[str, ...]) -> Run | None:
    line, rest = _scan(args, BUN, 1)
    if not line.words or line.has("-e", "--eval", "--help", "--version"):
        return None
    word = line.words[0]
    options = dict(line.options)
    if word == "run":
        named, rest = _scan(rest, BUN, 1)
        options |= named.options
        if not named.words:
            return None
        word = named.words[0]
    elif word in BUN_OWN:
        return None
    if word.endswith(FILES) or "/" in word:
        return None
    filters = tuple(options.get("filter", ()))
    return Run(tool, _one(word), rest, options.get("folder", [""])[-1], filters, every=bool(filters), bare=True)


def _node(tool: str, args: tuple[str, ...]) -> Run | None:
    """`node --run NAME`: without preX and postX (Node's own documentation of --run)."""
    for at, word in enumerate(args):
        if word == "--run" and at + 1 < len(args):
            rest = args[at + 2 :]
            return Run(tool, _one(args[at + 1]), rest[1:] if rest[:1] == ("--",) else rest, around=False)
        if word.startswith("--run="):
            return Run(tool, _one(word[6:]), args[at + 1 :], around=False)
        if not word.startswith("-"):
            break
    return None


def _run_all(tool: str, args: tuple[str, ...]) -> Run | None:
    groups: list[tuple[list[str], bool]] = [([], tool == "run-p")]
    at = 0
    while at < len(args) and args[at] != "--":
        word = args[at]
        at += 1
        if word in ("--max-parallel", "--npm-path"):
            at += 1
        elif tool == "npm-run-all" and word in ("-p", "--parallel", "-s", "--serial", "--sequential"):
            groups.append(([], word in ("-p", "--parallel")))
        elif not word.startswith("-"):
            groups[-1][0].append(word)
    kept = tuple((tuple(names), beside) for names, beside in groups if names)
    return Run(tool, kept, patterns=True) if kept else None


def _turbo(tool: str, args: tuple[str, ...]) -> Run | None:
    front = args[: args.index("--")] if "--" in args else args
    line, _ = _scan(front, TURBO, len(front))
    words = line.words[1:] if line.words[:1] == ("run",) else line.words
    own = (
        "prune",
        "login",
        "logout",
        "link",
        "unlink",
        "daemon",
        "gen",
        "generate",
        "telemetry",
        "ls",
        "scan",
        "query",
    )
    if not words or words[0] in own:
        return None
    filters = tuple(line.options.get("filter", ()))
    return Run(tool, ((words, True),), args[len(front) + 1 :], line.last("folder"), filters, every=True)


def _nx(tool: str, args: tuple[str, ...]) -> Run | None:
    line, _ = _scan(args, NX, len(args))
    targets = tuple(t for o in line.options.get("target", ()) for t in o.split(","))
    filters = tuple(p for o in line.options.get("filter", ()) for p in o.split(","))
    words = line.words
    if words[:1] == ("run-many",) and targets:
        return Run(tool, ((targets, True),), (), "", filters, every=True)
    if words[:1] == ("run",) and len(words) > 1 and ":" in words[1]:
        project, _, target = words[1].partition(":")
        return Run(tool, _one(target.split(":")[0]), (), "", (project,), every=True)
    own = (
        "build",
        "lint",
        "test",
        "graph",
        "reset",
        "migrate",
        "affected",
        "init",
        "add",
        "g",
        "generate",
        "exec",
        "run",
    )
    if len(words) == 2 and words[0] not in own:
        return Run(tool, _one(words[0]), (), "", (words[1],), every=True)
    return None


def _lerna(tool: str, args: tuple[str, ...]) -> Run | None:
    front = args[: args.index("--")] if "--" in args else args
    line, _ = _scan(front, LERNA if tool == "lerna" else WSRUN, len(front))
    words = line.words
    if tool == "lerna":
        if words[:1] != ("run",):
            return None
        words = words[1:]
    if not words:
        return None
    filters = tuple(line.options.get("filter", ()))
    tail = (*words[1:], *args[len(front) + 1 :])
    return Run(tool, _one(words[0]), tail, "", filters, every=True)


TOOLS: dict[str, Callable[[str, tuple[str, ...]], Run | None]] = {
    "npm": _npm, "yarn": _yarn, "yarnpkg": _yarn, "pnpm": _pnpm, "bun": _bun, "node": _node, "npm-run-all": _run_all,
    "npm-run-all2": _run_all, "run-p": _run_all, "run-s": _run_all, "turbo": _turbo, "nx": _nx, "lerna": _lerna,
    "wsrun": _lerna,
}  # fmt: skip
