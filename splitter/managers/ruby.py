"""A Ruby program that starts others: a launcher's script (spawn, fork, exec, system), or the configuration of a server.

It is read by its syntax tree and never run. A script that only starts others is replaced by what it starts. Puma,
Unicorn and their kin run their configuration as Ruby, with plug-ins and hooks that may start programs: the server
stays, and such a program leaves it where a variable or a patched configuration keeps the server from starting it too.
"""

import posixpath

from splitter.managers._launch import environment, folder, under, unfronted
from splitter.managers._packaged import packaged
from splitter.managers._starts import READ, Launcher, Starts
from splitter.model.facts import Gap, Process
from splitter.model.image import Image, normal

HINTS = ("fork", "spawn", "system(", "system ", "exec ", "exec(", "popen", "Open3")
MAX_SCRIPT = 1 << 17
VALUED = frozenset(("-C", "-E", "-I", "-r", "-K", "-F", "-W", "--encoding", "--external-encoding"))  # ruby(1)
OTHER = frozenset(("-e", "-n", "-p", "-c", "-v", "--version", "-h", "--help", "-S"))
SERVERS = frozenset(("puma", "unicorn", "unicorn_rails", "rainbows", "pitchfork", "rails", "rackup"))
# Programs in Ruby that other managers read, and those whose work is their own.
OTHERS = frozenset(("foreman", "sidekiq", "sidekiqswarm", "resque", "rake", "clockwork", "irb", "bundle", "bundler",
                    "gem", "thin", "falcon", "god", "eye", "bluepill", "whenever", "delayed_job", "ruby"))  # fmt: skip


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = unfronted(process.command.argv)
    if not argv or READ in process.notes or process.via[-1:] == ("ruby",):
        return None
    words = argv[1:] if posixpath.basename(argv[0]) == "thrust" and len(argv) > 1 else argv
    words = words[1:] if _is_ruby(words[0]) and posixpath.basename("".join(words[1:2])) in SERVERS else words
    if posixpath.basename(words[0]) in SERVERS:
        # The grammar of Ruby is loaded only where there is something to read with it.
        from splitter.managers import _ruby_server

        return _ruby_server.expand(process, words, image)
    found = _script(argv, process, image)
    if found is None:
        return None
    path, args = found
    text = image.read(path, MAX_SCRIPT)
    if not isinstance(text, str) or not _worth(text, path, image):
        return None
    from splitter.managers._ruby_flow import Flow

    def read(other: str) -> str | None:
        got = image.read(other, MAX_SCRIPT) if "/gems/" not in other else None
        return got if isinstance(got, str) else None

    flow = Flow(environment(process, image), folder(process, image), read, path, args)
    flow.root = _root(path)
    flow.run(text)
    # What a program waits for, that goes on with work of its own, is a step of it.
    events = [e for e in flow.events if not flow.serves or e.kind != "run" or e.beside or e.tail]
    return Launcher(process, image, Starts(events, flow.serves, flow.pauses)).children()


def _is_ruby(word: str) -> bool:
    return posixpath.basename(word).rstrip("0123456789.") in ("ruby", "jruby", "truffleruby")


def _script(argv: tuple[str, ...], process: Process, image: Image) -> tuple[str, tuple[str, ...]] | None:
    """The script's path and its arguments; None where the command is no script of an application."""
    name = posixpath.basename(argv[0])
    if not _is_ruby(argv[0]):
        path = image.which(argv[0], folder(process, image), process.env.get("PATH"))
        if path is None or name in OTHERS or packaged(argv, path):
            return None
        text = image.read(path, MAX_SCRIPT)
        first = text.split("\n", 1)[0].split() if isinstance(text, str) else []
        if not first or not first[0].startswith("#!") or not any(_is_ruby(w) for w in (first[0][2:], *first[1:2])):
            return None
        return path, argv[1:]
    words = argv[1:]
    while words and words[0].startswith("-") and words[0] != "--":
        if words[0] in OTHER:
            return None
        words = words[2:] if words[0] in VALUED else words[1:]
    words = words[1:] if words[:1] == ("--",) else words
    if not words or posixpath.basename(words[0]) in OTHERS:
        return None
    return under(process, image, words[0]), words[1:]


def _worth(text: str, path: str, image: Image) -> bool:
    """Whether a script, or a file that it takes in by its place, can start a program."""
    if any(hint in text for hint in HINTS):
        return True
    for line in text.splitlines():
        words = line.replace("(", " ").split()
        if words[:1] == ["require_relative"] and len(words) > 1:
            beside = normal(posixpath.join(posixpath.dirname(path), words[1].strip("\"')")))
            other = image.read(beside if beside.endswith(".rb") else f"{beside}.rb", MAX_SCRIPT)
            if isinstance(other, str) and any(hint in other for hint in HINTS):
                return True
    return False


def _root(path: str) -> str:
    """The folder of the application that a script of its `bin` or `script` belongs to."""
    place = posixpath.dirname(path)
    return posixpath.dirname(place) if posixpath.basename(place) in ("bin", "script", "scripts", "exe") else place
