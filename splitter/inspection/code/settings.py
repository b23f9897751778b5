"""Settings files of an application: YAML (with ERB in it), `.env`, Java properties, with Spring's `${NAME:default}`."""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.catalogue.listening import number
from splitter.errors import SplitterError
from splitter.inspection._address import Address, addresses
from splitter.inspection._rbvalue import Scope, filled
from splitter.inspection._tokens import tokens
from splitter.inspection.code import Found, ending
from splitter.inspection.code._paths import DATABASES, database, is_folder_name, sqlite
from splitter.inspection.code.scripts import variable
from splitter.managers import _dotenv
from splitter.model.facts import Evidence
from splitter.model.image import normal
from splitter.yamltext import Document, Key, Node

ENDINGS = (".yml", ".yaml", ".env", ".properties")
MAX_YAML = 64 << 10  # read event by event, which takes its time
MAX_BRANCHES = 12
STAGES = frozenset(("development", "test", "production", "staging"))
KIND_KEYS = ("adapter", "engine", "dialect", "driver", "client", "type")


def read(text: str, path: str, env: Mapping[str, str], folder: str) -> Iterator[Found]:
    kind = ending(path)
    if kind == ".env":
        yield from _dotenv_file(text, path, folder)
    elif kind == ".properties":
        for number_, line in enumerate(text.splitlines(), 1):
            key, _, value = line.partition("=")
            if not line.lstrip().startswith(("#", "!")):
                yield from _value(key.strip(), value.strip(), Evidence(path, number_), folder, 0, "")
    elif len(text) <= MAX_YAML:
        found = (one for branch in _branches(text) for one in _yaml(branch, path, env, folder))
        yield from dict.fromkeys(found)


def _dotenv_file(text: str, path: str, folder: str) -> Iterator[Found]:
    values = _dotenv.read(text)
    for name, value in values.items():
        evidence = Evidence(path, _line(text, name))
        how = f"default {name}"
        if file := sqlite(value, folder) or database(value):
            yield Found(value, evidence, how, name, path=file)
        for asked in addresses(value):
            if asked.local:
                port = number(values.get(name.replace("HOST", "PORT"), "")) if "HOST" in name else 0
                full = asked if asked.port or asked.unix else Address(asked.host, port, scheme=asked.scheme)
                yield Found(value, evidence, how, name, name, full)


def _line(text: str, name: str) -> int | None:
    for at, line in enumerate(text.splitlines(), 1):
        if line.strip().removeprefix("export ").lstrip().partition("=")[0].strip() == name:
            return at
    return None


def _yaml(text: str, path: str, env: Mapping[str, str], folder: str) -> Iterator[Found]:
    try:
        root = Document.parse(text, path).root
    except (SplitterError, RecursionError):
        return
    if _of_containers(root):
        return
    stage = env.get("RAILS_ENV") or env.get("RACK_ENV") or env.get("APP_ENV") or env.get("NODE_ENV") or ""
    open_: list[tuple[tuple[Key, ...], Node, Node | None]] = [((), root, None)]
    stem = posixpath.basename(path).split(".")[0]
    for _ in range(20_000):
        if not open_:
            return
        keys, node, above = open_.pop(0)
        if keys and stage and keys[0] in STAGES and keys[0] != stage:
            continue
        if node.kind == "scalar":
            port, kind = _beside(above)
            evidence = Evidence(path, text.count("\n", 0, node.start) + 1)
            words = " ".join(str(k) for k in keys)
            last = str(keys[-1]) if keys else ""
            file = _sqlite_file(last, _filled(node.text, path, env, folder), kind, folder)
            if file:
                yield Found(node.text, evidence, "config", hint=words, path=file)
            yield from _value(f"{last} {kind} {words} {stem}", node.text, evidence, folder, port, last)
        open_ += [((*keys, key), child, node) for key, child in node.items()]


def _branches(text: str) -> Iterator[str]:
    """YAML without the lines of ERB that only steer (`<% if x %>`), once for each branch. Places stay."""
    if "<%" not in text:
        yield text
        return
    lines = text.split("\n")
    kinds, depth, branch = [], 0, 0
    for line in lines:
        plain = line.strip()
        steers = plain.startswith("<%") and not plain.startswith("<%=") and plain.endswith("%>")
        word = "".join(plain.removeprefix("<%").lstrip("- ").split()[:1]) if steers else ""
        depth += (word in ("if", "unless", "case")) - (word == "end")
        branch += steers
        kinds.append(-1 if steers else branch if depth > 0 else 0)
    for wanted in list(dict.fromkeys(k for k in kinds if k > 0))[:MAX_BRANCHES] or [0]:
        yield "\n".join(
            line if kind in (0, wanted) else " " * len(line) for line, kind in zip(lines, kinds, strict=True)
        )


def _filled(value: str, path: str, env: Mapping[str, str], folder: str) -> str:
    """A value with what its ERB gives, where that is known."""
    if "<%=" not in value:
        return value
    made = filled(value.replace("<%=", "#{").replace("%>", "}"), Scope(path, folder, env))
    return value if made is None else made


def _of_containers(root: Node) -> bool:
    """Whether it is a file of Compose: what that says to localhost, it says within other containers."""
    services = root.child("services") if root.kind == "mapping" else None
    each = services.values if services is not None and services.kind == "mapping" else ()
    return any(s.kind == "mapping" and (s.child("image") or s.child("build")) for s in each)


def _sqlite_file(key: str, value: str, kind: str, folder: str) -> str:
    if key != "database" or "sqlite" not in kind or not value.endswith(DATABASES):
        return ""
    return normal(value if value.startswith("/") else posixpath.join(folder, value))


def _beside(above: Node | None) -> tuple[int, str]:
    """The port and the kind of server that stand in the same mapping."""
    port, kind = 0, ""
    for key, child in above.items() if above is not None and above.kind == "mapping" else ():
        if str(key).lower() == "port":
            port = number(child.text.strip())
        elif str(key).lower() in KIND_KEYS:
            kind = child.text
    return port, kind


def _value(hint: str, text: str, evidence: Evidence, folder: str, port: int, key: str) -> Iterator[Found]:
    """One setting: an address, `<%= ENV.fetch("X", "v") %>`, `${X:v}`."""
    if "<%" in text:
        found = tokens(text.replace("<%=", " ").replace("<%", " ").replace("%>", " "), "ruby")
        for at, token in enumerate(found):
            name = variable(found, at) if token.kind == "string" else ""
            for asked in addresses(token.text) if name else ():
                if asked.local:
                    full = asked if asked.port or asked.unix else Address(asked.host, port, scheme=asked.scheme)
                    yield Found(token.text, evidence, f"default {name}", name, f"{name} {hint}", full)
        return
    if "${" in text:
        yield from _spring(hint, text, evidence, port)
        return
    if key and is_folder_name(hint.lower().split()[:1]) and text.startswith("/"):
        yield Found(text, evidence, "config", hint=hint, path=normal(text))
    if file := sqlite(text, folder) or database(text):
        yield Found(text, evidence, "config", hint=hint, path=file)
    for asked in addresses(text):
        if asked.local:
            full = asked if asked.port or asked.unix else Address(asked.host, port, scheme=asked.scheme)
            yield Found(text, evidence, "config", hint=hint, address=full)


def _spring(hint: str, text: str, evidence: Evidence, port: int) -> Iterator[Found]:
    """`jdbc:mysql://${DB_HOST:localhost}:3306/x`, `${REDIS_URL:redis://localhost}`."""
    at = 0
    while (start := text.find("${", at)) >= 0 and (end := text.find("}", start)) > 0:
        name, _, default = text[start + 2 : end].partition(":")
        default = default.removeprefix("-")
        scheme = text[:start].rpartition("://")[0].rpartition(":")[2]
        rest = text[end + 1 :]
        after = number(rest[1:].split("/")[0]) if rest.startswith(":") else 0
        for asked in addresses(default):
            if asked.local and name.replace("_", "").replace(".", "").isalnum():
                full = asked
                if not asked.port and not asked.unix:
                    full = Address(asked.host, after or port, scheme=asked.scheme or scheme)
                yield Found(default, evidence, f"default {name}", name, f"{name} {hint} {scheme}", full)
        at = end
