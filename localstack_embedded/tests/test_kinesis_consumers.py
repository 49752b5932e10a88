"""Registered consumers, and what their subscriptions send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localstack_embedded.plugin.kinesis.errors import KinesisError
from localstack_embedded.plugin.kinesis.service import Caller, Settings

from .kinesis_calls import ACCOUNT, NOON, Calls, arn

FIRST, SECOND, THIRD = (f"shardId-{index:012d}" for index in range(3))
READER = f"{arn('tweets')}/consumer/reader:{int(NOON)}"


@pytest.fixture
def calls() -> Calls:
    calls = Calls()
    calls.stream()
    register(calls)
    return calls


def register(calls: Calls, name: str = "reader") -> Any:
    return calls("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName=name)["Consumer"]


def subscribe(calls: Calls, kind: str = "TRIM_HORIZON", **position: Any) -> Iterator[Any]:
    return calls.operations.subscribe(
        Caller(ACCOUNT, "us-east-1"),
        {
            "ConsumerARN": READER,
            "ShardId": FIRST,
            "StartingPosition": {"Type": kind, **position},
        },
    )


def data(event: Any) -> list[bytes]:
    return [record["Data"] for record in event["Records"]]


def test_a_consumer_is_described_by_its_arn_and_by_its_name(calls: Calls) -> None:
    by_arn = calls("DescribeStreamConsumer", ConsumerARN=READER)["ConsumerDescription"]
    by_name = calls("DescribeStreamConsumer", StreamARN=arn("tweets"), ConsumerName="reader")[
        "ConsumerDescription"
    ]

    assert by_arn == by_name
    assert by_arn["ConsumerStatus"] == "ACTIVE"
    assert by_arn["StreamARN"] == arn("tweets")


def test_a_consumer_passes_through_its_states() -> None:
    calls = Calls(Settings(latency=0.5))
    calls.stream()
    calls.now += 0.5

    def status() -> str:
        consumers = calls("ListStreamConsumers", StreamARN=arn("tweets"))["Consumers"]
        return consumers[0]["ConsumerStatus"] if consumers else "gone"

    consumer = register(calls)
    assert (consumer["ConsumerStatus"], status()) == ("CREATING", "CREATING")
    calls.now += 0.5
    assert status() == "ACTIVE"
    calls("DeregisterStreamConsumer", ConsumerARN=consumer["ConsumerARN"])
    assert status() == "DELETING"
    calls.now += 0.5
    assert status() == "gone"


def test_there_are_twenty_consumers_of_a_stream_at_most(calls: Calls) -> None:
    for number in range(19):
        register(calls, f"other{number}")

    code, _ = calls.refused("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="more")

    assert code == "LimitExceededException"


def test_five_consumers_are_made_at_a_time_at_most() -> None:
    calls = Calls(Settings(latency=0.5))
    calls.stream()
    calls.now += 0.5
    for number in range(5):
        register(calls, f"other{number}")

    code, _ = calls.refused("RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="more")

    assert code == "LimitExceededException"


def test_a_consumers_name_is_taken_once_and_found_only_while_it_is_there(calls: Calls) -> None:
    code, _ = calls.refused(
        "RegisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="reader"
    )
    assert code == "ResourceInUseException"

    calls("DeregisterStreamConsumer", StreamARN=arn("tweets"), ConsumerName="reader")
    assert calls.refused("DescribeStreamConsumer", ConsumerARN=READER) == (
        "ResourceNotFoundException",
        f"Consumer reader, account {ACCOUNT} not found.",
    )
    code, _ = calls.refused("DescribeStreamConsumer", ConsumerName="reader")
    assert code == "InvalidArgumentException"


def test_consumers_are_listed_page_by_page(calls: Calls) -> None:
    for name in ("c", "a"):
        register(calls, name)

    first = calls("ListStreamConsumers", StreamARN=arn("tweets"), MaxResults=2)
    second = calls("ListStreamConsumers", StreamARN=arn("tweets"), NextToken=first["NextToken"])

    names = [it["ConsumerName"] for it in first["Consumers"] + second["Consumers"]]
    assert names == ["a", "c", "reader"]
    assert second["NextToken"] is None


def test_a_subscription_sends_records_and_where_to_go_on(calls: Calls) -> None:
    (first, _) = calls.put(b"a", b"b")
    events = subscribe(calls)

    event = next(events)
    calls.put(b"c")
    later = next(events)

    assert (data(event), event["MillisBehindLatest"]) == ([b"a", b"b"], 0)
    assert event["ContinuationSequenceNumber"] == event["Records"][-1]["SequenceNumber"]
    assert data(later) == [b"c"]
    assert first["SequenceNumber"] == event["Records"][0]["SequenceNumber"]


@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"])
def test_a_subscription_starts_where_it_is_told_to(calls: Calls, kind: str) -> None:
    _, second = calls.put(b"a", b"b")
    calls.now += 1
    calls.put(b"c")
    position = (
        {"Timestamp": NOON + 0.5}
        if kind == "AT_TIMESTAMP"
        else {"SequenceNumber": second["SequenceNumber"]}
    )

    event = next(subscribe(calls, kind, **position))

    assert data(event) == ([b"b", b"c"] if kind == "AT_SEQUENCE_NUMBER" else [b"c"])


def test_a_subscription_ends_with_its_shard_and_names_the_children(calls: Calls) -> None:
    calls.put(b"a")
    calls("SplitShard", StreamName="tweets", ShardToSplit=FIRST, NewStartingHashKey=str(2**127))

    (event,) = subscribe(calls)

    assert data(event) == [b"a"]
    assert [child["ShardId"] for child in event["ChildShards"]] == [SECOND, THIRD]
    assert "ContinuationSequenceNumber" not in event


def test_an_idle_subscription_sends_an_event_every_five_seconds_for_five_minutes(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = calls.kinesis.at(arn("tweets"))

    def wait(shard_id: str, position: int, timeout: float) -> bool:
        calls.now += timeout
        return False

    monkeypatch.setattr(stream, "wait", wait)
    events = list(subscribe(calls, "LATEST"))

    assert calls.now == NOON + 300
    assert len(events) == 59
    assert {len(event["Records"]) for event in events} == {0}
    number = events[0]["ContinuationSequenceNumber"]
    calls.put(b"a")
    later = calls.read(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert later == [b"a"]


def test_a_second_subscription_is_refused_at_first_and_takes_over_after_five_seconds(
    calls: Calls,
) -> None:
    calls.put(b"a")
    earlier = subscribe(calls)
    next(earlier)

    with pytest.raises(KinesisError) as refused:
        subscribe(calls)
    calls.now += 5
    later = subscribe(calls)
    with pytest.raises(KinesisError) as ended:
        next(earlier)

    assert refused.value.code == ended.value.code == "ResourceInUseException"
    assert data(next(later)) == [b"a"]


def test_a_subscription_ends_with_its_consumer_or_its_stream(calls: Calls) -> None:
    calls.put(b"a")
    events = subscribe(calls)
    next(events)
    calls("DeregisterStreamConsumer", ConsumerARN=READER)
    with pytest.raises(KinesisError, match="deregistered"):
        next(events)

    calls.now += 1
    other = register(calls)["ConsumerARN"]
    arguments = {"ConsumerARN": other, "ShardId": FIRST, "StartingPosition": {"Type": "LATEST"}}
    events = calls.operations.subscribe(Caller(ACCOUNT, "us-east-1"), arguments)
    calls("DeleteStream", StreamName="tweets", EnforceConsumerDeletion=True)
    with pytest.raises(KinesisError, match="Stream tweets under account"):
        next(events)


def test_nothing_is_subscribed_that_isnt_there(calls: Calls) -> None:
    caller = Caller(ACCOUNT, "us-east-1")
    arguments = {"ConsumerARN": READER, "ShardId": SECOND, "StartingPosition": {"Type": "LATEST"}}

    for wrong in (arguments, {**arguments, "ConsumerARN": f"{READER}1", "ShardId": FIRST}):
        with pytest.raises(KinesisError) as caught:
            calls.operations.subscribe(caller, wrong)
        assert caught.value.code == "ResourceNotFoundException"


def test_a_subscription_ends_when_localstack_does(calls: Calls) -> None:
    events = subscribe(calls, "LATEST")
    calls.kinesis.is_stopping = True

    assert list(events) == []
