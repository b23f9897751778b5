"""Crontab lines and scripts of periodic folders as processes: what runs, as whom, where, and by which name."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from splitter.managers import _crontab, _scripts
from splitter.managers._cron_packages import Packages
from splitter.managers._launch import name_of
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal
from splitter.shell.arguments import identity
from splitter.shell.calls import Call
from splitter.shell.evaluate import evaluate

# Calls that a line makes on its way to what it is for.
ON_THE_WAY = frozenset((
    "cd", "test", "[", "[[", "echo", "printf", "export", ".", "source", "true", ":", "sleep", "mkdir", "umask", "set",
    "unset", "date", "cat", "touch", "exit", "pushd", "eval", "read", "logger", "tee", "rm", "chmod", "chown", "kill",
))  # fmt: skip
PERIODIC: Mapping[str, str] = {
    **{f"/etc/cron.{each}": f"@{each}" for each in ("hourly", "daily", "weekly", "monthly", "yearly")},
    **{f"/etc/periodic/{each}": f"@{each}" for each in ("hourly", "daily", "weekly", "monthly")},
    "/etc/periodic/15min": "*/15 * * * *",
}


@dataclass(frozen=True)
class Table:
    """A crontab: `user` whose it is, "" where each line names one (`system`) or the daemon's own user runs all."""

    path: str
    dialect: _crontab.Dialect = "vixie"
    system: bool = False
    user: str = ""


@dataclass
class Entries:
    """All that one daemon runs at its time; `left`: files that packages brought, `read`: whether any was there."""

    process: Process
    image: Image
    packages: Packages
    found: list[Process] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    read: bool = False
    periodic: dict[str, tuple[str, str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def table(self, table: Table) -> None:
        """Take over the entries of a crontab; of one that a package brought only the folders that it has run."""
        real = self.image.resolve(table.path)
        text = self.image.read(table.path)
        if isinstance(real, Gap) or isinstance(text, Gap):
            self.gaps += [g for g in (real, text) if isinstance(g, Gap)][:1]
            self.read = True
            return
        if text is None or real in self.seen:
            return
        self.seen.add(real)
        self.read = True
        brought = self.packages.brought(table.path)
        if brought:
            self.left.append(table.path)
        for one in _crontab.parse(text, table.dialect, system=table.system):
            if isinstance(one, _crontab.Wrong):
                self.gaps += [] if brought else [Gap(one.what, Evidence(table.path, one.line))]
            elif not self._folders(one, table) and not brought:
                self.found.append(self._entry(one, table))

    def _calls(self, command: str, at: Evidence) -> list[Call]:
        env = {**self.image.config.env, **self.process.env}
        return list(_scripts.calls(evaluate(command, path=at.path, env=env, files=self.image)))

    def _folders(self, one: _crontab.Entry, table: Table) -> bool:
        """Whether an entry only has the scripts of folders run; these are kept for later."""
        if "run-parts" not in one.command and "anacron" not in one.command:
            return False
        calls = self._calls(one.command, Evidence(table.path, one.line))
        programs = {posixpath.basename(c.argv[0]) for c in calls} - ON_THE_WAY
        if not programs or not programs <= {"run-parts", "anacron", "invoke-rc.d", "service", "systemctl"}:
            return False
        for call in calls:
            folders = [w for w in call.argv[1:] if not w.startswith("-")]
            if posixpath.basename(call.argv[0]) == "run-parts" and folders:
                folder = normal(folders[-1])
                schedule = PERIODIC.get(folder, one.schedule)
                self.periodic.setdefault(folder, (schedule, one.user or table.user))
        return True

    def _entry(self, one: _crontab.Entry, table: Table) -> Process:
        at = Evidence(table.path, one.line)
        user = one.user or table.user
        command = one.command
        if one.stdin:
            command = f"{command} <<'END-OF-INPUT'\n{one.stdin}END-OF-INPUT"
        if user and self._unknown(user):
            self.gaps.append(Gap(f"cron passes over it: the image has no user {user}", at))
        notes = (f"in the time zone {one.env['CRON_TZ']}",) if "CRON_TZ" in one.env else ()
        return Process(
            name=self.name(one.command, at),
            command=Command((one.env.get("SHELL") or "/bin/sh", "-c", command)),
            evidence=at,
            lifetime="scheduled",
            schedule=one.schedule,
            env=dict(one.env),
            user=user,
            workdir=self.home(user, one.env),
            restart="no",
            notes=notes,
        )

    def _unknown(self, user: str) -> bool:
        at_hand = self.image.complete and self.image.is_file("/etc/passwd")
        return at_hand and identity(user, "/etc/passwd", self.image) is None

    def home(self, user: str, env: Mapping[str, str]) -> str:
        """Where cron starts a user's commands; "" where it is the daemon's own folder, or not known."""
        if env.get("HOME"):
            return normal(env["HOME"])
        row = identity(user, "/etc/passwd", self.image)
        if row is not None and len(row) > 5:
            return normal(row[5])
        return "/root" if user == "root" else ""

    def name(self, command: str, at: Evidence) -> str:
        """What a reader would call a line: the first program on it that does not only lead there."""
        calls = self._calls(command, at)
        telling = [c for c in calls if posixpath.basename(c.argv[0]) not in ON_THE_WAY]
        chosen = next(iter(telling or calls), None)
        return name_of(chosen.argv if chosen else ("/bin/sh", "-c", command), "entry")

    def folders(self, assumed: Mapping[str, str]) -> None:
        """The scripts of the folders that some entry has run, and of those that `assumed` says are run."""
        for folder in sorted({*PERIODIC, *self.periodic}):
            run = self.periodic.get(folder) or ((assumed[folder], "root") if folder in assumed else None)
            own = [p for p in self._files(folder) if not self.packages.brought(p)]
            self.left += [p for p in self._files(folder) if p not in own]
            self.read = self.read or bool(self._files(folder))
            if own and run is None:
                self.gaps.append(Gap(f"nothing that was read runs the scripts of {folder}", Evidence(folder)))
            elif run is not None:
                self.found += self._scripts(own, *run)

    def _files(self, folder: str) -> list[str]:
        paths = [posixpath.join(folder, n) for n in self.image.names(folder) if not n.startswith(".")]
        return [p for p in paths if self.image.is_file(p)]

    def _scripts(self, paths: list[str], schedule: str, user: str) -> Iterator[Process]:
        for path in paths:
            name = posixpath.basename(path)
            node = self.image.node(path)
            if not self.run_parts(name):
                self.gaps.append(Gap("run-parts passes over it because of its name", Evidence(path)))
            elif node is not None and not node.executable and self.image.complete:
                self.gaps.append(Gap("run-parts passes over it: it is not executable", Evidence(path)))
            else:
                yield Process(name, Command((path,)), Evidence(path), lifetime="scheduled", schedule=schedule,
                              user=user or "root", workdir="/", restart="no")  # fmt: skip

    def run_parts(self, name: str) -> bool:
        """Debian's and busybox's run-parts take letters, digits, `_` and `-`; Red Hat's all but leftovers."""
        if self.image.is_file("/etc/redhat-release"):
            return not name.endswith(("~", ",", ".rpmsave", ".rpmorig", ".rpmnew", ".swp", ",v", ".cfsaved"))
        return plain(name)


def plain(name: str) -> bool:
    """Whether a name is one that Debian's cron and run-parts take (cron(8), run-parts(8))."""
    return all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
