"""Tags and resource policies of streams and consumers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ..streams import arns
from .details import Consumer, Details, details_of
from .errors import invalid, malformed, not_found
from .service import Answer, Caller, Kinesis, Request, account_in

_MOST_TAGS = 50
_TAGS_A_PAGE = 50
_ALLOWED = re.compile(r"[\w\s./\-=+@:]*")


def checked_tags(present: dict[str, str], added: dict[str, str]) -> dict[str, str]:
    """The present and the added tags together; raises KinesisError."""
    _require_allowed([*added, *added.values()])
    for key in added:
        if key.lower().startswith("aws:"):
            raise invalid(f"Tag keys can't start with aws:, but {key} does.")
    tags = {**present, **added}
    if len(tags) > _MOST_TAGS:
        raise invalid(f"A resource can have at most {_MOST_TAGS} tags, not {len(tags)}.")
    return tags


def _require_allowed(texts: Iterable[str]) -> None:
    if not all(_ALLOWED.fullmatch(text) for text in texts):
        raise invalid(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits,"
            " white space, _ . / = + - % @."
        )


def add_tags(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Add tags to a stream."""
    details = details_of(kinesis.usable(caller, request))
    details["tags"] = checked_tags(details["tags"], request["Tags"])
    return {}


def remove_tags(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Remove tags from a stream."""
    details = details_of(kinesis.usable(caller, request))
    _require_allowed(request["TagKeys"])
    details["tags"] = _without(details["tags"], request["TagKeys"])
    return {}


def list_tags(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """A stream's tags, a page at a time."""
    tags = details_of(kinesis.usable(caller, request))["tags"]
    after = request.get("ExclusiveStartTagKey", "")
    limit = request.get("Limit", _TAGS_A_PAGE)
    found = [item for item in _shown(tags) if item["Key"] > after]
    return {"Tags": found[:limit], "HasMoreTags": len(found) > limit}


def tag_resource(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """Add tags to a stream or a consumer."""
    resource = _resource(kinesis, request)
    resource["tags"] = checked_tags(resource["tags"], request["Tags"])
    return {}


def untag_resource(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """Remove tags from a stream or a consumer."""
    resource = _resource(kinesis, request)
    _require_allowed(request["TagKeys"])
    resource["tags"] = _without(resource["tags"], request["TagKeys"])
    return {}


def list_tags_of_resource(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """All tags of a stream or a consumer."""
    return {"Tags": _shown(_resource(kinesis, request)["tags"])}


def put_policy(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """Attach a policy, which is stored and shown but not enforced."""
    resource = _resource(kinesis, request)
    try:
        policy = json.loads(request["Policy"])
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict):
        raise invalid("The policy is not a JSON document.")
    resource["policy"] = request["Policy"]
    return {}


def get_policy(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """The attached policy, or an empty one."""
    return {"Policy": _resource(kinesis, request)["policy"] or "{}"}


def delete_policy(kinesis: Kinesis, _caller: Caller, request: Request) -> Answer:
    """Detach the policy."""
    resource = _resource(kinesis, request)
    if resource["policy"] is None:
        raise not_found(f"No resource policy found for resource ARN {request['ResourceARN']}")
    resource["policy"] = None
    return {}


def present_consumers(kinesis: Kinesis, details: Details) -> dict[str, Consumer]:
    """A stream's consumers; drops those whose deletion is complete."""
    consumers = details["consumers"]
    for name, consumer in list(consumers.items()):
        if consumer["status"] == "DELETING" and not kinesis.is_before(consumer["busy_until"]):
            consumers.pop(name, None)
    return consumers


def consumer_in(details: Details, arn: str) -> Consumer:
    """The consumer with this ARN; raises KinesisError."""
    for consumer in details["consumers"].values():
        if consumer["arn"] == arn:
            return consumer
    raise not_found(f"Consumer {arns.consumer_name(arn)}, account {account_in(arn)} not found.")


def _resource(kinesis: Kinesis, request: Request) -> Details | Consumer:
    arn = request["ResourceARN"]
    stream_arn = arns.of_stream(arn)
    if ":stream/" not in stream_arn:
        raise malformed(f"invalid kinesis arn {arn}")
    details = details_of(kinesis.at(stream_arn))
    return consumer_in(details, arn) if arns.is_of_consumer(arn) else details


def _without(tags: dict[str, str], keys: list[str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in keys}


def _shown(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
