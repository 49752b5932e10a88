"""What the stream has, processed again where the queue with its letters was gone for a while."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from processor.lambda_event import payloads
from tests.fuzz.aggregates import aggregate
from tests.unit.tweetpipe.dead_letters.doubles import (
    ARRIVED,
    STACK,
    STREAM,
    FakeKinesis,
    FakeLambda,
    FakePlace,
    FakeSqs,
    refuses,
    rejected,
    tweet,
)
from tweetpipe.dead_letters.redrive import redrive_since

NUMBER = 5


class Sending(FakeLambda):
    """The function, which sends a letter for each tweet that it rejects."""

    def __init__(self, sqs: FakeSqs) -> None:
        super().__init__(self._process)
        self._sqs = sqs

    def _process(self, event: dict[str, Any]) -> Any:
        for record in event["Records"]:
            for source, data in payloads(record):
                if refuses(data):
                    place = source.contained.subsequence_number if source.contained else None
                    self._sqs.put(f"new-{place}", letter(place, data))
        return {"batchItemFailures": []}


def letter(place: int | None, data: bytes = b"no tweet", **changes: Any) -> str:
    """The letter of a tweet at a place in the record."""
    at = {} if place is None else {"subsequenceNumber": place}
    return rejected(data, sequenceNumber=str(NUMBER), **at, **changes)


def processed(sqs: FakeSqs, data: bytes) -> int:
    """How often the function gets a record's data that the stream has."""
    function = Sending(sqs)
    place = FakePlace.of(sqs, kinesis=FakeKinesis({NUMBER: data}), function=function)
    assert [*redrive_since(place, STACK, ARRIVED)] or not function.events
    return len(function.events)


def places(sqs: FakeSqs) -> Counter[int | None]:
    return Counter(json.loads(body).get("subsequenceNumber") for body in sqs.bodies.values())


RUBBISH = aggregate([b"no tweet", b"", b"{}"])
MIXED = aggregate([b"no tweet", tweet(7), b"{}"])


@pytest.mark.parametrize("data", [RUBBISH, MIXED], ids=["all rejected", "one of them stored"])
def test_a_queue_that_vanished_within_an_aggregate_has_one_letter_for_each_in_the_end(
    data: bytes,
) -> None:
    sqs = FakeSqs({"old": letter(0)})

    assert processed(sqs, data) == 1

    assert set(places(sqs).values()) == {1}
    assert set(places(sqs)) == {place for place in (0, 1, 2) if data is RUBBISH or place != 1}
    assert "old" not in sqs.bodies
    assert sorted(sqs.visible()) == sorted(sqs.bodies)


def test_an_aggregate_with_a_letter_for_each_of_its_tweets_is_left_alone() -> None:
    sqs = FakeSqs({str(place): letter(place) for place in range(3)})

    assert processed(sqs, RUBBISH) == 0
    assert sorted(sqs.bodies) == ["0", "1", "2"]


@pytest.mark.parametrize("data", [b"no tweet", RUBBISH])
def test_a_letter_for_the_whole_record_tells_of_all_of_it(data: bytes) -> None:
    sqs = FakeSqs({"whole": letter(None)})

    assert processed(sqs, data) == 0
    assert list(sqs.bodies) == ["whole"]


def test_a_letter_of_another_stream_or_shard_tells_nothing_of_this_record() -> None:
    sqs = FakeSqs(
        {
            "stream": letter(None, streamArn=f"{STREAM}-of-before"),
            "shard": letter(None, shardId="shardId-000000000009"),
        }
    )

    assert processed(sqs, b"no tweet") == 1
    assert sorted(sqs.bodies) == ["new-None", "shard", "stream"]


def test_letters_are_replaced_of_what_was_processed_only() -> None:
    sqs = FakeSqs({"old": letter(0)})
    function = FakeLambda(lambda _: {"batchItemFailures": [{"itemIdentifier": str(NUMBER)}]})
    place = FakePlace.of(sqs, kinesis=FakeKinesis({NUMBER: MIXED}), function=function)

    with pytest.raises(Exception, match="could not store"):
        list(redrive_since(place, STACK, ARRIVED))
    assert list(sqs.bodies) == ["old"]
