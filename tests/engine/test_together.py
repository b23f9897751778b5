"""What cannot be parted stays in one service and goes on to work there; parted, it fails. TERM ends it at once."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from .images import ROOT
from .stack import until

KITCHEN = "compose-splitter-test/kitchen"
REACHED = "reached the pantry"
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
FORMS = {
    "supervisord": (
        {
            "/etc/supervisor/supervisord.conf": SUPERVISORD,
            "/srv/bell.sh": BELL.format(steer="supervisorctl restart pantry"),
        },
        '["supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]',
        "",
        "cut:control/bell/pantry",
    ),
    "runit": (
        {
            "/etc/service/pantry/run": RUN.format(command=PANTRY),
            "/etc/service/bell/run": RUN.format(command="/srv/bell.sh"),
            "/etc/service/cook/run": RUN.format(command=COOK),
            "/srv/bell.sh": BELL.format(steer="sv restart pantry"),
        },
        '["runsvdir", "-P", "/etc/service"]',
        "RUN apt-get update && apt-get install -y --no-install-recommends runit && rm -rf /var/lib/apt/lists/*\n",
        "cut:control/bell/pantry",
    ),
    "s6": (
        {
            "/srv/services/pantry/run": RUN.format(command=PANTRY),
            "/srv/services/bell/run": RUN.format(command="/srv/bell.sh"),
            "/srv/services/cook/run": RUN.format(command=COOK),
            "/srv/bell.sh": BELL.format(steer="s6-svc -r /srv/services/pantry"),
        },
        '["s6-svscan", "/srv/services"]',
        "RUN apt-get update && apt-get install -y --no-install-recommends s6 && rm -rf /var/lib/apt/lists/*\n",
        "cut:control/bell/pantry",
    ),
    "a plain shell": (
        {
            "/srv/start.sh": START,
            "/srv/ring-close.sh": BELL.format(steer='kill -HUP "$(cat /run/pantry.pid)"'),
        },
        '["/srv/start.sh"]',
        "",
        "cut:signal/ring-close.sh/pantry.py",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_parted_works_together_and_only_so(form, build_image, stack, tmp_path):
    files, command, more, bond = FORMS[form]
    image = made(files, command, more, build_image, tmp_path / "image", form)
    file = tmp_path / "docker-compose.yml"
    split(image, file)
    text = file.read_text()
    assert "cannot be parted" in text
    whole = stack(file, any_port(tmp_path, text))
    whole.up()
    until(lambda: sum(line == REACHED for line in whole.said("pantry")) > 2)
    begun = time.monotonic()
    whole("stop", "pantry")
    assert time.monotonic() - begun < 8, "it had to be killed"
    assert whole.containers("pantry")[0]["State"]["ExitCode"] != 137
    whole.down()

    part = tmp_path / "parted" / "docker-compose.yml"
    part.parent.mkdir()
    part.write_text(text.replace("x-splitter:\n", f"x-splitter:\n  answers:\n    {bond}: part\n", 1))
    split(image, part)
    parts = stack(part, any_port(part.parent, part.read_text()))
    assert len(parts("config", "--services").split()) == len(whole("config", "--services").split()) + 1
    parts.up()
    ringer = bond.split("/")[1].replace(".sh", "")
    until(lambda: sum(line == "failed" for line in parts.said(ringer)) > 2)
    assert REACHED not in parts.said(ringer)


def any_port(folder, text):
    """An override, for other tests may have the port."""
    front = "pantry-py-2" if "pantry-py-2:" in text else "pantry"
    override = folder / "ports.yml"
    override.write_text(f"services: {{{front}: {{ports: !override ['9000']}}}}\n")
    return override


def split(image, file):
    splitter = Path(sys.executable).with_name("splitter")
    done = subprocess.run(
        [splitter, "split", image, "--apply", "--accept-defaults", "--no-run", "-o", file],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def made(files, command, more, build_image, folder, form):
    build_image(KITCHEN, ROOT / "tests/engine/kitchen")
    for path, text in files.items():
        at = folder / f"root{path}"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
        at.chmod(0o755 if text.startswith("#!") else 0o644)
    (folder / "Dockerfile").write_text(
        f"ARG BASE={KITCHEN}\nFROM ${{BASE}}\n{more}COPY root/ /\nENTRYPOINT []\nCMD {command}\n"
    )
    return build_image(f"{KITCHEN}-together-{form.split()[-1]}", folder, base=KITCHEN)
