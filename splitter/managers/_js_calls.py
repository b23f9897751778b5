"""The calls of a JavaScript launcher: functions and classes of the script's own, promises, handlers and timers.

A handler is followed where what it waits for is the end of a process; a function that comes back to itself starts what
it starts again and again.
"""

from typing import Any

from splitter.managers._js_expressions import Full
from splitter.managers._js_follow import Following
from splitter.managers._js_starts import SERVES
from splitter.managers._js_values import (
    UNDEFINED,
    Array,
    Class,
    Function,
    Late,
    Module,
    Node,
    Object,
    Pending,
    Scope,
    Settle,
    Undefined,
    Unknown,
    Value,
    source,
    truthy,
)

ENDED = ("exit", "close")
MAX_ITEMS = 200
MAX_CALLS = 40


class End(Exception):
    """The script ends; `failed` where it gives up."""

    def __init__(self, failed: bool) -> None:
        self.failed = failed


class Calls(Following):
    """Calls and the expressions around them; statements are the work of the class that builds on this one."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.stack: list[tuple[Function, Node, int]] = []  # functions that are followed, their calls, the next start
        self.ending: list[Pending] = []  # whose end the handler that is followed waits for
        self.awaited: set[int] = set()
        self.count = 0

    def place(self, node: Node) -> tuple[str, int]:
        """Where a start is written: the call that names the command, not the helper that it is handed to."""
        at = len(self.stack)
        while (given := self.handed(node, at)) is not None:
            node, at = self.stack[given][1], given
        return (self.stack[at - 1][0].path if at else self.script or self.path), node.start_point[0] + 1

    def handed(self, node: Node, above: int) -> int | None:
        """The function among those followed, below a number, that was given the command of a call; also around it."""
        name, inner = _first(node), None
        for at in range(above - 1, -1, -1):
            function = self.stack[at][0]
            if inner is not None and not _around(function, inner):
                continue
            if name and _takes(function, name):
                return at
            inner = function
        return None

    script = ""

    def _await_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        inner = node.named_children[0] if node.named_children else None
        if inner is None:
            return UNDEFINED
        self.awaited.add(inner.id)
        got = self.value(inner, scope, depth)
        if isinstance(got, Object) and isinstance(got.get("result"), Pending):
            got = got["result"]
        if not isinstance(got, Pending):
            return got
        for at in got.events:
            event = self.events[at]
            if got.quiet and node.id not in self.bare:
                event.kind = "read"
            elif got.several:
                event.waited = True
            elif event.kind == "start":
                event.kind = "run"
        for at in got.tails:
            self.events[at].waited = True
        return got.value

    def _new_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        constructor, arguments = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        if constructor is None:
            return self.lost(node)
        what = self.value(constructor, scope, depth)
        args = self.arguments(arguments, scope, depth)
        name = what.name if isinstance(what, Module) else ""
        if name == "Promise":
            promise = Pending()
            if args:
                self.call(args[0], [Settle(promise)], node, depth)
            return promise
        if name == "URL" and len(args) == 2 and all(isinstance(a, str) for a in args):
            base = str(args[1]).rpartition("/")[0]
            return f"{base}/{str(args[0]).removeprefix('./')}"
        return self.instance(what, args, node, depth) if isinstance(what, Class) else self.lost(node)

    def instance(self, what: Class, args: list[Value], node: Node, depth: int) -> Value:
        made = Object()
        scope = Scope({"this": made}, what.scope)
        body = what.node.child_by_field_name("body")
        fields: list[tuple[str, Node]] = []
        for one in body.named_children if body is not None else ():
            name = one.child_by_field_name("name") or one.child_by_field_name("property")
            value = one.child_by_field_name("value")
            if one.type == "method_definition" and name is not None:
                made[source(name)] = self.function(one, scope)
            elif name is not None and value is not None:
                fields.append((source(name), value))
        for key, value in fields:
            made[key] = self.value(value, scope, depth)
        if "constructor" in made:
            self.call(made["constructor"], args, node, depth)
        return made

    def arguments(self, node: Node | None, scope: Scope, depth: int) -> list[Value]:
        given: list[Value] = []
        for one in node.named_children if node is not None else ():
            if one.type == "spread_element" and one.named_children:
                spread = self.value(one.named_children[0], scope, depth)
                given += spread if isinstance(spread, Array) else [self.lost(one)]
            elif one.type != "comment":
                given.append(self.value(one, scope, depth))
        return given

    def _call_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return self.lost(node)
        if arguments.type == "template_string":
            return self.call(self.value(function, scope, depth), [self.value(arguments, scope, depth)], node, depth)
        if source(function) in ("require", "import"):
            args = self.arguments(arguments, scope, depth)
            if not args or not isinstance(args[0], str):
                return self.lost(node)
            self.alone(args[0], node.id in self.bare)
            return self.required(args[0], node)
        if function.type in ("identifier", "member_expression") and source(function) in (
            "parseInt", "Number", "parseFloat", "String",
        ):  # fmt: skip
            return super()._call_expression(node, scope, depth)
        if function.type == "member_expression":
            holder, key = function.child_by_field_name("object"), function.child_by_field_name("property")
            if holder is not None and key is not None:
                on = self.value(holder, scope, depth)
                return self.method(on, source(key), self.arguments(arguments, scope, depth), node, depth)
        what = self.value(function, scope, depth)
        return self.call(what, self.arguments(arguments, scope, depth), node, depth)

    def alone(self, name: str, bare: bool) -> None:
        """A file that is only run, and is not at hand: what it does is not known."""
        if bare and name.startswith((".", "/")) and not self.at_hand(name):
            self.served(name)

    def at_hand(self, name: str) -> bool:
        raise NotImplementedError

    def call(self, function: Value, args: list[Value], node: Node, depth: int) -> Value:
        if isinstance(function, Settle):
            if self.ending:
                function.promise.events += self.ending[-1].events
            return UNDEFINED
        if isinstance(function, Module):
            got = self.timer(function.name, args, node, depth)
            got = self.library(function.name, args, node) if got is None else got
            return self.lost(node) if got is None else got
        if not isinstance(function, Function):
            return self.lost(node)
        for at, (other, _, first) in enumerate(self.stack):
            if other.body.id == function.body.id and (len(self.events) > first or len(self.stack) > MAX_CALLS):
                self.again(self.events[self.stack[at][2] :])
                return self.lost(node)
        if len(self.stack) > MAX_CALLS:
            raise Full
        return self.invoke(function, args, node, depth)

    def again(self, events: list[Any]) -> None:
        """What a function starts that comes back to itself."""
        self.count += 1
        for event in events:
            if not event.loop and event.kind != "read":
                event.loop, event.round = True, self.count
                if self.rounds:
                    self.pauses[self.count] = self.pauses.get(self.rounds[-1], 0)
        self.pauses = {k: v for k, v in self.pauses.items() if v}

    def invoke(self, function: Function, args: list[Value], node: Node, depth: int) -> Value:
        inner = Scope(above=function.scope)
        outer, first = self.path, len(self.events)
        self.path = function.path or self.path
        self.stack.append((function, node, first))
        try:
            self.bind_parameters(function, args, inner, depth)
            if function.body.type == "statement_block":
                got = self.body(function.body.named_children, inner, depth + 1)
                got = UNDEFINED if got is None else got
            else:
                got = self.value(function.body, inner, depth + 1)
        finally:
            self.stack.pop()
            self.path = outer
        if not function.waits or node.id in self.awaited:
            return got
        promise = got if isinstance(got, Pending) else Pending(value=got)
        if len(self.events) > first and (last := self.events[-1]).kind == "run":
            last.tail = True
            promise.tails.append(len(self.events) - 1)
        return promise

    def bind_parameters(self, function: Function, args: list[Value], inner: Scope, depth: int) -> None:
        for at, param in enumerate(function.params):
            given = args[at] if at < len(args) else UNDEFINED
            if param.type == "rest_pattern" and param.named_children:
                self.bind(param.named_children[0], Array(args[at:]), inner)
                return
            left, right = param.child_by_field_name("left"), param.child_by_field_name("right")
            if left is not None and right is not None:
                given = self.value(right, inner, depth + 1) if isinstance(given, Undefined | Late) else given
                param = left
            self.bind(param, given, inner)

    def timer(self, name: str, args: list[Value], node: Node, depth: int) -> Value | None:
        """setTimeout, setInterval and the functions of Promise; None for any other."""
        first: Value = args[0] if args else UNDEFINED
        if name in ("setTimeout", "setImmediate", "queueMicrotask", "process.nextTick"):
            self.count += 1
            if len(args) > 1 and isinstance(first, Settle):
                self.pause(args[1])
                return UNDEFINED
            before = list(self.rounds)
            if len(args) > 1 and isinstance(args[1], int | float) and self.back(first):
                self.rounds.append(self.count)
                self.pause(args[1])
            try:
                self.call(first, args[2:], node, depth)
            finally:
                self.rounds = before
            return UNDEFINED
        if name == "setInterval":
            start = len(self.events)
            self.count += 1
            self.rounds.append(self.count)
            self.pause(args[1] if len(args) > 1 else UNDEFINED)
            try:
                self.call(first, [], node, depth)
            finally:
                self.rounds.pop()
            for event in self.events[start:]:
                event.kind = "run" if event.kind == "start" else event.kind
            return UNDEFINED
        if name in ("Promise.all", "Promise.allSettled"):
            pending = Pending(several=True)
            for one in first if isinstance(first, Array) else ():
                if isinstance(one, Pending):
                    pending.events += one.events
                    pending.tails += one.tails
            return pending
        if name in ("Promise.race", "Promise.any"):
            return Pending()
        if name == "Promise.resolve":
            return first if isinstance(first, Pending) else Pending(value=first)
        if name == "process.exit":
            raise End(bool(args) and args[0] != 0 and not isinstance(args[0], Unknown))
        return None

    def back(self, function: Value) -> bool:
        return isinstance(function, Function) and any(f.body.id == function.body.id for f, _, _ in self.stack)

    def method(self, holder: Value, name: str, args: list[Value], node: Node, depth: int) -> Value:
        if isinstance(holder, Module):
            got = self.member(holder, name, node.named_children[0])
            return self.call(got, args, node, depth)
        if isinstance(holder, Object) and (isinstance(got := holder.get(name), Function | Settle | Module)):
            return self.call(got, args, node, depth)
        if name in SERVES:
            self.served(f"{name}()")
            return self.lost(node)
        if isinstance(holder, Pending) and holder.child and name in ("on", "once", "addListener"):
            if args and args[0] in ENDED and len(args) > 1:
                self.after(holder, args[1], node)
            elif args[:1] == ["spawn"] and len(args) > 1:
                self.call(args[1], [], node, depth)
            return holder
        if name in ("then", "finally") and args and isinstance(holder, Pending | Unknown):
            if isinstance(holder, Pending):
                self.after(holder, args[0], node)
                return holder
            self.call(args[0], [holder], node, depth)
            return holder
        if name == "catch" and isinstance(holder, Pending):
            return holder
        if (
            isinstance(holder, Array)
            and name in ("forEach", "map", "filter")
            and args
            and isinstance(args[0], Function)
        ):
            return self.over(holder, name, args[0], node, depth)
        if isinstance(holder, Function) and name in ("call", "apply", "bind"):
            return holder if name == "bind" else self.call(holder, args[1:] if name == "call" else [], node, depth)
        return super().method(holder, name, args, node, depth)

    def over(self, items: Array, name: str, function: Function, node: Node, depth: int) -> Value:
        made = Array()
        made.line, made.lost = self.line(node), items.lost
        for at, item in enumerate(list(items)[:MAX_ITEMS]):
            got = self.call(function, [item, at], node, depth)
            keeps = truthy(got)
            if name == "map":
                made.append(got)
            elif keeps is not False:
                made.append(item)
        return UNDEFINED if name == "forEach" else made

    def after(self, pending: Pending, handler: Value, node: Node) -> None:
        """Follow what happens at the end of a process or a promise."""
        start = len(self.events)
        guards, self.guards = self.guards, []
        self.ending.append(pending)
        try:
            self.call(handler, [self.lost(node), self.lost(node)], node, 0)
        except End:
            pass
        finally:
            self.ending.pop()
            self.guards = guards
        if any(not e.off for e in self.events[start:]):
            for at in (*pending.events, *pending.tails):
                self.events[at].waited = True


def _first(node: Node) -> str:
    """The name that the command of a call is, "" where it is written there."""
    arguments = node.child_by_field_name("arguments")
    first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    while first is not None and first.type in ("member_expression", "subscript_expression", "spread_element", "array"):
        first = first.named_children[0] if first.named_children else None
    return source(first) if first is not None and first.type == "identifier" else ""


def _around(outer: Function, inner: Function) -> bool:
    """Whether a function is written within another."""
    return outer.path == inner.path and outer.body.start_byte <= inner.body.start_byte < outer.body.end_byte


def _takes(function: Function, name: str) -> bool:
    """Whether a function has a parameter of this name."""
    stack = list(function.params)
    while stack:
        one = stack.pop()
        if "identifier" in one.type and source(one) == name:
            return True
        stack += one.named_children
    return False
