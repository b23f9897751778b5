"""The calls of a Python launcher: those that start a process become events, those of the script's own are followed."""

import ast
import posixpath
from collections.abc import Callable, Sequence

from splitter.managers._python_arguments import Parser
from splitter.managers._python_expressions import Expressions, shown
from splitter.managers._python_library import NOT_KNOWN, Library
from splitter.managers._python_values import (
    Class,
    Environ,
    Function,
    Instance,
    Module,
    Name,
    Scope,
    Started,
    Super,
    Unknown,
    known,
)
from splitter.managers._starts import MAX_EVENTS, Event

# Calls that turn the script itself into a server: it is a program then, and no launcher.
SERVES = frozenset(
    (
        "uvicorn.run", "hypercorn.run", "waitress.serve", "bottle.run", "web.run_app", "aiohttp.web.run_app",
        "http.server.HTTPServer", "socketserver.TCPServer", "django.core.management.execute_from_command_line",
        "execute_from_command_line", "cherrypy.quickstart", "gevent.pywsgi.WSGIServer",
        "tornado.ioloop.IOLoop.current", "grpc.server",
    )
)  # fmt: skip
SERVING = frozenset(
    ("serve_forever", "run_forever", "run_app", "start_polling", "run_polling", "mainloop", "start_consuming")
)
RUNS = ("subprocess.run", "subprocess.call", "subprocess.check_call")
BESIDE = ("asyncio.gather", "asyncio.create_task", "asyncio.ensure_future", "asyncio.wait")
POPEN = ("subprocess.Popen",)
PROCESSES = ("multiprocessing.Process", "multiprocessing.context.Process", "torch.multiprocessing.Process")
THREADS = ("threading.Thread", "multiprocessing.dummy.Process")
ENDS = ("sys.exit", "exit", "quit", "os._exit")


_NAMESPACE = ast.ClassDef(name="Namespace", bases=[], keywords=[], body=[], decorator_list=[])
KINDS = {"str": str, "int": int, "list": list, "dict": dict, "tuple": tuple, "bool": bool, "float": float}


class End(Exception):
    """The script ends, or becomes another program; `failed` where it gives up."""

    def __init__(self, failed: bool) -> None:
        self.failed = failed


class Return(Exception):
    def __init__(self, value: object) -> None:
        self.value = value


class Calls(Expressions):
    """The calls of one script; its statements are the work of the class that builds on this one."""

    def __init__(self, library: Library, read: Callable[[str], str | None]) -> None:
        super().__init__(library)
        self.read = read
        self.events: list[Event] = []
        self.serves = ""
        self.guards: list[str] = []
        self.offs: list[str] = []
        self.beside = 0
        self.modules: dict[str, Module | None] = {}
        self.stack: list[tuple[Function, ast.AST]] = []
        self.paths: list[str] = [posixpath.dirname(library.script)]
        self.pauses: dict[int, float] = {}
        self.rounds: list[int] = []
        self.count = 0

    def body(self, nodes: Sequence[ast.stmt], scope: Scope, module: Module) -> None:
        raise NotImplementedError

    def call(self, node: ast.Call, scope: Scope, module: Module) -> object:
        holder: object = None
        if isinstance(node.func, ast.Attribute):
            holder = self.value(node.func.value, scope, module)
            function = self.attribute(holder, node.func.attr, node.func)
        else:
            function = self.value(node.func, scope, module)
        full = function.full if isinstance(function, Name) else ""
        beside = full in BESIDE or (
            isinstance(node.func, ast.Attribute) and node.func.attr in ("create_task", "submit")
        )
        self.beside += beside
        try:
            args: list[object] = []
            for one in node.args:
                got = self.value(one.value if isinstance(one, ast.Starred) else one, scope, module)
                args += list(got) if isinstance(one, ast.Starred) and isinstance(got, list | tuple) else [got]
            more: dict[str, object] = {}
            for keyword in node.keywords:
                got = self.value(keyword.value, scope, module)
                if keyword.arg:
                    more[keyword.arg] = got
                elif isinstance(got, dict):
                    more.update(got)
            if isinstance(node.func, ast.Attribute) and node.func.attr == "submit" and args:
                self.invoke(args[0], args[1:], {}, node)
                return Unknown()
        finally:
            self.beside -= beside
        if isinstance(node.func, ast.Attribute) and not isinstance(function, Name | Function | Class):
            got = self.of_object(holder, node.func.attr, args, more, node)
            if got is not NOT_KNOWN:
                return got
        if full:
            return self.library_call(full, args, more, node, module)
        return self.invoke(function, args, more, node)

    def of_object(
        self, holder: object, name: str, args: list[object], more: dict[str, object], node: ast.Call
    ) -> object:
        """A method of a value that the script made; NOT_KNOWN where it has none here."""
        if isinstance(holder, Started):
            if name == "start":
                self.begin(holder, node)
            elif name in ("wait", "communicate", "join") and holder.event >= 0 and not self.beside:
                later = any(e.kind != "exec" for e in self.events[holder.event + 1 :])
                self.events[holder.event].waited = not later
            return Unknown()
        if isinstance(holder, Parser):
            return self.parser_call(holder, name, args, more)
        if isinstance(holder, Instance) and holder.items is not None:
            holder = holder.items
        if name in SERVING or (name in ("run", "launch") and isinstance(holder, Unknown) and not more.get("target")):
            if not self.offs:
                self.serves = self.serves or f"{name}()"
            return Unknown()
        return self.library.method(holder, name, args, more)

    def parser_call(self, parser: Parser, name: str, args: list[object], more: dict[str, object]) -> object:
        """A method of an ArgumentParser."""
        if name == "add_argument":
            parser.add(args, more)
        if name in ("add_argument_group", "add_mutually_exclusive_group"):
            return parser
        if name not in ("parse_args", "parse_known_args"):
            return Unknown(name)
        given = args[0] if args else None
        words = list(map(str, given)) if isinstance(given, list) and known(given) else list(self.library.argv[1:])
        parsed = parser.parse(words)
        if parsed is None:
            return Unknown(name)
        values = Instance(Class(_NAMESPACE, Module("", "argparse")), parsed[0])
        return [values, list(parsed[1])] if name == "parse_known_args" else values

    def begin(self, started: Started, node: ast.Call) -> None:
        """`Process(target=f).start()` and `Thread(target=f).start()`."""
        before = len(self.events)
        self.beside += 1
        try:
            self.invoke(started.target, list(started.args), {}, node)
        finally:
            self.beside -= 1
        if len(self.events) == before and not started.thread:
            target = started.target
            started.event = len(self.events)
            path, line = self.place(node)
            self.event(
                Event("function", list(started.args), path, line, cwd=self.library.cwd, env=dict(self.library.set),
                      name=started.name, target=target)
            )  # fmt: skip

    def place(self, node: ast.AST) -> tuple[str, int]:
        """Where a start is written: the call that names the command, not the helper that it is handed to."""
        at = len(self.stack)
        if at and (made := _worked_out(node, self.stack[-1][0])) is not None:
            return made
        while at and _handed(node, self.stack[at - 1][0]):
            node = self.stack[at - 1][1]
            at -= 1
        path = self.stack[at - 1][0].module.path if at else self.library.script
        return path, getattr(node, "lineno", 1)

    def invoke(self, function: object, args: list[object], more: dict[str, object], node: ast.AST) -> object:
        """Call a function or a class of the script."""
        if isinstance(function, Class):
            made = Instance(function, items={} if function.mapping() else None)
            init = function.find("__init__")
            if isinstance(init, Function):
                self.invoke(self.bound(init, made), args, more, node)
            return made
        if isinstance(function, Name) and isinstance(node, ast.Call):
            return self.library_call(function.full, args, more, node, Module(self.library.script, "__main__"))
        if not isinstance(function, Function) or sum(f.node is function.node for f, _ in self.stack) > 1:
            return Unknown(shown(node))
        inner = Scope(above=function.scope or function.module.scope)
        given = [function.bound, *args] if function.bound is not None else list(args)
        self.bind(function, given, more, inner)
        self.stack.append((function, node))
        self.depth += 1
        self.step()
        try:
            if isinstance(function.node, ast.Lambda):
                return self.value(function.node.body, inner, function.module)
            self.body(function.node.body, inner, function.module)
        except Return as returned:
            return returned.value
        finally:
            self.depth -= 1
            self.stack.pop()
        return None

    def bind(self, function: Function, given: list[object], more: dict[str, object], inner: Scope) -> None:
        names = function.node.args
        plain = [*names.posonlyargs, *names.args]
        defaults = dict(zip([a.arg for a in plain][::-1], names.defaults[::-1], strict=False))
        for at, argument in enumerate(plain):
            if at < len(given):
                inner.names[argument.arg] = given[at]
            elif argument.arg in more:
                inner.names[argument.arg] = more[argument.arg]
            elif argument.arg in defaults:
                inner.names[argument.arg] = self.value(defaults[argument.arg], inner, function.module)
            else:
                inner.names[argument.arg] = Unknown(argument.arg)
        for argument, default in zip(names.kwonlyargs, names.kw_defaults, strict=True):
            value = more.get(argument.arg, self.value(default, inner, function.module) if default else Unknown())
            inner.names[argument.arg] = value
        if names.vararg is not None:
            inner.names[names.vararg.arg] = given[len(plain) :]
        if names.kwarg is not None:
            inner.names[names.kwarg.arg] = {k: v for k, v in more.items() if k not in {a.arg for a in plain}}

    def library_call(
        self, full: str, args: list[object], more: dict[str, object], node: ast.Call, module: Module
    ) -> object:
        short = full.removeprefix("asyncio.subprocess.").removeprefix("asyncio.")
        if full in POPEN or short in ("create_subprocess_exec", "create_subprocess_shell"):
            argv = args if short == "create_subprocess_exec" else args[0] if args else more.get("args")
            started = Started(len(self.events))
            event = self.made("start", argv, more, node, shell=short == "create_subprocess_shell")
            return started if self.event(event) else Unknown()
        if full in RUNS:
            if more.get("capture_output") is True or more.get("stdout") == Name("subprocess.PIPE"):
                return Unknown()
            self.event(self.made("run", args[0] if args else more.get("args"), more, node))
            return Unknown()
        if full == "os.system" and args:
            self.event(self.made("shell", args[0], more, node, shell=True))
            return Unknown()
        if full.startswith("os.exec"):
            self.replaced(full.removeprefix("os.exec"), args, node)
        if full.startswith("os.spawn") and len(args) > 2:
            kind, words = full.removeprefix("os.spawn"), args[1:]
            argv = words[1] if kind.startswith("v") else words[1 : -1 if kind.endswith("e") else None]
            argv = [words[0], *argv[1:]] if isinstance(argv, list | tuple) else argv
            extra = {"env": words[-1]} if kind.endswith("e") else {}
            self.event(self.made("run" if args[0] == 0 else "start", argv, extra, node))
            return Unknown()
        if full in PROCESSES or full in THREADS:
            target, given = more.get("target", args[1] if len(args) > 1 else None), more.get("args", ())
            label = more.get("name")
            return Started(
                target=target,
                args=tuple(given) if isinstance(given, list | tuple) else (Unknown(),),
                thread=full in THREADS,
                name=label if isinstance(label, str) else "",
            )
        if full in ENDS:
            raise End(bool(args) and args[0] not in (0, None) and known(args[0]))
        if full in ("argparse.ArgumentParser", "ArgumentParser"):
            return Parser()
        if full.endswith("management.call_command"):
            return self.command(args, more, node)
        if full in ("sys.path.insert", "sys.path.append") and args and isinstance(args[-1], str):
            self.paths.append(posixpath.normpath(posixpath.join(self.library.cwd, args[-1])))
            return None
        if full in ("getattr", "hasattr", "isinstance", "super"):
            return self.about(full, args, node)
        if full in ("time.sleep", "asyncio.sleep"):
            if self.rounds and args and isinstance(args[0], int | float) and 0 < args[0] < 1e7:
                self.pauses[self.rounds[-1]] = args[0]
            return None
        if full in ("asyncio.run", "typer.run", "asyncio.get_event_loop"):
            return self.invoke(args[0], [], {}, node) if full == "typer.run" and args else Unknown()
        if full in SERVES or full.rsplit(".", 1)[-1] in SERVING:
            if not self.offs:
                self.serves = self.serves or f"{full}()"
            return Unknown()
        got = self.library.call(full, args, more)
        return Unknown(shown(node)) if got is NOT_KNOWN else got

    def replaced(self, kind: str, args: list[object], node: ast.Call) -> None:
        """os.execvp and its kin: the script becomes this program."""
        env = args[-1] if kind.endswith("e") and args else None
        if kind.startswith("v"):
            words = args[1] if len(args) > 1 else Unknown()
        else:
            words = args[1:-1] if kind.endswith("e") else args[1:]
        argv: object = Unknown()
        if isinstance(words, list | tuple) and args:
            argv = [args[0], *words[1:]]
        self.event(self.made("exec", argv, {} if env is None else {"env": env}, node))
        raise End(False)

    def command(self, args: list[object], more: dict[str, object], node: ast.Call) -> object:
        raise NotImplementedError

    def about(self, full: str, args: list[object], node: ast.Call) -> object:
        """`getattr`, `hasattr`, `isinstance` and `super` of values that the script made."""
        if full == "super":
            for function, _ in reversed(self.stack):
                if function.owner is not None and function.bound is not None:
                    return Super(function.bound, function.owner)
            return Unknown("super()")
        holder, name = (args[0], args[1]) if len(args) > 1 else (Unknown(), Unknown())
        if full == "isinstance":
            kinds = name if isinstance(name, list) else [name]
            if not known(holder) or not all(isinstance(k, Name) and k.full in KINDS for k in kinds):
                return Unknown(shown(node))
            return isinstance(holder, tuple(KINDS[k.full] for k in kinds if isinstance(k, Name)))
        if not isinstance(name, str):
            return Unknown(shown(node))
        got = self.attribute(holder, name, node)
        if full == "getattr":
            return args[2] if isinstance(got, Unknown) and len(args) > 2 else got
        if isinstance(holder, dict | list | str):
            return hasattr(holder, name)
        if isinstance(holder, Class | Instance):
            return not isinstance(got, Unknown)
        return Unknown(shown(node))

    def made(self, kind: str, argv: object, more: dict[str, object], node: ast.Call, shell: bool = False) -> Event:
        env = more.get("env")
        cwd = more.get("cwd")
        user = more.get("user")
        path, line = self.place(node)
        changes = {k: v for k, v in env.items() if isinstance(k, str)} if isinstance(env, dict) else {}
        notes = [f"only where {guard}" for guard in self.guards]
        if env is not None and not isinstance(env, Environ | Name) and isinstance(env, dict):
            notes.append("it is given only these variables, not the container's")
        return Event(
            kind=kind,
            argv=argv,
            path=path,
            line=line,
            shell=shell or more.get("shell") is True,
            cwd=posixpath.join(self.library.cwd, cwd) if isinstance(cwd, str) else self.library.cwd,
            env={**self.library.set, **changes},
            user=str(user) if isinstance(user, str | int) else "",
            notes=tuple(notes),
        )

    def event(self, event: Event) -> bool:
        if len(self.events) >= MAX_EVENTS:
            return False
        event.off = " and ".join(self.offs)
        event.beside, event.loop = self.beside > 0, bool(self.rounds)
        event.round = self.rounds[-1] if self.rounds else -1
        self.events.append(event)
        return True


def _worked_out(node: ast.AST, function: Function) -> tuple[str, int] | None:
    """Where the property stands that makes the command: `Popen(self.cmd)`."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(first, ast.Attribute) or not isinstance(function.bound, Instance):
        return None
    names = function.node.args.args
    mine = isinstance(first.value, ast.Name) and bool(names) and first.value.id == names[0].arg
    made = function.bound.of.find(first.attr) if mine else None
    if not isinstance(made, Function) or "property" not in made.decorators or isinstance(made.node, ast.Lambda):
        return None
    return made.module.path, made.node.lineno


def _handed(node: ast.AST, function: Function) -> bool:
    """Whether the command of a call is what its function was given."""
    if not isinstance(node, ast.Call):
        return False
    names = function.node.args
    given = {a.arg for a in (*names.posonlyargs, *names.args, *names.kwonlyargs)}
    given |= {a.arg for a in (names.vararg, names.kwarg) if a is not None}
    first = node.args[0] if node.args else next((k.value for k in node.keywords), None)
    if first is None:
        return function.bound is not None
    roots = [n for n in ast.walk(first) if isinstance(n, ast.Name)]
    return bool(roots) and all(n.id in given for n in roots)
