"""A draft to a service: its command line, user, folder, environment and the ways it starts and stops."""

import posixpath
from collections.abc import Mapping

from splitter.catalogue import peel
from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.model.plan import Service
from splitter.planning import entry, grouped
from splitter.planning.commands import Started, chain, compose, environment, main_step
from splitter.planning.draft import Draft
from splitter.planning.inherited import settle
from splitter.planning.joined import LONG
from splitter.planning.scripts import script, text_of
from splitter.planning.secrets import Secrets

DEFAULT_GRACE = 10.0  # seconds; Compose's own (compose-spec 05-services, stop_grace_period)
INITS = frozenset(
    ("tini", "dumb-init", "docker-init", "catatonit", "systemd", "s6-svscan", "my_init", "runsvdir", "init")
)


def finish(draft: Draft, image: Image, configs: Mapping[str, str], secrets: Secrets) -> Service:
    """The service that a draft has become. `configs` names each patched configuration by its path."""
    if not draft.own:
        return _elsewhere(draft, secrets)
    main = _main(draft)
    env = secrets.hidden(environment(main, image), draft.name)
    if draft.runs is None:
        env = {k: v for k, v in env.items() if all(s.env.get(k) == main.env.get(k) for s in draft.steps)}
    main, *settled = settle(draft, [main, *draft.prepare, *draft.steps])
    draft.prepare, draft.steps = settled[: len(draft.prepare)], settled[len(draft.prepare) :]
    if draft.runs is not None:
        told, more = secrets.told(main)
        lines = [draft.script, *draft.lines] if draft.script else draft.lines
        started = compose(told, () if draft.script else draft.prepare, image, lines)
        env |= more
    else:
        steps = [s for s in draft.steps if s.phase != "prepare"] if draft.script else draft.steps
        started = chain(steps, image, [draft.script] if draft.script else ())
        nested = len(steps) > 1 and any((t := text_of(s, image, "")) is not None and t[0] == "bash" for s in steps)
        if len(started.command) == 3 and (nested or started.command[2].count("\n") > LONG):
            shell, text = script(steps, image, environment(main, image))
            first = f"{draft.script}\n" if draft.script else ""
            started = Started((f"/bin/{shell}", "-c", (first + text).rstrip("\n")))
    for step in (*draft.prepare, *draft.steps):
        env |= secrets.only(step.env, draft.name)
    env |= draft.env
    signal, grace = stops(main, draft, image)
    inits = entry.is_init(image) if draft.stays else main.command.program in INITS
    service = Service(
        name=draft.name,
        role=draft.role,
        because=draft.because,
        origin=origin(draft),
        image="" if image.build else image.name or image.reference,
        build=image.build,
        entrypoint=() if image.config.entrypoint and not draft.stays else None,
        command=started.command,
        user=started.user,
        working_dir=folder(main, started, image),
        environment=env,
        replicas=draft.replicas,
        ports=tuple(draft.ports),
        volumes=tuple(draft.mounts.values()),
        configs={path: configs[name] for path, name in draft.configs.items()},
        depends_on=dict(draft.after),
        healthcheck=draft.health,
        restart="no" if draft.one_off else "unless-stopped",
        init=not inits and not draft.pid,
        stop_signal=signal,
        stop_grace_period=grace,
        profiles=(draft.profile,) if draft.profile else (),
        namespace=draft.namespace,
        aliases=tuple(draft.aliases),
        pid=draft.pid,
        ipc=draft.ipc,
        processes=tuple(draft.found),
        notes=tuple(draft.notes),
    )
    return grouped.told(service, draft)


def _main(draft: Draft) -> Process:
    """What the container is for; the script that runs it as it is, unless a cut has changed the program's words."""
    if draft.runs is None:
        return main_step(draft.steps)
    found = next((p for p in draft.found if p.name == draft.runs.name), None)
    if draft.whole is not None and found is not None and found.command == draft.runs.command:
        return draft.whole
    draft.prepare, draft.inner = [*draft.prepare, *draft.inner], []
    return draft.runs


def _elsewhere(draft: Draft, secrets: Secrets) -> Service:
    """A service of another image, which brings its own command."""
    return Service(
        name=draft.name,
        role=draft.role,
        because=draft.because,
        origin=origin(draft),
        image=draft.image,
        command=draft.told or None,
        environment=dict(draft.env),
        ports=tuple(draft.ports),
        volumes=tuple(draft.mounts.values()),
        depends_on=dict(draft.after),
        healthcheck=draft.health,
        restart="unless-stopped",
        aliases=tuple(draft.aliases),
        processes=tuple(draft.found),
        notes=tuple(draft.notes),
    )


def origin(draft: Draft) -> str:
    """Where its first process was declared, for the comment above the service."""
    places: dict[str, list[str]] = {}
    for process in draft.found:
        lines = places.setdefault(process.evidence.path, [])
        if process.evidence.line and str(process.evidence.line) not in lines:
            lines.append(str(process.evidence.line))
    return ", ".join(f"{path}:{_lines(lines)}" if lines else path for path, lines in places.items())


def _lines(lines: list[str]) -> str:
    """A few lines by their numbers, many by the first and the last."""
    return ",".join(lines) if len(lines) <= 4 else f"{min(lines, key=int)}-{max(lines, key=int)}"


def stops(process: Process, draft: Draft, image: Image) -> tuple[str, str]:
    """Signal and grace period, "" where they are what Compose and the image do anyway."""
    known = draft.known
    signal = process.stop_signal or (known.stop_signal if known else "") or "SIGTERM"
    # A shell in front that does not `exec` would not hand the signal on.
    inherited = image.config.stop_signal or "SIGTERM"
    times = [t for t in (process.stop_timeout, known.stop_timeout if known else None) if t is not None]
    grace = max(times, default=DEFAULT_GRACE)
    return ("" if signal == inherited else signal), ("" if grace <= DEFAULT_GRACE else f"{grace:g}s")


def folder(process: Process, started: Started, image: Image) -> str:
    """The working folder; "" where it is the image's own, or only the manager's folder of the service."""
    workdir = process.workdir
    if not workdir or workdir == (image.config.workdir or "/"):
        return ""
    own = posixpath.dirname(process.evidence.path)
    meant = peel(process.command.argv)
    words = (*(meant.args if meant else ()), meant.program if meant else "")
    relative = any(w.startswith(("./", "../")) or (w and image.is_file(posixpath.join(workdir, w))) for w in words)
    if workdir == own and not relative:
        return ""
    return workdir
