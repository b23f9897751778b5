"""Programs of packages are not read, however many managers ask; what an application brings is."""

from functools import partial

import pytest

from splitter.inspection.discovery import discover
from splitter.managers._packaged import packaged
from splitter.model.image import Config, Image, MemoryTree, Node


@pytest.mark.parametrize(
    ("argv", "path", "said"),
    [
        pytest.param(("chown", "app", "/data"), "/usr/bin/chown", True, id="a tool"),
        pytest.param(("gosu", "app", "x"), "/usr/sbin/gosu", True, id="a wrapper"),
        pytest.param(("node", "app.js"), "/usr/bin/node", True, id="an interpreter"),
        pytest.param(("python3.11", "app.py"), "/usr/bin/python3.11", True, id="an interpreter of some version"),
        pytest.param(("redis-server",), "/usr/bin/redis-server", True, id="a server that is known"),
        pytest.param(("chown", "app"), "/usr/local/bin/chown", False, id="not where packages put it"),
        pytest.param(("start",), "/usr/bin/start", False, id="not known"),
        pytest.param(("migrate",), "/usr/bin/migrate", False, id="known by a name that any script may have"),
    ],
)
def test_packaged(argv: tuple[str, ...], path: str, said: bool) -> None:
    assert packaged(argv, path) is said


def test_only_what_is_not_known_is_read() -> None:
    files = {
        "/start.sh": b"#!/bin/sh\nmkdir -p /run/app\nchown app /run/app\nredis-server &\nown &\nexec nginx\n",
        "/bin/sh": b"\x7fELF",
        "/usr/bin/mkdir": b"\x7fELF",
        "/usr/bin/chown": b"\x7fELF",
        "/usr/bin/redis-server": b"\x7fELF",
        "/usr/bin/own": b"#!/bin/sh\nexec ruby own.rb\n",
        "/usr/sbin/nginx": b"\x7fELF",
    }
    read = set()

    def data(path: str) -> bytes:
        read.add(path)
        return files[path]

    nodes = {path: Node("file", 0o755, size=len(raw), data=partial(data, path)) for path, raw in files.items()}
    found = discover(Image("test", Config(cmd=("/start.sh",)), MemoryTree(nodes)))
    assert {p.command.program for p in found.processes} >= {"redis-server", "ruby", "nginx"}
    assert read == {"/start.sh", "/usr/bin/own"}
