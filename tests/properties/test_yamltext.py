"""Edits of YAML text: what they do not touch keeps every byte, and the result reads as intended."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from splitter.errors import SplitterError
from splitter.yamltext import Document, Node

ODD = """\
\ufeff# head

services: # all of them
  web: &web
    image: "a:1"   # pinned
    command: ['x', "y"]
    script: |
      one

      two


    # about ports
    ports:
    - 22:22
    - "80:80" # front

  worker:
    <<: *web
    on: yes
    empty:

x-end: >-
  folded
  text
# tail
"""


def flat(node: Node, path=()):
    yield path
    for key, value in node.items():
        yield from flat(value, (*path, key))


def test_paths_texts_and_aliases():
    document = Document.parse(ODD)
    assert document.text(("services", "web", "image")) == "a:1"
    assert document.text(("services", "web", "ports", 0)) == "22:22"
    assert document.text(("services", "worker", "on")) == "yes"
    assert document.text(("services", "worker", "empty")) == ""
    assert document.text(("services", "web", "script")) == "one\n\ntwo\n"
    assert document.get(("services", "worker", "<<")).kind == "alias"
    assert document.get(("services", "worker", "image")) is None
    assert document.get(("services", "web")).anchor == "web"
    assert document.get(("nothing", "here")) is None


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        pytest.param(
            ("services", "web", "image"), '    image: "a:1"   # pinned\n', id="a comment on the line goes with it"
        ),
        pytest.param(
            ("services", "web", "script"), "    script: |\n      one\n\n      two\n", id="no blank line below"
        ),
        pytest.param(("services", "web", "ports", 1), '    - "80:80" # front\n', id="an item of a list without indent"),
        pytest.param(("services", "worker", "empty"), "    empty:\n", id="a key without a value"),
        pytest.param(
            ("services", "worker"), "  worker:\n    <<: *web\n    on: yes\n    empty:\n", id="a whole mapping"
        ),
        pytest.param(("x-end",), "x-end: >-\n  folded\n  text\n", id="a folded text without the comment below"),
    ],
)
def test_the_lines_of_an_entry(path, lines):
    document = Document.parse(ODD)
    start, end = document.lines(path)
    assert ODD[start:end] == lines


def test_comments_right_above_lead():
    document = Document.parse(ODD)
    assert ODD[document.lead(("services", "web", "ports")) :].startswith("    # about ports\n")
    assert document.lead(("services", "worker")) == document.lines(("services", "worker"))[0]


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        pytest.param("a: &x {b: 1}\nc: *x\n", ("c", "b"), "alias", id="through an alias"),
        pytest.param("a: {b: 1}\n", ("a", "b"), "braces", id="in braces"),
        pytest.param("a: [b]\n", ("a", 0), "brackets", id="in brackets"),
        pytest.param("- a: 1\n", (), "mapping at its top", id="a list at the top"),
        pytest.param("a:\n- b: 1\n  c: 2\n", ("a", 0, "b"), "shares its line", id="a key behind a dash"),
        pytest.param("? [a]\n: b\n", (), "no text", id="a key that is a list"),
        pytest.param("a: 1\n'a': 2\n", (), "stands twice", id="a key twice"),
        pytest.param("a: 1\n---\nb: 2\n", (), "not one YAML document", id="two documents"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text, path, why):
    with pytest.raises(SplitterError, match=why):
        Document.parse(text).lines(path or ("a",))


@given(st.text(alphabet="ab:-#&*!|>'\"[]{},?%@`~\\ \n\t\r\ufeff\x00é<=0"))
def test_no_text_raises_anything_else(text):
    try:
        document = Document.parse(text)
    except SplitterError:
        return
    for path in flat(document.root):
        try:
            start, end = document.lines(path) if path else (0, len(text))
        except SplitterError:
            continue
        assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_cutting_an_entry_leaves_the_rest(newline):
    text = ODD.replace("\n", newline)
    document = Document.parse(text)
    whole = yaml.safe_load(text)
    for path in flat(document.root):
        if not path or path == ("services", "web"):
            continue
        try:
            start, end = document.lines(path)
        except SplitterError:
            continue
        got = document.splice(start, end, "").edited()
        assert got == text[:start] + text[end:]
        below = document.get(path[:-1])
        if len(below.values) == 1:
            continue
        want = yaml.safe_load(text)
        parent = want
        for key in path[:-1]:
            parent = parent[{"on": True}.get(key, key)]
        if path[-1] == "<<":
            continue
        del parent[{"on": True}.get(path[-1], path[-1])]
        if path[:2] == ("services", "web"):
            continue
        assert yaml.safe_load(got) == want
    assert yaml.safe_load(document.edited()) == whole


VALUES = st.recursive(
    st.text("ab #:'\"é", max_size=5) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc:# ", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text("abc:# -", min_size=1, max_size=3), VALUES, min_size=1, max_size=4),
    st.booleans(),
    st.data(),
)
def test_insert_then_remove_gives_the_text_back(value, crlf, data):
    text = yaml.safe_dump(value, default_flow_style=False, allow_unicode=True)
    text = text.replace("\n", "\r\n") if crlf else text
    document = Document.parse(text)
    key = data.draw(st.sampled_from([k for k, _ in document.root.items()]))
    try:
        _, end = document.lines((key,))
    except SplitterError:
        return
    line = "new-key: 'x'" + document.newline
    added = document.splice(end, end, line).edited()
    assert yaml.safe_load(added) == {**yaml.safe_load(text), "new-key": "x"}
    again = Document.parse(added)
    start, end = again.lines(("new-key",))
    assert again.splice(start, end, "").edited() == text


def test_edits_that_overlap_are_a_mistake():
    with pytest.raises(ValueError, match="two edits"):
        Document.parse("a: 1\nb: 2\n").splice(0, 6, "").splice(3, 8, "").edited()
