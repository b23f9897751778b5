"""Offers "flour" in one way: over TCP, on a unix socket, in a file, or in shared memory."""

import argparse
import ctypes
import http.server
import os
import pathlib
import signal
import socketserver
import sys
import time
from multiprocessing import resource_tracker, shared_memory


class Shelf(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"flour")

    def log_message(self, *_):
        pass


class Open(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(1):
            self.request.sendall(b"flour")


class Hatch(socketserver.UnixStreamServer):
    def finish_request(self, request, _):
        request.sendall(b"flour")


parser = argparse.ArgumentParser()
parser.add_argument("--bind", default=f"{os.environ.get('HOST', '0.0.0.0')}:9000")
parser.add_argument("--unix")
parser.add_argument("--file")
parser.add_argument("--diary")
parser.add_argument("--memory")
parser.add_argument("--sysv", type=int)
parser.add_argument("--hatch", action="store_true")
parser.add_argument("--pid")
args = parser.parse_args()
print("the pantry opens", flush=True)
if args.unix:
    Hatch(args.unix, None).serve_forever()
elif args.file:
    while True:
        pathlib.Path(args.file).write_text("flour")
        time.sleep(0.2)
elif args.diary:
    with open(args.diary, "a", buffering=1) as diary:
        while True:
            print("flour", file=diary)
            time.sleep(0.2)
elif args.memory:
    memory = shared_memory.SharedMemory(args.memory, create=True, size=5)
    resource_tracker.unregister(f"/{args.memory}", "shared_memory")
    memory.buf[:5] = b"flour"
    while True:
        time.sleep(60)
elif args.sysv:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    shelf = libc.shmget(args.sysv, 5, 0o1600)  # IPC_CREAT
    ctypes.memmove(libc.shmat(shelf, None, 0), b"flour", 5)
    while True:
        time.sleep(60)
elif args.hatch:
    # A path that no reading of this file finds.
    place = bytes([47, 114, 117, 110, 47, 112, 97, 110, 116, 114, 121, 47, 119, 105, 100, 101]).decode()
    pathlib.Path(place).unlink(missing_ok=True)
    socketserver.ThreadingUnixStreamServer(place, Open).serve_forever()
elif args.pid:
    signal.signal(signal.SIGHUP, lambda *_: None)
    pathlib.Path(args.pid).write_text(str(os.getpid()))
    while True:
        time.sleep(60)
else:
    host, _, port = args.bind.rpartition(":")
    http.server.ThreadingHTTPServer((host, int(port)), Shelf).serve_forever()
sys.exit(1)
