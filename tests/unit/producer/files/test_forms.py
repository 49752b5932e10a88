from __future__ import annotations

import errno
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import Origin, SourceError
from producer.files.chunks import Chunks
from producer.files.reading import open_events
from producer.files.values import values
from tests.tweets import file_source, open_tweets
from tests.unit.producer.files.conftest import Keep
from tests.unit.producer.files.forms import (
    FORMS,
    Write,
    array,
    json_of,
    lines,
    objects,
    search,
    tweets,
)

THREE = tweets(3)
every_form = pytest.mark.parametrize(
    ("write", "form"), FORMS.values(), ids=[name.replace(" ", "-") for name in FORMS]
)


def sent(path: Path | str, author: str | None = None) -> list[bytes]:
    return [record.data for record in file_source(path, author=author)]


@contextmanager
def piped(content: bytes, *, size: int) -> Iterator[str]:
    """A pipe that gets so many bytes at a time."""
    read_end, write_end = os.pipe()

    def write() -> None:
        for start in range(0, len(content), size):
            os.write(write_end, content[start : start + size])
        os.close(write_end)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield f"/dev/fd/{read_end}"
    finally:
        writer.join()
        os.close(read_end)


@every_form
def test_each_tweet_of_a_file_is_a_record(keep: Keep, write: Write, form: str) -> None:
    reading = open_tweets(keep(write(THREE)))
    given = [piece.record for piece in reading]

    assert [json.loads(record.data) for record in given] == THREE
    assert [record.partition_key for record in given] == ["ada_0", "ada_1", "ada_2"]
    assert not any(b"\n" in record.data or b"\r" in record.data for record in given)
    assert reading.form == form
    assert reading.bytes_read == reading.size


@every_form
@pytest.mark.parametrize("size", [1, 7])
def test_it_is_the_same_from_a_pipe_that_trickles(write: Write, form: str, size: int) -> None:
    with piped(write(THREE), size=size) as pipe:
        assert [json.loads(data) for data in sent(pipe)] == THREE


@every_form
def test_a_run_goes_on_after_any_piece(keep: Keep, write: Write, form: str) -> None:
    path = keep(write(THREE))
    for piece, left in zip(open_tweets(path), (2, 1, 0), strict=True):
        rest = [later.record.data for later in open_tweets(path, start=piece.end)]
        # Of a line with several tweets, those before come again.
        assert rest[len(rest) - left :] == sent(path)[3 - left :]
        assert len(rest) == left or write in (search, FORMS["premium search"][0])


@pytest.mark.heavy
@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=4),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                lambda inner: st.lists(inner, max_size=3),
                max_leaves=5,
            ),
            min_size=1,
            max_size=4,
        ).map(lambda other: {"text": "t", **other}),
        max_size=5,
    ),
    st.integers(1, 40),
    st.sampled_from([None, 0, 3, "\t"]),
    st.booleans(),
)
def test_whatever_a_tweet_holds_comes_out_as_it_went_in(
    written: list[dict[str, object]], size: int, indent: int | str | None, is_ascii: bool
) -> None:
    document = json.dumps(written, indent=indent, ensure_ascii=is_ascii)
    content = document.encode("utf-8", "surrogatepass")
    chunks = Chunks(content[start : start + size] for start in range(0, len(content), size))

    given_back = [json.loads(text) for _, text in values(chunks, "some file")]

    expected = document.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    assert given_back == json.loads(expected)


def test_a_tweet_keeps_its_bytes() -> None:
    odd = (
        rb'{"text":"\ud800 \u00e9 \/","a":1.10,"a":1E400,"b":-0,"text":"twice"}',
        b'{"text":"\xff\xc3( no UTF-8"}',
        b'{"text":"t","n":' + b"9" * 5000 + b"}",
        b'{"text": "t", "n": NaN}',
    )
    with piped(b"[\n" + b"\n,\t".join(odd) + b"]", size=1 << 16) as pipe:
        assert sent(pipe) == list(odd)


def test_lines_that_are_no_tweets_are_the_functions_to_judge(keep: Keep) -> None:
    odd = [b"no JSON", b'{"id": 1, "te', b"[1, 2]", b"[" + json_of(THREE[0]) + b"]", b"7", b"{}"]
    for first in odd:
        content = b"\n".join([first, json_of(THREE[0]), *odd, json_of(THREE[1])])
        assert sent(keep(content)) == content.split(b"\n"), first


def test_a_tweet_from_a_pipe_is_a_record_before_anything_else_comes() -> None:
    read_end, write_end = os.pipe()
    source = file_source(f"/dev/fd/{read_end}")
    try:
        for tweet in THREE:
            os.write(write_end, json_of(tweet) + b"\n")
            assert next(source).data == json_of(tweet)
    finally:
        os.close(write_end)
        assert list(source) == []
        os.close(read_end)


def test_a_record_says_where_it_was_found(keep: Keep) -> None:
    path = keep(b"\n" + lines(THREE))
    assert [r.origin for r in file_source(path)] == [Origin(str(path), n) for n in (2, 3, 4)]
    path = keep(array(THREE, indent=1))
    assert [str(r.origin) for r in file_source(path)] == [f"tweet {n} of {path}" for n in (1, 2, 3)]


@pytest.mark.parametrize("name", ["gzip", "bzip2 in parts", "xz in parts", "zstd in parts"])
def test_what_comes_before_a_cut_is_sent_and_the_cut_is_told(keep: Keep, name: str) -> None:
    write, _ = FORMS[name]
    many = tweets(2000)
    content = write(many)
    path = keep(content[: len(content) * 9 // 10])
    given: list[bytes] = []

    with pytest.raises(SourceError, match=r"some file is incomplete: its \w+ data ends early"):
        given.extend(record.data for record in file_source(path))

    assert 100 < len(given) < 2000
    assert given == lines(many).splitlines()[: len(given)]


def test_damage_in_compressed_data_is_told_with_its_place(keep: Keep) -> None:
    content = bytearray(FORMS["gzip"][0](THREE))
    content[-8:-4] = b"sum!"
    with pytest.raises(
        SourceError, match=r"is damaged: its gzip data can't be decompressed near byte \d"
    ):
        sent(keep(bytes(content)))
    with pytest.raises(SourceError, match="its gzip data can't be decompressed near byte"):
        sent(keep(FORMS["gzip"][0](THREE) + b"and more"))


@pytest.mark.parametrize("rest", [b"", b"\x07", b" and then only text", b"\x08\x00 and text"])
def test_what_begins_like_gzip_and_is_none_is_no_record(keep: Keep, rest: bytes) -> None:
    with pytest.raises(SourceError, match="its gzip data"):
        sent(keep(b"\x1f\x8b" + rest))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda data: data[:-40], r"is incomplete: line 1, character \d+ is not valid JSON"),
        (
            lambda data: data[:-1],
            "is incomplete: line 1, character .* is not valid JSON .* is missing",
        ),
        (
            lambda data: data.replace(b', {"created', b' {"created'),
            r"is damaged: line 1, character 293 is not valid JSON \(, is missing\)",
        ),
        (lambda data: data + b" <html>", "is damaged: line 1, character .* is not valid JSON"),
        (lambda data: data[:-1] + b", " + b"[" * 100_000, "is not valid JSON"),
    ],
)
def test_a_broken_array_is_told_with_its_place(
    keep: Keep, spoil: Callable[[bytes], bytes], told: str
) -> None:
    given: list[bytes] = []
    with pytest.raises(SourceError, match=told):
        given.extend(record.data for record in file_source(keep(spoil(array(THREE)))))
    assert given == [json_of(tweet) for tweet in THREE[: len(given)]]
    assert given


def test_the_place_in_an_indented_file_is_its_line(keep: Keep) -> None:
    content = objects(tweets(500)).replace(b'"id": 1234567890123456789400,', b'"id": ,')
    line = content[: content.index(b'"id": ,')].count(b"\n") + 1
    with pytest.raises(
        SourceError, match=f"is damaged: line {line:,}, character 11 is not valid JSON"
    ):
        sent(keep(content))


def test_a_value_that_never_ends_is_not_read_into_memory(keep: Keep) -> None:
    path = keep(b'[{"text": "' + b"x" * (17 << 20))
    with pytest.raises(
        SourceError,
        match=r"line 1, character 2 is longer than 16,777,216 ch.*\n  jq -c .*some file",
    ):
        sent(path)


def test_a_file_that_fails_while_it_is_read_is_named(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(file: io.FileIO) -> Iterator[bytes]:
        yield lines(THREE)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("producer.files.reading.raw_chunks", broken)
    source = file_source(keep(lines(THREE)))

    assert [json.loads(next(source).data) for _ in THREE] == THREE
    with pytest.raises(SourceError, match=r"reading .*some file failed: Input/output"):
        next(source)


@pytest.mark.parametrize("indent", [None, 1])
def test_events_that_look_like_a_page_of_tweets_stay_whole(keep: Keep, indent: int | None) -> None:
    checks = [{"statuses": [{"up": True}, {"up": False}], "at": number} for number in range(2)]

    reading = open_events(keep(json.dumps(checks, indent=indent).encode()))

    assert [json.loads(piece.record.data) for piece in reading] == checks
