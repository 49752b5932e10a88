"""An environment whose interpreter runs a small program in place of LocalStack."""

from __future__ import annotations

import sys
from pathlib import Path

from localstack_embedded import environment

ANSWERING = """
import http.server, json, os, signal, socket, sys

class HealthEndpoint(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
        if self.path == "/_localstack/health":
            content = json.dumps({"version": "4.9.2", "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        status, content = 200, {"failed": {}, "not_reset": {}}
        if self.headers["X-Amz-Security-Token"] != os.environ["GATEWAY_ACCESS_KEY"]:
            status, content = 403, "no key"
        elif self.path == "/_localstack/state/reset?account=111111111111":
            content["not_reset"]["ses"] = "messages"
        elif self.path == "/_localstack/state/reset?account=222222222222":
            status, content = 500, {"failed": {"sqs": "KeyError: 'q'"}, "not_reset": {}}
        content = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass

def serve():
    assert os.path.isdir(os.environ["FILESYSTEM_ROOT"]), "seen from the folder it runs in"
    server = http.server.HTTPServer(("", 0), HealthEndpoint, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(os.environ["GATEWAY_SOCKET"]))
    server.serve_forever()
"""


def make_environment(home: Path, program: str) -> Path:
    """A home with an environment that counts as complete and runs `program` as LocalStack."""
    python = home / "localstack" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # Its programs need the standard library only, and start sooner without what is installed.
    python.write_text(f"#!{sys.executable} -S\n{ANSWERING}\n{program}\n")
    python.chmod(0o755)
    (home / "stamp").write_text(environment._stamp(home))
    return home
