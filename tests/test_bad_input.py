"""What cannot be read is one line and a hint, exit 2; what is odd inside a folder or image is a Gap with its path."""

import os
import socket
import subprocess

import pytest

from splitter.cli import main
from splitter.engine import connect
from splitter.model.facts import Gap
from splitter.sources import open_source

DOCKERFILE = 'FROM scratch\nCOPY . /\nCMD ["/run"]\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a small build folder `app`, and no engine that answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    connect.cache_clear()
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/Dockerfile").write_text("FROM scratch\nCOPY a\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("no archive")
    (tmp_path / "c.yml").write_text("services: {a: {build: app}, b: {image: x}}\n")
    yield tmp_path
    connect.cache_clear()


CASES = {
    "an empty name": ([""], "no such folder or file: (empty)"),
    "no such folder": (["./gone"], "no such folder or file: ./gone"),
    "no such folder, with its prefix": (["dockerfile:gone"], "no such folder: gone"),
    "no Dockerfile in it": (["empty"], "no such Dockerfile: empty/Dockerfile"),
    "no such Dockerfile": (["app", "-f", "gone"], "no such Dockerfile: gone"),
    "no such stage": (["app", "--target", "gone"], "Dockerfile: the Dockerfile has no stage gone"),
    "a Dockerfile that does not parse": (["broken"], "Dockerfile:2: COPY needs more words"),
    "no engine": (["app:1.0"], "no Docker engine answers"),
    "no engine, with its prefix": (["docker-daemon:app"], "no Docker engine answers"),
    "a file that is no archive": (["text.tar"], "text.tar: is no archive of an image"),
    "no such archive": (["docker-archive:gone.tar"], "no such archive: gone.tar"),
    "a folder that is no layout": (["oci:empty"], "empty: holds no image"),
    "a folder that is no root": (["rootfs:gone"], "no such folder: gone"),
    "no such compose file": (["compose:gone.yml#a"], "no such compose file: gone.yml"),
    "no such service": (["compose:c.yml#z"], "c.yml: has no service z"),
    "a build argument without a name": (["app", "--build-arg", "=x"], "--build-arg =x: no name"),
    "no source at all": ([], "the following arguments are required: SOURCE"),
}


@pytest.mark.parametrize(("words", "said"), CASES.values(), ids=CASES)
def test_one_line_and_a_hint(folder, capsys, words, said):
    before = sorted(folder.rglob("*"))
    assert main(["inspect", *words]) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert first.startswith(f"splitter: {said}")
    assert second.startswith("hint: ")
    assert out == ""
    assert sorted(folder.rglob("*")) == before


@pytest.fixture
def odd(folder):
    """Files that are no text, links that lead nowhere good, and what is no file at all; a secret beside the folder."""
    root = folder / "app"
    (folder / "secret").write_text("SECRET")
    (root / "binary").write_bytes(b"\x7fELF\0\0")
    (root / "latin").write_bytes(b"caf\xe9\n")
    (root / "huge").write_bytes(b"#" * (3 << 20))
    (root / "loop").symlink_to("loop")
    (root / "out").symlink_to("../secret")
    (root / "absolute").symlink_to(f"{folder}/secret")
    (root / "deep").mkdir()
    (root / "deep/out").symlink_to("../../secret")
    (root / "up").symlink_to("..")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(root / "sock"))
    os.close(os.open(os.fsencode(root) + b"/odd-\xff", os.O_CREAT | os.O_WRONLY))
    return root


UNREADABLE = ("/binary", "/latin", "/huge", "/loop", "/fifo", "/sock")
OUTSIDE = ("/out", "/absolute", "/deep/out", "/up/secret")


@pytest.mark.parametrize("prefix", ["dockerfile", "rootfs"])
def test_odd_files_are_gaps_and_nothing_outside_is_read(odd, prefix):
    image = open_source(f"{prefix}:{odd}")
    for path in UNREADABLE:
        found = image.read(path)
        assert isinstance(found, Gap | None), path
        if prefix == "rootfs":
            assert isinstance(found, Gap), path
    for path in OUTSIDE:
        assert not isinstance(image.read(path), str), path
    assert any("not UTF-8" in gap.what for gap in (image.names("/"), image.late())[1])


@pytest.mark.parametrize("name", ["fifo", "sock", "huge", "binary", "loop", "out", "deep"])
def test_an_add_of_what_is_no_archive_ends(odd, name):
    (odd / "Dockerfile").write_text(f"FROM scratch\nADD {name} /x/\n")
    image = open_source(f"dockerfile:{odd}")
    assert not isinstance(image.read(f"/x/{name}"), str)


def test_folders_nested_very_deep_are_read(odd, monkeypatch):
    monkeypatch.chdir(odd)
    for _ in range(1200):
        os.mkdir("n")
        os.chdir("n")
    os.chdir(odd)
    try:
        (odd / "Dockerfile").write_text("FROM scratch\nCOPY n /n\nRUN cp -r /n /m && rm -rf /n\n")
        image = open_source(f"dockerfile:{odd}")
        assert (image.is_dir("/n"), image.is_dir("/m" + "/n" * 1199)) == (False, True)
    finally:
        subprocess.run(["rm", "-rf", odd / "n"], check=True)  # deeper than Python's own rmtree goes


def test_a_copy_of_what_leads_out_is_a_gap(odd):
    (odd / "Dockerfile").write_text("FROM scratch\nCOPY out loop up/secret /x/\nCOPY fifo /f\n")
    image = open_source(f"dockerfile:{odd}")
    assert image.names("/x") == ()
    assert [str(gap.evidence) for gap in image.gaps][:3] == ["Dockerfile:2"] * 3
    assert isinstance(image.read("/f"), Gap)


@pytest.mark.parametrize("name", ["binary", "fifo", "huge", "deep", "out", "absolute", "loop"])
def test_a_dockerfile_that_is_no_text(odd, capsys, name):
    (odd / "Dockerfile").unlink()
    os.rename(odd / name, odd / "Dockerfile")
    assert main(["inspect", str(odd)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert "SECRET" not in err


def test_a_dockerignore_that_leads_out_is_not_read(odd, capsys):
    (odd / ".dockerignore").symlink_to("../secret")
    assert main(["inspect", str(odd)]) == 2
    assert "leads out of the folder" in capsys.readouterr().err


def test_a_folder_that_went_away_meanwhile_is_a_gap(odd):
    image = open_source(f"rootfs:{odd}")
    assert image.is_dir("/deep")
    (odd / "deep/out").unlink()
    (odd / "deep").rmdir()
    assert image.names("/deep") == ()
    assert any(gap.evidence.path == "/deep" for gap in image.late())
