"""Both ends of a command inside a container: what is sent to its stdin, what it prints, and never a wait without end.

The engine sends the output in frames of eight bytes (stream, three zeros, length) and the data (Docker Engine API,
"Attach to a container"). Which kind of socket carries them depends on the way to the engine.
"""

import contextlib
import struct
import time
from typing import Any

STDOUT = 1


class Closed(Exception):
    """The other side is gone, or says more, or takes longer, than it may."""


class Late(Closed):
    """The other side has said nothing in time."""


class Wire:
    def __init__(self, socket: Any) -> None:
        self._kept = socket  # with it goes the response, and with that the connection
        self._socket = getattr(socket, "_sock", socket)
        self._raw = b""
        self._text = b""

    def send(self, data: bytes) -> None:
        """Raises Closed."""
        try:
            self._socket.settimeout(10)
            getattr(self._socket, "sendall", self._socket.send)(data)
        except (OSError, ValueError) as error:
            raise Closed(str(error)) from None

    def until(self, end: bytes, seconds: float, limit: int) -> bytes:
        """What came on stdout before `end`. Raises Closed: hung up, `limit` bytes, or `seconds` over."""
        deadline = time.monotonic() + seconds
        at = 0
        while (found := self._text.find(end, at)) < 0:
            at = max(0, len(self._text) - len(end))
            if len(self._text) > limit:
                raise Closed("too much output")
            self._more(deadline)
        answer, self._text = self._text[:found], self._text[found + len(end) :]
        return answer

    def close(self) -> None:
        for each in (getattr(self._kept, "_response", self._kept), self._socket, self._kept):
            with contextlib.suppress(OSError, ValueError):
                each.close()

    def _more(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late("no answer in time")
        try:
            self._socket.settimeout(left)
            data = self._socket.recv(1 << 16)
        except TimeoutError:
            raise Late("no answer in time") from None
        except (OSError, ValueError) as error:
            raise Closed(str(error)) from None
        if not data:
            raise Closed("hung up")
        self._raw += data
        while len(self._raw) >= 8:
            stream, size = struct.unpack(">BxxxL", self._raw[:8])
            if len(self._raw) < 8 + size:
                break
            if stream == STDOUT:
                self._text += self._raw[8 : 8 + size]
            self._raw = self._raw[8 + size :]
