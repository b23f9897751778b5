"""The way through a JavaScript launcher: what starts processes on it, in order, and under which conditions.

Only what runs when the script runs counts: its top level and the functions called from there. A loop over a known list
is gone through as often as it has items, any other once; nothing is executed.
"""

import posixpath
from contextlib import suppress
from typing import Any

from splitter.managers._javascript import ENDS
from splitter.managers._js_calls import MAX_ITEMS, Calls, End
from splitter.managers._js_expressions import Full
from splitter.managers._js_starts import SERVES
from splitter.managers._js_values import (
    UNDEFINED,
    Array,
    Class,
    Late,
    Node,
    Object,
    Scope,
    Value,
    source,
    string,
    truthy,
)

SPENT = "more than can be followed"


class Leave(Exception):
    """break and continue."""

    def __init__(self, loop: bool) -> None:
        self.loop = loop  # break: the loop ends too


class Flow(Calls):
    """One script followed from its first line."""

    def run(self, text: str, path: str) -> None:
        self.script = path
        try:
            self.file(text, path)
        except (End, Leave):
            pass
        except RecursionError:
            self.serves = self.serves or SPENT
        self.events = [e for e in self.events if e.kind != "read"]

    def step(self, depth: int) -> None:
        try:
            super().step(depth)
        except Full:
            self.serves = self.serves or SPENT
            raise

    def seen(self, root: Node) -> None:
        """A server that a file makes anywhere makes a program of the script."""
        if root.has_error:
            self.served("something that could not be read")
        stack = [root]
        while stack:
            node = stack.pop()
            function = node.child_by_field_name("function") if node.type == "call_expression" else None
            name = source(function).rpartition(".")[2] if function is not None else ""
            if name in SERVES and function is not None and function.type in ("identifier", "member_expression"):
                self.served(f"{name}()")
                return
            stack += node.named_children

    def at_hand(self, name: str) -> bool:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), name))
        return any(self.read(p) is not None for p in (target, *(f"{target}{end}" for end in ENDS)))

    def body(self, nodes: list[Node], scope: Scope, depth: int) -> Value | None:
        for node in nodes:  # functions are there before the first statement
            made = node.child_by_field_name("declaration") if node.type == "export_statement" else node
            if made is not None and made.type == "function_declaration":
                super().statement(made, scope, depth)
        return super().body(nodes, scope, depth)

    def statement(self, node: Node, scope: Scope, depth: int) -> Value | None:
        self.step(depth)
        kind = node.type
        if kind == "expression_statement" and node.named_children:
            self.unused(node.named_children[0])
        elif kind == "return_statement" and node.named_children and node.named_children[0].type == "call_expression":
            self.bare.add(node.named_children[0].id)
        elif kind == "class_declaration" and (name := node.child_by_field_name("name")) is not None:
            scope.names[source(name)] = Class(node, scope, self.path)
        elif kind in ("for_in_statement", "for_statement", "while_statement", "do_statement"):
            with suppress(Leave):
                return self.each(node, scope, depth) if kind == "for_in_statement" else self.loop(node, scope, depth)
            return None
        elif kind == "try_statement":
            return self.attempt(node, scope, depth)
        elif kind == "switch_statement":
            return self.switch(node, scope, depth)
        elif kind in ("break_statement", "continue_statement"):
            raise Leave(kind == "break_statement")
        elif kind == "throw_statement":
            raise End(True)
        elif kind == "labeled_statement" and (inner := node.child_by_field_name("body")) is not None:
            return self.statement(inner, scope, depth)
        if kind in ("class_declaration", "function_declaration"):
            return None
        return super().statement(node, scope, depth)

    def unused(self, node: Node) -> None:
        """Mark a call whose value nobody uses, also behind `await`, `void` and parentheses."""
        while node.type in ("await_expression", "parenthesized_expression", "unary_expression"):
            self.bare.add(node.id)
            if not node.named_children:
                return
            node = node.named_children[-1]
        self.bare.add(node.id)

    def imports(self, node: Node, scope: Scope) -> None:
        named = node.child_by_field_name("source")
        if named is not None:
            self.alone(self.text(named), not any(c.type == "import_clause" for c in node.named_children))
        super().imports(node, scope)

    def conditional(self, node: Node, scope: Scope, depth: int) -> Value | None:
        condition = node.child_by_field_name("condition")
        yes, no = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        if no is not None and no.type == "else_clause":
            no = no.named_children[0] if no.named_children else None
        if condition is None:
            return None
        shown = " ".join(source(condition).split()).removeprefix("(").removesuffix(")")[:80]
        known = truthy(self.value(condition, scope, depth + 1))
        if known is None:
            ended = self.arm(yes, shown, scope, depth)
            other = self.arm(no, f"not ({shown})", scope, depth)
            self.spoil(node, scope)
            return self.lost(node) if ended and other else None
        taken, left, switch = (yes, no, f"not ({shown})") if known else (no, yes, _switch(condition) or shown)
        if left is not None and _from_outside(condition):
            self.aside(left, switch, scope, depth)
        if taken is None:
            return None
        before = len(self.events)
        try:
            return self.statement(taken, scope, depth + 1)
        except End as end:
            # It gives up for want of something that whoever runs it gives.
            if end.failed and len(self.events) == before:
                return None
            raise

    def arm(self, node: Node | None, guard: str, scope: Scope, depth: int) -> bool:
        """What may run or not; whether the way ends there."""
        if node is None:
            return False
        self.guards.append(guard)
        try:
            if "statement" in node.type or "declaration" in node.type:
                return self.statement(node, Scope(above=scope), depth + 1) is not None
            self.value(node, scope, depth + 1)
            return False
        except (End, Leave):
            return True
        finally:
            self.guards.pop()

    def aside(self, node: Node, switch: str, scope: Scope, depth: int) -> None:
        """What does not run: what it would start is off, and nothing else of it remains."""
        held = (self.env, self.cwd, self.set)
        contents = _contents(scope)
        self.env, self.set = dict(self.env), dict(self.set)
        self.offs.append(switch)
        try:
            self.statement(node, Scope(dict(scope.names), scope.above), depth + 1)
        except (End, Leave):
            pass
        finally:
            self.offs.pop()
            self.env, self.cwd, self.set = held
            for holder, before in contents:
                if isinstance(holder, Array):
                    holder[:] = before
                else:
                    holder.clear()
                    holder.update(before)

    def spoil(self, node: Node, scope: Scope) -> Value | None:
        """What a statement that may run or not may have assigned is not known after it."""
        stack = [node]
        while stack:
            one = stack.pop()
            self.step(0)
            target = one.child_by_field_name("left") if "assignment_exp" in one.type else None
            if one.type == "update_expression":
                target = one.child_by_field_name("argument")
            if target is not None and target.type == "identifier" and (place := scope.find(source(target))):
                place.names[source(target)] = self.lost(one)
            stack += one.named_children
        return None

    def each(self, node: Node, scope: Scope, depth: int) -> Value | None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator, body = node.child_by_field_name("operator"), node.child_by_field_name("body")
        if left is None or right is None or body is None:
            return None
        items = self.value(right, scope, depth + 1)
        if operator is not None and source(operator) == "in" and isinstance(items, Object):
            items = Array(items)
        if not isinstance(items, Array):
            inner = Scope(above=scope)
            self.bind(left, self.lost(right), inner)
            return self.looped(body, inner, depth)
        for item in list(items)[:MAX_ITEMS]:
            inner = Scope(above=scope)
            self.bind(left, item, inner)
            try:
                got = self.statement(body, inner, depth + 1)
            except Leave as leave:
                if leave.loop:
                    break
                continue
            if got is not None:
                return got
        return None

    def loop(self, node: Node, scope: Scope, depth: int) -> Value | None:
        inner = Scope(above=scope)
        body, condition = node.child_by_field_name("body"), node.child_by_field_name("condition")
        first, step = node.child_by_field_name("initializer"), node.child_by_field_name("increment")
        if first is not None:
            self.statement(first, inner, depth + 1)
        if body is None:
            return None
        if step is not None and condition is not None:
            for _ in range(MAX_ITEMS):
                test = condition.named_children[0] if condition.type == "expression_statement" else condition
                known = truthy(self.value(test, inner, depth + 1))
                if known is None:
                    break
                if not known:
                    return None
                try:
                    got = self.statement(body, Scope(above=inner), depth + 1)
                except Leave as leave:
                    if leave.loop:
                        return None
                    got = None
                if got is not None:
                    return got
                self.value(step, inner, depth + 1)
            return None
        while_ = condition if node.type == "while_statement" else None
        if while_ is not None and truthy(self.value(while_, inner, depth + 1)) is False:
            return None
        return self.looped(body, inner, depth)

    def looped(self, body: Node, scope: Scope, depth: int) -> Value | None:
        self.spoil(body, scope)
        self.count += 1
        self.rounds.append(self.count)
        try:
            self.statement(body, scope, depth + 1)
        except Leave:
            pass
        finally:
            self.rounds.pop()
        return None

    def attempt(self, node: Node, scope: Scope, depth: int) -> Value | None:
        body, last = node.child_by_field_name("body"), node.child_by_field_name("finalizer")
        try:
            got = self.statement(body, scope, depth + 1) if body is not None else None
        except End as end:
            if not end.failed:
                raise
            got = None
        inner = last.child_by_field_name("body") if last is not None else None
        if inner is not None:
            self.statement(inner, scope, depth + 1)
        return got

    def switch(self, node: Node, scope: Scope, depth: int) -> Value | None:
        value, body = node.child_by_field_name("value"), node.child_by_field_name("body")
        if value is None or body is None:
            return None
        what = self.value(value, scope, depth + 1)
        shown = " ".join(source(value).split()).removeprefix("(").removesuffix(")")[:60]
        cases = [c for c in body.named_children if c.type in ("switch_case", "switch_default")]
        labels = [c.child_by_field_name("value") for c in cases]
        known = isinstance(what, Late) or what is UNDEFINED or string(what) is not None
        match = None
        if known:
            values = [self.value(label, scope, depth + 1) if label is not None else None for label in labels]
            text = string(what)
            hits = [
                i for i, (v, n) in enumerate(zip(values, labels, strict=True)) if n is not None and string(v) == text
            ]
            default = next((i for i, n in enumerate(labels) if n is None), None)
            match = hits[0] if hits and text is not None else default
        running = False
        for at, case in enumerate(cases):
            label = labels[at]
            guard = f"{shown} is {source(label)[:40]}" if label is not None else f"{shown} is another"
            running = running or at == match
            nodes = [c for c in case.named_children if label is None or c.id != label.id]
            try:
                if running:
                    got = self.body(nodes, scope, depth + 1)
                    if got is not None:
                        return got
                else:
                    self.case(nodes, guard, known, scope, depth)
            except Leave:
                running = False
                match = -1
        return None

    def case(self, nodes: list[Node], guard: str, known: bool, scope: Scope, depth: int) -> None:
        for node in nodes:
            if known:
                self.aside(node, guard, scope, depth)
            else:
                self.arm(node, guard, scope, depth)


def _contents(scope: Scope) -> list[tuple[Any, Any]]:
    """The lists and objects that the names of a scope lead to, with what they hold now."""
    found: list[tuple[Any, Any]] = []
    here: Scope | None = scope
    while here is not None:
        values = list(here.names.values())
        values += [v for o in values if isinstance(o, Object) for v in o.values()]
        found += [(v, list(v) if isinstance(v, Array) else dict(v)) for v in values if isinstance(v, Array | Object)]
        here = here.above
    return found


def _from_outside(condition: Node) -> bool:
    """Whether a condition rests on a name: the environment, an argument, a constant made of them."""
    stack = [condition]
    while stack:
        node = stack.pop()
        if node.type == "identifier":
            return True
        stack += node.named_children
    return False


def _switch(condition: Node) -> str:
    """The variable of the environment that makes a condition hold, as every manager writes it; "" for any other."""
    while condition.type == "parenthesized_expression" and condition.named_children:
        condition = condition.named_children[0]
    if condition.type == "binary_expression" and len(condition.children) == 3:
        left, sign, right = condition.children
        name = _looked_up(left)
        equal = source(sign) in ("==", "===") and right.type == "string"
        return f"{name}={source(right)[1:-1]}" if name and equal else ""
    return f"{name} is set" if (name := _looked_up(condition)) else ""


def _looked_up(node: Node) -> str:
    """The name in `process.env.NAME`; else ""."""
    holder, _, name = source(node).rpartition(".")
    return name if node.type == "member_expression" and holder == "process.env" else ""
