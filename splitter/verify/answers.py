"""What a TCP port answers to a request, and what may be compared of it once the same question was asked several times.

Two answers are the same as far as the originals were the same to each other. A body that differs between them is
compared by its shape: every word with a digit in it counts as any other (counters, times, tokens, ids).
"""

import hashlib
import http.client
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal
from urllib.parse import urlsplit

from splitter.model.text import printable

Kind = Literal["closed", "open", "http"]
VARIES = re.compile(rb"[A-Za-z0-9_+/=.:-]*[0-9][A-Za-z0-9_+/=.:-]*")
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0")


@dataclass(frozen=True)
class Answer:
    """One answer. `kind`: nobody listens, somebody does and speaks no HTTP, or an HTTP response.

    A field of None is not to be compared.
    """

    kind: Kind | None
    status: int | None = None
    type: str | None = None
    body: str | None = None
    shape: str | None = None

    def __str__(self) -> str:
        if self.kind != "http":
            return {"closed": "nobody listens", "open": "connects"}.get(self.kind or "", "differs each time")
        said = [f"{self.status}" if self.status is not None else "any status", self.type or ""]
        return " ".join(word for word in said if word)


def request(path: str) -> str:
    """The request as it is sent. The host is one that servers which check it let through."""
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", "User-Agent: splitter", "Accept: */*", "Connection: close")
    return "\r\n".join((*lines, "", ""))


def parse(raw: bytes) -> Answer:
    """The answer in what a connection gave back."""
    if not raw.startswith(b"HTTP/"):
        return Answer("open")
    response = http.client.HTTPResponse(_Told(raw))  # type: ignore[arg-type]
    try:
        response.begin()
        try:
            body = response.read()
        except http.client.IncompleteRead as cut:
            body = cut.partial
    except (http.client.HTTPException, ValueError, OSError):
        return Answer("open")
    kind = printable(response.headers.get("Content-Type", "").strip())
    return Answer("http", response.status, kind, _hash(body), _hash(VARIES.sub(b"#", body)))


def agreed(samples: Sequence[Answer]) -> Answer:
    """The fields that all samples have in common; the others are None."""
    same = {f.name: getattr(samples[0], f.name) for f in fields(Answer)} if samples else {"kind": None}
    for sample in samples[1:]:
        same = {name: value if getattr(sample, name) == value else None for name, value in same.items()}
    return Answer(**same)


def difference(wanted: Answer, got: Answer) -> str:
    """In words, what of an answer is not as it should be; "" where nothing is."""
    if wanted.kind is not None and wanted.kind != got.kind:
        return f"{got}, not {wanted}"
    if wanted.status is not None and wanted.status != got.status:
        return f"status {got.status}, not {wanted.status}"
    if wanted.type is not None and wanted.type != got.type:
        return f"content type {got.type or 'none'}, not {wanted.type or 'none'}"
    if wanted.body is not None and wanted.body != got.body:
        return "another body"
    if wanted.shape is not None and wanted.shape != got.shape:
        return "another body, even where every word with a digit in it is left out"
    return ""


def compared(wanted: Answer) -> str:
    """In words, what of it is compared."""
    if wanted.kind != "http":
        return str(wanted)
    body = "same body" if wanted.body is not None else "same body but for numbers" if wanted.shape is not None else ""
    return ", ".join(part for part in (str(wanted), body or "the body differs each time") if part)


def urls(words: Iterable[str]) -> tuple[tuple[int, str], ...]:
    """Port and path of each URL of this container in a health check's words."""
    found: list[tuple[int, str]] = []
    for word in " ".join(words).split():
        at = word.find("http://")
        if at < 0:
            continue
        try:
            url = urlsplit(word[at:].strip("\"'();|&<>"))
            port = url.port or 80
        except ValueError:
            continue
        if f"[{url.hostname}]" in LOOPBACK or url.hostname in LOOPBACK:
            found.append((port, (url.path or "/") + (f"?{url.query}" if url.query else "")))
    return tuple(dict.fromkeys(found))


class _Told:
    """A socket that has been read to its end."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
