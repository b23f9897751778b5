"""The original and the split brought up, one after the other, and what each shows put side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from splitter.commands.stages import Reading
from splitter.commands.watch import say
from splitter.engine import LABEL, Container, Engine
from splitter.errors import SplitterError
from splitter.inspection.follow import follow, recognised
from splitter.inspection.merge import merge
from splitter.inspection.observe import Watch, observe
from splitter.model.observation import Observation
from splitter.model.plan import Plan
from splitter.model.report import Check, Report
from splitter.run import owner
from splitter.verify import driving, expect
from splitter.verify.answers import urls
from splitter.verify.asking import Asker
from splitter.verify.checks import process_checks, running_checks, together
from splitter.verify.original import Ran, Samples, sample
from splitter.verify.project import Project
from splitter.verify.throwaway import Config, one_offs, throwaway

SETTLE = 2.0


@dataclass(frozen=True)
class Case:
    """What is compared: the image `original`, run with the variables `given`, and the resolved compose file, whose
    built services are these `images`."""

    engine: Engine
    reading: Reading
    answers: Mapping[str, str]
    config: Config
    original: str
    images: Mapping[str, str]
    given: Mapping[str, str]
    seconds: float


def compare(case: Case) -> Report:
    """Raises SplitterError where one of the two does not come up at all."""
    _pull(case)
    one, two = _original(case, "the original"), _original(case, "the original, once more")
    facts = merge(case.reading.facts, one[0], case.reading.image)
    reading = replace(case.reading, facts=replace(facts, needs=tuple(sorted(case.given))))
    first, second = (Ran(seen, *recognised(facts.processes, seen), samples) for seen, samples in (one, two))
    return Report(tuple(_split(case, reading, first, second)))


def _original(case: Case, what: str) -> tuple[Observation, Samples]:
    """One run of the original, and what its ports answered."""
    samples: dict[str, Samples] = {}
    health = case.reading.image.config.healthcheck

    def use(container: Container, seen: Observation) -> None:
        say(f"{what}: asking what it answers")
        with Asker(case.engine, case.original) as asker:
            samples["all"] = sample(asker, container, seen, urls(health.test) if health is not None else ())

    jobs = tuple(p.command.argv for p in case.reading.facts.processes if p.lifetime == "job" and p.phase != "wait")
    options = Watch(settle=SETTLE, timeout=case.seconds, env=case.given, jobs=lambda: jobs)
    seen = observe(case.engine, case.original, options, lambda text: say(f"{what}: {text}"), use)
    if seen.stopped == "ended":
        last = f": {seen.log[-1]}" if seen.log else ""
        raise SplitterError(
            f"the original does not stay up (exit code {seen.exit_code or 0}{last})",
            "give the variables that it needs in the .env beside the compose file",
        )
    return seen, samples.get("all", {})


def _split(case: Case, reading: Reading, first: Ran, second: Ran) -> list[Check]:
    plan: Plan = reading.plan(case.answers)
    wanted, checks = expect.processes(plan, first, second)
    listeners, more = expect.listeners(plan, first, second)
    config = throwaway(case.config, case.images, {LABEL: owner()})
    with Project(case.engine, config) as project, Asker(case.engine, case.original) as asker:
        say("the split: bringing it up")
        refused = project.up(case.seconds)
        before = project.members()
        if refused and not before:
            raise SplitterError(f"the split does not come up: {refused}", "docker compose up")
        checks.insert(0, Check("up", "", "failed" if refused else "ok", refused or "docker compose up -d"))
        jobs = one_offs(config, [s.name for s in plan.services if s.role in ("migration", "job")])
        running = {m.container.name: m for m in before if m.service not in jobs}
        shared = [n for n, m in running.items() if "pid" in config["services"].get(m.service, {})]
        seen = follow({n: m.container for n, m in running.items()}, shared, SETTLE, case.seconds,
                      lambda text: say(f"the split: {text}"))  # fmt: skip
        settled = project.members()
        whole = together([(running[n].service, s) for n, s in seen.items()], wanted, first)
        found, _ = recognised(tuple(w.process for w in wanted), whole.seen)
        homes = {n: whole.service[s.pid] for n, each in found.items() for s in each if s.alive}
        checks += process_checks(wanted, whole, found)
        split = driving.Split(project, config, plan, asker, homes, case.seconds)
        say("the split: asking what it answers")
        checks += [*more, *driving.answering(split, listeners), *driving.sharing(split)]
        checks[1:1] = running_checks(list(config["services"]), jobs, settled, project.members())
        say("the split: killing, scaling and stopping")
        checks += driving.losing_workers(split, listeners)
        checks += driving.scaling(split)
        asker.close()
        checks += driving.stopping(split)
    return checks


def _pull(case: Case) -> None:
    """Images that the engine lacks, before anything is started."""
    services: Mapping[str, Config] = case.config.get("services", {})
    for image in sorted({s["image"] for n, s in services.items() if s.get("image") and n not in case.images}):
        try:
            case.engine.inspect(image)
        except SplitterError:
            say(f"pulling {image}")
            done = case.engine.run("docker", "pull", "-q", image)
            if done.returncode:
                raise SplitterError(f"no image {image}: {done.tail}", f"docker pull {image}") from None
