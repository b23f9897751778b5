"""What a container runs: one program in exec form, or a short shell line where something must come before it."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitter.catalogue import foreground, looks_secret
from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.planning.inherited import inherited, inherited_lines, once, shell_of
from splitter.shell.parse import parse
from splitter.shell.syntax import Simple, walk

ROOT = ("", "root", "0", "0:0", "root:root")
# Programs that change the user and stay out of the way, gentlest first.
SWITCHES = (
    ("gosu", ("gosu", "{user}")),
    ("su-exec", ("su-exec", "{user}")),
    ("setpriv", ("setpriv", "--reuid={name}", "--regid={group}", "--init-groups")),
    ("runuser", ("runuser", "-u", "{name}", "--")),
    ("chpst", ("chpst", "-u", "{user}")),
    ("s6-setuidgid", ("s6-setuidgid", "{name}")),
)


MAX_SCRIPT = 1 << 16  # of a program whose first line is looked at


@dataclass(frozen=True)
class Started:
    """How a container starts: Compose's `command`, and the user it starts as ("" is the image's own)."""

    command: tuple[str, ...]
    user: str = ""


def start_of(process: Process) -> tuple[str, ...]:
    """The words that start a process, in the form that stays in the foreground."""
    if process.command.run:
        return process.command.run
    return foreground(process.command.argv)


def compose(process: Process, prepare: Sequence[Process], image: Image, lines: Sequence[str] = ()) -> Started:
    """One process after its set-up steps and further shell lines, which run as root.

    Without any it is the list of its words, and `user` changes the user.
    """
    words = direct(start_of(process), image)
    user = same_user(process.user, image)
    # What is started by other words than its script's has none of that script's.
    spoken = process.command.spoken if words == process.command.argv else ""
    late, told = exports(process), inherited((*prepare, process))
    if not prepare and not late and not lines and not told:
        return Started(words, user)
    if not user or (not lines and not told and all(same_user(p.user, image) == user for p in prepare)):
        last = _last(words, spoken)
    else:
        change = switch(process, image)
        last, user = _changed(change, words, spoken) if change else _last(words, spoken), ""
    before = [["set -e"] if prepare and strict_before(prepare, image) else []]
    before += [[*inherited_lines(inherited([p])), line_of(p, process, image, user)] for p in prepare]
    body = [*once(*before, inherited_lines(inherited([process]))), *late, *lines, last]
    return Started((shell_of(told), "-c", "\n".join(body)), user)


def direct(words: tuple[str, ...], image: Image) -> tuple[str, ...]:
    """A script that s6-overlay's `with-contenv` starts, by its interpreter: without /init that wrapper has no folder
    to read (s6-overlay's README, "Container environment"), and Compose gives the environment anyway."""
    named = words and (words[0].startswith("/") or "/" not in words[0])
    path = image.which(words[0]) if named else None
    node = image.node(path) if path else None
    text = image.read(path) if path and node is not None and node.size <= MAX_SCRIPT else None
    first = text.split("\n", 1)[0] if isinstance(text, str) else ""
    parts = first.removeprefix("#!").split() if first.startswith("#!") else []
    at = next((n for n, p in enumerate(parts) if p.rsplit("/", 1)[-1] == "with-contenv"), -1)
    return (*parts[at + 1 :], path or "", *words[1:]) if at >= 0 and parts[at + 1 :] else words


def line_of(
    step: Process, main: Process | None, image: Image, user: str, known: Mapping[str, str] | None = None
) -> str:
    """A set-up step as a shell line, with what is its own: folder, environment, user.

    The folder and the variables of `main` (or the variables `known`) are there already.
    """
    there_already = main.env if main is not None else known or {}
    env = {k: v for k, v in step.env.items() if there_already.get(k) != v}
    words = direct(step.command.start if step.command.run else step.command.argv, image)
    given = tuple(
        f"{k}={v}" for k, v in env.items() if not unknown(v) and image.config.env.get(k) != v and not looks_secret(k, v)
    )
    if given:
        words = ("env", *given, *words)
    if same_user(step.user, image) != user:
        words = (*switch(step, image), *words)
    plain = inline(words) if words == step.command.start else None
    text = plain or shell_words(words)
    here = (main.workdir if main else "") or image.config.workdir or "/"
    there = step.workdir or image.config.workdir or "/"
    return f"(cd {shlex.quote(there)} && {text})" if there != here else text


def inline(words: Sequence[str]) -> str | None:
    """The text of `sh -c TEXT`, fit to stand in another script of sh as it is; None for any other command."""
    if len(words) != 3 or tuple(words[:2]) not in (("/bin/sh", "-c"), ("sh", "-c")):
        return None
    body = parse(words[2]).body.body
    if len(body) == 1 and words[2].startswith("exec ") and "\n" not in words[2]:
        return words[2].removeprefix("exec ")
    names = {s.words[0] for s in walk(body) if isinstance(s, Simple) and s.words}
    if not body or names & {"cd", "exit", "return", "set", "trap", "exec", "shift", "umask", "eval", "."}:
        return None
    return words[2]


def _last(words: Sequence[str], spoken: str = "") -> str:
    """What a script ends in: the program in the shell's place, however the shell line for it was written."""
    if spoken:
        return f"exec {spoken}"
    if len(words) == 3 and tuple(words[:2]) in (("/bin/sh", "-c"), ("sh", "-c")):
        return words[2]
    return f"exec {shell_words(words)}"


def _changed(change: tuple[str, ...], words: Sequence[str], spoken: str = "") -> str:
    """The program in the shell's place, as another user."""
    if spoken:
        return f"exec {shell_words(change)} {spoken}"
    one = inline(words) if len(words) == 3 and words[2].startswith("exec ") else None
    return f"exec {shell_words(change)} {one}" if one else f"exec {shell_words((*change, *words))}"


def shell_words(words: Sequence[str]) -> str:
    """Words as a shell line; a word that is only `$NAME` stays a variable."""
    if len(words) == 3 and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "dash") and words[1] in ("-c", "-ec"):
        return shlex.join(words)
    return " ".join(f'"{w}"' if refers(w) else shlex.quote(w) for w in words)


def refers(word: str) -> bool:
    """Whether a word holds a variable that is known at run time only, and nothing that quotes would not protect."""
    at = word.find("$")
    if at < 0 or any(c in word for c in '"`\\') or "$(" in word:
        return False
    rest = word[at + 1 :]
    return bool(rest) and (rest[0].isalpha() or rest[0] in "_{")


def unknown(value: str) -> bool:
    """Whether a value was not expanded, because it is known at run time only."""
    at = value.find("$")
    return at >= 0 and at + 1 < len(value) and (value[at + 1].isalpha() or value[at + 1] in "_{(")


def exports(process: Process) -> list[str]:
    """Variables of a process whose values are made of others at run time."""
    return [f'export {k}="{v}"' for k, v in process.env.items() if unknown(v) and refers(v) and v != f"${k}"]


def environment(process: Process, image: Image) -> dict[str, str]:
    """What the service must be given beyond the image: names and plain values."""
    known = image.config.env
    own = {k: v for k, v in process.env.items() if known.get(k) != v and not unknown(v) and k not in ("PWD", "SHLVL")}
    return {**image.given, **own}


def secret(name: str, value: str) -> bool:
    return bool(value) and looks_secret(name, value)


def same_user(user: str, image: Image) -> str:
    """The user of a service; "" where it is the image's own."""
    own = image.config.user
    if user == own or (user in ROOT and own in ROOT):
        return ""
    return user or ""


def switch(process: Process, image: Image) -> tuple[str, ...]:
    """The words that change from root to a process's user: its own, else what the image has, else su."""
    if process.wrapper:
        first, *rest = process.wrapper
        # s6-overlay 3 has its programs in /command, which only its /init puts into PATH.
        if first.startswith("s6-") and not image.which(first) and image.is_dir("/etc/s6-overlay/s6-rc.d"):
            first = f"/command/{first}"
        return (first, *rest)
    if process.user in ROOT:
        return ()
    name, _, group = process.user.partition(":")
    for program, words in SWITCHES:
        if image.which(program):
            return tuple(w.format(user=process.user, name=name, group=group or name) for w in words)
    return ("setpriv", f"--reuid={name}", f"--regid={group or name}", "--init-groups")


def strict_before(steps: Iterable[Process], image: Image) -> bool:
    """Whether the script that ran these steps ended at the first that failed."""
    for path in dict.fromkeys(s.evidence.path for s in steps):
        text = image.read(path)
        if not isinstance(text, str):
            continue
        for line in text.splitlines():
            words = line.split()
            if words[:1] == ["set"] and any(w[0] == "-" and "e" in w and not w.startswith("--") for w in words[1:2]):
                return True
            if line.startswith("#!") and words[-1].startswith("-") and "e" in words[-1]:
                return True
    return False


def main_step(steps: Sequence[Process]) -> Process:
    """The step that a job is for: the first that is more than set-up."""
    return next((s for s in steps if s.phase != "prepare"), steps[0])


def chain(steps: Sequence[Process], image: Image, first: Sequence[str] = ()) -> Started:
    """One-off steps one after another, after lines that root runs; one user for all where all have the same."""
    if len(steps) == 1 and not first:
        return compose(steps[0], (), image)
    users = {same_user(s.user, image) for s in steps}
    user = users.pop() if len(users) == 1 and not first else ""
    main = main_step(steps)
    told = inherited(steps)
    strict = strict_before(steps, image) or len({s.evidence.path for s in steps}) > 1
    parts = [[*inherited_lines(inherited([s])), line_of(s, main, image, user)] for s in steps]
    lines = once(["set -e"] if strict else [], first, *parts)
    return Started((shell_of(told), "-c", "\n".join(lines)), user)
