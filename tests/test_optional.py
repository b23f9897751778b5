"""What is off by default: which switch turns it on, what is worth a service of its own, and how the split has it."""

from dataclasses import replace

import pytest
from managing import image_of
from test_planning import AT, MIGRATE, TO_REDIS, WEB, WORKER, planned, process, services

from splitter.catalogue.switches import spare, switches
from splitter.model.facts import Coupling
from splitter.shell.evaluate import evaluate

MAIL = process("mail", "python mail.py", off="ENABLE_MAIL=true or ENABLE_MAIL=1")
NO_SWITCH = "nothing that a person sets turns it on"
IMPORT = process("import", "/run.sh import", lifetime="job", off="the argument import", notes=("run as it is",))


@pytest.mark.parametrize(
    ("off", "variables"),
    [
        pytest.param("SIDECAR=1", {"SIDECAR": "1"}, id="a value"),
        pytest.param("MODE=all|worker", {"MODE": "all"}, id="the first of several values"),
        pytest.param("A=1 or A=true", {"A": "1"}, id="the first of several ways"),
        pytest.param("A=1 and B=on", {"A": "1", "B": "on"}, id="both of two"),
        pytest.param("PORT is set", {"PORT": ""}, id="one that a person must give"),
        pytest.param("envvar=true or LOGS=true", {"LOGS": "true"}, id="a variable of the script is nobody's to set"),
        pytest.param("A=1 (/etc/cont-init.d/05-x.sh)", {"A": "1"}, id="the place where it stands is no part of it"),
        pytest.param("autostart=false; supervisorctl start x", {}, id="a word for the supervisor"),
        pytest.param("/data/x exists", {}, id="a file"),
    ],
)
def test_the_variables_of_a_switch(off, variables):
    assert switches(off) == variables


@pytest.mark.parametrize(
    ("off", "why"),
    [
        pytest.param(MAIL, "", id="something of its own"),
        pytest.param(process("pumas", "bundle exec puma -w 4", off="X=1"), "instead of web", id="told otherwise"),
        pytest.param(process("w", "python w.py", off="APP_ENV=development"), "for development", id="for development"),
        pytest.param(process("css", "bin/rails tailwindcss:watch", off="start css"), "for development", id="a watcher"),
        pytest.param(process("x", "python x.py", off="not A"), NO_SWITCH, id="no switch"),
        pytest.param(process("x", "rake db:seed", lifetime="job", off="X=1"), "it is a step", id="a step"),
        pytest.param(process("x", "/data/hooks/*", off="X=1"), "its program shows only when it runs", id="a pattern"),
    ],
)  # fmt: skip
def test_what_is_off_is_a_service_of_its_own_or_says_why_not(off, why):
    assert spare(off, (WEB, off)) == why


def test_of_two_that_are_the_same_only_the_first_is_a_service():
    twin = replace(MAIL, name="mail-2", off="OTHER=1")
    assert (spare(MAIL, (MAIL, twin)), spare(twin, (MAIL, twin))) == ("", "the same as mail")


def test_of_two_that_are_the_same_the_one_that_is_easier_to_turn_on_is_a_service():
    harder, easier = replace(MAIL, name="mail-2", off="A=1 and B=1"), MAIL
    assert (spare(harder, (harder, easier)), spare(easier, (harder, easier))) == ("the same as mail", "")


def test_what_is_off_is_behind_a_profile_with_the_variable_that_turns_it_on():
    made = services(planned(WEB, MAIL))
    assert (made["mail"].profiles, made["mail"].environment) == (("mail",), {"ENABLE_MAIL": "true"})
    assert any("ENABLE_MAIL=true" in note and "--profile mail" in note for note in made["mail"].notes)
    assert (made["web"].profiles, "mail" in made["web"].depends_on) == ((), False)


def test_a_variable_that_a_person_must_give_is_empty_unless_env_has_it():
    plan = planned(WEB, replace(MAIL, off="MAIL_PORT is set"))
    assert services(plan)["mail"].environment == {"MAIL_PORT": "${MAIL_PORT:-}"}
    assert "MAIL_PORT" in plan.secrets


def test_on_request_what_is_off_is_left_out():
    plan = planned(WEB, MAIL, answers={"off": "drop"})
    assert list(services(plan)) == ["web"]
    assert [d.reason for d in plan.drops] == [f"off by default: {MAIL.off}"]


def test_what_is_off_uses_what_is_on_as_any_other():
    worker = replace(WORKER, off="WORKERS=1")
    made = services(planned(WEB, worker, process("redis", "redis-server"), couplings=(TO_REDIS,)))
    assert made["sidekiq"].environment["REDIS_URL"] == "redis://redis:6379/0"
    assert made["sidekiq"].depends_on == {"redis": "service_healthy"}


def test_what_is_on_goes_on_without_what_is_off_and_finds_it_where_it_was():
    to_mail = Coupling("tcp", "127.0.0.1:2525", ("web", "mail"), AT, "code", "localhost:2525")
    plan = planned(WEB, MAIL, couplings=(to_mail,))
    made = services(plan)
    assert (made["mail"].namespace, made["web"].namespace, made["web"].depends_on) == ("web", "", {})
    assert plan.couplings[0].resolution == "mail is off by default, and joins the network of web"


def test_what_is_on_is_told_the_name_of_what_is_off_where_a_variable_tells_it():
    to_mail = Coupling("tcp", "127.0.0.1:2525", ("web", "sidekiq", "mail"), AT, "env MAIL", "localhost:2525")
    made = services(planned(WEB, WORKER, MAIL, couplings=(to_mail,)))
    assert [made[n].environment for n in ("web", "sidekiq")] == [{"MAIL": "mail:2525"}] * 2
    assert (made["mail"].namespace, made["web"].depends_on) == ("", {})


def test_a_step_that_is_over_before_needs_no_cut():
    to_mail = Coupling("tcp", "127.0.0.1:2525", ("migrate", "mail"), AT, "code", "localhost:2525")
    plan = planned(MIGRATE, WEB, MAIL, couplings=(to_mail,))
    assert plan.couplings[0].resolution == "mail is off by default, and migrate is over before it is started"
    assert (services(plan)["mail"].namespace, plan.gaps) == ("", ())


def test_two_that_are_on_cannot_both_be_joined_and_a_person_is_told():
    to_mail = Coupling("tcp", "127.0.0.1:2525", ("web", "sidekiq", "mail"), AT, "code", "localhost:2525")
    plan = planned(WEB, WORKER, MAIL, couplings=(to_mail,))
    assert plan.couplings[0].resolution == "open: mail is off by default"
    assert any("mail, which is off by default" in gap.what for gap in plan.gaps)


def test_an_exposed_port_goes_to_what_is_on():
    image = image_of()
    image = replace(image, config=replace(image.config, ports=("3000/tcp",)))
    other = process("other", "puma -p 3000 -e staging", off="STAGING=1")
    made = services(planned(WEB, replace(other, command=replace(other.command, argv=("caddy", "run"))), image=image))
    assert made["web"].ports == ("3000:3000",)


def test_another_mode_of_the_image_is_run_by_hand_with_all_its_volumes():
    image = image_of()
    image = replace(image, config=replace(image.config, volumes=("/srv/tiles",)))
    made = services(planned(WEB, IMPORT, image=image))
    assert (made["import"].command, made["import"].profiles) == (("/run.sh", "import"), ("import",))
    assert (made["import"].restart, made["import"].depends_on) == ("no", {})
    assert [m.path for m in made["import"].volumes] == ["/srv/tiles"]


@pytest.mark.parametrize(
    ("script", "off"),
    [
        pytest.param('if [ "$SIDE" != 1 ]; then exit 0; fi\nb', [("b", "SIDE=1")], id="an if that ends"),
        pytest.param('[ "$SIDE" = 1 ] || exit 0\nb', [("b", "SIDE=1")], id="a list that ends"),
        pytest.param('if [ "$X" = 1 ]; then a; else exit 0; fi\nb', [("a", "X=1"), ("b", "X=1")], id="an else"),
        pytest.param("case $SIDE in 1) ;; *) exit 0;; esac\nb", [("b", "SIDE=1")], id="a case"),
        pytest.param('f() { [ -n "$X" ] || return; a; }\nf\nb', [("a", "X is set"), ("b", "")], id="a return"),
        pytest.param('if [ "$1" != run ]; then exit 0; fi\nb', [], id="other arguments are not gone after"),
        pytest.param('if [ -z "$KEY" ]; then exit 1; fi\nb', [("b", "")], id="a script that gives up is read on"),
    ],
)  # fmt: skip
def test_what_follows_an_early_end_is_off(script, off):
    trace = evaluate(script, path="/run.sh", env={}, files=image_of())
    assert [(c.argv[0], c.off) for c in trace.calls if c.argv[0] in ("a", "b")] == off
