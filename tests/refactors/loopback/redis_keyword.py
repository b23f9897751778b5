import redis

r = redis.Redis(host='localhost', port=6379)  # the cache
# output
import os
import redis

r = redis.Redis(host=os.environ.get("REDIS_HOST", 'localhost'), port=6379)  # the cache
