"""Who needs what of whom, by configuration, variables, arguments and code."""

import shlex

import pytest
from managing import image_of

from splitter.inspection.couplings import find, listening, read
from splitter.model.facts import Command, Evidence, Process


def process(name, command, **more):
    return Process(name, Command(tuple(shlex.split(command))), Evidence(f"/run/{name}", 1), **more)


REDIS = process("redis", "redis-server --bind 127.0.0.1")
POSTGRES = process("db", "postgres -D /var/lib/postgresql/15/main")
NGINX = process("nginx", "nginx -g 'daemon off;'")
WEB = process("web", "gunicorn --bind 127.0.0.1:8000 app:app", workdir="/srv/app")
WORKER = process("worker", "celery -A app worker", workdir="/srv/app")


def found(processes, files=None, **more):
    """The couplings as (kind, target, between, how, written)."""
    image = image_of(files or {}, **more)
    return [(c.kind, c.target, c.between, c.how, c.written) for c in find(image, tuple(processes))]


@pytest.mark.parametrize(
    ("processes", "env", "expected"),
    [
        pytest.param(
            (WEB, WORKER, REDIS), {"REDIS_URL": "redis://localhost:6379/0"},
            [("tcp", "127.0.0.1:6379", ("web", "worker", "redis"), "env REDIS_URL", "redis://localhost:6379/0")],
            id="a URL leads to who listens on its port",
        ),
        pytest.param(
            (WEB, REDIS), {"CACHE_URL": "redis://127.0.0.1"},
            [("tcp", "127.0.0.1:6379", ("web", "redis"), "env CACHE_URL", "redis://127.0.0.1")],
            id="a URL without a port leads to the server of its scheme",
        ),
        pytest.param(
            (WEB, REDIS, POSTGRES), {"DATABASE_HOST": "127.0.0.1"},
            [("tcp", "127.0.0.1:5432", ("web", "db"), "env DATABASE_HOST", "127.0.0.1")],
            id="a bare host means the server that its name hints at",
        ),
        pytest.param(
            (WEB, REDIS, POSTGRES), {"DB_HOST": "localhost", "DB_PORT": "6379"},
            [("tcp", "127.0.0.1:6379", ("web", "redis"), "env DB_HOST", "localhost")],
            id="the port beside it is stronger than the name",
        ),
        pytest.param(
            (WEB, POSTGRES), {"PGHOST": "localhost"},
            [("tcp", "127.0.0.1:5432", ("web", "db"), "env PGHOST", "localhost")],
            id="a name without marks is parted too",
        ),
        pytest.param(
            (WEB, WORKER), {"SITE_URL": "http://localhost:8000", "ALLOWED_HOSTS": "localhost", "HOST": "127.0.0.1"},
            [],
            id="how outsiders call the site is no coupling",
        ),
        pytest.param((WEB, WORKER), {"REDIS_URL": "redis://redis.example:6379"}, [], id="another host is none"),
        pytest.param((WEB, WORKER), {"DB_HOST": "localhost"}, [], id="nobody in the image offers it"),
    ],
)  # fmt: skip
def test_variables(processes, env, expected):
    assert found(processes, env=env) == expected


def test_an_address_without_listener_is_a_gap():
    image = image_of({}, env={"REDIS_URL": "redis://localhost:6380"})
    assert [g.what for g in read(image, (WEB, REDIS)).gaps] == [
        "REDIS_URL names 127.0.0.1:6380, and nothing in the image is known to listen there"
    ]


def test_listening_says_what_commands_say():
    said = [(x.process, x.host, x.port) for x in listening(image_of({}), (WEB, REDIS))]
    assert said == [("web", "127.0.0.1", 8000), ("redis", "127.0.0.1", 6379)]
