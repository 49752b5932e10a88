"""Where the streams of a LocalStack store their records."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from localstack_embedded.plugin.kinesis.store import own_folder, streams_of
from localstack_embedded.plugin.streams import Entry, Streams

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
MIB = 2**20


def put_mebibytes(streams: Streams, count: int) -> int:
    """Put `count` records of a mebibyte; returns how many can be read afterward."""
    stream = streams.add(ARN, 1)
    stream.put([Entry(bytes(MIB - 3), "key")] * count)
    position, found = 0, 0
    while True:
        read = stream.read("shardId-000000000000", position)
        found += len(read.records)
        if not read.records:
            return found
        assert read.next is not None
        position = read.next


def test_what_is_too_much_for_memory_is_on_disk(tmp_path: Path) -> None:
    streams = streams_of({}, tmp_path)
    assert put_mebibytes(streams, 40) == 40
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.records")) >= 16 * MIB
    streams.close()
    assert not tmp_path.exists()


def test_the_user_says_how_much_may_be_on_disk(tmp_path: Path) -> None:
    streams = streams_of({"KINESIS_DISK_LIMIT_MB": "5"}, tmp_path)
    assert put_mebibytes(streams, 40) < 30
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.records")) <= 5 * MIB
    streams.close()


def test_limits_of_shards_are_on_when_the_user_wants_them(tmp_path: Path) -> None:
    assert not streams_of({}, tmp_path).has_limits
    assert streams_of({"KINESIS_SHARD_LIMITS": "1"}, tmp_path).has_limits


def test_what_a_localstack_that_was_killed_has_left_is_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    for name in (f"kinesis-{ended.pid}", f"kinesis-{os.getppid()}", "kinesis-notes"):
        (tmp_path / name).mkdir()

    assert own_folder(tmp_path) == tmp_path / f"kinesis-{os.getpid()}"
    assert {each.name for each in tmp_path.iterdir()} == {
        f"kinesis-{os.getppid()}",
        "kinesis-notes",
    }
