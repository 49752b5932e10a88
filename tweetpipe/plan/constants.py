"""The constants of a plan: measured on this project, documented by AWS, or assumed."""

from __future__ import annotations

# --- Measured on this project, with the processor as it is -------------------------------------
# CPU of the whole function on one core against a stub that answers after 5 ms, Lambda's parsing
# of the event included: 1.1 ms for a batch of one; in batches of 500, 61 us a record of 1,389
# bytes (v2) and 82 us one of 2,804 bytes (v1.1), before botocore wrote the calls'
# bodies, which takes about 5 us a record more: 7 to 8 % side by side.
CPU_PER_BATCH = 0.001
CPU_PER_EVENT = 45e-6
CPU_PER_BYTE = 15e-9
# What the stub took for a BatchWriteItem of 25, as DynamoDB does within a region.
WRITE_CALL = 0.005
PUTS_PER_CALL = 25  # processor/table.py
CALLS_AT_ONCE = 20  # processor/clients.py
AGGREGATE_BYTES = 25_000  # producer/aggregation.py: the maximum size of an aggregated record
AGGREGATE_OVERHEAD = 17  # bytes per event, in addition to the event and its key
# The function's own two lines are 538 bytes (processor/report.py and the metrics); START, END and
# REPORT, and 26 bytes that CloudWatch adds to each, make up the rest.
LOG_BYTES_PER_BATCH = 1000
CUSTOM_METRICS = 7  # processor/report.py
# 10,000 fake tweets: an item is 11 % of a v1.1 payload (2,950 bytes) and 18 % of a v2 payload
# (1,770 bytes, with the posts that it refers to).
ITEM_SHARE = 0.18
# Spread of sizes, as the sigma of a lognormal. Payloads of fake tweets have 0.43 (v2) and 0.39
# (v1.1); items 0.49, but a tail of long posts that is more like 0.6.
PAYLOAD_SIGMA = 0.4
ITEM_SIGMA = 0.6

# --- Documented by AWS -------------------------------------------------------------------------
# Kinesis developer guide, quotas.
SHARD_RECORDS = 1000  # a second
SHARD_BYTES = 1_000_000  # a second; 1 MB, on the safe side of 1 MiB
MAX_RECORD_BYTES = 1024 * 1024
ON_DEMAND_FIRST_SHARDS = 4  # a new on-demand stream takes 4 MB/s
ON_DEMAND_RESERVE = 2  # it then keeps room for twice the peak of the last 30 days
LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
SHARDS_OF_ACCOUNT = 20_000  # in the large regions; 1,000 or 6,000 in others
SHARDS_ELSEWHERE = 1000
ON_DEMAND_MB = 10_000  # a second; 200 in others
ON_DEMAND_MB_ELSEWHERE = 200
# On-demand Advantage, announced in November 2025. An account's on-demand streams in a region are
# charged for at least this many MiB/s of writes and of reads:
# https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
ADVANTAGE_MIB = 25
PUT_UNIT = 25 * 1024
KB = 1024
GB = 1024**3
MIB = 1024**2
# Lambda developer guide, Kinesis: once per second and shard, whatever the window.
POLL_EVERY = 1.0
# An invocation takes 6 MB of JSON. A record is in it as base64, with its metadata.
MAX_PAYLOAD = 6_000_000
BASE64 = 4 / 3
RECORD_METADATA = 700
MAX_PARALLELIZATION = 10
FULL_VCPU_MB = 1769
CONCURRENCY = 1000  # default of an account and region
# DynamoDB developer guide, quotas; write units a second.
TABLE_WRITES = 40_000
PARTITION_WRITES = 1000
NEW_TABLE_WRITES = 4000
READ_UNIT = 4 * 1024
ITEM_OVERHEAD = 100  # bytes of storage that are billed on top of each item
# X documentation, rate limits and pricing.
X_POSTS_PER_SECOND = 250
X_POSTS_PER_MONTH = 3_000_000
X_POST_READ = 0.005  # US dollars; as of 2026-08-22

# --- Assumed -----------------------------------------------------------------------------------
READ_CALL = 0.02  # one GetRecords call; the next poll counts from its end
INVOKE_OVERHEAD = 0.01  # from a batch being ready to the start of the function, not billed
KEY_BYTES = 15  # a screen name at its longest: counts towards a shard's bytes
KEYS = 1_000_000  # partition keys
MAX_UTILISATION = 0.7  # share of the time a shard's batches may take before they run in parallel

# --- infra/template.yaml -----------------------------------------------------------------------
TEMPLATE_MAX_SHARDS = 500
TIMEOUT = 60.0
