"""A client's address fixed to this machine becomes the default of a variable: `os.environ.get("REDIS_HOST", ...)`.

Only where the code says which server is meant: by the client that is called, by the name that the value is given, or by
the table of settings that it stands in. Where a program listens, compares or allows is left alone.
"""

import ast
import warnings
from collections.abc import Collection, Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from splitter.refactors import Rewritten
from splitter.refactors._imports import with_os

HERE = ("127.0.0.1", "localhost", "[::1]", "::1")
# Clients by the first or last part of their name, and what their variables begin with.
CLIENTS = {
    "redis": "REDIS", "Redis": "REDIS", "StrictRedis": "REDIS", "aioredis": "REDIS",
    "psycopg2": "POSTGRES", "psycopg": "POSTGRES", "asyncpg": "POSTGRES",
    "pymysql": "MYSQL", "MySQLdb": "MYSQL", "aiomysql": "MYSQL",
    "pymongo": "MONGO", "MongoClient": "MONGO", "AsyncIOMotorClient": "MONGO",
    "pika": "RABBITMQ", "aio_pika": "RABBITMQ", "ConnectionParameters": "RABBITMQ",
    "memcache": "MEMCACHED", "pymemcache": "MEMCACHED", "pylibmc": "MEMCACHED",
    "Elasticsearch": "ELASTICSEARCH", "elasticsearch": "ELASTICSEARCH", "OpenSearch": "OPENSEARCH",
    "Celery": "CELERY", "create_engine": "DATABASE", "create_async_engine": "DATABASE",
}  # fmt: skip
# Tables of settings by their name, and what their variables begin with.
TABLES = {"DATABASES": "DATABASE", "CACHES": "CACHE", "CHANNEL_LAYERS": "CHANNEL_LAYERS", "RQ_QUEUES": "RQ"}
HOST_KEYS = ("host", "hostname", "server")
URL_KEYS = ("url", "broker", "backend", "location", "broker_url", "result_backend", "uri", "dsn")
ENDINGS = ("_HOST", "_HOSTNAME", "_SERVER", "_ADDR", "_ADDRESS", "_URL", "_URI", "_DSN", "_BROKER", "_BACKEND")
OWN = (
    "BIND",
    "LISTEN",
    "ALLOWED",
    "PUBLIC",
    "SITE",
    "CORS",
    "TRUSTED",
    "INTERNAL",
    "APP_HOST",
    "HTTP_HOST",
    "SERVER_HOST",
)


def rewrite(source: str, lines: Collection[int] | None = None) -> Rewritten | None:
    """The source with each such address as the default of a variable; None where there is none or it is no Python."""
    if not any(here in source for here in HERE):
        return None
    try:
        # What Python takes is not nested so deep that libcst's parser overflows its stack, which nothing catches.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
        wrapper = MetadataWrapper(cst.parse_module(source))
        looking = _Addresses(lines)
        wrapper.visit(looking)
        visitor = _Addresses(lines, [n for n, values in looking.values.items() if _one(n, values, source)])
        module = wrapper.visit(visitor) if visitor.names else wrapper.module
        imported = with_os(module) if visitor.variables else None
    except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Rewritten(imported.code, visitor.variables) if imported is not None else None


def _one(name: str, values: set[str], source: str) -> bool:
    """Whether one variable can stand for all these values: hosts are all this machine, URLs must be the very same."""
    read_already = f'"{name}"' in source or f"'{name}'" in source
    return all(v in HERE for v in values) or (len(values) == 1 and not read_already)


class _Addresses(cst.CSTTransformer):
    """Rewrites the places whose variable is among `names`, and collects what all have; `around` has the nodes above."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: Collection[int] | None, names: Collection[str] = ()) -> None:
        super().__init__()
        self.names = names
        self.values: dict[str, set[str]] = {}
        self.lines = lines
        self.around: list[cst.CSTNode] = []
        self.variables: dict[str, str] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.around.append(node)
        return super().on_visit(node)

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        self.around.pop()
        if isinstance(original_node, cst.SimpleString):
            return self._string(original_node)
        return super().on_leave(original_node, updated_node)

    def _string(self, node: cst.SimpleString) -> cst.BaseExpression:
        value = node.evaluated_value
        if not isinstance(value, str) or not _local(value):
            return node
        line = self.get_metadata(PositionProvider, node).start.line
        name = self._variable(node, "URL" if "://" in value else "HOST")
        if not name or (self.lines is not None and line not in self.lines):
            return node
        self.values.setdefault(name, set()).add(value)
        if name not in self.names:
            return node
        self.variables.setdefault(name, value)
        getter = cst.Attribute(cst.Attribute(cst.Name("os"), cst.Name("environ")), cst.Name("get"))
        return cst.Call(getter, [cst.Arg(cst.SimpleString(f'"{name}"')), cst.Arg(node)])

    def _variable(self, node: cst.SimpleString, kind: str) -> str:
        """The name of the variable that the place suggests; "" where it suggests none."""
        child: cst.CSTNode = node
        key = ""
        for parent in reversed(self.around):
            if isinstance(parent, cst.Dict | cst.List | cst.Tuple | cst.Element):
                pass
            elif isinstance(parent, cst.DictElement):
                if parent.value is not child:
                    return ""
                key = key or _text(parent.key)
            elif isinstance(parent, cst.Arg):
                call = next((n for n in reversed(self.around) if isinstance(n, cst.Call) and parent in n.args), None)
                return _by_call(call, parent, kind) if call is not None and child is node else ""
            elif isinstance(parent, cst.Assign | cst.AnnAssign):
                return _by_name(_target(parent), key, kind)
            else:
                return ""
            child = parent
        return ""


def _by_call(call: cst.Call, arg: cst.Arg, kind: str) -> str:
    parts = _dotted(call.func)
    prefix = next((CLIENTS[p] for p in (*parts[-1:], *parts[:1]) if p in CLIENTS), "")
    keyword = arg.keyword.value.lower() if arg.keyword is not None else ""
    first = arg is call.args[0] and arg.keyword is None and not arg.star
    if not prefix or not (first or keyword in (HOST_KEYS if kind == "HOST" else URL_KEYS)):
        return ""
    if prefix == "CELERY":
        return {"broker": "CELERY_BROKER_URL", "backend": "CELERY_RESULT_BACKEND"}.get(keyword, "")
    return f"{prefix}_{kind}"


def _by_name(target: str, key: str, kind: str) -> str:
    if key:
        wanted = HOST_KEYS if kind == "HOST" else URL_KEYS
        return f"{TABLES[target]}_{kind}" if target in TABLES and key.lower() in wanted else ""
    if not target.isupper() or not target.endswith(ENDINGS) or target.startswith(OWN):
        return ""
    return target


def _target(node: cst.Assign | cst.AnnAssign) -> str:
    if isinstance(node, cst.AnnAssign):
        return node.target.value if isinstance(node.target, cst.Name) else ""
    only = node.targets[0].target if len(node.targets) == 1 else None
    return only.value if isinstance(only, cst.Name) else ""


def _text(node: cst.BaseExpression) -> str:
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else ""
    return value if isinstance(value, str) else ""


def _dotted(node: cst.BaseExpression) -> Sequence[str]:
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.insert(0, node.attr.value)
        node = node.value
    return (node.value, *parts) if isinstance(node, cst.Name) else ()


def _local(text: str) -> bool:
    """A bare loopback host, or a URL of one."""
    if text in HERE:
        return True
    scheme, colon, rest = text.partition("://")
    if not colon or not scheme.replace("+", "").isalnum() or any(c.isspace() for c in rest):
        return False
    authority = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    host = authority if authority.endswith("]") else authority.rpartition(":")[0] or authority
    return host in HERE
