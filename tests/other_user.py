"""Requests to our servers from another user of this machine."""

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

# Becomes another user, sends a request, and prints the answer; with `hurry`, it disconnects
# at once. It starts as root, because other users may not be able to read the interpreter's folder.
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
    """The answer to a request from a program of the user nobody."""
    arguments = json.dumps([host, port, hurry, request])
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", _CLIENT, arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
