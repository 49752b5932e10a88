"""Sends records that can never be stored to the SQS queue."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NotRequired, Protocol, TypedDict

from processor.errors import Invalid
from processor.failures import failure, is_retryable
from processor.lambda_event import arrived_at, partition_key, sequence_number, shard_id, stream_arn
from processor.rounds import Rounds, SendAnswer, SendOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_sqs.type_defs import SendMessageBatchResultTypeDef

    from processor.errors import Rejected
    from processor.lambda_event import Origin

# API reference, SendMessageBatch: ten messages a call. A message, and all messages of a call
# together, may have 1 MiB since 2025, but older queues and emulators stop at 256 KiB.
MAX_MESSAGES_PER_CALL = 10
MAX_BYTES = 256 * 1024


class RejectedRecord(TypedDict):
    """The body of a message, as JSON in ASCII.

    `detail` is for people and quotes no data. `arrivedAt` is when Kinesis received the record, ISO
    8601 UTC with milliseconds. `payload` is the record's data in base64, or null if the message
    would exceed MAX_BYTES (or the data was not base64): read it from the stream by its position.
    `payloadBytes` is the length of the data before base64.

    Fields missing in the event are empty. `record`, the record as the event had it, is there only
    if it has neither data nor a position.

    `subsequenceNumber` is there only for a record inside an aggregated one: its index, from 0. The
    partition key and the data are then its own, the rest is the aggregate's.

    Delivery is at least once: a retried batch sends its rejected records again.
    """

    kind: Literal["rejected"]
    reason: str
    detail: str
    streamArn: str
    shardId: str
    sequenceNumber: str
    subsequenceNumber: NotRequired[int]
    partitionKey: str
    arrivedAt: str
    payload: str | None
    payloadBytes: int
    record: NotRequired[object]


class MessageEntry(TypedDict):
    """One message of a SendMessageBatch call."""

    Id: str
    MessageBody: str


class BatchSender(Protocol):
    """The only method used of an SQS client."""

    def send_message_batch(
        self, *, QueueUrl: str, Entries: list[MessageEntry]
    ) -> SendMessageBatchResultTypeDef: ...


@dataclass(frozen=True, slots=True)
class LetterToSend:
    """The message about a rejected record."""

    origin: Origin
    body: str


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """The queue for rejected records."""

    client: BatchSender
    url: str
    rounds: Rounds

    def send(
        self, letters: Sequence[LetterToSend], *, time_left: Callable[[], float]
    ) -> SendOutcome[LetterToSend]:
        """Send as many letters as `time_left` (seconds) allows."""
        return self.rounds.run(letters, group=_in_calls, send=self._send, time_left=time_left)

    def _send(self, letters: list[LetterToSend]) -> SendAnswer[LetterToSend]:
        entries: list[MessageEntry] = [
            {"Id": str(index), "MessageBody": letter.body} for index, letter in enumerate(letters)
        ]
        try:
            response = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        except Exception as error:
            raise failure(error) from error
        sent = {entry["Id"] for entry in response.get("Successful", [])}
        hopeless = {
            entry["Id"]: Invalid(entry["Code"], entry.get("Message", ""))
            for entry in response.get("Failed", [])
            if entry["SenderFault"] and not is_retryable(entry["Code"])
        }
        # Also the entries that are reported neither as failed nor as successful.
        return SendAnswer(
            again=[
                letter
                for index, letter in enumerate(letters)
                if str(index) not in sent and str(index) not in hopeless
            ],
            invalid=[(letters[int(index)], error) for index, error in hopeless.items()],
        )


def dead_letter(origin: Origin, rejected: Rejected) -> LetterToSend:
    """Write the message for a rejected record."""
    record, contained = origin
    payload, size = _payload(origin)
    content: RejectedRecord = {
        "kind": "rejected",
        "reason": str(rejected.reason),
        "detail": str(rejected.detail),
        "streamArn": stream_arn(record),
        "shardId": shard_id(record),
        "sequenceNumber": sequence_number(record),
        "partitionKey": partition_key(record),
        "arrivedAt": arrived_at(record),
        "payload": payload,
        "payloadBytes": size,
    }
    if contained:
        content["subsequenceNumber"] = contained.subsequence_number
        content["partitionKey"] = contained.partition_key
    has_position = all((content["streamArn"], content["shardId"], content["sequenceNumber"]))
    if payload is None and not has_position:
        content["record"] = record
    body = _json(content)
    # Without a position it would be lost. Try it: if SQS refuses it, it is unhandled.
    if len(body) > MAX_BYTES and has_position:
        body = _json(content | {"payload": None})
    return LetterToSend(origin, body)


def _json(content: RejectedRecord) -> str:
    """ASCII, so that SQS's list of invalid characters never matters."""
    try:
        return json.dumps(content)
    except RecursionError:
        return json.dumps(content | {"record": "nested too deeply"})


def _payload(origin: Origin) -> tuple[str | None, int]:
    """The data in base64, and its length before encoding."""
    if origin.contained:
        data = origin.contained.data
        return base64.b64encode(data).decode(), len(data)
    try:
        encoded = origin.record["kinesis"]["data"]
        return encoded, len(base64.b64decode(encoded, validate=True))
    except (KeyError, TypeError, ValueError):
        # This may be the reason why the record is unusable.
        return None, 0


def _in_calls(letters: Sequence[LetterToSend]) -> list[list[LetterToSend]]:
    calls: list[list[LetterToSend]] = []
    size = 0
    for letter in letters:
        length = len(letter.body)
        if not calls or len(calls[-1]) == MAX_MESSAGES_PER_CALL or size + length > MAX_BYTES:
            calls.append([])
            size = 0
        calls[-1].append(letter)
        size += length
    return calls
