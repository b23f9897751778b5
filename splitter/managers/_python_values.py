"""The values of Python that a launcher computes with, as far as they are known without running it."""

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unknown:
    """A value that only running the script would tell."""

    what: str = "a value"


@dataclass(frozen=True)
class Name:
    """A function, module or constant of the library by its full name ("subprocess.Popen")."""

    full: str


@dataclass(eq=False)
class Function:
    """A function of the script; `bound` is the instance or class that it belongs to, `owner` the class it stands in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    module: "Module"
    scope: "Scope | None" = None
    bound: "Instance | Class | None" = None
    owner: "Class | None" = None

    @property
    def decorators(self) -> frozenset[str]:
        plain = () if isinstance(self.node, ast.Lambda) else self.node.decorator_list
        return frozenset(one.id for one in plain if isinstance(one, ast.Name))


@dataclass(eq=False)
class Class:
    node: ast.ClassDef
    module: "Module"
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, object] = field(default_factory=dict)
    bases: list[object] = field(default_factory=list)

    def line(self) -> "list[Class]":
        """The class and those that it is made of, in which a member is looked for."""
        found: list[Class] = []
        todo = [self]
        while todo and len(found) < 20:
            one = todo.pop(0)
            if one not in found:
                found.append(one)
                todo += [base for base in one.bases if isinstance(base, Class)]
        return found

    def find(self, name: str) -> object | None:
        """A method or attribute; None where none is known."""
        for one in self.line():
            if name in one.methods:
                return one.methods[name]
            if name in one.attributes:
                return one.attributes[name]
        return None

    def mapping(self) -> bool:
        """Whether its instances are mappings."""
        return any(isinstance(b, Name) and b.full in ("dict", "UserDict") for one in self.line() for b in one.bases)


@dataclass(eq=False)
class Instance:
    """`items` is what an instance of a mapping holds."""

    of: Class
    attributes: dict[str, object] = field(default_factory=dict)
    items: dict[str, object] | None = None


@dataclass(frozen=True, eq=False)
class Super:
    """`super()`: the members of an instance that come after a class."""

    bound: "Instance | Class"
    after: Class


@dataclass(eq=False)
class Started:
    """A process object: what Popen, Process and Thread give back. `target` runs when it is started."""

    event: int = -1
    target: object = None
    args: tuple[object, ...] = ()
    thread: bool = False
    name: str = ""


class Environ(dict[str, object]):
    """An environment: only what differs from the script's own."""


@dataclass(eq=False)
class Scope:
    names: dict[str, object] = field(default_factory=dict)
    above: "Scope | None" = None

    def get(self, name: str) -> object | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.above
        return None


@dataclass(eq=False)
class Module:
    """A file of the script's."""

    path: str
    name: str
    scope: Scope = field(default_factory=Scope)


def truth(value: object) -> bool | None:
    """As a condition; None where it cannot be known."""
    if isinstance(value, Unknown | Name):
        return None
    if isinstance(value, str | int | float | bool | list | tuple | dict | set | None):
        return bool(value)
    return True


def known(value: object, depth: int = 0) -> bool:
    """Whether nothing of it is unknown."""
    if isinstance(value, list | tuple):
        return depth < 12 and all(known(v, depth + 1) for v in value)
    return isinstance(value, str | int | float | bool | None)
