"""What the documents show is made here: cog runs these functions, and CI checks that nothing has changed."""

import contextlib
import importlib
import inspect
import io
import os
import pkgutil
from pathlib import Path

import cog

from splitter.cli import build_parser, main

ROOT = Path(__file__).parent.parent


def command(line: str, only: slice = slice(None)) -> None:
    """A command of ours with what it prints on stdout."""
    program, *words = line.split()
    assert program == "splitter"
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        main(words)
    block("console", "\n".join([f"$ {line}", *out.getvalue().rstrip().splitlines()[only]]))


def compose(path: str, lines: int | None = None) -> None:
    """A compose file without what splitter keeps for itself; or its first lines after the header."""
    text = (ROOT / path).read_text().split("\n# For splitter's next run")[0].rstrip()
    if lines is not None:
        text = "\n".join(text[text.index("\n\n") + 2 :].splitlines()[:lines])
    block("yaml", text)


def helps() -> None:
    """`--help` of the program and of every verb."""
    os.environ["COLUMNS"] = "100"
    parser = build_parser()
    verbs = next(a for a in parser._actions if a.dest == "command").choices
    for name, each in (("", parser), *verbs.items()):
        title = f"splitter {name}".strip()
        cog.outl(f"## {title}\n")
        block("console", f"$ {title} --help\n{each.format_help().rstrip()}")
        cog.outl("")


def managers() -> None:
    """A row for each manager: what its module says of it, and how it starts some of its programs without the others."""
    import splitter.managers as package
    from splitter.managers._keep import keepers

    cog.outl("| manager | how it works | programs that stay together |\n|---|---|---|")
    for name, text in modules(package):
        keep = keepers().get(name)
        cog.outl(f"| `{name}` | {sentence(text)} | {sentence(inspect.getdoc(keep) or '') if keep else ''} |")


def refactors() -> None:
    """A row for each refactor."""
    import splitter.refactors as package

    cog.outl("| refactor | what it does |\n|---|---|")
    for name, text in modules(package):
        cog.outl(f"| `{name}` | {sentence(text)} |")


def modules(package):
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        if not found.name.startswith("_"):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            yield found.name, inspect.getdoc(module) or ""


def sentence(text: str) -> str:
    """The first paragraph, on one line, fit for a cell of a table."""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def block(language: str, text: str) -> None:
    cog.outl(f"```{language}\n{text}\n```")
