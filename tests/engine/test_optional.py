"""What is off by default: the others go on without it, and find it where it was once its profile is on."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from .stack import until
from .test_cuts import CASES, answers, made


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        pytest.param("an argument", False, id="a client that can be told its name"),
        pytest.param("a configuration file", True, id="a client that would not start without it"),
    ],
)
def test_a_server_behind_a_profile_is_found_when_it_is_started(kind, network, build_image, stack, tmp_path):
    case = CASES[kind]
    case = replace(case, pantry=f"{case.pantry}\nautostart=false")
    image = made(case, build_image, tmp_path / "image", tag=f"optional-{list(CASES).index(kind)}")
    file = tmp_path / "docker-compose.yml"
    splitter = Path(sys.executable).with_name("splitter")
    done = subprocess.run(
        [splitter, "split", image, "--no-run", "--apply", "-o", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("network_mode: service:nginx" in file.read_text()) == network
    ports = tmp_path / "ports.yml"
    ports.write_text("services: {nginx: {ports: !override ['80']}}" if case.asks == "nginx" else "services: {}")

    split = stack(file, ports)
    split.up()
    until(lambda: answers(split, case) == "failed")
    assert [c["Config"]["Labels"]["com.docker.compose.service"] for c in split.containers()] == [case.asks]
    split("--profile", "pantry", "up", "-d", "--wait")
    until(lambda: answers(split, case) == "reached")
    split("--profile", "pantry", "down", "-v", "--timeout", "0")
