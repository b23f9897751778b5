"""`splitter` and `python -m splitter`."""

import atexit
import contextlib
import gc
import os
import sys


def run() -> None:
    """The program's entry: what goes out is UTF-8 whatever the locale says."""
    from splitter.cli import main

    # What a command makes it keeps to its end: to look for garbage among it as often as usual is a tenth of its time,
    # and to take it apart in the end another. What was registered first is called last, when all else is done.
    gc.set_threshold(100_000, 20, 20)
    ended = [1]
    atexit.register(_leave, ended)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    ended[0] = main(sys.argv[1:])
    sys.exit(ended[0])


def _leave(ended: list[int]) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(ended[0])


if __name__ == "__main__":
    run()
