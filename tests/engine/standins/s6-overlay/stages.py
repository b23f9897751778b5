"""/init in the place of s6-overlay's, whose releases and s6-rc no Debian package brings: on Debian's s6 and execline.

It does what both versions document: the environment goes to files and services see none of it; cont-init.d runs; the
definitions that the bundles `user` and `user2` reach start in order, and one that is wrong ends the container; then the
folders of services.d, and the command, with which the container ends.
"""

import os
import pathlib
import shutil
import subprocess
import sys

KEPT, SCAN = pathlib.Path("/run/s6/container_environment"), pathlib.Path("/run/service")
BUILT_IN = ("base", "top", "fix-attrs", "legacy-cont-init", "legacy-services")
LIVE = pathlib.Path("/run/s6-rc/servicedirs")


def end(why):
    print(f"init: fatal: {why}", flush=True)
    os.kill(1, 15)
    sys.exit(1)


def run(*words):
    return subprocess.run(words, check=False).returncode


def names(folder):
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def up(name, folder):
    """Have s6 start and keep a service of which a copy is made."""
    live = LIVE / name
    shutil.copytree(folder, live)
    (live / "run").chmod(0o755)
    (SCAN / name).symlink_to(live)
    run("s6-svscanctl", "-a", str(SCAN))
    while not (live / "supervise").exists() or run("s6-svwait", "-u", "-t", "5000", str(live)):
        pass


class Compiled:
    """What s6-rc-compile makes of definitions: all references are to something, a bundle stands for its contents."""

    def __init__(self, source):
        self.source = source
        self.kinds = {n: (source / n / "type").read_text().strip() for n in names(source)}
        if wrong := [n for n, kind in self.kinds.items() if kind not in ("bundle", "oneshot", "longrun")]:
            end(f"invalid type of {wrong}")
        for name, kind in self.kinds.items():
            for other in names(source / name / ("contents.d" if kind == "bundle" else "dependencies.d")):
                if other not in self.kinds and other not in BUILT_IN:
                    end(f"undefined {other} in {name}")
        self.done = []

    def start(self, name, waiting=()):
        if name in waiting:
            end(f"a cycle at {name}")
        if name in self.done or name in BUILT_IN:
            return
        kind, folder = self.kinds[name], self.source / name
        for other in names(folder / ("contents.d" if kind == "bundle" else "dependencies.d")):
            self.start(other, (*waiting, name))
        self.done.append(name)
        if kind == "longrun":
            up(name, folder)
        elif kind == "oneshot":
            run("execlineb", "-P", str(folder / "up"))


def second_stage(command):
    for name in names(pathlib.Path("/etc/cont-init.d")):
        run(f"/etc/cont-init.d/{name}")
    compiled = Compiled(pathlib.Path("/etc/s6-overlay/s6-rc.d"))
    for bundle in ("user", "user2"):
        if bundle in compiled.kinds:
            compiled.start(bundle)
    for name in names(pathlib.Path("/etc/services.d")):
        up(name, pathlib.Path("/etc/services.d") / name)
    if command:
        run("with-contenv", *command)
        run("s6-svscanctl", "-t", str(SCAN))


if os.getpid() != 1:
    sys.exit("init: fatal: can only run as pid 1")
for folder in ("/run/s6", str(SCAN), str(LIVE)):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
KEPT.mkdir()
for key, value in os.environ.items():
    (KEPT / key).write_text(value)
os.symlink(SCAN, "/run/s6/services")
path = f"/command:{os.environ.get('PATH', '/usr/bin:/bin')}"
if os.fork():
    os.execvpe("s6-svscan", ["s6-svscan", str(SCAN)], {"PATH": path})
os.environ.clear()
os.environ["PATH"] = path
run("sh", "-c", "until s6-svscanctl -a /run/service 2>/dev/null; do sleep 0.1; done")
second_stage(sys.argv[1:])
