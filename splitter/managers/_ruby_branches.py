"""The conditions of a Ruby program: what is on, what is off with the switch that turns it on, what may run or not."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from splitter.managers._ruby_blocks import End, Leave, Return
from splitter.managers._ruby_calls import Calls
from splitter.managers._ruby_values import Forked, Module, Node, Object, Scope, Unknown, shown, source, truth

MAX_HELD = 2000


class Branches(Calls):
    """Conditions; the other statements are the work of the class that builds on this one."""

    def turned(self, node: Node, left: Exception) -> str:
        """The switch of `return if ENV["X"]`, which was taken; "" where it is another statement."""
        if node.type not in ("if_modifier", "unless_modifier", "if", "unless") or (
            isinstance(left, End) and left.failed
        ):
            return ""
        condition = node.child_by_field_name("condition")
        if condition is None or not self.from_outside(condition) or node.child_by_field_name("alternative") is not None:
            return ""
        return f"not ({shown(condition)})" if node.type.startswith("if") else shown(condition)

    def do_if(self, node: Node, scope: Scope, depth: int) -> object:
        yes, no = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        return self.conditional(node.child_by_field_name("condition"), yes, no, scope, depth)

    do_elsif = do_conditional = do_if

    def do_unless(self, node: Node, scope: Scope, depth: int) -> object:
        yes, no = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        return self.conditional(node.child_by_field_name("condition"), no, yes, scope, depth)

    def do_if_modifier(self, node: Node, scope: Scope, depth: int) -> object:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        return self.conditional(condition, body, None, scope, depth)

    def do_unless_modifier(self, node: Node, scope: Scope, depth: int) -> object:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        return self.conditional(condition, None, body, scope, depth)

    def do_rescue_modifier(self, node: Node, scope: Scope, depth: int) -> object:
        try:
            return self.value(node.child_by_field_name("body"), scope, depth)
        except End as end:
            if not end.failed:
                raise
            return Unknown(shown(node))

    def conditional(self, test: Node | None, yes: Node | None, no: Node | None, scope: Scope, depth: int) -> object:
        if test is None:
            return None
        got = self.value(test, scope, depth)
        held = truth(got)
        switch = shown(test)
        if isinstance(got, Forked):  # both go on, each in its own process
            self.forked(no if no is not None and _named_nil(test) is False else yes, scope, depth)
            return None
        if held is None:
            self.arm(yes, switch, scope, depth)
            self.arm(no, f"not ({switch})", scope, depth)
            return Unknown(switch)
        taken, left, other = (yes, no, f"not ({switch})") if held else (no, yes, switch)
        if left is not None and self.from_outside(test):
            self.aside([left], other, scope, depth)
        if taken is None:
            return None
        before = len(self.events)
        try:
            return self.value(taken, scope, depth)
        except End as end:
            # It gives up for want of something that whoever runs it gives.
            if end.failed and len(self.events) == before and self.from_outside(test):
                return None
            raise

    def forked(self, child: Node | None, scope: Scope, depth: int) -> None:
        """The side of `if fork` that the child takes; the parent goes on after it."""
        first = len(self.events)
        with self.apart(), suppress(End, Leave, Return):
            self.value(child, scope, depth)
        for event in self.events[first:]:
            event.beside = False
            event.kind = "start" if event.kind == "exec" else event.kind

    def arm(self, node: Node | None, guard: str, scope: Scope, depth: int) -> None:
        """What may run or not; what it sets is not known after it."""
        if node is None:
            return
        env, changes = dict(self.env), dict(self.set)
        self.guards.append(guard)
        try:
            self.value(node, scope, depth)
        except (End, Leave, Return):
            pass
        finally:
            self.guards.pop()
            self.env, self.set = env, changes
        self.spoil(node, scope)

    def perhaps(self, node: Node | None, scope: Scope, depth: int) -> object:
        try:
            return self.value(node, scope, depth)
        except (End, Leave, Return):
            return Unknown("...")

    def aside(self, nodes: Sequence[Node], switch: str, scope: Scope, depth: int) -> None:
        """What does not run: what it would start is off, and nothing else of it remains."""
        held = (dict(self.env), self.cwd, dict(self.set), self.serves, list(self.called))
        contents = _contents(scope)
        self.offs.append(switch)
        try:
            self.body(nodes, Scope(scope.me, scope.module, dict(scope.names), scope.above, scope.block), depth)
        except (End, Leave, Return):
            pass
        finally:
            self.offs.pop()
            self.env, self.cwd, self.set, self.serves, self.called = held
            for holder, before in contents:
                if isinstance(holder, list):
                    holder[:] = before
                else:
                    holder.clear()
                    holder.update(before)

    def spoil(self, node: Node, scope: Scope) -> None:
        stack = [node]
        while stack:
            one = stack.pop()
            self.step(0)
            left = one.child_by_field_name("left") if "assignment" in one.type else None
            if left is not None and left.type == "identifier":
                (scope.find(source(left)) or scope).names[source(left)] = Unknown(source(left))
            stack += one.named_children

    @staticmethod
    def from_outside(test: Node) -> bool:
        """Whether a condition rests on a name: the environment, an argument, a variable made of them."""
        stack = [test]
        while stack:
            node = stack.pop()
            if node.type in ("identifier", "global_variable", "instance_variable"):
                return True
            if node.type == "constant" and source(node) in ("ENV", "ARGV", "Rails"):
                return True
            stack += node.named_children
        return False

    def do_case(self, node: Node, scope: Scope, depth: int) -> object:
        value_node = node.child_by_field_name("value")
        what = self.value(value_node, scope, depth) if value_node is not None else True
        subject = shown(value_node) if value_node is not None else ""
        result: object = None
        done = certain = False
        for arm in (c for c in node.named_children if c.type in ("when", "else")):
            patterns = [p.named_children[0] for p in arm.children_by_field_name("pattern") if p.named_children]
            label = " or ".join(shown(p) for p in patterns) or "another"
            guard = f"{subject} is {label}" if subject else label
            body = arm.child_by_field_name("body") if arm.type == "when" else arm
            tests = [self.equal(what, self.value(p, scope, depth), False, p) if subject else self.value(p, scope, depth)
                     for p in patterns]  # fmt: skip
            hits = [truth(t) for t in tests] or [not done]
            if True in hits and not done and not (arm.type == "else" and certain):
                done = True
                result = self.value(body, scope, depth) if body is not None else None
            elif None in hits and not done:
                certain = True
                self.arm(body, guard, scope, depth)
            elif body is not None and subject and self.from_outside(value_node or arm) and arm.type == "when":
                self.aside([body], guard, scope, depth)
            elif body is not None and arm.type == "else" and not done:
                self.arm(body, guard, scope, depth)
        return Unknown(subject) if certain else result


def _contents(scope: Scope) -> list[tuple[Any, Any]]:
    """The lists and mappings that the names of a scope lead to, those of objects too, with what they hold now."""
    todo: list[object] = [scope.me, scope.module]
    here: Scope | None = scope
    while here is not None:
        todo += here.names.values()
        here = here.above
    found: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    while todo and len(seen) < MAX_HELD:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Object | Module):
            todo += [one.fields, *([one.constants] if isinstance(one, Module) else [])]
        elif isinstance(one, list | dict):
            found.append((one, type(one)(one)))
            todo += one.values() if isinstance(one, dict) else one
    return found


def _named_nil(test: Node) -> bool | None:
    """Whether `if pid.nil?` or `unless fork` asks for the child; False where the parent is asked for."""
    written = source(test)
    return "nil?" in written or "zero?" in written or written.startswith(("!", "not "))
