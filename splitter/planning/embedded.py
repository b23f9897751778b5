"""Schedulers that run inside a worker: moved out where the program can run its scheduler by itself.

`celery worker -B` embeds beat; with more than one worker every task would be sent more than once (Celery's manual,
Periodic Tasks, "Starting the Scheduler").
"""

from dataclasses import replace

from splitter.model.facts import Command
from splitter.model.plan import Option
from splitter.planning.draft import Draft, Drafts
from splitter.planning.names import distinct
from splitter.planning.questions import Asker

NAME = "celery worker with beat"
# Options of `celery worker` that are beat's as well; True: with a value.
KEPT = {"-l": True, "--loglevel": True, "-S": True, "--scheduler": True, "-f": True, "--logfile": True}
BEAT = {"-s": True, "--schedule": True, "-S": True, "--scheduler": True}
SWITCHES = ("-B", "--beat")


def move_out(drafts: Drafts, asker: Asker) -> None:
    """Give each embedded beat a service of its own, unless the person wants it kept inside."""
    for draft in [d for d in drafts if d.known is not None and d.known.name == NAME]:
        process = draft.runs
        if process is None or process.command.run:
            continue
        parts = parted(process.command.argv)
        if parts is None:
            continue
        answer = asker.ask(
            f"embedded:{process.id}",
            f"{draft.name} runs a scheduler inside (-B). Where does it go?",
            (
                Option("apart", "into a service of its own", "the worker can be scaled"),
                Option("inside", "it stays in the worker", "the worker must never be scaled"),
            ),
            "apart",
            "more than one worker with -B would send every task more than once",
            process.evidence,
        )
        if answer == "inside":
            continue
        worker, beat = parts
        draft.runs = replace(process, command=Command(worker))
        draft.notes = [n for n in draft.notes if not n.startswith("Never scale")]
        draft.note("Its scheduler (-B) runs in a service of its own.")
        draft.replicas = process.instances
        drafts.add(
            Draft(
                name=distinct("beat", drafts.each),
                role="scheduler",
                because="Celery beat sends tasks at their time; it was embedded in the worker (-B)",
                found=[],
                runs=replace(process, command=Command(beat), instances=1, logs=()),
                prepare=list(draft.prepare),
                notes=["Exactly one: a second would do everything twice.", f"It was embedded in {draft.name} (-B)."],
            )
        )


def parted(argv: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """`celery worker -B` as the worker without its scheduler, and the scheduler."""
    if "worker" not in argv:
        return None
    at = argv.index("worker")
    front, rest = argv[:at], list(argv[at + 1 :])
    worker, beat = [*front, "worker"], [*front, "beat"]
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        if word in SWITCHES:
            continue
        if word[:1] == "-" and word[:2] != "--" and len(word) > 2 and "B" in word[1:] and word[1:].isalpha():
            word = name = word.replace("B", "")
        takes = (name in BEAT or name in KEPT) and not equals
        group = [word, *([rest.pop(0)] if takes and rest else [])]
        if name in BEAT or name in KEPT:
            beat += group
        if name not in BEAT or name in KEPT:
            worker += group
    return tuple(worker), tuple(beat)
