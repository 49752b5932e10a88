"""Connections to LocalStack's web server, on which the guard looks at each request first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from html import escape

from rolo.gateway import Gateway  # type: ignore[import-not-found]
from rolo.serving.twisted import (  # type: ignore[import-not-found]
    HeaderPreservingHTTPChannel,
    TwistedGateway,
)
from twisted.web.http import _GenericHTTPChannelProtocol  # type: ignore[import-not-found]

from .admission import STRANGER, Admission
from .direct import DirectRequest
from .guard import Values, is_for_anybody, refusal


class GuardedGateway(TwistedGateway):  # type: ignore[misc]
    """Serves a gateway on guarded connections."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.requestFactory = DirectRequest
        self.protocol = lambda: _GenericHTTPChannelProtocol(GuardedChannel())

    def log(self, request: object) -> None:
        """Format no line for Twisted's own log, which nobody reads."""


class GuardedChannel(HeaderPreservingHTTPChannel):  # type: ignore[misc]
    """A connection; looks at a request when its headers are there and its body is not yet."""

    is_pipelined = False  # whether another request has come with the one that is taken
    _is_known: bool | None = None

    def allHeadersReceived(self) -> None:
        """Refuse the request, or let it go on."""
        headers = self.requests[-1].requestHeaders

        def values(name: str) -> list[str]:
            return [value.decode("latin-1") for value in headers.getRawHeaders(name.encode(), ())]

        method, target = self._command.decode("latin-1"), self._path.decode("latin-1")
        reason = refusal(method, target, values)
        if not reason and not self._is_admitted(target, values):
            reason = "" if is_for_anybody(method, target) else STRANGER
        if reason:
            self._refuse(reason, values)
        else:
            super().allHeadersReceived()

    def _finishRequestBody(self, data: bytes) -> None:
        # Twisted looks at this data when a request ends later, not when it has ended already.
        self.is_pipelined = bool(data)
        super()._finishRequestBody(data)

    def _is_admitted(self, target: str, values: Values) -> bool:
        # Once for all requests on a connection: behind it is one program.
        if self._is_known is None:
            peer, own = self.getPeer(), self.getHost()
            self._is_known = admission().knows((peer.host, peer.port), (own.host, own.port))
        # A key is for its request only: behind it may be a proxy, with several users' requests.
        return self._is_known or admission().has_key(target, values)

    def _refuse(self, reason: str, values: Values) -> None:
        content = f"{reason}\n".encode()
        if _reads_xml(values):
            content = (
                b"<ErrorResponse><Error><Code>AccessDenied</Code>"
                b"<Message>%b</Message></Error></ErrorResponse>" % escape(reason).encode()
            )
        self.transport.write(
            b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n"
            b"x-amzn-ErrorType: AccessDenied\r\n"
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


def _reads_xml(values: Values) -> bool:
    """Whether an SDK that sends this takes an error's reason from XML only."""
    return any("x-www-form-urlencoded" in value for value in values("content-type")) or any(
        "/s3/aws4_request" in value for value in values("authorization")
    )


@cache
def admission() -> Admission:
    """The rule that whoever started this LocalStack has set."""
    # Out of the environment, so that no process of LocalStack's inherits the key.
    return Admission(
        key=os.environ.pop("GATEWAY_ACCESS_KEY", ""),
        is_open=os.environ.pop("GATEWAY_OPEN", "") == "1",
        is_issued=_is_issued,
    )


def _is_issued(key_id: str) -> bool:
    iam = sys.modules.get("moto.iam.models")  # which nothing has been issued without
    return iam is not None and any(
        key_id in backend.access_keys
        for account in list(iam.iam_backends.values())
        for backend in list(account.values())
    )
