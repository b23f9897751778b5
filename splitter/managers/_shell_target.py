"""Which shell text a command runs: `sh -c TEXT`, `bash script args`, a script by its path, or `su user -c TEXT`."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from splitter.managers import _scripts
from splitter.managers._packaged import known, packaged
from splitter.managers._s6_init import overlay
from splitter.managers._scripts import WITH_LIBRARY, plain
from splitter.model.facts import Process
from splitter.model.image import Image, normal
from splitter.shell.calls import Word
from splitter.shell.evaluate import words

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
# Scripts whose meaning is another manager's, whatever language they are written in.
OTHERS = frozenset((
    "supervisord", "supervisorctl", "pm2", "pm2-runtime", "pm2-docker", "pm2-dev", "runsvdir",
    "runsvdir-start", "runsv", "runit-init", "runit", "s6-svscan", "s6-overlay-suexec", "npm", "yarn", "yarnpkg",
    "pnpm", "npx", "bun", "foreman", "honcho", "forego", "overmind", "hivemind", "goreman", "nf", "circusd",
    "concurrently", "npm-run-all", "npm-run-all2", "run-s", "run-p", "nodemon", "monofy", "service", "invoke-rc.d",
    "rc-service", "rc-update", "start-stop-daemon", "systemctl", "runuser", "with-contenv", "execlineb", "uwsgi",
    "turbo", "nx", "lerna", "wsrun", "multirun", "mprocs", "conc", "parallel",
    "docker-systemctl-replacement", "openrc", "openrc-run", "chaperone",
))  # fmt: skip
OPTIONS_WITH_VALUE = ("-o", "+o", "-O", "+O", "--rcfile", "--init-file")


@dataclass(frozen=True)
class Script:
    """A text to be read. `inline` says that it stands in the command itself; `zero` and `args` are what it is given."""

    text: str
    path: str
    args: tuple[str | Word, ...] = ()
    zero: str = ""
    dialect: str = "sh"
    inline: bool = False


@dataclass(frozen=True)
class Missing:
    """A shell script that is not at hand, with the words that it is given."""

    path: str
    args: tuple[str, ...] = ()
    known: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Switched:
    """`su user -c TEXT`."""

    user: str
    argv: tuple[str, ...]
    login: bool = False


def target(process: Process, image: Image) -> Script | Missing | Switched | None:
    """What is to be read for a command; None where it is not the shell's."""
    argv = process.command.argv
    if not argv:
        return None
    name = posixpath.basename(argv[0])
    if name in ("su", "runuser"):
        return switched(argv)
    if name in SHELLS or name in WITH_LIBRARY:
        return _by_shell(process, argv, name, image)
    return _by_path(process, argv, image)


def switched(argv: Sequence[str]) -> Switched | None:
    """`su [-] [-s shell] [user] -c TEXT [args]` and runuser likewise; None where no text is given."""
    user, shell, text, login, rest = "", "/bin/sh", None, False, list(argv[1:])
    plain: list[str] = []
    while rest:
        word = rest.pop(0)
        if word in ("-", "-l", "--login", "-m", "-p", "--preserve-environment", "--pty", "-P", "-f", "--fast"):
            login = login or word in ("-", "-l", "--login")
        elif word in ("-c", "--command", "-s", "--shell", "-g", "--group", "-G", "-w", "--session-command") and rest:
            value = rest.pop(0)
            text = value if word in ("-c", "--command", "--session-command") else text
            shell = value if word in ("-s", "--shell") else shell
        elif word.startswith(("--command=", "--shell=")):
            key, _, value = word.partition("=")
            text, shell = (value, shell) if key == "--command" else (text, value)
        elif word in ("-u", "--user") or word == "--":
            return None
        elif word.startswith("-") and len(word) > 1:
            # Letters in one word: -lc TEXT, -mc TEXT.
            login = login or "l" in word
            if word.endswith("c") and not word.startswith("--") and rest:
                text = rest.pop(0)
            elif word.startswith("-s") and len(word) > 2:
                shell = word[2:]
        else:
            plain.append(word)
    if text is None:
        return None
    user = plain[0] if plain else "root"
    return Switched(user, (shell, "-c", text, *plain[1:]), login)


def arguments(process: Process) -> dict[str, Word]:
    """The words of a command by their text, as the shell line that starts it has them."""
    run = process.command.run
    if len(run) != 3 or run[1] != "-c":
        return {}
    found = words(run[2], {}) or ()
    texts = process.command.argv[-(len(found) - 1) :] if len(found) > 1 else ()
    return {t: w for t, w in zip(texts, found[1:], strict=False) if "$" in t or "`" in t}


def _given(process: Process, words_: Sequence[str]) -> tuple[str | Word, ...]:
    late = arguments(process)
    return tuple(late.get(word, word) for word in words_)


def _by_shell(process: Process, argv: tuple[str, ...], name: str, image: Image) -> Script | Missing | None:
    at, text = 1, False
    while at < len(argv) and argv[at][:1] in ("-", "+") and argv[at] not in ("-", "--"):
        word = argv[at]
        if word[0] == "-" and not word.startswith("--"):
            text = text or "c" in word[1:]
            if "s" in word[1:]:
                return None
        at += 1 + (word in OPTIONS_WITH_VALUE or (not word.startswith("--") and word[-1:] in "oO" and len(word) > 2))
    if at < len(argv) and argv[at] in ("-", "--"):
        at += 1
    if at >= len(argv):
        return None
    if text:
        zero = argv[at + 1] if at + 1 < len(argv) else name
        return Script(argv[at], process.evidence.path, _given(process, argv[at + 2 :]), zero, name, inline=True)
    cwd = process.workdir or image.config.workdir or "/"
    path = normal(posixpath.join(cwd, argv[at]))
    if not image.is_file(path) and "/" not in argv[at]:
        path = image.which(argv[at]) or path
    read = image.read(path)
    if isinstance(read, str):
        dialect = WITH_LIBRARY.get(name, (name,))[0]
        return Script(plain(read, name), path, _given(process, argv[at + 1 :]), argv[at], dialect)
    reason = read.what if read is not None else ""
    return Missing(path, argv[at + 1 :], reason=reason)


def _by_path(process: Process, argv: tuple[str, ...], image: Image) -> Script | Missing | None:
    name = posixpath.basename(argv[0])
    others = name in OTHERS and not _scripts.named_after("supervisord", process, image)
    if others or overlay(process, image) or ("/init.d/" in argv[0] and len(argv) > 1):
        return None
    cwd = process.workdir or image.config.workdir or "/"
    path = image.which(argv[0], cwd, process.env.get("PATH"))
    scriptlike = name.endswith(".sh") or "entrypoint" in name
    if path is None:
        if not scriptlike or "$" in argv[0]:
            return None
        return Missing(normal(posixpath.join(cwd, argv[0])) if "/" in argv[0] else name, argv[1:], _hands_over(argv[0]))
    if known(argv, path) or packaged(argv, path):
        return None
    text = image.read(path)
    if not isinstance(text, str):
        return Missing(path, argv[1:], reason=text.what) if text is not None and scriptlike else None
    dialect = interpreter(text)
    if not dialect and (text.startswith("#!") or not (scriptlike or name in ("run", "finish", "up"))):
        return None
    return Script(plain(text), path, _given(process, argv[1:]), argv[0], dialect or "sh")


def interpreter(text: str) -> str:
    """The shell that a `#!` line names, `env` and with-contenv looked through; "" where it names none."""
    if not text.startswith("#!"):
        return ""
    line = text.split("\n", 1)[0][2:].split()
    names = [WITH_LIBRARY.get(name, (name,))[0] for name in map(posixpath.basename, line)]
    if not names or names[0] not in (*SHELLS, "env", "with-contenv", "busybox", "tini", "dumb-init"):
        return ""
    return next((n for n in names if n in SHELLS), "")


def _hands_over(program: str) -> bool:
    """Whether this is an entrypoint that ends in `exec "$@"`, as official images have it in the usual places.

    One in a folder of the application may take its words for anything: `docker-entrypoint.sh worker`.
    """
    folder, name = posixpath.split(program)
    usual = folder in ("", "/", "/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/bin", "/opt", "/docker")
    return usual and name.startswith(("docker-entrypoint", "docker-php-entrypoint", "entrypoint"))
