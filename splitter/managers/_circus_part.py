"""A circus configuration of some of the watchers: all sections as they are, without the watchers that are not kept.

Included files are part of it. What is secret is taken from the container's environment by circus's own variables,
which it puts in everywhere but in a section `[env:...]`: secrets of these go to `[env]` (circus/config.py, get_config).
"""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence

from splitter.catalogue import looks_secret
from splitter.managers._circus import variables
from splitter.managers._ini import Ini, written
from splitter.managers._keep import Kept, Member, script_of

# What a script that takes a watcher's place does by itself.
DONE = ("cmd", "args", "shell", "shell_args", "working_dir", "uid", "gid", "copy_env", "executable")
INCLUDES = ("include", "include_dir")


def part(ini: Ini, path: str, members: Sequence[Member], words: tuple[str, ...]) -> Kept | None:
    """circusd with these members alone; None where one of them stands in no section."""
    wanted = {(m.unit.evidence.path, m.unit.evidence.line): m for m in members}
    files: dict[str, str] = {}
    env: dict[str, str] = {}
    sections: dict[str, dict[str, str]] = {}
    names = set()
    for section in ini.named("watcher:"):
        member = wanted.pop((section.path, section.line), None)
        if member is None:
            continue
        names.add(section.name.removeprefix("watcher:"))
        options = {k: o.value for k, o in section.options.items() if k != "autostart"}
        if member.words:
            script, files[script] = script_of(member)
            options = {
                "cmd": f"/bin/sh {script}",
                "copy_env": "True",
                **{k: v for k, v in options.items() if k not in DONE},
            }
        sections[section.name] = options
    if wanted:
        return None
    shared: dict[str, str] = {}
    for section in ini.sections.values():
        options = {k: o.value for k, o in section.options.items()}
        if section.name == "circus":
            options = {k: v for k, v in options.items() if k not in INCLUDES}
        elif section.name.startswith("watcher:"):
            options = sections.get(section.name, {})
        elif section.name.startswith("env:"):
            if not any(fnmatch.fnmatch(n, p.strip()) for n in names for p in section.name[4:].split(",")):
                continue
            secret = {k: v for k, v in options.items() if looks_secret(k, v)}
            if any(shared.get(k, v) != v for k, v in secret.items()):
                return None
            shared |= secret
            options = {k: v for k, v in options.items() if k not in secret}
        elif section.name.startswith("plugin:") and options.get("watcher", "*") not in ("*", *names):
            continue
        sections[section.name] = dict(_without_secrets(options, env))
    if shared:
        given = dict(_without_secrets(shared, env))
        sections["env"] = {**sections.get("env", {}), **given}
    ordered = {name: sections[name] for name in (*ini.sections, "env") if sections.get(name)}
    return Kept(words, {path: written(ordered, " = "), **files}, env)


def _without_secrets(options: Mapping[str, str], env: dict[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in options.items():
        if looks_secret(key, value) and not variables(value):
            name = key.upper().replace(".", "_").replace("-", "_")
            env[name], value = value, f"$(circus.env.{name})"
        yield key, value
