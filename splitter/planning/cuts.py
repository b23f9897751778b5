"""The cut of every coupling, the gentlest that works: variable, argument, configuration, volume, shared namespace."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from splitter.model.facts import Coupling, Facts, Gap
from splitter.model.image import Image, within
from splitter.model.plan import Mount, Option, Resolved, Volume
from splitter.planning.backing import Credential
from splitter.planning.binding import Binding
from splitter.planning.draft import Draft, Drafts, names, ready
from splitter.planning.hosts import moved
from splitter.planning.names import volume_name
from splitter.planning.observed import shared
from splitter.planning.optional import come_to
from splitter.planning.patches import Patches
from splitter.planning.questions import Asker
from splitter.planning.rewriting import rewrite
from splitter.planning.secrets import Secrets
from splitter.planning.together import TOOLS, only_starts, shareable, unable
from splitter.planning.volumes import crowded, holding, works_below
from splitter.refactors import Rewritten, refactors

TMPFS = "mode=1777"


@dataclass
class Cuts:
    """What the cuts need and make: patched configurations, named volumes, gaps."""

    image: Image
    drafts: Drafts
    asker: Asker
    secrets: Secrets
    facts: Facts
    external: Mapping[str, Draft]
    volumes: dict[str, Volume]
    gaps: list[Gap] = field(default_factory=list)
    patches: Patches = field(init=False)
    binding: Binding = field(init=False)

    def __post_init__(self) -> None:
        self.patches = Patches(self.image)
        self.binding = Binding(self.facts, self.patches, self.value)

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
            why = offerer.group.why(coupling) if offerer.group is not None else ""
            return f"both sides stay in one service, {offerer.name}" + (f": {why}" if why else "")
        if offerer.profile:
            return self.optional(coupling, parted, offerer)
        if coupling.kind in ("tcp", "env"):
            done = self.tcp(coupling, parted, offerer)
        elif coupling.kind == "socket":
            done = self.socket(coupling, parted, offerer)
        elif coupling.kind == "order" and coupling.how == "priority":
            return "only the order of starting, which waited for nothing: not kept"
        elif coupling.kind == "order":
            waits = [d for d in parted if self.drafts.order(d, offerer.name, ready(offerer))]
            return f"{names(waits) or names(parted)} starts after {offerer.name} (depends_on)"
        elif coupling.kind == "signal" and coupling.target not in TOOLS:
            return self.see(coupling, parted, offerer, "pid")
        elif coupling.kind == "shm":
            key = f"; {self.keyed(coupling, [offerer, *parted])}" if coupling.how == "ftok" else ""
            return self.see(coupling, parted, offerer, "ipc") + key
        else:
            return self.control(coupling, parted, offerer)
        for draft in parted:
            self.drafts.order(draft, offerer.name, ready(offerer))
        return done

    def optional(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        """Something uses what is off by default: it must go on without it, and find it when it is there."""
        if coupling.kind == "socket":
            return self.socket(coupling, users, offerer)
        # A step is over before a person starts anything more.
        stay = [d for d in users if not d.one_off]
        if not stay:
            return f"{offerer.name} is off by default, and {names(users)} is over before it is started"
        told = coupling.how.partition(" ")[0] in ("env", "default", "argument")
        if coupling.kind in ("tcp", "env") and told and self.binding.reachable(offerer, port_of(coupling)):
            return self.tcp(coupling, stay, offerer)
        if coupling.kind in ("tcp", "env") and come_to(offerer, stay, self.drafts):
            return f"{offerer.name} is off by default, and joins the network of {offerer.namespace}"
        if coupling.kind != "order":
            gap = f"{names(stay)} needs {offerer.name}, which is off by default: to be looked at when it is started"
            self.gaps.append(Gap(gap, coupling.evidence))
        return f"open: {offerer.name} is off by default"

    # TCP

    def tcp(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        port = port_of(coupling)
        to = offerer.known.port if offerer.image and offerer.known and offerer.known.port else port
        how, _, name = coupling.how.partition(" ")
        if not self.binding.reachable(offerer, port):
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
        place, written = coupling.evidence, coupling.written
        new = moved(written, offerer.name, port, to)
        if how == "config" and (
            self.patches.replace(place.path, place.line, written, new, users)
            or (port == to and self.patches.host(place.path, place.line, written, offerer.name, users))
        ):
            return f"{coupling.evidence} names the service {offerer.name} (patched through configs)"
        if how == "seen" and (told := self.told(coupling)):
            return f"seen while it ran; {told.evidence} says where {offerer.name} is"
        if how == "code" and (told := self.told(coupling, "env ")):
            variable = told.how.partition(" ")[2]
            what = f"{coupling.target} stands in the program; taken for what it uses without {variable}, which is given"
            self.gaps.append(Gap(what, coupling.evidence))
            return f"{variable} says where {offerer.name} is; this is what holds without it"
        return self.join(coupling, users, offerer, "the address stands in the program")

    def told(self, coupling: Coupling, how: str = "") -> Coupling | None:
        """The coupling of files, of this kind, that tells the same users of the same server; None where there is
        none."""
        port = coupling.target.rpartition(":")[2]
        for other in self.facts.couplings:
            same = other.between[-1:] == coupling.between[-1:] and other.target.endswith(f":{port}")
            known = other.how.startswith(how) and other.how not in ("seen", coupling.how)
            if same and known and set(coupling.between[:-1]) <= set(other.between[:-1]):
                return other
        return None

    def those_with(self, name: str, users: list[Draft]) -> list[Draft]:
        """The users that have a variable; also other services with the same value, which would go on saying what is
        no longer so."""
        found = [d for d in users if self.value(d, name)] or users
        old = {self.value(d, name) for d in found}
        told = (d for d in self.drafts.own() if any(p.env.get(name) in old for p in d.processes()))
        return [*found, *(d for d in told if d not in found and d.role != "backing")]

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

        return rewrite(draft, words)

    # Sockets, files, namespaces

    def socket(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        if coupling.target.startswith("@"):
            return self.join(coupling, users, offerer, "its socket has an abstract name, which is no file")
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
        programs = {p.command.program for p in self.facts.processes if p.name in coupling.between}
        same = len(programs) == 1 and path.endswith(".log")  # two of one server: neither reads what the other wrote
        if same or all(
            path in p.logs for n in coupling.between if (d := self.drafts.of(n)) for p in d.found if p.name == n
        ):
            return "only a log: each service writes its own, and its output goes to Docker"
        covered = [d for d in together if any(within(path, m) for m in d.mounts)]
        if len(covered) == len(together):
            return f"{names(together)} share the volume that holds it"
        seen = coupling.how == "seen"
        folder = shared(path, self.facts, self.image) if seen else holding(path, self.image)
        below = all(any(within(m, path) and m != path for m in d.mounts) for d in together)
        if folder and self.holds_code(folder) and below:
            return "what is written below it is in volumes, and the rest is in the image"
        if not folder or (not seen and (crowded(path, self.image) or self.holds_code(folder))):
            folder = folder or posixpath.dirname(path)
            gap = f"{names(together)} share {path}, and {folder} holds more than that; give it a folder of its own"
            self.gaps.append(Gap(gap, coupling.evidence))
            return f"open: {path} must be in a folder of its own to be shared"
        if not seen:  # else `observed.keep` does, for others that may come to it too
            name = self.volume(folder, f"{names(together)} share it")
            for draft in together:
                draft.mounts.setdefault(folder, Mount(name, folder))
        return f"{folder} is a named volume of {names(together)}"

    def holds_code(self, folder: str) -> bool:
        """Whether a folder is one that the services work in; one in which the image has nothing is a folder of data."""
        if self.image.is_dir(folder) and not any(self.image.names(folder)):
            return False
        works = {p.workdir for d in self.drafts.own() for p in d.found} | {self.image.config.workdir}
        return works_below(folder, works)

    def volume(self, path: str, because: str, tmpfs: str = "") -> str:
        mounted = {p: m.volume for d in self.drafts.own() for p, m in d.mounts.items() if m.volume}
        if path in mounted:
            return mounted[path]
        name = volume_name(path, {n: n for n in self.volumes})
        self.volumes[name] = Volume(name, because, tmpfs)
        return name

    def join(self, coupling: Coupling, users: list[Draft], offerer: Draft, why: str) -> str:
        """Nothing else is safe: the user joins the network of what it uses."""
        free = [d for d in users if d.own and not d.one_off and not d.namespace and not offerer.profile]
        if (offerer.image and offerer.known and offerer.known.port != port_of(coupling)) or not free:
            self.gaps.append(Gap(f"{names(users)} cannot be told where {offerer.name} is: {why}", coupling.evidence))
            return f"open: {names(users)} must be told that {coupling.target} is {offerer.name} now"
        done: list[Draft] = []
        changed: list[Draft] = []
        rewritten = self.rewritten(coupling)
        variable = ", ".join(rewritten.variables) if rewritten is not None else ""
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
                    *(
                        (Option("rewrite", f"by {variable}, which the code reads from now on", "the code is patched"),)
                        if variable
                        else ()
                    ),
                    Option("change", "by a change that you make", f"{offerer.name} is its host name"),
                ),
                "network",
                why,
                coupling.evidence,
            )
            if answer == "rewrite" and rewritten is not None:
                self.patches.whole(coupling.evidence.path, rewritten.text, draft)
                draft.env |= {n: moved(v, offerer.name) for n, v in rewritten.variables.items()}
                changed.append(draft)
            if answer == "network" and not self.drafts.waits(offerer.name, draft.name):
                root = self.drafts.root(offerer)
                if root.name == draft.name:
                    continue
                draft.namespace = root.name
                root.ports += [p for p in draft.ports if p not in root.ports]
                draft.ports = []
                draft.note(f"It reaches {offerer.name} at {coupling.target}: restart {root.name} first, then this one.")
                done.append(draft)
        if changed:
            return f"{names(changed)} reads {variable} from now on (the code is patched through configs)"
        if not done:
            return f"left to you: {names(free)} must be told that {coupling.target} is {offerer.name} now"
        return f"{names(done)} joins the network of {done[0].namespace}: {why}"

    def rewritten(self, coupling: Coupling) -> Rewritten | None:
        """The Python source that holds the address, made to read it from a variable; None for anything else."""
        place = coupling.evidence
        if coupling.how != "code" or not place.path.endswith(".py") or not place.line:
            return None
        text = self.image.read(place.path)
        if not isinstance(text, str):
            return None
        found = (refactor(text, {place.line}) for refactor in refactors().values())
        return next((r for r in found if r is not None), None)

    def see(self, coupling: Coupling, users: list[Draft], offerer: Draft, kind: str) -> str:
        folder = posixpath.dirname(coupling.target) if coupling.target.endswith(".pid") else ""
        if kind == "pid" and folder not in ("", "/", "/tmp", "/run", "/var/run"):
            name = self.volume(folder, f"{coupling.target}, by which {names(users)} signals {offerer.name}", TMPFS)
            for draft in (offerer, *users):
                draft.mounts.setdefault(folder, Mount(name, folder))
        for draft in users:
            if kind == "pid" and not self.drafts.waits(offerer.name, draft.name):
                draft.pid = offerer.name
                draft.note(f"It signals {offerer.name}, whose processes it sees (process 1 is {offerer.name}'s).")
            elif kind == "ipc":
                self.share_memory(draft, offerer)
        what = "sees the processes" if kind == "pid" else "shares the memory"
        return f"{names(users)} {what} of {offerer.name} ({kind}: service:{offerer.name})"

    def keyed(self, coupling: Coupling, drafts: list[Draft]) -> str:
        """What ftok makes a key of must be one file for both: its device differs between containers (ftok(3))."""
        file = coupling.written
        if file and shareable(file, self.facts, self.image):
            return self.share(replace(coupling, target=coupling.written), drafts)
        gap = f"{coupling.target} has another key in each of {names(drafts)}: {file or 'the file'} is in no volume"
        self.gaps.append(Gap(gap, coupling.evidence))
        return f"open: {file or 'the file of its key'} must be in a volume that they share"

    def share_memory(self, draft: Draft, offerer: Draft) -> None:
        """Let both be in one IPC namespace, with all those that either shares one with already."""
        user, owner = self.memory_of(draft), self.memory_of(offerer)
        if user is owner:
            return
        if self.drafts.waits(owner.name, user.name):
            user, owner = owner, user
        for other in self.drafts:
            if other.ipc == user.name:
                other.ipc = owner.name
        user.ipc, owner.ipc = owner.name, "shareable"

    def memory_of(self, draft: Draft) -> Draft:
        """The service whose memory this one sees."""
        return self.drafts.each[draft.ipc] if draft.ipc not in ("", "shareable") else draft

    def control(self, coupling: Coupling, users: list[Draft], offerer: Draft) -> str:
        if only_starts(coupling):
            return f"{names(users)} only starts {offerer.name}, which Compose does"
        manager = unable([p for p in self.facts.processes if p.name in coupling.between])
        why = f" ({manager} cannot start these without all others)" if manager else ""
        gap = f"{names(users)} steers {offerer.name} through {coupling.target}, which is gone in a split{why}"
        self.gaps.append(Gap(gap, coupling.evidence))
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


def port_of(coupling: Coupling) -> int:
    number = coupling.target.rpartition(":")[2]
    return int(number) if number.isascii() and number.isdigit() else 0
