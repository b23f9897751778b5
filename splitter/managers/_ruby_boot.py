"""Migrations that a Rails application runs whenever it boots: calls of its initializers that migrate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splitter.managers._ruby_flow import Flow
from splitter.managers._ruby_switch import MAX_ASKED, STAGES, Switch
from splitter.model.facts import Evidence
from splitter.model.image import Image

MAX_INITIALIZERS = 60
WORDS = {"MIGRATE", "MIGRATION", "MIGRATIONS", "AUTOMIGRATE", "MIGRATOR", "AUTO", "DB", "DATABASE"}
VALUES = ("false", "0", "no", "off", "true", "1", "")
# Blocks that run while the application boots (Rails::Railtie::Configuration).
HOOKS = dict.fromkeys(("to_prepare", "after_initialize", "before_initialize", "before_eager_load", "server"), "")
MIGRATES = ("DatabaseTasks.migrate", "Migrator.migrate", "DatabaseTasks.migrate_all", "DatabaseTasks.prepare_all")


@dataclass(frozen=True)
class Migration:
    """Where it migrates, how it is done by hand, and what turns it off (None: nothing does)."""

    evidence: Evidence
    command: tuple[str, ...]
    switch: Switch | None


def migration(root: str, env: Mapping[str, str], read: Callable[[str], str | None], image: Image) -> Migration | None:
    """The migration that stands in an application's initializers; None where none does."""
    for path in list(image.glob(f"{root}/config/initializers/*.rb"))[:MAX_INITIALIZERS]:
        text = read(path)
        if text is None or "migrat" not in text.lower():
            continue

        def place(more: Mapping[str, str], text: str = text, path: str = path) -> tuple[Flow, int]:
            flow = Flow({**env, **more}, root, read, path, (), HOOKS)
            flow.root = root
            flow.run(text)
            return flow, next((line for full, where, line in flow.called if where == path and _migrates(full)), 0)

        flow, line = place({})
        if not line:
            continue
        program = f"{root}/bin/rails"
        command = (program, "db:migrate") if image.is_file(program) else ("bundle", "exec", "rails", "db:migrate")
        return Migration(Evidence(path, line), command, _switch(flow, place))
    return None


def _switch(flow: Flow, place: Callable[[Mapping[str, str]], tuple[Flow, int]]) -> Switch | None:
    for name in list(flow.asked)[:MAX_ASKED]:
        if name in STAGES or WORDS.isdisjoint(name.upper().split("_")):
            continue
        for value in VALUES:
            if not place({name: value})[1]:
                return Switch(name, value)
    return None


def _migrates(full: str) -> bool:
    if full.endswith(MIGRATES):
        return True
    what, _, name = full.rpartition(".")
    if name in ("invoke", "execute"):  # of a task of Rake
        return "db:migrate" in what
    return name == "migrate" and "migration" in what.lower()
