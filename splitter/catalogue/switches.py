"""What is off by default: the variables that turn it on, and whether it is worth a service of its own.

A manager says in words what would turn a process on (`Process.off`): "SIDECAR=1", "SMTP_PORT is set",
"autostart=false; supervisorctl start x", joined with " and ". What only takes the place of something that is on, or is
for development, is no part of a split.
"""

from collections.abc import Mapping, Sequence

from splitter.catalogue.meaning import meaning
from splitter.catalogue.peel import peel
from splitter.model.facts import Process

# Words of a switch, or of a command, that is for those who work on the application.
DEVELOPMENT = frozenset(("dev", "develop", "development", "debug", "test", "testing", "tests"))
WATCHES = frozenset(("watch", "--watch", "dev"))  # `tailwindcss:watch`, `vite dev`: files are made anew as they change
# Words for an arm that no setting of a person leads to.
NO_SWITCH = ("an arm that is not taken", "not ", "not:", "unless ", "the servers have ended")


def switches(off: str) -> Mapping[str, str]:
    """The variables that turn something on, with their values; "" for one that a person must give.

    Of several ways to the same end the first is taken.
    """
    found: dict[str, str] = {}
    for part in off.partition(" (")[0].split(" and "):
        for way in part.split(" or "):
            name, equal, value = way.partition("=")
            if equal and _variable(name):
                # A pattern of a case arm: its first alternative.
                found.setdefault(name, value.strip("\"'").partition("|")[0])
                break
            words = way.split()
            if words[1:] in (["is", "set"], ["other", "than", "empty"]) and _variable(words[0]):
                found.setdefault(words[0], "")
                break
    return found


def spare(process: Process, siblings: Sequence[Process]) -> str:
    """Why a process that is off is no service of its own; "" where it is one. `siblings` are all of the image."""
    if process.lifetime == "job" or (process.lifetime == "scheduled" and not _kept_time(process, siblings)):
        return "it is a step"
    if process.off.startswith(NO_SWITCH):
        return "nothing that a person sets turns it on"
    if any(c in word for word in process.command.argv[:1] for c in "*$"):
        return "its program shows only when it runs"
    if not DEVELOPMENT.isdisjoint(_words(process.off)) or any(
        w.rpartition(":")[2] in WATCHES for w in process.command.argv
    ):
        return "for development"
    earlier, mine = True, process.off.count(" and ")
    for other in siblings:
        if other is process:
            earlier = False
        elif not other.off and other.lifetime == "service" and _same(process, other):
            return f"instead of {other.name}"
        elif other.off and other.command.argv == process.command.argv:
            theirs = other.off.count(" and ")  # of two that are the same, the one that is easier to turn on
            if theirs < mine or (theirs == mine and earlier):
                return f"the same as {other.name}"
    return ""


def _kept_time(entry: Process, siblings: Sequence[Process]) -> bool:
    """Whether the daemon that runs a scheduled command is off as well, so that both go together."""
    daemons = (p for p in siblings if p.off and p.lifetime == "service")
    return any(entry.scope[-1:] and entry.scope[-1:] == p.scope[-1:] for p in daemons)


def _same(one: Process, other: Process) -> bool:
    """Whether two commands are the same program, told to do the same kind of thing."""
    if one.command.argv == other.command.argv:
        return True
    known = meaning(one)
    mine, theirs = peel(one.command.argv), peel(other.command.argv)
    if mine is None or theirs is None or mine.program != theirs.program:
        return False
    if known is not None and known.role != "drop":
        return meaning(other) == known
    if mine.args[:1] == theirs.args[:1]:
        return True
    # The run script of one service gives way to either, with other options: two settings of the one program.
    common = [a for a, b in zip(one.scope, other.scope, strict=False) if a == b]
    service = bool(common) and common[-1].split("/")[-2:-1] in (["s6"], ["runit"], ["supervisord"])
    script = service and one.evidence.path == other.evidence.path
    options = all(word.startswith("-") for word in (*mine.args, *theirs.args))
    return script and options and other.command.argv[: -len(theirs.args)] == one.command.argv[: -len(mine.args)]


def _variable(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name.isupper()


def _words(text: str) -> set[str]:
    return set("".join(c.lower() if c.isalpha() else " " for c in text).split())
