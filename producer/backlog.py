"""The records in hand: read, but neither acknowledged by Kinesis nor set aside.

One thread reads records in, several send them, and the caller's thread sets aside those given up.
Their meeting place is here, behind one lock.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain

from producer.batches import Batch, Held, Waiting
from producer.outgoing import OutgoingRecord
from producer.report import Progress
from producer.window import Trip, Window

BUFFER_FULL = "BufferFull"
"""The error code under which records are counted that found no room and could not wait."""


@dataclass(kw_only=True)
class Verdict:
    """What becomes of the records of a batch; those that are not named were acknowledged."""

    later: list[tuple[Held, float]] = field(default_factory=list)
    """Refused records and when they are due again."""
    isolated: list[Batch] = field(default_factory=list)
    given_up: Batch = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    answered: bool = False
    """Kinesis looked at each record, and did not merely fail."""
    timed_out: bool = False
    """No answer came: the records may have arrived."""


class Backlog:
    """Holds at most `max_held_records` and about `max_held_bytes`; `add` blocks beyond that."""

    def __init__(
        self,
        waiting: Waiting,
        window: Window,
        *,
        max_held_records: int,
        max_held_bytes: int,
        clock: Callable[[], float],
        start: int = 0,
    ) -> None:
        self._waiting = waiting
        self._window = window
        self._max_held_records = max_held_records
        self._max_held_bytes = max_held_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._work = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._answered = threading.Condition(self._lock)
        self._in_flight: dict[int, tuple[Batch, Trip]] = {}
        self._given_up: Batch = []
        self._read_to = start
        self._held_records = 0
        self._held_bytes = 0
        self._wanted = True
        self._reading = True
        self._sending = True
        self._over = False
        self._read = 0
        self._sent = 0
        self._sent_bytes = 0
        self._failed = 0
        self._dropped = 0
        self._unanswered = 0
        self._retried = 0
        self._errors: Counter[str] = Counter()
        self._waiting.max_records = window.call_records

    @property
    def over(self) -> bool:
        """Nothing is in hand and nothing more will come."""
        return self._over

    def add(
        self,
        record: OutgoingRecord,
        *,
        size: int,
        end: int = 0,
        refusal: str | None = None,
        wait: bool = True,
    ) -> bool:
        """Take a record in, waiting while there is no room; False asks for no more.

        `end` is the offset in the source after the record, for sources that have offsets.
        A record with a `refusal`, an error code, can't be sent and is given up at once. So is one
        that finds no room and may not `wait` for it.
        """
        with self._lock:
            while wait and self._wanted and self._is_full():
                self._room.wait()
            if self._over:
                return False
            # A record that is no longer wanted still counts: the source can't take it back.
            self._read += 1
            held = Held(record, size=size, since=self._clock(), start=self._read_to)
            held.unsendable = refusal or ""
            if refusal is None and not wait and self._is_full():
                refusal = BUFFER_FULL
            self._held_records += 1
            self._held_bytes += size
            self._read_to = end
            if refusal is not None:
                self._errors[refusal] += 1
                self._given_up.append(held)
                self._news.notify()
            elif self._waiting.add(held):
                self._work.notify()
            return self._wanted

    def want_no_more(self) -> None:
        """Make `add` ask for no more; records in hand no longer wait for company."""
        with self._lock:
            self._wanted = False
            self._room.notify_all()
            self._work.notify_all()

    def end_reading(self) -> None:
        """No more records will come."""
        self.want_no_more()
        with self._lock:
            self._reading = False
            self._end_if_empty()

    def take(self) -> Batch | None:
        """The next batch to send, waiting until there is one; None when there will be none."""
        with self._lock:
            while self._sending and not self._over:
                now = self._clock()
                seconds = None
                if self._window.has_room:
                    seconds = self._waiting.ready_in(now, flush=not self._wanted)
                if seconds == 0.0:
                    batch = self._waiting.take(now)
                    self._retried += sum(1 for held in batch if held.attempts)
                    trip = self._window.sent(len(batch), now)
                    self._in_flight[id(batch)] = batch, trip
                    # What stays behind needs another sender to watch the time for it.
                    self._work.notify()
                    return batch
                self._work.wait(seconds)
            return None

    def patience(self, batch: Batch) -> float:
        """How long to wait for the answer to a batch taken, in the client's own timeouts."""
        with self._lock:
            _, trip = self._in_flight.get(id(batch), (batch, None))
            return trip.patience if trip else 1.0

    def settle(self, batch: Batch, verdict: Verdict | None = None) -> None:
        """Book the outcome of a batch taken; without a verdict, all of it was acknowledged."""
        with self._lock:
            _, trip = self._in_flight.pop(id(batch), (batch, None))
            if trip is None:
                return  # It came too late: the batch has been set aside.
            self._answered.notify()
            returned: Batch = []
            if verdict is not None:
                returned = self._return(verdict)
            records = len(batch) - len(returned)
            size = sum(held.size for held in batch) - sum(held.size for held in returned)
            self._window.ended(
                trip,
                self._clock(),
                answered=verdict is None or verdict.answered,
                timed_out=verdict is not None and verdict.timed_out,
            )
            self._waiting.max_records = self._window.call_records
            self._sent += records
            self._sent_bytes += size
            self._release(records, size)

    def given_up(self, *, timeout: float) -> Batch:
        """Records to be set aside, waiting up to `timeout` seconds for something to happen."""
        with self._lock:
            if not self._given_up and not self._over:
                self._news.wait(timeout)
            return list(self._given_up)

    def set_aside(self, records: int, *, dropped: bool = False) -> None:
        """Book the first of the records given up as failed: safe in a file, unless `dropped`."""
        with self._lock:
            size = sum(held.size for held in self._given_up[:records])
            self._unanswered += sum(held.unanswered for held in self._given_up[:records])
            del self._given_up[:records]
            self._failed += records
            self._dropped += records if dropped else 0
            self._release(records, size)

    def send_no_more(self, *, timeout: float) -> None:
        """Make `take` give nothing, and wait so long for the calls in flight to be answered."""
        with self._lock:
            self._sending = False
            self._work.notify_all()
            self._answered.wait_for(lambda: not self._in_flight, timeout)

    def give_up_all(self) -> Batch:
        """End it: give up everything in hand, even what a call in flight may yet deliver."""
        with self._lock:
            self._over = True
            self._wanted = False
            in_flight = [batch for batch, _ in self._in_flight.values()]
            for held in _flat(in_flight):
                held.unanswered = True
            for batch in (*in_flight, self._waiting.clear()):
                self._given_up += batch
            self._in_flight.clear()
            self._room.notify_all()
            self._work.notify_all()
            return list(self._given_up)

    def settled_to(self) -> int:
        """The offset in the source before which no record is in hand."""
        with self._lock:
            # Looked for when asked: to keep it up to date would cost something for each record,
            # and what is in hand is bounded.
            starts = (held.start for batch, _ in self._in_flight.values() for held in batch)
            given_up = (held.start for held in self._given_up)
            return min(chain(starts, given_up, self._waiting.starts()), default=self._read_to)

    def progress(self, *, elapsed: float) -> Progress:
        """The counts as they are now, after `elapsed` seconds."""
        with self._lock:
            return Progress(
                read=self._read,
                sent=self._sent,
                retried=self._retried,
                failed=self._failed,
                dropped=self._dropped,
                unanswered=self._unanswered,
                bytes_sent=self._sent_bytes,
                elapsed=elapsed,
                errors=dict(self._errors),
                endpoint_rate=self._window.rate(self._clock()),
            )

    def wake_caller(self) -> None:
        """Make `given_up` return now."""
        with self._lock:
            self._news.notify()

    def _return(self, verdict: Verdict) -> Batch:
        self._errors += verdict.errors
        for held, due in verdict.later:
            self._waiting.add_later(held, due=due)
        for batch in verdict.isolated:
            self._waiting.add_isolated(batch)
        self._given_up += verdict.given_up
        self._work.notify_all()
        self._news.notify()
        return [
            *(held for held, _ in verdict.later),
            *_flat(verdict.isolated),
            *verdict.given_up,
        ]

    def _is_full(self) -> bool:
        return (
            self._held_records >= self._max_held_records or self._held_bytes >= self._max_held_bytes
        )

    def _release(self, records: int, size: int) -> None:
        self._held_records -= records
        self._held_bytes -= size
        self._room.notify()
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        if not self._reading and not self._held_records:
            self._over = True
            self._work.notify_all()
            self._news.notify_all()


def _flat(batches: Iterable[Batch]) -> Batch:
    return [held for batch in batches for held in batch]
