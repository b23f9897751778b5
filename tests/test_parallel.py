"""concurrently, multirun, mprocs and GNU parallel: the lines, their names and what goes with them."""

import json

import pytest
from managing import expand, image_of

SCRIPTS = {"serve": "node s.js", "watch-css": "c", "watch-js": "j", "watch-js:lint": "l"}
FILES = {"/app/package.json": json.dumps({"name": "x", "scripts": SCRIPTS}, indent=1)}
IMAGE = image_of(FILES, workdir="/app")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param(["concurrently", "a b", "c"], {"a": "a b", "c": "c"}, id="named by their programs"),
        pytest.param(["concurrently", "-n", "web,job", "a", "b"], {"web": "a", "job": "b"}, id="with names"),
        pytest.param(
            ["concurrently", "--names=web|job", "--name-separator", "|", "a", "b"], {"web": "a", "job": "b"},
            id="with another separator",
        ),
        pytest.param(["npx", "concurrently", "-k", "'a b'", '"c"'], {"a": "a b", "c": "c"}, id="quotes of its own"),
        pytest.param(["concurrently", "npm:serve -- -p 3"], {"serve": "npm run serve -- -p 3"}, id="a script"),
        pytest.param(["concurrently", "-n", "web", "yarn:serve"], {"web": "yarn run serve"}, id="a script with a name"),
        pytest.param(
            ["concurrently", "npm:watch-*"],
            {"css": "npm run watch-css", "js": "npm run watch-js", "js:lint": "npm run watch-js:lint"},
            id="scripts by a star",
        ),
        pytest.param(
            ["concurrently", "-n", "w:", "npm run watch-*(!lint)"],
            {"w:css": "npm run watch-css", "w:js": "npm run watch-js"},
            id="a star with an omission and a prefix",
        ),
        pytest.param(
            ["concurrently", "-P", "a {1}", "b {@}", "--", "x", "y z"], {"a": "a x", "b": "b x 'y z'"},
            id="arguments passed through",
        ),
        pytest.param(["concurrently", "cd x && exec A=1 next start"], {"next": "cd x && exec A=1 next start"},
                     id="named by the last command"),
        pytest.param(["multirun", "-v", "redis", "node x.js"], {"redis": "redis", "x.js": "node x.js"}, id="multirun"),
        pytest.param(["parallel", "-j0", "-u", ":::", "a b", "c"], {"a": "a b", "c": "c"}, id="parallel of lines"),
        pytest.param(
            ["parallel", "--halt", "now,done=1", "node", "{}.js", ":::", "web", "job"],
            {"web.js": "node web.js", "job.js": "node job.js"}, id="parallel with a command",
        ),
        pytest.param(["parallel", "run", ":::", "a b"], {"command": None}, id="parallel quotes what it adds"),
        pytest.param(["mprocs", "--names", "w", "a b", "c"], {"w": "a b", "c": "c"}, id="mprocs"),
    ],
)  # fmt: skip
def test_lines(argv, expected):
    processes, gaps = expand("parallel", argv, IMAGE)
    assert gaps == []
    if expected == {"command": None}:
        assert [p.command.argv for p in processes] == [("sh", "-c", "run 'a b'")]
    else:
        assert {p.name: p.command.argv[2] for p in processes} == expected
        assert {p.command.argv[:2] for p in processes} == {("sh", "-c")}


def test_what_goes_with_them():
    [one, _], _ = expand("parallel", ["concurrently", "-k", "--restart-tries", "3", "-m", "1", "a", "b"], IMAGE)
    assert one.restart == "on-failure"
    assert one.notes == (
        "concurrently stops everything when one of its commands ends",
        "concurrently runs at most 1 of its commands at a time",
    )
    [one, _], _ = expand("parallel", ["concurrently", "--kill-signal", "SIGINT", "a", "b"], IMAGE)
    assert one.stop_signal == "SIGINT"


def test_mprocs_reads_its_configuration():
    text = (
        "procs:\n  web: node w.js\n  job:\n    cmd: [node, j.js]\n    cwd: <CONFIG_DIR>/j\n    env: {A: 1, B: null}\n"
    )
    text += "    autostart: false\n  bad: {}\n"
    [web, job], [gap] = expand("parallel", ["mprocs"], image_of({"/app/mprocs.yaml": text}, workdir="/app"))
    assert (web.name, web.command.argv) == ("web", ("sh", "-c", "node w.js"))
    assert (job.command.argv, job.workdir, dict(job.env), bool(job.off)) == (
        ("node", "j.js"),
        "/app/j",
        {"A": "1"},
        True,
    )
    assert "bad" in gap.what


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        pytest.param(["concurrently", "npm:nope-*", "a"], "nope-", id="a star that stands for nothing"),
        pytest.param(["parallel", "a", "::::", "list"], "::::", id="parallel with a file"),
        pytest.param(["parallel", "a"], "standard input", id="parallel without values"),
        pytest.param(["mprocs"], "mprocs", id="mprocs without a configuration"),
    ],
)
def test_gaps(argv, what):
    _, [gap] = expand("parallel", argv, IMAGE)
    assert what in gap.what


@pytest.mark.parametrize("argv", [["concurrently"], ["parallel", "--version"], ["multirun", "-h"], ["node", "x"]])
def test_not_claimed(argv):
    assert expand("parallel", argv, IMAGE) is None
