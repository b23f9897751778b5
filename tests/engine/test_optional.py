"""What is off by default: the others go on without it, and find it where it was once its profile is on."""

import subprocess
import sys
from pathlib import Path

from .images import ROOT
from .stack import until
from .test_cuts import KITCHEN, SUPERVISORD


def test_a_server_behind_a_profile_is_found_by_its_client_when_it_is_started(build_image, stack, tmp_path):
    build_image(KITCHEN, ROOT / "tests/engine/kitchen")
    folder = tmp_path / "image"
    (folder / "root/etc/supervisor").mkdir(parents=True)
    text = SUPERVISORD.format(pantry="--bind 127.0.0.1:9000", cook="python3 /srv/cook.py --ask http://127.0.0.1:9000")
    off = text.replace("[program:pantry]", "[program:pantry]\nautostart=false")
    (folder / "root/etc/supervisor/supervisord.conf").write_text(off)
    (folder / "Dockerfile").write_text(f"ARG BASE={KITCHEN}\nFROM ${{BASE}}\nCOPY root/ /\n")
    image = build_image(f"{KITCHEN}-optional", folder, base=KITCHEN)
    file = tmp_path / "docker-compose.yml"
    splitter = Path(sys.executable).with_name("splitter")
    done = subprocess.run([splitter, "split", image, "--no-run", "--apply", "-o", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

    split = stack(file)
    split.up()
    until(lambda: any(line.startswith("failed") for line in split.said("cook")))
    assert [c["Config"]["Labels"]["com.docker.compose.service"] for c in split.containers()] == ["cook"]
    split("--profile", "pantry", "up", "-d", "--wait")
    until(lambda: any(line.startswith("reached") for line in split.said("cook")))
    split("--profile", "pantry", "down", "-v", "--timeout", "0")
