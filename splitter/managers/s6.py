"""s6-svscan starts a supervisor for every folder it finds; s6-overlay's /init prepares the container for it.

/init runs a hook, /etc/fix-attrs.d and /etc/cont-init.d, then what the s6-rc bundles `user` and `user2` reach, then the
folders of /etc/services.d, and last the image's command; /etc/cont-finish.d runs at the end. Sources: the documentation
of s6 and s6-rc, s6-overlay's rc.init, services-up and cont-init, and version 2's stage2.
"""

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from splitter.managers import _s6_part
from splitter.managers import _s6_services as services
from splitter.managers._execline import Word, options
from splitter.managers._keep import Kept, Member, placed, programs
from splitter.managers._launch import name_of
from splitter.managers._s6_boot import Boot
from splitter.managers._s6_init import overlay
from splitter.managers._s6_rc import Definitions
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image, normal

SOURCES = "/etc/s6-rc/source"
SPEAK = ("s6-svc", "s6-svscanctl", "s6-svwait", "s6-svok", "s6-svstat")


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    found = _expanded(process, image)
    if found is None or not process.stop_signal:
        return found
    # Without a down-signal it is TERM, whatever signal the image gives to s6 itself.
    return [replace(p, stop_signal=p.stop_signal or "SIGTERM") if isinstance(p, Process) else p for p in found]


def _expanded(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    name = posixpath.basename(argv[0]) if argv else ""
    workdir = process.workdir or image.config.workdir or "/"
    if name in SPEAK:
        return []  # it speaks to the supervisor, which is no more
    if name in ("s6-svscan", "s6-supervise"):
        _, rest = options([Word(w, 0) for w in argv[1:]], "tcdxX")
        folder = normal(posixpath.join(workdir, rest[0].text)) if rest else workdir
        if "$" in folder:
            return [Gap(f"{name} {rest[0].text}: which folder that is shows only when it runs", process.evidence)]
        if name == "s6-svscan":
            return services.scanned(folder, image, process.evidence)
        return list(services.service(posixpath.basename(folder), folder, image))
    if name in ("s6-rc-init", "s6-rc"):
        return _compiled(process, image)
    if overlay(process, image):
        return _Overlay(process, image).started()
    return None


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """s6-svscan on a folder of links to these services, or s6-overlay's /init with the other services taken out."""
    if overlay(process, image):
        root = (process.user or image.config.user) in ("", "root", "0", "0:0", "root:root")
        return _s6_part.part(members, _Overlay(process, image).whole()) if root else None
    members = programs(members)
    folders = {m.name: posixpath.dirname(m.unit.evidence.path) for m in members}
    lines = placed(members, lambda m: folders[m.name])
    if posixpath.basename(process.command.argv[0]) == "s6-svscan":
        links = " ".join(map(shlex.quote, dict.fromkeys(folders.values())))
        lines += ["kept=$(mktemp -d)", f'ln -s {links} "$kept"', 'exec s6-svscan "$kept"']
        return Kept(("/bin/sh", "-c", "\n".join(lines)), first=True)
    return None


def _compiled(process: Process, image: Image) -> list[Process | Gap] | None:
    """s6-rc with a compiled database, whose source is looked for where Alpine's and Void's packages keep it."""
    if process.command.program == "s6-rc" and "change" not in process.command.argv:
        return None
    if not image.is_dir(SOURCES):
        return [Gap("s6-rc starts what its compiled database holds, which cannot be read", process.evidence)]
    rc = Definitions((SOURCES,), image)
    plain = [w for w in process.command.argv[1:] if not w.startswith("-")]
    wanted = tuple(plain[plain.index("change") + 1 :]) if "change" in plain else ("default",)
    return [*rc.started(wanted), *rc.gaps]


@dataclass
class _Overlay:
    """One /init of s6-overlay."""

    process: Process
    image: Image
    gaps: list[Gap] = field(default_factory=list)

    def whole(self) -> _s6_part.Overlay:
        """What it starts, and where that stands, for one that starts less."""
        boot = Boot(self.process, self.image)
        etc = self._etc(boot)
        found = [one for one in self.started() if isinstance(one, Process)]
        return _s6_part.Overlay(self.process, found, self._definitions(etc, boot, self.image), etc)

    def _etc(self, boot: Boot) -> str:
        profile = boot.given.get("S6_RUNTIME_PROFILE", "")
        return normal(f"/etc/cont-profile.d/{profile}") if profile else "/etc"

    def started(self) -> list[Process | Gap]:
        boot = Boot(self.process, self.image)
        self._hook(boot)
        etc = self._etc(boot)
        found: list[Process] = [*self._attributes(etc, boot)]
        for path in self._scripts(f"{etc}/cont-init.d", boot.now):
            found.append(self._step(path, boot))
            boot.run(path)
        found += self._rc(etc, boot)
        found += self._legacy(etc, boot)
        if len(self.process.command.argv) > 1:
            found.append(self._command(found, boot))
        for path in self._scripts(f"{etc}/cont-finish.d", boot.now):
            self.gaps.append(Gap("s6-overlay runs this when the container stops; no service does", Evidence(path)))
        if not found and not self.gaps:
            self.gaps.append(self.image.missing(f"{etc}/services.d", "s6-overlay finds nothing to start"))
        return [*found, *self.gaps]

    def _hook(self, boot: Boot) -> None:
        """S6_STAGE2_HOOK: it runs before the services are read, and may change which they are."""
        words = boot.given.get("S6_STAGE2_HOOK", "").split()
        if not words:
            return
        path = self.image.which(words[0])
        at = self.image.config.evidence("ENV S6_STAGE2_HOOK")
        if path is not None:
            boot.run(path)
        elif not at.path.startswith("base image "):
            gap = self.image.missing(words[0], "S6_STAGE2_HOOK runs it before the services are read")
            self.gaps.append(gap)

    def _scripts(self, folder: str, image: Image) -> list[str]:
        paths = [posixpath.join(folder, n) for n in image.names(folder) if not n.startswith(".")]
        return [p for p in paths if image.is_file(p)]

    def _attributes(self, etc: str, boot: Boot) -> list[Process]:
        """fix-attrs.d: `PATH RECURSE OWNER FILE-MODE FOLDER-MODE` on each line."""
        found = []
        for path in self._scripts(f"{etc}/fix-attrs.d", boot.now):
            text = self.image.read(path)
            for number, line in enumerate(text.splitlines(), 1) if isinstance(text, str) else ():
                words = line.split()
                if len(words) != 5 or words[0].startswith("#"):
                    continue
                target, recurse, owner, file_mode, folder_mode = words
                argv = ["chown", *(["-R"] if recurse == "true" else []), owner.split(",")[0], target]
                note = f"files get the mode {file_mode}, folders {folder_mode}"
                found.append(
                    Process("fix-attrs", Command(tuple(argv)), Evidence(path, number), lifetime="job", notes=(note,))
                )
        return found

    def _step(self, path: str, boot: Boot) -> Process:
        base = services.origin(path, self.image)
        return Process(
            name=posixpath.basename(path),
            command=Command((path,)),
            evidence=Evidence(path, note=base),
            lifetime="job",
            env=boot.env(),
            notes=(*((f"a step of the {base}",) if base else ()), *self._cleaned(path, boot)),
            files=dict(boot.changes),
        )

    def _cleaned(self, path: str, boot: Boot) -> tuple[str, ...]:
        keeps = boot.given.get("S6_KEEP_ENV", "0") not in ("", "0")
        hidden = not keeps and services.clean(path, boot.now)
        return ("s6-overlay hides the container's environment from it",) if hidden else ()

    def _rc(self, etc: str, boot: Boot) -> list[Process]:
        rc = self._definitions(etc, boot, boot.now)
        wanted = tuple(name for name in ("user", "user2") if rc.folder(name))
        found: list[Process] = []
        for one in rc.started(wanted):
            # A oneshot writes before what depends on it starts, and before nothing else for certain; in their order.
            found.append(self._within(one, boot))
            if one.lifetime == "job":
                for path in _told(one.evidence.path, boot.now):
                    boot.run(path)
        self.gaps += rc.gaps
        there = {p.name for p in found}
        might = self._definitions(etc, boot, boot.might)
        for one in might.started(wanted) if boot.switches else ():
            paths = [f"{f}/{b}/contents.d/{one.name}" for f in might.folders for b in wanted]
            switch = boot.switch((*paths, one.command.argv[-1], posixpath.dirname(one.command.argv[-1])))
            if one.name not in there and switch:
                found.append(replace(self._within(one, boot), off=switch, files=dict(boot.changes | boot.possible)))
        return found

    def _definitions(self, etc: str, boot: Boot, image: Image) -> Definitions:
        here = f"{etc}/s6-overlay" if etc != "/etc" else "/etc/s6-overlay"
        folders = [f"{here}/s6-rc.d"]
        if not image.is_dir(f"{here}/s6-rc.d/user"):
            folders.append(boot.given.get("S6_RUNTIME_BUNDLEDIR") or f"{here}/user-bundles.d")
        return Definitions(tuple(folders), image)

    def _within(self, one: Process, boot: Boot) -> Process:
        script = one.command.argv[-1]
        notes = (*one.notes, *(self._cleaned(script, boot) if one.lifetime == "service" else ()))
        timeout = one.stop_timeout if one.stop_timeout is not None else self._grace("S6_KILL_GRACETIME", boot)
        return replace(one, env=boot.env(), notes=notes, files=dict(boot.changes),
                       stop_timeout=timeout if one.lifetime == "service" else None)  # fmt: skip

    def _grace(self, name: str, boot: Boot) -> float | None:
        text = boot.given.get(name, "")
        return int(text) / 1000 if text.isdecimal() and text.isascii() and 0 < len(text) < 10 else None

    def _legacy(self, etc: str, boot: Boot) -> list[Process]:
        """The folders of services.d: those that are there, and those that a switch would put there."""
        folder = f"{etc}/services.d"
        there = self._folders(folder, boot.now)
        found: list[Process] = []
        for name in there:
            for one in services.service(name, f"{folder}/{name}", boot.now):
                if isinstance(one, Gap):
                    self.gaps.append(one)
                else:
                    found.append(self._kept_up(one, boot))
        for name in self._folders(folder, boot.might):
            switch = boot.switch((f"{folder}/{name}", f"{folder}/{name}/run"))
            for one in services.service(name, f"{folder}/{name}", boot.might) if switch and name not in there else ():
                if isinstance(one, Process):
                    files = dict(boot.changes | boot.possible)
                    found.append(replace(self._kept_up(one, boot), off=one.off or switch, files=files))
        return found

    def _folders(self, folder: str, image: Image) -> list[str]:
        return [n for n in image.names(folder) if not n.startswith(".") and image.is_dir(posixpath.join(folder, n))]

    def _kept_up(self, one: Process, boot: Boot) -> Process:
        timeout = one.stop_timeout if one.stop_timeout is not None else self._grace("S6_SERVICES_GRACETIME", boot)
        notes = (*one.notes, *self._cleaned(one.command.argv[0], boot))
        return replace(one, env=boot.env(), files=dict(boot.changes), stop_timeout=timeout, notes=notes)

    def _command(self, before: list[Process], boot: Boot) -> Process:
        argv = self.process.command.argv[1:]
        if first := boot.given.get("S6_CMD_ARG0", ""):
            argv = (*first.split(), *argv)
        waits = boot.given.get("S6_CMD_WAIT_FOR_SERVICES", "0") not in ("", "0")
        after = tuple(p.name for p in before if p.lifetime == "service" and not p.off)
        config = self.image.config
        run = self.process.command.run
        late = run[: len(run) - len(argv)] if run[-len(argv) :] == argv else ()
        return Process(
            name=name_of(argv),
            command=Command(argv, (*late, *argv) if late and late[-1] != "/init" else ()),
            evidence=config.evidence("CMD") if argv == config.cmd else self.process.evidence,
            env=boot.env(),
            after=after if waits else (),
            notes=("the container ended with it",),
            files=dict(boot.changes),
        )


def _told(up: str, image: Image) -> list[str]:
    """The scripts that an `up` names: mostly it is one path."""
    text = image.read(up)
    lines = [line.split() for line in text.splitlines()] if isinstance(text, str) else []
    return [words[-1] for words in lines if words and words[0][0] != "#" and image.is_file(words[-1])]
