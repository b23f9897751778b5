"""From the image's own command to the processes that it starts, by asking every manager again and again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from splitter.errors import SplitterError
from splitter.inspection._idle import waiting
from splitter.managers import Expand, managers
from splitter.model.facts import UNREAD, Command, Evidence, Facts, Gap, Part, Process
from splitter.model.image import Image

GIVE_WAY = ("shell", "execline")  # what they start last takes their place
MAX_DEPTH = 24  # real nestings are under ten deep; a script that starts itself has no end
MAX_PROCESSES = 5000
# Folders that only one init reads: where the base is not at hand and the image names no command, the base starts it.
BROUGHT = {
    "/etc/s6-overlay/s6-rc.d/*": ("/init",),
    "/etc/s6-overlay/user-bundles.d/*": ("/init",),
    "/etc/services.d/*/run": ("/init",),
    "/etc/cont-init.d/*": ("/init",),
    "/etc/my_init.d/*": ("/sbin/my_init",),
}
# Supervisors that are plain programs: one that cannot be read still starts all that it is told to.
PROGRAMS = frozenset(("procfile", "supervisord", "circus"))
KEEPERS = frozenset(("procfile", "supervisord", "runit", "s6", "circus"))
MAX_STARTS = 20_000  # scripts that start one another many times over multiply with each level


def discover(image: Image, using: Mapping[str, Expand] | None = None) -> Facts:
    """All processes that the image's command starts, in start order, with what could not be read as gaps."""
    using = managers() if using is None else using
    config = image.config
    argv = (*config.entrypoint, *config.cmd)
    gaps: list[Gap] = list(image.gaps)
    if not argv:
        brought = next((p for p in BROUGHT if image.base and image.glob(p)), "")
        argv = BROUGHT.get(brought, ())
        told = f", and its base {image.base} is not at hand" if image.base else ""
        taken = f"; taken to start {argv[0]}, which reads {brought}" if argv else ""
        gaps.append(Gap(f"the image names no command{told}{taken}", config.evidence("CMD")))
        if not argv:
            return Facts(gaps=(*gaps, *waiting(image)))
    key = "ENTRYPOINT" if config.entrypoint else "CMD"
    first = Process(
        name=argv[0].rsplit("/", 1)[-1],
        command=Command(argv),
        evidence=config.evidence(key),
        user=config.user,
        workdir=config.workdir,
        stop_signal=config.stop_signal,
    )
    found: list[Process] = []
    unread: list[Process] = []
    for item in _leaves(first, image, using, [MAX_STARTS], unread):
        if isinstance(item, Gap):
            if item not in gaps:
                gaps.append(item)
        else:
            found.append(item)
        if len(found) > MAX_PROCESSES:
            gaps.append(Gap(f"more than {MAX_PROCESSES} processes; the rest was not read", first.evidence))
            break
    gaps += (gap for gap in image.late() if gap not in gaps)
    return Facts(processes=tuple(_read(p, unread) for p in _distinct(found)), gaps=tuple(gaps))


def _leaves(
    process: Process, image: Image, using: Mapping[str, Expand], left: list[int], unread: list[Process],
    above: tuple[object, ...] = (),
) -> Iterator[Process | Gap]:  # fmt: skip
    """What a process comes down to. `above` are the commands that it came from, `left` how many may still be read.

    `unread` gets every process of which something could not be read.
    """
    own = (process.command, process.user, process.workdir, sorted(process.env.items()), process.notes)
    left[0] -= 1
    if left[0] <= 0:
        unread += [part.script for part in process.parts if part.script is not None]
        yield Gap(f"more than {MAX_STARTS} starts; the rest was not read", Evidence("image config"))
        return
    seen = image.with_files(process.files)
    claims = {name: got for name, expand in using.items() if (got := expand(process, seen)) is not None}
    if len(claims) > 1:
        raise SplitterError(
            f"two managers claim {process.command}: {', '.join(claims)}", "this is a bug; please report it"
        )
    if not claims:
        yield process
        return
    # A step that its manager hands back as it is, is no start of itself: nobody claims it again.
    again = own in above or len(above) > MAX_DEPTH
    if again or any(isinstance(child, Gap) for got in claims.values() for child in got):
        unread += [process, *(part.script for part in process.parts if part.script is not None)]
    if again:
        yield Gap("starts itself, or is nested too deep to be read", process.evidence)
        return
    [(name, children)] = claims.items()
    services = [c for c in children if isinstance(c, Process) and c.lifetime == "service"]
    if name in PROGRAMS and not any(isinstance(c, Process) for c in children) and not process.off:
        yield from (c for c in children if isinstance(c, Gap))
        yield replace(process, notes=(*process.notes, UNREAD))
        return
    gives_way = name in GIVE_WAY and len(services) == 1 and process.lifetime == "service" and bool(process.scope)
    for child in children:
        if isinstance(child, Gap):
            yield child
            continue
        made = _inherit(child, process, name)
        step = name in GIVE_WAY and bool(process.scope) and made.lifetime == "job"
        # A chain of execline that is a command of its own is no script, so there is none to run as it is.
        chain = name == "execline" and made.evidence == process.evidence
        if (step or (gives_way and child is services[0])) and not chain:
            made = replace(made, launchers=(*process.launchers, process))
        yield from _leaves(made, image, using, left, unread, (*above, own))


def _inherit(child: Process, parent: Process, manager: str) -> Process:
    """What a process has from the one that starts it, where its manager says nothing else."""
    # What is always started again outlives the command that started it (`pm2 start`), be that one a step.
    # So does what a service manager reads from its own files, even where its starter looks like a step.
    kept = manager in KEEPERS and child.lifetime == "service" and child.evidence != parent.evidence
    stays = parent.lifetime == "job" and (child.restart == "always" or child.lifetime == "scheduled" or kept)
    bound = parent.lifetime != "service" and not stays
    return replace(
        child,
        via=(*parent.via, manager),
        # A schedule stays where it stands, whatever its command comes down to.
        evidence=parent.evidence if parent.lifetime == "scheduled" else child.evidence,
        # The steps of a job precede what the job precedes.
        scope=(*parent.scope, *child.scope) if bound else (*parent.scope, parent.id, *child.scope),
        env={**parent.env, **child.env},
        user=child.user or parent.user,
        wrapper=child.wrapper or parent.wrapper,
        workdir=child.workdir or parent.workdir,
        lifetime=parent.lifetime if bound else child.lifetime,
        schedule=child.schedule or parent.schedule,
        phase=child.phase or parent.phase,
        instances=child.instances * parent.instances,
        after=tuple(dict.fromkeys((*parent.after, *child.after))),
        restart=child.restart or parent.restart,
        stop_signal=child.stop_signal or parent.stop_signal,
        stop_timeout=child.stop_timeout if child.stop_timeout is not None else parent.stop_timeout,
        logs=tuple(dict.fromkeys((*parent.logs, *child.logs))),
        off=" and ".join(dict.fromkeys(s for s in (parent.off, child.off) if s)),
        notes=tuple(dict.fromkeys((*parent.notes, *child.notes))),
        patches={**parent.patches, **child.patches},
        files={**parent.files, **child.files},
        launchers=parent.launchers,
        parts=(*parent.parts, replace(_part(child), script=parent)),
        starters=(*parent.starters, parent),
    )


def _part(child: Process) -> Part:
    """What a manager says of where its child stands; one that is its parent but for a few words says nothing."""
    last = child.parts[-1] if child.parts else Part()
    return last if last.script is None else Part()


def _read(process: Process, unread: list[Process]) -> Process:
    """A process that knows which of the scripts that led to it were read to their ends."""
    seen = {id(p) for p in unread}
    return replace(process, parts=tuple(replace(p, whole=id(p.script) not in seen) for p in process.parts))


def _both(one: tuple[Part, ...], other: tuple[Part, ...]) -> tuple[Part, ...]:
    """Where a process stands that one script starts twice."""
    last, again = one[-1:], other[-1:]
    if not last or not again or last[0].script is not again[0].script:
        return one
    return (*one[:-1], replace(last[0], calls=tuple(sorted({*last[0].calls, *again[0].calls}))))


def _distinct(processes: list[Process]) -> tuple[Process, ...]:
    """Names used once each; a repeated start of the very same thing counts once, and then the one that is on."""

    def key(p: Process) -> tuple[object, ...]:
        return (p.name, p.command, tuple(sorted(p.env.items())), p.user, p.workdir, p.lifetime, p.schedule)

    once: dict[tuple[object, ...], Process] = {}
    for process in processes:
        same = once.setdefault(key(process), process)
        if same.off and not process.off:
            del once[key(process)]  # it starts where it is on
            once[key(process)] = process
        elif same is not process and same.off == process.off:
            once[key(process)] = replace(same, parts=_both(same.parts, process.parts))
    kept = list(once.values())
    taken: set[str] = set()
    # What stays up is known by its name, and others wait for it by that name; a step before it takes the next, and
    # what is off the last.
    for i in sorted(range(len(kept)), key=lambda i: (bool(kept[i].off), kept[i].lifetime == "job")):
        process = kept[i]
        name, n = process.name, 2
        while name in taken:
            name, n = f"{process.name}-{n}", n + 1
        taken.add(name)
        kept[i] = replace(process, name=name)
    return tuple(kept)
