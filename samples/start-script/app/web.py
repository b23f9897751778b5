"""The status page: what was polled, and a form that puts a letter in the spool."""

import argparse
import http.server
import pathlib
import signal
import sys
import uuid

SPOOL = pathlib.Path("/app/spool")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        polled = SPOOL / "polled.txt"
        sent = sorted(p.read_text() for p in (SPOOL / "out").glob("*"))
        self.answer(200, (polled.read_text() if polled.exists() else "nothing yet\n") + "".join(f"sent {s}\n" for s in sent))

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        (SPOOL / "in" / uuid.uuid4().hex).write_text(text)
        self.answer(202, "queued\n")

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("0.0.0.0", parser.parse_args().port), Handler).serve_forever()
