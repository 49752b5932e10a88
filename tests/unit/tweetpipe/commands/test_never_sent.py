"""Records that Kinesis never takes: they are named and kept once, and nobody is to resend them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from producer.outgoing import MAX_RECORD_BYTES
from tests.http_server import Request
from tests.unit.producer.doubles import (
    KinesisServer,
    accept,
    answer_with,
    fail_with,
)
from tests.unit.tweetpipe.commands.conftest import Produce

SMALL = b'{"n": 1}'
LARGE = b'{"n": "%s"}' % (b"x" * MAX_RECORD_BYTES)


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("options", [(), ("--resume",)])
def test_a_record_that_is_too_large_is_named_with_line_and_limit_and_kept_once(
    options: tuple[str, ...], produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    tweets, undelivered = tmp_path / "tweets.ndjson", tmp_path / "undelivered.ndjson"
    tweets.write_bytes(b"\n".join([SMALL, b"", LARGE, SMALL, b""]))

    first = produce("file", "tweets.ndjson", *options)
    there = names(tmp_path)
    again = [produce("file", "undelivered.ndjson") for _ in range(2)]

    assert lines(undelivered) == [LARGE]
    assert names(tmp_path) == there
    assert kinesis.stored == {SMALL: 2}
    limit = f"but Kinesis accepts at most {MAX_RECORD_BYTES:,}"
    assert "1 record can't be sent: line 3 of tweets.ndjson has 1,048,6" in first.stderr
    assert "It stays in undelivered.ndjson" in first.stderr
    assert all("line 1 of undelivered.ndjson has 1,048,6" in run.stderr for run in again)
    for run in (first, *again):
        assert run.returncode == 1
        assert limit in run.stderr
        assert "again" not in run.stderr


def test_what_can_be_sent_again_is_told_apart_from_what_can_not(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    # The small one comes last: the run ends as soon as it is refused.
    (tmp_path / "tweets.ndjson").write_bytes(b"\n".join([LARGE, LARGE, SMALL]))
    kinesis.script = [fail_with(400, "ExpiredTokenException")] * 9

    run = produce("file", "tweets.ndjson")

    assert "3 record" not in run.stderr
    assert "2 records can't be sent: line 1 of tweets.ndjson has" in run.stderr
    assert "They stay in undelivered.ndjson" in run.stderr
    assert "1 record could not be delivered. It is in undelivered.ndjson. To send" in run.stderr
    assert "RecordTooLarge" not in run.stderr
    assert sorted(lines(tmp_path / "undelivered.ndjson")) == sorted([LARGE, LARGE, SMALL])


def test_a_record_that_kinesis_calls_invalid_is_named_with_its_line(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    (tmp_path / "tweets.ndjson").write_bytes(b'{"n": 1}\n{"bad": 2}\n{"n": 3}\n')

    def refuse_the_bad_one(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
        bad = any(b"bad" in record for record in data)
        step = fail_with(400, "InvalidArgumentException") if bad else answer_with(accept)
        step(kinesis, request, data)

    kinesis.script = [refuse_the_bad_one] * 9

    run = produce("file", "tweets.ndjson")
    kinesis.script = [refuse_the_bad_one] * 9
    second = produce("file", "undelivered.ndjson")

    assert run.returncode == second.returncode == 1
    assert "line 2 of tweets.ndjson has" in run.stderr
    assert "rejects it as invalid (InvalidArgumentException)" in run.stderr
    assert lines(tmp_path / "undelivered.ndjson") == [b'{"bad": 2}']
    assert names(tmp_path) == {"tweets.ndjson", "undelivered.ndjson"}
    assert kinesis.stored == {b'{"n": 1}': 1, b'{"n": 3}': 1}


def test_of_many_only_the_first_few_are_named(produce: Produce, tmp_path: Path) -> None:
    (tmp_path / "tweets.ndjson").write_bytes(b"\n".join([LARGE] * 5))

    run = produce("file", "tweets.ndjson")

    assert "5 records can't be sent: line 1 of tweets.ndjson has" in run.stderr
    assert run.stderr.count("of tweets.ndjson has") == 3
    assert "and 2 more. " in run.stderr


def test_one_of_standard_input_is_named_too(
    produce: Produce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tweets.ndjson").write_bytes(SMALL + b"\n" + LARGE)
    kept = os.dup(0)
    with (tmp_path / "tweets.ndjson").open("rb") as typed:
        os.dup2(typed.fileno(), 0)
    try:
        run = produce("file", "-")
    finally:
        os.dup2(kept, 0)
        os.close(kept)

    assert "line 2 of standard input has 1,048,6" in run.stderr
    assert lines(tmp_path / "undelivered.ndjson") == [LARGE]
