from __future__ import annotations

import os
import select
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import producer
from producer import (
    OutgoingRecord,
    SettingsError,
    SourceError,
)
from producer.files.reading import MAX_LINE_BYTES
from producer.undelivered import append
from tests.tweets import fake_source, file_source, partition_key_of


def read(path: Path, content: bytes) -> list[bytes]:
    path.write_bytes(content)
    return [record.data for record in file_source(path)]


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    return tmp_path / "tweets.ndjson"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n\r\n  \n", []),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\n\n \t\nb\n", [b"a", b"b"]),
        (b" a \n", [b" a "]),
        (b"a\rb\n", [b"a\rb"]),
        (b"\xef\xbb\xbfa\nb\n", [b"a", b"b"]),
        (b"\xef\xbb\xbfa", [b"a"]),
        (b"\xef\xbb\xbf", []),
        (b"\xc3( is not UTF-8\n", [b"\xc3( is not UTF-8"]),
    ],
)
def test_every_line_that_is_not_blank_is_a_record_as_it_stands(
    tweets: Path, content: bytes, expected: list[bytes]
) -> None:
    assert read(tweets, content) == expected


@given(lines=st.lists(st.integers(1, 300_000), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lines_survive_however_the_reads_cut_them(tweets: Path, lines: list[int]) -> None:
    expected = [b"%d" % n + b"x" * n for n in lines]

    assert read(tweets, b"\n".join(expected)) == expected


def test_a_record_carries_its_authors_key(tweets: Path) -> None:
    tweets.write_bytes(b'{"user": {"screen_name": "author"}}\nnot JSON\n')

    keys = [record.partition_key for record in file_source(tweets)]

    assert keys == ["author", partition_key_of(b"not JSON")]


def test_a_missing_file_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot read .*/none: No such file or directory"):
        file_source(tmp_path / "none")
    with pytest.raises(SourceError, match="Is a directory"):
        file_source(tmp_path)


def test_a_file_without_lines_is_not_read_into_memory(tweets: Path) -> None:
    with tweets.open("wb") as file:
        file.write(b"{}\n")
        file.truncate(4 * MAX_LINE_BYTES)
    source = file_source(tweets)

    assert next(source).data == b"{}"
    with pytest.raises(SourceError, match=r"line 2 of .*tweets\.ndjson is longer than"):
        next(source)


def test_a_line_from_a_pipe_is_a_record_before_the_next_one_comes() -> None:
    read_end, write_end = os.pipe()
    source = file_source(f"/dev/fd/{read_end}")
    try:
        for line in (b"one", b"two"):
            os.write(write_end, line + b"\n")
            assert next(source).data == line
    finally:
        os.close(write_end)
        assert list(source) == []
        os.close(read_end)


def test_fake_tweets_come_as_records_and_are_the_same_for_a_seed() -> None:
    def fakes() -> list[OutgoingRecord]:
        return list(fake_source(seed=7, count=50, malformed=0.2, duplicates=0.2))

    first = fakes()

    assert len(first) > 50
    assert all(record.data and record.partition_key for record in first)
    assert first == fakes()


def test_undelivered_fakes_can_be_sent_again_as_they_were(tweets: Path) -> None:
    fakes = [record.data for record in fake_source(seed=7, count=300, malformed=0.5)]
    append(tweets, fakes)

    assert [record.data for record in file_source(tweets)] == fakes


def test_a_fake_tweet_has_the_same_key_from_a_file(tweets: Path) -> None:
    fakes = list(fake_source(seed=7, count=50))
    append(tweets, [record.data for record in fakes])

    assert [record[:2] for record in file_source(tweets)] == [fake[:2] for fake in fakes]


def test_settings_of_the_generator_that_make_no_sense_are_found_at_once() -> None:
    with pytest.raises(SettingsError, match="count must be 0 or more, not -1"):
        fake_source(seed=7, count=-1)


def test_standard_input_that_does_not_block_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    kept = os.dup(0)
    os.dup2(read_end, 0)
    given: list[bytes] = []
    waits: list[object] = []

    def write_one_more(readable: list[object], *_: object) -> None:
        waits.append(readable)
        if len(waits) < 5:
            os.write(write_end, b'{"n":%d}\n' % len(waits))
        else:
            os.close(write_end)

    monkeypatch.setattr(select, "select", write_one_more)
    try:
        given = [record.data for record in file_source("-")]
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read_end)

    assert given == [b'{"n":%d}' % n for n in range(1, 5)]
    assert len(waits) == 5, "it waits and does not spin"


@pytest.mark.parametrize(
    ("shapes", "way"),
    [
        ((), r"These events have one\. Leave out --shape"),
        (("v1",), "Set --shape to v1$"),
        (("v1", "v2", "v3"), "Set --shape to v1, v2 or v3$"),
    ],
)
def test_a_shape_that_events_lack_is_refused_with_those_that_they_have(
    shapes: tuple[str, ...], way: str
) -> None:
    events: Any = SimpleNamespace(shapes=shapes)
    with pytest.raises(SettingsError, match=rf"^there is no shape v9\. {way}"):
        producer.fake_source(events, seed=0, count=1, shape="v9")
