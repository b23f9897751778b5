"""Marks of what splitter wrote, kept in the file itself: a later run tells by them what is a person's."""

import base64
import hashlib
import json
from collections.abc import Iterator

from splitter.yamltext import Document, Node, Path

# Lists whose items stand for themselves; any other list is one value.
LISTS = frozenset({"ports", "volumes", "tmpfs", "configs", "profiles", "env_file", "secrets", "networks"})
OWN = ("x-splitter", "wrote")
WROTE = "  wrote: |-\n"
SUM = 12  # characters of the checksum of the whole text


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every value of a document with the path to it; the marks themselves are left out."""
    if path == OWN:
        return
    if node.kind == "mapping" and node.values:
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif is_list(node, path):
        for value in node.values:
            yield (*path, "[]"), shape(value)
    else:
        yield path, shape(node)


def is_list(node: Node, path: Path) -> bool:
    return node.kind == "sequence" and bool(node.values) and bool(path) and path[-1] in LISTS


def shape(node: Node) -> str:
    """A value as text that is the same however it is quoted or laid out."""
    return json.dumps(_shape(node))


def _shape(node: Node) -> object:
    if node.kind == "alias":
        return {"*": node.text}
    if node.kind == "scalar":
        return node.text if node.text or not node.plain else None
    if node.kind == "sequence":
        return [_shape(v) for v in node.values]
    return {str(k): _shape(v) for k, v in node.items()}


def mark(path: Path, value: str) -> str:
    """Four characters for one value at one place."""
    digest = hashlib.sha256(json.dumps([*path, value]).encode()).digest()
    return base64.urlsafe_b64encode(digest[:3]).decode()


def checksum(text: str) -> str:
    """Of all that stands before the marks, whatever the line ends."""
    before = text.removeprefix("\ufeff").replace("\r\n", "\n").rpartition(WROTE)[0]
    digest = hashlib.sha256(before.encode(errors="surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).decode()[:SUM]


def marked(text: str) -> str:
    """The text with its marks at its end; it must end inside `x-splitter:`."""
    document = Document.parse(text)
    marks = {mark(path, value) for path, value in leaves(document.root) if path[0] != OWN[0]}
    marks |= {mark(("#",), line) for line in comments(text)}
    words = [checksum(text + WROTE), *sorted(marks)]
    rows = [" ".join(words[i : i + 20]) for i in range(0, len(words), 20)]
    return text + WROTE + "".join(f"    {row}\n" for row in rows)


def comments(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.lstrip(" \ufeff").startswith("#"):
            yield line.strip(" \ufeff")
