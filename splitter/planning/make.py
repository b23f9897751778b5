"""Facts and answers to a plan: every process placed, services parted, couplings cut, and nothing lost."""

from collections.abc import Mapping
from dataclasses import replace

from splitter.catalogue import Known
from splitter.catalogue.listening import Listener, number
from splitter.catalogue.meaning import meaning
from splitter.model.facts import Facts, Gap, Listening, Process
from splitter.model.image import Image
from splitter.model.plan import Drop, Plan, Service, Volume
from splitter.planning import backing, entry, front, grouped, inherited, made, observed, preludes, together, volumes
from splitter.planning.commands import same_user, start_of
from splitter.planning.cuts import Cuts
from splitter.planning.draft import Draft, Drafts, ready
from splitter.planning.embedded import move_out
from splitter.planning.finish import finish
from splitter.planning.jobs import Jobs, migration
from splitter.planning.names import SAYS_NOTHING, cleaned, distinct, service_name
from splitter.planning.optional import behind, everything, mode, turn_on
from splitter.planning.patches import config_names
from splitter.planning.questions import Asker
from splitter.planning.roles import ASKED, WAITED, Placed, place
from splitter.planning.scheduled import schedule
from splitter.planning.secrets import Secrets
from splitter.planning.whole import Harmless, adopt

MOVES = ("env", "default")  # places of an address that a service is given anew
ORDER = ("proxy", "web", "worker", "scheduler", "job", "migration", "backing")
# Notes of a process that its service's comment repeats.
TOLD = ("run as it is", "it may run a schedule", "it runs a", "it was given a password", "it migrates the database")


def make_plan(facts: Facts, image: Image, answers: Mapping[str, str]) -> Plan:
    """The plan under these answers. Every process of the facts is in exactly one service or drop of it."""
    work = _Work(facts, image, Asker(answers))
    plan = work.plan()
    _conserve(facts, plan)
    return plan


class _Work:
    """One plan in the making."""

    def __init__(self, facts: Facts, image: Image, asker: Asker) -> None:
        self.facts, self.image, self.asker = facts, image, asker
        self.drafts = Drafts()
        self.drops: list[Drop] = []
        self.volumes: dict[str, Volume] = {}
        self.secrets = Secrets()
        self.notes: list[str] = []
        self.external: dict[str, Draft] = {}
        self.position = {p.name: at for at, p in enumerate(facts.processes)}
        self.on: frozenset[str] = frozenset()  # the names of services that are on by default

    def plan(self) -> Plan:
        image = self.image
        reached = _reached(self.facts)
        placed = [place(p, image, self.asker, self.facts.processes, reached) for p in self.facts.processes]
        shared = [*image.config.volumes, *(c.target for c in self.facts.couplings if c.kind == "files")]
        placed = [_everywhere(backing.real(each, image), shared, image) for each in placed]
        prepare: list[tuple[int, Placed]] = []
        once: list[tuple[int, Placed]] = []
        stays: list[Placed] = []
        modes: list[Placed] = []
        for at, each in enumerate(placed):
            if each.drop:
                self.drops.append(Drop(each.process, each.drop))
                known = meaning(each.process)
                if known is not None and known.unless:
                    self.notes.append(f"{each.process.name} is left out: {known.because}.")
            elif each.phase == "prepare":
                prepare.append((at, each))
            elif each.process.off and each.process.lifetime == "job":
                modes.append(each)
            elif each.phase or each.role in ("migration", "job"):
                once.append((at, each))
            else:
                stays.append(each)
        rest = schedule(stays, self.facts.processes, self.drafts, self.drops, image, self.asker)
        self.on = frozenset(service_name(e.process, e.role, e.known) for e in rest if not e.process.off)
        for group in together.decide(rest, placed, self.facts, image, self.asker):
            grouped.fill(self.service(group.main), group)
        once = self.servers(once)
        jobs = Jobs(tuple(prepare), tuple(once))
        job = migration(jobs, self.asker)
        if job is not None:
            job.name = distinct(job.name, self.drafts.each)
            self.drafts.add(job)
        move_out(self.drafts, self.asker)
        grouped.prepare(self.drafts, jobs, self.position)
        self.prepared(jobs, job)
        for each in modes:
            self.drafts.add(mode(each, self.drafts))
        self.wait(job)
        cuts = Cuts(image, self.drafts, self.asker, self.secrets, self.facts, self.external, self.volumes)
        self.notes += volumes.declared(self.drafts, self.facts, image, self.volumes)
        resolved = cuts.all()
        self.credentials(cuts)
        for draft in self.drafts:
            if draft.runs is not None and draft.group is None:
                for path, text in draft.runs.patches.items():
                    cuts.patches.whole(path, text, draft)
        volumes.kept(self.drafts, self.facts, image, self.volumes)
        held = observed.keep(self.drafts, self.facts, image, self.volumes)
        cuts.gaps += observed.told(self.drafts, self.facts)
        if job is not None:
            cuts.gaps += made.share(job, self.drafts, image, self.volumes, self.secrets)
        cuts.gaps += self.owners(held)
        volumes.first_mount(self.drafts, image)
        self.notes += front.publish(self.drafts, image)
        front.answer(self.drafts, self.facts.couplings)
        front.check_health(self.drafts, image)
        for draft in self.drafts.own():
            if draft.role != "backing":
                given = {n: self.secrets.need(n, "given for the run that was watched") for n in self.facts.needs}
                draft.env = given | draft.env
        turn_on(self.drafts, self.secrets)
        cuts.gaps += inherited.share(self.drafts, self.secrets)
        for draft in self.drafts.own():
            if draft.mode:
                draft.mounts = everything(self.drafts)
        grouped.start(self.drafts, jobs, image, cuts.patches, self.secrets, self.facts.processes)
        preludes.share(self.drafts, self.facts.processes, image, cuts.patches, jobs)
        named = config_names(cuts.patches.files)
        ordered = sorted(self.drafts, key=lambda d: ORDER.index(d.role))
        services = tuple(finish(d, image, named, self.secrets) for d in ordered)
        used = {m.volume for s in services for m in s.volumes}
        return Plan(
            services=services,
            drops=tuple(self.drops),
            couplings=resolved,
            gaps=(*self.facts.gaps, *cuts.gaps, *_empty(services, image)),
            questions=self.asker.questions,
            volumes=tuple(v for v in self.volumes.values() if v.name in used),
            configs={name: cuts.patches.files[path] for path, name in named.items()
                     if any(name in s.configs.values() for s in services)},
            secrets=self.secrets.what,
            notes=tuple(self.notes),
            stale=self.asker.stale,
            shown=self.facts.shown,
        )  # fmt: skip

    def service(self, each: Placed) -> Draft:
        """A service of its own for one process that stays up."""
        process = each.process
        draft = Draft(
            name=self.called(each),
            role=each.role,
            because=each.because,
            found=[process],
            runs=backing.alone(process) if each.role == "backing" else process,
            known=each.known,
            listens=_listens(process, each, self.facts),
            replicas=process.instances,
        )
        if each.known is not None and each.known.note and each.role != "backing":
            draft.note(f"Never scale it: {each.known.note}.")
            draft.replicas = 1
        if each.role in ("scheduler", "backing") and draft.replicas > 1:
            draft.replicas = 1
        if "Never scale" not in " ".join(draft.notes) and each.role == "scheduler":
            draft.note("Exactly one: a second would do everything twice.")
        for note in process.notes:
            if note.startswith(TOLD):
                draft.note(note[0].upper() + note[1:] + ".")
        return self.drafts.add(behind(draft, process))

    def called(self, each: Placed) -> str:
        """The name of its service. What is on by default has its own; a step that bears it has no service."""
        name = service_name(each.process, each.role, each.known)
        steps = {p.name for p in self.facts.processes if p.lifetime == "job"}
        stem, dash, number = name.rpartition("-")
        name = stem if dash and number.isdigit() and each.process.name == name and stem in steps else name
        own = cleaned(each.process.name)
        if name in self.drafts.each and own not in {"", *SAYS_NOTHING, *self.drafts.each} and not own[-1].isdigit():
            name = own  # a second of one kind (openresty beside nginx) is called as its manager calls it
        return distinct(name, (*self.drafts.each, *(self.on if each.process.off else ())))

    def servers(self, once: list[tuple[int, Placed]]) -> list[tuple[int, Placed]]:
        """Decide where each embedded server runs; what only made a server that goes is dropped with it."""
        gone: list[Known] = []
        stay: list[tuple[Draft, Known]] = []
        for draft in [d for d in self.drafts if d.role == "backing" and not d.profile]:
            known = draft.known
            if known is None:
                continue
            process = draft.found[0]
            choice = backing.choose(process, known, self.facts.couplings, self.image, self.asker)
            if choice.answer == "official":
                taken = {v: v for v in self.volumes}
                if name := backing.official(draft, known, choice.version, taken):
                    self.volumes[name] = Volume(name, f"what {draft.name} keeps")
                self.notes += backing.moves(draft, known)
                if path := backing.configuration(process, self.image):
                    draft.note(f"Its old configuration, {path}, is not used: what it needs of that goes to `command`.")
                gone.append(known)
            elif choice.answer == "external":
                del self.drafts.each[draft.name]
                self.external[process.name] = draft
                self.drops.append(Drop(process, "it runs elsewhere now; its address is in .env"))
                gone.append(known)
            else:
                stay.append((draft, known))
                if known.healthcheck:
                    draft.health = backing.check(known, known.port)
        return [(at, each) for at, each in once if not self.bootstraps(each.process, gone, stay)]

    def bootstraps(self, step: Process, gone: list[Known], stay: list[tuple[Draft, Known]]) -> bool:
        """Whether a one-off step only made a server: dropped with one that goes, moved into one that stays."""
        server = next((k for k in gone if backing.sets_up(step, k)), None)
        if server is not None:
            why = f"the {server.name} image makes its server, user and database by itself"
            self.drops.append(Drop(step, why))
            return True
        for draft, known in stay:
            if backing.only_makes(step, known, self.facts.processes):
                draft.prepare.append(step)
                draft.found = sorted((*draft.found, step), key=self.place_of)
                return True
            if backing.is_server(step, known):
                self.drops.append(Drop(step, f"{draft.name} runs in a service of its own"))
                return True
            if backing.makes_data(step, known):
                draft.prepare.append(step)
                draft.found.insert(0, step)
                return True
        return False

    def place_of(self, process: Process) -> int:
        return self.position.get(process.name, len(self.position))

    def prepared(self, jobs: Jobs, job: Draft | None) -> None:
        """Give every service the set-up steps that preceded it, or leave them to an ENTRYPOINT that only prepares."""
        listed: set[str] = {p.name for d in self.drafts for p in d.found}
        asked = {d.process.name for d in self.drops if d.reason == ASKED}
        # A wait for an address that stands in a program would not end, for it is another container's now.
        fixed = (
            c for c in self.facts.couplings if c.kind in ("tcp", "socket") and c.how.partition(" ")[0] not in MOVES
        )
        told = {n for c in fixed for n in c.between[:-1]}
        waits = {d.process.name for d in self.drops if d.reason == WAITED} - told
        harmless = Harmless(frozenset(e.process.name for _, e in jobs.prepare) | asked, frozenset(waits))
        carriers: list[Draft] = [job] if job is not None else []
        for draft in self.drafts.own():
            if draft.runs is None:
                continue
            if draft.group is not None:
                carriers.append(draft)
                continue
            first = draft.found[0].name if draft.found else ""
            at = self.position.get(draft.runs.name, self.position.get(first, len(self.position)))
            steps = sorted((*jobs.before(at, draft.runs), *draft.prepare), key=self.place_of)
            kept = entry.keeps(self.image, start_of(draft.runs)) if not draft.lines else None
            own = [s for s in steps if kept is None or s.evidence not in kept]
            if kept is not None and (not kept or not same_user(draft.runs.user, self.image)):
                draft.stays, steps = bool(self.image.config.entrypoint), own
            adopt(draft, steps, self.facts.processes, harmless, self.image)
            draft.prepare = [s for s in steps if s not in draft.inner]
            carriers.append(draft)
        for _, each in jobs.prepare:
            step = each.process
            if step.name in listed:
                continue
            home = next((d for d in carriers if step in (*d.steps, *d.prepare, *d.inner)), None)
            if home is None:
                home = next((d for d in carriers if d.stays), None)
            if home is None:
                self.drops.append(Drop(step, "nothing that is kept runs after it"))
            else:
                home.found = sorted((*home.found, step), key=self.place_of)

    def wait(self, job: Draft | None) -> None:
        """What the image itself put in order: one-off steps first, servers before those that use them."""
        servers = [d for d in self.drafts if d.role == "backing"]
        for draft in self.drafts:
            if draft.role == "backing" or (draft.profile and draft.one_off):
                continue
            if draft is job:
                for server in (s for s in servers if not s.profile):
                    self.drafts.order(draft, server.name, ready(server))
            elif job is not None and not job.profile:
                self.drafts.order(draft, job.name, ready(job))

    def credentials(self, cuts: Cuts) -> None:
        """Give official servers their user, password and database, the same on both sides."""
        for draft in [d for d in self.drafts if d.role == "backing" and d.image and d.known]:
            known = draft.known
            if known is None or not known.creates:
                continue
            mine = [c for c in self.facts.couplings if c.between and c.between[-1] == draft.found[0].name]
            env = cuts.every_variable()
            for found in backing.credentials(known, mine, env):
                variable = known.creates.get(found.meaning)
                if variable is None or (found.meaning == "user" and found.value == "root"):
                    continue
                if found.meaning != "password":
                    draft.env[variable] = found.value
                    continue
                name = backing.secret_name(found, draft)
                reference = self.secrets.need(name, f"the password of {draft.name}")
                draft.env[variable] = reference
                cuts.replace_value(found, reference)
            self.required(draft, known)

    def required(self, draft: Draft, known: Known) -> None:
        """What the official image does not start without."""
        password = known.creates.get("password")
        if known.name in ("mysql", "mariadb"):
            draft.env[known.creates["root"].replace("ROOT_PASSWORD", "RANDOM_ROOT_PASSWORD")] = "yes"
        elif password and password not in draft.env and known.name in ("postgres", "minio"):
            draft.env[password] = self.secrets.need(password, f"the password of {draft.name}")

    def owners(self, held: Mapping[str, list[Draft]]) -> list[Gap]:
        """A one-off service that gives volumes to the users that write there, where the image has no such folder."""
        default = self.image.config.user
        users = {d.name: d.runs.user or default for d in self.drafts.own() if d.runs is not None}
        found = volumes.unowned(self.drafts, self.image, users, held)
        if not found:
            return []
        name = distinct("volumes", self.drafts.each)
        lines = [f"chown {user} {path}" for path, user in found.items()]
        step = Process(
            name=name,
            command=backing.shell_command(lines),
            evidence=self.image.config.evidence("USER"),
            lifetime="job",
            user="root",
        )
        draft = Draft(name, "job", "the volumes belong to those who write there", [], steps=[step])
        for path in found:
            mount = next(d.mounts[path] for d in self.drafts.own() if path in d.mounts)
            draft.mounts[path] = mount
        for other in list(self.drafts):
            if any(path in other.mounts for path in found):
                self.drafts.each.setdefault(name, draft)
                other.wait_for(name, "service_completed_successfully")
        return observed.divided(found, held, users)


def _reached(facts: Facts) -> dict[str, int]:
    """The processes that the configuration of a proxy hands requests to, with the port."""
    known = ((p.name, meaning(p)) for p in facts.processes)
    proxies = {name for name, k in known if k is not None and k.role == "proxy"}
    return {c.between[-1]: port for c in facts.couplings if c.kind == "tcp" and c.how == "config"
            and proxies & set(c.between[:-1]) and (port := number(c.target.rpartition(":")[2]))}  # fmt: skip


def _listens(process: Process, each: Placed, facts: Facts) -> tuple[Listener, ...]:
    """Where it listens: what its configuration or a run shows goes before a program's default."""
    shown = [Listener(x.host, x.port, x.unix) for x in facts.listening if x.process == process.name and _sure(x)]
    said = [x for x in each.listens if x.certain or not shown]
    ports = {x.port for x in said if x.port}
    if not ports and not shown:
        # Where nothing else tells, it listens where the others reach it.
        reached = (c.target.removeprefix("127.0.0.1:") for c in facts.couplings
                   if c.kind == "tcp" and c.how == "config" and c.between[-1:] == (process.name,))  # fmt: skip
        said += [Listener("", number(port), certain=False) for port in reached if number(port)]
    return tuple(dict.fromkeys((*said, *(x for x in shown if x.port not in ports or x.unix))))


def _empty(services: tuple[Service, ...], image: Image) -> tuple[Gap, ...]:
    """What a person is told who gets no service at all."""
    if services:
        return ()
    base = f", and its base {image.base} is not at hand" if image.base else ""
    return (Gap(f"nothing is found that stays up{base}", image.config.evidence("CMD")),)


def _everywhere(each: Placed, shared: list[str], image: Image) -> Placed:
    """Who owns files that are not shared must be said in every container; who owns shared ones, once."""
    ownership = each.phase == "once" and each.known is not None and each.known.name == volumes.GIVES
    if not ownership or volumes.touches(each.process, shared, image.config.workdir):
        return each
    return replace(each, phase="prepare", role="job")


def _sure(listening: Listening) -> bool:
    return bool(listening.port or listening.unix) and listening.protocol in ("tcp", "udp")


def _conserve(facts: Facts, plan: Plan) -> None:
    """Every process in exactly one service or drop, every coupling with one resolution."""
    count: dict[str, int] = {p.name: 0 for p in facts.processes}
    for process in (*(p for s in plan.services for p in s.processes), *(d.process for d in plan.drops)):
        count[process.name] = count.get(process.name, 0) + 1
    wrong = [name for name, times in count.items() if times != 1]
    if wrong or len(plan.couplings) != len(facts.couplings):
        raise AssertionError(f"not in exactly one service or drop: {', '.join(wrong) or 'a coupling'}")
