"""What each process is for, decided by its command; names only where the command says nothing."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast, get_args

from splitter.catalogue import Known, peel, service
from splitter.catalogue.listening import Listener, listeners, number
from splitter.catalogue.meaning import checks, meaning
from splitter.catalogue.switches import spare
from splitter.model.facts import UNREAD, Phase, Process
from splitter.model.image import Image
from splitter.model.plan import Option, Role
from splitter.planning.questions import Asker

ROLES: tuple[Role, ...] = get_args(Role)
# Words of a name, for processes of which the command says nothing; the first kind that has one wins.
HINTS: tuple[tuple[Role, tuple[str, ...]], ...] = (
    ("scheduler", ("scheduler", "schedule", "cron", "beat", "clock", "timer", "periodic", "ticker")),
    ("worker", ("worker", "workers", "queue", "consumer", "jobs", "job", "sidekiq", "celery", "executor", "processor",
                "sync", "dispatcher", "indexer", "watcher", "poller", "mailer", "runner", "tasks", "task", "daemon",
                "listener", "subscriber", "ingestor", "exporter", "collector", "agent")),
    ("proxy", ("proxy", "nginx", "haproxy", "gateway", "loadbalancer")),
    ("web", ("web", "api", "server", "http", "frontend", "backend", "app", "site", "ui", "dashboard", "webserver",
             "gunicorn", "uvicorn", "puma", "unicorn", "streaming", "websocket", "socket", "live", "ws", "rest", "www",
             "nuxt", "portal", "graphql")),
)  # fmt: skip
ONCE = ("migrate", "migration", "migrations", "migrator", "seed", "seeds", "seeder", "db", "database", "schema",
        "install", "superuser", "admin", "bootstrap", "index", "import", "upgrade", "fixtures", "initdb", "prestart",
        "prepare", "collectstatic", "provision", "setup", "init", "startup")  # fmt: skip
PREPARE = ("config", "configure", "configuration", "template", "templates", "render", "env", "environment",
           "permissions", "certs", "settings", "nginx", "php", "user", "users", "adduser", "timezone", "hosts",
           "inject")  # fmt: skip
# Managers that start again, or stop all the others, when what they started has ended.
KEPT_UP = frozenset(("procfile", "runit", "s6"))
ASKS = frozenset(("--version", "-version", "--help", "configtest", "--check-config"))
ASKS_ALONE = frozenset(("-v", "-V", "version", "help"))  # where they are all that a program is told
WAITED = "depends_on waits for it now"
ASKED = "it only asks a program something, and leaves nothing behind"
MODE = "the argument "  # the shell manager's word for a switch that is an argument of the entrypoint
AS_IT_IS = "run as it is"  # the shell manager's note
LOOKS = "it only looks at the others and prints"  # the shell manager's note
CHECKS = frozenset(("-t", "-T", "-v", "-V", "--version", "--help", "configtest", "validate", "--check-config", "-s"))

SCRIPTS = (".php", ".sh", ".py", ".js", ".rb", ".pl")  # endings of names
# A loop that looks for more work does so more often (seconds).
RARELY = 30
TAKES_WORK = frozenset(("worker", "workers", "queue", "consumer", "sidekiq", "celery", "subscriber", "getmail"))
NOWHERE: Mapping[str, int] = {}


@dataclass(frozen=True)
class Placed:
    """A process with its place: a role for what stays up, a phase for what runs first, a reason for what is dropped."""

    process: Process
    because: str
    role: Role = "worker"
    phase: Phase = ""
    drop: str = ""
    known: Known | None = None
    listens: tuple[Listener, ...] = ()


def place(
    process: Process, image: Image, asker: Asker, siblings: tuple[Process, ...], reached: Mapping[str, int] = NOWHERE
) -> Placed:
    """Where a process goes, with the reason.

    `siblings` are all processes of the image, `reached` those that a proxy hands requests to, with the port.
    """
    if process.off:
        return _optional(process, image, asker, siblings)
    known = meaning(process)
    if process.lifetime == "scheduled":
        if known is not None and known.role == "drop":
            return Placed(process, known.because, drop=known.because, known=known)
        return Placed(process, "cron runs it", "scheduler", known=known)
    if any(note.startswith("a step of the base image") for note in process.notes):
        because = "it sets up what the base image itself runs"
        return Placed(process, because, drop=because, known=known)
    if process.lifetime == "job":
        return _job(process, known, siblings)
    if known is not None and known.phase and any("in a shell loop" in note for note in process.notes):
        return Placed(process, f"{known.because}, again and again in a loop", "scheduler", known=known)
    if known is not None and known.phase in ("once", "prepare") and known.role == "migration":
        return Placed(process, known.because, "migration", "once", known=known)
    if process.evidence.note == "eventlistener":
        because = "it listens to the events of the supervisor, which is gone"
        return Placed(process, because, drop=because, known=known)
    if known is not None and known.role == "drop" and UNREAD in process.notes:
        return _unknown(process, image, asker, _its_own(process, image, siblings, ()))
    if known is not None and known.role == "drop":
        return _plumbing(process, known, image, asker, siblings)
    if any(note.startswith(LOOKS) for note in process.notes):
        because = f"{LOOKS} what it sees"
        return Placed(process, because, drop=because, known=known)
    if known is None and (pause := _paused(process)):
        because = f"a loop runs it {pause}"
        return Placed(process, because, _ask(process, "scheduler", because, asker))
    listens = listeners(process, known, image)
    if known is not None and known.role == "job" and (process.restart == "always" or KEPT_UP & set(process.via)):
        # Code that usually runs to its end, and is here kept up: what it is for only its name can say.
        return _unknown(process, image, asker, _its_own(process, image, siblings, listens))
    if known is not None and known.role in ROLES:
        role = known.role
        if role == "web" and _scheduler_in_disguise(process, listens, siblings):
            because = "it serves nobody outside, and its environment says that it schedules"
            role = _ask(process, "scheduler", because, asker, risky=True)
            return Placed(process, because, role, known=known, listens=listens)
        return Placed(process, known.because, role, known=known, listens=listens)
    named = (
        service((process.name,)) if known is None and (AS_IT_IS in process.notes or UNREAD in process.notes) else None
    )
    if named is not None and named.role in ROLES:
        # A script of a supervisor that nobody could take apart is called after what it runs.
        because = f"its name says {named.name}: {named.because}"
        own = (Listener("", named.port, certain=False),) if named.port and not listens else listens
        return Placed(process, because, named.role, listens=own)
    listens = _its_own(process, image, siblings, listens)
    if known is None and not listens and process.name in reached and hinted(process) is None:
        listens = (Listener("", reached[process.name]),)
    return _unknown(process, image, asker, listens)


def _paused(process: Process) -> str:
    """How often a loop runs a program of which nothing is known, where that is no more than every now and then.

    What takes work from a queue, or mails from mailboxes, only looks for more: that is a worker.
    """
    if TAKES_WORK & set(tokens(process)):
        return ""
    for note in process.notes:
        words = note.split()
        if note.startswith("runs every ") and note.endswith(" in a shell loop"):
            often = words[2]
            if often[-1:] in "smhd" and often[:-1].isdecimal():
                often = often[:-1] if often[-1] == "s" else f"{often[:-1]}000"
            if not often.isdecimal() or int(often[:9]) >= RARELY:
                return " ".join(words[1:-4])
    return ""


def _optional(process: Process, image: Image, asker: Asker, siblings: tuple[Process, ...]) -> Placed:
    """What is off by default: behind a profile where it is something of its own, else dropped with its switch."""
    because = f"off by default: {process.off}"
    mode = process.lifetime == "job" and process.off.startswith(MODE)
    if not mode and (spared := spare(process, siblings)):
        return Placed(process, because, drop=f"{because} ({spared})" if process.lifetime == "service" else because)
    on = place(replace(process, off=""), image, asker, siblings)
    if on.drop or (mode and on.phase == "prepare"):
        return Placed(process, because, drop=because)
    answer = asker.ask(
        "off",
        "What becomes of what is off by default?",
        (
            Option("profile", "services behind a profile", "docker compose --profile NAME up starts one"),
            Option("drop", "it is left out", "the file has what is on, and nothing else"),
        ),
        "profile",
        "the image starts more where it is told to",
        process.evidence,
    )
    return Placed(process, because, drop=because) if answer == "drop" else replace(on, process=process)


def _job(process: Process, known: Known | None, siblings: tuple[Process, ...]) -> Placed:
    said, meant = set(process.command.argv), peel(process.command.argv)
    words = process.command.argv[1:]
    if not process.phase and (ASKS & set(words) or (len(words) == 1 and words[0] in ASKS_ALONE)):
        return Placed(process, ASKED, drop=ASKED, known=known)
    if (
        known is not None
        and not known.phase
        and known.role in ROLES
        and not process.phase
        and not (CHECKS & said or (meant is not None and checks(meant.name, meant.args)))
    ):
        same = [s for s in siblings if s is not process and not s.off and meaning(s) == known]
        stays = next((s for s in same if s.lifetime == "service"), None)
        if known.role == "backing" and ("stop" in words or stays is not None):
            because = f"{stays.name if stays else known.name} runs in a service of its own"
            return Placed(process, because, drop=because, known=known)
        return Placed(process, known.because, known.role, known=known)
    if known is not None and known.role == "drop" and not process.phase:
        return Placed(process, known.because, drop=known.because, known=known)
    phase = process.phase or (cast(Phase, known.phase) if known else "") or _phase_by_name(process)
    because = known.because if known else "it runs to its end before what follows"
    if phase == "wait":
        return Placed(process, because, phase=phase, drop=WAITED, known=known)
    migrates = known is not None and known.role == "migration"
    role: Role = "migration" if migrates or phase == "once" else "job"
    return Placed(process, because, role, phase, known=known)


def _phase_by_name(process: Process) -> Phase:
    words = list(tokens(process))
    if any(w in ONCE for w in words):
        return "once"
    return "prepare" if any(w in PREPARE for w in words) else "once"


def _plumbing(process: Process, known: Known, image: Image, asker: Asker, siblings: tuple[Process, ...]) -> Placed:
    """A login server or a log daemon goes, unless the image is made to offer it."""
    if not known.unless:
        return Placed(process, known.because, drop=known.because, known=known)
    ports = {p.split("/")[0] for p in image.config.ports}
    names = " ".join(f"{p.name} {p.user} {p.command}" for p in siblings).lower()
    product = (known.unless == "syslog" and "514" in ports) or (
        known.unless == "ssh" and "22" in ports and any(w in names for w in ("git", "sftp", "gitea", "forgejo", "borg"))
    )
    default = "keep" if product else "drop"
    why = f"the image exposes port {known.port}" if product else known.because
    answer = asker.ask(
        f"drop:{process.id}",
        f"{process.name}: is it what this image is for?",
        (
            Option("drop", "drop it", known.because),
            Option("keep", "keep it as a service", "it runs in a container of its own"),
        ),
        default,
        why,
        process.evidence,
    )
    if answer == "drop":
        return Placed(process, known.because, drop=known.because, known=known)
    return Placed(process, why, "worker", known=known, listens=listeners(process, known, image))


def tokens(process: Process) -> Iterator[str]:
    """The telling words of a process: of its name first, then of its script and of its plain arguments."""
    meant = peel(process.command.argv)
    stem, ending = posixpath.splitext(process.name)
    texts = [stem if ending.startswith(SCRIPTS) else process.name]  # `pay.php-2` says nothing of PHP
    if meant is not None:
        stem = posixpath.splitext(meant.name)[0]
        texts += [stem, *(a for a in meant.args[:4] if not a.startswith(("-", "/", "$")) and len(a) < 40)]
        texts += _modes(meant.args)
        if stem in ("main", "index", "server", "app", "start", "run", "entrypoint"):
            # A name that says nothing stands in a folder that may: `node index.js` in /code/server.
            folder = posixpath.dirname(posixpath.join(process.workdir or "/", meant.program))
            texts += list(reversed(folder.split("/")))[:4]
    for text in texts:
        word = ""
        for c in text:
            if c.isalpha():
                word += c.lower()
            else:
                if word:
                    yield word
                word = ""
        if word:
            yield word


def _modes(args: tuple[str, ...]) -> Iterator[str]:
    """Options without a value that are the name of a role: `server --worker`."""
    for at, arg in enumerate(args):
        alone = at + 1 == len(args) or args[at + 1].startswith("-")
        if alone and arg.startswith("--") and any(arg[2:] in hints for _, hints in HINTS):
            yield arg[2:]


def hinted(process: Process) -> tuple[Role, str] | None:
    """The role that a name hints at, with the word that says so."""
    words = list(tokens(process))
    for role, hints in HINTS:
        for word in words:
            if word in hints or any(len(h) > 3 and h != word and word.endswith(h) for h in hints):
                return role, word
    return None


def _scheduler_in_disguise(process: Process, listens: tuple[Listener, ...], siblings: tuple[Process, ...]) -> bool:
    """Whether a web server is started once more, told to schedule: for this container alone, or beside a twin."""
    local = bool(listens) and all(x.loopback for x in listens)
    twin = any(s.command.program == process.command.program and not _schedules(s) and not s.off for s in siblings)
    hint = hinted(replace(process, env={}))
    called = hint is not None and hint[0] == "scheduler"
    return _schedules(process) and ((local and twin) or (called and (local or twin)))


def _schedules(process: Process) -> bool:
    return any("SCHEDUL" in name.upper() and value.lower() in ("1", "true", "yes", "on")
               for name, value in process.env.items())  # fmt: skip


def _its_own(
    process: Process, image: Image, siblings: tuple[Process, ...], listens: tuple[Listener, ...]
) -> tuple[Listener, ...]:
    """Where a process of which nothing is known may listen: never where another one does.

    A port that the image exposes is its own only where it is the one process that can be meant.
    """
    if any(x.certain for x in listens):
        return listens
    others = [s for s in siblings if s is not process and s.lifetime == "service" and not s.off]
    if not listens and image.config.ports and hinted(process) is None and not any(_could_serve(s) for s in others):
        exposed = (number(port.removesuffix("/tcp")) for port in image.config.ports)
        listens = tuple(Listener("", port, certain=False) for port in exposed if port)
    return tuple(x for x in listens if not any(_takes(s, x.port, image) for s in others))[:1]


def _could_serve(process: Process) -> bool:
    """Whether a process takes requests, or may do so for all that is known."""
    known = meaning(process)
    return hinted(process) is None if known is None else known.role in ("web", "proxy")


def _takes(process: Process, port: int, image: Image) -> bool:
    known = meaning(process)
    return any(x.port == port and (x.certain or known is not None) for x in listeners(process, known, image))


def _unknown(process: Process, image: Image, asker: Asker, listens: tuple[Listener, ...]) -> Placed:
    hint = hinted(process)
    if listens and any(x.certain for x in listens):
        by_name = hint is not None and hint[0] in ("worker", "scheduler")
        because = f"it listens on port {listens[0].port}"
        role = _ask(process, "web", because, asker, risky=False)
        note = f", though it is called {hint[1]}" if by_name and hint else ""
        return Placed(process, because + note, role, listens=listens)
    if hint is not None:
        because = f"nothing is known of the command; its name says {hint[1]}"
        return Placed(process, because, _ask(process, hint[0], because, asker), listens=listens)
    default: Role = "web" if listens else "worker"
    because = f"it may listen on port {listens[0].port}" if listens else "nothing shows that it listens on a port"
    return Placed(process, because, _ask(process, default, because, asker), listens=listens)


def _ask(process: Process, default: Role, because: str, asker: Asker, risky: bool = False) -> Role:
    options = (
        Option("web", "web", "it gets the published port, and starts after the migration"),
        Option("worker", "worker", "it publishes nothing, and can be scaled"),
        Option("scheduler", "scheduler", "it runs once, never scaled"),
        Option("proxy", "proxy", "it stands before the web services"),
        Option("backing", "backing", "the others wait for it"),
        Option("job", "job", "it runs to its end"),
    )
    answer = asker.ask(
        f"role:{process.id}", f"What is {process.name} for?", options, default, because, process.evidence, risky
    )
    return cast(Role, answer)
