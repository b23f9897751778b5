"""A Ruby server whose configuration starts programs beside it: Puma, Unicorn, Pitchfork, `rails server`.

puma/dsl.rb, puma/plugin.rb and unicorn/configurator.rb say which blocks run when the server starts: those are followed.
A program that is found there leaves the server where something keeps the server from starting it once more:

- a variable of the environment. The configuration is read again with the variable set; it is the switch if that start
  is gone and everything else is as before. A variable that holds the program's address goes first.
- else the start is taken out of the configuration, where nothing else uses its value.

Where neither works it stays in the server, and that is told.
"""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from splitter.catalogue import embedded, looks_secret, one_off, service
from splitter.managers._launch import environment, folder, under
from splitter.managers._ruby_boot import Migration, migration
from splitter.managers._ruby_flow import Flow
from splitter.managers._ruby_switch import Mark, find, without
from splitter.managers._ruby_values import Const, Function, Module, Node, Object, Scope
from splitter.managers._starts import Event, Launcher, Starts
from splitter.managers._supervisor import OPEN, readable
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

MAX_SCRIPT = 1 << 17
WORKER = "each worker process of the server starts one of its own"
# Blocks that run when the server starts; those of a worker run in each.
HOOKS: Mapping[str, str] = {
    **dict.fromkeys(("before_fork", "on_booted", "after_booted", "on_worker_fork", "before_worker_fork",
                     "after_worker_fork", "after_mold_fork", "after_monitor_ready"), ""),
    **dict.fromkeys(("on_worker_boot", "before_worker_boot", "after_fork", "after_worker_ready"), WORKER),
}  # fmt: skip
UNICORNS = ("unicorn", "unicorn_rails", "rainbows", "pitchfork")
WORDS = ("fork", "spawn", "system", "exec", "popen", "plugin", "`", "require_relative", "load", "Thread", "Sidekiq",
         "GoodJob", "Resque", "Rufus", "embed")  # fmt: skip


def expand(process: Process, words: tuple[str, ...], image: Image) -> list[Process | Gap] | None:
    name = posixpath.basename(words[0])
    if name == "rails" and words[1:2] not in (("server",), ("s",)):
        return None
    return _Server(process, words, image).children()


class Configuration(Flow):
    """The configuration of a server, with the plug-ins of Puma that it names."""

    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.plugins: dict[str, Module] = {}

    def of_library(self, on: Const, name: str, args: list[object], node: Node, depth: int, block: object) -> object:
        if on.name == "Puma::Plugin" and name == "create" and isinstance(block, Function):
            label = posixpath.basename(self.path).removesuffix(".rb")
            self.plugins[label] = module = Module(label, self.top)
            body = block.node.child_by_field_name("body")
            if body is not None:
                self.body([body], Scope(module, module), depth)
            return module
        return super().of_library(on, name, args, node, depth, block)

    def plugged(self, name: str, node: Node, depth: int) -> None:
        """`plugin :name`: its `config` runs at once, its `start` when the server starts (puma/plugin.rb)."""
        if name not in self.plugins:
            for base in dict.fromkeys((*self.paths, f"{self.root}/lib")):
                path = normal(f"{base}/puma/plugin/{name}.rb")
                text = self.read(path) if path not in self.files else None
                if text is not None:
                    self.files[path] = None
                    self.run_file(text, path)
        module = self.plugins.get(name)
        if module is None:
            return
        plugin = Object(module)
        for method in ("config", "start"):
            found = module.find(method)
            if found is not None:
                self.invoke(found, [Const("Puma")], node, depth, None, plugin)


@dataclass
class _Server:
    process: Process
    words: tuple[str, ...]
    image: Image
    gaps: list[Gap] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    patches: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    name: str = ""

    def children(self) -> list[Process | Gap] | None:
        self.place = self.folder()
        self.name = posixpath.basename(self.words[0])
        self.given = environment(self.process, self.image)
        path = self.configuration()
        found: list[Process] = []
        if path:
            found = self.configured(path)
        steps = self.boot()
        found = [self.inherits(p, path) for p in found]
        if not (found or steps or self.gaps or self.notes):
            return None
        env = {**self.process.env, **self.env}
        patches = {**self.process.patches, **self.patches}
        web = replace(self.process, env=env, patches=patches, notes=(*self.process.notes, *self.notes))
        return [*steps, web, *found, *self.gaps]

    # Where it is

    def option(self, *names: str) -> str:
        for at, word in enumerate(self.words):
            name, equals, value = word.partition("=")
            if name in names:
                return value if equals else "".join(self.words[at + 1 : at + 2])
        return ""

    def folder(self) -> str:
        """The application's own folder."""
        if where := self.option("--dir"):
            return under(self.process, self.image, where)
        program = self.words[0]
        if posixpath.basename(program) == "rails" and "/" in program:
            return normal(posixpath.dirname(posixpath.dirname(under(self.process, self.image, program))))
        return folder(self.process, self.image)

    def configuration(self) -> str:
        """The file that it reads; "" where there is none, or nothing in it can start a program."""
        unicorn = posixpath.basename(self.words[0]) in UNICORNS
        name = self.option("-c", "--config-file") if unicorn else self.option("-C", "--config")
        stage = self.option("-e", "--environment") or self.given.get("RAILS_ENV") or self.given.get("RACK_ENV")
        likely = () if unicorn else (f"config/puma/{stage or 'development'}.rb", "config/puma.rb")
        paths = [under(self.process, self.image, name)] if name else [f"{self.place}/{p}" for p in likely]
        path = next((p for p in paths if self.image.is_file(p)), "")
        text = self.read(path) if path else None
        return path if text is not None and any(word in text for word in WORDS) else ""

    def read(self, path: str) -> str | None:
        if path in self.patches:
            return self.patches[path]
        got = self.image.read(path, MAX_SCRIPT) if "/gems/" not in path else None
        return got if isinstance(got, str) else None

    def follow(self, path: str, env: Mapping[str, str], read: Callable[[str], str | None]) -> Configuration:
        flow = Configuration(env, self.place, read, path, (), HOOKS)
        flow.root = self.place
        flow.paths = [f"{self.place}/lib"]
        text = read(path)
        if text is not None:
            flow.run(text)
        return flow

    # What it starts

    def configured(self, path: str) -> list[Process]:
        first = self.follow(path, self.given, self.read)
        found: list[Process] = []
        for event in [e for e in first.events if not self.step(e)]:
            if event.off:
                found += self.made(event, first)
                continue
            flow = self.follow(path, {**self.given, **self.env}, self.read)
            mark = Mark.of(event)
            if mark not in Mark.all(flow.events):
                found += self.made(event, first)  # gone with another
                continue
            found += self.parted(event, first, flow, path)
        self.embedded(first, path)
        return found

    @staticmethod
    def step(event: Event) -> bool:
        """A command that the server waits for: it stays what it is, unless it belongs into the one-off job."""
        if event.kind != "run" or event.beside or event.tail or event.loop:
            return False
        argv = tuple(map(str, event.argv)) if isinstance(event.argv, list) else ("sh", "-c", str(event.argv))
        known = one_off(argv)
        return known is None or known.role != "migration"

    def parted(self, event: Event, first: Configuration, flow: Configuration, path: str) -> list[Process]:
        """The program in a process of its own, if the server can be kept from starting it."""
        made = self.made(event, first)
        at = Evidence(event.path, event.line)
        if not made:
            return []

        def marks(env: Mapping[str, str]) -> tuple[frozenset[Mark], frozenset[str]]:
            again = self.follow(path, {**self.given, **self.env, **env}, self.read)
            return Mark.all(again.events), frozenset(full for full, _, _ in again.called if embedded(full))

        switch = find(made[0], Mark.of(event), flow, marks)
        if switch is not None:
            self.env |= {switch.name: switch.value}
            return [replace(made[0], notes=(*made[0].notes, f"{switch} keeps the server from starting it"))]
        text = self.read(event.path)
        patched = without(text, event) if text is not None else None
        if patched is not None:
            self.patches[event.path] = patched
            again = self.follow(path, {**self.given, **self.env}, self.read)
            if Mark.all(again.events) == Mark.all(flow.events) - {Mark.of(event)}:
                note = "its start is taken out of the server's configuration"
                return [replace(made[0], notes=(*made[0].notes, note))]
            del self.patches[event.path]
        what = (
            f"{self.name} starts {readable(str(made[0].command))} itself, and nothing that is known keeps it from that"
        )
        self.gaps.append(Gap(f"{what}: it stays in the same container", at))
        return []

    def made(self, event: Event, flow: Configuration) -> list[Process]:
        """The process that a start comes to; what cannot be one is told."""
        event = self.without_secret(event)
        kept = replace(event, tail=False, beside=event.kind != "run" or event.beside or event.tail)
        env = {k: v for k, v in event.env.items() if k not in flow.set or k in self.given}
        maker = Launcher(self.process, self.image, Starts([replace(kept, env=env)], "", flow.pauses))
        got = maker.child(replace(kept, env=env))
        for gap in maker.gaps:
            what = gap.what
            if event.kind == "function":
                what = f"{self.name} forks a part of itself, which cannot be started alone"
            self.gaps.append(Gap(what, gap.evidence))
        return [got] if got is not None else []

    def without_secret(self, event: Event) -> Event:
        """A server's password that is made up when it starts: nobody outside can know it, so it is left out."""
        if not isinstance(event.argv, list):
            return event
        words: list[object] = []
        gone = False
        rest = list(event.argv)
        while rest:
            word = rest.pop(0)
            value = rest[0] if rest else None
            secret = isinstance(word, str) and word.startswith("--") and looks_secret(word.lstrip("-"))
            if secret and value is not None and (not isinstance(value, str) or OPEN in value):
                rest.pop(0)
                gone = True
                continue
            words.append(word)
        if not gone:
            return event
        note = "it was given a password that was made up at each start, which is left out: only this project reaches it"
        return replace(event, argv=words, notes=(*event.notes, note))

    def inherits(self, process: Process, path: str) -> Process:
        """A child of the server has its environment, and what the configuration adds to it."""
        known = service(process.command.argv)
        if known is not None and known.role == "backing":
            return process
        added = self.follow(path, {**self.given, **self.env}, self.read).set
        plain = {k: v for k, v in added.items() if OPEN not in v}
        return replace(process, env={**plain, **self.env, **process.env})

    # What it does itself

    def embedded(self, flow: Configuration, path: str) -> None:
        """Workers and schedulers that run in a thread of the server."""
        told: dict[str, None] = {}
        for full, where, line in flow.called:
            name = embedded(full)
            if name and name not in told:
                told[name] = None
                at = Evidence(where, line)
                self.notes.append(f"it runs {name} inside ({at}): each copy of it runs one more")
                self.gaps.append(Gap(f"{self.name} runs {name} in itself ({full}): it is not parted from it", at))

    def boot(self) -> list[Process]:
        """Migrations that the application runs whenever it boots."""
        found: Migration | None = migration(self.place, self.given, self.read, self.image)
        if found is None:
            return []
        if found.switch is None:
            self.notes.append(f"it migrates the database when it boots ({found.evidence}): start one alone first")
            self.gaps.append(Gap(f"{self.name} migrates the database whenever it boots", found.evidence))
            return []
        self.env |= {found.switch.name: found.switch.value}
        return [
            Process(
                name="migrate",
                command=Command(found.command),
                evidence=found.evidence,
                lifetime="job",
                phase="once",
                env={k: v for k, v in self.env.items() if k != found.switch.name},
                workdir=self.place if self.place != folder(self.process, self.image) else "",
                notes=(f"{found.switch} keeps the server from doing it at each start",),
            )
        ]
