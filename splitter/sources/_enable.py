"""What a build enables: links that `systemctl enable`, `rc-update add`, `a2ensite` and `a2enconf` leave behind.

Sources: systemctl(1) (enable, disable, mask, set-default), systemd.unit(5) on [Install], rc-update(8) of OpenRC,
a2enconf(8) and the configuration that Debian's php-fpm packages bring for Apache.
"""

import posixpath
from collections.abc import Iterator, Mapping

from splitter.managers._units import KINDS, Units
from splitter.model.facts import Evidence
from splitter.model.image import Image, Node, text_node
from splitter.shell.calls import Call

UNITS, RUNLEVELS = "/etc/systemd/system", "/etc/runlevels"
APACHE = {"a2ensite": "sites", "a2dissite": "sites", "a2enconf": "conf", "a2disconf": "conf"}
FPM = """<FilesMatch ".+\\.ph(?:ar|p|tml)$">
    SetHandler "proxy:unix:/run/php/{}.sock|fcgi://localhost"
</FilesMatch>
"""
USUAL = "multi-user.target"  # what nearly every unit of a server is wanted by


def enabled(call: Call, image: Image, at: Evidence) -> Mapping[str, Node | None] | None:
    """The links that a command makes or removes, by path; None where it is no such command, or its words are not
    known."""
    program = posixpath.basename(call.argv[0])
    words = [w.text for w in call.words[1:] if not w.text.startswith("-")]
    if call.pipe or not all(w.known for w in call.words) or not words:
        return None
    if program in APACHE:
        return dict(_parts(program, words, image, at))
    if len(words) < 2:
        return None
    if program == "systemctl":
        return dict(_units(words[0], words[1:], image, at)) or None
    if program == "rc-update":
        return dict(_services(words[0], words[1], words[2:], at)) or None
    return None


def _link(target: str, at: Evidence) -> Node:
    return Node("link", 0o777, target=target, origin=at)


def _units(verb: str, names: list[str], image: Image, at: Evidence) -> Iterator[tuple[str, Node | None]]:
    units = Units(image)
    for word in names:
        name = posixpath.basename(word)
        name = name if name.endswith(KINDS) else f"{name}.service"
        if verb == "set-default":
            yield f"{UNITS}/default.target", _link(f"/usr/lib/systemd/system/{name}", at)
        elif verb == "mask":
            yield f"{UNITS}/{name}", _link("/dev/null", at)
        elif verb in ("enable", "reenable", "disable"):
            unit = units.get(name)
            path = unit.path if unit is not None and not unit.masked else f"/usr/lib/systemd/system/{name}"
            asked = (
                []
                if unit is None
                else [
                    (key, target)
                    for key in ("WantedBy", "RequiredBy")
                    for line in unit.all("Install", key)
                    for target in line.value.split()
                ]
            )
            for key, target in asked or ([("WantedBy", USUAL)] if unit is None else []):
                folder = f"{UNITS}/{target}.{'wants' if key == 'WantedBy' else 'requires'}"
                yield f"{folder}/{name}", None if verb == "disable" else _link(path, at)


def _services(verb: str, name: str, levels: list[str], at: Evidence) -> Iterator[tuple[str, Node | None]]:
    if verb in ("add", "del", "delete"):
        for level in levels or ["default"]:
            yield f"{RUNLEVELS}/{level}/{name}", _link(f"/etc/init.d/{name}", at) if verb == "add" else None


def _parts(program: str, names: list[str], image: Image, at: Evidence) -> Iterator[tuple[str, Node | None]]:
    """Sites and configurations of Apache; what the package of a php-fpm brings stands there as far as it is known."""
    folder = f"/etc/apache2/{APACHE[program]}"
    for name in names:
        file = posixpath.basename(name.removesuffix(".conf")) + ".conf"
        on = program.startswith("a2en")
        stem = file.removesuffix(".conf")
        if on and stem.startswith("php") and stem.endswith("-fpm") and not image.is_file(f"{folder}-available/{file}"):
            yield f"{folder}-available/{file}", text_node(FPM.format(stem), 0o644, Evidence(f"base image {image.base}"))
        yield f"{folder}-enabled/{file}", _link(f"{folder}-available/{file}", at) if on else None
