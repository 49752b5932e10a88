"""What can go wrong between X and the producer.

XError (SourceError)
├── XRefused        X answered with an error; says whether trying again can help
├── XUnreachable    no answer: the network, a name that does not resolve, a refused connection
└── Dropped         an established stream has ended or fallen silent
"""

from __future__ import annotations

from producer.errors import SourceError

_USAGE_CAPPED = "usage-capped"
_FORBIDDEN = "client-forbidden"
_ADVICE = {
    401: "check bearer_token, or consumer_key and consumer_secret",
    403: "check in X's developer console that the app may use the filtered stream",
    409: "the stream has no rules: name one with --track",
}


class XError(SourceError):
    """Something between X and the producer."""


class XUnreachable(XError):
    """X did not answer."""


class Dropped(XError):
    """The stream has ended, or nothing has come for too long."""


class XRefused(XError):
    """X answered with an HTTP error.

    `reset` is the UNIX time at which requests are allowed again, None where the rate limit is not
    used up.
    """

    def __init__(self, status: int, problem: dict[str, object], *, reset: float | None) -> None:
        self.status = status
        self.reset = reset
        self._type = str(problem.get("type") or "")
        self._detail = str(problem.get("detail") or problem.get("title") or "no reason given")
        super().__init__(self._in_one_line())

    @property
    def is_lasting(self) -> bool:
        """Whether the same request can't succeed later without somebody doing something."""
        if self.status in (420, 429):
            return self._type.endswith(_USAGE_CAPPED)
        return self.status < 500

    @property
    def is_rate_limit(self) -> bool:
        return self.status in (420, 429)

    def _in_one_line(self) -> str:
        if self._type.endswith(_USAGE_CAPPED):
            advice = (
                "the app has used up its posts: raise its cap in X's developer console, or wait"
            )
        elif self._type.endswith(_FORBIDDEN):
            advice = "enroll the app for the API in X's developer console"
        else:
            advice = _ADVICE.get(self.status, "")
        reason = f"X refuses ({self.status}): {self._detail.rstrip('.')}"
        return f"{reason}; {advice}, or use --source fake" if advice else reason
