"""Cautions about the changes in a plan: AWS's limits on them, and their side effects.

Sources:

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
        "AWS changes the number of shards of a stream at most ten times in 24 hours, and each time "
        "at most doubles or halves it."
    ),
    ("AWS::Kinesis::Stream", "StreamModeDetails"): (
        "AWS changes the mode of a stream at most twice in 24 hours."
    ),
    ("AWS::DynamoDB::Table", "BillingMode"): (
        "AWS switches a table from PROVISIONED to PAY_PER_REQUEST at most four times in 24 hours."
    ),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification"): (
        "AWS takes up to an hour to turn the expiry of items on or off, and refuses to change it "
        "again until then."
    ),
    ("AWS::DynamoDB::Table", "WarmThroughput"): (
        "AWS charges once for warm write units, and can't lower them again."
    ),
}
_NEW_KEY = (
    "The producer's access key is replaced, and the old one deleted. A running `tweetpipe produce` "
    "reads the new key on its own. Give the new key to other programs that use the old one."
)
_NO_KEY = "The producer's access key is deleted. AWS then rejects requests signed with it."
# The default when older stacks were created; an update keeps the values of parameters.
_FEW_RETRIES = "10"
_LEAVES_WORK = (
    f"MaximumRetryAttempts is {_FEW_RETRIES}, an earlier default. Lambda gives up on a batch after "
    "that many retries, so an outage can leave dead letters to redrive. To retry for as long as "
    "the stream keeps the records, as new stacks do, use -p MaximumRetryAttempts=-1."
)
_READ_AGAIN = (
    "The function will read everything in the stream again. Stored items stay the same, but each "
    "record that can't be stored makes a second dead letter."
)


def cautions(plan: ChangeSet, *, on_aws: bool = True) -> list[str]:
    """The cautions about the plan, without duplicates; emulators have none of AWS's limits."""
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
    # The new mapping starts at the beginning of the stream.
    if change.type == _MAPPING and change.is_replaced:
        yield _READ_AGAIN


def _limits(change: Change) -> Iterator[str]:
    if change.action == "Modify":
        for changed in change.properties:
            if line := _OF_A_CHANGE.get((change.type, changed.name)):
                yield line
