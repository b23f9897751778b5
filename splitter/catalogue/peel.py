"""A command without its wrappers, launchers and interpreter: the program that is meant, and what it is told."""

import posixpath
import shlex
from dataclasses import dataclass
from functools import lru_cache

# Wrappers, with the options that take a value, and how many plain words of their own follow the options.
WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    name: (frozenset(options.split()), own)
    for name, options, own in (
        ("env", "-u -C -S --unset --chdir --split-string", 0),
        ("exec", "-a", 0),
        ("command", "", 0),
        ("nohup", "", 0),
        ("nice", "-n --adjustment", 0),
        ("ionice", "-c -n -p --class --classdata", 0),
        ("time", "-f -o --format --output", 0),
        ("stdbuf", "-i -o -e --input --output --error", 0),
        ("unbuffer", "", 0),
        ("setsid", "", 0),
        ("timeout", "-k -s --kill-after --signal", 1),
        ("taskset", "", 1),
        ("numactl", "-N -m -C -i -p -P --cpunodebind --membind --physcpubind --interleave --preferred", 0),
        ("chrt", "-T -P -D --sched-runtime --sched-period --sched-deadline", 1),
        ("catchsegv", "", 0),
        ("ddtrace-run", "", 0),
        ("opentelemetry-instrument", "", 0),
        ("scl", "", 2),
        ("gosu", "", 1),
        ("su-exec", "", 1),
        ("setuser", "", 1),
        ("s6-setuidgid", "", 1),
        ("s6-applyuidgid", "-u -g -G", 0),
        ("s6-envdir", "-c", 1),
        ("s6-softlimit", "-a -c -d -f -l -m -o -p -r -s -t", 0),
        ("s6-envuidgid", "", 1),
        ("s6-notifyoncheck", "-3 -s -T -t -w -n -c", 0),
        ("s6-fghack", "", 0),
        ("with-contenv", "", 0),
        ("setuidgid", "", 1),
        ("softlimit", "-a -c -d -f -l -m -o -p -r -s -t", 0),
        ("envdir", "", 1),
        ("envuidgid", "", 1),
        ("chpst", "-u -U -b -e -/ -C -n -l -L -m -d -o -p -f -c -r -t", 0),
        ("setlock", "", 1),
        ("flock", "-w -E --wait --timeout --conflict-exit-code", 1),
        ("pgrphack", "", 0),
        (
            "setpriv",
            "--reuid --regid --ruid --euid --rgid --egid --groups --inh-caps --ambient-caps --bounding-set "
            "--securebits --pdeathsig --selinux-label --apparmor-profile",
            0,
        ),
        ("runuser", "-u -g -G --user --group", 0),
        ("sudo", "-u -g -C -D -R -T -U -h -p -r -t --user --group --chdir --chroot --host --prompt", 0),
        ("doas", "-u -C", 0),
        ("capsh", "--user --", 0),
        ("chroot", "--userspec --groups", 1),
        ("tini", "-p -e", 0),
        ("tini-static", "-p -e", 0),
        ("docker-init", "-p -e", 0),
        ("dumb-init", "-r --rewrite", 0),
        ("catatonit", "", 0),
        ("pidproxy", "", 1),
        ("thpoff", "", 0),
        ("dotenv", "-f -e -o", 0),
        ("cross-env", "", 0),
        ("unshare", "-G -R -S -w --setgid --setuid --root --wd", 0),
        ("fdmove", "", 2),
    )
}
# Launchers whose next words name the program: the words that must follow, and the options that take a value.
LAUNCHERS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = tuple(
    (tuple(words.split()), frozenset(options.split()))
    for words, options in (
        ("bundle exec", "--gemfile"),
        ("bundler exec", "--gemfile"),
        ("rbenv exec", ""),
        ("rvm do", ""),
        ("poetry run", "-C -P --directory"),
        ("pipenv run", ""),
        ("pdm run", "-p"),
        ("rye run", ""),
        ("hatch run", "-e"),
        ("uv run", "--project --directory --with --extra --group --python -p --env-file"),
        ("uvx", "--from --with --python -p"),
        ("conda run", "-n -p --name --prefix --cwd"),
        ("micromamba run", "-n -p"),
        ("newrelic-admin run-program", ""),
        ("npx", "-p --package -c"),
        ("bunx", ""),
        ("bun x", ""),
        ("npm exec", "-w --workspace -p --package"),
        ("pnpm exec", "-C --dir --filter -F"),
        ("pnpm dlx", "--package"),
        ("yarn exec", ""),
        ("yarn dlx", "-p"),
        ("yarn workspace *", ""),
        ("yarn", "--cwd"),
        ("pnpm", "-C --dir --filter -F"),
        ("dotenvx run", "-f --env-file"),
        ("doppler run", "-p -c -t"),
        ("infisical run", "--env --path --projectId"),
        ("chamber exec *", ""),
        ("op run", "--env-file"),
        ("symfony", "--dir"),
        ("busybox", ""),
        ("ld.so", ""),
    )
)
# Interpreters, with the options that take a value.
INTERPRETERS: dict[str, frozenset[str]] = {
    name: frozenset(options.split())
    for name, options in (
        ("python", "-W -X -Q --check-hash-based-pycs"),
        ("pypy", "-W -X"),
        ("ruby", "-C -E -I -r -K"),
        ("jruby", "-C -E -I -r"),
        ("perl", "-I -M"),
        ("php", "-d -c -z -S -t"),
        ("node", "-r --require --import --loader --experimental-loader --env-file --max-old-space-size -C"),
        ("nodejs", "-r --require --import --loader --max-old-space-size"),
        ("tsx", "--tsconfig --env-file"),
        ("ts-node", "-P --project -r --require"),
        ("ts-node-dev", "-r -P"),
        ("bun", "--cwd --env-file --preload -r"),
        ("deno", "--config -c --import-map --env-file"),
        ("java", "-cp -classpath --class-path --module-path -p --add-opens --add-modules -agentlib"),
        ("dotnet", "--depsfile --runtimeconfig --roll-forward"),
        ("mono", ""),
        ("lua", ""),
        ("Rscript", ""),
    )
}
SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))
OPERATORS = ";&|\n"
KEYWORDS = frozenset(("if", "for", "while", "until", "case", "select", "function", "{", "(", "!", "[[", "((", "trap"))
ENDS = frozenset(("exit", "true", ":", "wait", "return"))

# Wrappers whose first word of their own is the user that they change to.
FIRST_IS_USER = frozenset(("gosu", "su-exec", "setuser", "s6-setuidgid", "setuidgid"))


@dataclass(frozen=True)
class Peeled:
    """The program that is meant (`name` without folder), its arguments, the interpreter that runs it ("" for none)."""

    program: str
    args: tuple[str, ...]
    interpreter: str = ""

    @property
    def name(self) -> str:
        package = self.program.rpartition("node_modules/")[2]
        if package != self.program and not package.startswith((".bin/", "@")):
            return package.split("/")[0]
        return posixpath.basename(self.program.rstrip("/")) or self.program


def unversioned(name: str) -> str:
    """`php-fpm8.2`, `php8.2-fpm`, `python3.11` and `postgres-15` by the name of the program alone."""
    head, dash, tail = name.partition("-")
    if dash and tail and not tail[0].isdigit():
        name = f"{head.rstrip('0123456789.')}-{tail}" if head.rstrip("0123456789.") else name
    stem = name.rstrip("0123456789.")
    return stem.rstrip("-") or name


@lru_cache(maxsize=1024)  # every manager asks it of the same command
def peel(argv: tuple[str, ...]) -> Peeled | None:
    """What is meant by a command; None for an empty one."""
    words, interpreter = tuple(argv), ""
    for _ in range(24):
        words = _assignments(words)
        if not words:
            return None
        shorter = _unwrapped(words) or _launched(words)
        if shorter:
            # `bundle exec "sidekiq -c 5"`: one word with spaces is a command line (Kernel#exec).
            line = shorter[0] if len(shorter) == 1 and " " in shorter[0] else ""
            words = (_spoken(line) or tuple(line.split())) if line else shorter
            continue
        name = posixpath.basename(words[0])
        if name in SHELLS and (inner := _shell(words)):
            words = inner
            continue
        plain = unversioned(name)
        if plain in INTERPRETERS and (script := _script(plain, words[1:])):
            words, interpreter = script, plain
            continue
        break
    return Peeled(words[0], words[1:], interpreter)


def becomes(argv: tuple[str, ...]) -> str:
    """The user that the wrappers of a command change to, the last of several; "" where none does."""
    words, user = tuple(argv), ""
    for _ in range(24):
        words = _assignments(words)
        name = posixpath.basename(words[0]) if words else ""
        shorter = _unwrapped(words) if name in WRAPPERS else ()
        if not shorter:
            return user
        front = _parted(words[1 : len(words) - len(shorter)], WRAPPERS[name][0])
        named = [front[at + 1] for at, word in enumerate(front[:-1]) if word in ("-u", "--user", "--reuid")]
        named += [word.partition("=")[2] for word in front if word.startswith(("--user=", "--reuid="))]
        if not named and name in FIRST_IS_USER:
            named = list(_after_options(front, WRAPPERS[name][0]))
        user = named[0] if named else user
        words = shorter
    return user


def _assignments(words: tuple[str, ...]) -> tuple[str, ...]:
    while words and "=" in words[0] and words[0].split("=", 1)[0].isidentifier():
        words = words[1:]
    return words


def _after_options(words: tuple[str, ...], valued: frozenset[str]) -> tuple[str, ...]:
    """What follows the options at the front."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in valued else 1
    return words[at:]


def _parted(words: tuple[str, ...], valued: frozenset[str]) -> tuple[str, ...]:
    """The words with the last of several options in one word apart, where it takes a value: `-HEu app`."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        word = words[at]
        several = len(word) > 2 and word[1:].isalpha() and word not in valued and f"-{word[-1]}" in valued
        if several and not any(f"-{c}" in valued for c in word[1:-1]):
            return (*words[:at], f"-{word[-1]}", *words[at + 1 :])
        at += 2 if word in valued else 1
    return words


def _unwrapped(words: tuple[str, ...]) -> tuple[str, ...]:
    name = posixpath.basename(words[0])
    if name not in WRAPPERS or len(words) < 2:
        return ()
    if name == "capsh":  # what follows -- are the arguments of bash
        return ("/bin/bash", *words[words.index("--") + 1 :]) if "--" in words else ()
    valued, own = WRAPPERS[name]
    rest = _after_options(_parted(words[1:], valued), valued)
    if name == "runuser" and "-u" not in words and "--user" not in words:
        return ()
    if name == "env" and rest[:1] == ("-",):
        rest = rest[1:]
    rest = _after_options(_assignments(rest)[own:], frozenset())
    return rest


def _launched(words: tuple[str, ...]) -> tuple[str, ...]:
    first = posixpath.basename(words[0])
    for launcher, valued in LAUNCHERS:
        if first != launcher[0]:
            continue
        rest = _after_options(words[1:], valued)
        for wanted in launcher[1:]:
            if not rest or wanted not in ("*", rest[0]):
                break
            rest = _after_options(rest[1:], valued)
        else:
            own = ("run", "start", "install", "build", "dev") if first in ("yarn", "pnpm") else ()
            own = ("server:start", "serve", "server:stop", "php", "console") if first == "symfony" else own
            if rest and rest[0] not in own:
                return rest
    return ()


def _shell(words: tuple[str, ...]) -> tuple[str, ...]:
    rest = words[1:]
    while rest and rest[0].startswith(("-", "+")) and rest[0] not in ("-", "--"):
        if rest[0][0] == "-" and not rest[0].startswith("--") and rest[0].endswith("c"):
            return _spoken(rest[1]) if len(rest) > 1 else ()
        rest = rest[2:] if rest[0] in ("-o", "+o", "-O", "--rcfile", "--init-file") else rest[1:]
    return rest[1:] if rest[:1] == ("--",) else rest


def _spoken(text: str) -> tuple[str, ...]:
    """The words of the command that a line of shell is there for: the last of several.

    () where it is more than commands one after another: a loop, a condition, a job in the background.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=OPERATORS)
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    try:
        tokens = list(lexer)
    except ValueError:
        return ()
    commands: list[list[str]] = [[]]
    beside = glued = False
    for at, token in enumerate(tokens):
        operator = "" if set(token) - set(OPERATORS) else token.strip("\n") or ";"
        if operator == "&" and (commands[-1] or [""])[-1].endswith((">", "<")):  # of `2>&1`
            commands[-1][-1] += token
            glued = True
        elif glued:
            commands[-1][-1] += token
            glued = False
        elif operator == "&" and tokens[at + 1 : at + 2] and tokens[at + 1].startswith(">"):  # of `&>file`
            continue
        elif operator in (";", "&&"):
            commands.append([])
            beside = False
        elif operator in ("|", "||", "|&"):
            beside = True
        elif operator:
            return () if any(set(t) - set(OPERATORS) for t in tokens[at + 1 :]) else tuple(commands[-1])
        elif not beside:
            commands[-1].append(token)
    commands = [c for c in commands if c]
    if any(c[0] in KEYWORDS or c[0].startswith("(") for c in commands):
        return ()
    while len(commands) > 1 and commands[-1][0] in ENDS:
        commands.pop()
    return tuple(commands[-1]) if commands else ()


def _script(interpreter: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """The script, module, class or archive that an interpreter is given; () where it is given code or nothing."""
    if interpreter in ("python", "pypy"):
        for at, word in enumerate(args):
            if word == "-m" or (word.startswith("-") and not word.startswith("--") and word.endswith("m")):
                return args[at + 1 :]
            if word == "-c" or not word.startswith("-"):
                break
    if interpreter in ("java", "dotnet"):
        for at, word in enumerate(args):
            if word in ("-jar", "-m", "--module", "exec"):
                return args[at + 1 :]
    if interpreter in ("bun", "deno") and args[:1] == ("run",):
        args = args[1:]
    if any(w in ("-c", "-e", "-r") for w in args[:1]) and interpreter in ("python", "ruby", "perl", "php"):
        return () if interpreter != "ruby" or args[0] == "-e" else _after_options(args, INTERPRETERS[interpreter])
    if interpreter == "php" and any(w.startswith("-S") for w in args):
        return ()  # its own server, whose last word routes the requests
    if interpreter in ("ruby", "jruby") and "-S" in args[:2]:
        return args[args.index("-S") + 1 :]
    return _after_options(args, INTERPRETERS[interpreter])
