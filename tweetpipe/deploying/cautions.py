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
_NEW_KEY = (
    "The producer's access key is replaced, and the old one deleted. `tweetpipe produce` reads the "
    "new key by itself, while it runs; give it to other programs that use the old one."
)
_NO_KEY = "The producer's access key is deleted: AWS refuses what is signed with it from then on."
# Such a stack was made when that was the default; an update keeps the values of parameters.
_FEW_RETRIES = "10"
_LEAVES_WORK = (
    f"MaximumRetryAttempts is {_FEW_RETRIES}, once the default. After as many retries Lambda gives "
    "a batch up, so an outage can leave dead letters to redrive. To have Lambda retry until the "
    "stream forgets the records, as a new stack does: -p MaximumRetryAttempts=-1."
)
_READ_AGAIN = (
    "The function will read all that the stream still holds once more. What is stored stays as it "
    "is, but each record that can't be stored makes a second dead letter."
)


def cautions(plan: ChangeSet, *, on_aws: bool = True) -> list[str]:
    """What to know before the plan is carried out, each only once; emulators limit nothing."""
    lines = [line for change in plan.changes for line in _of(change)]
    if on_aws:
        lines += [line for change in plan.changes for line in _limits(change)]
    if not plan.creates and plan.parameters.get("MaximumRetryAttempts") == _FEW_RETRIES:
        lines.append(_LEAVES_WORK)
    return list(dict.fromkeys(lines))


def _of(change: Change) -> Iterator[str]:
    if change.type == "AWS::IAM::AccessKey":
        if change.is_replaced:
            yield _NEW_KEY
        elif change.action == "Remove":
            yield _NO_KEY
    # The new mapping starts where the stream does.
    if change.type == _MAPPING and change.is_replaced:
        yield _READ_AGAIN


def _limits(change: Change) -> Iterator[str]:
    if change.action == "Modify":
        for changed in change.properties:
            if line := _OF_A_CHANGE.get((change.type, changed.name)):
                yield line
