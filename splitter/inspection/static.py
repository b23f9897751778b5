"""All that an image says without being run: its processes, then what these need of each other."""

from dataclasses import replace

from splitter.inspection import couplings, schedules, unread
from splitter.inspection.discovery import discover
from splitter.model.facts import Facts
from splitter.model.image import Image


def read(image: Image) -> Facts:
    """The facts of an image from its files and configuration alone."""
    facts = discover(image)
    facts = replace(facts, processes=schedules.noted(facts.processes, image))
    more = couplings.read(image, facts.processes)
    return replace(
        facts,
        couplings=more.couplings,
        gaps=tuple(dict.fromkeys((*facts.gaps, *unread.gaps(facts.processes, image), *more.gaps))),
        listening=more.listening,
        written=more.written,
    )
