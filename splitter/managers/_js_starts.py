"""The functions of Node and of a few packages that start a program, or are a server: what each call of them comes to.

child_process, cross-spawn, execa, zx, Bun and `concurrently` as a function, by their documentation.
"""

import posixpath
from collections.abc import Mapping

from splitter.managers._javascript import Reader
from splitter.managers._js_expressions import Read
from splitter.managers._js_methods import method
from splitter.managers._js_values import (
    UNDEFINED,
    Array,
    Function,
    Late,
    Module,
    Node,
    Object,
    Pending,
    Undefined,
    Unknown,
    Value,
    string,
)
from splitter.managers._starts import MAX_EVENTS, Event
from splitter.managers._supervisor import CLOSE, OPEN

BUILTIN = frozenset((
    "child_process", "path", "os", "fs", "process", "url", "util", "timers", "timers/promises", "fs/promises",
    "path/posix", "readline", "events", "net", "http", "https", "dns", "crypto", "stream", "module",
))  # fmt: skip
PACKAGES = frozenset(("cross-spawn", "execa", "zx", "concurrently", "bun"))
# What these do runs in the script itself: it is a program then, and what it starts are its helpers.
SERVERS = frozenset((
    "express", "fastify", "koa", "@hapi/hapi", "@nestjs/core", "restify", "polka", "hono", "@hono/node-server", "ws",
    "socket.io", "next", "nuxt", "bull", "bullmq", "bee-queue", "agenda", "node-cron", "cron", "croner", "discord.js",
    "telegraf", "amqplib", "kafkajs", "mqtt", "worker_threads", "cluster", "node-schedule", "graphile-worker",
    "http-proxy", "apollo-server", "@apollo/server", "electron", "pm2",
))  # fmt: skip
SERVES = frozenset(("listen", "createServer", "createSecureServer"))
# Function -> how it starts: `start`, or `run`, which waits for the end; its command is a shell line or not.
PLAIN: Mapping[str, tuple[str, bool]] = {
    "child_process.spawn": ("start", False), "child_process.execFile": ("start", False),
    "child_process.exec": ("start", True), "child_process.spawnSync": ("run", False),
    "child_process.execFileSync": ("run", False), "child_process.execSync": ("run", True),
    "cross-spawn": ("start", False), "cross-spawn.spawn": ("start", False), "cross-spawn.sync": ("run", False),
    "execa": ("start", False), "execa.execa": ("start", False), "execa.execaSync": ("run", False),
    "execa.sync": ("run", False), "execa.node": ("start", False), "execa.execaNode": ("start", False),
    "execa.execaCommand": ("start", True), "execa.command": ("start", True), "execa.execaCommandSync": ("run", True),
    "Bun.spawn": ("start", False), "bun.spawn": ("start", False), "Bun.spawnSync": ("run", False),
    "child_process.fork": ("start", False), "$": ("start", True), "zx.$": ("start", True),
    "execa.$": ("start", True), "bun.$": ("start", True),
}  # fmt: skip
# Those whose output is given back where nothing is said of it.
QUIET = ("execa", "$", "zx.$", "bun.$", "child_process.exec", "child_process.execFile")
PROMISED = "promised "


class Starting(Reader):
    """Calls of the library; the calls of the script's own functions are the work of the class that builds on this."""

    def __init__(self, env: Mapping[str, str], cwd: str, read: Read, program: str, argv: tuple[str, ...]) -> None:
        super().__init__(env, cwd, read)
        self.program, self.words = program, argv
        self.set: dict[str, object] = {}
        self.events: list[Event] = []
        self.serves = ""
        self.pauses: dict[int, float] = {}
        self.guards: list[str] = []
        self.offs: list[str] = []
        self.rounds: list[int] = []
        self.writes: list[tuple[str, str, int]] = []
        self.bare: set[int] = set()  # calls whose value nobody uses

    def place(self, node: Node) -> tuple[str, int]:
        raise NotImplementedError

    def served(self, what: str) -> None:
        if not self.offs:
            self.serves = self.serves or what

    def required(self, name: str, node: Node) -> Value:
        plain = name.removeprefix("node:")
        if plain in SERVERS:
            self.served(plain)
        if plain in BUILTIN or plain in PACKAGES:
            return Module(plain)
        return super().required(name, node)

    def constant(self, name: str) -> Value | None:
        """The value of a name of the library; None where it has none here."""
        if name in ("process.execPath", "process.argv0"):
            return self.program
        if name == "process.argv":
            return Array((self.program, *self.words))
        if name in ("child_process.default", "execa.default", "cross-spawn.default", "path.default", "path.posix"):
            return Module(name.partition(".")[0])
        if name in ("concurrently.default", "concurrently.concurrently"):
            return Module("concurrently")
        return {"process.platform": "linux", "path.sep": "/"}.get(name)

    def library(self, name: str, args: list[Value], node: Node) -> Value | None:
        """What a function of the library gives; None where it is not one of these."""
        promised = name.startswith(PROMISED)
        name = name.removeprefix(PROMISED)
        if name in PLAIN:
            return self.started(name, args, node, promised)
        if name == "concurrently":
            return self.side_by_side(args, node)
        if name == "util.promisify" and args:
            return Module(PROMISED + args[0].name) if isinstance(args[0], Module) else args[0]
        if name in ("Bun.serve", "cluster.fork") or name.rpartition(".")[2] in SERVES:
            self.served(f"{name}()")
            return None
        if name == "process.chdir" and args and isinstance(args[0], str):
            self.cwd = posixpath.normpath(posixpath.join(self.cwd, args[0]))
            return UNDEFINED
        if name == "url.fileURLToPath" and args and isinstance(args[0], str):
            return args[0].removeprefix("file://")
        if name.removeprefix("fs/promises.").removeprefix("fs.promises.").removeprefix("fs.").removesuffix("Sync") in (
            "writeFile", "appendFile",
        ):  # fmt: skip
            if not self.offs:
                path, at = self.place(node)
                self.writes.append((shown if (shown := string(args[0]) if args else None) else "a file", path, at))
            return UNDEFINED
        if name.startswith(("timers/promises.setTimeout", "Bun.sleep")) and args:
            self.pause(args[0])
            return Pending()
        holder, _, method_name = name.rpartition(".")
        if not holder:
            return None
        return method(Module(holder), method_name, args, lambda f, a: UNDEFINED, self.cwd, self.line(node))

    def pause(self, milliseconds: Value) -> None:
        """The pause of the loop that is being followed."""
        if self.rounds and isinstance(milliseconds, int | float) and 0 < milliseconds < 1e10:
            self.pauses[self.rounds[-1]] = milliseconds / 1000

    def started(self, name: str, args: list[Value], node: Node, promised: bool) -> Value:
        kind, line = PLAIN[name]
        words = list(args)
        options = next((a for a in words[1:] if isinstance(a, Object)), Object())
        first = words[0] if words else UNDEFINED
        if name.startswith(("Bun.spawn", "bun.spawn")):
            given: Value = Array(first[1:]) if isinstance(first, Array) else UNDEFINED
            first = first[0] if isinstance(first, Array) and first else first
        else:
            given = words[1] if len(words) > 1 and not isinstance(words[1], Object | Function) else UNDEFINED
        front: list[object] = []
        if name == "child_process.fork" or name in ("execa.node", "execa.execaNode"):
            flags = options.get("execArgv", UNDEFINED)
            front = [self.program, *(map(_word, flags) if isinstance(flags, Array) else ())]
        notes: tuple[str, ...] = ()
        rest: list[object] = []
        if isinstance(given, Array):
            rest = [_word(a) for a in given]
            notes = tuple(f"it may be given more words: {u.what}" for u in given.lost)
        elif isinstance(given, Unknown):
            rest = [given]
        argv: object = _word(first) if line else [*front, _word(first), *rest]
        shell = options.get("shell", False)
        if not line and (shell is True or isinstance(shell, str)) and isinstance(argv, list):
            line, argv = True, " ".join(argv) if all(isinstance(w, str) for w in argv) else argv
        quiet = (name.startswith(QUIET) and (promised or not name.startswith("child_process."))) or kind == "run"
        quiet = quiet and not _inherits(options)
        if kind == "run" and quiet and node.id not in self.bare:
            return self.lost(node)  # its output is read, or its status
        pending = Pending([len(self.events)], child=True, quiet=quiet)
        event = self.made(kind, argv, options, node, line, notes)
        if not self.event(event):
            return self.lost(node)
        if kind == "run":
            return self.lost(node)
        if args and isinstance(args[-1], Function) and name.startswith("child_process.exec"):
            self.after(pending, args[-1], node)
        return pending

    def after(self, pending: Pending, handler: Value, node: Node) -> None:
        raise NotImplementedError

    def side_by_side(self, args: list[Value], node: Node) -> Value:
        """`concurrently([...])`: commands, or objects of a command, its name, folder and environment."""
        commands = args[0] if args else UNDEFINED
        if not isinstance(commands, Array):
            return self.lost(node)
        shared = args[1] if len(args) > 1 and isinstance(args[1], Object) else Object()
        pending = Pending(several=True)
        for one in commands:
            item = one if isinstance(one, Object) else Object(command=one)
            pending.events.append(len(self.events))
            event = self.made("start", _word(item.get("command", UNDEFINED)), Object({**shared, **item}), node, True)
            event.name = name if isinstance(name := item.get("name", ""), str) else ""
            self.event(event)
        return Object(result=pending, commands=self.lost(node))

    def made(
        self, kind: str, argv: object, options: Object, node: Node, line: bool, notes: tuple[str, ...] = ()
    ) -> Event:
        cwd, env, uid = options.get("cwd"), options.get("env"), options.get("uid")
        changes: dict[str, object] = {}
        for key, value in env.items() if isinstance(env, Object) else ():
            if not isinstance(value, Late | Undefined):
                text = string(value)
                changes[key] = value if text is None else text
            elif isinstance(value, Late) and value.name != key:
                changes[key] = _word(value)
        path, at = self.place(node)
        return Event(
            kind=kind,
            argv=argv,
            path=path,
            line=at,
            shell=line,
            cwd=posixpath.join(self.cwd, cwd) if isinstance(cwd, str) else self.cwd,
            env={**self.set, **changes},
            user=str(uid) if isinstance(uid, int) else "",
            notes=(*(f"only where {guard}" for guard in self.guards), *notes),
            off=" and ".join(self.offs),
            loop=bool(self.rounds),
            round=self.rounds[-1] if self.rounds else -1,
        )

    def event(self, event: Event) -> bool:
        if len(self.events) >= MAX_EVENTS:
            return False
        self.events.append(event)
        return True


def _word(value: Value) -> object:
    """A word of a command; a variable that nobody has set stays one."""
    if isinstance(value, Late):
        return f"{OPEN}{value.name}{CLOSE}"
    text = string(value)
    return value if text is None else text


def _inherits(options: Object) -> bool:
    """Whether the child writes to where the script itself does."""
    said = options.get("stdio", options.get("stdout", UNDEFINED))
    return said == "inherit" or (isinstance(said, Array) and any(s in ("inherit", 1) for s in said))
