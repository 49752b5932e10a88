"""Send payloads through the function's code with fake AWS, and judge what became of each."""

from __future__ import annotations

import base64
import json
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from processor.batch import process
from processor.dead_letters import DeadLetterQueue
from processor.errors import Reason
from processor.records import respond
from processor.rounds import Rounds
from processor.table import Table
from producer.records import MAX_RECORD_BYTES, partition_key_of
from producer.x.messages import Post, message_of
from tests.fuzz.aggregates import inside
from tests.fuzz.oracle import created_at_of, expected_item, is_as_x_writes_it, may_be_either
from tests.unit.processor.events import kinesis_records
from tests.unit.processor.fakes import QUEUE_URL, FakeDynamoDB, FakeSQS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processor.batch import Account
    from processor.dead_letters import RejectedRecord
    from processor.records import KinesisRecord

P = ParamSpec("P")
T = TypeVar("T")

# Those that only a check the processor lacks, or a mistake in it, can lead to.
_NEVER = {Reason.UNEXPECTED.value, Reason.VALIDATION.value}
_REASONS = {reason.value for reason in Reason} - _NEVER
_MAX_MESSAGE_BYTES = 262_144


class InlinePool(ThreadPoolExecutor):
    """Makes each call at once, on the caller's thread: runs repeat, and cost no switching."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


_ROUNDS = Rounds(InlinePool(1), sleep=lambda _seconds: None)


def judge(payloads: Sequence[bytes]) -> list[RejectedRecord]:
    """Process the payloads as one event; raises AssertionError unless each is where it belongs.

    Returns the dead letters.
    """
    records = kinesis_records(payloads)
    for record, data in zip(records, payloads, strict=True):
        record["kinesis"]["partitionKey"] = checked_partition_key(data)
    dynamodb, sqs = FakeDynamoDB(), FakeSQS()

    account = process(
        records,
        table=Table(dynamodb, "tweets-EventData", _ROUNDS),
        queue=DeadLetterQueue(sqs, QUEUE_URL, _ROUNDS),
        seconds_left=lambda: 60.0,
    )

    assert respond(account.unhandled) == {"batchItemFailures": []}, account.failures
    letters = {_place(letter): letter for letter in sqs.messages}
    assert len(letters) == len(sqs.messages), "a record has two dead letters"
    must_be_stored: dict[tuple[str, str], dict[str, str]] = {}
    sent = [part for pair in zip(records, payloads, strict=True) for part in _parts(*pair)]
    for part in sent:
        letter = letters.pop(part.place, None)
        if letter is not None:
            _check_letter(letter, part)
        elif item := _stored_item(part):
            must_be_stored[item["Username"], item["Id"]] = item
    assert not letters, "a dead letter of nothing that was sent"
    assert _plain(dynamodb.items) == must_be_stored
    _check_account(account, len(sent), len(must_be_stored), len(sqs.messages))
    return sqs.messages


class Part(NamedTuple):
    """What may become an item, and where it was: sequence and perhaps subsequence number."""

    place: tuple[str, int | None]
    key: str
    data: bytes
    is_broken: bool = False


def _parts(record: KinesisRecord, data: bytes) -> list[Part]:
    number, key = record["kinesis"]["sequenceNumber"], record["kinesis"]["partitionKey"]
    contents = inside(data)
    if not contents:
        return [Part((number, None), key, data, is_broken=contents is not None)]
    return [Part((number, place), *content) for place, content in enumerate(contents)]


def _place(letter: RejectedRecord) -> tuple[str, int | None]:
    return letter["sequenceNumber"], letter.get("subsequenceNumber")


def checked_partition_key(data: bytes) -> str:
    """The producer's key for a payload, which Kinesis must take; its reader of X must agree."""
    key = partition_key_of(data)
    assert 1 <= len(key) <= 256
    key.encode()
    message = message_of(data)
    if isinstance(message, Post):
        assert message.record.data == data
        assert 1 <= len(message.record.partition_key) <= 256
        message.record.partition_key.encode()
        # A longer one is not parsed for its key where nothing else needs it parsed.
        assert message.record.partition_key == key or len(data) > MAX_RECORD_BYTES
    return key


def _stored_item(part: Part) -> dict[str, str] | None:
    item = expected_item(part.data)
    assert item is not None or may_be_either(part.data), "stored, and should have been rejected"
    return item


def _check_letter(letter: RejectedRecord, part: Part) -> None:
    reason, data = letter["reason"], part.data
    assert reason in _REASONS, f"{reason}: {letter['detail']}"
    assert (reason == Reason.BAD_AGGREGATE) == part.is_broken, f"{reason}: {letter['detail']}"
    if may_be_either(data):
        pass
    elif reason == Reason.BAD_TIMESTAMP:
        # The naive reading takes more forms, so its own opinion does not count here.
        created_at = created_at_of(data)
        assert created_at is None or not is_as_x_writes_it(created_at), "X's own form refused"
    else:
        assert expected_item(data) is None, f"storable, yet {reason}"
    assert (letter["payloadBytes"], letter["partitionKey"]) == (len(data), part.key)
    payload = base64.b64encode(data).decode()
    if letter["payload"] is None:
        with_payload = json.dumps({**letter, "payload": payload})
        assert len(with_payload) > _MAX_MESSAGE_BYTES, "a payload left out without need"
    else:
        assert letter["payload"] == payload
        assert len(json.dumps(letter)) <= _MAX_MESSAGE_BYTES


def _check_account(account: Account, records: int, stored: int, rejected: int) -> None:
    counted = (account.records, account.stored, account.rejected, account.repeats)
    assert counted == (records, stored, rejected, 0)
    assert account.duplicates == records - stored - rejected
    assert not account.unhandled
    assert not account.failures


def _plain(items: dict[tuple[str, str], Any]) -> dict[tuple[str, str], dict[str, str]]:
    for item in items.values():
        assert all(list(value) == ["S"] for value in item.values())
    return {key: {name: value["S"] for name, value in item.items()} for key, item in items.items()}
