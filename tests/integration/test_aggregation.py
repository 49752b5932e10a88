"""Tweets that share a Kinesis record come out one by one."""

from __future__ import annotations

import base64

import fake_tweets
from tests.stack_fixtures import Command
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import table, verify

COUNT = 500


def test_aggregated_tweets_are_stored_and_malformed_ones_kept_each_on_its_own(
    place: Place, deployed: Stack, tweetpipe_command: Command
) -> None:
    foreign = frozenset(map(verify.key, table.scan(place, deployed.outputs["EventDataTable"])))
    records = fake_tweets.records(47, count=COUNT, malformed=0.05)
    malformed = {record.data for record in records if record.kind == "malformed"}
    assert malformed

    options = ["--stack", deployed.name, "--seed=47", f"--count={COUNT}", "--malformed=0.05"]
    outcome = tweetpipe_command("produce", "--aggregate", *options)

    assert outcome.returncode == 0, outcome.stderr

    comparison = verify.wait_until_stored(
        place,
        deployed.outputs["EventDataTable"],
        verify.expected_items(47, COUNT),
        patience=30.0,
        foreign=foreign,
    )
    assert comparison == verify.Comparison(expected=COUNT)
    wait_for(lambda: malformed <= payloads(place, deployed), "the dead letters")


def payloads(place: Place, stack: Stack) -> set[bytes]:
    letters, _ = dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 10_000)
    found = (letter.body["payload"] for letter in letters)
    return {base64.b64decode(payload) for payload in found if payload}


def test_the_stream_holds_few_records_for_many_tweets(
    place: Place, deployed: Stack, tweetpipe_command: Command
) -> None:
    before = records_in(place, deployed)

    options = ["--stack", deployed.name, "--seed=48", f"--count={COUNT}"]
    outcome = tweetpipe_command("produce", "--aggregate", *options)

    assert outcome.returncode == 0, outcome.stderr

    assert 0 < records_in(place, deployed) - before <= COUNT / 8


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
