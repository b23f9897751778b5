"""Launchers in a language that no manager reads: a script of Perl or PHP that starts processes is told as a Gap.

The names of the functions that start one are enough: such a script may start others, and what it starts is not known.
"""

import posixpath
from collections.abc import Iterable, Iterator

from splitter.catalogue.peel import INTERPRETERS, peel, unversioned
from splitter.inspection._perltokens import perl_tokens
from splitter.inspection._tokens import tokens
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal

MAX_SIZE = 1 << 17
# The functions of a language that start a process which goes on beside the script, or takes its place (perlfunc; PHP's
# manual, pcntl and Program execution).
STARTS: dict[str, frozenset[str]] = {
    "perl": frozenset(("fork", "exec", "Proc::Daemon", "daemonize")),
    "php": frozenset(("pcntl_fork", "pcntl_exec", "proc_open")),
}
NAMES = {"perl": "Perl", "php": "PHP"}
PACKAGED = ("/usr/bin/", "/usr/sbin/", "/usr/share/", "/usr/lib/", "/bin/", "/sbin/")


def gaps(processes: Iterable[Process], image: Image) -> Iterator[Gap]:
    """A gap for each process that stays up and is such a script of the application."""
    for process in processes:
        if process.lifetime != "service" or process.off:
            continue
        path, language = _script(process, image)
        text = image.read(path, MAX_SIZE) if path else None
        if not isinstance(text, str):
            continue
        named = STARTS[language]
        words = perl_tokens(text) if language == "perl" else tokens(text, "php")
        found = next((t for t in words if t.kind == "name" and t.text in named), None)
        if found is not None:
            what = f"{process.name} may start processes of its own ({found.text}), which nothing here reads"
            yield Gap(f"{what}: it is a script of {NAMES[language]}",
                      Evidence(path, found.line))  # fmt: skip


def _script(process: Process, image: Image) -> tuple[str, str]:
    """The script that a process runs and its language; "" where it is none of the application in one of these."""
    meant = peel(process.command.argv)
    if meant is None:
        return "", ""
    folder = process.workdir or image.config.workdir or "/"
    if meant.interpreter in STARTS:
        path = normal(posixpath.join(folder, meant.program))
        return (path, meant.interpreter) if image.is_file(path) and not path.startswith(PACKAGED) else ("", "")
    found = image.which(meant.program, folder, process.env.get("PATH"))
    node = image.node(found) if found else None
    if found is None or node is None or node.size > MAX_SIZE or found.startswith(PACKAGED):
        return "", ""
    text = image.read(found, MAX_SIZE)
    first = text.split("\n", 1)[0].split() if isinstance(text, str) and text.startswith("#!") else []
    names = [unversioned(posixpath.basename(w.removeprefix("#!"))) for w in first]
    language = next((n for n in names if n in STARTS and n in INTERPRETERS), "")
    return (found, language) if language else ("", "")
