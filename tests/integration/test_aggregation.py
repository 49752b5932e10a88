"""Tweets that share a Kinesis record come out one by one."""

from __future__ import annotations

import base64

from tests.stack_fixtures import Command
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import table, verify
from tweetpipe.looking.table import Key
from tweets import fakes

COUNT = 500


def test_aggregated_tweets_are_stored_and_malformed_ones_kept_each_on_its_own(
    place: Place, own_stack: Stack, tweetpipe_command: Command
) -> None:
    foreign = stored_keys(place, own_stack)
    records = fakes.records(47, count=COUNT, malformed=0.05)
    malformed = {record.data for record in records if record.kind == "malformed"}
    assert malformed

    options = ["--stack", own_stack.name, "--seed=47", f"--count={COUNT}", "--malformed=0.05"]
    outcome = tweetpipe_command("produce", "--aggregate", *options)

    assert outcome.returncode == 0, outcome.stderr

    assert_stored(place, own_stack, seed=47, foreign=foreign)
    wait_for(lambda: malformed <= payloads(place, own_stack), "the dead letters")


def payloads(place: Place, stack: Stack) -> set[bytes]:
    letters, _ = dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 10_000)
    found = (letter.body["payload"] for letter in letters)
    return {base64.b64decode(payload) for payload in found if payload}


def test_the_stream_holds_few_records_for_many_tweets(
    place: Place, own_stack: Stack, tweetpipe_command: Command
) -> None:
    foreign = stored_keys(place, own_stack)
    before = records_in(place, own_stack)

    options = ["--stack", own_stack.name, "--seed=48", f"--count={COUNT}"]
    outcome = tweetpipe_command("produce", "--aggregate", *options)

    assert outcome.returncode == 0, outcome.stderr

    assert 0 < records_in(place, own_stack) - before <= COUNT / 8
    assert_stored(place, own_stack, seed=48, foreign=foreign)


def stored_keys(place: Place, stack: Stack) -> frozenset[Key]:
    return frozenset(map(verify.key, table.scan(place, stack.outputs["EventDataTable"])))


def assert_stored(place: Place, stack: Stack, *, seed: int, foreign: frozenset[Key]) -> None:
    comparison = verify.wait_until_stored(
        place,
        stack.outputs["EventDataTable"],
        verify.expected_items(seed, COUNT),
        patience=120.0,
        foreign=foreign,
    )
    assert comparison == verify.Comparison(expected=COUNT)


def records_in(place: Place, stack: Stack) -> int:
    kinesis = place.kinesis()
    stream = stack.outputs["KinesisStream"]
    count = 0
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while found := (answer := kinesis.get_records(ShardIterator=iterator))["Records"]:
            count += len(found)
            iterator = answer["NextShardIterator"]
    return count
