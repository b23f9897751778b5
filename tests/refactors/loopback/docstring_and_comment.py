"""Redis at redis://localhost:6379."""
# REDIS_HOST = "localhost"
text = "redis on localhost"
