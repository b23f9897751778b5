"""Takes letters out of the spool and "sends" them."""

import contextlib
import pathlib
import signal
import sys
import time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
spool = pathlib.Path("/app/spool")
while True:
    for letter in sorted((spool / "in").glob("*")):
        with contextlib.suppress(FileNotFoundError):  # another mailer was faster
            letter.rename(spool / "out" / letter.name)
            print("sent", letter.name, flush=True)
    time.sleep(0.5)
