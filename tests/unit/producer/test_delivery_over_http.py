"""The real client against a server that answers, refuses, fails and falls silent."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from producer import DeliveryError, OutgoingRecord, Settings, kinesis_client_config, produce
from producer.report import Report
from tests.http_server import Request
from tests.unit.producer.doubles import (
    THROTTLED,
    KinesisServer,
    accept,
    answer_with,
    data_of,
    fail_with,
    records,
    refuse,
    reset_connection,
    store_and_stay_silent,
)

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

SETTINGS = Settings(max_records=50, calls_in_flight=2, linger=0.01)


def send(
    outgoing: list[OutgoingRecord],
    client: KinesisClient,
    undelivered: Path,
    *,
    settings: Settings = SETTINGS,
) -> Report:
    return produce(
        outgoing,
        client=client,
        stream="tweets",
        undelivered=undelivered,
        settings=settings,
        random=lambda: 0.0,
    )


def test_records_arrive_as_they_were(server: KinesisServer, undelivered: Path) -> None:
    outgoing = [
        OutgoingRecord('{"text": "안녕 🌍"}'.encode(), "사용자"),
        OutgoingRecord(bytes(set(range(256)) - {10}), "binary"),
    ]
    with server.client(kinesis_client_config(SETTINGS)) as client:
        report = send(outgoing, client, undelivered)

    assert report.sent == 2
    assert server.stored == Counter(data_of(outgoing))


def test_faults_that_pass_lose_nothing_and_double_nothing(
    server: KinesisServer, undelivered: Path
) -> None:
    server.script = [
        answer_with(lambda data: [THROTTLED, *[None] * (len(data) - 1)]),
        fail_with(500, "InternalFailure"),
        reset_connection,
        answer_with(refuse, failed_record_count=1),
        fail_with(400, THROTTLED),
        fail_with(503, "ServiceUnavailable"),
    ]
    outgoing = records(300)

    with server.client(kinesis_client_config(SETTINGS)) as client:
        report = send(outgoing, client, undelivered)

    assert server.stored == Counter(data_of(outgoing))
    assert (report.sent, report.failed) == (300, 0)
    assert report.retried == sum(report.errors.values())
    assert set(report.errors) == {
        THROTTLED,
        "InternalFailure",
        "ConnectionClosedError",
        "ServiceUnavailable",
    }


def test_faults_lose_and_double_nothing_of_aggregates_either(
    server: KinesisServer, undelivered: Path
) -> None:
    settings = replace(SETTINGS, aggregate=True)
    server.script = [
        answer_with(lambda data: [None, THROTTLED, *[None] * (len(data) - 2)]),
        fail_with(500, "InternalFailure"),
        reset_connection,
        answer_with(refuse, failed_record_count=1),
    ]
    outgoing = [record._replace(data=record.data.ljust(2000)) for record in records(1000)]

    with server.client(kinesis_client_config(settings)) as client:
        report = send(outgoing, client, undelivered, settings=settings)

    assert server.stored == Counter(data_of(outgoing))
    assert (report.read, report.sent, report.failed) == (1000, 1000, 0)
    assert report.retried == sum(report.errors.values()) > 12
    assert report.bytes_sent == sum(record.size for record in outgoing)
    assert sum(map(len, server.calls)) < 300


def test_a_call_that_times_out_after_it_was_stored_is_sent_twice(
    server: KinesisServer, undelivered: Path
) -> None:
    server.script = [store_and_stay_silent]
    outgoing = records(10)
    config = kinesis_client_config(SETTINGS).merge(Config(read_timeout=0.2))

    with server.client(config) as client:
        report = send(outgoing, client, undelivered)

    first = server.calls[0]
    again = server.stored - Counter(data_of(outgoing))
    # On a busy machine, the next answer may be as late.
    assert again >= Counter(first)
    assert set(server.stored) == set(data_of(outgoing))
    assert (report.sent, report.retried) == (10, again.total())
    assert report.errors == {"ReadTimeoutError": again.total()}


def test_an_answer_later_than_the_clients_timeout_is_waited_for(
    server: KinesisServer, undelivered: Path
) -> None:
    def late(kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
        time.sleep(0.7)
        answer_with(accept)(kinesis, request, data)

    config = kinesis_client_config(SETTINGS).merge(Config(read_timeout=0.6))

    def is_waited_for() -> bool:
        server.script = [late]
        with server.client(config) as client:
            report = send(records(5), client, undelivered)
        assert (report.sent, report.failed) == (5, 0)
        return report.retried == 0

    # A machine that is busy with something else may answer even later now and then.
    assert any(is_waited_for() for _ in range(5))
    assert set(server.stored) == set(data_of(records(5)))


def test_a_stream_that_does_not_exist_is_said_at_once(
    server: KinesisServer, undelivered: Path
) -> None:
    server.script = [fail_with(400, "ResourceNotFoundException")] * 10

    with (
        server.client(kinesis_client_config(SETTINGS)) as client,
        pytest.raises(DeliveryError, match="'tweets': ResourceNotFoundException: scripted; deploy"),
    ):
        send(records(10), client, undelivered)

    assert sorted(undelivered.read_bytes().splitlines()) == data_of(records(10))


def test_an_endpoint_where_nobody_listens_leaves_everything_in_the_file(
    undelivered: Path,
) -> None:
    nobody = KinesisServer()
    nobody.url = "http://127.0.0.1:1"
    impatient = Settings(give_up_after=0.0)

    with nobody.client(kinesis_client_config(impatient)) as client:
        report = produce(
            records(10),
            client=client,
            stream="tweets",
            undelivered=undelivered,
            settings=impatient,
        )

    assert (report.sent, report.failed) == (0, 10)
    assert report.errors == {"EndpointConnectionError": 10}
    assert sorted(undelivered.read_bytes().splitlines()) == data_of(records(10))
