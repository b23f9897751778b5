"""Which processes share memory, a queue or semaphores by their code: those that run calls with the same key or name.

A process runs the files that its command names and what these read in, as `sharing/` finds it. Code that lies beside
a program which loads more than it says may be run by it or not: that is a Gap, as is a key that shows at run time only.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from splitter.catalogue.peel import peel
from splitter.inspection import sharing
from splitter.inspection._codeuses import Place
from splitter.inspection._offers import Member
from splitter.inspection._program import language
from splitter.inspection._signals import Call
from splitter.inspection.code import MAX_SIZE, SHARED, SHARES
from splitter.inspection.sharing import Sharing, Source
from splitter.model.facts import Coupling, Evidence, Gap
from splitter.model.image import Image, normal

MAX_FILES = 200  # of one program
MAX_WORDS = 12
# What packages bring is no code of the application.
PACKAGED = ("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/lib/", "/usr/share/", "/lib/")
OTHERS_CODE = ("vendor", "node_modules", "site-packages", "dist-packages")
APPS = ("-A", "--app", "-m")  # before the name of a module
PATHS = {"python": "PYTHONPATH", "ruby": "RUBYLIB"}


@dataclass
class _Program:
    """The code that one process runs, by file with its language; `more`: it may run other files, too."""

    member: Member
    image: Image = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    folder: str
    files: dict[str, str] = field(default_factory=dict)
    more: bool = False
    start: str = ""  # the folder of the script that began it

    def source(self, path: str) -> Source | None:
        text = self.image.read(path, MAX_SIZE)
        if not isinstance(text, str):
            return None
        roots = [self.start or self.folder, self.folder]
        roots += [r for name in PATHS.values() for r in self.env.get(name, "").split(":") if r.startswith("/")]
        return Source(path, text, self.image, self.env, self.folder, tuple(dict.fromkeys(map(normal, roots))))

    def follow(self, entries: Sequence[str]) -> None:
        """Take in these files and all that they read in."""
        for entry in entries:
            self.start = posixpath.dirname(entry)
            waiting = [entry]
            while waiting:
                path = waiting.pop(0)
                source = self.source(path) if path not in self.files else None
                if source is None:
                    self.more |= path not in self.files
                    continue
                if len(self.files) >= MAX_FILES:
                    self.more = True
                    return
                self.files[path] = name = sharing.language_of(path, source.text)
                if name:
                    inner = sharing.reads_in(source, name)
                    self.more |= inner.more
                    waiting += (p for p in inner.files if not set(OTHERS_CODE) & set(p.split("/")))


def couplings(
    team: tuple[Member, ...], places: tuple[Place, ...], image: Image, said: Mapping[str, tuple[Call, ...]]
) -> Iterator[Coupling | Gap]:
    """A coupling for all that several processes share by their code. `said` are the commands of each process."""
    beside = {p.found.evidence.path: p.members for p in places if p.found.how == SHARED}
    running = [m for m in team if not m.out and m.role not in ("drop", "backing")]
    entries = {m.name: _entries(m, team, image, said.get(m.name, ())) for m in running}
    if not beside and not any(_shares(path, image) or _is_perl(path, image) for e in entries.values() for path in e):
        return
    programs = [_Program(m, image, {**image.config.env, **m.process.env}, _folder(m, image)) for m in running]
    for program in programs:
        program.follow(entries[program.member.name])
    paths = sorted({*beside, *(p for program in programs for p in program.files)})
    calls: list[tuple[Member, Sharing]] = []
    for path in paths:
        if not _shares(path, image):
            continue
        sure = [p for p in programs if path in p.files]
        found = [(p.member, s) for p in sure for s in _read(p, path)]
        calls += found
        yield from _doubtful(path, programs, beside.get(path, ()), sure)
    yield from _shared(calls, running)
    yield from _unknown(calls)


def _shared(calls: list[tuple[Member, Sharing]], team: Sequence[Member]) -> Iterator[Coupling | Gap]:
    by_place: dict[str, list[tuple[Member, Sharing]]] = {}
    for member, one in calls:
        if one.place:
            by_place.setdefault(one.place, []).append((member, one))
    for place, same in by_place.items():
        users = [m for m in team if any(m is user for user, _ in same)]
        makers = [m for m in users if any(m is user and one.makes for user, one in same)]
        stay = [m for m in users if m.process.lifetime != "job"]
        if stay and makers and not any(m in stay for m in makers):
            what = f"{makers[0].name} makes {place}, which {_names(stay)} uses, and ends"
            yield Gap(f"{what}: it must be made where that runs", same[0][1].evidence)
        elif len(stay) > 1:
            offerer = next((m for m in makers if m in stay), stay[0])
            between = (*(m.name for m in stay if m is not offerer), offerer.name)
            evidence, file = next((s.evidence, s.file) for m, s in same if m is stay[0])
            yield Coupling("shm", place, between, evidence, "ftok" if file else "code", file)


def _unknown(calls: list[tuple[Member, Sharing]]) -> Iterator[Gap]:
    """Keys that show only when it runs, where somebody else shares something of the same kind."""
    calls = [(m, s) for m, s in calls if m.process.lifetime != "job"]
    told: dict[Evidence, tuple[str, list[str]]] = {}
    for member, one in calls:
        if not one.place and any(o.kind == one.kind and m is not member for m, o in calls):
            told.setdefault(one.evidence, (one.kind, []))[1].append(member.name)
    for evidence, (kind, names) in told.items():
        what = "opens" if len(set(names)) == 1 else "open"
        yield Gap(
            f"{', '.join(dict.fromkeys(names))} {what} shared {kind} by a key that shows only at run time", evidence
        )


def _doubtful(
    path: str, programs: Sequence[_Program], near: tuple[Member, ...], sure: Sequence[_Program]
) -> Iterator[Gap]:
    """What lies beside programs that may run it, so that nobody can say who shares it."""
    doubt = [p for p in programs if p not in sure and p.member in near and _may(p, path)]
    stay = [p.member for p in programs if (p in sure or p in doubt) and p.member.process.lifetime != "job"]
    if not doubt or len(stay) < 2:
        return
    found = _read(doubt[0], path)
    if found:
        what = next((s.place for s in found if s.place), f"{found[0].kind} by a key that shows only at run time")
        yield Gap(f"code shares {what}, and which of {_names(stay)} run it could not be read", found[0].evidence)


def _may(program: _Program, path: str) -> bool:
    text = program.image.read(path, MAX_SIZE)
    name = sharing.language_of(path, text if isinstance(text, str) else "")
    spoken = {language(program.member), *program.files.values()}
    return bool(name) and name in spoken and (program.more or not program.files)


def _read(program: _Program, path: str) -> tuple[Sharing, ...]:
    source = program.source(path)
    name = sharing.language_of(path, source.text) if source is not None else ""
    return sharing.read(source, name) if source is not None and name else ()


def _shares(path: str, image: Image) -> bool:
    text = image.read(path, MAX_SIZE)
    return isinstance(text, str) and any(word in text for word in SHARES)


def _is_perl(path: str, image: Image) -> bool:
    text = image.read(path, MAX_SIZE)
    return isinstance(text, str) and sharing.language_of(path, text) == "perl"


def _names(members: Sequence[Member]) -> str:
    return ", ".join(m.name for m in members)


def _folder(member: Member, image: Image) -> str:
    return normal(member.process.workdir or image.config.workdir or "/")


def _entries(member: Member, team: tuple[Member, ...], image: Image, said: tuple[Call, ...]) -> tuple[str, ...]:
    """The files of code that the commands of a process name, modules and what a web server serves included."""
    folder, found = _folder(member, image), list[str]()
    roots = (folder, *(r for r in member.process.env.get("PYTHONPATH", "").split(":") if r))
    spoken = language(member)
    for words in [member.process.command.argv, *(words for words, _ in said)]:
        meant = peel(words)
        if meant is None:
            continue
        script = image.which(meant.program, folder, member.process.env.get("PATH")) or ""
        found += [script] if script and not script.startswith(PACKAGED) else []
        before = ""
        for word in (meant.program, *meant.args[:MAX_WORDS]):
            path = normal(posixpath.join(folder, word)) if word and not word.startswith(("-", "$")) else ""
            if path and "\0" not in path and image.is_file(path) and not path.startswith(PACKAGED):
                found.append(path)
            name = word.partition("=")[2] if word.startswith("--app=") else word
            is_module = ":" in word or before in APPS or word.startswith("--app=") or word == meant.program
            if spoken == "python" and is_module:
                found += _module(name.partition(":")[0], roots, image)
            before = word
    if spoken == "php" and member.role in ("web", "proxy"):
        served = dict.fromkeys(normal(m.path) for other in team for m in other.said.reads if image.is_dir(m.path))
        found += (posixpath.join(f, n) for f in served for n in image.names(f)[:MAX_FILES] if n.endswith(".php"))
    return tuple(p for p in dict.fromkeys(found) if _is_code(p, image))


def _is_code(path: str, image: Image) -> bool:
    text = image.read(path, MAX_SIZE)
    return isinstance(text, str) and bool(sharing.language_of(path, text))


def _module(name: str, roots: Sequence[str], image: Image) -> list[str]:
    parts = name.split(".")
    if not all(p.isidentifier() for p in parts):
        return []
    stems = [posixpath.join(normal(root), *parts) for root in roots]
    paths = (f"{stem}{end}" for stem in stems for end in (".py", "/__main__.py", "/__init__.py", "/celery.py"))
    return [p for p in paths if image.is_file(p)]
