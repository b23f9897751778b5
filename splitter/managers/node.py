"""A JavaScript file that only starts other programs (child_process, execa, zx, concurrently) is a launcher.

It is read by its syntax tree and never run. A script that is itself a server, a worker or a bot is no launcher, nor is
one of a package: it stays as it is, and where it starts processes beside its own work, that is told.
"""

import posixpath

from splitter.managers._launch import environment, folder, under, unfronted
from splitter.managers._packaged import packaged
from splitter.managers._starts import READ, Launcher, Starts
from splitter.model.facts import Gap, Process
from splitter.model.image import Image

HINTS = ("child_process", "execa", "cross-spawn", "concurrently", "zx", "Bun.spawn", "Bun.$")
PROGRAMS = ("node", "nodejs", "bun", "tsx", "zx", "ts-node")
SUFFIXES = (".js", ".mjs", ".cjs")
MAX_SCRIPT = 1 << 18  # larger ones are made by bundlers, of servers and their libraries
# node's options that take the next word (node(1)); those that make it do something else than run a file.
VALUED = frozenset((
    "-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C", "--conditions",
    "--title", "--env-file-if-exists", "--tsconfig", "-P", "--project",
))  # fmt: skip
OTHER = frozenset(("-e", "--eval", "-p", "--print", "-c", "--check", "-v", "--version", "-h", "--help", "-i", "--run",
                   "--test", "-pe"))  # fmt: skip


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = unfronted(process.command.argv)
    found = _script(argv, process, image) if argv and READ not in process.notes else None
    if found is None:
        return None
    program, path, args = found
    text = image.read(path, MAX_SCRIPT)
    if not isinstance(text, str) or not any(hint in text for hint in HINTS):
        return None
    # The grammar of JavaScript is loaded only where there is something to read with it.
    from splitter.managers._js_flow import Flow

    def read(other: str) -> str | None:
        got = image.read(other, MAX_SCRIPT) if "/node_modules/" not in other else None
        return got if isinstance(got, str) else None

    flow = Flow(environment(process, image), folder(process, image), read, program, (path, *args))
    flow.run(text, path)
    return Launcher(process, image, Starts(flow.events, flow.serves, flow.pauses, flow.writes)).children()


def _script(argv: tuple[str, ...], process: Process, image: Image) -> tuple[str, str, tuple[str, ...]] | None:
    """The interpreter, the script's path and its arguments; None where the command is no script of an application."""
    name = posixpath.basename(argv[0])
    words = argv[1:]
    if name not in PROGRAMS:
        path = image.which(argv[0], folder(process, image), process.env.get("PATH"))
        if path is None or "/node_modules/" in path or packaged(argv, path):
            return None
        text = image.read(path, MAX_SCRIPT)
        first = text.split("\n", 1)[0].split() if isinstance(text, str) else []
        if not first or not first[0].startswith("#!") or posixpath.basename(first[-1]) not in PROGRAMS:
            return None
        return posixpath.basename(first[-1]), path, words
    if name == "bun" and words[:1] == ("run",):
        words = words[1:]
    while words and words[0].startswith("-") and words[0] != "--":
        if words[0].partition("=")[0] in OTHER:
            return None
        words = words[2:] if words[0] in VALUED else words[1:]
    words = words[1:] if words[:1] == ("--",) else words
    if not words:
        return None
    path = under(process, image, words[0])
    if not path.endswith(SUFFIXES):
        path = next((p for p in (path + end for end in SUFFIXES) if image.is_file(p)), "")
    return (argv[0], path, words[1:]) if path and "/node_modules/" not in path else None
