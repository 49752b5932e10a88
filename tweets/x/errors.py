"""The errors between X and the producer.

XError (SourceError)
├── XRefused        X answered with an error; says whether trying again can help
├── NotX            something else answered, such as a proxy or the login page of a network
├── XUnreachable    no answer: the network, a name that does not resolve, a refused connection
└── Dropped         an established stream has ended or fallen silent
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from producer.errors import SourceError
from tweets.messages import reason_of, word

_USAGE_CAPPED = "usage-capped"
_RULE_CAP = "rule-cap"
_FORBIDDEN = "client-forbidden"
_CONNECTION = "streaming-connection"
# This Python, because another one on the PATH may not have fake_tweets.
_START_FAKE_X = f"{shlex.quote(sys.executable)} -m fake_tweets serve"
_FAKE_PORT = 8888
TRY_FAKE_X = (
    f"To try it without an X app, start the fake X:\n  {_START_FAKE_X}\n"
    "In another terminal, set these variables, then run this command again:\n"
    f"  export X_API_URL=http://127.0.0.1:{_FAKE_PORT} bearer_token=fake-bearer-token"
)
_ADVICE = {
    401: "check bearer_token, or consumer_key and consumer_secret",
    403: "check in X's developer console that the app may use the filtered stream",
    409: "the stream has no rules: add one with --track",
}


def start_fake_x(port: int | None) -> str:
    """What to do if the fake X that X_API_URL names does not answer."""
    at = "" if port == _FAKE_PORT else f" --port {port or 80}"
    return (
        "X_API_URL names a fake X. Start it in another terminal, then run this command again:\n"
        f"  {_START_FAKE_X}{at}"
    )


class XError(SourceError):
    """Base of the errors between X and the producer."""


class XUnreachable(XError):
    """X did not answer."""

    advice = "Check your network connection"


class NotX(XError):
    """The answer is not from X's API; `who` is the address, `said` its first words."""

    def __init__(self, who: str, status: int, said: str) -> None:
        super().__init__(
            f"the answer from {who} is not from X's API: it is {status} and {said}. Check "
            "X_API_URL, and whether a proxy or a network login page answers instead"
        )


class Dropped(XError):
    """The stream ended, or nothing came for too long."""


class XRefused(XError):
    """X answered with an HTTP error.

    `reset` is the UNIX time at which requests are allowed again, None if the rate limit is not used
    up; `value` is the rule that X refuses, if it is about one.
    """

    def __init__(self, status: int, problem: Mapping[str, object], *, reset: float | None) -> None:
        self.status = status
        self.reset = reset
        self.value = problem.get("value")
        self._type = word(problem.get("type"))
        self._detail = reason_of(problem) or _phrase(status)
        super().__init__(self._in_one_line())
        if status in (401, 403):
            self.advice = TRY_FAKE_X

    @property
    def reason(self) -> str:
        """X's answer, without advice."""
        return f"X refuses ({self.status}): {self._detail.rstrip('.')}"

    @property
    def is_lasting(self) -> bool:
        """Whether the same request won't succeed later, unless X answered by mistake."""
        if self.is_rate_limit:
            return self.is_usage_cap
        return self.status < 500

    @property
    def is_usage_cap(self) -> bool:
        return self._type.endswith(_USAGE_CAPPED)

    @property
    def is_taken(self) -> bool:
        """Whether the app has reached its limit of connections."""
        return self.status == 429 and self._type.endswith(_CONNECTION)

    @property
    def is_rule_cap(self) -> bool:
        return self._type.endswith(_RULE_CAP)

    @property
    def is_rate_limit(self) -> bool:
        return self.status in (420, 429)

    def _in_one_line(self) -> str:
        if self.is_usage_cap:
            advice = (
                "the app has used up its posts of this month: raise its cap in X's developer "
                "console, or wait for the next month"
            )
        elif self._type.endswith(_FORBIDDEN):
            advice = "enroll the app for the API in X's developer console"
        else:
            advice = _ADVICE.get(self.status, "")
        if self.is_rule_cap:
            advice = "remove rules of the app, or track fewer"
        return f"{self.reason}; {advice}" if advice else self.reason


def _phrase(status: int) -> str:
    with suppress(ValueError):
        return HTTPStatus(status).phrase
    return "no reason given"
