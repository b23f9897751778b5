"""php-fpm reads an INI file with one section for each pool; `include=` takes patterns, `$pool` is the pool's name.

PHP: "List of global php-fpm.conf directives". A relative path starts at the prefix that PHP was built with.
"""

import posixpath

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, address, addresses
from splitter.inspection.configs import MAX_FILES, Mention, Said, first_file, from_folder, option, text_of
from splitter.inspection.configs._ini import entries
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("php-fpm",)
LOGS = ("error_log", "access.log", "slowlog")


def read(process: Process, image: Image) -> Said:
    said = Said()
    version = _version(process)
    main = from_folder(process, image, option(process, "-y", "--fpm-config")) or first_file(
        image,
        f"/etc/php/{version or '*'}/fpm/php-fpm.conf",
        "/usr/local/etc/php-fpm.conf",
        "/etc/php-fpm.conf",
        "/etc/php*/php-fpm.conf",
    )
    pools = (f"/etc/php/{version or '*'}/fpm/pool.d/*.conf", "/usr/local/etc/php-fpm.d/*.conf", "/etc/php-fpm.d/*.conf",
             "/etc/php*/php-fpm.d/*.conf")  # fmt: skip
    files = [main] if main else sorted({p for pool in pools for p in image.glob(pool)})
    prefix = "/usr/local" if main.startswith("/usr/local") else "/"
    for path in files:
        if len(files) > MAX_FILES:
            break
        section = ""
        for entry in entries(text_of(image, path, said)):
            section = entry.section
            value = entry.value.replace("$pool", section)
            evidence = Evidence(path, entry.line)
            if entry.key == "include":
                pattern = value if value.startswith("/") else posixpath.join(prefix, value)
                files += [p for p in image.glob(pattern) if p not in files and image.is_file(p)]
            else:
                _entry(entry.key, value, entry.value, evidence, said)
    if not said.listens and "." in version:
        # Debian's php8.3-fpm is a program of that name and its own pool (www.conf) listens on a socket of that name.
        debian = Address(unix=f"/run/php/php{version}-fpm.sock")
        said.listens.append(Mention("", process.evidence, debian, how="unasked"))
    for path in _inis(image, version):
        for entry in entries(text_of(image, path, said), ";"):
            if entry.key == "session.save_path":
                _reached(entry.value, entry.value, Evidence(path, entry.line), "session redis memcached", said)
    return said


def _entry(key: str, value: str, written: str, evidence: Evidence, said: Said) -> None:
    name = key.partition("[")[2].removesuffix("]")
    if key == "listen":
        asked = Address("", number(value)) if number(value) else address(value)
        if asked is None and value.startswith("/"):
            asked = Address(unix=normal(value))  # php-fpm takes every path for a socket, whatever it ends in
        if asked is not None:
            said.listens.append(Mention(written, evidence, asked))
    elif key in LOGS or name in ("error_log", "mail.log"):
        if value.startswith("/"):
            said.writes.append(Mention(written, evidence, path=normal(value)))
    elif key.startswith(("env[", "php_value[", "php_admin_value[")):
        _reached(value, written, evidence, name, said)
    elif key == "pid" and value.startswith("/"):
        said.private.append(Mention(written, evidence, path=normal(value)))


def _reached(value: str, written: str, evidence: Evidence, name: str, said: Said) -> None:
    said.reaches += (Mention(written, evidence, asked, name=name) for asked in addresses(value) if asked.local)


def _version(process: Process) -> str:
    meant = peel(process.command.argv)
    name = posixpath.basename(meant.program) if meant is not None else ""
    return "".join(c for c in name.removeprefix("php-fpm").lstrip("-") if c.isdigit() or c == ".")


def _inis(image: Image, version: str) -> tuple[str, ...]:
    patterns = (f"/etc/php/{version or '*'}/fpm/php.ini", f"/etc/php/{version or '*'}/fpm/conf.d/*.ini",
                "/usr/local/etc/php/php.ini", "/usr/local/etc/php/conf.d/*.ini")  # fmt: skip
    return tuple(p for pattern in patterns for p in image.glob(pattern))
