"""What a JavaScript configuration exports, worked out from its syntax tree; no code of it is run.

Only what a configuration is made of has a meaning here: literals, constants, `process.env`, paths, small functions that
give a value back. All else is `Unknown` with its line, and what stands around it is still read.
"""

import posixpath
from collections.abc import Mapping

import tree_sitter
import tree_sitter_javascript

from splitter.managers._js_expressions import Expressions, Full, Read
from splitter.managers._js_values import (
    UNDEFINED,
    Array,
    Late,
    Module,
    Node,
    Object,
    Scope,
    Undefined,
    Unknown,
    Value,
    source,
    truthy,
)

_LANGUAGE = tree_sitter.Language(tree_sitter_javascript.language())
MAX_FILES = 8
MODULES = ("path", "os", "fs", "process")
ENDS = (".js", ".json", ".cjs", ".mjs", "/index.js", "/index.mjs")


def exported(text: str, path: str, env: Mapping[str, str], cwd: str, read: Read) -> Value:
    """What `module.exports` or `export default` of a file is. Never raises.

    `read` gives the text of another file (for `require('./base')`), None where it is not to be had.
    """
    return Reader(env, cwd, read).file(text, path)


def literal(text: str, path: str) -> Value:
    """The value of a text that is one expression: JSON with comments and trailing commas, as pm2 reads it."""
    return Reader({}, "/", lambda _: None).file(f"module.exports = (\n{text}\n)", path, 1)


class Reader(Expressions):
    def __init__(self, env: Mapping[str, str], cwd: str, read: Read) -> None:
        super().__init__(env, cwd, read)
        self.files: dict[str, Value] = {}

    def file(self, text: str, path: str, above: int = 0) -> Value:
        """`above` lines were put before the text."""
        raw = text.encode("utf-8", "replace")
        root = tree_sitter.Parser(_LANGUAGE).parse(raw).root_node
        self.seen(root)
        outer = (self.path, self.above)
        self.path, self.above = path, above
        scope = Scope({"module": Object(exports=Object()), "exports": UNDEFINED})
        module = scope.names["module"]
        assert isinstance(module, Object)
        scope.names["exports"] = module["exports"]
        try:
            if root.has_error and (broken := _error(root)):
                module["exports"] = Unknown("is not JavaScript that can be read", self.line(broken))
                if above:
                    return module["exports"]
            self.body(root.named_children, scope, 0)
        except (Full, RecursionError):
            module["exports"] = Unknown("too large to be read", 1)
        finally:
            self.path, self.above = outer
        return module["exports"]

    def seen(self, root: Node) -> None:
        """Look at a file before it is followed."""

    def body(self, nodes: list[Node], scope: Scope, depth: int) -> Value | None:
        """Statements in order; the value of the first `return`, None where there is none."""
        for node in nodes:
            got = self.statement(node, scope, depth)
            if got is not None:
                return got
        return None

    def statement(self, node: Node, scope: Scope, depth: int) -> Value | None:
        self.step(depth)
        kind = node.type
        if kind in ("lexical_declaration", "variable_declaration"):
            for one in node.named_children:
                name, value = one.child_by_field_name("name"), one.child_by_field_name("value")
                if name is not None:
                    self.bind(name, UNDEFINED if value is None else self.value(value, scope, depth + 1), scope)
        elif kind == "expression_statement" and node.named_children:
            self.value(node.named_children[0], scope, depth + 1)
        elif kind == "function_declaration":
            name = node.child_by_field_name("name")
            if name is not None:
                scope.names[source(name)] = self.function(node, scope)
        elif kind == "export_statement":
            self.export(node, scope, depth)
        elif kind == "import_statement":
            self.imports(node, scope)
        elif kind == "return_statement":
            return self.value(node.named_children[0], scope, depth + 1) if node.named_children else UNDEFINED
        elif kind == "statement_block":
            return self.body(node.named_children, Scope(above=scope), depth + 1)
        elif kind == "if_statement":
            return self.conditional(node, scope, depth)
        elif kind not in ("comment", "empty_statement", "hash_bang_line", "ERROR"):
            self.spoil(node, scope)
        return None

    def conditional(self, node: Node, scope: Scope, depth: int) -> Value | None:
        condition = node.child_by_field_name("condition")
        known = truthy(self.value(condition, scope, depth + 1)) if condition is not None else None
        if known is None:
            return self.spoil(node, scope)
        arm = node.child_by_field_name("consequence" if known else "alternative")
        if arm is not None and arm.type == "else_clause":
            arm = arm.named_children[0] if arm.named_children else None
        return self.statement(arm, scope, depth + 1) if arm is not None else None

    def spoil(self, node: Node, scope: Scope) -> Value | None:
        """What a statement that cannot be followed may have changed is not known after it."""
        returns = False
        stack = [node]
        while stack:
            one = stack.pop()
            self.step(0)
            target = one.child_by_field_name("left") if "assignment" in one.type else None
            if one.type == "call_expression" and (function := one.child_by_field_name("function")) is not None:
                target = function.child_by_field_name("object")
            returns = returns or one.type == "return_statement"
            while target is not None and target.type in ("member_expression", "subscript_expression"):
                if source(target) == "module.exports":
                    self.assign(target, self.lost(node, "is set where it cannot be followed"), scope, 0)
                target = target.child_by_field_name("object")
            name = source(target) if target is not None and target.type == "identifier" else "module"
            if name not in ("module", "exports") and (place := scope.find(name)):
                place.names[name] = self.lost(node)
            stack += one.named_children
        return self.lost(node) if returns else None

    def export(self, node: Node, scope: Scope, depth: int) -> None:
        module = scope.find("module")
        value = node.child_by_field_name("value")
        declared = node.child_by_field_name("declaration")
        if declared is not None:
            self.statement(declared, scope, depth + 1)
        if module is None or not isinstance(holder := module.names["module"], Object):
            return
        if value is not None:
            holder["exports"] = self.value(value, scope, depth + 1)
        elif isinstance(holder["exports"], Object):
            for one in (declared, *declared.named_children) if declared is not None else _specifiers(node):
                name = one.child_by_field_name("name")
                alias = one.child_by_field_name("alias") or name
                if name is not None and alias is not None and name.type == "identifier":
                    holder["exports"][source(alias)] = scope.names.get(source(name), UNDEFINED)

    def imports(self, node: Node, scope: Scope) -> None:
        named = node.child_by_field_name("source")
        value = self.required(self.text(named), node) if named is not None else UNDEFINED
        for clause in (c for c in node.named_children if c.type == "import_clause"):
            for one in clause.named_children:
                if one.type == "identifier":
                    scope.names[source(one)] = value
                elif one.type == "namespace_import" and one.named_children:
                    scope.names[source(one.named_children[-1])] = value
                for specifier in one.named_children if one.type == "named_imports" else ():
                    name = specifier.child_by_field_name("name")
                    alias = specifier.child_by_field_name("alias") or name
                    if name is not None and alias is not None:
                        scope.names[source(alias)] = self.member(value, source(name), specifier)

    def bind(self, pattern: Node, value: Value, scope: Scope) -> None:
        """A name, or names taken out of an object or array."""
        if pattern.type == "identifier":
            scope.names[source(pattern)] = value
            return
        for at, one in enumerate(pattern.named_children):
            if one.type in ("array_pattern", "object_pattern"):
                self.bind(one, self.member(value, str(at), one), scope)
            elif one.type == "rest_pattern" and pattern.type == "array_pattern" and isinstance(value, Array):
                self.bind(one.named_children[0], Array(value[at:]), scope)
            elif one.type in ("shorthand_property_identifier_pattern", "identifier"):
                key = source(one) if pattern.type == "object_pattern" else str(at)
                scope.names[source(one)] = self.member(value, key, one)
            elif one.type == "pair_pattern" and (key_node := one.child_by_field_name("key")) is not None:
                inner = one.child_by_field_name("value")
                if inner is not None:
                    self.bind(inner, self.member(value, self.key(key_node, scope, 0) or "", one), scope)
            elif one.type in ("object_assignment_pattern", "assignment_pattern"):
                left, right = one.child_by_field_name("left"), one.child_by_field_name("right")
                if left is not None and right is not None:
                    got = self.member(value, source(left), one)
                    missing = isinstance(got, Undefined | Late)
                    self.bind_name(left, self.value(right, scope, 1) if missing else got, scope)
            else:
                for name in one.named_children:
                    self.bind_name(name, self.lost(one), scope)

    def bind_name(self, node: Node, value: Value, scope: Scope) -> None:
        if "identifier" in node.type:
            scope.names[source(node)] = value

    def required(self, name: str, node: Node) -> Value:
        """A module of Node, or another file of the image."""
        plain = name.removeprefix("node:")
        if plain in MODULES:
            return Module(plain)
        if not name.startswith((".", "/")):
            return self.lost(node, f"what the module {name} gives is not known")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), name))
        for path in (target, *(f"{target}{end}" for end in ENDS)):
            if path in self.files:
                return self.files[path]
            if len(self.files) < MAX_FILES and (text := self.read(path)) is not None:
                self.files[path] = self.lost(node, f"{name} asks for itself")
                got = literal(text, path) if path.endswith(".json") else self.file(text, path)
                self.files[path] = got
                return got
        return self.lost(node, f"{name} is not at hand")


def _specifiers(node: Node) -> list[Node]:
    """`a, b as c` of `export { a, b as c }`."""
    return [one for clause in node.named_children if clause.type == "export_clause" for one in clause.named_children]


def _error(root: Node) -> Node | None:
    """The first place that does not parse."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "ERROR" or node.is_missing:
            return node
        stack += [c for c in reversed(node.children) if c.has_error]
    return None
