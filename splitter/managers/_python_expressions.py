"""Expressions of a Python launcher worked out as far as they can be; what cannot is `Unknown`."""

import ast
import operator
import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from splitter.managers._python_library import MAX_LENGTH, Library
from splitter.managers._python_values import (
    Class,
    Environ,
    Function,
    Instance,
    Module,
    Name,
    Scope,
    Super,
    Unknown,
    known,
    truth,
)
from splitter.managers._supervisor import OPEN

MAX_STEPS = 80_000
MAPPING = frozenset(("get", "items", "keys", "values", "update", "setdefault", "copy", "pop"))
MAX_DEPTH = 60
BUILTINS = frozenset(
    (
        "str", "int", "len", "list", "tuple", "dict", "bool", "range", "enumerate", "zip", "reversed", "sorted",
        "min", "max", "abs", "print", "open", "exit", "quit", "set", "isinstance", "hasattr", "getattr", "map",
        "filter", "any", "all", "input", "float", "super", "next", "iter", "id", "repr",
    )
)  # fmt: skip


class Full(Exception):
    """The bounds are reached."""


class Expressions:
    """Expressions of one script; calls and statements are the work of the class that builds on this one."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.steps = 0
        self.depth = 0

    def call(self, node: ast.Call, scope: Scope, module: Module) -> object:
        raise NotImplementedError

    def step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS or self.depth > MAX_DEPTH:
            raise Full

    def value(self, node: ast.expr | None, scope: Scope, module: Module) -> object:
        if node is None:
            return None
        self.step()
        self.depth += 1
        try:
            handler = getattr(self, f"_{type(node).__name__}", None)
            return handler(node, scope, module) if handler is not None else self.inside(node, scope, module)
        finally:
            self.depth -= 1

    def inside(self, node: ast.AST, scope: Scope, module: Module) -> Unknown:
        """An expression without a value here; the calls in it are made."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, scope, module)
        return Unknown(shown(node))

    def _Constant(self, node: ast.Constant, scope: Scope, module: Module) -> object:
        return node.value if isinstance(node.value, str | int | float | bool | None) else Unknown(shown(node))

    def _Name(self, node: ast.Name, scope: Scope, module: Module) -> object:
        here: Scope | None = scope
        while here is not None:
            if node.id in here.names:
                return here.names[node.id]
            here = here.above
        own = {"__name__": module.name, "__file__": module.path}
        if node.id in own:
            return own[node.id]
        return Name(node.id) if node.id in BUILTINS else Unknown(node.id)

    def _List(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope, module: Module) -> object:
        made: list[object] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                got = self.value(item.value, scope, module)
                made += list(got) if isinstance(got, list | tuple) else [Unknown(shown(item))]
            else:
                made.append(self.value(item, scope, module))
        return made[:MAX_LENGTH]

    _Tuple = _Set = _List

    def _Dict(self, node: ast.Dict, scope: Scope, module: Module) -> object:
        made: dict[str, object] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.value(value_node, scope, module)
            if key_node is None:
                if isinstance(value, Name) and value.full == "os.environ":
                    made = _environ(made)
                elif isinstance(value, Environ):
                    made = _environ({**made, **value})
                elif isinstance(value, dict):
                    made.update(value)
                continue
            key = self.value(key_node, scope, module)
            if isinstance(key, str | int):
                made[str(key)] = value
        return made

    def _JoinedStr(self, node: ast.JoinedStr, scope: Scope, module: Module) -> object:
        made = ""
        for part in node.values:
            got = self.value(part.value if isinstance(part, ast.FormattedValue) else part, scope, module)
            if isinstance(part, ast.FormattedValue) and (part.format_spec is not None or not known(got)):
                return Unknown(shown(node))
            made += str(got)
        return made if len(made) < MAX_LENGTH else Unknown()

    def _BinOp(self, node: ast.BinOp, scope: Scope, module: Module) -> object:
        left, right = self.value(node.left, scope, module), self.value(node.right, scope, module)
        if isinstance(node.op, ast.Add):
            if isinstance(left, list | tuple) and isinstance(right, list | tuple):
                return [*left, *right][:MAX_LENGTH]
            if isinstance(left, str) and isinstance(right, str) and len(left) + len(right) < MAX_LENGTH:
                return left + right
        if isinstance(node.op, ast.Div) and isinstance(left, str) and isinstance(right, str):
            return posixpath.join(left, right)  # pathlib's, as a text
        if isinstance(node.op, ast.Mod) and isinstance(left, str) and known(right) and OPEN not in left:
            try:
                made = left % (tuple(right) if isinstance(right, list) else right)
            except (TypeError, ValueError, KeyError, OverflowError, MemoryError):
                return Unknown(shown(node))
            return made if len(made) < MAX_LENGTH else Unknown()
        if isinstance(node.op, ast.BitOr) and isinstance(left, Name | Environ) and isinstance(right, dict):
            return _environ({**(left if isinstance(left, Environ) else {}), **right})
        if isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) < 1 << 40:
            signs: dict[type[ast.operator], Callable[[int, int], int]] = {
                ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
            }  # fmt: skip
            if sign := signs.get(type(node.op)):
                return sign(left, right)
        return Unknown(shown(node))

    def _BoolOp(self, node: ast.BoolOp, scope: Scope, module: Module) -> object:
        last: object = None
        for item in node.values:
            last = self.value(item, scope, module)
            held = truth(last)
            if held is None:
                return Unknown(shown(node))
            if held == isinstance(node.op, ast.Or):
                return last
        return last

    def _UnaryOp(self, node: ast.UnaryOp, scope: Scope, module: Module) -> object:
        value = self.value(node.operand, scope, module)
        if isinstance(node.op, ast.Not):
            held = truth(value)
            return Unknown(shown(node)) if held is None else not held
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        return Unknown(shown(node))

    def _Compare(self, node: ast.Compare, scope: Scope, module: Module) -> object:
        left = self.value(node.left, scope, module)
        for sign, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, scope, module)
            if not (known(left) and (known(right) or isinstance(right, dict))) or _marked(left) or _marked(right):
                return Unknown(shown(node))
            held = _compared(sign, left, right)
            if held is None:
                return Unknown(shown(node))
            if not held:
                return False
            left = right
        return True

    def _IfExp(self, node: ast.IfExp, scope: Scope, module: Module) -> object:
        held = truth(self.value(node.test, scope, module))
        if held is None:
            return self.inside(node, scope, module)
        return self.value(node.body if held else node.orelse, scope, module)

    def _Subscript(self, node: ast.Subscript, scope: Scope, module: Module) -> object:
        holder = self.value(node.value, scope, module)
        if isinstance(node.slice, ast.Slice):
            low, high = self.value(node.slice.lower, scope, module), self.value(node.slice.upper, scope, module)
            if isinstance(holder, list | tuple | str) and isinstance(low, int | None) and isinstance(high, int | None):
                return holder[low:high]
            return Unknown(shown(node))
        key = self.value(node.slice, scope, module)
        if isinstance(holder, Name) and holder.full == "os.environ" and isinstance(key, str):
            return self.library.late(key)
        if isinstance(holder, Environ) and isinstance(key, str) and key not in holder:
            return self.library.late(key)
        if isinstance(holder, Instance) and holder.items is not None:
            holder = holder.items
        if isinstance(holder, dict) and isinstance(key, str | int):
            return holder.get(str(key), Unknown(shown(node)))
        if isinstance(holder, list | tuple | str) and isinstance(key, int) and -len(holder) <= key < len(holder):
            return holder[key]
        return Unknown(shown(node))

    def _Attribute(self, node: ast.Attribute, scope: Scope, module: Module) -> object:
        return self.attribute(self.value(node.value, scope, module), node.attr, node)

    def attribute(self, holder: object, name: str, node: ast.AST) -> object:
        if isinstance(holder, Name):
            full = f"{holder.full}.{name}"
            got = self.library.constant(full)
            return Name(full) if got is None else got
        if isinstance(holder, Module):
            return holder.scope.names.get(name, Unknown(shown(node)))
        if isinstance(holder, Instance):
            if name in holder.attributes:
                return holder.attributes[name]
            got = holder.of.find(name)
            if got is None and holder.items is None:
                return Unknown(shown(node))
            other = holder.of.find("__getattr__") if got is None and name not in MAPPING else None
            if isinstance(other, Function):
                return self.invoke(self.bound(other, holder), [name], {}, node)
            return self.member(got, holder, node)
        if isinstance(holder, Super):
            found = (c.find(name) for c in holder.after.line()[1:] if c.find(name) is not None)
            return self.member(next(found, None), holder.bound, node)
        if isinstance(holder, Class):
            return self.member(holder.find(name), holder, node)
        if isinstance(holder, str) and name == "value":
            return holder  # of an enumeration
        if isinstance(holder, str) and name in ("parent", "name", "stem"):
            pure = {"parent": posixpath.dirname(holder), "name": posixpath.basename(holder)}
            return pure.get(name, posixpath.splitext(posixpath.basename(holder))[0])
        return Unknown(shown(node))

    def member(self, got: object, holder: Instance | Class, node: ast.AST) -> object:
        """What was found in a class, as the instance or the class itself has it."""
        if isinstance(got, Function) and got.owner is not None:
            if "property" in got.decorators and isinstance(holder, Instance):
                return self.invoke(self.bound(got, holder), [], {}, node)
            return self.bound(got, holder)
        return Unknown(shown(node)) if got is None else got

    @staticmethod
    def bound(function: Function, holder: Instance | Class) -> Function:
        of = holder.of if isinstance(holder, Instance) else holder
        to: Instance | Class | None = holder if isinstance(holder, Instance) else None
        if "classmethod" in function.decorators:
            to = of
        elif "staticmethod" in function.decorators:
            to = None
        return Function(function.node, function.module, function.scope, to, function.owner)

    def invoke(self, function: object, args: list[object], more: dict[str, object], node: ast.AST) -> object:
        raise NotImplementedError

    def _Call(self, node: ast.Call, scope: Scope, module: Module) -> object:
        return self.call(node, scope, module)

    def _Await(self, node: ast.Await, scope: Scope, module: Module) -> object:
        return self.value(node.value, scope, module)

    def _NamedExpr(self, node: ast.NamedExpr, scope: Scope, module: Module) -> object:
        scope.names[node.target.id] = got = self.value(node.value, scope, module)
        return got

    def _Lambda(self, node: ast.Lambda, scope: Scope, module: Module) -> object:
        return Function(node, module, scope)

    def _ListComp(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope, module: Module) -> object:
        made: list[object] = []
        first = node.generators[0]
        items = self.value(first.iter, scope, module)
        items = list(items) if isinstance(items, str) else items
        if len(node.generators) > 1 or not isinstance(items, list | tuple):
            inner = Scope(above=scope)
            self.put(first.target, Unknown(), inner, module)
            self.value(node.elt, inner, module)
            return Unknown(shown(node))
        for item in items[:200]:
            inner = Scope(above=scope)
            self.put(first.target, item, inner, module)
            if all(truth(self.value(test, inner, module)) is not False for test in first.ifs):
                made.append(self.value(node.elt, inner, module))
        return made

    _GeneratorExp = _ListComp

    def _DictComp(self, node: ast.DictComp, scope: Scope, module: Module) -> object:
        made: dict[str, object] = {}
        first = node.generators[0]
        items = self.value(first.iter, scope, module)
        if len(node.generators) > 1 or not isinstance(items, list | tuple):
            return Unknown(shown(node))
        for item in items[:200]:
            inner = Scope(above=scope)
            self.put(first.target, item, inner, module)
            if all(truth(self.value(test, inner, module)) is not False for test in first.ifs):
                key = self.value(node.key, inner, module)
                if isinstance(key, str | int):
                    made[str(key)] = self.value(node.value, inner, module)
        return made

    def put(self, target: ast.expr, value: object, scope: Scope, module: Module) -> None:
        """An assignment to a name, a tuple of names, an attribute or an item."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            items = value if isinstance(value, list | tuple) and len(value) == len(target.elts) else None
            for at, one in enumerate(target.elts):
                self.put(one, items[at] if items is not None else Unknown(), scope, module)
        elif isinstance(target, ast.Attribute):
            holder = self.value(target.value, scope, module)
            if isinstance(holder, Instance | Class):
                holder.attributes[target.attr] = value
        elif isinstance(target, ast.Subscript):
            holder, key = self.value(target.value, scope, module), self.value(target.slice, scope, module)
            if isinstance(holder, Name) and holder.full == "os.environ" and isinstance(key, str):
                self.library.put(key, value)
            elif isinstance(holder, Instance) and holder.items is not None and isinstance(key, str | int):
                holder.items[str(key)] = value
            elif isinstance(holder, dict) and isinstance(key, str | int):
                holder[str(key)] = value
            elif isinstance(holder, list) and isinstance(key, int) and -len(holder) <= key < len(holder):
                holder[key] = value


def _compared(sign: ast.cmpop, left: Any, right: Any) -> bool | None:
    signs: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
        ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.eq, ast.IsNot: operator.ne, ast.Lt: operator.lt,
        ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda a, b: a in b,
        ast.NotIn: lambda a, b: a not in b,
    }  # fmt: skip
    try:
        return bool(signs[type(sign)](left, right))
    except TypeError:
        return None


def _environ(values: Mapping[str, object]) -> Environ:
    made = Environ()
    made.update(values)
    return made


def _marked(value: object) -> bool:
    return isinstance(value, str) and OPEN in value


def shown(node: ast.AST) -> str:
    try:
        return ast.unparse(node)[:60]
    except (ValueError, RecursionError, AttributeError):
        return "a value"
