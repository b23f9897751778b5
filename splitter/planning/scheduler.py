"""cron as a service of its own: with the container's environment, and without the distribution's entries."""

import posixpath
import shlex
from collections.abc import Sequence

from splitter.model.facts import Process
from splitter.model.image import Image
from splitter.model.plan import Option
from splitter.planning.questions import Asker

PERIODIC = ("/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
# Daemons that read /etc/cron.d and the periodic folders; others read the table that they are given.
SYSTEM = ("cron", "crond", "cronie", "vixie-cron", "anacron")
# Entries that packages of distributions bring, for images whose base is not at hand.
PACKAGED = ("/etc/cron.d/e2scrub_all", "/etc/cron.d/php", "/etc/cron.d/popularity-contest", "/etc/cron.d/anacron",
            "/etc/cron.d/sysstat", "/etc/cron.daily/apt-compat", "/etc/cron.daily/dpkg", "/etc/cron.daily/logrotate",
            "/etc/cron.daily/man-db")  # fmt: skip
# cron gives its jobs neither the container's environment nor its PATH. Each job's shell reads both here; what the
# crontab sets itself still wins.
BRIDGE = """export -p > /run/cron-env && chmod 644 /run/cron-env
printf '%s\\n' '#!/bin/sh' 'own=$(export -p)' '. /run/cron-env' 'eval "$own"' 'exec "${CRON_SHELL:-/bin/sh}" "$@"' \\
  > /run/cron-shell && chmod 755 /run/cron-shell
for tab in TABS; do
  grep -q /run/cron-shell "$tab" && continue
  { printf 'SHELL=/run/cron-shell\\nPATH=%s\\n' "$PATH"; sed 's/^ *SHELL *=/CRON_SHELL=/' "$tab"; } > /run/cron-tab
  cat /run/cron-tab > "$tab"
done"""


def needs_bridge(daemon: Process, image: Image) -> bool:
    """Debian's cron and cronie hide the environment from jobs; busybox crond and newer runners do not."""
    program = daemon.command.program
    if program not in ("cron", "crond", "cronie", "vixie-cron") or "busybox" in daemon.command.argv[0]:
        return False
    return program == "cron" or not _busybox(image)


def _busybox(image: Image) -> bool:
    """Alpine's crond is that of busybox, also where the base is not at hand."""
    return "alpine" in image.base or image.is_file("/etc/alpine-release") or image.is_file("/lib/apk/db/installed")


def bridged(daemon: Process, image: Image) -> list[str]:
    """What to say above a service whose commands would not see the container's environment."""
    if not needs_bridge(daemon, image):
        return []
    return ["cron hides the container's environment from its commands: what stands before `exec` hands it on."]


def tables(entries: Sequence[Process]) -> tuple[str, ...]:
    """The crontabs that the entries stand in."""
    return tuple(dict.fromkeys(e.evidence.path for e in entries if e.evidence.path.startswith("/")))


def foreign(entries: Sequence[Process], image: Image, unread: frozenset[str]) -> tuple[str, ...]:
    """Files of cron that hold none of the application's entries and could be read."""
    own = _own(entries)
    found = []
    for folder in ("/etc/cron.d", *PERIODIC):
        for name in image.names(folder):
            path = posixpath.join(folder, name)
            if path not in own and path not in unread and not name.startswith(".") and image.is_file(path):
                found.append(path)
    if image.base and not _busybox(image):
        found += [p for p in PACKAGED if p not in own and p not in found]
    return tuple(found)


def _own(entries: Sequence[Process]) -> tuple[str, ...]:
    """Files of cron's folders that are the application's: crontabs, and scripts that entries run."""
    words = (w for e in entries for w in e.command.argv if w.startswith(("/etc/cron.", "/etc/periodic")))
    return tuple(dict.fromkeys((*tables(entries), *words)))


def cron_lines(daemon: Process, entries: Sequence[Process], image: Image, unread: frozenset[str]) -> list[str]:
    """What must be done in the scheduler's container before cron starts."""
    lines: list[str] = []
    if daemon.command.program not in SYSTEM or "busybox" in daemon.command.argv[0]:
        return lines
    if needs_bridge(daemon, image):
        tabs = [t for t in tables(entries) if not t.startswith((*PERIODIC, "/etc/periodic/"))]
        if tabs:
            lines.append(BRIDGE.replace("TABS", " ".join(shlex.quote(t) for t in tabs)))
    if foreign(entries, image, unread):
        kept = " ".join(f"! -path {shlex.quote(p)}" for p in _own(entries))
        lines.append(f"find /etc/cron.d /etc/cron.*ly -type f {kept} -delete 2>/dev/null || true")
    return lines


def as_profiles(daemon: Process | None, entries: Sequence[Process], asker: Asker) -> bool:
    """Whether the entries become one-off services for a scheduler outside: always where nothing else can start them."""
    outside = Option("profiles", "a scheduler outside", "docker compose run --rm NAME for each entry")
    inside = Option("service", "cron, in a service of its own", "exactly one; never scale it")
    scope = entries[0].scope[-1] if entries[0].scope else entries[0].id
    answer = asker.ask(
        f"cron:{daemon.id if daemon is not None else scope}",
        "Who starts the scheduled commands?",
        (inside, outside) if daemon is not None else (outside,),
        "service" if daemon is not None else "profiles",
        "; ".join(f"{e.schedule} {e.command}" for e in entries[:4]),
        entries[0].evidence,
    )
    return answer == "profiles"
