"""A supervisord configuration of some of the programs: their sections as they are, and those of supervisord itself."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from splitter.catalogue import looks_secret
from splitter.managers._ini import Ini, Option, written
from splitter.managers._keep import Kept, Member, script_of
from splitter.managers._supervisor import dict_of_key_value_pairs

OWN = ("supervisord", "unix_http_server", "inet_http_server", "supervisorctl")
KINDS = ("program:", "fcgi-program:", "eventlistener:")
# What a script that takes a program's place does by itself.
DONE = ("command", "environment", "user", "directory", "numprocs", "numprocs_start", "process_name")
# A password of the socket, which nobody outside the container can reach, only spares a warning.
LOGIN = ("username", "password")


def part(ini: Ini, path: str, members: Sequence[Member], words: tuple[str, ...]) -> Kept | None:
    """supervisord with these members alone; None where one of them stands in no section."""
    sections: dict[str, dict[str, str]] = {}
    files: dict[str, str] = {}
    env: dict[str, str] = {}
    wanted = {(m.unit.evidence.path, m.unit.evidence.line): m for m in members}
    programs: dict[str, str] = {}
    for name in ini.sections:
        options = ini.options(name)
        kind = next((k for k in KINDS if name.startswith(k)), "")
        here = ini.sections[name]
        member = wanted.get((here.path, here.line)) if kind else None
        if member is not None:
            texts = {k: _text(o) for k, o in options.items() if k != "autostart"}
            given, _ = dict_of_key_value_pairs(texts.get("environment", ""))
            if secret := {k: v for k, v in given.items() if looks_secret(k, v)}:
                env |= secret
                texts["environment"] = ",".join(f'{k}="{v}"' for k, v in given.items() if k not in secret)
            if member.words:
                script, files[script] = script_of(member)
                texts = {"command": f"/bin/sh {script}", **{k: v for k, v in texts.items() if k not in DONE}}
            sections[name] = {k: v for k, v in texts.items() if v}
            programs[name.removeprefix(kind).strip()] = name
        elif name in OWN or name.startswith("rpcinterface:"):
            sections[name] = dict(_server(name, options, env))
    if len(programs) < len({(m.unit.evidence.path, m.unit.evidence.line) for m in members}):
        return None
    for section in ini.named("group:"):
        options = ini.options(section.name)
        listed = options["programs"].value.split(",") if "programs" in options else []
        mine = [p for p in map(str.strip, listed) if p in programs]
        if mine:
            sections[section.name] = {k: _text(o) for k, o in options.items()} | {"programs": ",".join(mine)}
    return Kept(words, {path: written(sections, "="), **files}, env)


def _server(section: str, options: Mapping[str, Option], env: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The options of supervisord itself. What is secret is taken from the environment."""
    for key, option in options.items():
        value = _text(option)
        if section == "unix_http_server" and key in LOGIN:
            continue
        if section == "supervisorctl" and key in LOGIN and "unix:" in options.get("serverurl", option).value:
            continue
        if section == "supervisord" and key == "environment":
            given, _ = dict_of_key_value_pairs(value)
            env |= {k: v for k, v in given.items() if looks_secret(k, v)}
            value = ",".join(f'{k}="{v}"' for k, v in given.items() if not looks_secret(k, v))
        elif looks_secret(key, value) and "%(" not in value:
            env["SUPERVISOR_PASSWORD"], value = value, "%(ENV_SUPERVISOR_PASSWORD)s"
        if value:
            yield key, value


def _text(option: Option) -> str:
    return option.value.replace("%(here)s", posixpath.dirname(option.path))
