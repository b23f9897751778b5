"""Which paths hold something that somebody would miss: no log, cache or pid file, nothing of the system's own.

Folders by the Filesystem Hierarchy Standard (hier(7)); names by what frameworks and supervisors call such folders.
"""

import posixpath

from splitter.model.image import Image, within

# Folders of which each container has its own anyway, or which nobody means to keep.
PASSING = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev", "/proc", "/sys", "/var/log", "/var/cache", "/var/lock")
# What is part of the system, or made anew at every start from it.
SYSTEM = ("etc", "usr", "bin", "sbin", "lib", "lib32", "lib64", "boot", "root", "command", "package")
SYSTEM_DATA = ("/var/lib/dpkg", "/var/lib/apt", "/var/lib/apk", "/var/lib/rpm", "/var/lib/systemd", "/var/spool/cron")
# What programs keep for themselves; `supervise` is runit's and s6's.
NOT_KEPT = frozenset(
    ("cache", "caches", "tmp", "temp", "log", "logs", "run", "pids", "sockets", "__pycache__", "node_modules", "lock",
     "locks", "supervise")
)  # fmt: skip
# Files by which a repository keeps a folder that has nothing else in it.
PLACEHOLDERS = frozenset((".gitkeep", ".keep", ".gitignore", ".keepme", ".placeholder", ".empty", "lost+found"))
MAX_DEPTH = 4
PASSING_ENDS = (".log", ".pid", ".lock", ".sock", ".socket", ".pyc", ".pyo", ".swp", ".tmp")

# Folders that hold more than what one program, or two that share something, keep there.
TOO_MUCH = frozenset(
    ("/", "/bin", "/dev", "/dev/shm", "/etc", "/etc/default", "/home", "/lib", "/opt", "/proc", "/root", "/run",
     "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/var", "/var/lib", "/var/log",
     "/var/run", "/var/tmp")
)  # fmt: skip


def aside(path: str) -> bool:
    """Whether it lies where each container has its own, or where nobody means to keep anything."""
    return any(within(path, p) for p in PASSING)


def passing(path: str) -> bool:
    """Whether it is a log or a pid file by its name, or lies aside."""
    name = posixpath.basename(path).lower()
    return name.endswith(PASSING_ENDS) or ".log." in name or aside(path)


def lasting(path: str) -> bool:
    """Whether somebody may miss what is written there."""
    parts = path.strip("/").split("/")
    if passing(path) or parts[0] in SYSTEM or any(within(path, p) for p in SYSTEM_DATA):
        return False
    return not any(p.lower() in NOT_KEPT or p.startswith(".") for p in parts)


def bare(folder: str, image: Image, depth: int = 0) -> bool:
    """Whether the image has nothing in a folder but folders of which the same is true."""
    if not image.is_dir(folder) or depth > MAX_DEPTH:
        return False
    found = (n for n in image.names(folder) if n not in PLACEHOLDERS)
    return all(bare(posixpath.join(folder, n), image, depth + 1) for n in found)
