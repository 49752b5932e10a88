"""A stream with the limits of AWS's shards, and a producer that sends to it, in simulated time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from producer.outgoing import OutgoingRecord
from producer.sending.answer import SHARD_FULL, Answer
from producer.sending.batches import Batch, Held
from producer.sending.outbox import Call, Outbox
from producer.settings import Settings

RECORDS, BYTES = 1000, 1024 * 1024
KEYS = 1 << 128


@dataclass
class Bucket:
    """A shard's free capacity, saved up for a second; other producers leave a `share` of it."""

    at: float = 0.0
    share: float = 1.0

    def __post_init__(self) -> None:
        self.records = RECORDS * self.share
        self.size = BYTES * self.share

    def takes(self, size: float, now: float, records: float = 1.0) -> bool:
        passed, self.at = now - self.at, now
        self.records = min(1.0, self.records / RECORDS / self.share + passed) * RECORDS * self.share
        self.size = min(1.0, self.size / BYTES / self.share + passed) * BYTES * self.share
        if self.records < records or self.size < size:
            return False
        self.records -= records
        self.size -= size
        return True


@dataclass
class Stream:
    """Shards with equal ranges of keys; other producers use `beside` of each, in small portions.

    `share` is what they leave of each all the time, saved capacity included. With `is_even`,
    records go to the shards in turn, whatever their keys.
    """

    count: int
    share: float = 1.0
    names_the_full: bool = False
    is_even: bool = False
    beside: Callable[[float], float] = lambda now: 0.0
    shards: dict[str, tuple[int, int, Bucket]] = field(init=False)
    accepted: list[tuple[float, int, int]] = field(default_factory=list)
    entries: int = 0
    first_refusal: float | None = None
    _beside_at: float = 0.0

    def __post_init__(self) -> None:
        bounds = [KEYS * n // self.count for n in range(self.count + 1)]
        self.shards = {
            name_of(n): (low, high, Bucket(share=self.share))
            for n, (low, high) in enumerate(itertools.pairwise(bounds))
        }

    def split(self, name: str, now: float) -> None:
        low, high, _ = self.shards.pop(name)
        middle = (low + high) // 2
        first = 1 + max(int(shard[-12:]) for shard in (*self.shards, name))
        self.shards[name_of(first)] = (low, middle, Bucket(at=now))
        self.shards[name_of(first + 1)] = (middle, high, Bucket(at=now))

    def merge(self, one: str, other: str, now: float) -> None:
        (low, _, _), (_, high, _) = self.shards.pop(one), self.shards.pop(other)
        self.shards[name_of(1 + int(max(one, other)[-12:]))] = (low, high, Bucket(at=now))

    def put(self, batch: Batch, now: float) -> Answer:
        self._put_others(now)
        codes: list[str | None] = []
        shards: list[str | None] = []
        for parcel in batch:
            self.entries += parcel.count
            name, bucket = self._shard_of(parcel.hash_key)
            if bucket.takes(parcel.wire, now):
                codes.append(None)
                shards.append(name)
                self.accepted.append((now, parcel.count, parcel.wire))
            else:
                if self.first_refusal is None:
                    self.first_refusal = now
                codes.append(SHARD_FULL)
                shards.append(name if self.names_the_full else None)
        return Answer(codes, shards)

    def _shard_of(self, hash_key: int) -> tuple[str, Bucket]:
        if self.is_even:
            name = [*self.shards][self.entries % len(self.shards)]
            return name, self.shards[name][2]
        return next(
            (name, bucket)
            for name, (low, high, bucket) in self.shards.items()
            if low <= hash_key < high
        )

    def seconds_to_steady(self) -> float:
        """Seconds from the first refusal until each five seconds reach 90 %; -1 for never.

        Like `benchmarks.shards`: of the limits in bytes, without the end.
        """
        if self.first_refusal is None:
            return 0.0
        tenths: Counter[int] = Counter()
        for moment, _, size in self.accepted:
            tenths[int(10 * moment)] += size
        left, last = 0.85 * tenths.total(), 0
        while left > 0:
            left -= tenths[last]
            last += 1
        wanted = 0.9 * 5 * BYTES * self.share * len(self.shards)
        first = int(10 * self.first_refusal)
        low = [
            start
            for start in range(first, last - 50)
            if sum(tenths[start + n] for n in range(50)) < wanted
        ]
        if not low:
            return 0.0
        return -1.0 if low[-1] == last - 51 else (low[-1] + 1 - first) / 10

    def _put_others(self, now: float) -> None:
        """What other producers put since the last call, in small portions, refused or not."""
        while self._beside_at + 0.02 <= now:
            self._beside_at += 0.02
            part = 0.02 * self.beside(self._beside_at)
            if part:
                for _, _, bucket in self.shards.values():
                    bucket.takes(part * BYTES, self._beside_at, part * RECORDS)


def name_of(number: int) -> str:
    return f"shardId-{number:012}"


@dataclass(kw_only=True)
class Producer:
    """Reads as fast as allowed, and makes up to four calls at once, like `producer.delivery`."""

    stream: Stream
    records: Iterator[tuple[str, int]]
    settings: Settings = field(default_factory=Settings)
    latency: float = 0.05
    fails: Callable[[float], str | None] = lambda now: None
    at: dict[float, Callable[[float], None]] = field(default_factory=dict)
    most_records: int = 4000
    most_bytes: int = 40 * BYTES

    def __post_init__(self) -> None:
        self.random = random.Random(7)
        self.outbox = Outbox(self.settings, random=self.random.random, now=0.0)
        self.now = 0.0
        self.read = self.sent = self.given_up = 0
        self.held = self.held_bytes = self.most_held = 0
        self.order: list[int] = []
        if self.settings.aggregate:
            self.most_records *= 10

    def run(self) -> None:
        events: list[tuple[float, int, Callable[[], None]]] = []
        numbers = itertools.count()
        on_the_way = 0

        def later(seconds: float, what: Callable[[], None]) -> None:
            heapq.heappush(events, (self.now + seconds, next(numbers), what))

        def arrive(call: Call) -> None:
            code = self.fails(self.now)
            if code is None:
                answer = self.stream.put(call.batch, self.now)
            else:
                self.stream.entries += sum(parcel.count for parcel in call.batch)
                answer = Answer.failure(code, len(call.batch))
            later(self.latency / 2, partial(give_back, call, answer))

        def give_back(call: Call, answer: Answer) -> None:
            nonlocal on_the_way
            on_the_way -= 1
            settled = self.outbox.settle(call, answer, self.now)
            assert settled is not None
            for parcel in settled.sent:
                self.sent += parcel.count
                self.order.append(parcel.number)
            self.given_up += sum(parcel.count for parcel in settled.given_up)
            for parcel in (*settled.sent, *settled.given_up):
                self.held -= parcel.count
                self.held_bytes -= parcel.size

        for moment, change in self.at.items():
            later(moment, partial(change, moment))
        look_at = 0.0
        exhausted = False
        while True:
            while not exhausted and self._has_room():
                if (record := next(self.records, None)) is None:
                    exhausted = True
                else:
                    self._add(*record)
            seconds = self.outbox.ready_in(self.now, flush=exhausted)
            while seconds == 0.0 and on_the_way < self.settings.calls_in_flight:
                call = self.outbox.take(self.now)
                on_the_way += 1
                jitter = self.random.uniform(0.8, 1.2)
                later(jitter * self.latency / 2, partial(arrive, call))
                seconds = self.outbox.ready_in(self.now, flush=exhausted)
            if exhausted and not self.held:
                return
            look_at = self.now + seconds if seconds else float("inf")
            if not events and look_at == float("inf"):
                raise AssertionError("nothing happens any more")
            if events and events[0][0] <= look_at:
                self.now, _, what = heapq.heappop(events)
                what()
            else:
                self.now = look_at

    def _has_room(self) -> bool:
        records, size = self.outbox.room
        return self.held < min(records, self.most_records) and self.held_bytes < min(
            size, self.most_bytes
        )

    def _add(self, key: str, size: int) -> None:
        self.read += 1
        self.held += 1
        self.held_bytes += size
        self.most_held = max(self.most_held, self.held_bytes)
        record = OutgoingRecord(b"", key)
        self.outbox.add(Held(record, size=size, since=self.now, number=self.read), self.now)
