"""`splitter` and `python -m splitter`."""

import gc
import sys


def run() -> None:
    """The program's entry: what goes out is UTF-8 whatever the locale says."""
    from splitter.cli import main

    # What a command makes it keeps to its end: to look for garbage among it as often as usual is a tenth of its time.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
