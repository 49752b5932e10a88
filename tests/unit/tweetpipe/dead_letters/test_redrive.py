from __future__ import annotations

import base64
import itertools
import os
import signal
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fuzz.aggregates import aggregate, sealed
from tests.tweets import EVENTS, TWEETS
from tests.unit.tweetpipe.dead_letters.doubles import (
    FUNCTION,
    SHARD,
    STACK,
    STREAM,
    FakeKinesis,
    FakeLambda,
    FakePlace,
    FakeSqs,
    assert_gone,
    assert_kept,
    exhausted,
    letter_of,
    redrive_one,
    refused,
    rejected,
    tweet,
    tweets,
)
from tweetpipe.dead_letters import DeadLetter, Kind
from tweetpipe.dead_letters.redrive import Redriven, payload, redrive


def test_a_rejected_record_that_has_become_storable_is_stored_as_it_is() -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(rejected(tweet(1)), function=function)

    assert_gone(outcome, sqs, stored=1)
    assert function.data() == [tweet(1)]


def test_the_function_gets_what_lambda_gives_it() -> None:
    function = FakeLambda()
    redrive_one(rejected(tweet(1)), function=function)

    assert function.events == [
        {
            "Records": [
                {
                    "kinesis": {
                        "kinesisSchemaVersion": "1.0",
                        "partitionKey": "someone",
                        "sequenceNumber": "495",
                        "data": base64.b64encode(tweet(1)).decode(),
                        "approximateArrivalTimestamp": 1704067200.0,
                    },
                    "eventSource": "aws:kinesis",
                    "eventVersion": "1.0",
                    "eventID": f"{SHARD}:495",
                    "eventName": "aws:kinesis:record",
                    "awsRegion": "us-east-1",
                    "eventSourceARN": STREAM,
                }
            ]
        }
    ]


def test_a_record_that_ends_its_reader_is_kept_without_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = os.getpid()

    def die(data: bytes) -> object:
        if data == tweet(1):
            assert os.getpid() != here
            os.kill(os.getpid(), signal.SIGKILL)
        return TWEETS.to_item(data)

    deadly = replace(EVENTS, function=replace(TWEETS, to_item=die))
    monkeypatch.setattr("tweetpipe.events.chosen", lambda: deadly)
    function = FakeLambda()
    outcome, sqs = redrive_one(rejected(tweet(1)), function=function)

    assert_kept(outcome, sqs, saying="crash: reading it ends the function (SIGKILL)")
    assert not function.events


@pytest.mark.parametrize("edited", [None, b"still no tweet"])
def test_a_record_that_would_be_rejected_again_is_kept_without_a_call(
    edited: bytes | None,
) -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(rejected(b"no tweet"), function=function, edited=edited)

    assert_kept(outcome, sqs, saying="would be rejected again: not-json: ")
    assert function.events == []


def test_an_edited_record_is_stored_in_place_of_the_rejected_one() -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(rejected(b"no tweet"), function=function, edited=tweet(2))

    assert_gone(outcome, sqs, stored=1)
    assert function.data() == [tweet(2)]


def test_a_payload_too_large_for_its_message_is_read_from_the_stream() -> None:
    function, kinesis = FakeLambda(), FakeKinesis(tweets(490, 500))
    outcome, sqs = redrive_one(rejected(None), kinesis=kinesis, function=function)

    assert_gone(outcome, sqs, stored=1)
    assert function.data() == [tweet(495)]


@pytest.mark.parametrize("found", [{}, tweets(496, 500), tweets(490, 494)])
def test_a_payload_that_is_nowhere_any_more_keeps_its_letter(found: dict[int, bytes]) -> None:
    outcome, sqs = redrive_one(rejected(None), kinesis=FakeKinesis(found))

    assert_kept(outcome, sqs, saying="the stream no longer has it")


@pytest.mark.parametrize("name", ["streamArn", "shardId", "sequenceNumber", "arrivedAt"])
def test_a_record_of_which_the_function_was_not_told_all_is_stored_from_its_message(
    name: str,
) -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(rejected(tweet(1), **{name: ""}), function=function)

    assert_gone(outcome, sqs, stored=1)
    assert function.data() == [tweet(1)]


def test_a_letter_with_neither_data_nor_position_is_kept() -> None:
    outcome, sqs = redrive_one(rejected(None, sequenceNumber="", record={"body": "foreign"}))

    assert_kept(outcome, sqs, saying="neither its data nor its position")


def test_an_aggregate_that_would_be_rejected_whole_again_is_kept_without_a_call() -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(
        rejected(aggregate([tweet(1), *[b""] * 101]), reason="bad-aggregate"), function=function
    )

    assert_kept(outcome, sqs, saying="would be rejected again: not-json")
    assert function.events == []


def in_aggregate(data: bytes | None, place: int) -> str:
    return rejected(data, subsequenceNumber=place, partitionKey="its own")


def test_a_tweet_of_an_aggregate_is_stored_alone() -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(in_aggregate(tweet(2), 1), function=function)

    assert_gone(outcome, sqs, stored=1)
    assert function.data() == [tweet(2)]
    [record] = function.events[0]["Records"]
    assert record["kinesis"]["partitionKey"] == "its own"
    assert record["kinesis"]["sequenceNumber"] == "495"


def test_a_payload_too_large_for_its_message_is_found_in_the_aggregate() -> None:
    stream = tweets(490, 500) | {495: aggregate([tweet(1), tweet(2), tweet(3)])}
    function = FakeLambda()
    outcome, sqs = redrive_one(
        in_aggregate(None, 1), kinesis=FakeKinesis(stream), function=function
    )

    assert_gone(outcome, sqs, stored=1)
    assert function.data() == [tweet(2)]


@pytest.mark.parametrize("instead", [tweet(1), aggregate([tweet(1)]), sealed(b"\x0a")])
def test_a_stream_that_has_something_else_there_keeps_the_letter(instead: bytes) -> None:
    outcome, sqs = redrive_one(in_aggregate(None, 1), kinesis=FakeKinesis({495: instead}))

    assert_kept(outcome, sqs, saying="the stream no longer has it")


def test_an_aggregate_rejected_by_a_function_that_could_not_read_it_comes_home() -> None:
    function = FakeLambda()
    whole = aggregate([tweet(1), b"no tweet", tweet(2)])
    outcome, sqs = redrive_one(rejected(whole), function=function)

    assert_gone(outcome, sqs, stored=2)
    assert outcome.rejected == 1
    assert function.data() == [whole]


def test_an_aggregate_that_cannot_be_read_is_kept_without_a_call() -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(rejected(sealed(b"\x0a")), function=function)

    assert_kept(outcome, sqs, saying="would be rejected again: bad-aggregate: it ends within")
    assert function.events == []


def failing() -> dict[str, FakeLambda]:
    return {
        f"{FUNCTION} failed (it broke): look for the reason in its log": FakeLambda(
            lambda _: {"errorMessage": "it broke"}, error="Unhandled"
        ),
        f"{FUNCTION} failed: look for the reason": FakeLambda(lambda _: None, error="Unhandled"),
        f"{FUNCTION} could not store the records now": FakeLambda(
            lambda _: {"batchItemFailures": [{"itemIdentifier": "1"}]}
        ),
        f"{FUNCTION} did not report": FakeLambda(lambda _: None),
        f"{FUNCTION} did not report on the": FakeLambda(lambda _: {"something": "else"}),
    }


@pytest.mark.parametrize("says", failing())
@pytest.mark.parametrize("body", [rejected(tweet(1)), exhausted(1, 3)])
def test_a_letter_that_the_function_does_not_store_is_kept(says: str, body: str) -> None:
    outcome, sqs = redrive_one(body, kinesis=FakeKinesis(tweets(1, 3)), function=failing()[says])

    assert_kept(outcome, sqs, saying=says)
    assert outcome.stored == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("from a stranger", "another program wrote it"),
        (rejected(tweet(1), streamArn=f"{STREAM}-of-old"), f"comes from {STREAM}-of-old"),
        (exhausted(1, 3, streamArn="no-arn"), "comes from no-arn"),
    ],
)
def test_what_is_not_of_this_stack_is_kept(body: str, says: str) -> None:
    function = FakeLambda()
    outcome, sqs = redrive_one(body, kinesis=FakeKinesis(tweets(1, 3)), function=function)

    assert_kept(outcome, sqs, saying=says)
    assert function.events == []


def many(count: int) -> dict[str, str]:
    return {f"{n:03}": rejected(tweet(n)) for n in range(count)}


def test_only_wanted_letters_are_touched_and_the_others_given_back() -> None:
    sqs = FakeSqs(many(25) | {"batch": exhausted(1, 3)})
    told: list[Redriven] = []
    place = FakePlace.of(sqs, kinesis=FakeKinesis(tweets(1, 3)))

    outcomes = redrive(
        place, STACK, wanted=lambda letter: letter.kind is Kind.EXHAUSTED, on_outcome=told.append
    )

    assert [outcome.letter.id for outcome in outcomes] == ["batch"]
    assert told == outcomes
    assert sqs.visible() == sorted(many(25))


def test_the_search_ends_when_all_wanted_are_found() -> None:
    sqs = FakeSqs(many(25))

    assert len(redrive(FakePlace.of(sqs), STACK, at_most=2)) == 2
    assert len(sqs.visible()) == 23


def test_a_second_run_has_nothing_to_do() -> None:
    function = FakeLambda()
    place = FakePlace.of(FakeSqs(many(12)), function=function)

    assert len(redrive(place, STACK)) == 12
    assert redrive(place, STACK) == []
    assert len(function.events) == 12


def test_a_letter_leaves_the_queue_only_after_the_function_has_answered() -> None:
    sqs = FakeSqs({"one": rejected(tweet(1))})
    there_meanwhile: list[bool] = []

    def answer(_event: dict[str, Any]) -> dict[str, Any]:
        there_meanwhile.append("one" in sqs.bodies)
        return {"batchItemFailures": []}

    redrive(FakePlace.of(sqs, function=FakeLambda(answer)), STACK)

    assert there_meanwhile == [True]
    assert sqs.bodies == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), refused("Invoke", "AccessDenied")])
def test_what_is_in_hand_goes_back_when_it_is_interrupted(error: BaseException) -> None:
    sqs = FakeSqs(many(15))
    function = FakeLambda()

    def answer(_event: dict[str, Any]) -> dict[str, Any]:
        if len(function.events) == 3:
            raise error
        return {"batchItemFailures": []}

    function.answer = answer
    with pytest.raises(type(error)):
        redrive(FakePlace.of(sqs, function=function), STACK)

    assert sqs.visible() == sorted(many(15))[2:]


@pytest.mark.parametrize("call", [1, 2])
def test_what_is_in_hand_goes_back_when_that_itself_is_interrupted(call: int) -> None:
    sqs = FakeSqs(many(15))
    real, calls = sqs.change_message_visibility_batch, itertools.count(1)

    def interrupted(**request: Any) -> dict[str, Any]:
        if next(calls) == call:
            raise KeyboardInterrupt
        return real(**request)

    sqs.change_message_visibility_batch = interrupted  # type: ignore[method-assign]
    function = FakeLambda(lambda _event: {"batchItemFailures": [{"itemIdentifier": ""}]})

    with pytest.raises(KeyboardInterrupt):
        redrive(FakePlace.of(sqs, function=function), STACK)

    assert sorted(sqs.visible()) == sorted(many(15))


def test_an_error_of_the_stream_ends_the_run_and_loses_nothing() -> None:
    class Denied(FakeKinesis):
        def get_records(self, **_: Any) -> dict[str, Any]:
            raise refused("GetRecords", "AccessDeniedException")

    sqs = FakeSqs({"one": exhausted(1, 3)})
    with pytest.raises(ClientError):
        redrive(FakePlace.of(sqs, kinesis=Denied()), STACK)
    assert sqs.visible() == ["one"]


def test_the_payload_of_a_letter_is_its_own_or_the_streams() -> None:
    place = FakePlace.of(FakeSqs({}), kinesis=FakeKinesis(tweets(495, 500)))

    def of(body: str) -> DeadLetter:
        return letter_of(body)

    assert payload(place, of(rejected(b"\xff\n"))) == b"\xff\n"
    assert payload(place, of(rejected(b""))) == b""
    assert payload(place, of(rejected(None))) == tweet(495)
    assert payload(place, of(rejected(None, sequenceNumber="7"))) is None
