"""Python is parsed, not run: sysv_ipc, posix_ipc, multiprocessing.shared_memory, and the C library through ctypes.

A name counts where the module gives it one value; one that it has from another module of the program is looked up
there. What a module imports is looked for as the import system does: in the folder of the script, then in the others
(docs.python.org, "The Module Search Path").
"""

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from splitter.inspection._ipc import Kind
from splitter.inspection._pyvalue import Names, dotted, parse, value
from splitter.inspection.sharing import SHM, Inclusions, Made, Sharing, Source, Value, kernel, posix
from splitter.model.facts import Evidence

LANGUAGE = "python"
ENDINGS = (".py",)
SYSTEM_V: Mapping[str, Kind] = {
    "sysv_ipc.SharedMemory": "memory", "sysv_ipc.MessageQueue": "queue", "sysv_ipc.Semaphore": "semaphores",
    "shmget": "memory", "msgget": "queue", "semget": "semaphores",
}  # fmt: skip
POSIX: Mapping[str, Kind] = {
    "posix_ipc.SharedMemory": "memory", "posix_ipc.MessageQueue": "queue", "posix_ipc.Semaphore": "semaphores",
    "multiprocessing.shared_memory.SharedMemory": "memory", "multiprocessing.shared_memory.ShareableList": "memory",
    "shm_open": "memory", "mq_open": "queue", "sem_open": "semaphores",
}  # fmt: skip
LIBRARY = frozenset(("shmget", "msgget", "semget", "shm_open", "mq_open", "sem_open"))  # of C, called through ctypes
FLAGS = frozenset(("IPC_CREAT", "IPC_CREX", "O_CREAT", "O_CREX"))
CREATES = 0o1000  # IPC_CREAT, include/uapi/linux/ipc.h
# With one of these, modules may be loaded of which the text does not tell.
LOADERS = frozenset(("importlib", "pkgutil", "runpy", "imp", "django", "celery", "stevedore", "airflow", "huey", "rq",
                     "odoo", "frappe", "scrapy"))  # fmt: skip
MAX_NODES = 100_000


@dataclass
class _Module:
    """A module's statements with its own names: what each stands for, and where it was imported from."""

    source: Source
    nodes: list[ast.AST]
    single: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)  # local name -> dotted name
    values: Names = field(default_factory=lambda: Names(""))


def read(source: Source) -> Iterator[Sharing]:
    module = _module(source)
    if module is None:
        return
    inner = {id(n) for call in module.nodes if isinstance(call, ast.BinOp | ast.JoinedStr) for n in ast.walk(call)
             if n is not call}  # fmt: skip
    for node in module.nodes:
        if isinstance(node, ast.Call):
            found = _called(node, module)
            if found is not None:
                yield found
        elif isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr) and id(node) not in inner:
            path = value(node, module.values)
            if path is not None and path.startswith(SHM) and len(path) > len(SHM) and path.isprintable():
                yield Sharing("memory", path, Evidence(source.path, node.lineno))


def reads_in(source: Source) -> Inclusions:
    tree = parse(source.text, source.path)
    if tree is None:
        return Inclusions(more=True)
    files: list[str] = []
    more = False
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                files += _files(source, alias.name, 0)
                more |= alias.name.partition(".")[0] in LOADERS
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            more |= not node.level and name.partition(".")[0] in LOADERS
            files += _files(source, name, node.level)
            for alias in node.names:
                files += _files(source, f"{name}.{alias.name}".lstrip("."), node.level)
        elif isinstance(node, ast.Name):
            more |= node.id in ("__import__", "exec", "eval")
    return Inclusions(tuple(dict.fromkeys(files)), more)


def _walk(tree: ast.AST) -> list[ast.AST]:
    return [node for _, node in zip(range(MAX_NODES), ast.walk(tree), strict=False)]


def _files(source: Source, name: str, level: int) -> list[str]:
    """The files of a module and of the packages that it lies in."""
    folder = posixpath.dirname(source.path)
    for _ in range(level - 1):
        folder = posixpath.dirname(folder)
    parts = [p for p in name.split(".") if p]
    start = f"{folder}/" if level else ""
    found: list[str] = []
    for end in range(0 if level else 1, len(parts) + 1):
        at = start + "/".join(parts[:end])
        path = source.found(*([f"{at}.py"] if end else []), f"{at.rstrip('/')}/__init__.py", near=False)
        found += [path] if path else []
    return found


def _module(source: Source) -> _Module | None:
    tree = parse(source.text, source.path)
    if tree is None:
        return None
    module = _Module(source, _walk(tree), values=Names(source.path, source.env))
    given: dict[str, list[ast.expr]] = {}
    lost: set[str] = set()
    for node in module.nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and dotted(node.targets[0]):
            given.setdefault(dotted(node.targets[0]), []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None and dotted(node.target):
            given.setdefault(dotted(node.target), []).append(node.value)
        elif isinstance(node, ast.arg):
            lost.add(node.arg)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                module.imported[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                start = "." * node.level + (node.module or "")
                dot = "" if start.endswith(".") or not start else "."
                module.imported[alias.asname or alias.name] = f"{start}{dot}{alias.name}"
    stored = [n for n in module.nodes if isinstance(n, ast.Name | ast.Attribute) and not isinstance(n.ctx, ast.Load)]
    for name in map(dotted, stored):
        if name and len(given.get(name, ())) != 1:
            lost.add(name)
    for name, nodes in given.items():
        if name not in lost and sum(dotted(n) == name for n in stored) == 1:
            module.single[name] = nodes[0]
            if (got := value(nodes[0], module.values)) is not None:
                module.values.values[name] = got
    return module


def _value(node: ast.expr | None, module: _Module, depth: int = 0) -> Value:
    """A key or a name: a number, a text, or what ftok makes."""
    if node is None or depth > 8:
        return None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand, module, depth + 1)
        return f"-{inner}" if isinstance(inner, str) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value.decode(errors="replace")
    if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "ftok":
        path, project = (_value(a, module, depth + 1) for a in (*node.args, None, None)[:2])
        if not isinstance(path, str) or not isinstance(project, str) or not path:
            return None
        # The last eight bits count; a character stands for its code.
        return Made(posixpath.normpath(posixpath.join(module.source.folder, path)), project)
    if isinstance(node, ast.Call) and dotted(node.func) in ("int", "str") and len(node.args) == 1:
        return _value(node.args[0], module, depth + 1)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "encode":
        return _value(node.func.value, module, depth + 1)
    if (got := value(node, module.values)) is not None:
        return got
    name = dotted(node)
    if name in module.single:
        return _value(module.single[name], module, depth + 1)
    return _elsewhere(name, module, depth)


def _elsewhere(name: str, module: _Module, depth: int) -> Value:
    """The value of a name that another module of the program gives it."""
    head, _, last = name.rpartition(".")
    for whole in filter(None, (module.imported.get(name), f"{module.imported.get(head, '')}.{last}" if head else None)):
        level = len(whole) - len(whole.lstrip("."))
        home, _, wanted = whole.lstrip(".").rpartition(".")
        files = _files(module.source, home, level)
        other = module.source.other(files[-1]) if files and (home or level) else None
        inner = _module(other) if other is not None else None
        if inner is not None and wanted in inner.single:
            return _value(inner.single[wanted], inner, depth + 1)
    return None


def _called(node: ast.Call, module: _Module) -> Sharing | None:
    name = dotted(node.func)
    head, dot, rest = name.partition(".")
    whole = f"{module.imported.get(head, head)}{dot}{rest}"
    last = node.func.attr if isinstance(node.func, ast.Attribute) else name
    whole = last if last in LIBRARY else whole
    if whole not in SYSTEM_V and whole not in POSIX:
        return None
    given = {k.arg: k.value for k in node.keywords if k.arg}
    place = 1 if whole.endswith(".ShareableList") else 0
    first = node.args[place] if len(node.args) > place else given.get("key") or given.get("name")
    at = Evidence(module.source.path, node.lineno)
    made = _makes(node, given)
    if first is None and any(k.arg is None for k in node.keywords):
        first = ast.Starred(ast.Name("options"))  # given by what shows only when it runs
    if first is None or (isinstance(first, ast.Constant) and first.value is None):
        return None  # it gets a name of its own, which no text tells
    if whole in POSIX:
        return posix(POSIX[whole], _value(first, module), at, made)
    if dotted(first).endswith("IPC_PRIVATE"):
        return None
    return kernel(SYSTEM_V[whole], _value(first, module), at, made)


def _makes(node: ast.Call, given: Mapping[str, ast.expr]) -> bool:
    create = given.get("create")
    if isinstance(create, ast.Constant) and create.value is True:
        return True
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute | ast.Name) and dotted(inner).rpartition(".")[2] in FLAGS:
            return True
    last = node.args[-1] if len(node.args) > 1 else None
    return isinstance(last, ast.Constant) and type(last.value) is int and bool(last.value & CREATES)
