"""What the user says about the load, and the settings of infra/template.yaml that matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tweetpipe.plan import constants as c
from tweetpipe.plan.cases import LIKELY, Case


class Mode(StrEnum):
    """How the stream is paid for."""

    PROVISIONED = "provisioned"
    ON_DEMAND = "on-demand"
    ADVANTAGE = "advantage"


@dataclass(frozen=True, kw_only=True)
class Load:
    """A steady stream of events; `rate` is its average a second, `peak_factor` times that its peak.

    `noun` is what one event is called, `nouns` several of them. A Kinesis record carries
    `aggregate` events. Sizes are averages in bytes; `item_bytes` is what DynamoDB stores.
    `hottest_key` is the share, 0 to 1, of all events that the largest partition key has.
    `spreads_evenly` is RecordDistribution=AUTO.
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
        """Records a second on average."""
        return self.rate / self.aggregate

    def largest_share(self, mode: Mode) -> float:
        """The largest share of one partition key; an aggregate is given a random one."""
        ignored = self.spreads_evenly and mode is not Mode.PROVISIONED
        return self.hottest_key if self.aggregate == 1 and not ignored else 0.0

    @property
    def is_within_a_unit(self) -> bool:
        """The producer ends an aggregate where the next event would need another PUT unit."""
        return self.aggregate > 1 and self.record_bytes <= c.PUT_UNIT

    def aggregated(self) -> Load:
        """The same events, as many in a record as `produce --aggregate` gets into one."""
        event = self.event_bytes + c.KEY_BYTES + c.AGGREGATE_OVERHEAD
        # The last half of an event, on average, finds no room.
        return replace(self, aggregate=max(1, int(c.AGGREGATE_BYTES / event - 0.5)))

    @property
    def seconds_per_month(self) -> float:
        return self.hours_per_month * 3600
