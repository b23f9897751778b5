"""Engine tests: what they need, made when the first of them asks for it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .images import ROOT, build, ensure
from .stack import Stack

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session", autouse=True)
def engine():
    """An engine that answers and Compose 2.24 or later; without them the tests skip, or fail where that is required."""
    why = _missing()
    if why and os.environ.get("SPLITTER_ENGINE") == "required":
        pytest.fail(f"{why}; ./tests/run sets it up", pytrace=False)
    if why:
        pytest.skip(f"{why}; ./tests/run sets it up")


@pytest.fixture(scope="session")
def base_image(engine):
    """base_image("redis:7"): the tag, held by the engine now (present, pulled, or a stand-in)."""
    return ensure


@pytest.fixture(scope="session")
def build_image(engine):
    """build_image(tag, folder, base=..., target=..., dockerfile=...): the tag, built, and removed after the run."""
    return build


@pytest.fixture
def stack(engine, request, tmp_path_factory):
    """stack(compose_file): a Compose project of its own for this test, taken down with its volumes afterwards."""
    made = []

    def make(file: Path, *overrides: Path) -> Stack:
        made.append(Stack([file, *overrides], f"{request.node.nodeid}#{len(made)}"))
        return made[-1]

    yield make
    failed = getattr(request.node, "failed", False)
    for each in made:
        if failed:
            print(each.logs())
        each.down()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and call.when in {"setup", "call"}:
        item.failed = True


def _missing():
    """What is not there, in words, or nothing. `tests/run` keeps its Compose plugin in .cache/docker."""
    if shutil.which("docker") is None or _answer("info") is None:
        return "no Docker engine answers"
    ours = ROOT / ".cache" / "docker"
    if _answer("compose", "version", "--short") is None and (ours / "cli-plugins" / "docker-compose").exists():
        os.environ["DOCKER_CONFIG"] = str(ours)
    version = _answer("compose", "version", "--short")
    if version is None or tuple(map(int, version.lstrip("v").split("-")[0].split(".")[:2])) < (2, 24):
        return "no Compose plugin 2.24 or later"
    return None


def _answer(*args):
    done = subprocess.run(["docker", *args], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None
