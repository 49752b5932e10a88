"""What goes into the stream comes out in the table or in the dead-letter queue, field by field."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import producer
from processor.errors import Reason
from producer import OutgoingRecord, Report, Settings
from tests.clients import as_producer
from tests.fault_proxy import BATCH_WRITE_ITEM, Fault, FaultProxy
from tests.functions import configured
from tests.on_aws.given import given
from tests.stack_fixtures import Command
from tests.tweets import fake_source
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import table, verify
from tweetpipe.looking.table import Key
from tweets import fakes
from tweets.item import Unusable

PATIENCE = 120.0  # seconds without an arrival
QUICK_FAULTS = set(Fault) - {Fault.HANGING}


def send(
    place: Place,
    stack: Stack,
    records: Iterable[OutgoingRecord],
    *,
    settings: Settings,
    folder: Path,
) -> Report:
    """Produces with the credentials of the stack's own user."""
    return producer.produce(
        records,
        client=as_producer(place, stack).kinesis(producer.kinesis_client_config(settings)),
        stream=stack.outputs["KinesisStream"],
        undelivered=folder / "undelivered.ndjson",
        settings=settings,
    )


def stored_keys(place: Place, stack: Stack) -> frozenset[Key]:
    """The keys of what earlier tests stored."""
    return frozenset(map(verify.key, table.scan(place, stack.outputs["EventDataTable"])))


def letters_once(
    place: Place, stack: Stack, is_complete: Callable[[Collection[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """The bodies of the dead letters as soon as they are complete, each record's once."""
    deadline = time.monotonic() + 60
    while True:
        letters, _ = dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 10_000)
        # Delivery is at least once, and a sequence number is unique within its shard only.
        bodies = list({position(letter.body): letter.body for letter in letters}.values())
        if is_complete(bodies):
            return bodies
        assert time.monotonic() < deadline, "dead letters are missing"


def position(letter: dict[str, Any]) -> tuple[str, str]:
    return letter["shardId"], letter["sequenceNumber"]


def payload(letter: dict[str, Any]) -> bytes | None:
    return None if letter["payload"] is None else base64.b64decode(letter["payload"])


@pytest.mark.aws
def test_fake_tweets_are_stored_field_by_field_and_malformed_ones_kept_byte_for_byte(
    place: Place, own_stack: Stack, producer_settings: Settings, tmp_path: Path
) -> None:
    records = list(fakes.records(41, count=600, malformed=0.05, duplicates=0.05))
    malformed = {record.data for record in records if record.kind == "malformed"}
    assert malformed
    assert any(record.kind == "duplicate" for record in records)
    foreign = stored_keys(place, own_stack)
    known = {position(letter) for letter in letters_once(place, own_stack, lambda _: True)}

    outgoing = (OutgoingRecord(record.data, record.partition_key) for record in records)
    report = send(place, own_stack, outgoing, settings=producer_settings, folder=tmp_path)

    assert (report.sent, report.failed) == (len(records), 0)
    comparison = verify.wait_until_stored(
        place,
        own_stack.outputs["EventDataTable"],
        verify.expected_items(41, 600),
        patience=PATIENCE,
        foreign=foreign,
    )
    assert comparison == verify.Comparison(expected=600)
    letters = letters_once(
        place, own_stack, lambda found: malformed <= {payload(letter) for letter in found}
    )
    new = [letter for letter in letters if position(letter) not in known]
    assert {payload(letter) for letter in new} == malformed
    for letter in new:
        assert letter["reason"] in {*Reason, *Unusable}
        assert letter["streamArn"].endswith(f"/{own_stack.outputs['KinesisStream']}")
        assert is_at_its_position(place, own_stack, letter)


def is_at_its_position(place: Place, stack: Stack, letter: dict[str, Any]) -> bool:
    """Whether the stream has the letter's payload where the letter says."""
    kinesis = place.kinesis()
    iterator = kinesis.get_shard_iterator(
        StreamName=stack.outputs["KinesisStream"],
        ShardId=letter["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=letter["sequenceNumber"],
    )["ShardIterator"]
    record = kinesis.get_records(ShardIterator=iterator, Limit=1)["Records"][0]
    found = record["SequenceNumber"], record["PartitionKey"], record["Data"]
    expected = payload(letter)
    return found[:2] == (letter["sequenceNumber"], letter["partitionKey"]) and (
        expected is None or found[2] == expected
    )


def v1_tweet(**changes: object) -> dict[str, object]:
    tweet: dict[str, object] = {
        "id_str": "1",
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "text": "plain",
        "user": {"id_str": "7", "name": "Hostile Test", "screen_name": "hostile"},
    }
    return tweet | changes


def without(tweet: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in tweet.items() if key != name}


def line(tweet: dict[str, object]) -> bytes:
    return json.dumps(tweet, ensure_ascii=False).encode()


@pytest.mark.aws
def test_a_hostile_file_is_stored_where_possible_and_explained_where_not(
    place: Place, own_stack: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    blank = {"id_str": "7", "name": " \u3000", "screen_name": "hostile_blank"}
    good = [
        line(v1_tweet(id_str="901")),
        line(v1_tweet(id_str="902", text="👩\u200d👩\u200d👧 안녕 مرحبا")),
        line(v1_tweet(id_str="903", user=blank)),
    ]
    too_large = line(v1_tweet(id_str="908", text="x" * 401 * 1024))
    bad = {
        b'{"id_str": "904", "text": ': Reason.NOT_JSON,
        b'{"id_str": "905", "text": "\xff"}': Reason.NOT_UTF_8,
        line(without(v1_tweet(id_str="906"), "user")): Unusable.NO_AUTHOR,
        line(without(v1_tweet(text="no id"), "id_str")): Unusable.NO_ID,
        line(v1_tweet(id_str="907", created_at="yesterday")): Unusable.BAD_TIMESTAMP,
    }
    file = tmp_path / "hostile.ndjson"
    file.write_bytes(b"\n".join([good[0], *bad, too_large, good[1], good[1], b"", good[2]]))
    foreign = stored_keys(place, own_stack)
    known = {position(letter) for letter in letters_once(place, own_stack, lambda _: True)}

    outcome = tweetpipe_command(
        "produce", "--source", "file", "--file", str(file), "--stack", own_stack.name
    )

    assert outcome.returncode == 0, outcome.stderr
    messages = {
        ("Hostile Test", "901"): "plain",
        ("Hostile Test", "902"): "👩\u200d👩\u200d👧 안녕 مرحبا",
        ("hostile_blank", "903"): "plain",
    }
    comparison = verify.wait_until_stored(
        place,
        own_stack.outputs["EventDataTable"],
        {
            (username, id_): {
                "Username": username,
                "Id": id_,
                "Timestamp": "2018-10-10T20:19:24.000Z",
                "Message": message,
            }
            for (username, id_), message in messages.items()
        },
        patience=PATIENCE,
        foreign=foreign,
    )
    assert comparison == verify.Comparison(expected=3)
    letters = letters_once(
        place,
        own_stack,
        lambda found: len({*map(position, found)} - known) == len(bad) + 1,
    )
    new = [letter for letter in letters if position(letter) not in known]
    # A payload that SQS has no room for is told by its position.
    assert {payload(e): e["reason"] for e in new} == bad | {None: Reason.ITEM_TOO_LARGE}
    assert {e["payloadBytes"] for e in new if payload(e) is None} == {len(too_large)}
    assert all(is_at_its_position(place, own_stack, letter) for letter in new)


@pytest.mark.aws
def test_the_producers_user_may_put_records_and_nothing_else(
    request: pytest.FixtureRequest, place: Place
) -> None:
    if given(request) is None or place.aws_endpoint():
        pytest.skip("an emulator checks no rights; tests/iam tries them with a policy engine")
    stack: Stack = request.getfixturevalue("own_stack")
    theirs = as_producer(place, stack)
    stream, table = stack.outputs["KinesisStream"], stack.outputs["EventDataTable"]
    calls: tuple[Callable[[], object], ...] = (
        lambda: theirs.kinesis().list_shards(StreamName=stream),
        lambda: theirs.kinesis().delete_stream(StreamName=stream),
        lambda: theirs.dynamodb().scan(TableName=table),
        lambda: theirs.sqs().receive_message(QueueUrl=stack.outputs["DeadLetterQueueUrl"]),
        lambda: theirs.secretsmanager().get_secret_value(SecretId=stack.outputs["ClientSecretArn"]),
    )
    for call in calls:
        with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
            call()


def test_verify_finds_a_deleted_a_changed_and_a_foreign_item(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    dynamodb, name = place.dynamodb(), stack.outputs["EventDataTable"]
    fake = ("--stack", stack.name, "--seed", "5", "--count", "20")
    assert tweetpipe_command("produce", *fake).returncode == 0
    assert tweetpipe_command("verify", *fake).returncode == 0
    deleted, changed, *_ = verify.expected_items(5, 20).values()
    foreign = changed | {"Username": "A stranger", "Id": "1"}

    def put(item: dict[str, str]) -> None:
        dynamodb.put_item(TableName=name, Item={key: {"S": text} for key, text in item.items()})

    def delete(item: dict[str, str]) -> None:
        key = {"Username": {"S": item["Username"]}, "Id": {"S": item["Id"]}}
        dynamodb.delete_item(TableName=name, Key=key)

    delete(deleted)
    put(changed | {"Message": "something else"})
    put(foreign)
    differing = tweetpipe_command("verify", *fake, "--wait", "0", "--json")

    assert differing.returncode == 3
    assert json.loads(differing.stdout) == {
        "expected": 20,
        "verified": 18,
        "missing": [deleted],
        "unexpected": [foreign],
        "different": [{"expected": changed, "stored": changed | {"Message": "something else"}}],
    }

    put(deleted)
    put(changed)
    beside = tweetpipe_command("verify", *fake, "--wait", "0", "--allow-others")
    assert beside.returncode == 0, beside.stderr

    delete(foreign)
    mended = tweetpipe_command("verify", *fake, "--wait", "0", "--json")

    assert mended.returncode == 0
    assert json.loads(mended.stdout)["verified"] == 20


def test_a_failing_dynamodb_loses_nothing(
    place: Place, own_stack: Stack, producer_settings: Settings, tmp_path: Path
) -> None:
    foreign = stored_keys(place, own_stack)
    function = own_stack.outputs["DDBEventProcessor"]
    with (
        FaultProxy(
            str(place.endpoint), seed=1, faults={BATCH_WRITE_ITEM: QUICK_FAULTS}
        ).serving() as proxy,
        configured(place, function, AWS_ENDPOINT_URL_DYNAMODB=proxy.endpoint),
    ):
        tweets = fake_source(seed=43, count=400)
        send(place, own_stack, tweets, settings=producer_settings, folder=tmp_path)
        comparison = verify.wait_until_stored(
            place,
            own_stack.outputs["EventDataTable"],
            verify.expected_items(43, 400),
            patience=PATIENCE,
            foreign=foreign,
        )
    assert comparison == verify.Comparison(expected=400)
    assert {fault for _, fault in proxy.counts} == QUICK_FAULTS


def test_a_run_whose_tweets_are_rejected_says_so_with_the_command_that_shows_them(
    deployed: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "tweets.ndjson"
    file.write_text('{"id_str": "1", "text": "x"}\n{"neither": "shape"}\n')

    def tells() -> bool:
        outcome = tweetpipe_command("produce", "file", str(file), "--stack", deployed.name)
        # Delivered it is, and a queue keeps it: that is no failure of the run.
        assert outcome.returncode == 0, outcome.stderr
        assert f"tweetpipe dead-letters list --stack {deployed.name}\n" in outcome.stderr
        return bool(re.search(r"\d+ new dead letters? since", outcome.stderr))

    # A function that has not run before may take longer than a run waits for it.
    wait_for(tells, "a run that knows of its dead letters")
