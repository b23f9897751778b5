REDIS_URL = f"redis://localhost:{port}"
REDIS_HOST = b"localhost"
DB_URL = "postgres://localhost" "/x"
