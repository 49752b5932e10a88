from __future__ import annotations

import base64
import os
import re
import signal
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor import batch
from processor.batch import MAX_LETTERS, PATIENCE, RESERVE, BatchAccount, process, tried
from processor.dead_letters import DeadLetterQueue
from processor.lambda_event import payloads, respond, sequence_number
from processor.rounds import Rounds
from processor.table import Table
from processor.trial import Trial
from processor.turns import Turns
from tests.fuzz.aggregates import aggregate
from tests.tweets import TWEETS
from tests.unit.processor.events import encode, kinesis_records, v1_tweet, v2_tweet
from tests.unit.processor.fakes import QUEUE_URL, Clock, FakeDynamoDB, FakeSQS, client_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from processor.events import Events
    from processor.lambda_event import KinesisRecord

POISON = b"\xff not a tweet"
NOW = 1_800_000_000.0


@pytest.fixture
def run(
    table: Table, queue: DeadLetterQueue, clock: Clock
) -> Callable[[list[bytes]], BatchAccount]:
    """Process payloads with the fakes; records get ascending sequence numbers."""

    def run(payloads: list[bytes]) -> BatchAccount:
        records = kinesis_records(payloads)
        account = process(records, events=TWEETS, table=table, queue=queue, seconds_left=clock.left)
        assert_all_accounted_for(account)
        return account

    return run


def assert_all_accounted_for(account: BatchAccount) -> None:
    assert account.records == (
        account.stored + account.duplicates + account.rejected + len(account.unhandled)
    )


def tweets(count: int) -> list[bytes]:
    return [encode((v1_tweet, v2_tweet)[number % 2](number)) for number in range(count)]


def lowest(account: BatchAccount) -> int | None:
    """The index in the batch of the record that is to be retried from."""
    failures = respond(account.unhandled)["batchItemFailures"]
    first = sequence_number(kinesis_records([b""])[0])
    return int(failures[0]["itemIdentifier"]) - int(first) if failures else None


def test_good_records_are_all_stored(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS
) -> None:
    account = run(tweets(60))

    assert (account.stored, account.rejected, lowest(account)) == (60, 0, None)
    assert len(dynamodb.items) == 60
    assert sqs.calls == []


def test_an_empty_batch_calls_nobody(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS
) -> None:
    assert run([]).records == 0
    assert (dynamodb.calls, sqs.calls) == ([], [])


@pytest.mark.parametrize("position", [0, 30, 59])
def test_a_poison_record_goes_to_the_queue_and_the_others_are_stored(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS, position: int
) -> None:
    payloads = tweets(60)
    payloads[position] = POISON

    account = run(payloads)

    assert (account.stored, account.rejected, lowest(account)) == (59, 1, None)
    assert len(dynamodb.items) == 59
    (letter,) = sqs.messages
    assert base64.b64decode(letter["payload"] or "") == POISON
    assert letter["reason"] == "not-utf-8"


@pytest.mark.parametrize("position", [0, 30, 59])
def test_an_item_that_stays_unprocessed_is_reported_and_the_others_are_stored(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, position: int
) -> None:
    dynamodb.fault = lambda ids: [str(position)] if str(position) in ids else []

    account = run(tweets(60))

    assert (account.stored, lowest(account)) == (59, position)
    assert len(dynamodb.items) == 59


def test_everything_throttled_until_time_is_up_reports_the_first_record(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, clock: Clock
) -> None:
    def fault(_ids: list[str]) -> list[str]:
        raise client_error("ProvisionedThroughputExceededException")

    dynamodb.fault = fault

    account = run(tweets(60))

    assert (account.stored, lowest(account)) == (0, 0)
    assert clock.left() >= RESERVE


@given(budget=st.floats(0.5, 100.0))
@pytest.mark.parametrize(("poison", "share"), [(0, 1.0), (5, 1 / 3)])
def test_a_reserve_is_kept_whatever_the_timeout(
    pool: ThreadPoolExecutor, poison: int, share: float, budget: float
) -> None:
    def fault(_call: list[str]) -> list[str]:
        raise client_error("ThrottlingException")

    dynamodb, sqs, clock = FakeDynamoDB(fault), FakeSQS(fault), Clock(budget)
    rounds = Rounds(pool, sleep=clock.sleep, uniform=lambda _low, high: high)

    account = process(
        kinesis_records([*tweets(5), *[POISON] * poison]),
        events=TWEETS,
        table=Table(dynamodb, "table", rounds, TWEETS.key),
        queue=DeadLetterQueue(sqs, QUEUE_URL, rounds),
        seconds_left=clock.left,
    )

    assert len(account.unhandled) == 5 + poison
    assert dynamodb.calls
    assert clock.left() >= share * min(RESERVE, budget / 5)


def test_throttling_that_passed_is_no_failure_of_the_batch(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB
) -> None:
    answers = iter([["0", "1"]])
    dynamodb.fault = lambda _ids: next(answers, [])

    account = run(tweets(5))

    assert (account.stored, account.repeats, account.failures) == (5, 2, ())


def test_dead_letters_are_sent_after_writes_used_up_their_time(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS
) -> None:
    def fault(_ids: list[str]) -> list[str]:
        raise client_error("ThrottlingException")

    dynamodb.fault = fault

    account = run([POISON, *tweets(3)])

    assert (account.rejected, lowest(account)) == (1, 1)
    assert len(sqs.messages) == 1


@pytest.mark.parametrize("position", [0, 30, 59])
def test_a_dead_letter_that_cannot_be_sent_is_reported(
    run: Callable[[list[bytes]], BatchAccount], sqs: FakeSQS, clock: Clock, position: int
) -> None:
    def fault(_numbers: list[str]) -> list[str]:
        raise client_error("ServiceUnavailable", 503)

    sqs.fault = fault
    payloads = tweets(60)
    payloads[position] = POISON

    account = run(payloads)

    assert (account.stored, account.rejected, lowest(account)) == (59, 0, position)
    assert clock.left() >= RESERVE / 3


def test_of_two_versions_the_later_one_is_stored(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB
) -> None:
    versions = [encode(v1_tweet(7, text=text)) for text in ("first", "second", "third")]

    account = run([*versions, *tweets(3)])

    assert (account.stored, account.duplicates, lowest(account)) == (4, 2, None)
    assert dynamodb.items["Ana Example", "7"]["Message"]["S"] == "third"


def test_a_duplicate_shares_the_fate_of_what_replaced_it(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB
) -> None:
    dynamodb.fault = lambda ids: ["7"] if "7" in ids else []
    version = encode(v1_tweet(7))

    account = run([*tweets(2), version, *tweets(1), version])

    assert len(account.unhandled) == 2
    assert lowest(account) == 2


def test_all_versions_of_an_item_dynamodb_refuses_are_rejected(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS
) -> None:
    def fault(ids: list[str]) -> list[str]:
        if "7" in ids:
            raise client_error("ValidationException", message="for a reason we don't know")
        return []

    dynamodb.fault = fault

    account = run([*tweets(3), encode(v1_tweet(7, text="one")), encode(v1_tweet(7, text="two"))])

    assert (account.stored, account.rejected, lowest(account)) == (3, 2, None)
    assert {letter["reason"] for letter in sqs.messages} == {"validation"}
    assert "for a reason we don't know" in sqs.messages[0]["detail"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_table_that_refuses_leaves_the_batch_but_not_the_dead_letters(
    run: Callable[[list[bytes]], BatchAccount],
    dynamodb: FakeDynamoDB,
    sqs: FakeSQS,
    clock: Clock,
    code: str,
) -> None:
    def fault(_ids: list[str]) -> list[str]:
        raise client_error(code)

    dynamodb.fault = fault

    account = run([POISON, *tweets(20)])

    assert (account.stored, account.rejected, lowest(account)) == (0, 1, 1)
    assert [failure.code for failure in account.failures] == [code]
    assert clock.pauses == []


def test_an_exception_nobody_thought_of_rejects_its_record_only(
    table: Table, queue: DeadLetterQueue, clock: Clock, sqs: FakeSQS
) -> None:
    def to_item_or_fail(data: bytes) -> object:
        if data == POISON:
            raise ZeroDivisionError(data)
        return TWEETS.to_item(data)

    account = process(
        kinesis_records([*tweets(1), POISON, *tweets(2)[1:]]),
        events=replace(TWEETS, to_item=to_item_or_fail),
        table=table,
        queue=queue,
        seconds_left=clock.left,
    )

    assert (account.stored, account.rejected) == (2, 1)
    assert sqs.messages[0]["reason"] == "unexpected"
    assert re.fullmatch(r"ZeroDivisionError at test_batch\.py:\d+", sqs.messages[0]["detail"])


def test_where_the_code_fails_for_each_record_none_is_rejected(
    table: Table, queue: DeadLetterQueue, clock: Clock, sqs: FakeSQS
) -> None:
    def fail(_data: bytes) -> object:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        process(
            kinesis_records(tweets(3)),
            events=replace(TWEETS, to_item=fail),
            table=table,
            queue=queue,
            seconds_left=clock.left,
        )
    assert sqs.messages == []


def test_without_an_example_each_record_that_fails_is_rejected(
    table: Table, queue: DeadLetterQueue, clock: Clock, sqs: FakeSQS
) -> None:
    def fail(_data: bytes) -> object:
        raise ZeroDivisionError

    account = process(
        kinesis_records(tweets(3)),
        events=replace(TWEETS, to_item=fail, example=None),
        table=table,
        queue=queue,
        seconds_left=clock.left,
    )

    assert (account.rejected, lowest(account)) == (3, None)


@pytest.fixture
def deadly() -> Events:
    """Events of which POISON ends whatever reads it; fails a test that does so in its process."""
    here = os.getpid()

    def to_item_or_die(data: bytes) -> object:
        if data == POISON:
            assert os.getpid() != here
            os.kill(os.getpid(), signal.SIGKILL)
        return TWEETS.to_item(data)

    return replace(TWEETS, to_item=to_item_or_die)


def test_a_record_that_ends_the_function_is_rejected_once_its_batch_has_waited(
    deadly: Events, table: Table, queue: DeadLetterQueue, clock: Clock, sqs: FakeSQS
) -> None:
    records = kinesis_records([*tweets(2), POISON, *tweets(4)[2:]])
    now = records[0]["kinesis"]["approximateArrivalTimestamp"] + PATIENCE

    trial = tried(records, events=deadly, turns=Turns(), now=now, seconds=60)
    account = process(
        records,
        events=deadly,
        table=table,
        queue=queue,
        seconds_left=clock.left,
        trial=trial,
    )

    assert_all_accounted_for(account)
    assert (account.stored, account.rejected, lowest(account)) == (4, 1, None)
    [letter] = sqs.messages
    assert (letter["reason"], letter["detail"]) == (
        "crash",
        "reading it ends the function (SIGKILL)",
    )
    assert base64.b64decode(letter["payload"] or "") == POISON


def test_a_batch_that_has_just_arrived_is_not_tried_first(deadly: Events) -> None:
    records = kinesis_records([POISON])
    now = records[0]["kinesis"]["approximateArrivalTimestamp"] + PATIENCE - 1

    assert tried(records, events=deadly, turns=Turns(), now=now, seconds=60) == Trial(1)


def test_what_was_not_tried_is_left_for_a_retry(
    table: Table, queue: DeadLetterQueue, clock: Clock
) -> None:
    account = process(
        kinesis_records(tweets(5)),
        events=TWEETS,
        table=table,
        queue=queue,
        seconds_left=clock.left,
        trial=Trial(3),
    )

    assert_all_accounted_for(account)
    assert (account.stored, lowest(account)) == (3, 3)
    assert [failure.code for failure in account.failures] == ["OutOfTime"]


@pytest.mark.parametrize("record", [None, {}, {"kinesis": {"data": "!"}}, []])
def test_odd_records_are_tried_like_others(record: Any) -> None:
    assert tried([record], events=TWEETS, turns=Turns(), now=NOW, seconds=60) == Trial(1)


KINESIS_FIELDS = ("data", "partitionKey", "sequenceNumber", "approximateArrivalTimestamp")
ODD_VALUES: list[Any] = [None, True, -1, 1_700_000_000_123, float("nan"), "x", "", [], {}]


def odd_events(record: Any) -> Iterator[Any]:
    """A record without each of its fields, with something else in it, and no such record."""
    for name in record:
        yield {key: value for key, value in record.items() if key != name}
        yield from (record | {name: value} for value in ODD_VALUES)
    for name in KINESIS_FIELDS:
        kinesis = {key: value for key, value in record["kinesis"].items() if key != name}
        yield record | {"kinesis": kinesis}
        yield from (record | {"kinesis": kinesis | {name: value}} for value in ODD_VALUES)
    yield from ODD_VALUES
    yield {"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}


@pytest.mark.parametrize("data", [POISON, encode(v1_tweet(9))], ids=["poison", "tweet"])
def test_a_record_that_is_not_as_lambda_gives_it_leaves_the_others_alone(
    table: Table, queue: DeadLetterQueue, sqs: FakeSQS, dynamodb: FakeDynamoDB, data: bytes
) -> None:
    good, record = kinesis_records([*tweets(1), data])
    for odd in odd_events(record):
        sqs.messages.clear()
        dynamodb.items.clear()

        account = process(
            [good, odd, good], events=TWEETS, table=table, queue=queue, seconds_left=Clock().left
        )

        assert_all_accounted_for(account)
        assert not account.unhandled
        assert ("Ana Example", "0") in dynamodb.items
        assert len(sqs.messages) + len(dynamodb.items) == 2


def test_what_has_neither_data_nor_a_position_is_in_its_dead_letter(
    table: Table, queue: DeadLetterQueue, sqs: FakeSQS
) -> None:
    foreign: Any = {"eventSource": "aws:sqs", "body": "\N{SNOWMAN}"}

    process([foreign], events=TWEETS, table=table, queue=queue, seconds_left=Clock().left)

    (letter,) = sqs.messages
    assert (letter["reason"], letter["payload"], letter["record"]) == ("not-base64", None, foreign)


@pytest.mark.parametrize("number", ["", "x", None, 7, "9" * 129])
def test_an_unhandled_record_without_a_sequence_number_fails_the_whole_batch(
    table: Table, queue: DeadLetterQueue, dynamodb: FakeDynamoDB, clock: Clock, number: Any
) -> None:
    records = kinesis_records(tweets(3))
    records[1]["kinesis"]["sequenceNumber"] = number
    dynamodb.fault = lambda ids: ["1"] if "1" in ids else []

    account = process(records, events=TWEETS, table=table, queue=queue, seconds_left=clock.left)

    assert account.stored == 2
    assert respond(account.unhandled) == {"batchItemFailures": [{"itemIdentifier": ""}]}


def minimal(number: int) -> bytes:
    """A tweet with little but its number."""
    return b'{"id":%d,"created_at":"2018-10-10T20:19:24Z","text":"","user":{"id":1}}' % number


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a hundred records, so that a few aggregates are many parts."""
    monkeypatch.setattr(batch, "MAX_RECORDS", 100)


@pytest.mark.usefixtures("small_parts")
def test_many_contained_records_are_written_in_parts_in_the_order_of_the_stream(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB
) -> None:
    payloads = [aggregate([minimal(n) for n in range(90)]) for _ in range(2)]

    account = run([*payloads, encode(v1_tweet(89, user={"name": "1"}, text="the last"))])

    assert (account.stored, account.duplicates, lowest(account)) == (180, 1, None)
    assert len(dynamodb.items) == 90
    assert dynamodb.items["1", "89"]["Message"]["S"] == "the last"


@pytest.mark.usefixtures("small_parts")
def test_what_there_is_no_time_to_begin_is_left_for_a_retry(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, clock: Clock
) -> None:
    def slow(_ids: list[str]) -> list[str]:
        clock.sleep(5.0)
        return []

    dynamodb.fault = slow
    # A part takes 20 s of 60: four calls.
    parts = [aggregate([minimal(100 * part + n) for n in range(99)]) for part in range(4)]

    account = run([*parts, *tweets(3)])

    assert (account.stored, lowest(account)) == (198, 2)
    assert len(account.unhandled) == 2 + 3
    assert [failure.code for failure in account.failures] == ["OutOfTime"]
    assert clock.left() >= RESERVE


@pytest.mark.usefixtures("small_parts")
def test_behind_a_part_that_is_not_all_stored_nothing_is_begun(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS
) -> None:
    def refuse(_ids: list[str]) -> list[str]:
        raise client_error("AccessDeniedException")

    dynamodb.fault = refuse
    part = aggregate([minimal(n) for n in range(99)])

    account = run([part, part, POISON])

    assert (account.stored, lowest(account)) == (0, 0)
    assert [failure.code for failure in account.failures] == ["AccessDeniedException"]
    assert sqs.messages == []


def test_an_aggregate_with_much_rubbish_is_rejected_whole_and_its_tweets_are_stored(
    run: Callable[[list[bytes]], BatchAccount], dynamodb: FakeDynamoDB, sqs: FakeSQS
) -> None:
    data = aggregate([b""] * (MAX_LETTERS + 1) + tweets(2))

    account = run([data, *tweets(3)[2:]])

    assert (account.stored, account.rejected, lowest(account)) == (3, 1, None)
    (letter,) = sqs.messages
    assert base64.b64decode(letter["payload"] or "") == data
    assert "subsequenceNumber" not in letter
    assert letter["reason"] == "bad-aggregate"
    assert letter["detail"].startswith("101 of its 103 records can't be stored; the first: not-")


def test_up_to_a_hundred_have_dead_letters_of_their_own(
    run: Callable[[list[bytes]], BatchAccount], sqs: FakeSQS
) -> None:
    run([aggregate([b""] * MAX_LETTERS)])

    assert sorted(letter["subsequenceNumber"] for letter in sqs.messages) == list(range(100))


@pytest.mark.heavy
@pytest.mark.usefixtures("small_parts")
def test_a_batch_that_inflates_takes_little_memory(
    run: Callable[[list[bytes]], BatchAccount], sqs: FakeSQS
) -> None:
    payloads = [aggregate([b""] * 999, key="\N{OK HAND SIGN}" * 256)] * 6
    tracemalloc.start()
    try:
        account = run([*payloads, *tweets(2)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (account.stored, account.rejected, lowest(account)) == (2, 6, None)
    assert peak < 4e6


@given(payloads=st.lists(st.binary(max_size=60), max_size=30))
def test_no_bytes_whatever_raise(pool: ThreadPoolExecutor, payloads: list[bytes]) -> None:
    sqs = FakeSQS()
    account = process(
        kinesis_records(payloads),
        events=TWEETS,
        table=Table(FakeDynamoDB(), "table", Rounds(pool), TWEETS.key),
        queue=DeadLetterQueue(sqs, QUEUE_URL, Rounds(pool)),
        seconds_left=Clock().left,
    )

    assert_all_accounted_for(account)
    assert not account.unhandled
    assert len(sqs.messages) == account.rejected


def test_a_record_that_breaks_the_reading_code_is_rejected_alone(
    run: Callable[[list[bytes]], BatchAccount],
    sqs: FakeSQS,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = sequence_number(kinesis_records(tweets(3))[1])

    def fails_for_the_second(record: KinesisRecord) -> Any:
        if record["kinesis"]["sequenceNumber"] == second:
            raise RecursionError
        return payloads(record)

    monkeypatch.setattr(batch, "payloads", fails_for_the_second)

    account = run(tweets(3))

    assert (account.stored, account.rejected, lowest(account)) == (2, 1, None)
    (letter,) = sqs.messages
    assert (letter["reason"], letter["detail"]) == ("unexpected", "RecursionError")


def test_reading_code_that_fails_for_every_record_rejects_none(
    run: Callable[[list[bytes]], BatchAccount],
    sqs: FakeSQS,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_record: KinesisRecord) -> Any:
        raise ImportError("no module named zlib")

    monkeypatch.setattr(batch, "payloads", fails)

    with pytest.raises(ImportError, match="zlib"):
        run(tweets(3))

    assert sqs.messages == []


NUMBERS = st.integers(0, 40)
PAYLOADS = st.one_of(
    NUMBERS.map(lambda number: encode(v1_tweet(number))),
    NUMBERS.map(lambda number: encode(v2_tweet(number))),
    st.just(POISON),
)


@given(
    payloads=st.lists(PAYLOADS, max_size=80),
    stuck=st.sets(NUMBERS.map(str)),
    invalid=st.sets(NUMBERS.map(str), max_size=3),
    unsendable=st.sets(st.integers(0, 79)),
)
def test_every_record_is_stored_or_sent_or_the_lowest_other_is_reported(
    pool: ThreadPoolExecutor,
    payloads: list[bytes],
    stuck: set[str],
    invalid: set[str],
    unsendable: set[int],
) -> None:
    records = kinesis_records(payloads)
    numbers = [sequence_number(record) for record in records]
    kept_back = {numbers[index] for index in unsendable if index < len(numbers)}

    def write_fault(ids: list[str]) -> list[str]:
        if invalid.intersection(ids):
            raise client_error("ValidationException")
        return [identifier for identifier in ids if identifier in stuck]

    dynamodb = FakeDynamoDB(write_fault)
    sqs = FakeSQS(lambda sent: [number for number in sent if number in kept_back])
    clock = Clock(budget=8.0)
    rounds = Rounds(pool, sleep=clock.sleep, uniform=lambda _low, high: high)

    account = process(
        records,
        events=TWEETS,
        table=Table(dynamodb, "table", rounds, TWEETS.key),
        queue=DeadLetterQueue(sqs, QUEUE_URL, rounds),
        seconds_left=clock.left,
    )

    assert_all_accounted_for(account)
    unhandled = {sequence_number(origin.record) for origin in account.unhandled}
    sent = {letter["sequenceNumber"] for letter in sqs.messages}
    assert not unhandled & sent
    assert len(dynamodb.items) == account.stored
    assert account.records == len(unhandled) + len(sent) + account.stored + account.duplicates
    failures = respond(account.unhandled)["batchItemFailures"]
    assert [failure["itemIdentifier"] for failure in failures] == sorted(unhandled, key=int)[:1]
