"""What cannot be parted stays in one service and goes on to work there; parted, it fails. TERM ends it at once."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from splitter.catalogue import load_yaml

from .images import ROOT
from .stack import until

KITCHEN = "compose-splitter-test/kitchen"
REACHED, CLEAN = "reached the pantry", "the kitchen is clean"
COOK = "python3 /srv/cook.py --ask http://localhost:9000"
PANTRY = "python3 /srv/pantry.py --bind 0.0.0.0:9000"
SUPERVISORD = f"""[unix_http_server]
file=/run/supervisor.sock
username=dummy
password=dummy
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///run/supervisor.sock
username=dummy
password=dummy
[supervisord]
nodaemon=true
[program:pantry]
command={PANTRY}
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
[program:bell]
command=/srv/bell.sh
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
[program:cook]
command={COOK}
"""
BELL = """#!/bin/sh
while sleep 1; do
  if {steer}; then echo "reached the pantry"; else echo "failed"; fi
done
"""
RUN = "#!/bin/sh\nexec 2>&1\nexec {command}\n"
START = """#!/bin/sh
python3 /srv/pantry.py --pid /run/pantry.pid &
python3 /srv/pantry.py --bind 0.0.0.0:9000 &
exec sh /srv/ring-close.sh
"""
CIRCUS = f"""[watcher:pantry]
cmd = {PANTRY}
copy_env = True
[watcher:bell]
cmd = /srv/bell.sh
copy_env = True
[watcher:cook]
cmd = {COOK}
copy_env = True
"""
LINES = {
    "cook": COOK,
    "pantry": "python3 /srv/pantry.py --pid /run/pantry.pid",
    "bell": "sh /srv/ring-close.sh",
    "server": PANTRY,
}
PROCFILE = "".join(f"{name}: {line}\n" for name, line in LINES.items())
KITCHENWARE = {f"/srv/{name}": (ROOT / "tests/engine/kitchen" / name).read_text() for name in ("cook.py", "pantry.py")}
ECOSYSTEM = f"""module.exports = {{ apps: [
  {{ name: "pantry", script: "{PANTRY}" }},
  {{ name: "bell", script: "/srv/bell.sh", interpreter: "none" }},
  {{ name: "cook", script: "{COOK}" }},
] }};
"""
RUNNERS = """RUN apt-get update \\
 && apt-get install -y --no-install-recommends python3-pip ruby-foreman \\
 && rm -rf /var/lib/apt/lists/* \\
 && pip install --no-cache-dir --break-system-packages circus honcho monofy
"""
SIGNAL = BELL.format(steer='kill -HUP "$(cat /run/pantry.pid)"')
APT = "RUN apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*\n"
STEERED, SIGNALLED = "cut:control/bell/pantry", "cut:signal/bell/pantry"


@dataclass(frozen=True)
class Form:
    """How the image starts what it has, what ties two of them, and the folder that the image is built on.

    `means` are words of the command with which what stays together is started, `home` the service that runs it.
    `run`: the image is run for the plan; else only its files are read.
    """

    command: str
    files: dict[str, str]
    means: str
    bond: str = STEERED
    more: str = ""
    base: str = "tests/engine/kitchen"
    home: str = "pantry"
    run: bool = False


def folders(parent, steer, bell=RUN):
    """A folder of services for runit and s6."""
    return {
        f"{parent}/pantry/run": RUN.format(command=PANTRY),
        f"{parent}/bell/run": bell.format(command="/srv/bell.sh"),
        f"{parent}/cook/run": RUN.format(command=COOK),
        "/srv/bell.sh": BELL.format(steer=steer),
    }


# Each finds the memory by a key that is made of a file of the image, whose device is another in another container.
LARDER = """import ctypes, time
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
shelf = libc.shmat(libc.shmget(libc.ftok(b"/srv/larder.py", 7), 5, 0o1600), None, 0)
ctypes.memmove(shelf, b"flour", 5)
while True:
    time.sleep(60)
"""
TASTER = """use IPC::SysV qw(ftok);
$| = 1;
while (sleep 1) {
    my $shelf = shmget(ftok('/srv/larder.py', 7), 5, 0);
    my $got = "";
    defined $shelf and shmread($shelf, $got, 0, 5);
    print $got eq "flour" ? "reached the pantry\\n" : "failed\\n";
}
"""
OVERLAY = ROOT / "tests/engine/standins/s6-overlay"
OPENS = "#!/command/with-contenv sh\nprintf open > /run/s6/container_environment/KITCHEN\n"
MIGRATES = "#!/command/with-contenv sh\nexec python3 /srv/manage.py migrate\n"
WITHIN = "#!/command/with-contenv sh\nexec {command}\n"
OVERLAID = {
    "/init": (OVERLAY / "init").read_text(),
    "/package/admin/s6-overlay/stages.py": (OVERLAY / "stages.py").read_text(),
    "/command/with-contenv": (OVERLAY / "with-contenv").read_text(),
    "/srv/manage.py": f"print('{CLEAN}', flush=True)\n",
}


def overlaid(parent, services):
    """An image of s6-overlay: services by their folders, and a bell that works only where the set-up ran before it."""
    steer = f'[ "$KITCHEN" = open ] && s6-svc -r {services}/pantry'
    return {**OVERLAID, **folders(parent, steer, WITHIN)}


def defined(kinds):
    """Definitions of s6-rc: the type of each, and what it depends on."""
    found = {"user/type": "bundle\n"}
    for name, (kind, *needs) in kinds.items():
        found |= {f"{name}/type": f"{kind}\n", f"user/contents.d/{name}": ""}
        found |= {f"{name}/dependencies.d/{other}": "" for other in needs}
        if kind == "oneshot":
            found |= {f"{name}/up": f"/etc/s6-overlay/scripts/{name}\n"}
    return {f"/etc/s6-overlay/s6-rc.d/{path}": text for path, text in found.items()}


def supervised(pantry, bell, more=""):
    """Programs of supervisord: one that offers something, one that uses it, and another. `more` is of the second."""
    conf = SUPERVISORD.replace(PANTRY, pantry).replace("command=/srv/bell.sh\n", f"command=/srv/bell.sh\n{more}")
    conf = conf.replace(COOK, "python3 /srv/cook.py --file /srv/none") if pantry != PANTRY else conf
    return {"/etc/supervisor/supervisord.conf": conf, "/srv/bell.sh": BELL.format(steer=bell)}


FORMS = {
    "supervisord": Form(
        '["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]',
        supervised(PANTRY, "supervisorctl restart pantry"),
        "supervisord -n -c",
    ),
    "a key": Form(
        '["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]',
        {
            "/etc/supervisor/supervisord.conf": SUPERVISORD.replace(PANTRY, "python3 /srv/larder.py").replace(
                "/srv/bell.sh", "perl /srv/taster.pl"
            ),
            "/srv/larder.py": LARDER,
            "/srv/taster.pl": TASTER,
        },
        "supervisord -n -c",
        "cut:memory/bell/pantry",
        APT.format("perl"),
    ),
    "a key that only a run shows": Form(
        '["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]',
        {
            "/etc/supervisor/supervisord.conf": SUPERVISORD.replace(PANTRY, "python3 /srv/larder.py").replace(
                "/srv/bell.sh", "perl /srv/taster.pl"
            ),
            "/srv/larder.py": LARDER.replace("time\n", "sys, time\n", 1).replace(
                'b"/srv/larder.py"', "sys.argv[0].encode()"
            ),
            "/srv/taster.pl": TASTER.replace("'/srv/larder.py'", "join('', '/srv/', 'larder.py')"),
        },
        "supervisord -n -c",
        "cut:memory/bell/pantry",
        APT.format("perl"),
        run=True,
    ),
    "runit": Form(
        '["runsvdir", "-P", "/etc/service"]',
        folders("/etc/service", "sv restart pantry"),
        'runsvdir -P "$$kept"',
        more=APT.format("runit"),
    ),
    "s6": Form(
        '["s6-svscan", "/srv/services"]',
        folders("/srv/services", "s6-svc -r /srv/services/pantry"),
        'exec s6-svscan "$$kept"',
        more=APT.format("s6 execline"),
    ),
    "s6-overlay 2": Form(
        '["/init"]',
        {
            **overlaid("/etc/services.d", "/var/run/s6/services"),
            "/etc/cont-init.d/10-migrate": MIGRATES,
            "/etc/cont-init.d/20-open": OPENS,
        },
        "rm -rf /etc/cont-init.d/10-migrate /etc/services.d/cook",
        more=APT.format("s6 execline"),
    ),
    "s6-overlay 3": Form(
        '["/init"]',
        {
            **overlaid("/etc/s6-overlay/s6-rc.d", "/run/service"),
            **defined(
                {
                    "migrate": ("oneshot", "base"),
                    "open": ("oneshot", "migrate"),
                    "pantry": ("longrun", "open"),
                    "cook": ("longrun", "pantry"),
                    "bell": ("longrun", "cook"),
                }
            ),
            "/etc/s6-overlay/scripts/migrate": MIGRATES,
            "/etc/s6-overlay/scripts/open": OPENS,
        },
        "for one in migrate cook; do",
        more=APT.format("s6 execline"),
    ),
    "circus": Form(
        "circusd /etc/circus.ini",
        {"/etc/circus.ini": CIRCUS, "/srv/bell.sh": BELL.format(steer="circusctl restart pantry")},
        "circusd /etc/circus.ini",
        more=RUNNERS,
    ),
    "pm2": Form(
        '["pm2-runtime", "/srv/ecosystem.config.js"]',
        {
            "/srv/ecosystem.config.js": ECOSYSTEM,
            "/srv/bell.sh": BELL.format(steer="pm2 restart pantry"),
            **KITCHENWARE,
        },
        "--only pantry,bell",
        base="samples/node-pm2",
    ),
    "honcho": Form(
        '["honcho", "-f", "/srv/Procfile", "start"]',
        {"/srv/Procfile": PROCFILE, "/srv/ring-close.sh": SIGNAL},
        "-c cook=0,pantry=1,bell=1,server=0",
        SIGNALLED,
        RUNNERS,
    ),
    "foreman": Form(
        '["foreman", "start", "-f", "/srv/Procfile"]',
        {"/srv/Procfile": PROCFILE, "/srv/ring-close.sh": SIGNAL},
        "-m cook=0,pantry=1,bell=1,server=0",
        SIGNALLED,
        RUNNERS,
    ),
    "monofy": Form(
        json.dumps(["monofy", *" ||| ".join(LINES.values()).split()]),
        {"/srv/ring-close.sh": SIGNAL},
        "monofy python3 /srv/pantry.py --pid /run/pantry.pid ||| sh /srv/ring-close.sh",
        "cut:signal/ring-close.sh/pantry.py",
        RUNNERS,
    ),
    "concurrently": Form(
        json.dumps(["concurrently", "--raw", "-n", ",".join(LINES), *LINES.values()]),
        {"/srv/ring-close.sh": SIGNAL, **KITCHENWARE},
        "--names pantry,bell",
        SIGNALLED,
        "RUN npm install --global concurrently@9\n",
        base="samples/node-pm2",
    ),
    "a display": Form(
        '["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]',
        supervised("Xvfb :9 -screen 0 64x64x8", "python3 /srv/screen.py", 'environment=DISPLAY=":9"\n'),
        "supervisord -n -c",
        "cut:display/bell/pantry",
        APT.format("xvfb").rstrip() + " /usr/lib/*/dri /usr/lib/*/libLLVM*\n",
        home="bell",
    ),
    "a watched file among code": Form(
        '["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]',
        {
            path: text.replace("/dev/stdout", "/srv/diary.txt", 1)
            for path, text in supervised(
                "python3 /srv/cook.py --file /srv/pantry.py", "inotifywait -qq -t 3 -e modify /srv/diary.txt"
            ).items()
        },
        "supervisord -n -c",
        "cut:watch/bell/pantry",
    ),
    "a plain shell": Form(
        '["/srv/start.sh"]',
        {"/srv/start.sh": START, "/srv/ring-close.sh": SIGNAL},
        "keep TERM ",
        "cut:signal/ring-close.sh/pantry.py",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_parted_works_together_and_only_so(form, build_image, stack, tmp_path):
    image = made(FORMS[form], build_image, tmp_path / "image", form)
    file = tmp_path / "docker-compose.yml"
    split(image, file, FORMS[form].run)
    text = file.read_text()
    assert "cannot be parted" in text
    whole = stack(file, any_port(tmp_path, text))
    whole.up()
    home = FORMS[form].home
    assert FORMS[form].means in " ".join(load_yaml(text)["services"][home]["command"])
    until(lambda: times(whole, home, REACHED) > 2)
    assert not times(whole, home, CLEAN), "it did once more what is done once"
    begun = time.monotonic()
    whole("stop", home)
    assert time.monotonic() - begun < 8, "it had to be killed"
    assert whole.containers(home)[0]["State"]["ExitCode"] != 137
    whole.down()

    part = tmp_path / "parted" / "docker-compose.yml"
    part.parent.mkdir()
    part.write_text(text.replace("x-splitter:\n", f"x-splitter:\n  answers:\n    {FORMS[form].bond}: part\n", 1))
    split(image, part, FORMS[form].run)
    parts = stack(part, any_port(part.parent, part.read_text()))
    assert len(parts("config", "--services").split()) == len(whole("config", "--services").split()) + 1
    parts.up()
    ringer = FORMS[form].bond.split("/")[1].replace(".sh", "")
    until(lambda: times(parts, ringer, "failed") > 2)
    assert not times(parts, ringer, REACHED)


def any_port(folder, text):
    """An override, for other tests may have the ports."""
    services = load_yaml(text)["services"]
    lines = [
        f"  {name}: {{ports: !override [{', '.join(repr(p.split(':')[-1]) for p in said['ports'])}]}}\n"
        for name, said in services.items()
        if said.get("ports")
    ]
    override = folder / "ports.yml"
    override.write_text("services:\n" + "".join(lines) if lines else "services: {}\n")
    return override


def times(stack, service, words):
    """How often a service said something; a runner may put the program's name before it."""
    return sum(line.endswith(words) for line in stack.said(service))


def split(image, file, run=False):
    splitter = Path(sys.executable).with_name("splitter")
    done = subprocess.run(
        [splitter, "split", image, "--apply", "--accept-defaults", *([] if run else ["--no-run"]), "-o", file],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def made(form, build_image, folder, tag):
    base = build_image(f"compose-splitter-test/{Path(form.base).name}", ROOT / form.base)
    for path, text in form.files.items():
        at = folder / f"root{path}"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
        at.chmod(0o755 if text.startswith("#!") else 0o644)
    (folder / "Dockerfile").write_text(
        f"ARG BASE={base}\nFROM ${{BASE}}\n{form.more}COPY root/ /\nENTRYPOINT []\nCMD {form.command}\n"
    )
    return build_image(f"{KITCHEN}-together-{tag.replace(' ', '-')}", folder, base=base)
