"""What becomes of dead letters, in the queue and in the bucket."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from processor.aggregation import deaggregate
from producer import OutgoingRecord
from producer.sending.aggregation import aggregated
from tests.unit.tweetpipe.complying.doubles import (
    FakeS3,
    Queue,
    StoredPlace,
    deleted,
    edited,
    judge,
    post,
)
from tests.unit.tweetpipe.dead_letters.doubles import STACK, STREAM, exhausted, rejected
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.complying import Account, Revised, found_in_letters, revise
from tweetpipe.dead_letters import Kind, bucket_of
from tweetpipe.dead_letters.bucket import Objects

ACCOUNT = Path("account.ndjson")
KEY = "aws/lambda/mapping/shard/2026/11/27/1-12345678-1234-1234-1234-123456789012"
WITH_BUCKET = complete_stack(**STACK.outputs, ExhaustedBucket="kept")


def revised(
    *said: dict[str, Any],
    queue: Queue | None = None,
    s3: FakeS3 | None = None,
    account: Account | None = None,
) -> Revised:
    return revise(
        StoredPlace.of(queue=queue, s3=s3),
        WITH_BUCKET if s3 else STACK,
        judge(*said),
        account=account or Account(ACCOUNT),
    )


def lines() -> list[dict[str, str]]:
    return [json.loads(line) for line in ACCOUNT.read_text().splitlines()]


def payloads(queue: Queue) -> list[bytes]:
    return [base64.b64decode(json.loads(body)["payload"]) for body in queue.bodies.values()]


def test_the_letter_of_a_deleted_post_goes_and_the_others_come_back() -> None:
    queue = Queue({id_: rejected(post(id_)) for id_ in "123"})

    outcome = revised(deleted("2"), queue=queue)

    assert queue.visible() == ["1", "3"]
    assert outcome.letters == 3
    [line] = lines()
    assert (line["id"], line["did"], line["where"], line["letter"]) == (
        *("2", "deleted", "dead letters"),
        "2",
    )


def test_letters_that_hold_no_post_stay() -> None:
    bodies = {"a": exhausted(1, 5), "b": rejected(None), "c": "a stranger's, about 2"}
    queue = Queue(bodies)

    revised(deleted("2"), queue=queue)

    assert queue.bodies == bodies
    assert not ACCOUNT.exists()


def test_an_older_version_goes_when_a_newer_one_is_known() -> None:
    queue = Queue({id_: rejected(post(id_)) for id_ in "56"})

    revised(edited("5", "6"), queue=queue)

    assert list(queue.bodies) == ["6"]


def test_what_remains_of_a_letter_takes_its_place() -> None:
    scrub = {"scrub_geo": {"user_id": 3, "up_to_status_id": 7}}
    queue = Queue({"one": rejected(post("7", user={"id": 3}, geo={"type": "Point"}))})

    revised(scrub, queue=queue)
    again = Account(ACCOUNT)
    revised(scrub, queue=queue, account=again)

    [data] = payloads(queue)
    assert json.loads(data) == {"id_str": "7", "text": "text of 7", "user": {"id": 3}}
    assert [line["did"] for line in lines()] == ["changed"]
    assert not again.counts


def test_of_an_aggregated_record_the_others_remain() -> None:
    records = [OutgoingRecord(post(id_), f"author {id_}") for id_ in "123"]
    queue = Queue({"one": rejected(aggregated(records, hash_key="0"))})

    revised(deleted("2"), queue=queue)

    [data] = payloads(queue)
    left = deaggregate(data) or []
    assert [(each.partition_key, each.data) for each in left] == [
        ("author 1", post("1")),
        ("author 3", post("3")),
    ]


def test_a_dry_run_leaves_letters_as_they_are() -> None:
    queue = Queue({"1": rejected(post("1"))})
    s3 = FakeS3({KEY: batch("1", "2")})
    before = s3.objects[KEY]
    account = Account(None)

    revised(deleted("1"), queue=queue, s3=s3, account=account)

    assert queue.visible() == ["1"]
    assert s3.objects == {KEY: before}
    assert account.counts == {("dead letters", "deleted"): 2}


def batch(*ids: str, as_text: bool = True) -> bytes:
    """An exhausted batch as Lambda keeps it, its numbers ten times the ids."""
    records = [
        {
            "kinesis": {
                "sequenceNumber": f"{id_}0",
                "partitionKey": "someone",
                "data": base64.b64encode(post(id_)).decode(),
                "approximateArrivalTimestamp": 1.5,
            }
        }
        for id_ in ids
    ]
    event = {"Records": records}
    content = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "KinesisBatchInfo": {
            "streamArn": STREAM,
            "shardId": "shardId-000000000001",
            "startSequenceNumber": f"{ids[0]}0",
            "endSequenceNumber": f"{ids[-1]}0",
            "batchSize": len(ids),
        },
        "payload": json.dumps(event) if as_text else event,
    }
    return json.dumps(content, separators=(",", ":")).encode()


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("gone", ["1", "2", "3"])
def test_a_batch_in_the_bucket_is_kept_without_what_is_gone(gone: str, as_text: bool) -> None:
    s3 = FakeS3({KEY: batch("1", "2", "3", as_text=as_text)})

    revised(deleted(gone), s3=s3)

    place = StoredPlace.of(s3=s3)
    bucket = bucket_of(WITH_BUCKET)
    assert bucket
    objects = Objects(place, bucket)
    [letter] = objects.letters()
    assert letter.kind is Kind.EXHAUSTED
    left = [id_ for id_ in "123" if id_ != gone]
    assert [record.data for record in objects.records(letter) or []] == [post(id_) for id_ in left]
    assert post(gone) not in s3.objects[KEY]
    assert base64.b64encode(post(gone)) not in s3.objects[KEY]
    assert [line["id"] for line in lines()] == [gone]
    before = s3.objects[KEY]
    revised(deleted(gone), s3=s3)
    assert s3.objects[KEY] == before


def test_a_batch_of_which_nothing_is_left_goes() -> None:
    s3 = FakeS3({KEY: batch("1", "2")})

    revised(deleted("1"), deleted("2"), s3=s3)

    assert s3.objects == {}


def test_a_batch_that_can_not_be_read_is_named() -> None:
    body = batch("1").replace(b"Records", b"Rubbish")
    s3 = FakeS3({KEY: body})

    outcome = revised(deleted("1"), s3=s3)

    assert outcome.unread == [KEY]
    assert s3.objects == {KEY: body}


def test_the_ids_of_all_that_letters_hold_are_found() -> None:
    aggregate = aggregated(
        [OutgoingRecord(post("4"), "a"), OutgoingRecord(post("5"), "b")], hash_key="0"
    )
    queue = Queue({"1": rejected(post("1")), "2": rejected(aggregate), "3": exhausted(1, 2)})
    s3 = FakeS3({KEY: batch("6", "7")})
    place = StoredPlace.of(queue=queue, s3=s3)

    found = sorted(found_in_letters(place, WITH_BUCKET, judge()))

    assert found == ["1", "4", "5", "6", "7"]
    assert len(queue.visible()) == 3
