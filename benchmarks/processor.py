"""The function against a stub of DynamoDB: how fast it stores records, and how fast it starts.

All ways get the same events in Lambda's form, made beforehand. An uncounted batch comes first to
warm up the function.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from typing import Any

from benchmarks.measuring import Sample, Table, Way, metered
from benchmarks.stub_dynamodb import Served, serving

Event = dict[str, Any]
Handler = Callable[[Event], object]

_TABLE = "tweets-EventData"
_STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
_IN_AN_AGGREGATE = 10  # tweets of 2.4 KB, as many as make a PUT payload unit of 25 KB
_STARTS = 5
_NOTE = (
    "Mixed tweets of 2.4 KB on average, made beforehand. Measured from the event in the runtime's "
    "form to the answer, logs and metrics included, over plain HTTP: on AWS, every way also pays "
    "for TLS. Powertools writes record by record; its batches have 100, to avoid taking minutes."
)
_START_NOTE = (
    "From the first import to the answer to a first call, in a new interpreter, with a DynamoDB "
    "that answers immediately; the fastest of five, for CPU too. Ours is imported as Lambda does "
    "it, and stores one tweet. 'Times' below 1 means slower than the baseline."
)


def tables() -> list[Table]:
    """Return the tables by service time, then by batch size, then of the cold start."""
    return [
        _table(5, 500),
        _table(0, 500, rounds=2),
        _table(20, 500, rounds=2),
        _table(5, 100, rounds=2),
        _table(5, 2000, rounds=2),
        _cold_start(),
    ]


def _table(milliseconds: int, size: int, *, rounds: int | None = None) -> Table:
    def way(name: str, make: Callable[[], Handler], tweets: int, **options: Any) -> Way:
        batch = options.pop("batch", size)
        work = partial(_measured, make, milliseconds / 1000, tweets, batch, **options)
        return Way(name=name, measure=work, rounds=rounds)

    slow = 4000 if milliseconds <= 5 else 2000
    return Table(
        title=f"Processor: batches of {size:,}, DynamoDB answers after {milliseconds} ms",
        unit="record",
        ways=(
            way("batch_writer, in order", _batch_writer, slow),
            way("Powertools BatchProcessor, PutItem", _powertools, slow // 20, batch=100),
            way("batch_write_item, one after the other", _one_after_the_other, slow),
            way("ours", _ours, 4 * slow),
            way("ours, aggregated records", _ours, 4 * slow, together=_IN_AN_AGGREGATE),
        ),
        baseline="batch_writer, in order",
        note=_NOTE,
    )


def _measured(
    make: Callable[[], Handler], service_time: float, tweets: int, size: int, *, together: int = 1
) -> Sample:
    """Handle so many tweets in batches of `size`, after an extra batch to warm up."""
    batches = max(1, tweets // size)
    events = events_of((batches + 1) * size, size, together)
    # A real file, so that log lines cost what they cost on Lambda.
    with serving(service_time) as stub, open(os.devnull, "w") as log, redirect_stdout(log):
        os.environ.update(_environment(stub))
        handle = make()
        handle(events[0])
        with metered() as meter:
            for event in events[1:]:
                handle(event)
        written = stub.keys()
    if written != (batches + 1) * size:
        raise RuntimeError(f"{written:,} of {(batches + 1) * size:,} tweets were written")
    return meter.sample(batches * size)


def _environment(stub: Served) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": stub.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "stub" * 10,
        "AWS_CONFIG_FILE": os.devnull,
        "TABLE_NAME": _TABLE,
        "DEAD_LETTER_QUEUE_URL": f"{stub.url}/queue",
    }


def events_of(count: int, size: int, together: int = 1) -> list[Event]:
    """Return fake tweets as events of batches, with `together` tweets in an aggregated record."""
    from producer.outgoing import OutgoingRecord
    from producer.sending.aggregation import aggregated
    from tweets.fakes import records

    tweets = [OutgoingRecord(made.data, made.partition_key) for made in records(1, count=count)]
    events = []
    for start in range(0, count, size):
        batch = tweets[start : start + size]
        groups = [batch[at : at + together] for at in range(0, size, together)]
        data = [
            group[0].data if together == 1 else aggregated(group, hash_key="7") for group in groups
        ]
        keys = [group[0].partition_key for group in groups]
        events.append({"Records": list(map(_record, range(start, count), data, keys))})
    return events


def _record(number: int, data: bytes, key: str) -> dict[str, Any]:
    # As on AWS, 56 digits.
    sequence_number = str(10**55 + number)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": sequence_number,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 1_545_084_650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
        "eventSourceARN": _STREAM,
    }


class _Context:
    """Lambda's context, with a minute left."""

    function_name = "tweets-DDBEventProcessor"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:tweets"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _item(tweet: dict[str, Any]) -> dict[str, str]:
    """Return the item of a tweet that is complete; nothing is checked."""
    if "data" in tweet:
        data, (author, *_) = tweet["data"], tweet["includes"]["users"]
        text = data.get("note_tweet", data)["text"]
        return _named(author["name"], data["id"], data["created_at"], text)
    text = tweet.get("extended_tweet", {}).get("full_text") or tweet["text"]
    return _named(tweet["user"]["name"], tweet["id_str"], tweet["created_at"], text)


def _named(username: str, identifier: str, timestamp: str, message: str) -> dict[str, str]:
    # Fake authors may have a blank name, but DynamoDB refuses an empty key.
    return {
        "Username": username or "-",
        "Id": identifier,
        "Timestamp": timestamp,
        "Message": message,
    }


def _decoded(record: dict[str, Any]) -> dict[str, str]:
    return _item(json.loads(base64.b64decode(record["kinesis"]["data"])))


def _batch_writer() -> Handler:
    import boto3

    table = boto3.resource("dynamodb").Table(_TABLE)

    def handle(event: Event) -> object:
        with table.batch_writer() as batch:
            for record in event["Records"]:
                batch.put_item(Item=_decoded(record))
        return {"batchItemFailures": []}

    return handle


def _powertools() -> Handler:
    import boto3
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor,
        EventType,
        process_partial_response,
    )

    table = boto3.resource("dynamodb").Table(_TABLE)
    processor = BatchProcessor(event_type=EventType.KinesisDataStreams)
    context: Any = _Context()

    def store(record: Any) -> None:
        table.put_item(Item=_item(record.kinesis.data_as_json()))

    def handle(event: Event) -> object:
        return process_partial_response(
            event=event, record_handler=store, processor=processor, context=context
        )

    return handle


def _one_after_the_other() -> Handler:
    import boto3

    client = boto3.client("dynamodb")

    def handle(event: Event) -> object:
        requests = [
            {"PutRequest": {"Item": {name: {"S": text} for name, text in _decoded(record).items()}}}
            for record in event["Records"]
        ]
        for start in range(0, len(requests), 25):
            left: Any = {_TABLE: requests[start : start + 25]}
            while left:
                left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]
        return {"batchItemFailures": []}

    return handle


def _ours() -> Handler:
    from processor.handler import handler

    context: Any = _Context()

    def handle(event: Event) -> object:
        answer = handler(event, context)
        if answer != {"batchItemFailures": []}:
            raise RuntimeError(answer)
        return answer

    return handle


# Run by new interpreters, which have imported nothing before their clock starts.
_BARE_START = """
import boto3
client = boto3.client("dynamodb")
item = {name: {"S": "text"} for name in ("Username", "Id", "Timestamp", "Message")}
client.put_item(TableName="tweets-EventData", Item=item)
"""
_OUR_START = """
from processor.handler import handler
assert handler(event, Context()) == {"batchItemFailures": []}
"""
_TIMED = """
import time

class Context:
    function_name = "tweets-DDBEventProcessor"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:tweets"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self):
        return 60_000

event = %r
cpu, wall = time.process_time(), time.perf_counter()
%s
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
from benchmarks.measuring import peak_memory_mb
print("\\n", wall, cpu, peak_memory_mb())
"""


def _cold_start() -> Table:
    return Table(
        title="Cold start",
        unit="start",
        ways=(
            Way(name="bare boto3 client", measure=partial(_started, _BARE_START)),
            Way(name="ours", measure=partial(_started, _OUR_START, with_package=True)),
        ),
        baseline="bare boto3 client",
        note=_START_NOTE,
    )


def _started(code: str, *, with_package: bool = False) -> Sample:
    """Start several times in turn and take the fastest, since noise only makes it slower."""
    (event,) = events_of(1, 1)
    with serving(0) as stub:
        environment = os.environ | _environment(stub)
        starts = [_start(_TIMED % (event, code), environment) for _ in range(_STARTS + 1)]
    # The first start may have to read the modules from disk.
    wall, cpu, peak = min(starts[1:])
    figures = {"package KB": _package_bytes() / 1024} if with_package else {}
    return Sample(units=1, wall=wall, cpu=cpu, peak_mb=peak, figures=figures)


def _start(code: str, environment: dict[str, str]) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    wall, cpu, peak = map(float, done.stdout.splitlines()[-1].split())
    return wall, cpu, peak


def _package_bytes() -> int:
    from tweetpipe import events
    from tweetpipe.deploying import package

    return len(package.archive(events.chosen().packaged))
