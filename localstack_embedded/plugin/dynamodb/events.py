"""The events that LocalStack's own poller sends to functions for a table's changes."""

from __future__ import annotations

from typing import Any

from localstack.services.lambda_.event_source_mapping.pollers.dynamodb_poller import DynamoDBPoller


def tell_who_deleted() -> None:
    """Add `userIdentity`, which marks deletions by expiry, and which the poller leaves out."""
    transform = DynamoDBPoller.transform_into_events

    def transform_into_events(
        poller: DynamoDBPoller, records: list[dict[str, Any]], shard_id: str
    ) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = transform(poller, records, shard_id)
        for record, event in zip(records, events, strict=True):
            if identity := record.get("userIdentity"):
                event["userIdentity"] = {
                    "type": identity["Type"],
                    "principalId": identity["PrincipalId"],
                }
        return events

    DynamoDBPoller.transform_into_events = transform_into_events
