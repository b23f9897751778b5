"""The wizard's part of `splitter split`."""

from argparse import Namespace
from collections.abc import Mapping

from splitter.apply import read_text
from splitter.commands.mask import Mask
from splitter.commands.splitting import diff, make, refuse_foreign, report, single, write_split
from splitter.commands.stages import Reading
from splitter.commands.tree import facts_tree, lines
from splitter.model.text import printable
from splitter.wizard import Draft, ask


def run(reading: Reading, args: Namespace) -> int:
    """Show, ask, show again, and write only after a yes."""
    before = read_text(reading.output)
    if single(reading, before):
        return 0
    saved = refuse_foreign(reading, before)
    first = make(reading, saved, before, args.accept_defaults)
    if not first.plan.services:
        report(first.plan)
        return 1
    if args.accept_defaults:
        saved = {q.id: q.answer for q in first.plan.questions}

    def draft(answers: Mapping[str, str]) -> Draft:
        split = make(reading, answers, before)
        return Draft(split.plan.questions, split.text, diff(split), split.plan.stale)

    found = lines(facts_tree(reading.reference, reading.facts, Mask.of(reading.image, reading.facts)))
    answers = ask(list(found), draft, saved)
    if answers is None:
        print("nothing was written")
        return 0
    split = make(reading, answers, before)
    for line in write_split(split):
        print(printable(line))
    report(split.plan)
    _next(reading, bool(split.plan.secrets))
    return 0


def _next(reading: Reading, secrets: bool) -> None:
    print("next:")
    steps = ["fill in .env (see .env.example)"] if secrets else []
    folder = reading.output.parent.as_posix()
    at = "" if folder == "." else f" --project-directory {folder}"
    name = "" if reading.output.name == "docker-compose.yml" and not at else f" -f {reading.output}"
    steps += [
        f"docker compose{name}{at} config -q",
        f"docker compose{name}{at} up --build --wait" if reading.image.build else f"docker compose{name}{at} up --wait",
        f"commit {reading.output}; in CI: splitter split {reading.reference} --check",
    ]
    for number, step in enumerate(steps, 1):
        print(printable(f"  {number}. {step}"))
