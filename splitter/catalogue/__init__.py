"""What is known of programs and base images: data in YAML, matched on what a command means."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from splitter.catalogue.peel import Peeled, peel, unversioned
from splitter.catalogue.secrets import looks_secret, secret_value

__all__ = [
    "Base", "Hidden", "Known", "base", "foreground", "hidden", "init_script", "load_yaml", "looks_secret", "match",
    "one_off", "peel", "releases", "secret_value", "server_ports", "service",
]  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is known of a program.

    role          web, proxy, worker, scheduler, migration, job, backing, or drop
    phase         of a one-off: once or prepare (in every container that needs it), or wait
    port          where it listens when it is told nothing; `ports` are the options that tell it
    data          folders it keeps its data in
    foreground    words to add, to take away, words whose presence makes that unnecessary, and a first word to swap
    healthcheck   a shell line; `{port}` stands for the port, `{command}` for the words that start it
    image         the official image, and in `version` the tag to take where the image's own version is not known
    loopback      listens on 127.0.0.1 unless told otherwise
    creates       what the official image is told to create: variables by meaning (user, password, database)
    url           the scheme of the URLs that point to it
    family        several programs of a kind: each is called by its own name
    keep          options of its command that the official image is given as well ("--x" or "-c"; patterns)
    inside        why its port is never published, "" where it may be
    """

    name: str
    role: str
    because: str
    phase: str = ""
    port: int = 0
    ports: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    stop_signal: str = ""
    stop_timeout: float | None = None
    foreground: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    healthcheck: str = ""
    image: str = ""
    version: str = ""
    image_data: str = ""
    packages: tuple[str, ...] = ()
    loopback: bool = False
    creates: Mapping[str, str] = field(default_factory=dict)
    url: tuple[str, ...] = ()
    note: str = ""
    unless: str = ""
    family: bool = False
    keep: tuple[str, ...] = ()
    inside: str = ""


@dataclass(frozen=True)
class Base:
    """A base image as it is when it is not at hand: its configuration, and files that stand for what it brings.

    `files` are texts of our own that say what the base starts, by path ("-> target" makes a link); they stand under
    whatever the Dockerfile copies over them. `runs` is the manager behind its entrypoint.
    """

    name: str
    because: str
    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    runs: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


MAX_NESTING = 100


@dataclass(frozen=True)
class Hidden:
    """A library that schedules or does work inside a program: what names it, and the programs that load it.

    once   the library itself sees to it that several of them do the work once
    calls  the calls that begin it, in the code of a program that is something else
    """

    name: str
    words: tuple[str, ...]
    files: tuple[str, ...]
    inside: tuple[str, ...]
    once: bool = False
    calls: tuple[str, ...] = ()


def load_yaml(text: str) -> object:
    """The plain value of a YAML text. Raises ValueError, with the line, where it is not YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_NESTING:
                # The C loader builds values by recursion, and would take the whole program with it.
                raise ValueError("nested too deep")
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error).split("\n")[0] or type(error).__name__
        raise ValueError(f"line {mark.line + 1}: {said}" if mark else said) from error


def match(argv: tuple[str, ...]) -> Known | None:
    """What is known of a command, one-off or long-running; None where nothing is."""
    job, stays = _best(argv)
    return max((stays, job), key=lambda found: found[0])[1]


def one_off(argv: tuple[str, ...]) -> Known | None:
    """What is known of a command as something that runs to its end: a migration, a seed, a cache to warm."""
    job, stays = _best(argv)
    return job[1] if job[0][0] >= stays[0][0] else None


def service(argv: tuple[str, ...]) -> Known | None:
    """What is known of a command as something that stays up."""
    job, stays = _best(argv)
    return stays[1] if stays[0][0] >= job[0][0] else None


def foreground(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command in the form that stays in the foreground; the same one where nothing is to be changed."""
    meant, known = peel(argv), match(argv)
    if known is None and (at := daemon_option(argv)):
        return (*argv[:at], *argv[at + 1 :])
    if meant is None or known is None or not known.foreground:
        return argv
    change = known.foreground
    if "becomes" in change:
        return change["becomes"]
    front = argv[: len(argv) - len(meant.args)]
    args = list(meant.args)
    if "swap" in change and args[:1] == [change["swap"][0]]:
        args[0] = change["swap"][1]
    for gone in change.get("drop", ()):
        flag, _, value = gone.partition(" ")
        while flag in args:
            at = args.index(flag)
            if value and value != "*" and args[at + 1 : at + 2] != [value]:
                break
            del args[at : at + (2 if value else 1)]
        args = [a for a in args if not (flag.startswith("--") and a.startswith(f"{flag}="))]
    unless = change.get("unless", change.get("add", ())[-1:])
    if not any(word in args or (word.endswith(";") and any(word in a for a in args)) for word in unless):
        add = list(change.get("add", ()))
        args = [*add, *args] if "first" in change else [*args, *add]
    return (*front, *args)


def daemon_option(argv: tuple[str, ...]) -> int:
    """Where a program of which nothing is known is told to go into the background; 0 where it is not.

    `-d` may mean anything, and means that beside an address to listen on: `app.fcgi -l 127.0.0.1:9000 -d`.
    """
    meant = peel(argv)
    if meant is None or meant.name in RUNS_OTHERS:
        return 0
    first = len(argv) - len(meant.args)
    serves = any(word.rpartition(":")[2].isdigit() and ":" in word and "//" not in word for word in meant.args)
    for at in range(max(first, 1), len(argv)):
        alone = at + 1 == len(argv) or argv[at + 1].startswith("-")
        if argv[at] in ("--daemon", "--daemonize", "-daemon", "--detach") or (
            serves and alone and argv[at] in ("-d", "-D")
        ):
            return at
    return 0


def init_script(name: str) -> tuple[str, ...] | None:
    """The foreground command of a daemon by the name of its init script or unit (`service NAME start`)."""
    scripts: dict[str, list[str]] = _data("programs")["init scripts"]
    words = scripts.get(name) or scripts.get(unversioned(name))
    return tuple(words) if words else None


@cache
def hidden() -> tuple[Hidden, ...]:
    """The libraries by which a program schedules or does work inside itself."""

    def words(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
        return tuple(entry.get(key, ()))

    return tuple(
        Hidden(name, words(e, "words"), words(e, "files"), words(e, "inside"), e.get("once", False), words(e, "calls"))
        for name, e in _data("hidden").items()
    )


def embedded(call: str) -> str:
    """What a call of a program's code begins inside it, a worker or a scheduler; "" where it is no such call."""
    return next((known.name for known in hidden() if call in known.calls), "")


def releases() -> Mapping[str, Mapping[str, str]]:
    """What a release of a distribution packages: the version of each server by its name, by the release's name."""
    found: Mapping[str, Mapping[str, str]] = _data("programs")["releases"]
    return found


def base(reference: str) -> Base | None:
    """What is known of a base image by its reference, whatever its registry's mirror and tag are."""
    path = reference.split("@")[0]
    head, _, last = path.rpartition("/")
    name, _, tag = last.partition(":")
    full = f"{head}/{name}" if head else name
    full = full.removeprefix("index.").removeprefix("docker.io/")
    if full.split("/")[-2:-1] == ["library"]:  # the official images, on whatever mirror
        full = name
    for entry in _data("bases"):
        for pattern in entry["match"]:
            wanted, _, wanted_tag = pattern.partition(":")
            if fnmatch.fnmatchcase(full, wanted) and fnmatch.fnmatchcase(tag, wanted_tag or "*"):
                return _base(entry)
    return None


def _base(entry: Mapping[str, Any]) -> Base:
    parts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items() if k != "match"}
    return Base(**parts)


@cache
def server_ports() -> frozenset[int]:
    """The ports of servers that have URLs of their own: whoever else has such a number in its code is a client."""
    known = (rule.known for rules in _rules()[0].values() for rule in rules)
    return frozenset(k.port for k in known if k.url and k.port)


@dataclass(frozen=True)
class _Rule:
    """One pattern: the program's name, the plain words in order and the options that must stand there."""

    name: str
    words: tuple[str, ...]
    options: tuple[str, ...]
    known: Known


_Found = tuple[tuple[int, int], Known | None]
NOTHING: _Found = ((-1, 0), None)


@lru_cache(maxsize=4096)
def _best(argv: tuple[str, ...]) -> tuple[_Found, _Found]:
    """The best rule for a one-off and the best for something that stays up, each with its rank."""
    meant = peel(argv)
    found = [NOTHING, NOTHING]
    if meant is None:
        return NOTHING, NOTHING
    rules, values = _rules()
    valued = next((values[name] for name in _names(meant) if name in values), frozenset[str]())
    for rule in _candidates(meant, rules):
        at = _fits(rule, meant, valued)
        if at is not None:
            rank = (2 * (len(rule.words) + len(rule.options)) + ("*" not in rule.name), -at)
            kind = 0 if rule.known.phase else 1
            if rank > found[kind][0]:
                found[kind] = (rank, rule.known)
    return found[0], found[1]


def _candidates(meant: Peeled, rules: Mapping[str, list[_Rule]]) -> Iterator[_Rule]:
    name = meant.name
    for candidate in _names(meant):
        if candidate != "*":  # the program of `"/docker-init.d/*"`, and not the key of the patterns
            yield from rules.get(candidate, ())
    for rule in rules.get("*", ()):  # a pattern with a folder is about the whole path
        if fnmatch.fnmatchcase(meant.program if "/" in rule.name else name, rule.name):
            yield rule


def _names(meant: Peeled) -> Iterable[str]:
    """The names that a program may stand under. A shell script of a program's name is about it, and is not it."""
    name = meant.name
    return dict.fromkeys(
        (name, unversioned(name), name.lower(), name if name.endswith(".sh") else name.rsplit(".", 1)[0])
    )


def _fits(rule: _Rule, meant: Peeled, valued: frozenset[str]) -> int | None:
    """Where the rule's first plain word stands among those of the command; None where the rule does not fit."""
    plain: list[str] = []
    skip = False
    for word in meant.args:
        if skip or (word.startswith("-") and word not in ("-", "--")):
            skip = not skip and word in valued
        else:
            plain.append(word)
    at, first = 0, 0
    for n, wanted in enumerate(rule.words):
        while at < len(plain) and not fnmatch.fnmatchcase(plain[at], wanted):
            at += 1
        if at == len(plain):
            return None
        first = at if n == 0 else first
        at += 1
    for option in rule.options:
        if not any(_is_option(word, option) for word in meant.args):
            return None
    return first


def _is_option(word: str, option: str) -> bool:
    if word == option or word.startswith(f"{option}="):
        return True
    if "*" in option:
        return fnmatch.fnmatchcase(word, option)
    return len(option) == 2 and word[:1] == "-" and word[:2] != "--" and option[1] in word[1:] and word[1:].isalpha()


# What these put into the background is another program, or another container.
RUNS_OTHERS = frozenset(("docker", "podman", "docker-compose", "kubectl", "tmux", "screen", "git", "ssh", "autossh"))


@cache
def _data(name: str) -> Any:
    import yaml

    # Our own data: what `load_yaml` looks for in the texts of others would cost as much again as reading it.
    text = (resources.files(__package__) / f"{name}.yml").read_text("utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def _rules() -> tuple[Mapping[str, list[_Rule]], Mapping[str, frozenset[str]]]:
    """Every pattern by the program's name; those whose name is itself a pattern stand under "*"."""
    rules: dict[str, list[_Rule]] = {}
    programs = _data("programs")
    for entries in (programs["programs"], _data("oneoffs")):
        for name, entry in entries.items():
            parts = {k: _frozen(v) for k, v in entry.items() if k != "match"}
            known = Known(name=name, **parts)
            for pattern in entry.get("match", [name]):
                first, *rest = pattern.split()
                rule = _Rule(
                    first,
                    tuple(w for w in rest if w[0] != "-"),
                    tuple(w for w in rest if w[0] == "-"),
                    known,
                )
                rules.setdefault("*" if "*" in first else first, []).append(rule)
    return rules, {k: frozenset(v.split()) for k, v in programs["options with values"].items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(str(v) for v in value)
    if isinstance(value, dict):
        return {str(k): _frozen(v) for k, v in value.items()}
    return value
