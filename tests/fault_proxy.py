"""An HTTP proxy in front of an emulator that makes some calls of some operations fail."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.http_server import Request, serving

BATCH_WRITE_ITEM = "DynamoDB_20120810.BatchWriteItem"
PUT_RECORDS = "Kinesis_20131202.PutRecords"
SEND_MESSAGE_BATCH = "AmazonSQS.SendMessageBatch"
"""Operations as X-Amz-Target names them."""

_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_SLOW = 0.5  # seconds
_TIMEOUT = 60.0  # seconds; an emulator may be paused for a while


class Fault(StrEnum):
    """The ways in which a call may fail."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    RESET = "connection reset"
    ANSWER_LOST = "done, but the answer lost"
    HANGING = "done, but never answered"
    SLOW = "slow"
    PARTIAL = "done in part"


_THROTTLED = {
    BATCH_WRITE_ITEM: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    PUT_RECORDS: "ProvisionedThroughputExceededException",
    SEND_MESSAGE_BATCH: "com.amazonaws.sqs#RequestThrottled",
}


class _Answer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class FaultProxy:
    """`endpoint` is the value for AWS_ENDPOINT_URL; `counts` the faults injected so far.

    Each operation of `faults` fails in each of its ways once per round of calls, in an order that
    depends on `seed`. Half of the calls fail, or the share in `shares`. A hanging call ends after
    `hang` seconds. `accepted` counts the records that PutRecords calls put on the stream.
    `refuses` counts the blocks in which all calls of an operation fail.
    """

    endpoint: str

    def __init__(
        self,
        upstream: str,
        *,
        seed: int,
        faults: Mapping[str, Collection[Fault]],
        shares: Mapping[str, float] | None = None,
        hang: float = 2.0,
    ) -> None:
        self.counts: Counter[tuple[str, Fault]] = Counter()
        self.accepted = 0
        self.is_mischievous = True
        self.refuses: Counter[str] = Counter()
        self._upstream = urlsplit(upstream)
        self._hang = hang
        self._fates = {
            operation: _fates(
                random.Random(f"{seed} {operation}"), kinds, (shares or {}).get(operation, 0.5)
            )
            for operation, kinds in faults.items()
        }
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[FaultProxy]:
        """The proxy, which runs until the block ends."""
        with serving(self._handle) as self.endpoint:
            yield self

    @contextmanager
    def refusing(self, *operations: str) -> Iterator[None]:
        """Make all calls of these operations fail until the block ends."""
        self.refuses.update(operations)
        try:
            yield
        finally:
            self.refuses.subtract(operations)

    def _handle(self, request: Request) -> None:
        answer = self.answer(request.path, dict(request.headers.items()), request.body)
        if answer is None:
            request.reset()
            return
        kept = {
            name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP
        }
        request.reply(answer.status, answer.body, kept)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> _Answer | None:
        """The client's answer; None breaks the connection without an answer."""
        operation = headers.get("X-Amz-Target", "")
        if self.refuses[operation] > 0:
            return _error(500, "InternalFailure")
        fault = self._next_fault(operation)
        if fault is Fault.THROTTLED:
            return _error(400, _THROTTLED[operation])
        if fault is Fault.SERVER_ERROR:
            return _error(500, "InternalFailure")
        if fault is Fault.RESET:
            return None
        if fault is Fault.SLOW:
            threading.Event().wait(_SLOW)
        split = _split(operation, body) if fault is Fault.PARTIAL else _Split(body)
        answer = self._forward(path, headers, split.body)
        if operation == PUT_RECORDS and answer.status == 200:
            entries = json.loads(answer.body)["Records"]
            with self._lock:
                self.accepted += sum("SequenceNumber" in entry for entry in entries)
        if fault is Fault.HANGING:
            threading.Event().wait(self._hang)
        if fault in (Fault.ANSWER_LOST, Fault.HANGING):
            return None
        return split.joined(answer)

    def _next_fault(self, operation: str) -> Fault | None:
        if not self.is_mischievous or operation not in self._fates:
            return None
        with self._lock:
            fault = next(self._fates[operation])
            if fault is not None:
                self.counts[operation, fault] += 1
            return fault

    def _forward(self, path: str, headers: dict[str, str], body: bytes) -> _Answer:
        host, port = str(self._upstream.hostname), self._upstream.port
        connection = HTTPConnection(host, port, timeout=_TIMEOUT)
        kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            connection.request("POST", path, body=body, headers=kept)
            response = connection.getresponse()
            return _Answer(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()


def _fates(chance: random.Random, kinds: Collection[Fault], share: float) -> Iterator[Fault | None]:
    # Rounds instead of chance, so that even a few calls meet each fault.
    while True:
        passes = [None] * round(len(kinds) * (1 - share) / share)
        fates: list[Fault | None] = [*kinds, *passes]
        chance.shuffle(fates)
        yield from fates


def _error(status: int, code: str) -> _Answer:
    body = json.dumps({"__type": code, "message": "injected"}).encode()
    return _Answer(status, body, {"Content-Type": "application/x-amz-json-1.0"})


class _Split:
    """A call that is only partly carried out."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def joined(self, answer: _Answer) -> _Answer:
        """The emulator's answer to the part, with the results for the rest."""
        return answer


class _SplitWrite(_Split):
    """Write half of the items of one table, and return the others as unprocessed."""

    def __init__(self, body: bytes) -> None:
        request = json.loads(body)
        [(self._table, writes)] = request["RequestItems"].items()
        half = (len(writes) + 1) // 2
        self._left = writes[half:]
        request["RequestItems"] = {self._table: writes[:half]}
        super().__init__(json.dumps(request).encode())

    def joined(self, answer: _Answer) -> _Answer:
        if answer.status != 200 or not self._left:
            return answer
        left = {"UnprocessedItems": {self._table: self._left}}
        return answer._replace(body=json.dumps(json.loads(answer.body) | left).encode())


class _SplitPut(_Split):
    """Refuse every second record, with a wrong count, as some emulators return it."""

    def __init__(self, body: bytes) -> None:
        request = json.loads(body)
        self._refused = len(request["Records"]) // 2
        request["Records"] = request["Records"][::2]
        super().__init__(json.dumps(request).encode())

    def joined(self, answer: _Answer) -> _Answer:
        if answer.status != 200:
            return answer
        content = json.loads(answer.body)
        refusal = {
            "ErrorCode": "ProvisionedThroughputExceededException",
            "ErrorMessage": "injected",
        }
        records = []
        for n, entry in enumerate(content["Records"]):
            records += [entry, refusal] if n < self._refused else [entry]
        content |= {"Records": records, "FailedRecordCount": min(1, self._refused)}
        return answer._replace(body=json.dumps(content).encode())


class _SplitSend(_Split):
    """Make half of the messages fail with an error on the service's side."""

    def __init__(self, body: bytes) -> None:
        request = json.loads(body)
        half = (len(request["Entries"]) + 1) // 2
        self._failed = [
            {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
            for entry in request["Entries"][half:]
        ]
        request["Entries"] = request["Entries"][:half]
        super().__init__(json.dumps(request).encode())

    def joined(self, answer: _Answer) -> _Answer:
        if answer.status != 200 or not self._failed:
            return answer
        content = json.loads(answer.body) | {"Failed": self._failed}
        return answer._replace(body=json.dumps(content).encode())


def _split(operation: str, body: bytes) -> _Split:
    kinds = {
        BATCH_WRITE_ITEM: _SplitWrite,
        PUT_RECORDS: _SplitPut,
        SEND_MESSAGE_BATCH: _SplitSend,
    }
    return kinds[operation](body)
