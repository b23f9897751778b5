"""Servers that listen on the loopback address, opened to the services that use them; nothing is published by that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitter.catalogue.listening import LOOPBACK
from splitter.model.facts import Facts, Listening, Process
from splitter.planning.draft import Draft
from splitter.planning.hosts import EVERY, opened
from splitter.planning.patches import Patches
from splitter.planning.rewriting import appended, rewrite

BINDING = ("HOST", "BIND", "BIND_ADDRESS", "BIND_HOST", "BIND_ADDR", "LISTEN", "LISTEN_HOST", "LISTEN_ADDRESS",
           "LISTEN_ADDR", "ADDRESS", "HOSTNAME", "SERVER_HOST", "HTTP_HOST", "APP_HOST", "IP")  # fmt: skip
# Options that bind a server to every address, for servers whose own default is the loopback address.
EVERYWHERE: Mapping[str, tuple[str, ...]] = {
    "gunicorn": ("--bind", f"{EVERY}:{{port}}"),
    "uvicorn": ("--host", EVERY),
    "hypercorn": ("--bind", f"{EVERY}:{{port}}"),
    "daphne": ("--bind", EVERY),
    "granian": ("--host", EVERY),
    "flask run": ("--host", EVERY),
    "rackup": ("--host", EVERY),
    "django server": (f"{EVERY}:{{port}}",),
    "ollama": (),
    "postgres": ("-c", "listen_addresses=*"),
    "mongodb": ("--bind_ip_all",),
    "meilisearch": ("--http-addr", f"{EVERY}:{{port}}"),
}


@dataclass
class Binding:
    """`value` gives a service's variable as it stands; `done` holds what was opened, by service and port."""

    facts: Facts
    patches: Patches
    value: Callable[[Draft, str], str]
    done: set[tuple[str, int]] = field(default_factory=set)

    def reachable(self, draft: Draft, port: int) -> bool:
        """Let a server that listens on the loopback address listen everywhere; it is not published by that."""
        if draft.image or (draft.name, port) in self.done:
            return True
        listener = draft.listens_on(port)
        if listener is None or listener.host not in LOOPBACK:
            return True
        if self.open(draft, port, listener.at):
            self.done.add((draft.name, port))
            return True
        return False

    def open(self, draft: Draft, port: int, at: int) -> bool:
        process = self.listening(draft, port)
        if process is None:
            return False
        only = process.name if draft.beside else ""
        if any(opened(w) != w for w in process.command.argv):
            rewrite(draft, lambda given: tuple(opened(w) for w in given), only)
            self.unprotect(draft)
            return True
        for listening in self.facts.listening:
            at_config = listening.evidence.path.startswith("/") and listening.evidence.line
            if (
                listening.process == process.name
                and listening.port == port
                and at_config
                and self.bind(draft, listening)
            ):
                return True
        for name in BINDING:
            value = self.value(draft, name)
            if value and opened(value) != value:
                draft.env[name] = opened(value)
                return True
        known = draft.known if process is draft.runs else None
        if known is not None and known.loopback and at < 0 and known.name in EVERYWHERE:
            extra = tuple(w.format(port=port or known.port) for w in EVERYWHERE[known.name])
            if not extra:
                draft.env[f"{known.name.upper()}_HOST"] = EVERY
            else:
                rewrite(draft, lambda given: appended(given, extra), only)
            return True
        return False

    def listening(self, draft: Draft, port: int) -> Process | None:
        """Which of a service's programs listens on a port, where it runs several."""
        if draft.runs is None or not draft.beside:
            return draft.runs
        programs = (draft.runs, *draft.beside)
        said = {x.process for x in self.facts.listening if x.port == port}
        said |= {p.name for p in programs if any(str(port) in w for w in p.command.argv)}
        return next((p for p in programs if p.name in said), draft.runs)

    def bind(self, draft: Draft, listening: Listening) -> bool:
        """Open the address in the configuration that says it."""
        path, line = listening.evidence.path, listening.evidence.line or 1
        lines = (self.patches.text(path, [draft]) or "").splitlines()
        if line > len(lines) or opened(lines[line - 1]) == lines[line - 1]:
            return False
        return self.patches.replace(path, line, lines[line - 1], opened(lines[line - 1]), [draft])

    def unprotect(self, draft: Draft) -> None:
        """Redis refuses remote clients where it has no password, unless told otherwise."""
        known = draft.known
        if known is not None and known.name in ("redis", "valkey") and "--protected-mode" not in str(draft.runs):
            rewrite(draft, lambda given: appended(given, ("--protected-mode", "no")))
