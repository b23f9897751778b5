"""A file that splitter made and people went on with, brought up to date: what they added stays, byte for byte."""

from collections.abc import Mapping
from dataclasses import dataclass

from splitter.compose.marks import SUM, checksum, is_list, leaves, mark, shape
from splitter.errors import SplitterError
from splitter.yamltext import Document, Node, Path, dotted

NOTHING = "null"
HINT = "move it into docker-compose.override.yml, or take it out, and run again"


def saved_answers(text: str, name: str = "the file") -> Mapping[str, str] | None:
    """The answers under `x-splitter:`; None where the file has no such key and so is not splitter's."""
    document = Document.parse(text, name)
    if document.get(("x-splitter",)) is None:
        return None
    answers = document.get(("x-splitter", "answers"))
    if answers is None:
        return {}
    bad = next((str(k) for k, v in answers.items() if v.kind != "scalar"), None)
    if answers.kind != "mapping" or bad is not None:
        raise SplitterError("the answers are not a mapping of texts", "answers: {QUESTION: ANSWER}", name)
    return {str(k): v.text.replace("$$", "$") for k, v in answers.items()}


def merge(before: str, new: str, name: str = "the file") -> str:
    """What `new` says, in the file as it is. Raises SplitterError where something would be lost."""
    old = Document.parse(before, name)
    wrote = (old.text(("x-splitter", "wrote")) or "").split()
    ends = "\r\n" if "\r\n" in before else "\n"
    if wrote and len(wrote[0]) == SUM and wrote[0] == checksum(before):
        return ("\ufeff" if before.startswith("\ufeff") else "") + new.replace("\n", ends)
    merger = _Merger(old, Document.parse(new), frozenset(wrote), name, ends)
    merger.mapping(old.root, merger.new.root, ())
    merged = merger.old.edited()
    _prove(merged, merger, name)
    return merged


@dataclass
class _Merger:
    old: Document
    new: Document
    wrote: frozenset[str]
    name: str
    ends: str

    def mine(self, path: Path, value: str) -> bool:
        """Whether splitter wrote this very value here."""
        return path[0] == "x-splitter" or mark(path, value) in self.wrote

    def foreign(self, node: Node, path: Path) -> list[Path]:
        """The values below that a person wrote."""
        return [p for p, value in leaves(node, path) if not self.mine(p, value)]

    def mapping(self, old: Node, new: Node, path: Path) -> None:
        had, wants = dict(old.items()), dict(new.items())
        last: Path | None = None
        pending: list[Path] = []
        for key, value in wants.items():
            here = (*path, key)
            if key not in had:
                pending.append(here)
                continue
            self.insert(pending, path, before=here, after=last)
            pending = []
            self.value(had[key], value, here)
            last = here
        self.insert(pending, path, before=None, after=last)
        for key, value in had.items():
            if key not in wants:
                self.leave(value, (*path, key))

    def value(self, old: Node, new: Node, path: Path) -> None:
        if old.kind == new.kind == "mapping" and old.values and new.values:
            self.mapping(old, new, path)
        elif shape(old) == shape(new) or (old.kind == "mapping" and shape(new) == NOTHING):
            return
        elif is_list(old, path) and is_list(new, path):
            self.items(old, new, path)
        else:
            added = [p for p in self.foreign(old, path) if p != path] if old.kind == "mapping" else []
            if is_list(old, path):
                added = self.foreign(old, path)
            if added:
                what = f"{dotted(added[0])} was added by hand where splitter now writes another {dotted(path)}"
                raise SplitterError(what, HINT, self.name)
            self.replace(path)

    def items(self, old: Node, new: Node, path: Path) -> None:
        """A list whose items stand for themselves: a person's stay, splitter's are renewed."""
        wants = [shape(v) for v in new.values]
        has = [shape(v) for v in old.values]
        keep = [i for i, s in enumerate(has) if s in wants or not self.mine((*path, "[]"), s)]
        fresh = [i for i, s in enumerate(wants) if s not in has]
        for i in range(len(has)):
            if i not in keep:
                self.cut((*path, i))
        if fresh:
            text = "".join(self.lines_of((*path, i), self.old.indent(path)) for i in fresh)
            _, end = self.old.lines((*path, len(has) - 1))
            self.put(end, text)

    def leave(self, node: Node, path: Path) -> None:
        """What the new text lacks: a person's own stays, splitter's goes."""
        added = self.foreign(node, path)
        written = [p for p, _ in leaves(node, path) if p not in added]
        if not written:
            return
        if not added:
            self.cut(path)
        elif node.kind == "mapping" and not (len(path) == 2 and path[0] == "services") and len(path) > 1:
            for key, value in node.items():
                self.leave(value, (*path, key))
        elif is_list(node, path):
            for i, value in enumerate(node.values):
                if self.mine((*path, "[]"), shape(value)):
                    self.cut((*path, i))
        else:
            what = f"{dotted(path)} is not needed any more, but {dotted(added[0])} in it was added by hand"
            raise SplitterError(what, HINT, self.name)

    def replace(self, path: Path) -> None:
        start, end = self.old.lines(path)
        self.old = self.old.splice(start, end, self.lines_of(path, self.old.indent(path[:-1])))

    def cut(self, path: Path) -> None:
        start, end = self.old.lines(path)
        lead = self.old.lead(path)
        above = self.old.source[lead:start].splitlines()
        if above and all(self.mine(("#",), line.strip(" \ufeff")) for line in above):
            start = lead
        self.old = self.old.splice(start, end, "")

    def insert(self, paths: list[Path], parent: Path, before: Path | None, after: Path | None) -> None:
        if not paths:
            return
        indent = self.old.indent(parent)
        text = "".join(self.block_of(p, indent) for p in paths)
        if after is not None:
            at = self.old.lines(after)[1]
        elif before is not None:
            at = self.old.lead(before)
        else:
            parts = self.old.get(parent)
            assert parts is not None
            last = list(parts.items())[-1][0]
            at = self.old.lines((*parent, last))[1]
        self.put(at, text)

    def put(self, at: int, text: str) -> None:
        if at and not self.old.source[:at].endswith("\n"):
            text = self.ends + text
        self.old = self.old.splice(at, at, text)

    def block_of(self, path: Path, indent: int) -> str:
        """An entry of the new text with the comments above it, and a blank line where that layout has one."""
        start, end = self.new.lead(path), self.new.lines(path)[1]
        text = self.new.source[start:end]
        apart = len(path) == 1 or (len(path) == 2 and path[0] == "services")
        return ("" if not apart else self.ends) + self.shifted(text, self.new.indent(path[:-1]), indent)

    def lines_of(self, path: Path, indent: int) -> str:
        start, end = self.new.lines(path)
        return self.shifted(self.new.source[start:end], self.new.indent(path[:-1]), indent)

    def shifted(self, text: str, was: int, to: int) -> str:
        lines = [" " * to + line[was:] if line.strip() else line for line in text.splitlines()]
        return "".join(line + self.ends for line in lines)


def _prove(merged: str, merger: _Merger, name: str) -> None:
    """Read the result again: all that was wanted is there, and all that a person wrote."""
    document = Document.parse(merged, name)
    got = set(leaves(document.root))
    for path, value in leaves(merger.new.root):
        if (path, value) not in got and value != NOTHING:
            raise SplitterError(f"{dotted(path)} could not be merged", HINT, name)
    wants = {p for p, _ in leaves(merger.new.root)}
    for path, value in leaves(merger.old.root):
        if not merger.mine(path, value) and (path, value) not in got and path not in wants:
            raise SplitterError(f"{dotted(path)} would be lost", HINT, name)
