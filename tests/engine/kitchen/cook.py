"""Asks for flour again and again, and says "reached" or "failed" each time."""

import argparse
import mmap
import os
import pathlib
import socket
import time
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--ask", default=os.environ.get("PANTRY_URL", "http://127.0.0.1:9000"))
parser.add_argument("--unix")
parser.add_argument("--file")
parser.add_argument("--memory")
args = parser.parse_args()


def flour() -> bytes:
    if args.unix:
        with socket.socket(socket.AF_UNIX) as hatch:
            hatch.connect(args.unix)
            return hatch.recv(5)
    if args.file:
        return pathlib.Path(args.file).read_bytes()
    if args.memory:
        with (
            open(f"/dev/shm/{args.memory}", "rb") as shelf,
            mmap.mmap(shelf.fileno(), 5, prot=mmap.PROT_READ) as memory,
        ):
            time.sleep(1)  # long enough to be seen
            return memory[:5]
    with urllib.request.urlopen(args.ask, timeout=2) as answer:
        return answer.read()


while True:
    try:
        print("reached" if flour() == b"flour" else "failed", flush=True)
    except OSError as error:
        print("failed", error, flush=True)
    time.sleep(0.2)
