"""Names of services and volumes."""

import posixpath
from collections.abc import Iterable, Mapping

from splitter.catalogue import Known, peel
from splitter.catalogue.peel import unversioned
from splitter.model.facts import Process
from splitter.model.plan import Role

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
# Names that say how something is started and not what it is.
SAYS_NOTHING = frozenset(
    (
        "sh", "bash", "python", "python3", "node", "ruby", "php", "java", "perl", "bun", "deno", "dotnet", "bundle",
        "npm", "yarn", "pnpm", "npx", "main", "index", "run", "start", "app", "entrypoint", "docker-entrypoint",
        "server", "cmd", "command", "manage", "artisan", "console", "rake", "rails", "exec", "init", "tsx", "ts-node",
    )
)  # fmt: skip
# Folders that say nothing of what stands in them.
COMMON = frozenset(
    (
        "usr", "opt", "srv", "src", "home", "var", "lib", "libs", "bin", "sbin", "local", "share", "etc", "root", "www",
        "html", "data", "config", "docker", "dist", "build", "out", "target", "release", "current", "bundle", "code",
        "scripts", "script", "apps", "packages", "services", "application", "project", "workspace", "node-modules",
        "cmd", "internal", "core", "common",
    )
)  # fmt: skip
PREFIXES = ("svc-", "service-", "s6-", "run-")
SUFFIXES = (".sh", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".service", ".jar")


def cleaned(text: str) -> str:
    """Only what a service name may hold, without the decoration that managers ask for."""
    text = text.lower()
    for suffix in SUFFIXES:
        text = text.removesuffix(suffix)
    text = "".join(c if c in LETTERS else "-" for c in text).strip("-")
    while "--" in text:
        text = text.replace("--", "-")
    for prefix in PREFIXES:
        if len(text) > len(prefix) + 1:
            text = text.removeprefix(prefix)
    number, dash, rest = text.partition("-")
    return rest if dash and number.isdigit() and rest else text


def service_name(process: Process, role: Role, known: Known | None) -> str:
    """What a reader would call it: the manager's name for it, else what the program is, else its role."""
    if role == "backing" and known is not None and not known.family:
        return cleaned(known.name)
    stem, _, number = process.name.rpartition("-")  # several of one program were told apart by numbers
    given = cleaned(stem if stem and number.isdigit() else process.name)
    meant = peel(process.command.argv)
    own = {cleaned(process.command.program), cleaned(meant.name) if meant else "", *SAYS_NOTHING}
    if given and given not in own and unversioned(given) not in SAYS_NOTHING:
        return cleaned(process.name)
    if known is not None and not known.family and (said := cleaned(known.name)):
        return said
    told = [cleaned(meant.name), *_folders(meant.program)] if meant else []
    for candidate in (given, *told):
        if candidate and unversioned(candidate) not in SAYS_NOTHING:
            return candidate
    return role


def _folders(program: str) -> list[str]:
    """The folders that a script stands in, the nearest first, without those that every project has."""
    above = posixpath.dirname(program).split("/")
    return [name for part in reversed(above) if (name := cleaned(part)) and name not in COMMON]


def distinct(name: str, taken: Iterable[str]) -> str:
    """The name, with a number where it is taken."""
    used, n, wanted = set(taken), 2, name
    stem, dash, number = name.rpartition("-")
    if name in used and dash and number.isdigit() and stem in used:
        name = stem
    while wanted in used:
        wanted, n = f"{name}-{n}", n + 1
    return wanted


def volume_name(path: str, taken: Mapping[str, str]) -> str:
    """A name of two letters or more from the last telling parts of a path (FACTS: one letter reads as a drive)."""
    parts = [p for p in (cleaned(part) for part in path.split("/")) if p]
    plain = ("data", "main", "log", "logs", "www", "html", "var", "lib", "tmp", "cache", "files", "config", "run")
    name = parts[-1] if parts else "data"
    if (name in plain or name.isdigit() or len(name) < 2) and len(parts) > 1:
        for above in reversed(parts[:-1]):
            if above not in ("var", "lib", "usr", "opt", "srv", "share") and not above.isdigit():
                name = f"{above}-{name}" if not name.isdigit() else above
                break
    return distinct(name if len(name) > 1 else f"{name}-data", taken.values())
