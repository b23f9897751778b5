"""An image that the engine holds is read without being started, and its archives give the same."""

import json
import subprocess
import sys
import time

import pytest

from splitter.engine import LABEL, connect
from splitter.errors import SplitterError
from splitter.inspection.discovery import discover
from splitter.model.facts import Gap
from splitter.sources import open_source
from splitter.sources.engine import through_container

DOCKERFILE = r"""
ARG BASE
FROM ${BASE}
COPY --chown=33:33 etc /etc
RUN mkdir -p /srv/app/cur && cd /srv && echo one > app/cur/a && ln -s cur app/link && ln app/cur/a app/hard \
 && ln -s /srv/app/link/a /etc/app.conf && ln -s loop loop && ln -s ../../../../etc/shadow out && mkfifo fifo \
 && printf '\177ELF\0' > binary && printf 'caf\351\n' > latin && head -c 3000000 /dev/zero | tr '\0' x > huge \
 && echo gone > gone && mkdir opaque && echo old > opaque/old
RUN rm -rf /srv/gone /srv/opaque && mkdir /srv/opaque && echo new > /srv/opaque/new && echo two > /srv/app/cur/b
ENV A=1
WORKDIR /srv/app
VOLUME /srv/data
EXPOSE 8080/tcp 53/udp
HEALTHCHECK --interval=7s CMD true
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/etc/boot"]
CMD ["web"]
"""
BOOT = "#!/bin/sh\ntouch /started\nmkdir -p /run/app\nsleep 1000 &\nexec nginx -g 'daemon off;'\n"
TEXTS = {
    "/etc/boot": BOOT,
    "/etc/app.conf": "one\n",
    "/srv/app/link/b": "two\n",
    "/srv/app/hard": "one\n",
    "/srv/opaque/new": "new\n",
    "/srv/opaque/old": None,
    "/srv/gone": None,
    "/started": None,
    "/.dockerenv": None,
}
GAPS = ("/srv/loop", "/srv/fifo", "/srv/binary", "/srv/latin", "/srv/huge")


@pytest.fixture(scope="module")
def tag(build_image, tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    (folder / "etc").mkdir()
    (folder / "etc/boot").write_text(BOOT)
    (folder / "etc/boot").chmod(0o755)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return build_image("splitter-test/engine-source:1", folder)


@pytest.fixture(scope="module")
def saved(tag, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "image.tar"
    start = time.monotonic()
    subprocess.run(["docker", "save", tag, "-o", str(path)], check=True)
    print(f"docker save took {time.monotonic() - start:.2f} s")
    return path


def fetched(tag):
    """The image as it is read where the engine's own folders cannot be."""
    engine = connect()
    return through_container(engine, tag, engine.inspect(tag))


@pytest.fixture(params=["docker-daemon", "through a container", "docker-archive", "docker-archive.gz"])
def image(request, tag, saved):
    if request.param == "through a container":
        return fetched(tag)
    if request.param == "docker-daemon":
        return open_source(f"docker-daemon:{tag}")
    if request.param.endswith(".gz"):
        subprocess.run(["gzip", "-1", "-k", "-f", str(saved)], check=True)
        return open_source(f"docker-archive:{saved}.gz:{tag}")
    return open_source(str(saved))


def test_its_files_are_what_the_build_made(image):
    assert {path: image.read(path) for path in TEXTS} == TEXTS
    for path in GAPS:
        assert isinstance(image.read(path), Gap), path
    assert image.resolve("/srv/out") == "/etc/shadow"
    assert image.names("/srv/app") == ("cur", "hard", "link")
    assert (image.node("/etc/boot").mode, image.node("/etc/boot").uid) == (0o755, 33)


def test_its_configuration_is_what_the_build_said(image):
    config = image.config
    assert image.name == "splitter-test/engine-source:1"
    assert (config.entrypoint, config.cmd, config.workdir) == (("/etc/boot",), ("web",), "/srv/app")
    assert (config.env["A"], config.volumes, config.stop_signal) == ("1", ("/srv/data",), "SIGQUIT")
    assert config.ports == ("53/udp", "8080")
    assert (config.healthcheck.test, config.healthcheck.interval) == (("CMD-SHELL", "true"), "7s")


def test_an_applications_files_cost_one_request(tag, monkeypatch):
    image, asked, fetch = fetched(tag), [], connect().api.get_archive

    def counted(container, path, **how):
        asked.append(path)
        return fetch(container, path, **how)

    monkeypatch.setattr(connect().api, "get_archive", counted)
    assert [image.read(f"/srv/app/{name}") for name in ("cur/a", "link/b", "hard")] == ["one\n", "two\n", "one\n"]
    assert image.names("/srv/app/cur") == ("a", "b")
    assert asked == ["/srv/app"]


def test_a_place_that_is_too_large_to_be_taken_at_once_reads_the_same(tag, monkeypatch):
    monkeypatch.setattr("splitter.sources.engine.MAX_PLACE", 600)
    image = fetched(tag)
    assert {path: image.read(path) for path in TEXTS} == TEXTS
    assert image.names("/srv/app") == ("cur", "hard", "link")
    assert image.names("/srv/opaque") == ("new",)


def test_declared_volumes_are_read_as_the_image_has_them_and_none_is_made(tag):
    image = fetched(tag)
    assert image.node("/srv/data") is None, "the image lacks it, and the engine would make it with the volume"
    labels = ("--filter", f"label={LABEL}", "--filter", f"ancestor={tag}")
    [mounts] = set(_words("docker", "ps", "-a", *labels, "--format", "[{{.Mounts}}]"))
    assert mounts == "[]"


def test_every_source_gives_the_same_facts(tag, saved):
    engine, container, archive = (discover(i) for i in (open_source(tag), fetched(tag), open_source(str(saved))))
    assert engine.processes == container.processes == archive.processes
    assert engine.gaps == container.gaps == archive.gaps
    assert engine.processes


def test_the_image_is_never_started_and_nothing_is_left(tag):
    events = subprocess.Popen(
        ["docker", "events", "--filter", "type=container", "--format", "{{json .}}"], stdout=subprocess.PIPE, text=True
    )
    volumes = _words("docker", "volume", "ls", "-q")
    try:
        time.sleep(0.5)
        discover(fetched(tag))
        discover(open_source(tag))
        mine = _words("docker", "ps", "-aq", "--no-trunc", "--filter", f"label={LABEL}", "--filter", f"ancestor={tag}")
        connect().close()
        time.sleep(0.5)
    finally:
        events.terminate()
    seen = [json.loads(line) for line in events.communicate()[0].splitlines()]
    done = {e["Action"] for e in seen if e["id"] in mine}
    assert done >= {"create", "destroy"}
    assert not done & {"start", "die"}
    left = _words("docker", "ps", "-aq", "--filter", f"label={LABEL}", "--filter", f"ancestor={tag}")
    assert left == []
    assert not set(_words("docker", "volume", "ls", "-q", "--filter", f"label={LABEL}")) - set(volumes)


def test_a_run_that_is_killed_leaves_nothing_behind_after_the_next(tag):
    code = (
        "from splitter.sources.engine import *\n"
        f"engine = connect(); through_container(engine, 'x', engine.inspect({tag!r})).read('/etc/boot')\n"
    )
    killed = subprocess.run([sys.executable, "-c", f"{code}import os; os.kill(os.getpid(), 9)"], check=False)
    assert killed.returncode == -9
    assert _words("docker", "ps", "-aq", "--filter", f"label={LABEL}", "--filter", f"ancestor={tag}")
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not _words("docker", "ps", "-aq", "--filter", f"label={LABEL}", "--filter", f"ancestor={tag}")


@pytest.mark.parametrize("name", ["splitter-test/gone:1", "No Name", "UPPER:1"])
def test_no_such_image(engine, name):
    with pytest.raises(SplitterError) as caught:
        open_source(f"docker-daemon:{name}")
    assert caught.value.hint


def _words(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
