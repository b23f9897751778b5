"""monofy: what runs before, what runs side by side, and its variables."""

import pytest
from managing import expand, image_of

IMAGE = image_of(env={"PORT": "8000"}, workdir="/app")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param(["monofy", "a", "b"], [("a b", "service")], id="one command"),
        pytest.param(["monofy", "a", "|||", "b", "c"], [("a", "service"), ("b c", "service")], id="two side by side"),
        pytest.param(
            ["/venv/bin/monofy", "a", "&&", "b", "&&", "c", "|||", "d"],
            [("a", "job"), ("b", "job"), ("c", "service"), ("d", "service")],
            id="what stands before && runs to its end",
        ),
        pytest.param(
            ["python", "-m", "monofy.scripts.monofy", "a", "|||", "b", "&&", "c"],
            [("a '|||' b", "job"), ("c", "service")],
            id="an operator before the last && is a word of a command",
        ),
        pytest.param(["poetry", "run", "monofy", "a"], [("a", "service")], id="behind poetry"),
    ],
)
def test_commands(argv, expected):
    processes, gaps = expand("monofy", argv, IMAGE)
    assert gaps == []
    assert [(str(p.command), p.lifetime) for p in processes] == expected


def test_variables_stay_variables():
    [web], _ = expand("monofy", ["monofy", "serve", "--bind=:$PORT", "${NAME}-x", "a b", "$1"], IMAGE)
    assert web.command.argv == ("serve", "--bind=:8000", "$NAME-x", "a b", "$1")
    assert web.command.run == ("/bin/sh", "-c", 'exec serve --bind=:"${PORT}" "${NAME}"-x a\\ b \\$1')


def test_what_is_not_monofy_is_not_claimed():
    assert expand("monofy", ["monofy"], IMAGE) is None
    assert expand("monofy", ["monofy", "--help"], IMAGE) is None
    assert expand("monofy", ["python", "-m", "monolith", "a"], IMAGE) is None


def test_an_empty_command_is_a_gap():
    processes, [gap] = expand("monofy", ["monofy", "a", "|||"], IMAGE)
    assert [str(p.command) for p in processes] == ["a"]
    assert "empty" in gap.what
