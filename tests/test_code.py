"""What the application's own files say: defaults of variables, constants and settings, language by language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of

from splitter.inspection.code import read, readers


def said(path, text, env=None):
    """(how, name, address or path, line) of all that a file says."""
    image = image_of({path: text})
    return [(f.how, f.path or str(f.address), f.evidence.line) for f in read(image, "/app", env or {})]


PYTHON = [
    ("a default", 'import os\nH = os.environ.get("DB_HOST", "127.0.0.1")\n', [("default DB_HOST", "127.0.0.1", 2)]),
    ("or", 'H = os.getenv("R") or "redis://localhost:6379/0"\n', [("default R", "127.0.0.1:6379", 1)]),
    ("decouple", 'X = config("REDIS_URL", default="redis://localhost")\n', [("default REDIS_URL", "127.0.0.1", 1)]),
    ("environ", 'X = env.str("MQ", default="amqp://guest@localhost:5672//")\n', [("default MQ", "127.0.0.1:5672", 1)]),
    (
        "the port beside it",
        'D = {"HOST": env("H", "localhost"), "PORT": env("P", "5432")}\n',
        [("default H", "127.0.0.1:5432", 1)],
    ),
    ("a keyword", 'r = redis.Redis(host="localhost", port=6380)\n', [("code", "127.0.0.1:6380", 1)]),
    ("a next argument", 'c.connect("localhost", 6380)\n', [("code", "127.0.0.1:6380", 1)]),
    ("told nothing", "r = redis.Redis(decode_responses=True)\n", [("code", "127.0.0.1", 1)]),
    ("told by another", "r = redis.Redis(**options)\n", []),
    (
        "a name of the module",
        'H = "localhost"\nX = os.environ.get("REDIS_HOST", H)\n',
        [("code", "127.0.0.1", 1), ("default REDIS_HOST", "127.0.0.1", 2)],
    ),
    ("a server of its own", 'app.run(host="127.0.0.1", port=8000)\n', []),
    ("a comparison", 'if host in ("localhost", "127.0.0.1"):\n    pass\n', []),
    ("a docstring", '"""localhost"""\n', []),
    (
        "an upload folder",
        'import os\nBASE = os.path.dirname(__file__)\nUPLOAD_FOLDER = os.path.join(BASE, "up")\n# localhost\n',
        [("code", "/app/up", 3)],
    ),
    (
        "Django's media",
        'from pathlib import Path\nBASE = Path(__file__).resolve().parent\nMEDIA_ROOT = BASE / "media"\n',
        [("code", "/app/media", 3)],
    ),
    (
        "SQLite",
        'D = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/db.sqlite3"}\n',
        [("code", "/data/db.sqlite3", 1)],
    ),
    (
        "an SQLite URL",
        'U = os.environ.get("DATABASE_URL", "sqlite:////data/x.db")\n',
        [("default DATABASE_URL", "/data/x.db", 1)],
    ),
    ("no Python", "def (localhost\n", []),
]


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in PYTHON], ids=[c[0] for c in PYTHON])
def test_python(text, expected):
    assert said("/app/settings.py", text) == expected


JAVASCRIPT = [
    ("or", "const h = process.env.REDIS_HOST || '127.0.0.1'\n", [("default REDIS_HOST", "127.0.0.1", 1)]),
    (
        "nullish",
        'const u = process.env["DB"] ?? "postgres://localhost:5432/x"\n',
        [("default DB", "127.0.0.1:5432", 1)],
    ),
    (
        "a template",
        "const u = `redis://${process.env.RH || 'localhost'}:6380/0`\n",
        [("default RH", "127.0.0.1:6380", 1)],
    ),
    ("a constant", "createClient({ host: 'localhost', port: 6379 })\n", [("code", "127.0.0.1:6379", 1)]),
    (
        "a port by variable",
        "new Redis({ port: process.env.P || 6379, host: 'localhost' })\n",
        [("code", "127.0.0.1:6379", 1)],
    ),
    ("a next argument", "net.connect('127.0.0.1', 11211)\n", [("code", "127.0.0.1:11211", 1)]),
    ("a server of its own", "server.listen(3000, '127.0.0.1')\n", []),
    ("comments", "// 'localhost:1'\n/* 'localhost:2' */\n", []),
    ("a regular expression", "if (/localhost:1'/.test(x)) f('localhost:2')\n", [("code", "127.0.0.1:2", 1)]),
    ("a comparison", "if (host === 'localhost') f()\n", []),
]


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in JAVASCRIPT], ids=[c[0] for c in JAVASCRIPT])
def test_javascript(text, expected):
    assert said("/app/index.js", text) == expected


RUBY = [
    (
        "fetch",
        'url = ENV.fetch("REDIS_URL", "redis://localhost:6379/1")\n',
        [("default REDIS_URL", "127.0.0.1:6379", 1)],
    ),
    (
        "a block",
        'url = ENV.fetch("REDIS_URL") { "redis://localhost:6379/1" }\n',
        [("default REDIS_URL", "127.0.0.1:6379", 1)],
    ),
    ("or", 'h = ENV["DB_HOST"] || "localhost"\n', [("default DB_HOST", "127.0.0.1", 1)]),
    (
        "a string with a hole",
        'u = "redis://#{ENV.fetch("RH", "localhost")}:6380"\n',
        [("default RH", "127.0.0.1:6380", 1)],
    ),
    ("a constant", 'Redis.new(host: "localhost", port: 6379)\n', [("code", "127.0.0.1:6379", 1)]),
    ("comments", '# "localhost:1"\n=begin\n"localhost:2"\n=end\n', []),
]


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in RUBY], ids=[c[0] for c in RUBY])
def test_ruby(text, expected):
    assert said("/app/config.rb", text) == expected


PHP = [
    ("getenv", "<?php $h = getenv('DB_HOST') ?: 'localhost';\n", [("default DB_HOST", "127.0.0.1", 1)]),
    (
        "Laravel",
        "<?php return ['host' => env('DB_HOST', '127.0.0.1'), 'port' => env('DB_PORT', '3306')];\n",
        [("default DB_HOST", "127.0.0.1:3306", 1)],
    ),
    ("an array", "<?php $h = $_ENV['R'] ?? '127.0.0.1:6379';\n", [("default R", "127.0.0.1:6379", 1)]),
    ("PDO", "<?php new PDO('mysql:host=localhost;port=3307;dbname=x');\n", [("code", "127.0.0.1:3307", 1)]),
    ("define", "<?php define('DB_HOST', 'localhost');\n", [("code", "127.0.0.1", 1)]),
    ("a file beside it", "<?php $f = __DIR__ . '/../db/x.db';\n", [("code", "/db/x.db", 1)]),
    ("a file beside it, of old", "<?php $f = dirname(__FILE__) . '/db/x.db';\n", [("code", "/app/db/x.db", 1)]),
    ("a file of some folder", "<?php $f = $folder . '/db/x.db';\n", []),
    ("text around it", "<p>'localhost:1'</p>\n<?php # 'localhost:2'\n", []),
]


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in PHP], ids=[c[0] for c in PHP])
def test_php(text, expected):
    assert said("/app/config.php", text) == expected


SETTINGS = [
    (
        "/app/database.yml",
        "production:\n  adapter: postgresql\n  host: localhost\n  port: 5433\n",
        [("config", "127.0.0.1:5433", 3)],
    ),
    (
        "/app/database.yml",
        'production:\n  host: <%= ENV.fetch("DB_HOST", "localhost") %>\n',
        [("default DB_HOST", "127.0.0.1", 2)],
    ),
    ("/app/database.yml", "test:\n  host: localhost\n", []),
    (
        "/app/database.yml",
        "production:\n  adapter: sqlite3\n  database: db/p.sqlite3\n",
        [("config", "/app/db/p.sqlite3", 3)],
    ),
    (
        "/app/application.yml",
        "spring:\n  redis:\n    host: ${REDIS_HOST:localhost}\n    port: 6379\n",
        [("default REDIS_HOST", "127.0.0.1:6379", 3)],
    ),
    (
        "/app/application.properties",
        "# localhost:1\nspring.datasource.url=jdbc:mysql://localhost:3306/x\n",
        [("config", "127.0.0.1:3306", 2)],
    ),
    ("/app/.env", "# c\nDB_HOST=127.0.0.1\nDB_PORT=3306\n", [("default DB_HOST", "127.0.0.1:3306", 2)]),
    ("/app/.env.example", "DB_HOST=127.0.0.1\n", []),
    ("/app/config.json", '{"redis": {"host": "localhost", "port": 6379}}', [("config", "127.0.0.1:6379", 1)]),
    ("/app/node_modules/x.js", "f('localhost:1')", []),
    ("/app/x.test.js", "f('localhost:1')", []),
]


@pytest.mark.parametrize(("path", "text", "expected"), SETTINGS, ids=[f"{c[0]} {n}" for n, c in enumerate(SETTINGS)])
def test_settings(path, text, expected):
    assert said(path, text, {"RAILS_ENV": "production"}) == expected


PIECES = st.sampled_from(
    [
        "localhost",
        "'",
        '"',
        "`",
        "#{",
        "${",
        "}",
        "{",
        "(",
        ")",
        "<?php ",
        "?>",
        "<<~X",
        "<<<X",
        "\nX\n",
        "/",
        "//",
        "/*",
        "*/",
        "%w[",
        "%",
        "\\",
        "\n",
        "ENV",
        "process.env.X",
        "||",
        ".fetch(",
        '"X"',
        ",",
        ":",
        "=",
        "host",
        "port",
        "²",
        "[",
        "]",
        "os.environ.get(",
        "<%= ",
        " %>",
        "=begin",
        "sqlite:",
        "redis://",
        "@",
        "tcp(",
        "f'{",
    ]
)


@pytest.mark.parametrize("name", sorted(readers()))
@given(text=st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_no_text_makes_it_raise(name, text):
    said(f"/app/x{name}" if name != ".env" else "/app/.env", "localhost " + text)


SETTINGS_CLASS = """
class Config(BaseSettings):
    db_host: str = "localhost"
    cache: str = Field("redis://localhost:6379", env="CACHE_URL")
class Other(BaseModel):
    host: str = "localhost"
"""


def test_fields_of_pydantic_settings_are_variables():
    assert said("/app/config.py", SETTINGS_CLASS) == [
        ("default DB_HOST", "127.0.0.1", 3),
        ("default CACHE_URL", "127.0.0.1:6379", 4),
        ("code", "127.0.0.1", 6),
    ]
