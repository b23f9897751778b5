"""Shared by every test: image fixtures, golden files and the engine."""

import json
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from splitter.model.codec import from_json
from splitter.model.facts import Evidence
from splitter.model.image import Config, Image, MemoryTree, Node, text_node

TESTS = Path(__file__).parent
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("many", deadline=None, max_examples=2000)
settings.register_profile("local", deadline=None, max_examples=50)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local"))


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files, to be read before a commit"
    )


def pytest_configure():
    """What is started from a script in the background ignores these signals, and its children with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def load_image(case: Path) -> Image:
    """The image of a fixture folder: image.json (a Config, and `files` that git cannot keep) over rootfs/."""
    described = json.loads((case / "image.json").read_text())
    files = described.pop("files", {})
    more = {name: described.pop(name) for name in ("base", "reference") if name in described}
    tree = MemoryTree()
    root = case / "rootfs"
    for path in sorted(root.rglob("*")):
        at = "/" + path.relative_to(root).as_posix()
        if path.is_symlink():
            tree.put(at, Node("link", 0o777, target=os.readlink(path)))
        elif path.is_dir():
            tree.put(at, Node("dir"))
        else:
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tree.put(at, Node("file", mode, size=path.stat().st_size, data=path.read_bytes))
    for at, entry in files.items():
        kind = entry["kind"]
        if kind == "file":
            tree.put(at, text_node(entry.get("text", ""), entry.get("mode", 0o644)))
        else:
            tree.put(at, Node(kind, entry.get("mode", 0o755), target=entry.get("target", "")))
    unread = tuple(Evidence(e["path"], e.get("line")) for e in more.pop("unread", ()))
    config = from_json(Config, described)
    return Image(more.get("reference", f"example/{case.name}"), config, tree, base=more.get("base", ""), unread=unread)


@pytest.fixture
def golden(request):
    """golden(path, text): the file holds this text; with --update-golden it is written."""
    update = request.config.getoption("--update-golden")
    if update and os.environ.get("CI"):
        pytest.fail("golden files are not written in CI")

    def check(path: Path, text: str) -> None:
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"{path} is missing: run pytest --update-golden and read what it writes"
        assert text == path.read_text()

    return check
