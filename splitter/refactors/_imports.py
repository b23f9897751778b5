"""`import os` for a module that needs it, where it stands first and means the standard library's."""

import libcst as cst


def with_os(module: cst.Module) -> cst.Module | None:
    """The module with `os` imported at its top; None where that name is something else in it."""
    imported = False
    for statement in module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Import):
                    imported = imported or any(_is_os(alias) for alias in small.names)
    if _bound_otherwise(module):
        return None
    if imported and not _used_before_import(module):
        return module
    at = _place(module)
    line = cst.SimpleStatementLine([cst.Import([cst.ImportAlias(cst.Name("os"))])])
    return module.with_changes(body=[*module.body[:at], line, *module.body[at:]])


def _is_os(alias: cst.ImportAlias) -> bool:
    """`import os` or `import os.path`."""
    node: cst.BaseExpression = alias.name
    while isinstance(node, cst.Attribute):
        node = node.value
    return alias.asname is None and isinstance(node, cst.Name) and node.value == "os"


def _place(module: cst.Module) -> int:
    """After the docstring and what must come first, `from __future__ import ...`."""
    at = 0
    for index, statement in enumerate(module.body):
        if not isinstance(statement, cst.SimpleStatementLine):
            break
        small = statement.body[0]
        future = (
            isinstance(small, cst.ImportFrom)
            and isinstance(small.module, cst.Name)
            and small.module.value == "__future__"
        )
        docstring = (
            index == 0
            and isinstance(small, cst.Expr)
            and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString)
        )
        if not (future or docstring):
            break
        at = index + 1
    return at


def _used_before_import(module: cst.Module) -> bool:
    """Whether a statement before the import reads `os` now."""
    for statement in module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Import) and any(_is_os(alias) for alias in small.names):
                    return False
        found = _Names()
        statement.visit(found)
        if found.read:
            return True
    return True


class _Names(cst.CSTVisitor):
    """Where the name `os` stands: read as a name, or bound to something else."""

    def __init__(self) -> None:
        super().__init__()
        self.read = self.bound = False

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self.read = self.read or node.value == "os"

    def visit_Import(self, node: cst.Import) -> bool:
        self.bound = self.bound or any(_name(a) == "os" and not _is_os(a) for a in node.names)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        if not isinstance(node.names, cst.ImportStar):
            self.bound = self.bound or any(_name(a) == "os" for a in node.names)
        return False

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self._bind(node.target)

    def visit_Param(self, node: cst.Param) -> None:
        self._bind(node.name)

    def visit_For(self, node: cst.For) -> None:
        self._bind(node.target)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._bind(node.name)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._bind(node.name)

    def _bind(self, node: cst.BaseExpression) -> None:
        self.bound = self.bound or (isinstance(node, cst.Name) and node.value == "os")


def _name(alias: cst.ImportAlias) -> str:
    if alias.asname is not None:
        return alias.asname.name.value if isinstance(alias.asname.name, cst.Name) else ""
    return alias.name.value if isinstance(alias.name, cst.Name) else ""


def _bound_otherwise(module: cst.Module) -> bool:
    found = _Names()
    module.visit(found)
    return found.bound
