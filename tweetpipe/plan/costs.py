"""Computes the monthly cost, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tweetpipe.plan import constants as c
from tweetpipe.plan.capacity import Capacity
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices
from tweetpipe.plan.reading import Reading
from tweetpipe.plan.sizes import sigma_of_sum, whole_units


@dataclass(frozen=True)
class CostLine:
    """One line of the bill; `price` names its entry in `tweetpipe.plan.prices.SKUS`."""

    service: str
    what: str
    price: str
    quantity: float
    cost: float


@dataclass(frozen=True)
class Costs:
    """The cost of a month in US dollars; the total contains only the lines.

    `kept` is what each month of kept events adds to the storage cost of every later month.
    `provisioned_table` is the cost of capacity units at 70% utilization instead of paying per
    write. `warming` is paid once to prepare a new table for the peak. `complying` is the cost of a
    run of `tweetpipe comply` per month of tweets.
    """

    lines: tuple[CostLine, ...]
    kept: float
    kept_gb: float
    provisioned_table: float
    warming: float
    complying: float

    @property
    def total(self) -> float:
        return sum(line.cost for line in self.lines)


# (service, unit, price, quantity): the unit may be a million of the priced units.
_Part = tuple[str, str, str, float]
_MILLION = "M "


def make_costs(
    load: Load, mode: Mode, capacity: Capacity, reading: Reading, prices: Prices
) -> Costs:
    """Compute everything on the stack's bill that grows with the load."""
    lines = [_line(part, prices) for part in _parts(load, mode, capacity, reading)]
    month = load.seconds_per_month
    if load.from_x:
        posts = load.rate * month
        lines.append(CostLine("X", "posts read", "X", posts, posts * c.X_POST_READ))
    kept = load.rate * month * (load.item_size + c.ITEM_OVERHEAD) / c.GB
    peak = capacity.peak_writes_per_second
    # Two scans; the first is eventually consistent, at half the price.
    reads = 1.5 * load.rate * month * load.item_size / c.READ_UNIT
    hour = prices["dynamodb_wcu_hour"]
    return Costs(
        lines=tuple(lines),
        kept=prices["dynamodb_storage_gb_month"].cost(kept)
        + prices["dynamodb_recovery_gb_month"].cost(kept),
        kept_gb=kept,
        provisioned_table=hour.cost(peak / 0.7 * load.hours_per_month),
        warming=hour.cost(max(0.0, min(peak, c.TABLE_WRITES) - c.NEW_TABLE_WRITES)),
        complying=prices["dynamodb_read"].cost(reads),
    )


def _line(part: _Part, prices: Prices) -> CostLine:
    service, what, price, quantity = part
    shown = quantity / 1e6 if what.startswith(_MILLION) else quantity
    return CostLine(service, what, price, shown, prices[price].cost(quantity))


def _parts(load: Load, mode: Mode, capacity: Capacity, reading: Reading) -> Iterator[_Part]:
    match mode:
        case Mode.PROVISIONED:
            yield from _provisioned(load, capacity)
        case Mode.ON_DEMAND:
            yield "Kinesis", "stream-hours", "kinesis_stream_hour", load.hours_per_month
            yield "Kinesis", "GB in", "kinesis_in_gb", _gb_in(load)
            yield "Kinesis", "GB out", "kinesis_out_gb", _gb_out(load)
        case Mode.ADVANTAGE:
            yield "Kinesis", "GB in", "advantage_in_gb", _gb_in(load)
            yield "Kinesis", "GB out", "advantage_out_gb", _gb_out(load)
            short = _missing(load, _gb_in(load)), _missing(load, _gb_out(load))
            yield "Kinesis", "GB in, unused of 25 MiB/s", "advantage_in_missing_gb", short[0]
            yield "Kinesis", "GB out, unused of 25 MiB/s", "advantage_out_missing_gb", short[1]
    batches = reading.batches * capacity.concurrency * load.seconds_per_month
    seconds = reading.billed_seconds * capacity.concurrency * load.seconds_per_month
    gb_seconds = seconds * load.memory / 1024
    writes = capacity.writes_per_second * load.seconds_per_month
    yield "Lambda", "M requests", f"lambda_request_{load.architecture}", batches
    yield "Lambda", "GB-seconds", f"lambda_gb_second_{load.architecture}", gb_seconds
    yield "DynamoDB", "M write units", "dynamodb_write", writes
    yield "CloudWatch", "GB of logs", "logs_in_gb", batches * load.case.log_bytes / c.GB
    yield "CloudWatch", "custom metrics", "custom_metric_month", c.CUSTOM_METRICS


def _provisioned(load: Load, capacity: Capacity) -> Iterator[_Part]:
    units = load.record_rate * load.seconds_per_month
    if not load.is_within_a_unit:
        units *= whole_units(load.record_bytes, _sigma(load), c.PUT_UNIT)
    yield "Kinesis", "shard-hours", "kinesis_shard_hour", capacity.shards * load.hours_per_month
    yield "Kinesis", "M PUT units", "kinesis_put", units


def _gb_in(load: Load) -> float:
    records = load.record_rate * load.seconds_per_month
    return records * whole_units(load.record_bytes, _sigma(load), c.KB) * c.KB / c.GB


def _gb_out(load: Load) -> float:
    if load.case.reads_are_rounded:
        return _gb_in(load)
    return load.record_rate * load.seconds_per_month * load.record_bytes / c.GB


def _missing(load: Load, gigabytes: float) -> float:
    """The GB by which a month falls short of Advantage's minimum, if this is the only stream.

    AWS doesn't say over which period it compares. If not over the month, peaks above the minimum
    don't make up for the time between them, when there may be no traffic.
    """
    minimum = c.ADVANTAGE_MIB * load.seconds_per_month * c.MIB / c.GB
    busy = 1 / load.peak_factor if load.case.is_short_between_peaks else 1.0
    return minimum * (1 - busy) + max(0.0, minimum * busy - gigabytes)


def _sigma(load: Load) -> float:
    return sigma_of_sum(load.case.payload_sigma, load.aggregate)
