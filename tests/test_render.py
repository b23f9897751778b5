"""A plan to the text of a compose file."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from splitter.compose.render import render, with_secrets
from splitter.compose.scalars import literal, quoted, scalar
from splitter.model.image import Build, Healthcheck
from splitter.model.plan import Mount, Plan, Question, Service, Volume

APP = {
    "build": Build("."),
    "environment": {"REDIS_URL": "redis://redis:6379/0"},
    "volumes": (Mount("uploads", "/app/uploads"),),
    "restart": "unless-stopped",
    "init": True,
}
WAITS = {"migrate": "service_completed_successfully"}
RAILS = Plan(
    services=(
        Service(
            "migrate",
            "migration",
            "runs once",
            origin="/etc/my_init.d/20_migrate.sh",
            command=("bundle", "exec", "rake", "db:migrate"),
            **{**APP, "restart": "no", "init": False},
        ),
        Service(
            "web",
            "web",
            "serves",
            origin="/etc/service/puma/run",
            command=("bundle", "exec", "puma", "-b", "tcp://0.0.0.0:3000"),
            ports=("3000:3000",),
            depends_on=WAITS,
            healthcheck=Healthcheck(("CMD-SHELL", "curl -f http://localhost:3000/"), interval="30s", retries=3),
            **APP,
        ),
        Service(
            "worker",
            "worker",
            "works",
            origin="/etc/service/sidekiq/run",
            command=("sh", "-c", "cd /app\nexec sidekiq -q $QUEUE"),
            depends_on={**WAITS, "redis": "service_healthy"},
            replicas=2,
            stop_signal="SIGTERM",
            stop_grace_period="30s",
            notes=("keeps its jobs in redis",),
            **{**APP, "environment": {**APP["environment"], "QUEUE": "default"}},
        ),
        Service("clock", "scheduler", "ticks", depends_on=WAITS, command=("clockwork", "clock.rb"), **APP),
        Service(
            "redis",
            "backing",
            "redis, from /etc/service/redis/run",
            image="redis:7",
            volumes=(Mount("redis-data", "/data"), Mount("", "/tmp")),
            environment={"PASSWORD": "${REDIS_PASSWORD:?set it}"},
        ),
    ),
    questions=(Question("role:runit/x", "?", (), "web", "worker", "saved"),),
    volumes=(Volume("uploads", "what people upload"), Volume("redis-data", "data"), Volume("run", "s", "mode=1777")),
    configs={"nginx": "server {\n  proxy_pass http://web:3000;\n  set $x 1;\n}\n"},
    secrets={"REDIS_PASSWORD": "of redis"},
)


def test_a_whole_file(golden, request):
    golden(request.path.parent / "compose" / "render.yml", render(RAILS, "."))


def test_the_same_plan_gives_the_same_bytes():
    assert render(RAILS, ".") == render(RAILS, ".")


def services(plan: Plan) -> dict:
    return yaml.safe_load(render(plan, "."))["services"]


def test_shared_keys_arrive_in_every_service():
    made = services(RAILS)
    assert made["worker"]["environment"] == {"REDIS_URL": "redis://redis:6379/0", "QUEUE": "default"}
    assert made["clock"]["environment"] == {"REDIS_URL": "redis://redis:6379/0"}
    assert made["migrate"]["restart"] == "no"
    assert made["migrate"].get("depends_on", {}) == {}
    assert made["web"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert all(made[n]["build"] == "." for n in ("migrate", "web", "worker", "clock"))


def test_init_is_not_forced_on_the_one_that_lacks_it():
    assert services(RAILS)["migrate"].get("init", False) is False


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(t, id=f"{t!r} stays a string")
        for t in (
            "",
            "no",
            "On",
            "y",
            "~",
            "null",
            "22:22",
            "010",
            "1e5",
            "0x1F",
            "1_000",
            "=",
            "<<",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "[a",
            "{a",
            "a\nb",
            " a",
            "a ",
            "a:",
            "'a",
            '"a',
            "a\tb",
            "\x1b[31m",
            "\ufeff",
            "\u2028",
            "\x85",
            "2001-01-01",
            ".inf",
            "1.5",
            "12:30:45",
            "?",
            "\\",
            "🙂",
            "\ud800",
            "\x00",
            "30s",
            "1m30s",
            "/bin/sh",
            "a, b",
            "$$HOME",
            "a\r\nb",
            "---",
            "...",
            "\x7f",
        )
    ],
)
def test_a_string_is_read_back_as_the_same_string(text):
    assert yaml.safe_load(f"k: {scalar(text)}\n") == {"k": text}
    assert yaml.safe_load(f"[{quoted(text)}]") == [text]
    assert scalar(text).isprintable()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("a $HOME b", "a $$HOME b", id="a dollar is escaped"),
        pytest.param("${PW}", "${PW}", id="a secret is a reference"),
        pytest.param("u:${PW:?why not}@h", "u:${PW:?why not}@h", id="a secret in the middle with a message"),
        pytest.param("${OTHER}", "$${OTHER}", id="another variable is not"),
        pytest.param("${PWD}", "$${PWD}", id="a longer name is not the secret"),
        pytest.param("${PW", "$${PW", id="an open brace is not"),
        pytest.param("$PW", "$$PW", id="without braces it is not"),
        pytest.param("${PW$(x)}", "$${PW$$(x)}", id="nor with something odd inside"),
        pytest.param("${OTHER:-${PW}}", "$${OTHER:-${PW}}", id="a nested one is found"),
    ],
)
def test_secrets_in_the_environment(text, written):
    assert with_secrets(text, {"PW": ""}) == written


def test_a_dollar_in_a_command_is_always_escaped():
    plan = Plan((Service("a", "web", "", image="i", command=("sh", "-c", "echo ${PW}")),), secrets={"PW": ""})
    assert services(plan)["a"]["command"][2] == "echo $${PW}"


@pytest.mark.parametrize("name", ["", "A", "a b", "a\n", "a:b", "é"])
def test_a_name_that_is_no_service_name_is_refused(name):
    with pytest.raises(ValueError, match="not a service name"):
        render(Plan((Service(name, "web", ""),)), ".")


def test_a_plan_without_services_is_still_a_file():
    assert yaml.safe_load(render(Plan(), "."))["services"] == {}


def test_an_entrypoint_can_be_cleared():
    made = services(Plan((Service("a", "web", "", image="i", entrypoint=(), command=("x",)),)))
    assert made["a"]["entrypoint"] == []


TEXT = st.text() | st.sampled_from(["a\nb", "no", "1", "a: b", "$x", "x\n  y\n", "\x1b[2J", "# a"])
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
SERVICE = st.builds(
    Service,
    name=NAMES,
    role=st.sampled_from(["web", "worker", "migration", "backing"]),
    because=TEXT,
    origin=TEXT,
    image=st.sampled_from(["app", "other", "x:y"]),
    entrypoint=st.none() | st.lists(TEXT, max_size=3).map(tuple),
    command=st.none() | st.lists(TEXT, max_size=4).map(tuple),
    user=TEXT,
    working_dir=TEXT,
    environment=st.dictionaries(st.text(min_size=1) | st.sampled_from(["A", "B"]), TEXT, max_size=4),
    ports=st.lists(TEXT, max_size=2).map(tuple),
    volumes=st.lists(
        st.builds(Mount, volume=NAMES, path=TEXT, read_only=st.booleans(), nocopy=st.booleans()), max_size=2
    ).map(tuple),
    depends_on=st.dictionaries(NAMES, st.just("service_started"), max_size=2),
    init=st.booleans(),
    restart=st.sampled_from(["", "no", "unless-stopped"]),
    notes=st.lists(TEXT, max_size=2).map(tuple),
)


@given(st.lists(SERVICE, max_size=5, unique_by=lambda s: s.name), st.dictionaries(NAMES, TEXT, max_size=2), TEXT)
def test_whatever_a_plan_holds_is_read_back(made, configs, source):
    text = render(Plan(tuple(made), configs=configs), source)
    assert all(c.isprintable() or c in "\n\t" for c in text)
    data = yaml.safe_load(text)
    assert data["x-splitter"]["source"].replace("$$", "$") == source
    assert set(data["services"]) == {s.name for s in made}
    for service in made:
        got = data["services"][service.name]
        assert plain(got.get("environment", {})) == service.environment
        assert plain(got.get("command")) == (None if service.command is None else list(service.command))
        assert plain(got.get("entrypoint")) == (None if service.entrypoint is None else list(service.entrypoint))
        assert plain(got.get("user", "")) == service.user
        assert plain(got.get("ports", [])) == list(service.ports)
        assert set(got.get("depends_on", {})) == set(service.depends_on)
        assert got.get("init", False) == service.init
        assert got.get("restart", "") == service.restart
    assert {k: plain(v["content"]) for k, v in data.get("configs", {}).items()} == configs


def plain(value):
    if isinstance(value, str):
        assert "$" not in value.replace("$$", "")
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def test_a_configuration_that_is_indented_by_tabs_stays_readable():
    assert literal("{\n\tadmin off\n\t\n  \t\n}\n")
    assert not literal("\tadmin off\n}\n")


@given(st.text(alphabet=st.sampled_from(list("ab \n\t#:-|é\r\x85"))))
def test_a_literal_block_gives_the_text_back(text):
    plan = Plan((Service("a", "web", "", image="i", command=("sh", "-c", text)),))
    assert plain(services(plan)["a"]["command"][2]) == text
    if literal(text):
        assert "|" in render(plan, ".")


def test_what_most_services_have_is_written_once_and_the_others_write_theirs_in_full():
    many = {f"SETTING_{n}": str(n) for n in range(12)}
    told = {"web": many, "worker": {**many, "QUEUE": "all"}, "clock": many, "migrate": {"SETTING_1": "1"}}
    plan = Plan(tuple(Service(n, "web", "", "", build=Build("."), environment=e) for n, e in told.items()))
    assert {n: s["environment"] for n, s in services(plan).items()} == told
    assert render(plan, ".").count("SETTING_7") == 1
