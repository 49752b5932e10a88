"""The records in hand: read, but neither acknowledged by Kinesis nor set aside.

One thread reads records, several send them, and the caller's thread sets aside those given up. They
share this one object, behind one lock.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable

from producer.outgoing import OutgoingRecord
from producer.report import Progress
from producer.sending.answer import Answer
from producer.sending.batches import Held, records_of
from producer.sending.outbox import Call, Outbox, Settled
from producer.sending.rates import Rates

BUFFER_FULL = "BufferFull"
"""The error code that counts records that found no room and could not wait."""


class Backlog:
    """Holds at most `max_held_records` and about `max_held_bytes`; `add` blocks beyond that.

    With full shards it holds less: what they take in a few seconds.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        max_held_records: int,
        max_held_bytes: int,
        clock: Callable[[], float],
        is_live: bool = False,
        start: int = 0,
    ) -> None:
        self._outbox = outbox
        self._max_held = max_held_records, max_held_bytes
        self._most_records: float = max_held_records
        self._most_bytes: float = max_held_bytes
        self._clock = clock
        self._offered = Rates(clock()) if is_live else None
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._work = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._answered = threading.Condition(self._lock)
        self._given_up: list[Held] = []
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

    @property
    def over(self) -> bool:
        """True when nothing is in hand and no more records will come."""
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
        """Add a record, waiting while there is no room; False asks for no more.

        `end` is the offset in the source after the record, for sources that have offsets.
        A record with a `refusal`, an error code, can't be sent and is given up at once. So is one
        that finds no room and may not `wait` for it.
        """
        with self._lock:
            while wait and self._wanted and self._is_full():
                self._room.wait()
            if self._over:
                return False
            # A record that comes after a stop still counts: the source can't take it back.
            self._read += 1
            now = self._clock()
            # Positional arguments: keywords would take twice as long, for each record.
            held = Held(record, size, now, self._read, self._read_to)
            if refusal is not None:
                held.unsendable = refusal
            elif not wait and self._is_full():
                refusal = BUFFER_FULL
            self._held_records += 1
            self._held_bytes += size
            self._read_to = end
            if self._offered is not None:
                self._offered.add(1, size, now)
            if refusal is not None:
                self._errors[refusal] += 1
                self._given_up.append(held)
                self._news.notify()
            elif self._outbox.add(held, now):
                self._work.notify()
            return self._wanted

    def want_no_more(self) -> None:
        """Make `add` ask for no more; records in hand no longer wait to share a call."""
        with self._lock:
            self._wanted = False
            self._room.notify_all()
            self._work.notify_all()

    def end_reading(self) -> None:
        """Note that no more records will come."""
        self.want_no_more()
        with self._lock:
            self._reading = False
            self._end_if_empty()

    def take(self) -> Call | None:
        """The next call to make, waiting until there is one; None when there will be none."""
        with self._lock:
            while self._sending and not self._over:
                now = self._clock()
                seconds = self._outbox.ready_in(now, flush=not self._wanted)
                if seconds == 0.0:
                    call = self._outbox.take(now)
                    self._retried += sum([p.count for p in call.batch if p.attempts])
                    # The records left behind need another sender to watch the clock for them.
                    self._work.notify()
                    return call
                self._work.wait(seconds)
            return None

    def settle(self, call: Call, answer: Answer) -> None:
        """Record the answer to a call."""
        with self._lock:
            self._book(self._outbox.settle(call, answer, self._clock()))

    def reject(self, call: Call, code: str) -> None:
        """Record that a call was refused because of a record in it."""
        with self._lock:
            self._book(self._outbox.reject(call, code, self._clock()))

    def break_off(self, call: Call, *, unanswered: bool) -> None:
        """Keep a call's records in hand, and end the run at once."""
        with self._lock:
            self._outbox.break_off(call, self._clock(), unanswered=unanswered)
            self._answered.notify()

    def given_up(self, *, timeout: float) -> list[Held]:
        """Return the records to set aside, waiting up to `timeout` seconds for a change."""
        with self._lock:
            if not self._given_up and not self._over:
                self._news.wait(timeout)
            return list(self._given_up)

    def set_aside(self, records: int, *, dropped: bool = False) -> None:
        """Count the first of the records given up as failed: safe in a file, unless `dropped`."""
        with self._lock:
            size = sum(held.size for held in self._given_up[:records])
            self._unanswered += sum(held.unanswered for held in self._given_up[:records])
            del self._given_up[:records]
            self._failed += records
            self._dropped += records if dropped else 0
            self._release(records, size)

    def send_no_more(self, *, timeout: float) -> None:
        """Make `take` return nothing, and wait this long at most for calls in flight."""
        with self._lock:
            self._sending = False
            self._work.notify_all()
            self._answered.wait_for(lambda: not self._outbox.in_flight, timeout)

    def give_up_all(self) -> list[Held]:
        """Give up everything in hand, even what a call in flight may still deliver."""
        with self._lock:
            self._over = True
            self._wanted = False
            self._given_up += records_of(self._outbox.clear())
            self._room.notify_all()
            self._work.notify_all()
            return list(self._given_up)

    def settled_to(self) -> int:
        """The offset in the source before which every record has been dealt with."""
        with self._lock:
            # Searched for on demand: keeping it up to date would cost time for each record, and the
            # number of records in hand is bounded.
            given_up = min((held.start for held in self._given_up), default=math.inf)
            first = min(self._outbox.first_start(), given_up)
            return self._read_to if first == math.inf else int(first)

    def progress(self, *, elapsed: float) -> Progress:
        """The counts as they are now, after `elapsed` seconds."""
        with self._lock:
            now = self._clock()
            offered = None if self._offered is None else self._offered.at(now)[0]
            shards = self._outbox.shards(now, offered=offered)
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
                endpoint_rate=None if shards else self._outbox.endpoint_rate(now),
                shards=shards,
            )

    def wake_caller(self) -> None:
        """Make `given_up` return now."""
        with self._lock:
            self._news.notify()

    def _book(self, settled: Settled | None) -> None:
        if settled is None:
            return  # It came too late: the call's records have been set aside.
        # No waiting sender is woken: the thread that settles a call looks for the next one.
        self._answered.notify()
        self._errors += settled.errors
        if settled.given_up:
            self._given_up += records_of(settled.given_up)
            self._news.notify()
        self._sent += settled.records
        self._sent_bytes += settled.bytes
        # Cached: it changes only with an answer, but is read for each record.
        self._most_records, self._most_bytes = map(min, self._max_held, self._outbox.room)
        self._release(settled.records, settled.bytes)

    def _is_full(self) -> bool:
        return self._held_records >= self._most_records or self._held_bytes >= self._most_bytes

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
