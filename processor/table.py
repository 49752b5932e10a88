"""Writes items to DynamoDB with BatchWriteItem."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypedDict, cast

from processor.errors import Retryable
from processor.failures import failure
from processor.lambda_event import arrival
from processor.rounds import Rounds, SendAnswer, SendOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb.type_defs import BatchWriteItemOutputTypeDef

    from processor.key import Item, Key
    from processor.lambda_event import Origin

# API reference, BatchWriteItem: 25 puts and 16 MB a call. The bytes need not be counted: Lambda
# passes at most 6 MB of base64, which is 4.5 MB of events, and \uXXXX escapes make text at most
# three times as long.
MAX_PUTS_PER_CALL = 25


EXPIRES_AT = "ExpiresAt"
"""The attribute that says when DynamoDB deletes an item; infra/template.yaml names it too."""
_DAY = 24 * 3600


class PutRequest(TypedDict):
    """The item of one put."""

    Item: Item


class WriteRequest(TypedDict):
    """One write of a BatchWriteItem call."""

    PutRequest: PutRequest


class BatchWriter(Protocol):
    """The only method used of a DynamoDB client."""

    def batch_write_item(
        self, *, RequestItems: dict[str, list[WriteRequest]]
    ) -> BatchWriteItemOutputTypeDef: ...


class Put(NamedTuple):
    """An item to store, and its origins; the item is from the last one."""

    item: Item
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The table for items; with `expire_after_days`, they get an expiry time."""

    client: BatchWriter
    name: str
    rounds: Rounds
    key: Key
    expire_after_days: int = 0

    def write(self, puts: Sequence[Put], *, time_left: Callable[[], float]) -> SendOutcome[Put]:
        """Store as many of the puts as `time_left` (seconds) allows; no two may share a key."""
        return self.rounds.run(puts, group=_in_calls, send=self._send, time_left=time_left)

    def _send(self, puts: list[Put]) -> SendAnswer[Put]:
        requests: list[WriteRequest] = [{"PutRequest": {"Item": self._item(put)}} for put in puts]
        try:
            response = self.client.batch_write_item(RequestItems={self.name: requests})
        except Exception as error:
            raise failure(error) from error
        if "UnprocessedItems" not in response:
            # DynamoDB always sends it. botocore takes a 200 with any body for a success, even the
            # error page of a proxy.
            raise Retryable("MalformedResponse", "no UnprocessedItems in it")
        unprocessed = {
            self.key.value(write["PutRequest"]["Item"])
            for writes in response["UnprocessedItems"].values()
            for write in writes
        }
        if not unprocessed:
            return SendAnswer()
        return SendAnswer(again=[put for put in puts if self.key.value(put.item) in unprocessed])

    def _item(self, put: Put) -> Item:
        if not self.expire_after_days:
            return put.item
        # Counted from its arrival, so that storing it twice changes nothing.
        came = arrival(put.origins[-1].record)
        end = int(time.time() if came is None else came) + self.expire_after_days * _DAY
        return cast("Item", {**put.item, EXPIRES_AT: {"N": str(end)}})


def _in_calls(puts: Sequence[Put]) -> list[list[Put]]:
    starts = range(0, len(puts), MAX_PUTS_PER_CALL)
    return [list(puts[start : start + MAX_PUTS_PER_CALL]) for start in starts]
