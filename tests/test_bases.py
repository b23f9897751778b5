"""What is known of base images that are not at hand, through a Dockerfile that starts from them."""

import pytest

from splitter.catalogue import base
from splitter.inspection.discovery import discover
from splitter.inspection.static import read
from splitter.model.facts import Gap
from splitter.planning import make_plan
from splitter.sources import open_source

COMMANDS = {
    "php:8.3-apache": (("docker-php-entrypoint",), ("apache2-foreground",)),
    "php:8.3-fpm-alpine": (("docker-php-entrypoint",), ("php-fpm",)),
    "php:8.3": (("docker-php-entrypoint",), ("php", "-a")),
    "nginx:1.27": (("/docker-entrypoint.sh",), ("nginx", "-g", "daemon off;")),
    "docker.io/library/node:22-slim": (("docker-entrypoint.sh",), ("node",)),
    "public.ecr.aws/docker/library/python:3.12": ((), ("python3",)),
    "mirror.example.com:5000/library/ruby:3.3": ((), ("irb",)),
    "postgres:16": (("docker-entrypoint.sh",), ("postgres",)),
    "redis:7-alpine": (("docker-entrypoint.sh",), ("redis-server",)),
    "mariadb:11": (("docker-entrypoint.sh",), ("mariadbd",)),
    "ubuntu:24.04@sha256:0123": ((), ("/bin/bash",)),
    "phusion/passenger-ruby33:3.1.0": ((), ("/sbin/my_init",)),
    "ghcr.io/linuxserver/baseimage-ubuntu:noble": (("/init",), ()),
    "lscr.io/linuxserver/baseimage-alpine-nginx:3.20": (("/init",), ()),
    "serversideup/php:8.3-fpm-nginx": (("docker-php-serversideup-entrypoint",), ("/init",)),
    "webdevops/php-nginx:8.2": (("/entrypoint",), ("supervisord",)),
    "tiangolo/uwsgi-nginx-flask:python3.11": (("/entrypoint.sh",), ("/start.sh",)),
    "eclipse-temurin:21-jre": ((), ("jshell",)),
    "gcr.io/distroless/nodejs22-debian12": (("/nodejs/bin/node",), ()),
    "cypress/included:13": (("cypress", "run"), ()),
    "acme/base:1": ((), ()),
}


@pytest.fixture
def on(tmp_path):
    """on(reference, lines): the image of a Dockerfile that starts from it."""

    def open_(reference, *lines):
        (tmp_path / "Dockerfile").write_text("\n".join((f"FROM {reference}", *lines, "")))
        return open_source(str(tmp_path))

    return open_


@pytest.mark.parametrize(("reference", "command"), COMMANDS.items(), ids=COMMANDS)
def test_the_command_of_a_base(on, reference, command):
    image = on(reference)
    assert (image.config.entrypoint, image.config.cmd) == command
    assert image.base == reference
    for key in ("ENTRYPOINT", "CMD"):
        if getattr(image.config, key.lower()):
            assert image.config.evidence(key).path == f"base image {reference}"


def test_an_image_that_only_ends_like_an_official_one_is_not_taken_for_it():
    assert base("acme/postgres-backup:1") is None
    assert base("acme/node:1") is None
    assert base("mylibrary/node:1") is None


def test_variables_of_a_base_are_known_to_what_follows(on):
    image = on("php:8.3-fpm", "WORKDIR $PHP_INI_DIR/conf.d", "ENV PATH=/app/bin:$PATH")
    assert image.config.workdir == "/usr/local/etc/php/conf.d"
    assert image.config.env["PATH"].startswith("/app/bin:/usr/local/sbin:")
    assert not image.gaps
    assert on("golang:1.23", "ENV A=$GOPATH").config.env["A"] == "/go"


@pytest.mark.parametrize("reference", ["ghcr.io/linuxserver/baseimage-alpine:3.20", "crazymax/alpine-s6:3.20"])
def test_the_init_of_an_s6_base_is_there(on, reference):
    assert "s6-overlay" in on(reference).read("/init")


def test_a_base_that_is_not_known_and_names_no_command_is_a_gap(on):
    facts = discover(on("acme/base:1"))
    assert not facts.processes
    assert facts.gaps == (
        Gap("the image names no command, and its base acme/base:1 is not at hand", facts.gaps[0].evidence),
    )


def test_every_entry_is_well_formed():
    from splitter.catalogue import _data

    for entry in _data("bases"):
        found = [base(pattern.replace("*", "x")) for pattern in entry["match"]]
        assert all(found), entry["name"]
        for known in found:
            assert known.because
            assert all(path.startswith("/") and isinstance(text, str) for path, text in known.files.items())
            assert all(isinstance(value, str) for value in known.env.values())
            assert all(isinstance(word, str) for word in (*known.entrypoint, *known.cmd, *known.ports))


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        pytest.param('. db_entrypoint.sh\nexec web "$@"', ["web -v"], id="read in it only defines"),
        pytest.param('db_entrypoint.sh "$@"\nexec web', ["mariadbd -v", "web"], id="run it starts its server"),
        pytest.param('. db_entrypoint.sh\n_main mariadbd "$@"', ["mariadbd -v"], id="its own function starts it"),
        pytest.param('. db_entrypoint.sh\nexec gosu app "${BASH_SOURCE[0]}" -x', [], id="itself again"),
    ],
)
def test_an_entrypoint_of_a_database_that_another_script_reads_in(tmp_path, script, commands):
    (tmp_path / "start").write_text(f"#!/bin/bash\n{script}\n")
    (tmp_path / "Dockerfile").write_text(
        "FROM debian\nCOPY --from=mariadb:11 /usr/local/bin/docker-entrypoint.sh /usr/local/bin/db_entrypoint.sh\n"
        'COPY --chmod=755 start /start\nENTRYPOINT ["/start", "-v"]\n'
    )
    assert [str(p.command) for p in discover(open_source(str(tmp_path))).processes] == commands


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("webdevops/php-nginx:8.2", "127.0.0.1:9000"),
        ("serversideup/php:8.3-fpm-nginx", "127.0.0.1:9000"),
        ("trafex/php-nginx", "/run/php-fpm.sock"),
        ("ghcr.io/linuxserver/baseimage-alpine-nginx:3.20", "127.0.0.1:9000"),
        ("ghcr.io/linuxserver/baseimage-alpine-nginx:3.22", "127.0.0.1:9000"),
        ("ghcr.io/linuxserver/baseimage-alpine-nginx:3.24", "127.0.0.1:9000"),
        ("richarvey/nginx-php-fpm:1.10.3", "/run/php-fpm.sock"),
        ("wyveo/nginx-php-fpm:php74", "/run/php/php7.4-fpm.sock"),
        ("wyveo/nginx-php-fpm:latest", "/run/php/php8.3-fpm.sock"),
        ("webdevops/php-apache:8.2", "127.0.0.1:9000"),
        ("serversideup/php:8.3-fpm-apache", "127.0.0.1:9000"),
        ("serversideup/php-dev:1-8.3-fpm-nginx-alpine", "127.0.0.1:9000"),
        ("tiangolo/uwsgi-nginx-flask:python3.8", "/tmp/uwsgi.sock"),
    ],
)
def test_the_web_server_of_a_base_reaches_what_stands_behind_it(on, reference, target):
    image = on(reference)
    facts = read(image)
    assert target in [c.target for c in facts.couplings]
    # What stands for a file of the base is no text to put in its place.
    assert make_plan(facts, image, {}).configs == {}


def test_the_script_that_starts_apache_is_kept_for_what_it_sets(on):
    facts = discover(on("php:8.3-apache", "COPY . /app"))
    assert [p.command.argv for p in facts.processes] == [("apache2-foreground",)]


def test_the_port_of_php_fpm_is_not_for_outsiders(on):
    image = on("webdevops/php-nginx:8.2")
    plan = make_plan(read(image), image, {})
    assert sorted(p for s in plan.services for p in s.ports) == ["443:443", "80:80"]


@pytest.mark.parametrize("base", ["ghcr.io/hassio-addons/base:19.0.0", "acme/unknown:1"])
def test_scripts_of_bashio_are_read_as_those_of_bash(on, tmp_path, base):
    (tmp_path / "run").write_text(
        "#!/command/with-contenv bashio\nbashio::net.wait_for 9001\nbashio::log.info 'Starting'\n"
        "if bashio::config.true 'debug'; then\n  export DEBUG=1\nfi\nexec nginx -c /data/nginx.conf\n"
    )
    (tmp_path / "nginx.sh").write_text(
        '#!/command/with-contenv bashio\ndeclare host\nhost=$(bashio::dns.host)\nsed -i "s/%%/$host/" /etc/nginx.conf\n'
    )
    image = on(
        base, 'CMD ["/init"]', "COPY --chmod=755 run /etc/services.d/nginx/run",
        "COPY --chmod=755 nginx.sh /etc/cont-init.d/nginx.sh",
    )  # fmt: skip
    facts = discover(image)
    assert [(p.command.program, p.lifetime) for p in facts.processes if p.phase != "wait"] == [
        ("nginx.sh", "job"), ("nginx", "service"),
    ]  # fmt: skip
    *_, server = facts.processes
    assert not any("bashio" in gap.what for gap in facts.gaps)
    assert any("/usr/lib/bashio/bashio.sh" in word for word in server.command.start)
