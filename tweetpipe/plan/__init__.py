"""Estimates what a load needs on AWS: capacity, latency, limits, and monthly cost. Offline.

load        the load that the user describes, and the relevant stack parameters
constants   measurements of this project and limits that AWS documents, with their sources
cases       assumptions beyond that: the likely case, the least, and the most
offers      AWS's price list in the format that AWS publishes
prices      the prices that a plan needs, from prices.json or the user's files
refresh     a command that fetches these prices from AWS
sizes       the number of whole units that records of varying size are billed as
spread      the distribution of partition keys over shards: how hot the hottest shard gets
capacity    shards, concurrent batches, and the duration of a batch
reading     how Lambda reads a shard: latency, calls, and billed time
costs       the monthly cost, line by line
limits      the limits that the load hits, and where
planning    all of these together for each case, and where two modes cost the same
"""

from __future__ import annotations

from tweetpipe.plan.load import Load, Mode
from tweetpipe.plan.planning import Plan, break_even_peak, crossing, make_plan
from tweetpipe.plan.prices import Prices, load_prices

__all__ = [
    "Load",
    "Mode",
    "Plan",
    "Prices",
    "break_even_peak",
    "crossing",
    "load_prices",
    "make_plan",
]
