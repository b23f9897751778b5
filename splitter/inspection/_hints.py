"""Which servers the words of a name mean: `REDIS_HOST` a Redis, `DATABASE_URL` one of the databases."""

from collections.abc import Iterator

SQL = ("postgres", "mysql", "mariadb", "mssql", "oracle", "cockroach", "firebird")
REDIS = ("redis", "valkey")
SEARCH = ("elasticsearch", "opensearch", "solr", "meilisearch", "typesense", "sphinx")
SERVERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("postgres", "postgresql", "pg", "pgsql", "psql", "psycopg", "psycopg2", "asyncpg", "postgis"),
                    ("postgres",)),
    **dict.fromkeys(("mysql", "mysqli", "mysql2", "mariadb", "maria", "pymysql", "mysqldb", "mysqlclient", "trilogy"),
                    ("mysql", "mariadb")),
    **dict.fromkeys(("db", "database", "databases", "sql", "sequel", "knex", "sequelize", "typeorm", "pdo"),
                    (*SQL, "mongodb")),
    **dict.fromkeys(("redis", "ioredis", "predis", "phpredis", "valkey", "keydb", "sidekiq", "resque", "bull", "rq",
                     "strictredis", "connectionpool", "redisclient"), REDIS),
    **dict.fromkeys(("memcache", "memcached", "memcachier", "dalli", "pymemcache", "pylibmc"), ("memcached",)),
    "cache": (*REDIS, "memcached"),
    **dict.fromkeys(("rabbit", "rabbitmq", "amqp", "amqplib", "pika", "bunny", "kombu"), ("rabbitmq",)),
    **dict.fromkeys(("broker", "queue", "mq", "celery"), ("rabbitmq", *REDIS)),
    **dict.fromkeys(("mongo", "mongodb", "mongoid", "mongoose", "mongoclient", "pymongo"), ("mongodb",)),
    **dict.fromkeys(("elastic", "elasticsearch", "es"), ("elasticsearch", "opensearch")),
    "opensearch": ("opensearch", "elasticsearch"),
    "search": SEARCH,
    "solr": ("solr",), "meili": ("meilisearch",), "meilisearch": ("meilisearch",), "typesense": ("typesense",),
    "sphinx": ("sphinx",), "qdrant": ("qdrant",), "weaviate": ("weaviate",), "chroma": ("chroma",),
    "minio": ("minio",), "s3": ("minio",), "clickhouse": ("clickhouse",),
    **dict.fromkeys(("influx", "influxdb"), ("influxdb",)),
    "kafka": ("kafka",), "zookeeper": ("zookeeper",), "nats": ("nats",), "mqtt": ("mosquitto",),
    **dict.fromkeys(("smtp", "mail", "mailer", "email"), ("mailpit", "postfix", "exim", "opensmtpd")),
    "ldap": ("slapd",), "etcd": ("etcd",), "consul": ("consul",), "vault": ("vault",), "cassandra": ("cassandra",),
    **dict.fromkeys(("beanstalk", "beanstalkd"), ("beanstalkd",)),
    **dict.fromkeys(("gearman", "gearmand"), ("gearmand",)),
    **dict.fromkeys(("couch", "couchdb"), ("couchdb",)),
    "neo4j": ("neo4j",), "clamav": ("clamav",), "clamd": ("clamav",), "graphite": ("graphite",),
    "carbon": ("graphite",),
    **dict.fromkeys(("spam", "spamassassin", "spamd", "rspamd", "rspam"), ("rspamd",)),
    "ollama": ("ollama",), "fpm": ("php-fpm",), "gotenberg": ("gotenberg",),
}  # fmt: skip
# Endings that are written without a mark before them: PGHOST, DBPORT.
ENDINGS = ("hostname", "host", "port", "url", "uri", "server", "addr", "address", "dsn", "socket")
MAX_NAME = 300
# Variables that tell a program where to listen, or how outsiders call it: nobody inside connects to these.
OWN = frozenset(("bind", "listen", "listener", "public", "site", "allowed", "cors", "csrf", "origin", "origins",
                 "external", "callback", "redirect", "canonical", "trusted", "cookie", "domain", "hosts", "noproxy",
                 "advertised", "webhook", "frontend", "app", "base", "root"))  # fmt: skip
ALWAYS_OWN = frozenset(("bind", "listen", "listener", "allowed", "cors", "csrf", "origin", "origins", "trusted",
                        "cookie", "advertised", "noproxy"))  # fmt: skip
# Client programs and the servers that they speak to.
CLIENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("psql", "pg_isready", "pg_dump", "pg_dumpall", "pg_restore", "createdb", "createuser", "dropdb",
                     "vacuumdb", "reindexdb"), ("postgres",)),
    **dict.fromkeys(("mysql", "mysqladmin", "mysqldump", "mysqlcheck", "mysql_upgrade", "mariadb", "mariadb-admin",
                     "mariadb-dump", "mysqlimport", "mysqlshow"), ("mysql", "mariadb")),
    **dict.fromkeys(("redis-cli", "valkey-cli"), REDIS),
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "mongorestore", "mongoimport"), ("mongodb",)),
    **dict.fromkeys(("rabbitmqctl", "rabbitmqadmin", "rabbitmq-plugins", "rabbitmq-diagnostics"), ("rabbitmq",)),
}  # fmt: skip


def words(name: str) -> tuple[str, ...]:
    """A name's words in lower case: `PGHOST` -> pg, host; `broker_url` -> broker, url; `redisHost` -> redis, host."""
    return tuple(_split(name[:MAX_NAME]))


def _split(name: str) -> Iterator[str]:
    word = ""
    before = ""
    for char in (*name, "_"):
        if not char.isalnum() or (char.isupper() and before.islower()):
            if word:
                yield from _unglued(word)
            word = ""
        if char.isalnum():
            word += char.lower()
        before = char


def _unglued(word: str) -> Iterator[str]:
    for ending in ENDINGS:
        if word.endswith(ending) and word[: -len(ending)] in SERVERS:
            yield word[: -len(ending)]
            yield ending
            return
    yield word


def servers(name: str) -> tuple[tuple[str, ...], ...]:
    """The servers that each word of a name may mean, the most telling word first."""
    found = [SERVERS[w] for w in words(name) if w in SERVERS]
    return tuple(sorted(found, key=len))


def own(name: str, scheme: str, host: str) -> bool:
    """The variable says where the program itself listens or is called from outside."""
    said = set(words(name))
    if said & ALWAYS_OWN:
        return True
    if any(w in SERVERS for w in said):
        return False
    if said <= {"host", "hostname", "ip", "addr", "address", "port"}:
        return True
    return (bool(said & OWN) and scheme in ("", "http", "https", "ws", "wss")) or (host == "0.0.0.0" and not scheme)
