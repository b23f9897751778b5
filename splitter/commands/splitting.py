"""What comes of a split without the wizard: the file, the check or the JSON document."""

import difflib
import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitter.apply import read_text, write
from splitter.commands.document import plan_document
from splitter.commands.mask import Mask
from splitter.commands.stages import Reading
from splitter.compose.merge import merge, saved_answers
from splitter.compose.render import render
from splitter.errors import SplitterError
from splitter.model.plan import Plan, Question
from splitter.model.text import printable
from splitter.planning.alone import alone

ENV_EXAMPLE = ".env.example"


@dataclass(frozen=True)
class Split:
    """A plan with its text as the file would have it, and what the file has now."""

    reading: Reading
    plan: Plan
    text: str
    before: str | None

    @property
    def path(self) -> Path:
        return self.reading.output


def run(reading: Reading, args: Namespace) -> int:
    if args.json:
        return _json(reading, args)
    before = read_text(reading.output)
    if single(reading, before):
        return 0
    if args.apply or args.check:
        answers = refuse_foreign(reading, before)
    else:
        answers, before = lenient(reading, before)
    split = make(reading, answers, before, args.accept_defaults)
    if not split.plan.services:
        _tell(
            "nothing was found that a split could keep:",
            (f"{g.evidence}: {g.what}" for g in (*split.plan.gaps, *split.plan.shown)),
        )
        return 1
    if args.apply or args.check:
        if before is not None and answers is None:
            raise SplitterError(
                f"{split.path} was not made by splitter", "merging into it comes later; -o FILE writes another"
            )
        if blocked(split.plan, args.strict):
            return 1
        return _check(split) if args.check else _apply(split)
    sys.stdout.write(split.text)
    report(split.plan)
    return 1 if args.strict and blocked(split.plan, True) else 0


def refuse_foreign(reading: Reading, before: str | None) -> Mapping[str, str]:
    """The answers that the file has. Raises SplitterError where splitter did not make the file."""
    answers = saved_answers(before, str(reading.output)) if before is not None else {}
    if answers is None:
        raise SplitterError(
            f"{reading.output} was not made by splitter, and merging into such a file comes later",
            "-o FILE writes another",
        )
    return answers


def lenient(reading: Reading, before: str | None) -> tuple[Mapping[str, str], str | None]:
    """The answers and the text to merge into, for what only prints: a file that is not splitter's counts as none."""
    try:
        return refuse_foreign(reading, before), before
    except SplitterError:
        return {}, None


def make(reading: Reading, answers: Mapping[str, str], before: str | None, accept: bool = False) -> Split:
    """The plan under these answers, and its text merged into what the file has."""
    plan = reading.plan(answers)
    if accept:
        # Accepted is answered: a later --check without the flag comes to the same file.
        accepted = {q.id: q.default for q in plan.questions if q.risky and q.answered == "default"}
        if accepted:
            plan = reading.plan({**answers, **accepted})
    text = render(plan, reading.source)
    name = str(reading.output)
    if before is not None and saved_answers(before, name) is not None:
        text = merge(before, text, name)
    return Split(reading, plan, text, before)


def single(reading: Reading, before: str | None) -> bool:
    """Whether there is nothing to part, which is said then, with what was seen and what could not be read. A file that
    splitter made while there was more is not left as it is."""
    one = alone(reading.facts)
    if one is None or lenient(reading, before)[1] is not None:
        return False
    gaps = reading.facts.gaps
    far = ", as far as it could be read" if gaps else ""
    print(printable(f"{reading.reference} runs one process, {one.name}{far}; there is nothing to split"))
    _tell("seen when the image was run:", (f"{g.evidence}: {g.what}" for g in reading.facts.shown))
    _tell("could not be read:", (f"{g.evidence}: {g.what}" for g in gaps))
    return True


def blocked(plan: Plan, strict: bool) -> bool:
    """Whether something stops a run that asks nothing; it is said on stderr."""
    _tell("answers in the file that fit no question (take them out, or correct them):", plan.stale)
    stopping = [q for q in plan.questions if q.answered == "default" and (q.risky or strict)]
    _tell("questions that the file does not answer:", (_open(q) for q in stopping))
    if stopping:
        _tell("add under `x-splitter:` in the file, or use --accept-defaults:",
              ["answers:", *(f"  {q.id}: {q.default}" for q in stopping)])  # fmt: skip
    return bool(plan.stale or stopping)


def report(plan: Plan) -> None:
    """On stderr: what a person should know before the file is used."""
    _tell("seen when the image was run:", (f"{g.evidence}: {g.what}" for g in plan.shown))
    _tell("could not be read:", (f"{g.evidence}: {g.what}" for g in plan.gaps))
    _tell("decided by default:", (_open(q) for q in plan.questions if q.answered == "default"))


def write_split(split: Split) -> list[str]:
    """Write the file and what goes beside it. Returns what was done, a line each."""
    done = []
    if split.text == split.before:
        done.append(f"{split.path} is up to date")
    else:
        write(split.path, split.text)
        done.append(f"{'wrote' if split.before is None else 'updated'} {split.path}")
    if split.plan.secrets:
        example = split.path.parent / ENV_EXAMPLE
        had = read_text(example) or ""
        names = {line.partition("=")[0].strip().removeprefix("export ") for line in had.splitlines()}
        missing = [name for name in split.plan.secrets if name not in names]
        if missing:
            gap = "" if not had or had.endswith("\n") else "\n"
            lines = "".join(f"# {printable(split.plan.secrets[n])}\n{n}=\n" for n in missing)
            write(example, had + gap + lines)
            done.append(f"wrote {example}: give {', '.join(missing)} a value in .env")
    return done


def diff(split: Split) -> str:
    """From what the file has to what it would have, as a unified diff."""
    lines = difflib.unified_diff(
        (split.before or "").splitlines(True), split.text.splitlines(True), str(split.path), f"{split.path} (--apply)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _apply(split: Split) -> int:
    for line in write_split(split):
        print(printable(line))
    report(split.plan)
    return 0


def _check(split: Split) -> int:
    if split.text == split.before:
        return 0
    sys.stdout.write(printable(diff(split), keep="\n\t\r"))
    _tell(f"{split.path} {'is missing' if split.before is None else 'is not what --apply would write'}", ())
    return 1


def _json(reading: Reading, args: Namespace) -> int:
    answers, before = lenient(reading, read_text(reading.output))
    split = make(reading, answers, before, args.accept_defaults)
    document = plan_document(split.plan, split.text, reading.source, Mask.of(reading.image, reading.facts))
    print(json.dumps(document, indent=2))
    return 1 if args.strict and blocked(split.plan, True) else 0


def _open(question: Question) -> str:
    at = f" [{question.evidence}]" if question.evidence else ""
    return f"{question.id}: {question.text} ({question.default}){at}"


def _tell(head: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    if lines or not head.endswith(":"):
        print(printable(head), file=sys.stderr)
    for line in lines:
        print("  " + printable(line), file=sys.stderr)
