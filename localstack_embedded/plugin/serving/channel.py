"""Connections to LocalStack's web server, on which the guard checks each request first."""

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
        """Do nothing: Twisted's own log isn't used."""


class GuardedChannel(HeaderPreservingHTTPChannel):  # type: ignore[misc]
    """A connection; checks each request after its headers have arrived, before its body."""

    is_pipelined = False  # whether another request arrived along with the current one
    _is_known: bool | None = None

    def allHeadersReceived(self) -> None:
        """Refuse the request, or continue with it."""
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
        # Twisted goes on with this data only if the request ends later than this call.
        self.is_pipelined = bool(data)
        super()._finishRequestBody(data)

    def _is_admitted(self, target: str, values: Values) -> bool:
        # Once per connection, which belongs to a single program.
        if self._is_known is None:
            peer, own = self.getPeer(), self.getHost()
            self._is_known = admission().knows((peer.host, peer.port), (own.host, own.port))
        # A key is only for its own request: a proxy may send the requests of several users.
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
        # Closing with unread data would reset the connection, and the answer would be lost.
        self.allContentReceived = self.dataReceived = self.lineReceived = self.rawDataReceived = (
            lambda *_: None
        )
        self.transport.loseWriteConnection()

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Send an answer's headers, except those that let a page read it."""
        kept = [pair for pair in headers if not pair[0].lower().startswith(b"access-control-")]
        super().writeHeaders(version, code, reason, kept)


def _reads_xml(values: Values) -> bool:
    """Whether the SDK that sent this reads an error's reason only from XML."""
    return any("x-www-form-urlencoded" in value for value in values("content-type")) or any(
        "/s3/aws4_request" in value for value in values("authorization")
    )


@cache
def admission() -> Admission:
    """The rule that was set when this LocalStack was started."""
    # Removed from the environment, so that no child process of LocalStack inherits the key.
    return Admission(
        key=os.environ.pop("GATEWAY_ACCESS_KEY", ""),
        is_open=os.environ.pop("GATEWAY_OPEN", "") == "1",
        is_issued=_is_issued,
    )


def _is_issued(key_id: str) -> bool:
    iam = sys.modules.get("moto.iam.models")  # without it, no key has been issued
    return iam is not None and any(
        key_id in backend.access_keys
        for account in list(iam.iam_backends.values())
        for backend in list(account.values())
    )
