"""Proves that the function of a sample's stack has read its stream to the end.

python drained.py STACK [SECONDS]. Exit code 0 only when it has; see aws.md.
"""

import json
import sys
import time
import uuid
from datetime import UTC, datetime

import boto3

stack, patience = sys.argv[1], float((sys.argv[2:] or ["600"])[0])
kinesis = boto3.client("kinesis")
table = boto3.resource("dynamodb").Table(f"{stack}-EventData")
resources = boto3.client("cloudformation").describe_stack_resources(StackName=stack)
stream = next(
    resource["PhysicalResourceId"]
    for resource in resources["StackResources"]
    if resource["ResourceType"] == "AWS::Kinesis::Stream"
)
pages = kinesis.get_paginator("list_shards").paginate(StreamName=stream)
shards = [shard for page in pages for shard in page["Shards"]]
shards = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
author = f"drain check {uuid.uuid4()}"
behind = {}
for number, shard in enumerate(shards):
    marker = {
        "id_str": str(number),
        "user": {"name": author},
        "created_at": f"{datetime.now(UTC):%a %b %d %H:%M:%S +0000 %Y}",
        "text": "Everything before this has been read",
    }
    behind[shard["ShardId"]] = kinesis.put_record(
        StreamName=stream,
        Data=json.dumps(marker).encode(),
        PartitionKey=author,
        ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"],
    )["SequenceNumber"]

keys = [{"Username": author, "Id": str(number)} for number in range(len(shards))]
deadline = time.monotonic() + patience
while True:
    found = [key for key in keys if "Item" in table.get_item(Key=key, ConsistentRead=True)]
    if len(found) == len(shards):
        break
    if time.monotonic() > deadline:
        sys.exit(
            f"NOT drained: of {len(shards)} shards {len(found)} were read to their end within "
            f"{patience:.0f} s. Look at the function's log. The markers have the author {author!r}."
        )
    time.sleep(2)

for key in keys:
    table.delete_item(Key=key)
quiet_until = time.monotonic() + 3  # a producer collects records before it sends them
for shard_id, sequence_number in behind.items():
    iterator = kinesis.get_shard_iterator(
        StreamName=stream,
        ShardId=shard_id,
        ShardIteratorType="AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber=sequence_number,
    )["ShardIterator"]
    while True:
        answer = kinesis.get_records(ShardIterator=iterator)
        if answer["Records"]:
            sys.exit("NOT drained: something still writes to the stream. Stop it, and start again.")
        if not answer["MillisBehindLatest"] and time.monotonic() > quiet_until:
            break
        iterator = answer["NextShardIterator"]
        time.sleep(0.2)
count = len(shards)
sys.stdout.write(f"drained: the function has read {count} of {count} shards to their end\n")
