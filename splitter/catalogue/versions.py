"""Which version of an embedded server an image holds: from paths, from the package database, from the distribution."""

import posixpath
from collections.abc import Iterator
from itertools import pairwise

from splitter.catalogue import Known, releases
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image

DPKG, APK = "/var/lib/dpkg/status", "/lib/apk/db/installed"


def version(known: Known, process: Process, image: Image) -> tuple[str, Evidence] | None:
    """The version's leading numbers ("15", "7.0") with where it stands; None where nothing says it."""
    texts = [*((w, process.evidence) for w in process.command.argv)]
    texts += [(v, image.config.evidence(f"VOLUME {v}")) for v in image.config.volumes]
    texts += [(v, image.config.evidence(f"ENV {k}")) for k, v in image.config.env.items()]
    for text, evidence in texts:
        parts = text.split("/")
        for above, name in pairwise(parts):
            if known.name == "postgres" and above in ("postgresql", "pgsql") and name.split(".")[0].isdigit():
                return name, evidence
    packages = installed(image)
    for name in known.packages:
        if name in packages:
            numbers = _numbers(packages[name][0])
            tail = name.rpartition("-")[2]
            return (tail if known.name == "postgres" and tail.isdigit() else numbers), packages[name][1]
    return _by_release(known, image)


def installed(image: Image) -> dict[str, tuple[str, Evidence]]:
    """Every package with its version, by the database of dpkg (deb-version(7)) or of apk."""
    found: dict[str, tuple[str, Evidence]] = {}
    for path, name, number in ((DPKG, "Package", "Version"), (APK, "P", "V")):
        text = image.read(path)
        if not isinstance(text, str):
            continue
        package = ""
        for at, line in enumerate(text.splitlines(), 1):
            key, colon, value = line.partition(":")
            if not colon:
                continue
            if key == name:
                package = value.strip()
            elif key == number and package:
                found[package] = (value.strip(), Evidence(path, at))
    return found


def extensions(known: Known, image: Image) -> tuple[str, ...]:
    """Packages that the server has and the official image lacks."""
    if known.name != "postgres":
        return ()
    marks = ("postgis", "pgvector", "timescaledb", "pgroonga", "citus", "hypopg", "partman", "pg-cron", "plpython")
    names = [*installed(image), image.base.rsplit("/", 1)[-1]]
    mine = [n for n in names if n.startswith(("postgresql-", "postgis", "pgvector"))]
    return tuple(n for n in mine if any(m in n for m in marks))


def maria(image: Image) -> bool:
    """Whether what an image calls mysqld is MariaDB: Debian since 9 and Alpine package it in MySQL's place."""
    packages = installed(image)
    if packages:
        return any(name.startswith("mariadb") for name in packages)
    if any("mysql-apt-config" in seen.note or "mysql-community" in seen.note for seen in image.unread):
        return False
    names = ("stretch", "buster", "bullseye", "bookworm", "trixie", "alpine", *(f"debian:{n}" for n in range(9, 14)))
    return any(name in text for text, _ in _releases(image) for name in names)


def _by_release(known: Known, image: Image) -> tuple[str, Evidence] | None:
    for text, evidence in _releases(image):
        for release, versions in releases().items():
            if release in text and known.name in versions:
                return versions[known.name], evidence
    return None


def _releases(image: Image) -> Iterator[tuple[str, Evidence]]:
    path = "/etc/os-release"
    text = image.read(path)
    if isinstance(text, str):
        yield text.lower(), Evidence(path)
    if image.base:
        yield posixpath.basename(image.base).lower(), Evidence("image config", note=f"FROM {image.base}")


def _numbers(version: str) -> str:
    """`5:7.0.15-1~deb12u1` -> `7.0`."""
    text = version.rpartition(":")[2]
    kept: list[str] = []
    for part in text.split("."):
        digits = part[: next((i for i, c in enumerate(part) if not c.isdigit()), len(part))]
        if not digits:
            break
        kept.append(digits)
        if digits != part:
            break
    return ".".join(kept[:2])
