"""uWSGI reads INI files (`[uwsgi]`) and options of the same names; `%(name)` is an earlier key, `%d` the folder.

uWSGI: "Configuring uWSGI", magic variables and placeholders. An emperor's vassals are files of the same form.
"""

import posixpath

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, address, addresses
from splitter.inspection.configs import MAX_FILES, Mention, Said, from_folder, text_of
from splitter.inspection.configs._ini import entries
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("uwsgi",)
SOCKETS = frozenset(
    ("socket", "uwsgi-socket", "http", "http-socket", "https", "https-socket", "fastcgi-socket", "scgi-socket",
     "http11-socket", "suwsgi-socket", "shared-socket", "stats", "raw-socket", "s")
)  # fmt: skip
LOGS = ("logto", "logto2", "daemonize", "daemonize2", "req-logger", "logger")
PRIVATE = ("pidfile", "pidfile2", "safe-pidfile", "master-fifo")
FILES = ("ini", "i", "include", "inherit")


def read(process: Process, image: Image) -> Said:
    said = Said()
    meant = peel(process.command.argv)
    files: list[str] = []
    argument = Evidence(process.evidence.path, process.evidence.line)
    args = meant.args if meant is not None else ()
    for at, word in enumerate(args):
        key, _, value = word.lstrip("-").partition("=")
        value = value or (args[at + 1] if at + 1 < len(args) and not args[at + 1].startswith("-") else "")
        if word.startswith("-"):
            if key in FILES:
                files.append(from_folder(process, image, value))
            elif key == "emperor":
                files += image.glob(posixpath.join(from_folder(process, image, value), "*.ini"))
            else:
                _entry(key, value, value, argument, "argument", said)
        elif word.endswith(".ini"):
            files.append(from_folder(process, image, word))
    env = {**image.config.env, **process.env}
    for name, value in env.items():
        if name == "UWSGI_INI":
            files.append(from_folder(process, image, value))
        elif name.startswith("UWSGI_"):
            _entry(name[6:].lower().replace("_", "-"), value, value, argument, f"env {name}", said)
    files = list(dict.fromkeys(files))
    for path in files:
        if files.index(path) > MAX_FILES:
            break
        known: dict[str, str] = {}
        for entry in entries(text_of(image, path, said)):
            if entry.section not in ("uwsgi", ""):
                continue
            value = expanded(entry.value, known, path)
            known[entry.key] = value[:4096]  # one made of itself again and again ends here
            if entry.key in FILES:
                file = from_folder(process, image, value)
                files += [file] * (file not in files)
            else:
                _entry(entry.key, value, entry.value, Evidence(path, entry.line), "config", said)
    return said


def _entry(key: str, value: str, written: str, evidence: Evidence, how: str, said: Said) -> None:
    if key in SOCKETS and value:
        first = value.split(",")[0]
        asked = address(first) or (Address("", number(first)) if number(first) else None)
        if asked is None and first.startswith("/"):
            asked = Address(unix=normal(first))
        if asked is not None:
            said.listens.append(Mention(written, evidence, asked, how=how))
    elif key in LOGS and value.startswith("/"):
        said.writes.append(Mention(written, evidence, path=normal(value), how=how))
    elif key in PRIVATE and value.startswith("/"):
        said.private.append(Mention(written, evidence, path=normal(value), how=how))
    elif key == "static-map" and "=/" in value:
        said.reads.append(Mention(written, evidence, path=normal(value.partition("=")[2]), how=how))
    elif key == "env":
        name, _, text = value.partition("=")
        said.reaches += (Mention(written, evidence, a, how=how, name=name) for a in addresses(text) if a.local)


def expanded(value: str, known: dict[str, str], path: str) -> str:
    """The value with `%(key)`, `%d` (the file's folder), `%p` (its path) and `%n` (its name) put in."""
    folder, base = posixpath.split(path)
    short = {"d": folder + "/", "p": path, "s": base, "n": base.rpartition(".")[0], "%": "%"}
    made, at = [], 0
    while at < len(value):
        end = value.find(")", at, at + 200) if value.startswith("%(", at) else -1
        if end > 0:
            made.append(known.get(value[at + 2 : end], value[at : end + 1]))
            at = end + 1
        elif value[at] == "%" and value[at + 1 : at + 2] in short:
            made.append(short[value[at + 1]])
            at += 2
        else:
            made.append(value[at])
            at += 1
    return "".join(made)
