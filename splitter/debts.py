"""What is made for a moment and must be gone in the end, with how each is removed.

The end comes once: what is being made then is waited for, and nothing is made after it. All of it may be used by
several threads; a signal that ends the program never gets between a removal and its being noted.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from splitter.aside import Aside
from splitter.errors import SplitterError
from splitter.run import undisturbed

PATIENCE = 15.0  # seconds for what is still being made when the program ends


class Debts:
    def __init__(self) -> None:
        self._owed: dict[str, Callable[[], None]] = {}
        self._making = 0
        self._over = False
        self._changed = threading.Condition()
        self._asides: list[Aside[None]] = []
        self._closing = threading.Event()

    @contextlib.contextmanager
    def making(self, name: str, remove: Callable[[], None]) -> Iterator[None]:
        """Something is made in the body; where that fails it is removed, for nobody knows how far it got."""
        with self._changed:
            if self._over:
                raise SplitterError("the program is at its end")
            self._making += 1
        try:
            self._owed[name] = remove
            yield
        except BaseException as error:
            if not isinstance(error, Exception):
                time.sleep(0.5)  # it may still be on its way, though nobody waits for it any more
            self.pay(name)
            raise
        finally:
            with self._changed:
                self._making -= 1
                self._changed.notify_all()

    def owe(self, name: str, remove: Callable[[], None]) -> None:
        """Something was made."""
        self._owed[name] = remove

    def pay(self, *names: str) -> None:
        """Remove these now, in their order."""
        with undisturbed():
            for name in names:
                self._owed.pop(name, lambda: None)()

    def later(self, *names: str) -> None:
        """Remove these in their order while the program goes on; `close` waits for it."""
        self.aside(lambda: self.pay(*names))

    def aside(self, work: Callable[[], None], seconds: float = 0.0) -> None:
        """Anything that `close` is to wait for, begun so much later, or when the end comes."""

        def do() -> None:
            self._closing.wait(seconds)
            work()

        self._asides.append(Aside(do))

    def close(self, *, for_good: bool = False) -> None:
        """Remove all that is left."""
        with undisturbed():
            with self._changed:
                self._over = for_good
                self._changed.wait_for(lambda: not self._making, PATIENCE)
            self._closing.set()
            while self._asides:
                self._asides.pop().wait(PATIENCE)
            while self._owed:
                self._owed.popitem()[1]()
