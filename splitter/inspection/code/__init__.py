"""What the application's own files say of addresses and paths: defaults of variables, constants, settings.

Each module reads one kind of file: a docstring that says how, `ENDINGS` and one function

    read(text, path, env, folder) -> Found ...

found by its name; there is no list to edit. It must not raise on any text. Only the application's own folders are read,
as many files as a person would look through, and only those that hold a word worth the reading.
"""

import importlib
import pkgutil
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from splitter.inspection._address import Address
from splitter.model.facts import Evidence
from splitter.model.image import Image, within

MAX_FOLDERS = 100
MAX_FILES = 400
MAX_SIZE = 128 << 10  # what is larger is generated
MAX_TOTAL = 1 << 20  # of what is worth the reading; a second
# What others wrote, what is built, and what only tests run.
SKIPPED = frozenset(
    ("node_modules", "vendor", "bower_components", "site-packages", "dist-packages", "__pycache__", "venv", "env",
     "dist", "build", "target", "test", "tests", "spec", "specs", "__tests__", "docs", "doc", "examples", "fixtures",
     "locale", "locales", "i18n", "migrations", "migrate", "assets", "static", "staticfiles", "tmp", "log", "logs",
     "cache", "coverage", "e2e", "cypress", "samples", "testdata", "benchmarks", "storybook")
)  # fmt: skip
SYSTEM = ("/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc", "/var", "/dev", "/proc", "/sys", "/run", "/tmp", "/boot",
          "/nix", "/snap")  # fmt: skip
OWN = ("/usr/src", "/var/www", "/usr/app", "/usr/local/app", "/usr/local/src", "/usr/share/nginx", "/var/app",
       "/var/task", "/usr/local/apache2/htdocs", "/var/html")  # fmt: skip
# Words of a file's name by which it is not what runs in production.
OTHER_STAGES = frozenset(("test", "tests", "spec", "dev", "development", "example", "sample", "testing", "min",
                          "lock", "map", "stories", "mock", "fixture", "ci"))  # fmt: skip
TELLING = ("127.0.0.1", "localhost", "[::1]", ".sock", "sqlite", ".db", "/dev/shm", "_ROOT", "UPLOAD", "MEDIA",
           "STORAGE", "SPOOL", "Redis(", "MongoClient(")  # fmt: skip
# What shares something through the kernel holds one of these; which is for `sharing` to read. Perl is read there alone.
SHARES = ("shmget", "msgget", "semget", "shm_open", "sem_open", "mq_open", "sysv_ipc", "posix_ipc", "shared_memory",
          "shm_attach", "shmop_open", "sem_get", "msg_get_queue", "IPC::Sh", "IPC::Msg", "IPC::Sem", "SysVIPC",
          "SysvMQ", "Mqueue", "/dev/shm/")  # fmt: skip
SHARED = "shares"
PERL = (".pl", ".pm", ".cgi", ".psgi")
SETTINGS = (".json", ".yml", ".yaml", ".env", ".properties")


@dataclass(frozen=True)
class Found:
    """One place of a file.

    name    the variable that is read, whose default `written` is; "" for a constant or a setting
    how     default NAME, code or config; `SHARED`: this file shares something, nothing more is said
    hint    the words around it that tell which server is meant
    path    a folder or file that is written, where it is no address
    """

    written: str
    evidence: Evidence
    how: str
    name: str = ""
    hint: str = ""
    address: Address = field(default_factory=Address)
    path: str = ""


Read = Callable[[str, str, Mapping[str, str], str], Iterable[Found]]


@cache
def readers() -> dict[str, Read]:
    """Every reader by the endings of the files that it reads."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {ending: module.read for module in modules for ending in module.ENDINGS}


def ending(path: str) -> str:
    """What a file's name ends in, as the readers tell them apart: `.py`; `.env` for `.env.production` too."""
    name = posixpath.basename(path)
    if name == ".env" or name.startswith(".env."):
        return "" if name.endswith((".example", ".sample", ".dist", ".template", ".test")) else ".env"
    return posixpath.splitext(name.removesuffix(".erb"))[1]


def own_folder(path: str) -> bool:
    """The folder may hold the application: not the root, not the system's."""
    if path in ("", "/", "/root", "/home", "/opt", "/srv", "/app/node_modules"):
        return False
    if any(within(path, o) for o in OWN):
        return True
    return not any(within(path, s) for s in SYSTEM)


def read(image: Image, folder: str, env: Mapping[str, str], files: Iterable[str] = ()) -> tuple[Found, ...]:
    """All that the files below a folder say, and these further files; in the order of their names."""
    found: list[Found] = []
    total = 0
    for path in dict.fromkeys((*files, *_files(image, folder))):
        reader = readers().get(ending(path))
        text = image.read(path, MAX_SIZE) if reader is not None or ending(path) in PERL else None
        if isinstance(text, str) and ending(path) not in SETTINGS and any(word in text for word in SHARES):
            found.append(Found("", Evidence(path), SHARED))
        if reader is not None and isinstance(text, str) and any(word in text for word in TELLING):
            total += len(text)
            if total > MAX_TOTAL:
                break
            found += reader(text, path, env, folder)
    return tuple(found)


def _files(image: Image, folder: str) -> Iterator[str]:
    """Files worth reading, breadth first: what stands near the top says most."""
    folders, seen, count = [folder] if folder else [], 0, 0
    while folders and seen < MAX_FOLDERS:
        here = folders.pop(0)
        real = image.resolve(here)
        seen += 1
        for name in image.tree.children(real) if isinstance(real, str) else ():
            path = posixpath.join(here, name)
            node = image.tree.lookup(posixpath.join(real, name)) if isinstance(real, str) else None
            if node is None:
                continue
            if node.kind == "dir":
                if name not in SKIPPED and not name.startswith(".") and own_folder(path):
                    folders.append(path)
            elif node.kind == "file" and _read(path) and not _test(name) and node.size <= MAX_SIZE:
                count += 1
                if count > MAX_FILES:
                    return
                yield path


def _read(path: str) -> bool:
    return ending(path) in readers() or ending(path) in PERL


def _test(name: str) -> bool:
    words = name.lower().replace("-", ".").replace("_", ".").split(".")
    return (
        name.startswith(("docker-compose", "compose")) or not OTHER_STAGES.isdisjoint(words)
        or name in ("package.json", "composer.json", "conftest.py", "package-lock.json", "pnpm-lock.yaml")
    )  # fmt: skip
