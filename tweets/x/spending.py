"""A monthly spending limit for posts from X, counted on disk over all runs that use the same file.

Posts are counted before X sends them, several at a time; those that don't come are given back. A
killed process leaves a few counted that never came, but none uncounted.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from producer.errors import SettingsError, SourceError
from producer.position import replace_file
from tweets.x.usage import Usage

_MOST_AT_ONCE = 500
_PART_OF_REST = 20
"""At most a twentieth of what is left, so that a killed process wastes little of it."""


class SpendingError(SourceError):
    """The spending count can't be read or saved."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """The cost of posts since X's last reset; `until` is the day of the next reset, in UTC."""

    posts: int
    dollars: float
    until: date
    reset_day: int


class Allowance:
    """The posts that one run may read within the `limit` in dollars; None means no limit.

    `path` counts the posts of each `account`, which is X's address, at `price` dollars each.
    Thread-safe. Raises SettingsError.
    """

    def __init__(
        self,
        path: Path,
        *,
        account: str,
        price: float,
        limit: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        for what, dollars in (("price of a post", price), ("monthly limit", limit or 0.0)):
            if not 0 <= dollars < math.inf:
                raise SettingsError(
                    f"a {what} must be a number of dollars such as 0.5, not {dollars}"
                )
        self.limit = limit
        self._path = path
        self._account = account
        self._price = price
        self._now = now
        self._lock = threading.Lock()
        self._in_hand = 0
        self._until = -math.inf  # a UNIX time: what is in hand counts for the month before it

    def begin(self, usage: Usage | None) -> bool:
        """Use X's own reset day, and X's count if there is none here.

        Returns whether X's count was used. Raises SpendingError if the file can't be used and there
        is a limit.
        """
        try:
            return self._begin(usage)
        except SpendingError:
            if self.limit is None:
                return False
            raise

    def _begin(self, usage: Usage | None) -> bool:
        with self._locked():
            entries, is_torn = self._read()
            if is_torn and usage is None and self.limit is not None:
                raise SpendingError(
                    f"{self._path} can't be read, and X's own count is not available now. Try "
                    "again later, or delete the file to count this month from zero"
                )
            spent = self._spent_in(entries)
            is_new = spent is None
            if spent is None:
                posts = usage.posts if usage else 0
                spent = self._fresh(posts, reset_day=1)
            if usage and usage.reset_day not in (None, spent.reset_day):
                day = usage.reset_day or 1
                spent = replace(spent, reset_day=day, until=_next_reset(self._today(), day))
            self._keep(entries, spent)
            return bool(is_new and spent.posts)

    @property
    def spent(self) -> Spent:
        """What all runs have spent, without posts taken in advance; raises SpendingError."""
        with self._locked():
            spent = self._spent_in(self._read()[0]) or self._fresh(0, reset_day=1)
        with self._lock:
            unused = min(self._in_hand, spent.posts)
        return replace(
            spent,
            posts=spent.posts - unused,
            dollars=max(0.0, spent.dollars - unused * self._price),
        )

    @property
    def is_used_up(self) -> bool:
        """Whether no more posts may be read."""
        if self.limit is None or self._in_hand:
            return False
        with self._locked():
            spent = self._spent_in(self._read()[0])
        return not self._left(spent or self._fresh(0, reset_day=1))

    def take(self, posts: int = 1) -> int:
        """How many of these posts may be read; they are counted before this returns.

        Raises SpendingError if there is a limit and the count can't be saved.
        """
        with self._lock:
            if self._now() >= self._until:
                self._in_hand = 0
            if self._in_hand < posts:
                self._reserve(posts - self._in_hand)
            taken = min(posts, self._in_hand)
            self._in_hand -= taken
            return taken

    def give_back(self, posts: int) -> None:
        """Note that this many of the posts taken did not come."""
        with self._lock:
            self._in_hand += posts

    def close(self) -> None:
        """Give back the posts taken in advance."""
        self.settle(0)

    def settle(self, unused: int) -> None:
        """Give back this many posts, or count as many more if negative; then close."""
        with self._lock:
            unused, self._in_hand = self._in_hand + unused, 0
            if unused and self._now() < self._until:
                # If saving fails, they stay counted.
                with suppress(SpendingError):
                    self._add(lambda _: -unused)

    def _reserve(self, needed: int) -> None:
        def granted(spent: Spent) -> int:
            left = self._left(spent)
            if left is None:
                return max(needed, _MOST_AT_ONCE)
            return min(left, max(needed, min(left // _PART_OF_REST, _MOST_AT_ONCE)))

        try:
            self._in_hand += self._add(granted)
        except SpendingError:
            if self.limit is not None:
                raise
            self._in_hand += needed

    def _add(self, posts: Callable[[Spent], int]) -> int:
        """Count and return the number of posts that a function of the spending allows."""
        with self._locked():
            entries, is_torn = self._read()
            if is_torn and self.limit is not None:
                raise SpendingError(
                    f"{self._path} can't be read: another program has changed it. "
                    "Delete it to count this month from zero"
                )
            spent = self._spent_in(entries) or self._fresh(0, reset_day=1)
            number = max(posts(spent), -spent.posts)
            dollars = round(max(0.0, spent.dollars + number * self._price), 9)
            spent = replace(spent, posts=spent.posts + number, dollars=dollars)
            if number:
                self._keep(entries, spent)
            midnight = datetime(spent.until.year, spent.until.month, spent.until.day, tzinfo=UTC)
            self._until = midnight.timestamp()
            return number

    def _left(self, spent: Spent) -> int | None:
        if self.limit is None or not self._price:
            return None
        return max(0, math.floor((self.limit - spent.dollars) / self._price + 1e-6))

    def _fresh(self, posts: int, *, reset_day: int) -> Spent:
        until = _next_reset(self._today(), reset_day)
        return Spent(posts=posts, dollars=posts * self._price, until=until, reset_day=reset_day)

    def _spent_in(self, entries: dict[str, Any]) -> Spent | None:
        """What was spent since the last reset; None if nothing was ever counted."""
        spent = _parsed(entries.get(self._account))
        if spent and self._today() >= spent.until:
            return self._fresh(0, reset_day=spent.reset_day)
        return spent

    def _today(self) -> date:
        return datetime.fromtimestamp(self._now(), UTC).date()

    def _read(self) -> tuple[dict[str, Any], bool]:
        """All entries, and whether the file is not one of ours."""
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}, False
        except (ValueError, RecursionError):
            return {}, True
        except OSError as error:
            raise SpendingError(
                f"cannot read {self._path}: {error.strerror}. Make it a file that you can read, or "
                "delete it to count this month from zero"
            ) from error
        if not isinstance(content, dict) or (
            self._account in content and _parsed(content[self._account]) is None
        ):
            return {}, True
        return content, False

    def _keep(self, entries: dict[str, Any], spent: Spent) -> None:
        entry = asdict(spent) | {"until": spent.until.isoformat()}
        content = json.dumps(entries | {self._account: entry}, indent=2)
        try:
            replace_file(self._path, content.encode() + b"\n")
        except OSError as error:
            raise SpendingError(
                f"cannot save the cost of posts in {self._path}: {error.strerror}. Make sure that "
                "its folder is writable and has free space"
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock out other processes while counting."""
        try:
            folder = os.open(self._path.parent, os.O_RDONLY)
        except OSError as error:
            raise SpendingError(
                f"cannot lock the count in {self._path}: {error.strerror}. Make "
                "sure that its folder is writable"
            ) from error
        try:
            with suppress(OSError):  # some network file systems have no locks
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _parsed(entry: object) -> Spent | None:
    match entry:
        case {
            "posts": int(posts),
            "dollars": float() | int() as dollars,
            "until": str(until),
            "reset_day": int(reset_day),
        } if posts >= 0 <= dollars < math.inf and 1 <= reset_day <= 31:
            with suppress(ValueError):
                day = date.fromisoformat(until)
                return Spent(posts=posts, dollars=dollars, until=day, reset_day=reset_day)
    return None


def _next_reset(today: date, reset_day: int) -> date:
    """The next reset day after today; in a shorter month, its last day."""
    this = _day_of(today.year, today.month, reset_day)
    if this > today:
        return this
    year, month = (today.year, today.month + 1) if today.month < 12 else (today.year + 1, 1)
    return _day_of(year, month, reset_day)


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
