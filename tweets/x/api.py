"""The requests to X, made through TwitterAPI.

Only the stream's body is read here: TwitterAPI's iterator reads it byte by byte, and loops forever
when the connection closes in the middle of a line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from TwitterAPI import OAuthType, TwitterAPI, TwitterConnectionError

from producer.errors import SettingsError
from tweets.x.answers import checked, date_of, first_problem, json_of, not_x, shown
from tweets.x.credentials import Credentials
from tweets.x.errors import Dropped, XError, XRefused, XUnreachable, start_fake_x
from tweets.x.usage import Usage

DEFAULT_URL = "https://api.x.com"
HEARTBEAT = 20.0
"""Seconds: an empty line comes when nothing else does (X, "Consuming streaming data")."""

_RULES = "tweets/search/stream/rules"
_STREAM = "tweets/search/stream"
FIELDS = {
    # The fields that make an item of EventData; note_tweet is the full text of a long post. A
    # retweet's full text is in the post that it refers to (for its cost, see docs/architecture.md).
    "tweet.fields": "author_id,created_at,entities,lang,note_tweet,referenced_tweets",
    "expansions": "author_id,referenced_tweets.id,referenced_tweets.id.author_id",
    "user.fields": "name,username",
}
_PATIENCE = 1.25  # heartbeats: a late one is not a reason to reconnect
_REST_TIMEOUT = 20.0
_USAGE_TIMEOUT = 3.0  # the user who has ended a run waits for the answer
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Rule:
    """A rule of the stream, as stored at X."""

    id: str
    value: str
    tag: str


class Connection:
    """An established stream."""

    def __init__(self, response: requests.Response) -> None:
        self.date = date_of(response)
        self._response = response

    def chunks(self) -> Iterator[bytes]:
        """Bytes as they arrive; raises Dropped at the end."""
        try:
            while chunk := self._response.raw.read1(_CHUNK_BYTES):
                yield chunk
        except urllib3.exceptions.ReadTimeoutError as error:
            raise Dropped("no data or heartbeat from X") from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Dropped("the connection broke") from error
        raise Dropped("X ended the stream")

    def end(self) -> None:
        """Make a blocked read in another thread return at once."""
        with suppress(RuntimeError, ValueError, OSError):  # it has already ended
            self._response.raw.shutdown()

    def close(self) -> None:
        self._response.close()


class XApi:
    """X's API for one app, at `url`; `heartbeat` is in seconds."""

    def __init__(
        self, credentials: Credentials, *, url: str = DEFAULT_URL, heartbeat: float = HEARTBEAT
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(
                f"{shown(url)!r} is not a valid address for X's API. Set X_API_URL to one such as "
                f"{DEFAULT_URL}, or leave it out"
            )
        self._url = url.rstrip("/")
        self._proxies = _no_proxy_for(parts.hostname) if _is_near(parts.hostname) else None
        self._token = credentials.bearer_token or self._token_for(credentials)
        self.heartbeat = heartbeat
        self._client = _client(
            self._url, self._token, proxies=self._proxies, stall_after=heartbeat * _PATIENCE
        )

    def rules(self) -> list[Rule]:
        """All rules of the app's stream, including those of other programs."""
        found: list[Rule] = []
        page: dict[str, object] = {}
        while True:
            response = self._request(_RULES, page, method="GET")
            content = json_of(response)
            try:
                for rule in content.get("data") or []:
                    found.append(Rule(rule["id"], rule["value"], rule.get("tag") or ""))
                token = (content.get("meta") or {}).get("next_token")
            except (AttributeError, KeyError, TypeError) as error:
                raise not_x(response) from error
            if not token or page.get("pagination_token") == token:
                return found
            page = {"pagination_token": token}

    def add_rules(self, rules: Sequence[tuple[str, str]], *, dry_run: bool = False) -> None:
        """Add rules, pairs of value and tag, or only have X validate them.

        Raises XRefused with X's reason for the first rule that it refuses.
        """
        body = {"add": [{"value": value, "tag": tag} for value, tag in rules]}
        response = self._request(_RULES + ("?dry_run=true" if dry_run else ""), body, method="POST")
        # X answers 200 or 201 even if it refused some rules, and lists those beside the others.
        if errors := json_of(response).get("errors"):
            each = errors if isinstance(errors, list) else [errors]
            refusals = [XRefused(400, first_problem([error]), reset=None) for error in each]
            # A problem about too many rules says nothing about the rule itself.
            raise min(refusals, key=lambda refused: refused.is_rule_cap)

    def delete_rules(self, ids: Sequence[str]) -> None:
        self._request(_RULES, {"delete": {"ids": list(ids)}}, method="POST")

    def usage(self) -> Usage | None:
        """X's own count; None if X doesn't answer at once. No run depends on it."""
        until = time.monotonic() + _USAGE_TIMEOUT
        body = b""
        try:
            response = self.authorized(
                "GET",
                "usage/tweets",
                params={"usage.fields": "cap_reset_day,project_cap,project_usage"},
                timeout=_USAGE_TIMEOUT,
                stream=True,
            )
            with response, suppress(Dropped):
                for piece in Connection(response).chunks():
                    body += piece
                    if time.monotonic() > until:
                        return None
        except XError:
            return None
        return Usage.of(body)

    @property
    def app(self) -> str:
        """A digest that identifies the app without revealing its credentials."""
        known = f"{self._url} {self._token}".encode()
        return blake2b(known, digest_size=16, person=b"tweetpipe app").hexdigest()

    def connect(self, *, backfill_minutes: int = 0) -> Connection:
        """Open the stream, with a backfill of some minutes if any; raises like `authorized`."""
        asked = FIELDS | ({"backfill_minutes": str(backfill_minutes)} if backfill_minutes else {})
        response = self._request(_STREAM, asked, method="GET")
        if "html" in response.headers.get("content-type", ""):
            with response:
                raise not_x(response)
        return Connection(response)

    def authorized(self, method: str, address: str, **options: Any) -> requests.Response:
        """Make a request that TwitterAPI doesn't know; raises XUnreachable and XRefused.

        `address` is a path of the API, or a complete URL signed by X. A signed URL is a secret, so
        no error quotes it. The token is sent only to the API, never to a signed URL.
        """
        is_signed = "://" in address
        url = address if is_signed else f"{self._url}/2/{address}"
        token = self._token if _origin(url) == _origin(self._url) else ""
        options = {"timeout": _REST_TIMEOUT, "proxies": self._proxies, **options}
        try:
            response = requests.request(
                method, url, auth=_Bearer(token), allow_redirects=False, **options
            )
        except (requests.RequestException, ValueError) as error:
            unreachable = self._unreachable(error)
            if is_signed:
                raise unreachable from None  # the error's own words hold the URL
            raise unreachable from error
        if is_signed and response.status_code not in (200, 201, 204):
            # The storage's error message may quote the signature.
            with response:
                raise XRefused(response.status_code, {}, reset=None)
        return checked(response)

    def _request(
        self,
        resource: str,
        params: Mapping[str, object] | None = None,
        *,
        method: str,
    ) -> requests.Response:
        override = None if resource == _STREAM else method
        try:
            answer = self._client.request(
                resource, dict(params) if params else None, method_override=override
            )
        except (TwitterConnectionError, requests.RequestException) as error:
            raise self._unreachable(error) from error
        return checked(answer.response)

    def _unreachable(self, error: Exception) -> XUnreachable:
        failed = XUnreachable(f"X can't be reached at {shown(self._url)}: {_reason(error)}")
        failed.advice = "Check your network connection and X_API_URL"
        if self._proxies is not None:
            failed.advice = start_fake_x(urlsplit(self._url).port)
        return failed

    def _token_for(self, credentials: Credentials) -> str:
        # Not through TwitterAPI, which uses a fixed host for it and has no timeout.
        try:
            response = requests.post(
                f"{self._url}/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(credentials.consumer_key or "", credentials.consumer_secret or ""),
                timeout=_REST_TIMEOUT,
                proxies=self._proxies,
            )
        except requests.RequestException as error:
            raise self._unreachable(error) from error
        token = json_of(checked(response)).get("access_token")
        if not isinstance(token, str) or not Credentials.is_well_formed(token):
            raise not_x(response)
        return token


class _Bearer(requests.auth.AuthBase):
    """Authorizes with the token, if there is one; ignores ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["User-Agent"] = f"tweetpipe/{version('tweetpipe')}"
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_near(host: str) -> bool:
    """Whether the address is a fake X on this machine or in a neighboring container."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return "." not in host or host.endswith(".localhost")


def _no_proxy_for(host: str) -> dict[str, str]:
    """Settings that make requests ignore the proxies in the environment."""
    return {"no_proxy": host}


def _client(url: str, token: str, *, proxies: dict[str, str] | None, stall_after: float) -> Any:
    class Client(TwitterAPI):  # type: ignore[misc]
        USER_AGENT = f"tweetpipe/{version('tweetpipe')} python-TwitterAPI"
        REST_TIMEOUT = _REST_TIMEOUT
        STREAMING_TIMEOUT = stall_after

        def _get_endpoint(self, resource: str) -> tuple[str, str]:
            # TwitterAPI's table stops at the endpoints of March 2023, and has no query parameters;
            # the entry for rules accepts GET and POST.
            return resource, resource if resource == _STREAM else _RULES

        def _prepare_url(self, subdomain: str, path: str) -> str:
            return f"{url}/{self.version}/{path}"

    return Client(
        oauth2_access_token=token,
        auth_type=OAuthType.OAUTH2USER,
        api_version="2",
        proxy_url=proxies,
    )


def _reason(error: Exception) -> str:
    """The innermost cause, which has the useful message."""
    while (cause := error.__cause__ or error.__context__) and isinstance(cause, Exception):
        error = cause
    return str(getattr(error, "strerror", None) or type(error).__name__)
