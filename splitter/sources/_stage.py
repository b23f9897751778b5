"""One stage of a Dockerfile as its instructions are gone through: configuration, files, and what is not known."""

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from splitter.catalogue import base as known_base
from splitter.errors import SplitterError
from splitter.model.facts import Evidence, Gap
from splitter.model.image import Config, Healthcheck, Image, Node, normal, text_node
from splitter.sources._context import StageTree
from splitter.sources._parse import HINT, Instruction
from splitter.sources._words import BadWord, expand

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Stands for s6-overlay's own init: it prepares, and then starts what /etc/s6-overlay and /etc/services.d name.
S6_INIT = """\
#!/bin/sh -e
exec s6-overlay-suexec ' /package/admin/s6-overlay/libexec/preinit' '' /package/admin/s6-overlay/libexec/stage0 "$@"
"""
MAX_RANGE = 100  # ports of one EXPOSE that are named one by one


class Stage:
    """A stage in the making. `at` is the Dockerfile's path in the context, for the evidence."""

    def __init__(self, at: str, escape: str) -> None:
        self.at, self.escape = at, escape
        self.config = Config()
        self.tree = StageTree()
        self.base = ""
        self.shell: tuple[str, ...] = ("/bin/sh", "-c")
        self.args: dict[str, str | None] = {}
        self.unread: list[Evidence] = []
        self.gaps: list[Gap] = []
        self.onbuild: list[Instruction] = []
        self.too_rich: set[str] = set()  # scripts that cost too much to be read again
        self._cmd_set = False
        self._unset: set[str] = set()

    def begin(self, reference: str) -> None:
        """Start from an image that is not at hand, or from `scratch`."""
        if reference == "scratch":
            return
        self.base = reference
        self.config, files = inherit_base(reference)
        for path, node in files.items():
            self.tree.put(path, node)

    def begin_from(self, other: "Stage") -> None:
        self.config, self.tree, self.base = other.config, other.tree.copy(), other.base
        self.shell, self.args = other.shell, dict(other.args)
        self.unread, self.gaps = list(other.unread), list(other.gaps)

    @property
    def env(self) -> dict[str, str]:
        """What an instruction's variables mean here; ENV goes before ARG."""
        given = {name: value for name, value in self.args.items() if value is not None}
        return {"PATH": PATH, **given, **self.config.env}

    def image(self) -> Image:
        """The stage as an image, for what looks into it while it grows."""
        config = replace(self.config, env=self.env)
        return Image("", config, self.tree, base=self.base, unread=tuple(self.unread))

    def evidence(self, one: Instruction, note: str = "") -> Evidence:
        return Evidence(self.at, one.line, note)

    def word(self, one: Instruction, word: str, *, quotes: bool = True) -> str:
        """A word with its variables; one that only the base image could give stays as `$NAME`. Raises SplitterError."""
        try:
            escape = self.escape if quotes else "\\"
            return expand(word, self.env, escape=escape, quotes=quotes, unset=self._unknown)
        except BadWord as error:
            raise SplitterError(f"{one.name}: {error}", HINT, f"{self.at}:{one.line}") from error

    def _unknown(self, name: str) -> str:
        if not self.base or name in self.args or not name.isidentifier():
            return ""
        self._unset.add(name)
        return f"${name}"

    def place(self, one: Instruction, word: str) -> str:
        """A word that names a path, a user or a port; what it lacks is a gap."""
        self._unset.clear()
        text = self.word(one, word)
        for name in sorted(self._unset):
            self.gap(f"${name} is set neither here nor by a base image that is known ({self.base})", one)
        return text

    def gap(self, what: str, one: Instruction) -> None:
        gap = Gap(what, self.evidence(one))
        if gap not in self.gaps:
            self.gaps.append(gap)

    def not_known(self, one: Instruction, note: str) -> None:
        """Take down that what this instruction leaves behind is not known."""
        evidence = self.evidence(one, note)
        if evidence not in self.unread:
            self.unread.append(evidence)

    def fetched(self, one: Instruction, text: str) -> None:
        """Know the init that an installation of s6-overlay brings, however it is unpacked (s6-overlay, README)."""
        brought = "s6-overlay" in text and any(mark in text for mark in (".tar", ".tgz", "-installer"))
        if brought and self.tree.lookup("/init") is None:
            self.tree.put("/init", text_node(S6_INIT, 0o755, self.evidence(one)))

    def set(self, one: Instruction, key: str, **change: object) -> None:
        where = {**self.config.where, key: self.evidence(one)}
        self.config = replace(self.config, where=where, **change)  # type: ignore[arg-type]

    # What follows is one method an instruction, by its name in small letters.

    def env_(self, one: Instruction) -> None:
        new = {}
        for name, value in zip(one.words[::2], one.words[1::2], strict=False):
            new[self.word(one, name)] = self.word(one, value)
        for name, value in new.items():
            self.set(one, f"ENV {name}", env={**self.config.env, name: value})

    def label(self, one: Instruction) -> None:
        pairs = zip(one.words[::2], one.words[1::2], strict=False)
        new = {self.word(one, name): self.word(one, value) for name, value in pairs}
        self.config = replace(self.config, labels={**self.config.labels, **new})

    def arg(self, one: Instruction, given: Mapping[str, str], outer: Mapping[str, str | None]) -> None:
        for word in one.words:
            name, equals, value = word.partition("=")
            name = self.word(one, name)
            if name in given:
                self.args[name] = given[name]
            elif equals:
                self.args[name] = self.word(one, value)
            else:
                self.args[name] = outer.get(name, self.args.get(name))

    def workdir(self, one: Instruction) -> None:
        path = normal(posixpath.join(self.config.workdir or "/", self.place(one, one.words[0])))
        self.set(one, "WORKDIR", workdir=path)
        if not self.image().is_dir(path):
            self.tree.put(path, Node("dir", origin=self.evidence(one)))

    def user(self, one: Instruction) -> None:
        self.set(one, "USER", user=self.place(one, one.words[0]))

    def stopsignal(self, one: Instruction) -> None:
        self.set(one, "STOPSIGNAL", stop_signal=self.word(one, one.words[0]))

    def volume(self, one: Instruction) -> None:
        if one.words and one.words[0].startswith("["):
            # Dockerfile reference, "VOLUME": a list is JSON, so its words are in double quotes.
            self.gap(
                "VOLUME is no list (that takes double quotes), so Docker keeps none of the folders that are meant", one
            )
            return
        for word in one.words:
            if path := self.place(one, word):
                path = normal(posixpath.join(self.config.workdir or "/", path))
                self.set(one, f"VOLUME {path}", volumes=tuple(dict.fromkeys((*self.config.volumes, path))))

    def expose(self, one: Instruction) -> None:
        for word in one.words:
            for port in self.place(one, word).split():
                for each in ports(port):
                    self.set(one, f"EXPOSE {each}", ports=tuple(dict.fromkeys((*self.config.ports, each))))

    def healthcheck(self, one: Instruction) -> None:
        kind = one.words[0].upper()
        rest = one.words[1:]
        if kind == "NONE":
            self.set(one, "HEALTHCHECK", healthcheck=Healthcheck(("NONE",)))
            return
        if kind != "CMD" or not rest:
            raise SplitterError(f"HEALTHCHECK takes CMD or NONE, not {kind}", HINT, f"{self.at}:{one.line}")
        times = {name.replace("-", "_"): one.flag(name) or "" for name in ("interval", "timeout", "start-period")}
        retries = one.flag("retries") or ""
        check = Healthcheck(
            ("CMD", *rest) if one.json else ("CMD-SHELL", " ".join(rest)),
            times["interval"],
            times["timeout"],
            times["start_period"],
            int(retries) if retries.isdecimal() and int(retries) else None,
        )
        self.set(one, "HEALTHCHECK", healthcheck=check)

    def shell_(self, one: Instruction) -> None:
        self.shell = one.words

    def command(self, one: Instruction) -> tuple[str, ...]:
        if one.json:
            return one.words
        return (*self.shell, " ".join(one.words)) if "".join(one.words) else ()

    def cmd(self, one: Instruction) -> None:
        self._cmd_set = True
        self.set(one, "CMD", cmd=self.command(one))

    def entrypoint(self, one: Instruction) -> None:
        self.set(one, "ENTRYPOINT", entrypoint=self.command(one))
        if not self._cmd_set:
            where = {key: at for key, at in self.config.where.items() if key != "CMD"}
            self.config = replace(self.config, cmd=(), where=where)


def ports(text: str) -> list[str]:
    """The ports of one word of EXPOSE: "80", "53/udp", "8000-8010"; a wide range stays one."""
    span, _, protocol = text.partition("/")
    suffix = "" if protocol.lower() in ("", "tcp") else f"/{protocol.lower()}"
    first, dash, last = span.partition("-")
    if dash and first.isdecimal() and last.isdecimal() and 0 <= int(last) - int(first) < MAX_RANGE:
        return [f"{port}{suffix}" for port in range(int(first), int(last) + 1)]
    return [f"{span}{suffix}"] if span else []


def inherit_base(reference: str) -> tuple[Config, dict[str, Node]]:
    """The configuration and the files that are known of a base image that is not at hand; mostly nothing."""
    known = known_base(reference)
    if known is None:
        return Config(), {}
    at = Evidence(f"base image {reference}")
    keys = ("CMD", "ENTRYPOINT", *(f"ENV {name}" for name in known.env), *(f"VOLUME {path}" for path in known.volumes))
    config = Config(
        env=dict(known.env),
        entrypoint=known.entrypoint,
        cmd=known.cmd,
        workdir=known.workdir or "/",
        user=known.user,
        ports=tuple(each for port in known.ports for each in ports(port)),
        volumes=known.volumes,
        stop_signal=known.stop_signal,
        where=dict.fromkeys(keys, at),
    )
    init = {"/init": S6_INIT} if known.runs == "s6-overlay" else {}
    return config, {path: _base_node(text, at) for path, text in {**init, **known.files}.items()}


def _base_node(text: str, at: Evidence) -> Node:
    if text.startswith("-> "):
        return Node("link", 0o777, target=text[3:].strip(), origin=at)
    return text_node(text, 0o755 if text.startswith("#!") else 0o644, at)
