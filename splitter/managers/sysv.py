"""`service NAME start` and its kin run an init script, which puts a daemon into the background.

What the daemon is comes from the init script; a known daemon is taken in its foreground form. start-stop-daemon,
daemonize and daemon do the same for one program. OpenRC starts the services that its runlevels link to.
Sources: service(8), invoke-rc.d(8), rc-service(8), the guide to service scripts of OpenRC.
"""

import posixpath
from dataclasses import replace

from splitter.catalogue import init_script
from splitter.managers import _init_scripts
from splitter.managers._daemons import TOOLS, Started, started
from splitter.managers._launch import name_of
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

STARTS = ("start", "foreground", "start-fg", "restart", "force-restart", "onestart", "--full-restart")
# Actions that only speak to a daemon that another command starts.
SPEAKS = ("stop", "status", "reload", "force-reload", "try-restart", "condrestart", "force-stop", "zap", "rotate")
RUNLEVELS = ("sysinit", "boot", "default")
# What OpenRC's own services do for a machine, and a container does not need.
MACHINE = frozenset((
    "acpid", "binfmt", "bootmisc", "cgroups", "consolefont", "devfs", "dmesg", "fsck", "hostname", "hwclock",
    "hwdrivers", "keymaps", "killprocs", "localmount", "loopback", "mdev", "modules", "mount-ro", "mtab", "netmount",
    "networking",
    "procfs", "root", "runsvdir-boot", "save-keymaps", "savecache", "seedrng", "staticroute", "swap", "swclock",
    "sysctl", "sysfs", "tmpfiles.setup", "udev", "udev-postmount", "udev-settle", "udev-trigger", "urandom", "watchdog",
))  # fmt: skip


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    if not argv:
        return None
    program = posixpath.basename(argv[0])
    if program in TOOLS:
        made = started(argv, process.workdir or image.config.workdir or "/", image)
        return None if made is None else [_process(process, name_of(made.argv), made, process.evidence)]
    if program == "openrc" or (program == "rc" and len(argv) == 2):
        return _runlevels(process, argv[1:], image)
    if boots_openrc(argv, image):
        return _runlevels(process, (), image)
    name, action = _asked(argv)
    if action in SPEAKS:
        return []
    if action not in STARTS or not name:
        return None
    return _service(name, process, image)


def boots_openrc(argv: tuple[str, ...], image: Image) -> bool:
    """Whether a command is the init of an image whose services are OpenRC's (Alpine's /etc/inittab starts `openrc`)."""
    init = argv in (("/sbin/init",), ("init",), ("busybox", "init"), ("/bin/busybox", "init"))
    tab = image.read("/etc/inittab")
    ours = "openrc" in tab if isinstance(tab, str) else not image.is_dir("/etc/systemd/system")
    return init and ours and any(image.names(f"/etc/runlevels/{level}") for level in RUNLEVELS)


def _asked(argv: tuple[str, ...]) -> tuple[str, str]:
    """The service that a command names, and what is to be done with it."""
    program = posixpath.basename(argv[0])
    words = [w for w in argv[1:] if not w.startswith("-")]
    if program in ("service", "invoke-rc.d", "rc-service"):
        if "--full-restart" in argv and words:
            return words[0], "restart"
        return (words[0], words[1]) if len(words) > 1 else ("", "")
    if posixpath.dirname(argv[0]).endswith(("/init.d", "/rc.d")) and words:
        return program, words[0]
    return "", ""


def _service(name: str, process: Process, image: Image) -> list[Process | Gap]:
    path = _init_scripts.path_of(name, image)
    if "/" in process.command.argv[0] and "init.d/" in process.command.argv[0]:
        path = process.command.argv[0]
    found = _init_scripts.daemon(path, image, {**image.config.env, **process.env})
    known = known_daemon(name, image)
    at = found.evidence if found else Evidence(path) if image.is_file(path) else process.evidence
    if known is not None:
        made = replace(found.started, argv=known) if found else Started(known)
        notes = ("taken in its foreground form",) if found else ("taken in its known foreground form",)
        plain = "php-fpm" if known[0].startswith("php-fpm") else name  # the version stands in the program
        return [_process(process, plain, replace(made, notes=(*made.notes, *notes)), at)]
    if found is not None:
        return [_process(process, name, found.started, at)]
    if image.is_file(path):
        return [Gap(f"what the init script of {name} starts cannot be told", Evidence(path))]
    gap = image.missing(path, f"{name} is started by its init script, which is needed and not in the image")
    return [gap]


def known_daemon(name: str, image: Image) -> tuple[str, ...] | None:
    """The foreground command of a daemon that is known by its name, its program by the version in the name."""
    known = init_script(name)
    if known is None or known[0] != "php-fpm" or image.which(known[0]):
        return known
    version = "".join(c for c in name if c.isdigit() or c == ".").strip(".")
    return (f"php-fpm{version}", *known[1:]) if version else known


def _process(process: Process, name: str, made: Started, at: Evidence) -> Process:
    written = str(process.command)
    return Process(
        name=name,
        command=Command(made.argv),
        evidence=at,
        env=made.env,
        user=made.user,
        workdir=made.workdir,
        logs=made.logs,
        notes=(*made.notes, f"put into the background by `{written}`"),
    )


def _runlevels(process: Process, levels: tuple[str, ...], image: Image) -> list[Process | Gap]:
    """openrc: the services that /etc/runlevels/LEVEL links to, those of the levels before it first."""
    found: list[Process | Gap] = []
    wanted = [w for w in levels if not w.startswith("-")] or ["default"]
    for level in dict.fromkeys((*(RUNLEVELS if "default" in wanted else ()), *wanted)):
        folder = f"/etc/runlevels/{level}"
        for name in image.names(folder):
            if name not in MACHINE and not name.startswith("."):
                found += _service(name, process, image)
    return found or [image.missing(f"/etc/runlevels/{wanted[0]}", "openrc starts the services that this folder names")]
