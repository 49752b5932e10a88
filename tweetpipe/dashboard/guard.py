"""Blocks attacks by other sites' pages through a browser on this machine.

Against DNS rebinding, it serves only this server's own names and addresses. Against forged
requests, every change must come from this page and carry the token that only this page can read.
And every response limits what the page itself may load and run.
"""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tweetpipe.dashboard.admission import Admission

TOKEN_HEADER = "x-csrf-token"

_SAFE = ("GET", "HEAD")
_FROM_HERE = ("same-origin", "none")
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        # No text ever becomes markup; the one policy lets the page start its worker.
        "require-trusted-types-for 'script'",
        "trusted-types worker",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Rejects requests from other sites and users; all others get the application's response, with
    headers added.

    Without an `admission`, every user is served.
    """

    def __init__(self, app: ASGIApp, *, host: str, token: str, admission: Admission | None) -> None:
        self._app = app
        self._host = host
        self._token = token
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                # The page's files are small, and an update must not mix with old cached files.
                headers.setdefault("cache-control", "no-cache")
                if not refusal and self._admission and (cookie := self._admission.cookie(scope)):
                    headers.append("set-cookie", cookie)
            await send(message)

        refusal = self._refusal(scope)
        app = JSONResponse({"error": refusal}, 403) if refusal else self._app
        await app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> str:
        """Why the request is not served; empty when it is."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_served(hosts[0], bound_to=self._host):
            return (
                "This dashboard is not available under that name. Open the address that the "
                "dashboard printed."
            )
        if self._admission and (refusal := self._admission.refusal(scope)):
            return refusal
        # Old browsers don't say where a request comes from; if a browser does, it is trusted.
        site = headers.get("sec-fetch-site", "same-origin")
        is_page = scope["path"] == "/"
        if site not in _FROM_HERE and not is_page:
            return "This request comes from another site."
        if scope["method"] in _SAFE:
            return ""
        return self._refusal_of_action(headers, hosts[0])

    def _refusal_of_action(self, headers: Headers, host: str) -> str:
        if headers.get("origin") not in (f"http://{host}", f"https://{host}"):
            return "This request does not come from the dashboard's page."
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return "The request body is not JSON."
        token = headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return "The dashboard was restarted. Reload the page."
        return ""


def is_served(host_header: str, *, bound_to: str) -> bool:
    """Whether this Host header refers to this server.

    An attacker's page uses a name of the attacker's, so addresses do no harm; a server on loopback
    serves only loopback addresses.
    """
    name = _name(host_header)
    if name in ("localhost", bound_to.lower()):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not is_loopback(bound_to)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to that host."""
    try:
        address = ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _name(host_header: str) -> str:
    try:
        parts = urlsplit(f"//{host_header}")
        parts.port  # noqa: B018  raises if the port is invalid
    except ValueError:
        return ""
    return "" if parts.netloc != host_header or "@" in host_header else parts.hostname or ""
