"""Ended in the middle, the command line leaves nothing; killed, it leaves what the next run removes."""

import contextlib
import json
import signal
import subprocess
import sys

import pytest
import yaml

from splitter.engine import LABEL

from .drivers import SAMPLES
from .images import docker
from .observing import built, left, volumes_of
from .stack import until

SAMPLE = next(sample for sample in SAMPLES if sample.name == "start-script")


def start(*words):
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "splitter", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def running(pid):
    """How many containers that a process made are up."""
    names = docker("ps", "-q", "--filter", f"label={LABEL}").stdout.split()
    found = 0
    for name in names:
        with contextlib.suppress(RuntimeError):
            [one] = json.loads(docker("container", "inspect", name).stdout)
            found += one["Config"]["Labels"][LABEL].split(" ")[1] == str(pid)
    return found


def gone(volumes):
    return not set(docker("volume", "ls", "-q").stdout.split()) & set(volumes)


def next_run(tag):
    """A run that makes a container of its own."""
    done = start("inspect", "--settle", "0.5", tag)
    assert done.wait(60) == 0
    assert left(done.pid) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_split_that_is_ended_while_the_image_is_watched_leaves_nothing(engine, number):
    with start("split", "--settle", "30", built("app")) as child:
        until(lambda: running(child.pid))
        volumes = volumes_of(child.pid)
        child.send_signal(number)
        assert child.wait(30) == (130 if number == signal.SIGINT else 143)
        assert "Traceback" not in child.stderr.read()
    assert left(child.pid) == []
    assert volumes
    assert gone(volumes)


def test_a_split_that_is_ended_at_once_leaves_nothing(engine):
    """While the network and the container are being made, and the files read."""
    for made in (0, 1):
        with start("split", "--settle", "30", built("app")) as child:
            until(lambda: len(left(child.pid)) > made)  # noqa: B023
            child.send_signal(signal.SIGINT)
            assert child.wait(30) == 130
            assert "Traceback" not in child.stderr.read()
        assert left(child.pid) == []


def test_the_next_run_removes_what_a_killed_split_left(engine):
    tag = built("app")
    with start("split", "--settle", "30", tag) as child:
        until(lambda: running(child.pid))
        volumes = volumes_of(child.pid)
        child.kill()
    assert len(left(child.pid)) == 2
    next_run(tag)
    assert left(child.pid) == []
    assert gone(volumes)


@pytest.mark.parametrize(
    "up", [pytest.param(1, id="while the original is run"), pytest.param(3, id="while the split is up")]
)
def test_the_next_run_removes_what_a_killed_verify_left(build_image, tmp_path, up):
    build_image(SAMPLE.tag, SAMPLE.folder, base=SAMPLE.base)
    file = tmp_path / "docker-compose.yml"
    with start("split", SAMPLE.tag, "--no-run", "--apply", "--accept-defaults", "-o", file) as made:
        assert made.wait(60) == 0, made.stderr.read()
    assert len(yaml.safe_load(file.read_text())["services"]) >= up
    with start("verify", "-f", file) as child:
        until(lambda: running(child.pid) >= up, seconds=120)
        volumes = volumes_of(child.pid)
        child.kill()
    assert len(left(child.pid)) >= up + 1, "its containers and a network"
    next_run(built("app"))
    assert left(child.pid) == []
    assert gone(volumes)
