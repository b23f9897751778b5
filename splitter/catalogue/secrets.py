"""Which names and values look secret, so that they never reach a file or a log."""

from urllib.parse import urlsplit

WORDS = frozenset(
    (
        "PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN", "APIKEY", "CREDENTIALS",
        "CREDENTIAL", "PRIVATE", "SALT", "PEPPER", "DSN", "REQUIREPASS", "ENCRYPTION", "LICENSE", "JWT", "HMAC", "OTP",
    )
)  # fmt: skip
KEYS = frozenset(("KEY", "KEYS", "KEYBASE", "HASH"))
# A folder, a file, a size or a public half is not the secret itself.
HARMLESS = frozenset(
    (
        "PUBLIC", "PATH", "FILE", "DIR", "LENGTH", "TTL", "EXPIRY", "EXPIRES", "NAME", "ID", "URL", "HEADER", "LENGTHS",
        "KEYRING", "VERSION", "ENABLED", "MIN", "MAX", "PREFIX", "GPG", "ALGORITHM", "LIFETIME",
    )
)  # fmt: skip


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable holds a secret, by its name or because its value is a URL with a password."""
    words = [w for w in name.upper().replace("-", "_").replace(".", "_").split("_") if w]
    if secret_value(value):
        return True
    if name.upper() in ("PWD", "OLDPWD") or value.lower() in ("true", "false", "yes", "no"):
        return False
    if not words or words[-1] in HARMLESS or "PUBLIC" in words:
        return False
    joined = "".join(words)
    return bool(
        WORDS & set(words)
        or words[-1] in KEYS
        or "KEYBASE" in joined
        or joined.endswith(("PASSWORD", "SECRET", "TOKEN", "APIKEY", "PASSWD"))
    )


def secret_value(value: str) -> bool:
    """Whether a value is a URL that carries a password."""
    if "://" not in value or "@" not in value:
        return False
    try:
        return bool(urlsplit(value).password)
    except ValueError:
        return False
