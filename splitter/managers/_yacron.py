"""yacron's jobs: a YAML file or a folder of them, each job with a schedule, a command and an environment of its own."""

import posixpath
from collections.abc import Iterator

from splitter.catalogue import load_yaml
from splitter.managers._cron_entries import Entries
from splitter.model.facts import Command, Evidence, Gap, Process

FIELDS = ("minute", "hour", "dayOfMonth", "month", "dayOfWeek")


def yacron(entries: Entries, path: str) -> None:
    """Take over the jobs of a configuration. Never raises on any text."""
    image = entries.image
    names = [n for n in image.names(path) if n.endswith((".yml", ".yaml")) and not n.startswith(("_", "."))]
    paths = [posixpath.join(path, n) for n in names] if image.is_dir(path) else [path]
    if not any(image.is_file(p) for p in paths):
        entries.gaps.append(image.missing(path, "yacron's configuration is not in the image"))
    for file in paths:
        text = image.read(file)
        if isinstance(text, Gap):
            entries.gaps.append(text)
        if not isinstance(text, str):
            continue
        entries.read = True
        try:
            data = load_yaml(text)
        except ValueError as error:
            entries.gaps.append(Gap(f"yacron cannot read it: {error}", Evidence(file)))
            continue
        top = data if isinstance(data, dict) else {}
        defaults = top.get("defaults")
        for job in _list(top.get("jobs")):
            if isinstance(job, dict):
                given = {**(defaults if isinstance(defaults, dict) else {}), **job}
                entries.found += _job(given, file, text, entries)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _job(job: dict[object, object], file: str, text: str, entries: Entries) -> Iterator[Process]:
    name, command, schedule = str(job.get("name", "")), job.get("command"), job.get("schedule")
    quoted = (name, f'"{name}"', f"'{name}'")
    lines = (n for n, line in enumerate(text.split("\n"), 1) if line.split("#")[0].rstrip().endswith(quoted))
    at = Evidence(file, next(lines, None) if name else None)
    if isinstance(schedule, dict):
        schedule = " ".join(str(schedule.get(f, "*")) for f in FIELDS)
    if not (name and isinstance(schedule, str) and command):
        entries.gaps.append(Gap(f"a job of yacron needs a name, a schedule and a command: {name[:40]}", at))
        return
    if isinstance(command, list):
        argv = tuple(str(w) for w in command)
    else:
        shell = job.get("shell") or "/bin/sh"
        argv = (*(shell.split() if isinstance(shell, str) else ["/bin/sh"]), "-c", str(command))
    env = {
        str(e["key"]): str(e.get("value", ""))
        for e in _list(job.get("environment"))
        if isinstance(e, dict) and "key" in e
    }
    notes = tuple(f"{key}: {job[key]}" for key in ("timezone", "concurrencyPolicy", "env_file") if job.get(key))
    yield Process(
        name,
        Command(argv),
        at,
        lifetime="scheduled",
        schedule=" ".join(schedule.split()),
        env=env,
        user=str(job.get("user") or ""),
        restart="no",
        notes=notes,
    )
