"""Expressions of a Ruby program worked out as far as they can be; what cannot is `Unknown`.

tree-sitter-ruby parses. Nothing is executed: texts, lists, mappings, ENV and small methods have a meaning here.
"""

import operator
from collections.abc import Callable, Mapping, Sequence

from splitter.managers._ruby_values import (
    MAX_LENGTH,
    Const,
    Forked,
    Function,
    Late,
    Module,
    Node,
    Object,
    Pending,
    Scope,
    Unknown,
    known,
    shown,
    source,
    squiggly,
    text,
    truth,
    unescaped,
)
from splitter.managers._supervisor import CLOSE, OPEN

MAX_STEPS = 60_000
MAX_DEPTH = 120
SIGNS: Mapping[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
GLOBALS = {"$0": "script", "$PROGRAM_NAME": "script"}


class Full(Exception):
    """The bounds are reached."""


class Expressions:
    """Expressions of one program; calls and statements are the work of the classes that build on this one."""

    def __init__(self, env: Mapping[str, str], cwd: str, script: str, args: tuple[str, ...]) -> None:
        self.env, self.cwd, self.script, self.args = dict(env), cwd, script, list(args)
        self.set: dict[str, str] = {}
        self.asked: dict[str, None] = {}  # variables of the environment that were looked at
        self.path = script
        self.steps = 0
        self.heredocs: dict[int, Node] = {}
        self.globals: dict[str, object] = {}

    def call(self, node: Node, scope: Scope, depth: int) -> object:
        raise NotImplementedError

    def statement(self, node: Node, scope: Scope, depth: int) -> object:
        raise NotImplementedError

    def body(self, nodes: Sequence[Node], scope: Scope, depth: int) -> object:
        raise NotImplementedError

    def perhaps(self, node: Node | None, scope: Scope, depth: int) -> object:
        """The value of what may run or not."""
        raise NotImplementedError

    def named(self, name: str, args: list[object], node: Node, scope: Scope, depth: int) -> object:
        raise NotImplementedError

    def step(self, depth: int) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS or depth > MAX_DEPTH:
            raise Full

    def value(self, node: Node | None, scope: Scope, depth: int) -> object:
        if node is None:
            return None
        self.step(depth)
        handler = getattr(self, f"_{node.type}", None)
        if handler is not None:
            return handler(node, scope, depth + 1)
        return self.statement(node, scope, depth + 1)

    def inside(self, node: Node, scope: Scope, depth: int) -> Unknown:
        """An expression without a value here; the calls in it are made."""
        for child in node.named_children:
            self.value(child, scope, depth + 1)
        return Unknown(shown(node))

    # Texts

    def _string(self, node: Node, scope: Scope, depth: int) -> object:
        made = ""
        for part in node.named_children:
            if part.type == "interpolation":
                got: object = None
                for inner in part.named_children:
                    got = self.value(inner, scope, depth + 1)
                piece = text(got)
                if piece is None:
                    return Unknown(self.what(got, node))
                made += piece
            elif part.type == "escape_sequence":
                made += unescaped(source(part))
            else:
                made += source(part)
            if len(made) > MAX_LENGTH:
                return Unknown()
        return made

    @staticmethod
    def what(got: object, node: Node) -> str:
        return got.what if isinstance(got, Unknown) else shown(node)

    _bare_string = _bare_symbol = _delimited_symbol = _heredoc_body = _string

    def _heredoc_beginning(self, node: Node, scope: Scope, depth: int) -> object:
        body = self.heredocs.get(node.id)
        if body is None:
            return Unknown("a here-document")
        inner = [c for c in body.named_children if c.type != "heredoc_end"]
        made = ""
        for part in inner:
            got = self._string_part(part, scope, depth)
            if not isinstance(got, str):
                return got
            made += got
        return squiggly(made) if source(node).startswith("<<~") else made.removeprefix("\n")

    def _string_part(self, part: Node, scope: Scope, depth: int) -> object:
        if part.type == "interpolation":
            got: object = None
            for inner in part.named_children:
                got = self.value(inner, scope, depth + 1)
            piece = text(got)
            return Unknown(self.what(got, part)) if piece is None else piece
        return unescaped(source(part)) if part.type == "escape_sequence" else source(part)

    def _chained_string(self, node: Node, scope: Scope, depth: int) -> object:
        parts = [self.value(child, scope, depth) for child in node.named_children]
        lost = next((p for p in parts if not isinstance(p, str)), None)
        return lost if lost is not None else "".join(p for p in parts if isinstance(p, str))

    def _character(self, node: Node, scope: Scope, depth: int) -> object:
        return source(node)[1:]

    def _simple_symbol(self, node: Node, scope: Scope, depth: int) -> object:
        return source(node).removeprefix(":").strip("\"'")

    def _hash_key_symbol(self, node: Node, scope: Scope, depth: int) -> object:
        return source(node)

    def _integer(self, node: Node, scope: Scope, depth: int) -> object:
        digits = source(node).replace("_", "")[:40]
        try:
            return int(digits, 0)
        except ValueError:
            return int(digits, 8) if digits.isdigit() and not set(digits) & set("89") else Unknown(digits)

    def _float(self, node: Node, scope: Scope, depth: int) -> object:
        try:
            return float(source(node).replace("_", ""))
        except ValueError:
            return Unknown(shown(node))

    def _true(self, node: Node, scope: Scope, depth: int) -> object:
        return True

    def _false(self, node: Node, scope: Scope, depth: int) -> object:
        return False

    def _nil(self, node: Node, scope: Scope, depth: int) -> object:
        return None

    def _regex(self, node: Node, scope: Scope, depth: int) -> object:
        return Unknown(shown(node))

    # Lists and mappings

    def _array(self, node: Node, scope: Scope, depth: int) -> object:
        return self.items(node.named_children, scope, depth)[0]

    def items(self, nodes: list[Node], scope: Scope, depth: int) -> tuple[list[object], object]:
        """The items of a list or of arguments: the pairs last, as one mapping; and the block passed on."""
        made: list[object] = []
        pairs: dict[str, object] | None = None
        block: object = None
        for child in nodes:
            if child.type in ("pair", "hash_splat_argument"):
                pairs = {} if pairs is None else pairs
                self.pair(child, pairs, scope, depth)
            elif child.type == "splat_argument":
                got = self.value(child.named_children[0], scope, depth) if child.named_children else None
                made += (
                    got if isinstance(got, list) else [got] if isinstance(got, str | int) else [Unknown(shown(child))]
                )
            elif child.type == "block_argument":
                block = self.value(child.named_children[0], scope, depth) if child.named_children else scope.block
                block = Pending(block) if isinstance(block, str) else block
            elif child.type not in ("comment", "heredoc_body"):
                made.append(self.value(child, scope, depth))
        if pairs is not None:
            made.append(pairs)
        return made[:MAX_LENGTH], block

    def _string_array(self, node: Node, scope: Scope, depth: int) -> object:
        return [self.value(child, scope, depth) for child in node.named_children]

    _symbol_array = _right_assignment_list = _string_array

    def _hash(self, node: Node, scope: Scope, depth: int) -> object:
        made: dict[str, object] = {}
        for child in node.named_children:
            self.pair(child, made, scope, depth)
        return made

    def pair(self, node: Node, made: dict[str, object], scope: Scope, depth: int) -> None:
        if node.type == "hash_splat_argument":
            got = self.value(node.named_children[0], scope, depth) if node.named_children else None
            made |= got if isinstance(got, dict) else {}
            return
        key_node, value_node = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key_node is None:
            return
        key = self.value(key_node, scope, depth)
        if value_node is None and key_node.type == "hash_key_symbol":  # `name:` alone
            found = scope.find(str(key))
            value = found.names[str(key)] if found else Unknown(str(key))
        else:
            value = self.value(value_node, scope, depth)
        if isinstance(key, list):
            key = ",".join(str(k) for k in key)
        if isinstance(key, str | int):
            made[str(key)] = value

    def _element_reference(self, node: Node, scope: Scope, depth: int) -> object:
        holder_node = node.child_by_field_name("object")
        holder = self.value(holder_node, scope, depth)
        inside = [c for c in node.named_children if holder_node is None or c.id != holder_node.id]
        keys = [self.value(c, scope, depth) for c in inside]
        key = keys[0] if keys else None
        if holder == Const("ENV") and isinstance(key, str):
            return self.variable(key)
        if isinstance(holder, dict) and isinstance(key, str | int):
            return holder.get(str(key))
        if isinstance(holder, list) and isinstance(key, int) and len(keys) == 1:
            return holder[key] if -len(holder) <= key < len(holder) else None
        return Unknown(shown(node))

    def variable(self, name: str) -> object:
        """`ENV[name]`."""
        self.asked[name] = None
        return self.env.get(name, Late(name))

    def needed(self, name: str) -> str:
        """A variable that must be there, by its mark where it is not."""
        self.asked[name] = None
        return self.env.get(name, f"{OPEN}{name}{CLOSE}")

    def put_variable(self, name: str, value: object) -> None:
        """`ENV[name] = value`: every process that starts from now on has it."""
        if value is None or isinstance(value, Late):
            self.env.pop(name, None)
            self.set.pop(name, None)
        elif isinstance(value, str):
            self.env[name] = self.set[name] = value
        else:
            self.env[name] = self.set[name] = f"{OPEN}{name}{CLOSE}"

    # Names

    def _identifier(self, node: Node, scope: Scope, depth: int) -> object:
        name = source(node)
        found = scope.find(name)
        if found is not None:
            return found.names[name]
        return self.named(name, [], node, scope, depth)

    def _constant(self, node: Node, scope: Scope, depth: int) -> object:
        name = source(node)
        module: Module | None = scope.module
        while module is not None:
            for one in module.line():
                if name in one.constants:
                    return one.constants[name]
            module = module.outer
        if name == "ARGV":
            return list(self.args)
        return Const(name)

    def _scope_resolution(self, node: Node, scope: Scope, depth: int) -> object:
        outer, name = node.child_by_field_name("scope"), node.child_by_field_name("name")
        label = source(name) if name is not None else ""
        if outer is None:
            return Const(label)
        got = self.value(outer, scope, depth)
        if isinstance(got, Module):
            return got.constants.get(label, Unknown(shown(node)))
        if isinstance(got, Const):
            return "/" if (got.name, label) == ("File", "SEPARATOR") else Const(f"{got.name}::{label}")
        return Unknown(shown(node))

    def _instance_variable(self, node: Node, scope: Scope, depth: int) -> object:
        holder = scope.me
        if isinstance(holder, Object | Module):
            return holder.fields.get(source(node))
        return Unknown(shown(node))

    def _class_variable(self, node: Node, scope: Scope, depth: int) -> object:
        return scope.module.fields.get(source(node))

    def _global_variable(self, node: Node, scope: Scope, depth: int) -> object:
        name = source(node)
        return self.script if name in GLOBALS else self.globals.get(name, Unknown(name))

    def _self(self, node: Node, scope: Scope, depth: int) -> object:
        return scope.me

    # Operators

    def _binary(self, node: Node, scope: Scope, depth: int) -> object:
        sign_node = node.child_by_field_name("operator")
        sign = source(sign_node) if sign_node is not None else ""
        left_node, right_node = node.child_by_field_name("left"), node.child_by_field_name("right")
        left = self.value(left_node, scope, depth)
        if sign in ("&&", "and", "||", "or"):
            held = truth(left)
            if held is None:
                right = self.perhaps(right_node, scope, depth)
                certain = truth(right)
                if certain is not None and certain == (sign in ("||", "or")):
                    return right
                return Unknown(shown(node))
            return left if held == (sign in ("||", "or")) else self.value(right_node, scope, depth)
        right = self.value(right_node, scope, depth)
        if sign == "<<":
            return self.push(left, right, node)
        if sign in ("==", "!=", "===", "eql?"):
            return self.equal(left, right, sign == "!=", node)
        if sign == "+" and isinstance(left, list) and isinstance(right, list):
            return [*left, *right][:MAX_LENGTH]
        if sign == "+" and isinstance(left, str):
            piece = text(right) if isinstance(right, str | Late) else None
            return Unknown(shown(node)) if piece is None or len(left) > MAX_LENGTH else left + piece
        if sign == "/" and isinstance(left, str) and isinstance(right, str):  # of Pathname
            return f"{left.rstrip('/')}/{right}"
        if sign in SIGNS and isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) < 1 << 40:
            return SIGNS[sign](left, right)
        if sign in ORDERS and isinstance(left, int | float) and isinstance(right, int | float):
            return ORDERS[sign](left, right)
        return Unknown(shown(node))

    def push(self, left: object, right: object, node: Node) -> object:
        if isinstance(left, list) and len(left) < MAX_LENGTH:
            left.append(right)
            return left
        return Unknown(shown(node))

    @staticmethod
    def equal(left: object, right: object, negated: bool, node: Node) -> object:
        left, right = (None if isinstance(v, Late) else v for v in (left, right))
        if not (known(left) and known(right)) or any(isinstance(v, str) and OPEN in v for v in (left, right)):
            return Unknown(shown(node))
        return (left == right) != negated

    def _unary(self, node: Node, scope: Scope, depth: int) -> object:
        sign_node = node.child_by_field_name("operator")
        sign = source(sign_node) if sign_node is not None else source(node)[:1]
        if sign == "defined?":
            return Unknown(shown(node))
        got = self.value(node.child_by_field_name("operand"), scope, depth)
        if sign in ("!", "not"):
            held = truth(got)
            return got if isinstance(got, Forked) else Unknown(shown(node)) if held is None else not held
        return -got if sign == "-" and isinstance(got, int | float) else Unknown(shown(node))

    def _range(self, node: Node, scope: Scope, depth: int) -> object:
        ends = [self.value(node.child_by_field_name(name), scope, depth) for name in ("begin", "end")]
        if all(isinstance(e, int) for e in ends):
            first, last = (e for e in ends if isinstance(e, int))
            if 0 <= last - first < 200:
                return list(range(first, last + ("..." not in source(node))))
        return Unknown(shown(node))

    def _parenthesized_statements(self, node: Node, scope: Scope, depth: int) -> object:
        return self.body(node.named_children, scope, depth)

    def _call(self, node: Node, scope: Scope, depth: int) -> object:
        return self.call(node, scope, depth)

    def _lambda(self, node: Node, scope: Scope, depth: int) -> object:
        return Function(node, self.path, scope.module, scope, scope.me)
