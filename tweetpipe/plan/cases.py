"""Three cases for what can't be known before the stack runs.

A plan is computed for each case and shows the range of each figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from tweetpipe.plan import constants as c


@dataclass(frozen=True, kw_only=True)
class Case:
    """The assumptions of a case; times are in seconds.

    `slowness` is the CPU time on Lambda as a multiple of the time measured here. `reserve` is the
    capacity of an on-demand stream as a multiple of its peak, which determines its shards.
    """

    slowness: float = 1.0
    write_call: float = c.WRITE_CALL
    read_call: float = c.READ_CALL
    reserve: float = c.ON_DEMAND_RESERVE
    reads_are_rounded: bool = True
    is_short_between_peaks: bool = False
    item_share: float = c.ITEM_SHARE
    item_sigma: float = c.ITEM_SIGMA
    payload_sigma: float = c.PAYLOAD_SIGMA
    log_bytes: float = c.LOG_BYTES_PER_BATCH

    @property
    def interval(self) -> float:
        """The time from one poll of a shard to the next."""
        return c.POLL_EVERY + self.read_call


LIKELY = Case()
# If reads take no time, a window of 1 s includes the next poll, which halves the calls.
LEAST = Case(
    slowness=0.8,
    read_call=0.0,
    reads_are_rounded=False,
    item_share=0.11,
    item_sigma=0.5,
    payload_sigma=0.3,
    log_bytes=800,
)
# A stream that grows splits all of its shards at once, to up to twice as many as it needs.
MOST = Case(
    slowness=2.0,
    write_call=0.02,
    read_call=0.005,
    reserve=2 * c.ON_DEMAND_RESERVE,
    is_short_between_peaks=True,
    item_sigma=0.8,
    payload_sigma=0.6,
    log_bytes=1500,
)
