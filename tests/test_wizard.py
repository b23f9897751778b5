"""The wizard: its questions come to answers and nothing else, and a real terminal drives it."""

import os
import sys
from pathlib import Path

import pexpect
import pytest

from splitter.model.plan import Option, Question
from splitter.wizard import open_questions, title

DOWN, ENTER = "\x1b[B", "\r"
CONFIG = """\
[supervisord]
[program:web]
command=puma -p 3000
[program:redis]
command=redis-server --bind 127.0.0.1
[program:thing]
command=/opt/thing --fast
"""
DOCKERFILE = """\
FROM debian:bookworm-slim
COPY supervisord.conf /etc/supervisord.conf
ENV REDIS_URL=redis://localhost:6379/0
EXPOSE 3000
CMD ["supervisord", "-n", "-c", "/etc/supervisord.conf"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "supervisord.conf").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def wizard(folder):
    """The program on a terminal of its own, killed in the end whatever happens."""
    made = []

    def start(*args):
        child = pexpect.spawn(
            str(Path(sys.executable).with_name("splitter")),
            ["split", ".", *args],
            cwd=folder,
            encoding="utf-8",
            timeout=20,
            dimensions=(50, 160),
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", "PYTHON_COLORS": "0"},
        )
        made.append(child)
        return child

    yield start
    for child in made:
        child.close(force=True)


def question(id, risky=False):
    return Question(id, "?", (Option("a", "A", "it is a"), Option("b", "B")), "a", "a", risky=risky)


def test_risky_questions_come_first_and_answered_ones_not_at_all():
    asked = [question("x"), question("y", risky=True), question("z")]
    assert [q.id for q in open_questions(asked, {"z": "a"})] == ["y", "x"]


def test_an_option_says_what_follows_and_hides_control_characters():
    assert title(Option("a", "A\x1b[2J", "then"), "a") == "A?[2J (default): then"


def test_arrows_and_enter_come_to_a_file_that_check_agrees_with(wizard, folder):
    child = wizard()
    child.expect("redis-server --bind 127.0.0.1")
    child.expect("What is thing for")
    child.send(DOWN + ENTER)
    child.expect("Where does redis run from now on")
    child.send(ENTER)
    child.expect("What now")
    child.send(ENTER)
    child.expect("wrote docker-compose.yml")
    child.expect("docker compose up")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    text = (folder / "docker-compose.yml").read_text()
    assert "role:supervisord/thing: scheduler" in text
    check = pexpect.spawn(str(Path(sys.executable).with_name("splitter")), ["split", ".", "--check"], cwd=folder)
    check.expect(pexpect.EOF)
    check.close()
    assert check.exitstatus == 0


def test_ctrl_c_leaves_nothing_behind(wizard, folder):
    before = sorted(p.name for p in folder.iterdir())
    child = wizard()
    child.expect("What is thing for")
    child.sendintr()
    child.expect("interrupted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert sorted(p.name for p in folder.iterdir()) == before


def test_leaving_without_writing_writes_nothing(wizard, folder):
    child = wizard("--accept-defaults")
    child.expect("What now")
    child.send("\x1b[A" + ENTER)
    child.expect("nothing was written")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert not (folder / "docker-compose.yml").exists()
