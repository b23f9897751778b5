"""No text makes the shell reader raise, or keeps it busy; nor the manager that stands on it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of, process_of

from splitter.managers import shell
from splitter.model.facts import Gap, Process
from splitter.shell.effects import effects
from splitter.shell.evaluate import evaluate
from splitter.shell.parse import parse
from splitter.shell.unassigned import unassigned

PIECES = [
    "if", "then", "else", "fi", "for", "x", "in", "do", "done", "while", "until", "case", "esac", ";;", ")", "(", "{",
    "}", "&&", "||", "|", "&", ";", "\n", '"', "'", "`", "$", "${", "$(", "$((", "))", "[[", "]]", "[", "]", "!", "=",
    "X=1", "X+=(a", "local", "export", "set --", "shift", "exec", "eval", ". /x", "cd ..", "cat <<E\n", "\nE\n", ">",
    ">>", "<", "2>&1", "$X", '"$@"', "${X:-y}", "${X[@]}", "${!X}", "f()", "f", "return", "break", "exit 1", "wait",
    "sleep 1", "true", "nginx", "su app -c", "sh -c", "mkdir -p /a", "cp -r / /b", "sed -i s/a/b/ /x", "chown -R",
    "while true", "pg_ctl start", "pg_ctl stop", "kill $!", "\\", "\0", "é", "getopts ab: o", "read a b", "echo -e",
    "printf %s", "ln -s", "/x", "..", "*", "{1..9}", "tee /y", "#", "<<<", "<(", "redis-server",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
IMAGE = image_of({"/x": "X=2\nf\n", "/d/y": "text"})


@given(TEXTS, st.lists(st.text(max_size=8), max_size=3))
def test_no_text_makes_the_reader_raise(text, args):
    parse(text)
    trace = evaluate(text, path="/s", env={"X": "v"}, args=args, files=IMAGE)
    for call in trace.calls:
        assert call.words
        effects(call, IMAGE)


@given(TEXTS)
def test_the_same_text_gives_the_same_trace(text):
    first, second = (evaluate(text, path="/s", env={"B": "1", "A": "2"}, files=IMAGE) for _ in range(2))
    assert first == second


@given(TEXTS, st.sampled_from(["service", "job", "scheduled"]))
def test_no_text_makes_the_manager_raise(text, lifetime):
    image = image_of({"/s.sh": f"#!/bin/bash\n{text}", "/x": "X=2\nf\n"})
    for argv in (["sh", "-c", text], ["/s.sh", "web"], ["bash", "/s.sh"], ["su", "app", "-c", text]):
        found = shell.expand(process_of(argv, lifetime=lifetime), image)
        assert found is None or all(isinstance(x, (Process, Gap)) for x in found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("f() { f; f; f; }; f", id="functions that call themselves thrice"),
        pytest.param("x=" + "a" * 1000 + "\n" + "x=$x$x$x$x\n" * 40 + "r $x", id="a variable that grows"),
        pytest.param("for i in {1..999}; do for j in {1..999}; do r; done; done", id="loops in loops"),
        pytest.param("while [ $((i++)) -ge 0 ]; do r; done", id="a count without an end"),
        pytest.param("(" * 3000 + ")" * 3000, id="parentheses"),
        pytest.param("if a; then " * 500, id="conditions never closed"),
        pytest.param("$(" * 500 + ")" * 500, id="substitutions in substitutions"),
        pytest.param("if a; then b; fi;" * 2000, id="a long script"),
        pytest.param("[[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa =~ (a*)*b ]] && r", id="a pattern that runs away"),
        pytest.param("r " + "{a,b}" * 30, id="braces that multiply"),
        pytest.param("r ${x//" + "*a" * 40 + "/}" , id="stars"),
    ],
)  # fmt: skip
def test_it_ends_soon(text):
    start = time.process_time()
    evaluate(text, path="/s", env={}, files=IMAGE)
    shell.expand(process_of(["sh", "-c", text]), IMAGE)
    assert time.process_time() - start < 20


@given(
    st.lists(
        st.sampled_from(
            [
                ";",
                "\n",
                "&&",
                "||",
                "if",
                "then",
                "else",
                "fi",
                "for x in a; do",
                "done",
                "{",
                "}",
                "(",
                ")",
                "A=1",
                "export A=$(x)",
                "export A B=2",
                "B=$A",
                "A=é",
                "run $A",
            ]
        )
    )
)
def test_a_text_without_assignments_is_still_a_text(words):
    text = " ".join(words)
    left = unassigned(text, {"A"})
    assert unassigned(left, {"A"}) == left
    if not parse(text).broken:
        assert not parse(left).broken
