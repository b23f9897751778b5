"""A service of a compose file as a source: where its image comes from, and what the service changes of it."""

import textwrap

import pytest

from splitter.errors import SplitterError
from splitter.model.facts import Gap
from splitter.model.image import Healthcheck
from splitter.sources import Options, open_source

DOCKERFILE = """\
FROM debian:bookworm-slim
ENV A=image B=image
WORKDIR /srv
USER app
EXPOSE 3000
ENTRYPOINT ["/entry"]
CMD ["default"]
COPY start.sh /start.sh
HEALTHCHECK --interval=5s CMD true
"""


@pytest.fixture
def service(tmp_path):
    """service(text): what one service says, on a small build folder; the image that it comes to."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "app/start.sh").write_text("#!/bin/sh\nexec puma\n")

    def open_(text, head="", tail="", options=None):
        body = textwrap.indent(textwrap.dedent(text), "    ")
        (tmp_path / "compose.yml").write_text(f"{head}services:\n  web:\n    build: app\n{body}\n{tail}")
        return open_source(f"compose:{tmp_path}/compose.yml#web", options)

    return open_


def test_a_service_that_says_nothing_is_its_build_folder(service):
    image = service("")
    assert (image.config.entrypoint, image.config.cmd) == (("/entry",), ("default",))
    assert image.read("/start.sh").startswith("#!/bin/sh")
    assert image.build.context.endswith("/app")
    assert image.build.dockerfile == "Dockerfile"
    assert not image.gaps


COMMANDS = {
    "a command is split as a shell does": ("command: run 'a b' c", ("/entry",), ("run", "a b", "c")),
    "a list is exact": ("command: [run, 'a b']", ("/entry",), ("run", "a b")),
    "null leaves the image's": ("command:", ("/entry",), ("default",)),
    "an empty list clears it": ("command: []", ("/entry",), ()),
    "an entrypoint takes the image's command away": ("entrypoint: /other -x", ("/other", "-x"), ()),
    "an entrypoint with a command": ("entrypoint: []\ncommand: [go]", (), ("go",)),
    "a doubled dollar is a dollar": ("command: ['$$HOME']", ("/entry",), ("$HOME",)),
    "numbers and truths are text": ("command: [22:22, on, 010]", ("/entry",), ("22:22", "on", "010")),
}


@pytest.mark.parametrize(("text", "entrypoint", "cmd"), COMMANDS.values(), ids=COMMANDS)
def test_commands(service, text, entrypoint, cmd):
    config = service(text).config
    assert (config.entrypoint, config.cmd) == (entrypoint, cmd)


def test_each_change_has_the_line_that_makes_it(service):
    config = service("command: run\nuser: '1000'\nworking_dir: /w\nstop_signal: INT").config
    assert (config.user, config.workdir, config.stop_signal) == ("1000", "/w", "INT")
    assert str(config.evidence("CMD")) == "compose.yml:4"
    assert str(config.evidence("WORKDIR")) == "compose.yml:6"
    assert str(config.evidence("ENTRYPOINT")) == "Dockerfile:6"


@pytest.mark.parametrize(
    "text",
    ["environment: {A: service, C: '1', D: }", "environment: [A=service, C=1, D]"],
    ids=["as a mapping", "as a list"],
)
def test_the_environment_is_added(service, text):
    assert dict(service(text).config.env) == {"A": "service", "B": "image", "C": "1"}


def test_what_the_service_gives_is_told_from_what_the_image_has(service):
    assert dict(service("environment: {A: service, C: '1'}").given) == {"A": "service", "C": "1"}
    assert dict(service("").given) == {}


def test_env_files_come_before_the_environment(service, tmp_path):
    (tmp_path / "one.env").write_text("A=one\nC='a b'\n")
    image = service("env_file: [one.env, {path: none.env, required: false}]\nenvironment: {A: own}")
    assert dict(image.config.env) == {"A": "own", "B": "image", "C": "a b"}
    assert not image.gaps
    assert [g.what for g in service("env_file: none.env").gaps] == ["the env file none.env cannot be read"]


def test_variables_come_from_the_env_file_beside_it_and_not_from_the_caller(service, tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("TAG=7\n")
    monkeypatch.setenv("SECRET", "leaked")
    image = service("command: ['${TAG}', '${NONE:-d}', '$SECRET', '$1']")
    assert image.config.cmd == ("7", "d", "", "$1")
    assert [str(g.evidence) for g in image.gaps] == ["compose.yml:4"]
    assert "SECRET" in image.gaps[0].what


def test_ports_of_both_forms_are_the_containers(service):
    text = """\
    ports: ['8080:80', '127.0.0.1:53:53/udp', '9000-9001:7000-7001', '5000', {target: 443, published: 8443}]
    expose: ['6379']
    """
    assert service(text).config.ports == ("3000", "6379", "80", "53/udp", "7000", "7001", "5000", "443")


def test_named_volumes_are_volumes_and_binds_are_gaps(service):
    image = service("volumes: [data:/srv/data, /anon, './none:/x:ro', {type: tmpfs, target: /t}]")
    assert image.config.volumes == ("/srv/data", "/anon")
    assert ["./none:/x" in g.what for g in image.gaps] == [True]


def test_a_file_that_the_service_mounts_stands_in_the_image(service, tmp_path):
    (tmp_path / "over.sh").write_text("#!/bin/sh\nexec sidekiq\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/a.conf").write_text("[program:a]\n")
    image = service("volumes: ['./over.sh:/start.sh', './conf.d:/etc/supervisor/conf.d']")
    assert "sidekiq" in image.read("/start.sh")
    assert image.names("/etc/supervisor/conf.d") == ("a.conf",)
    assert "start.sh" in image.names("/")
    assert "supervisor" in image.names("/etc")


def test_nothing_outside_the_project_is_read(service, tmp_path):
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("secret")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/link").symlink_to("/etc/passwd")
    image = service(f"volumes: ['{outside}:/a', './link:/b', '../outside.txt:/c', './dir:/d']")
    assert [image.read(p) for p in ("/a", "/b", "/c", "/d/link")] == [None, None, None, None]


def test_a_config_with_its_text_in_the_file(service):
    tail = "configs:\n  sup:\n    content: |\n      [supervisord]\n"
    image = service("configs: [{source: sup, target: /etc/sup.conf}, other]", tail=tail)
    assert image.read("/etc/sup.conf") == "[supervisord]\n"
    assert ["the config other" in g.what for g in image.gaps] == [True]


def test_healthchecks(service):
    assert service("healthcheck: {disable: true}").config.healthcheck == Healthcheck(("NONE",))
    assert service("healthcheck: {test: [CMD, x], retries: 4}").config.healthcheck == Healthcheck(
        ("CMD", "x"), retries=4
    )
    assert service("healthcheck: {interval: 9s}").config.healthcheck == Healthcheck(("CMD-SHELL", "true"), "9s")


def test_anchors_merges_and_extends_are_followed(service):
    head = "x-base: &base\n  environment: {A: anchor}\n  user: low\n"
    tail = "  base:\n    environment: {A: base, E: base}\n    command: [base]\n"
    config = service("<<: *base\nuser: high\nextends: base", head=head, tail=tail).config
    assert (config.user, config.cmd) == ("high", ("base",))
    assert dict(config.env) == {"A": "anchor", "B": "image", "E": "base"}


def test_a_service_that_extends_itself_ends(service):
    assert service("extends: web").gaps


def test_build_arguments_and_targets(service, tmp_path):
    (tmp_path / "app/Other").write_text('FROM scratch AS one\nARG V=0\nENV V=$V\nCMD ["one"]\nFROM one\nCMD ["two"]\n')
    text = "build: {context: app, dockerfile: Other, target: one, args: {V: 3}}"
    (tmp_path / "compose.yml").write_text(f"services:\n  web:\n    {text}\n")
    image = open_source(f"compose:{tmp_path}")
    assert (image.config.cmd, dict(image.config.env)) == (("one",), {"V": "3"})
    assert (image.build.dockerfile, image.build.target, dict(image.build.args)) == ("Other", "one", {"V": "3"})
    image = open_source(f"compose:{tmp_path}", Options(build_args={"V": "4"}))
    assert image.config.env["V"] == "4"


LAUGH = "l{0}: &l{0} [" + "*l{1}, " * 9 + "]\n"
BAD = {
    "no such file": ("compose:{}/none.yml", None, "no such compose file"),
    "a folder without one": ("compose:{}", None, "no compose file in"),
    "no YAML": ("compose:{}/c.yml", "services:\n\tweb: {{\n", "c.yml:2: not YAML"),
    "not UTF-8": ("compose:{}/c.yml", b"\xff\xfe", "cannot be read"),
    "a list": ("compose:{}/c.yml", "- a\n", "not a mapping"),
    "no services": ("compose:{}/c.yml", "a: b\n", "has no services"),
    "a service that is not there": ("compose:{}/c.yml#c", "services: {a: {}, b: {}}\n", "has no service c"),
    "several and none named": ("compose:{}/c.yml", "services: {a: {}, b: {}}\n", "has 2 services"),
    "neither image nor build": ("compose:{}/c.yml", "services: {a: {user: x}}\n", "neither an image nor a build"),
    "a build from git": ("compose:{}/c.yml", "services: {a: {build: 'https://x/y.git'}}\n", "built from what is no"),
    "a build folder that is not there": ("compose:{}/c.yml", "services: {a: {build: ./gone}}\n", "no such folder"),
    "a variable that must be set": ("compose:{}/c.yml", "services: {a: {image: '${X:?needed}'}}\n", "X: needed"),
    "aliases of aliases without end": (
        "compose:{}/c.yml",
        "services: {a: {x: *l9}}\nl0: &l0 [x]\n" + "".join(LAUGH.format(n, n - 1) for n in range(1, 10)),
        "more values",
    ),
    "an alias of itself": ("compose:{}/c.yml", "services: {a: &a {x: *a}}\n", "more values"),
}  # fmt: skip


@pytest.mark.parametrize(("reference", "text", "said"), BAD.values(), ids=BAD)
def test_bad_input(tmp_path, reference, text, said):
    if text is not None:
        (tmp_path / "c.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SplitterError) as caught:
        open_source(reference.format(tmp_path))
    assert said in str(caught.value)
    assert caught.value.hint


def test_gaps_of_the_build_stay(service, tmp_path):
    (tmp_path / "app/start.sh").unlink()
    assert any(isinstance(g, Gap) and "start.sh" in g.what for g in service("").gaps)
