from __future__ import annotations

from typing import Any

import pytest

from tests.unit.tweetpipe.stubs import StubbedPlace, stubbed_place
from tweetpipe.deploying import parameters
from tweetpipe.deploying.emulated_parts import PARTS
from tweetpipe.project import TEMPLATE

TEMPLATE_PARSED = parameters.read(TEMPLATE.read_text(encoding="utf-8"))

# Nothing on an emulator is encrypted, whatever it says, and nobody is denied anything by a policy.
# Names can't change, and a table has its tags from its creation.
NOT_COMPARED = {
    "AWS::Kinesis::Stream": {"StreamEncryption"},
    "AWS::DynamoDB::Table": {
        "TableName",
        "SSESpecification",
        "ResourcePolicy",
        "Tags",
        # An emulator is always warm.
        "WarmThroughput",
    },
}


def stream(**more: Any) -> dict[str, Any]:
    return {
        "StreamName": "s",
        "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": 0,
        "EnhancedMonitoring": [],
        "OpenShardCount": 4,
        **more,
    }


def will_tell_of_stream(place: StubbedPlace, **more: Any) -> None:
    client = place.stubbers["kinesis"]
    client.add_response("describe_stream_summary", {"StreamDescriptionSummary": stream(**more)})
    client.add_response("list_tags_for_stream", {"Tags": [], "HasMoreTags": False})


@pytest.mark.parametrize("kind", NOT_COMPARED)
def test_each_property_of_stream_and_table_is_compared_or_left_out_on_purpose(kind: str) -> None:
    [resource] = [r for r in TEMPLATE_PARSED["Resources"].values() if r["Type"] == kind]
    with stubbed_place("kinesis", "dynamodb") as place:
        if kind == "AWS::Kinesis::Stream":
            will_tell_of_stream(place, MaxRecordSizeInKiB=1024)
        else:
            client = place.stubbers["dynamodb"]
            key = [{"AttributeName": "Id", "KeyType": "HASH"}]
            table = {"AttributeDefinitions": [], "KeySchema": key}
            client.add_response("describe_table", {"Table": table})
            backups = {"ContinuousBackupsStatus": "ENABLED"}
            client.add_response(
                "describe_continuous_backups", {"ContinuousBackupsDescription": backups}
            )
            client.add_response("describe_time_to_live", {"TimeToLiveDescription": {}})
        told = PARTS[kind].read(place, "s")

    assert set(resource["Properties"]) == set(told) | NOT_COMPARED[kind]


def test_the_shards_of_an_on_demand_stream_are_not_compared() -> None:
    with stubbed_place("kinesis") as place:
        will_tell_of_stream(place, StreamModeDetails={"StreamMode": "ON_DEMAND"})

        assert PARTS["AWS::Kinesis::Stream"].read(place, "s")["ShardCount"] is None


def test_a_stream_whose_shards_the_mapping_would_not_follow_keeps_them() -> None:
    with stubbed_place("kinesis") as place:
        will_be_summed_up = place.stubbers["kinesis"].add_response
        will_be_summed_up("describe_stream_summary", {"StreamDescriptionSummary": stream()})

        PARTS["AWS::Kinesis::Stream"].mend(place, "s", {"ShardCount": "8"})
