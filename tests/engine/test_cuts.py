"""Each kind of cut: the two programs reach each other after it, and do not where it is left out."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .images import ROOT
from .stack import until

KITCHEN = "compose-splitter-test/kitchen"
SUPERVISORD = """[supervisord]
nodaemon=true
[program:pantry]
command=python3 {program} {pantry}
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
[program:cook]
command={cook}
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
"""
NGINX = "events {}\nhttp { server { listen 80; location / { proxy_pass http://127.0.0.1:9000; } } }\n"
COOK = "python3 /srv/cook.py"
LARDER = """import {module}
shelf = {opens}
print("the pantry opens", flush=True)
while True:
    {puts}
    time.sleep(0.2)
"""
SYSV = LARDER.format(
    module="ctypes, time\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\nKEY = 0x162E",
    opens="libc.shmat(libc.shmget(KEY, 5, 0o1600), None, 0)",
    puts='ctypes.memmove(shelf, b"flour", 5)',
)
POSIX = LARDER.format(
    module="time\nfrom multiprocessing.shared_memory import SharedMemory",
    opens='SharedMemory("larder", create=True, size=5)',
    puts='shelf.buf[:5] = b"flour"',
)
TASTER = """import time
while True:
    try:
        with open("/dev/shm/larder", "rb") as shelf:
            print("reached" if shelf.read(5) == b"flour" else "failed", flush=True)
    except OSError as error:
        print("failed", error, flush=True)
    time.sleep(0.2)
"""


@dataclass(frozen=True)
class Case:
    """How the pantry is started and how the cook asks; `without` is the override that leaves the cut out.

    `run`: the image is run for the plan; else only its files are read.
    """

    without: dict[str, str]
    pantry: str = "--bind 0.0.0.0:9000"
    cook: str = COOK
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    asks: str = "cook"
    program: str = "/srv/pantry.py"
    run: bool = True


CASES = {
    "a variable of the image": Case({"cook": "environment: !reset {}"}, env={"PANTRY_URL": "http://127.0.0.1:9000"}),
    "a default in the source": Case({"cook": "environment: !reset {}"}),
    "an argument": Case(
        {"cook": "command: !override [python3, /srv/cook.py, --ask, 'http://localhost:9000']"},
        cook=f"{COOK} --ask http://localhost:9000",
    ),
    "an address that the server is told to bind": Case(
        {"pantry": "command: !override [python3, /srv/pantry.py, --bind, '127.0.0.1:9000']"},
        pantry="--bind 127.0.0.1:9000",
        cook=f"{COOK} --ask http://127.0.0.1:9000",
    ),
    "an address that a variable binds": Case(
        {"pantry": "environment: !reset {}"},
        pantry="",
        cook=f"{COOK} --ask http://127.0.0.1:9000",
        env={"HOST": "127.0.0.1"},
    ),
    "a configuration file": Case(
        {"nginx": "configs: !reset []"},
        cook='nginx -c /etc/nginx/kitchen.conf -g "daemon off;"',
        files={"/etc/nginx/kitchen.conf": NGINX},
        asks="nginx",
    ),
    "a unix socket": Case(
        {"cook": "volumes: !reset []"},
        pantry="--unix /run/pantry/hatch.sock",
        cook=f"{COOK} --unix /run/pantry/hatch.sock",
    ),
    "a shared file": Case(
        {"cook": "volumes: !reset []"},
        pantry="--file /srv/shelf/flour.txt",
        cook=f"{COOK} --file /srv/shelf/flour.txt",
    ),
    "a shared file that one waits for": Case(
        {"cook": "volumes: !reset []"},
        pantry="--diary /srv/shelf/diary.txt",
        cook="/bin/sh /srv/watch.sh",
    ),
    "shared memory": Case(
        {"cook": "ipc: !reset null"},
        pantry="--memory flour",
        cook=f"{COOK} --memory flour",
    ),
    "System V memory that only a run shows": Case(
        {"cook": "ipc: !reset null"},
        pantry="--sysv 5678",
        cook="perl /srv/taster.pl",
    ),
    "System V memory that only code shows": Case(
        {"cook": "ipc: !reset null"},
        pantry="",
        program="/srv/larder.py",
        cook="perl /srv/taster.pl",
        files={"/srv/larder.py": SYSV},
        run=False,
    ),
    "POSIX memory that only code shows": Case(
        {"cook": "ipc: !reset null"},
        pantry="",
        program="/srv/larder.py",
        cook="python3 /srv/taster.py",
        files={"/srv/larder.py": POSIX, "/srv/taster.py": TASTER},
        run=False,
    ),
    "a unix socket that only a run shows": Case(
        {"cook": "volumes: !reset []"},
        pantry="--hatch",
        cook="python3 /srv/hidden.py --hatch",
    ),
    "a signal by a pid file": Case(
        {"cook": "pid: !reset null"},
        pantry="--pid /run/pantry/pantry.pid",
        cook="/bin/sh /srv/ring.sh",
    ),
    "a connection that only a run shows": Case(
        {"cook": "network_mode: !reset null"},
        pantry="--bind 127.0.0.1:9000",
        cook="python3 /srv/hidden.py",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_cut_holds_and_nothing_works_without_it(case, build_image, stack, tmp_path):
    image = made(case, build_image, tmp_path / "image")
    file = tmp_path / "docker-compose.yml"
    splitter = Path(sys.executable).with_name("splitter")
    how = ["--apply", "--accept-defaults", *([] if case.run else ["--no-run"])]
    done = subprocess.run([splitter, "split", image, *how, "-o", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ports = tmp_path / "ports.yml"
    ports.write_text("services: {nginx: {ports: !override ['80']}}" if case.asks == "nginx" else "services: {}")

    whole = stack(file, ports)
    whole.up()
    until(lambda: answers(whole, case) == "reached", 20)
    whole.down()

    without = tmp_path / "without.yml"
    without.write_text("services:\n" + "".join(f"  {name}:\n    {text}\n" for name, text in case.without.items()))
    parts = stack(file, ports, without)
    config = ("config", "--format", "json")
    assert json.loads(parts(*config))["services"] != json.loads(whole(*config))["services"], "nothing was left out"
    parts.up()
    until(lambda: "the pantry opens" in parts.said("pantry"))
    until(lambda: answers(parts, case) == "failed")
    if case.asks == "cook":
        until(lambda: len(parts.said("cook")) > 8)
    assert answers(parts, case) == "failed"


def made(case, build_image, folder, tag=""):
    """The image of a case, on the kitchen."""
    build_image(KITCHEN, ROOT / "tests/engine/kitchen")
    (folder / "root/etc/supervisor").mkdir(parents=True)
    (folder / "root/etc/supervisor/supervisord.conf").write_text(
        SUPERVISORD.format(program=case.program, pantry=case.pantry, cook=case.cook).replace(
            "[program:cook]", f"[program:{case.asks}]"
        )
    )
    for path, text in case.files.items():
        (folder / f"root{path}").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"root{path}").write_text(text)
    env = "".join(f"ENV {name}={value}\n" for name, value in case.env.items())
    port = "EXPOSE 80\n" if case.asks == "nginx" else ""
    (folder / "Dockerfile").write_text(f"ARG BASE={KITCHEN}\nFROM ${{BASE}}\n{env}COPY root/ /\n{port}")
    return build_image(f"{KITCHEN}-{tag or list(CASES.values()).index(case)}", folder, base=KITCHEN)


def answers(stack, case) -> str:
    """The last word of the cook, or what nginx makes of a request."""
    if case.asks == "nginx":
        asked = "import urllib.request as u; print(u.urlopen('http://127.0.0.1').read().decode())"
        return "reached" if "flour" in stack.run_in("nginx", "python3", "-c", asked, check=False) else "failed"
    said = [line.split()[0] for line in stack.said("cook") if line.startswith(("reached", "failed"))]
    return said[-1] if said else ""
