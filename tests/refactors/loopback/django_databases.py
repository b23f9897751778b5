# Settings.

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",   # same machine
    },
}
CACHES = {"default": {"LOCATION": "redis://127.0.0.1:6379/1"}}
# output
# Settings.

import os
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("DATABASE_HOST", "127.0.0.1"),   # same machine
    },
}
CACHES = {"default": {"LOCATION": os.environ.get("CACHE_URL", "redis://127.0.0.1:6379/1")}}
