"""A script of the image that is run but for some statements: told to sed, and run for real."""

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.inspection.discovery import discover
from splitter.managers import shell
from splitter.managers._shell_edited import edited, read_as
from splitter.model.facts import Command, Evidence, Process
from splitter.model.image import Config, Image
from splitter.planning import make_plan
from splitter.shell.evaluate import evaluate
from splitter.shell.parse import parse

PATH = "/app/start.sh"


def without(text, *programs, argv=(PATH,)):
    """What is left when the calls of these programs go, as the real sed has it; None where it cannot be told."""
    trace = evaluate(text, path=PATH, env={}, args=argv[1:], dialect="bash")
    calls = list(enumerate(trace.calls))
    gone = [(i, c) for i, c in calls if c.argv[0] in programs]
    keep = [(i, c) for i, c in calls if c.argv[0] not in programs and c.argv[0] not in ("echo", "[")]
    found = edited(PATH, parse(text), keep, gone)
    if found is None:
        return None
    if not found:
        return text
    command = read_as("/dev/stdin", found)
    return subprocess.run(["sh", "-c", command], input=text, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("mkdir /a\nrails db:x\ntouch /b\n", "mkdir /a\n:\ntouch /b\n", id="a statement between others"),
        pytest.param("mkdir /a\nrails db:x\npuma\n", "mkdir /a\nexit 0\npuma\n", id="nothing is done after the first"),
        pytest.param("mkdir /a\nexec puma -p 3000\n", "mkdir /a\nexit 0\n", id="what the script gives way to"),
        pytest.param("m() {\n  rails db:migrate\n}\nm\ntouch /b\n", "m() {\n  rails db:migrate\n}\n:\ntouch /b\n",
                     id="the call of a function, and not its body"),
        pytest.param("m() {\n  touch /a\n  rails 'it''s'\n}\nm\n", "m() {\n  touch /a\n:\n}\nm\n",
                     id="a statement with quotes in a function"),
        pytest.param('[ -n "$X" ] && rails a\ntouch /b\n', '[ -n "$X" ] && :\ntouch /b\n', id="a part of a line"),
        pytest.param("rails db:migrate \\\n  --all\ntouch /b\n", ":\n:\ntouch /b\n", id="a statement of two lines"),
        pytest.param("rails /a.b*[c]$ ^x\ntouch /b\n", ":\ntouch /b\n", id="letters that mean something to sed"),
        pytest.param("\trails a\ntouch /b\n", ":\ntouch /b\n", id="a statement behind a tab"),
        pytest.param("rails " + "a" * 90 + "\ntouch /b\n", ":\ntouch /b\n", id="a long statement by how it begins"),
        pytest.param("puma &\ntouch /b\n", ":\ntouch /b\n", id="what is sent to the background"),
        pytest.param("f() {\n  rails b\n}\nf\nsed -i s/a/b/ /c; rails a\n",
                     "f() {\n  rails b\n}\n:\nsed -i s/a/b/ /c; exit 0\n",
                     id="two ways to one program"),
    ],
)  # fmt: skip
def test_a_script_is_read_without_some_of_its_statements(text, left):
    found = without(text, "rails", "puma")
    assert found == left


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("for x in a b; do\n  $x db\ndone\nrails \\\n  <<E\nx\nE\ntouch /b\n",
                     id="with a document in its input"),
        pytest.param('cd "$(dirname "${BASH_SOURCE[0]}")"\nrails a\ntouch /b\n',
                     id="one that asks where its file stands"),
        pytest.param("rails " + "a" * 130 + "1\ntouch /b\nxrails " + "a" * 200 + "; rails " + "a" * 200 + "\n",
                     id="a part of a line that is too long to name"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_shortly_is_not_told(text):
    assert without(text, "rails") is None


@given(st.text(alphabet=" \t\n'\"\\$&;|()[]*.^/ab#<>", max_size=60))
def test_no_text_makes_it_raise(text):
    script = parse(text)
    trace = evaluate(text, path=PATH, env={}, dialect="bash")
    calls = list(enumerate(trace.calls))
    edited(PATH, script, calls[::2], calls[1::2])


STEPS = "".join(f'  echo "{n}" >> "$ROOT/conf"\n  echo "{n}" > "$ROOT/{n}"\n' for n in range(14))
ENTRY = f"""#!/bin/bash
set -e
configure() {{
{STEPS}}}
migrate() {{
  rails db:migrate
}}
case $1 in
  start)
    configure
    chown -R app "$ROOT"
    migrate
    puma -p 3000 &
    exec sidekiq
    ;;
  job) exec sidekiq ;;
esac
"""


@pytest.fixture
def world(tmp_path):
    """A folder with stand-ins for the programs, and an image whose entrypoint has a long set-up."""
    (tmp_path / "bin").mkdir()
    for name in ("rails", "puma", "sidekiq", "chown"):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/log\n')
        (tmp_path / "bin" / name).chmod(0o755)
    entry = f"{tmp_path}/entry.sh"
    (tmp_path / "entry.sh").write_text(ENTRY)
    config = Config(env={"ROOT": str(tmp_path)}, entrypoint=(entry, "start"))
    return tmp_path, Image("example/test", config, image_of({entry: ENTRY}, executable=(entry,)).tree)


def run(root, words):
    (root / "log").unlink(missing_ok=True)
    env = {"ROOT": str(root), "PATH": f"{root}/bin:{os.environ['PATH']}"}
    subprocess.run(words, env=env, check=True, cwd="/", timeout=20)
    return (root / "log").read_text().splitlines()


def test_a_long_set_up_is_the_script_of_the_image_itself(world):
    root, image = world
    made = {s.name: s for s in make_plan(discover(image), image, {}).services}
    for service in made.values():
        assert "/entry.sh)" in service.command[2], service.command
        assert service.command[2].count("\n") < 8
    assert run(root, made["migrate"].command) == [f"chown -R app {root}", "rails db:migrate"]
    assert (root / "conf").read_text().count("\n") == 14
    (root / "conf").unlink()
    assert [line for line in run(root, made["sidekiq"].command) if "chown" not in line] == ["sidekiq"]
    assert (root / "conf").read_text().count("\n") == 14


def test_a_variable_that_the_script_sets_for_later_does_not_turn_its_own_set_up_off():
    text = '#!/bin/sh\nif [ -z "$DONE" ]; then\n  touch /a\n  export DONE=1\nfi\nrails db:migrate\nexec puma\n'
    image = image_of({PATH: text}, executable=(PATH,))
    children = shell.expand(Process("main", Command((PATH,)), Evidence("CMD")), image)
    step = next(c for c in children if isinstance(c, Process) and "touch" in str(c.command))
    [part] = step.parts
    words = part.edit(frozenset(part.calls), frozenset())
    assert words[2].splitlines()[1].startswith('env -uDONE sh -c "$(sed ')


def test_a_script_with_an_argument_that_only_running_tells_is_not_edited():
    text = '#!/bin/sh\ntouch "$1"\nexec puma\n'
    image = image_of({PATH: text}, executable=(PATH,))
    children = shell.expand(Process("main", Command((PATH, "$NAME")), Evidence("CMD")), image)
    [part] = next(c for c in children if isinstance(c, Process)).parts
    assert part.edit(frozenset(part.calls), frozenset()) == ()
