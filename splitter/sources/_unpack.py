"""A local archive that ADD lays open in a stage: entry by entry, bounded, and nothing outside of its target."""

import posixpath
import tarfile
from dataclasses import replace
from functools import partial

from splitter.errors import SplitterError
from splitter.model.image import MAX_TEXT, normal
from splitter.sources._parse import Instruction
from splitter.sources._stage import Stage
from splitter.sources._store import DAMAGE, Careful, unpacked
from splitter.sources._tar import Cut, content, entries, is_text, node_of
from splitter.sources.rootfs import open_regular

MAX_MEMBERS = 20_000
MAX_KEPT = 64 << 20  # of texts
MAX_SIZE = 4 << 30


def unpack(stage: Stage, one: Instruction, path: str, target: str) -> bool:
    """Lay the archive open; False where it is none, and then it is a file like others."""
    try:
        with open_regular(path) as raw:
            file = Careful(unpacked(raw, path), MAX_SIZE)
            with tarfile.open(fileobj=file, mode="r:") as tar:
                _members(stage, one, tar, target)
    except Cut:
        stage.gap("an archive that unpacks to an absurd size; the rest was not read", one)
    except SplitterError as error:
        stage.gap(error.message, one)
        stage.not_known(one, f"ADD {posixpath.basename(path)}")
    except DAMAGE:
        return False
    return True


def _members(stage: Stage, one: Instruction, tar: tarfile.TarFile, target: str) -> None:
    room = MAX_KEPT
    for count, member in enumerate(entries(tar)):
        if count >= MAX_MEMBERS:
            stage.gap(f"more than {MAX_MEMBERS} files in the archive; the rest was not read", one)
            break
        if not (is_text(member.name) and is_text(member.linkname)):
            stage.gap("a name in the archive that is not UTF-8, left out", one)
            continue
        at = normal(posixpath.join(target, normal(member.name)[1:]))
        if member.islnk():
            source = stage.tree.lookup(normal(posixpath.join(target, normal(member.linkname)[1:])))
            if source is not None and source.kind != "dir":
                stage.tree.put(at, source)
            continue
        node = replace(node_of(member), origin=stage.evidence(one))
        if member.isreg() and not member.issparse() and member.size <= min(MAX_TEXT, room):
            raw = content(tar, member, MAX_TEXT)
            room -= len(raw)
            node = replace(node, data=partial(bytes, raw))
        stage.tree.put(at, node)
