"""Nothing is lost: whatever was found, each process ends in one service or drop, each coupling has one resolution."""

import yaml
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.compose.render import render
from splitter.model.codec import from_json, to_json
from splitter.model.facts import Command, Coupling, Evidence, Facts, Process
from splitter.model.plan import Plan
from splitter.planning import make_plan

COMMANDS = [
    "puma -p 3000", "nginx -g 'daemon off;'", "redis-server --bind 127.0.0.1", "sidekiq", "celery -A x worker -B",
    "celery -A x beat", "cron -f", "sshd -D", "rsyslogd -n", "manage.py migrate", "rake db:migrate", "chown app /data",
    "mkdir -p /run/x", "/usr/lib/postgresql/15/bin/postgres -D /data/pg", "gunicorn --bind 127.0.0.1:8000 x",
    "python3 x.py", "/opt/thing", "tail -F /var/log/x", "supervisord", "php-fpm8.2 -F", "psql -c 'create role x'",
    "wait-for-it db:5432", "", "$CMD", "memcached",
]  # fmt: skip
SCOPES = [(), ("entry",), ("entry", "supervisord"), ("entry", "supervisord", "cron")]
NAMES = st.sampled_from([f"p{n}" for n in range(12)])


@st.composite
def facts(draw):
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=9))
    processes = []
    for at, name in enumerate(names):
        lifetime = draw(st.sampled_from(["service", "service", "job", "scheduled"]))
        command = draw(st.sampled_from(COMMANDS) | st.text(max_size=12))
        processes.append(
            Process(
                name=draw(st.sampled_from([name, name, f"{name}\x1b", name.upper()])),
                command=Command(tuple(command.split(" ")) if command else ()),
                evidence=Evidence("/etc/x.conf", at + 1),
                lifetime=lifetime,
                phase=draw(st.sampled_from(["", "", "prepare", "once", "wait"])) if lifetime == "job" else "",
                schedule="* * * * *" if lifetime == "scheduled" else "",
                user=draw(st.sampled_from(["", "app", "root", "1000:1000"])),
                workdir=draw(st.sampled_from(["", "/srv", "/etc/service/x"])),
                env=draw(
                    st.dictionaries(st.sampled_from(["PORT", "API_TOKEN", "A"]), st.sampled_from(["1", "$B", "x y"]))
                ),
                instances=draw(st.sampled_from([1, 1, 3])),
                off=draw(st.sampled_from(["", "", "", "X=1"])),
                scope=draw(st.sampled_from(SCOPES)),
                via=draw(st.sampled_from([(), ("supervisord",), ("shell",)])),
            )
        )
    seen = list(dict.fromkeys(p.name for p in processes))
    processes = [next(p for p in processes if p.name == n) for n in seen]
    couplings = draw(
        st.lists(
            st.builds(
                Coupling,
                kind=st.sampled_from(["tcp", "socket", "files", "order", "signal", "env", "shm", "control"]),
                target=st.sampled_from(["127.0.0.1:6379", "127.0.0.1:8000", "/run/a/x.sock", "/srv/data", "/", ""]),
                between=st.lists(st.sampled_from([*seen, "nobody"]), max_size=4).map(tuple),
                evidence=st.builds(
                    Evidence, path=st.sampled_from(["/etc/x.conf", "image config"]), line=st.none() | st.just(1)
                ),
                how=st.sampled_from(["", "env REDIS_URL", "default DB_HOST", "argument", "config", "code", "seen"]),
                written=st.sampled_from(["", "localhost", "redis://127.0.0.1:6379/0", "127.0.0.1:6379"]),
            ),
            max_size=6,
        )
    )
    return Facts(tuple(processes), tuple(couplings))


IMAGE = image_of(
    {"/etc/x.conf": "server 127.0.0.1:6379;\n", "/srv/data/x": "1"},
    env={"REDIS_URL": "redis://127.0.0.1:6379/0", "DB_PASSWORD": "hunter2"},
    workdir="/srv",
)


@given(facts(), st.data())
def test_every_process_and_coupling_has_one_place(found, data):
    plan = make_plan(found, IMAGE, {})
    answers = {q.id: data.draw(st.sampled_from(q.options)).value for q in plan.questions}
    for made in (plan, make_plan(found, IMAGE, answers)):
        held = [p.name for s in made.services for p in s.processes] + [d.process.name for d in made.drops]
        assert sorted(held) == sorted(p.name for p in found.processes)
        assert [r.coupling for r in made.couplings] == list(found.couplings)
        assert all(r.resolution for r in made.couplings)
        assert all(d.reason for d in made.drops)
        runs_in_order(made)
        text = render(made, ".")
        assert "hunter2" not in text
        assert set(yaml.safe_load(text)["services"]) == {s.name for s in made.services}
        assert from_json(Plan, to_json(made)) == made


@given(facts())
def test_the_same_facts_give_the_same_plan(found):
    assert render(make_plan(found, IMAGE, {}), ".") == render(make_plan(found, IMAGE, {}), ".")


@given(facts(), st.dictionaries(st.text(max_size=20), st.text(max_size=8), max_size=3))
def test_an_answer_to_no_question_is_reported(found, answers):
    plan = make_plan(found, IMAGE, answers)
    asked = {q.id for q in plan.questions}
    assert {a for a in answers if a not in asked} <= set(plan.stale)


def runs_in_order(plan):
    """Every service that is waited for is there, and none waits for itself, over however many others."""
    ipc = {s.name: {s.ipc} - {"", "shareable"} for s in plan.services}
    waits = {s.name: {*s.depends_on, *filter(None, (s.namespace, s.pid)), *ipc[s.name]} for s in plan.services}
    assert all(on <= set(waits) for on in waits.values())
    # Compose refuses a file in which something is to be started after what no active profile has.
    hidden = {s.name for s in plan.services if s.profiles}
    assert not any(on & hidden for on in waits.values()), (hidden, waits)
    done: set[str] = set()
    while len(done) < len(waits):
        free = {name for name, on in waits.items() if name not in done and on <= done}
        assert free, waits
        done |= free
