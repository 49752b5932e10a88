"""What posts from X may cost in a month: counted on disk, over all runs that use the same file.

Posts are counted before X sends them, some at a time; what of these did not come is given back. A
process that is killed leaves a few counted that never came, and none uncounted.
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
"""A twentieth of what is left at most, so that a killed process takes little of it along."""


class SpendingError(SourceError):
    """The count of what was spent can't be read or kept."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What posts have cost since X's last reset; `until` is the day of the next one, in UTC."""

    posts: int
    dollars: float
    until: date
    reset_day: int


class Allowance:
    """Posts that one run may read, of those that the `limit` in dollars leaves; None: any number.

    `path` counts for each `account`, which is the address of X, what its posts cost at `price`
    dollars. Usable from any thread. Raises SettingsError.
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
                raise SettingsError(f"a {what} is a number of dollars such as 0.5, not {dollars}")
        self.limit = limit
        self._path = path
        self._account = account
        self._price = price
        self._now = now
        self._lock = threading.Lock()
        self._in_hand = 0
        self._until = -math.inf  # a UNIX time: what is in hand counts for the month before it

    def begin(self, usage: Usage | None) -> bool:
        """Go by X's own day of reset, and by its count where there is none here.

        Returns whether X's count was taken. Raises SpendingError when the file can't be used and
        there is a limit.
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
                    f"{self._path} can't be read, and X gives no count of its own now; try again "
                    "later, or delete the file to count this month from zero"
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
        """What all runs have spent, what is in hand not counted; raises SpendingError."""
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
        """Whether not one more post may be read."""
        if self.limit is None or self._in_hand:
            return False
        with self._locked():
            spent = self._spent_in(self._read()[0])
        return not self._left(spent or self._fresh(0, reset_day=1))

    def take(self, posts: int = 1) -> int:
        """How many of so many posts may be read, which are counted before this returns.

        Raises SpendingError when there is a limit and the count can't be kept.
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
        """Say that so many of those taken did not come."""
        with self._lock:
            self._in_hand += posts

    def close(self) -> None:
        """Count no longer what is in hand."""
        self.settle(0)

    def settle(self, unused: int) -> None:
        """Give back so many, or where that is below 0 count those that came untaken; then close."""
        with self._lock:
            unused, self._in_hand = self._in_hand + unused, 0
            if unused and self._now() < self._until:
                # Where it can't be kept, they stay counted.
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
        """Count posts; as many as a function of what is spent says, which are returned."""
        with self._locked():
            entries, is_torn = self._read()
            if is_torn and self.limit is not None:
                raise SpendingError(f"{self._path} can't be read: something else has written it")
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
        """What was spent since the last reset; None where nothing was ever counted."""
        spent = _parsed(entries.get(self._account))
        if spent and self._today() >= spent.until:
            return self._fresh(0, reset_day=spent.reset_day)
        return spent

    def _today(self) -> date:
        return datetime.fromtimestamp(self._now(), UTC).date()

    def _read(self) -> tuple[dict[str, Any], bool]:
        """All entries, and whether the file is none of ours."""
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}, False
        except (ValueError, RecursionError):
            return {}, True
        except OSError as error:
            raise SpendingError(f"cannot read {self._path}: {error.strerror}") from error
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
                f"cannot keep in {self._path} what posts cost: {error.strerror}; see that its "
                "folder can be written and has room"
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """No other process counts meanwhile."""
        try:
            folder = os.open(self._path.parent, os.O_RDONLY)
        except OSError as error:
            raise SpendingError(f"cannot keep a count in {self._path}: {error.strerror}") from error
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
    """The first day after today that is the day of reset, the last one of a shorter month."""
    this = _day_of(today.year, today.month, reset_day)
    if this > today:
        return this
    year, month = (today.year, today.month + 1) if today.month < 12 else (today.year + 1, 1)
    return _day_of(year, month, reset_day)


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
