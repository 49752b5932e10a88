"""What a destination gets of a batch that is given up, compared with AWS's examples."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.destinations import Destination
from localstack_embedded.plugin.mapping.event import Events
from localstack_embedded.plugin.mapping.interfaces import Answer, Batch, GivenUp, Window
from localstack_embedded.tests.mapping_records import StoredRecord

STREAM = "arn:aws:kinesis:us-east-2:123456789012:stream/mystream"
FUNCTION = "arn:aws:lambda:us-east-2:123456789012:function:myfunction"
ROLE = "arn:aws:iam::123456789012:role/r"
MAPPING = "0ee1b3b7-1a3c-4c5a-9d0f-1f2e3d4c5b6a"
SHARD = "shardId-000000000001"
RECORDS = [
    StoredRecord(b"first", arrived=1573691884.835, sequence_number="100"),
    StoredRecord(b"last", "k", arrived=1573691896.0, sequence_number="200"),
]
FAILED = Answer(failure="function", request_id="c9b8fa9f", function_error="Unhandled")


class Service:
    """Stands in for every AWS client that a destination needs."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str]] = []
        self.called: dict[str, Any] = {}

    def __call__(self, *place: str) -> Service:
        self.made.append(place)  # type: ignore[arg-type]
        return self

    def get_queue_url(self, **request: str) -> dict[str, str]:
        return {"QueueUrl": f"http://queues/{request['QueueName']}"}

    def send_message(self, **request: str) -> None:
        self.called = request

    publish = put_object = send_message


def deliver(arn: str, given_up: GivenUp) -> Service:
    service = Service()
    Destination(
        arn,
        MAPPING,
        FUNCTION,
        STREAM,
        Events(STREAM, ROLE),
        service,
        now=lambda: datetime(2019, 11, 14, 0, 38, 6, 21_000, tzinfo=UTC),
    ).deliver(given_up)
    return service


MESSAGE = {
    "requestContext": {
        "requestId": "c9b8fa9f",
        "functionArn": FUNCTION,
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 3,
    },
    "responseContext": {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    },
    "version": "1.0",
    "timestamp": "2019-11-14T00:38:06.021Z",
    "KinesisBatchInfo": {
        "shardId": SHARD,
        "startSequenceNumber": "100",
        "endSequenceNumber": "200",
        "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
        "approximateArrivalOfLastRecord": "2019-11-14T00:38:16.000Z",
        "batchSize": 2,
        "streamArn": STREAM,
    },
}


def exhausted(**changes: Any) -> GivenUp:
    fields: dict[str, Any] = {
        "batch": Batch(SHARD, RECORDS),
        "condition": "RetryAttemptsExhausted",
        "invoke_count": 3,
        "answer": FAILED,
    }
    return GivenUp(**(fields | changes))


def test_a_queue_is_told_where_the_records_are() -> None:
    service = deliver("arn:aws:sqs:eu-west-1:210987654321:letters", exhausted())

    assert service.made == [("sqs", "210987654321", "eu-west-1")]
    assert service.called["QueueUrl"] == "http://queues/letters"
    assert json.loads(service.called["MessageBody"]) == MESSAGE
    assert list(json.loads(service.called["MessageBody"])) == list(MESSAGE)


def test_a_topic_is_told_the_same() -> None:
    topic = "arn:aws:sns:eu-west-1:210987654321:letters"

    service = deliver(topic, exhausted())

    assert service.made == [("sns", "210987654321", "eu-west-1")]
    assert service.called["TopicArn"] == topic
    assert json.loads(service.called["Message"]) == MESSAGE


def test_a_bucket_gets_the_records_too() -> None:
    window = Window(0, 60, {})
    given_up = exhausted(batch=Batch(SHARD, RECORDS, window))

    service = deliver("arn:aws:s3:::letters", given_up)

    assert service.made == [("s3", "123456789012", "us-east-2")]
    assert service.called["Bucket"] == "letters"
    assert re.fullmatch(
        rf"aws/lambda/{MAPPING}/{SHARD}/2019/11/14/2019-11-14T00\.38\.06-[0-9a-f-]{{36}}",
        service.called["Key"],
    )
    body = json.loads(service.called["Body"])
    event = json.loads(Events(STREAM, ROLE).of(Batch(SHARD, RECORDS)))
    assert body == {**MESSAGE, "payload": event}


def test_a_partial_failure_has_no_function_error() -> None:
    service = deliver("arn:aws:sns:us-east-2:1:t", exhausted(answer=Answer(request_id="r")))

    assert json.loads(service.called["Message"])["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": None,
    }


@pytest.mark.parametrize("answer", [None, FAILED])
def test_records_too_old_have_no_response(answer: Answer | None) -> None:
    given_up = exhausted(condition="RecordAgeExceeded", invoke_count=0, answer=answer)

    message = json.loads(deliver("arn:aws:sns:us-east-2:1:t", given_up).called["Message"])

    assert "responseContext" not in message
    assert message["requestContext"]["requestId"]
    assert message["requestContext"]["condition"] == "RecordAgeExceeded"
    assert message["requestContext"]["approximateInvokeCount"] == 1
