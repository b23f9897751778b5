"""A Python script that only starts other programs (subprocess, os.exec*, multiprocessing, asyncio) is a launcher.

It is read by its syntax tree and never run. `ast` reads it, not libcst: nothing is rewritten here, and libcst costs a
fifth of a second before the first line is read. A script that is itself a server is no launcher and stays as it is.
"""

import ast
import posixpath

from splitter.managers._launch import environment, folder, module_of, under, unfronted
from splitter.managers._packaged import packaged
from splitter.managers._python_flow import Flow
from splitter.managers._python_library import Library
from splitter.managers._python_values import Function, Name, known
from splitter.managers._starts import READ, Event, Launcher, Starts
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal

HINTS = (
    "subprocess", "call_command", "os.exec", "os.spawn", "os.system", "multiprocessing", "import execv", "import execl",
)  # fmt: skip
MAX_SCRIPT = 1 << 18  # of a program whose first line is looked at; a larger one is no script
MAX_IMPORTS = 40
VALUED = ("-W", "-X", "-Q", "--check-hash-based-pycs")
# Programs in Python that other managers read, and those that are no scripts of an application.
OTHERS = frozenset(
    (
        "my_init", "setuser", "supervisord", "supervisorctl", "honcho", "circusd", "circusctl", "monofy", "uwsgi",
        "yacron", "celery", "gunicorn", "uvicorn", "flask", "django-admin", "manage.py", "pip", "pip3", "alembic",
        "crond", "s6", "chaperone",
    )
)  # fmt: skip


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = unfronted(process.command.argv)
    found = _script(argv, process, image)
    if found is None or READ in process.notes:
        return None
    program, path, args = found
    text = image.read(path)
    if not isinstance(text, str) or not (_hints(text) or _imports_hints(text, path, image)):
        return None
    env = environment(process, image)
    library = Library(env, (path, *args), folder(process, image), path, program)

    def read(other: str) -> str | None:
        got = image.read(other)
        return got if isinstance(got, str) else None

    flow = Flow(library, read, image.glob)
    if not flow.script(text, path):
        return None
    return _Launcher(process, image, flow, path, program).children()


def _script(argv: tuple[str, ...], process: Process, image: Image) -> tuple[str, str, tuple[str, ...]] | None:
    """The interpreter, the script's path and its arguments; None where the command is no Python script."""
    if not argv:
        return None
    name = posixpath.basename(argv[0])
    if not name.rstrip("0123456789.").startswith(("python", "pypy")):
        path = image.which(argv[0], folder(process, image), process.env.get("PATH"))
        if path is None or name in OTHERS or packaged(argv, path):
            return None
        text = image.read(path, MAX_SCRIPT)
        first = text.split("\n", 1)[0] if isinstance(text, str) else ""
        if not first.startswith("#!") or "python" not in first:
            return None
        return posixpath.basename(first.split()[-1] if "env" in first else first[2:].split()[0]), path, argv[1:]
    module = module_of(argv)
    if module is not None:
        base = under(process, image, module[0].replace(".", "/"))
        places = [f"{base}.py", f"{base}/__main__.py"]
        path = next((p for p in places if image.is_file(p)), "")
        return (argv[0], path, module[1]) if path and module[0].split(".")[0] not in OTHERS else None
    words = argv[1:]
    while words and words[0].startswith("-"):
        if words[0] in ("-c", "-", "-h", "-V", "--version"):
            return None
        words = words[2:] if words[0] in VALUED else words[1:]
    if not words or posixpath.basename(words[0]) in OTHERS:
        return None
    return argv[0], under(process, image, words[0]), words[1:]


def _hints(text: str) -> bool:
    return any(hint in text for hint in HINTS)


def _imports_hints(text: str, path: str, image: Image) -> bool:
    """Whether a script takes names from a module beside it that can start processes."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = [n.module for n in tree.body if isinstance(n, ast.ImportFrom) and n.module and not n.level]
    for name in names[:MAX_IMPORTS]:
        beside = image.read(normal(posixpath.join(posixpath.dirname(path), f"{name.replace('.', '/')}.py")))
        if isinstance(beside, str) and _hints(beside):
            return True
    return False


class _Launcher(Launcher):
    """One whose functions `python -c` can start, each alone."""

    def __init__(self, process: Process, image: Image, flow: Flow, path: str, program: str) -> None:
        super().__init__(process, image, Starts(flow.events, flow.serves, flow.pauses))
        self.path, self.program = path, program

    def function(self, event: Event, at: Evidence) -> tuple[str, ...] | None:
        """A function that multiprocessing runs, as a command of its own."""
        target, args = event.target, event.argv
        place, name = "", ""
        if isinstance(target, Name) and "." in target.full:
            place, _, name = target.full.rpartition(".")
        elif isinstance(target, Function) and target.bound is None and hasattr(target.node, "name"):
            name = target.node.name
            place = posixpath.splitext(posixpath.basename(target.module.path))[0]
        guarded = not isinstance(target, Function) or "__name__" in str(self.image.read(target.module.path))
        if not guarded or not name or not place.replace(".", "").replace("_", "").isalnum() or not known(args):
            self.gaps.append(Gap("a function is started as a process, and cannot be started alone", at))
            return None
        given = ", ".join(repr(a) for a in args) if isinstance(args, list) else ""
        event.name = event.name or name
        inside = posixpath.dirname(self.path)
        lead = (
            ""
            if normal(inside) == folder(self.process, self.image)
            else f"import sys; sys.path.insert(0, {inside!r}); "
        )
        return (self.program, "-c", f"{lead}from {place} import {name}; {name}({given})")
