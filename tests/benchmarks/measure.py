"""Whole programs, timed in turns: what is compared is measured in one run, so that a busy machine slows all of it.

The compiled modules are kept in a folder of their own, made before anything is timed: what counts is an installed
splitter, and the checkout is left as it is.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPLITTER = (sys.executable, "-m", "splitter")
PASS = (sys.executable, "-c", "pass")


@dataclass(frozen=True)
class Cost:
    """Seconds: on the clock, and of processor time with all that the program started."""

    wall: float
    cpu: float


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for what is made, gone in the end; programs that are started keep their compiled modules there."""
    folder = Path(tempfile.mkdtemp(prefix="splitter-benchmark-"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def once(command: Sequence[str]) -> Cost:
    """What one run costs. A failure ends the benchmark with what the program said."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} exited {done.returncode}\n{said.read().decode(errors='replace')}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def compare(cases: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Cost]:
    """The median costs of each case after one run that does not count, the cases taking turns."""
    costs: dict[str, list[Cost]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, command in cases.items():
            cost = once(command)
            costs[name] += [cost] * bool(number)
    return {
        name: Cost(statistics.median(c.wall for c in all_), statistics.median(c.cpu for c in all_))
        for name, all_ in costs.items()
    }


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the first one to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join((row[0].ljust(len(first)), *rest)))
