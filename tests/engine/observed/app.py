"""A small application: a server, a server on a unix socket, a worker that talks to the first, a job of a second."""

import contextlib
import os
import socket
import subprocess
import sys
import time


def server(family, address):
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen()
    os.fork()  # a pool of two
    kept = []
    while True:
        kept.append(listener.accept())


def worker():
    link = None
    while link is None:
        try:
            link = socket.create_connection(("127.0.0.1", 8000))
        except OSError:
            time.sleep(0.05)
    with open("data/out.txt", "a") as out:
        out.write("working\n")
        out.flush()
        time.sleep(1000)


def restless():
    for number in range(10_000):
        subprocess.Popen(["/bin/sleep", str(1000 + number)], executable="/bin/sleep")
        listener = socket.create_server(("127.0.0.1", 2000 + number))
        globals()[f"kept{number}"] = listener
        time.sleep(0.3)


def storm():
    while True:
        with contextlib.suppress(OSError):
            os.fork()


def escape():
    """Try the internet, a name server, and the host of the engine at the network's own address."""
    own = socket.gethostbyname(socket.gethostname())
    for host, port in (("1.1.1.1", 53), (own.rpartition(".")[0] + ".1", int(os.environ["PORT"]))):
        try:
            socket.create_connection((host, port), 2)
            print("out to", host, flush=True)
        except OSError as error:
            print("stopped:", error, flush=True)
    try:
        print("resolved", socket.gethostbyname("example.com"))
    except OSError as error:
        print("stopped:", error)


what = sys.argv[1]
if what == "web":
    server(socket.AF_INET, ("127.0.0.1", 8000))
elif what == "sock":
    server(socket.AF_UNIX, "/run/app.sock")
elif what == "worker":
    worker()
elif what == "restless":
    restless()
elif what == "escape":
    escape()
elif what == "storm":
    storm()
elif what == "migrate":
    time.sleep(1)
    open("data/migrated", "w").close()
