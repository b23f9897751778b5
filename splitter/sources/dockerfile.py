"""A folder with a Dockerfile, read without an engine: what a build would make of it, as far as that can be told."""

import os
import posixpath
from collections.abc import Callable
from dataclasses import replace

from splitter.errors import SplitterError
from splitter.model.image import Build, Config, Image, MemoryTree, Node, normal
from splitter.sources import Options
from splitter.sources._context import Change, ContextTree, Graft
from splitter.sources._copy import Origin, copy
from splitter.sources._ignore import Ignore
from splitter.sources._parse import HINT, Instruction, Text, held_back, parse, read_text
from splitter.sources._project import argument, dockerfile_of
from splitter.sources._stage import Stage, inherit_base
from splitter.sources._words import BadWord, expand

PREFIXES = ("dockerfile",)
MAX_BASES = 3  # Dockerfiles of the same project that build on one another

# The platform is that of nearly every server; `--build-arg TARGETARCH=...` says another.
PLATFORM = {
    "BUILDPLATFORM": "linux/amd64", "BUILDOS": "linux", "BUILDARCH": "amd64", "BUILDVARIANT": "",
    "TARGETPLATFORM": "linux/amd64", "TARGETOS": "linux", "TARGETARCH": "amd64", "TARGETVARIANT": "",
}  # fmt: skip


def read(reference: str, options: Options) -> Image:
    """The image that `docker build` would make of a folder: its configuration, and the files that are known of it.

    Raises SplitterError where there is no such folder, Dockerfile, stage, or the Dockerfile does not parse.
    """
    folder = reference or "."
    if not os.path.isdir(folder):
        raise SplitterError(f"no such folder: {folder}", "name the folder with the Dockerfile, the build context")
    path = _dockerfile(folder, options.file)
    shown = os.path.relpath(os.path.abspath(path), os.path.abspath(folder))
    text = parse(_text(path, shown, folder if options.file is None else ""), shown)
    context = ContextTree(folder, Ignore(_ignored(folder, path)))
    build = _Build(text, shown, context, folder, options)
    stage = build.stage(build.target())
    return Image(
        reference,
        stage.config,
        stage.tree,
        Build(folder, shown, options.target, dict(options.build_args)),
        stage.base,
        tuple(stage.unread),
        tuple(stage.gaps),
        late=context.gaps,
    )


def _dockerfile(folder: str, file: str | None) -> str:
    """The Dockerfile's path: `--file` is read from the working folder as `docker build` does, or from the context."""
    places = [file, os.path.join(folder, file)] if file else [os.path.join(folder, "Dockerfile")]
    found = next((path for path in places if os.path.isfile(path)), None)
    if found is None:
        raise SplitterError(f"no such Dockerfile: {places[0]}", "name it with -f, or name the folder that holds it")
    return found


def _ignored(folder: str, dockerfile: str) -> list[str]:
    for path in (f"{dockerfile}.dockerignore", os.path.join(folder, ".dockerignore")):
        if os.path.isfile(path):
            return _text(path, os.path.relpath(path, folder), os.path.dirname(path) or ".").splitlines()
    return []


def _text(path: str, shown: str, inside: str) -> str:
    """A text of the folder; one that a link takes out of it is not read, as `docker build` has it."""
    if inside and not os.path.realpath(path).startswith(os.path.realpath(inside).rstrip("/") + "/"):
        raise SplitterError("is a link that leads out of the folder", "put the file itself there", shown)
    return read_text(path, shown)


class _Build:
    """The stages of a Dockerfile, each gone through when it is needed."""

    def __init__(
        self, text: Text, shown: str, context: ContextTree, folder: str, options: Options, bases: int = MAX_BASES
    ) -> None:
        self.text, self.shown, self.context, self.folder = text, shown, context, folder
        self.options, self.bases = options, bases
        self.given = dict(options.build_args)
        self.wanted = options.target
        self.outer: dict[str, str | None] = {**PLATFORM, **{k: v for k, v in self.given.items() if k in PLATFORM}}
        self.parts: list[list[Instruction]] = []
        self.done: dict[int, Stage] = {}
        for one in text.instructions:
            if one.name == "FROM":
                self.parts.append([one])
            elif self.parts:
                self.parts[-1].append(one)
            elif one.name == "ARG":
                self._outer_arg(one)
            else:
                raise SplitterError(f"{one.name} stands before the first FROM", HINT, f"{shown}:{one.line}")
        if not self.parts:
            raise SplitterError("the Dockerfile has no FROM", HINT, shown)
        self.names = [self._name(part[0]) for part in self.parts]

    def _outer_arg(self, one: Instruction) -> None:
        for word in one.words:
            name, equals, value = word.partition("=")
            value = self._expand(one, value)
            self.outer[name] = self.given.get(name, value if equals else self.outer.get(name))

    def _expand(self, one: Instruction, word: str) -> str:
        known = {name: value for name, value in self.outer.items() if value is not None}
        try:
            return expand(word, known, escape=self.text.escape)
        except BadWord as error:
            raise SplitterError(f"{one.name}: {error}", HINT, f"{self.shown}:{one.line}") from error

    @staticmethod
    def _name(one: Instruction) -> str:
        return one.words[2].lower() if len(one.words) == 3 else ""

    def target(self) -> int:
        """The index of the stage that is asked for."""
        if not self.wanted:
            return len(self.parts) - 1
        found = self._find(self.wanted, len(self.parts))
        if found is None:
            names = ", ".join(name for name in self.names if name)
            raise SplitterError(
                f"the Dockerfile has no stage {self.wanted}", f"its stages: {names or 'none has a name'}", self.shown
            )
        return found

    def _find(self, name: str, before: int, numbers: bool = True) -> int | None:
        for index in range(min(before, len(self.parts)) - 1, -1, -1):
            if self.names[index] == name.lower():
                return index
        if numbers and name.isdecimal() and int(name) < before:
            return int(name)
        return None

    def stage(self, index: int) -> Stage:
        if index not in self.done:
            self.done[index] = self._make(index)
        return self.done[index]

    def _make(self, index: int) -> Stage:
        first, *rest = self.parts[index]
        stage = Stage(self.shown, self.text.escape)
        reference = self._expand(first, first.words[0]) or self._left_open(stage, first)
        parent = self._find(reference, index, numbers=False)
        if parent is None:
            self._base(stage, first, reference)
        else:
            stage.begin_from(self.stage(parent))
            for one in self.stage(parent).onbuild:
                self._do(stage, one, index)
        for one in rest:
            self._do(stage, one, index)
        return stage

    def _left_open(self, stage: Stage, one: Instruction) -> str:
        """The base where it is an argument that the Dockerfile asks for and has no value of its own."""
        word = one.words[0]
        name = word.strip("${}")
        if name not in self.outer:
            raise SplitterError(
                f"FROM {word} names no image",
                "give the variable a value with --build-arg",
                f"{self.shown}:{one.line}",
            )
        found = argument(name, (os.path.join(self.folder, posixpath.dirname(self.shown)), self.folder))
        if found is None:
            stage.gap(f"FROM {word}: no value is given; --build-arg {name}=IMAGE says which base it is", one)
            return word
        file = os.path.relpath(found[1], self.folder)
        stage.gap(f"FROM {word}: no value is given; taken as {found[0]}, which {file} says", one)
        return found[0]

    def _base(self, stage: Stage, one: Instruction, reference: str) -> None:
        """Start from an image that is not at hand, as its own Dockerfile has it where the project holds that."""
        beside = os.path.join(self.folder, posixpath.dirname(self.shown))
        found = None
        if inherit_base(reference)[0] == Config() and self.bases:
            found = dockerfile_of(reference, self.folder, beside)
        if found is None:
            stage.begin(reference)
            return
        path, folder = found
        shown = os.path.relpath(path, os.path.realpath(self.folder))
        context = self.context if folder == self.folder else ContextTree(folder, Ignore(_ignored(folder, path)))
        options = replace(self.options, file=path, target="")
        try:
            other = _Build(parse(_text(path, shown, ""), shown), shown, context, folder, options, self.bases - 1)
            stage.begin_from(other.stage(other.target()))
        except SplitterError as error:
            stage.begin(reference)
            stage.gap(f"FROM {reference}: not at hand, and {shown} of the same project cannot be read ({error})", one)
            return
        stage.args, stage.shell = {}, Stage("", "").shell
        stage.gap(f"FROM {reference}: not at hand; taken as {shown} of the same project builds it", one)

    def _do(self, stage: Stage, one: Instruction, index: int) -> None:
        methods: dict[str, Callable[[Instruction], None]] = {
            "ENV": stage.env_, "LABEL": stage.label, "WORKDIR": stage.workdir, "USER": stage.user,
            "STOPSIGNAL": stage.stopsignal, "VOLUME": stage.volume, "EXPOSE": stage.expose,
            "HEALTHCHECK": stage.healthcheck, "SHELL": stage.shell_, "CMD": stage.cmd, "ENTRYPOINT": stage.entrypoint,
        }  # fmt: skip
        if one.name in methods:
            methods[one.name](one)
        elif one.name == "ARG":
            stage.arg(one, self.given, self.outer)
        elif one.name in ("COPY", "ADD"):
            self._copy(stage, one, index)
        elif one.name == "RUN":
            self._run(stage, one, index)
        elif one.name == "ONBUILD":
            stage.onbuild.append(held_back(one, self.text, self.shown))

    def _copy(self, stage: Stage, one: Instruction, index: int) -> None:
        stage.fetched(one, " ".join(one.words[:-1]))
        given = one.flag("from")
        if given is None:
            copy(stage, one, Origin(self.context, "the context", folder=self.folder))
            return
        origin = self._origin(stage.place(one, given), index)
        if origin is None:
            stage.not_known(one, f"COPY --from={given} {' '.join(one.words[:-1])}")
        else:
            copy(stage, one, origin)

    def _origin(self, name: str, index: int) -> Origin | None:
        """The earlier stage of this name, or a base image as far as it is known; None for what is not at hand."""
        found = self._find(name, index)
        if found is None:
            _, files = inherit_base(name)
            return Origin(MemoryTree(files), name, complete=False) if files else None
        stage = self.stage(found)
        return Origin(stage.tree, name, complete=not (stage.base or stage.unread))

    def _run(self, stage: Stage, one: Instruction, index: int) -> None:
        from splitter.sources._run import run

        run(stage, one, self.text, self._mounts(stage, one, index))

    def _mounts(self, stage: Stage, one: Instruction, index: int) -> dict[str, Graft | Node]:
        """What `RUN --mount` lays over the files while it runs: binds that are at hand, and empty caches."""
        mounts: dict[str, Graft | Node] = {}
        for flag in one.all("mount"):
            parts = (part.partition("=") for part in flag.split(","))
            said = {name.strip(): stage.word(one, value) for name, _, value in parts}
            target = said.get("target") or said.get("dst") or said.get("destination")
            if not target or said.get("type", "bind") in ("secret", "ssh"):
                continue
            target = normal(posixpath.join(stage.config.workdir or "/", target))
            mounts[target] = Node("dir")
            if said.get("type", "bind") != "bind":
                continue
            name = said.get("from")
            origin = self._origin(name, index) if name else Origin(self.context, "the context")
            if origin is None:
                continue
            source = normal(said.get("source") or said.get("src") or "/")
            node = origin.tree.lookup(source)
            if node is not None:
                mounts[target] = Graft(origin.tree, source, Change()) if node.kind == "dir" else node
        return mounts
