"""Computes the number of shards and concurrent batches, and the duration of a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tweetpipe.plan import constants as c
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.sizes import whole_units
from tweetpipe.plan.spread import hottest_shard

# If the hottest shard needs more shards than this, splitting only that shard is better.
_MOST_FOR_HOTTEST = 2


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What the stack needs; shares and loads are fractions, times are in seconds.

    `shards_at_peak` is how many shards the peak would fill completely if records were spread
    evenly. `hottest_share` is the hottest shard's share of all records, and `hottest_load` its load
    at the peak as a fraction of a shard's capacity. A full batch has `batch_records` and runs for
    `batch_seconds`.
    """

    shards_at_peak: float
    shards: int
    hottest_share: float
    hottest_load: float
    parallelization: int
    utilisation: float
    batch_records: int
    batch_seconds: float
    concurrency: int
    writes_per_second: float
    peak_writes_per_second: float


def make_capacity(load: Load, mode: Mode) -> Capacity:
    """Compute the capacity for the load's peak."""
    at_peak = peak_in_shards(load)
    shards = _shards(load, mode, at_peak)
    share = hottest_shard(load.largest_share(mode), shards)
    records = batch_records(load)
    seconds = batch_seconds(load, records)
    # A shard can't deliver more than Kinesis accepts into it.
    hottest_rate = load.record_rate * load.peak_factor * share / max(1.0, share * at_peak)
    busy = hottest_rate * (seconds + c.INVOKE_OVERHEAD) / records
    lanes = min(c.MAX_PARALLELIZATION, max(1, math.ceil(busy / c.MAX_UTILISATION)))
    writes = load.rate * whole_units(load.item_size, load.case.item_sigma, c.KB)
    return Capacity(
        shards_at_peak=at_peak,
        shards=shards,
        hottest_share=share,
        hottest_load=share * at_peak,
        parallelization=lanes,
        utilisation=busy / lanes,
        batch_records=records,
        batch_seconds=seconds,
        concurrency=shards * lanes,
        writes_per_second=writes,
        peak_writes_per_second=writes * load.peak_factor,
    )


def peak_in_shards(load: Load) -> float:
    """The shards that the peak fills, by records or by bytes, whichever is more."""
    record = max(1 / c.SHARD_RECORDS, (load.record_bytes + c.KEY_BYTES) / c.SHARD_BYTES)
    return load.record_rate * load.peak_factor * record


def batch_records(load: Load) -> int:
    """The records of a full batch: the batch size, or as many as fit into the payload."""
    record = load.record_bytes * c.BASE64 + c.RECORD_METADATA
    return max(1, min(load.batch_size, int(c.MAX_PAYLOAD / record)))


def batch_seconds(load: Load, records: float) -> float:
    """How long the function runs for a batch.

    Calls to DynamoDB run in parallel, while the CPU, whose share depends on the memory, works on
    one after another. The longer of the two determines the duration.
    """
    events = records * load.aggregate
    share = min(1.0, load.memory / c.FULL_VCPU_MB) / load.case.slowness
    fixed = c.CPU_PER_BATCH / share
    work = events * (c.CPU_PER_EVENT + c.CPU_PER_BYTE * load.event_bytes) / share
    rounds = math.ceil(math.ceil(events / c.PUTS_PER_CALL) / c.CALLS_AT_ONCE)
    return fixed + max(work + load.case.write_call, rounds * load.case.write_call)


def _shards(load: Load, mode: Mode, at_peak: float) -> int:
    if mode is not Mode.PROVISIONED:
        return max(c.ON_DEMAND_FIRST_SHARDS, math.ceil(load.case.reserve * at_peak))
    enough = max(1, math.ceil(at_peak * (1 + load.headroom)))
    largest = load.largest_share(mode)
    if largest * at_peak > 1:
        # More shards don't help if one key is too large for a shard. Such a key must be split into
        # several that each fit into the headroom.
        largest = load.headroom / (1 + load.headroom) / at_peak
    low, high = enough, enough * _MOST_FOR_HOTTEST
    while low < high:
        middle = (low + high) // 2
        if hottest_shard(largest, middle) * at_peak <= 1:
            high = middle
        else:
            low = middle + 1
    return low
