"""Exhausted batches in a bucket of the user's own come home, also when the stream forgot them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import as_producer
from tests.functions import configured
from tests.stack_fixtures import (
    PARAMETERS,
    Command,
    Deploying,
    deploy_quietly,
    deployed_stack,
)
from tests.unit.processor.events import encode, v1_tweet
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.dead_letters import DeadLetter, Kind
from tweetpipe.dead_letters.redrive import redrive
from tweetpipe.looking import table

CORRUPT = "aws/lambda/corrupt"
TEXT = b'{"KinesisBatchInfo": {"streamArn": "arn:'


@pytest.fixture(scope="module")
def bucket(place: Place) -> Iterator[str]:
    # A permissions boundary wants this beginning.
    name = f"tweets-kept-{uuid.uuid4().hex[:8]}"
    where: Any = {"LocationConstraint": place.region}
    elsewhere = place.region != "us-east-1"  # which S3 would not have named
    place.s3().create_bucket(
        Bucket=name, **({"CreateBucketConfiguration": where} if elsewhere else {})
    )
    yield name
    empty(place, name)
    place.s3().delete_bucket(Bucket=name)


@pytest.fixture(scope="module")
def quick(deploying: Deploying, bucket: str) -> Iterator[Stack]:
    """A stack that gives a failing batch up at once."""
    parameters = {"ShardCount": "1", "MaximumRetryAttempts": "0", "ExhaustedBucket": bucket}
    with deploying("exhausted", **parameters) as stack:
        yield stack


@pytest.fixture
def stack(place: Place, quick: Stack, bucket: str) -> Stack:
    """That stack, with nothing in its bucket."""
    empty(place, bucket)
    return quick


def keys(place: Place, bucket: str) -> set[str]:
    found = place.s3().list_objects_v2(Bucket=bucket).get("Contents", [])
    return {entry["Key"] for entry in found}


def empty(place: Place, bucket: str) -> None:
    for key in keys(place, bucket):
        place.s3().delete_object(Bucket=bucket, Key=key)


def letters(place: Place, stack: Stack) -> list[DeadLetter]:
    url, bucket = stack.outputs["DeadLetterQueueUrl"], dead_letters.bucket_of(stack)
    return dead_letters.peek(place, url, 1000, bucket=bucket)[0]


def stored(place: Place, stack: Stack) -> set[str]:
    return {item["Id"] for item in table.scan(place, stack.outputs["EventDataTable"])}


def exhaust(place: Place, stack: Stack, payloads: list[bytes]) -> list[DeadLetter]:
    """Lets these records fail until Lambda gives them up."""

    def found() -> list[DeadLetter]:
        some = [letter for letter in letters(place, stack) if letter.kind is Kind.EXHAUSTED]
        return some if sum(letter.records for letter in some) >= len(payloads) else []

    with configured(place, stack.outputs["DDBEventProcessor"], TABLE_NAME="no-such-table"):
        as_producer(place, stack).kinesis().put_records(
            StreamName=stack.outputs["KinesisStream"],
            Records=[{"Data": data, "PartitionKey": "kept"} for data in payloads],
        )
        return wait_for(found, "the exhausted batches")


def have_the_stream_forget(place: Place, stack: Stack) -> None:
    """Nothing expires within a test: a new stream of the same name has none of the records."""
    kinesis, name = place.kinesis(), stack.outputs["KinesisStream"]
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    kinesis.get_waiter("stream_not_exists").wait(
        StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(
        StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def test_batches_come_home_after_the_stream_has_forgotten_them(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    exhaust(place, stack, [encode(v1_tweet(number)) for number in range(1, 31)])
    have_the_stream_forget(place, stack)
    at = ("--stack", stack.name)

    listed = tweetpipe_command("dead-letters", "list", "--json", *at)
    redriven = tweetpipe_command("dead-letters", "redrive", "--all", *at)

    assert {letter["kind"] for letter in json.loads(listed.stdout)} == {"exhausted"}
    assert redriven.returncode == 0, redriven.stderr
    assert "Records: 30 stored, 0 rejected." in redriven.stderr
    assert {str(number) for number in range(1, 31)} <= stored(place, stack)
    assert letters(place, stack) == []


def test_what_is_not_of_this_stack_is_named_and_left_alone(
    place: Place, stack: Stack, bucket: str, tweetpipe_command: Command
) -> None:
    [ours] = exhaust(place, stack, [encode(v1_tweet(41))])
    s3, at = place.s3(), ("--stack", stack.name)
    content: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=ours.key)["Body"].read())
    content["KinesisBatchInfo"]["streamArn"] += "-of-another"
    foreign = f"aws/lambda/{uuid.uuid4()}/of-another-{uuid.uuid4()}"
    s3.put_object(Bucket=bucket, Key=foreign, Body=json.dumps(content).encode())
    s3.put_object(Bucket=bucket, Key=CORRUPT, Body=TEXT)
    s3.put_object(Bucket=bucket, Key="mine.txt", Body=b"nothing of Lambda's")
    others = {foreign, CORRUPT, "mine.txt"}

    listed = tweetpipe_command("dead-letters", "list", "--json", *at)
    reasons = {letter["kind"]: letter["reason"] for letter in json.loads(listed.stdout)}
    named = [letter["reason"] for letter in json.loads(listed.stdout)]
    one = tweetpipe_command("dead-letters", "purge", "corrupt", "--yes", *at)
    purged = tweetpipe_command("dead-letters", "purge", "--all", "--yes", *at)

    assert reasons.keys() == {"exhausted", "unknown"}
    assert any("-of-another" in reason for reason in named)
    assert any(CORRUPT in reason for reason in named)
    assert one.returncode == 2
    assert "does not belong to this stack" in one.stderr
    assert purged.returncode == 0, purged.stderr
    assert "Deleted 1 dead letter." in purged.stderr
    assert keys(place, bucket) == others


@pytest.mark.aws
def test_a_batch_that_is_not_stored_keeps_its_object(
    place: Place, stack: Stack, bucket: str
) -> None:
    [letter] = exhaust(place, stack, [encode(v1_tweet(51))])

    with configured(place, stack.outputs["DDBEventProcessor"], TABLE_NAME="no-such-table"):
        [failed] = redrive(place, stack)
    kept = keys(place, bucket)
    with pytest.raises(KeyboardInterrupt):
        redrive(place, stack, on_outcome=interrupt)

    assert not failed.is_done
    assert kept == {letter.key}
    assert (keys(place, bucket), "51" in stored(place, stack)) == (set(), True)


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.aws
def test_a_damaged_object_is_stored_from_the_stream(
    place: Place, stack: Stack, bucket: str
) -> None:
    [letter] = exhaust(place, stack, [encode(v1_tweet(61))])
    s3 = place.s3()
    content = s3.get_object(Bucket=bucket, Key=letter.key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=letter.key, Body=content[:-20])

    [outcome] = redrive(place, stack)

    assert outcome.is_done, outcome.why
    assert "61" in stored(place, stack)


def test_a_damaged_object_that_nothing_replaces_is_kept_and_named(
    place: Place, stack: Stack, bucket: str
) -> None:
    [letter] = exhaust(place, stack, [encode(v1_tweet(71))])
    s3 = place.s3()
    content = s3.get_object(Bucket=bucket, Key=letter.key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=letter.key, Body=content[:-20])
    have_the_stream_forget(place, stack)

    [outcome] = redrive(place, stack)

    assert letter.key in outcome.why
    assert keys(place, bucket) == {letter.key}


def test_a_stack_is_given_a_bucket_later_and_leaves_it_behind(place: Place, bucket: str) -> None:
    parameters = PARAMETERS | {"MaximumRetryAttempts": "0"}
    with deployed_stack(place, parameters) as before:
        stack = deploy_quietly(place, before.name, parameters | {"ExhaustedBucket": bucket})
        [letter] = exhaust(place, stack, [encode(v1_tweet(81))])

    assert before.outputs.keys() == stack.outputs.keys() - {"ExhaustedBucket"}
    assert letter.key in keys(place, bucket)
