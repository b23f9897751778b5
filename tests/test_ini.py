"""The INI reader gives what Python's own RawConfigParser gives, and goes on where that stops."""

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitter.managers import _ini

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["[a]", "[b:c]", "[DEFAULT]", "x=1", "x = 2", "Y: z", "", "  ", "  more", "\tmore ; c", "; c", "#d"]
        ),
        st.sampled_from(
            ["k=a;b ;c #d", "k=#", "k = v ; c", "[a] ; c", "[]", "[a]]", " [a]", " x=3", "k", "=v", "k==v", "k:=v"]
        ),
        st.text("ab=:;# []\t", max_size=12),
    ),
    max_size=14,
)


@given(LINES, st.sampled_from([(), (";",), (";", "#")]))
def test_the_same_as_configparser_where_that_reads_it(lines, inline):
    text = "\n".join(lines)
    theirs = configparser.RawConfigParser(strict=False, inline_comment_prefixes=inline)
    try:
        theirs.read_string(text)
    except configparser.Error:
        assert _ini.read(text, "/f", inline=inline).errors
        return
    ours = _ini.read(text, "/f", inline=inline)
    assert not ours.errors
    assert list(ours.sections) == theirs.sections()
    assert {s: {k: o.value for k, o in ours.options(s).items()} for s in ours.sections} == {
        s: dict(theirs.items(s)) for s in theirs.sections()
    }


@given(st.text())
def test_any_text_is_read(text):
    _ini.read(text, "/f", inline=(";", "#"))


def test_options_know_their_lines_and_files():
    ini = _ini.read("[a]\nx = 1\n  2\n\n[b]\ny: 3\n", "/one")
    _ini.read("# c\n[a]\nx = 9\n", "/two", ini)
    assert (ini.sections["a"].path, ini.sections["a"].line) == ("/one", 1)
    assert ini.options("a")["x"] == _ini.Option("9", "/two", 3)
    assert ini.options("b")["y"] == _ini.Option("3", "/one", 6)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("x=1\n[a]\ny=2", 1, id="a line before the first section"),
        pytest.param("[a]\nnonsense\ny=2", 2, id="a line without a delimiter"),
        pytest.param("[a]\n=1\ny=2", 2, id="an option without a name"),
    ],
)
def test_what_follows_an_error_is_still_read(text, line):
    ini = _ini.read(text, "/f")
    assert [(path, at) for path, at, _ in ini.errors] == [("/f", line)]
    assert ini.options("a")["y"].value == "2"
