"""Files that scripts read in and that are the same in every image that has them: what of them counts, where they are
not at hand.

`bin/activate` of a virtual environment of Python sets two variables (the venv module, "How venvs work"). The functions
of bashio log, wait, or ask Home Assistant's supervisor (github.com/hassio-addons/bashio, lib/); what that answers shows
only when they run, so that just those are here that end a script, wait, or say nothing to it.
"""

import posixpath
import shlex

ACTIVATE = 'export VIRTUAL_ENV={0} PATH={0}/bin:"$PATH"'
BASHIO = "/usr/lib/bashio/bashio.sh"
_LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "fatal", "red", "green", "yellow", "blue", "magenta")
_LOGS = tuple(f"log{level}" for level in ("", *(f".{name}" for name in _LEVELS)))
_CHECKS = ("ssl", "password", "safe_password", "username", "unsafe_password")
_ASKS = (
    "config.require", "config.suggest", "require.unprotected",
    *(f"config.{verb}.{what}" for verb in ("require", "suggest") for what in _CHECKS),
)  # fmt: skip
_BASHIO = "\n".join(
    [f'bashio::{name}() {{ echo "$@" >&2; }}' for name in _LOGS]
    + [f"bashio::{name}() {{ :; }}" for name in _ASKS]
    + [
        "bashio::exit.ok() { exit 0; }",
        'bashio::exit.nok() { echo "$@" >&2; exit 1; }',
        'bashio::net.wait_for() { while ! nc -z "${2:-localhost}" "$1"; do sleep 1; done; }',
        "",
    ]
)


def known(path: str) -> str | None:
    """What the file at a path does, where it is one that is known; None for any other."""
    if path == BASHIO:
        return _BASHIO
    if path.endswith("/bin/activate"):
        return ACTIVATE.format(shlex.quote(posixpath.dirname(posixpath.dirname(path))))
    return None
