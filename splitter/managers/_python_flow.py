"""The way through a Python launcher: what starts processes on it, in order, and under which conditions.

Only what runs when the script runs counts: the top level, `if __name__ == "__main__"`, and the functions called from
there. A loop's body is read once, a loop over a known list as often as it has items; nothing is executed.
"""

import ast
import posixpath
from collections.abc import Sequence
from contextlib import suppress

from splitter.managers._python_calls import Calls, End, Return
from splitter.managers._python_expressions import Full
from splitter.managers._python_values import Class, Function, Module, Name, Scope, Unknown, truth

MAX_FILES = 8


class Flow(Calls):
    """One script followed from its first line."""

    def script(self, text: str, path: str) -> bool:
        """Follow a script; False where it is not Python that can be read."""
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        module = Module(path, "__main__")
        with suppress(End, Return, Full, RecursionError):
            self.body(tree.body, module.scope, module)
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
            self.body(node.body, scope, module)
            self.body(node.orelse, scope, module)
            self.body(node.finalbody, scope, module)
        elif isinstance(node, ast.Return):
            raise Return(self.value(node.value, scope, module))
        elif isinstance(node, ast.Raise):
            raise Return(None)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self.arm(
                    case.body, f"{ast.unparse(node.subject)[:40]} is {ast.unparse(case.pattern)[:40]}", scope, module
                )

    def klass(self, node: ast.ClassDef, scope: Scope, module: Module) -> Class:
        made = Class(node, module)
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                made.methods[one.name] = Function(one, module, scope)
            elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                made.attributes[one.targets[0].id] = self.value(one.value, scope, module)
        return made

    def conditional(self, node: ast.If, scope: Scope, module: Module) -> None:
        held = truth(self.value(node.test, scope, module))
        shown = ast.unparse(node.test)[:80]
        if held is None:
            self.arm(node.body, shown, scope, module)
            self.arm(node.orelse, f"not ({shown})", scope, module)
            return
        # What is not taken is shown as off, where a person can turn it on by the environment or an argument.
        other, switch = (node.orelse, f"not ({shown})") if held else (node.body, shown)
        if other and (
            "environ" in shown or "getenv" in shown or "argv" in shown or self.from_outside(node.test, scope)
        ):
            self.aside(other, switch, scope, module)
        self.body(node.body if held else node.orelse, scope, module)

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
        serves = self.serves
        self.offs.append(switch)
        try:
            self.body(nodes, Scope(above=scope), module)
        except (End, Return):
            pass
        finally:
            self.offs.pop()
            self.library.env, self.library.cwd, self.library.set, self.serves = env, cwd, changes, serves

    def each(self, node: ast.For | ast.AsyncFor, scope: Scope, module: Module) -> None:
        items = self.value(node.iter, scope, module)
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

    def imported(self, full: str, module: Module) -> object:
        """A module: one of the script's own where it starts processes too, else a name."""
        if full in self.modules:
            return self.modules[full] or Name(full)
        self.modules[full] = None
        base = posixpath.join(posixpath.dirname(module.path), *full.split("."))
        for path in (f"{base}.py", f"{base}/__init__.py"):
            text = self.read(path) if len(self.modules) < 40 else None
            if text is not None:
                if not any(
                    word in text for word in ("subprocess", "multiprocessing", "os.exec", "os.system", "os.spawn")
                ):
                    break
                if sum(m is not None for m in self.modules.values()) >= MAX_FILES:
                    break
                made = Module(path, full.rsplit(".", 1)[-1])
                self.modules[full] = made
                with suppress(SyntaxError, ValueError, MemoryError, Return):
                    self.body(ast.parse(text).body, made.scope, made)
                return made
        return Name(full)

    def names_from(self, node: ast.ImportFrom, scope: Scope, module: Module) -> None:
        full = node.module or ""
        if node.level:
            got: object = self.imported(full, module) if full else Name("")
        else:
            got = self.imported(full, module)
        for alias in node.names:
            value = self.attribute(got, alias.name, node)
            if isinstance(value, Unknown):
                value = Name(f"{full}.{alias.name}")
            scope.names[alias.asname or alias.name] = value


def _loaded(target: ast.expr) -> ast.expr:
    """A target of an assignment, to be read."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target
