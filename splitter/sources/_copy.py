"""COPY and ADD: files of the context, of another stage, or written in the Dockerfile itself, laid into a stage."""

import contextlib
import fnmatch
import os
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from splitter.model.facts import Evidence, Gap
from splitter.model.image import Config, Image, Tree, normal, text_node
from splitter.shell.arguments import NotKnown, new_mode, owner
from splitter.sources._context import Change, ContextTree, Graft
from splitter.sources._ignore import Ignore, glob_regex
from splitter.sources._parse import Instruction
from splitter.sources._project import elsewhere
from splitter.sources._stage import Stage
from splitter.sources._unpack import unpack

MAX_MEMBERS = 20_000


@dataclass(frozen=True)
class Origin:
    """Where a COPY takes from: a tree, and whether all of it is known."""

    tree: Tree
    name: str
    complete: bool = True
    folder: str = ""


def copy(stage: Stage, one: Instruction, origin: Origin) -> None:
    """Do a COPY or ADD. What is not there is a gap of the stage, or taken down as not known."""
    *sources, into = one.words
    into = stage.place(one, into)
    docs = list(one.docs)
    change = _change(stage, one)
    files = Image("", Config(), origin.tree)
    several = len(sources) > 1 or into.endswith(("/", "/.")) or into in (".", "")
    target = _resolved(stage, normal(posixpath.join(stage.config.workdir or "/", into)))
    first = one.end - sum(text.count("\n") + 1 for _, text in docs)
    for source in sources:
        if docs and _is_doc(source):
            name, text = docs.pop(0)
            first = _document(stage, one, source, name, text, target, several, change, first + 1)
            continue
        source = stage.place(one, source)
        if one.name == "ADD" and _remote(source):
            stage.not_known(one, f"ADD {source}")
            continue
        found = _matches(files, source)
        if not found and not _around(stage, one, source, target, several, change, origin):
            _absent(stage, one, source, origin)
        for path in found:
            _lay(stage, one, files, path, source, target, several or len(found) > 1, change, origin)


def _lay(stage: Stage, one: Instruction, files: Image, path: str, source: str, target: str, several: bool,
         change: Change, origin: Origin) -> None:  # fmt: skip
    real = files.resolve(path)
    node = files.tree.lookup(real) if isinstance(real, str) else None
    if isinstance(real, Gap) or node is None:
        stage.gap(f"{one.name} {source}: {real.what if isinstance(real, Gap) else 'a link that leads nowhere'}", one)
        return
    if one.flag("parents") is not None:
        pivot = "/./" in source
        shown = path.lstrip("/")
        below = shown[len(normal(source.partition("/./")[0]).strip("/")) :].lstrip("/") if pivot else shown
        target, several = posixpath.join(target, posixpath.dirname(below) if node.kind != "dir" else below), True
    if node.kind == "dir":
        stage.tree.graft(_resolved(stage, target), Graft(files.tree, real, change))
        if not origin.complete:
            stage.not_known(one, f"COPY --from={origin.name} {source}")
        return
    if change.exclude and change.exclude(posixpath.basename(path)):
        return
    local = one.name == "ADD" and origin.folder and node.kind == "file" and one.flag("unpack") != "false"
    if local and unpack(stage, one, os.path.join(origin.folder, real[1:]), target):
        return
    inside = several or stage.image().is_dir(target)
    name = posixpath.join(target, posixpath.basename(path)) if inside else target
    stage.tree.put(name, change(node))


def _resolved(stage: Stage, path: str) -> str:
    real = stage.image().resolve(path)
    return real if isinstance(real, str) else path


def _change(stage: Stage, one: Instruction) -> Change:
    chown, chmod = one.flag("chown"), one.flag("chmod")
    image = stage.image()
    ids = None
    if chown:
        uid, gid = owner(stage.place(one, chown), image)
        # A user alone is its group too (Dockerfile reference, COPY --chown).
        ids = (uid or 0, gid if gid is not None else uid or 0)
    mode = None
    if chmod:
        try:
            mode = new_mode(stage.place(one, chmod), 0o644)
        except NotKnown:
            stage.gap(f"--chmod={chmod} is no mode", one)
    return Change(ids, mode, _excluder([stage.place(one, e) for e in one.all("exclude")]))


def _excluder(patterns: list[str]) -> Callable[[str], bool] | None:
    if not patterns:
        return None
    regexes = []
    for pattern in patterns:
        with contextlib.suppress(re.error):
            regexes.append(re.compile(glob_regex(posixpath.normpath(pattern).lstrip("/")), re.DOTALL))

    def excluded(path: str) -> bool:
        return any(r.fullmatch(path) for r in regexes)

    return excluded


def _is_doc(word: str) -> bool:
    return word.lstrip("0123456789").startswith("<<")


def _document(stage: Stage, one: Instruction, word: str, name: str, text: str, target: str, several: bool,
              change: Change, line: int) -> int:  # fmt: skip
    """Write a here-document; the line at which the next one begins."""
    after = line + text.count("\n")
    mark = word.lstrip("0123456789").removeprefix("<<")
    if mark.startswith("-"):
        mark = mark[1:]
        text = "".join(one.lstrip("\t") for one in text.splitlines(keepends=True))
    if mark == name:
        text = stage.word(one, text, quotes=False)
    path = posixpath.join(target, name) if several or stage.image().is_dir(target) else target
    stage.tree.put(path, change(text_node(text, origin=Evidence(stage.at, line))))
    return after


def _remote(source: str) -> bool:
    head = source.partition("#")[0]
    return source.startswith(("http://", "https://", "git@", "git://", "ssh://")) or (
        head.endswith(".git") and ":" in head
    )


def _around(
    stage: Stage, one: Instruction, source: str, target: str, several: bool, change: Change, origin: Origin
) -> bool:
    """Take what is not in the context from the project around it, with a gap that says so."""
    if not origin.folder or not isinstance(origin.tree, ContextTree) or origin.tree.left_out(normal(source)):
        return False
    place = elsewhere(origin.folder, source)
    if place is None:
        return False
    folder, shown = place
    other = Origin(ContextTree(folder, Ignore([])), shown, folder=folder)
    _lay(stage, one, Image("", Config(), other.tree), normal(source), source, target, several, change, other)
    stage.gap(f"{one.name} {source}: not in the context; read from {shown} of the project around it", one)
    return True


def _absent(stage: Stage, one: Instruction, source: str, origin: Origin) -> None:
    if not origin.complete:
        stage.not_known(one, f"COPY --from={origin.name} {source}")
        return
    ignored = isinstance(origin.tree, ContextTree) and origin.tree.left_out(normal(source))
    what = "left out by .dockerignore" if ignored else f"not in {origin.name}"
    stage.gap(f"{one.name} {source}: {what}", one)


def _matches(files: Image, source: str) -> list[str]:
    """The paths that a source names, `*`, `?` and `[...]` as Go's filepath.Match has them (they match dots too)."""
    found = ["/"]
    for part in (p for p in normal(source).split("/") if p):
        if part == "**":
            found = [below for path in found for below in _folders(files, path)]
        elif any(char in part for char in "*?["):
            pattern = part.replace("[^", "[!")
            found = [posixpath.join(f, n) for f in found for n in files.names(f) if fnmatch.fnmatchcase(n, pattern)]
        else:
            part = part.replace("\\", "")
            found = [p for f in found if files.node(p := posixpath.join(f, part)) or files.tree.lookup(p)]
        if len(found) > MAX_MEMBERS:
            return found[:MAX_MEMBERS]
    return found


def _folders(files: Image, path: str) -> list[str]:
    found = [path]
    for here in found:
        if len(found) > MAX_MEMBERS:
            break
        for name in files.tree.children(here):
            node = files.tree.lookup(posixpath.join(here, name))
            if node is not None and node.kind == "dir":
                found.append(posixpath.join(here, name))
    return found
