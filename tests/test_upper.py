"""The layer of a container is read where it can be, and left to the engine where it cannot."""

import os

import pytest

from splitter.upper import changes


def driver(tmp_path, name="overlay2"):
    for folder in ("own", "first", "second"):
        (tmp_path / folder).mkdir(exist_ok=True)
    below = f"{tmp_path}/first:{tmp_path}/second"
    return {"Name": name, "Data": {"UpperDir": f"{tmp_path}/own", "LowerDir": below}}


def put(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


root = pytest.mark.skipif(os.geteuid() != 0, reason="the engine's folders are root's")


@root
def test_what_is_new_and_what_stood_in_any_layer_below(tmp_path):
    found = driver(tmp_path)
    put(tmp_path / "second/etc/app.conf")
    put(tmp_path / "first/srv/kept")
    put(tmp_path / "own/etc/app.conf", "other")
    put(tmp_path / "own/new/deep/file")
    assert [(c["Path"], c["Kind"]) for c in changes(found)] == [
        ("/etc", 0), ("/etc/app.conf", 0), ("/new", 1), ("/new/deep", 1), ("/new/deep/file", 1),
    ]  # fmt: skip


@root
def test_what_was_only_copied_up_has_not_changed(tmp_path):
    found = driver(tmp_path)
    put(tmp_path / "first/etc/app.conf")
    put(tmp_path / "own/etc/app.conf")
    at = os.stat(tmp_path / "first/etc/app.conf")
    os.utime(tmp_path / "own/etc/app.conf", ns=(at.st_atime_ns, at.st_mtime_ns))
    assert changes(found) == []


@root
def test_no_link_of_the_container_is_followed(tmp_path):
    put(tmp_path / "host/secret")
    found = driver(tmp_path)
    (tmp_path / "own/out").symlink_to(tmp_path / "host")
    assert [c["Path"] for c in changes(found)] == ["/out"]
    (tmp_path / "own").rename(tmp_path / "moved")
    (tmp_path / "own").symlink_to(tmp_path / "moved")
    assert changes(found) is None


@root
def test_a_tree_without_end_is_left_to_the_engine(tmp_path):
    found = driver(tmp_path)
    (tmp_path / "own" / "/".join("d" * 150)).mkdir(parents=True)
    assert changes(found) is None


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"Name": "overlay2", "Data": None}, id="no folders"),
        pytest.param({"Name": "overlay2", "Data": {"UpperDir": "/no/such", "LowerDir": "/"}}, id="another machine"),
        pytest.param({"Name": "btrfs", "Data": {"UpperDir": "/", "LowerDir": "/"}}, id="another driver"),
    ],
)
def test_what_is_not_here_is_left_to_the_engine(said):
    assert changes(said) is None
