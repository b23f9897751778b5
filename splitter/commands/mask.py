"""Secrets taken out of what is printed."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from splitter.catalogue import looks_secret
from splitter.catalogue.meaning import meaning
from splitter.model.facts import Facts
from splitter.model.image import Image

MASK = "***"
SHORTEST = 6  # a shorter value turns up in other words by chance
ALONE = 12  # a shorter value of letters and digits alone may be a part of other words (`icinga` of `icinga2`)
NAMED = ("env", "environment", "args")


class Mask:
    """Knows the values that look secret in an image, and hides them wherever they turn up.

    A value that is also the name of a program, a user or a folder (`nagios` as the password of Nagios) is hidden only
    behind the variable or option that it is the value of: everywhere else it tells nothing, and names must stay.
    """

    def __init__(self, named: Iterable[Mapping[str, str]], names: Collection[str] = ()) -> None:
        values: set[str] = set()
        for variables in named:
            for name, value in variables.items():
                if _refers(value) or not looks_secret(name, value):
                    continue
                values.add(_password(value) or value)
        self._done: dict[str, str] = {}  # one long script stands in many services
        self._values = sorted((v for v in values if len(v) >= SHORTEST and v not in names), key=lambda v: (-len(v), v))

    @classmethod
    def of(cls, image: Image, facts: Facts) -> "Mask":
        return cls((image.config.env, *(p.env for p in facts.processes)), frozenset(_names(facts)))

    def variables(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.value(name, value) for name, value in values.items()}

    def value(self, name: str, value: str) -> str:
        if _refers(value) or not looks_secret(name, value):
            return self.text(value)
        password = _password(value)
        return value.replace(password, MASK) if password else MASK

    def text(self, text: str) -> str:
        """Hides known values, passwords of URLs, and what stands behind `--password` or `NAME=`."""
        if text not in self._done:
            self._done[text] = self._hidden(text)
        return self._done[text]

    def _hidden(self, text: str) -> str:
        for value in self._values:
            text = _without(text, value)
        done: list[str] = []
        hide = False
        for word in text.split(" "):
            name, equals, value = word.partition("=")
            bare = name.lstrip("-").strip("\"'")
            if hide and word and not _refers(word):
                word, hide = MASK, False
            elif equals and bare.isidentifier() | ("-" in bare) and not _refers(value) and looks_secret(bare, value):
                password = _password(value.strip("\"'"))
                word = word.replace(password, MASK) if password else f"{name}={MASK}"
            elif password := _password(word.strip("\"'")):
                word = word.replace(password, MASK)
            else:
                hide = word.startswith("--") and not equals and looks_secret(bare)
            done.append(word)
        return " ".join(done)

    def data(self, data: Any) -> Any:
        """The same JSON data with secrets hidden, at any depth."""
        if isinstance(data, dict):
            return {
                k: self.variables(v) if k in NAMED and isinstance(v, dict) else self.data(v) for k, v in data.items()
            }
        if isinstance(data, list):
            return [self.data(v) for v in data]
        return self.text(data) if isinstance(data, str) else data


def _names(facts: Facts) -> Iterator[str]:
    """What the processes, their users, their programs and the folders of these are called, and the parts of that."""
    for process in facts.processes:
        paths = (*process.command.argv[:1], process.workdir, process.evidence.path)
        for name in (process.name, process.user, *(part for path in paths for part in path.split("/"))):
            yield name
            yield from "".join(c if c.isalnum() else " " for c in name).split()
        if (known := meaning(process)) is not None:
            yield known.name  # a service may be called so


def _without(text: str, value: str) -> str:
    """The text without the value: wherever it stands, or only as a word of its own where it is short."""
    if len(value) >= ALONE or not value.isalnum():
        return text.replace(value, MASK)
    parts = text.split(value)
    done = parts[0]
    for before, after in pairwise(parts):
        within = after[:1].isalnum() or (before[-1:].isalnum() and not _is_letter_of_option(before))
        done += (value if within else MASK) + after
    return done


def _is_letter_of_option(text: str) -> bool:
    """Whether what follows is the value of an option of one letter (`mysql -pVALUE`)."""
    return text[-2:-1] == "-" and not text[-3:-2].strip()


def _refers(value: str) -> bool:
    return not value or value.startswith("$")


def _password(value: str) -> str:
    if "://" not in value or "@" not in value:
        return ""
    try:
        return urlsplit(value).password or ""
    except ValueError:
        return ""
