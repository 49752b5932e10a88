"""The load that the user describes, and the relevant parameters of infra/template.yaml."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tweetpipe.plan import constants as c
from tweetpipe.plan.cases import LIKELY, Case


class Mode(StrEnum):
    """The capacity mode of the stream."""

    PROVISIONED = "provisioned"
    ON_DEMAND = "on-demand"
    ADVANTAGE = "advantage"


@dataclass(frozen=True, kw_only=True)
class Load:
    """A stream of events with an average `rate` per second and a peak of `peak_factor` times that.

    `noun` and `nouns` are the words for one and several events. A Kinesis record has `aggregate`
    events. Sizes are averages in bytes; `item_bytes` is the size in DynamoDB. `hottest_key` is the
    fraction, 0 to 1, of all events with the most frequent partition key. `spreads_evenly` is
    RecordDistribution=AUTO.
    """

    rate: float
    noun: str = "event"
    nouns: str = "events"
    event_bytes: int = 2500
    item_bytes: int | None = None
    hours_per_month: float = 730
    aggregate: int = 1
    headroom: float = 0.25
    peak_factor: float = 1
    hottest_key: float = 0.01
    batch_size: int = 500
    window: float = 1
    memory: int = 512
    architecture: str = "arm64"
    spreads_evenly: bool = False
    from_x: bool = False
    case: Case = LIKELY

    @property
    def item_size(self) -> float:
        """Average bytes of an item."""
        return self.item_bytes or self.event_bytes * self.case.item_share

    @property
    def record_bytes(self) -> float:
        """Average bytes of a record's data."""
        return self.event_bytes * self.aggregate

    @property
    def record_rate(self) -> float:
        """Average records per second."""
        return self.rate / self.aggregate

    def largest_share(self, mode: Mode) -> float:
        """The largest share of one partition key; aggregates have random partition keys."""
        ignored = self.spreads_evenly and mode is not Mode.PROVISIONED
        return self.hottest_key if self.aggregate == 1 and not ignored else 0.0

    @property
    def is_within_a_unit(self) -> bool:
        """Whether a record fits into a PUT unit; the producer starts a new aggregate otherwise."""
        return self.aggregate > 1 and self.record_bytes <= c.PUT_UNIT

    def aggregated(self) -> Load:
        """The same load with as many events per record as `produce --aggregate` packs."""
        event = self.event_bytes + c.KEY_BYTES + c.AGGREGATE_OVERHEAD
        # On average, a record has space for half an event left.
        return replace(self, aggregate=max(1, int(c.AGGREGATE_BYTES / event - 0.5)))

    @property
    def seconds_per_month(self) -> float:
        return self.hours_per_month * 3600
