"""BatchWriteItem's body, written without botocore's model of it.

botocore walks its model of the operation for every attribute of every item, a sixth of a call's
CPU. Endpoint, credentials, signature, connection, answer and errors stay botocore's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

_ITEMS = "tweetpipe.request_items"


def write_bodies_directly(client: BaseClient) -> None:
    """Make a client's `batch_write_item` faster; its `RequestItems` must be all it is given.

    Leaves the client as it is where its botocore speaks anything but JSON to DynamoDB, or is so old
    that it doesn't say.
    """
    if getattr(client.meta.service_model, "resolved_protocol", None) != "json":
        return
    # The stubs know of no hook that returns something.
    events: Any = client.meta.events
    events.register("provide-client-params.dynamodb.BatchWriteItem", _keep_items)
    events.register("before-call.dynamodb.BatchWriteItem", _write_body)


def _keep_items(
    params: dict[str, Any], context: dict[str, Any], **_: object
) -> dict[str, dict[str, list[dict[str, object]]]]:
    context[_ITEMS] = params["RequestItems"]
    # The table stays named: where a request goes may depend on it. Not without a write, which would
    # be invalid.
    return {"RequestItems": {table: [{}] for table in params["RequestItems"]}}


def _write_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = json.dumps({"RequestItems": context[_ITEMS]}).encode()
