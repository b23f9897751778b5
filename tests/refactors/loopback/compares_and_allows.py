ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INTERNAL_IPS = ["127.0.0.1"]
if request.host in ("localhost", "127.0.0.1") or host == "localhost":
    redis = None
