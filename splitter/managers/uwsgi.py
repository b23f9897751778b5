"""uWSGI serves an application and starts what its options attach to it: daemons, cron entries, commands of its hooks.

All run by `/bin/sh -c` in the folder of `chdir`, as `uid` (core/daemons.c, core/cron.c, core/hooks.c of 2.0). The uWSGI
itself is the first child; its configuration is patched so that it no longer starts what has a service of its own.
"""

import posixpath
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from splitter.managers._keep import Kept, Member
from splitter.managers._launch import environment, folder, name_of, shell, unfronted
from splitter.managers._uwsgi_config import Config
from splitter.managers._uwsgi_files import Option
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

DAEMONS = (
    "attach-daemon", "attach-control-daemon", "smart-attach-daemon", "smart-attach-daemon2", "legion-attach-daemon",
    "legion-smart-attach-daemon", "legion-smart-attach-daemon2",
)  # fmt: skip
DAEMONS2 = ("attach-daemon2",)
CRONS = ("cron", "unique-cron", "legion-cron", "cron-legion", "unique-legion-cron", "unique-cron-legion")
# Hooks before the privileges are dropped, before the folder is changed, and after both.
AS_ROOT = ("asap", "pre-jail", "post-jail", "in-jail", "as-root")
AS_USER = ("as-user",)
IN_FOLDER = ("pre-app", "post-app", "master-start", "accepting1-once")
STAGES = (*AS_ROOT, *AS_USER, *IN_FOLDER)
VASSALS = (".ini", ".xml", ".yml", ".yaml", ".json")
LIMITS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("week", 0, 7))


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    server = _server(process, image)
    return None if server is None else server.children()


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """uWSGI with those of its daemons that stay, where it stays itself and nothing is started otherwise now."""
    server, own = _server(process, image), {m.unit.evidence for m in members}
    if server is None or any(m.words for m in members) or not server.children():
        return None
    server.taken = [o for o in server.taken if o.evidence not in own]
    web = server.web([])
    if web.evidence not in own:
        return None
    return Kept(web.command.start, web.patches)


def _server(process: Process, image: Image) -> "_Server | None":
    argv = process.command.argv
    words = unfronted(argv)
    name = posixpath.basename(words[0]) if words else ""
    ours = name in ("uwsgi", "uwsgi-core", "pyuwsgi") or name.startswith(("uwsgi_python", "uwsgi-python", "uwsgi_py"))
    if not ours or process.via[-1:] == ("uwsgi",):
        return None
    return _Server(process, image, argv[: len(argv) - len(words) + 1], words[1:])


@dataclass
class _Server:
    """One uWSGI."""

    process: Process
    image: Image
    front: tuple[str, ...]
    args: tuple[str, ...]
    taken: list[Option] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def children(self) -> list[Process | Gap] | None:
        env = environment(self.process, self.image)
        self.config = Config(env, folder(self.process, self.image), self.image)
        self.config.environment()
        self.config.arguments(self.args, self.process.evidence)
        if self.config.first("chdir"):
            self.place = normal(posixpath.join(self.config.cwd, self.config.first("chdir")))
        else:
            self.place = self.config.cwd
        uid, gid = self.config.first("uid"), self.config.first("gid")
        self.user = f"{uid}:{gid}" if uid and gid else uid
        self.env = dict(
            pair.split("=", 1)
            for o in self.config.all("env")
            if not o.off and "=" in (pair := self.config.known(o.value))
        )
        vassals = list(self.vassals())
        found = [p for p in (*self.hooks(), *self.daemons(), *self.crons()) if p]
        gaps = [*self.config.gaps, *self.gaps]
        if not (found or vassals or gaps):
            return None
        if vassals:
            return [*vassals, *found, *gaps]
        return [self.web(found), *found, *self.leftovers(), *gaps]

    def web(self, found: list[Process]) -> Process:
        """uWSGI without what is taken out of it."""
        gone = {at for option in self.taken for at in option.words}
        argv = (*self.front, *(w for at, w in enumerate(self.args) if at not in gone))
        command = self.process.command if not gone else Command(argv)
        patches: dict[str, str] = {}
        for option in self.taken:
            path = option.evidence.path
            if option.span != (0, 0) and path in self.config.texts and path not in patches:
                patches[path] = _without(self.config.texts[path], [o for o in self.taken if o.evidence.path == path])
        notes = []
        for key in ("mule", "spooler"):
            told = [self.config.known(o.value) for o in self.config.all(key) if not o.off]
            if told:
                notes.append(f"its {key} stays with it{': ' + ', '.join(t for t in told if t) if any(told) else ''}")
        if self.config.first("mules"):
            notes.append(f"its {self.config.first('mules')} mules stay with it")
        if found and self.process.command.run and gone:
            self.gaps.append(
                Gap("uWSGI's command is made when it runs, and still starts the others", self.process.evidence)
            )
            command = self.process.command
        return replace(
            self.process,
            command=command,
            patches=patches,
            notes=(*self.process.notes, *notes),
            evidence=self.process.evidence,
        )

    def leftovers(self) -> Iterator[Gap]:
        """What the web would still start itself, since its text cannot be taken out."""
        for option in self.taken:
            if option.span == (0, 0) and not option.words:
                yield Gap(
                    f"the web still starts this itself: take {option.key} out of its configuration", option.evidence
                )

    def daemons(self) -> Iterator[Process | None]:
        for option in self.config.options:
            if option.key in DAEMONS:
                yield self.daemon(option)
            elif option.key in DAEMONS2:
                yield self.daemon2(option)

    def daemon(self, option: Option) -> Process | None:
        text, notes = option.value, list[str]()
        if option.key.startswith("legion-"):
            legion, _, text = text.partition(" ")
            notes.append(f"only where the instance is lord of the legion {legion}")
        if "smart-" in option.key:
            pidfile, _, text = text.partition(" ")
            notes.append(f"uWSGI watches it by {pidfile.split(',')[0]}")
            if not option.key.endswith("2"):
                notes.append("it puts itself in the background")
        if option.key == "attach-control-daemon":
            notes.append("uWSGI ends when it ends")
        return self.child(option, text.strip(), notes, restart="always")

    def daemon2(self, option: Option) -> Process | None:
        values = _pairs(option.value)
        text = next((values[k] for k in ("command", "cmd", "exec") if k in values), "")
        uid, gid = values.get("uid", ""), values.get("gid", "")
        number = values.get("stopsignal") or values.get("stop_signal") or ""
        stop = next((s.name for s in signal.Signals if str(s.value) == number), "")
        notes = []
        if "pidfile" in values:
            notes.append(f"uWSGI watches it by {values['pidfile']}")
        if "touch" in values:
            notes.append(f"uWSGI restarts it when {values['touch']} changes")
        if "control" in values:
            notes.append("uWSGI ends when it ends")
        child = self.child(option, text, notes, restart="always")
        if child is None:
            return None
        where = values.get("chdir", "")
        return replace(
            child,
            user=(f"{uid}:{gid}" if gid else uid) or child.user,
            stop_signal=stop or child.stop_signal,
            workdir=normal(posixpath.join(self.place, where)) if where else child.workdir,
        )

    def child(self, option: Option, text: str, notes: list[str], restart: str = "") -> Process | None:
        command = self.config.command(text)
        if not command.strip():
            self.gaps.append(Gap(f"uWSGI's {option.key} has no command", option.evidence))
            return None
        self.taken.append(option)
        rooted = any(o.key in ("master-as-root",) and not o.off for o in self.config.options)
        return Process(
            name=name_of(shell(command)),
            command=Command(shell(command)),
            evidence=option.evidence,
            env=self.env,
            user="" if rooted else self.user,
            workdir=self.place if self.place != folder(self.process, self.image) else "",
            restart=restart,
            stop_signal="SIGTERM" if self.process.stop_signal and restart else "",
            off=option.off,
            notes=tuple(notes),
        )

    def hooks(self) -> Iterator[Process | None]:
        """Commands that run once before or while uWSGI starts."""
        found: list[tuple[int, Option, str]] = []
        for option in self.config.options:
            kind, _, stage = option.key.partition("-")
            if stage not in STAGES or kind not in ("hook", "exec"):
                continue
            action, colon, text = option.value.partition(":")
            if kind == "exec":
                found.append((STAGES.index(stage), option, option.value))
            elif colon and action.strip() in ("exec", "safeexec"):
                found.append((STAGES.index(stage), option, text))
        for rank, option, text in sorted(found, key=lambda f: f[0]):
            child = self.child(option, text, [])
            if child is None:
                continue
            early = STAGES[rank] in AS_ROOT
            place = child.workdir if STAGES[rank] in IN_FOLDER else ""
            yield replace(child, lifetime="job", user="" if early else child.user, workdir=place)

    def crons(self) -> Iterator[Process | None]:
        for option in self.config.options:
            if option.key in CRONS:
                words = option.value.split(None, 6 if "legion" in option.key else 5)
                legion, words = (words[:1], words[1:]) if "legion" in option.key else ([], words)
                notes = [f"only where the instance is lord of the legion {legion[0]}"] if legion else []
                notes += ["not started again while it still runs"] if "unique" in option.key else []
                yield self.entry(option, words[:5], words[5] if len(words) > 5 else "", notes)
            elif option.key == "cron2":
                first, _, rest = option.value.partition(" ")
                values = _pairs(first) if "=" in first else {}
                notes = ["not started again while it still runs"] if values.get("unique", "0") != "0" else []
                fields = [values.get(name, "-1") for name, _, _ in LIMITS]
                yield self.entry(option, fields, rest if "=" in first else option.value, notes)

    def entry(self, option: Option, fields: list[str], text: str, notes: list[str]) -> Process | None:
        schedule = _schedule(fields)
        if not schedule:
            self.gaps.append(Gap(f"no time of uWSGI's: {' '.join(fields)}", option.evidence))
            return None
        child = self.child(option, text, notes)
        return replace(child, lifetime="scheduled", schedule=schedule) if child else None

    def vassals(self) -> Iterator[Process | Gap]:
        """The instances of an emperor, each a uWSGI of its own."""
        for option in self.config.all("emperor"):
            where = self.config.known(option.value).removeprefix("glob://").removeprefix("dir://")
            path = normal(posixpath.join(self.config.cwd, where))
            files = [posixpath.join(path, n) for n in self.image.names(path)] if self.image.is_dir(path) else []
            files = [f for f in files or self.image.glob(path) if f.endswith(VASSALS)]
            if not files or option.off:
                self.gaps.append(Gap(f"no vassal of the emperor is at hand in {where}", option.evidence))
            for file in [] if option.off else files:
                key = {".yml": "yaml", ".yaml": "yaml"}.get(
                    posixpath.splitext(file)[1], posixpath.splitext(file)[1][1:]
                )
                argv = (*self.front, f"--{key}", file)
                stem = posixpath.splitext(posixpath.basename(file))[0]
                vassal = replace(self.process, name=stem, command=Command(argv), evidence=Evidence(file))
                yield from _Server(vassal, self.image, self.front, argv[len(self.front) :]).children() or [vassal]


def _pairs(text: str) -> dict[str, str]:
    r"""`key=value,key=value`, `\` before a comma that belongs to a value (core/utils.c, uwsgi_kvlist_parse)."""
    parts, at = [""], 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            parts[-1] += text[at + 1]
            at += 1
        elif text[at] == ",":
            parts.append("")
        else:
            parts[-1] += text[at]
        at += 1
    return {k.strip(): v for part in parts for k, equals, v in [part.partition("=")] if equals}


def _schedule(fields: list[str]) -> str:
    """The five fields as cron writes them; "" where they are none. -1 is every one, -n those that n divides."""
    made = []
    for text, (_, low, high) in zip(fields, LIMITS, strict=False):
        if not (text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 6):
            return ""
        value = int(text)
        if value == -1:
            made.append("*")
        elif value < 0:
            step = -value
            if step > high:
                made.append("0" if low == 0 else "")
            else:
                made.append(f"*/{step}" if low == 0 else f"{step}-{high}/{step}")
        else:
            made.append(str(value) if low <= value <= high else "")
    return " ".join(made) if len(made) == 5 and all(made) else ""


def _without(text: str, options: list[Option]) -> str:
    """A file's text without the places of these options."""
    for start, end in sorted({o.span for o in options if o.span != (0, 0)}, reverse=True):
        text = text[:start] + text[end:]
    return text
