"""Listing, splitting, and merging shards."""

from __future__ import annotations

from collections.abc import Callable

from ..streams import (
    HashKeyError,
    NoSuchShardError,
    Shard,
    ShardClosedError,
    ShardsNotAdjacentError,
    Stream,
)
from ..tokens import SECONDS_VALID, ForgedTokenError, seal, unseal
from .details import ON_DEMAND, details_of
from .errors import KinesisError, in_use, invalid, malformed, not_found, over_limit
from .lifecycle import require_shards
from .service import Answer, Caller, Kinesis, Request, account_in, shard_in
from .shown import shard_shown
from .times import seconds_in

_SHARDS_A_PAGE = 1000
_MOST_SHARDS = 10_000
_DAY = 86400.0
_RESIZES_A_DAY = 10
_LIST = "ListShards"


def list_shards(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """A stream's shards, or those that match a filter, a page at a time."""
    arn, after, shard_filter = _what_to_list(kinesis, caller, request)
    stream = kinesis.at(arn)
    status = kinesis.status_of(stream)
    if status in ("CREATING", "DELETING"):
        raise in_use(
            f"Stream {stream.name} under account {account_in(arn)} not ACTIVE,"
            f" instead in state {status}"
        )
    since = seconds_in(request, "StreamCreationTimestamp")
    if since is not None and int(since) != int(stream.created):
        raise not_found(f"No stream {stream.name} was created at {since}.")
    chosen = _chosen_by(kinesis, stream, shard_filter)
    shards = [it for it in stream.shards.values() if it.id > after and chosen(it)]
    limit = min(request.get("MaxResults", _SHARDS_A_PAGE), _SHARDS_A_PAGE)
    page = shards[:limit]
    token = None
    if len(shards) > limit:
        token = seal(_LIST, [kinesis.clock(), arn, page[-1].id, shard_filter])
    return {"Shards": [shard_shown(shard) for shard in page], "NextToken": token}


def _what_to_list(kinesis: Kinesis, caller: Caller, request: Request) -> tuple[str, str, Request]:
    """The stream's ARN, the shard to continue after, and the filter."""
    token = request.get("NextToken")
    if token is None:
        if "StreamName" not in request and "StreamARN" not in request:
            raise invalid("Either NextToken or StreamName should be provided.")
        shard_filter = dict(request.get("ShardFilter", {}))
        if (at := seconds_in(shard_filter, "Timestamp")) is not None:
            shard_filter["Timestamp"] = at
        return (
            kinesis.arn_in(caller, request),
            request.get("ExclusiveStartShardId", ""),
            shard_filter,
        )
    for other in ("StreamName", "StreamARN", "ExclusiveStartShardId", "StreamCreationTimestamp"):
        if other in request:
            raise invalid(f"NextToken and {other} cannot be provided together.")
    try:
        made, arn, after, shard_filter = unseal(_LIST, token)
    except ForgedTokenError:
        raise invalid("Invalid NextToken.") from None
    if kinesis.clock() - made > SECONDS_VALID:
        raise KinesisError(
            "ExpiredNextTokenException",
            f"The NextToken is older than {SECONDS_VALID} seconds. List the shards again.",
        )
    return arn, after, shard_filter


def _chosen_by(kinesis: Kinesis, stream: Stream, shard_filter: Request) -> Callable[[Shard], bool]:
    kind = shard_filter.get("Type", "FROM_TRIM_HORIZON")
    at = shard_filter.get("Timestamp")
    if kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP") and at is None:
        raise invalid(f"Timestamp must be provided for a ShardFilter of type {kind}.")
    if kind == "AFTER_SHARD_ID":
        after = shard_filter.get("ShardId")
        if after is None:
            raise invalid(f"ShardId must be provided for a ShardFilter of type {kind}.")
        return lambda shard: shard.id > str(after)
    if kind == "AT_LATEST":
        return lambda shard: not shard.is_closed
    if kind == "FROM_TRIM_HORIZON":
        return lambda shard: True
    horizon = max(stream.created, kinesis.clock() - stream.retention_hours * 3600)
    moment = horizon if at is None or kind == "AT_TRIM_HORIZON" else max(float(at), horizon)
    shards = stream.shards

    def was_open_later(shard: Shard) -> bool:
        return shard.closed is None or shard.closed >= moment

    def was_open(shard: Shard) -> bool:
        closed = [it.closed for name in shard.parents if (it := shards.get(name)) is not None]
        opened = max((at for at in closed if at is not None), default=stream.created)
        return opened <= moment and was_open_later(shard)

    return was_open_later if kind == "FROM_TIMESTAMP" else was_open


def split_shard(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Split a shard in two."""
    stream = _resharded(kinesis, caller, request)
    shard = shard_in(stream, request["ShardToSplit"])
    require_shards(kinesis, caller, 1)
    at = int(request["NewStartingHashKey"])
    try:
        stream.split(shard.id, at)
    except HashKeyError:
        raise invalid(
            f"NewStartingHashKey {at} used in SplitShard() on shard {shard.id} in stream"
            f" {stream.name} under account {account_in(stream.arn)} is not both greater than one"
            f" plus the shard's StartingHashKey {shard.start} and less than the shard's"
            f" EndingHashKey {shard.end}."
        ) from None
    except ShardClosedError:
        raise _closed(stream, shard.id) from None
    kinesis.occupy(details_of(stream))
    return {}


def merge_shards(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Merge two adjacent shards."""
    stream = _resharded(kinesis, caller, request)
    first = shard_in(stream, request["ShardToMerge"])
    second = shard_in(stream, request["AdjacentShardToMerge"])
    try:
        stream.merge(first.id, second.id)
    except ShardClosedError as error:
        raise _closed(stream, error.shard_id) from None
    except ShardsNotAdjacentError:
        raise invalid(
            f"Shards {first.id} and {second.id} in stream {stream.name} under account"
            f" {account_in(stream.arn)} are not an adjacent pair of shards eligible for merging"
        ) from None
    except NoSuchShardError as error:
        raise not_found(
            f"Could not find shard {error.shard_id} in stream {stream.name}"
            f" under account {account_in(stream.arn)}."
        ) from None
    kinesis.occupy(details_of(stream))
    return {}


def update_shard_count(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Scale a stream to between half and twice its number of open shards."""
    stream = _resharded(kinesis, caller, request)
    details = details_of(stream)
    target, now = request["TargetShardCount"], len(stream.open_shards)
    recent = [at for at in details["resized"] if at > kinesis.clock() - _DAY]
    if target > 2 * now:
        raise invalid(
            "UpdateShardCount cannot scale up over double your current open shard count."
            f" Current open shard count: {now} Target shard count: {target}"
        )
    if 2 * target < now:
        raise invalid(
            "UpdateShardCount cannot scale down below half your current open shard count."
            f" Current open shard count: {now} Target shard count: {target}"
        )
    if target > _MOST_SHARDS:
        raise invalid(f"A stream can be scaled to at most {_MOST_SHARDS} shards.")
    if len(recent) >= _RESIZES_A_DAY:
        raise over_limit(
            f"Stream {stream.name} under account {account_in(stream.arn)} has been scaled"
            f" {_RESIZES_A_DAY} times in 24 hours, which is the limit."
        )
    require_shards(kinesis, caller, target - now)
    stream.resize(target)
    details["resized"] = [*recent, kinesis.clock()]
    kinesis.occupy(details)
    return {
        "StreamName": stream.name,
        "CurrentShardCount": now,
        "TargetShardCount": target,
        "StreamARN": stream.arn,
    }


def _resharded(kinesis: Kinesis, caller: Caller, request: Request) -> Stream:
    stream = kinesis.active(caller, request)
    if details_of(stream)["mode"] == ON_DEMAND:
        raise malformed(
            f"Request is invalid. Stream {stream.name} under account {account_in(stream.arn)}"
            " is in On-Demand mode."
        )
    return stream


def _closed(stream: Stream, shard_id: str) -> KinesisError:
    return invalid(
        f"Shard {shard_id} in stream {stream.name} under account {account_in(stream.arn)} has"
        " already been merged or split, and thus is not eligible for merging or splitting."
    )
