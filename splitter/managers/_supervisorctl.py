"""Programs with autostart=false that another program starts by `supervisorctl start`."""

from splitter.model.facts import Gap, Process
from splitter.model.image import Image


def started_by_programs(programs: list[Process], image: Image, gaps: list[Gap]) -> list[Process]:
    return programs
