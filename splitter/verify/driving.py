"""The split put through its paces: each step does something to the running project and says what came of it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitter.engine import Container
from splitter.errors import SplitterError
from splitter.model.plan import Plan
from splitter.model.report import Check
from splitter.verify import throwaway
from splitter.verify.answers import Answer, compared, difference
from splitter.verify.asking import SHELL, Asker
from splitter.verify.checks import scales, shared_volumes, stop_checks, workers
from splitter.verify.expect import Listener
from splitter.verify.project import Project

LATE = 10.0  # seconds that an answer may take to become what it is in the original
MOMENT = 1.0  # for the others to notice that a worker is gone
STEADY = 2.0  # seconds that one more of a worker has to stay up
MARKER = ".splitter-verify"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Split:
    """What is driven. `homes` has the service in which each process was found."""

    project: Project
    config: Mapping[str, Any]
    plan: Plan
    asker: Asker
    homes: Mapping[str, str]
    seconds: float

    def home(self, listener: Listener) -> str:
        return self.homes.get(listener.process, listener.service)


def answering(split: Split, listeners: Sequence[Listener]) -> Iterator[Check]:
    """The same ports answer the same to those who are in the project's network."""
    for listener in listeners:
        for service in _candidates(split, listener):
            results = list(_answers(split, listener, service))
            if listener.process or all(check.outcome == "ok" for check in results):
                yield from results
                break
        else:
            yield Check("listener", listener.service, "failed", f"tcp {listener.port}: no service listens on it")


def sharing(split: Split) -> Iterator[Check]:
    """What one writes to a shared volume, the others see."""
    first = {m.service: m.container for m in reversed(split.project.members()) if m.running}
    for paths in shared_volumes(split.plan, throwaway.mounts(split.config), first):
        writer = next((n for n, path in paths.items() if _in(first[n], f': > "$1/{MARKER}"', path)), "")
        if not writer:
            where = ", ".join(dict.fromkeys(paths.values()))
            yield Check("files", next(iter(paths)), "skipped", f"{where}: nothing could be written there for a test")
            continue
        for name, path in paths.items():
            if name != writer:
                sees = _in(first[name], f'[ -e "$1/{MARKER}" ]', path)
                said = f"{path}: {'sees' if sees else 'does not see'} what {writer} writes to {paths[writer]}"
                yield Check("files", name, "ok" if sees else "failed", said)
        _in(first[writer], f'rm -f "$1/{MARKER}"', paths[writer])


def losing_workers(split: Split, listeners: Sequence[Listener]) -> Iterator[Check]:
    """With a worker killed, all that others answer stays as it is."""
    for worker in workers(split.plan):
        mine = split.project.of(worker.name)
        others = [x for x in listeners if split.home(x) not in ("", worker.name) and x.answers]
        if not mine:
            continue
        if not others:
            yield Check("kill", worker.name, "skipped", "no other service listens")
            continue
        mine[0].container.kill()
        time.sleep(MOMENT)
        bad = [
            f"{split.home(x)} tcp {x.port} {path}: {check.detail}"
            for x in others
            for path, answer in x.answers.items()
            if (check := _answer(split, x, split.home(x), path, _kind_of(answer))).outcome == "failed"
        ]
        names = ", ".join(dict.fromkeys(split.home(x) for x in others))
        said = "; ".join(bad) if bad else f"killed; still answering: {names}"
        yield Check("kill", worker.name, "failed" if bad else "ok", said)
        mine[0].container.start()


def scaling(split: Split) -> Iterator[Check]:
    """One more of each worker stays up."""
    counts: dict[str, int] = {}
    for worker in workers(split.plan):
        if not scales(worker):
            yield Check("scale", worker.name, "skipped", "the plan says that it runs once")
        elif split.project.of(worker.name):
            counts[worker.name] = throwaway.replicas(split.config, worker.name) + 1
    if not counts:
        return
    refused = split.project.scale(counts, split.seconds)
    first = _steady(split.project)
    time.sleep(STEADY)
    second = _steady(split.project)
    for name, count in counts.items():
        up = [key for key in second.get(name, ()) if key in first.get(name, ())]
        good = len(up) == count
        said = f"{count} containers stay up" if good else refused or f"{len(up)} of {count} containers stay up"
        yield Check("scale", name, "ok" if good else "failed", said)


def stopping(split: Split) -> Iterator[Check]:
    """Each ends on its own signal, in its own time."""
    running = {m.service for m in split.project.members() if m.running}
    if refused := split.project.stop(split.seconds):
        yield Check("stop", "", "failed", refused)
    yield from stop_checks(running, split.project.members())


def _candidates(split: Split, listener: Listener) -> tuple[str, ...]:
    """The services that are to listen: the one that is known, else any that runs."""
    running = tuple(dict.fromkeys(m.service for m in split.project.members() if m.running))
    if not listener.process:
        return running
    home = split.home(listener)
    return (home,) if home in running else ()


def _answers(split: Split, listener: Listener, service: str) -> Iterator[Check]:
    if not listener.answers:
        yield Check("listener", service, "skipped", f"tcp {listener.port}: the image has nothing to connect with")
    for path, wanted in listener.answers.items():
        yield _answer(split, listener, service, path, wanted)


def _answer(split: Split, listener: Listener, service: str, path: str, wanted: Answer) -> Check:
    seconds = LATE if listener.process else 0.0
    network = throwaway.network(split.config, service)
    got: Answer | None = None
    if network:
        host = throwaway.host(split.config, service)
        got = split.asker.until(wanted, seconds, f"{split.project.name}_{network}", host, listener.port, path)
    if (got is None or got.kind == "closed") and (listener.loopback or not network):
        mine = split.project.of(service)
        where = f"container:{mine[0].container.id}" if mine else ""
        got = split.asker.until(wanted, seconds, where, "127.0.0.1", listener.port, path) if where else got
    what = f"tcp {listener.port}" + (f" GET {path}" if wanted.kind == "http" else "")
    if got is None:
        return Check("listener", service, "skipped", f"{what}: it could not be asked")
    differs = difference(wanted, got)
    return Check("listener", service, "failed" if differs else "ok", f"{what}: {differs or compared(wanted)}")


def _kind_of(answer: Answer) -> Answer:
    """What has to stay as it is though others are gone: that it answers, and how well."""
    return Answer(answer.kind, answer.status)


def _steady(project: Project) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for each in project.members():
        if each.running:
            found.setdefault(each.service, set()).add((each.container.id, each.since))
    return found


def _in(container: Container, line: str, path: str) -> bool:
    """Whether a shell line succeeds inside; `$1` is the path."""
    try:
        said = b"".join(container.exec((SHELL, "-c", f"{line} && echo yes", "sh", path), user="0"))
    except SplitterError:
        return False
    return said.strip() == b"yes"
