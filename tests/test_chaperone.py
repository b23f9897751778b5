"""chaperone: its services with their kinds, order, variables and users, and the command that it is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import expand, image_of

CONF = "/etc/chaperone.d/a.conf"


def start(text, argv="chaperone", *, files=None, env=None, **more):
    return expand("chaperone", argv, image_of({CONF: text, **(files or {})}, env=env), **more)


def service(options, **more):
    [process], gaps = start(f"web.service: {{command: web, {options}}}\n", **more)
    assert gaps == []
    return process


@pytest.mark.parametrize("argv", ["chaperone --version", "telchap status", "python x.py", "chaperone --help"])
def test_not_claimed(argv):
    assert start("", argv) is None


@pytest.mark.parametrize(
    "argv",
    ["chaperone --config=/etc/chaperone.d", "/usr/local/bin/chaperone --log-level debug", "chaperone --config " + CONF],
)
def test_spellings(argv):
    [process], gaps = start("# services\nweb.service: {command: 'web -p 80'}\n", argv)
    assert (process.name, process.command.argv, process.lifetime, gaps) == ("web", ("web", "-p", "80"), "service", [])
    assert str(process.evidence) == f"{CONF}:2"


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [("simple", "service"), ("notify", "service"), ("forking", "service"), ("oneshot", "job")],
)
def test_kinds(kind, lifetime):
    assert service(f"type: {kind}").lifetime == lifetime


@pytest.mark.parametrize(("interval", "schedule"), [("hourly", "@hourly"), ("'*/5 * * * *'", "*/5 * * * *")])
def test_a_command_at_its_time(interval, schedule):
    found = service(f"type: cron, interval: {interval}")
    assert (found.lifetime, found.schedule) == ("scheduled", schedule)


def test_what_a_service_is_given():
    found = service("uid: www, directory: /srv, restart: true, kill_signal: QUIT, env_set: {A: b}")
    assert (found.user, found.workdir, found.restart, found.stop_signal) == ("www", "/srv", "on-failure", "SIGQUIT")
    assert found.env == {"A": "b"}


@pytest.mark.parametrize(
    ("word", "argv", "run"),
    [
        pytest.param("$(PORT)", ("web", "80"), 'exec web "${PORT}"', id="one that is known"),
        pytest.param("${HOST}", ("web", "$HOST"), 'exec web "${HOST}"', id="one that is not"),
        pytest.param("$(HOST:-here)", ("web", "here"), 'exec web "${HOST:-here}"', id="a default"),
        pytest.param("a$(PORT:+b)", ("web", "ab"), 'exec web a"${PORT:+b}"', id="a word instead"),
        pytest.param("$(X:|a|b)", ("web", "$(X:|a|b)"), None, id="what a shell has not"),
    ],
)
def test_variables_of_a_command(word, argv, run):
    [process], gaps = start(f"web.service: {{command: 'web {word}'}}\n", env={"PORT": "80"})
    assert (process.command.argv, gaps) == (argv, [])
    if run:
        assert process.command.run == ("/bin/sh", "-c", run)


@pytest.mark.parametrize(
    ("enabled", "off"),
    [
        ("false", "enabled: false; telchap start web"),
        ("'$(WEB:+true)'", "WEB is set"),
        ("'$(WEB:-false)'", "WEB=true"),
        ("'$(WEB:-true)'", ""),
        ("true", ""),
    ],
)
def test_what_is_off(enabled, off):
    assert service(f"enabled: {enabled}").off == off


def test_the_order_of_groups_and_by_name():
    text = (
        "last.service: {command: last, service_groups: IDLE}\n"
        "app.service: {command: app, after: setup}\n"
        "db.service: {command: db, before: app.service}\n"
        "early.service: {command: early, type: oneshot, service_groups: INIT}\n"
        "fill.service: {command: fill, type: oneshot, service_groups: 'setup'}\n"
    )
    found, gaps = start(text, "chaperone --exitkills sh -c x")
    assert gaps == []
    assert [p.name for p in found] == ["early", "db", "fill", "app", "last", "console"]
    assert found[3].after == ("db", "early", "fill")
    assert found[5].command.argv == ("sh", "-c", "x")


def test_a_later_file_takes_the_place_of_a_service():
    [found], _ = start("a.service: {command: one}\n", files={"/etc/chaperone.d/b.yaml": "a.service: {command: two}\n"})
    assert found.command.argv == ("two",)


def test_settings_and_options_of_the_container():
    env = {"_CHAP_OPTIONS": "--user app --config /c.conf"}
    [found], _ = start(
        "",
        files={"/c.conf": "settings: {env_set: {A: '$(HOME)/x'}}\na.service: {command: one}\n"},
        env={**env, "HOME": "/h"},
    )
    assert (found.user, found.env) == ("app", {"A": "/h/x"})
    assert [p.command.argv for p in start("a.service: {command: one}\n", "chaperone --task two")[0]] == [("two",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a.service: {type: inetd, command: a, port: 7}\n", "once for each connection", id="inetd"),
        pytest.param("a.service: {}\n", "has no command", id="no command"),
        pytest.param("a: [\n", "cannot read it", id="no YAML"),
        pytest.param("", "nothing to start", id="nothing"),
    ],
)
def test_gaps(text, said):
    found, gaps = start(text)
    assert found == []
    assert any(said in gap.what for gap in gaps)


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=4))
def test_no_text_makes_it_raise(text, words):
    start(f"a.service: {{command: {text}}}\n")
    start(text, ["chaperone", *words])
