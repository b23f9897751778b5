"""Data in a folder that nobody declares: a run, or the owner of the folder, shows whose it is; it gets a volume."""

import subprocess
import sys
from pathlib import Path

import pytest

from .observing import built
from .stack import until

WITHOUT = "services:\n  keep:\n    volumes: !reset []\n  look:\n    volumes: !reset []\n"
SEEN = "keep keeps files open there, as a run shows; look may come to them"
PLACE = "/srv/hoarder/hoard"


def split(image, file, *more):
    splitter = Path(sys.executable).with_name("splitter")
    done = subprocess.run([splitter, "split", image, *more, "-o", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def last(stack, service, word):
    said = [line for line in stack.said(service) if line.startswith(word)]
    return said[-1] if said else ""


@pytest.mark.parametrize(
    ("target", "run", "why"),
    [
        pytest.param("hoarder", "--run", SEEN, id="the program makes the folder"),
        pytest.param("hoarder-with-folder", "--run", SEEN, id="the image has it"),
        pytest.param("hoarder-given", "--no-run", "look, keep share it", id="the image gives it to the user"),
    ],
)
def test_data_outlives_its_container_and_the_others_see_it(target, run, why, stack, tmp_path):
    image, file = built(target), tmp_path / "docker-compose.yml"
    split(image, file, "--apply", "--accept-defaults", run)
    split(image, file, "--check", run)
    assert f"hoard:{PLACE}" in file.read_text()
    assert why in file.read_text()

    whole = stack(file)
    whole.up()
    until(lambda: last(whole, "keep", "start") == "start 1")
    until(lambda: last(whole, "look", "sees") == "sees 1")
    whole("up", "-d", "--force-recreate")
    until(lambda: last(whole, "keep", "start") == "start 2")
    until(lambda: last(whole, "look", "sees") == "sees 2")
    whole.down()

    without = tmp_path / "without.yml"
    without.write_text(WITHOUT)
    parts = stack(file, without)
    parts.up()
    until(lambda: last(parts, "keep", "start") == "start 1")
    until(lambda: len(parts.said("look")) > 5)
    assert last(parts, "look", "sees") == "sees nothing"
    parts("up", "-d", "--force-recreate")
    until(lambda: last(parts, "keep", "start"))
    assert last(parts, "keep", "start") == "start 1", "without the volume it is lost"
