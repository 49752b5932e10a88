"""Decides what to send next and what an answer means; has no threads and no clock.

While no shard is full, parcels are sent in order of arrival, several calls at once. Once shards
refuse more than stray records, each shard gets its own lane, and only as much as it accepts
(`producer.sending.shard`).

A parcel refused for another reason waits for a while, and a call that fails as a whole makes
everything wait (`producer.sending.circuit`). A parcel is given up when its shard accepted nothing
for `give_up_after`, or if the refusal was not about a shard, when the whole stream accepted
nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from producer.report import Shards
from producer.sending.allowance import Allowance, cost_of
from producer.sending.answer import SHARD_FULL, TIMED_OUT, UNANSWERED, Answer
from producer.sending.backoff import LONGEST_BACKOFF, LONGEST_FOR_SHARD, backoff
from producer.sending.batches import Batch, records_of
from producer.sending.circuit import PROBE, Circuit
from producer.sending.lanes import Lanes
from producer.sending.patience import Patience
from producer.sending.rates import Rates
from producer.sending.shard import SHARD_BYTES, SHARD_RECORDS, Shard
from producer.sending.waiting import Waiting
from producer.sending.window import Trip, Window
from producer.settings import Settings

_SECONDS_IN_HAND = 4.0
"""Seconds of full shards' capacity to read ahead, so that none of them runs dry."""
_FULL, _STRAY = 3, 0.05
"""The number and share of refusals from which a shard counts as full."""
_LOOK_BACK = 1000  # parcels
_THE_END = 3600.0  # seconds: it comes before


@dataclass(kw_only=True, eq=False)
class Call:
    """Parcels in a call in flight."""

    batch: Batch
    trip: Trip
    cost: float
    beyond: float


@dataclass(kw_only=True)
class Settled:
    """The outcome of a call; parcels not listed here are resent.

    `records` and `bytes` were sent.
    """

    sent: Batch = field(default_factory=list)
    given_up: Batch = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    records: int = 0
    bytes: int = 0


class Outbox:
    """The parcels that wait or are in flight. Not thread-safe."""

    def __init__(self, settings: Settings, *, random: Callable[[], float], now: float) -> None:
        self._settings = settings
        self._random = random
        self._window = Window(call_records=settings.max_records, calls=settings.calls_in_flight)
        self._waiting = Waiting(
            call_records=self._window.call_records,
            max_bytes=settings.max_bytes,
            linger=settings.linger,
            groups_from=random() if settings.aggregate else None,
        )
        self.add = self._waiting.add
        """Take a new record; True if a sender should check for a call to send."""
        self._calls: set[Call] = set()
        self._allowance = Allowance(now)
        self._circuit = Circuit()
        self._patience = Patience(settings.give_up_after)
        self._rates = Rates(now)
        self._looked_at = self._full = 0
        self.room: tuple[float, float] = math.inf, math.inf
        """How many records and bytes may be in hand, to feed full shards for a few seconds."""

    @property
    def in_flight(self) -> bool:
        """Whether any call is in flight."""
        return bool(self._calls)

    def endpoint_rate(self, now: float) -> float | None:
        """The records a second that the endpoint accepts, if it answers late."""
        return self._window.rate(now)

    def shards(self, now: float, *, offered: float | None) -> Shards | None:
        """How full the shards are, None if none is; `offered` is the rate of incoming records a
        second.
        """
        if (lanes := self._waiting.lanes) is not None:
            known, full = lanes.known, lanes.full(now)
            if not self._settings.by_key:
                # All wait in one lane, for any shard.
                known = self._allowance.known
                full = known if full else 0
        else:
            known = self._allowance.known
            full = known if self._allowance.holds_up(now) else 0
        if not full:
            return None
        records, size = self._rates.at(now)
        wanted = None
        if offered is not None and records:
            wanted = max(known + 1, math.ceil(known * offered / records))
        return Shards(known=known, full=full, records_rate=records, bytes_rate=size, wanted=wanted)

    def ready_in(self, now: float, *, flush: bool) -> float | None:
        """Seconds until `take` has a call to send, None if it waits for an answer or record."""
        if not self._window.has_room or (self._circuit.is_open and self._calls):
            return None
        records, size = self._limits(now)
        seconds = self._waiting.ready_in(now, max_records=records, max_bytes=size, flush=flush)
        return None if seconds is None else max(seconds, self._circuit.ready_in(now))

    def take(self, now: float) -> Call:
        """The call to send once `ready_in` is 0."""
        records, size = self._limits(now)
        batch = self._waiting.take(now, max_records=records, max_bytes=size)
        cost = 0.0
        if not self._allowance.is_proven:
            cost = cost_of(parcels=len(batch), wire=sum([parcel.wire for parcel in batch]))
        call = Call(
            batch=batch,
            trip=self._window.sent(len(batch), now),
            cost=cost,
            beyond=self._allowance.sent(cost),
        )
        self._calls.add(call)
        return call

    def settle(self, call: Call, answer: Answer, now: float) -> Settled | None:
        """Process the answer to a call; None if the call was given up before."""
        if not self._end(call, answer, now):
            return None
        if answer.is_answered:
            self._circuit.answered()
        if answer.is_accepted:
            settled = self._accepted(call.batch, answer.shards, now)
            self._make_room()
            return settled
        # Parcels that may not wait need no lane.
        is_full = self._waiting.lanes is None and self._shards_are_full(answer)
        if is_full and self._settings.give_up_after:
            self._open_lanes(call, answer, now)
        entries = list(zip(call.batch, answer.codes, answer.shards, strict=True))
        settled = Settled()
        if sent := [parcel for parcel, code, _ in entries if code is None]:
            shards = [shard for _, code, shard in entries if code is None]
            settled = self._accepted(sent, shards, now)
        # One random wait for each call: parcels refused together share their next call.
        share = self._random()
        due = None if answer.is_answered else self._circuit.failed(now, share=share)
        start = call.trip.start
        hopeless: dict[Patience, Shard | None] = {}
        for parcel, code, name in entries:
            if code is None:
                continue
            settled.errors[code] += parcel.count
            parcel.attempts += 1
            parcel.unanswered |= code in UNANSWERED
            lanes = self._waiting.lanes if code == SHARD_FULL else None
            known = name if self._settings.by_key else None
            shard = lanes.refused(parcel, known, now, sent=start) if lanes else None
            patience = shard.patience if shard else self._patience
            if patience.is_over(now, sent=start):
                settled.given_up.append(parcel)
                hopeless[patience] = shard
            elif shard:
                shard.add(parcel, now)
            else:
                longest = LONGEST_FOR_SHARD if code == SHARD_FULL else LONGEST_BACKOFF
                self._waiting.add_later(
                    parcel, due=due or now + backoff(parcel.attempts, share, longest)
                )
        for patience, shard in hopeless.items():
            settled.given_up += self._waiting.give_up(partial(patience.covers, now=now), of=shard)
        self._make_room()
        return settled

    def reject(self, call: Call, code: str, now: float) -> Settled | None:
        """Halve a call that Kinesis rejects until the invalid record is alone."""
        if not self._end(call, Answer([], []), now):
            return None
        self._circuit.answered()
        parcels: Batch = call.batch if len(call.batch) > 1 else [*records_of(call.batch)]
        if len(parcels) == 1:
            parcels[0].members[0].unsendable = code
            return Settled(given_up=parcels, errors=Counter({code: 1}))
        for parcel in parcels:
            parcel.attempts += 1
        part = min((len(parcels) + 1) // 2, self._settings.max_records)
        for first in range(0, len(parcels), part):
            self._waiting.add_isolated(parcels[first : first + part])
        return Settled()

    def break_off(self, call: Call, now: float, *, unanswered: bool) -> None:
        """Keep a call's parcels until the end, because nothing can be sent any more."""
        if not self._end(call, Answer([], []), now):
            return
        for parcel in call.batch:
            parcel.unanswered |= unanswered
            self._waiting.add_later(parcel, due=now + _THE_END)

    def clear(self) -> Batch:
        """Remove everything, including parcels in flight."""
        on_the_way = [parcel for call in self._calls for parcel in call.batch]
        for parcel in on_the_way:
            parcel.unanswered = True
        self._calls.clear()
        return sorted(on_the_way + self._waiting.clear(), key=lambda parcel: parcel.number)

    def first_start(self) -> float:
        """The source offset of the earliest parcel."""
        on_the_way = chain.from_iterable(call.batch for call in self._calls)
        starts = (parcel.start for parcel in on_the_way)
        return min(self._waiting.first_start(), min(starts, default=math.inf))

    def _make_room(self) -> None:
        if self._waiting.lanes is None:
            return
        seconds = _SECONDS_IN_HAND * self._waiting.lanes.capacity
        # A group holds as many records as fit.
        records = math.inf if self._settings.aggregate else seconds * SHARD_RECORDS
        self.room = max(records, self._settings.max_records), max(seconds, 1.0) * SHARD_BYTES

    def _limits(self, now: float) -> tuple[float, float]:
        """How many parcels and bytes the next call may have."""
        records, size = self._window.call_records, self._settings.max_bytes
        if self._circuit.is_open:
            records = min(records, PROBE)
        if self._waiting.lanes is not None or self._allowance.is_proven:
            return records, size
        left = self._allowance.left(now)
        return min(records, left * SHARD_RECORDS), min(size, left * SHARD_BYTES)

    def _end(self, call: Call, answer: Answer, now: float) -> bool:
        if call not in self._calls:
            return False
        self._calls.discard(call)
        self._window.ended(
            call.trip, now, answered=answer.is_answered, timed_out=TIMED_OUT in answer.codes
        )
        self._waiting.call_records = self._window.call_records
        is_accepted = answer.is_answered and answer.is_accepted
        self._allowance.ended(call.cost, beyond=call.beyond, accepted=is_accepted)
        return True

    def _accepted(self, parcels: Batch, shards: list[str | None], now: float) -> Settled:
        self._patience.accepted()
        self._looked_at += len(parcels)
        is_grouped = self._settings.aggregate
        records = sum([parcel.count for parcel in parcels]) if is_grouped else len(parcels)
        size = sum([parcel.size for parcel in parcels])
        self._rates.add(records, size, now)
        if not self._allowance.is_proven:
            self._allowance.found({shard for shard in set(shards) if shard})
        if (lanes := self._waiting.lanes) is not None:
            for parcel, shard in zip(parcels, shards, strict=True):
                if shard is not None and self._settings.by_key:
                    lanes.learn(parcel, shard, now)
                lanes.of(parcel).accepted(parcel.wire)
        return Settled(sent=parcels, records=records, bytes=size)

    def _shards_are_full(self, answer: Answer) -> bool:
        full = answer.codes.count(SHARD_FULL)
        self._full += full
        if full > _STRAY * len(answer.codes):
            self._allowance.refused()
        looked_at = self._looked_at + len(answer.codes)
        if looked_at > _LOOK_BACK:
            self._looked_at //= 2
            self._full //= 2
        return self._full >= _FULL and self._full >= _STRAY * looked_at

    def _open_lanes(self, call: Call, answer: Answer, now: float) -> None:
        named = {shard for shard in answer.shards if shard}
        known = max(1, len(self._allowance.shards | named))
        share = 1.0
        if self._allowance.is_proven:
            records, size = self._rates.at(now)
            share = max(1.0, records / SHARD_RECORDS / known, size / SHARD_BYTES / known)
        lanes = Lanes(now, patience=self._settings.give_up_after, shards=known, share=share)
        for parcel, shard in zip(call.batch, answer.shards, strict=True):
            if shard is not None and self._settings.by_key:
                lanes.learn(parcel, shard, now)
        self._waiting.open(lanes, now)
