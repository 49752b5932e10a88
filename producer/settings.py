"""The settings of the producer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from producer.errors import SettingsError
from producer.outgoing import MAX_RECORD_BYTES

MAX_CALL_RECORDS = 500
MAX_CALL_BYTES = 10 * 1024 * 1024
"""Limits of one PutRecords call; Kinesis API reference, PutRecords."""

_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one run; bytes count data and partition keys, times are in seconds.

    A record waits at most `linger` for others to share its call. A refused record is given up when
    its shard has accepted nothing for `give_up_after`, or if no shard was the reason, when the
    stream has accepted nothing for that long. At most about `max_in_hand` bytes are read ahead, by
    default two calls of `max_bytes` for each call in flight. After a stop request, records already
    read are delivered within `drain_deadline`. The run also ends when the file of undelivered
    records can't be written for `file_deadline`. Records of a live source that would make that file
    larger than `max_undelivered` bytes are dropped and counted. `rate` is in records a second. With
    `aggregate`, several records share one Kinesis record in the KPL's format, which counts as one
    of `max_records`.

    The stream accepts records of up to `max_record_bytes`. Unless `by_key`, it ignores their keys
    when it distributes them, and AWS doesn't support aggregated records.
    """

    max_records: int = MAX_CALL_RECORDS
    max_bytes: int = 5 * _MIB
    linger: float = 0.1
    calls_in_flight: int = 4
    max_in_hand: int | None = None
    give_up_after: float = 60.0
    drain_deadline: float = 1.0
    file_deadline: float = 10.0
    max_undelivered: int = 1_000_000_000
    rate: float | None = None
    aggregate: bool = False
    max_record_bytes: int = MAX_RECORD_BYTES
    by_key: bool = True

    def __post_init__(self) -> None:
        _require(
            1 <= self.max_records <= MAX_CALL_RECORDS,
            f"max_records must be 1 to {MAX_CALL_RECORDS}, not {self.max_records}",
        )
        _require(
            MAX_RECORD_BYTES <= self.max_bytes <= MAX_CALL_BYTES,
            f"max_bytes must be {MAX_RECORD_BYTES} (1 MiB) to {MAX_CALL_BYTES} (10 MiB), "
            f"not {self.max_bytes}",
        )
        _require(
            MAX_RECORD_BYTES <= self.max_record_bytes <= self.max_bytes,
            f"max_record_bytes must be {MAX_RECORD_BYTES} (1 MiB) to max_bytes, "
            f"not {self.max_record_bytes}",
        )
        _require(
            self.by_key or not self.aggregate,
            "aggregate needs a stream that distributes records by partition key",
        )
        _require(
            1 <= self.calls_in_flight <= 64,
            f"calls_in_flight must be 1 to 64, not {self.calls_in_flight}",
        )
        _require(
            self.max_in_hand is None or self.max_in_hand >= MAX_RECORD_BYTES,
            f"max_in_hand must be {MAX_RECORD_BYTES} (1 MiB) or more bytes, not {self.max_in_hand}",
        )
        _require(
            self.max_undelivered >= 0,
            f"max_undelivered must be 0 or more bytes, not {self.max_undelivered}",
        )
        for name in ("linger", "give_up_after", "drain_deadline", "file_deadline"):
            seconds = getattr(self, name)
            _require(
                math.isfinite(seconds) and seconds >= 0,
                f"{name} must be 0 or more seconds, not {seconds}",
            )
        _require(
            self.rate is None or (math.isfinite(self.rate) and self.rate > 0),
            f"rate must be more than 0 records a second, not {self.rate}",
        )


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SettingsError(message)
