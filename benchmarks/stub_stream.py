"""What the stub of Kinesis accepts and answers, and the books that it keeps."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from benchmarks.shards import Shards
from processor.aggregation import deaggregate

PUT_UNIT = 25_000
"""Bytes in a PUT payload unit; AWS says 25 KB, and that 1 MB is 40 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was accepted; `fewest` is how often the rarest tweet came.

    `records` and `refused` count each time a record was sent. `distinct` different tweets were
    accepted, `tweets` times in total. With shards, the seconds are the time that they took, the
    least time that they need with these keys, the least with evenly spread keys, and the time from
    the first refusal to a steady rate.
    """

    calls: int
    records: int
    payload_units: int
    bytes: int
    tweets: int
    distinct: int
    fewest: int
    refused: int = 0
    seconds_taken: float = 0.0
    seconds_by_keys: float = 0.0
    seconds_if_even: float = 0.0
    seconds_to_steady: float = 0.0


class Stream:
    """What the stub knows, and how it answers."""

    def __init__(self, *, failures: float, shards: int, others: float) -> None:
        self._failures = failures
        self._shard_count = shards
        self._others = others
        self._random = random.Random(7)
        self.fails_until = 0.0
        self.forget()

    def forget(self) -> None:
        self._calls = 0
        self._unseen: list[tuple[bytes, frozenset[int]]] = []
        self._records = self._bytes = self._units = self._refused = 0
        self._tweets: Counter[bytes] = Counter()
        self._shards: Shards | None = None

    def shards(self, now: float) -> Shards:
        """Return the shards, which start to save up capacity at the first call."""
        if self._shards is None:
            self._shards = Shards(max(self._shard_count, 1), 1 - self._others, now)
        return self._shards

    def put(self, body: bytes, *, single: bool, now: float) -> tuple[int, bytes]:
        self._calls += 1
        if self._shard_count:
            return self._put_within_limits(body, single=single, now=now)
        count = 1 if single else body.count(b'"PartitionKey"')
        refused: frozenset[int] = frozenset()
        if self._failures:
            refused = frozenset(n for n in range(count) if self._random.random() < self._failures)
            self._refused += len(refused)
        self._unseen.append((body, refused))
        if single:
            return (400, _THROTTLED_CALL) if refused else (200, _ACCEPTED)
        return 200, _answer(count, refused) if refused else _all_accepted(count)

    def _put_within_limits(self, body: bytes, *, single: bool, now: float) -> tuple[int, bytes]:
        shards = self.shards(now)
        request = json.loads(body)
        stream = request.get("StreamName", "")
        results = []
        for entry in request.get("Records", [request]):
            shard, sequence = shards.put(entry, now)
            if sequence is None:
                self._refused += 1
                results.append(_rate_exceeded(shard.id, stream))
            else:
                self._see(entry)
                results.append({"SequenceNumber": sequence, "ShardId": shard.id})
        refused = sum("ErrorCode" in result for result in results)
        if single:
            return (400, _THROTTLED_CALL) if refused else (200, json.dumps(results[0]).encode())
        return 200, json.dumps({"FailedRecordCount": refused, "Records": results}).encode()

    def _see(self, entry: dict[str, str]) -> None:
        data = base64.b64decode(entry["Data"])
        counted = len(data) + len(entry["PartitionKey"].encode())
        self._records += 1
        self._bytes += counted
        self._units += -(-counted // PUT_UNIT)
        self._tweets.update(hashlib.md5(tweet).digest() for tweet in _tweets(data))

    def books(self) -> Books:
        for body, refused in self._unseen:
            for number, entry in enumerate(_entries(body)):
                if number not in refused:
                    self._see(entry)
        self._unseen.clear()
        shards = self._shards
        return Books(
            calls=self._calls,
            records=self._records,
            payload_units=self._units,
            bytes=self._bytes,
            tweets=self._tweets.total(),
            distinct=len(self._tweets),
            fewest=min(self._tweets.values(), default=0),
            refused=self._refused,
            seconds_taken=shards.seconds_taken if shards else 0.0,
            seconds_by_keys=shards.seconds_by_keys() if shards else 0.0,
            seconds_if_even=shards.seconds_if_even() if shards else 0.0,
            seconds_to_steady=shards.seconds_to_steady() if shards else 0.0,
        )


def _entries(body: bytes) -> list[dict[str, str]]:
    request = json.loads(body)
    return request.get("Records") or [request]


def _tweets(data: bytes) -> list[bytes]:
    """Return the data of each record in an aggregate, or the data itself."""
    inner = deaggregate(data)
    return [data] if inner is None else [record.data for record in inner]


def _rate_exceeded(shard: str, stream: str) -> dict[str, str]:
    """Return AWS's message, with the account ID that emulators use."""
    where = f"shard {shard} in stream {stream} under account 000000000000"
    return {
        "ErrorCode": "ProvisionedThroughputExceededException",
        "ErrorMessage": f"Rate exceeded for {where}.",
    }


_ACCEPTED = json.dumps(
    {"SequenceNumber": "4966" + "0" * 52, "ShardId": "shardId-000000000000"}
).encode()
_THROTTLED = json.dumps(_rate_exceeded("shardId-000000000000", "tweets")).encode()
_THROTTLED_CALL = json.dumps(
    {"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded."}
).encode()


@lru_cache(maxsize=1000)
def _all_accepted(count: int) -> bytes:
    return _answer(count, frozenset())


def _answer(count: int, refused: frozenset[int]) -> bytes:
    records = b",".join([_THROTTLED if n in refused else _ACCEPTED for n in range(count)])
    return b'{"FailedRecordCount":%d,"Records":[%b]}' % (len(refused), records)


def described(shards: Shards) -> bytes:
    """Return an answer to both ListShards and DescribeStream; clients ignore the other part."""
    listed = shards.listed()
    description = {"StreamStatus": "ACTIVE", "Shards": listed, "HasMoreShards": False}
    return json.dumps({"Shards": listed, "StreamDescription": description}).encode()
