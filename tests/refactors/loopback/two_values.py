import os
import redis
a = redis.Redis(host="localhost")
b = redis.Redis(host="127.0.0.1")
# output
import os
import redis
a = redis.Redis(host=os.environ.get("REDIS_HOST", "localhost"))
b = redis.Redis(host=os.environ.get("REDIS_HOST", "127.0.0.1"))
