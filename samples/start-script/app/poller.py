"""Writes what the status page shows, every few seconds."""

import argparse
import pathlib
import signal
import sys
import time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
parser = argparse.ArgumentParser()
parser.add_argument("--every", type=float, default=5)
every = parser.parse_args().every
count = 0
while True:
    count += 1
    pathlib.Path("/app/spool/polled.txt").write_text(f"polled {count} times\n")
    time.sleep(every)
