"""What the figures of a plan rest on, in sentences for a person."""

from __future__ import annotations

from tweetpipe.plan import constants as c
from tweetpipe.plan.cases import LEAST, LIKELY, MOST
from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.prices import Prices


def assumptions(load: Load, modes: list[Mode], prices: Prices) -> list[str]:
    """The assumptions that matter for this load, the weightiest first."""
    peaks = "has no peaks" if load.peak_factor == 1 else f"peaks at {load.peak_factor:g} times it"
    size = f"an item has {load.item_size:,.0f} bytes"
    if not load.item_bytes:
        shares = f"{LEAST.item_share:.0%} to {MOST.item_share:.0%}"
        size += f", {shares} of the {load.noun} as fake tweets have"
    quoted = (
        f", {prices.quoted} of {len(prices.prices)} as others quote AWS's list: --json names each "
        "source, and python -m tweetpipe.plan.refresh fetches the list itself"
        if prices.quoted
        else ", from AWS's price list"
    )
    found = [
        f"Prices of {prices.region} as of {prices.published}{quoted}. No free tier, discount or "
        "tax.",
        "A range is what the figure comes to over the cases that follow; without one, only prices "
        "and what you gave are in it.",
        f"{load.rate:,g} {load.nouns}/s is the average, and the rate {peaks}; sizes vary around "
        f"their average; {size}.",
        f"The largest partition key has {load.hottest_key:.1%} of all {load.nouns}, the others "
        "follow Zipf's law; key and shard go by MD5 as in Kinesis.",
        f"The function takes {c.CPU_PER_EVENT * 1e6:.0f} µs of CPU a {load.noun} and "
        f"{c.CPU_PER_BYTE * 1e9:.0f} ns a byte at a full vCPU as measured here, or "
        f"{LEAST.slowness:g} to {MOST.slowness:g} times that on AWS; a BatchWriteItem of "
        f"{c.PUTS_PER_CALL} takes {LIKELY.write_call * 1000:.0f} to {MOST.write_call * 1000:.0f} "
        f"ms, {c.CALLS_AT_ONCE} at once.",
        f"Lambda polls a shard {c.POLL_EVERY:g} s after the last read; its window opens with the "
        "first record read. AWS does not document how the two interlock: a window may just catch "
        "the next poll, or not.",
        "Latency is from Kinesis to DynamoDB at the average rate, without cold starts (under 1 s "
        "each) and without the producer's own 0.1 s.",
        "Left out, as they are small or depend on you: KMS calls, alarms, dead letters, reads of "
        "the table, traces; retries and duplicates.",
    ]
    if set(modes) - {Mode.PROVISIONED}:
        found.insert(
            -2,
            f"An on-demand stream has shards for {LIKELY.reserve:g} to {MOST.reserve:g} times its "
            "peak, since it splits all of them alike; what is read is billed as large as what was "
            "written, or without its rounding up to whole KB.",
        )
    if Mode.ADVANTAGE in modes:
        found.insert(
            -2,
            f"On-demand Advantage is an account's, for all its on-demand streams in a region, and "
            f"commits it to {c.ADVANTAGE_MIB} MiB/s each of writes and reads for at least 24 "
            "hours; this stream is taken to be the only one. Over which time AWS compares is not "
            "documented.",
        )
    if load.aggregate > 1:
        found.insert(
            2,
            f"{load.aggregate} {load.nouns} share a record (produce --aggregate), which may go to "
            "any shard: those of the same partition key may overtake each other.",
        )
    return found
