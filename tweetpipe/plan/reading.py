"""Models how Lambda reads a shard: when records become batches, and how long each record waits.

Assumptions where AWS's documentation is silent: polls continue while batches run, and batches wait
for their turn; the window opens with the poll that brings the first record; each of the parallel
batches of a shard has its own window. A window of 1 s then ends just before the next poll, which
comes a second and a call later.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import NormalDist

from tweetpipe.plan import constants as c
from tweetpipe.plan.capacity import Capacity, batch_seconds
from tweetpipe.plan.load import Load

# The number of polls or batches to simulate if there is no formula, for latencies and for costs.
_LONG_WALK, _SHORT_WALK = 2000, 150
_MOST_POLLS = 100_000
_DEVIATIONS = [NormalDist().inv_cdf((step + 0.5) / 41) for step in range(41)]


@dataclass(frozen=True)
class Latency:
    """The seconds from an event's arrival in Kinesis to DynamoDB, without cold starts."""

    mean: float
    p50: float
    p99: float


# (weight, low, high): `weight` records with waits spread evenly from low to high.
Piece = tuple[float, float, float]


@dataclass(frozen=True)
class Reading:
    """One lane: one of the concurrent batches of a shard. Figures are per second."""

    batches: float
    billed_seconds: float
    pieces: tuple[Piece, ...]


@dataclass
class _Tally:
    """What happened in `seconds`."""

    seconds: float = 0.0
    batches: float = 0.0
    billed: float = 0.0
    pieces: list[Piece] = field(default_factory=list)

    def batch(self, chance: float, seconds: float) -> None:
        self.batches += chance
        # Billing rounds up to whole milliseconds, which adds half a millisecond on average.
        self.billed += chance * (seconds + 0.0005)


def read(load: Load, capacity: Capacity, *, roughly: bool = False) -> Reading:
    """Simulate the average lane; `roughly` is faster, and exact enough for costs."""
    lane_rate = load.record_rate / capacity.concurrency
    expected = lane_rate * load.case.interval  # records of a poll
    polls = 1 + math.floor(load.window / load.case.interval)  # in one window
    first = expected / -math.expm1(-expected)  # of a poll that is not empty
    gathered = first + (polls - 1) * expected
    if polls == 1 or capacity.batch_records == 1:
        tally = _each_poll_alone(load, capacity, expected)
    elif gathered < 1.1 or gathered + 3 * math.sqrt(gathered) < capacity.batch_records:
        tally = _windows_end_first(load, polls, first, expected)
    else:
        tally = _batches_fill(load, capacity, expected, walk=_SHORT_WALK if roughly else _LONG_WALK)
    return Reading(
        batches=tally.batches / tally.seconds,
        billed_seconds=tally.billed / tally.seconds,
        pieces=tuple(tally.pieces),
    )


def latency(load: Load, reading: Reading) -> Latency:
    """How long events wait, including for the events that share their record."""
    pieces = reading.pieces
    total = sum(weight for weight, _, _ in pieces)
    mean = sum(weight * (low + high) / 2 for weight, low, high in pieces) / total
    delay = (load.aggregate - 1) / 2 / load.rate
    return Latency(mean + delay, _quantile(pieces, 0.5) + delay, _quantile(pieces, 0.99) + delay)


def _each_poll_alone(load: Load, capacity: Capacity, expected: float) -> _Tally:
    """No batch waits for the next poll: full ones start immediately, the rest after the window."""
    late = 0.0
    for _ in range(2):
        # The second time, with the delay that the batches of one poll cause for the next.
        tally, late = _one_poll(load, capacity, expected, late)
    return tally


def _one_poll(load: Load, capacity: Capacity, expected: float, late: float) -> tuple[_Tally, float]:
    """A poll of a lane that is busy for `late` seconds, and how long the lane is busy after it."""
    tally = _Tally(seconds=load.case.interval)
    later = 0.0
    for records, chance in _poisson(expected):
        taken, end = 0, late
        while taken < records:
            size = min(capacity.batch_records, records - taken)
            ready = load.window if size < capacity.batch_records else 0.0
            seconds = batch_seconds(load, size)
            end = max(ready, end) + c.INVOKE_OVERHEAD + seconds
            tally.batch(chance, seconds)
            # The first records to arrive have waited longest for the poll, and leave it first.
            longest = load.case.interval * (1 - taken / records)
            taken += size
            shortest = load.case.interval * (1 - taken / records)
            tally.pieces.append((chance * size, shortest + end, longest + end))
        later += chance * max(0.0, end - load.case.interval)
    return tally, later


def _windows_end_first(load: Load, polls: int, first: float, expected: float) -> _Tally:
    """Every batch waits for its whole window and has the records of `polls` polls."""
    size = first + (polls - 1) * expected
    seconds = batch_seconds(load, size)
    empty_polls = 1 / -math.expm1(-expected) - 1
    tally = _Tally(seconds=(polls + empty_polls) * load.case.interval)
    tally.batch(1, seconds)
    for number in range(polls):
        after = load.window - number * load.case.interval + c.INVOKE_OVERHEAD + seconds
        tally.pieces.append((expected if number else first, after, after + load.case.interval))
    return tally


def _batches_fill(load: Load, capacity: Capacity, expected: float, *, walk: int) -> _Tally:
    """Some or all batches fill up within the window, so simulate them poll by poll."""
    full = capacity.batch_records
    # Fewer polls if each brings many batches, more if most bring nothing.
    polls = round(walk * min(1.0, full / expected) / min(1.0, expected))
    polls = max(30, min(_MOST_POLLS, polls))
    rng = Random(0)  # always the same draws: equal loads get equal plans
    tally = _Tally()
    waiting: deque[tuple[int, int, float]] = deque()  # (number in its poll, of how many, its time)
    opened = free_at = 0.0
    left = 0

    def leave(size: int, ready: float) -> None:
        nonlocal free_at, left
        seconds = batch_seconds(load, size)
        free_at = max(ready, free_at) + c.INVOKE_OVERHEAD + seconds
        tally.batch(1, seconds)
        left += size
        while size:
            number, count, polled = waiting.popleft()
            part = min(count - number, size)
            # The first records of a poll have waited for it longest.
            longest = free_at - polled + load.case.interval * (1 - number / count)
            tally.pieces.append((part, longest - load.case.interval * part / count, longest))
            size -= part
            if number + part < count:
                waiting.appendleft((number + part, count, polled))

    held = 0
    for number in itertools.count():
        if number >= polls and left:
            break  # a batch that takes longer than that to gather is waited for
        now = number * load.case.interval
        count = _draw(rng, expected)
        if count:
            opened = opened if held else now
            waiting.append((0, count, now))
            held += count
        while held >= full:
            leave(full, now)
            held -= full
            opened = now
        if held and opened + load.window < now + load.case.interval:
            leave(held, opened + load.window)
            held = 0
    # From the records drawn, not the records expected, so that the draws don't change the rate.
    tally.seconds = left / expected * load.case.interval
    return tally


def _draw(rng: Random, mean: float) -> int:
    """A Poisson-distributed number."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    number, chance, none = 0, rng.random(), math.exp(-mean)
    while chance > none:
        number += 1
        chance *= rng.random()
    return number


def _poisson(mean: float) -> Iterator[tuple[int, float]]:
    """Numbers from 1 on with their probabilities; for large means, equally likely numbers."""
    if mean > 50:
        for z in _DEVIATIONS:
            yield max(1, round(mean + z * math.sqrt(mean))), 1 / len(_DEVIATIONS)
        return
    chance = math.exp(-mean)
    for number in range(1, math.ceil(mean + 10 * math.sqrt(mean) + 10)):
        chance *= mean / number
        yield number, chance


def _quantile(pieces: Sequence[Piece], share: float) -> float:
    left = share * sum(weight for weight, _, _ in pieces)
    changes = [(start, weight / (end - start)) for weight, start, end in pieces]
    changes += [(end, -weight / (end - start)) for weight, start, end in pieces]
    changes.sort()
    here = density = 0.0
    for there, change in changes:
        if density * (there - here) >= left:
            break
        left -= density * (there - here)
        here, density = there, density + change
    return here + left / density
