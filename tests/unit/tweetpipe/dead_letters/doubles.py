"""An SQS queue, a Kinesis stream and the function, in memory, for tests of dead letters."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from processor.errors import Rejected
from tests.tweets import to_item
from tests.unit.tweetpipe.stubs import complete_stack, session
from tweetpipe.aws.place import LOCAL_REGION, Place, Target
from tweetpipe.dead_letters import DeadLetter
from tweetpipe.dead_letters.letter import read
from tweetpipe.dead_letters.redrive import Redriven, redrive

QUEUE = "http://localhost:4566/000000000000/dead-letters"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets-stream"
SHARD = "shardId-000000000001"
FUNCTION = "tweets-DDBEventProcessor"
ARRIVED = datetime(2024, 1, 1, tzinfo=UTC)

REJECTED: dict[str, Any] = {
    "kind": "rejected",
    "reason": "no-id",
    "detail": "the tweet has no id",
    "streamArn": STREAM,
    "shardId": SHARD,
    "sequenceNumber": "495",
    "partitionKey": "someone",
    "arrivedAt": "2024-01-01T00:00:00.000Z",
    "payload": base64.b64encode(b'{"text": "no id"}').decode(),
    "payloadBytes": 17,
}
EXHAUSTED: dict[str, Any] = {
    "requestContext": {"condition": "RetryAttemptsExhausted"},
    "KinesisBatchInfo": {
        "streamArn": STREAM,
        "shardId": SHARD,
        "startSequenceNumber": "10",
        "endSequenceNumber": "20",
        "approximateArrivalOfFirstRecord": "2024-01-01T00:00:00Z",
        "batchSize": 7,
    },
}
STACK = complete_stack(
    DeadLetterQueueUrl=QUEUE, KinesisStream="tweets-stream", DDBEventProcessor=FUNCTION
)


def letter_of(body: str) -> DeadLetter:
    return read({"MessageId": "12345678-90ab", "Body": body, "ReceiptHandle": "handle"})


def tweet(number: int) -> bytes:
    """A tweet that can be stored."""
    user = {"name": "Some One", "screen_name": "someone"}
    created = "Wed Oct 10 20:19:24 +0000 2018"
    fields = {"id_str": str(number), "created_at": created, "text": "plain", "user": user}
    return json.dumps(fields).encode()


def refuses(data: bytes) -> bool:
    """Whether the function rejects a record."""
    try:
        to_item(data)
    except Rejected:
        return True
    return False


def refused(operation: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "injected"}}, operation)


class FakeSqs:
    """A queue whose messages come back only when they are given back or `expire` is called."""

    def __init__(self, bodies: Mapping[str, str], *, refusing: Collection[str] = ()) -> None:
        self.bodies = dict(bodies)
        self.prolonged = 0
        self._hidden: set[str] = set()
        self._refusing = refusing
        self._receipts = 0
        self._lock = threading.Lock()

    def visible(self) -> list[str]:
        with self._lock:
            return [id_ for id_ in self.bodies if id_ not in self._hidden]

    def expire(self) -> None:
        with self._lock:
            self._hidden.clear()

    def put(self, id_: str, body: str) -> None:
        with self._lock:
            self.bodies[id_] = body
            self._hidden.discard(id_)

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(len(self.visible())),
                "ApproximateNumberOfMessagesNotVisible": str(len(self._hidden)),
                "ApproximateNumberOfMessagesDelayed": "0",
            }
        }

    def receive_message(self, *, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:
        given = self.visible()[:MaxNumberOfMessages]
        with self._lock:
            self._hidden |= set(given)
            self._receipts += 1
        messages = [
            {
                "MessageId": id_,
                "Body": self.bodies[id_],
                "ReceiptHandle": f"{id_} {self._receipts}",
                "Attributes": {"SentTimestamp": "1704067200000"},
            }
            for id_ in given
        ]
        return {"Messages": messages} if messages else {}

    def change_message_visibility_batch(
        self, *, Entries: list[dict[str, Any]], **_: Any
    ) -> dict[str, Any]:
        with self._lock:
            for entry in Entries:
                id_, _receipt = entry["ReceiptHandle"].split(" ")
                if entry["VisibilityTimeout"]:
                    self.prolonged += 1
                else:
                    self._hidden.discard(id_)
        return {"Successful": [], "Failed": []}

    def delete_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
        failed = []
        with self._lock:
            for entry in Entries:
                id_, _receipt = entry["ReceiptHandle"].split(" ")
                if id_ in self._refusing:
                    failed.append({"Id": entry["Id"], "Code": "InternalError"})
                else:
                    del self.bodies[id_]
                    self._hidden.discard(id_)
        return {"Successful": [], "Failed": failed}


@dataclass
class FakeKinesis:
    """One shard; `knows` says which sequence numbers it takes for a start."""

    records: Mapping[int, bytes] = field(default_factory=dict)
    knows: Callable[[int], bool] = lambda _: True
    page: int = 3
    expire_after: int | None = None
    without: Collection[str] = ()  # fields that its records lack
    starts: list[tuple[str, str]] = field(default_factory=list)
    reads: int = 0

    def get_shard_iterator(
        self,
        *,
        ShardId: str,
        ShardIteratorType: str,
        StartingSequenceNumber: str = "0",
        **_: Any,
    ) -> dict[str, Any]:
        self.starts.append((ShardIteratorType, StartingSequenceNumber))
        if ShardId != SHARD:
            raise refused("GetShardIterator", "ResourceNotFoundException")
        number = int(StartingSequenceNumber)
        if ShardIteratorType == "AT_SEQUENCE_NUMBER" and not self.knows(number):
            raise refused("GetShardIterator", "InvalidArgumentException")
        after = ShardIteratorType == "AFTER_SEQUENCE_NUMBER"
        return {"ShardIterator": str(number + after)}

    def describe_stream_summary(self, *, StreamName: str) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"StreamARN": STREAM}}

    def get_paginator(self, _operation: str) -> FakeKinesis:
        return self

    def paginate(self, *, StreamName: str) -> list[dict[str, Any]]:
        return [{"Shards": [{"ShardId": SHARD}]}]

    def get_records(self, *, ShardIterator: str, **_: Any) -> dict[str, Any]:
        self.reads += 1
        if self.reads == self.expire_after:
            raise refused("GetRecords", "ExpiredIteratorException")
        left = [number for number in sorted(self.records) if number >= int(ShardIterator)]
        # As AWS does it, every second answer is empty though there are more records.
        given = left[: self.page] if self.reads % 2 else []
        after = given[-1] + 1 if given else int(ShardIterator)
        return {
            "Records": [self._record(number) for number in given],
            "NextShardIterator": str(after),
            "MillisBehindLatest": 1000 if left else 0,
        }

    def _record(self, number: int) -> dict[str, Any]:
        record = {
            "SequenceNumber": str(number),
            "PartitionKey": "someone",
            "Data": self.records[number],
            "ApproximateArrivalTimestamp": ARRIVED,
        }
        return {name: value for name, value in record.items() if name not in self.without}


@dataclass
class FakeLambda:
    """The function, with an answer for each event; `events` are those it got."""

    answer: Callable[[dict[str, Any]], Any] = lambda _: {"batchItemFailures": []}
    error: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    most: int | None = None  # records a call, before it times out

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == FUNCTION
        event = json.loads(Payload)
        if self.most is not None and len(event["Records"]) > self.most:
            said = {"errorMessage": "2026-11-26T00:00:00Z 1-2 Task timed out after 60.00 seconds"}
            payload = io.BytesIO(json.dumps(said).encode())
            return {"Payload": payload, "FunctionError": "Unhandled"}
        self.events.append(event)
        answer = {"Payload": io.BytesIO(json.dumps(self.answer(event)).encode())}
        return answer | ({"FunctionError": self.error} if self.error else {})

    def data(self) -> list[bytes]:
        """What it was given, record by record."""
        records = [record for event in self.events for record in event["Records"]]
        return [base64.b64decode(record["kinesis"]["data"]) for record in records]


@dataclass(frozen=True, kw_only=True)
class FakePlace(Place):
    """A local place of doubles."""

    clients: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        sqs: FakeSqs,
        *,
        kinesis: FakeKinesis | None = None,
        function: FakeLambda | None = None,
    ) -> FakePlace:
        return cls(
            target=Target.LOCAL,
            session=session(),
            endpoint="http://localhost:4566",
            region=LOCAL_REGION,
            clients={
                "sqs": sqs,
                "kinesis": kinesis or FakeKinesis(),
                "lambda": function or FakeLambda(),
            },
        )

    def _client(self, service: str, config: Config | None = None) -> Any:
        return self.clients[service]


def rejected(data: bytes | None, **changes: Any) -> str:
    text = None if data is None else base64.b64encode(data).decode()
    return json.dumps(REJECTED | {"payload": text} | changes)


def exhausted(first: int, last: int, **changes: Any) -> str:
    batch = EXHAUSTED["KinesisBatchInfo"] | {
        "startSequenceNumber": str(first),
        "endSequenceNumber": str(last),
        "batchSize": last - first + 1,
    }
    return json.dumps(EXHAUSTED | {"KinesisBatchInfo": batch | changes})


def tweets(first: int, last: int) -> dict[int, bytes]:
    return {number: tweet(number) for number in range(first, last + 1)}


def redrive_one(
    body: str,
    *,
    kinesis: FakeKinesis | None = None,
    function: FakeLambda | None = None,
    edited: bytes | None = None,
) -> tuple[Redriven, FakeSqs]:
    """The outcome of the only letter, and its queue."""
    sqs = FakeSqs({"one": body})
    place = FakePlace.of(sqs, kinesis=kinesis, function=function)
    [outcome] = redrive(place, STACK, edited={} if edited is None else {"one": edited})
    return outcome, sqs


def assert_kept(outcome: Redriven, sqs: FakeSqs, *, saying: str) -> None:
    assert not outcome.is_done
    assert saying in outcome.why
    assert "\n" not in outcome.why
    assert sqs.visible() == ["one"]


def assert_gone(outcome: Redriven, sqs: FakeSqs, *, stored: int) -> None:
    assert (outcome.why, outcome.stored, outcome.is_done) == ("", stored, True)
    assert sqs.bodies == {}
