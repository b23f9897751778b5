"""A Compose project for one test: brought up, asked, taken down."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from .images import ROOT

T = TypeVar("T")


class Stack:
    """`docker compose` on these files under a project name made from the checkout and the test's name."""

    def __init__(self, files: Sequence[Path], name: str) -> None:
        self.project = "splittertest-" + hashlib.sha256(f"{ROOT} {name}".encode()).hexdigest()[:12]
        self.files = files

    def __call__(self, *args: str, check: bool = True, input: str | None = None, timeout: float = 300) -> str:
        """What `docker compose ARGS` printed on stdout; a failure raises with the last that it printed."""
        files = [part for file in self.files for part in ("-f", str(file))]
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, "--progress", "plain", *files, *args],
            capture_output=True,
            text=True,
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            timeout=timeout,
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )
        if check and done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
            raise AssertionError(f"docker compose {' '.join(args)} exited {done.returncode}; its last lines:\n{last}")
        return done.stdout

    def up(self, *args: str) -> None:
        self("up", "-d", "--wait", *args)

    def run_in(self, service: str, *command: str, check: bool = True, index: int = 1) -> str:
        return self("exec", "-T", "--index", str(index), service, *command, check=check)

    def containers(self, *services: str) -> list[dict[str, object]]:
        """`docker inspect` of every container, exited ones too, by creation."""
        ids = self("ps", "-aq", *services).split()
        if not ids:
            return []
        done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True)
        found: list[dict[str, object]] = json.loads(done.stdout)
        return sorted(found, key=lambda each: str(each["Created"]))

    def url(self, service: str, port: int) -> str:
        """Where a service that publishes this port on a free host port is reached."""
        return f"http://{self('port', service, str(port)).strip().replace('0.0.0.0', '127.0.0.1')}"

    def said(self, service: str) -> list[str]:
        """The lines that a service logged; Compose clears a line before each, even where there is no terminal."""
        return self("logs", "--no-log-prefix", service).replace("\x1b[2K", "").splitlines()

    def logs(self) -> str:
        return self("logs", "--no-color", "--timestamps", "--tail", "200", check=False) + self("ps", "-a", check=False)

    def down(self) -> None:
        self("down", "-v", "--remove-orphans", "--timeout", "0", check=False)


def until(what: Callable[[], T], seconds: float = 30) -> T:
    """The first true value; what it raised or gave last, as a failure, when the time is over."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = what()
            if value or time.monotonic() > end:
                assert value, f"still {value!r} after {seconds} s"
                return value
        except Exception:
            if time.monotonic() > end:
                raise
        time.sleep(0.3)
