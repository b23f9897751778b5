"""Ruby by its tokens: the classes of SysVIPC, SysvMQ and POSIX::Mqueue, and files below /dev/shm.

What `require_relative` and `require "./x"` name is read in; what Rails loads by the name of a class is not known to be
run by anybody.
"""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.inspection._ipc import Kind
from splitter.inspection._rbvalue import Scope, expression
from splitter.inspection._tokens import Token, tokens
from splitter.inspection.sharing import Inclusions, Made, Sharing, Source, Value, below_shm, kernel, posix
from splitter.model.facts import Evidence
from splitter.model.image import normal

LANGUAGE = "ruby"
ENDINGS = (".rb", ".ru", ".rake")
CLASSES: Mapping[str, Kind] = {
    "SharedMemory": "memory", "MessageQueue": "queue", "Semaphore": "semaphores", "SysvMQ": "queue", "Mqueue": "queue",
}  # fmt: skip
LOADERS = frozenset(("autoload", "Bundler", "Rails", "Zeitwerk", "require_all", "eval", "instance_eval"))


def read(source: Source) -> Iterator[Sharing]:
    found = tokens(source.text, "ruby")
    scope, made = _scope(source, found)
    for at, token in enumerate(found):
        here = Evidence(source.path, token.line)
        texts = [t.text for t in found[at : at + 4]]
        if token.kind != "name" or token.text not in CLASSES or texts[1:3] != [".", "new"]:
            continue
        whole = (found[at - 2].text if at > 1 and found[at - 1].text == "::" else "", token.text)
        if whole[0] not in ("SysVIPC", "POSIX") and token.text != "SysvMQ" and "SysVIPC" not in source.text:
            continue
        value = _value(found, at + 3 + (texts[3:] == ["("]), scope, made)
        end = next((n for n in range(at, len(found)) if found[n].line != token.line), len(found))
        makes = any(t.text in ("IPC_CREAT", "O_CREAT") for t in found[at:end])
        if token.text == "Mqueue":
            yield posix("queue", value, here, makes)
        elif (one := kernel(CLASSES[token.text], value, here, makes)) is not None:
            yield one
    yield from below_shm(source.path, found)


def reads_in(source: Source) -> Inclusions:
    found = tokens(source.text, "ruby")
    scope, _ = _scope(source, found)
    files: list[str] = []
    more = False
    for at, token in enumerate(found):
        if token.kind != "name":
            continue
        more |= token.text in LOADERS
        if token.text in ("require", "require_relative", "load"):
            opens = at + 1 < len(found) and found[at + 1].text == "("
            name, _ = expression(found, at + 1 + opens, scope)
            if name is None:
                more = True
                continue
            start = posixpath.dirname(source.path) if token.text == "require_relative" else source.folder
            near = token.text == "require_relative" or name.startswith((".", "/"))
            path = normal(posixpath.join(start, name)) if near else name
            file = source.found(path, f"{path}.rb", near=False)
            files += [file] if file else []
    return Inclusions(tuple(dict.fromkeys(files)), more)


def _scope(source: Source, found: list[Token]) -> tuple[Scope, dict[str, Made | None]]:
    """What the names of a file stand for that are given one value, and those that are given a key made of a file."""
    scope = Scope(source.path, source.folder, source.env)
    made: dict[str, Made | None] = {}
    lost: set[str] = set()
    for at, token in enumerate(found[:-2]):
        if token.kind != "name" or found[at + 1].text != "=" or found[at + 2].text in ("=", "~"):
            continue
        key = _ftok(found, at + 2, scope)
        value, _ = expression(found, at + 2, scope) if key is None else (None, 0)
        if token.text in scope.values or token.text in made:
            lost.add(token.text)
        elif key is not None:
            made[token.text] = key
        elif value is not None:
            scope.values[token.text] = value
        else:
            lost.add(token.text)
    for name in lost:
        scope.values.pop(name, None)
        made[name] = None
    return scope, made


def _ftok(found: list[Token], at: int, scope: Scope) -> Made | None:
    """The key of `SysVIPC.ftok(path, id)` that begins at a token."""
    texts = [t.text for t in found[at : at + 6]]
    start = at + texts.index("ftok") + 1 if "ftok" in texts[:4] else 0
    if not start or start >= len(found) or found[start].text != "(":
        return None
    path, after = expression(found, start + 1, scope)
    project, _ = expression(found, after + 1, scope)
    return Made(normal(posixpath.join(scope.folder, path)), project) if path and project else None


def _value(found: list[Token], at: int, scope: Scope, made: Mapping[str, Made | None]) -> Value:
    if at >= len(found):
        return None
    if (key := _ftok(found, at, scope)) is not None:
        return key
    if found[at].kind == "name" and found[at].text in made:
        return made[found[at].text]
    return expression(found, at, scope)[0]
