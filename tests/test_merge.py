"""A file that splitter made and people went on with."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from test_render import RAILS

from splitter.compose.merge import merge, saved_answers
from splitter.compose.render import render
from splitter.errors import SplitterError
from splitter.model.plan import Mount, Plan, Question, Service

MADE = render(RAILS, ".")


def without(*names: str) -> Plan:
    gone = tuple(
        replace(s, depends_on={k: v for k, v in s.depends_on.items() if k not in names})
        for s in RAILS.services
        if s.name not in names
    )
    return replace(RAILS, services=gone)


def edit(old: str, new: str, text: str = MADE) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


ADDED = [
    pytest.param(
        "    init: true\n    stop_signal", "    init: true\n    mem_limit: 1g # ours\n    stop_signal", id="a key"
    ),
    pytest.param("      QUEUE: default\n", "      QUEUE: default\n      OURS: 'on'\n", id="a variable"),
    pytest.param('      - "3000:3000"\n', '      - "3000:3000"\n      # metrics\n      - "9100:9100"\n', id="a port"),
    pytest.param("\n  # redis, from", "\n  mail:\n    image: mailhog\n\n  # redis, from", id="a service"),
    pytest.param("volumes:\n  # what", "networks:\n  front: {}\n\nvolumes:\n  # what", id="a section"),
    pytest.param(
        "      replicas: 2\n", "      replicas: 2\n      resources: {limits: {memory: 1g}}\n", id="a key below deploy"
    ),
    pytest.param("  redis-data:\n", "  redis-data:\n    external: true\n", id="a key of a volume"),
    pytest.param("  web:\n", "  # the shop\n  web:\n", id="a comment"),
]


@pytest.mark.parametrize(("old", "new"), ADDED)
def test_what_a_person_adds_stays_byte_for_byte(old, new):
    mine = edit(old, new)
    assert merge(mine, MADE) == mine


@pytest.mark.parametrize(("old", "new"), ADDED)
def test_it_stays_when_the_plan_changes(old, new):
    mine = edit(old, new)
    web = replace(RAILS.services[1], command=("bundle", "exec", "unicorn"))
    fresh = render(replace(RAILS, services=(RAILS.services[0], web, *RAILS.services[2:])), ".")
    got = merge(mine, fresh)
    assert new in got
    assert '["bundle", "exec", "unicorn"]' in got
    assert "puma" not in got.replace("/etc/service/puma/run", "")
    assert merge(got, fresh) == got


def test_a_file_that_nobody_touched_becomes_the_new_one():
    fresh = render(without("clock"), "elsewhere")
    assert merge(MADE, fresh) == fresh


def test_windows_line_ends_stay():
    mine = edit("  web:\n", "  # the shop\n  web:\n").replace("\n", "\r\n")
    got = merge(mine, render(without("clock"), "."))
    assert got.count("\n") == got.count("\r\n")
    assert "  # the shop\r\n  web:\r\n" in got
    assert "clockwork" not in got


def test_a_service_that_went_goes_with_its_comment_and_others_stay():
    mine = edit("\n  # redis, from", "\n  mail:\n    image: mailhog\n\n  # redis, from")
    got = merge(mine, render(without("clock"), "."))
    assert "# ticks" not in got
    assert set(yaml.safe_load(got)["services"]) == {"migrate", "web", "worker", "mail", "redis"}


def test_a_service_that_came_stands_in_its_place():
    mine = edit("  web:\n", "  # the shop\n  web:\n", render(without("clock", "redis"), "."))
    got = yaml.safe_load(merge(mine, MADE))
    assert list(got["services"]) == ["migrate", "web", "worker", "clock", "redis"]
    assert got["services"] == yaml.safe_load(MADE)["services"]


def test_a_value_of_splitter_that_was_changed_comes_back():
    assert "unicorn" not in merge(edit('"puma"', '"unicorn"'), MADE)


def test_a_key_of_splitter_that_was_taken_out_comes_back():
    got = yaml.safe_load(merge(edit("    stop_grace_period: 30s\n", ""), MADE))
    assert got["services"]["worker"]["stop_grace_period"] == "30s"


def test_a_mount_that_went_goes_and_an_added_one_stays():
    mine = edit("      - redis-data:/data\n", "      - redis-data:/data\n      - ./conf:/conf:ro\n")
    redis = replace(RAILS.services[4], volumes=(Mount("redis-data", "/other"),))
    got = yaml.safe_load(merge(mine, render(replace(RAILS, services=(*RAILS.services[:4], redis)), ".")))
    assert got["services"]["redis"]["volumes"] == ["./conf:/conf:ro", "redis-data:/other"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "  clock:\n    <<: *app\n", "  clock:\n    <<: *app\n    mem_limit: 1g\n", id="a key in a service that goes"
        ),
        pytest.param("  # ticks\n", "  # ticks\n  # ours\n", id="no: its comment stays"),
    ],
)
def test_nothing_that_a_person_wrote_is_lost_when_a_service_goes(old, new):
    mine = edit(old, new)
    fresh = render(without("clock"), ".")
    if "mem_limit" in new:
        with pytest.raises(
            SplitterError, match=r"services\.clock is not needed any more, but services\.clock\.mem_limit"
        ):
            merge(mine, fresh)
    else:
        assert "# ours" in merge(mine, fresh)


def test_a_flow_mapping_is_not_edited():
    with pytest.raises(SplitterError, match="cannot be edited safely"):
        merge("services: {web: {image: a}}\nx-splitter:\n  source: .\n", MADE)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        pytest.param("services: {}\n", None, id="not ours"),
        pytest.param(
            "services:\n  a:\n    command: |\n      x-splitter: 1\n", None, id="the words in a script are not the key"
        ),
        pytest.param("services: {}\nx-splitter: {version: 1}\n", {}, id="ours without answers"),
        pytest.param(
            "x-splitter:\n  answers:\n    role:a: 'no'\n    b: 010\n", {"role:a": "no", "b": "010"}, id="as text"
        ),
        pytest.param(MADE, {"role:runit/x": "worker"}, id="what render writes"),
    ],
)
def test_saved_answers(text, answers):
    assert saved_answers(text) == answers


@pytest.mark.parametrize(
    "text",
    [
        "x-splitter:\n  answers: [a]\n",
        "x-splitter:\n  answers: {a: [b]}\n",
        "a: 1\na: 2\n",
        "a: [\n",
        "- a\n",
        "a: 1\n---\nb: 2\n",
        "",
        "a: \x00",
        "a: *b\n  - : [",
        "\ta: b",
    ],
)
def test_what_cannot_be_read_is_said(text):
    with pytest.raises(SplitterError):
        saved_answers(text)


def test_answers_survive_the_round():
    asked = Question("id: #1", "?", (), "a", "$x\nno", "saved")
    text = render(Plan((Service("a", "web", "", image="i"),), questions=(asked,)), ".")
    assert saved_answers(text) == {"id: #1": "$x\nno"}


KEYS = st.sampled_from(["mem_limit", "logging", "labels", "ulimits"])
PLACES = ["  web:\n    <<: *app\n", "  worker:\n    <<: *app\n", "  redis:\n    image: redis:7\n", "services:\n"]


ENTRY = st.tuples(st.sampled_from(PLACES), KEYS, st.text("ab:#'\" \n", max_size=6))


@given(st.lists(ENTRY, max_size=4, unique_by=lambda t: t[:2]), st.sets(st.sampled_from(["clock", "redis"])))
def test_any_added_key_survives_any_change(added, gone):
    mine = MADE
    for place, key, value in added:
        column = "    " if place != "services:\n" else "  "
        quoted = "'" + value.replace("'", "''").replace("\n", "") + "'"
        mine = mine.replace(place, f"{place}{column}{key}: {quoted} # ours\n", 1)
    try:
        got = merge(mine, render(without(*gone), "."))
    except SplitterError:
        assert any(p.startswith("  redis") for p, *_ in added)
        assert "redis" in gone
        return
    was, now = yaml.safe_load(mine)["services"], yaml.safe_load(got)["services"]
    for place, key, _ in added:
        name = place.split(":")[0].strip()
        if name == "services":
            assert now[key] == was[key]
        else:
            assert now[name][key] == was[name][key]
    assert got.count("# ours") == len(added)
    assert {"migrate", "web", "worker"} <= set(now)
    assert not gone & set(now)
