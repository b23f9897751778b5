"""The options of one uWSGI configuration file, ini, yaml, xml or json, each with its line and its place in the text."""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from splitter.catalogue import load_yaml
from splitter.model.facts import Evidence, Gap


@dataclass(frozen=True)
class Option:
    """One option. `span` is the place of its text in the file, `words` its place on the command line.

    `off` is the switch that would turn it on, where a condition leaves it out.
    """

    key: str
    value: str
    evidence: Evidence
    span: tuple[int, int] = (0, 0)
    words: tuple[int, ...] = ()
    off: str = ""


def read(text: str, path: str, asked: str) -> list[Option] | Gap:
    """The options of the section (or id) that is asked for, by the file's own kind."""
    if path.endswith((".yaml", ".yml")):
        return _yaml(text, path, asked)
    if path.endswith(".xml"):
        return _xml(text, path, asked)
    if path.endswith((".json", ".js")):
        return _json(text, path, asked)
    return _ini(text, path, asked)


def magic(path: str, section: str, cwd: str, env: Mapping[str, str]) -> dict[str, str]:
    """The magic variables of a file (core/uwsgi.c, config_magic_table_fill)."""
    name = posixpath.basename(path)
    above = posixpath.dirname(path)
    stem, dot, end = name.rpartition(".")
    parts = {str(i): p for i, p in enumerate(above.strip("/").split("/")[:10])}
    table = {
        "v": cwd, "o": path, "p": path, "s": name, "d": f"{above.rstrip('/')}/", "e": end if dot else "",
        "n": stem if dot else name, "c": posixpath.basename(above), "x": section, "%": "%", "(": "%(", **parts,
        "h": env.get("HOSTNAME", "$(HOSTNAME)"),
    }  # fmt: skip
    return table | {k.upper(): v for k, v in table.items() if k in "odspcenx"}


def substituted(value: str, magic: Mapping[str, str]) -> str:
    """Every `%x` replaced; one that uWSGI does not know is replaced by nothing."""
    made, at = "", 0
    while at < len(value):
        if value[at] == "%" and at + 1 < len(value):
            made += magic.get(value[at + 1], "")
            at += 2
        else:
            made += value[at]
            at += 1
    return made


def _ini(text: str, path: str, asked: str) -> list[Option]:
    found: list[Option] = []
    section, start = "", 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        bare = line.strip(" \t\r\n")
        if bare.startswith("["):
            section = bare[1:-1]
        elif bare and bare[0] not in ";#" and section == asked:
            key, _, value = bare.partition("=")
            found.append(Option(key.rstrip(), value.strip(), Evidence(path, number), (start, start + len(line))))
        start += len(line)
    return found


def _yaml(text: str, path: str, asked: str) -> list[Option]:
    """Lines `key: value` and `- value` below the section; each key may stand more than once."""
    found: list[Option] = []
    inside, indent, key, start = False, -1, "", 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        bare = line.strip()
        depth = len(line) - len(line.lstrip(" "))
        span = (start, start + len(line))
        start += len(line)
        if not bare or bare.startswith("#"):
            continue
        if depth == 0 and not bare.startswith("- "):
            inside, indent, key = bare.rstrip(":") == asked, -1, ""
            continue
        if not inside:
            continue
        if bare.startswith("- "):
            if key:
                found.append(Option(key, _scalar(bare[2:]), Evidence(path, number), span))
            continue
        indent = depth if indent < 0 else indent
        name, colon, value = bare.partition(":")
        if colon and depth == indent:
            key = _scalar(name)
            if value.strip() and not value.strip().startswith("#"):
                found.append(Option(key, _scalar(value), Evidence(path, number), span))
    return found


def _scalar(text: str) -> str:
    try:
        value = load_yaml(text.strip())
    except ValueError:
        return text.strip()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else text.strip()


def _json(text: str, path: str, asked: str) -> list[Option] | Gap:
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        return Gap(f"uWSGI cannot read its configuration: {str(error)[:80]}", Evidence(path))
    found: list[Option] = []
    for name, inner in pairs if isinstance(pairs, list) else []:
        for key, value in inner if name == asked and isinstance(inner, list) else []:
            for one in value if isinstance(value, list) else [value]:
                plain = str(one).lower() if isinstance(one, bool) else str(one)
                at = text.find(json.dumps(key))
                found.append(Option(str(key), plain, Evidence(path, text.count("\n", 0, max(at, 0)) + 1)))
    return found


def _xml(text: str, path: str, asked: str) -> list[Option] | Gap:
    """The elements in `<uwsgi>`, those of its id where one is asked for."""
    raw, found = text.encode(), list[Option]()
    parser = expat.ParserCreate("utf-8")
    stack: list[tuple[str, int, int]] = []
    texts: list[str] = []
    ours: list[bool] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        stack.append((name, parser.CurrentByteIndex, parser.CurrentLineNumber))
        fits = name == "uwsgi" and (asked == "uwsgi" or attributes.get("id") == asked)
        ours.append(fits or (bool(ours) and ours[-1]))
        texts.clear()

    def end(name: str) -> None:
        _, at, line = stack.pop()
        ours.pop()
        if ours and ours[-1] and name != "uwsgi":
            close = raw.find(b">", parser.CurrentByteIndex) + 1
            span = (len(raw[:at].decode("utf-8", "ignore")), len(raw[:close].decode("utf-8", "ignore")))
            found.append(Option(name, "".join(texts).strip(), Evidence(path, line), span))
        texts.clear()

    def doctype(*_: object) -> None:
        raise ValueError("has a document type")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = texts.append, doctype
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError) as error:
        return Gap(f"uWSGI cannot read its configuration: {str(error)[:80]}", Evidence(path))
    return found
