import redis
r = redis.Redis(host="redis.example", password="localhost")
DOCS_URL = "https://example.com/localhost"
