"""Python is parsed, not run: defaults of `os.environ.get` and its kin, constants, and folders that settings name."""

import ast
import bisect
from collections.abc import Iterator, Mapping

from splitter.catalogue.listening import number
from splitter.inspection._address import Address, addresses
from splitter.inspection._hints import words
from splitter.inspection._pyvalue import Names, dotted, parse, value, variable
from splitter.inspection.code import TELLING, Found
from splitter.inspection.code._paths import database, is_folder_name, sqlite
from splitter.model.facts import Evidence
from splitter.model.image import normal

ENDINGS = (".py",)
# Calls whose address is where the program itself listens.
SERVES = frozenset(
    ("run", "bind", "listen", "serve", "create_server", "start_server", "make_server", "run_simple", "run_app",
     "HTTPServer", "TCPServer", "UDPServer", "ThreadingHTTPServer", "ThreadingTCPServer", "WSGIServer", "serve_forever",
     "start_http_server", "SimpleXMLRPCServer", "TCPSite")
)  # fmt: skip
# Calls that reach this machine when they are told nothing.
UNASKED = frozenset(("redis.Redis", "redis.StrictRedis", "Redis", "StrictRedis", "MongoClient", "pymongo.MongoClient"))
TOLD = frozenset(("host", "url", "unix_socket_path", "connection_pool", "connection_class"))
ENGINES = ("engine", "backend", "adapter", "dialect")
# What a line may hold beside an address itself: a variable whose default stands elsewhere.
LINES = (*TELLING, "environ", "getenv", "env(")
MAX_NODES = 100_000


def read(text: str, path: str, env: Mapping[str, str], folder: str) -> Iterator[Found]:
    module = parse(text, path)
    if module is None:
        return
    # Nothing of the environment here: what is set hides the default, and whether it is set differs by process.
    names = Names(path)
    _assigned(module, names)
    telling = [n for n, line in enumerate(text.split("\n"), 1) if any(word in line for word in LINES)]
    for statement in module.body:
        at = bisect.bisect_left(telling, statement.lineno)
        if at == len(telling) or telling[at] > (statement.end_lineno or statement.lineno):
            continue
        parents: dict[ast.AST, ast.AST] = {}
        for count, node in enumerate(ast.walk(statement)):
            if count > MAX_NODES:
                return
            parents.update((child, node) for child in ast.iter_child_nodes(node))
            if isinstance(node, ast.expr):
                yield from _address(node, parents, names)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword | ast.Dict):
                yield from _folders(node, names, folder)


def _assigned(module: ast.Module, names: Names) -> None:
    """The module's own names, in order."""
    for statement in module.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, got = dotted(statement.targets[0]), value(statement.value, names)
            if target and got is not None:
                names.values[target] = got


def _address(node: ast.expr, parents: Mapping[ast.AST, ast.AST], names: Names) -> Iterator[Found]:
    above = list(_above(node, parents))
    if isinstance(node, ast.Call) and dotted(node.func) in UNASKED and not node.args:
        if not any(k.arg is None or k.arg in TOLD for k in node.keywords):
            yield Found(
                "", Evidence(names.path, node.lineno), "code", hint=dotted(node.func), address=Address("127.0.0.1")
            )
        return
    read_one = variable(node)
    if read_one is not None:
        name, default = read_one
        if above and isinstance(above[0], ast.BoolOp) and variable(above[0]) == (name, default or above[0].values[1]):
            return  # `os.environ.get("X") or "y"` is read as a whole
        got = value(default, names)
        line = default.lineno if default is not None else node.lineno
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not _part(node, above):
        name, got, line = _field(node, above, parents), node.value, node.lineno
    else:
        return
    if got is None:
        return
    for asked in addresses(got):
        if asked.local and not _serves(above):
            hint = " ".join((name, *_hints(node, above)))
            if not asked.port and not asked.unix:
                asked = Address(asked.host, _port(node, above, names), scheme=asked.scheme)
            how = f"default {name}" if name else "code"
            yield Found(got, Evidence(names.path, line), how, name, hint, asked)


def _field(node: ast.expr, above: list[ast.AST], parents: Mapping[ast.AST, ast.AST]) -> str:
    """The variable of a field with this default, in a class of settings (pydantic reads NAME, or what env= says)."""
    statement = above[-1]
    owner = parents.get(statement)
    if not isinstance(statement, ast.AnnAssign) or not isinstance(owner, ast.ClassDef):
        return ""
    if not any(dotted(b).endswith("Settings") for b in owner.bases):
        return ""
    if statement.value is node:
        return dotted(statement.target).upper()
    call = statement.value
    if isinstance(call, ast.Call) and dotted(call.func).endswith("Field"):
        said = next((k.value for k in call.keywords if k.arg in ("env", "validation_alias", "alias")), None)
        return str(said.value) if isinstance(said, ast.Constant) else dotted(statement.target).upper()
    return ""


def _above(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    for _ in range(6):
        if node not in parents:
            return
        node = parents[node]
        yield node
        if isinstance(node, ast.stmt):
            return


def _part(node: ast.Constant, above: list[ast.AST]) -> bool:
    """Part of something that is read as a whole, or no setting: a docstring, a comparison, a default."""
    if not above or isinstance(above[0], ast.Expr | ast.Compare | ast.JoinedStr):
        return True
    for parent in above:
        if isinstance(parent, ast.Compare):
            return True
        if isinstance(parent, ast.expr) and (got := variable(parent)) is not None:
            return got[1] is node or any(node is n for n in ast.walk(parent))
    return False


def _serves(above: list[ast.AST]) -> bool:
    return any(isinstance(p, ast.Call) and dotted(p.func).rpartition(".")[2] in SERVES for p in above)


def _hints(node: ast.AST, above: list[ast.AST]) -> Iterator[str]:
    """The names around a value: its key, its keyword, the function called, the name that it is given to."""
    child = node
    for parent in above:
        if isinstance(parent, ast.keyword) and parent.arg:
            yield parent.arg
        elif isinstance(parent, ast.Call):
            yield dotted(parent.func)
        elif isinstance(parent, ast.Dict):
            for key, item in zip(parent.keys, parent.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    if item is child:
                        yield key.value
                    elif (
                        key.value.lower() in ENGINES and isinstance(item, ast.Constant) and isinstance(item.value, str)
                    ):
                        yield item.value
        elif isinstance(parent, ast.Assign):
            yield from (dotted(t) for t in parent.targets)
        elif isinstance(parent, ast.AnnAssign):
            yield dotted(parent.target)
        child = parent


def _port(node: ast.AST, above: list[ast.AST], names: Names) -> int:
    """The port beside a host: the keyword or key `port`, or the next argument."""
    child = node
    for parent in above:
        found: list[ast.expr | None] = []
        if isinstance(parent, ast.Call):
            found = [k.value for k in parent.keywords if (k.arg or "").lower() == "port"]
            if isinstance(child, ast.expr) and child in parent.args:
                found += parent.args[parent.args.index(child) + 1 :][:1]
        elif isinstance(parent, ast.Dict):
            found = [v for k, v in zip(parent.keys, parent.values, strict=True)
                     if isinstance(k, ast.Constant) and str(k.value).lower() == "port"]  # fmt: skip
        elif isinstance(parent, ast.Tuple) and parent.elts and parent.elts[0] is child:
            found = list(parent.elts[1:2])
        for item in found:
            if port := number(value(item, names) or ""):
                return port
        child = parent
    return 0


def _is_place(name: str) -> bool:
    # Django's collectstatic fills STATIC_ROOT, where that runs at boot.
    return name == "STATIC_ROOT" or is_folder_name(words(name))


def _folders(node: ast.AST, names: Names, folder: str) -> Iterator[Found]:
    """Folders and database files that settings name: MEDIA_ROOT, UPLOAD_FOLDER, sqlite."""
    pairs: list[tuple[str, ast.expr]] = []
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        key = target.slice if isinstance(target, ast.Subscript) else None
        name = str(key.value) if isinstance(key, ast.Constant) else dotted(target)
        pairs = [(name, node.value)]
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        pairs = [(dotted(node.target), node.value)]
    elif isinstance(node, ast.Dict):
        sqlite3 = any(isinstance(v, ast.Constant) and "sqlite" in str(v.value) for v in node.values)
        pairs = [(str(k.value), v) for k, v in zip(node.keys, node.values, strict=True)
                 if isinstance(k, ast.Constant) and sqlite3 and k.value == "NAME"]  # fmt: skip
    elif isinstance(node, ast.keyword) and node.arg:
        pairs = [(node.arg, node.value)]
    for name, item in pairs:
        read_one = variable(item)
        got = value(item, names)
        if got is None:
            continue
        path = sqlite(got, folder) or (got if isinstance(node, ast.Dict) and got.startswith("/") else "")
        path = path or database(got) or (got if _is_place(name) and got.startswith("/") else "")
        if path:
            how = f"default {read_one[0]}" if read_one is not None else "code"
            yield Found(
                got, Evidence(names.path, item.lineno), how, read_one[0] if read_one else "", name, path=normal(path)
            )
