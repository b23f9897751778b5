"""How one service runs several programs: the manager's own means with these alone, else a small shell that keeps them.

While a plan is made `runs` is the most outward program and `beside` are the others; before services are finished they
give way to what starts them all.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from splitter.managers._keep import Kept, Member, keepers
from splitter.model.facts import Command, Process
from splitter.model.image import Image
from splitter.model.plan import Service
from splitter.planning.commands import direct, environment, exports, same_user, shell_words, start_of, switch
from splitter.planning.draft import Draft, Drafts
from splitter.planning.inherited import inherited, inherited_lines, settle, shell_of
from splitter.planning.jobs import Jobs
from splitter.planning.patches import Patches
from splitter.planning.secrets import Secrets
from splitter.planning.together import Group, key, level, unit

GRACE = 10.0
# Each program in a loop of its own, in a shell that hands TERM on and waits for it; a signal ends `wait` early.
KEEPER = """keep() {
  signal=$1 stop= child=; shift
  trap 'stop=1; [ -z "$child" ] || kill -"$signal" "$child" 2>/dev/null' TERM
  while [ -z "$stop" ]; do
    "$@" & child=$!
    [ -z "$stop" ] || kill -"$signal" "$child" 2>/dev/null
    while kill -0 "$child" 2>/dev/null; do wait "$child"; done
    [ -n "$stop" ] || { sleep 1 & child=$!; wait "$child"; kill "$child" 2>/dev/null; }
  done
}
all=
trap 'kill $all 2>/dev/null' TERM INT"""
WAIT = 'for one in $all; do while kill -0 "$one" 2>/dev/null; do wait "$one"; done; done'


def fill(draft: Draft, group: Group) -> None:
    """Make a draft that was begun for its most outward program the service of the whole group."""
    if len(group.members) < 2:
        return
    draft.group = group
    draft.found = [p.process for p in group.members]
    draft.beside = [p.process for p in group.members[1:]]
    draft.replicas = 1
    names = ", ".join(p.process.name for p in group.members if not p.process.off)
    why = "; ".join(dict.fromkeys(b.why for b in group.bonds))
    draft.note(f"{names} cannot be parted: {why}.")
    for placed in group.members:
        if placed.process.off:
            draft.note(f"{placed.process.name} is off by default, and is turned on here: {placed.process.off}.")


def prepare(drafts: Drafts, jobs: Jobs, position: Mapping[str, int]) -> None:
    """Give each group the set-up that precedes its programs; what their own scripts do is left to these."""
    for draft in drafts.own():
        group = draft.group
        if group is None:
            continue
        placed = [p.process for p in group.members]
        steps = {s.name: s for p in placed for s in jobs.before(position.get(p.name, len(position)), p)}
        at = level(placed)
        scripts = {unit(p, at).id for p in placed if unit(p, at) is not p and _verbatim(p, at, drafts, jobs)}
        ordered = sorted(steps.values(), key=lambda s: position.get(s.name, 0))
        group.inside = ordered if group.whole else [s for s in ordered if scripts & set(s.scope)]
        draft.prepare = [s for s in ordered if s not in group.inside]
        draft.found = sorted((*draft.found, *group.inside), key=lambda p: position.get(p.name, 0))


def _verbatim(process: Process, at: int, drafts: Drafts, jobs: Jobs) -> bool:
    """Whether what the manager starts for a program does nothing else that is now done in another place."""
    if at < 0:
        return False
    mine, home = unit(process, at), drafts.of(process.name)
    away = [p for d in drafts if d is not home for p in d.found if d.one_off or p.lifetime == "service"]
    # What a command line itself lists stands in one place, and is many things.
    place = mine.evidence if mine.evidence != process.starters[at].evidence else None
    same = [p for p in away if mine.id in p.scope or (p.evidence == place and p.lifetime == "service")]
    return not same and not any(mine.id in p.process.scope for _, p in jobs.once)


def start(
    drafts: Drafts, jobs: Jobs, image: Image, patches: Patches, secrets: Secrets, every: Sequence[Process]
) -> None:
    """Put in the place of each group's programs what starts them all, as the cuts have left them.

    `every` has all processes that were found, in start order.
    """
    position = {p.name: at for at, p in enumerate(every)}
    for draft in drafts.own():
        group, runs = draft.group, draft.runs
        if group is None or runs is None or group.whole:
            continue
        programs = [runs, *draft.beside]
        at = level([p.process for p in group.members])
        members = [_member(p, at, draft, drafts, jobs, image, secrets) for p in programs]
        manager = runs.starters[at] if at >= 0 else None
        scripts = _scripts(draft, manager, at, every) if manager is not None else []
        kept = keepers()[runs.via[at]]([*scripts, *members], manager, image) if manager is not None else None
        if kept is None or not _apart(members):
            manager, members = None, [Member(p.name, p, _words(p, draft, image, secrets)) for p in programs]
            kept = plain(members)
        late = [s for s in group.inside if not any(not m.words and m.unit.id in s.scope for m in members)]
        left = [s for s in (*late, *draft.prepare) if s.name not in kept.steps]
        draft.prepare = sorted(left, key=lambda s: position.get(s.name, 0))
        changed = {m.name for m in members if m.words}
        own = {path: text for p in programs if p.name in changed for path, text in p.patches.items()}
        for path, text in {**own, **kept.files}.items():
            patches.whole(path, text, draft)
        draft.env = secrets.hidden(kept.env, draft.name) | draft.env
        group.first = kept.first
        times = [p.stop_timeout for p in programs if p.stop_timeout is not None]
        if draft.known is not None and draft.known.stop_timeout is not None:
            times.append(draft.known.stop_timeout)
        draft.known, draft.beside = None, []
        draft.runs = Process(
            name=manager.name if manager is not None else draft.name,
            command=Command(kept.command),
            evidence=runs.evidence,
            user=manager.user if manager is not None else "",
            workdir=manager.workdir if manager is not None else "",
            env=manager.env if manager is not None else {},
            starters=(*manager.starters, manager) if manager is not None else (),
            stop_signal="SIGTERM",
            stop_timeout=max(times) + 2 if times and max(times) > GRACE - 2 else None,
        )


def _apart(members: Sequence[Member]) -> bool:
    """Whether each unit of the manager is either left as it is or put to the words of one program."""
    units = [m.unit.id for m in members]
    return all(not m.words or units.count(m.unit.id) == 1 for m in members)


def _scripts(draft: Draft, manager: Process, at: int, every: Sequence[Process]) -> list[Member]:
    """The last set-up steps that a manager can run itself: those of scripts of its own that do nothing else.

    What comes before a step that it cannot run is not its either, for the order stays.
    """
    steps = {s.name: s for s in draft.prepare}
    last: dict[str, Member] = {}
    for step in reversed([steps[p.name] for p in every if p.name in steps]):
        under = len(step.starters) > at and key(step.starters[at]) == key(manager)
        if not under or not all(_same(p, steps.get(p.name), draft) for p in _of(unit(step, at), step, every)):
            break
        last[step.name] = Member(step.name, unit(step, at), step=True)
    whole = [m for m in last.values() if all(p.name in last for p in _of(m.unit, steps[m.name], every))]
    return list(reversed(whole))


def _of(script: Process, step: Process, every: Sequence[Process]) -> list[Process]:
    """All that a script comes down to, a step of it among them."""
    return [p for p in every if (script.id in p.scope or p.name == step.name) and not p.off]


def _same(found: Process, now: Process | None, draft: Draft) -> bool:
    """Whether a step is here, and is as it was found."""
    return (
        now is not None and found.command == now.command and all(draft.env.get(k, v) == v for k, v in found.env.items())
    )


def _member(
    process: Process, at: int, draft: Draft, drafts: Drafts, jobs: Jobs, image: Image, secrets: Secrets
) -> Member:
    """A program for its manager; with words of its own where its script cannot run as it is."""
    found = next((p for p in draft.found if p.name == process.name), process)
    other = any(draft.env.get(k, v) != v for k, v in process.env.items())
    if not other and found.command == process.command and _verbatim(process, at, drafts, jobs):
        return Member(process.name, unit(process, at))
    over = _overridden(process, draft, secrets) if at >= 0 else {}
    if at >= 0:  # what the scripts above the manager set is there when it starts
        process = replace(process, starters=process.starters[at + 1 :])
    return Member(process.name, unit(process, max(at, 0)), _words(process, draft, image, secrets, over))


def _overridden(process: Process, draft: Draft, secrets: Secrets) -> dict[str, str]:
    """What the service now gives for variables that the program's manager sets itself, over those of the container.

    What `.env` gives stands in no text but the service's: it is given once more, under a name that no manager sets.
    """
    changed: dict[str, str] = {}
    for name, value in process.env.items():
        if (now := draft.env.get(name, value)) == value:
            continue
        now = secrets.hidden({name: now}, draft.name)[name]
        if "${" in now:
            draft.env |= {name: now, f"TOGETHER_{name}": now}
            now = f"$TOGETHER_{name}"
        changed[name] = now
    return changed


def _words(
    process: Process, draft: Draft, image: Image, secrets: Secrets, over: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """One program with all that is its own: variables (`over` are given where they would else be the service's),
    folder, user."""
    [process] = settle(draft, [process])
    told, more = secrets.told(process)
    draft.env = {**secrets.only(process.env, draft.name), **more} | draft.env
    words = direct(start_of(told), image)
    env = {k: v for k, v in environment(told, image).items() if k not in image.given and k not in draft.env}
    env |= {k: v for k, v in over.items() if not v.startswith("$TOGETHER_")}
    change = switch(told, image) if same_user(told.user, image) else ()
    given = tuple(f"{k}={v}" for k, v in env.items())
    plain_words = (*change, *(("env", *given) if given else ()), *words)
    over_late = [f'export {k}="{v}"' for k, v in over.items() if v.startswith("$TOGETHER_")]
    late = [*inherited_lines(inherited([told])), *over_late, *exports(told)]
    workdir = told.workdir if told.workdir not in ("", image.config.workdir or "/") else ""
    if not late and not workdir:
        return plain_words
    lines = [*([f"cd {shlex.quote(workdir)}"] if workdir else []), *late, f"exec {shell_words(plain_words)}"]
    return (shell_of(inherited([told])), "-c", "\n".join(lines))


def plain(members: list[Member]) -> Kept:
    """Each program kept up by a shell: what there is where no manager of theirs can start them alone."""
    lines = [KEEPER]
    for member in members:
        signal = (member.unit.stop_signal or "SIGTERM").removeprefix("SIG")
        lines.append(f'keep {signal} {shell_words(member.words)} & all="$all $!"')
    return Kept(("/bin/sh", "-c", "\n".join((*lines, WAIT))))


def told(service: Service, draft: Draft) -> Service:
    """The finished service: left as the image has it, or with what its manager needs."""
    if draft.group is None:
        return service
    if draft.group.whole:
        return replace(service, entrypoint=None, command=None, user="", working_dir="", init=False, stop_signal="")
    return replace(service, init=False) if draft.group.first else service
