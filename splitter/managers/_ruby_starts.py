"""The methods of Ruby that start a program, or are a server: what each call of them comes to.

Kernel#spawn, #system, #exec, #fork and backquotes, Process, IO.popen, Open3 and PTY, by Ruby's documentation of
Process ("Execution Context", "Command Argument"): a mapping in front is the environment, one at the end are options.
"""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager

from splitter.managers._ruby_library import Library
from splitter.managers._ruby_values import Late, Node, Started, Thread, Unknown, source, text
from splitter.managers._starts import MAX_EVENTS, Event

# Holder and method -> how it starts: `start`, `run` (waits for the end), `exec`, or `read` (only its output counts).
STARTS = {
    "spawn": "start", "system": "run", "exec": "exec", "Process.spawn": "start", "Process.exec": "exec",
    "Kernel.spawn": "start", "Kernel.system": "run", "Kernel.exec": "exec", "IO.popen": "start", "PTY.spawn": "start",
    "Open3.popen3": "start", "Open3.popen2": "start", "Open3.popen2e": "start", "Open3.capture2": "read",
    "Open3.capture2e": "read", "Open3.capture3": "read", "Kernel.`": "read", "POSIX::Spawn.spawn": "start", "sh": "run",
    "POSIX::Spawn.system": "run", "Rake.sh": "run", "FileUtils.sh": "run", "PTY.getpty": "start",
}  # fmt: skip
# What these do goes on in the program itself: it is more than a launcher then.
SERVES = frozenset((
    "Rack::Server.start", "Rackup::Server.start", "Rack::Handler.default", "WEBrick::HTTPServer.new", "TCPServer.new",
    "TCPServer.open", "UNIXServer.new", "UNIXServer.open", "Socket.tcp_server_loop", "Socket.unix_server_loop",
    "EM.run", "EventMachine.run", "Puma::CLI.new", "Puma::Launcher.new", "Puma::Server.new", "Async.run", "Listen.to",
    "Unicorn::HttpServer.new", "Thin::Server.start", "Thin::Server.new", "Sinatra::Application.run!", "Clockwork.run",
    "Rufus::Scheduler.new", "Rufus::Scheduler.singleton", "Rails::Server.new", "Rails::Command.invoke", "Thor.start",
    "DRb.start_service", "Resque::Worker.new", "Delayed::Worker.new", "Sneakers::Runner.new", "Discordrb::Bot.new",
    "Telegram::Bot::Client.run", "Rake.application", "Async::HTTP::Server.new", "GRPC::RpcServer.new",
    "Sidekiq::CLI.instance",
))  # fmt: skip
REQUIRES = {"sinatra": "Sinatra", "rails/commands": "the commands of Rails", "rails/cli": "the commands of Rails",
            "spring/binstub": "Spring", "roda": "Roda", "rack/handler/puma": "Puma", "agoo": "agoo"}  # fmt: skip
WAITS = frozenset(("wait", "value", "join", "read", "gets", "close", "each_line", "readlines", "pid"))


class Starts(Library):
    """The starts of one program, in order."""

    events: list[Event]
    serves: str
    guards: list[str]
    offs: list[str]
    rounds: list[int]
    beside: int
    each: str = ""  # what starts anew for every worker of a server

    def place(self, node: Node) -> tuple[str, int]:
        raise NotImplementedError

    def started(self, kind: str, args: list[object], node: Node) -> Started:
        """One start with the arguments of the call that makes it."""
        given = list(args)
        env = given.pop(0) if given and isinstance(given[0], dict) else {}
        options = given.pop() if given and isinstance(given[-1], dict) else {}
        if not isinstance(env, dict) or not isinstance(options, dict):
            return Started()
        if len(given) == 1 and isinstance(given[0], list):  # of IO.popen, or [program, its name]
            given = given[0]
            if given and isinstance(given[0], dict):
                env, given = given[0], given[1:]
        elif given and isinstance(given[0], list) and given[0]:
            given = [given[0][0], *given[1:]]
        line = len(given) == 1
        argv: object = given[0] if line else [self.word(w) for w in given]
        argv = text(argv) if isinstance(argv, Late) else argv
        if line and isinstance(argv, str) and not set(argv) & set(" \t\n;&|<>$*?()`\"'\\~#=%[]{}"):
            argv, line = [argv], False  # without a shell, as Ruby itself does it
        where = options.get("chdir")
        path, at = self.place(node)
        notes = [f"only where {guard}" for guard in self.guards]
        if options.get("unsetenv_others") is True:
            notes.append("it is given only these variables, not the container's")
        if self.each:
            notes.append(self.each)
        event = Event(
            kind=kind,
            argv=argv,
            path=path,
            line=at,
            shell=line,
            cwd=posixpath.join(self.cwd, where) if isinstance(where, str) else self.cwd,
            env={**self.set, **{k: text(v) or "" if v is None else v for k, v in env.items()}},
            notes=tuple(notes),
            off=" and ".join(self.offs),
            beside=self.beside > 0,
            loop=bool(self.rounds),
            round=self.rounds[-1] if self.rounds else -1,
            target=node,
        )
        if kind == "read" and not (isinstance(argv, str) and argv.rstrip().endswith("&")):
            return Started()
        event.kind = "run" if kind == "read" else kind
        if len(self.events) < MAX_EVENTS:
            self.events.append(event)
            return Started([len(self.events) - 1])
        return Started()

    @staticmethod
    def word(value: object) -> object:
        made = text(value)
        return value if made is None else made

    def waited(self, holder: object) -> None:
        """A child is waited for: with more to come after it, it was a step."""
        for at in holder.events if isinstance(holder, Started | Thread) else ():
            if not self.beside:
                self.events[at].waited = not any(e.kind != "exec" for e in self.events[at + 1 :])

    def served(self, what: str) -> None:
        if not self.offs:
            self.serves = self.serves or what

    @contextmanager
    def apart(self, beside: bool = True) -> Iterator[None]:
        """A child of its own: what it changes of the environment and the folder stays with it."""
        env, cwd, changes, rounds = dict(self.env), self.cwd, dict(self.set), self.rounds
        self.beside += beside
        try:
            yield
        finally:
            self.beside -= beside
            self.env, self.cwd, self.set, self.rounds = env, cwd, changes, rounds

    def _subshell(self, node: Node, scope: object, depth: int) -> object:
        line = self._string(node, scope, depth)  # type: ignore[arg-type]
        if isinstance(line, str):
            self.started("read", [line], node)
        return Unknown(source(node)[:80])
