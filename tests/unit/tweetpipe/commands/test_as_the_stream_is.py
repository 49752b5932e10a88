"""What is sent follows what the stack's parameters say of its stream and its identities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from producer import OutgoingRecord, Settings
from producer.outgoing import MAX_RECORD_BYTES
from tests.unit.producer.doubles import KinesisServer, kinesis_server
from tests.unit.tweetpipe.stubs import complete_stack, place_at
from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.aws.stack import Stack
from tweetpipe.commands.delivering import deliver

# Without an access key, as with ProducerUser=false.
STACK = complete_stack(KinesisStream="s")
LARGE = OutgoingRecord(b"x" * (MAX_RECORD_BYTES + 1), "k")


@pytest.fixture
def kinesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KinesisServer]:
    monkeypatch.chdir(tmp_path)
    with kinesis_server() as server:
        yield server


def send(
    kinesis: KinesisServer, stack: Stack, *records: OutgoingRecord, settings: Settings | None = None
) -> None:
    deliver(place_at(kinesis.url), stack, records, total=len(records), settings=settings)


def test_where_the_stack_has_no_user_ones_own_credentials_sign(kinesis: KinesisServer) -> None:
    send(kinesis, STACK, OutgoingRecord(b"{}", "k"))

    assert kinesis.stored == {b"{}": 1}


def test_a_large_record_is_sent_where_the_stream_takes_it(kinesis: KinesisServer) -> None:
    send(kinesis, replace(STACK, parameters={"MaxRecordSizeKiB": "2048"}), LARGE)

    assert kinesis.stored == {LARGE.data: 1}


def test_one_that_is_too_large_for_the_stream_is_told_with_its_limit(
    kinesis: KinesisServer,
) -> None:
    larger = OutgoingRecord(b"x" * 2 * MAX_RECORD_BYTES, "k")

    with pytest.raises(TweetpipeError, match="Kinesis accepts at most 2,097,152"):
        send(kinesis, replace(STACK, parameters={"MaxRecordSizeKiB": "2048"}), larger)


def test_nothing_is_aggregated_for_a_stream_that_ignores_keys(kinesis: KinesisServer) -> None:
    even = replace(STACK, parameters={"RecordDistribution": "AUTO"})

    with pytest.raises(
        WrongUsage,
        match=r"RecordDistribution=AUTO.*Leave out --aggregate.*\n  tweetpipe deploy .*_KEY$",
    ):
        send(kinesis, even, OutgoingRecord(b"{}", "k"), settings=Settings(aggregate=True))
    send(kinesis, even, OutgoingRecord(b"{}", "k"))

    assert kinesis.stored == {b"{}": 1}
