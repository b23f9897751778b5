"""Requests to TCP ports from where the servers' own clients are: from a helper on their network, or in their namespace.

The helper is the original's image with its shell waiting; it says what it is told with what the image has for it
(connect.sh). Nothing is asked from outside, for nothing is published.
"""

import time
from importlib import resources

from splitter.engine import Container, Engine
from splitter.errors import SplitterError
from splitter.verify.answers import Answer, difference, parse, request

SECONDS = 4  # for one answer
LARGEST = 4 << 20
WAIT = 0.5  # between two questions
SHELL = "/bin/sh"


class Asker:
    """Asks from any network or container of one engine; `close` removes the helpers."""

    def __init__(self, engine: Engine, image: str) -> None:
        self._engine, self._image = engine, image
        self._helpers: dict[str, Container] = {}
        self._script = resources.files("splitter.verify").joinpath("connect.sh").read_text()

    def ask(self, where: str, host: str, port: int, path: str = "/") -> Answer | None:
        """The answer, asked from `where`: a network's name or `container:ID`. None where the image has no tool."""
        command = (SHELL, "-c", self._script, "sh", host, str(port), request(path), str(SECONDS))
        said = b""
        try:
            for chunk in self._helper(where).exec(command, user="0"):
                said += chunk
                if len(said) > LARGEST:
                    break
        except SplitterError:
            return None  # no shell, or nobody's namespace any more
        first, _, rest = said.partition(b"\n")
        if first not in (b"open", b"closed"):
            return None
        return parse(rest) if first == b"open" else Answer("closed")

    def until(self, wanted: Answer, seconds: float, where: str, host: str, port: int, path: str = "/") -> Answer | None:
        """The first answer that is as it should be, or the last one when the time is over."""
        end = time.monotonic() + seconds
        while True:
            got = self.ask(where, host, port, path)
            if got is None or not difference(wanted, got) or time.monotonic() >= end:
                return got
            time.sleep(WAIT)

    def close(self) -> None:
        while self._helpers:
            self._helpers.popitem()[1].discard()

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _helper(self, where: str) -> Container:
        if where not in self._helpers:
            made = self._engine.container(
                self._image,
                entrypoint=[SHELL],
                command=["-c", "read -r end"],
                stdin_open=True,
                user="0",
                healthcheck={"test": ["NONE"]},
                host_config={"network_mode": where},
            )
            self._helpers[where] = made
            made.start()
        return self._helpers[where]
