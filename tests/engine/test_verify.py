"""`splitter verify` on a real engine: a real split passes, a broken one is told what is wrong, and nothing is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from .drivers import SAMPLES
from .images import docker
from .observing import left, volumes_of
from .stack import until

SAMPLE = next(sample for sample in SAMPLES if sample.name == "start-script")
SPLITTER = Path(sys.executable).with_name("splitter")


@dataclass(frozen=True)
class Verified:
    """One run of the command that is over."""

    code: int
    out: str
    err: str

    @property
    def failed(self) -> set[tuple[str, str]]:
        """Name and service of each check that failed."""
        return {(c["name"], c["service"]) for c in json.loads(self.out)["checks"] if c["outcome"] == "failed"}

    def detail(self, name: str, service: str) -> str:
        """The evidence of a check."""
        return next(c["detail"] for c in json.loads(self.out)["checks"] if (c["name"], c["service"]) == (name, service))


@pytest.fixture(scope="module")
def split(build_image, tmp_path_factory):
    """The compose file that the sample's image is split into, as plain values."""
    build_image(SAMPLE.tag, SAMPLE.folder, base=SAMPLE.base)
    file = tmp_path_factory.mktemp("split") / "docker-compose.yml"
    words = [SPLITTER, "split", SAMPLE.tag, "--no-run", "--apply", "--accept-defaults", "-o", file]
    subprocess.run(words, check=True, capture_output=True)
    return lambda: yaml.safe_load(file.read_text())


def start(*args: str, file: Path) -> "subprocess.Popen[str]":
    # The engine's own builder: its cache goes when the image goes, and it needs no plugin.
    env = {**os.environ, "DOCKER_BUILDKIT": "0"}
    words = [str(SPLITTER), "verify", "-f", str(file), *args]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def verify(*args: str, file: Path) -> Verified:
    """Run it to its end; nothing of it is left then."""
    with start(*args, file=file) as process:
        out, err = process.communicate(timeout=180)
    print(out, err)
    assert left(process.pid) == []
    assert in_project(process.pid) == []
    return Verified(process.returncode, out, err)


def in_project(pid: int) -> list[str]:
    """What carries a name that the run with this pid gives, whatever its labels."""
    found = []
    for kind in ("container", "network", "volume"):
        every = ["-a"] if kind == "container" else []
        names = "{{.Names}}" if kind == "container" else "{{.Name}}"
        listed = docker(kind, "ls", *every, "--format", names, "--filter", f"name=splitter-{pid}-").stdout
        found += [f"{kind} {name}" for name in listed.split()]
    return found


def labelled(pid: int) -> list[str]:
    """The same by the label that tells a later run what to remove."""
    found = []
    for each in left(pid):
        kind, name = each.split(" ")
        with contextlib.suppress(RuntimeError):
            (one,) = json.loads(docker(kind, "inspect", name).stdout)
            found.append(f"{kind} {one['Name'].lstrip('/')}")
    return found


def test_a_real_split_passes(split):
    """The sample's folder, with the file that is committed there."""
    done = verify(file=SAMPLE.folder / "docker-compose.yml")
    lines = done.out.splitlines()
    assert (done.code, lines[-1], done.err) == (0, f"{len(lines) - 1} ok", "")
    rows = {tuple(line.split()[1:3]) for line in lines[:-1]}
    services = ("web", "poller", "mailer")
    assert rows == {
        ("up", "-"),
        *(("running", name) for name in services),
        *(("process", name) for name in services),
        *(("stop", name) for name in services),
        ("listener", "web"),
        ("files", "web"),
        ("files", "poller"),
        *((what, name) for what in ("kill", "scale") for name in ("poller", "mailer")),
    }


def test_a_lost_volume_and_a_failed_one_off_are_told_and_nothing_else(split, tmp_path):
    broken = split()
    del broken["volumes"]
    for service in broken["services"].values():
        service.pop("volumes", None)
    broken["services"]["seed"] = {"image": SAMPLE.tag, "command": ["sh", "-c", "exit 1"], "restart": "no"}
    done = verify("--json", file=written(broken, tmp_path))
    assert done.code == 1
    assert json.loads(done.out)["ok"] is False
    assert done.failed == {("one-off", "seed"), ("files", "web"), ("files", "poller"), ("listener", "web")}
    assert done.detail("one-off", "seed") == "exit code 1"


def test_a_lost_service_a_wrong_command_and_a_deaf_one_are_told_and_nothing_else(split, tmp_path):
    broken = split()
    del broken["services"]["mailer"]
    broken["services"]["poller"]["command"] = ["sleep", "1000"]
    broken["services"]["deaf"] = {
        "image": SAMPLE.tag,
        "command": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
        "stop_grace_period": "1s",
    }
    done = verify("--json", file=written(broken, tmp_path))
    assert done.code == 1
    assert done.failed == {("process", "mailer"), ("process", "poller"), ("listener", "web"), ("stop", "deaf")}
    assert done.detail("process", "mailer") == "python3 mailer.py: alive in no container"
    assert "137" in done.detail("stop", "deaf")


def test_an_interrupted_run_leaves_nothing(split, tmp_path):
    with start(file=written(split(), tmp_path)) as process:
        until(
            lambda: len([x for x in in_project(process.pid) if x.endswith(("-web-1", "-poller-1", "-mailer-1"))]) == 3
        )
        volumes = volumes_of(process.pid)
        made = in_project(process.pid)
        assert {x for x in made if x.startswith(("network", "volume"))} <= set(labelled(process.pid))
        assert {x for x in made if x.startswith("container")} <= set(labelled(process.pid))
        assert any(name.endswith("_spool") for name in volumes)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "splitter: interrupted\n")
    assert time.monotonic() - began < 20
    assert in_project(process.pid) == []
    assert set(docker("volume", "ls", "-q").stdout.split()) & set(volumes) == set()


def test_a_file_that_compose_refuses_is_told_at_once(split, tmp_path):
    broken = split()
    broken["services"]["web"]["no_such_key"] = True
    done = verify(file=written(broken, tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "no_such_key" in done.err


def written(values: dict, folder: Path) -> Path:
    file = folder / "docker-compose.yml"
    file.write_text(yaml.safe_dump(values))
    return file
