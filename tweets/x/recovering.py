"""X's stream as a source of records, including missed posts that a search finds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from producer.errors import PositionError
from producer.outgoing import OutgoingRecord
from tweets.x.api import Rule, XApi
from tweets.x.gaps import LATE, Gap, with_gap
from tweets.x.lately import Lately, save
from tweets.x.read_ahead import ReadAhead
from tweets.x.recovery import OFF, Change, Recovery, gap_of, missed
from tweets.x.seen import RecentIds, Seen, XClock
from tweets.x.source import Connected, XStream
from tweets.x.spending import Allowance

_AT_LIMIT = "the run reached its own limit before this was searched"
_SAVED_EVERY = 5.0
"""The most seconds between saves while no post comes."""
_MOST_WAITING = 16 << 20
"""The most bytes in the queue; then reading the stream pauses."""
_SEARCHED_SHARE = 0.5
"""The share of those for searches: they pause sooner than the stream, which X closes if it is read
too slowly.
"""
_OVERHEAD = 500
"""Approximate overhead of an entry, in bytes."""


@dataclass(frozen=True, slots=True)
class _Live:
    """An entry from the stream, with what the stream had seen at that moment."""

    what: OutgoingRecord | Connected | None
    seen: float | None
    last_id: str
    backfill: bool | None


@dataclass(frozen=True, slots=True)
class _End:
    """The end of the stream, with its error if there was one."""

    error: BaseException | None


class XSource:
    """Posts that match `rules`, until `finish` or a limit; iterate it once.

    Posts missed during an interruption are searched for, up to `max_recovered`. `path` saves how
    far the stream was read and its records delivered, and `lately` is what an earlier run saved
    there; `on_gap` is told what can't be recovered.

    `on_change` gets each message about changed posts. `wait` waits for some seconds or until told
    to finish, `now` is the UNIX time. `on_event` gets a text about each interruption. At most
    `most_waiting` bytes are read ahead. Raises XError if X refuses for good.
    """

    def __init__(
        self,
        api: XApi,
        rules: Iterable[Rule],
        *,
        path: Path | None = None,
        lately: Lately | None = None,
        max_recovered: int = 0,
        max_posts: int | None = None,
        max_seconds: float | None = None,
        allowance: Allowance | None = None,
        on_event: Callable[[str], None] = lambda _: None,
        on_gap: Callable[[Gap], None] = lambda _: None,
        on_change: Callable[[bytes], None] = lambda _: None,
        wait: Callable[[float], object] | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        x_clock: XClock | None = None,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        rules = list(rules)
        self.offset = 0
        self.gaps: tuple[Gap, ...] = ()
        self._rules = tuple(rule.value for rule in rules)
        self._path = path
        self._state = lately or Lately(stack="", rules=self._rules)
        self._on_event = on_event
        self._on_gap = on_gap
        self._is_off = max_recovered < 1
        self._max_posts = max_posts
        self._happened: ReadAhead[_Live | OutgoingRecord | Change | _End] = ReadAhead(most_waiting)
        self._marks: deque[tuple[int, Lately]] = deque([(0, self._state)])
        self._saving = threading.Lock()
        self._settled = 0
        self._saved: Lately | None = None
        self._saved_at = 0.0
        x_clock = x_clock or XClock()
        ids = RecentIds()
        self._stream = XStream(
            api,
            rules,
            seen=Seen(x_clock, heartbeat=api.heartbeat, at=self._state.seen),
            x_clock=x_clock,
            ids=ids,
            connected=self._state.connected,
            backfill=False if self._is_off else self._state.backfill,
            max_posts=max_posts,
            max_seconds=max_seconds,
            allowance=allowance,
            on_event=on_event,
            on_change=on_change,
            wait=wait,
            now=now,
            clock=clock,
        )
        self.counts = self._stream.counts
        self._recovery = Recovery(
            api,
            put=self._found,
            is_finished=self._stream.finished.is_set,
            wait=wait or self._stream.finished.wait,
            x_clock=x_clock,
            ids=ids,
            counts=self.counts,
            most=max_recovered,
            max_posts=max_posts,
            allowance=allowance,
            on_event=on_event,
            on_change=on_change,
        )

    @property
    def lately(self) -> Lately:
        """The state to save once all records up to here are delivered."""
        return self._state

    def finish(self) -> None:
        """End the iteration after what was read, from another thread."""
        self._stream.finish()

    def keep(self, offset: int) -> None:
        """Make the next run continue after this many records; raises PositionError."""
        with self._saving:
            self._settled = offset
            self._save()

    def __iter__(self) -> Iterator[OutgoingRecord]:
        if self._is_off:
            self._owe_nothing(OFF)
        self._recovery.add(self._state.windows)
        for work in (self._read_stream, *(() if self._is_off else (self._search,))):
            threading.Thread(target=work, daemon=True).start()
        try:
            while not isinstance(happened := self._happened.take(), _End):
                record = self._taken(happened)
                if record is not None:
                    yield record
        finally:
            self._stream.finish()
            self._happened.close()
        if self._stream.at_limit:
            self._owe_nothing(_AT_LIMIT)
            self._note(replace(self._state, seen=None))
        if happened.error is not None:
            raise happened.error

    def _read_stream(self) -> None:
        error: BaseException | None = None
        try:
            for what in self._stream:
                seen = self._stream.seen
                live = _Live(what, seen.at, seen.last_id, self._stream.backfill)
                self._happened.put(live, _size_of(what))
        except BaseException as raised:
            error = raised
        self._happened.put(_End(error), 0)

    def _search(self) -> None:
        try:
            self._recovery.run()
        except BaseException as error:
            self._happened.put(_End(error), 0)

    def _found(self, found: OutgoingRecord | Change) -> None:
        self._happened.put(found, _size_of(found), share=_SEARCHED_SHARE)

    def _taken(self, happened: _Live | OutgoingRecord | Change) -> OutgoingRecord | None:
        """Note what changed with an entry, and return its record, if it has one."""
        if isinstance(happened, OutgoingRecord):
            self._note(self._state, is_record=True)
            if self._max_posts is not None and self.counts.paid >= self._max_posts:
                self._stream.reach_limit()
            return happened
        if isinstance(happened, Change):
            self._note(self._changed(happened))
            return None
        state = self._state
        if isinstance(happened.what, Connected):
            state = self._connected(happened.what)
        state = replace(
            state, seen=happened.seen, last_id=happened.last_id, backfill=happened.backfill
        )
        if isinstance(happened.what, OutgoingRecord):
            self._note(state, is_record=True)
            return happened.what
        self._note(state, at_once=isinstance(happened.what, Connected))
        return None

    def _connected(self, connected: Connected) -> Lately:
        """Note the time range that may have been missed until then."""
        state = replace(self._state, rules=self._rules, connected=connected.at)
        if self._state.seen is None or connected.backfills:
            return state
        until = connected.missed_until
        # The saved time may come from a clock that was ahead.
        since = min(self._state.seen, connected.at) - LATE
        if self._is_off:
            lost = Gap(since=since, until=until, rules=self._state.rules, why=OFF)
            return self._with_gaps(state, [lost])
        windows, gaps = missed(self._state.rules, since=since, until=until)
        self._recovery.add(windows)
        return self._with_gaps(replace(state, windows=(*state.windows, *windows)), gaps)

    def _changed(self, change: Change) -> Lately:
        windows = [window for window in self._state.windows if window != change.done]
        state = replace(self._state, windows=(*windows, *change.left))
        return self._with_gaps(state, change.gaps)

    def _owe_nothing(self, why: str) -> None:
        """Leave no search to the next run: what was not searched yet is lost."""
        gaps = [gap_of(window, why) for window in self._state.windows]
        self._note(self._with_gaps(replace(self._state, windows=()), gaps))

    def _with_gaps(self, state: Lately, gaps: Iterable[Gap]) -> Lately:
        for gap in gaps:
            state = replace(state, gaps=with_gap(state.gaps, gap))
            self.gaps = with_gap(self.gaps, gap)
            if not gap.searched:
                self._on_event(f"Some posts can't be recovered {gap}")
                self._on_gap(gap)
        return state

    def _note(self, state: Lately, *, is_record: bool = False, at_once: bool = False) -> None:
        """Save the state once the records up to here are delivered.

        A first connect is saved `at_once`: from then on, posts may be missed even if none comes.
        """
        with self._saving:
            self.offset += is_record
            self._state = state
            if self._marks[-1][0] == self.offset:
                self._marks.pop()
            self._marks.append((self.offset, state))
            due = at_once or time.monotonic() - self._saved_at >= _SAVED_EVERY
            if due and not is_record:
                with suppress(PositionError):  # tried again, and reported, with the next record
                    self._save()

    def _save(self) -> None:
        marks = self._marks
        while len(marks) > 1 and marks[1][0] <= self._settled:
            marks.popleft()
        offset, state = marks[0]
        if self._path is None or offset > self._settled or state is self._saved:
            return
        save(self._path, state)
        self._saved, self._saved_at = state, time.monotonic()


def _size_of(what: object) -> int:
    return _OVERHEAD + (len(what.data) if isinstance(what, OutgoingRecord) else 0)
