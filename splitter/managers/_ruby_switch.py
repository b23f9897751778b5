"""What keeps a Ruby server from starting a program: a variable, or a configuration without the start."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splitter.catalogue import service
from splitter.managers._ruby_values import Node, source
from splitter.managers._starts import Event
from splitter.managers._supervisor import CLOSE, OPEN
from splitter.model.facts import Process

MAX_ASKED = 40
# Variables that say what the whole application is; they switch more than one start.
STAGES = frozenset(("RAILS_ENV", "RACK_ENV", "APP_ENV", "NODE_ENV", "HOME", "PATH", "PORT", "SECRET_KEY_BASE"))
ADDRESSES = ("URL", "URI", "HOST", "ADDRESS", "ADDR", "SERVER", "SERVERS")
VALUES = ("false", "0", "true", "1", "no", "off", "")
ROLES: Mapping[str, tuple[str, ...]] = {
    "worker": ("WORKER", "WORKERS", "JOBS", "QUEUE", "QUEUES", "BACKGROUND"),
    "scheduler": ("SCHEDULER", "CRON", "CLOCK", "SCHEDULE", "BEAT"),
    "migration": ("MIGRATE", "MIGRATION", "MIGRATIONS", "DB"),
    "web": ("WEBSOCKET", "CABLE"),
}
STATEMENTS = frozenset(("body_statement", "block_body", "program", "then", "else", "do", "begin", "ensure"))


@dataclass(frozen=True)
class Mark:
    """One start by where it stands."""

    path: str
    line: int

    @classmethod
    def of(cls, event: Event) -> "Mark":
        return cls(event.path, event.line)

    @classmethod
    def all(cls, events: list[Event]) -> "frozenset[Mark]":
        return frozenset(cls.of(e) for e in events if not e.off)


@dataclass(frozen=True)
class Switch:
    """A variable and the value that turns the start off."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


Marks = Callable[[Mapping[str, str]], "tuple[frozenset[Mark], frozenset[str]]"]


def find(process: Process, mark: Mark, flow: object, marks: Marks) -> Switch | None:
    """The variable that turns one start off and nothing else. `marks` reads the program with variables set."""
    asked = [n for n in list(getattr(flow, "asked", {}))[:MAX_ASKED] if n not in STAGES]
    sets: Mapping[str, str] = getattr(flow, "set", {})
    known = service(process.command.argv)
    tokens = words(process, known.name if known else "", known.role if known else "")
    before, inside = marks({})
    wanted = before - {mark}
    for name in sorted(asked, key=lambda n: (not _is_address(n), asked.index(n))):
        if tokens.isdisjoint(name.upper().split("_")):
            continue
        values = (_address(name, sets.get(name, ""), known),) if _is_address(name) else VALUES
        for value in values:
            if value is not None and marks({name: value}) == (wanted, inside):
                return Switch(name, value)
    return None


def words(process: Process, name: str, role: str) -> set[str]:
    """The words by which a variable is about a program."""
    parts = "".join(c if c.isalnum() else " " for c in f"{posixpath.basename(process.name)} {name}").upper().split()
    program = "".join(c if c.isalnum() else " " for c in process.command.program).upper().split()
    return {w for w in (*parts, *program, *ROLES.get(role, ())) if w not in ("SERVER", "BUNDLE", "SH", "RUBY")}


def _is_address(name: str) -> bool:
    return name.upper().endswith(ADDRESSES)


def _address(name: str, value: str, known: object) -> str | None:
    """Where the program is for its clients: as the application itself sets it, without what only running it tells."""
    scheme, colon, rest = value.partition("://")
    if colon and OPEN not in scheme:
        login, at, place = rest.rpartition("@")
        if OPEN in place or CLOSE in place:
            return None
        return f"{scheme}://{login}@{place}" if at and OPEN not in login else f"{scheme}://{place}"
    port, urls = getattr(known, "port", 0), getattr(known, "url", ())
    if not port:
        return None
    if name.upper().endswith(("URL", "URI")):
        return f"{urls[0]}://127.0.0.1:{port}" if urls else None
    return "127.0.0.1" if name.upper().endswith("HOST") else f"127.0.0.1:{port}"


def without(text: str, event: Event) -> str | None:
    """A configuration that no longer makes a start; None where something else uses what the start gives back."""
    node = event.target
    if not isinstance(node, Node):
        return None
    node = _whole(node)
    parent = node.parent
    if parent is not None and parent.type in ("assignment", "operator_assignment"):
        left = parent.child_by_field_name("left")
        if left is None or left.type not in ("instance_variable", "global_variable", "identifier"):
            return None
        if _mentions(_root(parent), source(left)) > 1:
            return None
        node, parent = parent, parent.parent
    allowed = parent is not None and (parent.type in STATEMENTS or parent.type.endswith("_modifier"))
    raw = text.encode()
    if not allowed or raw[node.start_byte : node.end_byte] != node.text:
        return None
    return (raw[: node.start_byte] + b"nil" + raw[node.end_byte :]).decode("utf-8", "replace")


def _whole(node: Node) -> Node:
    """The call that makes the child: the `fork` whose block the start stands in."""
    found, one = node, node.parent
    while one is not None and one.type not in ("method", "singleton_method", "lambda"):
        method = one.child_by_field_name("method") if one.type == "call" else None
        if method is not None and source(method) == "fork":
            found = one
        one = one.parent
    return found


def _root(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node


def _mentions(root: Node, name: str) -> int:
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += node.type in ("instance_variable", "global_variable", "identifier") and source(node) == name
        stack += node.named_children
    return count
