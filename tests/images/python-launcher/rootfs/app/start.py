#!/usr/bin/env python3
"""Start everything, and stop when one thing ends."""
import os
import signal
import subprocess
import sys
from pathlib import Path

from helpers import spawn, wait_all

BASE = Path(__file__).parent
QUEUES = ["mail", "images"]


def migrate():
    subprocess.check_call([sys.executable, "manage.py", "migrate", "--noinput"], cwd=BASE)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    migrate()
    spawn(["gunicorn", "-b", f"0.0.0.0:{os.environ.get('PORT', '5000')}", "shop.wsgi"])
    for queue in QUEUES:
        spawn(["celery", "-A", "shop", "worker", "-Q", queue], env={**os.environ, "QUEUE": queue})
    if os.environ.get("ENABLE_BEAT", "1") == "1":
        spawn(["celery", "-A", "shop", "beat"])
    if os.environ.get("ENABLE_METRICS") == "1":
        spawn(["metrics", "--port", "9100"], cwd="/srv/metrics")
    spawn(command_for(os.uname()))
    wait_all()


if __name__ == "__main__":
    main()
