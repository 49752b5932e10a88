"""Any sequence of operations on a stream, compared with a plain model of its content."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from localstack_embedded.plugin.streams import (
    MAX_HASH_KEY,
    Accepted,
    Entry,
    Record,
    StartingPosition,
    Stream,
    Streams,
)

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
NOON = 1_800_000_000.0
HOUR = 3600


@dataclass
class Kept:
    """What a shard should hold: records with their positions, without expired ones."""

    records: list[tuple[int, Record]] = field(default_factory=list)
    last: str = "0"
    closed: float | None = None

    def expire(self, horizon: float) -> None:
        self.records = [each for each in self.records if each[1].arrived >= horizon]

    def from_position(self, position: int) -> list[Record]:
        return [record for place, record in self.records if place >= position]


class Operations(RuleBasedStateMachine):
    """A stream that is kept in files, with hardly anything in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = NOON
        self.count = 0

    @initialize(
        shards=st.integers(1, 4),
        cache_bytes=st.sampled_from([0, 3000, 10**6]),
        segment_bytes=st.sampled_from([1000, 4000]),
        is_kept=st.booleans(),
    )
    def start(self, shards: int, cache_bytes: int, segment_bytes: int, is_kept: bool) -> None:
        self.is_kept = is_kept
        self.opened = partial(
            Streams,
            is_kept=is_kept,
            cache_bytes=cache_bytes,
            max_bytes=64 * segment_bytes,
            clock=lambda: self.now,
        )
        self.streams = self.opened(self.folder / "0")
        self.add(shards)

    def add(self, shards: int) -> None:
        self.stream: Stream = self.streams.add(ARN, shards)
        self.kept = {shard_id: Kept() for shard_id in self.stream.shards}

    def teardown(self) -> None:
        self.everything_is_there_once()
        self.streams.close()
        shutil.rmtree(self.folder)

    @rule(
        keys=st.lists(st.none() | st.integers(0, 2**8 - 1), min_size=1, max_size=20),
        size=st.integers(0, 100),
    )
    def put(self, keys: list[int | None], size: int) -> None:
        entries = []
        for key in keys:
            self.count += 1
            data = b"%0*d" % (size, self.count)
            hash_key = None if key is None else key << 120
            entries.append(Entry(data, None if key is None else str(key), hash_key))
        ranges = {shard.id: (shard.start, shard.end) for shard in self.stream.open_shards}
        for entry, answer in zip(entries, self.stream.put(entries), strict=True):
            assert isinstance(answer, Accepted)
            start, end = ranges[answer.shard_id]
            assert entry.explicit_hash_key is None or start <= entry.explicit_hash_key <= end
            kept = self.kept[answer.shard_id]
            assert int(answer.sequence_number) > int(kept.last)
            kept.last = answer.sequence_number
            record = Record(entry.data, entry.partition_key, self.now, answer.sequence_number)
            kept.records.append((self.position_of(answer.shard_id, record), record))

    def position_of(self, shard_id: str, record: Record) -> int:
        start = StartingPosition("AT_SEQUENCE_NUMBER", record.sequence_number)
        return self.stream.position_of(shard_id, start)

    @rule(data=st.data(), limit=st.integers(1, 30), max_bytes=st.integers(1, 2000))
    def read(self, data: st.DataObject, limit: int, max_bytes: int) -> None:
        shard_id = data.draw(st.sampled_from(sorted(self.kept)))
        kept = self.kept[shard_id]
        places = [place for place, _ in kept.records]
        position = data.draw(st.integers(0, 50) | st.sampled_from([0, *places]))

        read = self.stream.read(shard_id, position, limit=limit, max_bytes=max_bytes)

        expected = kept.from_position(position)
        assert read.records == expected[: len(read.records)]
        assert bool(read.records) == bool(expected)
        assert len(read.records) <= limit
        assert len(read.records) == 1 or sum(len(each.data) for each in read.records) <= max_bytes
        is_end = len(read.records) == len(expected)
        assert (read.behind_ms == 0) == is_end
        assert (read.next is None) == (is_end and kept.closed is not None)
        if read.next is not None:
            assert kept.from_position(read.next) == expected[len(read.records) :]
        assert self.stream.wait(shard_id, position, timeout=0) or not expected

    @rule(data=st.data())
    def start_reading(self, data: st.DataObject) -> None:
        shard_id = data.draw(st.sampled_from(sorted(self.kept)))
        records = [record for _, record in self.kept[shard_id].records]
        if records:
            record = data.draw(st.sampled_from(records))
            index = records.index(record)
            since = [each for each in records if each.arrived >= record.arrived]
            number = record.sequence_number
            self.reads_from(
                shard_id, StartingPosition("AT_SEQUENCE_NUMBER", number), records[index:]
            )
            after = StartingPosition("AFTER_SEQUENCE_NUMBER", number)
            self.reads_from(shard_id, after, records[index + 1 :])
            at = StartingPosition("AT_TIMESTAMP", timestamp=record.arrived)
            self.reads_from(shard_id, at, since)
            before = StartingPosition("AT_TIMESTAMP", timestamp=record.arrived - 0.5)
            self.reads_from(shard_id, before, since)
        self.reads_from(shard_id, StartingPosition("TRIM_HORIZON"), records)
        self.reads_from(shard_id, StartingPosition("LATEST"), [])

    def reads_from(self, shard_id: str, start: StartingPosition, expected: list[Record]) -> None:
        assert self.all_of(shard_id, self.stream.position_of(shard_id, start)) == expected

    def all_of(self, shard_id: str, position: int) -> list[Record]:
        found: list[Record] = []
        while True:
            read = self.stream.read(shard_id, position)
            found += read.records
            if read.behind_ms == 0:
                return found
            assert read.next is not None
            assert read.next > position
            position = read.next

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        shard = data.draw(st.sampled_from(self.stream.open_shards))
        if shard.end - shard.start > 4:
            at = data.draw(st.integers(shard.start + 2, shard.end - 1))
            self.stream.split(shard.id, at)
            self.resharded()

    @precondition(lambda self: len(self.stream.open_shards) > 1)
    @rule(data=st.data(), is_reversed=st.booleans())
    def merge(self, data: st.DataObject, is_reversed: bool) -> None:
        first, second = data.draw(st.sampled_from(list(pairwise(self.stream.open_shards))))
        if is_reversed:
            first, second = second, first
        self.stream.merge(first.id, second.id)
        self.resharded()

    @rule(count=st.integers(1, 6))
    def resize(self, count: int) -> None:
        self.stream.resize(count)
        self.resharded()
        assert len(self.stream.open_shards) == count
        step = (MAX_HASH_KEY + 1) // count
        assert [shard.start for shard in self.stream.open_shards] == [
            n * step for n in range(count)
        ]

    def resharded(self) -> None:
        """Note new shards, each of which must continue where its parents end."""
        for shard in self.stream.shards.values():
            if shard.is_closed and self.kept.setdefault(shard.id, Kept()).closed is None:
                self.kept[shard.id].closed = self.now
            self.kept.setdefault(shard.id, Kept())
            assert shard.is_closed == bool(shard.children)
            for parent in (self.stream.shards.get(parent_id) for parent_id in shard.parents):
                if parent:
                    assert shard.id in parent.children
                    ending = int(parent.ending_sequence_number or 0)
                    assert int(self.kept[parent.id].last) < ending
                    assert ending < int(shard.starting_sequence_number)

    @rule(seconds=st.sampled_from([1, 2, HOUR, 10 * HOUR, 25 * HOUR]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self.expire()

    @rule(hours=st.integers(24, 72))
    def retain(self, hours: int) -> None:
        self.stream.retention_hours = hours
        self.expire()

    def expire(self) -> None:
        horizon = self.now - self.stream.retention_hours * HOUR
        for shard_id, kept in list(self.kept.items()):
            kept.expire(horizon)
            if kept.closed is not None and kept.closed < horizon:
                del self.kept[shard_id]

    @rule(shards=st.integers(1, 4))
    def recreate(self, shards: int) -> None:
        self.streams.remove(ARN)
        self.add(shards)

    @precondition(lambda self: self.is_kept)
    @rule()
    def restart(self) -> None:
        self.streams.close()
        self.streams = self.opened(self.folder / "0")
        self.found_again()

    @precondition(lambda self: self.is_kept)
    @rule()
    def be_killed(self) -> None:
        self.stream.flush()
        shutil.copytree(self.folder / "0", self.folder / "1")
        self.streams.close()
        shutil.rmtree(self.folder / "0")
        (self.folder / "1").rename(self.folder / "0")
        self.streams = self.opened(self.folder / "0")
        self.found_again()

    def found_again(self) -> None:
        stream = self.streams.find(ARN)
        assert stream
        self.stream = stream

    @invariant()
    def each_hash_key_has_one_open_shard(self) -> None:
        shards = self.stream.open_shards
        assert shards[0].start == 0
        assert shards[-1].end == MAX_HASH_KEY
        assert all(low.end + 1 == high.start for low, high in pairwise(shards))
        assert list(self.stream.shards) == list(self.kept)

    def everything_is_there_once(self) -> None:
        for shard_id, kept in self.kept.items():
            assert self.all_of(shard_id, 0) == [record for _, record in kept.records]
            for place, record in kept.records:
                assert self.position_of(shard_id, record) == place


TestOperations = Operations.TestCase
TestOperations.settings = settings(
    max_examples=settings().max_examples * 6 // 10,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
