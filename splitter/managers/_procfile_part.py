"""How a Procfile runner is told to start some lines of its file alone, by its own options.

A formation that has a zero for each other line keeps the ports, which are counted over all lines; overmind and hivemind
are told names, goreman too, and count all lines for them. Sources: as those of `procfile`.
"""

from collections.abc import Mapping, Sequence

from splitter.catalogue import looks_secret
from splitter.managers._keep import Member, script_of

FORMATION = {"foreman": "-m", "honcho": "-c", "forego": "-c"}
NAMED = ("overmind", "hivemind")
LEAVES_OUT = ("processes", "ignored")


def part(
    runner: str,
    args: tuple[str, ...],
    options: Mapping[str, str],
    start: Sequence[str],
    lines: Mapping[str, int],
    members: Sequence[Member],
) -> tuple[str, ...] | None:
    """A runner's words with these members alone; None where one of them is no line of the Procfile.

    options  the runner's options by meaning
    start    its words for "start", () where it has none
    lines    the number of each line by its name
    """
    units = {m.unit.evidence.line: m.unit for m in members}
    names = [name for name, number in lines.items() if number in units]
    if len(names) < len(units):
        return None
    every = [f"{name}={units[number].instances if number in units else 0}" for name, number in lines.items()]
    gone = LEAVES_OUT if runner in NAMED else ("formation",)
    words = _without(args, options, gone)
    at = next((n + 1 for n, w in enumerate(words) if w in start), 0)
    front, rest = words[:at], words[at:]
    if runner in NAMED:
        return (*front, "-l", ",".join(names), *rest)
    if runner in FORMATION:
        return (*front, FORMATION[runner], ",".join(every), *rest)
    if runner == "goreman":
        return (*front, *names)
    plain = next((n for n, w in enumerate(rest) if _plain(rest, n, options)), len(rest))
    return (*front, ",".join(every), *rest[:plain], *rest[plain + 1 :])


def _plain(words: Sequence[str], at: int, options: Mapping[str, str]) -> bool:
    """Whether a word is neither an option nor the value of one."""
    return not words[at].startswith("-") and not (at and words[at - 1] in options)


def _without(args: tuple[str, ...], options: Mapping[str, str], gone: Sequence[str]) -> tuple[str, ...]:
    """The words without the options of these meanings."""
    kept: list[str] = []
    at = 0
    while at < len(args):
        word = args[at]
        name, equals, _ = word.partition("=")
        short = word[:2] if not word.startswith("--") and len(word) > 2 else name
        meaning = options.get(name, options.get(short))
        apart = name in options and not equals and at + 1 < len(args)
        if meaning == "formation" and apart and "=" not in args[at + 1]:
            meaning, apart = None, False  # foreman's switch for colours
        if meaning not in gone:
            kept += args[at : at + 1 + apart]
        at += 1 + apart
    return tuple(kept)


def patched(text: str, lines: Mapping[str, int], members: Sequence[Member], path: str) -> dict[str, str] | None:
    """The files that are needed where a member is started otherwise than its line says: a Procfile, and scripts.

    Lines that are not started stay as names, for they are counted. None where a line that stays holds a secret.
    """
    changed = {m.unit.evidence.line: m for m in members if m.words}
    if not changed:
        return {}
    kept = {m.unit.evidence.line for m in members}
    written, files = list[str](), dict[str, str]()
    for number, line in enumerate(text.splitlines(), 1):
        name, _, command = line.partition(":")
        if name not in lines:
            continue
        if number in changed:
            script, files[script] = script_of(changed[number])
            command = f" exec /bin/sh {script}"
        elif number not in kept:
            command = " true"
        elif any(looks_secret(*word.partition("=")[::2]) for word in command.split() if "=" in word):
            return None
        written.append(f"{name}:{command}")
    return {path: "\n".join(written) + "\n", **files}
