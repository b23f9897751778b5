"""Each sample as it was: one container, driven through its front door until everything in it has worked."""

import pytest

from .drivers import SAMPLES, Sample
from .images import LABEL, docker


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.name)
def sample(request) -> Sample:
    return request.param


@pytest.fixture
def original(sample, build_image):
    """The container and the address of its front door; removed afterwards with its volumes."""
    build_image(sample.tag, sample.folder, base=sample.base)
    container = docker("run", "-d", "--label", LABEL, "-p", f"127.0.0.1::{sample.port}", sample.tag).stdout.strip()
    try:
        yield container, f"http://{docker('port', container, str(sample.port)).stdout.split()[0]}"
    finally:
        docker("rm", "-f", "-v", container)


def test_everything_in_the_one_container_works(sample, original):
    container, url = original
    sample.work(url)
    top = docker("top", container, "-eo", "pid,args").stdout
    for program, words in sample.programs.items():
        assert words in top, program
    for manager in sample.managers:
        assert manager in top
    if sample.scheduled:
        sample.scheduled(url, saw_environment=False)
