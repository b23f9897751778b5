"""s6-overlay's /init with some of its services: the definitions of the others are taken out before it reads them.

A folder of services.d, a script of cont-init.d and a file of fix-attrs.d is removed. A definition of s6-rc becomes a
bundle of what it depended on: so all that depends on it, and the bundles that name it, hold as they are, and the order
stays. /init must be the first process, which it is by `exec`. Sources: as those of `s6`, and s6-rc-compile for bundles.
"""

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from splitter.managers._keep import Kept, Member, placed
from splitter.managers._s6_rc import Definitions
from splitter.model.facts import Process


@dataclass(frozen=True)
class Overlay:
    """What one /init starts: its processes as they were read, the definitions of s6-rc, and the folder of its own."""

    process: Process
    started: Sequence[Process]
    rc: Definitions
    etc: str


def part(members: Sequence[Member], whole: Overlay) -> Kept:
    """/init with these programs, and with the steps among the members."""
    kept = {m.unit.evidence.path for m in members}
    # With the container's environment, which s6-overlay keeps from its services.
    changed = [replace(m, words=("with-contenv", *m.words)) if m.words else m for m in members]
    command = next((m for m in changed if _is_command(m.unit, whole.process)), None)
    lines = [*_removed(whole, kept), *_bundles(whole, kept)]
    lines += placed([m for m in changed if m is not command], lambda m: posixpath.dirname(m.unit.evidence.path))
    init, *words = whole.process.command.argv
    if command is None:
        words = []
    elif command.words:
        lines.append("export S6_CMD_ARG0=")
        words = list(command.words)
    lines.append(f"exec {shlex.join((init, *words))}")
    steps = [m for m in members if m.step]
    left = any(p.lifetime == "job" and not p.off and p.evidence.path not in kept for p in whole.started)
    # What a script that now runs before /init would have given to all services.
    env = {k: v for m in members if not m.step for k, v in m.unit.env.items() if whole.process.env.get(k) != v}
    return Kept(
        ("/bin/sh", "-c", "\n".join(lines)),
        env=env if left else {},
        first=True,
        steps=frozenset(m.name for m in steps),
    )


def _is_command(unit: Process, process: Process) -> bool:
    """Whether a program is the command that /init was given."""
    words = process.command.argv[1:]
    return bool(words) and unit.command.argv[-len(words) :] == words


def _removed(whole: Overlay, kept: set[str]) -> Iterator[str]:
    """The line that takes away what stands in the old folders and is not kept."""
    gone: dict[str, None] = {}
    for one in whole.started:
        path = one.evidence.path
        name = posixpath.relpath(path, f"{whole.etc}/services.d").split("/")[0]
        folder = f"{whole.etc}/services.d/{name}"
        if path.startswith(f"{whole.etc}/services.d/"):
            if f"{folder}/run" not in kept:
                gone[folder] = None
        elif path not in kept and path.startswith((f"{whole.etc}/cont-init.d/", f"{whole.etc}/fix-attrs.d/")):
            gone[path] = None
    if gone:
        yield f"rm -rf {shlex.join(gone)}"


def _bundles(whole: Overlay, kept: set[str]) -> Iterator[str]:
    """The lines that make bundles of the definitions that are not kept."""
    rc = whole.rc
    names = {
        p.name: p
        for p in whole.started
        if rc.folder(p.name) and posixpath.dirname(p.evidence.path) == rc.folder(p.name)
    }
    stay = {n for n, p in names.items() if p.evidence.path in kept}
    stay |= {reader for n in stay for reader in _readers(n, rc)}
    gone = [n for n in names if n not in stay]
    for folder in rc.folders:
        here = [n for n in gone if posixpath.dirname(rc.folder(n)) == folder]
        for style, old in ((True, "dependencies.d"), (False, "dependencies")):
            listed = [n for n in here if rc.image.is_file(f"{folder}/{n}/dependencies") is not style]
            if listed:
                yield f"for one in {shlex.join(listed)}; do"
                yield f"  one={shlex.quote(folder)}/$one"
                yield f"""  {"mkdir -p" if style else "touch"} "$one/{old}\""""
                yield f"""  ln -sfn {old} "$one/{old.replace("dependencies", "contents")}\""""
                yield '  echo bundle > "$one/type"'
                yield "done"
    yield from _pipelines(rc, stay, set(gone))


def _readers(name: str, rc: Definitions) -> Iterator[str]:
    """What gets the output of a service, and what gets the output of that."""
    waiting, seen = list(rc.listed(name, "producer-for")), set[str]()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            yield one
            waiting += rc.listed(one, "producer-for")


def _pipelines(rc: Definitions, stay: set[str], gone: set[str]) -> Iterator[str]:
    """The lines that give a reader only those writers that are left, and keep the names of pipelines."""
    for name in sorted(stay):
        writers = rc.listed(name, "consumer-for")
        left = [w for w in writers if w not in gone]
        path = shlex.quote(f"{rc.folder(name)}/consumer-for")
        if left and len(left) < len(writers):
            yield f"printf '%s\\n' {shlex.join(left)} > {path}"
        elif writers and not left:
            yield f"rm -f {path} {shlex.quote(f'{rc.folder(name)}/pipeline-name')}"
    for bundle, parts in sorted(rc.pipelines.items()):
        last = next((p for p in parts if rc.listed(p, "consumer-for") and not rc.listed(p, "producer-for")), "")
        if last in stay and any(w not in gone for w in rc.listed(last, "consumer-for")):
            continue
        here = f"{rc.folders[0]}/{bundle}"
        yield f"mkdir -p {shlex.quote(here)}/contents.d"
        for name in (p for p in parts if p in stay):
            yield f"touch {shlex.quote(f'{here}/contents.d/{name}')}"
        yield f"echo bundle > {shlex.quote(here)}/type"
