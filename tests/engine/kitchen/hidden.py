"""A cook whose address no reading of this file finds: only a run shows it. It keeps its connection."""

import http.client
import time

ADDRESS = bytes([49, 50, 55, 46, 48, 46, 48, 46, 49]).decode()

connection = http.client.HTTPConnection(ADDRESS, 4500 * 2, timeout=2)
while True:
    try:
        connection.request("GET", "/")
        print("reached" if connection.getresponse().read() == b"flour" else "failed", flush=True)
    except (OSError, http.client.HTTPException) as error:
        print("failed", error, flush=True)
        connection.close()
    time.sleep(0.2)
