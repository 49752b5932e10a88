"""The state of a stack's parts, as one report."""

from __future__ import annotations

from dataclasses import dataclass

from tweetpipe.place import Place
from tweetpipe.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Health:
    """What a deployed stack is doing."""

    stream_status: str
    stream_mode: str
    shards: int
    mapping_state: str
    last_result: str
    items: int
    dead_letters: int


def look(place: Place, deployed: Stack) -> Health:
    """Asks each part for its state.

    The number of items is DynamoDB's own, which AWS updates about every six hours and emulators at
    once (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html).
    """
    outputs = deployed.outputs
    stream = place.kinesis().describe_stream_summary(StreamName=outputs["KinesisStream"])
    summary = stream["StreamDescriptionSummary"]
    mappings = place.lambda_().list_event_source_mappings(FunctionName=outputs["DDBEventProcessor"])
    mapping = next(iter(mappings["EventSourceMappings"]), None) or {}
    table = place.dynamodb().describe_table(TableName=outputs["EventDataTable"])["Table"]
    queue = place.sqs().get_queue_attributes(
        QueueUrl=outputs["DeadLetterQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return Health(
        stream_status=summary["StreamStatus"],
        stream_mode=summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED"),
        shards=summary["OpenShardCount"],
        mapping_state=mapping.get("State", "missing"),
        last_result=mapping.get("LastProcessingResult", ""),
        items=table.get("ItemCount", 0),
        dead_letters=int(queue["Attributes"]["ApproximateNumberOfMessages"]),
    )
