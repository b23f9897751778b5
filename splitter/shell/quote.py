"""Writing shell: words that mean what they should, run-time variables kept."""

import shlex
from collections.abc import Iterable

from splitter.shell.calls import Word
from splitter.shell.values import Value


def word(text: str) -> str:
    """A word that stands for exactly this text."""
    return shlex.quote(text)


def source(value: Value) -> str:
    """A word that stands for this value at run time."""
    return shlex.quote(value.text) if value.fixed else f'"{value.run}"'


def join(words: Iterable[Word | str]) -> str:
    """A command line: the sources of words, and strings quoted."""
    return " ".join(w.source if isinstance(w, Word) else shlex.quote(w) for w in words)
