"""The house rules that a tool can hold: sizes, layers, fences."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "splitter").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_module_is_short_and_says_what_it_is(module):
    text = module.read_text()
    assert text.count("\n") <= 400
    assert ast.get_docstring(ast.parse(text)), "a module begins with one sentence on what it does"
    assert "type: ignore\n" not in text


def test_layers():
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout


def test_help_needs_no_development_package_and_no_heavy_one():
    """What `--help` imports is what every start pays for."""
    heavy = ["yaml", "docker", "libcst", "questionary", "rich", "tree_sitter", "dockerfile", "pytest"]
    code = (
        "import sys; from splitter.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stderr.strip() == "[]"
    assert "inspect" in ran.stdout
    assert "split" in ran.stdout
