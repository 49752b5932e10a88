"""Changes the number of shards in steps, if AWS doesn't allow the change in one step.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html: at most double
and at least half of the current number, ten times in 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack


def steps(now: int, wanted: int) -> list[int]:
    """The numbers of shards to go through, ending with the wanted one: from 1 to 4, [2, 4]."""
    passed: list[int] = []
    while now * 2 < wanted:
        now *= 2
        passed.append(now)
    while wanted * 2 < now:
        now = (now + 1) // 2
        passed.append(now)
    return [*passed, wanted]


def resize(place: Place, stream: str, wanted: int) -> None:
    """Change the number of shards of a stream without CloudFormation."""
    kinesis = place.kinesis()
    found = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    for count in steps(found["OpenShardCount"], wanted):
        kinesis.update_shard_count(
            StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING"
        )
        wait_until_active(place, stream)


def wait_until_active(place: Place, stream: str) -> None:
    """Wait until an emulator has finished changing a stream."""
    place.kinesis().get_waiter("stream_exists").wait(
        StreamName=stream, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def stages(
    place: Place, existing: Stack | None, parameters: Mapping[str, str]
) -> list[Mapping[str, str]]:
    """The parameters of each deployment that the change takes, in order; usually one."""
    if not _changes_shards(place, existing, parameters) or existing is None:
        return [parameters]
    summary = place.kinesis().describe_stream_summary(StreamName=existing.outputs["KinesisStream"])
    now = summary["StreamDescriptionSummary"]["OpenShardCount"]
    first, *others = steps(now, int(parameters["ShardCount"]))
    return [
        {**parameters, "ShardCount": str(first)},
        *({"ShardCount": str(count)} for count in others),
    ]


def _changes_shards(place: Place, existing: Stack | None, parameters: Mapping[str, str]) -> bool:
    # An emulator's CloudFormation can't change a stream: see `emulated`.
    if place.is_local or existing is None or not existing.is_usable:
        return False
    modes = {existing.parameters.get("StreamMode"), parameters.get("StreamMode", "PROVISIONED")}
    return "ShardCount" in parameters and modes == {"PROVISIONED"}
