"""Who needs what of whom, by configuration, variables, arguments and code."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.inspection._address import addresses
from splitter.inspection.couplings import find, listening, read
from splitter.model.facts import Command, Evidence, Process
from splitter.model.image import Node, text_node


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
            (WEB, WORKER, REDIS),
            {"REDIS_URL": "redis://localhost:6379/0"},
            [("tcp", "127.0.0.1:6379", ("web", "worker", "redis"), "env REDIS_URL", "redis://localhost:6379/0")],
            id="a URL leads to who listens on its port",
        ),
        pytest.param(
            (WEB, REDIS),
            {"CACHE_URL": "redis://127.0.0.1"},
            [("tcp", "127.0.0.1:6379", ("web", "redis"), "env CACHE_URL", "redis://127.0.0.1")],
            id="a URL without a port leads to the server of its scheme",
        ),
        pytest.param(
            (WEB, REDIS, POSTGRES),
            {"DATABASE_HOST": "127.0.0.1"},
            [("tcp", "127.0.0.1:5432", ("web", "db"), "env DATABASE_HOST", "127.0.0.1")],
            id="a bare host means the server that its name hints at",
        ),
        pytest.param(
            (WEB, REDIS, POSTGRES),
            {"DB_HOST": "localhost", "DB_PORT": "6379"},
            [("tcp", "127.0.0.1:6379", ("web", "redis"), "env DB_HOST", "localhost")],
            id="the port beside it is stronger than the name",
        ),
        pytest.param(
            (WEB, POSTGRES),
            {"PGHOST": "localhost"},
            [("tcp", "127.0.0.1:5432", ("web", "db"), "env PGHOST", "localhost")],
            id="a name without marks is parted too",
        ),
        pytest.param(
            (WEB, WORKER),
            {"SITE_URL": "http://localhost:8000", "ALLOWED_HOSTS": "localhost", "HOST": "127.0.0.1"},
            [],
            id="how outsiders call the site is no coupling",
        ),
        pytest.param((WEB, WORKER), {"REDIS_URL": "redis://redis.example:6379"}, [], id="another host is none"),
        pytest.param((WEB, WORKER), {"DB_HOST": "localhost"}, [], id="nobody in the image offers it"),
    ],
)
def test_variables(processes, env, expected):
    assert found(processes, env=env) == expected


def test_an_address_without_listener_is_a_gap():
    image = image_of({}, env={"REDIS_URL": "redis://localhost:6380"})
    assert [g.what for g in read(image, (WEB, REDIS)).gaps] == [
        "REDIS_URL names 127.0.0.1:6380, and nothing in the image is known to listen there"
    ]


def test_listening_has_what_configurations_say():
    image = image_of({SITE: "server { listen 127.0.0.1:81; }"})
    assert [(x.process, x.host, x.port, str(x.evidence)) for x in listening(image, (WEB, NGINX))] == [
        ("nginx", "127.0.0.1", 81, f"{SITE}:1")
    ]


PHP = process("fpm", "php-fpm8.2 -F")
POOL = "/etc/php/8.2/fpm/pool.d/www.conf"
SITE = "/etc/nginx/sites-enabled/site"


@pytest.mark.parametrize(
    ("processes", "files", "expected"),
    [
        pytest.param(
            (NGINX, PHP),
            {SITE: "server { fastcgi_pass unix:/var/run/php/a.sock; }", POOL: "[www]\nlisten = /run/php/a.sock\n"},
            [("socket", "/run/php/a.sock", ("nginx", "fpm"), "config", "unix:/var/run/php/a.sock")],
            id="a socket by its two names",
        ),
        pytest.param(
            (NGINX, PHP),
            {SITE: "server { fastcgi_pass unix:/run/php/b.sock; }", POOL: "[www]\nlisten = /run/php/a.sock\n"},
            [],
            id="another socket is none",
        ),
        pytest.param(
            (NGINX, WEB),
            {SITE: "server { location / { proxy_pass http://localhost:8000; } }"},
            [("tcp", "127.0.0.1:8000", ("nginx", "web"), "config", "http://localhost:8000")],
            id="a proxy and who listens on the port",
        ),
        pytest.param(
            (NGINX, process("node", "node server.js", workdir="/srv/app")),
            {SITE: "server { proxy_pass http://127.0.0.1:3000; }", "/srv/app/server.js": "app.listen(3000)\n"},
            [("tcp", "127.0.0.1:3000", ("nginx", "node"), "config", "http://127.0.0.1:3000")],
            id="a port that only the script says",
        ),
        pytest.param(
            (NGINX, process("a", "node a.js", workdir="/srv/app"), process("b", "node b.js", workdir="/srv/app")),
            {
                SITE: "server { proxy_pass http://127.0.0.1:3000; }",
                "/srv/app/a.js": "f(3000)",
                "/srv/app/b.js": "f(3000)",
            },
            [],
            id="two scripts that say the port are not guessed between",
        ),
        pytest.param(
            (NGINX, process("cgi", "app.fcgi", via=("supervisord",))),
            {
                SITE: "server { fastcgi_pass unix:/run/f.sock; }",
                "/run/cgi": "[fcgi-program:cgi]\ncommand=app.fcgi\nsocket=unix:///run/f.sock\n",
            },
            [("socket", "/run/f.sock", ("nginx", "cgi"), "config", "unix:/run/f.sock")],
            id="a socket that supervisord opens for the program",
        ),
    ],
)
def test_configurations(processes, files, expected):
    assert found(processes, files) == expected


@pytest.mark.parametrize(
    ("user", "offerer", "expected"),
    [
        pytest.param(
            "celery -A a -b redis://localhost:6379/1 worker",
            REDIS,
            [("tcp", "127.0.0.1:6379", ("it", "redis"), "argument", "redis://localhost:6379/1")],
            id="a broker",
        ),
        pytest.param(
            "./worker --redis-host=127.0.0.1",
            REDIS,
            [("tcp", "127.0.0.1:6379", ("it", "redis"), "argument", "127.0.0.1")],
            id="a host by its option",
        ),
        pytest.param(
            "varnishd -F -a :80 -b 127.0.0.1:8000",
            WEB,
            [("tcp", "127.0.0.1:8000", ("it", "web"), "argument", "127.0.0.1:8000")],
            id="a backend",
        ),
        pytest.param(
            "psql -h localhost -c x",
            POSTGRES,
            [("tcp", "127.0.0.1:5432", ("it", "db"), "argument", "localhost")],
            id="a client that is told",
        ),
        pytest.param(
            "psql -c x",
            POSTGRES,
            [("socket", "/run/postgresql/.s.PGSQL.5432", ("it", "db"), "code", "")],
            id="a client's own way",
        ),
        pytest.param("psql -h db.example -c x", POSTGRES, [], id="a client that goes elsewhere"),
        pytest.param("gunicorn --bind 127.0.0.1:6379 a:b", REDIS, [], id="where it listens is no use"),
        pytest.param("sh -c 'npx a -b c -d e -f'", REDIS, [], id="a shell's text of more words than its command"),
        pytest.param(
            "x11vnc -display :1",
            process("screen", "Xvfb :1 -screen 0 800x600x24"),
            [("socket", "/tmp/.X11-unix/X1", ("it", "screen"), "argument", ":1")],
            id="a display",
        ),
    ],
)
def test_arguments(user, offerer, expected):
    assert found((process("it", user), offerer)) == expected


@pytest.mark.parametrize(
    ("files", "env", "expected"),
    [
        pytest.param(
            {"/srv/app/settings.py": 'import os\nH = os.environ.get("DB_HOST", "127.0.0.1")\n'},
            {},
            [("tcp", "127.0.0.1:5432", ("web", "worker", "db"), "default DB_HOST", "127.0.0.1")],
            id="a default of the code that all run",
        ),
        pytest.param(
            {"/srv/app/settings.py": 'import os\nH = os.environ.get("DB_HOST", "127.0.0.1")\n'},
            {"DB_HOST": "db.example"},
            [],
            id="the variable is set, so the default is not used",
        ),
        pytest.param(
            {"/srv/app/x.py": 'c = connect(host="localhost", port=5432)\n'},
            {},
            [("tcp", "127.0.0.1:5432", ("web", "worker", "db"), "code", "localhost")],
            id="a constant",
        ),
        pytest.param({"/srv/app/x.js": "connect('localhost', 5432)\n"}, {}, [], id="code of another language"),
        pytest.param(
            {"/srv/app/x.py": 'HOST = os.environ.get("HOST", "127.0.0.1")\n'}, {}, [], id="where it listens itself"
        ),
        pytest.param(
            {"/srv/app/database.yml": "production:\n  adapter: postgresql\n  host: localhost\n"},
            {},
            [("tcp", "127.0.0.1:5432", ("web", "worker", "db"), "config", "localhost")],
            id="settings",
        ),
    ],
)
def test_code(files, env, expected):
    assert found((WEB, WORKER, POSTGRES), files, env=env) == expected


def test_a_script_is_read_for_the_process_that_runs_it():
    one, two = process("one", "python one.py", workdir="/srv/app"), process("two", "python two.py", workdir="/srv/app")
    files = {"/srv/app/one.py": 'r = redis.Redis("localhost")\n', "/srv/app/two.py": "pass\n"}
    assert found((one, two, REDIS), files) == [("tcp", "127.0.0.1:6379", ("one", "redis"), "code", "localhost")]


def test_php_code_is_found_under_what_the_web_server_serves():
    files = {
        SITE: "server { root /srv/shop/public; fastcgi_pass 127.0.0.1:9000; }",
        "/srv/shop/config.php": "<?php $r = getenv('REDIS_HOST') ?: 'localhost';",
    }
    assert ("tcp", "127.0.0.1:6379", ("fpm", "redis"), "default REDIS_HOST", "localhost") in found(
        (NGINX, PHP, REDIS), files
    )


@pytest.mark.parametrize(
    ("servers", "base", "reached"),
    [
        pytest.param((), "debian:12", True, id="its module is not at hand"),
        pytest.param((), "", False, id="it has none"),
        pytest.param((process("fpm", "php-fpm8.2 -F"),), "debian:12", False, id="php-fpm runs the code"),
    ],
)
def test_an_apache_that_serves_php_runs_the_code_where_nobody_else_does(servers, base, reached):
    apache = process("apache", "apache2ctl -D FOREGROUND")
    files = {
        "/var/www/html/index.php": "<?php\n",
        "/var/www/html/conf/db.php": "<?php\n$c['db_server'] = '127.0.0.1';\n",
    }
    got = found((apache, *servers, process("db", "mysqld_safe")), files, base=base)
    assert (("tcp", "127.0.0.1:3306", ("apache", "db"), "code", "127.0.0.1") in got) is reached


def volumes_of(processes, files=None, volumes=(), **more):
    image = image_of(files or {}, **more)
    image = replace(image, config=replace(image.config, volumes=volumes))
    return [
        (c.kind, c.target, c.between, c.how)
        for c in read(image, tuple(processes)).couplings
        if c.kind in ("files", "shm")
    ]


@pytest.mark.parametrize(
    ("processes", "files", "volumes", "env", "expected"),
    [
        pytest.param(
            (WEB, WORKER, REDIS),
            {},
            ("/data/up",),
            {},
            [("files", "/data/up", ("web", "worker"), "")],
            id="a volume is the application's",
        ),
        pytest.param(
            (WEB, WORKER, POSTGRES), {}, ("/var/lib/postgresql/15/main",), {}, [], id="a volume of one server"
        ),
        pytest.param(
            (NGINX, WEB),
            {SITE: "server { location /up { alias /data/up/; } }"},
            ("/data/up",),
            {},
            [("files", "/data/up", ("nginx", "web"), "")],
            id="the web server reads a volume",
        ),
        pytest.param(
            (NGINX, WEB),
            {SITE: "server { root /srv/app/public; }"},
            (),
            {},
            [],
            id="what the image ships is not shared",
        ),
        pytest.param(
            (WEB, WORKER),
            {},
            (),
            {"UPLOAD_DIR": "/data/up"},
            [("files", "/data/up", ("web", "worker"), "env UPLOAD_DIR")],
            id="a folder by its variable",
        ),
        pytest.param(
            (WEB, WORKER),
            {},
            (),
            {"DATABASE_URL": "sqlite:////data/x.db"},
            [("files", "/data/x.db", ("web", "worker"), "env DATABASE_URL")],
            id="a database file",
        ),
        pytest.param(
            (
                WEB,
                process("tail", "tail -F /srv/app/log/a.log", logs=()),
                process("job", "./job", logs=("/srv/app/log/a.log",)),
            ),
            {},
            (),
            {},
            [("files", "/srv/app/log/a.log", ("tail", "job"), "")],
            id="a log that another follows",
        ),
        pytest.param((WEB, process("job", "./job", logs=("/var/log/job.log",))), {}, (), {}, [], id="a log of one"),
        pytest.param(
            (process("a", "./a --shared-dir /dev/shm/x"), process("b", "./b --shared-dir=/dev/shm/x")),
            {},
            (),
            {},
            [("shm", "/dev/shm/x", ("a", "b"), "argument")],
            id="shared memory",
        ),
        pytest.param(
            (
                process("m", "mkfifo /run/q", lifetime="job"),
                process("a", "./a /run/q"),
                process("b", "./b --in /run/q"),
            ),
            {},
            (),
            {},
            [("files", "/run/q", ("a", "b"), "argument")],
            id="a FIFO",
        ),
        pytest.param(
            (process("collect", "python manage.py collectstatic", workdir="/srv/app", lifetime="job"), NGINX, WEB),
            {
                "/srv/app/settings.py": 'STATIC_ROOT = "/srv/app/static"\n',
                SITE: "server { location /static { alias /srv/app/static; } }",
            },
            (),
            {},
            [("files", "/srv/app/static", ("nginx", "web", "collect"), "code")],
            id="files collected at boot",
        ),
        pytest.param(
            (NGINX, process("job", "./job", logs=("/srv/app/storage/job.txt",))),
            {SITE: "server { root /srv/app; }"},
            (),
            {},
            [],
            id="a log below what a web server serves",
        ),
    ],
)
def test_files(processes, files, volumes, env, expected):
    assert volumes_of(processes, files, volumes, env=env) == expected


def given_image(folders, files=()):
    """An application of the root's, with these folders of the users with these numbers."""
    base = {"/srv/app/app.py": "", "/etc/passwd": "shop:x:33:33::/:/bin/sh\nother:x:34:34::/:/bin/sh\n"}
    image = image_of(base | dict.fromkeys(files, ""), workdir="/srv/app")
    for path, uid in folders.items():
        image.tree.put(path, Node("dir", 0o755, uid, uid))
    return image


UPLOADS = "/srv/app/uploads"


@pytest.mark.parametrize(
    ("image", "shared"),
    [
        pytest.param(given_image({UPLOADS: 33}), [UPLOADS], id="empty, and the user's"),
        pytest.param(given_image({"/srv/app/public": 0, "/srv/app/public/up": 33}), ["/srv/app/public/up"], id="below"),
        pytest.param(
            given_image({UPLOADS: 33, f"{UPLOADS}/a": 33}, [f"{UPLOADS}/a/.gitkeep"]), [UPLOADS],
            id="with folders that are empty too",
        ),
        pytest.param(given_image({UPLOADS: 33}, [f"{UPLOADS}/logo.png"]), [], id="with what the image ships"),
        pytest.param(given_image({UPLOADS: 0}), [], id="the root's"),
        pytest.param(given_image({UPLOADS: 35}), [], id="a user's whom nothing runs as"),
        pytest.param(given_image({"/srv/app": 33, UPLOADS: 33}), [], id="where all is the user's"),
        pytest.param(given_image({"/srv/app/cache": 33, "/srv/app/log": 33}), [], id="a cache and logs"),
        pytest.param(replace(given_image({UPLOADS: 33}), base="python:3"), [], id="of an image half known"),
    ],
)  # fmt: skip
def test_a_folder_that_the_image_leaves_empty_for_a_user_is_shared_by_the_code_around_it(image, shared):
    web, worker = replace(WEB, user="shop"), replace(WORKER, user="other")
    got = [c for c in find(image, (web, worker, replace(REDIS, workdir="/srv/app"))) if c.kind == "files"]
    assert [(c.target, c.between) for c in got] == [(path, ("worker", "web")) for path in shared]


def test_a_server_that_serves_such_a_folder_has_it_too():
    image = given_image({UPLOADS: 33}).with_files({SITE: text_node(f"server {{ location /u {{ alias {UPLOADS}; }} }}")})
    [coupling] = [c for c in find(image, (NGINX, replace(WEB, user="shop"))) if c.kind == "files"]
    assert (coupling.target, coupling.between) == (UPLOADS, ("nginx", "web"))


def test_written_paths_have_their_writers():
    processes = (WEB, REDIS, process("beat", "celery -A app beat", workdir="/srv/app"))
    said = read(image_of({"/var/lib/redis/x": ""}), processes).written
    assert [(w.path, w.writers) for w in said] == [
        ("/var/lib/redis", ("redis",)),
        ("/srv/app/celerybeat-schedule", ("beat",)),
    ]


@pytest.mark.parametrize(
    ("sender", "files", "expected"),
    [
        pytest.param("nginx -s reload", {}, ("signal", "nginx", ("it", "nginx")), id="nginx -s"),
        pytest.param(
            "sh -c 'kill -HUP $(cat /run/nginx.pid)'",
            {},
            ("signal", "/run/nginx.pid", ("it", "nginx")),
            id="a pid file",
        ),
        pytest.param("pkill -USR1 gunicorn", {}, ("signal", "gunicorn", ("it", "web")), id="pkill"),
        pytest.param("sv hup web", {}, ("signal", "sv", ("it", "web")), id="sv hup"),
        pytest.param(
            "supervisorctl -c /etc/s.conf restart web", {}, ("control", "supervisorctl", ("it", "web")), id="a restart"
        ),
        pytest.param(
            "/app/renew.sh",
            {"/app/renew.sh": "#!/bin/sh\ncertbot renew\nsupervisorctl signal HUP nginx\n"},
            ("signal", "supervisorctl", ("it", "nginx")),
            id="from a script",
        ),
        pytest.param("supervisorctl status", {}, None, id="a question"),
        pytest.param("nginx -t", {}, None, id="a check"),
    ],
)
def test_signals(sender, files, expected):
    image = image_of(files, executable=("/app/renew.sh",))
    kinds = ("signal", "control")
    said = [c for c in find(image, (process("it", sender), NGINX, WEB)) if c.kind in kinds]
    assert [(c.kind, c.target, c.between) for c in said] == ([expected] if expected else [])


def test_order_is_a_coupling():
    assert found((process("web", "gunicorn a:b", after=("redis", "gone")), REDIS)) == [
        ("order", "redis", ("web", "redis"), "", "")
    ]


WORDS = st.sampled_from(
    [
        "redis-server",
        "nginx",
        "-h",
        "localhost",
        "psql",
        "--port",
        "6379",
        "kill",
        "$(cat /run/x.pid)",
        "sh",
        "-c",
        "'",
        "/srv/app/x.py",
        "supervisorctl",
        "restart",
        "all",
        "redis://localhost",
        "sqlite:///x.db",
        "",
        "²",
        "--display",
        ":0",
        "DISPLAY=:0",
        "python",
        "=",
        "tail",
        "/data/*",
        "[",
        "mkfifo",
        "celery",
        "beat",
        "-s",
        "php-fpm",
        "apache2-foreground",
        "node",
        "//",
        "..",
        "9" * 30,
    ]
)


@given(
    commands=st.lists(st.lists(WORDS, min_size=1, max_size=6), max_size=4),
    env=st.dictionaries(
        st.sampled_from(["REDIS_URL", "HOST", "DISPLAY", "PGHOST", "UPLOAD_DIR", "X"]), st.one_of(WORDS, st.text())
    ),
    volumes=st.lists(st.sampled_from(["/data", "/", "", "x", "/var/lib/redis"]), max_size=2),
)
def test_nothing_makes_it_raise_and_every_coupling_has_two_sides(commands, env, volumes):
    processes = tuple(
        Process(f"p{n}", Command(tuple(words)), Evidence("CMD"), workdir="/srv/app") for n, words in enumerate(commands)
    )
    image = image_of({"/srv/app/x.py": "x = 'localhost:6379'\n"}, env=env)
    image = replace(image, config=replace(image.config, volumes=tuple(volumes)))
    names = {p.name for p in processes}
    for coupling in read(image, processes).couplings:
        assert len(set(coupling.between)) == len(coupling.between) > 1
        assert names >= set(coupling.between)


def exposed(processes, env, ports):
    image = image_of({}, env=env)
    return read(replace(image, config=replace(image.config, ports=ports)), tuple(processes))


def test_an_address_that_outsiders_may_use_is_left_and_said():
    facts = exposed((WEB, WORKER), {"API_URL": "http://localhost:8000"}, ("8000/tcp",))
    assert not facts.couplings
    assert [g.what.split(":")[0] for g in facts.gaps] == ["API_URL names 127.0.0.1"]
    inside = exposed((WEB, WORKER), {"INTERNAL_API_URL": "http://localhost:8000"}, ("8000/tcp",))
    hidden = exposed((WEB, WORKER), {"API_URL": "http://localhost:8000"}, ("80",))
    assert [c.between for c in (*inside.couplings, *hidden.couplings)] == [("worker", "web"), ("worker", "web")]


def test_a_variable_that_many_inherit_is_one_coupling():
    env = {"REDIS_URL": "redis://localhost"}
    processes = (process("a", "python a.py", env=env), process("b", "python b.py", env=env), REDIS)
    assert [between for _, _, between, _, _ in found(processes)] == [("a", "b", "redis")]


def test_settings_that_a_server_is_given_are_its_own():
    own = process("tempo", "tempo --config.file=/srv/app/tempo.yaml")
    prometheus = process("prometheus", "prometheus")
    files = {"/srv/app/tempo.yaml": "remote_write:\n  - url: http://127.0.0.1:9090/api\n"}
    assert found((WEB, own, prometheus), files) == [
        ("tcp", "127.0.0.1:9090", ("tempo", "prometheus"), "config", "http://127.0.0.1:9090/api")
    ]


def test_tools_use_no_server():
    processes = (process("find", "find /data -type f", lifetime="job"), process("x", "$(which x) y"), WEB, REDIS)
    assert [between for _, _, between, _, _ in found(processes, env={"REDIS_URL": "redis://localhost"})] == [
        ("web", "redis")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://localhost:6379/0", ["127.0.0.1:6379"]),
        ("postgresql+psycopg2://u:p@localhost/db", ["127.0.0.1"]),
        ("postgresql://shop@:5433/shop", ["/run/postgresql/.s.PGSQL.5433"]),
        ("postgres:///db?host=/run/postgresql", ["/run/postgresql"]),
        ("postgres://%2Frun%2Fpostgresql/db", ["/run/postgresql"]),
        ("jdbc:mysql://127.0.0.1:3306/x", ["127.0.0.1:3306"]),
        ("mysql:unix_socket=/run/m.sock;dbname=x", ["/run/m.sock"]),
        ("host=localhost port=5432 dbname=x", ["127.0.0.1:5432"]),
        ("server=http://localhost:9200", ["127.0.0.1:9200"]),
        ("Server=localhost,1433;Database=x;User Id=sa", ["127.0.0.1:1433"]),
        ("Data Source=tcp:127.0.0.1,1433;Initial Catalog=x", ["127.0.0.1:1433"]),
        ("Host=localhost;Port=5432;Database=x", ["127.0.0.1:5432"]),
        ("Data Source=app.db", []),
        ("u:p@tcp(127.0.0.1:3306)/x", ["127.0.0.1:3306"]),
        ("unix:///run/app.sock", ["/run/app.sock"]),
        ("redis+socket:///run/r.sock?db=1", ["/run/r.sock"]),
        ("localhost:9092,localhost:9093", ["127.0.0.1:9092", "127.0.0.1:9093"]),
        ("http://[::1]:80/", ["127.0.0.1:80"]),
        ("http://localhost:8080{{PATH}}", []),
        ("just some text", []),
        ("/srv/app", []),
        ("12:30", ["12:30"]),
    ],
)
def test_addresses(text, expected):
    assert [str(a) for a in addresses(text)] == expected


def test_a_folder_behind_a_link_is_read():
    image = image_of({"/opt/shop/settings.py": 'H = os.environ.get("DB_HOST", "localhost")\n'})
    image.tree.put("/shop", Node("link", 0o777, target="/opt/shop"))
    web = process("web", "gunicorn shop:app", workdir="/shop")
    said = [(c.how, str(c.evidence)) for c in find(image, (web, POSTGRES))]
    assert said == [("default DB_HOST", "/shop/settings.py:1")]


def test_a_databases_port_in_the_code_of_a_process_makes_it_a_client_and_no_server():
    job = process("sync", "python3 sync.py", workdir="/srv/app")
    files = {"/srv/app/sync.py": "import mysql\nmysql.connect(host=HOST, port=3306)\n"}
    assert found((WEB, job), files, env={"DB_URL": "mysql://127.0.0.1:3306/app"}) == []


TO_8080 = {"/etc/nginx/conf.d/default.conf": "server {\n  location / { proxy_pass http://localhost:8080; }\n}\n"}
JAVA = process("server", "java -jar server.jar")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param((JAVA,), [("nginx", "server")], id="the one process that can be meant"),
        pytest.param((JAVA, WORKER), [("nginx", "server")], id="a worker cannot be meant"),
        pytest.param((JAVA, WEB), [("nginx", "server")], id="who listens elsewhere cannot be meant"),
        pytest.param((JAVA, process("more", "java -jar more.jar")), [], id="two can be meant"),
        pytest.param(
            (JAVA, process("more", "java -jar more.jar", off="MORE=1")), [], id="one that is off can be meant too"
        ),
        pytest.param((WORKER,), [], id="nobody can be meant"),
    ],
)
def test_a_proxy_reaches_who_is_left(others, expected):
    image = image_of(TO_8080)
    got = read(image, (NGINX, *others))
    assert [c.between for c in got.couplings if c.target == "127.0.0.1:8080"] == expected
    assert bool(expected) != any("nothing in the image is known to listen" in g.what for g in got.gaps)


@pytest.mark.parametrize(
    ("path", "address", "target"),
    [
        pytest.param("/etc/nginx/templates/a.conf.template", "127.0.0.1:${APP_PORT}", "127.0.0.1:8000", id="a part"),
        pytest.param("/etc/nginx/templates/a.conf.template", "$APP_HOST:8000", "127.0.0.1:8000", id="without braces"),
        pytest.param("/etc/nginx/templates/nginx.conf", "${HOSTNAME}:8000", "127.0.0.1:8000", id="its own name"),
        pytest.param("/etc/nginx/templates/a.conf.template", "127.0.0.1:${OTHER}", "", id="a variable nobody knows"),
    ],
)
def test_templates_that_are_filled_at_boot(path, address, target):
    text = "server { location / { set $x 1; proxy_pass http://" + address + "; } }\n"
    got = found((NGINX, WEB), {path: text}, env={"APP_PORT": "8000", "APP_HOST": "localhost"})
    assert [c[1] for c in got if c[2] == ("nginx", "web")] == ([target] if target else [])


FPM = process("php-fpm", "php-fpm -F")
TO_FPM = "http { server { location ~ php { fastcgi_pass unix:/run/php.sock; } } }"


@pytest.mark.parametrize(
    ("base", "between"),
    [
        pytest.param("php:8-fpm", [("nginx", "php-fpm")], id="its settings are in a base that is not at hand"),
        pytest.param("", [], id="nothing says that it listens there"),
    ],
)
def test_a_socket_that_is_named_after_php_is_that_of_the_one_php_fpm(base, between):
    image = image_of({"/etc/nginx/nginx.conf": TO_FPM}, base=base)
    assert [c.between for c in find(image, (NGINX, FPM)) if c.kind == "socket"] == between


def test_what_tells_an_application_server_where_to_listen_is_no_use_of_it():
    served = process("web", "granian --uds /run/app/web.sock app:app", env={"GRANIAN_SOCKET": "/run/app/web.sock"})
    assert found((served, replace(WORKER, env=dict(served.env)))) == []


def test_a_server_that_is_told_its_own_address_uses_nobody():
    env = {"API_HOST": "127.0.0.1", "API_PORT": "7002"}
    api = process("api", "gunicorn --bind 127.0.0.1:7002 api:app", env=env)
    other = process("other", "/app/other", env={"API_PORT": "7002"})
    assert [c for c in found((api, other)) if c[2][-1] == "other"] == []


def test_debians_php_fpm_listens_on_a_socket_of_its_name():
    conf = "server { location ~ php { fastcgi_pass unix:/var/run/php/php8.3-fpm.sock; } }\n"
    fpm = process("php-fpm", "php-fpm8.3 -F")
    assert found((NGINX, fpm), {"/etc/nginx/sites-enabled/default": conf})[0][:3] == (
        "socket",
        "/run/php/php8.3-fpm.sock",
        ("nginx", "php-fpm"),
    )


def test_a_file_of_compose_says_nothing_of_this_container():
    text = "services:\n  db:\n    image: redis\n    healthcheck: {test: [CMD, curl, 'http://localhost:8000']}\n"
    assert found((WEB, WORKER), {"/srv/app/templates/shop.yaml": text}) == []
