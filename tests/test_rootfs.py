"""A root folder on this machine: its init or its bundle's process, owners and links."""

import json
import os

import pytest

from splitter.errors import SplitterError
from splitter.inspection.discovery import discover
from splitter.sources import open_source


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "sbin").mkdir()
    return tmp_path


@pytest.mark.parametrize("init", ["/init", "/sbin/my_init", "/sbin/runit-init", "/sbin/init"])
def test_an_init_that_is_known_is_the_command_with_its_evidence(root, init):
    (root / init[1:]).write_text("#!/bin/sh\n")
    config = open_source(f"rootfs:{root}").config
    assert (config.cmd, str(config.evidence("CMD"))) == ((init,), init)


def test_without_an_init_there_is_no_command_and_that_is_a_gap(root):
    image = open_source(f"rootfs:{root}")
    assert image.config.cmd == ()
    assert image.read("/etc/passwd").startswith("root:")
    assert [gap.what for gap in discover(image).gaps] == ["the image names no command"]


def test_links_are_resolved_in_the_root(root):
    (root / "etc/here").symlink_to("/etc/passwd")
    (root / "etc/up").symlink_to("../../../../../../etc/passwd")
    (root / "etc/away").symlink_to(f"{root.parent}/x")
    (root.parent / "x").write_text("outside")
    image = open_source(f"rootfs:{root}")
    assert image.read("/etc/here") == image.read("/etc/up") == image.read("/etc/passwd")
    assert image.read("/etc/away") is None


def test_an_oci_bundle_says_its_process(tmp_path):
    (tmp_path / "rootfs/bin").mkdir(parents=True)
    process = {
        "args": ["/bin/run", "-x"],
        "env": ["A=1", "PATH=/bin"],
        "cwd": "/srv",
        "user": {"uid": 5, "gid": 6},
    }
    (tmp_path / "config.json").write_text(json.dumps({"process": process, "root": {"path": "rootfs"}}))
    image = open_source(f"rootfs:{tmp_path}")
    assert (image.config.cmd, image.config.workdir, image.config.user) == (("/bin/run", "-x"), "/srv", "5:6")
    assert dict(image.config.env) == {"A": "1", "PATH": "/bin"}
    assert image.is_dir("/bin")


@pytest.mark.parametrize("text", ["{", "[]", "\xff", "[" * 5000, '{"root": {"path": "gone"}}', '{"root": 3}'])
def test_a_bundle_that_is_damaged_is_an_error(tmp_path, text):
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(SplitterError) as caught:
        open_source(f"rootfs:{tmp_path}")
    assert caught.value.hint
    assert str(tmp_path) in str(caught.value)


def test_owners_and_modes_are_those_on_disk(root):
    os.chmod(root / "etc/passwd", 0o640)
    node = open_source(f"rootfs:{root}").node("/etc/passwd")
    assert (node.mode, node.uid) == (0o640, os.stat(root / "etc/passwd").st_uid)
