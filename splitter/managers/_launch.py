"""What managers of applications share: names for what they start, launchers in front of them, lines for a shell."""

import posixpath
import shlex
from collections.abc import Mapping
from functools import lru_cache

from splitter.catalogue import peel
from splitter.model.facts import Process
from splitter.model.image import Image, normal

DISPATCHERS = frozenset(
    (
        "manage.py", "artisan", "console", "rails", "rake", "flask", "django-admin", "celery", "symfony", "hanami",
        "mix", "rq", "yii", "cake", "occ", "invoke", "fab", "make", "npm", "yarn", "pnpm", "bun", "npx", "task", "just",
    )
)  # fmt: skip
# Launchers that leave the program of the next words to itself, with their options that take a value.
FRONTS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = tuple(
    (tuple(words.split()), frozenset(options.split()))
    for words, options in (
        ("npx", "-p --package -w --workspace"),
        ("npm exec", "-p --package -w --workspace"),
        ("yarn exec", ""),
        ("yarn dlx", "-p --package"),
        ("pnpm exec", "-C --dir"),
        ("pnpm dlx", "--package"),
        ("bunx", ""),
        ("bun x", ""),
        ("bundle exec", "--gemfile"),
        ("poetry run", "-C -P --directory"),
        ("pipenv run", ""),
        ("pdm run", "-p"),
        ("uv run", "--project --directory --with --extra --group --python -p --env-file"),
        ("uvx", "--from --with --python -p"),
    )
)


def environment(process: Process, image: Image) -> dict[str, str]:
    """The variables that a process is given, as far as they are known."""
    return {**image.config.env, **process.env}


def folder(process: Process, image: Image) -> str:
    """The working folder of a process."""
    return process.workdir or image.config.workdir or "/"


def under(process: Process, image: Image, path: str) -> str:
    """A path as the process sees it, made absolute."""
    return normal(posixpath.join(folder(process, image), path))


@lru_cache(maxsize=1024)  # every manager asks it of the same command
def unfronted(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command behind `npx`, `yarn exec`, `poetry run` and the like; itself where none stands before it."""
    words = tuple(argv)
    for _ in range(4):
        shorter = _without_front(words) or _packaged(words)
        if not shorter:
            break
        words = shorter
    return words


def _without_front(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        return ()
    spelled = (posixpath.basename(words[0]), *words[1:])
    for front, valued in FRONTS:
        if spelled[: len(front)] == front:
            rest = spelled[len(front) :]
            while rest and rest[0].startswith("-"):
                if rest[0] == "--":
                    return rest[1:]
                rest = rest[2:] if rest[0] in valued else rest[1:]
            return rest
    return ()


def _packaged(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command of a package that `node` runs by its file: `node node_modules/pm2/bin/pm2-runtime start ...`."""
    if len(words) < 2 or posixpath.basename(words[0]) not in ("node", "nodejs", "bun"):
        return ()
    parts = words[1].split("/")
    if "node_modules" not in parts[:-2] or parts[-2] not in ("bin", ".bin"):
        return ()
    return (posixpath.splitext(parts[-1])[0], *words[2:])


def module_of(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """The module and its arguments of `python -m MODULE ...`; None for any other command."""
    if not argv or not posixpath.basename(argv[0]).rstrip("0123456789.").startswith("python"):
        return None
    for at, word in enumerate(argv[1:], 1):
        if word == "-m" and at + 1 < len(argv):
            return argv[at + 1], argv[at + 2 :]
        if not word.startswith("-") or word == "-c":
            break
    return None


def name_of(argv: tuple[str, ...], default: str = "command") -> str:
    """What a reader would call a command: its program, or what a program of many subcommands is told to do."""
    meant = peel(argv)
    if meant is None:
        return default
    words = (meant.program, *meant.args)
    if posixpath.basename(argv[0]) in ("sh", "bash", "dash", "ash") and len(argv) > 2:
        words = _last_command(argv[2]) or words
        inner = peel(words)
        words = (inner.program, *inner.args) if inner else words
    name = posixpath.basename(words[0].rstrip("/")) or default
    if name in DISPATCHERS:
        before = ("", *words[1:])
        plain = [w for last, w in zip(before, words[1:], strict=False) if not (w.startswith("-") or _takes(last))]
        plain = [w for w in plain if w not in ("run", "exec", "start")]
        name = plain[0] if plain and plain[0][:1].isalnum() else name
    return name if name[:1].isalnum() else name.lstrip("$./-_{") or default


def _takes(word: str) -> bool:
    """Whether a word may be an option that takes the next one."""
    return word.startswith("-") and "=" not in word and len(word) < 4


def _last_command(text: str) -> tuple[str, ...]:
    """The words after the last `&&` or `;` of a shell line, for a name only."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        words = text.split()
    last: list[str] = []
    for word in words:
        if word in ("&&", ";", "||", "|") or word.endswith(";"):
            last = []
        elif not (last or word == "exec" or ("=" in word and word.split("=", 1)[0].isidentifier())):
            last = [word]
        elif last:
            last.append(word)
    return tuple(last)


def shell(text: str) -> tuple[str, ...]:
    """A command line for the shell's own manager to read."""
    return ("sh", "-c", text)


def expanded(word: str, env: Mapping[str, str]) -> tuple[str, str]:
    """A word with `$NAME` and `${NAME}` replaced, as programs do it that have no shell, and the same for a shell.

    The first text keeps `$NAME` for what is not known; the second is fit for a shell line and keeps every variable.
    """
    seen, line, at = "", "", 0
    while at < len(word):
        name, end = _variable(word, at)
        if name:
            seen += env.get(name, f"${name}")
            line += f'"${{{name}}}"'
            at = end
        else:
            seen += word[at]
            line += word[at] if word[at].isalnum() or word[at] in "_@%+=:,./-" else f"\\{word[at]}"
            at += 1
    if "\n" in word:
        line = shlex.quote(word)
    return seen, line or "''"


def _variable(word: str, at: int) -> tuple[str, int]:
    """The name of the variable that begins here, "" where none does, and where it ends."""
    if word[at] != "$":
        return "", at
    braced = word[at + 1 : at + 2] == "{"
    start = at + 1 + braced
    end = start
    while end < len(word) and word[end].isascii() and (word[end].isalnum() or word[end] == "_"):
        end += 1
    name = word[start:end]
    if not name or name[0].isdigit() or (braced and word[end : end + 1] != "}"):
        return "", at
    return name, end + braced
