"""What a run says of the processes that files declare, and of what came and went: notes and words for a person.

That a short job was over before anybody looked is no gap: it stands with the job. What was declared to stay up and was
not seen, what failed and what ended is shown with its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from splitter.catalogue import one_off
from splitter.inspection._match import Match
from splitter.model.facts import RUN, Evidence, Facts, Gap, Process
from splitter.model.observation import Observation, Seen
from splitter.model.text import printable

INSTANT = frozenset(("chown", "chgrp", "chmod", "setfacl"))  # what it does leaves no doubt, and it takes no time
MAX_TOLD = 20


def ending(seen: Observation) -> Iterator[Gap]:
    """How the run itself went."""
    if seen.stopped == "ended":
        said = "; it said: " + " | ".join(seen.log) if seen.log else ""
        yield Gap(
            f"the container ended by itself with exit code {seen.exit_code or 0}{said}",
            Evidence(RUN, note="where it lacks a variable, --env NAME=VALUE or --env-file FILE gives it one"),
        )
    elif seen.stopped == "time":
        yield Gap("new things went on happening until the time was over", Evidence(RUN, note="--run-timeout SECONDS"))
    elif seen.stopped == "disk":
        yield Gap("it was stopped because it filled the disk", Evidence(RUN))


def noted(facts: Facts, seen: Observation, matched: Match) -> Facts:
    """The facts with what the run says of each job in a note of its own."""
    over = seen.stopped == "ended"
    return replace(
        facts,
        processes=tuple(
            _noted(p, matched.found.get(p.name, []), over, matched.codes.get(p.name)) for p in facts.processes
        ),
    )


def _noted(process: Process, found: list[Seen], over: bool, code: int | None) -> Process:
    if process.lifetime != "job" or process.off or process.command.program in INSTANT:
        return process
    known = one_off(process.command.argv)
    if code is None and (process.phase or (known.phase if known else "")) != "once" and not found:
        return process
    codes = _codes(found) or ([code] if code is not None else [])
    if not found and not codes and over:
        return process  # how the run ended says it
    if not found and not codes:
        note = "not seen to run when the image was run, or over between two looks"
    elif any(codes):
        return process  # a failure is more than a note
    elif any(s.alive for s in found):
        note = "still at work when the run was looked at no longer"
    elif codes:
        note = "ended with exit code 0 when the image was run"
    elif any(s.argv for s in found):
        note = "ran and ended when the image was run; its exit code could not be seen"
    else:
        note = f"a {process.command.program} ran and ended when the image was run, too soon to tell whether it was this"
    return replace(process, notes=(*process.notes, note))


def otherwise(facts: Facts, seen: Observation, matched: Match) -> Iterator[Gap]:
    """What is declared and failed, was not seen, or did not stay."""
    over = seen.stopped == "ended"
    living = {matched.owner.get(s.pid) for s in seen.processes if s.alive}
    for process in facts.processes:
        found = matched.found.get(process.name, [])
        if process.off or process.lifetime == "scheduled" or process.name in matched.opened:
            continue
        codes = _codes(found)
        if process.lifetime == "job":
            codes = codes or [matched.codes[process.name]] if process.name in matched.codes else codes
            if any(codes):
                yield Gap(f"{process.name} failed with exit code {codes[-1]} when the image was run", process.evidence)
        elif not found and not over:
            yield Gap(f"{process.name} is declared and was not seen to run", process.evidence)
        elif found and process.name not in living and not over:
            again = " again and again" if sum(s.times for s in found) > 2 else ""
            code = f" with exit code {codes[-1]}" if codes else ""
            yield Gap(f"{process.name} started and ended{again}{code}", process.evidence)


def _codes(found: Iterable[Seen]) -> list[int]:
    """Exit codes of what was recognised by more than the name of its program."""
    return [s.exit_code for s in found if s.exit_code is not None and (s.argv or s.times > 2)]


def passing(ended: Iterable[Seen]) -> Iterator[Gap]:
    """What ran and ended and is not declared, each command line once."""
    codes: dict[str, int | None] = {}
    for each in ended:
        codes[line(each)] = each.exit_code if each.exit_code is not None else codes.get(line(each))
    for text, code in list(codes.items())[:MAX_TOLD]:
        failed = f" (exit code {code})" if code else ""
        yield Gap(f"ran and ended, and is not declared: {text}{failed}", Evidence(RUN))
    if len(codes) > MAX_TOLD:
        yield Gap(f"{len(codes) - MAX_TOLD} more commands ran and ended that are not declared", Evidence(RUN))


def line(each: Seen) -> str:
    """A command line for a person. What a word with blanks holds may be a statement with a password in it."""
    words = each.argv or tuple(" ".join(each.title).split())
    shown = ["..." if " " in w and len(words) > 1 else w for w in words]
    return printable(" ".join(shown) or each.program or each.name)[:160]
