"""Compose itself accepts every file that the tests hold as right, and every one that the samples commit."""

import os
import subprocess

import pytest

from .images import ROOT

FILES = sorted([*ROOT.glob("tests/images/*/compose.yml"), *ROOT.glob("samples/*/docker-compose.yml")])


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_compose_accepts_it(file, engine):
    """Without a warning: a `$` that is not escaped, or a variable that nobody names, would give one."""
    needed = dict.fromkeys(_secrets(file.read_text()), "x")
    done = subprocess.run(
        ["docker", "compose", "-f", str(file), "--profile", "*", "config", "-q"],
        capture_output=True,
        text=True,
        env={**os.environ, **needed},
    )
    assert (done.returncode, done.stderr) == (0, "")


def _secrets(text):
    return [part.split(":?}")[0] for part in text.split("${")[1:] if ":?}" in part]
