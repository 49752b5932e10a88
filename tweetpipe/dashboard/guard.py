"""Keeps out what other sites' pages might try through a browser on this machine.

Against DNS rebinding, only names and addresses of this server's own are served. Against forged
requests, whatever changes something must come from this page and carry the token that only it can
read. And what the page itself may load and run is written into every answer.
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
        # No text ever becomes markup, whoever tries; the one policy lets the page start its worker.
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
    """Answers strangers itself; all others get the application's answer, with headers added.

    Without an `admission`, whoever reaches the server is served.
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
                # The page's files are small, and an update of ours must not meet an old half.
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
            return "This dashboard does not answer to that name. Open it by the address it printed."
        if self._admission and (refusal := self._admission.refusal(scope)):
            return refusal
        # Old browsers do not say where a request comes from; those that do are taken at their word.
        site = headers.get("sec-fetch-site", "same-origin")
        is_page = scope["path"] == "/"
        if site not in _FROM_HERE and not is_page:
            return "This comes from another site."
        if scope["method"] in _SAFE:
            return ""
        return self._refusal_of_action(headers, hosts[0])

    def _refusal_of_action(self, headers: Headers, host: str) -> str:
        if headers.get("origin") not in (f"http://{host}", f"https://{host}"):
            return "This comes from another site, or from no page at all."
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return "This is no JSON."
        token = headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return "The dashboard was started anew meanwhile: reload the page."
        return ""


def is_served(host_header: str, *, bound_to: str) -> bool:
    """Whether a browser that says this Host means this server.

    An attacker's page comes by a name of the attacker's, so that addresses do no harm; of them, a
    server on loopback serves only loopback's.
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
    """Whether only this machine reaches what is bound to that host."""
    try:
        address = ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _name(host_header: str) -> str:
    try:
        parts = urlsplit(f"//{host_header}")
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        return ""
    return "" if parts.netloc != host_header or "@" in host_header else parts.hostname or ""
