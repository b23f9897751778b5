"""A cook whose address no reading of this file finds: only a run shows it. It keeps its connection."""

import http.client
import socket
import sys
import time

ADDRESS = bytes([49, 50, 55, 46, 48, 46, 48, 46, 49]).decode()
PLACE = bytes([47, 114, 117, 110, 47, 112, 97, 110, 116, 114, 121, 47, 119, 105, 100, 101]).decode()


def by_tcp():
    connection = http.client.HTTPConnection(ADDRESS, 4500 * 2, timeout=2)
    while True:
        connection.request("GET", "/")
        yield connection.getresponse().read()


def by_hatch():
    with socket.socket(socket.AF_UNIX) as hatch:
        hatch.connect(PLACE)
        while True:
            hatch.sendall(b"?")
            yield hatch.recv(5)


while True:
    try:
        for got in by_hatch() if "--hatch" in sys.argv else by_tcp():
            print("reached" if got == b"flour" else "failed", flush=True)
            time.sleep(0.2)
    except (OSError, http.client.HTTPException) as error:
        print("failed", error, flush=True)
    time.sleep(0.2)
