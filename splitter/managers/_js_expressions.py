"""Expressions of JavaScript worked out as far as they can be, within bounds; the rest is `Unknown` with its line."""

import posixpath
from collections.abc import Callable, Mapping

from splitter.managers._js_methods import bounded, method
from splitter.managers._js_values import (
    MAX_LENGTH,
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
    number,
    source,
    string,
    truthy,
    unescaped,
)

Read = Callable[[str], str | None]
MAX_STEPS = 20_000  # nodes looked at in one file; a configuration has hundreds
MAX_DEPTH = 80


class Full(Exception):
    """The bounds are reached."""


class Expressions:
    """Expressions of one file; the statements around them are the work of the class that builds on this one."""

    def __init__(self, env: Mapping[str, str], cwd: str, read: Read) -> None:
        self.env, self.cwd, self.read = dict(env), cwd, read
        self.steps = 0
        self.path = ""
        self.above = 0

    def required(self, name: str, node: Node) -> Value:
        raise NotImplementedError

    def body(self, nodes: list[Node], scope: Scope, depth: int) -> Value | None:
        raise NotImplementedError

    def bind(self, pattern: Node, value: Value, scope: Scope) -> None:
        raise NotImplementedError

    def line(self, node: Node) -> int:
        return max(node.start_point[0] + 1 - self.above, 1)

    def lost(self, node: Node, what: str = "") -> Unknown:
        return Unknown(what or f"`{' '.join(source(node).split())[:60]}` is known only when it runs", self.line(node))

    def step(self, depth: int) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS or depth > MAX_DEPTH:
            raise Full

    def value(self, node: Node, scope: Scope, depth: int) -> Value:
        self.step(depth)
        kind = node.type
        if kind == "string":
            return self.text(node)
        if kind == "number":
            return number(source(node))
        if kind in ("true", "false", "null", "undefined"):
            return {"true": True, "false": False, "null": None}.get(kind, UNDEFINED)
        if kind == "identifier":
            return self.name(node, scope)
        if kind == "parenthesized_expression":
            inner = [c for c in node.named_children if c.type != "comment"]
            return self.value(inner[-1], scope, depth + 1) if inner else UNDEFINED
        handler: Callable[[Node, Scope, int], Value] | None = getattr(self, f"_{kind}", None)
        return handler(node, scope, depth + 1) if handler is not None else self.lost(node)

    def name(self, node: Node, scope: Scope) -> Value:
        name = source(node)
        if (place := scope.find(name)) is not None:
            return place.names[name]
        known: dict[str, Value] = {
            "undefined": UNDEFINED,
            "__dirname": posixpath.dirname(self.path),
            "__filename": self.path,
        }
        if name in known:
            return known[name]
        return (
            Module(name)
            if name in ("process", "Object", "JSON", "Array", "String", "Number", "Boolean", "console")
            else self.lost(node)
        )

    def text(self, node: Node) -> str:
        """What a string stands for."""
        made = []
        for child in node.named_children:
            if child.type == "escape_sequence":
                made.append(unescaped(source(child)))
            elif child.type != "template_substitution":
                made.append(source(child))
        return "".join(made)

    def _template_string(self, node: Node, scope: Scope, depth: int) -> Value:
        made = []
        for child in node.named_children:
            if child.type == "template_substitution":
                inner = child.named_children[0] if child.named_children else None
                part = string(self.value(inner, scope, depth)) if inner is not None else ""
                if part is None:
                    return self.lost(node)
                made.append(part)
            else:
                made.append(unescaped(source(child)) if child.type == "escape_sequence" else source(child))
        return self.short("".join(made), node)

    def _object(self, node: Node, scope: Scope, depth: int) -> Value:
        made = Object()
        made.line = self.line(node)
        for child in node.named_children:
            if child.type == "pair":
                key_node, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                key = self.key(key_node, scope, depth) if key_node is not None else None
                if key is None or value is None:
                    made.lost += (self.lost(child),)
                else:
                    made[key] = self.value(value, scope, depth)
            elif child.type == "shorthand_property_identifier":
                made[source(child)] = self.name(child, scope)
            elif child.type == "method_definition":
                name = child.child_by_field_name("name")
                made[source(name) if name is not None else ""] = self.lost(child, "is a function")
            elif child.type == "spread_element" and child.named_children:
                spread = self.value(child.named_children[0], scope, depth)
                if isinstance(spread, Object):
                    made.update(spread)
                    made.lost += spread.lost
                elif isinstance(spread, Unknown):
                    made.lost += (spread,)
        return made

    def _array(self, node: Node, scope: Scope, depth: int) -> Value:
        made = Array()
        made.line = self.line(node)
        for child in node.named_children:
            if child.type == "spread_element" and child.named_children:
                spread = self.value(child.named_children[0], scope, depth)
                if isinstance(spread, Array):
                    made.extend(spread[: MAX_LENGTH - len(made)])
                    made.lost += spread.lost
                else:
                    made.lost += (self.lost(child),)
            elif child.type != "comment":
                made.append(self.value(child, scope, depth))
        return made

    def key(self, node: Node, scope: Scope, depth: int) -> str | None:
        if node.type == "string":
            return self.text(node)
        if node.type == "computed_property_name":
            return string(self.value(node.named_children[0], scope, depth)) if node.named_children else None
        return source(node)

    def _arrow_function(self, node: Node, scope: Scope, depth: int) -> Value:
        return self.function(node, scope)

    _function_expression = _arrow_function

    def function(self, node: Node, scope: Scope) -> Value:
        single, params = node.child_by_field_name("parameter"), node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        if body is None or any(c.type == "async" for c in node.children):
            return self.lost(node, "is a function that cannot be followed")
        named = (single,) if single is not None else tuple(params.named_children if params is not None else ())
        return Function(named, body, scope, self.path)

    def call(self, function: Value, args: list[Value], node: Node, depth: int) -> Value:
        if not isinstance(function, Function):
            return self.lost(node)
        inner = Scope(above=function.scope)
        for at, param in enumerate(function.params):
            given = args[at] if at < len(args) else UNDEFINED
            if param.type == "assignment_pattern":
                left, right = param.child_by_field_name("left"), param.child_by_field_name("right")
                if left is not None and right is not None:
                    default = self.value(right, inner, depth + 1) if isinstance(given, Undefined) else given
                    self.bind(left, default, inner)
            else:
                self.bind(param, given, inner)
        if function.body.type == "statement_block":
            got = self.body(function.body.named_children, inner, depth + 1)
            return UNDEFINED if got is None else got
        return self.value(function.body, inner, depth + 1)

    def _member_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        holder, key = node.child_by_field_name("object"), node.child_by_field_name("property")
        if holder is None or key is None:
            return self.lost(node)
        return self.member(self.value(holder, scope, depth), source(key), node)

    def _subscript_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        holder, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        if holder is None or index is None:
            return self.lost(node)
        key = string(self.value(index, scope, depth))
        return self.lost(node) if key is None else self.member(self.value(holder, scope, depth), key, node)

    def member(self, holder: Value, key: str, node: Node) -> Value:
        if isinstance(holder, Module):
            if holder.name == "process.env":
                return self.env[key] if key in self.env else Late(key)
            return Module(f"{holder.name}.{key}")
        if isinstance(holder, Object):
            if key in holder:
                return holder[key]
            return holder.lost[0] if holder.lost else UNDEFINED
        if isinstance(holder, Array):
            if key == "length" and not holder.lost:
                return len(holder)
            return holder[int(key)] if key.isdecimal() and key.isascii() and int(key[:6]) < len(holder) else UNDEFINED
        if isinstance(holder, str) and key == "length":
            return len(holder)
        return self.lost(node)

    def _call_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return self.lost(node)
        args = [self.value(a, scope, depth) for a in arguments.named_children if a.type != "comment"]
        if source(function) == "require" and args and isinstance(args[0], str):
            return self.required(args[0], node)
        if source(function) in ("parseInt", "Number", "parseFloat") and args:
            text = string(args[0])
            return number(text) if text is not None and text.strip() else self.lost(node)
        if source(function) == "String" and args:
            text = string(args[0])
            return self.lost(node) if text is None else text
        if function.type == "member_expression":
            holder, key = function.child_by_field_name("object"), function.child_by_field_name("property")
            if holder is not None and key is not None:
                return self.method(self.value(holder, scope, depth), source(key), args, node, depth)
        return self.call(self.value(function, scope, depth), args, node, depth)

    def method(self, holder: Value, name: str, args: list[Value], node: Node, depth: int) -> Value:
        if isinstance(holder, Object) and isinstance(holder.get(name), Function):
            return self.call(holder[name], args, node, depth)
        got = method(holder, name, args, lambda f, a: self.call(f, a, node, depth), self.cwd, self.line(node))
        return self.lost(node) if got is None else got

    def short(self, text: str, node: Node) -> Value:
        return self.lost(node, "is too long to be meant") if bounded(text) is None else text

    def _binary_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        left_node, right_node = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left_node is None or right_node is None or operator is None:
            return self.lost(node)
        sign, left = source(operator), self.value(left_node, scope, depth)
        if sign in ("||", "&&", "??"):
            known: bool | None = truthy(left)
            if sign == "??":
                known = None if isinstance(left, Unknown) else not (left is None or isinstance(left, Undefined | Late))
            if known is None:
                return self.lost(node)
            return self.value(right_node, scope, depth) if known == (sign == "&&") else left
        right = self.value(right_node, scope, depth)
        if sign in ("===", "==", "!==", "!="):
            if isinstance(left, Unknown | Function) or isinstance(right, Unknown | Function):
                return self.lost(node)
            left, right = (UNDEFINED if isinstance(v, Late) else v for v in (left, right))
            return (type(left) is type(right) and left == right) == sign.startswith("=")
        if isinstance(left, int | float) and isinstance(right, int | float):
            if sign in ("<", "<=", ">", ">="):
                return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]
            if sign in ("+", "-", "*"):
                made = left + right if sign == "+" else left - right if sign == "-" else left * right
                return made if abs(made) < 1 << 53 else self.lost(node)
        elif sign == "+" and (isinstance(left, str) or isinstance(right, str)):
            texts = [string(left), string(right)]
            if None not in texts:
                return self.short("".join(t for t in texts if t is not None), node)
        return self.lost(node)

    def _unary_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
        if operator is None or argument is None:
            return self.lost(node)
        value = self.value(argument, scope, depth)
        if source(operator) == "!" and (known := truthy(value)) is not None:
            return not known
        if source(operator) == "-" and isinstance(value, int | float):
            return -value
        if source(operator) == "+" and isinstance(value, str) and value.strip():
            return number(value)
        return self.lost(node)

    def _ternary_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        condition = node.child_by_field_name("condition")
        known = truthy(self.value(condition, scope, depth)) if condition is not None else None
        arm = node.child_by_field_name("consequence" if known else "alternative")
        return self.lost(node) if known is None or arm is None else self.value(arm, scope, depth)

    def _assignment_expression(self, node: Node, scope: Scope, depth: int) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self.lost(node)
        value = self.value(right, scope, depth)
        self.assign(left, value, scope, depth)
        return value

    def assign(self, target: Node, value: Value, scope: Scope, depth: int) -> None:
        if target.type == "identifier":
            place = scope.find(source(target))
            (place or scope).names[source(target)] = value
        elif target.type == "member_expression":
            holder, key = target.child_by_field_name("object"), target.child_by_field_name("property")
            if holder is not None and key is not None:
                got = self.value(holder, scope, depth)
                if isinstance(got, Object):
                    got[source(key)] = value
