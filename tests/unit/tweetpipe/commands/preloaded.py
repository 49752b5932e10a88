"""Loads what a command spends most of its start on: imports, and boto3's models.

Imported by the process from which tests fork commands.
"""

from __future__ import annotations

import socket
from importlib import import_module

from tests.conftest import let_sessions_share
from tweetpipe.aws.place import local_place

let_sessions_share()
# Typer imports its parser only when it parses a command line.
import_module("typer._adapters")
for _name in ("__main__", "commands.watch", "dashboard.app", "dashboard.server"):
    import_module(f"tweetpipe.{_name}")
with socket.create_server(("127.0.0.1", 0)) as _listening:
    _url = f"http://127.0.0.1:{_listening.getsockname()[1]}"
    _place = local_place(embedded_endpoint=_url, environ={})
for _client in (
    "cloudformation",
    "dynamodb",
    "kinesis",
    "lambda_",
    "logs",
    "secretsmanager",
    "sqs",
):
    getattr(_place, _client)()
