import redis
a = redis.Redis(url="redis://localhost/0")
b = redis.Redis(url="redis://localhost/1")
