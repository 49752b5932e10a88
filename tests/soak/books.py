"""Compares what was sent with what arrived: each event an item, each other record a dead letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

from producer.fakes import Kind as KindOfRecord
from producer.fakes import strewn
from tweetpipe import dead_letters, events
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.dead_letters import DeadLetter, Kind
from tweetpipe.live.items import items_of
from tweetpipe.looking import table, verify
from tweetpipe.looking.table import Key

MALFORMED = DUPLICATES = 0.02
_ALL = 10_000_000


class Record(NamedTuple):
    """The contents of a source."""

    kind: KindOfRecord
    data: bytes


def records(seed: int, count: int) -> Iterator[Record]:
    """`count` of the chosen events, mixed with malformed and repeated ones."""
    chosen = events.chosen()
    malformed = chosen.malformed
    share = MALFORMED if malformed else 0.0
    for kind, index, _ in strewn(range(count), seed, share, DUPLICATES, 0):
        if malformed and kind == "malformed":
            yield Record(kind, malformed(seed, index))
        else:
            yield Record(kind, chosen.fake(seed, index)[0])


@dataclass(kw_only=True)
class Offered:
    """The records of a source: how many of each kind, and which can never be stored."""

    counts: dict[KindOfRecord, int] = field(
        default_factory=lambda: dict.fromkeys(get_args(KindOfRecord), 0)
    )
    malformed: set[bytes] = field(default_factory=set)

    def counted(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, counted as they pass."""
        for record in records:
            self.counts[record.kind] += 1
            if record.kind == "malformed":
                self.malformed.add(record.data)
            yield record

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class Books:
    """The result; `is_equal` if no record is missing, changed, or unexpected."""

    items: verify.Comparison
    missing_letters: frozenset[bytes]
    foreign_letters: frozenset[bytes]
    exhausted: tuple[DeadLetter, ...]
    repeated_letters: int

    @property
    def is_equal(self) -> bool:
        letters = self.missing_letters or self.foreign_letters or self.exhausted
        return self.items.is_equal and not letters


def balance(place: Place, stack: Stack, offered: Offered, *, expected: verify.Expected) -> Books:
    """Compares EventData and the dead-letter queue with what was sent."""
    letters = _letters(place, stack)
    payloads = [letter.payload or b"" for letter in letters if letter.kind is Kind.REJECTED]
    return Books(
        items=verify.compare(expected, table.scan(place, stack.outputs["EventDataTable"])),
        missing_letters=frozenset(offered.malformed - set(payloads)),
        foreign_letters=frozenset(set(payloads) - offered.malformed),
        exhausted=tuple(letter for letter in letters if letter.kind is not Kind.REJECTED),
        repeated_letters=len(payloads) - len(set(payloads)),
    )


def _letters(place: Place, stack: Stack) -> list[DeadLetter]:
    url, bucket = stack.outputs["DeadLetterQueueUrl"], dead_letters.bucket_of(stack)
    return dead_letters.peek(place, url, _ALL, bucket=bucket)[0]


def history(place: Place, stack: Stack, key: Key) -> list[str]:
    """Where an event is found: in the stream, and in dead letters."""
    found = []
    letters = _letters(place, stack)
    for shard, record in _stream(place, stack.outputs["KinesisStream"]):
        if key in map(events.chosen().key_of, items_of(record["Data"])):
            number = record["SequenceNumber"]
            found.append(f"{shard} {number}, arrived {record['ApproximateArrivalTimestamp']}")
            found += [
                f"  within the {letter.kind} {letter.position.first} to {letter.position.last}"
                for letter in letters
                if letter.position
                and letter.position.shard == shard
                and letter.position.holds(number)
            ]
    return found or ["never on the stream"]


def _stream(place: Place, stream: str) -> Iterator[tuple[str, Any]]:
    kinesis = place.kinesis()
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while answer := kinesis.get_records(ShardIterator=iterator, Limit=10_000):
            for record in answer["Records"]:
                yield shard["ShardId"], record
            if not answer["Records"]:
                break
            iterator = answer["NextShardIterator"]
