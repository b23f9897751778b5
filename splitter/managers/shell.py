"""A shell runs a script, or a text after -c: each program that it starts is a child, in the order of the starts.

What `exec` or the last line names is the program the script lives for; what stands before it runs to its end first;
`&` and programs that put themselves into the background stay up beside it. File commands are one set-up step, kept as
shell text. The script is read by an evaluator that knows the environment and arguments, and is never executed.
"""

from dataclasses import replace

from splitter.catalogue import one_off, service
from splitter.managers._shell_build import Builder
from splitter.managers._shell_modes import modes, usual
from splitter.managers._shell_target import Missing, Script, Switched, target
from splitter.managers._shell_trace import reading
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image
from splitter.shell.calls import Trace

UNREADABLE = "the script itself could not be read"
AS_IT_IS = "run as it is"
# Managers between the container's command and its main script.
MAIN = frozenset(("shell", "wrappers"))
ONCE = ("import", "init", "install", "migrate", "setup", "seed", "upgrade", "backup", "restore", "test", "help")


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    # What has a phase or is a loop is a finished step; its text would only be taken apart again.
    if process.phase or any(n.startswith((UNREADABLE, AS_IT_IS)) or " in a shell loop" in n for n in process.notes):
        return None
    found = target(process, image)
    match found:
        case None:
            return None
        case Switched():
            return [_switched(process, found)]
        case Missing():
            return _missing(process, found, image)
        case Script():
            return _read(process, found, image)


def reaches(process: Process, image: Image, command: tuple[str, ...]) -> bool:
    """Whether a script starts this command somewhere, with other words in front or none; True where it is no script.

    Much less work than to take the script apart, and what does not reach a command does not come down to it.
    """
    found = target(process, image)
    if not isinstance(found, Script) or not command:
        return True
    calls = reading(process, found, image).trace.calls
    return any(one.argv[-len(command) :] == command for call in calls for one in (call, *call.pipe))


def _switched(process: Process, found: Switched) -> Process:
    notes = ("started with a login environment",) if found.login else ()
    return Process(
        name="sh" if process.name in ("su", "runuser") else process.name,
        command=Command(found.argv),
        evidence=process.evidence,
        user=found.user,
        notes=notes,
    )


def _missing(process: Process, found: Missing, image: Image) -> list[Process | Gap] | None:
    gap = Gap(found.reason, Evidence(found.path)) if found.reason else image.missing(found.path)
    if found.known and found.args and not found.args[0].startswith("-") and not image.complete:
        what = image.missing(found.path, f'{UNREADABLE}; it is taken to end in exec "$@"')
        rest = Process(
            name=found.args[0].rsplit("/", 1)[-1],
            command=Command(found.args),
            evidence=process.evidence,
            notes=(f"after {found.path}, which could not be read",),
        )
        return [rest, what]
    same = Process(name=process.name, command=process.command, evidence=process.evidence, notes=(UNREADABLE,))
    return [same, gap]


def _read(process: Process, script: Script, image: Image) -> list[Process | Gap] | None:
    found = _children(process, script, image)
    if found is None or process.lifetime != "service":
        return found
    if process.via[-1:] == ("procfile",):
        found = [_kept_up(one) for one in found]
    if not _stays(found) and MAIN.issuperset(process.via):
        # The container would end at once. That is no way to run it: something has to be given.
        again = _children(process, script, image, stays=True) or []
        if _stays(again):
            what = "as the image is, it ends before it starts what stays up; read as if what it asks for were there"
            return [*again, Gap(what, process.evidence)]
    if script.args or any(isinstance(one, Process) and AS_IT_IS not in one.notes for one in found):
        return found
    # Nothing starts without an argument.
    known = modes(script.text)
    meant = usual(known)
    if not meant:
        return found
    children = _children(process, replace(script, args=(meant,)), image) or []
    gap = Gap(f"no argument is given, and nothing starts without one; read as if it were {meant}", process.evidence)
    others = [
        Process(
            name=mode,
            command=Command((*process.command.argv, mode)),
            evidence=process.evidence,
            lifetime="job" if one_off((mode,)) or mode in ONCE else "service",
            off=f"the argument {mode}",
            notes=(AS_IT_IS,),
        )
        for mode in known
        if mode != meant
    ]
    return [*children, *others, gap]


def _kept_up(one: Process | Gap) -> Process | Gap:
    """Code that may run to its end or not, as a line of a Procfile: its runner would stop all when it ended."""
    code = isinstance(one, Process) and one.lifetime == "job" and one_off(one.command.argv)
    return replace(one, lifetime="service") if isinstance(one, Process) and code and code.role == "job" else one


def _stays(found: list[Process | Gap]) -> bool:
    return any(isinstance(one, Process) and one.lifetime == "service" and not one.off for one in found)


def _borrowed(trace: Trace, image: Image) -> str:
    """A name that a script calls after it reads in a file that is not at hand, and that is no program's; "" if none.

    Only names with an underscore: those are functions by custom, and any other may be a program of a base image.
    """
    lost = [(u.path, u.line) for u in trace.unread if u.what.startswith("reads in ") and u.what.endswith("not at hand")]
    stands_in = [(s.path, s.start) for s in trace.sourced if (node := image.node(s.target)) and node.origin
                 and node.origin.path.startswith("base image")]  # fmt: skip
    for call in trace.calls if lost or stands_in else ():
        name = call.argv[0]
        later = any(p == call.path and line < call.line for p, line in lost)
        later = later or any(p == call.path and start < call.start for p, start in stands_in)
        if later and not call.off and name.isidentifier() and "_" in name.strip("_") and not (
            image.which(name) or one_off(call.argv) or service(call.argv)
        ):  # fmt: skip
            return name
    return ""


def _children(process: Process, script: Script, image: Image, stays: bool = False) -> list[Process | Gap] | None:
    got = reading(process, script, image, stays)
    if process.lifetime == "job" and not script.inline and (name := _borrowed(got.trace, image)):
        what = f"{name} is a function of a file that is not at hand: the script is {AS_IT_IS}"
        same = Process(process.name, process.command, process.evidence, lifetime="job", notes=(AS_IT_IS,))
        return [
            same,
            Gap(what, Evidence(script.path)),
            *(Gap(u.what, Evidence(u.path, u.line)) for u in got.trace.unread),
        ]
    found = Builder(process, image, script, got.trace, got.given, stays).children()
    assumed = got.assumed
    if found is not None and any(f"decided by {n}=" in note for p in found if isinstance(p, Process)
                                 for note in p.notes for n in assumed):  # fmt: skip
        what = ", ".join(f"{name} is not set; taken as {value}" for name, value in assumed.items())
        found.append(Gap(f"{what}, as an image is run", Evidence(script.path)))
    return found
