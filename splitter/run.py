"""This run of the program: a name that tells later whether it is over, and an end that lets it clean up."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType


@cache
def owner() -> str:
    """This run, so that a later one on the same machine can tell whether it is over: host, pid, when it started."""
    return f"{socket.gethostname()} {os.getpid()} {_started(os.getpid())}"


def left_over(label: str) -> bool:
    words = label.split(" ")
    if len(words) != 3 or words[0] != socket.gethostname() or not words[1].isdigit():
        return False
    return _started(int(words[1])) != words[2]


def _started(pid: int) -> str:
    """When a process started, with the boot it belongs to; "" where there is none (proc_pid_stat(5))."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        return boot + "." + Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)  # no /proc: macOS
    except OSError:
        return "-"
    return "?"


def end_by_exception() -> None:
    """Make TERM and HUP unwind the stack, so that they clean up as Ctrl-C does."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, leave)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """No signal that ends the program gets in here; what came meanwhile is obeyed afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
    before = {n: signal.signal(n, lambda number, _: came.append(number)) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)
