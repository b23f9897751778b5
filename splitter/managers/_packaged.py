"""Programs that packages bring, told by their name and folder: what they do is known, so nobody has to read them.

Reading costs a round trip of tens of milliseconds for each file, where an engine holds the image.
"""

import posixpath

from splitter.catalogue import match, peel
from splitter.catalogue.peel import INTERPRETERS, LAUNCHERS, SHELLS, WRAPPERS, unversioned

# Entries of the catalogue that go by a script's name alone; such a script is read where it is at hand.
BY_NAME = frozenset(("generic migration", "waiting", "python migration scripts", "npm migrations", "django wait"))
# Folders of programs that packages bring; a script there that is known by name is a program.
PACKAGED = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share", "/usr/libexec", "/lib")
SYSTEM = frozenset(PACKAGED[:4])
# Tools of coreutils, findutils, grep, sed, mawk, tar, gzip, procps, util-linux, shadow and cron, and of runit and s6.
TOOLS = frozenset((
    "awk", "base64", "basename", "cat", "chgrp", "chmod", "chown", "chsh", "cp", "cron", "crond", "cut", "date", "dd",
    "df", "diff", "dirname", "du", "echo", "egrep", "expr", "false", "fgrep", "find", "gawk", "grep", "groupadd",
    "groupmod", "gunzip", "gzip", "head", "hostname", "id", "install", "kill", "ldconfig", "ln", "ls", "mawk",
    "md5sum", "mkdir", "mkfifo", "mknod", "mktemp", "mount", "mv", "nproc", "passwd", "pgrep", "pidof", "pkill",
    "printenv", "printf", "ps", "pwd", "readlink", "realpath", "rm", "rmdir", "runsv", "runsvdir", "s6-log", "s6-rc",
    "s6-supervise", "s6-svc", "s6-svscan", "s6-svwait", "sed", "seq", "sha256sum", "sleep", "sort", "stat", "stty",
    "sv", "svlogd", "sync", "tail", "tar", "tee", "test", "touch", "tr", "true", "truncate", "uname", "uniq",
    "useradd", "usermod", "wc", "which", "whoami", "xargs",
))  # fmt: skip
NAMES = TOOLS | SHELLS | frozenset(WRAPPERS) | frozenset(words[0] for words, _ in LAUNCHERS)


def packaged(argv: tuple[str, ...], path: str) -> bool:
    """Whether the file says no more than its name does: a tool, a wrapper, a launcher, a program that is known."""
    if posixpath.dirname(path) not in SYSTEM:
        return False
    name = posixpath.basename(path)
    return name in NAMES or unversioned(name) in INTERPRETERS or known(argv, path)


def known(argv: tuple[str, ...], path: str) -> bool:
    """Whether the script is a program that the catalogue knows, to be taken as one."""
    found, meant = match(argv), peel(argv)
    if found is None or meant is None or meant.program != argv[0] or found.name in BY_NAME:
        return False
    inside = any(path.startswith(f"{folder}/") for folder in PACKAGED)
    return inside or posixpath.basename(path) in ("catalina.sh", "standalone.sh", "kc.sh", "zkServer.sh", "jetty.sh",
                                                  "kafka-server-start.sh", "startup.sh") or (
        "entrypoint" in path and found.role == "backing"
    )  # fmt: skip
