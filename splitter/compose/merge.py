"""A file that splitter made and people went on with, brought up to date."""

from collections.abc import Mapping


def saved_answers(text: str) -> Mapping[str, str] | None:
    """The answers under `x-splitter:`; None where the file has none and so is not splitter's."""
    return {} if "\nx-splitter:" in text else None


def merge(before: str, new: str) -> str:
    return new
