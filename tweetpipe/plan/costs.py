"""What a month costs, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from tweetpipe.plan import constants as c
from tweetpipe.plan.capacity import Capacity
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices
from tweetpipe.plan.reading import Reading
from tweetpipe.plan.sizes import sigma_of_sum, whole_units


@dataclass(frozen=True)
class CostLine:
    """One line of the bill; `price` names its entry in prices.json."""

    service: str
    what: str
    price: str
    quantity: float
    cost: float


@dataclass(frozen=True)
class Costs:
    """A month in US dollars.

    `kept` is what the table's storage adds to every later month, for each month of tweets that
    is kept; it is not in the total. `provisioned_table` is what capacity units at 70 % use would
    cost instead of paying for each write.
    """

    lines: tuple[CostLine, ...]
    kept: float
    kept_gb: float
    provisioned_table: float

    @property
    def total(self) -> float:
        return sum(line.cost for line in self.lines)


def make_costs(
    load: Load, mode: Mode, capacity: Capacity, reading: Reading, prices: Prices
) -> Costs:
    """Everything the stack is billed for that grows with the load."""
    month = load.seconds_per_month
    batches = reading.batches * capacity.concurrency * month
    gb_seconds = reading.billed_seconds * capacity.concurrency * month * load.memory / 1024
    writes = capacity.writes_per_second * month

    def line(service: str, what: str, price: str, quantity: float) -> CostLine:
        return CostLine(service, what, price, quantity, quantity * prices[price])

    lines = [
        line(service, what, price, quantity)
        for service, what, price, quantity in _stream(load, mode, capacity)
    ]
    lines += [
        line("Lambda", "M requests", "lambda_request_million", batches / 1e6),
        line("Lambda", "GB-seconds", f"lambda_gb_second_{load.architecture}", gb_seconds),
        line("DynamoDB", "M write units", "dynamodb_write_million", writes / 1e6),
        line("CloudWatch", "GB of logs", "logs_in_gb", batches * c.LOG_BYTES_PER_BATCH / c.GB),
        line("CloudWatch", "custom metrics", "custom_metric_month", c.CUSTOM_METRICS),
    ]
    if load.from_x:
        lines.append(line("X", "posts read", "x_post_read", load.rate * month))
    kept = load.rate * month * (load.item_size + c.ITEM_OVERHEAD) / c.GB
    return Costs(
        lines=tuple(lines),
        kept=kept * (prices["dynamodb_storage_gb_month"] + prices["dynamodb_recovery_gb_month"]),
        kept_gb=kept,
        provisioned_table=capacity.peak_writes_per_second
        / 0.7
        * load.hours_per_month
        * prices["dynamodb_wcu_hour"],
    )


def _stream(load: Load, mode: Mode, capacity: Capacity) -> list[tuple[str, str, str, float]]:
    """The lines of the stream: service, unit, price and quantity."""
    records = load.record_rate * load.seconds_per_month
    sigma = sigma_of_sum(c.PAYLOAD_SIGMA, load.aggregate)
    if mode is Mode.PROVISIONED:
        hours = capacity.shards * load.hours_per_month
        size = load.record_bytes
        units = records * (1 if load.is_within_a_unit else whole_units(size, sigma, c.PUT_UNIT))
        return [
            ("Kinesis", "shard-hours", "kinesis_shard_hour", hours),
            ("Kinesis", "M PUT units", "kinesis_put_million", units / 1e6),
        ]
    gigabytes = records * whole_units(load.record_bytes, sigma, c.KB) * c.KB / c.GB
    return [
        ("Kinesis", "stream-hours", "kinesis_stream_hour", load.hours_per_month),
        ("Kinesis", "GB in", "kinesis_in_gb", gigabytes),
        ("Kinesis", "GB out", "kinesis_out_gb", gigabytes),
    ]
