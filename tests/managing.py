"""For the tests of managers: an image of a few texts, and what a manager makes of a command in it."""

import importlib

from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Config, Image, MemoryTree, text_node


def image_of(files=None, *, env=None, workdir="/", base="", executable=()):
    nodes = {path: text_node(text, 0o755 if path in executable else 0o644) for path, text in (files or {}).items()}
    return Image("example/test", Config(env=env or {}, workdir=workdir), MemoryTree(nodes), base=base)


def process_of(argv, **more):
    words = tuple(argv.split() if isinstance(argv, str) else argv)
    return Process(more.pop("name", "main"), Command(words), Evidence("image config", note="CMD"), **more)


def expand(manager, argv, image, **more):
    """The children and the gaps; None where the command is not the manager's."""
    got = importlib.import_module(f"splitter.managers.{manager}").expand(process_of(argv, **more), image)
    if got is None:
        return None
    return [x for x in got if isinstance(x, Process)], [x for x in got if isinstance(x, Gap)]


class Launcher:
    """A script of one language in /app, for the tests of the managers that read launchers."""

    def __init__(self, manager, argv, path, head=""):
        self.manager, self.argv, self.path, self.head = manager, argv, path, head

    def start(self, body, argv=None, *, env=None, files=None, head=None, **more):
        """What the script with this body starts, and the gaps."""
        texts = {self.path: (self.head if head is None else head) + body, **(files or {})}
        image = image_of(texts, workdir="/app", env=env, executable=(self.path,))
        return expand(self.manager, argv or self.argv, image, **more)

    def started(self, body, **more):
        """The same as words, where there is no gap: a step is marked as (job), what is off as OFF."""
        processes, gaps = self.start(body, **more)
        assert gaps == []
        return [shown(p) for p in processes]


def shown(process):
    marks = "" if process.lifetime == "service" else " (job)"
    return f"{process.command}{marks}{' OFF' if process.off else ''}"
