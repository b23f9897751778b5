import os

REDIS_HOST = os.environ.get("REDIS_HOST", "localhost")
DB_HOST = os.getenv("DB_HOST") or "localhost"
r = redis.Redis(host=config("REDIS_HOST", default="localhost"))
