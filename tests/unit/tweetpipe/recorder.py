"""An empty emulator that records each request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.http_server import Request, serving


class Recorder:
    """`requests` are their first lines and headers; `url` is the value for AWS_ENDPOINT_URL."""

    url: str

    def __init__(self) -> None:
        self.requests: list[str] = []

    def handle(self, request: Request) -> None:
        """Record a request, and answer that nothing exists."""
        self.requests.append(f"{request.requestline}\n{request.headers}")
        nothing = b"<ListAllMyBucketsResult/>" if request.command == "GET" else b"{}"
        request.reply(200, nothing, {"Connection": "close"})


@contextmanager
def recording() -> Iterator[Recorder]:
    """The emulator, until the block ends."""
    recorder = Recorder()
    with serving(recorder.handle) as recorder.url:
        yield recorder
