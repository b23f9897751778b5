"""RUN: what a shell line leaves behind, as far as its commands only make, move or write files."""

import posixpath
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace

from splitter.model.image import Node, normal
from splitter.shell.calls import Call
from splitter.shell.effects import effects
from splitter.shell.evaluate import evaluate
from splitter.sources._context import Graft, StageTree
from splitter.sources._enable import enabled
from splitter.sources._parse import Instruction, Text
from splitter.sources._stage import Stage

MAX_CALLS = 20_000  # of one RUN with the scripts it starts
MAX_CUT = 200  # calls of a script that could not be read to its end; such a one is not read twice
MAX_DEPTH = 8
MAX_NOTE = 160
FETCHERS = frozenset(("curl", "wget", "git", "svn", "aria2c", "tar", "unzip", "7z", "rsync"))
SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh"))
# Commands that leave nothing behind that a later stage of reading could need.
QUIET = frozenset((
    "[", "[[", "break", "cat", "cd", "continue", "date", "declare", "df", "du", "echo", "env", "eval", "exec", "exit",
    "export", "false", "fc-cache", "find", "getent", "grep", "head", "id", "ldconfig", "let", "local", "ls", "nproc",
    "printenv", "printf", "pwd", "read", "readonly", "return", "rm", "set", "setcap", "shift", "sleep", "sort", "stat",
    "sync", "tail", "test", "trap", "true", "type", "uname", "ulimit", "umask", "unset", "wait", "which", "whoami",
    ":", ".", "source",
))  # fmt: skip


def run(stage: Stage, one: Instruction, text: Text, mounts: dict[str, Graft | Node]) -> None:
    """Let a RUN take effect on a stage; `mounts` are what its --mount flags lay over the files meanwhile."""
    script, line, shell = _script(stage, one, text)
    if posixpath.basename(shell) not in SHELLS:
        stage.not_known(one, "RUN")
        return
    _Run(stage, one, mounts, posix_echo=posixpath.basename(shell) == "sh").script(script, stage.at, line)


def _script(stage: Stage, one: Instruction, text: Text) -> tuple[str, int, str]:
    """The shell text of a RUN, the line it begins at, and the shell that reads it."""
    shell = stage.shell[0] if stage.shell else "/bin/sh"
    if one.json:
        if len(one.words) == 3 and posixpath.basename(one.words[0]) in SHELLS and one.words[1].strip("-euxol") == "c":
            return one.words[2], one.line, one.words[0]
        return shlex.join(one.words), one.line, "/bin/sh"
    words = " ".join(one.words)
    if not one.docs:
        return *_with_lines(one, words, text), shell
    bodies = "".join(f"{body}{name}\n" for name, body in one.docs)
    head = one.end - bodies.count("\n")
    if words.split() != [words] or not words.lstrip("0123456789").startswith("<<"):
        return f"{words}\n{bodies}", head, shell
    # A here-document alone is the script itself, read by the interpreter that its first line names.
    body = one.docs[0][1]
    if words.startswith("<<-"):
        body = "".join(part.lstrip("\t") for part in body.splitlines(keepends=True))
    first = body.split("\n", 1)[0]
    return body, head + 1, _interpreter(first) or shell if first.startswith("#!") else shell


def _with_lines(one: Instruction, words: str, text: Text) -> tuple[str, int]:
    """The text with its line ends put back, so that what is read in it has its own line in the Dockerfile."""
    raw = text.lines[one.line - 1 : one.end]
    if text.escape != "\\":
        return words, one.line
    kept = [line.rstrip("\r") for line in raw]
    kept = ["\\" if i and (not line.strip() or line.lstrip().startswith("#")) else line for i, line in enumerate(kept)]
    kept = [cut if (cut := line.rstrip(" \t")).endswith("\\") else line for line in kept]
    whole = "\n".join(kept)
    # The parser joins lines without their last backslash; what it gives is found again, and where that stands.
    starts: list[int] = []
    flat, at = "", 0
    for line in kept:
        body = line.removesuffix("\\")
        flat += body
        starts += range(at, at + len(body))
        at += len(line) + 1
    found = flat.rfind(words)
    if found < 0 or not words or flat[found + len(words) :].strip():
        return words, one.line
    start = starts[found]
    return whole[start:], one.line + whole.count("\n", 0, start)


def _interpreter(line: str) -> str:
    words = line[2:].split()
    if words and posixpath.basename(words[0]) == "env":
        words = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
    return words[0] if words else ""


def _note(call: Call, part: Call) -> str:
    """What is said of a command whose result is not known: enough to find what it fetched, and of others the verb."""
    parts = (call, *call.pipe)
    if any(posixpath.basename(one.argv[0]) in FETCHERS for one in parts):
        said = " | ".join(" ".join(one.argv) for one in parts)
        return said if len(said) <= MAX_NOTE else said[: MAX_NOTE - 3] + "..."
    return " ".join([w for w in part.argv[:4] if not w.startswith("-")][:2])


def _environment(call: Call) -> str:
    """The folder that a command makes for a virtual environment of Python; "" for any other command."""
    argv = call.argv
    python = posixpath.basename(argv[0]).startswith("python") and argv[1:3] == ("-m", "venv")
    words = argv[3:] if python else argv[2:] if argv[:2] == ("uv", "venv") else argv[1:]
    if not python and argv[:2] != ("uv", "venv") and posixpath.basename(argv[0]) != "virtualenv":
        return ""
    plain = [w for w in words if not w.startswith("-") and "$" not in w and "/" in w]
    return normal(posixpath.join(call.cwd or "/", plain[-1])) if plain else ""


class _Run:
    def __init__(self, stage: Stage, one: Instruction, mounts: dict[str, Graft | Node], posix_echo: bool) -> None:
        self.stage, self.one, self.posix_echo = stage, one, posix_echo
        self.mounts = tuple(mounts)
        self.tree = stage.tree
        if mounts:
            self.tree = stage.tree.copy()
            for path, what in mounts.items():
                if isinstance(what, Graft):
                    self.tree.graft(path, what)
                else:
                    self.tree.put(path, what)
        self.image = replace(stage.image(), tree=self.tree)
        self.left = MAX_CALLS

    def script(self, text: str, path: str, line: int, args: tuple[str, ...] = (), depth: int = 0,
               call: Call | None = None) -> None:  # fmt: skip
        home = {} if self.stage.config.user not in ("", "root", "0") else {"HOME": "/root"}
        env = {**home, **self.stage.env, **(call.env if call else {})}
        cwd = (call.cwd if call else "") or self.stage.config.workdir or "/"
        self.stage.fetched(self.one, text)
        padded = "\n" * (line - 1) + text
        trace = evaluate(padded, path=path, args=args, env=env, cwd=cwd, files=self.image)
        if trace.unread and len(trace.calls) > MAX_CUT:
            self.stage.too_rich.add(path)
        self.calls(trace.calls, depth)

    def calls(self, calls: Iterable[Call], depth: int) -> None:
        for call in calls:
            self.left -= 1
            if self.left < 0:
                self.stage.not_known(self.one, "more commands than are read")
                return
            if not call.off and call.words:
                self.call(call, depth)

    def call(self, call: Call, depth: int) -> None:
        changes = effects(call, self.image, posix_echo=self.posix_echo)
        if changes is None:
            changes = enabled(call, self.image, self.stage.evidence(self.one))
        if changes is not None:
            self.write(changes, sure=not call.guards)
            return
        found = self.called(call)
        if found is not None and depth < MAX_DEPTH and found[0] not in self.stage.too_rich:
            path, text, args = found
            self.script(text, path, 1, args, depth + 1, call)
            return
        for part in (call, *call.pipe):
            program = posixpath.basename(part.argv[0])
            if (folder := _environment(part)) and self.tree.lookup(folder) is None:
                # What is in it is not known; that it is a folder says where a COPY to it puts a file.
                self.write({folder: Node("dir", 0o755, origin=self.stage.evidence(self.one))}, sure=not call.guards)
            if program not in QUIET or any(r.op.startswith(">") or r.op == "&>" for r in part.redirects):
                self.stage.not_known(self.one, _note(call, part))
                return

    def called(self, call: Call) -> tuple[str, str, tuple[str, ...]] | None:
        """The shell script that a call starts, where it is at hand: its path, text and arguments."""
        argv = list(call.argv)
        if posixpath.basename(argv[0]) in SHELLS:
            argv.pop(0)
            while argv and argv[0].startswith("-"):
                if "c" in argv.pop(0):
                    return None
            if not argv:
                return None
        elif posixpath.basename(argv[0]) in QUIET:
            return None
        path = self.image.which(argv[0], call.cwd or "/", self.image.config.env.get("PATH"))
        if path is None and "/" not in argv[0] and argv != list(call.argv):
            path = normal(posixpath.join(call.cwd or "/", argv[0]))
        text = self.image.read(path) if path else None
        if not isinstance(text, str) or path is None:
            return None
        first = text.split("\n", 1)[0]
        if argv == list(call.argv) and first.startswith("#!") and posixpath.basename(_interpreter(first)) not in SHELLS:
            return None
        return path, text, tuple(argv[1:])

    def write(self, changes: Mapping[str, Node | None], sure: bool) -> None:
        for path, node in changes.items():
            if not sure and (node is None or self.tree.lookup(path) is not None):
                continue
            origin = node.origin if node is not None else None
            if node is not None and origin is None:
                node = replace(node, origin=self.stage.evidence(self.one))
            self._put(self.tree, path, node)
            if self.tree is not self.stage.tree and not self.mounted(path):
                self._put(self.stage.tree, path, node)

    def mounted(self, path: str) -> bool:
        return any(path == m or path.startswith(m.rstrip("/") + "/") for m in self.mounts)

    @staticmethod
    def _put(tree: StageTree, path: str, node: Node | None) -> None:
        if node is None:
            tree.remove(path)
        else:
            tree.put(path, node)
