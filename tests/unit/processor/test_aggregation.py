from __future__ import annotations

import base64
import importlib
import sys
from hashlib import md5
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor import aggregation
from processor.aggregation import MAGIC, MAX_RECORDS, Contained, deaggregate
from processor.batch import process
from processor.dead_letters import DeadLetterQueue
from processor.errors import Reason, Rejected
from processor.lambda_event import respond, sequence_number
from processor.rounds import Rounds
from processor.table import Table
from tests.fuzz.aggregates import aggregate, bytes_field, fixed_field, number_field, sealed
from tests.tweets import TWEETS
from tests.unit.processor.events import encode, kinesis_records, v1_tweet, v2_tweet
from tests.unit.processor.fakes import QUEUE_URL, Clock, FakeDynamoDB, FakeSQS, client_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

    from processor.batch import BatchAccount


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    """AWS's own library; it puts itself on the path when it is imported."""
    path = sys.path.copy()
    importlib.import_module("aws_kinesis_agg.aggregator")
    importlib.import_module("aws_kinesis_agg.deaggregator")
    yield sys.modules["aws_kinesis_agg"]
    sys.path[:] = path


KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
PARTS = st.lists(st.tuples(KEYS, st.binary(max_size=300)), min_size=1, max_size=12)


def contents(data: bytes) -> list[tuple[str, bytes]] | None:
    """Keys and data in an aggregate; None of a plain record and of a broken one."""
    try:
        found = deaggregate(data)
    except Rejected:
        return None
    if found is None:
        return None
    assert [contained.subsequence_number for contained in found] == [*range(len(found))]
    return [(contained.partition_key, contained.data) for contained in found]


def contents_by(reference: Any, data: bytes) -> list[tuple[str, bytes]] | None:
    kinesis = {
        "kinesisSchemaVersion": "1.0",
        "sequenceNumber": "1",
        "partitionKey": "of the aggregate",
        "approximateArrivalTimestamp": 0,
        "data": base64.b64encode(data),
    }
    records = reference.deaggregator.deaggregate_records([{"kinesis": kinesis}])
    if any("aggregated" not in record["kinesis"] for record in records):
        return None
    return [
        (record["kinesis"]["partitionKey"], base64.b64decode(record["kinesis"]["data"]))
        for record in records
    ]


def why_not(data: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        deaggregate(data)
    return caught.value


@given(PARTS, st.booleans())
def test_what_awss_own_library_writes_is_read(
    reference: Any, parts: list[tuple[str, bytes]], with_hash_keys: bool
) -> None:
    writer = reference.aggregator.AggRecord()
    for key, data in parts:
        assert writer.add_user_record(key, data, "12345" if with_hash_keys else None)

    assert contents(writer.get_contents()[2]) == parts


@given(st.data())
def test_what_awss_own_library_reads_is_read_alike(reference: Any, data: st.DataObject) -> None:
    """Fields in any order, known ones twice, unknown ones, tags."""
    message = reference.messages_pb2.AggregatedRecord()
    message.partition_key_table.extend(data.draw(st.lists(KEYS, min_size=1, max_size=4)))
    message.explicit_hash_key_table.append("7")
    for _ in range(data.draw(st.integers(1, 5))):
        last = len(message.partition_key_table) - 1
        record = message.records.add(
            partition_key_index=data.draw(st.integers(0, last)), data=data.draw(st.binary())
        )
        if data.draw(st.booleans()):
            record.explicit_hash_key_index = 0
        if data.draw(st.booleans()):
            record.tags.add(key="a tag")
    unknown = st.one_of(
        st.builds(bytes_field, st.integers(4, 3000), st.binary(max_size=9)),
        st.builds(number_field, st.integers(4, 3000), st.integers(0, 2**64 - 1)),
        st.builds(fixed_field, st.integers(4, 3000), st.binary(min_size=4, max_size=4)),
        st.builds(fixed_field, st.integers(4, 3000), st.binary(min_size=8, max_size=8)),
    )
    before, after = (b"".join(data.draw(st.lists(unknown, max_size=2))) for _ in range(2))
    aggregated = sealed(before + message.SerializeToString() + after)

    read = contents(aggregated)

    assert read is not None
    assert read == contents_by(reference, aggregated)


@given(PARTS, st.data())
def test_a_mutilated_message_is_read_alike_or_not_at_all(
    reference: Any, parts: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    writer = reference.aggregator.AggRecord()
    for key, part in parts:
        writer.add_user_record(key, part)
    message = writer.get_contents()[2][4:-16]
    at = data.draw(st.integers(0, len(message)))
    length = data.draw(st.integers(0, 4))
    mutilated = sealed(message[:at] + data.draw(st.binary(max_size=4)) + message[at + length :])

    read = contents(mutilated)

    if read is not None:
        assert contents_by(reference, mutilated) in (read, None)


@given(st.binary())
def test_bytes_without_the_magic_or_the_digest_are_a_plain_record(data: bytes) -> None:
    assert deaggregate(data) is None
    assert deaggregate(MAGIC + data) is None
    assert deaggregate(data + md5(data).digest()) is None


@given(st.binary(min_size=1), st.data())
def test_an_aggregate_with_any_byte_changed_is_a_plain_record(
    part: bytes, data: st.DataObject
) -> None:
    whole = bytearray(aggregate([part]))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))

    assert deaggregate(bytes(whole)) is None


@given(st.binary())
def test_any_message_with_its_digest_is_read_or_rejected(message: bytes) -> None:
    try:
        assert deaggregate(sealed(message))
    except Rejected:
        assert why_not(sealed(message)).reason is Reason.BAD_AGGREGATE


def test_keys_may_come_after_the_records() -> None:
    record = bytes_field(3, bytes_field(3, b"data") + number_field(1, 1))
    message = record + bytes_field(1, b"first") + bytes_field(1, b"second")

    assert deaggregate(sealed(message)) == [Contained(0, "second", b"data")]


def test_of_a_field_that_comes_twice_the_last_counts() -> None:
    fields = (bytes_field(3, b"one"), bytes_field(3, b"two"), number_field(1, 9))
    record = bytes_field(3, b"".join(fields) + number_field(1, 0))

    assert contents(sealed(bytes_field(1, b"key") + record)) == [("key", b"two")]


@pytest.mark.parametrize("size", [127, 128, 16_383, 16_384])
def test_data_is_read_whose_length_just_fits_in_its_bytes_or_takes_another(size: int) -> None:
    record = bytes_field(3, number_field(1, 0) + bytes_field(3, b"x" * size))

    assert contents(sealed(bytes_field(1, b"key") + record)) == [("key", b"x" * size)]


KEY = bytes_field(1, b"key")
GOOD = bytes_field(3, number_field(1, 0) + bytes_field(3, b"data"))
BROKEN = {
    "it holds no records": KEY,
    "record 1 lacks its data": KEY + GOOD + bytes_field(3, number_field(1, 0)),
    "record 0 lacks its data, or its partition key": KEY + bytes_field(3, bytes_field(3, b"data")),
    "record 0 has partition key 0 of 0": GOOD,
    "a partition key is not UTF-8": bytes_field(1, b"\xff") + GOOD,
    "a partition key has 257 characters": bytes_field(1, b"k" * 257) + GOOD,
    "it ends within a field": KEY + GOOD[:-1],
    "it ends within a number": KEY + GOOD + b"\x1a\x80",
    "a number has too many bytes": KEY + GOOD + b"\x80" * 10 + b"\x01",
    "a field has wire type 3": KEY + GOOD + b"\x23\x24",
    "a field has no number": KEY + GOOD + b"\x00\x00",
    "it has more than 40000 fields": KEY + GOOD + number_field(9, 0) * 39_999,
    f"it holds more than {MAX_RECORDS} records": KEY + GOOD * (MAX_RECORDS + 1),
}


@pytest.mark.parametrize("why", BROKEN)
def test_what_cannot_be_an_aggregate_is_rejected_as_a_whole(why: str) -> None:
    rejected = why_not(sealed(BROKEN[why]))

    assert rejected.reason is Reason.BAD_AGGREGATE
    assert rejected.detail.startswith(why)


FILLINGS = {
    "records": GOOD,
    "empty records": bytes_field(3, b""),
    "partition keys": bytes_field(1, b""),
    "numbers that mean nothing": number_field(9, 0),
}


@pytest.mark.parametrize("filling", FILLINGS)
@pytest.mark.parametrize("is_within_a_record", [False, True])
def test_a_megabyte_of_rubbish_is_not_read_to_its_end(
    filling: str, is_within_a_record: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rubbish = FILLINGS[filling] * (1_000_000 // len(FILLINGS[filling]))
    read = 0

    def counted(message: bytes, at: int) -> tuple[int, int]:
        nonlocal read
        read += 1
        return varint(message, at)

    varint = aggregation._varint
    monkeypatch.setattr(aggregation, "_varint", counted)
    why_not(sealed(KEY + GOOD + (bytes_field(3, rubbish) if is_within_a_record else rubbish)))

    assert read < 100_000  # numbers, of 300,000 or a million


def test_an_aggregate_whose_first_record_is_none_is_read_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aggregation, "MAX_RECORDS", 1)

    assert why_not(sealed(KEY + bytes_field(3, b"") * 2)).detail.startswith("record 0 lacks")


def test_nothing_at_all_with_its_digest_is_rejected() -> None:
    assert why_not(sealed(b"")).detail == "it holds no records"


def test_the_longest_key_with_the_longest_payload_leaves_its_dead_letter_room(
    run: Any, sqs: FakeSQS
) -> None:
    run([aggregate([b"x" * 400_000, b"x" * 190_000], key="\U0001f602" * 256)])

    assert [letter["payload"] is None for letter in sqs.messages] == [True, False]
    assert all(len(letter["partitionKey"]) == 256 for letter in sqs.messages)


def test_as_many_records_as_a_batch_may_have_are_read() -> None:
    assert len(contents(sealed(KEY + GOOD * MAX_RECORDS)) or []) == MAX_RECORDS


def tweets(first: int, last: int) -> list[bytes]:
    return [encode((v1_tweet, v2_tweet)[number % 2](number)) for number in range(first, last + 1)]


@pytest.fixture
def run(pool: ThreadPoolExecutor, dynamodb: FakeDynamoDB, sqs: FakeSQS, clock: Clock) -> Any:
    rounds = Rounds(pool, sleep=clock.sleep, uniform=lambda _low, high: high)

    def run(data: list[bytes]) -> BatchAccount:
        return process(
            kinesis_records(data),
            events=TWEETS,
            table=Table(dynamodb, "table", rounds, TWEETS.key),
            queue=DeadLetterQueue(sqs, QUEUE_URL, rounds),
            seconds_left=clock.left,
        )

    return run


def retried_from(account: BatchAccount) -> int | None:
    """The index in the batch of the Kinesis record that is to be retried from."""
    failures = respond(account.unhandled)["batchItemFailures"]
    first = sequence_number(kinesis_records([b""])[0])
    return int(failures[0]["itemIdentifier"]) - int(first) if failures else None


def test_each_contained_tweet_is_a_record_of_the_account(run: Any, dynamodb: FakeDynamoDB) -> None:
    account = run([aggregate(tweets(0, 29)), *tweets(30, 31), aggregate(tweets(32, 60))])

    assert (account.records, account.stored, account.unhandled) == (61, 61, ())
    assert len(dynamodb.items) == 61


def test_a_rejected_part_is_a_dead_letter_with_its_own_payload_key_and_place(
    run: Any, sqs: FakeSQS
) -> None:
    account = run([*tweets(0, 0), aggregate([*tweets(1, 2), b"poison", b""], key="ben"), b"plain"])

    assert (account.records, account.stored, account.rejected) == (6, 3, 3)
    letters = {base64.b64decode(letter["payload"] or ""): letter for letter in sqs.messages}
    numbers = [sequence_number(record) for record in kinesis_records([b""] * 3)]
    poison, empty, plain = letters[b"poison"], letters[b""], letters[b"plain"]
    assert (poison["sequenceNumber"], poison["subsequenceNumber"]) == (numbers[1], 2)
    assert (empty["sequenceNumber"], empty["subsequenceNumber"]) == (numbers[1], 3)
    assert (poison["partitionKey"], poison["payloadBytes"]) == ("ben", 6)
    assert (plain["sequenceNumber"], plain["partitionKey"]) == (numbers[2], "ana")
    assert "subsequenceNumber" not in plain


def test_a_broken_aggregate_is_one_dead_letter_with_all_of_it(run: Any, sqs: FakeSQS) -> None:
    broken = sealed(KEY + GOOD[:-1])

    account = run([broken, *tweets(0, 0)])

    assert (account.records, account.stored, account.rejected) == (2, 1, 1)
    (letter,) = sqs.messages
    assert letter["reason"] == "bad-aggregate"
    assert base64.b64decode(letter["payload"] or "") == broken
    assert "subsequenceNumber" not in letter


def test_an_aggregate_in_an_aggregate_is_no_tweet(run: Any, sqs: FakeSQS) -> None:
    account = run([aggregate([aggregate(tweets(0, 1)), *tweets(2, 2)])])

    assert (account.stored, account.rejected) == (1, 1)
    assert (sqs.messages[0]["reason"], sqs.messages[0]["subsequenceNumber"]) == ("not-utf-8", 0)


def test_of_two_versions_in_one_aggregate_the_later_one_is_stored(
    run: Any, dynamodb: FakeDynamoDB
) -> None:
    versions = [encode(v1_tweet(7, text=text)) for text in ("first", "second", "third")]

    account = run([*versions[:1], aggregate(versions[1:])])

    assert (account.records, account.stored, account.duplicates) == (3, 1, 2)
    assert dynamodb.items["Ana Example", "7"]["Message"]["S"] == "third"


@pytest.mark.parametrize(("stuck", "index"), [("0", 0), ("5", 1), ("14", 1), ("15", 2)])
def test_an_unwritten_part_has_its_whole_record_retried(
    run: Any, dynamodb: FakeDynamoDB, stuck: str, index: int
) -> None:
    dynamodb.fault = lambda ids: [stuck] if stuck in ids else []

    account = run([*tweets(0, 0), aggregate(tweets(1, 14)), aggregate(tweets(15, 20))])

    assert (account.stored, len(account.unhandled)) == (20, 1)
    assert retried_from(account) == index


def test_a_part_whose_dead_letter_cannot_be_sent_has_its_whole_record_retried(
    run: Any, sqs: FakeSQS
) -> None:
    def fault(_numbers: list[str]) -> list[str]:
        raise client_error("ServiceUnavailable", 503)

    sqs.fault = fault

    account = run([*tweets(0, 0), aggregate([*tweets(1, 3), b"poison"])])

    assert (account.stored, account.rejected, retried_from(account)) == (4, 0, 1)


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=6), max_size=12), st.data())
def test_aggregated_or_not_the_same_tweets_are_stored(
    pool: ThreadPoolExecutor, groups: list[list[int]], data: st.DataObject
) -> None:
    tables = []
    counted = 0
    payloads = [
        [encode(v2_tweet(n, text=f"{n} {place}")) for place, n in enumerate(g)] for g in groups
    ]
    together = [aggregate(g) if data.draw(st.booleans()) else None for g in payloads]
    plain = [part for group in payloads for part in group]
    mixed = [
        record
        for group, whole in zip(payloads, together, strict=True)
        for record in ([whole] if whole else group)
    ]
    for sent in (plain, mixed):
        dynamodb = FakeDynamoDB()
        account = process(
            kinesis_records(sent),
            events=TWEETS,
            table=Table(dynamodb, "table", Rounds(pool), TWEETS.key),
            queue=DeadLetterQueue(FakeSQS(), QUEUE_URL, Rounds(pool)),
            seconds_left=Clock().left,
        )
        tables.append(dynamodb.items)
        counted += account.records

    assert tables[0] == tables[1]
    assert counted == 2 * len(plain)
