"""Clients with AWS's rules that fail as scripted, and a clock that only sleeping moves."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.type_defs import BatchWriteItemOutputTypeDef
    from mypy_boto3_sqs.type_defs import SendMessageBatchResultTypeDef

    from processor.dead_letters import MessageEntry, RejectedRecord
    from processor.key import Item
    from processor.table import WriteRequest

Key = tuple[str, str]

QUEUE_URL = "http://localhost:4566/000000000000/dead-letters"


def client_error(code: str, status: int = 400, message: str = "as scripted") -> ClientError:
    """The exception that botocore raises for an error."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Scripted")


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    budget: float = 60.0
    pauses: list[float] = field(default_factory=list)

    def left(self) -> float:
        return self.budget - sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def nothing_fails(_ids: list[str]) -> list[str]:
    return []


@dataclass
class FakeDynamoDB:
    """A table; `fault` gets the Ids of a call and returns those to leave, or raises."""

    fault: Callable[[list[str]], list[str]] = nothing_fails
    items: dict[Key, Item] = field(default_factory=dict)
    calls: list[list[Key]] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def batch_write_item(
        self, *, RequestItems: dict[str, list[WriteRequest]]
    ) -> BatchWriteItemOutputTypeDef:
        ((table, requests),) = RequestItems.items()
        items = [request["PutRequest"]["Item"] for request in requests]
        keys = [(item["Username"]["S"], item["Id"]["S"]) for item in items]
        with self._lock:
            self.tables.add(table)
            self.calls.append(keys)
            if not 1 <= len(items) <= 25:
                raise client_error("ValidationException", message="1 to 25 requests")
            if len(set(keys)) < len(keys):
                raise client_error("ValidationException", message="duplicates")
            for item in items:
                _check(item)
            left = set(self.fault([key[1] for key in keys]))
            self.items |= {
                key: item for key, item in zip(keys, items, strict=True) if key[1] not in left
            }
        unprocessed = [
            request for request, key in zip(requests, keys, strict=True) if key[1] in left
        ]
        response = {"UnprocessedItems": {table: unprocessed} if unprocessed else {}}
        return cast("BatchWriteItemOutputTypeDef", response)


def _check(item: Item) -> None:
    values = {
        name: next(iter(cast("dict[str, str]", value).values())) for name, value in item.items()
    }
    sizes = {name: len(value.encode()) for name, value in values.items()}
    if not 1 <= sizes["Username"] <= 2048 or not 1 <= sizes["Id"] <= 1024:
        raise client_error("ValidationException", message="key size")
    if sum(sizes.values()) + sum(map(len, sizes)) > 409_600:
        raise client_error("ValidationException", message="item size")


@dataclass
class FakeSQS:
    """A queue; `fault` gets the sequence numbers of a call and returns those to fail, or raises."""

    fault: Callable[[list[str]], list[str]] = nothing_fails
    sender_fault: bool = False
    messages: list[RejectedRecord] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send_message_batch(
        self, *, QueueUrl: str, Entries: list[MessageEntry]
    ) -> SendMessageBatchResultTypeDef:
        assert QueueUrl == QUEUE_URL
        with self._lock:
            self.calls.append(len(Entries))
            if not 1 <= len(Entries) <= 10:
                raise client_error("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            if sum(len(entry["MessageBody"].encode()) for entry in Entries) > 262_144:
                raise client_error("AWS.SimpleQueueService.BatchRequestTooLong")
            letters: list[RejectedRecord] = [json.loads(entry["MessageBody"]) for entry in Entries]
            failing = set(self.fault([letter["sequenceNumber"] for letter in letters]))
            failed, successful = [], []
            for entry, letter in zip(Entries, letters, strict=True):
                if letter["sequenceNumber"] in failing:
                    code = "InvalidMessageContents" if self.sender_fault else "InternalError"
                    failed.append(
                        {"Id": entry["Id"], "SenderFault": self.sender_fault, "Code": code}
                    )
                else:
                    successful.append({"Id": entry["Id"]})
                    self.messages.append(letter)
        # Like botocore's parser, without the lists that are empty.
        lists = {"Successful": successful, "Failed": failed}
        response = {name: entries for name, entries in lists.items() if entries}
        return cast("SendMessageBatchResultTypeDef", response)
