"""What `splitter` costs with an engine: reading an image against `docker save` of it, and the parts of a whole split.

    python tests/benchmarks/image.py [IMAGE]

IMAGE is one that the engine holds; without it samples/rails-runit is built, on a stand-in where its base image cannot
be pulled. The bounds, on two cores that have nothing else to do: reading costs a tenth of `docker save`, and a split
what the image needs to come up, the quiet period, and 1.5 s.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from measure import ROOT, SPLITTER, Cost, compare, table, workplace

sys.path.insert(0, str(ROOT / "tests"))

ROUNDS, SPLITS = 5, 3
TAG = "compose-splitter-benchmark/rails-runit"
QUIET, OURS, SHARE = 2.0, 1.5, 10  # seconds, seconds, of `docker save`


def main() -> None:
    with workplace(), _image() as image:
        _reading(image)
        print()
        _splitting(image)


@contextmanager
def _image() -> Iterator[str]:
    if sys.argv[1:]:
        yield sys.argv[1]
        return
    from engine.images import build, present

    known = present(TAG)
    yield build(TAG, ROOT / "samples" / "rails-runit", base="phusion/baseimage:noble-1.0.2")
    if not known:
        subprocess.run(["docker", "rmi", TAG], stdout=subprocess.DEVNULL, check=True)


def _reading(image: str) -> None:
    save, whole = "docker save", "splitter inspect --no-run"
    costs = compare({save: ("docker", "save", image), whole: (*SPLITTER, "inspect", "--no-run", image)}, ROUNDS)
    alone = {
        f"of that, reading, {how}": Cost(
            statistics.median(_told("read", how, image)["seconds"] for _ in range(ROUNDS)), 0
        )
        for how in ("as it is by default", "through a container")
    }
    rows = [("", "wall s", "times docker save", "of its bound")]
    for name, cost in (costs | alone).items():
        times = cost.wall / costs[save].wall
        rows.append((name, f"{cost.wall:.3f}", f"{times:.3f}", "" if name == save else f"{times * SHARE:.2f}"))
    table(rows)


def _splitting(image: str) -> None:
    found = []
    for number in range(SPLITS + 1):
        began = time.perf_counter()
        told = _told("split", "", image)
        found += [(told["settled"], time.perf_counter() - began)] * bool(number)
    settled, whole = (statistics.median(each) for each in zip(*found, strict=True))
    ours = statistics.median(w - s - QUIET for s, w in found)
    table([
        ("splitter split IMAGE", "wall s", "of its bound"),
        ("the image comes up", f"{settled:.2f}", ""),
        ("the quiet period", f"{QUIET:.2f}", ""),
        ("our own part", f"{ours:.2f}", f"{ours / OURS:.2f}"),
        ("all of it", f"{whole:.2f}", f"{whole / (settled + QUIET + OURS):.2f}"),
    ])  # fmt: skip


def _told(*words: str) -> dict[str, float]:
    """What a new Python measures within splitter: see `_within`."""
    command = (sys.executable, __file__, "--within", *words)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(next(line for line in done.stderr.splitlines() if line.startswith('{"')))
    return found


def _tell(**values: float) -> None:
    print(json.dumps(values), file=sys.stderr)


def _within(what: str, how: str, image: str) -> None:
    if what == "split":
        _watched(image)
        return
    from splitter.catalogue import match
    from splitter.engine import connect
    from splitter.inspection import static
    from splitter.managers import managers
    from splitter.sources import Options, engine

    connect(), managers(), match(("nothing",))  # what every run costs, whatever it reads
    began = time.perf_counter()
    through = how == "through a container"
    read = engine.through_container(connect(), image, connect().inspect(image)) if through else None
    static.read(read or engine.read(image, Options()))
    _tell(seconds=time.perf_counter() - began)


def _watched(image: str) -> None:
    """Be the command line that splits an image, and tell how long it took to come up."""
    from splitter.__main__ import run
    from splitter.commands import watch

    merged = watch.merged

    def telling(facts, seen, *more):  # type: ignore[no-untyped-def]
        _tell(settled=seen.settled)
        return merged(facts, seen, *more)

    watch.merged = telling
    sys.argv = ["splitter", "split", image, "--settle", str(QUIET)]
    run()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--within"]:
        _within(*sys.argv[2:])
    else:
        main()
