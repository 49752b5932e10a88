"""Changing the settings of streams and accounts, such as mode, retention, and encryption."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..streams import Stream
from .details import ON_DEMAND, PROVISIONED, details_of
from .errors import invalid, malformed, over_limit
from .lifecycle import require_on_demand_for, require_room
from .service import Answer, Caller, Kinesis, Request, account_in
from .shown import warm_shown

_LEAST_HOURS, _MOST_HOURS = 24, 8760
_DAY = 86400.0
_SWITCHES_A_DAY = 2
_METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)
_KEY_ID = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-f]{32}|alias/.+"
    r"|arn:aws[^:]*:kms:[^:]*:\d{12}:(key|alias)/.+"
)


def update_stream_mode(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Switch between provisioned and on-demand mode, at most twice in 24 hours."""
    stream = kinesis.active(caller, request)
    details = details_of(stream)
    now = kinesis.clock()
    mode = request["StreamModeDetails"]["StreamMode"]
    recent = [at for at in details["switched"] if at > now - _DAY]
    if len(recent) >= _SWITCHES_A_DAY:
        raise over_limit(
            f"Stream {stream.name} under account {account_in(stream.arn)} has switched its"
            f" mode {_SWITCHES_A_DAY} times in 24 hours, which is the limit."
        )
    require_room(kinesis, caller, mode, 0)
    details["mode"], details["switched"] = mode, [*recent, now]
    if mode == PROVISIONED:
        stream.is_even = False
    kinesis.occupy(details)
    return {}


def increase_retention(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Extend the retention period."""
    stream, hours = _with_hours(kinesis, caller, request)
    if hours < stream.retention_hours:
        raise invalid(
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be"
            f" shorter than existing retention period ({stream.retention_hours} hours)."
            " Use DecreaseRetentionPeriod API."
        )
    return _retain(kinesis, stream, hours)


def decrease_retention(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Shorten the retention period."""
    stream, hours = _with_hours(kinesis, caller, request)
    if hours > stream.retention_hours:
        raise invalid(
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be"
            f" longer than existing retention period ({stream.retention_hours} hours)."
            " Use IncreaseRetentionPeriod API."
        )
    return _retain(kinesis, stream, hours)


def _with_hours(kinesis: Kinesis, caller: Caller, request: Request) -> tuple[Stream, int]:
    stream = kinesis.active(caller, request)
    hours: int = request["RetentionPeriodHours"]
    if hours < _LEAST_HOURS:
        raise invalid(
            f"Minimum allowed retention period is {_LEAST_HOURS} hours. Requested retention"
            f" period ({hours} hours) is too short."
        )
    if hours > _MOST_HOURS:
        raise invalid(
            f"Maximum allowed retention period is {_MOST_HOURS} hours. Requested retention"
            f" period ({hours} hours) is too long."
        )
    return stream, hours


def _retain(kinesis: Kinesis, stream: Stream, hours: int) -> Answer:
    stream.retention_hours = hours
    kinesis.occupy(details_of(stream))
    return {}


def start_encryption(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Report records as encrypted from now on."""
    stream = kinesis.active(caller, request)
    details_of(stream)["key_id"] = _key_id(request)
    kinesis.occupy(details_of(stream))
    return {}


def stop_encryption(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Stop reporting records as encrypted."""
    stream = kinesis.active(caller, request)
    _key_id(request)
    details_of(stream)["key_id"] = None
    kinesis.occupy(details_of(stream))
    return {}


def _key_id(request: Request) -> str:
    if request["EncryptionType"] != "KMS":
        raise invalid("EncryptionType must be KMS.")
    key_id: str = request["KeyId"]
    if not _KEY_ID.fullmatch(key_id):
        raise invalid(f"Invalid KeyId {key_id}: it must be a key's ID, its ARN, or an alias.")
    return key_id


def enable_monitoring(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Turn on shard-level metrics."""
    return _monitor(kinesis, caller, request, lambda now, wanted: now | wanted)


def disable_monitoring(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Turn off shard-level metrics."""
    return _monitor(kinesis, caller, request, lambda now, unwanted: now - unwanted)


def _monitor(
    kinesis: Kinesis,
    caller: Caller,
    request: Request,
    change: Callable[[set[str], set[str]], set[str]],
) -> Answer:
    stream = kinesis.active(caller, request)
    details = details_of(stream)
    before = details["metrics"]
    named = request["ShardLevelMetrics"]
    after = change({*before}, {*_METRICS} if "ALL" in named else {*named})
    details["metrics"] = [name for name in _METRICS if name in after]
    return {
        "StreamName": stream.name,
        "CurrentShardLevelMetrics": before,
        "DesiredShardLevelMetrics": details["metrics"],
        "StreamARN": stream.arn,
    }


def update_max_record_size(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Set the maximum size of a record."""
    stream = kinesis.active(caller, request)
    stream.max_record_bytes = request["MaxRecordSizeInKiB"] * 1024
    kinesis.occupy(details_of(stream))
    return {}


def update_distribution(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Distribute records by their partition keys, or evenly regardless of them."""
    stream = kinesis.active(caller, request)
    strategy = request["RecordDistributionStrategy"]
    require_on_demand_for(strategy, details_of(stream)["mode"])
    stream.is_even = strategy == "AUTO"
    return {}


def update_warm_throughput(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Store the warm throughput of an on-demand stream."""
    stream = kinesis.active(caller, request)
    if details_of(stream)["mode"] != ON_DEMAND:
        raise malformed("Warm throughput is for streams in ON_DEMAND mode only.")
    warm = details_of(stream)["warm_throughput"] = request["WarmThroughputMiBps"]
    kinesis.occupy(details_of(stream))
    return {
        "StreamARN": stream.arn,
        "StreamName": stream.name,
        "WarmThroughput": warm_shown(warm),
    }


def describe_account_settings(kinesis: Kinesis, caller: Caller, _request: Request) -> Answer:
    """Whether the account has committed to a minimum throughput."""
    status = kinesis.commitments.get((caller.account, caller.region), "DISABLED")
    return {"MinimumThroughputBillingCommitment": {"Status": status}}


def update_account_settings(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Store whether the account has committed to a minimum throughput."""
    status = request["MinimumThroughputBillingCommitment"]["Status"]
    kinesis.commitments[caller.account, caller.region] = status
    return describe_account_settings(kinesis, caller, request)
