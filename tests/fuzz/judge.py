"""Send payloads through the function's code with fake AWS, and check the outcome of each."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from processor.batch import process
from processor.dead_letters import DeadLetterQueue
from processor.errors import Reason
from processor.lambda_event import respond
from processor.rounds import Rounds
from processor.table import Table
from producer.outgoing import LARGEST_RECORD_BYTES
from tests.fuzz.aggregates import inside
from tests.fuzz.events import data_in, letter_fields, odd_records
from tests.tweets import TWEETS, partition_key_of
from tests.unit.processor.events import kinesis_records
from tests.unit.processor.fakes import QUEUE_URL, FakeDynamoDB, FakeSQS
from tweets.item import Unusable
from tweets.messages import Post, message_of
from tweets.oracle import expected_item

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from processor.batch import BatchAccount
    from processor.dead_letters import RejectedRecord
    from tests.fuzz.payloads import Draws

P = ParamSpec("P")
T = TypeVar("T")

# Those that only a check the processor lacks, or a mistake in it, can lead to.
_NEVER = {Reason.UNEXPECTED.value, Reason.VALIDATION.value}
_REASONS = {reason.value for reason in (*Reason, *Unusable)} - _NEVER
_MAX_MESSAGE_BYTES = 262_144
# Python's JSON gives up at about a thousand levels, a little earlier or later by who calls it.
_DEEP = 500


def may_be_either(data: bytes) -> bool:
    """Tell whether rejecting is as right as storing: that much nesting needs no support."""
    return data.count(b"[") + data.count(b"{") > _DEEP


class InlinePool(ThreadPoolExecutor):
    """Makes each call at once, on the caller's thread: runs repeat, and cost no switching."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


INLINE = Rounds(InlinePool(1), sleep=lambda _seconds: None)


def judge(payloads: Sequence[bytes], draws: Draws | None = None) -> list[RejectedRecord]:
    """Process the payloads as one event; raises AssertionError unless each is where it belongs.

    With `draws`, some records of the event lack what Lambda should give them. Returns the dead
    letters.
    """
    records: list[Any] = [*kinesis_records(payloads)]
    for record, data in zip(records, payloads, strict=True):
        record["kinesis"]["partitionKey"] = checked_partition_key(data)
    if draws:
        records = odd_records(draws, records)
    dynamodb, sqs = FakeDynamoDB(), FakeSQS()

    account = process(
        records,
        events=TWEETS,
        table=Table(dynamodb, "tweets-EventData", INLINE, TWEETS.key),
        queue=DeadLetterQueue(sqs, QUEUE_URL, INLINE),
        seconds_left=lambda: 60.0,
    )

    letters = defaultdict(list)
    for letter in sqs.messages:
        letters[_what_it_tells(letter)].append(letter)
    must_be_stored: dict[tuple[str, str], dict[str, str]] = {}
    sent = [part for record in records for part in _parts(record)]
    unsendable: list[str] = []
    for part in sent:
        found = letters[part.with_payload] or letters[part.without_payload]
        if found:
            _check_letter(found.pop(), part)
        elif part.data is not None and (item := expected_item(part.data)):
            must_be_stored[item["Username"], item["Id"]] = item
        else:
            assert part.is_unsendable or (part.data is not None and may_be_either(part.data)), part
            unsendable += [part.letter["sequenceNumber"]] * part.is_unsendable
    assert not any(letters.values()), "a dead letter of nothing that was sent"
    assert _plain(dynamodb.items) == must_be_stored
    _check_account(account, len(sent), len(must_be_stored), len(sqs.messages), unsendable)
    return sqs.messages


class Part(NamedTuple):
    """What may become an item, and where it was; `data` is None where the event has none."""

    letter: dict[str, Any]
    data: bytes | None
    is_broken: bool = False

    @property
    def with_payload(self) -> _Told:
        payload = None if self.data is None else base64.b64encode(self.data).decode()
        return _what_it_tells({**self.letter, "payload": payload})

    @property
    def without_payload(self) -> _Told:
        return _what_it_tells({**self.letter, "payload": None})

    @property
    def is_unsendable(self) -> bool:
        """Without a position, a letter too large for SQS can't do without its payload."""
        length = len(json.dumps(dict(self.with_payload)))
        return not _has_position(self.letter) and length > _MAX_MESSAGE_BYTES - 1024


def _has_position(letter: dict[str, Any]) -> bool:
    return all(letter[name] for name in ("streamArn", "shardId", "sequenceNumber"))


def _parts(record: Any) -> list[Part]:
    data, letter = data_in(record), letter_fields(record)
    if data is None:
        # Without a position, nothing else would know what it was.
        kept = {} if _has_position(letter) else {"record": record}
        return [Part({**letter, "payloadBytes": 0, **kept}, None)]
    contents = inside(data)
    if not contents:
        return [Part({**letter, "payloadBytes": len(data)}, data, is_broken=contents is not None)]
    letters = (
        {**letter, "subsequenceNumber": place, "partitionKey": key, "payloadBytes": len(content)}
        for place, (key, content) in enumerate(contents)
    )
    return [Part(told, content.data) for told, content in zip(letters, contents, strict=True)]


_Told = tuple[tuple[str, object], ...]
_NOT_COMPARED = {"kind", "reason", "detail"}


def _what_it_tells(letter: Mapping[str, object]) -> _Told:
    told = {**letter, "record": json.dumps(letter.get("record"))}
    return tuple(sorted(item for item in told.items() if item[0] not in _NOT_COMPARED))


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
        assert message.record.partition_key == key or len(data) > LARGEST_RECORD_BYTES
    return key


def _check_letter(letter: RejectedRecord, part: Part) -> None:
    reason, data = letter["reason"], part.data
    assert reason in _REASONS, f"{reason}: {letter['detail']}"
    assert (reason == Reason.BAD_AGGREGATE) == part.is_broken, f"{reason}: {letter['detail']}"
    assert (reason == Reason.NOT_BASE64) == (data is None), f"{reason}: {letter['detail']}"
    if data is None:
        return
    if not may_be_either(data):
        assert expected_item(data) is None, f"storable, yet {reason}"
    if letter["payload"] is None:
        with_payload = json.dumps({**letter, "payload": base64.b64encode(data).decode()})
        assert len(with_payload) > _MAX_MESSAGE_BYTES, "a payload left out without need"
    else:
        assert len(json.dumps(letter)) <= _MAX_MESSAGE_BYTES


def _check_account(
    account: BatchAccount, records: int, stored: int, rejected: int, unsendable: list[str]
) -> None:
    unhandled = len(unsendable)
    counted = (account.records, account.stored, account.rejected)
    assert counted == (records, stored, rejected)
    assert account.unusable == rejected + unhandled
    assert account.duplicates == records - stored - rejected - unhandled
    assert len(account.unhandled) == unhandled
    assert unhandled or not (account.failures or account.repeats), account.failures
    # Lambda can't retry from a record without a sequence number.
    first = "" if "" in unsendable else min(unsendable, key=int, default="")
    answer = [{"itemIdentifier": first}] if unhandled else []
    assert respond(account.unhandled) == {"batchItemFailures": answer}


def _plain(items: dict[tuple[str, str], Any]) -> dict[tuple[str, str], dict[str, str]]:
    for item in items.values():
        assert all(list(value) == ["S"] for value in item.values())
    return {key: {name: value["S"] for name, value in item.items()} for key, item in items.items()}
