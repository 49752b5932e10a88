"""Batches whose retries were exhausted, read from the stream again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fuzz.aggregates import aggregate
from tests.unit.tweetpipe.dead_letters.doubles import (
    FakeKinesis,
    FakeLambda,
    assert_gone,
    assert_kept,
    exhausted,
    redrive_one,
    tweet,
    tweets,
)


def test_a_batch_is_read_from_the_stream_and_stored_in_order() -> None:
    function, kinesis = FakeLambda(), FakeKinesis(tweets(1, 40))
    outcome, sqs = redrive_one(exhausted(9, 21), kinesis=kinesis, function=function)

    assert_gone(outcome, sqs, stored=13)
    assert function.data() == list(tweets(9, 21).values())


def test_a_shard_that_grows_is_not_read_beyond_the_batch() -> None:
    kinesis = FakeKinesis(tweets(1, 40))
    redrive_one(exhausted(1, 3), kinesis=kinesis)

    assert kinesis.reads == 1


def test_records_of_a_batch_that_are_rejected_are_counted_apart() -> None:
    kinesis = FakeKinesis(tweets(1, 3) | {2: b"no tweet"})
    outcome, sqs = redrive_one(exhausted(1, 3), kinesis=kinesis)

    assert_gone(outcome, sqs, stored=2)
    assert outcome.rejected == 1


def test_tweets_of_aggregates_are_counted_one_by_one() -> None:
    kinesis = FakeKinesis(tweets(1, 3) | {2: aggregate([tweet(5), b"no tweet", tweet(6)])})
    function = FakeLambda()
    outcome, sqs = redrive_one(exhausted(1, 3), kinesis=kinesis, function=function)

    assert_gone(outcome, sqs, stored=4)
    assert outcome.rejected == 1
    assert len(function.data()) == 3


def test_of_a_batch_with_aggregates_the_missing_are_counted_by_their_records() -> None:
    kinesis = FakeKinesis({2: aggregate([tweet(5), tweet(6)]), 3: tweet(3)})
    outcome, sqs = redrive_one(exhausted(1, 3), kinesis=kinesis)

    assert_kept(outcome, sqs, saying="has only 2 of its 3 records")
    assert outcome.stored == 3


def test_a_batch_without_any_record_left_is_kept() -> None:
    outcome, sqs = redrive_one(exhausted(1, 3), kinesis=FakeKinesis(tweets(50, 60)))

    assert_kept(outcome, sqs, saying="the stream no longer has its records")
    assert outcome.stored == 0


def test_a_batch_of_a_shard_that_is_gone_is_kept() -> None:
    body = exhausted(1, 3, shardId="shardId-000000000099")
    outcome, sqs = redrive_one(body, kinesis=FakeKinesis(tweets(1, 3)))

    assert_kept(outcome, sqs, saying="the stream no longer has its records")


@pytest.mark.parametrize(
    "stored",
    [tweets(4, 20), tweets(1, 8), tweets(3, 7)],
    ids=["without the first", "without the last", "without both"],
)
def test_what_is_left_of_a_batch_is_stored_and_the_letter_kept(stored: dict[int, bytes]) -> None:
    function = FakeLambda()
    left = [data for number, data in stored.items() if 2 <= number <= 10]
    outcome, sqs = redrive_one(exhausted(2, 10), kinesis=FakeKinesis(stored), function=function)

    assert_kept(outcome, sqs, saying=f"has only {len(left)} of its 9 records")
    assert outcome.stored == len(left)
    assert function.data() == left


@pytest.mark.parametrize("arrived", ["2024-01-01T00:00:00Z", "some day"])
def test_a_number_that_the_shard_does_not_know_any_more_is_looked_for_another_way(
    arrived: str,
) -> None:
    kinesis = FakeKinesis(tweets(5, 30), knows=lambda number: number >= 5)
    body = exhausted(1, 8, approximateArrivalOfFirstRecord=arrived)
    outcome, sqs = redrive_one(body, kinesis=kinesis)

    assert_kept(outcome, sqs, saying="has only 4 of its 8 records")
    kinds = [kind for kind, _ in kinesis.starts]
    assert kinds == ["AT_SEQUENCE_NUMBER", "AT_TIMESTAMP" if "Z" in arrived else "TRIM_HORIZON"]


@pytest.mark.parametrize("read", [1, 3])
def test_an_iterator_that_expires_is_replaced(read: int) -> None:
    function, kinesis = FakeLambda(), FakeKinesis(tweets(1, 40), expire_after=read)
    outcome, sqs = redrive_one(exhausted(1, 10), kinesis=kinesis, function=function)

    assert_gone(outcome, sqs, stored=10)
    assert function.data() == list(tweets(1, 10).values())


def test_calls_stay_below_the_limit_of_lambda_and_leave_nothing_out() -> None:
    large = {number: tweet(number) + b" " * 900_000 for number in range(1, 12)}
    function = FakeLambda()
    outcome, sqs = redrive_one(exhausted(1, 11), kinesis=FakeKinesis(large), function=function)

    assert_gone(outcome, sqs, stored=11)
    assert function.data() == list(large.values())
    assert len(function.events) == 3
    assert max(len(json.dumps(event)) for event in function.events) < 6 * 1024 * 1024


def test_a_large_batch_goes_in_calls_of_500_records() -> None:
    function = FakeLambda()
    kinesis = FakeKinesis(tweets(1, 1001), page=1000)
    redrive_one(exhausted(1, 1001), kinesis=kinesis, function=function)

    assert [len(event["Records"]) for event in function.events] == [500, 500, 1]


def test_a_record_too_large_for_any_call_keeps_its_letter() -> None:
    huge = tweet(2) + b" " * 5_000_000
    outcome, sqs = redrive_one(
        exhausted(1, 3), kinesis=FakeKinesis(tweets(1, 3) | {2: huge}), function=FakeLambda()
    )

    assert_kept(outcome, sqs, saying=f"a record of {len(huge):,} bytes is too large for a call")
    assert outcome.stored == 1


@pytest.mark.heavy
@pytest.mark.parametrize("most", [1, 2, 5, 12])
def test_what_is_too_much_for_a_call_goes_in_halves(most: int) -> None:
    function = FakeLambda(most=most)
    outcome, sqs = redrive_one(
        exhausted(1, 13), kinesis=FakeKinesis(tweets(1, 13)), function=function
    )

    assert_gone(outcome, sqs, stored=13)
    assert function.data() == list(tweets(1, 13).values())


def test_a_failure_that_has_nothing_to_do_with_the_size_is_told_after_two_calls() -> None:
    """Halving 500 records down to one would make ten, each as long as the function may take."""
    function = FakeLambda(
        lambda event: {
            "batchItemFailures": [
                {"itemIdentifier": event["Records"][0]["kinesis"]["sequenceNumber"]}
            ]
        }
    )
    outcome, sqs = redrive_one(
        exhausted(1, 500), kinesis=FakeKinesis(tweets(1, 500), page=500), function=function
    )

    assert_kept(outcome, sqs, saying="could not store the records now")
    assert [len(event["Records"]) for event in function.events] == [500, 1]


def test_a_record_that_takes_too_long_alone_is_kept_with_a_longer_timeout() -> None:
    function = FakeLambda(most=0)
    outcome, sqs = redrive_one(
        exhausted(1, 4), kinesis=FakeKinesis(tweets(1, 4)), function=function
    )

    assert_kept(outcome, sqs, saying="raise its timeout, then run the command again")
    assert outcome.command == "tweetpipe deploy -p Timeout=180"


def test_a_call_that_stops_on_the_way_goes_on_from_there() -> None:
    def two_at_a_time(event: dict[str, Any]) -> Any:
        left = event["Records"][2:]
        failures = [{"itemIdentifier": left[0]["kinesis"]["sequenceNumber"]}] if left else []
        return {"batchItemFailures": failures}

    function = FakeLambda(two_at_a_time)
    outcome, sqs = redrive_one(
        exhausted(1, 5), kinesis=FakeKinesis(tweets(1, 5)), function=function
    )

    assert_gone(outcome, sqs, stored=5)
    assert [len(event["Records"]) for event in function.events] == [5, 3, 1]


def test_what_was_stored_before_it_failed_is_counted() -> None:
    def all_but_the_last(event: dict[str, Any]) -> Any:
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        return {"batchItemFailures": [{"itemIdentifier": "5"}] if "5" in numbers else []}

    outcome, sqs = redrive_one(
        exhausted(1, 5), kinesis=FakeKinesis(tweets(1, 5)), function=FakeLambda(all_but_the_last)
    )

    assert_kept(outcome, sqs, saying="If that says OutOfTime, first deploy with -p Timeout=900")
    assert outcome.command == "tweetpipe logs --since 1h"
    assert outcome.stored == 4


@pytest.mark.parametrize("name", ["PartitionKey", "ApproximateArrivalTimestamp"])
def test_a_record_that_lacks_what_it_need_not_have_is_stored(name: str) -> None:
    outcome, sqs = redrive_one(
        exhausted(1, 3), kinesis=FakeKinesis(tweets(1, 3), without={name}), function=FakeLambda()
    )

    assert_gone(outcome, sqs, stored=3)
