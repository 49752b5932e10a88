"""The posts that X has sent to the App, as X counts and charges them."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tweets.fakes.x_api.problems import Answer, invalid_request
from tweets.fakes.x_api.tokens import words

PRICE = 0.005
"""Dollars for a post (X, "Pricing")."""

_PROJECT = "10000004"
_APP = "10000001"
_FIELDS = words(
    "cap_reset_day daily_client_app_usage daily_project_usage project_cap project_id project_usage"
)
_DEFAULT = "daily_project_usage,project_cap,project_id,project_usage"
_MOST_DAYS = 90


class Usage:
    """Posts by UTC day, each counted once a day; at most `cap` from a `reset_day` to the next."""

    def __init__(
        self, clock: Callable[[], float], *, cap: int, price: float = PRICE, reset_day: int = 1
    ) -> None:
        self.cap, self.price, self.reset_day = cap, price, reset_day
        self._clock = clock
        self._days: Counter[date] = Counter()
        self._today = date.min
        self._charged_today: set[str] = set()

    def charge(self, ids: Iterable[str]) -> None:
        """Count sent posts; those that were already counted today cost nothing."""
        today = self._now()
        if today != self._today:
            self._today, self._charged_today = today, set()
        before = len(self._charged_today)
        self._charged_today.update(ids)
        self._days[today] += len(self._charged_today) - before

    @property
    def posts(self) -> int:
        """The posts since the last reset."""
        since = self._last_reset()
        return sum(posts for day, posts in self._days.items() if day >= since)

    @property
    def left(self) -> int:
        return max(0, self.cap - self.posts)

    @property
    def dollars(self) -> float:
        """The cost of all posts since the server started."""
        return self._days.total() * self.price

    def answer(self, query: Mapping[str, str]) -> Answer:
        """X's answer to `/2/usage/tweets`."""
        days = query.get("days", "7")
        if not days.isdecimal() or not 1 <= int(days) <= _MOST_DAYS:
            return _wrong("days", days, f"days must be a number from 1 to {_MOST_DAYS}.")
        fields = query.get("usage.fields", _DEFAULT).split(",")
        if unknown := [field for field in fields if field not in _FIELDS]:
            return _wrong("usage.fields", unknown[0], f"{unknown[0]} is not a field of usage.")
        daily = self._daily(int(days))
        whole = {
            "cap_reset_day": self.reset_day,
            "daily_client_app_usage": [
                {"client_app_id": _APP, "usage": daily, "usage_result_count": len(daily)}
            ],
            "daily_project_usage": {"project_id": _PROJECT, "usage": daily},
            "project_cap": str(self.cap),
            "project_id": _PROJECT,
            "project_usage": str(self.posts),
        }
        return Answer(200, {"data": {field: whole[field] for field in fields}})

    def _daily(self, days: int) -> list[dict[str, Any]]:
        dates = (self._now() - timedelta(days=back) for back in reversed(range(days)))
        return [
            {"date": f"{day}T00:00:00.000Z", "usage": str(self._days[day])}
            for day in dates
            if self._days[day]
        ]

    def _now(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()

    def _last_reset(self) -> date:
        today = self._now()
        this = _day_of(today.year, today.month, self.reset_day)
        if this <= today:
            return this
        last = today.replace(day=1) - timedelta(days=1)
        return _day_of(last.year, last.month, self.reset_day)


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _wrong(parameter: str, value: str, message: str) -> Answer:
    return Answer(400, invalid_request(parameter, [value], message))
