"""What the figures of a plan rest on, in sentences for a person."""

from __future__ import annotations

from tweetpipe.plan import constants as c
from tweetpipe.plan.load import Load
from tweetpipe.plan.prices import Prices


def assumptions(load: Load, prices: Prices) -> list[str]:
    """The assumptions that matter for this load, the weightiest first."""
    derived = "" if load.item_bytes else f", {c.ITEM_SHARE:.0%} of the tweet as fake v2 tweets have"
    peaks = "has no peaks" if load.peak_factor == 1 else f"peaks at {load.peak_factor:g} times it"
    others = sum(price.third_party for price in prices.prices.values())
    found = [
        f"Prices of {prices.region} as read on {prices.read_on}, {others} of {len(prices.prices)} "
        "from third parties (prices.json names each source); no free tier, discount or tax.",
        f"{load.rate:,g} {load.noun}s/s is the average, and the rate {peaks}; sizes vary around "
        f"their average; an item has {load.item_size:,.0f} bytes{derived}.",
        f"The largest partition key has {load.hottest_author:.1%} of all {load.noun}s, the others "
        "follow Zipf's law; key and shard go by MD5 as in Kinesis.",
        "The function is as fast as on the machine it was measured on: "
        f"{c.CPU_PER_TWEET * 1e6:.0f} µs of CPU a {load.noun} and {c.CPU_PER_BYTE * 1e9:.0f} ns a "
        f"byte at a full vCPU, {c.WRITE_CALL * 1000:.0f} ms a BatchWriteItem of {c.PUTS_PER_CALL}, "
        f"{c.CALLS_AT_ONCE} at once. AWS may be slower.",
        f"Lambda polls a shard {c.POLL_EVERY:g} s after the last read; its window opens with the "
        "first record read. AWS does not document how the two interlock.",
        "Latency is from Kinesis to DynamoDB at the average rate, without cold starts (under 1 s "
        "each) and without the producer's own 0.1 s.",
        "Left out, as they are small or depend on you: KMS calls, alarms, dead letters, reads of "
        "the table, traces; retries and duplicates.",
    ]
    if load.aggregate > 1:
        found.insert(
            1,
            f"{load.aggregate} {load.noun}s share a record (produce --aggregate), which may go to "
            "any shard: those of the same partition key may overtake each other.",
        )
    return found
