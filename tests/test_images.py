"""Every folder of tests/images is one image: its facts, its plan and its compose file are golden."""

import json
import random
from pathlib import Path

import pytest

from conftest import TESTS, load_image
from splitter.compose.render import render
from splitter.inspection import static
from splitter.inspection.discovery import discover
from splitter.managers import managers
from splitter.model.codec import from_json, to_json
from splitter.model.facts import Facts
from splitter.planning import make_plan

IMAGES = TESTS / "images"
CASES = sorted(p.name for p in IMAGES.iterdir() if (p / "image.json").exists())


def as_text(value: object) -> str:
    return json.dumps(to_json(value), indent=1, ensure_ascii=False) + "\n"


def facts_of(case: Path) -> Facts:
    return static.read(load_image(case))


@pytest.mark.parametrize("name", CASES)
def test_facts(name, golden):
    facts = facts_of(IMAGES / name)
    golden(IMAGES / name / "expected" / "facts.json", as_text(facts))
    assert from_json(Facts, to_json(facts)) == facts


@pytest.mark.parametrize("name", CASES)
def test_plan_and_file(name, golden):
    image = load_image(IMAGES / name)
    plan = make_plan(facts_of(IMAGES / name), image, {})
    golden(IMAGES / name / "expected" / "plan.json", as_text(plan))
    golden(IMAGES / name / "compose.yml", render(plan, f"example/{name}"))


@pytest.mark.parametrize("name", CASES)
def test_order_of_managers_does_not_matter(name):
    image = load_image(IMAGES / name)
    names = list(managers())
    random.Random(7).shuffle(names)
    assert discover(image, {n: managers()[n] for n in names}) == discover(image)


def test_every_manager_has_a_fixture():
    via = {v for name in CASES for p in discover(load_image(IMAGES / name)).processes for v in p.via}
    assert set(managers()) == via
