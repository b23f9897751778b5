"""What a context lacks and the project around it holds: sources of a COPY, and the Dockerfile of its own base."""

import pytest

from splitter.sources import Options, dockerfile


def project(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def read(folder, file=None):
    return dockerfile.read(str(folder), Options(file=str(file) if file else None))


def said(image):
    return [g.what for g in image.gaps]


@pytest.mark.parametrize(
    ("files", "text", "gap"),
    [
        pytest.param(
            {"scripts/x/run": "near\n", ".gitignore": ""}, "near\n",
            "COPY scripts: not in the context; read from scripts of the project around it", id="above the context"),
        pytest.param(
            {"lib/deep/scripts/x/run": "only\n", ".gitignore": ""}, "only\n",
            "COPY scripts: not in the context; read from lib/deep/scripts of the project around it", id="the only one"),
        pytest.param(
            {"a/scripts/x/run": "1\n", "b/scripts/x/run": "2\n", ".gitignore": ""}, None,
            "COPY scripts: not in the context", id="two of them: no guess"),
        pytest.param({"scripts/x/run": "1\n"}, None, "COPY scripts: not in the context", id="no project around it"),
        pytest.param(
            {"scripts/x/run": "1\n", ".gitignore": "", "image/.dockerignore": "scripts\n", "image/scripts/y": ""}, None,
            "COPY scripts: left out by .dockerignore", id="left out on purpose"),
    ],
)  # fmt: skip
def test_a_source_that_is_copied_into_the_context_first(tmp_path, files, text, gap):
    project(tmp_path, {"image/Dockerfile": "FROM scratch\nCOPY scripts /scripts\n", **files})
    image = read(tmp_path / "image")
    assert said(image) == [gap]
    assert image.read("/scripts/x/run") == text


def test_a_link_that_leads_out_of_the_project_is_not_followed(tmp_path):
    project(tmp_path, {"outside/x": "secret\n", "p/.gitignore": "", "p/image/Dockerfile": "FROM scratch\nCOPY s /s\n"})
    (tmp_path / "p" / "s").symlink_to(tmp_path / "outside")
    image = read(tmp_path / "p" / "image")
    assert image.node("/s/x") is None
    assert said(image) == ["COPY s: not in the context"]


BASE = 'FROM debian\nENV A=1\nCOPY start.sh /start.sh\nCMD ["/start.sh"]\n'


@pytest.mark.parametrize(
    ("name", "files"),
    [
        pytest.param("ghcr.io/acme/app-base:1", {"Dockerfile-base": BASE}, id="beside, with a dash"),
        pytest.param("acme/base", {"Dockerfile.base": BASE}, id="beside, with a dot"),
        pytest.param("acme/app_base", {"base.Dockerfile": BASE}, id="beside, the other way round"),
        pytest.param("acme/base-java", {"base-java/Dockerfile": BASE, "base-java/start.sh": "x\n", ".gitignore": ""},
                     id="in a folder of its own"),
    ],
)  # fmt: skip
def test_a_base_that_the_project_builds_itself(tmp_path, name, files):
    project(tmp_path, {"Dockerfile": f"FROM {name}\nENV B=2\n", "start.sh": "x\n", **files})
    image = read(tmp_path)
    assert (image.config.env, image.config.cmd, image.base) == ({"A": "1", "B": "2"}, ("/start.sh",), "debian")
    assert image.read("/start.sh") == "x\n"
    [file] = [f for f in files if f.endswith(("Dockerfile", "base"))]
    assert said(image) == [f"FROM {name}: not at hand; taken as {file} of the same project builds it"]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        pytest.param("acme/nginx", {"nginx/Dockerfile": BASE, ".gitignore": ""}, id="does not call itself a base"),
        pytest.param("base", {"Dockerfile.base": BASE}, id="no namespace"),
        pytest.param("phusion/baseimage:jammy", {"Dockerfile.base": BASE}, id="known by the catalogue"),
        pytest.param("acme/base", {"Dockerfile.base": BASE, "base.Dockerfile": BASE}, id="two: no guess"),
    ],
)
def test_a_base_that_is_somebody_elses(tmp_path, name, files):
    project(tmp_path, {"Dockerfile": f"FROM {name}\n", "start.sh": "x\n", **files})
    image = read(tmp_path)
    assert image.base == name
    assert "A" not in image.config.env


def test_a_base_that_builds_on_itself_ends(tmp_path):
    project(tmp_path, {"Dockerfile": "FROM acme/base\n", "Dockerfile.base": "FROM acme/base\nENV A=1\n"})
    assert read(tmp_path).base == "acme/base"


def test_a_base_that_cannot_be_read_is_told_of(tmp_path):
    project(tmp_path, {"Dockerfile": "FROM acme/base\n", "Dockerfile.base": "FROM\n"})
    image = read(tmp_path)
    assert image.base == "acme/base"
    assert "cannot be read" in said(image)[0]
