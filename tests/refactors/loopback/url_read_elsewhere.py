import os
CACHE_URL = "redis://localhost/0"
other = os.environ.get("CACHE_URL", "redis://localhost/1")
