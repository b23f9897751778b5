"""Files and folders that processes share: what one writes and another reads, volumes, databases in a file, FIFOs.

A path counts as shared where somebody writes it while the container runs: that two processes read what the image
ships makes no coupling, each service has the image.
"""

import fnmatch
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from splitter.catalogue.peel import peel
from splitter.catalogue.places import TOO_MUCH
from splitter.inspection import _given, _watch
from splitter.inspection._codeuses import Place
from splitter.inspection._hints import words
from splitter.inspection._offers import PLUMBING, Member
from splitter.inspection._signals import Call
from splitter.inspection._watch import Touch
from splitter.inspection.code._paths import database, is_folder_name, sqlite
from splitter.inspection.configs import Mention
from splitter.model.facts import Coupling, Written
from splitter.model.image import Image, normal, within

DEVICES = ("/dev/", "/proc/", "/sys/")
MAX_PATHS = 500  # an image that writes more is made to keep us busy
SHM = "/dev/shm/"
STATIC = "STATIC_ROOT"
COLLECTS = "django static"
SCHEDULE = ("-s", "--schedule")


def touches(
    team: tuple[Member, ...], places: tuple[Place, ...], image: Image, said: Mapping[str, tuple[Call, ...]]
) -> tuple[Touch, ...]:
    """Every path that is known to be written, and who else names it. `said` are the commands of each process."""
    strong = [t for m in team if not m.out for t in _own(m, image)]
    strong += [*_by_code(team, places), *_given.touches(team, image)]
    written = set(sorted({t.path for t in strong if t.writes} | set(_fifos(team, image)))[:MAX_PATHS])
    named = [t for m in team if not m.out for t in _named(m, written, image)]
    written |= {t.path for t in named if t.writes}
    named += [t for t in _watch.touches(team, image, said) if any(_overlap(t.path, path) for path in written)]
    known = {(t.name, t.path) for t in strong}
    return (*strong, *(t for t in named if (t.name, t.path) not in known))


def _own(member: Member, image: Image) -> Iterator[Touch]:
    process, name = member.process, member.name
    for log in process.logs:
        if log.startswith("/") and not log.startswith(DEVICES):
            yield Touch(name, normal(log), process.evidence)
    for mention in member.said.writes:
        yield from _mentioned(name, mention)
    for mention in member.said.reads:
        yield from (replace(t, writes=False) for t in _mentioned(name, mention))
    for mention in member.said.private:
        yield from (replace(t, private=True) for t in _mentioned(name, mention))
    if member.known is not None and member.role == "backing":
        for path in member.known.data:
            if not any(_overlap(path, m.path) for m in member.said.private) and image.is_dir(path):
                yield Touch(name, path, process.evidence, private=True)
    yield from _variables(member, image)
    yield from _options(member, image)


def _mentioned(name: str, mention: Mention) -> Iterator[Touch]:
    if not mention.path.startswith(DEVICES) or mention.path.startswith(SHM):
        yield Touch(name, mention.path, mention.evidence, how=mention.how, written=mention.written)


def _variables(member: Member, image: Image) -> Iterator[Touch]:
    """Variables that name a database file, a folder to write to, or shared memory."""
    if not member.application:
        return
    folder = member.process.workdir or image.config.workdir or "/"
    for key, value in {**image.config.env, **member.process.env}.items():
        path = sqlite(value, folder) or database(value)
        if not path and value.startswith("/") and " " not in value and ":" not in value:
            path = normal(value) if is_folder_name(words(key)) or value.startswith(SHM) else ""
        if path and path not in TOO_MUCH:
            own = key in member.process.env and image.config.env.get(key) != value
            evidence = member.process.evidence if own else image.config.evidence(f"ENV {key}")
            yield Touch(member.name, path, evidence, how=f"env {key}", written=value)


def _options(member: Member, image: Image) -> Iterator[Touch]:
    """Options that name such a path, and the schedule that celery beat keeps in its folder unless told otherwise."""
    process = member.process
    meant = peel(process.command.argv)
    folder = process.workdir or image.config.workdir or "/"
    args = meant.args if meant is not None else ()
    beat = member.known is not None and member.known.name in ("celery beat", "celery worker with beat")
    told = False
    for at, word in enumerate(args):
        option, equals, value = word.partition("=")
        if not equals:
            value = args[at + 1] if at + 1 < len(args) else ""
        path = ""
        if beat and option in SCHEDULE:
            path, told = normal(posixpath.join(folder, value)), True
        elif option.startswith("-") and value.startswith("/"):
            path = normal(value) if is_folder_name(words(option)) or value.startswith(SHM) else ""
        path = path or sqlite(word, folder) or sqlite(value, folder) or database(word)
        if path and path not in TOO_MUCH:
            yield Touch(member.name, path, process.evidence, how="argument", written=value if option != word else word)
    if beat and not told:
        yield Touch(member.name, normal(posixpath.join(folder, "celerybeat-schedule")), process.evidence)


def _by_code(team: tuple[Member, ...], places: tuple[Place, ...]) -> Iterator[Touch]:
    collecting = [m for m in team if m.known is not None and m.known.name == COLLECTS and not m.out]
    for place in places:
        found = place.found
        if not found.path or found.path in TOO_MUCH:
            continue
        if STATIC in (found.hint, found.name):
            # Collected when the container starts: the job writes, who serves them reads.
            for member in collecting:
                yield Touch(member.name, found.path, found.evidence, how=found.how, written=found.written)
            if collecting:
                for member in place.members:
                    if member.role == "web":
                        yield Touch(member.name, found.path, found.evidence, False, found.how, found.written)
            continue
        for member in place.members:
            yield Touch(member.name, found.path, found.evidence, how=found.how, written=found.written)


def _fifos(team: tuple[Member, ...], image: Image) -> Iterator[str]:
    for member in team:
        meant = peel(member.process.command.argv)
        if meant is not None and meant.name == "mkfifo":
            folder = member.process.workdir or image.config.workdir or "/"
            for word in meant.args:
                if not word.startswith("-") and "$" not in word:
                    yield normal(posixpath.join(folder, word))


def _named(member: Member, written: set[str], image: Image) -> Iterator[Touch]:
    """Arguments that are a written path, lie in a written folder or match written files: `tail -F /var/log/x/*.log`."""
    process = member.process
    meant = peel(process.command.argv)
    if meant is None or (member.known is not None and member.known.name in PLUMBING):
        return
    folder = process.workdir or image.config.workdir or "/"
    for word in meant.args:
        value = word.partition("=")[2] or word
        if not value or value.startswith("-") or "$" in value or ("/" not in value and "." not in value):
            continue
        full = normal(posixpath.join(folder, value))
        for path in sorted(written):
            if (
                path == full
                or fnmatch.fnmatchcase(path, full)
                or (full.startswith(path + "/") and path not in TOO_MUCH)
            ):
                reads = meant.name in ("tail", "cat", "less", "head", "grep", "multitail", "filebeat")
                yield Touch(member.name, path, process.evidence, not reads, "argument", value)


def couplings(team: tuple[Member, ...], found: tuple[Touch, ...], image: Image) -> Iterator[Coupling]:
    """Paths that two processes share, the declared volumes first."""
    volumes = [normal(v) for v in image.config.volumes]
    for volume in dict.fromkeys(volumes):
        if volume in TOO_MUCH or any(t.private and _overlap(t.path, volume) for t in found):
            continue
        # What lies in a folder of logs is written by whom the evidence names, if it names anybody.
        using = [] if volume.startswith("/var/log/") else [m.name for m in team if m.application]
        using += [t.name for t in found if not t.private and _overlap(t.path, volume)]
        readers = [t.name for t in found if not t.writes and _overlap(t.path, volume)]
        between = _between(team, using, readers)
        if len(between) > 1:
            yield Coupling("files", volume, between, image.config.evidence(f"VOLUME {volume}"))
    logs = {normal(log) for m in team for log in m.process.logs}
    paths = dict.fromkeys(t.path for t in found if t.writes and not t.private)
    fifos = dict.fromkeys(t.path for t in found if not t.private)
    for path in list(dict.fromkeys((*paths, *fifos)))[:MAX_PATHS]:
        if any(within(path, v) for v in volumes) or any(path != p and within(path, p) for p in paths):
            continue
        same = [
            t for t in found if not t.private and (t.path == path or (_meets(t, path) and _together(t, path, logs)))
        ]
        if not any(t.writes for t in same):
            continue
        between = _between(team, [t.name for t in same], [t.name for t in same if not t.writes])
        if len(between) > 1:
            first = min((t for t in same if t.path == path), key=lambda t: not t.writes)
            watched = next((t for t in same if t.how == _watch.HOW), None)
            first = watched if watched is not None else first
            kind = "shm" if path.startswith(SHM) else "files"
            yield Coupling("shm" if kind == "shm" else "files", path, between, first.evidence, first.how, first.written)


def written(team: tuple[Member, ...], found: tuple[Touch, ...]) -> Iterator[Written]:
    """Every written path with its writers, and with those that read it alone."""
    for path in list(dict.fromkeys(t.path for t in found if t.writes))[:MAX_PATHS]:
        same = [t for t in found if t.path == path or (_meets(t, path) and not t.private)]
        writers = [t.name for t in same if t.writes and t.path == path]
        readers = [t.name for t in same if not t.writes]
        order = [m.name for m in team]
        first = next(t for t in same if t.path == path and t.writes)
        yield Written(
            path,
            tuple(n for n in order if n in writers),
            first.evidence,
            tuple(n for n in order if n in readers and n not in writers),
        )


def _between(team: tuple[Member, ...], using: Iterable[str], readers: Iterable[str]) -> tuple[str, ...]:
    """Those who only read first, those who write last, each in start order."""
    names, reading = set(using), set(readers)
    writing = {n for n in names if n not in reading}
    order = [m.name for m in team]
    return (*(n for n in order if n in names - writing), *(n for n in order if n in writing))


def _meets(touch: Touch, path: str) -> bool:
    """A reader of a folder above or below a written path; a writer of something within it."""
    if touch.writes:
        return within(touch.path, path) and touch.path != path
    return _overlap(touch.path, path)


def _together(touch: Touch, path: str, logs: Collection[str]) -> bool:
    """Whether two paths, one within the other, are about the same: a log that lies somewhere below the folder that a
    web server serves is written for whoever reads the log."""
    return not (touch.path in logs or path in logs) or any(
        "log" in p for p in min(touch.path, path, key=len).split("/")
    )


def _overlap(one: str, other: str) -> bool:
    return within(one, other) or within(other, one)
