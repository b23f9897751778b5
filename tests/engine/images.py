"""Base images for engine tests: what the engine has, else what can be pulled, else a stand-in from Debian's packages.

A stand-in is a folder of standins/ and answers to the official tag, so that a compose file needs no change for a test.
"""

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LABEL = "org.compose-splitter.test=1"
DEBIAN = "debian:bookworm-slim"
STANDINS = {
    "phusion/baseimage:noble-1.0.2": "my_init",
    "redis:7": "redis",
    "redis:7.0": "redis",
    "postgres:15": "postgres",
    "mariadb:10.11": "mariadb",
    "memcached:1.6": "memcached",
}


def docker(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    """Run docker; a failure raises with what it printed."""
    done = subprocess.run(["docker", *args], capture_output=True, text=True, **kwargs)  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(args)} exited {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def present(tag: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", tag], capture_output=True).returncode == 0


def ensure(tag: str) -> str:
    """The tag, once the engine holds it."""
    with _alone():
        _ensure(tag)
    return tag


def build(
    tag: str, context: Path, *, base: str = DEBIAN, target: str | None = None, dockerfile: str | None = None
) -> str:
    """The tag, built from a folder on a base image of these tests, and forgotten at the end of the run."""
    with _alone():
        _ensure(base)
        _build(tag, context, base, [*_flag("--target", target), *_flag("-f", dockerfile)])
    return tag


def _ensure(tag: str) -> None:
    if present(tag) or _pull(tag):
        return
    if tag == DEBIAN:
        subprocess.run([HERE.parent / "setup" / "debian-image", tag], check=True)
        _made(tag)
    elif tag not in STANDINS:
        raise RuntimeError(f"{tag} cannot be pulled, and nothing stands in for it")
    else:
        _ensure(DEBIAN)
        _build(tag, HERE / "standins" / STANDINS[tag], DEBIAN, [])


def _pull(tag: str) -> bool:
    try:
        done = subprocess.run(["docker", "pull", "-q", tag], capture_output=True, timeout=_patience())
    except subprocess.TimeoutExpired:
        return False
    if done.returncode == 0:
        _made(tag)
    return done.returncode == 0


def _patience() -> int:
    return int(os.environ.get("SPLITTER_PULL_TIMEOUT", "60"))


def _build(tag: str, context: Path, base: str, more: list[str]) -> None:
    known = present(tag)
    docker(
        "build", "-q", "-t", tag, "--label", LABEL, "--build-arg", f"BASE={base}", *more, str(context), env=_classic()
    )
    if not known:
        _made(tag)


def _classic() -> dict[str, str]:
    # The engine's own builder: its cache goes when the image goes, and it needs no plugin.
    return {**os.environ, "DOCKER_BUILDKIT": "0"}


def _flag(name: str, value: str | None) -> list[str]:
    return [name, value] if value else []


def _made(tag: str) -> None:
    listed = os.environ.get("SPLITTER_MADE_IMAGES")
    if listed:
        with open(listed, "a") as file:
            file.write(f"{tag}\n")


@contextmanager
def _alone() -> Iterator[None]:
    """One builder at a time on this machine, whatever the checkout."""
    with open(Path(tempfile.gettempdir()) / f"compose-splitter-images-{os.getuid()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
