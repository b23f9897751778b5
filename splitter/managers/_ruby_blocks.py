"""The methods and blocks of a Ruby program's own: what they are given, and how often a block is called."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from splitter.managers._ruby_expressions import Full
from splitter.managers._ruby_library import NOT_KNOWN
from splitter.managers._ruby_starts import Starts
from splitter.managers._ruby_values import Function, Module, Node, Object, Pending, Scope, Unknown, shown, source, truth
from splitter.managers._starts import Event

MAX_CALLS = 40
MAX_ITEMS = 200
# Methods whose block runs at another time, if at all.
LATER = frozenset((
    "at_exit", "trap", "on", "rescue_from", "task", "desc", "namespace", "define_method", "lowlevel_error_handler",
    "app", "helpers", "get", "post", "error", "describe", "it", "define", "create_table", "log_formatter",
    "out_of_band", "rackup", "configure_client",
))  # fmt: skip
MOMENTS = ("on_", "after_", "before_", "around_")
EACH = frozenset((
    "each", "each_with_index", "each_pair", "map", "collect", "flat_map", "filter_map", "select", "filter", "reject",
    "each_with_object", "each_key", "each_value", "times", "each_entry", "detect", "find",
))  # fmt: skip
ONCE = frozenset(("tap", "then", "yield_self", "instance_eval", "instance_exec", "class_eval", "module_eval"))


class End(Exception):
    """The program ends, or becomes another; `failed` where it gives up."""

    def __init__(self, failed: bool) -> None:
        self.failed = failed


class Leave(Exception):
    """`break` and `next`."""

    def __init__(self, loop: bool, value: object = None) -> None:
        self.loop, self.value = loop, value


class Return(Exception):
    def __init__(self, value: object) -> None:
        self.value = value


class Blocks(Starts):
    """Methods and blocks that are followed; calls are the work of the class that builds on this one.

    hooks  methods by which a server is given what to do when it starts, with what is to be said of it
    """

    def __init__(
        self,
        env: Mapping[str, str],
        cwd: str,
        read: Callable[[str], str | None],
        script: str,
        args: tuple[str, ...] = (),
        hooks: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(env, cwd, script, args)
        self.read = read
        self.hooks = hooks or {}
        self.events: list[Event] = []
        self.serves = ""
        self.guards: list[str] = []
        self.offs: list[str] = []
        self.beside = 0
        self.rounds: list[int] = []
        self.pauses: dict[int, float] = {}
        self.count = 0
        self.stack: list[tuple[Function, Node, str]] = []
        self.files: dict[str, None] = {}
        self.paths: list[str] = []
        self.top = Module("Object")
        self.main = Object(self.top)
        self.called: list[tuple[str, str, int]] = []  # calls of the library's own, with their places

    def looped(self, function: Function, args: list[object], node: Node, depth: int) -> object:
        raise NotImplementedError

    def method(
        self, on: object, name: str, args: list[object], node: Node, depth: int, block: object, scope: Scope
    ) -> object:
        raise NotImplementedError

    def place(self, node: Node) -> tuple[str, int]:
        """Where a start is written: the call that names the command, not the helper that it is handed to."""
        at = len(self.stack)
        path = self.path
        while at and _handed(node, self.stack[at - 1][0]):
            _, node, path = self.stack[at - 1]
            at -= 1
        return path, node.start_point[0] + 1

    def iterated(self, on: object, name: str, block: Function | Pending, node: Node, depth: int) -> object:
        """A block that is called for each of several, as often as they are known; NOT_KNOWN where it is none."""

        def run(*given: object) -> object:
            if isinstance(block, Pending):
                return self.method(given[0], block.name, list(given[1:]), node, depth, None, Scope(self.main, self.top))
            return self.invoke(block, list(given), node, depth)

        if name in ONCE:
            got = run(on)
            return on if name == "tap" else got
        if name in ("fetch",) and isinstance(on, dict):
            return NOT_KNOWN
        if name not in EACH:
            return NOT_KNOWN
        items = list(range(min(on, MAX_ITEMS))) if name == "times" and isinstance(on, int) else on
        if isinstance(items, dict):
            items = [list(pair) for pair in items.items()]
        if not isinstance(items, list):
            if not isinstance(block, Function):
                return NOT_KNOWN
            return self.looped(block, [Unknown(shown(node))] * 2, node, depth)
        made: list[object] = []
        held: list[object] = []
        for at, item in enumerate(items[:MAX_ITEMS]):
            try:
                got = run(item, at) if name == "each_with_index" else run(item)
            except Leave as leave:
                if leave.loop:
                    break
                got = leave.value
            made.append(got)
            held += [item] if truth(got) is not False else []
        if name in ("map", "collect", "filter_map"):
            return [m for m in made if truth(m) is not False] if name == "filter_map" else made
        if name == "flat_map":
            return [i for m in made for i in (m if isinstance(m, list) else [m])]
        if name in ("select", "filter", "reject", "detect", "find"):
            rest = [i for i in items if i not in held]
            return (held[0] if held else None) if name in ("detect", "find") else rest if name == "reject" else held
        return on

    def block_of(self, name: str, block: Function, args: list[object], node: Node, depth: int) -> object:
        """The block that a method of a library or server is given: followed where it is likely to run at once."""
        if name in self.hooks:
            outer, self.each = self.each, self.hooks[name]
            try:
                with self.apart(beside=False):
                    self.invoke(block, [], node, depth)
            except (End, Leave):
                pass
            finally:
                self.each = outer
            return None
        if name == "register" and args and isinstance(args[0], str):
            return self.block_of(args[0], block, [], node, depth) if args[0] in self.hooks else None
        if name in LATER or name.startswith(MOMENTS):
            return Unknown(shown(node))
        with suppress(Leave):
            self.invoke(block, [Unknown(name)], node, depth)
        return Unknown(shown(node))

    def invoke(
        self, function: Function, args: list[object], node: Node, depth: int, block: object = None, me: object = None
    ) -> object:
        """Call a method, a block or a lambda."""
        if len(self.stack) > MAX_CALLS:
            raise Full
        body = function.node.child_by_field_name("body")
        whole = function.node.type in ("method", "singleton_method", "lambda")
        if whole and sum(f.node.id == function.node.id for f, _, _ in self.stack) > 1:
            return Unknown(shown(node))
        if function.node.type == "lambda" and body is not None:
            body = body.child_by_field_name("body")
        inner = Scope(me if me is not None else function.me, function.module, above=function.scope)
        inner.block = block if block is not None else (None if function.scope is None else given_block(function.scope))
        self.bind(function.node.child_by_field_name("parameters"), args, inner, depth)
        outer = self.path
        self.stack.append((function, node, outer))
        self.path = function.path
        try:
            return self.body([body], inner, depth + 1) if body is not None else None
        except Return as returned:
            if not whole:
                raise
            return returned.value
        except Leave as leave:
            if leave.loop:
                raise
            return leave.value
        finally:
            self.stack.pop()
            self.path = outer

    def bind(self, parameters: Node | None, args: list[object], inner: Scope, depth: int) -> None:
        """The names of a method or block, with what it is given."""
        params = [p for p in parameters.named_children if p.type != "comment"] if parameters is not None else []
        if parameters is None:
            inner.names |= {"it": args[0], "_1": args[0]} if args else {}
            return
        plain = [p for p in params if p.type in ("identifier", "optional_parameter", "destructured_parameter")]
        if len(plain) > 1 and len(args) == 1 and isinstance(args[0], list) and "block" in parameters.type:
            args = list(args[0])
        keywords = args[-1] if args and isinstance(args[-1], dict) else {}
        at = 0
        for param in params:
            name_node = param.child_by_field_name("name")
            name = source(name_node) if name_node is not None else source(param)
            if param.type == "keyword_parameter" or param.type == "optional_parameter":
                default = param.child_by_field_name("value")
                if param.type == "keyword_parameter":
                    given = keywords.get(name, NOT_KNOWN)
                else:
                    given = args[at] if at < len(args) else NOT_KNOWN
                    at += 1
                inner.names[name] = self.value(default, inner, depth) if given is NOT_KNOWN else given
            elif param.type == "splat_parameter":
                last = len(args) - sum(p.type == "identifier" for p in params[params.index(param) + 1 :])
                inner.names[name] = args[at:last]
                at = max(at, last)
            elif param.type == "hash_splat_parameter":
                inner.names[name] = dict(keywords)
            elif param.type == "block_parameter":
                inner.names[name] = inner.block
            elif param.type == "destructured_parameter":
                given = args[at] if at < len(args) else None
                for n, one in enumerate(param.named_children):
                    inner.names[source(one)] = given[n] if isinstance(given, list) and n < len(given) else Unknown()
                at += 1
            else:
                missing = None if "block" in parameters.type else Unknown(name)
                inner.names[name] = args[at] if at < len(args) else missing
                at += 1

    def yielded(self, args: list[object], node: Node, scope: Scope, depth: int) -> object:
        block = given_block(scope)
        return self.invoke(block, args, node, depth) if isinstance(block, Function) else Unknown(shown(node))


def given_block(scope: Scope | None) -> object:
    while scope is not None:
        if scope.block is not None:
            return scope.block
        scope = scope.above
    return None


def _handed(node: Node, function: Function) -> bool:
    """Whether the command of a call is what its method was given."""
    arguments, parameters = node.child_by_field_name("arguments"), function.node.child_by_field_name("parameters")
    if arguments is None or parameters is None or function.node.type not in ("method", "singleton_method"):
        return False
    names = {source(p.child_by_field_name("name") or p) for p in parameters.named_children}
    words = [c for c in arguments.named_children if c.type not in ("pair", "hash_splat_argument", "block_argument")]
    roots = [n for w in words for n in _identifiers(w)]
    return bool(roots) and all(n in names for n in roots) and not any(w.type == "string" for w in words[:1])


def _identifiers(node: Node) -> list[str]:
    found, stack = [], [node]
    while stack:
        one = stack.pop()
        if one.type in ("identifier", "instance_variable", "constant"):
            found.append(source(one))
        stack += one.named_children
    return found
