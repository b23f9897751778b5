"""What each configuration language says: who listens where, what is reached, read and written."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.catalogue.meaning import meaning
from splitter.inspection.configs import read, readers
from splitter.model.facts import Command, Evidence, Process


def said(command, files, **more):
    workdir = more.pop("workdir", "")
    process = Process("main", Command(tuple(shlex.split(command))), Evidence("CMD"), workdir=workdir)
    return read(process, meaning(process), image_of(files, **more))


def listens(command, files, **more):
    return [(str(m.address), str(m.evidence)) for m in said(command, files, **more).listens]


def reaches(command, files, **more):
    return [(str(m.address), str(m.evidence), m.written) for m in said(command, files, **more).reaches]


NGINX = "/etc/nginx/nginx.conf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("http { server { listen 8080; } }", ["127.0.0.1:8080"], id="a port"),
        pytest.param("http { server { listen 127.0.0.1:8080 default_server; } }", ["127.0.0.1:8080"], id="an address"),
        pytest.param("http { server { listen unix:/run/n.sock; } }", ["/run/n.sock"], id="a socket"),
        pytest.param("http { server { listen [::]:80 ipv6only=on; } }", ["127.0.0.1:80"], id="every address of IPv6"),
        pytest.param("http { server { root /srv; } }", ["127.0.0.1:80"], id="a server without listen takes 80"),
        pytest.param("# listen 1;\nhttp { server { listen 2; # listen 3;\n } }", ["127.0.0.1:2"], id="comments"),
        pytest.param("http { map $a $b { listen 9; } }", [], id="a map's key is no directive"),
        pytest.param('http { server { listen "8081"; } }', ["127.0.0.1:8081"], id="quotes"),
    ],
)
def test_nginx_listens(text, expected):
    assert [a for a, _ in listens("nginx", {NGINX: text})] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("proxy_pass http://127.0.0.1:3000;", [("127.0.0.1:3000", "http://127.0.0.1:3000")], id="a URL"),
        pytest.param(
            "proxy_pass http://localhost:3000/api/;",
            [("127.0.0.1:3000", "http://localhost:3000/api/")],
            id="a URL with a path",
        ),
        pytest.param("fastcgi_pass unix:/run/php.sock;", [("/run/php.sock", "unix:/run/php.sock")], id="a socket"),
        pytest.param("fastcgi_pass 127.0.0.1:9000;", [("127.0.0.1:9000", "127.0.0.1:9000")], id="host and port"),
        pytest.param(
            "proxy_pass http://unix:/run/app.sock:/x;",
            [("/run/app.sock", "http://unix:/run/app.sock:/x")],
            id="HTTP over a socket",
        ),
        pytest.param(
            "set $up http://127.0.0.1:7000; proxy_pass $up;",
            [("127.0.0.1:7000", "http://127.0.0.1:7000")],
            id="a variable",
        ),
        pytest.param("uwsgi_pass localhost:3031;", [("127.0.0.1:3031", "localhost:3031")], id="uwsgi"),
        pytest.param("content_by_lua_block { x = '}' .. [[ proxy_pass http://127.0.0.1:1; }", [], id="Lua left open"),
        pytest.param(
            "content_by_lua_block { if a then b{} end } proxy_pass http://localhost:2;",
            [("127.0.0.1:2", "http://localhost:2")],
            id="what follows Lua is read",
        ),
    ],
)
def test_nginx_reaches(text, expected):
    files = {NGINX: "http { server { listen 80; location / { " + text + " } } }"}
    assert [(a, w) for a, _, w in reaches("nginx", files)] == expected


def test_nginx_upstreams_and_includes():
    files = {
        NGINX: "events {}\nhttp {\n  include conf.d/*.conf;\n  include sites-enabled/*;\n}\n",
        "/etc/nginx/conf.d/up.conf": "upstream app {\n  server unix:/run/app.sock fail_timeout=0;\n"
        "  server 127.0.0.1:8001 weight=2;\n  server localhost;\n}\n",
        "/etc/nginx/sites-enabled/site": "server {\n  listen 80;\n  root /srv/app/public;\n"
        "  location /media/ { alias /srv/app/media/; }\n  access_log /var/log/nginx/app.log main;\n}\n",
    }
    assert reaches("nginx -g 'daemon off;'", files) == [
        ("/run/app.sock", "/etc/nginx/conf.d/up.conf:2", "unix:/run/app.sock"),
        ("127.0.0.1:8001", "/etc/nginx/conf.d/up.conf:3", "127.0.0.1:8001"),
        ("127.0.0.1:80", "/etc/nginx/conf.d/up.conf:4", "localhost"),
    ]
    found = said("nginx", files)
    assert [(m.path, m.evidence.line) for m in found.reads] == [("/srv/app/public", 3), ("/srv/app/media", 4)]
    assert [m.path for m in found.writes] == ["/var/log/nginx/app.log"]


def test_nginx_without_its_main_file_reads_what_debian_includes():
    files = {"/etc/nginx/sites-enabled/site": "server {\n listen 80;\n location / { proxy_pass http://[::1]:81; }\n}"}
    assert reaches("nginx", files, base="debian:12") == [
        ("127.0.0.1:81", "/etc/nginx/sites-enabled/site:3", "http://[::1]:81")
    ]
    assert listens("nginx", files, base="debian:12") == [("127.0.0.1:80", "/etc/nginx/sites-enabled/site:2")]


def test_nginx_that_includes_itself_ends():
    assert said("nginx", {NGINX: "http { include nginx.conf; include nginx.conf; }"}).gaps


LISTENS = [
    ("dbus-daemon --system --nofork", {}, [("/run/dbus/system_bus_socket", "CMD")]),
    ("dbus-daemon --session --address unix:path=/run/own,guid=1", {}, [("/run/own", "CMD")]),
    (
        "php-fpm8.2 -F",
        {"/etc/php/8.2/fpm/pool.d/www.conf": "[www]\n; a comment\nlisten = /run/php/$pool.sock\n"},
        [("/run/php/www.sock", "/etc/php/8.2/fpm/pool.d/www.conf:3")],
    ),
    (
        "php-fpm8.2 -F",
        {"/etc/php/8.2/fpm/pool.d/zz-own.conf": "[www]\npm = static\n"},
        [("/run/php/php8.2-fpm.sock", "CMD")],
    ),
    (
        "php-fpm",
        {
            "/usr/local/etc/php-fpm.conf": "[global]\ninclude=etc/php-fpm.d/*.conf\n",
            "/usr/local/etc/php-fpm.d/www.conf": "[www]\nlisten = 127.0.0.1:9000\n",
            "/usr/local/etc/php-fpm.d/zz-docker.conf": "[www]\nlisten = 9000\n",
        },
        [
            ("127.0.0.1:9000", "/usr/local/etc/php-fpm.d/www.conf:2"),
            ("127.0.0.1:9000", "/usr/local/etc/php-fpm.d/zz-docker.conf:2"),
        ],
    ),
    (
        "uwsgi --ini /app/uwsgi.ini",
        {"/app/uwsgi.ini": "[uwsgi]\nname = shop\nsocket = /run/%(name).sock\nstats=%dstats.sock\n"},
        [("/run/shop.sock", "/app/uwsgi.ini:3"), ("/app/stats.sock", "/app/uwsgi.ini:4")],
    ),
    ("uwsgi --http :8080 --module x", {}, [("127.0.0.1:8080", "CMD")]),
    (
        "redis-server /etc/redis.conf --port 6380",
        {"/etc/redis.conf": "# c\nbind 127.0.0.1 -::1\nport 1\nunixsocket /run/r.sock\n"},
        [
            ("/run/r.sock", "/etc/redis.conf:4"),
            ("127.0.0.1:6380", "/etc/redis.conf:2"),
            ("127.0.0.1:6380", "/etc/redis.conf:2"),
        ],
    ),
    ("redis-server --port 0 --unixsocket /run/r.sock", {}, [("/run/r.sock", "CMD")]),
    (
        "postgres -D /data -p 5433",
        {"/data/postgresql.conf": "listen_addresses = '*'  # all\nport = 1\nunix_socket_directories '/tmp,/run/pg'\n"},
        [
            ("127.0.0.1:5433", "/data/postgresql.conf:1"),
            ("/tmp/.s.PGSQL.5433", "/data/postgresql.conf:3"),
            ("/run/pg/.s.PGSQL.5433", "/data/postgresql.conf:3"),
        ],
    ),
    (
        "pg_ctlcluster 15 main start --foreground",
        {"/etc/postgresql/15/main/postgresql.conf": "port = 5434\n"},
        [("127.0.0.1:5434", "/etc/postgresql/15/main/postgresql.conf:1"), ("/var/run/postgresql/.s.PGSQL.5434", "CMD")],
    ),
    (
        "mysqld_safe",
        {
            "/etc/mysql/my.cnf": "[client]\nport=1\n!includedir /etc/mysql/conf.d/\n",
            "/etc/mysql/conf.d/a.cnf": "[mysqld]\nbind-address = 127.0.0.1\nsocket=/run/m.sock\n",
        },
        [("127.0.0.1:3306", "/etc/mysql/conf.d/a.cnf:2"), ("/run/m.sock", "/etc/mysql/conf.d/a.cnf:3")],
    ),
    ("mysqld --skip-networking --socket=/run/x.sock", {}, [("/run/x.sock", "CMD")]),
    (
        "memcached -l 127.0.0.1,10.0.0.1:11212 -p 11213 -u memcache",
        {},
        [("127.0.0.1:11213", "CMD"), ("10.0.0.1:11212", "CMD")],
    ),
    (
        "memcached -u memcache",
        {"/etc/memcached.conf": "# c\n-d\n-m 64\n-p 11299\n-l 127.0.0.1\n"},
        [("127.0.0.1:11299", "/etc/memcached.conf:5")],
    ),
    (
        "rabbitmq-server",
        {"/etc/rabbitmq/rabbitmq.conf": "listeners.tcp.local = 127.0.0.1:5673\nmanagement.tcp.port = 15672\n"},
        [("127.0.0.1:5673", "/etc/rabbitmq/rabbitmq.conf:1"), ("127.0.0.1:15672", "/etc/rabbitmq/rabbitmq.conf:2")],
    ),
    (
        "gunicorn -c conf.py app",
        {
            "/srv/conf.py": "import os\n"
            "port = os.environ.get('P', '8001')\n"
            "bind = [f'127.0.0.1:{port}', 'unix:/run/g.sock']\n"
        },
        [("127.0.0.1:8001", "/srv/conf.py:3"), ("/run/g.sock", "/srv/conf.py:3")],
    ),
    (
        "bundle exec puma",
        {"/srv/config/puma.rb": 'app = File.expand_path("..", __dir__)\nbind "unix://#{app}/tmp/puma.sock"\n'},
        [("/srv/tmp/puma.sock", "/srv/config/puma.rb:2")],
    ),
    (
        "puma -C config/puma.rb",
        {
            "/srv/config/puma.rb": 'port ENV.fetch("PORT") { 3000 }\n'
            'port(ENV.fetch("P2", 3001), "127.0.0.1")\n'
            '# bind "tcp://1.1.1.1:1"\n'
        },
        [("127.0.0.1:3000", "/srv/config/puma.rb:1"), ("127.0.0.1:3001", "/srv/config/puma.rb:2")],
    ),
    (
        "unicorn -c u.rb",
        {"/srv/u.rb": "listen '127.0.0.1:8080', :tcp_nopush => true\nlisten 8081\n"},
        [("127.0.0.1:8080", "/srv/u.rb:1"), ("127.0.0.1:8081", "/srv/u.rb:2")],
    ),
    (
        "haproxy -f /etc/haproxy/haproxy.cfg",
        {
            "/etc/haproxy/haproxy.cfg": "frontend a\n"
            "  bind *:80,:81 # x\n"
            "  bind /run/h.sock mode 600\n"
            '  bind "${ADDR-127.0.0.1:82}"\n'
        },
        [
            ("127.0.0.1:80", "/etc/haproxy/haproxy.cfg:2"),
            ("127.0.0.1:81", "/etc/haproxy/haproxy.cfg:2"),
            ("/run/h.sock", "/etc/haproxy/haproxy.cfg:3"),
            ("127.0.0.1:82", "/etc/haproxy/haproxy.cfg:4"),
        ],
    ),
    (
        "apache2ctl -D FOREGROUND",
        {
            "/etc/apache2/ports.conf": "Listen 8080\n"
            "<IfModule ssl_module>\n"
            "Listen 443\n"
            "</IfModule>\n"
            "Listen 127.0.0.1:81\n",
            "/etc/apache2/mods-enabled/php.load": "",
        },
        [("127.0.0.1:8080", "/etc/apache2/ports.conf:1"), ("127.0.0.1:81", "/etc/apache2/ports.conf:5")],
    ),
    (
        "caddy run --config /etc/caddy/Caddyfile",
        {"/etc/caddy/Caddyfile": "{\n  admin off\n}\n:8080, http://a.example {\n}\nexample.com {\n}\n"},
        [
            ("127.0.0.1:8080", "/etc/caddy/Caddyfile:4"),
            ("127.0.0.1:80", "/etc/caddy/Caddyfile:4"),
            ("127.0.0.1:443", "/etc/caddy/Caddyfile:6"),
        ],
    ),
    ("traefik --entrypoints.web.address=:80", {}, [("127.0.0.1:80", "CMD")]),
    (
        "./otelcol --config=file:./c.yaml",
        {
            "/srv/c.yaml": "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 0.0.0.0:4317\n"
            "exporters:\n  otlp:\n    endpoint: http://127.0.0.1:4418\n"
        },
        [("127.0.0.1:4317", "/srv/c.yaml:5")],
    ),
    (
        "tempo --config.file=/t.yaml",
        {
            "/t.yaml": "server:\n  http_listen_port: 3200\ndistributor:\n  receivers:\n    otlp:\n      protocols:\n"
            '        http:\n          endpoint: "127.0.0.1:4418"\nquerier:\n  frontend_address: 127.0.0.1:9096\n'
        },
        [("127.0.0.1:3200", "/t.yaml:2"), ("127.0.0.1:4418", "/t.yaml:8")],
    ),
    (
        "pyroscope --config.file=/p.yaml",
        {"/p.yaml": "server:\n  grpc_listen_port: 9095\n"},
        [("127.0.0.1:9095", "/p.yaml:2"), ("127.0.0.1:4040", "CMD")],
    ),
    ("varnishd -F -a :6081 -b 127.0.0.1:8080", {}, [("127.0.0.1:6081", "CMD")]),
    (
        "pgbouncer /etc/pgb.ini",
        {"/etc/pgb.ini": "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = 6432\n"},
        [("127.0.0.1:6432", "/etc/pgb.ini:2")],
    ),
]


@pytest.mark.parametrize(("command", "files", "expected"), LISTENS, ids=[case[0] for case in LISTENS])
def test_listens(command, files, expected):
    assert listens(command, files, workdir="/srv") == expected


REACHES = [
    ("avahi-daemon --no-chroot", {}, ["/run/dbus/system_bus_socket"]),
    ("avahi-daemon", {"/etc/avahi/avahi-daemon.conf": "[server]\nenable-dbus=no\n"}, []),
    (
        "apache2 -DFOREGROUND",
        {"/etc/apache2/sites-available/000-default.conf": "ProxyPass /ws ws://localhost:6001/\n"},
        ["127.0.0.1:6001"],
    ),
    (
        "apache2ctl -D FOREGROUND",
        {
            "/etc/apache2/sites-enabled/a.conf": '<VirtualHost *:80>\n  ProxyPass "/api" http://127.0.0.1:5000/api\n'
            '  <FilesMatch "\\.php$">\n    SetHandler "proxy:unix:/run/php.sock|fcgi://localhost/"\n  </FilesMatch>\n'
            "  ProxyPassMatch ^/x(.*)$ fcgi://127.0.0.1:9000/srv$1\n  <Location /ws>\n  ProxyPass ws://localhost:8081/\n"
            "  </Location>\n"
            "  ProxyPass /b balancer://b\n"
            "  RewriteRule ^/y(.*) http://127.0.0.1:7000/$1 [P,L]\n"
            "</VirtualHost>\n"
            "<Proxy balancer://b>\nBalancerMember http://127.0.0.1:6000 loadfactor=1\n</Proxy>\n"
        },
        ["127.0.0.1:5000", "/run/php.sock", "127.0.0.1:9000", "127.0.0.1:8081", "127.0.0.1:7000", "127.0.0.1:6000"],
    ),
    (
        "caddy run",
        {
            "/etc/caddy/Caddyfile": ":80\n"
            "reverse_proxy /api/* localhost:{$API_PORT:5000}\n"
            "php_fastcgi unix//run/php.sock {\n"
            "}\n"
            "handle /x {\n  reverse_proxy {\n    to 127.0.0.1:1 :2\n  }\n}\n# reverse_proxy localhost:9\n"
        },
        ["127.0.0.1:5000", "/run/php.sock", "127.0.0.1:1", "127.0.0.1:2"],
    ),
    (
        "caddy run --config /c.json",
        {"/c.json": '{"apps": {"http": {"x": [{"upstreams": [\n{"dial": "localhost:81"}]}]}}}'},
        ["127.0.0.1:81"],
    ),
    (
        "haproxy -f /h.cfg",
        {
            "/h.cfg": "backend a\n"
            "  server s1 127.0.0.1:3000 check\n"
            "  server s2 unix@/run/s.sock\n"
            "peers p\n"
            "  server x 127.0.0.1:9\n"
        },
        ["127.0.0.1:3000", "/run/s.sock"],
    ),
    (
        "traefik --providers.file.filename=/d.yml",
        {
            "/d.yml": "http:\n"
            "  services:\n"
            "    a:\n"
            "      loadBalancer:\n"
            "        servers:\n"
            "          - url: http://127.0.0.1:3000\n"
        },
        ["127.0.0.1:3000"],
    ),
    (
        "traefik",
        {
            "/etc/traefik/traefik.toml": '[providers.file]\ndirectory = "/dyn"\n',
            "/dyn/a.toml": '[[http.services.a.loadBalancer.servers]]\nurl = "http://localhost:81"\n',
        },
        ["127.0.0.1:81"],
    ),
    (
        "varnishd -F -f /v.vcl",
        {
            "/v.vcl": "vcl 4.0;\n"
            '// backend x { .host = "1"; }\n'
            "backend default {\n"
            '  .host = "127.0.0.1";\n'
            '  .port = "8080";\n'
            '  .probe = { .url = "/"; }\n}\n'
        },
        ["127.0.0.1:8080"],
    ),
    (
        "pgbouncer /p.ini",
        {"/p.ini": "[databases]\nshop = host=127.0.0.1 dbname=shop\n* = host=/run/postgresql\n"},
        ["127.0.0.1:5432", "/run/postgresql"],
    ),
    (
        "php-fpm -F",
        {
            "/usr/local/etc/php-fpm.conf": "[www]\nenv[REDIS_URL] = redis://localhost:6379\n",
            "/usr/local/etc/php/conf.d/s.ini": 'session.save_path = "tcp://127.0.0.1:6380?auth=x"\n',
        },
        ["127.0.0.1:6379", "127.0.0.1:6380"],
    ),
    (
        "uwsgi --ini /u.ini",
        {"/u.ini": "[uwsgi]\nenv = DATABASE_URL=postgres://a:b@localhost:5432/x\n"},
        ["127.0.0.1:5432"],
    ),
    ("redis-sentinel /s.conf", {"/s.conf": "sentinel monitor main 127.0.0.1 6379 1\n"}, ["127.0.0.1:6379"]),
]


@pytest.mark.parametrize(("command", "files", "expected"), REACHES, ids=[case[0] for case in REACHES])
def test_reaches(command, files, expected):
    assert [a for a, _, _ in reaches(command, files)] == expected


@pytest.mark.parametrize(
    ("command", "files", "expected"),
    [
        pytest.param("redis-server --dir /var/lib/redis", {}, ["/var/lib/redis"], id="redis's folder"),
        pytest.param("postgres -D /pg/data", {}, ["/pg/data"], id="postgres's cluster"),
        pytest.param("mysqld --datadir=/my", {}, ["/my"], id="mysql's folder"),
        pytest.param(
            "postgres -c config_file=/c", {"/c": "data_directory = '/it''s'\n"}, ["/it's"], id="doubled quotes"
        ),
    ],
)
def test_private_folders(command, files, expected):
    assert [m.path for m in said(command, files).private] == expected


COMMANDS = {
    "nginx": (NGINX, "nginx"),
    "apache": ("/etc/apache2/apache2.conf", "apache2"),
    "caddy": ("/etc/caddy/Caddyfile", "caddy run"),
    "haproxy": ("/etc/haproxy/haproxy.cfg", "haproxy"),
    "traefik": ("/etc/traefik/traefik.yml", "traefik"),
    "dbus": ("/etc/avahi/avahi-daemon.conf", "avahi-daemon"),
    "php-fpm": ("/etc/php-fpm.conf", "php-fpm"),
    "uwsgi": ("/x", "uwsgi --ini /x"),
    "redis": ("/x", "redis-server /x"),
    "sentinel": ("/x", "redis-sentinel /x"),
    "postgres": ("/x", "postgres -c config_file=/x"),
    "mysql": ("/etc/my.cnf", "mysqld"),
    "memcached": ("/etc/memcached.conf", "memcached"),
    "rabbitmq": ("/etc/rabbitmq/rabbitmq.conf", "rabbitmq-server"),
    "gunicorn": ("/x", "gunicorn -c /x app"),
    "puma": ("/x", "puma -C /x"),
    "unicorn": ("/x", "unicorn -c /x"),
    "varnish": ("/x", "varnishd -f /x"),
    "telemetry": ("/x", "tempo --config.file=/x"),
    "pgbouncer": ("/x.ini", "pgbouncer /x.ini"),
    "caddy json": ("/x.json", "caddy run --config /x.json"),
    "toml": ("/x.toml", "traefik --configFile=/x.toml"),
}
PIECES = st.sampled_from(
    [
        "{",
        "}",
        ";",
        "\n",
        " ",
        '"',
        "'",
        "\\",
        "#{",
        "${",
        "%(",
        "$",
        "unix:",
        "server",
        "upstream",
        "listen",
        "bind",
        "127.0.0.1:80",
        "proxy_pass",
        "<IfModule x>",
        "</IfModule>",
        "ENV",
        "[",
        "]",
        "(",
        ")",
        "=",
        "include",
        "x",
        "²",
        "0",
        "backend",
        ".host",
        "import",
        "File.expand_path",
        "port",
        "9" * 30,
        "!include /x",
        "root",
        "reverse_proxy",
        ":",
        "/",
    ]
)


@pytest.mark.parametrize("name", COMMANDS)
@given(
    text=st.one_of(st.text(), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES, max_size=40).map("".join))
)
def test_no_text_makes_it_raise(name, text):
    path, command = COMMANDS[name]
    said(command, {path: text})


def test_every_reader_is_tried():
    tried = set()
    for _, command in COMMANDS.values():
        process = Process("main", Command(tuple(command.split())), Evidence("CMD"))
        known = meaning(process)
        tried |= {readers()[n].__module__ for n in (known.name if known else "", command.split()[0]) if n in readers()}
    assert tried == {read.__module__ for read in readers().values()}


@pytest.mark.parametrize("text", ["[" * 60_000, "- " * 60_000, "a: {" * 60_000], ids=["brackets", "dashes", "braces"])
def test_yaml_nested_too_deep_says_nothing(text):
    assert not said("traefik --providers.file.filename=/d.yml", {"/d.yml": text}).reaches
