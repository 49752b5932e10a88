"""Another user of this machine, who asks our servers for what is not theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

as_root = pytest.mark.skipif(
    os.getuid() != 0 or sys.platform != "linux",
    reason="only root can start another user's program, and only Linux shows whose it is",
)

# Becomes another user, sends a request and prints the answer; with `hurry`, it closes its end
# before anybody looks. It starts as root, since the interpreter may lie where others may not go.
_CLIENT = """
import encodings.idna, json, os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
host, port, hurry, request = json.loads(sys.argv[1])
connection = socket.create_connection((host, port), 30)
connection.sendall(request.encode())
while not hurry and (data := connection.recv(65536)):
    sys.stdout.write(data.decode("latin-1"))
"""


def answer_to_another_user(request: str, host: str, port: int, *, hurry: bool = False) -> str:
    """What nobody's program, which the request is sent by, is answered."""
    arguments = json.dumps([host, port, hurry, request])
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", _CLIENT, arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
