"""What a user of each sample does at its front door; it raises where something does not work, and never just sleeps.

`work` is what answers in seconds: pages, queues, uploads. `scheduled` waits for what cron starts.
"""

import base64
import itertools
import json
import os
import socket
import struct
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .images import DEBIAN, ROOT
from .stack import until

NUMBERS = itertools.count(1)
MINUTE = 80  # until cron's next minute, and a little for what it starts


def get(url: str) -> str:
    return fetch(url).decode()


def fetch(url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """The body of a good answer, redirects followed; anything else raises."""
    with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}), timeout=10) as answer:
        body: bytes = answer.read()
        return body


def form(url: str, **fields: str) -> str:
    return fetch(url, urllib.parse.urlencode(fields).encode()).decode()


def upload(url: str, name: str, content: bytes, **fields: str) -> str:
    """A form with a file in it (RFC 7578)."""
    edge = "compose-splitter-edge"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    parts.append(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'.encode() + content
    )
    body = b"".join(parts) + f"\r\n--{edge}--\r\n".encode()
    return fetch(url, body, {"Content-Type": f"multipart/form-data; boundary={edge}"}).decode()


def said_back(url: str, text: str) -> str:
    """What a websocket server says first after this text was said to it (RFC 6455; short texts only)."""
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection, connection.makefile("rb") as lines:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = lines.readline()
        assert b" 101 " in status, status
        while lines.readline().strip():
            pass
        mask, payload = os.urandom(4), text.encode()
        hidden = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        connection.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + hidden)
        first, length = lines.read(2)
        assert first == 0x81, first
        return lines.read(length).decode()


def picture(width: int, height: int) -> bytes:
    """A grey PNG of this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def width_of(png: bytes) -> int:
    assert png.startswith(b"\x89PNG"), png[:20]
    width: int = struct.unpack(">I", png[16:20])[0]
    return width


def rails(url: str) -> None:
    """sidekiq writes the receipt that the web hands out, delayed_job tells the shop, clockwork writes its tick."""
    until(lambda: get(f"{url}/up").startswith("Corner Shop has"))
    order = json.loads(form(f"{url}/orders", item="tea", price="3.20"))

    def done() -> dict[str, str] | None:
        seen: dict[str, str] = json.loads(get(f"{url}/orders/{order['id']}"))
        return seen if seen["receipt"] and seen["told_at"] else None

    assert get(url + until(done)["receipt"]) == "Corner Shop: tea, 3.2 EUR\n"
    until(lambda: int(get(f"{url}/uploads/tick.txt").split()[1]) >= order["id"])


def rails_cron(url: str, saw_environment: bool) -> None:
    """cron leaves a heartbeat with the name that the container's environment gives the shop."""
    beat = until(lambda: get(f"{url}/uploads/heartbeat.txt"), MINUTE)
    assert beat.strip().endswith("Corner Shop" if saw_environment else "a shop without a name"), beat


def django(url: str) -> None:
    """celery writes the receipt that gunicorn hands out, beat takes stock, the static files are collected."""
    assert until(lambda: get(f"{url}/health")) == "ok\n"
    assert "serif" in get(f"{url}/static/shop.css")
    number = json.loads(form(f"{url}/", item="tea"))["id"]
    taken = json.loads(get(f"{url}/"))["stock_takings"]

    def order() -> dict[str, str] | None:
        orders = json.loads(get(f"{url}/"))["orders"]
        return next(each for each in orders if each["id"] == number and each["receipt"])

    assert get(f"{url}/media/{until(order)['receipt']}") == "tea, paid\n"
    until(lambda: json.loads(get(f"{url}/"))["stock_takings"] > taken)


def node(url: str) -> None:
    """The page comes through nginx; what is said on the websocket comes back, and the archiver puts it away."""
    until(lambda: "A chat" in get(url))
    text = f"hello {next(NUMBERS)}"
    assert until(lambda: said_back(f"{url}/socket", text)) == text
    until(lambda: text in get(f"{url}/archive").splitlines())


def php(url: str) -> None:
    """nginx asks php-fpm; a resizer makes the small copy of an uploaded picture, which nginx hands out."""
    assert until(lambda: get(f"{url}/health")) == "ok\n"
    text = f"greetings {next(NUMBERS)}"
    upload(f"{url}/", "picture", picture(64, 64), text=text)

    def resized() -> list[str] | None:
        line = next(each for each in get(f"{url}/").splitlines() if text in each)
        words = [word for word in line.split() if word.startswith("/uploads/")]
        return words if len(words) == 2 else None

    large, small = until(resized)
    assert (width_of(fetch(url + large)), width_of(fetch(url + small))) == (64, 32)


def php_cron(url: str, saw_environment: bool) -> None:
    """cron writes the digest; without the container's environment it finds no database."""
    if saw_environment:
        until(lambda: get(f"{url}/").splitlines()[1].startswith("A guestbook: "), MINUTE)


def start_script(url: str) -> None:
    """The mailer takes the letter that the web server spooled, and the page shows what the poller counts."""
    until(lambda: get(url))
    text = f"letter {next(NUMBERS)}"
    fetch(url, text.encode())
    until(lambda: f"sent {text}" in get(url).splitlines())
    polled = get(url).splitlines()[0]
    until(lambda: get(url).splitlines()[0].startswith("polled ") and get(url).splitlines()[0] != polled)


@dataclass(frozen=True)
class Sample:
    """A folder of samples/ with what its tests know of it.

    programs   words of the command line of each long-running program, by what to call it
    front      the program whose service publishes the port
    worker     a program that scales
    migrates   whether something runs once before the rest
    managers   programs that a split needs no more
    """

    name: str
    port: int
    programs: dict[str, str]
    front: str
    worker: str
    work: Callable[[str], None]
    scheduled: Callable[[str, bool], None] | None = None
    base: str = DEBIAN
    migrates: bool = True
    page: str = "/"
    managers: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return ROOT / "samples" / self.name

    @property
    def tag(self) -> str:
        return f"compose-splitter-test/{self.name}"


SAMPLES = (
    Sample(
        "rails-runit",
        3000,
        {"web": "puma", "sidekiq": "sidekiq", "delayed_job": "jobs:work", "clockwork": "clockwork", "cron": "cron -f",
         "redis": "redis-server"},
        "web",
        "sidekiq",
        rails,
        rails_cron,
        base="phusion/baseimage:noble-1.0.2",
        page="/up",
        managers=("my_init", "runsvdir", "runsv", "sshd", "syslog-ng"),
    ),
    Sample(
        "django-s6",
        8000,
        {"web": "gunicorn", "worker": "worker --loglevel", "beat": "beat --loglevel", "redis": "redis-server",
         "postgres": "postgres"},
        "web",
        "worker",
        django,
        managers=("s6-svscan", "s6-supervise"),
    ),
    Sample(
        "node-pm2",
        80,
        {"nginx": "nginx", "web": "web.js", "socket": "socket.js", "archiver": "archiver.js"},
        "nginx",
        "archiver",
        node,
        migrates=False,
        managers=("pm2-runtime", "pm2"),
    ),
    Sample(
        "php-supervisord",
        80,
        {"nginx": "nginx", "php-fpm": "php-fpm", "resizer": "resizer.php", "cron": "cron -f"},
        "nginx",
        "resizer",
        php,
        php_cron,
        managers=("supervisord",),
    ),
    Sample(
        "start-script",
        8000,
        {"web": "web.py", "poller": "poller.py", "mailer": "mailer.py"},
        "web",
        "mailer",
        start_script,
        migrates=False,
        managers=("start.sh",),
    ),
)  # fmt: skip
