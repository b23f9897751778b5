"""Saved images: layers over one another, whiteouts, links, which image is meant, and damage."""

import gzip
import json
import lzma
import os

import pytest
from archives import CONFIG, archive, device, hard, layer, layout, link, nested, saved, write

from splitter.errors import SplitterError
from splitter.model.facts import Gap
from splitter.sources import open_source

PASSWD = "root:x:0:0:root:/root:/bin/sh\n"


@pytest.fixture
def opened(tmp_path):
    """opened(parts): the image in an archive of these parts; `as_` tells the reference from the file's path."""

    def open_(parts, as_="{}", pack=bytes):
        path = tmp_path / "image.tar"
        path.write_bytes(pack(archive(parts)))
        return open_source(as_.format(path))

    return open_


def texts(image, *paths):
    return {path: image.read(path) for path in paths}


def test_a_saved_image_gives_its_configuration_and_its_files(opened):
    image = opened(saved(layer("etc/", ("etc/passwd", PASSWD), ("bin/run", {"mode": 0o755}))))
    assert image.config.cmd == ("/sbin/my_init",)
    assert image.config.env == {"A": "1"}
    assert image.read("/etc/passwd") == PASSWD
    assert image.names("/") == ("bin", "etc")
    assert image.complete
    assert not image.gaps


LAYERS = {
    "a file of a higher layer replaces the lower one": (
        [layer(("a", "low")), layer(("a", "high"))],
        {"/a": "high"},
    ),
    "a whiteout removes a file of the layers below": (
        [layer(("a", "1"), ("b", "2")), layer(".wh.a")],
        {"/a": None, "/b": "2"},
    ),
    "a whiteout removes a folder with all in it": ([layer("d/", ("d/a", "1")), layer(".wh.d")], {"/d/a": None}),
    "a whiteout does not touch its own layer": ([layer(("a", "1")), layer(("a", "2"), ".wh.a")], {"/a": "2"}),
    "an opaque folder hides what is below and keeps its own": (
        [layer("d/", ("d/a", "1"), ("d/s/b", "2")), layer("d/", ("d/c", "3"), "d/.wh..wh..opq")],
        {"/d/a": None, "/d/s/b": None, "/d/c": "3"},
    ),
    "aufs bookkeeping is no file": ([layer(".wh..wh.plnk/", ("a", "1"))], {"/a": "1", "/.wh..wh.plnk": None}),
    "a whiteout of nothing or of the folder itself changes nothing": (
        [layer(("d/a", "1")), layer("d/.wh.x", "d/.wh.", "d/.wh...")],
        {"/d/a": "1"},
    ),
    "a hard link is the same file under another name": ([layer(("a", "1"), ("b", hard("a")))], {"/b": "1"}),
    "a hard link may lead to a lower layer": ([layer(("a", "1")), layer(("b", hard("a")))], {"/b": "1"}),
    "a folder replaced by a file is gone": ([layer(("d/a", "1")), layer(("d", "2"))], {"/d": "2", "/d/a": None}),
    "a file replaced by a folder is one": ([layer(("d", "1")), layer("d/", ("d/a", "2"))], {"/d/a": "2"}),
    "an entry below a linked folder goes where the link leads": (
        [layer("usr/lib/", ("lib", link("usr/lib"))), layer(("lib/a", "1"))],
        {"/usr/lib/a": "1", "/lib/a": "1"},
    ),
    "a link with .. stays in the root": (
        [layer(("etc/a", "in"), ("b", link("../../../etc/a")))],
        {"/b": "in"},
    ),
    "names that begin with ./ are the same": ([layer("./", ("./a", "1")), layer("./.wh.a")], {"/a": None}),
    "a layer without bytes changes nothing": ([layer(("a", "1")), b""], {"/a": "1"}),
}


@pytest.mark.parametrize(("layers", "expected"), LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"])
def test_layers(opened, layers, expected, pack):
    assert texts(opened(saved(*map(pack, layers))), *expected) == expected


@pytest.mark.parametrize("big", ["x" * 200_000, "é" * 40_000])
@pytest.mark.parametrize("outer", [bytes, gzip.compress], ids=["plain archive", "packed archive"])
def test_a_text_too_large_to_be_kept_is_read_again(opened, big, outer):
    image = opened(saved(gzip.compress(layer(("a", "1"), ("big", big), ("z", "2"))), layer(("q", "3"))), pack=outer)
    assert texts(image, "/big", "/z", "/q") == {"/big": big, "/z": "2", "/q": "3"}


def test_what_is_no_text_is_a_gap_when_it_is_read(opened):
    image = opened(
        saved(
            layer(
                ("bin", b"\x7fELF\0\1"),
                ("latin", b"caf\xe9"),
                ("huge", b"x" * (1 << 21)),
                ("null", device()),
                ("loop", link("loop")),
                ("out", link("/../../etc/shadow")),
            )
        )
    )
    for path in ("/bin", "/latin", "/huge", "/null", "/loop"):
        assert isinstance(image.read(path), Gap), path
    assert image.read("/out") is None


def test_names_that_cannot_be_are_left_out_and_said(opened):
    image = opened(saved(layer(("../../evil", "1"), ("a", "2"), ("b", hard("nowhere")))))
    assert image.names("/") == ("a", "b")
    said = [gap.what for gap in image.gaps]
    assert any("outside the root" in what for what in said)
    assert any("hard link" in what for what in said)


def test_a_layer_that_is_a_link_to_another_is_read_there(opened):
    parts = saved(layer(("a", "1")), b"", layer(("b", "2")))
    parts["1/layer.tar"] = "../0/layer.tar"
    assert texts(opened(parts), "/a", "/b") == {"/a": "1", "/b": "2"}


def test_the_newer_docker_save_with_a_layout_inside(opened):
    parts = layout({"layers": [layer(("a", "1"))]})
    blobs = [name for name in parts if name.startswith("blobs/")]
    config = next(n for n in blobs if parts[n].startswith(b'{"os"'))
    tar = next(n for n in blobs if not parts[n].startswith(b"{"))
    parts["manifest.json"] = json.dumps([{"Config": config, "RepoTags": ["app:1"], "Layers": [tar]}]).encode()
    assert opened(parts).read("/a") == "1"


TWO = (
    {"layers": [layer(("a", "one"))], "name": "one"},
    {"layers": [layer(("a", "two"))], "name": "docker.io/library/two:latest"},
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("one", "one"), ("two", "two"), ("two:latest", "two"), ("docker.io/library/two", "two")],
)
def test_the_image_is_chosen_by_its_name(opened, wanted, found):
    assert opened(layout(*TWO), "oci-archive:{}:" + wanted).read("/a") == found


def test_the_image_has_the_name_that_an_engine_gives_it(opened):
    assert opened(saved(layer(), tags=("app:1", "app:latest"))).name == "app:1"
    assert opened(saved(layer(), tags=("app:1", "app:2")), "docker-archive:{}:app:2").name == "app:2"
    assert opened(saved(layer(), tags=())).name == ""


def test_an_index_in_the_index_gives_the_linux_image_for_amd64(opened):
    arm = {"layers": [layer(("a", "arm"))], "platform": "linux/arm64"}
    amd = {"layers": [layer(("a", "amd"))], "platform": "linux/amd64"}
    proof = {"layers": [b"{}"], "platform": "unknown/unknown"}
    assert opened(layout(arm, proof, amd, index=nested), "oci-archive:{}").read("/a") == "amd"
    assert opened(layout(proof, arm, index=nested), "oci-archive:{}:1.0").read("/a") == "arm"
    assert opened(layout(arm, amd), "oci-archive:{}").read("/a") == "amd"


def test_a_layout_folder_is_read_in_place(tmp_path):
    folder = write(tmp_path / "layout", layout({"layers": [gzip.compress(layer(("a", "1")))], "name": "v1"}))
    assert open_source(f"oci:{folder}").read("/a") == "1"
    assert open_source(f"oci:{folder}:v1").read("/a") == "1"
    assert open_source(str(folder)).read("/a") == "1"


def test_a_blob_that_is_a_link_out_of_the_layout_is_not_followed(tmp_path):
    folder = write(tmp_path / "layout", layout({"layers": [layer(("a", "1"))]}))
    blob = next(p for p in (folder / "blobs/sha256").iterdir() if not p.read_bytes().startswith(b"{"))
    os.rename(blob, tmp_path / "secret")
    blob.symlink_to(tmp_path / "secret")
    with pytest.raises(SplitterError, match="lacks the layer"):
        open_source(f"oci:{folder}")


def test_a_colon_in_the_path_is_no_name(tmp_path):
    (tmp_path / "a:b.tar").write_bytes(archive(saved(layer(("a", "1")))))
    assert open_source(f"docker-archive:{tmp_path}/a:b.tar").read("/a") == "1"
    assert open_source(f"docker-archive:{tmp_path}/a:b.tar:app:1").read("/a") == "1"


SAVED = saved(layer(("a", "1"), ("b", "2" * 5000)))
PACKED = saved(gzip.compress(layer(("a", os.urandom(5000)))))


def _without(name):
    return {key: value for key, value in SAVED.items() if key != name}


def _cut(data, name="0/layer.tar"):
    return {**SAVED, name: data}


DAMAGED = {
    "no tar file": b"this is no archive of anything, it is text\n" * 40,
    "an empty file": b"",
    "an archive that ends early": archive(SAVED)[:5000],
    "a packed archive that ends early": gzip.compress(archive(SAVED))[:60],
    "a broken header in the archive": archive(SAVED)[:512] + b"\1" * 512 + archive(SAVED)[1024:],
    "no manifest": archive({"a": b"1"}),
    "a manifest that is no JSON": archive(_cut(b"{", "manifest.json")),
    "a manifest of another shape": archive(_cut(b'[{"Config": 3}]', "manifest.json")),
    "a manifest nested without end": archive(_cut(b"[" * 100_000, "manifest.json")),
    "a manifest without images": archive(_cut(b"[]", "manifest.json")),
    "a configuration that is not there": archive(_without("c.json")),
    "a layer that is not there": archive(_without("0/layer.tar")),
    "a layer that is no tar": archive(_cut(b"\7" * 600)),
    "a layer that ends in a file": archive(_cut(SAVED["0/layer.tar"][:3000])),
    "a layer with a broken header": archive(_cut(SAVED["0/layer.tar"][:1024] + b"\1" * 4096)),
    "a packed layer that ends early": archive(_cut(PACKED["0/layer.tar"][:-300])),
    "a packed layer with a flipped bit": archive(
        _cut(PACKED["0/layer.tar"][:900] + bytes([PACKED["0/layer.tar"][900] ^ 1]) + PACKED["0/layer.tar"][901:])
    ),
    "a zstd layer": archive(_cut(b"\x28\xb5\x2f\xfd" + b"\0" * 60)),
    "links that go round": archive({**_without("0/layer.tar"), "0/layer.tar": "layer.tar"}),
    "a digest that is a path": archive(
        {"index.json": b'{"manifests": [{"digest": "sha256:../../etc/passwd"}]}', "oci-layout": b"{}"}
    ),
    "a Windows image": archive(saved(layer(("a", "1")), config={**CONFIG, "os": "windows"})),
}  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damage_is_one_line_and_a_hint(tmp_path, data):
    path = tmp_path / "image.tar"
    path.write_bytes(data)
    with pytest.raises(SplitterError) as caught:
        open_source(f"docker-archive:{path}")
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_blob_with_another_content_than_its_digest_says(opened):
    parts = layout({"layers": [layer(("a", "1"))]})
    name = next(n for n, data in parts.items() if n.startswith("blobs/") and b'"layers"' in data)
    parts[name] = parts[name].replace(b'"schemaVersion": 2', b'"schemaVersion": 3')
    with pytest.raises(SplitterError, match="does not have the content"):
        opened(parts, "oci-archive:{}")


def test_several_images_and_no_name_is_an_error_that_lists_them(opened):
    with pytest.raises(SplitterError, match="holds 2 images") as caught:
        opened(layout(*TWO), "oci-archive:{}")
    assert "one, docker.io/library/two:latest" in caught.value.hint
    with pytest.raises(SplitterError, match="holds no image three"):
        opened(layout(*TWO), "oci-archive:{}:three")


def test_no_such_archive():
    with pytest.raises(SplitterError, match=r"no such archive: /nowhere/x\.tar"):
        open_source("docker-archive:/nowhere/x.tar")


def test_a_layer_that_grows_without_end_is_cut(opened, monkeypatch):
    monkeypatch.setattr("splitter.sources._layers.AT_LEAST", 1 << 20)
    image = opened(saved(gzip.compress(layer(("a", "1"), ("bomb", b"\0" * (4 << 20)), ("z", "2")))))
    assert image.read("/a") == "1"
    assert any("absurd size" in gap.what for gap in image.gaps)
