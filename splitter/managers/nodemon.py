"""nodemon runs one program and starts it again when a file changes; what runs is that program.

`--exec` names what runs the script; without it a `.js` runs by node, a `.ts` by ts-node, others as nodemon.json says
(nodemon's lib/config/defaults.js).
"""

import json
import posixpath
import shlex

from splitter.managers._launch import name_of, shell, under, unfronted
from splitter.managers._packages import Package, read
from splitter.model.facts import Command, Gap, Process
from splitter.model.image import Image

VALUED = frozenset(("-w", "--watch", "-i", "--ignore", "-e", "--ext", "-x", "--exec", "-d", "--delay", "-s", "--signal",
                    "-C", "--config", "--cwd", "-I"))  # fmt: skip
EXECS = {".js": "node", ".mjs": "node", ".cjs": "node", ".ts": "ts-node", ".py": "python", ".rb": "ruby",
         ".coffee": "coffee", ".pl": "perl", ".sh": "sh"}  # fmt: skip


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = unfronted(process.command.argv)
    if not argv or posixpath.basename(argv[0]) != "nodemon" or {"-h", "--help", "-v", "--version"} & {*argv[1:2]}:
        return None
    options: dict[str, str] = {}
    flags: list[str] = []
    words = argv[1:]
    while words and words[0].startswith("-") and words[0] != "--":
        name, equals, value = words[0].partition("=")
        if name in VALUED:
            options[name] = value if equals else (words[1] if len(words) > 1 else "")
            words = words[1:] if equals else words[2:]
        else:
            if name != "-V" and name not in ("--verbose", "--quiet", "-q", "--legacy-watch", "-L"):
                flags.append(words[0])
            words = words[1:]
    words = words[1:] if words[:1] == ("--",) else words
    # An option of nodemon's may also follow the script.
    at = next((i for i, w in enumerate(words) if w in ("--exec", "-x")), -1)
    if at > 0 and at + 1 < len(words) and not options:
        options[words[at]], words = words[at + 1], (*words[:at], *words[at + 2 :])
    folder = under(process, image, options.get("--cwd", ""))
    text = options.get("-x") or options.get("--exec") or _configured(folder, image)
    if not words and (script := _main(folder, image)):
        words = (script,)
    line = " ".join((text, *flags, *map(shlex.quote, words))) if text else ""
    if not text and words:
        text = EXECS.get(posixpath.splitext(words[0])[1], "node")
        line = " ".join((text, *flags, *map(shlex.quote, words)))
    if not line:
        if process.via[-1:] == ("nodemon",):
            return None
        return [process, Gap("nodemon is not told what to run, and package.json names no main", process.evidence)]
    named = process.via and process.name != "nodemon"
    child = Process(
        name=process.name if named else name_of(shell(line)),
        command=Command(shell(line)),
        evidence=process.evidence,
        workdir=folder if options.get("--cwd") else "",
        notes=("nodemon starts it again when a file changes; the split runs the program alone",),
    )
    return [child]


def _configured(folder: str, image: Image) -> str:
    """`exec` of nodemon.json, or of nodemonConfig in package.json."""
    for name, key in (("nodemon.json", ""), ("package.json", "nodemonConfig")):
        text = image.read(posixpath.join(folder, name))
        try:
            value = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            continue
        value = value.get(key) if key and isinstance(value, dict) else value
        if isinstance(value, dict) and isinstance(value.get("exec"), str):
            return str(value["exec"])
    return ""


def _main(folder: str, image: Image) -> str:
    package = read(posixpath.join(folder, "package.json"), image)
    text = image.read(posixpath.join(folder, "package.json"))
    if not isinstance(package, Package) or not isinstance(text, str):
        return ""
    main = json.loads(text.removeprefix("\ufeff")).get("main")
    return main if isinstance(main, str) else ""
