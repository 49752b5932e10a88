"""Which users' programs a dashboard on loopback serves: those of its own user, and root's.

Linux shows which user opened a connection. Where the system doesn't show it, as on macOS, the
browser must present a key that only the user was told: first in the address, from then on in a
cookie.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import Scope

from localstack_embedded import Address, peer_uid

ROOT = 0  # who can do all this without asking

_STRANGER = (
    "This dashboard serves only the user who started it. If that is you, open the address that "
    "the dashboard printed."
)


class Admission:
    """Decides about a connection, or about each of its requests if its user is not known."""

    def __init__(self, uid_of: Callable[[Address, Address], int | None] = peer_uid) -> None:
        self._uid_of = uid_of
        self._key = secrets.token_urlsafe(32)

    def address(self, url: str, listening: socket.socket) -> str:
        """The address to open; includes the key if connections don't show their user."""
        with socket.create_connection(listening.getsockname()[:2]) as probe:
            own, peer = probe.getpeername()[:2], probe.getsockname()[:2]
            is_shown = self._uid_of(peer, own) is not None
        return url if is_shown else f"{url}/?key={self._key}"

    def refusal(self, scope: Scope) -> str:
        """Why the request is not served; empty when it is."""
        # The server keeps this for a connection, which belongs to one program.
        connection = scope["state"]["connection"]
        if "uid" not in connection:
            connection["uid"] = self._uid_of(scope["client"], scope["server"])
        uid = connection["uid"]
        if uid is None:
            shown = HTTPConnection(scope).cookies.get(_cookie_name(scope), "")
            is_admitted = self._is_key(shown) or self._is_key(_key_in_address(scope))
        else:
            is_admitted = uid in (ROOT, os.getuid())
        return "" if is_admitted else _STRANGER

    def cookie(self, scope: Scope) -> str | None:
        """The cookie that saves the key, for the page's own requests."""
        if not self._is_key(_key_in_address(scope)):
            return None
        return f"{_cookie_name(scope)}={self._key}; Path=/; HttpOnly; SameSite=Strict"

    def _is_key(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(errors="replace"), self._key.encode())


def _key_in_address(scope: Scope) -> str:
    return HTTPConnection(scope).query_params.get("key", "")


def _cookie_name(scope: Scope) -> str:
    # Browsers send a cookie to all ports of a host.
    return f"tweetpipe-dashboard-{scope['server'][1]}"
