"""Finds the limits that the load hits, and what to do about each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tweetpipe.plan import constants as c
from tweetpipe.plan.capacity import Capacity
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices
from tweetpipe.words import counted

_NEAR = 0.8  # the fraction of a limit from which it is reported


@dataclass(frozen=True)
class Limit:
    """A limit that is hit (`load` over 1) or close; `load` is a fraction of it."""

    where: str
    what: str
    load: float
    remedy: str

    @property
    def is_hit(self) -> bool:
        return self.load > 1


def find_limits(load: Load, mode: Mode, capacity: Capacity, prices: Prices) -> tuple[Limit, ...]:
    """Every limit at 80 % or more, the worst first."""
    found = [
        *_of_stream(load, mode, capacity, prices),
        *_of_function(load, capacity),
        *_of_table(load, capacity),
        *(_of_x(load) if load.from_x else ()),
    ]
    close = [limit for limit in found if limit.load >= _NEAR]
    return tuple(sorted(close, key=lambda limit: -limit.load))


def _of_stream(load: Load, mode: Mode, capacity: Capacity, prices: Prices) -> Iterator[Limit]:
    key = load.largest_share(mode) * capacity.shards_at_peak
    yield Limit(
        "one partition key",
        f"the most frequent one alone needs {key:.0%} of a shard (1,000 records/s, 1 MB/s)",
        key,
        "more shards don't help; use RecordDistribution=AUTO on an on-demand stream, or split it "
        "into several partition keys",
    )
    if key <= 1:
        yield Limit(
            "hottest shard",
            f"it gets {capacity.hottest_load:.0%} of a shard's capacity at the peak",
            # A shard that only uses up its headroom is as full as planned.
            capacity.hottest_load if capacity.hottest_load > 1 else 0,
            "split that shard, or spread records evenly, with RecordDistribution=AUTO on an "
            "on-demand stream or with aggregated records",
        )
    yield Limit(
        "record size",
        f"a record averages {load.record_bytes:,.0f} bytes of 1 MiB",
        # The largest records are about three times the average.
        3 * load.record_bytes / c.MAX_RECORD_BYTES,
        "aggregate fewer events, or deploy with a higher MaxRecordSizeKiB",
    )
    is_large = prices.region in c.LARGE_REGIONS
    if mode is Mode.PROVISIONED:
        quota = c.SHARDS_OF_ACCOUNT if is_large else c.SHARDS_ELSEWHERE
        yield Limit(
            "ShardCount",
            f"{counted(capacity.shards, 'shard')}; "
            f"infra/template.yaml allows {c.TEMPLATE_MAX_SHARDS}",
            capacity.shards / c.TEMPLATE_MAX_SHARDS,
            "raise MaxValue of the parameter in the template",
        )
        yield Limit(
            "shards of the account",
            f"{capacity.shards:,} of {quota:,} in {prices.region}",
            capacity.shards / quota,
            "ask AWS for a higher quota",
        )
        return
    yield Limit(
        "new on-demand stream",
        f"it starts with {c.ON_DEMAND_FIRST_SHARDS} MB/s and 4,000 records/s",
        capacity.shards_at_peak / c.ON_DEMAND_FIRST_SHARDS,
        "raise the rate slowly, doubling it at most every 15 minutes, or start with PROVISIONED"
        if mode is Mode.ON_DEMAND
        else "raise its warm throughput first (aws kinesis update-stream-warm-throughput), which "
        "is free with On-demand Advantage",
    )
    most = c.ON_DEMAND_MB if is_large else c.ON_DEMAND_MB_ELSEWHERE
    megabytes = load.record_rate * load.peak_factor * (load.record_bytes + c.KEY_BYTES) / 1e6
    yield Limit(
        "on-demand stream",
        f"{megabytes:,.0f} of {most:,} MB/s in {prices.region}",
        megabytes / most,
        "ask AWS for a higher quota, or use several streams or a provisioned one",
    )


def _of_function(load: Load, capacity: Capacity) -> Iterator[Limit]:
    payload = load.batch_size * (load.record_bytes * c.BASE64 + c.RECORD_METADATA)
    yield Limit(
        "BatchSize",
        f"{counted(load.batch_size, 'record is', 'records are')} {payload / 1e6:.1f} of 6 MB",
        payload / c.MAX_PAYLOAD,
        f"nothing to do; Lambda ends a batch at about {counted(capacity.batch_records, 'record')}",
    )
    yield Limit(
        "Timeout",
        f"a full batch takes {capacity.batch_seconds:.1f} of {c.TIMEOUT:.0f} s",
        capacity.batch_seconds / c.TIMEOUT,
        "lower BatchSize or raise MemorySize",
    )
    yield Limit(
        "batches of the hottest shard",
        f"with {capacity.parallelization} at once, they run {capacity.utilisation:.0%} of the time",
        capacity.utilisation if capacity.utilisation > c.MAX_UTILISATION else 0,
        "raise MemorySize or add shards; otherwise, records wait longer and longer",
    )
    yield Limit(
        "Lambda concurrency",
        f"{capacity.concurrency:,} of the {c.CONCURRENCY:,} that accounts have by default",
        capacity.concurrency / c.CONCURRENCY,
        "ask AWS for a higher quota",
    )


def _of_table(load: Load, capacity: Capacity) -> Iterator[Limit]:
    writes = capacity.peak_writes_per_second
    warm = min(math.ceil(writes), c.TABLE_WRITES)
    yield Limit(
        "new table",
        f"{writes:,.0f} write units/s; a new on-demand table takes {c.NEW_TABLE_WRITES:,}",
        writes / c.NEW_TABLE_WRITES,
        f"raise the rate slowly, or deploy with WarmWriteUnits={warm} first",
    )
    yield Limit(
        "table",
        f"{writes:,.0f} of {c.TABLE_WRITES:,} write units/s that a table has by default",
        writes / c.TABLE_WRITES,
        "ask AWS for a higher quota",
    )
    largest = load.hottest_key * writes
    yield Limit(
        "one key in the table",
        f"{largest:,.0f} of the {c.PARTITION_WRITES:,} write units/s of a DynamoDB partition",
        largest / c.PARTITION_WRITES,
        "DynamoDB takes time to split a hot key by its sort key; expect throttling and retries",
    )


def _of_x(load: Load) -> Iterator[Limit]:
    peak = load.rate * load.peak_factor
    yield Limit(
        "X's stream",
        f"{peak:,.0f} of {c.X_POSTS_PER_SECOND} posts/s",
        peak / c.X_POSTS_PER_SECOND,
        "narrow the rules, or ask X for an Enterprise plan",
    )
    month = load.rate * load.seconds_per_month
    yield Limit(
        "X's monthly cap",
        f"{month / 1e6:,.1f} of {c.X_POSTS_PER_MONTH / 1e6:.0f} million posts",
        month / c.X_POSTS_PER_MONTH,
        "narrow the rules, or ask X for an Enterprise plan",
    )
