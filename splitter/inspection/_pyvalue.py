"""The value of a Python expression as far as reading tells: texts, paths joined, variables of the environment."""

import ast
import posixpath
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.model.image import normal

GETTERS = frozenset(
    ("os.environ.get", "environ.get", "os.getenv", "getenv", "env", "env.str", "env.url", "env.get", "config",
     "decouple.config", "os.environ.setdefault", "get_env", "env.db", "env.db_url", "env.cache", "env.cache_url",
     "env.list", "env.path", "env.search_url", "env.string", "env.int", "env.port")
)  # fmt: skip
MAX_DEPTH = 60
MAX_VALUE = 4096  # what is built up of itself again and again ends here


@dataclass
class Names:
    """What a module's names hold so far: `values` by name; `env` is the environment, `path` the module's own file."""

    path: str
    env: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


def parse(text: str, path: str) -> ast.Module | None:
    """The module; None where it is no Python that this Python reads."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its author should know of is not for our user
            return ast.parse(text, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def dotted(node: ast.expr) -> str:
    """`os.environ.get` for an attribute chain on a name; "" for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))


def variable(node: ast.expr) -> tuple[str, ast.expr | None] | None:
    """The variable that an expression reads and its default: `os.environ.get("X", d)`, `env("X", default=d)`."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) > 1:
        inner = variable(node.values[0])
        return (inner[0], inner[1] or node.values[1]) if inner is not None else None
    if isinstance(node, ast.Subscript) and dotted(node.value) in ("os.environ", "environ"):
        key = node.slice
        return (key.value, None) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    if isinstance(node, ast.Call) and dotted(node.func) in GETTERS and node.args:
        key = node.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            named = next((k.value for k in node.keywords if k.arg == "default"), None)
            return key.value, named or (node.args[1] if len(node.args) > 1 else None)
    return None


def value(node: ast.expr | None, names: Names, depth: int = 0) -> str | None:
    """The text, number or path that an expression comes to; None where reading does not tell."""
    if node is None or depth > MAX_DEPTH:
        return None
    if isinstance(node, ast.Constant):
        return str(node.value) if isinstance(node.value, str | int) and not isinstance(node.value, bool) else None
    if isinstance(node, ast.Name):
        return names.path if node.id == "__file__" else names.values.get(node.id)
    if (read := variable(node)) is not None:
        return names.env[read[0]] if read[0] in names.env else value(read[1], names, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div | ast.Mod):
        return _binary(node, names, depth)
    if isinstance(node, ast.JoinedStr):
        parts = [value(p.value if isinstance(p, ast.FormattedValue) else p, names, depth + 1) for p in node.values]
        known = [p for p in parts if p is not None]
        return "".join(known) if len(known) == len(parts) and sum(map(len, known)) < MAX_VALUE else None
    if isinstance(node, ast.Attribute):
        inner = value(node.value, names, depth + 1)
        return posixpath.dirname(inner) if inner is not None and node.attr == "parent" else None
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
        inner = value(node.value.value, names, depth + 1)
        up = node.slice.value if isinstance(node.slice, ast.Constant) else None
        for _ in range(up + 1 if isinstance(up, int) and 0 <= up < 40 else 0):
            inner = posixpath.dirname(inner) if inner is not None else None
        return inner
    return _call(node, names, depth) if isinstance(node, ast.Call) else None


def _binary(node: ast.BinOp, names: Names, depth: int) -> str | None:
    left, right = value(node.left, names, depth + 1), value(node.right, names, depth + 1)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Add):
        return left + right if len(left) + len(right) < MAX_VALUE else None
    return posixpath.join(left, right) if isinstance(node.op, ast.Div) else None


def _call(node: ast.Call, names: Names, depth: int) -> str | None:
    name = dotted(node.func).removeprefix("os.path.").removeprefix("pathlib.").removeprefix("path.")
    args = [value(a, names, depth + 1) for a in node.args]
    known = [a for a in args if a is not None]
    if len(known) == len(args) and args:
        if name in ("join", "Path", "PurePath"):
            return posixpath.join(*known)
        if name == "dirname":
            return posixpath.dirname(known[0])
        if name in ("abspath", "realpath", "normpath", "str", "fspath", "os.fspath", "int"):
            return normal(known[0]) if known[0].startswith("/") else known[0]
    if isinstance(node.func, ast.Attribute):
        inner = value(node.func.value, names, depth + 1)
        if inner is not None and node.func.attr in ("resolve", "absolute", "as_posix", "expanduser"):
            return inner
        if inner is not None and node.func.attr == "joinpath" and len(known) == len(args):
            return posixpath.join(inner, *known)
    return None
