"""The calls of a Ruby program: those that start a process become events, those of its own methods are followed."""

import posixpath
from contextlib import suppress

from splitter.managers._ruby_blocks import Blocks, End, Leave, given_block
from splitter.managers._ruby_library import NOT_KNOWN
from splitter.managers._ruby_starts import REQUIRES, SERVES, STARTS, WAITS
from splitter.managers._ruby_values import (
    Const,
    Forked,
    Function,
    Late,
    Module,
    Node,
    Object,
    Pending,
    Scope,
    Started,
    Thread,
    Unknown,
    shown,
    source,
)
from splitter.managers._starts import Event

MAX_FILES = 40
MAX_CALLED = 2000
RUN = frozenset(("Thread.new", "Thread.start", "Thread.fork", "Process.fork", "Kernel.fork"))


class Calls(Blocks):
    """The calls of one program; statements are the work of the class that builds on this one."""

    def run_file(self, text: str, path: str) -> None:
        raise NotImplementedError

    def plugged(self, name: str, node: Node, depth: int) -> None:
        """A plug-in that the configuration of a server names."""

    def call(self, node: Node, scope: Scope, depth: int) -> object:
        receiver, method = node.child_by_field_name("receiver"), node.child_by_field_name("method")
        name = source(method) if method is not None else "call"
        arguments, block_node = node.child_by_field_name("arguments"), node.child_by_field_name("block")
        on = self.value(receiver, scope, depth) if receiver is not None else None
        if receiver is not None and on is None and any(c.type == "&." for c in node.children):
            return None
        args, block = self.items(arguments.named_children if arguments is not None else [], scope, depth)
        if block_node is not None:
            block = Function(block_node, self.path, scope.module, scope, scope.me)
        if receiver is None:
            return self.named(name, args, node, scope, depth, block)
        return self.method(on, name, args, node, depth, block, scope)

    def named(
        self, name: str, args: list[object], node: Node, scope: Scope, depth: int, block: object = None
    ) -> object:
        """A call without a receiver: a method of `self`, one of the program's own, or one of Ruby's."""
        me = scope.me
        own = me.of.find(name) if isinstance(me, Object) else me.find_own(name) if isinstance(me, Module) else None
        own = own or self.top.find(name)
        if own is not None:
            return self.invoke(own, args, node, depth, block, me)
        if isinstance(me, Object) and f"@{name}" in me.fields and not args:
            return me.fields[f"@{name}"]  # of attr_reader
        if isinstance(me, Module) and name == "new":
            return self.method(me, name, args, node, depth, block, scope)
        return self.kernel(name, args, node, scope, depth, block)

    def kernel(self, name: str, args: list[object], node: Node, scope: Scope, depth: int, block: object) -> object:
        first = args[0] if args else None
        if name in STARTS:
            return self.starts(name, args, node, depth, block)
        if name == "fork":
            return self.child(block, node, depth, thread=False) if isinstance(block, Function) else Forked()
        if name in ("require", "require_relative", "load", "autoload"):
            return self.required(args[-1] if args else None, name, node)
        if name in ("exit", "exit!", "abort"):
            raise End(name == "abort" or first not in (None, True, 0))
        if name in ("raise", "fail"):
            raise End(True)
        if name in ("loop",) and isinstance(block, Function):
            return self.looped(block, [], node, depth)
        if name == "sleep":
            if self.rounds and isinstance(first, int | float) and 0 < first < 1e7:
                self.pauses[self.rounds[-1]] = first
            return None
        if name == "in_background":  # of a plug-in of Puma
            return self.child(block, node, depth, thread=True)
        if name == "plugin" and isinstance(first, str) and self.hooks:
            self.plugged(first, node, depth)
            return None
        if name in ("send", "public_send", "__send__", "method") and isinstance(first, str):
            return Pending(first) if name == "method" else self.named(first, args[1:], node, scope, depth, block)
        if name in ("lambda", "proc"):
            return block
        if name == "block_given?":
            return given_block(scope) is not None
        if name in ("Integer", "String", "Array", "Float"):
            return self.plain(self.of_constant(name, name, args), node)
        if name in ("format", "sprintf") and isinstance(first, str):
            return self.plain(self.of_value(first, "%", [args[1:]]), node)
        if name == "__dir__":
            return posixpath.dirname(self.path)
        if name in ("__FILE__",):
            return self.path
        if name in ("include", "extend", "prepend", "module_function"):
            return self.mixed(name, args, scope)
        if name == "binding" or name == "self":
            return scope.me
        if isinstance(block, Function):
            return self.block_of(name, block, args, node, depth)
        return Unknown(shown(node))

    def mixed(self, name: str, args: list[object], scope: Scope) -> object:
        module = scope.me if isinstance(scope.me, Module) else self.top
        module.together |= (name == "module_function" and not args) or (name == "extend" and module in args)
        for one in args:
            if isinstance(one, Module) and one is not module:
                module.mixed.append(one)
            elif isinstance(one, str) and one in module.methods:
                module.own[one] = module.methods[one]
        return None

    def starts(self, full: str, args: list[object], node: Node, depth: int, block: object) -> object:
        started = self.started(STARTS[full], args, node)
        if STARTS[full] == "exec":
            raise End(False)
        if isinstance(block, Function):
            self.invoke(block, [Unknown("its output")] * 3 + [started], node, depth)
            self.waited(started)
        if full.startswith(("Open3", "PTY")) and STARTS[full] == "start":
            return [Unknown("input"), started, started, started]
        return started if STARTS[full] == "start" else Unknown(shown(node))

    def child(self, block: object, node: Node, depth: int, thread: bool) -> object:
        """A forked child or a thread, followed by itself: its last start stays up, the others are its steps."""
        if not isinstance(block, Function):
            return Unknown(shown(node))
        first = len(self.events)
        with self.apart(), suppress(End, Leave):
            self.invoke(block, [], node, depth)
        events = self.events[first:]
        if not events and not thread:
            path, line = self.place(node)
            event = Event("function", [], path, line, cwd=self.cwd, env=dict(self.set), off=" and ".join(self.offs),
                          notes=tuple(f"only where {g}" for g in self.guards), target=node)  # fmt: skip
            self.events.append(event)
        for event in events:
            event.beside = False
            event.kind = "start" if event.kind == "exec" else event.kind
        if events and events[-1].kind == "run":
            events[-1].tail = True
        at = [first + n for n in range(len(self.events) - first)][-1:]
        return Thread(at) if thread else Started(at)

    def required(self, name: object, how: str, node: Node) -> object:
        """A file of the program's own is followed; what a library does is not known."""
        if not isinstance(name, str):
            return Unknown(shown(node))
        if name in REQUIRES:
            self.served(REQUIRES[name])
            return True
        bases = [posixpath.dirname(self.path)] if how == "require_relative" else [*self.paths, self.cwd]
        if how != "require_relative" and not name.startswith(("/", "./", "../")):
            bases = self.paths
        for base in bases:
            full = posixpath.normpath(posixpath.join(base, name))
            path = full if full.endswith(".rb") else f"{full}.rb"
            if path in self.files:
                return False
            body = self.read(path) if len(self.files) < MAX_FILES else None
            if body is not None:
                self.files[path] = None
                self.run_file(body, path)
                return True
        return Unknown(shown(node))

    def method(
        self, on: object, name: str, args: list[object], node: Node, depth: int, block: object, scope: Scope
    ) -> object:
        """A call on something."""
        if isinstance(on, Const):
            return self.of_library(on, name, args, node, depth, block)
        if isinstance(on, Started | Thread):
            if name in WAITS:
                self.waited(on)
            return on if name in ("tap", "itself", "pid") else Unknown(shown(node))
        if isinstance(on, Module):
            return self.of_module(on, name, args, node, depth, block)
        if isinstance(on, Object):
            own = on.of.find(name)
            if own is not None:
                return self.invoke(own, args, node, depth, block, on)
            if name in ("send", "public_send", "__send__") and args and isinstance(args[0], str):
                return self.method(on, args[0], args[1:], node, depth, block, scope)
            if name == "class":
                return on.of
            return on.fields.get(f"@{name}", Unknown(shown(node)))
        if isinstance(on, Function) and name in ("call", "()", "yield", "[]", "==="):
            return self.invoke(on, args, node, depth)
        if isinstance(on, Unknown) and len(self.called) < MAX_CALLED and not self.offs:
            self.called.append((f"{on.what}.{name}", self.path, node.start_point[0] + 1))
        got = self.iterated(on, name, block, node, depth) if isinstance(block, Function | Pending) else NOT_KNOWN
        if got is not NOT_KNOWN:
            return got
        if isinstance(block, Function) and isinstance(on, Unknown | Late | Forked | str | int | None):
            return self.block_of(name, block, args, node, depth)
        if isinstance(on, Forked) and name in ("nil?", "zero?", "!"):
            return Forked()
        return self.plain(self.of_value(on, name, args), node)

    @staticmethod
    def plain(got: object, node: Node) -> object:
        return Unknown(shown(node)) if got is NOT_KNOWN else got

    def of_module(self, on: Module, name: str, args: list[object], node: Node, depth: int, block: object) -> object:
        own = on.find_own(name)
        if own is not None:
            return self.invoke(own, args, node, depth, block, on)
        if name in ("new", "instance"):
            made = Object(on)
            init = on.find("initialize")
            if init is not None:
                self.invoke(init, args, node, depth, block, made)
            return made
        library = on.library()
        if library:
            return self.of_library(Const(library), name, args, node, depth, block)
        if isinstance(block, Function):
            return self.block_of(name, block, args, node, depth)
        return Unknown(shown(node))

    def of_library(self, on: Const, name: str, args: list[object], node: Node, depth: int, block: object) -> object:
        full = f"{on.name.removeprefix('::')}.{name}"
        first = args[0] if args else None
        if len(self.called) < MAX_CALLED and not self.offs:
            self.called.append((full, self.path, node.start_point[0] + 1))
        if full in STARTS:
            return self.starts(full, args, node, depth, block)
        if full in RUN:
            return self.child(block, node, depth, "fork" not in name) if block is not None else Forked()
        if full in SERVES:
            self.served(full)
            return Unknown(shown(node))
        if full in ("Process.wait", "Process.wait2", "Process.waitpid", "Process.waitpid2", "Process.waitall"):
            self.waited(first)
            return Unknown(shown(node))
        if full in ("Process.exit", "Process.exit!", "Kernel.exit", "Process.abort", "Kernel.abort"):
            raise End(first not in (None, True, 0))
        if full in ("Dir.chdir", "FileUtils.cd", "FileUtils.chdir"):
            return self.changed(first, block, node, depth)
        if full in ("Kernel.sleep", "Kernel.fork", "Kernel.loop", "Kernel.require", "Kernel.load"):
            return self.kernel(name, args, node, Scope(self.main, self.top), depth, block)
        if on.name == "ENV" and isinstance(block, Function):
            return self.environment_block(name, args, block, node, depth)
        got = self.of_constant(on.name, name, args)
        if got is NOT_KNOWN and isinstance(block, Function):
            return self.block_of(name, block, args, node, depth)
        return self.plain(got, node)

    def environment_block(self, name: str, args: list[object], block: Function, node: Node, depth: int) -> object:
        first = args[0] if args else None
        if name == "fetch" and isinstance(first, str):
            self.asked[first] = None
            return self.env[first] if first in self.env else self.invoke(block, [first], node, depth)
        return Unknown(shown(node))

    def changed(self, folder: object, block: object, node: Node, depth: int) -> object:
        """`Dir.chdir`, for the rest or for the block."""
        outer = self.cwd
        if isinstance(folder, str):
            self.cwd = posixpath.normpath(posixpath.join(self.cwd, folder))
        if not isinstance(block, Function):
            return 0
        try:
            return self.invoke(block, [folder], node, depth)
        finally:
            self.cwd = outer
