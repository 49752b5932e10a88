"""Streams whose older records are in files, and streams that are kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localstack_embedded.plugin.streams import (
    Accepted,
    Entry,
    NoSuchShardError,
    Record,
    SequenceNumberError,
    StartingPosition,
    Stream,
    Streams,
)
from localstack_embedded.tests.clock import NOON, Clock
from localstack_embedded.tests.waiting import wait_for

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
FIRST, SECOND, THIRD = (f"shardId-{index:012d}" for index in range(3))
PACKAGE = Path(__file__).parents[1]
HOUR = 3600
SMALL = 64 * 1000  # bytes on disk, in files of 1,000
Make = Callable[..., Streams]


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Iterator[Make]:
    """Makes streams in a folder, with hardly anything in memory."""
    made = []

    def make(folder: str = "streams", **settings: Any) -> Streams:
        used: dict[str, Any] = {"cache_bytes": 0, "clock": clock} | settings
        streams = Streams(tmp_path / folder, **used)
        made.append(streams)
        return streams

    yield make
    for streams in made:
        streams.close()


def put(stream: Stream, *data: bytes, key: str | None = "key") -> list[str]:
    """Put records with this data; returns the sequence numbers of the accepted ones."""
    answers = stream.put([Entry(each, key, 0 if key else None) for each in data])
    return [answer.sequence_number for answer in answers if isinstance(answer, Accepted)]


def read_all(stream: Stream, shard_id: str = FIRST, position: int = 0) -> list[Record]:
    """The records that a reader gets from a position to the end."""
    found: list[Record] = []
    while True:
        read = stream.read(shard_id, position, limit=7)
        found += read.records
        if read.next is None or (not read.records and read.behind_ms == 0):
            return found
        assert read.next > position
        position = read.next


def data_of(records: list[Record]) -> list[bytes]:
    return [record.data for record in records]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.records"))


def numbered(count: int, size: int = 50) -> list[bytes]:
    return [b"%0*d" % (size, number) for number in range(count)]


def killed(folder: Path) -> Path:
    """A copy of what a process would leave if it were killed now."""
    copy = folder.with_name("killed")
    shutil.copytree(folder, copy)
    return copy


@pytest.mark.parametrize("size", [50, 9000], ids=["many files", "one large file"])
def test_old_records_come_from_files_as_they_were(make: Make, clock: Clock, size: int) -> None:
    stream = make(**{"max_bytes": SMALL} if size == 50 else {}).add(ARN, 1)
    in_memory = Streams(clock=clock).add(ARN, 1)
    for data in numbered(100, size=size):
        for each in (stream, in_memory):
            each.put([Entry(data, "é"), Entry(b"", None)])
        clock.now += 0.5

    assert read_all(stream) == read_all(in_memory)
    assert read_all(stream, position=117) == read_all(in_memory, position=117)
    middle = in_memory.read(FIRST, 100).records[0]
    for start in (
        StartingPosition("AT_SEQUENCE_NUMBER", middle.sequence_number),
        StartingPosition("AFTER_SEQUENCE_NUMBER", middle.sequence_number),
        *(StartingPosition("AT_TIMESTAMP", timestamp=NOON + n / 3) for n in range(150)),
    ):
        assert stream.position_of(FIRST, start) == in_memory.position_of(FIRST, start)


def test_reading_from_files_is_bounded_too(make: Make) -> None:
    stream = make().add(ARN, 1)
    put(stream, *numbered(10))
    assert stream.read(FIRST, 0, limit=3).next == 3
    assert stream.read(FIRST, 0, max_bytes=150).next == 3
    assert stream.read(FIRST, 4, max_bytes=1).next == 5
    assert stream.read(FIRST, 4, limit=1).behind_ms == 1


def test_what_is_newest_is_read_without_the_disk(make: Make, tmp_path: Path) -> None:
    stream = make(cache_bytes=100_000).add(ARN, 1)
    position = 0
    for _ in range(20):
        put(stream, *numbered(20, size=1000))
        for file in files(tmp_path):
            file.chmod(0)  # root can still read it
            file.write_bytes(b"")
        read = stream.read(FIRST, position)
        assert data_of(read.records) == numbered(20, size=1000)
        assert read.next is not None
        position = read.next
    assert files(tmp_path)


def test_nothing_is_written_before_memory_is_full(make: Make, tmp_path: Path) -> None:
    stream = make(cache_bytes=100_000).add(ARN, 2)
    put(stream, b"a" * 40_000)
    assert not files(tmp_path)
    put(stream, b"b" * 20_000)  # each shard's share is half
    assert len(files(tmp_path)) == 1


def test_a_new_stream_takes_memory_from_the_others(make: Make, tmp_path: Path) -> None:
    streams = make(cache_bytes=100_000)
    stream = streams.add(ARN, 1)
    put(stream, *numbered(4, size=20_000))
    assert not files(tmp_path)
    streams.add(f"{ARN}-2", 1)
    assert files(tmp_path)
    assert data_of(read_all(stream)) == numbered(4, size=20_000)


PUT_AND_MEASURE = """
import os, pathlib, psutil, sys
sys.path.insert(0, sys.argv[1])
from plugin.streams import Entry, Streams
memory = psutil.Process().memory_info
stream = Streams(pathlib.Path(sys.argv[2])).add("arn:aws:kinesis:us-east-1:0:stream/s", 4)
before = memory().rss
for call in range(200):
    stream.put([Entry(os.urandom(2048), str(number)) for number in range(500)])
print(memory().rss - before)
"""


@pytest.mark.slow
def test_memory_stays_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUT_AND_MEASURE, str(PACKAGE), str(tmp_path / "streams")]
    grown = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert sum(file.stat().st_size for file in files(tmp_path)) > 150 * 2**20
    assert grown < 50 * 2**20


def test_many_shards_keep_no_file_open(make: Make, tmp_path: Path) -> None:
    stream = make().add(ARN, 100)
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        stream.put([Entry(b"data", None)] * 200)
        for shard_id in stream.shards:
            stream.read(shard_id, 0, limit=1)
    assert len(files(tmp_path)) >= 100
    assert len(os.listdir("/dev/fd")) == before


def test_threads_put_and_follow_while_shards_change(make: Make) -> None:
    stream = make(max_bytes=2**24, cache_bytes=4000, clock=time.time).add(ARN, 2)
    entries = [
        [Entry(b"%d %d" % (writer, number), f"{writer} {number % 5}") for number in range(1000)]
        for writer in range(4)
    ]
    found: dict[str, list[Record]] = {}
    followers: list[threading.Thread] = []

    def write(own: list[Entry]) -> None:
        for start in range(0, 1000, 25):
            stream.put(own[start : start + 25])

    def follow(shard_id: str) -> None:
        records: list[Record] = []
        position: int | None = 0
        while position is not None:
            assert stream.wait(shard_id, position, timeout=60)
            read = stream.read(shard_id, position, limit=40)
            records += read.records
            position = read.next
        found[shard_id] = records

    def begin(shard_ids: Iterable[str]) -> None:
        for shard_id in shard_ids:
            followers.append(threading.Thread(target=follow, args=(shard_id,)))
            followers[-1].start()

    begin(stream.shards)
    writers = [threading.Thread(target=write, args=(own,)) for own in entries]
    for thread in writers:
        thread.start()
    for count in (3, 1, 4, 2):
        before = set(stream.shards)
        stream.resize(count)
        begin(set(stream.shards) - before)
    for thread in writers:
        thread.join()
    before = set(stream.shards)
    stream.merge(*(shard.id for shard in stream.open_shards))
    (last,) = set(stream.shards) - before
    for thread in followers:
        thread.join()

    assert stream.read(last, 0).records == []
    all_found = sorted(
        (int(each.sequence_number), each) for shard in found.values() for each in shard
    )
    of_keys: dict[str | None, list[bytes]] = {}
    for _, record in all_found:
        of_keys.setdefault(record.partition_key, []).append(record.data)
    for writer, own in enumerate(entries):
        for number in range(5):
            expected = [entry.data for entry in own[number::5]]
            assert of_keys[f"{writer} {number}"] == expected
    assert all(
        shard == sorted(shard, key=lambda each: int(each.sequence_number))
        for shard in found.values()
    )


def test_files_go_when_all_in_them_has_expired(make: Make, clock: Clock, tmp_path: Path) -> None:
    stream = make(max_bytes=SMALL).add(ARN, 1)
    put(stream, *numbered(100))
    clock.now += HOUR
    put(stream, b"later")
    count = len(files(tmp_path))
    clock.now += 23 * HOUR + 1
    assert data_of(read_all(stream)) == [b"later"]
    assert data_of(read_all(stream, position=50)) == [b"later"]
    assert len(files(tmp_path)) <= 2 < count
    clock.now += HOUR
    assert read_all(stream) == []
    assert not files(tmp_path)
    put(stream, b"new")
    assert data_of(read_all(stream)) == [b"new"]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_has_expired_in_a_file_never_comes_back(
    make: Make, clock: Clock, is_restarted: bool
) -> None:
    streams = make(is_kept=True)
    stream = streams.add(ARN, 1, retention_hours=48)
    put(stream, b"old")
    clock.now += 30 * HOUR
    put(stream, b"new")
    stream.retention_hours = 24
    if is_restarted:
        streams.close()
        stream = make(is_kept=True).find(ARN) or stream
    stream.retention_hours = 48
    assert data_of(read_all(stream)) == [b"new"]


def test_more_than_may_be_on_disk_trims_the_oldest_of_all_streams(
    make: Make, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    streams = make(max_bytes=SMALL)
    old, new = streams.add(ARN, 1), streams.add(f"{ARN}-new", 1)
    numbers = put(old, *numbered(400))
    clock.now += 1
    put(new, *numbered(1200))

    assert sum(file.stat().st_size for file in files(tmp_path)) <= SMALL
    assert "oldest are trimmed" in caplog.text
    assert len(caplog.records) == 1
    assert len(read_all(old)) <= 20  # in one file that was not complete
    left = data_of(read_all(new))
    assert 500 < len(left) < 1200
    assert left == numbered(1200)[-len(left) :]
    start = StartingPosition("AT_TIMESTAMP", timestamp=NOON)
    assert data_of(read_all(new, position=new.position_of(FIRST, start))) == left
    at_first = StartingPosition("AT_SEQUENCE_NUMBER", numbers[0])
    assert old.position_of(FIRST, at_first) == old.position_of(
        FIRST, StartingPosition("TRIM_HORIZON")
    )


def test_many_shards_take_no_more_of_the_disk(make: Make, tmp_path: Path) -> None:
    stream = make(max_bytes=SMALL).add(ARN, 100)
    for _ in range(10):
        stream.put([Entry(bytes(100), None)] * 100)
    assert sum(file.stat().st_size for file in files(tmp_path)) <= SMALL
    assert len(files(tmp_path)) > 100


def test_a_full_disk_loses_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stream = make().add(ARN, 1)
    put(stream, *numbered(10))
    (file,) = files(tmp_path)
    whole = file.stat().st_size
    file.rename(file.with_suffix(".away"))
    file.mkdir()  # not even root can write to it as a file
    monkeypatch.setattr("localstack_embedded.plugin.streams.disk._PAUSE", 0.0)

    put(stream, *numbered(10))

    assert "stay in memory" in caplog.text
    file.rmdir()
    with file.with_suffix(".away").open("ab") as away:
        away.write(b"half a record")
    file.with_suffix(".away").rename(file)
    put(stream, b"last")
    assert data_of(read_all(stream)) == [*numbered(10), *numbered(10), b"last"]
    assert file.stat().st_size > whole


def test_a_deleted_stream_leaves_nothing_on_disk(make: Make, tmp_path: Path) -> None:
    streams = make()
    put(streams.add(ARN, 1), *numbered(10))
    put(streams.add(f"{ARN}-2", 1), *numbered(10))
    streams.remove(ARN)
    assert len(files(tmp_path)) == 1
    streams.close()
    assert not (tmp_path / "streams").exists()


def test_what_a_killed_process_has_left_is_cleared_away(make: Make, tmp_path: Path) -> None:
    put(make().add(ARN, 1), *numbered(10))
    killed(tmp_path / "streams")
    (tmp_path / "killed" / "other").mkdir()
    again = make("killed")
    assert again.find(ARN) is None
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["other"]


def resharded(streams: Streams, clock: Clock) -> Stream:
    """A stream with everything that must be kept."""
    stream = streams.add(ARN, 1, retention_hours=48)
    stream.max_record_bytes = 2**21
    stream.details = {"tags": {"a": "é"}, "consumers": [{"name": "c"}]}
    stream.save()
    put(stream, *numbered(30))
    clock.now += 5
    stream.split(FIRST, 2**127)
    put(stream, *numbered(30), key=None)
    return stream


def looks(stream: Stream) -> dict[str, Any]:
    """Everything that can be read from a stream."""
    return {
        "attributes": (stream.name, stream.arn, stream.created, stream.retention_hours),
        "settings": (stream.max_record_bytes, stream.is_even, stream.details),
        "shards": {
            shard.id: (
                (shard.start, shard.end, shard.parents, shard.children, shard.is_closed),
                (shard.starting_sequence_number, shard.ending_sequence_number),
                read_all(stream, shard.id),
            )
            for shard in stream.shards.values()
        },
    }


@pytest.mark.parametrize("cache_bytes", [0, 100_000])
def test_a_kept_stream_is_there_again_as_it_was(make: Make, clock: Clock, cache_bytes: int) -> None:
    streams = make(is_kept=True, cache_bytes=cache_bytes, max_bytes=SMALL)
    stream = resharded(streams, clock)
    before = looks(stream)
    last = [stream.read(shard_id, 0).next for shard_id in (SECOND, THIRD)]
    streams.close()

    again = make(is_kept=True).find(ARN)

    assert again
    assert looks(again) == before
    assert [again.read(shard_id, 0).next for shard_id in (SECOND, THIRD)] == last
    again.split(SECOND, 2**126)
    assert list(again.shards)[3:] == [f"shardId-{index:012d}" for index in (3, 4)]


def test_a_closed_registry_takes_nothing_more(make: Make, clock: Clock) -> None:
    streams = make(is_kept=True)
    stream = resharded(streams, clock)
    streams.close()
    assert stream.is_deleted
    assert stream.wait(SECOND, 10**6, timeout=0)
    streams.close()


def test_a_killed_process_leaves_what_was_written(make: Make, clock: Clock, tmp_path: Path) -> None:
    stream = resharded(make(is_kept=True, cache_bytes=100_000), clock)
    stream.flush()
    before = looks(stream)
    numbers = put(stream, b"lost")

    killed(tmp_path / "streams")
    again = make("killed", is_kept=True).find(ARN)

    assert again
    assert looks(again) == before
    # A reader of the lost record continues with the new one.
    position = again.position_of(SECOND, StartingPosition("AFTER_SEQUENCE_NUMBER", numbers[0]))
    (number,) = put(again, b"new")
    assert int(number) > int(numbers[0])
    assert data_of(read_all(again, SECOND, position)) == [b"new"]
    assert data_of(read_all(again, SECOND)) == [*numbered(30)[1::2], b"new"]


@pytest.mark.parametrize("cut", [1, 3, 30, 67, 68, 69, 1000])
def test_half_a_record_at_the_end_is_cut_off(
    make: Make, clock: Clock, tmp_path: Path, cut: int
) -> None:
    stream = make(is_kept=True, cache_bytes=10**6).add(ARN, 1)
    put(stream, *numbered(10))  # 68 bytes each with the head, and 3 for the key
    stream.flush()
    folder = killed(tmp_path / "streams")
    (file,) = files(folder)
    size = file.stat().st_size
    assert size == 10 * 71
    os.truncate(file, max(0, size - cut))

    again = make("killed", is_kept=True).find(ARN)

    assert again
    whole = max(0, 10 - -(-cut // 71))
    assert data_of(read_all(again)) == numbered(whole)
    put(again, b"new")
    assert data_of(read_all(again)) == [*numbered(whole), b"new"]


@pytest.mark.parametrize("place", [0, 5, 12, 20, 40, 70])
def test_what_was_written_wrong_is_no_record(make: Make, tmp_path: Path, place: int) -> None:
    stream = make(is_kept=True, cache_bytes=10**6, max_bytes=SMALL).add(ARN, 1)
    put(stream, *numbered(40))
    stream.flush()
    folder = killed(tmp_path / "streams")
    first, *others = files(folder)
    content = bytearray(first.read_bytes())
    content[place + 3 * 71] ^= 0xFF
    first.write_bytes(content)

    again = make("killed", is_kept=True).find(ARN)

    assert again
    found = data_of(read_all(again))
    behind = int(others[0].stem)
    assert found == [*numbered(40)[:3], *numbered(40)[behind:]]


def test_the_last_second_is_all_that_is_lost(make: Make, tmp_path: Path) -> None:
    stream = make(is_kept=True, cache_bytes=10**6).add(ARN, 1)
    put(stream, *numbered(10))
    wait_for(lambda: [file.stat().st_size for file in files(tmp_path)] == [710], "the records")


def test_a_stream_deleted_while_it_is_kept_stays_away(make: Make, clock: Clock) -> None:
    streams = make(is_kept=True)
    stream = resharded(streams, clock)
    streams.remove(ARN)
    stream.flush()
    stream.save()
    streams.close()
    assert make(is_kept=True).find(ARN) is None


def test_numbers_of_a_stream_that_was_kept_stay_its_own(make: Make, clock: Clock) -> None:
    streams = make(is_kept=True)
    (number,) = put(streams.add(ARN, 1), b"a")
    streams.close()
    again = make(is_kept=True)
    stream = again.find(ARN)
    assert stream
    assert stream.position_of(FIRST, StartingPosition("AT_SEQUENCE_NUMBER", number)) == 0
    again.remove(ARN)
    with pytest.raises(SequenceNumberError):
        again.add(ARN, 1).position_of(FIRST, StartingPosition("AT_SEQUENCE_NUMBER", number))


def test_a_shard_that_expires_while_it_is_read_from_files_is_gone(make: Make) -> None:
    times = [NOON]
    stream = make(clock=lambda: times.pop(0) if times[1:] else times[0]).add(ARN, 1)
    put(stream, b"a", b"b")
    stream.split(FIRST, 2**127)

    times[:] = [NOON, NOON + 25 * HOUR]

    with pytest.raises(NoSuchShardError):
        stream.read(FIRST, 0)


def test_files_are_for_nobody_else_and_leave_no_folder(make: Make, tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        streams = make("own")
        put(streams.add(ARN, 1), b"a")
    finally:
        os.umask(mask)
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700

    streams.close()

    assert not (tmp_path / "own").exists()


def test_trying_to_write_costs_no_more_the_more_is_in_memory(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = make().add(ARN, 1)
    (tmp_path / "streams").rmdir()
    (tmp_path / "streams").touch()  # a file, where no folder can be created
    put(stream, *[b""] * 20_000)
    tried = []

    def all_of(records: list[Record], _max_bytes: int) -> list[Record]:
        tried.append(len(records))
        return records

    monkeypatch.setattr("localstack_embedded.plugin.streams.log.within", all_of)

    put(stream, b"last")

    assert tried == [5000]
    (tmp_path / "streams").unlink()
    assert len(stream.read(FIRST, 19_990).records) == 11
