"""Work that is done beside something that waits: in a thread of its own, its outcome asked for later.

What waits is served first: it asks and answers many small things, and each time would stand in line behind the work.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

STACK = 64 << 20  # of a thread: what reads deep texts has less room by default than in the main thread
TURN = 0.0005  # seconds until one thread gives way to another; Python's own 0.005 is felt in every answer of an engine
PATIENCE = 5.0  # for work that nobody wants any more


class Aside(Generic[T]):
    """The outcome of `work`, which is begun at once."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._found: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._do, args=(work,), daemon=True)
        before = threading.stack_size(STACK)
        try:
            self._thread.start()
        finally:
            threading.stack_size(before)

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> T:
        """What the work gave, once it is over. Raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]

    def wait(self, seconds: float) -> None:
        """Until it is over, or so long."""
        self._thread.join(seconds)

    def _do(self, work: Callable[[], T]) -> None:
        try:
            self._found.append(work())
        except Exception as error:
            self._error = error


@contextlib.contextmanager
def aside(work: Callable[[], T]) -> Iterator[Aside[T]]:
    """Work that goes on while the body runs. Where that ends by an error, the work is given a moment to end too."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        doing = Aside(work)
        try:
            yield doing
        except BaseException:
            doing.wait(PATIENCE)
            raise
    finally:
        sys.setswitchinterval(before)
