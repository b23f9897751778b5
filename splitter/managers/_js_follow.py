"""Expressions of a JavaScript launcher where following needs more than a configuration: effects, unset variables.

An expression without a value has its calls made all the same; a variable that nobody has set stays one in a text.
"""

from splitter.managers._js_starts import Starting
from splitter.managers._js_values import (
    UNDEFINED,
    Array,
    Function,
    Late,
    Module,
    Node,
    Object,
    Scope,
    Undefined,
    Unknown,
    Value,
    source,
    string,
    truthy,
    unescaped,
)
from splitter.managers._supervisor import CLOSE, OPEN

GLOBALS = frozenset(("setTimeout", "setInterval", "setImmediate", "Promise", "Bun", "URL", "$", "queueMicrotask"))


class Following(Starting):
    """The expressions of one script that is followed; calls are the work of the class that builds on this one."""

    def arm(self, node: Node | None, guard: str, scope: Scope, depth: int) -> bool:
        raise NotImplementedError

    def value(self, node: Node, scope: Scope, depth: int) -> Value:
        known = getattr(self, f"_{node.type}", None) is not None
        if known or not node.named_child_count or node.type in ("string", "parenthesized_expression"):
            return super().value(node, scope, depth)
        # An expression without a value here; the calls in it are made.
        for child in node.named_children:
            self.value(child, scope, depth + 1)
        return self.lost(node)

    def name(self, node: Node, scope: Scope) -> Value:
        name = source(node)
        return Module(name) if name in GLOBALS and scope.find(name) is None else super().name(node, scope)

    def _this(self, node: Node, scope: Scope, depth: int) -> Value:
        place = scope.find("this")
        return self.lost(node) if place is None else place.names["this"]

    def function(self, node: Node, scope: Scope) -> Value:
        single, params = node.child_by_field_name("parameter"), node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        if body is None:
            return self.lost(node)
        named = (single,) if single is not None else tuple(params.named_children if params is not None else ())
        if body.type == "call_expression":
            self.bare.add(body.id)
        return Function(named, body, scope, self.path, any(c.type == "async" for c in node.children))

    def _template_string(self, node: Node, scope: Scope, depth: int) -> Value:
        made = []
        for child in node.named_children:
            if child.type == "template_substitution":
                part = self.value(child.named_children[0], scope, depth) if child.named_children else ""
                late = f"{OPEN}{part.name}{CLOSE}" if isinstance(part, Late) else string(part)
                if isinstance(part, Array) and not part.lost:  # zx gives its words one by one
                    late = " ".join(map(str, part))
                if late is None:
                    return self.lost(node)
                made.append(late)
            else:
                made.append(unescaped(source(child)) if child.type == "escape_sequence" else source(child))
        return self.short("".join(made), node)

    def member(self, holder: Value, key: str, node: Node) -> Value:
        if isinstance(holder, Module) and holder.name != "process.env":
            got = self.constant(f"{holder.name}.{key}")
            return Module(f"{holder.name}.{key}") if got is None else got
        if source(node) in ("import.meta.url", "import.meta.filename"):
            return f"file://{self.path}" if key == "url" else self.path
        if source(node) == "import.meta.dirname":
            return self.path.rpartition("/")[0] or "/"
        return super().member(holder, key, node)

    def _binary_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign = node.child_by_field_name("operator")
        if left is None or right is None or sign is None:
            return self.lost(node)
        if source(node).replace(" ", "") in ("require.main===module", "require.main==module"):
            return True
        if source(sign) not in ("||", "&&", "??"):
            return super()._binary_expression(node, scope, depth)
        value = self.value(left, scope, depth)
        known: bool | None = truthy(value)
        if source(sign) == "??":
            known = None if isinstance(value, Unknown) else not (value is None or isinstance(value, Undefined | Late))
        if known is None:
            self.arm(right, source(left)[:80], scope, depth)
            return self.lost(node)
        return self.value(right, scope, depth) if known == (source(sign) == "&&") else value

    def _ternary_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        condition = node.child_by_field_name("condition")
        arms = [node.child_by_field_name(name) for name in ("consequence", "alternative")]
        if condition is None or None in arms:
            return self.lost(node)
        known = truthy(self.value(condition, scope, depth))
        if known is None:
            for arm in arms:
                self.arm(arm, source(condition)[:80], scope, depth)
            return self.lost(node)
        arm = arms[0] if known else arms[1]
        return self.lost(node) if arm is None else self.value(arm, scope, depth)

    def assign(self, target: Node, value: Value, scope: Scope, depth: int) -> None:
        holder = target.child_by_field_name("object")
        key_node = target.child_by_field_name("property") or target.child_by_field_name("index")
        if holder is None or key_node is None:
            super().assign(target, value, scope, depth)
            return
        got = self.value(holder, scope, depth)
        key = source(key_node)
        if target.type == "subscript_expression":
            key = string(self.value(key_node, scope, depth)) or ""
        if got == Module("process.env"):
            text = string(value)
            if text is not None and key:
                self.env[key] = text
            if not isinstance(value, Late):
                self.set[key] = value if text is None else text
        elif isinstance(got, Object) and key:
            got[key] = value

    def _augmented_assignment_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return self.lost(node)
        old, new = self.value(left, scope, depth), self.value(right, scope, depth)
        value: Value = self.lost(node)
        if source(operator) in ("||=", "??="):
            value = new if truthy(old) is False else old
        elif source(operator) == "+=" and isinstance(old, int) and isinstance(new, int) and abs(old + new) < 1 << 53:
            value = old + new
        elif source(operator) == "+=" and isinstance(old, str) and (text := string(new)) is not None:
            value = self.short(old + text, node)
        self.assign(left, value, scope, depth)
        return value

    def _update_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        argument = node.child_by_field_name("argument")
        old = self.value(argument, scope, depth) if argument is not None else UNDEFINED
        if argument is None or not isinstance(old, int):
            return self.lost(node)
        self.assign(argument, old + (1 if "++" in source(node) else -1), scope, depth)
        return old
