"""The assumptions behind the figures of a plan, in sentences."""

from __future__ import annotations

from tweetpipe.plan import constants as c
from tweetpipe.plan.cases import LEAST, LIKELY, MOST
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices


def assumptions(load: Load, modes: list[Mode], prices: Prices) -> list[str]:
    """The assumptions that matter for this load, the most important first."""
    peaks = "has no peaks"
    if load.peak_factor != 1:
        peaks = f"peaks at {load.peak_factor:g} times that"
    size = f"an item has {load.item_size:,.0f} bytes"
    if not load.item_bytes:
        shares = f"{LEAST.item_share:.0%} to {MOST.item_share:.0%}"
        size += f", {shares} of the {load.noun}, as with fake tweets"
    quoted = (
        f", {prices.quoted} of {len(prices.prices)} from third parties that quote AWS's list. "
        "--json shows each source, and --prices reads AWS's own list"
        if prices.quoted
        else ", from AWS's price list"
    )
    found = [
        f"Prices of {prices.region} as of {prices.published}{quoted}. No free tier, discounts, or "
        "tax.",
        "A range covers all of the cases below. A figure without a range follows only from prices "
        "and your input.",
        f"{load.rate:,g} {load.nouns}/s is the average; the rate {peaks}. Sizes vary around their "
        f"average; {size}.",
        f"The most frequent partition key has {load.hottest_key:.1%} of all {load.nouns}; the "
        "others follow Zipf's law. Keys are assigned to shards by MD5, as in Kinesis.",
        f"The function takes {c.CPU_PER_EVENT * 1e6:.0f} µs of CPU per {load.noun} and "
        f"{c.CPU_PER_BYTE * 1e9:.0f} ns per byte on a full vCPU, as measured here, and "
        f"{LEAST.slowness:g} to {MOST.slowness:g} times that on AWS. A BatchWriteItem of "
        f"{c.PUTS_PER_CALL} items takes {LIKELY.write_call * 1000:.0f} to "
        f"{MOST.write_call * 1000:.0f} ms, with up to {c.CALLS_AT_ONCE} calls at once.",
        f"Lambda polls a shard {c.POLL_EVERY:g} s after the last read, and its window opens with "
        "the first record read. AWS does not document how the two interact: a window may or may "
        "not include the next poll.",
        "Latency is measured from Kinesis to DynamoDB at the average rate, without cold starts "
        "(under 1 s each) and without the producer's own 0.1 s.",
        "Not included, because they are small or depend on you: KMS calls, alarms, dead letters, "
        "reads of the table, traces, retries, and duplicates.",
    ]
    if set(modes) - {Mode.PROVISIONED}:
        found.insert(
            -2,
            f"An on-demand stream has shards for {LIKELY.reserve:g} to {MOST.reserve:g} times its "
            "peak, because it splits all of its shards at once. Reads are billed for the same size "
            "as writes, with or without rounding up to whole KB.",
        )
    if Mode.ADVANTAGE in modes:
        found.insert(
            -2,
            "On-demand Advantage applies to all on-demand streams of an account in a region, and "
            f"commits the account to {c.ADVANTAGE_MIB} MiB/s each of writes and reads for at least "
            "24 hours. This stream is assumed to be the only one. AWS does not document the period "
            "over which it compares usage with the commitment.",
        )
    if load.aggregate > 1:
        found.insert(
            2,
            f"{load.aggregate} {load.nouns} share a record (produce --aggregate), which may go to "
            f"any shard. So {load.nouns} with the same partition key may get out of order.",
        )
    return found
