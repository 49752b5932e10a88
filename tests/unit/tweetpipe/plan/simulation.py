"""An event simulation of the pipeline that counts whatever AWS bills, and measures latency.

It shares nothing with tweetpipe.plan but prices.json: every record, batch and call is followed
one by one, with sizes, authors, arrivals, durations and failures drawn at random.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

PRICES = Path(__file__).parents[4] / "tweetpipe" / "plan" / "prices.json"
AUTHORS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A stack under load; times are in seconds.

    With `burst`, each four seconds begin with two that have this many times the average. What
    comes before `warm_up` is not counted.
    """

    rate: float
    event_bytes: float
    item_bytes: float
    shards: int
    on_demand: bool = False
    advantage: bool = False
    parallel: int = 1
    batch_size: int = 500
    window: float = 1.0
    memory: int = 512
    aggregate: int = 1
    hottest_key: float = 0.01
    burst: float = 1.0
    seconds: float = 60
    warm_up: float = 4
    hours_per_month: float = 730


@dataclass
class Counted:
    """What the measured seconds brought; `latencies` has an entry for each tweet."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    put_units: int = 0
    kilobytes: int = 0
    write_units: int = 0
    requests: int = 0
    milliseconds: int = 0
    records_by_shard: dict[int, int] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        return sum(self.latencies) / len(self.latencies)

    def quantile(self, share: float) -> float:
        return sorted(self.latencies)[int(share * len(self.latencies))]

    @property
    def hottest_share(self) -> float:
        return max(self.records_by_shard.values()) / sum(self.records_by_shard.values())


@dataclass(slots=True)
class _Record:
    arrived: list[float]  # when each of its tweets did
    at: float  # when the producer has it, then when the stream has it
    size: int
    lane: int
    units: int  # write units of its items
    attempts: int = 0


def simulate(setup: Setup, seed: int) -> Counted:
    """Run the pipeline and count from `warm_up` on, for `seconds`."""
    rng = Random(seed)
    counted = Counted()
    by_shard: dict[int, list[_Record]] = {}
    for shard, record in _records(setup, rng):
        by_shard.setdefault(shard, []).append(record)
    for shard, records in by_shard.items():
        accepted = sorted(_accept(records, setup, counted, rng), key=lambda record: record.at)
        counted.records_by_shard[shard] = len(accepted)
        for record in accepted:
            if _is_measured(setup, record.at):
                counted.put_units += math.ceil(record.size / (25 * 1024))
                counted.kilobytes += math.ceil(record.size / 1024)
        _consume(accepted, setup, counted, rng)
    return counted


def monthly_cost(setup: Setup, counted: Counted) -> float:
    """The bill of a month of seconds like those measured."""
    price = {
        sku: float(tier["pricePerUnit"]["USD"])
        for sku, terms in json.loads(PRICES.read_text())["terms"]["OnDemand"].items()
        for term in terms.values()
        for tier in reversed(term["priceDimensions"].values())
    }
    months = setup.hours_per_month * 3600 / setup.seconds
    if setup.on_demand:
        stream = setup.hours_per_month * price["kinesis_stream_hour"]
        gigabytes = counted.kilobytes / 1024**2
        stream += months * gigabytes * (price["kinesis_in_gb"] + price["kinesis_out_gb"])
    elif setup.advantage:
        least = 25 * setup.hours_per_month * 3600 / 1024
        gigabytes = max(least, months * counted.kilobytes / 1024**2)
        stream = gigabytes * (price["advantage_in_gb"] + price["advantage_out_gb"])
    else:
        stream = setup.shards * setup.hours_per_month * price["kinesis_shard_hour"]
        stream += months * counted.put_units * price["kinesis_put"]
    gb_seconds = counted.milliseconds / 1000 * setup.memory / 1024
    per_use = counted.requests * price["lambda_request_arm64"]
    per_use += gb_seconds * price["lambda_gb_second_arm64"]
    per_use += counted.write_units * price["dynamodb_write"]
    per_use += counted.requests * 1000 / 1024**3 * price["logs_in_gb"]
    return float(stream + months * per_use + 7 * price["custom_metric_month"])


def _is_measured(setup: Setup, moment: float) -> bool:
    return setup.warm_up <= moment < setup.warm_up + setup.seconds


def _arrivals(setup: Setup, rng: Random) -> Iterator[float]:
    """Moments of tweets; they go on past the end, so that the last batches fill like the others."""
    moment, end = 0.0, setup.warm_up + setup.seconds + setup.window + 3
    while moment < end:
        moment += rng.expovariate(setup.rate)
        cycle, within = divmod(moment, 4)
        busy = 2 * setup.burst
        if within < busy:
            yield cycle * 4 + within / setup.burst
        else:
            yield cycle * 4 + 2 + (within - busy) / (2 - setup.burst)


def _records(setup: Setup, rng: Random) -> Iterator[tuple[int, _Record]]:
    """Every record with its shard."""
    authors = _Authors(setup.hottest_key, rng)
    places: dict[int, tuple[int, int]] = {}
    tweet_log, item_log = (
        math.log(mean) - sigma**2 / 2
        for mean, sigma in ((setup.event_bytes, 0.35), (setup.item_bytes, 0.6))
    )
    gathered: list[float] = []
    size = units = serial = 0

    def record(moment: float) -> tuple[int, _Record]:
        nonlocal serial
        if setup.aggregate == 1:
            key = authors.draw()
        else:
            serial += 1
            key = AUTHORS + serial
        if key not in places:
            digest = int.from_bytes(hashlib.md5(b"key-%d" % key).digest(), "big")
            places[key] = (digest * setup.shards >> 128, digest % setup.parallel)
        shard, lane = places[key]
        return shard, _Record(gathered, moment, size, lane, units)

    for moment in _arrivals(setup, rng):
        tweet = round(rng.lognormvariate(tweet_log, 0.35))
        if gathered and size + tweet > 25 * 1024:
            yield record(moment)
            gathered, size, units = [], 0, 0
        gathered.append(moment)
        size += tweet
        units += math.ceil(rng.lognormvariate(item_log, 0.6) / 1024)
        if len(gathered) == setup.aggregate:
            yield record(moment)
            gathered, size, units = [], 0, 0


class _Authors:
    """Authors by rank, 0 being the largest, after Zipf's law with a flattened head."""

    def __init__(self, largest: float, rng: Random) -> None:
        self._rng = rng
        self._largest = largest
        # The offset at which 1 / (1 + offset), of the sum over all ranks, is the largest's share.
        offset = 0.0
        while 1 / (1 + offset) / math.log(AUTHORS / (0.5 + offset)) > largest:
            offset += 0.01
        self._start = 1.5 + offset
        self._ratio = (AUTHORS + offset) / self._start

    def draw(self) -> int:
        if self._rng.random() < self._largest:
            return 0
        stretch: float = self._ratio ** self._rng.random()
        return round(self._start * stretch - self._start + 0.5) + 1


def _accept(
    records: list[_Record], setup: Setup, counted: Counted, rng: Random
) -> Iterator[_Record]:
    """What the shard takes, when: 1,000 records and 1 MB a second; the rest tries again later."""
    count, size, last = 1000.0, 1e6, 0.0
    later: list[tuple[float, int, _Record]] = []
    fresh = deque(records)
    while fresh or later:
        if later and (not fresh or later[0][0] <= fresh[0].at):
            now, _, record = heapq.heappop(later)
        else:
            record = fresh.popleft()
            now = record.at
        count = min(1000.0, count + 1000 * (now - last))
        size = min(1e6, size + 1e6 * (now - last))
        last = now
        needed = record.size + 15
        if count >= 1 and size >= needed:
            count -= 1
            size -= needed
            record.at = now
            yield record
            continue
        counted.refused += 1
        record.attempts += 1
        pause = rng.random() * min(5.0, 0.1 * 2 ** min(record.attempts - 1, 10))
        if now < setup.warm_up + setup.seconds + 60:
            heapq.heappush(later, (now + pause, counted.refused, record))


@dataclass(slots=True)
class _Lane:
    buffer: list[_Record] = field(default_factory=list)
    payload: float = 0.0
    opened: float = 0.0
    free_at: float = 0.0


def _consume(records: list[_Record], setup: Setup, counted: Counted, rng: Random) -> None:
    """Poll a shard until it has been read to its end, and run the function on each batch."""
    lanes = [_Lane() for _ in range(setup.parallel)]
    now = rng.random()
    index = 0
    while index < len(records) or any(lane.buffer for lane in lanes):
        for lane in lanes:
            if lane.buffer and lane.opened + setup.window <= now:
                _invoke(lane, lane.opened + setup.window, setup, counted, rng)
        first = index
        while index < len(records) and records[index].at <= now and index - first < 10_000:
            _gather(lanes[records[index].lane], records[index], now, setup, counted, rng)
            index += 1
        if setup.window == 0:
            for lane in lanes:
                if lane.buffer:
                    _invoke(lane, now, setup, counted, rng)
        now += (0.2 if index - first == 10_000 else 1.0) + rng.gammavariate(4, 0.005)


def _gather(
    lane: _Lane, record: _Record, now: float, setup: Setup, counted: Counted, rng: Random
) -> None:
    payload = record.size * 4 / 3 + 700
    if lane.buffer and lane.payload + payload > 6e6:
        _invoke(lane, now, setup, counted, rng)
    if not lane.buffer:
        lane.opened = now
    lane.buffer.append(record)
    lane.payload += payload
    if len(lane.buffer) == setup.batch_size:
        _invoke(lane, now, setup, counted, rng)


def _invoke(lane: _Lane, ready: float, setup: Setup, counted: Counted, rng: Random) -> None:
    """Run the function on the lane's buffer once the batch before is done, until it succeeds."""
    batch, lane.buffer, lane.payload = lane.buffer, [], 0.0
    start = max(ready, lane.free_at)
    while True:
        begin = start + rng.gammavariate(4, 0.0025)
        seconds = _function(batch, setup, rng)
        measured = _is_measured(setup, ready)
        if measured:
            counted.requests += 1
            counted.milliseconds += math.ceil(seconds * 1000)
        for record in batch:
            if _is_measured(setup, record.at):
                counted.write_units += record.units
        start = begin + seconds
        if rng.random() >= 1e-4:
            break
        start += 0.5  # the batch failed: Lambda takes it up again
    lane.free_at = start
    for record in batch:
        for arrived in record.arrived:
            if _is_measured(setup, arrived):
                counted.latencies.append(start - arrived)


def _function(batch: list[_Record], setup: Setup, rng: Random) -> float:
    """Seconds of one invocation: one core in turn, eight calls of 25 puts side by side."""
    slowness = max(1.0, 1769 / setup.memory) * rng.lognormvariate(-0.01, 0.15)
    tweets = sum(len(record.arrived) for record in batch)
    size = sum(record.size for record in batch)
    per_tweet = slowness * (45e-6 + 15e-9 * size / tweets)
    # Half of the work is reading the event, before the first call is made.
    clock = slowness * 0.001 + tweets * per_tweet / 2
    threads = [clock] * 8
    end = clock
    for first in range(0, tweets, 25):
        clock = max(clock, heapq.heappop(threads)) + min(25, tweets - first) * per_tweet / 2
        done = clock + rng.gammavariate(8, 0.005 / 8)
        if rng.random() < 5e-4:  # throttled: after a pause the call is made again
            done += rng.random() * 0.05 + rng.gammavariate(8, 0.005 / 8)
        heapq.heappush(threads, done)
        end = max(end, done)
    return end
