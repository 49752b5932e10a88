"""What could not be stored comes home, whatever happens on the way."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients import as_producer
from tests.commands import PATIENT_COMMAND
from tests.functions import configured
from tests.fuzz.aggregates import aggregate
from tests.stack_fixtures import Command, Deploying
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import LOCAL_ACCOUNT, Place
from tweetpipe.aws.stack import Stack
from tweetpipe.dead_letters import DeadLetter, Hold, Kind
from tweetpipe.dead_letters.redrive import redrive
from tweetpipe.looking import table

SHARD = "shardId-000000000000"


@pytest.fixture(scope="module")
def quick(deploying: Deploying) -> Iterator[Stack]:
    """A stack that gives a failing batch up at once."""
    with deploying("redrive", ShardCount="1", MaximumRetryAttempts="0") as stack:
        yield stack


@pytest.fixture
def stack(place: Place, quick: Stack) -> Iterator[Stack]:
    """That stack, with an empty queue."""
    yield quick
    url = quick.outputs["DeadLetterQueueUrl"]
    # What a killed process held comes back after half a minute.
    wait_for(lambda: dead_letters.counts(place, url)[1] == 0, "an idle queue")
    dead_letters.purge(place, url, dead_letters.every_id(place, url))


def tweet(number: int, **changes: Any) -> bytes:
    user = {"name": "Redriven", "screen_name": "redriven"}
    created = "Wed Oct 10 20:19:24 +0000 2018"
    fields = {"id_str": str(number), "created_at": created, "text": "한글 👩\u200d👧", "user": user}
    return json.dumps(fields | changes, ensure_ascii=False).encode()


def put(place: Place, stack: Stack, payloads: Iterable[bytes]) -> list[str]:
    """Puts records on the stream, and says their sequence numbers."""
    answer = (
        as_producer(place, stack)
        .kinesis()
        .put_records(
            StreamName=stack.outputs["KinesisStream"],
            Records=[{"Data": data, "PartitionKey": "redriven"} for data in payloads],
        )
    )
    assert answer["FailedRecordCount"] == 0
    return [record["SequenceNumber"] for record in answer["Records"]]


def stored(place: Place, stack: Stack) -> dict[str, str]:
    """The messages of the stored tweets by their ids."""
    items = table.scan(place, stack.outputs["EventDataTable"])
    return {item["Id"]: item["Message"] for item in items}


def forget(place: Place, stack: Stack, id: str) -> None:
    """Deletes a tweet as soon as it's stored."""
    wait_for(lambda: id in stored(place, stack), "the tweet")
    key = {"Username": {"S": "Redriven"}, "Id": {"S": id}}
    place.dynamodb().delete_item(TableName=stack.outputs["EventDataTable"], Key=key)


def letters(place: Place, stack: Stack) -> list[DeadLetter]:
    return dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 1000)[0]


def wait_for_letters(place: Place, stack: Stack, kind: Kind, count: int) -> list[DeadLetter]:
    """The letters of this kind as soon as they stand for so many records."""

    def found() -> list[DeadLetter]:
        some = [letter for letter in letters(place, stack) if letter.kind is kind]
        return some if sum(letter.records for letter in some) >= count else []

    return wait_for(found, f"{count} {kind} records")


def exhaust(place: Place, stack: Stack, payloads: list[bytes]) -> list[DeadLetter]:
    """Lets these records fail until Lambda gives them up."""
    with configured(place, stack.outputs["DDBEventProcessor"], TABLE_NAME="no-such-table"):
        put(place, stack, payloads)
        return wait_for_letters(place, stack, Kind.EXHAUSTED, len(payloads))


def send_letters(place: Place, stack: Stack, bodies: list[dict[str, Any]]) -> None:
    """Puts messages on the queue."""
    for start in range(0, len(bodies), 10):
        answer = place.sqs().send_message_batch(
            QueueUrl=stack.outputs["DeadLetterQueueUrl"],
            Entries=[
                {"Id": str(n), "MessageBody": json.dumps(body)}
                for n, body in enumerate(bodies[start : start + 10])
            ],
        )
        assert not answer.get("Failed")


def batch_body(
    place: Place, stack: Stack, first: int, last: int, records: int = 1
) -> dict[str, Any]:
    """What Lambda sends of an exhausted batch."""
    stream = f"arn:aws:kinesis:{place.region}:{LOCAL_ACCOUNT}:stream"
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "KinesisBatchInfo": {
            "streamArn": f"{stream}/{stack.outputs['KinesisStream']}",
            "shardId": SHARD,
            "startSequenceNumber": str(first),
            "endSequenceNumber": str(last),
            "batchSize": records,
            "approximateArrivalOfFirstRecord": "2020-01-01T00:00:00Z",
        },
    }


@pytest.mark.aws
def test_a_rejected_record_is_edited_and_stored(
    place: Place, stack: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    name = ("--stack", stack.name)
    put(place, stack, [tweet(101, created_at="yesterday")])
    [letter] = wait_for_letters(place, stack, Kind.REJECTED, 1)

    listed = tweetpipe_command("dead-letters", "list", *name)
    assert letter.short_id in listed.stdout
    assert "bad-timestamp" in listed.stdout

    as_it_is = tweetpipe_command("dead-letters", "redrive", letter.short_id, *name)
    assert as_it_is.returncode == 1
    assert "it would be rejected again: bad-timestamp" in as_it_is.stderr

    shown = tweetpipe_command("dead-letters", "show", letter.short_id, "--payload", *name)
    assert shown.stdout.encode() == tweet(101, created_at="yesterday")
    file = tmp_path / "tweet.json"
    file.write_text(shown.stdout.replace("yesterday", "2018-10-10T20:19:24Z"))
    edited = tweetpipe_command(
        "dead-letters", "redrive", letter.short_id, "--payload", str(file), *name
    )

    assert edited.returncode == 0, edited.stderr
    assert stored(place, stack)["101"] == "한글 👩\u200d👧"
    assert letters(place, stack) == []


@pytest.mark.aws
def test_a_record_too_large_for_its_message_is_read_from_the_stream(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    large = tweet(111, created_at="yesterday", text="x" * 300_000)
    put(place, stack, [large])
    [letter] = wait_for_letters(place, stack, Kind.REJECTED, 1)
    assert letter.payload is None

    shown = tweetpipe_command("dead-letters", "show", letter.id, "--payload", "--stack", stack.name)
    assert shown.stdout.encode() == large


@pytest.mark.aws
def test_an_exhausted_batch_is_read_again_and_stored(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    exhaust(place, stack, [tweet(number) for number in range(201, 231)])
    assert "201" not in stored(place, stack)

    outcome = tweetpipe_command("dead-letters", "redrive", "--all", "--stack", stack.name)

    assert outcome.returncode == 0, outcome.stderr
    assert "Records: 30 stored, 0 rejected." in outcome.stderr
    assert {str(number) for number in range(201, 231)} <= stored(place, stack).keys()
    assert letters(place, stack) == []


@pytest.mark.aws
def test_tweets_of_aggregated_records_come_home_from_an_exhausted_batch(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    bad = tweet(262, created_at="yesterday")
    together = aggregate([tweet(261), bad, *(tweet(number) for number in range(263, 290))])
    exhaust(place, stack, [tweet(260), together])

    outcome = tweetpipe_command(
        "dead-letters", "redrive", "--all", "--kind", "exhausted", "--stack", stack.name
    )

    assert outcome.returncode == 1
    assert "Records: 29 stored, 1 rejected." in outcome.stderr
    wanted = {str(number) for number in range(260, 290)} - {"262"}
    assert wanted <= stored(place, stack).keys()
    left = letters(place, stack)
    assert {(letter.payload, letter.subsequence_number) for letter in left} == {(bad, 1)}


def test_a_tweet_of_an_aggregated_record_is_edited_and_stored(
    place: Place, stack: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    large = tweet(272, created_at="yesterday", text="x" * 300_000)
    put(place, stack, [aggregate([tweet(271), large])])
    [letter] = wait_for_letters(place, stack, Kind.REJECTED, 1)
    assert (letter.payload, letter.subsequence_number) == (None, 1)

    shown = tweetpipe_command("dead-letters", "show", letter.id, "--payload", "--stack", stack.name)
    assert shown.stdout.encode() == large
    file = tmp_path / "tweet.json"
    file.write_text(shown.stdout.replace("yesterday", "2018-10-10T20:19:24Z"))
    arguments = ("--payload", str(file), "--stack", stack.name)
    edited = tweetpipe_command("dead-letters", "redrive", letter.id, *arguments)

    assert edited.returncode == 0, edited.stderr
    assert {"271", "272"} <= stored(place, stack).keys()
    assert letters(place, stack) == []


def test_what_is_rejected_of_a_batch_becomes_a_dead_letter_of_its_own(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    # Lambda itself would have split the batch until the bad record is alone.
    bad = tweet(252, created_at="yesterday")
    numbers = [int(number) for number in put(place, stack, [tweet(251), bad, tweet(253)])]
    [letter] = wait_for_letters(place, stack, Kind.REJECTED, 1)
    dead_letters.purge(place, stack.outputs["DeadLetterQueueUrl"], [letter.id])
    forget(place, stack, "253")
    send_letters(place, stack, [batch_body(place, stack, numbers[0], numbers[2], 3)])

    outcome = tweetpipe_command(
        "dead-letters", "redrive", "--all", "--kind", "exhausted", "--stack", stack.name
    )

    assert outcome.returncode == 1
    assert "Records: 2 stored, 1 rejected." in outcome.stderr
    assert "Dead letters: 1 deleted, 0 kept." in outcome.stderr
    assert {"251", "253"} <= stored(place, stack).keys()
    assert {letter.payload for letter in letters(place, stack)} == {bad}


def test_what_the_stream_no_longer_has_is_reported_and_kept(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    # No record can expire within a test: a batch before the oldest one comes to the same.
    [shard] = place.kinesis().list_shards(StreamName=stack.outputs["KinesisStream"])["Shards"]
    start = int(shard["SequenceNumberRange"]["StartingSequenceNumber"])
    numbers = [int(number) for number in put(place, stack, [tweet(301), tweet(302)])]
    forget(place, stack, "302")
    before_the_oldest = batch_body(place, stack, start, start)
    in_part = batch_body(place, stack, numbers[1], numbers[1] + 5, 6)
    send_letters(place, stack, [before_the_oldest, in_part])

    outcome = tweetpipe_command("dead-letters", "redrive", "--all", "--stack", stack.name)

    assert outcome.returncode == 1
    assert "Dead letters: 0 deleted, 2 kept." in outcome.stderr
    assert "the stream no longer has its records" in outcome.stderr
    assert "the stream has only 1 of its 6 records" in outcome.stderr
    assert "302" in stored(place, stack)
    assert len(letters(place, stack)) == 2


def rejected_body(place: Place, stack: Stack, number: int) -> dict[str, Any]:
    """A rejected record that can be stored by now, as after a mended function."""
    batch = batch_body(place, stack, number, number)["KinesisBatchInfo"]
    return {
        "kind": "rejected",
        "reason": "unexpected",
        "detail": "ValueError",
        "streamArn": batch["streamArn"],
        "shardId": SHARD,
        "sequenceNumber": str(number),
        "partitionKey": "redriven",
        "arrivedAt": "2026-01-01T00:00:00.000Z",
        "payload": base64.b64encode(tweet(number)).decode(),
        "payloadBytes": len(tweet(number)),
    }


@contextmanager
def redriving(stack: Stack, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`dead-letters redrive --all` as a process of its own."""
    arguments = ["dead-letters", "redrive", "--all", "--stack", stack.name]
    with subprocess.Popen(
        [*PATIENT_COMMAND, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="SIGINT"),
        # What was held comes back after half a minute only.
        pytest.param(signal.SIGKILL, id="SIGKILL", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_redrive_loses_nothing_and_the_next_one_ends_it(
    number: signal.Signals,
    place: Place,
    stack: Stack,
    command_environment: dict[str, str],
    tweetpipe_command: Command,
) -> None:
    url = stack.outputs["DeadLetterQueueUrl"]
    for first in range(1000 * number, 1000 * number + 500, 100):
        ids = {str(first + n) for n in range(100)}
        send_letters(place, stack, [rejected_body(place, stack, int(id_)) for id_ in ids])

        with redriving(stack, command_environment) as process:
            wait_for(lambda ids=ids: ids & stored(place, stack).keys(), "a first record")  # type: ignore[misc]
            process.send_signal(number)
            _, stderr = process.communicate(timeout=120)

        # On a busy machine, it may have ended before the signal.
        if process.returncode:
            break

    assert process.returncode == (130 if number is signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in stderr
    done = ids & stored(place, stack).keys()
    assert done < ids, "it was not interrupted"
    if number is signal.SIGINT:
        assert dead_letters.counts(place, url)[1] == 0, "not all was given back"
    # After a kill they come back by themselves.
    wait_for(lambda: dead_letters.counts(place, url)[1] == 0, "the messages")
    assert len(letters(place, stack)) >= len(ids - done)

    again = tweetpipe_command("dead-letters", "redrive", "--all", "--stack", stack.name)

    assert again.returncode == 0, again.stderr
    assert ids <= stored(place, stack).keys()
    assert letters(place, stack) == []


def test_a_second_redrive_changes_nothing(
    place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    send_letters(place, stack, [rejected_body(place, stack, 401)])
    name = ("--stack", stack.name)

    first = tweetpipe_command("dead-letters", "redrive", "--all", *name)
    after_first = stored(place, stack)
    second = tweetpipe_command("dead-letters", "redrive", "--all", *name)

    assert (first.returncode, second.returncode) == (0, 0)
    assert "Dead letters: 1 deleted, 0 kept." in first.stderr
    assert second.stderr.endswith("No dead letters; nothing to do.\n")
    assert stored(place, stack) == after_first


def test_a_redrive_sees_nothing_that_another_one_holds(place: Place, stack: Stack) -> None:
    send_letters(place, stack, [rejected_body(place, stack, n) for n in (501, 502)])
    with Hold(place, stack.outputs["DeadLetterQueueUrl"]) as other:
        assert len(list(other.letters(1))) == 1
        assert [outcome.is_done for outcome in redrive(place, stack)] == [True]
    assert [outcome.stored for outcome in redrive(place, stack)] == [1]
    assert {"501", "502"} <= stored(place, stack).keys()


def test_two_redrives_at_a_time_end_well(
    place: Place, stack: Stack, command_environment: dict[str, str]
) -> None:
    ids = {str(number) for number in range(701, 741)}
    send_letters(place, stack, [rejected_body(place, stack, int(id_)) for id_ in ids])

    with (
        redriving(stack, command_environment) as first,
        redriving(stack, command_environment) as second,
    ):
        said = [process.communicate(timeout=120)[1] for process in (first, second)]

    assert (first.returncode, second.returncode) == (0, 0), said
    assert ids <= stored(place, stack).keys()
    assert letters(place, stack) == []


def test_purge_deletes_for_good(place: Place, stack: Stack, tweetpipe_command: Command) -> None:
    send_letters(place, stack, [rejected_body(place, stack, n) for n in (601, 602, 603)])
    [first, *_] = wait_for_letters(place, stack, Kind.REJECTED, 3)
    name = ("--stack", stack.name)

    unasked = tweetpipe_command("dead-letters", "purge", "--all", *name)
    assert unasked.returncode == 2
    assert len(letters(place, stack)) == 3

    one = tweetpipe_command("dead-letters", "purge", first.short_id, "--yes", *name)
    assert one.returncode == 0, one.stderr
    assert first.id not in {letter.id for letter in letters(place, stack)}

    counted = tweetpipe_command("dead-letters", "list", "--by-reason", "--json", *name)
    assert json.loads(counted.stdout) == {"unexpected": 2}

    for others in (("--reason", "no-id"), ("--kind", "exhausted"), ("--older-than", "3653d")):
        none = tweetpipe_command("dead-letters", "purge", *others, "--yes", *name)
        assert none.returncode == 0, none.stderr
        assert len(letters(place, stack)) == 2

    chosen = ("--kind", "rejected", "--reason", "unexpected", "--older-than", "1d")
    every = tweetpipe_command("dead-letters", "purge", *chosen, "--yes", *name)
    assert every.returncode == 0, every.stderr
    assert "Deleted 2 dead letters." in every.stderr
    assert letters(place, stack) == []
    assert not {"601", "602", "603"} & stored(place, stack).keys()
