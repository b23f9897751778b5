"""Takes letters out of the spool and "sends" them."""

import pathlib
import signal
import sys
import time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
spool = pathlib.Path("/app/spool")
while True:
    for letter in sorted((spool / "in").glob("*")):
        (spool / "out" / letter.name).write_text(letter.read_text())
        letter.unlink()
        print("sent", letter.name, flush=True)
    time.sleep(0.5)
