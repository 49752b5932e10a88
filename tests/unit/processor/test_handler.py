from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fuzz.aggregates import aggregate
from tests.unit.processor.events import SHARD, encode, kinesis_event, v1_tweet, v2_tweet
from tests.unit.processor.fakes import QUEUE_URL, client_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.processor.aws_server import AwsServer


@dataclass
class Context:
    """The parts of Lambda's context that are used."""

    seconds: float = 30.0
    function_name: str = "tweets-DDBEventProcessor"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:tweets"
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


@dataclass
class Function:
    """The function, and what it wrote to stdout since it was imported."""

    module: Any
    stdout: io.StringIO

    def __call__(self, payloads: list[bytes], *, seconds: float = 30.0) -> Any:
        return self.handle(kinesis_event(payloads), Context(seconds))

    def handle(self, event: object, context: Context) -> Any:
        with redirect_stdout(self.stdout):
            return self.module.handler(event, context)

    def log(self, level: str) -> list[dict[str, Any]]:
        return [line for line in self._lines() if line.get("level") == level]

    def metrics(self) -> list[dict[str, Any]]:
        return [line for line in self._lines() if "_aws" in line]

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.getvalue().splitlines()]


@pytest.fixture
def function(
    aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Function]:
    """The handler imported as Lambda does for a new environment."""
    monkeypatch.setenv("TABLE_NAME", "tweets-EventData")
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", QUEUE_URL)
    # A name of its own, since loggers of one name share the first one's stream.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "tests")
    monkeypatch.delitem(sys.modules, "processor.handler", raising=False)
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        module: Any = importlib.import_module("processor.handler")
    yield Function(module, stdout)
    aws_server.released.set()
    for rounds in (module._table.rounds, module._queue.rounds):
        rounds.pool.shutdown()
    for client in (module._dynamodb, module._sqs):
        client.close()


TWEETS = [encode(v1_tweet(1)), encode(v2_tweet(2)), encode(v1_tweet(1))]


def test_a_batch_is_stored_and_answered(function: Function, aws_server: AwsServer) -> None:
    assert function(TWEETS) == {"batchItemFailures": []}

    assert set(aws_server.dynamodb.items) == {("Ana Example", "1"), ("Ben Example", "2")}
    assert aws_server.dynamodb.tables == {"tweets-EventData"}


def test_of_a_backlog_only_the_first_batch_is_tried_out(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = []

    def fork() -> int:
        children.append(pid := os_fork())
        return pid

    os_fork = os.fork
    monkeypatch.setattr(os, "fork", fork)

    for _ in range(3):
        function(TWEETS)

    assert len(children) == 1


def test_an_empty_event_is_answered(function: Function) -> None:
    assert function([]) == {"batchItemFailures": []}


def test_a_batch_is_one_line_in_the_log(function: Function) -> None:
    function(TWEETS)

    (line,) = function.log("INFO")
    assert line["shard"] == SHARD
    assert line["function_request_id"] == Context().aws_request_id
    counts = {name: line[name] for name in ("records", "stored", "duplicates", "rejected")}
    assert counts == {"records": 3, "stored": 2, "duplicates": 1, "rejected": 0}


def test_a_batch_is_counted_in_metrics(function: Function) -> None:
    started = time.perf_counter()
    function([*TWEETS, b"poison"])
    milliseconds = (time.perf_counter() - started) * 1000

    (metrics,) = function.metrics()
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "tests"
    latency = metrics.pop("BatchLatency")
    assert 0 < latency[0] <= milliseconds
    values = {name: value[0] for name, value in metrics.items() if isinstance(value, list)}
    assert values == {
        "Records": 4,
        "Stored": 2,
        "Duplicates": 1,
        "Rejected": 1,
        "Retries": 0,
        "Unhandled": 0,
    }


@pytest.mark.parametrize(("rejected", "more"), [(10, []), (11, [1]), (25, [15])])
def test_rejections_are_logged_up_to_a_bound_and_without_text(
    function: Function, aws_server: AwsServer, rejected: int, more: list[int]
) -> None:
    tweets = [v1_tweet(number, text="secret", user={"name": " "}) for number in range(rejected)]
    function(list(map(encode, tweets)))

    warnings = function.log("WARNING")
    assert [line["reason"] for line in warnings[:10]] == ["no-author"] * 10
    assert [line["records"] for line in warnings[10:]] == more
    assert "secret" not in function.stdout.getvalue()
    assert len(aws_server.sqs.messages) == rejected


def test_each_record_of_an_aggregate_is_counted_and_logged_by_its_place(function: Function) -> None:
    function([encode(v1_tweet(1)), aggregate([encode(v1_tweet(2)), b"poison"])])

    (line,) = function.log("INFO")
    (warning,) = function.log("WARNING")
    (metrics,) = function.metrics()
    assert (line["records"], line["stored"], metrics["Records"]) == (3, 2, [3])
    assert warning["subsequence_number"] == 1
    assert warning["sequence_number"] == str(int(line["first_sequence_number"]) + 1)


def test_a_refused_batch_is_logged_with_what_to_do(
    function: Function, aws_server: AwsServer
) -> None:
    def fault(_ids: list[str]) -> list[str]:
        raise client_error("AccessDeniedException", message="not authorized")

    aws_server.dynamodb.fault = fault
    event = kinesis_event(TWEETS)

    response = function(TWEETS)

    first = event["Records"][0]["kinesis"]["sequenceNumber"]
    assert response == {"batchItemFailures": [{"itemIdentifier": first}]}
    (error,) = function.log("ERROR")
    assert error["error_code"] == "AccessDeniedException"
    assert "dynamodb:BatchWriteItem" in error["remedy"]


def test_metrics_are_published_when_an_exception_leaves(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(function.module, "process", fail)

    with pytest.raises(ZeroDivisionError):
        function(TWEETS)

    (metrics,) = function.metrics()
    assert metrics["Records"] == [3]


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": {}}, [], None, "text", 5])
def test_an_event_without_records_is_not_taken_for_done(function: Function, event: object) -> None:
    assert function.handle(event, Context()) == {"batchItemFailures": [{"itemIdentifier": ""}]}

    (line,) = function.log("ERROR")
    assert line["message"] == "no list of records in the event"
    (metrics,) = function.metrics()
    assert metrics["Unhandled"] == [1]


@pytest.mark.parametrize("first", [None, 5, {}, {"kinesis": []}, {"eventID": 5, "kinesis": {}}])
def test_an_event_of_odd_records_is_logged_and_answered(
    function: Function, aws_server: AwsServer, first: object
) -> None:
    event = {"Records": [first, *kinesis_event(TWEETS)["Records"]]}

    assert function.handle(event, Context()) == {"batchItemFailures": []}

    (line,) = function.log("INFO")
    assert (line["stored"], line["duplicates"], line["rejected"]) == (2, 1, 1)
    assert len(aws_server.dynamodb.items) == 2


def test_the_function_answers_in_time_when_dynamodb_does_not(
    function: Function, aws_server: AwsServer
) -> None:
    aws_server.faults.append("hang")

    response = function(TWEETS, seconds=1.5)

    assert len(response["batchItemFailures"]) == 1
    (line,) = function.log("ERROR")
    # On a busy machine, time may run out before the call.
    assert line["error_code"] in {"NoAnswer", "OutOfTime"}


def test_connections_that_died_between_batches_are_replaced(
    function: Function, aws_server: AwsServer
) -> None:
    function([encode(v1_tweet(1))])
    aws_server.faults.append("close")

    assert function([encode(v1_tweet(2))]) == {"batchItemFailures": []}
    assert len(aws_server.dynamodb.items) == 2


def test_a_function_without_table_name_says_so_when_it_starts() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TABLE_NAME"}

    start = subprocess.run(
        [sys.executable, "-c", "import processor.handler"],
        env=environment | {"DEAD_LETTER_QUEUE_URL": QUEUE_URL},
        capture_output=True,
        text=True,
        check=False,
    )

    assert start.returncode == 1
    assert "ConfigurationError: set TABLE_NAME in the function's environment" in start.stderr
