"""Answers queries of the table and the dead letters, at a bounded rate."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tweetpipe import dead_letters
from tweetpipe.aws.errors import NothingThere, TweetpipeError
from tweetpipe.dashboard import page_json
from tweetpipe.dashboard.door import Door
from tweetpipe.looking import table as tables

PAGE = 20  # items
MAX_LETTERS = 50

LIMIT_PER_S = 2.0
_WINDOW = 10.0  # seconds over which that is meant


class TooMany(TweetpipeError):
    """The query limit is reached."""


class Budget:
    """The limit of queries, all pages together."""

    def __init__(
        self, limit_per_s: float = LIMIT_PER_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit_per_s = limit_per_s
        self._clock = clock
        self._asked: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Count a query; raises TooMany at the limit."""
        with self._lock:
            self._forget()
            if len(self._asked) >= self.limit_per_s * _WINDOW:
                raise TooMany(
                    f"Not read: there were more than {self.limit_per_s * _WINDOW:.0f} queries in "
                    f"{_WINDOW:.0f} s. Wait a moment, then try again."
                )
            self._asked.append(self._clock())

    def per_s(self) -> float:
        """The rate of recent queries."""
        with self._lock:
            self._forget()
            return len(self._asked) / _WINDOW

    def _forget(self) -> None:
        while self._asked and self._asked[0] <= self._clock() - _WINDOW:
            self._asked.popleft()


class Questions:
    """Reads on demand; every method raises TooMany, and whatever reading raises."""

    def __init__(self, door: Door, budget: Budget) -> None:
        self._door = door
        self.budget = budget

    def items(self, partition: str, after: str | None) -> dict[str, Any]:
        """A page of a partition, highest sort keys first; `next` is the `after` of the next one."""
        self.budget.take()
        with self._door.stack() as (place, stack):
            table = stack.outputs["EventDataTable"]
            page = tables.query_page(place, table, partition, PAGE, after=after)
        return {"items": [page_json.item(item) for item in page.items], "next": page.next}

    def item(self, key: tuple[str, str]) -> dict[str, Any]:
        """A whole item; raises NothingThere if there is none."""
        self.budget.take()
        with self._door.stack() as (place, stack):
            item = tables.get(place, stack.outputs["EventDataTable"], key)
        if item is None:
            raise NothingThere("This item is not in the table. It was deleted, or never stored.")
        return page_json.item(item, whole=True)

    def dead_letters(self) -> dict[str, Any]:
        """Some dead letters, and about how many there are."""
        self.budget.take()
        with self._door.stack() as (place, stack):
            url = stack.outputs["DeadLetterQueueUrl"]
            bucket = dead_letters.bucket_of(stack)
            found, about = dead_letters.peek(place, url, MAX_LETTERS, bucket=bucket)
        oldest_first = sorted(found, key=lambda letter: letter.arrived_at)
        return {
            "letters": [page_json.dead_letter(letter) for letter in oldest_first],
            "about": max(about, len(found)),
        }
