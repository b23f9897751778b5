"""What this is."""
from __future__ import annotations

from redis import Redis

r = Redis("127.0.0.1")
# output
"""What this is."""
from __future__ import annotations
import os

from redis import Redis

r = Redis(os.environ.get("REDIS_HOST", "127.0.0.1"))
