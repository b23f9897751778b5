"""systemd starts its default target: the units that this wants, and those that they want, in the order of After.

A service's ExecStart is the process, what stands before it in ExecStartPre runs first; a oneshot is a job, a timer
starts its service at its time. The distribution's own units for a machine are left out. Sources: systemd.unit(5),
systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.timer(5), bootup(7).
"""

import fnmatch
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from splitter.managers._order import ordered
from splitter.managers._unit_process import process_of, steps
from splitter.managers._unit_values import cron_of
from splitter.managers._units import Unit, Units
from splitter.managers.sysv import boots_openrc, known_daemon
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

INITS = ("/sbin/init", "/usr/sbin/init", "/bin/systemd", "/usr/bin/systemd", "/lib/systemd/systemd",
         "/usr/lib/systemd/systemd")  # fmt: skip
STARTS = ("start", "restart", "reload-or-restart", "try-restart")
SPEAKS = frozenset((
    "stop", "status", "reload", "daemon-reload", "is-active", "is-enabled", "kill", "reset-failed", "show", "mask",
    "cat", "unmask", "enable", "disable", "preset", "daemon-reexec", "set-default", "list-units",
))  # fmt: skip
# Targets that come up on the way to every other one (bootup(7)), whether their files are at hand or not.
EARLY = ("sysinit.target", "basic.target", "sockets.target", "paths.target", "timers.target")
# Units that a distribution enables for a machine; one of the image's own by the same name counts all the same.
MACHINE = (
    "systemd-*", "getty*", "serial-getty@*", "console-getty*", "container-getty@*", "autovt@*", "dbus*", "apt-daily*",
    "dpkg-db-backup*", "e2scrub*", "fstrim*", "man-db*", "motd-news*", "networking*", "networkd-dispatcher*",
    "NetworkManager*", "unattended-upgrades*", "plymouth*", "keyboard-setup*", "console-setup*", "kmod*", "ifup*",
    "rc-local*", "rescue*", "emergency*", "debug-shell*", "initrd-*", "dracut*", "quotaon*", "remote-*", "nfs-*",
    "rpc*", "lvm2*", "dm-event*", "mdadm*", "iscsi*", "multipath*", "udev*", "modprobe@*", "polkit*",
    "accounts-daemon*", "ModemManager*", "snapd*", "thermald*", "ufw*", "apparmor*", "auditd*", "chrony*", "ntp*",
    "irqbalance*", "kdump*", "tuned*", "selinux*", "import-state*", "loadmodules*", "nis-domainname*", "sssd*",
    "firewalld*", "dnf-makecache*", "mlocate*", "plocate*", "ua-*", "ubuntu-advantage*", "update-notifier*", "user@*",
    "user-runtime-dir@*", "ldconfig*", "proc-sys-*", "sys-*", "dev-*", "run-*", "tmp.mount", "-.mount", "*.slice",
    "logrotate.timer",
)  # fmt: skip
MAX_UNITS = 2000
# An option of systemctl: the unit without what it wants. What prepares one unit so stays with that one.
ALONE = "--job-mode=ignore-dependencies"


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    name = posixpath.basename(argv[0]) if argv else ""
    if name in ("systemctl", "systemctl.py", "systemctl3.py"):
        return _asked(process, image)
    if name != "systemd" and (name != "init" or _path(argv[0], image) not in INITS):
        return None
    if boots_openrc(argv, image):
        return None
    units = Units(image)
    if name == "init" and (other := _other_init(argv[0], units, image)):
        return [Gap(other, process.evidence)]
    return _Manager(units, process).booted(units.default)


def _path(word: str, image: Image) -> str:
    return word if "/" in word else image.which(word) or "/sbin/init"


def _other_init(word: str, units: Units, image: Image) -> str:
    """What is wrong where /sbin/init is no systemd, or none that is at hand."""
    path = _path(word, image)
    real = image.resolve(path)
    if isinstance(real, str) and posixpath.basename(real) == "systemd":
        return ""
    node = image.node(path)
    if node is not None and isinstance(real, str) and posixpath.basename(real) != "init":
        return f"{path} is {real}, whose configuration is not read"
    if any(image.is_dir(f) for f in ("/etc/init", "/etc/upstart")) or image.is_file("/etc/inittab"):
        return f"{path} is an init that is not systemd, whose configuration is not read"
    if not units.folders:
        return image.missing(path, f"{path} starts what the image's init is configured for").what
    return ""


def _asked(process: Process, image: Image) -> list[Process | Gap] | None:
    """systemctl: one that starts units, or the stand-in for systemd that is itself the container's command."""
    words = [w for w in process.command.argv[1:] if not w.startswith("-")]
    units = Units(image)
    if not words or words[0] in ("default", "init"):
        return _Manager(units, process).booted(units.default) if units.folders or not words else None
    action, *names = words
    if action not in STARTS and not (action == "enable" and "--now" in process.command.argv):
        return [] if action in SPEAKS else None
    names = [name if "." in name.partition("@")[2] or "." in name else f"{name}.service" for name in names]
    if ALONE in process.command.argv:
        return _Manager(units, process).alone(names)
    return _Manager(units, process).named(names)


@dataclass
class _Manager:
    """One systemd with the units of its image."""

    units: Units
    process: Process
    gaps: list[Gap] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def booted(self, target: str) -> list[Process | Gap]:
        image = self.units.image
        assumed = (
            [] if image.complete else [n for n in self.units.asking(target) if n not in self._all([*EARLY, target])]
        )
        for name in assumed:
            path = f"/etc/systemd/system/{target}.wants/{name}"
            said = f"taken as enabled: {name} asks for {target}, and whether it was enabled cannot be seen"
            self.gaps.append(image.missing(path, said))
        found = self._started([*EARLY, target, *assumed])
        if not found and not self.gaps:
            self.gaps.append(image.missing(f"/etc/systemd/system/{target}.wants", f"systemd finds nothing in {target}"))
        return [*found, *self.gaps, *self.units.gaps]

    def named(self, names: list[str]) -> list[Process | Gap]:
        return [*self._started(names), *self.gaps, *self.units.gaps]

    def alone(self, names: list[str]) -> list[Process | Gap]:
        """Units by themselves: what stands before each, and its process."""
        found = [one for name in names if (unit := self.units.get(name)) for one in self._whole(unit)]
        return [*found, *self.gaps, *self.units.gaps]

    def _whole(self, unit: Unit) -> list[Process]:
        made = process_of(unit, self.units.image, self.process, self.gaps)
        return [] if made is None else [*steps(unit, made, self.units.image, self.process), made]

    def _all(self, names: list[str]) -> dict[str, str]:
        """Every unit that these bring up, themselves included, with the place that says so."""
        found: dict[str, str] = {}
        waiting = [(name, "") for name in reversed(names)]
        while waiting and len(found) < MAX_UNITS:
            name, place = waiting.pop()
            if name in found:
                continue
            unit = self.units.get(name)
            if _machine(name, unit) and name not in names:
                continue
            found[name] = place
            if unit is None or not unit.masked:
                waiting += reversed(list(self.units.wanted(name)))
        return found

    def _started(self, names: list[str]) -> list[Process]:
        self.places = self._all(names)
        services = {name for name in self.places if name.endswith(".service")}
        after = {name: self._after(name, services) for name in services}
        found: list[Process] = []
        for name in ordered(after, services):
            if name not in services:
                continue
            made = self._service(name)
            befores = tuple(posixpath.splitext(n)[0] for n in sorted(after[name]) if n in services)
            found += (replace(p, after=befores) for p in made)
        for name in list(self.places):
            if name.endswith((".timer", ".socket", ".path")):
                found += self._triggered(name)
        return found

    def _after(self, name: str, services: set[str]) -> tuple[str, ...]:
        unit = self.units.get(name)
        wanted = [] if unit is None else [n for n in unit.names("After") if n in services and n != name]
        others = (o for o in services if (u := self.units.get(o)) is not None and name in u.names("Before"))
        return tuple(dict.fromkeys((*wanted, *sorted(others))))

    def _service(self, name: str) -> list[Process]:
        unit = self.units.get(name)
        stem = name.removesuffix(".service")
        if unit is not None and unit.masked:
            return []
        place = self.places.get(name, "").rpartition(":")
        at = Evidence(place[0], int(place[2])) if place[0] and place[2].isdigit() else Evidence("".join(place))
        if unit is None:
            known = known_daemon(stem, self.units.image)
            if known is not None:
                note = "its unit is not at hand; taken in its known foreground form"
                return [Process(stem, Command(known), at if at.path else self.process.evidence, notes=(note,))]
            missing = self.units.image.missing(name, f"systemd is to start {name}, whose unit is not in the image")
            self.gaps.append(replace(missing, evidence=at if at.path else self.process.evidence))
            return []
        gaps = len(self.gaps)
        made = self._whole(unit)
        if len(made) < 2:
            return made
        del self.gaps[gaps:]  # they are found again when the unit is read by itself
        return [Process(stem, Command(("systemctl", ALONE, "start", name)), made[-1].evidence)]

    def _triggered(self, name: str) -> Iterator[Process]:
        """What a timer, socket or path unit starts when its moment has come."""
        unit = self.units.get(name)
        if unit is None or unit.masked:
            return
        stem, _, kind = name.rpartition(".")
        section = kind.capitalize()
        service = unit.one(section, "Unit") or f"{stem}.service"
        if service in self.places:
            return
        self.places[service] = f"{unit.path}:1"
        found = self.units.get(service)
        if kind == "timer" and found is not None and not found.masked:
            whole = self._whole(found)
            for main in whole[-1:]:
                notes = (f"after {p.command} ({p.evidence})" for p in whole[:-1])
                yield from self._timed(unit, replace(main, notes=(*main.notes, *notes)))
            return
        for one in self._service(service):
            if kind == "timer":
                yield from self._timed(unit, one)
            else:
                note = f"systemd starts it when {name} asks for it"
                what = f"systemd listens for it ({name}) and starts it then; it must listen by itself"
                if kind == "socket":
                    self.gaps.append(Gap(what, Evidence(unit.path)))
                yield replace(one, notes=(*one.notes, note))

    def _timed(self, unit: Unit, one: Process) -> Iterator[Process]:
        calendars = unit.all("Timer", "OnCalendar")
        spans = [(key, line) for key in ("OnUnitActiveSec", "OnUnitInactiveSec") for line in unit.all("Timer", key)]
        for line in calendars:
            schedule = cron_of(line.value) or f"OnCalendar={line.value}"
            note = f"at {line.value} ({line.path}:{line.line})"
            yield replace(one, lifetime="scheduled", schedule=schedule, notes=(*one.notes, note), after=())
        for key, line in spans[:1] if not calendars else ():
            note = f"{key}={line.value} ({line.path}:{line.line})"
            yield replace(
                one, lifetime="scheduled", schedule=f"@every {line.value}", notes=(*one.notes, note), after=()
            )
        if not calendars and not spans:
            self.gaps.append(Gap(f"{unit.name} says no time that is read", Evidence(unit.path)))


def _machine(name: str, unit: Unit | None) -> bool:
    """Whether it is one of the distribution's own units, that a container does not need."""
    if unit is not None and unit.own and not unit.masked:
        return False
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in MACHINE)
