"""Two servers that are asked for a moment only, and two that nobody asks; the client is another process."""

import os
import socket
import sys
import time

TCP, UNIX = (9000, 9001), ("/run/asked.sock", "/run/left.sock")


def listening(family, address):
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    return server


if sys.argv[1] == "serve":
    servers = [listening(socket.AF_INET, ("127.0.0.1", port)) for port in TCP]
    servers += [listening(socket.AF_UNIX, path) for path in UNIX]
    if os.fork():
        while True:
            servers[0].accept()[0].close()
    while True:
        servers[2].accept()[0].close()
time.sleep(1)
for family, address in ((socket.AF_INET, ("127.0.0.1", TCP[0])), (socket.AF_UNIX, UNIX[0])):
    with socket.socket(family) as client:
        client.connect(address)
        client.recv(1)
time.sleep(1000)
