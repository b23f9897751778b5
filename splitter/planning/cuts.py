"""The cut of every coupling, the gentlest that works: variable, argument, configuration, volume, shared namespace."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from splitter.catalogue import looks_secret
from splitter.catalogue.listening import LOOPBACK
from splitter.model.facts import Coupling, Facts, Gap, Listening, Process
from splitter.model.image import Image
from splitter.model.plan import Mount, Option, Resolved, Volume
from splitter.planning.backing import Credential
from splitter.planning.draft import Draft, Drafts, names, ready
from splitter.planning.hosts import EVERY, moved, opened
from splitter.planning.names import cleaned, distinct, volume_name
from splitter.planning.questions import Asker
from splitter.planning.secrets import Secrets

TMPFS = "mode=1777"
PASSES = frozenset(("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"))
BINDING = ("HOST", "BIND", "BIND_ADDRESS", "BIND_HOST", "BIND_ADDR", "LISTEN", "LISTEN_HOST", "LISTEN_ADDRESS",
           "LISTEN_ADDR", "ADDRESS", "HOSTNAME", "SERVER_HOST", "HTTP_HOST", "APP_HOST", "IP")  # fmt: skip
# Folders that hold more than what two services share.
TOO_MUCH = frozenset(
    ("/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/dev", "/proc", "/sys", "/tmp", "/var", "/run", "/var/run", "/home",
     "/opt", "/srv", "/root", "/var/log", "/var/lib", "/usr/bin", "/usr/lib", "/usr/local")
)  # fmt: skip
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
class Cuts:
    """What the cuts need and make: texts of configurations by path, named volumes, gaps."""

    image: Image
    drafts: Drafts
    asker: Asker
    secrets: Secrets
    facts: Facts
    external: Mapping[str, Draft]
    volumes: dict[str, Volume]
    files: dict[str, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    opened: set[tuple[str, int]] = field(default_factory=set)

    def all(self) -> tuple[Resolved, ...]:
        """Every coupling with its one resolution, in the order of the facts."""
        return tuple(Resolved(c, self.one(c)) for c in self.facts.couplings)

    def one(self, coupling: Coupling) -> str:
        if not coupling.between:
            return "nobody is known to use it"
        offerer = self.drafts.of(coupling.between[-1])
        users = list(dict.fromkeys(d.name for name in coupling.between[:-1] if (d := self.drafts.of(name))))
        parted = [self.drafts.each[n] for n in users if offerer is None or n != offerer.name]
        if coupling.kind == "files":
            return self.share(coupling, [*([offerer] if offerer else []), *parted])
        if offerer is None:
            if coupling.between[-1] in self.external and parted:
                return self.outside(coupling, parted, self.external[coupling.between[-1]])
            return f"{coupling.between[-1]} is not kept, so nothing is left to part"
        if not parted:
            return f"both sides stay in one service, {offerer.name}"
        if coupling.kind in ("tcp", "env"):
            done = self.tcp(coupling, parted, offerer)
        elif coupling.kind == "socket":
            done = self.socket(coupling, parted, offerer)
        elif coupling.kind == "order" and coupling.how == "priority":
            return "only the order of starting, which waited for nothing: not kept"
        elif coupling.kind == "order":
            waits = [d for d in parted if self.drafts.order(d, offerer.name, ready(offerer))]
            return f"{names(waits) or names(parted)} starts after {offerer.name} (depends_on)"
        elif coupling.kind == "signal":
            return self.see(coupling, parted, offerer, "pid")
        elif coupling.kind == "shm":
            return self.see(coupling, parted, offerer, "ipc")
        else:
            return self.control(coupling, parted, offerer)
        for draft in parted:
            self.drafts.order(draft, offerer.name, ready(offerer))
        return done

    # TCP

    def tcp(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        _, _, number = coupling.target.rpartition(":")
        port = int(number) if number.isdigit() else 0
        to = offerer.known.port if offerer.image and offerer.known and offerer.known.port else port
        how, _, name = coupling.how.partition(" ")
        if not self.reachable(offerer, port):
            return self.join(
                coupling, users, offerer, "it listens on the loopback address, which nothing here can change"
            )
        if how in ("env", "default") and name:
            written = coupling.written or coupling.target
            for draft in self.those_with(name, users) if how == "env" else users:
                value = moved(self.value(draft, name) or written, offerer.name, port, to)
                if value != self.image.config.env.get(name):
                    draft.env[name] = value
            return f"{name} names the service {offerer.name} instead of this container"
        if how == "argument":
            changed = [
                d for d in users if self.argument(d, coupling.written or coupling.target, offerer.name, port, to)
            ]
            if changed:
                return f"the argument of {names(changed)} names the service {offerer.name}"
        if how == "config" and self.config(coupling, users, offerer.name, port, to):
            return f"{coupling.evidence} names the service {offerer.name} (patched through configs)"
        if how == "seen" and self.known_by(coupling, users):
            return f"seen while it ran; {users[0].name} is told where {offerer.name} is by another setting"
        return self.join(coupling, users, offerer, "the address stands in the program")

    def known_by(self, coupling: Coupling, users: list[Draft]) -> bool:
        """Whether a cut of what files say covers what was only seen."""
        return False

    def those_with(self, name: str, users: list[Draft]) -> list[Draft]:
        return [d for d in users if self.value(d, name)] or users

    def value(self, draft: Draft, name: str) -> str:
        if name in draft.env:
            return draft.env[name]
        for process in draft.processes():
            if name in process.env:
                return process.env[name]
        return self.image.config.env.get(name, "")

    def argument(self, draft: Draft, written: str, host: str, port: int, to: int) -> bool:
        """Rewrite the words that hold the address."""

        def words(given: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(moved(w, host, port, to) if written in w else w for w in given)

        return _rewrite(draft, words)

    def config(self, coupling: Coupling, users: list[Draft], host: str, port: int, to: int) -> bool:
        """Patch one place of a file that the image has; False where it is written at boot or cannot be told."""
        path = coupling.evidence.path
        text = self.text(path, users)
        if text is None or not coupling.written:
            return False
        return self.patch(
            path, text, coupling.evidence.line, coupling.written, moved(coupling.written, host, port, to), users
        )

    def text(self, path: str, users: list[Draft]) -> str | None:
        """The file as it will be in these services; None where it is made at boot, is secret or cannot be read."""
        if path in self.files:
            return self.files[path]
        if any(path in p.files for d in users for p in d.processes()):
            return None
        text = self.image.read(path)
        if not isinstance(text, str) or _has_secret(text):
            return None
        return text

    def patch(self, path: str, text: str, line: int | None, old: str, new: str, users: list[Draft]) -> bool:
        lines = text.splitlines(keepends=True)
        places = [line - 1] if line and line <= len(lines) else range(len(lines))
        for at in places:
            if old in lines[at]:
                lines[at] = lines[at].replace(old, new)
                break
        else:
            return False
        self.files[path] = "".join(lines)
        real = self.image.resolve(path)
        for draft in users:
            draft.configs[real if isinstance(real, str) else path] = path
        return True

    # Where servers listen

    def reachable(self, draft: Draft, port: int) -> bool:
        """Let a server that listens on the loopback address listen everywhere; it is not published by that."""
        if draft.image or (draft.name, port) in self.opened:
            return True
        listener = draft.listens_on(port)
        if listener is None or listener.host not in LOOPBACK:
            return True
        if self.open(draft, port, listener.at):
            self.opened.add((draft.name, port))
            return True
        return False

    def open(self, draft: Draft, port: int, at: int) -> bool:
        process = draft.runs
        if process is None:
            return False
        if any(opened(w) != w for w in process.command.argv):
            _rewrite(draft, lambda given: tuple(opened(w) for w in given))
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
        known = draft.known
        if known is not None and known.loopback and at < 0 and known.name in EVERYWHERE:
            extra = tuple(w.format(port=port or known.port) for w in EVERYWHERE[known.name])
            if not extra:
                draft.env[f"{known.name.upper()}_HOST"] = EVERY
            else:
                _rewrite(draft, lambda given: appended(given, extra))
            return True
        return False

    def bind(self, draft: Draft, listening: Listening) -> bool:
        """Open the address in the configuration that says it."""
        path, line = listening.evidence.path, listening.evidence.line or 1
        text = self.text(path, [draft])
        lines = text.splitlines() if text is not None else []
        if text is None or line > len(lines) or opened(lines[line - 1]) == lines[line - 1]:
            return False
        return self.patch(path, text, line, lines[line - 1], opened(lines[line - 1]), [draft])

    def unprotect(self, draft: Draft) -> None:
        """Redis refuses remote clients where it has no password, unless told otherwise."""
        known = draft.known
        if known is not None and known.name in ("redis", "valkey") and "--protected-mode" not in str(draft.runs):
            _rewrite(draft, lambda given: appended(given, ("--protected-mode", "no")))

    # Sockets, files, namespaces

    def socket(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        folder = posixpath.dirname(coupling.target)
        if offerer.image:
            gap = f"{names(users)} reaches {offerer.name} through {coupling.target}, which its image does not share"
            self.gaps.append(Gap(gap, coupling.evidence))
            port = offerer.known.port if offerer.known else 0
            return f"open: {names(users)} must be told to use TCP, {offerer.name}:{port}"
        name = self.volume(folder, f"{coupling.target}, by which {names(users)} reaches {offerer.name}", TMPFS)
        for draft in (offerer, *users):
            draft.mounts.setdefault(folder, Mount(name, folder))
        return f"{folder} is a volume in memory that {names([offerer, *users])} share"

    def share(self, coupling: Coupling, drafts: list[Draft]) -> str:
        together = list({d.name: d for d in drafts if d.own}.values())
        if len(together) < 2:
            return "only one service uses it"
        path = coupling.target
        if all(path in p.logs for n in coupling.between if (d := self.drafts.of(n)) for p in d.found if p.name == n):
            return "only a log: each service writes its own, and its output goes to Docker"
        covered = [d for d in together if any(f"{path}/".startswith(f"{m.rstrip('/')}/") for m in d.mounts)]
        if len(covered) == len(together):
            return f"{names(together)} share the volume that holds it"
        folder = path if self.image.is_dir(path) or not posixpath.splitext(path)[1] else posixpath.dirname(path)
        if folder in TOO_MUCH:
            return f"open: {folder} is too much to be shared"
        name = self.volume(folder, f"{names(together)} share it")
        for draft in together:
            draft.mounts.setdefault(folder, Mount(name, folder))
        return f"{folder} is a named volume of {names(together)}"

    def volume(self, path: str, because: str, tmpfs: str = "") -> str:
        mounted = {p: m.volume for d in self.drafts for p, m in d.mounts.items() if m.volume}
        if path in mounted:
            return mounted[path]
        name = volume_name(path, {n: n for n in self.volumes})
        self.volumes[name] = Volume(name, because, tmpfs)
        return name

    def join(self, coupling: Coupling, users: list[Draft], offerer: Draft, why: str) -> str:
        """Nothing else is safe: the user joins the network of what it uses."""
        free = [d for d in users if d.own and not d.one_off and not d.namespace]
        if offerer.image or not free:
            self.gaps.append(Gap(f"{names(users)} cannot be told where {offerer.name} is: {why}", coupling.evidence))
            return f"open: {names(users)} must be told that {coupling.target} is {offerer.name} now"
        done = []
        for draft in free:
            answer = self.asker.ask(
                f"cut:{coupling.kind}/{draft.name}/{offerer.name}",
                f"How does {draft.name} reach {offerer.name} at {coupling.target}?",
                (
                    Option(
                        "network",
                        f"in the network of {offerer.name}",
                        "localhost stays what it was; neither moves alone",
                    ),
                    Option("change", "by a change that you make", f"{offerer.name} is its host name"),
                ),
                "network",
                why,
                coupling.evidence,
            )
            if answer == "network" and not self.drafts.waits(offerer.name, draft.name):
                root = offerer
                while root.namespace:
                    root = self.drafts.each[root.namespace]
                if root.name == draft.name:
                    continue
                draft.namespace = root.name
                root.ports += [p for p in draft.ports if p not in root.ports]
                draft.ports = []
                draft.note(f"It reaches {offerer.name} at {coupling.target}: restart {root.name} first, then this one.")
                done.append(draft)
        if not done:
            return f"left to you: {names(free)} must be told that {coupling.target} is {offerer.name} now"
        return f"{names(done)} joins the network of {done[0].namespace}: {why}"

    def see(self, coupling: Coupling, users: list[Draft], offerer: Draft, kind: str) -> str:
        for draft in users:
            if kind == "pid" and not self.drafts.waits(offerer.name, draft.name):
                draft.pid = offerer.name
                draft.note(f"It signals {offerer.name}, whose processes it sees (process 1 is {offerer.name}'s).")
            elif kind == "ipc" and not self.drafts.waits(offerer.name, draft.name):
                draft.ipc, offerer.ipc = offerer.name, "shareable"
        what = "sees the processes" if kind == "pid" else "shares the memory"
        return f"{names(users)} {what} of {offerer.name} ({kind}: service:{offerer.name})"

    def control(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        self.gaps.append(
            Gap(
                f"{names(users)} steers {offerer.name} through {coupling.target}, which is gone in a split",
                coupling.evidence,
            )
        )
        return f"open: {names(users)} can no longer steer {offerer.name}; `docker compose restart {offerer.name}` does"

    def outside(self, coupling: Coupling, users: list[Draft], server: Draft) -> str:
        """The server runs elsewhere now: its address is for .env."""
        how, _, name = coupling.how.partition(" ")
        if how not in ("env", "default") or not name:
            gap = f"{names(users)} must be told where {server.name} is: the address stands in {coupling.evidence}"
            self.gaps.append(Gap(gap, coupling.evidence))
            return f"open: {names(users)} must be told where {server.name} is"
        reference = self.secrets.need(name, f"where {server.name} is; it was {coupling.target} in the container")
        for draft in self.those_with(name, users) if how == "env" else users:
            draft.env[name] = reference
        return f"{name} is taken from .env"

    # Variables of all services

    def every_variable(self) -> dict[str, str]:
        """The variables that the application's services are given, those of the image included."""
        found = dict(self.image.config.env)
        for draft in self.drafts.own():
            for process in draft.processes():
                found |= process.env
            found |= draft.env
        return found

    def replace_value(self, credential: Credential, reference: str) -> None:
        """Put a reference in the place of a password, in every service that has the variable."""
        for draft in self.drafts.own():
            value = self.value(draft, credential.variable)
            if not value:
                continue
            if credential.in_url:
                value = value.replace(f":{credential.value}@", f":{reference}@", 1)
            draft.env[credential.variable] = value if credential.in_url else reference


def config_names(paths: Mapping[str, str]) -> dict[str, str]:
    """A name for each configuration, from the end of its path."""
    found: dict[str, str] = {}
    for path in paths:
        parts = [p for p in path.split("/") if p][-2:]
        found[path] = distinct(cleaned("-".join(parts).replace(".", "-")) or "config", found.values())
    return found


def appended(words: tuple[str, ...], extra: tuple[str, ...]) -> tuple[str, ...]:
    """More words for a command; in a shell line they go to its last command."""
    if len(words) == 3 and words[1] in ("-c", "-ec"):
        return (*words[:2], f"{words[2]} {' '.join(extra)}")
    return (*words, *extra)


def _rewrite(draft: Draft, words: Callable[[tuple[str, ...]], tuple[str, ...]]) -> bool:
    """Change the words of what a service runs, in its plain form and in the one that a shell runs."""
    changed = False

    def one(process: Process) -> Process:
        nonlocal changed
        command = process.command
        argv, run = words(command.argv), words(command.run) if command.run else ()
        changed = changed or argv != command.argv
        return replace(process, command=replace(command, argv=argv, run=run))

    if draft.runs is not None:
        draft.runs = one(draft.runs)
    draft.steps = [one(p) for p in draft.steps]
    draft.prepare = [one(p) for p in draft.prepare]
    return changed


def _has_secret(text: str) -> bool:
    """Whether a configuration holds what must not be written into the compose file."""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        name, _, value = bare.replace("=", " ").replace(":", " ").partition(" ")
        if name.lower() in PASSES or value.strip().startswith("/"):
            continue  # nginx hands requests on with `proxy_pass`; the path of a key is no secret
        if looks_secret(name, value.strip().strip("\"';")) and value.strip():
            return True
    return False
