"""The Kinesis operations, by AWS's names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..streams import NoSuchStreamError
from . import changing, consumers, lifecycle, putting, reading, resharding, tags
from .errors import KinesisError, not_found
from .service import Answer, Caller, Kinesis, Request, missing
from .shapes import Shapes

SUBSCRIBE = "SubscribeToShard"
"""The only operation that answers with an event stream."""

OPERATIONS: dict[str, Callable[[Kinesis, Caller, Request], Answer]] = {
    "AddTagsToStream": tags.add_tags,
    "CreateStream": lifecycle.create_stream,
    "DecreaseStreamRetentionPeriod": changing.decrease_retention,
    "DeleteResourcePolicy": tags.delete_policy,
    "DeleteStream": lifecycle.delete_stream,
    "DeregisterStreamConsumer": consumers.deregister_consumer,
    "DescribeAccountSettings": changing.describe_account_settings,
    "DescribeLimits": lifecycle.describe_limits,
    "DescribeStream": lifecycle.describe_stream,
    "DescribeStreamConsumer": consumers.describe_consumer,
    "DescribeStreamSummary": lifecycle.describe_stream_summary,
    "DisableEnhancedMonitoring": changing.disable_monitoring,
    "EnableEnhancedMonitoring": changing.enable_monitoring,
    "GetRecords": reading.get_records,
    "GetResourcePolicy": tags.get_policy,
    "GetShardIterator": reading.get_shard_iterator,
    "IncreaseStreamRetentionPeriod": changing.increase_retention,
    "ListShards": resharding.list_shards,
    "ListStreamConsumers": consumers.list_consumers,
    "ListStreams": lifecycle.list_streams,
    "ListTagsForResource": tags.list_tags_of_resource,
    "ListTagsForStream": tags.list_tags,
    "MergeShards": resharding.merge_shards,
    "PutRecord": putting.put_record,
    "PutRecords": putting.put_records,
    "PutResourcePolicy": tags.put_policy,
    "RegisterStreamConsumer": consumers.register_consumer,
    "RemoveTagsFromStream": tags.remove_tags,
    "SplitShard": resharding.split_shard,
    "StartStreamEncryption": changing.start_encryption,
    "StopStreamEncryption": changing.stop_encryption,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateAccountSettings": changing.update_account_settings,
    "UpdateMaxRecordSize": changing.update_max_record_size,
    "UpdateShardCount": resharding.update_shard_count,
    "UpdateStreamMode": changing.update_stream_mode,
    "UpdateStreamRecordDistributionStrategy": changing.update_distribution,
    "UpdateStreamWarmThroughput": changing.update_warm_throughput,
}


class Operations:
    """Checks the arguments of calls and answers them; raises KinesisError."""

    def __init__(self, kinesis: Kinesis, shapes: Shapes) -> None:
        self._kinesis, self._shapes = kinesis, shapes

    def answer(self, operation: str, caller: Caller, arguments: object) -> Answer:
        """Answer a call."""
        answer: Answer = self._call(OPERATIONS[operation], operation, caller, arguments)
        return answer

    def subscribe(self, caller: Caller, arguments: object) -> Iterator[Answer]:
        """The events of a subscription."""
        events: Iterator[Answer] = self._call(consumers.subscribe, SUBSCRIBE, caller, arguments)
        return events

    def _call(self, run: Any, operation: str, caller: Caller, arguments: object) -> Any:
        request = putting.checked(self._shapes, operation, arguments)
        if request.get("DryRun"):
            raise KinesisError(
                "DryRunOperationException",
                "Request would have succeeded, but the DryRun parameter is set.",
            )
        try:
            return run(self._kinesis, caller, request)
        except NoSuchStreamError as error:  # deleted meanwhile
            raise not_found(missing(error.arn)) from None
