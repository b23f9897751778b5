"""No path, link or `..` leaves the root, and an overlay is what writing the files would give."""

import posixpath

from hypothesis import given
from hypothesis import strategies as st

from splitter.model.facts import Gap
from splitter.model.image import Config, Image, MemoryTree, Node, Overlay, normal, text_node

names = st.sampled_from(["a", "b", "c", "..", ".", ""])
paths = st.lists(names, max_size=5).map("/".join)
nodes = st.one_of(
    st.just(Node("dir")),
    st.text("xy", max_size=3).map(text_node),
    paths.map(lambda target: Node("link", target=target)),
    paths.map(lambda target: Node("link", target="/" + target)),
)
trees = st.dictionaries(paths.map(normal), nodes, max_size=8).map(MemoryTree)


@given(paths)
def test_a_normal_path_is_absolute_and_stays_so(path):
    clean = normal(path)
    assert clean.startswith("/")
    assert ".." not in clean.split("/")
    assert normal(clean) == clean


@given(trees, paths)
def test_resolving_ends_inside_the_root_or_in_a_gap(tree, path):
    image = Image("x", Config(), tree)
    found = image.resolve(path)
    if not isinstance(found, Gap):
        assert normal(found) == found
        node = tree.lookup(found)
        assert node is None or node.kind != "link"


@given(trees, paths)
def test_reading_never_raises(tree, path):
    image = Image("x", Config(), tree)
    assert isinstance(image.read(path), str | Gap | None)
    assert image.names(path) == tuple(sorted(image.names(path)))


@given(trees, st.dictionaries(paths.map(normal).filter(lambda p: p != "/"), st.one_of(st.none(), nodes), max_size=4))
def test_every_child_of_an_overlay_can_be_looked_up(tree, changes):
    over = Overlay(tree, changes)
    for folder in ("/", "/a", "/b", "/a/b"):
        for name in over.children(folder):
            assert over.lookup(posixpath.join(folder, name)) is not None
