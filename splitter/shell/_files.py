"""File commands on the tree that is known: mkdir, ln, cp, mv, rsync, rm, chmod, chown, touch, install."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image, Node, text_node
from splitter.shell.arguments import Arguments, NotKnown, absolute, arguments, new_mode, owner
from splitter.shell.calls import Word

MAX_ENTRIES = 20_000  # of one recursive command


@dataclass
class Work:
    """One call at work: the files before it, what it changes, and the text on its standard input (None: not known)."""

    files: Image
    cwd: str
    origin: Evidence
    env: Mapping[str, str]
    posix_echo: bool = False
    stdin: str | None = ""
    changes: dict[str, Node | None] = field(default_factory=dict)
    touched: bool = False

    def path(self, operand: str) -> str:
        """An operand as a path with the links above its last name followed."""
        real = self.files.resolve(absolute(operand, self.cwd), last=False)
        if isinstance(real, Gap):
            raise NotKnown(real.what)
        return real

    def followed(self, path: str) -> str:
        """The path with its last name followed too."""
        real = self.files.resolve(path)
        if isinstance(real, Gap):
            raise NotKnown(real.what)
        return real

    def at(self, path: str) -> Node | None:
        """What stands at the path now, the last name not followed."""
        return self.changes[path] if path in self.changes else self.files.tree.lookup(path)

    def is_dir(self, path: str) -> bool:
        node = self.at(self.followed(path))
        return node is not None and node.kind == "dir"

    def put(self, path: str, node: Node | None) -> None:
        self.changes[path] = node
        self.touched = True

    def write(self, path: str, text: str | None, *, append: bool = False) -> None:
        """A file with this text (None: not known), or what is there with this text after it."""
        path = self.followed(self.path(path))
        old = self.at(path)
        mode = old.mode if old is not None and old.kind == "file" else 0o644
        if append and text is not None and old is not None and old.kind == "file":
            before = self.text(path)
            text = before + text if before is not None else None
        if text is not None and len(text) > MAX_ENTRIES * 100:
            text = None
        self.put(path, text_node(text, mode, self.origin) if text is not None else unread_node(self.origin, mode))

    def text(self, path: str) -> str | None:
        """A file's text, None where it is not known."""
        if path in self.changes:
            return _own(self.changes[path])
        text = self.files.read(path)
        return text if isinstance(text, str) else None

    def below(self, path: str) -> Iterator[str]:
        """A path and all that is known below it, links not followed."""
        count, todo = 0, [path]
        while todo:
            here = todo.pop()
            yield here
            count += 1
            if count > MAX_ENTRIES:
                raise NotKnown("too many files")
            todo += [posixpath.join(here, name) for name in reversed(self.files.tree.children(here))]


def _own(node: Node | None) -> str | None:
    if node is None or node.data is None:
        return None
    try:
        return node.data().decode()
    except (OSError, UnicodeDecodeError):
        return None


def unread_node(origin: Evidence, mode: int = 0o644) -> Node:
    """A file that is there and whose text is not known."""

    def data() -> bytes:
        raise OSError(f"written when {origin} runs")

    return Node("file", mode, data=data, origin=origin)


def mkdir(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="m", long=("mode",))
    mode = new_mode(got.value("m", "mode") or "755", 0o777, folder=True)
    for path in _paths(work, got):
        if work.at(path) is None:
            work.put(path, Node("dir", mode, origin=work.origin))
    return _done(work)


def touch(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="drt", long=("date", "reference", "time"))
    for path in _paths(work, got):
        path = work.followed(path)
        if work.at(path) is None and not got.has("c", "no-create"):
            work.put(path, text_node("", origin=work.origin))
    return _done(work)


def rm(work: Work, words: tuple[Word, ...]) -> str:
    for path in _paths(work, arguments(words)):
        if path != "/" and work.at(path) is not None:
            work.put(path, None)
    return _done(work)


def rmdir(work: Work, words: tuple[Word, ...]) -> str:
    for path in _paths(work, arguments(words)):
        if path != "/" and work.is_dir(path) and not work.files.tree.children(path):
            work.put(path, None)
    return _done(work)


def ln(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="tS", long=("target-directory", "suffix"))
    into, sources = _destination(work, got)
    for source, path in _each(work, sources, into):
        if not got.has("s", "symbolic"):
            node = work.at(work.followed(work.path(source)))
            if node is None or node.kind == "dir":
                raise NotKnown("a hard link")
            work.put(path, node)
            continue
        if got.has("r", "relative"):
            source = posixpath.relpath(absolute(source, work.cwd), posixpath.dirname(path))
        work.put(path, Node("link", 0o777, target=source, origin=work.origin))
    return _done(work)


def cp(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="tS", long=("target-directory", "suffix"))
    deep = got.has("r", "R", "a", "recursive", "archive")
    keep = got.has("P", "d", "a", "no-dereference", "archive") or (deep and not got.has("L", "H", "dereference"))
    into, sources = _destination(work, got)
    for source, path in _each(work, sources, into):
        contents = source.endswith("/.") or source == "."
        real = work.path(source) if keep and not source.endswith("/") else work.followed(work.path(source))
        node = work.at(real)
        if node is None:
            raise NotKnown("a file that is not at hand")
        if node.kind == "dir" and not deep:
            continue
        if contents and work.is_dir(into[0]):
            path = work.followed(work.path(into[0]))
        if got.has("n", "no-clobber") and work.at(path) is not None and node.kind != "dir":
            continue
        _copy(work, real, path, follow=got.has("L", "dereference"))
    return _done(work)


def mv(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="tS", long=("target-directory", "suffix"))
    into, sources = _destination(work, got)
    for source, path in _each(work, sources, into):
        real = work.path(source)
        if work.at(real) is None:
            raise NotKnown("a file that is not at hand")
        if real != path:
            _copy(work, real, path)
            work.put(real, None)
    return _done(work)


def rsync(work: Work, words: tuple[Word, ...]) -> str:
    """From one folder of this machine into another: with a `/` behind it, what is in the folder goes and not itself."""
    got = arguments(words, takes="eTfB@M", long=("rsh", "chmod", "chown", "info", "log-file", "timeout"))
    if got.has("n", "dry-run", "delete", "exclude", "exclude-from", "include", "filter", "f", "files-from"):
        raise NotKnown("a choice of files")
    *sources, into = got.known() or [""]
    if not sources or any(":" in one.split("/", 1)[0] for one in (*sources, into)):
        raise NotKnown("another machine")
    deep = got.has("a", "r", "archive", "recursive")
    target = work.path(into)
    for source in sources:
        real = work.followed(work.path(source))
        node = work.at(real)
        if node is None or (node.kind == "dir" and not deep):
            raise NotKnown("a file that is not at hand")
        inside = into.endswith("/") or len(sources) > 1 or work.is_dir(target)
        name = posixpath.basename(real)
        if node.kind != "dir":
            _copy(work, real, posixpath.join(target, name) if inside else target)
        elif not source.endswith(("/", "/.")):
            _copy(work, real, posixpath.join(target, name))
        else:
            for child in work.files.tree.children(real):
                _copy(work, posixpath.join(real, child), posixpath.join(target, child))
    return _done(work)


def install(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="mogtS", long=("mode", "owner", "group", "target-directory", "suffix"))
    mode = new_mode(got.value("m", "mode") or "755", 0o600)
    uid, gid = owner(f"{got.value('o', 'owner') or ''}:{got.value('g', 'group') or ''}", work.files)
    if got.has("d", "directory"):
        for path in _paths(work, got):
            work.put(path, Node("dir", mode, uid or 0, gid or 0, origin=work.origin))
        return _done(work)
    into, sources = _destination(work, got)
    for source, path in _each(work, sources, into):
        node = work.at(work.followed(work.path(source)))
        if node is None or node.kind != "file":
            raise NotKnown("a file that is not at hand")
        work.put(path, replace(node, mode=mode, uid=uid or 0, gid=gid or 0))
    return _done(work)


def chmod(work: Work, words: tuple[Word, ...]) -> str:
    # A mode like -x stands where an option would.
    mode_first = [w for w in words if w.text[:1] == "-" and w.text[1:] and all(c in "rwxXst" for c in w.text[1:])]
    got = arguments(tuple(w for w in words if w not in mode_first))
    rest = [*mode_first[:1], *got.operands]
    if not rest or not rest[0].known:
        raise NotKnown("a mode")
    operands = Arguments(got.options, rest[1:])
    new_mode(rest[0].text, 0)

    def changed(node: Node) -> Node:
        return replace(node, mode=new_mode(rest[0].text, node.mode, node.kind == "dir"))

    return _each_node(work, operands, changed)


def chown(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, long=("reference", "from"))
    if not got.operands:
        raise NotKnown("an owner")
    who = got.operands[0]
    uid, gid = owner(who.text, work.files) if who.known else (None, None)
    return _each_node(work, Arguments(got.options, got.operands[1:]), _owned(uid, gid))


def chgrp(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words)
    if not got.operands:
        raise NotKnown("a group")
    who = got.operands[0]
    _, gid = owner(":" + who.text, work.files) if who.known else (None, None)
    return _each_node(work, Arguments(got.options, got.operands[1:]), _owned(None, gid))


def _owned(uid: int | None, gid: int | None) -> Callable[[Node], Node]:
    def changed(node: Node) -> Node:
        return replace(node, uid=node.uid if uid is None else uid, gid=node.gid if gid is None else gid)

    return changed


def _each_node(work: Work, got: Arguments, changed: Callable[[Node], Node]) -> str:
    for path in _paths(work, got):
        real = work.followed(path)
        paths = work.below(real) if got.has("R", "recursive") else iter((real,))
        for one in paths:
            node = work.at(one)
            if node is not None and node.kind != "link" and (new := changed(node)) != node:
                work.put(one, new)
    return _done(work)


def _paths(work: Work, got: Arguments) -> list[str]:
    """The operands that are known, as paths. Raises NotKnown where none is."""
    known = [word.text for word in got.operands if word.known]
    if got.operands and not known:
        raise NotKnown("an operand")
    return [work.path(operand) for operand in known]


def _destination(work: Work, got: Arguments) -> tuple[tuple[str, bool], list[str]]:
    """Where things go, and whether they go into it as into a folder; and what goes."""
    operands = got.known()
    folder = got.value("t", "target-directory")
    if folder is not None:
        return (folder, True), operands
    if len(operands) == 1 and operands[0]:
        # `ln -s TARGET` alone makes the link in the working folder.
        return (".", True), operands
    if len(operands) < 2:
        raise NotKnown("operands")
    into = operands.pop()
    path = work.path(into)
    if got.has("T", "no-target-directory"):
        return (into, False), operands
    node = work.at(path)
    # `ln -n` takes a link to a folder for the file that it is.
    bare = got.has("s") and got.has("n", "no-dereference") and node is not None and node.kind == "link"
    return (into, into.endswith("/") or len(operands) > 1 or (not bare and work.is_dir(path))), operands


def _each(work: Work, sources: list[str], into: tuple[str, bool]) -> Iterator[tuple[str, str]]:
    where, inside = into
    path = work.path(where)
    for source in sources:
        if inside:
            name = posixpath.basename(posixpath.normpath(source))
            yield source, posixpath.normpath(posixpath.join(work.followed(path), name))
        else:
            yield source, path


def _copy(work: Work, source: str, path: str, *, follow: bool = False) -> None:
    if path == source or path.startswith(source.rstrip("/") + "/"):
        raise NotKnown("a copy into itself")
    for one in work.below(source):
        node = work.at(work.followed(one) if follow else one)
        if node is None:
            continue
        target = path + one[len(source.rstrip("/")) :] if one != source else path
        if node.kind == "dir" and (here := work.at(target)) is not None and here.kind == "dir":
            continue
        if one == source and node.kind != "dir":
            target = work.followed(path)
        work.put(target, node)


def _done(work: Work) -> str:
    work.touched = True
    return ""


COMMANDS = {
    "mkdir": mkdir, "touch": touch, "rm": rm, "unlink": rm, "rmdir": rmdir, "ln": ln, "link": ln, "cp": cp, "mv": mv,
    "rsync": rsync, "install": install, "chmod": chmod, "chown": chown, "chgrp": chgrp,
}  # fmt: skip
