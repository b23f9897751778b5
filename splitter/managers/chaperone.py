"""chaperone starts the services of the YAML files in /etc/chaperone.d, and the command that it is given after them.

A service of the group INIT precedes all others, one of IDLE follows them; `simple` and `notify` ones stay up, a
`oneshot` runs to its end, a `forking` one puts itself into the background, a `cron` one runs at its interval. Sources:
chaperone's reference, "Command Reference", "Configuration: Service Declarations" and "Environment Variables".
"""

import posixpath
import shlex
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from splitter.catalogue import load_yaml
from splitter.managers._launch import environment, under
from splitter.managers._order import ordered
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

VALUED = frozenset(("--config", "--user", "--create-user", "--default-home", "--log-level"))
ENDINGS = (".conf", ".yaml")
SUFFIX = ".service"
MAX_SERVICES = 300
NICKNAMES = ("hourly", "daily", "weekly", "monthly", "yearly", "annually", "midnight")


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    if not argv or posixpath.basename(argv[0]) != "chaperone":
        return None
    defaults = environment(process, image).get("_CHAP_OPTIONS", "")
    options, _ = _arguments(tuple(defaults.split())) if "--no-defaults" not in argv else ({}, ())
    given, command = _arguments(argv[1:])
    options |= given
    if options.keys() & {"--version", "--help", "--show-dependencies"}:
        return None
    user = options.get("--user") or options.get("--create-user", "").partition(":")[0]
    reader = _Reader(process, image, "" if "$" in user else user)
    if not options.keys() & {"--disable-services", "--task"}:
        reader.read(under(process, image, options.get("--config") or "/etc/chaperone.d"))
    return reader.started(command)


def _arguments(words: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The options, and the command that stands behind them."""
    found: dict[str, str] = {}
    at = 0
    while at < len(words) and words[at].startswith("-"):
        name, equals, value = words[at].partition("=")
        at += 1
        if name == "--":
            break
        if name in VALUED and not equals and at < len(words):
            value = words[at]
            at += 1
        found[name] = value
    return found, words[at:]


@dataclass
class _Reader:
    """One chaperone with the services of its files; one that is named again takes the place of the earlier."""

    process: Process
    image: Image
    user: str
    services: dict[str, tuple[Mapping[object, object], Evidence]] = field(default_factory=dict)
    settings: dict[object, object] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def read(self, path: str) -> None:
        names = [n for n in self.image.names(path) if n.endswith(ENDINGS)]
        paths = [posixpath.join(path, n) for n in sorted(names)] if self.image.is_dir(path) else [path]
        for file in paths:
            text = self.image.read(file)
            if not isinstance(text, str):
                gap = self.image.missing(file, "chaperone's configuration is not in the image")
                self.gaps.append(text if isinstance(text, Gap) else gap)
                continue
            try:
                data = load_yaml(text)
            except ValueError as error:
                self.gaps.append(Gap(f"chaperone cannot read it: {error}", Evidence(file)))
                continue
            for key, value in data.items() if isinstance(data, dict) else ():
                if key == "settings" and isinstance(value, dict):
                    self.settings |= value
                elif isinstance(key, str) and key.endswith(SUFFIX) and isinstance(value, dict):
                    lines = (
                        n for n, line in enumerate(text.split("\n"), 1) if line.strip().strip("\"'").startswith(key)
                    )
                    self.services[key.removesuffix(SUFFIX)] = value, Evidence(file, next(lines, None))
        if len(self.services) > MAX_SERVICES:
            self.gaps.append(Gap(f"more than {MAX_SERVICES} services; the rest was not read", Evidence(path)))
            self.services = dict(list(self.services.items())[:MAX_SERVICES])

    def started(self, command: tuple[str, ...]) -> list[Process | Gap]:
        needs = self._needs()
        found = [p for name in ordered(needs, self.services) for p in self._service(name, needs[name])]
        if command:
            found.append(Process("console", Command(command), self.process.evidence, user=self.user))
        if not found and not self.gaps:
            self.gaps.append(Gap("chaperone is given nothing to start", self.process.evidence))
        return [*found, *self.gaps]

    def _needs(self) -> dict[str, tuple[str, ...]]:
        """What each service starts after: by its own word, by the word of others, by the groups of the system."""
        groups: dict[str, set[str]] = {}
        for name, (service, _) in self.services.items():
            for group in _names(service.get("service_groups")) or ["default"]:
                groups.setdefault(group, set()).add(name)
        first, last = groups.get("INIT", set()), groups.get("IDLE", set())

        def meant(word: str) -> set[str]:
            return {word.removesuffix(SUFFIX)} if word.endswith(SUFFIX) else groups.get(word, set())

        needs = {name: {n for w in _names(s.get("after")) for n in meant(w)} for name, (s, _) in self.services.items()}
        for name, (service, _) in self.services.items():
            for word in _names(service.get("before")):
                for other in meant(word) & needs.keys():
                    needs[other].add(name)
            needs[name] |= first if name not in first else set()
            needs[name] |= self.services.keys() - last if name in last else set()
        return {name: tuple(sorted(n for n in found if n in self.services and n != name))
                for name, found in needs.items()}  # fmt: skip

    def _service(self, name: str, after: tuple[str, ...]) -> Iterator[Process]:
        service, at = self.services[name]
        kind = str(service.get("type") or "simple")
        env = {**self._variables(self.settings), **self._variables(service)}
        seen = {**environment(self.process, self.image), **env}
        try:
            words = shlex.split(str(service.get("command") or ""))
        except ValueError as error:
            words = []
            self.gaps.append(Gap(f"chaperone cannot take the command of {name} apart: {error}", at))
        if not words or kind == "inetd":
            what = "has no command" if not words else "runs once for each connection, and has no place of its own"
            self.gaps.append(Gap(f"{name} {what}", at))
            return
        off = self._off(name, service, seen)
        filled = [_filled(word, seen) for word in words]
        line = " ".join(["exec", *(said for _, said in filled)])
        late = any("$" in word or "`" in word for word in words)
        user = _filled(str(service.get("uid") or self.settings.get("uid") or ""), seen)[0] or self.user
        yield Process(
            name=name,
            command=Command(tuple(text for text, _ in filled), ("/bin/sh", "-c", line) if late else ()),
            evidence=at,
            lifetime="scheduled" if kind == "cron" else "job" if kind == "oneshot" else "service",
            schedule=_interval(service) if kind == "cron" else "",
            env={key: value for key, value in env.items() if "$" not in value and "`" not in value},
            user="" if user.startswith("$") else user,
            workdir=_filled(str(service.get("directory") or ""), seen)[0],
            after=after,
            restart="on-failure" if service.get("restart") is True else "",
            stop_signal=_signal(service.get("kill_signal")),
            off=off,
        )

    def _variables(self, section: Mapping[object, object]) -> dict[str, str]:
        said = section.get("env_set")
        given = environment(self.process, self.image)
        return {str(k): _filled(str(v), given)[0] for k, v in said.items()} if isinstance(said, dict) else {}

    def _off(self, name: str, service: Mapping[object, object], env: Mapping[str, str]) -> str:
        """What would turn a service on that does not start; "" for one that does."""
        enabled = service.get("enabled")
        if enabled is False:
            return f"enabled: false; telchap start {name}"
        variable, operator, value = _parts(enabled) if isinstance(enabled, str) else ("", "", "")
        if variable and operator == "+" and variable not in env:
            return f"{variable} is set"
        if variable and operator == "-" and variable not in env and value.lower() in ("", "false"):
            return f"{variable}=true"
        return ""


def _names(value: object) -> list[str]:
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [str(word).strip() for word in words if str(word).strip()]


def _parts(text: str) -> tuple[str, str, str]:
    """The variable, the operator and the word of a text that is one expansion: `$(NAME:-word)`."""
    if text[:2] not in ("$(", "${") or text[-1:] not in (")", "}"):
        return "", "", ""
    name, colon, rest = text[2:-1].partition(":")
    known = name.isidentifier() and (not colon or rest[:1] in ("-", "+"))
    return (name, rest[:1], rest[1:]) if known else ("", "", "")


def _filled(word: str, env: Mapping[str, str]) -> tuple[str, str]:
    """A word with its variables, `$NAME` where one is not known; and the same for a shell, which keeps every variable.

    `$(NAME)`, `${NAME}`, `:-` and `:+` are the shell's own; what chaperone has beyond these stays as it is written.
    """
    seen, line, at = "", "", 0
    while at < len(word):
        end = word.find(")" if word[at : at + 2] == "$(" else "}", at) if word[at : at + 2] in ("$(", "${") else -1
        name, operator, other = _parts(word[at : end + 1]) if end > 0 else ("", "", "")
        if not name:
            seen += word[at]
            line += shlex.quote(word[at])
            at += 1
            continue
        value = env.get(name)
        if operator == "+":
            seen += other if value is not None else ""
        else:
            seen += value if value is not None else other if operator else f"${name}"
        line += f'"${{{name}{":" + operator + other if operator else ""}}}"'
        at = end + 1
    return seen, line if "$" in word else shlex.quote(word)


def _interval(service: Mapping[object, object]) -> str:
    words = str(service.get("interval") or "").split()
    return f"@{words[0]}" if len(words) == 1 and words[0] in NICKNAMES else " ".join(words)


def _signal(value: object) -> str:
    text = str(value or "").upper()
    if text.isascii() and text.isdecimal() and len(text) < 4:
        return next((s.name for s in signal.Signals if s.value == int(text)), "")
    name = text if text.startswith("SIG") else f"SIG{text}"
    return name if name in signal.Signals.__members__ else ""
