from app import platform as os
REDIS_HOST = "localhost"
