"""Which files of cron a package of the distribution brought, so that the application's are told from them.

The package database says it, with the checksum that the package's file has: dpkg's status lists every conffile
(deb-conffiles(5)), apk's `installed` every file. Where no database is at hand, well-known names do.
"""

import base64
import hashlib
import posixpath
from dataclasses import dataclass

from splitter.model.facts import Gap
from splitter.model.image import Image

DPKG, APK = "/var/lib/dpkg/status", "/lib/apk/db/installed"
MAX_DATABASE = 32 << 20
FOLDERS = ("/etc/cron", "/etc/periodic/", "/etc/anacrontab", "/var/spool/cron/")
# The distribution's own people; a vendor's package is the application's, whoever packed it.
OWNERS = ("debian.org", "debian.net", "ubuntu.com", "canonical.com")
# What every Debian has, whoever looks after it (Debian Policy 2.5).
PRIORITIES = ("required", "important", "standard")
KNOWN = frozenset((
    "e2scrub_all", "php", "popularity-contest", "anacron", "sysstat", "apt-compat", "apt", "dpkg", "logrotate",
    "man-db", "exim4-base", "passwd", "bsdmainutils", "mlocate", "plocate", "locate", "aptitude", "cracklib-runtime",
    "mdadm", "update-notifier-common", "ntp", "ntpsec",
    "apport", "ubuntu-advantage-tools", "raid-check", "0hourly", "0anacron",
    "fake-hwclock", "zfsutils-linux", "unattended-upgrades", "apt-show-versions", "debtags", "etckeeper", "samba",
    "quota", "sendmail", "amavisd-new", "spamassassin", "munin", "munin-node", "awstats", "mailman", "0yum.cron",
    "0yum-daily.cron", "0yum-hourly.cron", "man-db.cron", "makewhatis.cron", "tmpwatch", "rhsmd", "rkhunter",
    "google-chrome", "apache2", "clamav-freshclam", "libvirt-bin", "calendar", "standard", "dma", "redis-server",
    "postgresql-common", "mysql-server", "tor", "tidy-archives", "john", "logwatch", "vnstat", "certwatch", "prelink",
))  # fmt: skip


@dataclass(frozen=True)
class Owned:
    package: str
    checksum: str
    distribution: bool


class Packages:
    """The files of cron that packages own; `at_hand` says whether a package database could be read."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.at_hand = False
        self.files: dict[str, Owned] = {}
        for path, read in ((DPKG, _dpkg), (APK, _apk)):
            text = image.read(path, MAX_DATABASE)
            if isinstance(text, str):
                self.at_hand = True
                self.files.update(read(text))

    def brought(self, path: str) -> bool:
        """Whether a file is a package's of the distribution, as the package has it."""
        node = self.image.node(path)
        if node is not None and node.origin is not None and node.origin.path.startswith("base image"):
            return True
        owned = self.files.get(path)
        if owned is not None:
            return owned.distribution and self._unchanged(path, owned)
        return not self.at_hand and posixpath.basename(path) in KNOWN

    def _unchanged(self, path: str, owned: Owned) -> bool:
        text = self.image.read(path)
        if text is None or isinstance(text, Gap):
            return True
        raw = text.encode()
        if owned.checksum.startswith("Q1"):
            return base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode() == owned.checksum[2:]
        return not owned.checksum or hashlib.md5(raw, usedforsecurity=False).hexdigest() == owned.checksum


def _dpkg(text: str) -> dict[str, Owned]:
    found: dict[str, Owned] = {}
    for paragraph in text.split("\n\n"):
        if "/etc/cron" not in paragraph and "/etc/anacrontab" not in paragraph:
            continue
        fields: dict[str, list[str]] = {}
        name = ""
        for line in paragraph.split("\n"):
            if not line.startswith((" ", "\t")):
                name, _, value = line.partition(":")
                fields[name.lower()] = [value.strip()]
            elif name:
                fields[name.lower()].append(line.strip())
        package = fields.get("package", [""])[0]
        whose = " ".join(fields.get("maintainer", []) + fields.get("original-maintainer", [])).lower()
        basic = fields.get("priority", [""])[0] in PRIORITIES
        ours = basic or any(owner in whose for owner in OWNERS) or not whose
        for line in fields.get("conffiles", []):
            words = line.split()
            if len(words) > 1 and words[0].startswith(FOLDERS):
                found[words[0]] = Owned(package, words[1] if len(words[1]) == 32 else "", ours)
    return found


def _apk(text: str) -> dict[str, Owned]:
    found: dict[str, Owned] = {}
    package = folder = path = ""
    for line in text.split("\n"):
        letter, value = line[:2], line[2:].strip()
        if letter == "P:":
            package = value
        elif letter == "F:":
            folder, path = f"/{value}", ""
        elif letter == "R:":
            path = posixpath.join(folder, value)
            if path.startswith(FOLDERS):
                found[path] = Owned(package, "", True)
        elif letter == "Z:" and path in found:
            found[path] = Owned(package, value, True)
    return found
