"""The questions, one at a time, with evidence; what comes out is answers and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import questionary
from rich.console import Console
from rich.syntax import Syntax

from splitter.model.plan import Option, Question
from splitter.model.text import printable

BACK = "\0back"
MARK = "->"


@dataclass(frozen=True)
class Draft:
    """What the answers so far come to: the questions that they raise, the file, and its diff to what is there."""

    questions: tuple[Question, ...]
    text: str
    diff: str
    stale: tuple[str, ...] = ()


Drafting = Callable[[Mapping[str, str]], Draft]


def ask(
    found: Sequence[str], draft: Drafting, saved: Mapping[str, str], console: Console | None = None
) -> Mapping[str, str] | None:
    """Answers by question, the saved ones first; None where the person leaves without writing.

    `found` is shown as it is; `draft` is asked anew after every answer, for one answer may raise or settle another
    question. Ctrl-C raises KeyboardInterrupt.
    """
    console = console or Console()
    for line in found:
        console.print(printable(line), markup=False, highlight=False)
    answers = dict(saved)
    now = draft(answers)
    for stale in now.stale:
        answers.pop(stale, None)
        _say(console, f"A saved answer fits no question any more and is left out: {stale}")
    kept = len([q for q in now.questions if q.id in answers])
    if kept:
        _say(console, f"{kept} answered before; they can be changed at the end.")
    given: list[str] = []
    while True:
        now = draft(answers)
        waiting = open_questions(now.questions, answers)
        if waiting:
            value = _one(console, waiting[0], answers, len(given) + 1, len(given) + len(waiting), bool(given))
            if value == BACK:
                answers.pop(given.pop(), None)
            else:
                answers[waiting[0].id] = value
                given.append(waiting[0].id)
            continue
        choice = _review(console, now, answers)
        if choice == "write":
            return {q.id: answers[q.id] for q in now.questions if q.id in answers}
        if choice == "leave":
            return None
        if choice == "show":
            console.print(Syntax(printable(now.text, keep="\n"), "yaml", background_color="default"))
        else:
            question = next(q for q in now.questions if q.id == choice)
            value = _one(console, question, answers, 1, 1, True)
            if value != BACK:
                answers[question.id] = value


def open_questions(questions: Sequence[Question], answers: Mapping[str, str]) -> list[Question]:
    """Those without an answer, the risky ones first."""
    return sorted((q for q in questions if q.id not in answers), key=lambda q: not q.risky)


def title(option: Option, default: str) -> str:
    """One option as a line: its label, whether it is the default, and what follows from it."""
    usual = " (default)" if option.value == default else ""
    after = f": {option.consequence}" if option.consequence else ""
    return printable(f"{option.label or option.value}{usual}{after}")


def _one(console: Console, question: Question, answers: Mapping[str, str], number: int, of: int, back: bool) -> str:
    console.print()
    if question.because:
        _say(console, question.because)
    if question.evidence is not None:
        _say(console, f"evidence: {question.evidence}")
    if question.risky:
        _say(console, "The default may be wrong here, and a wrong answer breaks something.")
    choices = [questionary.Choice(title(o, question.default), value=o.value) for o in question.options]
    if back:
        choices.append(questionary.Choice("(back)", value=BACK))
    start = answers.get(question.id, question.default)
    answer: str = questionary.select(
        printable(f"{number} of {of}  {question.text}"),
        choices=choices,
        default=start if any(o.value == start for o in question.options) else None,
        qmark="?",
        pointer=MARK,
        instruction="(arrows, Enter)",
    ).unsafe_ask()
    return answer


def _review(console: Console, now: Draft, answers: Mapping[str, str]) -> str:
    console.print()
    if now.diff:
        console.print(Syntax(printable(now.diff, keep="\n\t"), "diff", background_color="default"))
    else:
        _say(console, "The file is up to date.")
    choices = [questionary.Choice("write the file" if now.diff else "keep the file as it is", value="write")]
    choices.append(questionary.Choice("show the whole file", value="show"))
    for q in now.questions:
        choices.append(questionary.Choice(printable(f"change: {q.text} [{answers[q.id]}]"), value=q.id))
    choices.append(questionary.Choice("leave without writing", value="leave"))
    answer: str = questionary.select(
        "What now?", choices=choices, qmark="?", pointer=MARK, instruction="(arrows, Enter)"
    ).unsafe_ask()
    return answer


def _say(console: Console, text: str) -> None:
    console.print(printable(text), markup=False, highlight=False)
