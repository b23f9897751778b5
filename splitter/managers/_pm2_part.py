"""How pm2 starts some of its apps alone: by `--only`, or from a file of its own where an app starts something else now.

That file stands beside the ecosystem file. One of JavaScript reads the whole one, which may do more than can be read;
of the others it has the apps themselves, without their secrets, which pm2 gives on from its own environment.
"""

import json
import posixpath
from collections.abc import Mapping, Sequence

from splitter.catalogue import looks_secret
from splitter.managers._keep import Kept, Member, script_of
from splitter.managers._pm2_config import App, kind_of

# What a script that takes an app's place does by itself.
DONE = (
    "cmd", "command", "cwd", "exec_interpreter", "exec_mode", "gid", "group", "instances", "exec_instances",
    "interpreter_args", "interpreterArgs", "node_args", "nodeArgs", "uid", "user",
)  # fmt: skip
FILE = """const whole = require({path});
const scripts = {scripts};
const name = (app) => app.name || require("path").parse(app.script || "").name;
const put = (app) => {{
  const own = {{ ...app, name: name(app), script: "/bin/sh", args: scripts[name(app)], interpreter: "none" }};
  for (const done of {done}) delete own[done];
  return own;
}};
const apps = [].concat(whole.apps || whole.pm2 || whole);
module.exports = {{ apps: apps.map((app) => (name(app) in scripts ? put(app) : app)) }};
"""


def part(
    argv: tuple[str, ...], word: str, path: str, apps: Mapping[str, tuple[str, App]], members: Sequence[Member]
) -> Kept:
    """pm2 with these members alone.

    word  the word of argv that names the ecosystem file
    path  that file
    apps  the app of each member and its name as pm2 takes it, by the member's name
    """
    only = list(dict.fromkeys(name for name, _ in apps.values()))
    words = [
        w for given in _without_only(argv) for w in ((given, "--only", ",".join(only)) if given == word else (given,))
    ]
    files: dict[str, str] = {}
    scripts: dict[str, str] = {}
    for member in members:
        if member.words:
            script, files[script] = script_of(member)
            scripts[apps[member.name][0]] = script
    if not scripts:
        return Kept(tuple(words))
    env: dict[str, str] = {}
    if kind_of(path) == "js":
        beside = posixpath.join(posixpath.dirname(path), "together.config.cjs")
        files[beside] = FILE.format(path=json.dumps(path), scripts=json.dumps(scripts), done=json.dumps(DONE))
    else:
        beside = posixpath.join(posixpath.dirname(path), "together.json")
        told = [_app(name, app, scripts.get(name, ""), env) for name, app in dict(apps.values()).items()]
        files[beside] = json.dumps({"apps": told}, indent=2) + "\n"
    return Kept(tuple(beside if w == word else w for w in words), files, env)


def _app(name: str, app: App, script: str, secrets: dict[str, str]) -> dict[str, object]:
    """One app for a file of JSON; its secrets are put where pm2 itself gets them."""
    values = {"name": name, **app.values}
    if script:
        values = {k: v for k, v in values.items() if k not in DONE}
        values |= {"script": "/bin/sh", "args": script, "interpreter": "none"}
    for key, given in values.items():
        if key.split("_")[0] == "env" and isinstance(given, dict):
            secret = {k: str(v) for k, v in given.items() if looks_secret(k, str(v))}
            secrets |= secret
            values[key] = {k: v for k, v in given.items() if k not in secret}
    return values


def _without_only(argv: tuple[str, ...]) -> tuple[str, ...]:
    kept: list[str] = []
    for at, word in enumerate(argv):
        if word != "--only" and not word.startswith("--only=") and not (at and argv[at - 1] == "--only"):
            kept.append(word)
    return tuple(kept)
