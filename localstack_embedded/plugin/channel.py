"""Connections to LocalStack's web server, on which the guard looks at each request first."""

from __future__ import annotations

from collections.abc import Iterable

from rolo.gateway import Gateway  # type: ignore[import-not-found]
from rolo.serving.twisted import (  # type: ignore[import-not-found]
    HeaderPreservingHTTPChannel,
    TwistedGateway,
)
from twisted.web.http import _GenericHTTPChannelProtocol  # type: ignore[import-not-found]

from .guard import refusal


class GuardedGateway(TwistedGateway):  # type: ignore[misc]
    """Serves a gateway on guarded connections."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.protocol = lambda: _GenericHTTPChannelProtocol(GuardedChannel())


class GuardedChannel(HeaderPreservingHTTPChannel):  # type: ignore[misc]
    """A connection; looks at a request when its headers are there and its body is not yet."""

    def allHeadersReceived(self) -> None:
        """Refuse the request, or let it go on."""
        headers = self.requests[-1].requestHeaders

        def values(name: str) -> list[str]:
            return [value.decode("latin-1") for value in headers.getRawHeaders(name.encode(), ())]

        method, target = self._command.decode("latin-1"), self._path.decode("latin-1")
        if reason := refusal(method, target, values):
            self._refuse(reason)
        else:
            super().allHeadersReceived()

    def _refuse(self, reason: str) -> None:
        content = f"{reason}\n".encode()
        self.transport.write(
            b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(content), content)
        )
        # Closing with something unread would reset the connection, and the answer would be lost.
        self.allContentReceived = self.dataReceived = self.lineReceived = self.rawDataReceived = (
            lambda *_: None
        )
        self.transport.loseWriteConnection()

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Send an answer's headers, but for those by which a page might read it."""
        kept = [pair for pair in headers if not pair[0].lower().startswith(b"access-control-")]
        super().writeHeaders(version, code, reason, kept)
