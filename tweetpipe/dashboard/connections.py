"""Adds to uvicorn: limits on connections and on how long they may stay silent, and a state for
each. uvicorn closes a connection that is idle after a response, but waits forever for a first
request, or for the rest of one that arrives byte by byte; and it counts connections only once a
request is complete.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 256
"""The most connections at a time; a page holds one for its events, and briefly up to six."""
PATIENCE = 10.0
"""Seconds within which a complete request must arrive."""


class BoundedConnection(H11Protocol):
    """One connection; closed at once if there are too many, or if its request is too slow."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": {}}  # one for all its requests
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._expect_request()
        super().on_response_complete()

    def _expect_request(self) -> None:
        self._forget()
        self._timer = self.loop.call_later(PATIENCE, self._close_without_request)

    def _close_without_request(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if not answering or self.cycle.more_body:
            self.transport.abort()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
