"""What the reader asks of the outside: files, the user, and the bounds it keeps."""

from collections.abc import Sequence
from typing import Protocol

MAX_CALLS = 3000
MAX_STEPS = 30_000  # statements read, loops and functions counted as often as they are entered
MAX_ROUNDS = 256  # of one loop
MAX_FRAMES = 24  # functions and sourced files within one another
MAX_WITHIN = 3  # of these, one function within itself: each may call itself from many arms


class Files(Protocol):
    """The tree the script runs in; `model.image.Image` is one. `complete`: what it lacks is not there."""

    @property
    def complete(self) -> bool: ...

    def read(self, path: str) -> object: ...

    def is_file(self, path: str) -> bool: ...

    def is_dir(self, path: str) -> bool: ...

    def which(self, program: str) -> str | None: ...

    def glob(self, pattern: str) -> Sequence[str]: ...


class NoFiles:
    """Nothing is known of the tree."""

    complete = False

    def read(self, path: str) -> object:
        return None

    def is_file(self, path: str) -> bool:
        return False

    def is_dir(self, path: str) -> bool:
        return False

    def which(self, program: str) -> str | None:
        return None

    def glob(self, pattern: str) -> Sequence[str]:
        return ()
