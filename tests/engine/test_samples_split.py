"""Each sample's image split by the command, and the result brought up, driven, scaled, hurt and stopped.

One stack a sample serves all tests of it, in the order of this file.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from .drivers import SAMPLES, Sample, get
from .images import docker
from .stack import Stack


@dataclass(frozen=True)
class Running:
    """A split that is up. `first` is `docker inspect` of its containers as the first `up` left them."""

    sample: Sample
    file: Path
    stack: Stack
    front: str
    first: list[dict] = field(repr=False)

    @property
    def url(self) -> str:
        return self.stack.url(self.front, self.sample.port)

    def places(self, words: str) -> set[str]:
        """The services where a command line has these words."""
        return {service for service, lines in commands(self.stack) if any(words in line for line in lines)}

    def service(self, program: str) -> str:
        """The one service that runs a program of the sample."""
        (found,) = self.places(self.sample.programs[program])
        return found


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.name)
def running(request, build_image, base_image, tmp_path_factory):
    sample: Sample = request.param
    build_image(sample.tag, sample.folder, base=sample.base)
    file = tmp_path_factory.mktemp(sample.name) / "docker-compose.yml"
    splitter("--apply", "--accept-defaults", sample=sample, file=file)
    fill_secrets(file.parent)
    published = {
        name: [str(port["target"]) for port in service["ports"]]
        for name, service in json.loads(Stack([file], sample.name)("config", "--format", "json"))["services"].items()
        if service.get("ports")
    }
    (front,) = published
    override = file.with_name("any-port.yml")
    override.write_text(
        "services:\n" + "".join(f"  {n}:\n    ports: !override {json.dumps(p)}\n" for n, p in published.items())
    )
    stack = Stack([file, override], f"split {sample.name}")
    try:
        for image in set(stack("config", "--images").split()):
            base_image(image)
        stack.up()
        yield Running(sample, file, stack, front, stack.containers())
    except AssertionError:
        print(file.read_text(), stack.logs())
        raise
    finally:
        stack.down()
    assert left_behind(stack) == []


@pytest.fixture(autouse=True)
def _logs_of_a_failure(request, running):
    yield
    if getattr(request.node, "failed", False):
        print(running.file.read_text(), running.stack.logs())


def splitter(*args: str, sample: Sample, file: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("splitter"), "split", sample.tag, *args, "-o", file],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def fill_secrets(folder: Path) -> None:
    """A .env with a value for every name that the split asks for."""
    example = folder / ".env.example"
    if example.exists():
        names = [line.partition("=")[0] for line in example.read_text().splitlines() if line.endswith("=")]
        (folder / ".env").write_text("".join(f"{name}=only-for-this-test\n" for name in names))


def commands(stack: Stack) -> list[tuple[str, list[str]]]:
    """The command lines in each running container, with its service."""
    return [
        (service_of(each), docker("top", each["Id"], "-eo", "pid,args").stdout.splitlines()[1:])
        for each in stack.containers()
        if each["State"]["Running"]
    ]


def service_of(container: dict) -> str:
    return container["Config"]["Labels"]["com.docker.compose.service"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def left_behind(stack: Stack) -> list[str]:
    mine = ("-q", "--filter", f"label=com.docker.compose.project={stack.project}")
    return [
        line
        for what in (("ps", "-a"), ("network", "ls"), ("volume", "ls"))
        for line in docker(*what, *mine).stdout.splitlines()
    ]


def test_compose_takes_the_file_without_a_word(running):
    done = subprocess.run(
        ["docker", "compose", "-f", str(running.file), "config", "-q"], capture_output=True, text=True, env=os.environ
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_program_runs_in_one_service_of_its_own(running):
    places = {program: running.places(words) for program, words in running.sample.programs.items()}
    assert {program: len(found) for program, found in places.items()} == dict.fromkeys(running.sample.programs, 1)
    assert len(set.union(*places.values())) == len(places), places
    assert places[running.sample.front] == {running.front}


def test_no_manager_runs_any_more(running):
    seen = {
        (service, manager)
        for service, lines in commands(running.stack)
        for line in lines
        for manager in running.sample.managers
        if manager in {word.rsplit("/", 1)[-1].rstrip(":") for word in line.split()[1:4]}
    }
    assert seen == set()


def test_what_runs_once_had_ended_well_before_the_application_started(running):
    jobs = [each for each in running.first if not each["State"]["Running"]]
    assert jobs or not running.sample.migrates
    assert [(service_of(job), job["State"]["ExitCode"], job["RestartCount"]) for job in jobs] == [
        (service_of(job), 0, 0) for job in jobs
    ]
    for each in running.first:
        if each["State"]["Running"] and each["Config"]["Image"] == running.sample.tag:
            for job in jobs:
                ended, started = moment(job["State"]["FinishedAt"]), moment(each["State"]["StartedAt"])
                assert ended <= started, f"{service_of(each)} did not wait for {service_of(job)}"


def test_everything_works_through_the_front_door_and_cron_sees_the_environment(running):
    running.sample.work(running.url)
    if running.sample.scheduled:
        running.sample.scheduled(running.url, saw_environment=True)


def test_splitting_again_comes_to_the_same_file(running):
    splitter("--check", sample=running.sample, file=running.file)


def test_a_worker_scales_to_three(running):
    worker = running.service(running.sample.worker)
    running.stack.up("--scale", f"{worker}=3")
    assert [service_of(each) for each in running.stack.containers(worker) if each["State"]["Running"]] == [worker] * 3
    running.sample.work(running.url)


def test_a_killed_worker_leaves_the_front_door_open(running):
    worker = running.service(running.sample.worker)
    running.stack("kill", worker)
    assert get(running.url + running.sample.page)
    running.stack.up()
    running.sample.work(running.url)


def test_every_service_ends_by_its_own_handler_in_five_seconds(running):
    up = {each["Id"]: service_of(each) for each in running.stack.containers() if each["State"]["Running"]}
    began = time.time()
    running.stack("stop")
    told, ended = {}, {}
    project = f"label=com.docker.compose.project={running.stack.project}"
    for line in docker(
        "events", "--since", f"{began:.6f}", "--until", f"{time.time():.6f}", "--format", "{{json .}}",
        "--filter", project, "--filter", "event=kill", "--filter", "event=die",
    ).stdout.splitlines():  # fmt: skip
        event = json.loads(line)
        (told if event["Action"] == "kill" else ended).setdefault(event["id"], []).append(event)
    late = {
        service: (signals(told.get(each, ())), ended[each][-1]["Actor"]["Attributes"]["exitCode"], seconds)
        for each, service in up.items()
        if (seconds := (ended[each][-1]["timeNano"] - told[each][0]["timeNano"]) / 1e9) > 5
        or len(told[each]) > 1
        or ended[each][-1]["Actor"]["Attributes"]["exitCode"] == "137"
    }
    assert late == {}


def signals(events) -> list[str]:
    return [event["Actor"]["Attributes"]["signal"] for event in events]
