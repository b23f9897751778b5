"""The backing servers behave as their official images document it, whether pulled or stand-ins."""

import subprocess
import uuid
from contextlib import contextmanager

import pytest

from .images import LABEL, docker
from .stack import until

POSTGRES = ("-e", "POSTGRES_USER=shop", "-e", "POSTGRES_PASSWORD=it's", "-e", "POSTGRES_DB=orders")
MARIADB = ("-e", "MARIADB_ROOT_PASSWORD=root's", "-e", "MARIADB_USER=shop", "-e", "MARIADB_PASSWORD=it's",
           "-e", "MARIADB_DATABASE=or_ders")  # fmt: skip


@contextmanager
def running(*args):
    container = docker("run", "-d", "--label", LABEL, *args).stdout.strip()
    try:
        yield container
    finally:
        docker("rm", "-f", "-v", container)


def ask(server, *command, tag, env=()):
    """What a client in another container is told, which it reaches over the network by an address."""
    address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", server).stdout.strip()
    words = [word.replace("SERVER", address) for word in command]
    return docker("run", "--rm", "--label", LABEL, *env, "--entrypoint", words[0], tag, *words[1:]).stdout.strip()


@pytest.fixture
def volume():
    name = f"splittertest-{uuid.uuid4().hex[:12]}"
    yield name
    docker("volume", "rm", "-f", name)


def test_postgres_makes_its_user_and_database_once_and_keeps_them(base_image, volume):
    tag = base_image("postgres:15")
    sql = ("psql", "-h", "SERVER", "-U", "shop", "-d", "orders", "-tAc")
    mine = {"tag": tag, "env": ("-e", "PGPASSWORD=it's")}
    with running("-v", f"{volume}:/var/lib/postgresql/data", *POSTGRES, tag) as server:
        until(lambda: ask(server, *sql, "CREATE TABLE kept AS SELECT 7 AS n", **mine))
    with running("-v", f"{volume}:/var/lib/postgresql/data", tag) as server:  # made already: no variable is needed
        assert until(lambda: ask(server, *sql, "SELECT n FROM kept", **mine)) == "7"
        assert docker("exec", server, "id", "-un", "postgres").stdout.strip() == "postgres"
        with pytest.raises(RuntimeError, match="password authentication failed"):
            ask(server, *sql, "SELECT 1", tag=tag, env=("-e", "PGPASSWORD=wrong"))
        docker("stop", server)
        assert docker("inspect", "-f", "{{.State.ExitCode}}", server).stdout.strip() == "0"


def test_postgres_runs_the_scripts_that_it_is_given_and_answers_its_healthcheck(base_image, tmp_path):
    (tmp_path / "10_table.sql").write_text("CREATE TABLE given AS SELECT 3 AS n")
    (tmp_path / "20_row.sh").write_text(
        'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO given VALUES (4)"\n'
    )
    tag = base_image("postgres:15")
    made = docker("create", "--label", LABEL, *POSTGRES, tag, "-c", "max_connections=23").stdout.strip()
    try:
        for each in tmp_path.iterdir():
            docker("cp", str(each), f"{made}:/docker-entrypoint-initdb.d/{each.name}")
        docker("start", made)
        until(lambda: docker("exec", made, "pg_isready", "-q", "-h", "127.0.0.1").returncode == 0)
        env = ("-e", "PGPASSWORD=it's")
        sql = ("psql", "-h", "SERVER", "-U", "shop", "-d", "orders", "-tAc")
        assert ask(made, *sql, "SELECT sum(n) FROM given", tag=tag, env=env) == "7"
        assert ask(made, *sql, "SHOW max_connections", tag=tag, env=env) == "23"
    finally:
        docker("rm", "-f", "-v", made)


@pytest.mark.parametrize(("tag", "said"), [("postgres:15", "POSTGRES_PASSWORD"), ("mariadb:10.11", "ROOT_PASSWORD")])
def test_a_database_is_not_made_without_a_password(base_image, tag, said):
    done = subprocess.run(
        ["docker", "run", "--rm", "--label", LABEL, base_image(tag)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert said in done.stdout + done.stderr


def test_mariadb_makes_its_user_and_database_once_and_keeps_them(base_image, volume):
    tag = base_image("mariadb:10.11")
    sql = ("mariadb", "-h", "SERVER", "-ushop", "-N", "or_ders", "-e")
    mine = {"tag": tag, "env": ("-e", "MYSQL_PWD=it's")}
    with running("-v", f"{volume}:/var/lib/mysql", *MARIADB, tag) as server:
        until(lambda: ask(server, *sql, "CREATE TABLE kept AS SELECT 7 AS n; SELECT 1", **mine), 60)
    with running("-v", f"{volume}:/var/lib/mysql", tag) as server:
        assert until(lambda: ask(server, *sql, "SELECT n FROM kept", **mine)) == "7"
        docker("exec", server, "healthcheck.sh", "--connect", "--innodb_initialized")
        with pytest.raises(RuntimeError, match="Access denied"):
            ask(server, *sql, "SELECT 1", tag=tag, env=("-e", "MYSQL_PWD=wrong"))


@pytest.mark.parametrize("tag", ["redis:7", "redis:7.0"])
def test_redis_answers_other_containers_and_keeps_its_data_in_its_volume(base_image, volume, tag):
    base_image(tag)
    with running("-v", f"{volume}:/data", tag, "--appendonly", "yes") as server:
        assert until(lambda: ask(server, "redis-cli", "-h", "SERVER", "set", "kept", "7", tag=tag)) == "OK"
        docker("stop", server)
        assert docker("inspect", "-f", "{{.State.ExitCode}}", server).stdout.strip() == "0"
    with running("-v", f"{volume}:/data", tag, "redis-server", "--appendonly", "yes") as server:
        assert until(lambda: ask(server, "redis-cli", "-h", "SERVER", "get", "kept", tag=tag)) == "7"


def test_memcached_answers_other_containers(base_image):
    tag = base_image("memcached:1.6")
    talk = "exec 3<>/dev/tcp/SERVER/11211; printf 'set kept 0 0 1\\r\\n7\\r\\nquit\\r\\n' >&3; head -n 1 <&3"
    with running(tag, "-m", "32") as server:
        assert until(lambda: ask(server, "bash", "-c", talk, tag=tag)) == "STORED"
