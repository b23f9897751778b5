"""The way through a Ruby program: what starts processes on it, in order, and under which conditions.

Only what runs when the program runs counts: its top level, and the methods and blocks called from there. A loop over a
known list is gone through as often as it has items, any other once; nothing is executed.
"""

from collections.abc import Sequence
from contextlib import suppress

import tree_sitter
import tree_sitter_ruby

from splitter.managers._ruby_blocks import End, Leave, Return
from splitter.managers._ruby_branches import Branches
from splitter.managers._ruby_expressions import Full
from splitter.managers._ruby_library import NOT_KNOWN
from splitter.managers._ruby_values import (
    Const,
    Function,
    Module,
    Node,
    Object,
    Scope,
    Unknown,
    shown,
    source,
    truth,
)

_LANGUAGE = tree_sitter.Language(tree_sitter_ruby.language())
MAX_TEXT = 1 << 17  # of a file; a larger one is no part of a launcher
SPENT = "more than can be followed"
IGNORED = frozenset(("comment", "empty_statement", "heredoc_body", "ERROR", "undef", "alias", "uninterpreted", "rescue",
                     "begin_block", "end_block", ";"))  # fmt: skip
PLAIN = frozenset(("program", "body_statement", "block_body", "begin", "then", "else", "do", "block"))


class Flow(Branches):
    """One program followed from its first line."""

    trees: tuple[tree_sitter.Tree, ...] = ()

    def run(self, text: str) -> None:
        """Follow the program that was started. Never raises."""
        self.files[self.script] = None
        self.guarded(text, self.script)

    def guarded(self, text: str, path: str) -> None:
        try:
            with suppress(End, Leave, Return):
                self.run_file(text, path)
        except (Full, RecursionError):
            self.serves = self.serves or SPENT

    def run_file(self, text: str, path: str) -> None:
        if len(text) > MAX_TEXT:
            self.served(SPENT)
            return
        tree = tree_sitter.Parser(_LANGUAGE).parse(f"{text}\n".encode("utf-8", "replace"))
        self.trees = (*self.trees, tree)  # what is known of a node goes by its number, which must stay its own
        if tree.root_node.has_error:
            self.served("something that could not be read")
        if "<<" in text:
            self.pair_heredocs(tree.root_node)
        outer, self.path = self.path, path
        try:
            self.body(tree.root_node.named_children, Scope(self.main, self.top), 0)
        finally:
            self.path = outer

    def pair_heredocs(self, root: Node) -> None:
        """Here-documents by the places that begin them: both come in the same order."""
        found: list[Node] = []
        stack = [root]
        while stack:
            node = stack.pop()
            if node.type in ("heredoc_beginning", "heredoc_body"):
                found.append(node)
            stack += reversed(node.named_children)
        found.sort(key=lambda n: n.start_byte)
        begins = [n for n in found if n.type == "heredoc_beginning"]
        bodies = [n for n in found if n.type == "heredoc_body"]
        self.heredocs |= {b.id: body for b, body in zip(begins, bodies, strict=False)}

    def body(self, nodes: Sequence[Node], scope: Scope, depth: int) -> object:
        """Statements in order; the value of the last one."""
        last: object = None
        rescued = any(n.type == "rescue" for n in nodes)
        ensured = [n for n in nodes if n.type == "ensure"]
        try:
            for at, node in enumerate(nodes):
                if node.type == "ensure":
                    continue
                try:
                    last = self.statement(node, scope, depth)
                except (Return, Leave, End) as left:
                    # What follows is off, where a person can turn it on.
                    if switch := self.turned(node, left):
                        self.aside(nodes[at + 1 :], switch, scope, depth)
                    raise
        except End as end:
            if not (rescued and end.failed):
                raise
        finally:
            for node in ensured:
                self.body(node.named_children, scope, depth)
        return last

    def statement(self, node: Node, scope: Scope, depth: int) -> object:
        self.step(depth)
        kind = node.type
        if kind in PLAIN:
            return self.body(node.named_children, scope, depth + 1)
        if kind in IGNORED:
            return None
        handler = getattr(self, f"do_{kind}", None)
        if handler is not None:
            return handler(node, scope, depth + 1)
        if hasattr(self, f"_{kind}"):
            return self.value(node, scope, depth)
        return self.inside(node, scope, depth)

    # Definitions

    def do_method(self, node: Node, scope: Scope, depth: int) -> object:
        name = node.child_by_field_name("name")
        module = scope.me if isinstance(scope.me, Module) else self.top
        label = source(name) if name is not None else ""
        module.methods[label] = Function(node, self.path, scope.module)
        return label

    def do_singleton_method(self, node: Node, scope: Scope, depth: int) -> object:
        name = node.child_by_field_name("name")
        module = scope.me if isinstance(scope.me, Module) else scope.module
        label = source(name) if name is not None else ""
        module.own[label] = Function(node, self.path, scope.module)
        return label

    def do_class(self, node: Node, scope: Scope, depth: int) -> object:
        name = source(node.child_by_field_name("name") or node)
        above = node.child_by_field_name("superclass")
        module = scope.module.constants.get(name)
        if not isinstance(module, Module):
            module = Module(name, scope.module)
            if above is not None and above.named_children:
                got = self.value(above.named_children[0], scope, depth)
                module.above = got if isinstance(got, Module | Const) else None
            scope.module.constants[name] = module
        body = node.child_by_field_name("body")
        return self.body([body], Scope(module, module), depth) if body is not None else None

    do_module = do_class

    def do_singleton_class(self, node: Node, scope: Scope, depth: int) -> object:
        body, inner = node.child_by_field_name("body"), Module("own", scope.module)
        if body is not None:
            self.body([body], Scope(inner, scope.module), depth)
        scope.module.own |= inner.methods
        return None

    # Assignments

    def do_assignment(self, node: Node, scope: Scope, depth: int) -> object:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        value = self.value(right, scope, depth)
        if left is not None:
            self.put(left, value, scope, depth)
        return value

    def do_operator_assignment(self, node: Node, scope: Scope, depth: int) -> object:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign_node = node.child_by_field_name("operator")
        sign = source(sign_node).removesuffix("=") if sign_node is not None else ""
        if left is None or right is None:
            return None
        found = scope.find(source(left)) if left.type == "identifier" else None
        old = found.names[source(left)] if found else None
        if left.type != "identifier":
            old = self.value(left, scope, depth)
        if isinstance(old, Const) and left.type == "constant":
            old = None
        held = truth(old)
        if sign in ("||", "&&"):
            if held is not None and held == (sign == "||"):
                return old
            value = self.value(right, scope, depth)
            value = Unknown(shown(node)) if held is None else value
        else:
            more = self.value(right, scope, depth)
            value = self.of_value(old, sign, [more]) if not isinstance(old, int) else NOT_KNOWN
            if isinstance(old, int) and isinstance(more, int) and sign in ("+", "-"):
                value = old + more if sign == "+" else old - more
            value = Unknown(shown(node)) if value is NOT_KNOWN else value
        self.put(left, value, scope, depth)
        return value

    def put(self, target: Node, value: object, scope: Scope, depth: int) -> None:
        kind, name = target.type, source(target)
        if kind == "identifier":
            (scope.find(name) or scope).names[name] = value
        elif kind == "instance_variable" and isinstance(scope.me, Object | Module):
            scope.me.fields[name] = value
        elif kind == "class_variable":
            scope.module.fields[name] = value
        elif kind == "global_variable":
            self.globals[name] = value
        elif kind == "constant":
            scope.module.constants[name] = value
        elif kind in ("left_assignment_list", "destructured_left_assignment"):
            for at, one in enumerate(target.named_children):
                item = value[at] if isinstance(value, list) and at < len(value) else Unknown()
                self.put(one, item, scope, depth)
        elif kind == "element_reference":
            holder = self.value(target.child_by_field_name("object"), scope, depth)
            key = self.value(target.named_children[-1], scope, depth)
            if holder == Const("ENV") and isinstance(key, str):
                self.put_variable(key, value)
            elif isinstance(holder, dict) and isinstance(key, str | int):
                holder[str(key)] = value
        elif kind == "call":
            holder = self.value(target.child_by_field_name("receiver"), scope, depth)
            method = target.child_by_field_name("method")
            if isinstance(holder, Object) and method is not None:
                holder.fields[f"@{source(method)}"] = value

    # Loops and jumps

    def do_while(self, node: Node, scope: Scope, depth: int) -> object:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        held = truth(self.value(condition, scope, depth))
        if body is None or (held is not None and held == (node.type.startswith("until"))):
            return None
        self.round(lambda: self.value(body, scope, depth), body, scope)
        return None

    do_until = do_while_modifier = do_until_modifier = do_while

    def do_for(self, node: Node, scope: Scope, depth: int) -> object:
        pattern, body = node.child_by_field_name("pattern"), node.child_by_field_name("body")
        value_node = node.child_by_field_name("value")
        inner = value_node.named_children[0] if value_node is not None and value_node.named_children else None
        items = self.value(inner, scope, depth)
        if pattern is None or body is None:
            return None
        with suppress(Leave):
            for item in items[:200] if isinstance(items, list) else []:
                self.put(pattern, item, scope, depth)
                self.value(body, scope, depth)
        if not isinstance(items, list):
            self.put(pattern, Unknown(source(pattern)), scope, depth)
            self.round(lambda: self.value(body, scope, depth), body, scope)
        return None

    def looped(self, function: Function, args: list[object], node: Node, depth: int) -> object:
        self.round(lambda: self.invoke(function, args, node, depth), function.node, function.scope)
        return None

    def round(self, once, body: Node, scope: Scope | None) -> None:  # type: ignore[no-untyped-def]
        """The body of a loop, once; what it starts is started again and again."""
        if scope is not None:
            self.spoil(body, scope)
        self.count += 1
        self.rounds.append(self.count)
        try:
            once()
        except Leave:
            pass
        finally:
            self.rounds.pop()

    def do_return(self, node: Node, scope: Scope, depth: int) -> object:
        raise Return(self.handed_over(node, scope, depth))

    def do_break(self, node: Node, scope: Scope, depth: int) -> object:
        raise Leave(True, self.handed_over(node, scope, depth))

    def do_next(self, node: Node, scope: Scope, depth: int) -> object:
        raise Leave(False, self.handed_over(node, scope, depth))

    def handed_over(self, node: Node, scope: Scope, depth: int) -> object:
        items = self.items([c for n in node.named_children for c in n.named_children], scope, depth)[0]
        return items[0] if len(items) == 1 else items or None

    def do_yield(self, node: Node, scope: Scope, depth: int) -> object:
        nodes = [c for n in node.named_children for c in n.named_children]
        return self.yielded(self.items(nodes, scope, depth)[0], node, scope, depth)
