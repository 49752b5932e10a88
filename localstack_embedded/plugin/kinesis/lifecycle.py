"""Creating, describing, and deleting streams."""

from __future__ import annotations

from base64 import b64decode, b64encode

from ..streams import Stream, StreamExistsError
from .details import ON_DEMAND, PROVISIONED, details_of, new_details
from .errors import in_use, invalid, over_limit
from .service import Answer, Caller, Kinesis, Request, account_in
from .shown import shard_shown, warm_shown
from .tags import checked_tags, present_consumers
from .wire import Moment

_ON_DEMAND_SHARDS = 4
_SHARDS_A_PAGE = 100
_STREAMS_A_PAGE = 100


def create_stream(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Create a stream; without a shard count, its default mode is on demand."""
    arn = caller.arn_of(request["StreamName"])
    count = request.get("ShardCount")
    default = ON_DEMAND if count is None else PROVISIONED
    mode = request.get("StreamModeDetails", {}).get("StreamMode", default)
    if mode == PROVISIONED and count is None:
        raise invalid("ShardCount is required for a stream in PROVISIONED mode.")
    strategy = request.get("RecordDistributionStrategy")
    require_on_demand_for(strategy, mode)
    require_room(kinesis, caller, mode, count or 0)
    tags = checked_tags({}, request.get("Tags", {}))
    exists = in_use(
        f"Stream {request['StreamName']} under account {caller.account} already exists."
    )
    if kinesis.is_before(kinesis.leaving.get(arn, (None, 0.0))[1]):
        raise exists
    details = new_details(mode, tags, request.get("WarmThroughputMiBps"))
    kinesis.occupy(details, "CREATING")
    try:
        # LocalStack's CloudFormation requests one shard even if the template gives no count.
        shards = _ON_DEMAND_SHARDS if count is None else int(count)
        stream = kinesis.streams.add(arn, shards, details=details)
    except StreamExistsError:
        raise exists from None
    stream.max_record_bytes = request.get("MaxRecordSizeInKiB", 1024) * 1024
    stream.is_even = strategy == "AUTO"
    return {}


def require_shards(kinesis: Kinesis, caller: Caller, added: int) -> None:
    """Raise KinesisError if an account can't have this many more shards."""
    provisioned = [it for it in _live(kinesis, caller) if details_of(it)["mode"] == PROVISIONED]
    now = sum(len(stream.open_shards) for stream in provisioned)
    limit = kinesis.settings.shard_limit
    if now + added > limit:
        raise over_limit(
            f"This request would exceed the shard limit for the account {caller.account} in"
            f" {caller.region}. Current shard count for the account: {now}. Limit: {limit}. Number"
            f" of additional shards that would have resulted from this request: {added}. Refer to"
            " the AWS Service Limits page"
            " (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current"
            " limits and how to request higher limits."
        )


def delete_stream(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Delete a stream and its records."""
    stream = kinesis.find(caller, request)
    if kinesis.status_of(stream) == "DELETING":
        return {}
    consumers = present_consumers(kinesis, details_of(stream))
    if consumers and not request.get("EnforceConsumerDeletion"):
        raise in_use(
            f"Stream {stream.name} under account {account_in(stream.arn)} has registered"
            " consumers. Deregister them first, or set EnforceConsumerDeletion."
        )
    if kinesis.settings.latency:
        kinesis.leaving[stream.arn] = stream, kinesis.soon()
    kinesis.streams.remove(stream.arn)
    return {}


def list_streams(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """The caller's streams by name, a page at a time."""
    after = request.get("ExclusiveStartStreamName", "")
    if "NextToken" in request:
        try:
            after = b64decode(request["NextToken"], validate=True).decode()
        except ValueError:
            raise invalid("Invalid NextToken.") from None
    limit = request.get("Limit", _STREAMS_A_PAGE)
    found = [stream for stream in kinesis.seen_by(caller) if stream.name > after]
    page = found[:limit]
    more = len(found) > limit
    return {
        "StreamNames": [stream.name for stream in page],
        "HasMoreStreams": more,
        "NextToken": b64encode(page[-1].name.encode()).decode() if more else None,
        "StreamSummaries": [_summary(kinesis, stream) for stream in page],
    }


def describe_stream(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """A stream with its shards, one page at a time."""
    stream = kinesis.find(caller, request)
    after = request.get("ExclusiveStartShardId", "")
    limit = min(request.get("Limit", _SHARDS_A_PAGE), _SHARDS_A_PAGE)
    known = kinesis.status_of(stream) in ("ACTIVE", "UPDATING")
    shards = [it for it in stream.shards.values() if it.id > after] if known else []
    return {
        "StreamDescription": {
            **_description(kinesis, stream),
            "Shards": [shard_shown(shard) for shard in shards[:limit]],
            "HasMoreShards": len(shards) > limit,
        }
    }


def describe_stream_summary(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """A stream without its shards."""
    stream = kinesis.find(caller, request)
    details = details_of(stream)
    warm = details["warm_throughput"]
    return {
        "StreamDescriptionSummary": {
            **_description(kinesis, stream),
            "OpenShardCount": len(stream.open_shards),
            "ConsumerCount": len(present_consumers(kinesis, details)),
            "MaxRecordSizeInKiB": stream.max_record_bytes // 1024,
            "RecordDistributionStrategy": "AUTO" if stream.is_even else "USER_PARTITION_KEY",
            "WarmThroughput": None if warm is None else warm_shown(warm),
        }
    }


def describe_limits(kinesis: Kinesis, caller: Caller, _request: Request) -> Answer:
    """How many shards and on-demand streams the account has, and the limits for both."""
    streams = _live(kinesis, caller)
    on_demand = [stream for stream in streams if details_of(stream)["mode"] == ON_DEMAND]
    others = [stream for stream in streams if stream not in on_demand]
    return {
        "ShardLimit": kinesis.settings.shard_limit,
        "OpenShardCount": sum(len(stream.open_shards) for stream in others),
        "OnDemandStreamCount": len(on_demand),
        "OnDemandStreamCountLimit": kinesis.settings.on_demand_limit,
    }


def _live(kinesis: Kinesis, caller: Caller) -> list[Stream]:
    return kinesis.streams.of(caller.account, caller.region)


def require_on_demand_for(strategy: str | None, mode: str) -> None:
    """Raise KinesisError if a stream in this mode can't use this distribution strategy."""
    if strategy == "AUTO" and mode != ON_DEMAND:
        raise invalid("RecordDistributionStrategy AUTO is for streams in ON_DEMAND mode only.")


def require_room(kinesis: Kinesis, caller: Caller, mode: str, shards: int) -> None:
    """Raise KinesisError if the account can't have another stream in this mode."""
    if mode == PROVISIONED:
        require_shards(kinesis, caller, shards)
        return
    limit = kinesis.settings.on_demand_limit
    modes = [details_of(stream)["mode"] for stream in _live(kinesis, caller)]
    if modes.count(ON_DEMAND) >= limit:
        raise over_limit(
            f"This request would exceed the limit of {limit} streams in ON_DEMAND mode for the"
            f" account {caller.account} in {caller.region}."
        )


def _summary(kinesis: Kinesis, stream: Stream) -> Answer:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": kinesis.status_of(stream),
        "StreamModeDetails": {"StreamMode": details_of(stream)["mode"]},
        "StreamCreationTimestamp": Moment(stream.created),
    }


def _description(kinesis: Kinesis, stream: Stream) -> Answer:
    details = details_of(stream)
    return {
        **_summary(kinesis, stream),
        "RetentionPeriodHours": stream.retention_hours,
        "EnhancedMonitoring": [{"ShardLevelMetrics": details["metrics"]}],
        "EncryptionType": "KMS" if details["key_id"] else "NONE",
        "KeyId": details["key_id"],
    }
