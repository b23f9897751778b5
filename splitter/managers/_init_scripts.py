"""Init scripts, read for the daemon that `start` starts: LSB shell scripts, and OpenRC's with their variables.

An LSB script is evaluated with the argument `start`, and the command in it that starts a daemon is looked for. A script
of openrc-run says in variables what it starts (command, command_args, command_user ...), or has a start function.
"""

import posixpath
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from splitter.catalogue import service
from splitter.managers import _scripts
from splitter.managers._daemons import Started, started
from splitter.model.facts import Evidence
from splitter.model.image import Image
from splitter.shell.calls import Call, Trace
from splitter.shell.evaluate import evaluate

FOLDERS = ("/etc/init.d", "/etc/rc.d/init.d", "/etc/rc.d")
OPENRC = ("openrc-run", "runscript")
VARIABLES = (
    "command",
    "command_args",
    "command_user",
    "directory",
    "output_log",
    "error_log",
    "supervisor",
    "procname",
)
SAYS = "splitter_openrc_says"
SWITCHERS = ("su", "runuser", "sudo", "setuidgid", "chroot", "nohup", "setsid", "env")


@dataclass(frozen=True)
class Found:
    """The daemon of an init script, with the line that starts it."""

    started: Started
    evidence: Evidence


def path_of(name: str, image: Image) -> str:
    """Where the init script of this name is, or would be."""
    paths = [posixpath.join(folder, name) for folder in FOLDERS]
    return next((p for p in paths if image.is_file(p)), paths[0])


def daemon(path: str, image: Image, env: Mapping[str, str]) -> Found | None:
    """The daemon that the script at this path starts; None where that cannot be told."""
    text = image.read(path)
    if not isinstance(text, str):
        return None
    interpreter = [posixpath.basename(w) for w in text.split("\n", 1)[0].removeprefix("#!").split()]
    if any(word in OPENRC for word in interpreter):
        return _openrc(text, path, image, env)
    trace = evaluate(text, path=path, env=env, args=("start",), files=image, user="")
    return _started_by(trace, image)


def _started_by(trace: Trace, image: Image) -> Found | None:
    """The call that starts the daemon: a tool for that, else a program that is known to stay up."""
    calls = [c for c in _scripts.calls(trace) if not c.off]
    for call in calls:
        at = next((i for i, w in enumerate(call.argv) if i == 0 or call.argv[0] in SWITCHERS), 0)
        if made := started(call.argv[at:], call.cwd or "/", image):
            return Found(made, Evidence(call.path, call.line))
    for call in calls:
        if _stays(call):
            return Found(Started(call.argv, workdir=call.cwd if call.cwd != "/" else ""),
                         Evidence(call.path, call.line))  # fmt: skip
    return None


def _stays(call: Call) -> bool:
    program, known = call.argv[0], service(call.argv)
    if call.background or (known is not None and known.role != "drop"):
        return True
    return program in SWITCHERS and len(call.argv) > 2 and ("-c" in call.argv or program not in ("su", "runuser"))


def _openrc(text: str, path: str, image: Image, env: Mapping[str, str]) -> Found | None:
    name = posixpath.basename(path)
    given = {"RC_SVCNAME": name, "SVCNAME": name, **env}
    first, newline, rest = text.partition("\n")
    conf = f"/etc/conf.d/{name}"
    # In the place of the first line, so that the lines keep their numbers.
    head = f". {conf}" if image.is_file(conf) else first
    words = " ".join(f'"${{{variable}}}"' for variable in VARIABLES)
    trace = evaluate(f"{head}{newline}{rest}\n{SAYS} {words}\n", path=path, env=given, files=image, user="")
    said = next((c for c in trace.calls if c.argv[0] == SAYS), None)
    if "start" in trace.functions:
        acted = evaluate(f"{head}{newline}{rest}\nstart\n", path=path, env=given, files=image, user="")
        if found := _started_by(acted, image):
            return found
    if said is None or len(said.argv) != len(VARIABLES) + 1 or not said.argv[1]:
        return None
    values = dict(zip(VARIABLES, said.argv[1:], strict=True))
    try:
        argv = (*shlex.split(values["command"]), *shlex.split(values["command_args"]))
    except ValueError:
        argv = (values["command"], *values["command_args"].split())
    logs = tuple(dict.fromkeys(values[k] for k in ("output_log", "error_log") if values[k]))
    notes = (f"kept up by {values['supervisor']}",) if values["supervisor"] else ()
    line = next((n for n, one in enumerate(text.split("\n"), 1) if one.lstrip().startswith("command=")), None)
    made = Started(argv, values["command_user"], values["directory"], logs=logs, notes=notes)
    return Found(made, Evidence(path, line))
