"""What a stack costs on AWS before any tweet comes, as one line."""

from __future__ import annotations

from collections.abc import Mapping

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.plan.prices import load_prices

_HOURS = 730  # a month


def cost_line(parameters: Mapping[str, str], region: str) -> str:
    """The stream's monthly price for the parameters of a stack; all else is paid by use."""
    try:
        prices = load_prices(region)
    except WrongUsage:
        return f"Cost: no prices are known here for {region}; see tweetpipe plan for us-east-1."
    if parameters.get("StreamMode") == "ON_DEMAND":
        stream, cost = "an on-demand stream", prices["kinesis_stream_hour"] * _HOURS
    else:
        shards = int(parameters.get("ShardCount", "1"))
        stream = f"{shards:,} shard{'s' if shards > 1 else ''}"
        cost = shards * prices["kinesis_shard_hour"] * _HOURS
    return (
        f"Cost: about ${cost:,.0f} a month for {stream} ({region}), "
        "and what tweets cost on top of it."
    )
