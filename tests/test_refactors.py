"""Every file of tests/refactors: input, a line `# output`, what comes of it; without that line nothing changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import TESTS
from splitter.refactors import refactors

CASES = sorted((TESTS / "refactors").glob("*/*.py"))
MARK = "# output\n"


def both(case):
    before, mark, after = case.read_text().partition(MARK)
    return before, after if mark else None


@pytest.mark.parametrize("case", CASES, ids=[f"{c.parent.name}/{c.stem}" for c in CASES])
def test_rewrites(case):
    before, after = both(case)
    rewrite = refactors()[case.parent.name]
    done = rewrite(before, None)
    assert (done.text if done is not None else None) == after
    if done is not None:
        compile(done.text, str(case), "exec")


@pytest.mark.parametrize("case", CASES, ids=[f"{c.parent.name}/{c.stem}" for c in CASES])
def test_a_second_run_changes_nothing(case):
    _, after = both(case)
    if after is not None:
        assert refactors()[case.parent.name](after, None) is None


def test_every_refactor_has_cases_and_most_of_them_change_nothing():
    for name in refactors():
        cases = [both(c)[1] for c in CASES if c.parent.name == name]
        assert cases.count(None) > len(cases) / 2 > 1


def test_only_the_lines_asked_for():
    source = 'import os\nA_HOST = "localhost"\nB_HOST = "localhost"\n'
    done = refactors()["loopback"](source, {3})
    assert done.text == 'import os\nA_HOST = "localhost"\nB_HOST = os.environ.get("B_HOST", "localhost")\n'
    assert done.variables == {"B_HOST": "localhost"}


def test_other_line_ends_stay():
    done = refactors()["loopback"]('A_HOST = "localhost"\r\n\tB = 1\r\n'.replace("\t", ""), None)
    assert done.text == 'import os\r\nA_HOST = os.environ.get("A_HOST", "localhost")\r\nB = 1\r\n'


PIECES = st.sampled_from(
    [
        "REDIS_HOST = ",
        '"localhost"',
        "'",
        "(",
        ")",
        "\n",
        "redis.Redis(",
        "host=",
        ",",
        "{",
        "}",
        ":",
        "import os\n",
        "os",
        " ",
        "\ud800",
        "\ufeff",
        "\0",
        "\\",
        "def f(",
        "f'",
        "=",
        "DATABASES",
    ]
)


def compiles(text):
    try:
        compile(text, "x", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(refactors()))
@given(text=st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
def test_no_text_makes_it_raise(name, text):
    source = text + '\nX_HOST = "localhost"\n'
    done = refactors()[name](source, None)
    if done is not None:
        # What the parser takes, and only the compiler refuses (a star where none can be), is as it was.
        assert compiles(done.text) == compiles(source)
        assert refactors()[name](done.text, None) is None


def test_what_is_nested_too_deep_is_left_alone():
    for text in ("[" * 60_000, "x = " + "a + " * 30_000 + "1"):
        assert refactors()["loopback"](f'H_HOST = "localhost"\n{text}\n', None) is None
