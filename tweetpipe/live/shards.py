"""Samples the stream: a few records of each shard, from its newest end.

A shard with more records than a sample holds is not followed: the next sample starts at the end
again. Records in between are not seen, and only counted in the rate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tweetpipe.live.reads import MeteredPlace, Pace

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

_RELIST = 30.0  # seconds after which the shards are listed again, and others get a turn
_LOOKS = 5  # that a rate is taken over
_LOST = 10_000  # milliseconds behind the end of a shard
_REST = 5.0  # seconds without a read of a shard that was read too often

# The shard then refuses further reads, including the function's.
_TOO_OFTEN = frozenset({"ProvisionedThroughputExceededException", "LimitExceededException"})
_NO_LONGER = frozenset({"ExpiredIteratorException", "InvalidArgumentException"})


@dataclass(frozen=True, slots=True)
class ShardSample:
    """A record, with its position in the stream; `arrived` is Kinesis's time."""

    shard: str
    sequence_number: str
    arrived: float
    data: bytes


@dataclass(frozen=True, slots=True)
class _Look:
    records: int
    seconds: float  # of the stream's time


class ShardReader:
    """The newest end of one shard."""

    def __init__(self, place: MeteredPlace, stream: str, shard: str, pace: Pace) -> None:
        self.id = shard
        self._place = place
        self._stream = stream
        self._pace = pace
        self._iterator = ""
        self._read_until = 0.0
        self._rests_until = 0.0
        self._looks: deque[_Look] = deque(maxlen=_LOOKS)
        self.is_closed = False

    @property
    def records_per_s(self) -> float | None:
        """The rate of the last samples, None without recent ones."""
        seconds = sum(look.seconds for look in self._looks)
        return sum(look.records for look in self._looks) / seconds if seconds > 0 else None

    def forget(self) -> None:
        """Leave the shard: the next sample starts at its end."""
        self._iterator = ""

    def prepare(self, now: float) -> None:
        """Get an iterator at the end, if needed."""
        if self._iterator or now < self._rests_until or not self._place.meter.allows("kinesis"):
            return
        answer = self._place.kinesis().get_shard_iterator(
            StreamName=self._stream, ShardId=self.id, ShardIteratorType="LATEST"
        )
        self._iterator = answer["ShardIterator"]
        self._read_until = now

    def read(self, now: float) -> list[ShardSample]:
        """The records since the last sample, or the first part of them."""
        if not self._iterator:
            self.prepare(now)
            return []
        if now < self._rests_until or not self._place.meter.allows("kinesis"):
            return []
        try:
            answer = self._place.kinesis().get_records(
                ShardIterator=self._iterator, Limit=self._pace.records
            )
        except ClientError as error:
            self._recover_from(error, now)
            return []
        records = answer["Records"]
        behind = answer.get("MillisBehindLatest", 0)
        self._rests_until = 0.0
        self._note(len(records), until=now - behind / 1000)
        self._iterator = answer.get("NextShardIterator", "")
        self.is_closed = not self._iterator
        if behind and (len(records) >= self._pace.records or behind > _LOST):
            self._iterator = ""
        return [self._sample(record) for record in records]

    def _note(self, records: int, *, until: float) -> None:
        # At least a moment: a clock may have been set back, and bursts fill a sample at once.
        seconds = max(until - self._read_until, 0.001)
        self._looks.append(_Look(records, seconds))
        self._read_until = until

    def _recover_from(self, error: ClientError, now: float) -> None:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _TOO_OFTEN:
            if self._rests_until:
                # The second failure in a row: the last rate is out of date.
                self._looks.clear()
            self._rests_until = now + _REST
        elif code not in _NO_LONGER:
            raise error
        self.forget()

    def _sample(self, record: RecordTypeDef) -> ShardSample:
        return ShardSample(
            shard=self.id,
            sequence_number=record["SequenceNumber"],
            arrived=record["ApproximateArrivalTimestamp"].timestamp(),
            data=record["Data"],
        )


class StreamReader:
    """The stream's open shards, read in turn, as many at a time as the pace allows."""

    def __init__(self, place: MeteredPlace, stream: str, pace: Pace) -> None:
        self._place = place
        self._stream = stream
        self._pace = pace
        self._readers: dict[str, ShardReader] = {}
        self._turn: list[ShardReader] = []
        self._next = 0
        self._list_at = 0.0

    def prepare(self, now: float) -> None:
        """Call this shortly before `read`, so that a busy shard has new records."""
        for reader in self._turn:
            reader.prepare(now)

    def read(self, now: float) -> list[ShardSample]:
        """Read new records of the shards whose turn it is."""
        if now >= self._list_at and self._place.meter.allows("kinesis"):
            self._take_turns()
            self._list_at = now + _RELIST
        samples = [sample for reader in self._turn for sample in reader.read(now)]
        if any(reader.is_closed for reader in self._turn):
            self._list_at = now
        return samples

    def shards(self) -> tuple[tuple[str, float | None], ...]:
        """Each open shard that was sampled, and its records a second."""
        return tuple((reader.id, reader.records_per_s) for reader in self._readers.values())

    def records_per_s(self) -> float | None:
        """The stream's rate, extrapolated from the sampled shards."""
        rates = [
            rate for reader in self._readers.values() if (rate := reader.records_per_s) is not None
        ]
        return sum(rates) / len(rates) * len(self._readers) if rates else None

    def _take_turns(self) -> None:
        names = self._open_shards()
        self._readers = {
            name: self._readers.get(name)
            or ShardReader(self._place, self._stream, name, self._pace)
            for name in names
        }
        if len(names) <= self._pace.shards:
            self._turn = list(self._readers.values())
            return
        start = self._next % len(names)
        again = names[start:] + names[:start]
        self._turn = [self._readers[name] for name in islice(again, self._pace.shards)]
        self._next = start + self._pace.shards
        for reader in self._readers.values():
            if reader not in self._turn:
                reader.forget()

    def _open_shards(self) -> list[str]:
        found = self._place.kinesis().list_shards(StreamName=self._stream)["Shards"]
        return [
            shard["ShardId"]
            for shard in found
            if "EndingSequenceNumber" not in shard.get("SequenceNumberRange", {})
        ]
