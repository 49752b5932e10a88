"""What a load needs on AWS: capacity, latency, limits and monthly cost; no AWS is asked.

load        what the user says about the load, and the settings of infra/template.yaml
constants   what was measured on this project, and what AWS documents, each with its origin
cases       what is assumed beyond that: the likely case, the least and the most
offers      AWS's price list, as AWS publishes it
prices      what a plan needs of it, from prices.json or files of the user's
refresh     fetches that from AWS, when it is run by itself
sizes       whole units that records of varying size are billed as
spread      partition keys over shards: how hot the hottest shard gets
capacity    shards, concurrent batches, duration of a batch
reading     how Lambda reads a shard: latency, calls and billed time
costs       monthly cost, line by line
limits      what will be hit, and where
planning    all of it put together for each case, and where two modes cross
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
