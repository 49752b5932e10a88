"""Authorization: app-only bearer tokens, keys for the token endpoint, and OAuth 1 signatures."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from oauthlib.common import Request, urldecode
from oauthlib.oauth1.rfc5849 import signature

from tweets.fakes.x_api.problems import UNAUTHORIZED, Problem, unsupported_authentication

_VERIFIERS = {
    "HMAC-SHA1": signature.verify_hmac_sha1,
    "HMAC-SHA256": signature.verify_hmac_sha256,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The only App of the server; the default credentials are public and not secret."""

    consumer_key: str = "fake-consumer-key"
    consumer_secret: str = "fake-consumer-secret"
    access_token_key: str = "10000003-fake-access-token-key"
    access_token_secret: str = "fake-access-token-secret"
    bearer_token: str = "fake-bearer-token"

    def refusal(self, method: str, url: str, authorization: str) -> tuple[int, Problem] | None:
        """Status and body for a request without the App's bearer token.

        The filtered stream accepts only app-only tokens: a correctly signed request is forbidden.
        """
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer" and _same(rest.strip(), self.bearer_token):
            return None
        if scheme.lower() == "oauth" and self._signed(method, url, authorization):
            return 403, unsupported_authentication()
        return 401, UNAUTHORIZED

    def are_in_basic(self, authorization: str) -> bool:
        """Whether the header names the consumer key and secret."""
        scheme, _, rest = authorization.partition(" ")
        try:
            key, _, secret = b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
        right = _same(unquote(key), self.consumer_key)
        return _same(unquote(secret), self.consumer_secret) and right and scheme.lower() == "basic"

    def _signed(self, method: str, url: str, authorization: str) -> bool:
        try:
            request = Request(url, method, None, {"Authorization": authorization})
            parameters = signature.collect_parameters(
                uri_query=request.uri_query,
                headers=dict(request.headers),
                exclude_oauth_signature=False,
            )
        except ValueError:
            return False
        given: Mapping[str, str] = dict(parameters)
        verify = _VERIFIERS.get(given.get("oauth_signature_method", ""))
        known = (given.get("oauth_consumer_key"), given.get("oauth_token"))
        if verify is None or known != (self.consumer_key, self.access_token_key):
            return False
        request.params = [pair for pair in parameters if pair[0] != "oauth_signature"]
        request.signature = given.get("oauth_signature", "")
        return bool(verify(request, self.consumer_secret, self.access_token_secret))


def asks_for_app_token(query: str, body: bytes) -> bool:
    """Whether the query or form has grant_type=client_credentials."""
    try:
        pairs = [*urldecode(query), *urldecode(body.decode())]
    except ValueError:
        return False
    return ("grant_type", "client_credentials") in pairs


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
