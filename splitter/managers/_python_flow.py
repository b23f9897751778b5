"""The way through a Python launcher: what starts processes on it, in order, and under which conditions.

Only what runs when the script runs counts: the top level, `if __name__ == "__main__"`, and the functions called from
there. A loop's body is read once, a loop over a known list as often as it has items; nothing is executed.
"""

import ast
import posixpath
from collections.abc import Callable, Sequence
from contextlib import suppress

from splitter.managers._python_calls import End, Return
from splitter.managers._python_django import Django, Glob
from splitter.managers._python_expressions import Full
from splitter.managers._python_library import Library
from splitter.managers._python_values import Class, Function, Instance, Module, Name, Scope, Unknown, known, truth

MAX_FILES = 30
MAX_TEXT = 1 << 17  # of a module; a larger one is no part of a launcher


class Flow(Django):
    """One script followed from its first line."""

    def __init__(self, library: Library, read: Callable[[str], str | None], glob: Glob) -> None:
        super().__init__(library, read)
        self.glob = glob

    def script(self, text: str, path: str) -> bool:
        """Follow a script; False where it is not Python that can be read."""
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        module = Module(path, "__main__")
        try:
            with suppress(End, Return):
                self.body(tree.body, module.scope, module)
        except (Full, RecursionError):
            self.serves = self.serves or "more than can be followed"
        return True

    def body(self, nodes: Sequence[ast.stmt], scope: Scope, module: Module) -> None:
        for node in nodes:
            self.statement(node, scope, module)

    def statement(self, node: ast.stmt, scope: Scope, module: Module) -> None:
        self.step()
        if isinstance(node, ast.Expr):
            self.value(node.value, scope, module)
        elif isinstance(node, ast.Assign):
            value = self.value(node.value, scope, module)
            for target in node.targets:
                self.put(target, value, scope, module)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.put(node.target, self.value(node.value, scope, module), scope, module)
        elif isinstance(node, ast.AugAssign):
            sum_ = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
            self.put(node.target, self.value(sum_, scope, module), scope, module)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            scope.names[node.name] = Function(node, module, scope)
        elif isinstance(node, ast.ClassDef):
            scope.names[node.name] = self.klass(node, scope, module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                full = alias.name if alias.asname else alias.name.split(".")[0]
                scope.names[alias.asname or full] = self.imported(full, module)
        elif isinstance(node, ast.ImportFrom):
            self.names_from(node, scope, module)
        elif isinstance(node, ast.If):
            self.conditional(node, scope, module)
        elif isinstance(node, ast.For | ast.AsyncFor):
            self.each(node, scope, module)
        elif isinstance(node, ast.While):
            self.value(node.test, scope, module)
            self.looped(node.body, scope, module)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                value = self.value(item.context_expr, scope, module)
                if item.optional_vars is not None:
                    self.put(item.optional_vars, value, scope, module)
            self.body(node.body, scope, module)
        elif isinstance(node, ast.Try | ast.TryStar):
            self.attempt(node, scope, module)
        elif isinstance(node, ast.Return):
            raise Return(self.value(node.value, scope, module))
        elif isinstance(node, ast.Raise):
            raise Return(None)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self.arm(
                    case.body, f"{ast.unparse(node.subject)[:40]} is {ast.unparse(case.pattern)[:40]}", scope, module
                )

    def attempt(self, node: ast.Try | ast.TryStar, scope: Scope, module: Module) -> None:
        """What a `try` does where nothing goes wrong; what it gives back then is not sure where a handler differs."""
        try:
            self.body(node.body, scope, module)
            self.body(node.orelse, scope, module)
        except Return as returned:
            given = [one.value for h in node.handlers for one in h.body if isinstance(one, ast.Return)]
            others = [self.value(one, scope, module) for one in given if not isinstance(one, ast.Call)]
            self.body(node.finalbody, scope, module)
            if any(not known(other) or other != returned.value for other in others):
                raise Return(Unknown("what a try gives back")) from None
            raise
        self.body(node.finalbody, scope, module)

    def klass(self, node: ast.ClassDef, scope: Scope, module: Module) -> Class:
        made = Class(node, module, bases=[self.value(base, scope, module) for base in node.bases])
        inner = Scope(made.attributes, scope)
        choices = any(isinstance(b, Name) and b.full.endswith("Choices") for b in made.bases)  # Django's, with labels
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                made.methods[one.name] = Function(one, module, scope, owner=made)
            elif isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None:
                target = one.targets[0] if isinstance(one, ast.Assign) else one.target
                value = self.value(one.value, inner, module)
                if isinstance(target, ast.Name):
                    made.attributes[target.id] = value[0] if choices and isinstance(value, list) and value else value
        return made

    def conditional(self, node: ast.If, scope: Scope, module: Module) -> None:
        held = truth(self.value(node.test, scope, module))
        shown = ast.unparse(node.test)[:80]
        if held is None:
            self.arm(node.body, shown, scope, module)
            self.arm(node.orelse, f"not ({shown})", scope, module)
            return
        # What is not taken is shown as off, where a person can turn it on by the environment or an argument.
        other, switch = (node.orelse, f"not ({shown})") if held else (node.body, _switch(node.test) or shown)
        if other and (
            "environ" in shown or "getenv" in shown or "argv" in shown or self.from_outside(node.test, scope)
        ):
            self.aside(other, switch, scope, module)
        before = len(self.events)
        try:
            self.body(node.body if held else node.orelse, scope, module)
        except End as end:
            # It gives up for want of something that whoever runs it gives.
            if not end.failed or len(self.events) > before:
                raise

    def from_outside(self, test: ast.expr, scope: Scope) -> bool:
        """Whether a condition rests on a plain name (set by the environment, as a rule), and not on `__name__`."""
        names = [n.id for n in ast.walk(test) if isinstance(n, ast.Name)]
        return bool(names) and "__name__" not in names

    def arm(self, nodes: Sequence[ast.stmt], guard: str, scope: Scope, module: Module) -> None:
        """Statements that may run or not."""
        if not nodes:
            return
        self.guards.append(guard)
        try:
            self.body(nodes, scope, module)
        except (End, Return):
            pass
        finally:
            self.guards.pop()

    def aside(self, nodes: Sequence[ast.stmt], switch: str, scope: Scope, module: Module) -> None:
        """Statements that do not run: what they would start is off, and nothing else of them remains."""
        env, cwd, changes = dict(self.library.env), self.library.cwd, dict(self.library.set)
        serves, held = self.serves, _contents(scope)
        self.offs.append(switch)
        try:
            self.body(nodes, Scope(above=scope), module)
        except (End, Return):
            pass
        finally:
            self.offs.pop()
            self.library.env, self.library.cwd, self.library.set, self.serves = env, cwd, changes, serves
            for holder, before in held:
                if isinstance(holder, list) and isinstance(before, list):
                    holder[:] = before
                elif isinstance(holder, dict) and isinstance(before, dict):
                    holder.clear()
                    holder.update(before)

    def each(self, node: ast.For | ast.AsyncFor, scope: Scope, module: Module) -> None:
        items = self.value(node.iter, scope, module)
        if isinstance(items, Class):  # an enumeration
            items = list(items.attributes.values())
        if isinstance(items, dict | str):
            items = list(items)
        if isinstance(items, list | tuple) and len(items) <= 200:
            for item in items:
                self.put(node.target, item, scope, module)
                self.body(node.body, scope, module)
            return
        self.put(node.target, Unknown(ast.unparse(node.iter)[:40]), scope, module)
        self.looped(node.body, scope, module)

    def looped(self, nodes: Sequence[ast.stmt], scope: Scope, module: Module) -> None:
        self.count += 1
        self.rounds.append(self.count)
        try:
            self.body(nodes, scope, module)
        finally:
            self.rounds.pop()

    def imported(self, full: str, module: Module, level: int = 0) -> object:
        """A module: one of the script's own where it is at hand, else a name."""
        roots = list(dict.fromkeys((posixpath.dirname(module.path), *self.paths)))
        if level:
            here = posixpath.dirname(module.path)
            for _ in range(level - 1):
                here = posixpath.dirname(here)
            roots = [here]
        for root in roots:
            base = posixpath.join(root, *full.split(".")) if full else root
            for path in (f"{base}.py", f"{base}/__init__.py"):
                if path in self.modules or self.read(path) is not None:
                    return self.module_at(path, full.rsplit(".", 1)[-1]) or Name(full)
            if full and self.glob(f"{base}/*.py"):
                return Module(f"{base}/__init__.py", full)  # a folder without a file of its own
        return Name(full)

    def module_at(self, path: str, name: str) -> Module | None:
        """The module that a file is, followed once; None where it is too large, or there are too many."""
        if path in self.modules:
            return self.modules[path]
        text = self.read(path) or ""
        if sum(m is not None for m in self.modules.values()) >= MAX_FILES or len(text) > MAX_TEXT:
            self.modules[path] = None
            return None
        self.modules[path] = made = Module(path, name)
        with suppress(SyntaxError, ValueError, MemoryError, Return):
            self.body(ast.parse(text).body, made.scope, made)
        return made

    def names_from(self, node: ast.ImportFrom, scope: Scope, module: Module) -> None:
        full = node.module or ""
        got = self.imported(full, module, node.level)
        for alias in node.names:
            if alias.name == "*":
                if isinstance(got, Module):
                    scope.names.update({k: v for k, v in got.scope.names.items() if not k.startswith("__")})
                continue
            value = self.attribute(got, alias.name, node)
            if isinstance(value, Unknown) and isinstance(got, Module):
                below = posixpath.join(posixpath.dirname(got.path), alias.name)
                inside = posixpath.basename(got.path) == "__init__.py"
                value = self.imported(alias.name, Module(f"{below}.py", ""), 1) if inside else value
            if isinstance(value, Unknown):
                value = Name(f"{full}.{alias.name}")
            scope.names[alias.asname or alias.name] = value


def _contents(scope: Scope) -> list[tuple[object, object]]:
    """The lists and mappings that the names of a scope lead to, with what they hold now."""
    found: list[tuple[object, object]] = []
    here: Scope | None = scope
    while here is not None:
        values = list(here.names.values())
        values += [
            v for i in values if isinstance(i, Instance) for v in (i.attributes, *i.attributes.values(), i.items)
        ]
        found += [(v, type(v)(v)) for v in values if isinstance(v, list | dict)]
        here = here.above
    return found


def _loaded(target: ast.expr) -> ast.expr:
    """A target of an assignment, to be read."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _switch(test: ast.expr) -> str:
    """The variable of the environment that makes a condition hold, as every manager writes it; "" for any other."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        wanted = test.comparators[0]
        name = _looked_up(test.left)
        value = wanted.value if isinstance(wanted, ast.Constant) else None
        return f"{name}={value}" if name and isinstance(value, str) else ""
    return f"{name} is set" if (name := _looked_up(test)) else ""


def _looked_up(node: ast.expr) -> str:
    """The name in `os.environ["NAME"]`, `os.environ.get("NAME")` and `os.getenv("NAME")`; else ""."""
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("os.environ", "environ"):
        key = node.slice
    elif isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func)
        key = node.args[0] if called in ("os.environ.get", "environ.get", "os.getenv", "getenv") else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
