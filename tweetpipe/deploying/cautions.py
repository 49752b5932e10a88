"""What AWS limits of the changes in a plan, and what they bring with them.

Where that is said:

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/switching.capacitymode.html
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
"""

from __future__ import annotations

from collections.abc import Iterator

from tweetpipe.deploying.changes import Change, ChangeSet

_MAPPING = "AWS::Lambda::EventSourceMapping"
_OF_A_CHANGE = {
    ("AWS::Kinesis::Stream", "ShardCount"): (
        "AWS changes the shards of a stream at most ten times in 24 hours, each time to no more "
        "than double and no less than half of what there is."
    ),
    ("AWS::Kinesis::Stream", "StreamModeDetails"): (
        "AWS changes the mode of a stream at most twice in 24 hours."
    ),
    ("AWS::DynamoDB::Table", "BillingMode"): (
        "AWS takes a table from PROVISIONED to PAY_PER_REQUEST at most four times in 24 hours."
    ),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification"): (
        "Until AWS has switched the expiry of items on or off, which may take an hour, it refuses "
        "to change that again."
    ),
    ("AWS::DynamoDB::Table", "WarmThroughput"): (
        "AWS charges once for write units that are made ready, and can't lower them again."
    ),
}
_READ_AGAIN = (
    "The function will read all that the stream still holds once more. What is stored stays as it "
    "is, but each record that can't be stored makes a second dead letter."
)


def cautions(plan: ChangeSet) -> list[str]:
    """What to know before the plan is carried out, each only once."""
    return list(dict.fromkeys(line for change in plan.changes for line in _of(change)))


def _of(change: Change) -> Iterator[str]:
    if change.action != "Modify":
        return
    for changed in change.properties:
        if line := _OF_A_CHANGE.get((change.type, changed.name)):
            yield line
    # The new mapping starts where the stream does.
    if change.type == _MAPPING and change.is_replaced:
        yield _READ_AGAIN
