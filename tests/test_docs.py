"""The documents say all that there is: verbs, options, managers, refactors, exit codes; and they lead somewhere."""

import pkgutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import splitter.managers
import splitter.refactors
from splitter.cli import EXITS, build_parser

ROOT = Path(__file__).parent.parent
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def page(name):
    return (ROOT / "docs" / name).read_text()


def public(package):
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def verbs():
    return next(a for a in build_parser()._actions if a.dest == "command").choices


def test_every_verb_has_a_section_with_each_of_its_options():
    text = page("cli.md")
    for name, parser in verbs().items():
        section = text.split(f"## splitter {name}\n")[1].split("\n## ")[0]
        assert all(option in section for action in parser._actions for option in action.option_strings)


def test_the_readme_shows_every_verb():
    readme = (ROOT / "README.md").read_text()
    assert all(f"splitter {name} " in readme for name in verbs())
    assert readme.count("\n") <= 120


@pytest.mark.parametrize(
    ("name", "package"), [("managers.md", splitter.managers), ("refactors.md", splitter.refactors)]
)
def test_every_module_of_an_open_folder_has_a_row(name, package):
    assert [line.split("`")[1] for line in page(name).splitlines() if line.startswith("| `")] == public(package)


def test_every_exit_code_is_explained():
    codes = [part.split()[0] for part in EXITS.removeprefix("exit codes: ").split(";")]
    rows = [line.split("|")[1].strip() for line in page("guarantees.md").splitlines() if line.startswith("| ")]
    assert codes == [row for row in rows if row.isdigit()]


@pytest.mark.parametrize("file", DOCS, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_are_there(file):
    targets = [part.split(")")[0] for part in file.read_text().split("](")[1:]]
    local = [t for t in targets if not urlsplit(t).scheme and not t.startswith("#")]
    assert [t for t in local if not (file.parent / t.split("#")[0]).exists()] == []
