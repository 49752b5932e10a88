"""Tags and policies of streams and of their consumers."""

from __future__ import annotations

import pytest

from .kinesis_calls import Calls, arn


@pytest.fixture
def calls() -> Calls:
    calls = Calls()
    calls.stream()
    return calls


@pytest.fixture(params=["stream", "consumer"])
def resource(calls: Calls, request: pytest.FixtureRequest) -> str:
    if request.param == "stream":
        return arn("tweets")
    answer = calls("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="reader")
    return str(answer["Consumer"]["ConsumerARN"])


def test_a_resource_is_tagged_and_untagged(calls: Calls, resource: str) -> None:
    calls("TagResource", ResourceARN=resource, Tags={"b": "2", "a": "1"})
    calls("UntagResource", ResourceARN=resource, TagKeys=["b", "c"])

    assert calls("ListTagsForResource", ResourceARN=resource)["Tags"] == [
        {"Key": "a", "Value": "1"}
    ]


def test_a_policy_is_kept_until_it_is_deleted(calls: Calls, resource: str) -> None:
    policy = '{"Version": "2012-10-17", "Statement": []}'
    assert calls("GetResourcePolicy", ResourceARN=resource)["Policy"] == "{}"

    calls("PutResourcePolicy", ResourceARN=resource, Policy=policy)
    assert calls("GetResourcePolicy", ResourceARN=resource)["Policy"] == policy

    calls("DeleteResourcePolicy", ResourceARN=resource)
    assert calls("GetResourcePolicy", ResourceARN=resource)["Policy"] == "{}"
    code, _ = calls.refused("DeleteResourcePolicy", ResourceARN=resource)
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize("missing", [arn("others"), f"{arn('tweets')}/consumer/reader:1"])
def test_there_are_no_tags_and_no_policy_of_what_isnt_there(calls: Calls, missing: str) -> None:
    for operation in ("ListTagsForResource", "GetResourcePolicy"):
        code, _ = calls.refused(operation, ResourceARN=missing)
        assert code == "ResourceNotFoundException"


@pytest.mark.parametrize("policy", ["[]", "[" * 100_000], ids=["array", "deep"])
def test_a_policy_must_be_a_json_document(calls: Calls, policy: str) -> None:
    code, _ = calls.refused("PutResourcePolicy", ResourceARN=arn("tweets"), Policy=policy)

    assert code == "InvalidArgumentException"


def test_tags_are_listed_page_by_page(calls: Calls) -> None:
    calls("AddTagsToStream", StreamName="tweets", Tags={"a": "1", "b": "2"})

    first = calls("ListTagsForStream", StreamName="tweets", Limit=1)
    second = calls("ListTagsForStream", StreamName="tweets", ExclusiveStartTagKey="a")

    assert (first["Tags"], first["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}], True)
    assert (second["Tags"], second["HasMoreTags"]) == ([{"Key": "b", "Value": "2"}], False)
    calls("RemoveTagsFromStream", StreamName="tweets", TagKeys=["a"])
    assert calls("ListTagsForStream", StreamName="tweets")["Tags"] == second["Tags"]


@pytest.mark.parametrize(
    "tags",
    [{"a;b": ""}, {"a": "?"}, {"aws:mine": ""}, {str(number): "" for number in range(51)}],
    ids=["key", "value", "reserved", "too many"],
)
def test_tags_that_aws_refuses_are_refused(calls: Calls, tags: dict[str, str]) -> None:
    code, _ = calls.refused("TagResource", ResourceARN=arn("tweets"), Tags=tags)

    assert code in ("InvalidArgumentException", "ValidationException")
    assert calls("ListTagsForStream", StreamName="tweets")["Tags"] == []
