"""Calls that the thread which reads them answers are answered as LocalStack's own way does."""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from localstack_embedded import Instance
from tests.clients import aws_client

ITEM = {"id": {"S": "é"}, "number": {"N": "1.50"}}
RECORD = {"Data": "MTIz", "PartitionKey": "a"}

CALLS: list[tuple[str, Any]] = [
    ("PutItem", {"Item": ITEM, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}),
    ("PutItem", {"Item": {"id": {"N": "1"}}}),
    ("PutItem", {"Item": ITEM, "ConditionExpression": "attribute_not_exists(id)"}),
    ("GetItem", {"Key": {"id": {"S": "é"}}, "ConsistentRead": True}),
    ("GetItem", {"TableName": "nowhere", "Key": {"id": {"S": "a"}}}),
    ("GetItem", []),
    ("GetItem", "no JSON"),
    ("UpdateItem", {"Key": {"id": {"S": "b"}}, "UpdateExpression": "SET a = :a"}),
    ("DeleteItem", {"Key": {"id": {"S": "b"}}, "ReturnValues": "ALL_OLD"}),
    ("TransactGetItems", {"TransactItems": []}),
    ("PutRecord", RECORD),
    ("PutRecord", {**RECORD, "Data": "?"}),
    ("PutRecord", {**RECORD, "ExplicitHashKey": "x"}),
    ("PutRecords", {"Records": [RECORD, RECORD]}),
    ("PutRecords", {"Records": []}),
    ("PutRecords", {"StreamName": "nowhere", "Records": [RECORD]}),
    ("PutRecords", None),
]


@dataclass(frozen=True)
class Place:
    """A table and a stream of the same name."""

    port: int
    name: str

    def answer(self, path: str, operation: str, request: Any, **headers: str) -> Any:
        """Status, the headers that say something, and the answer, but for numbers that differ."""
        records = operation.startswith("PutRecord")
        service = headers.pop("service", "kinesis" if records else "dynamodb")
        if isinstance(request, dict):
            request = {"StreamName" if records else "TableName": self.name, **request}
        body = request if isinstance(request, str) else json.dumps(request)
        region = headers.pop("region", "us-east-1")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(
                "POST",
                path,
                body.encode(),
                {
                    "X-Amz-Target": f"{'Kinesis_20131202' if records else 'DynamoDB_20120810'}."
                    f"{operation}",
                    "Content-Type": f"application/x-amz-json-1.{int(records)}",
                    "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20261126/{region}/{service}"
                    "/aws4_request, SignedHeaders=host, Signature=0",
                    **headers,
                },
            )
            answer = connection.getresponse()
            said = json.loads(answer.read() or b"null", object_hook=without_numbers)
            named = {
                name.lower(): "" if name.lower() in ("date", "x-amzn-requestid") else value
                for name, value in answer.getheaders()
            }
        finally:
            connection.close()
        named.pop("content-length")
        return answer.status, named, said


def without_numbers(found: dict[str, Any]) -> dict[str, Any]:
    """What isn't another each time."""
    return {name: value for name, value in found.items() if name != "SequenceNumber"}


@pytest.fixture(scope="module")
def place(emulator: Instance) -> Place:
    name = f"direct-{uuid.uuid4().hex[:8]}"
    dynamodb, kinesis = (aws_client(emulator, service) for service in ("dynamodb", "kinesis"))
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return Place(emulator.port, name)


@pytest.mark.parametrize(("operation", "request_"), CALLS)
def test_both_ways_give_the_same_answer(place: Place, operation: str, request_: Any) -> None:
    place.answer("/?", "PutItem", {"Item": ITEM})
    # With a query, however empty, a call goes LocalStack's way.
    whole = place.answer("/?", operation, request_)
    assert place.answer("/", operation, request_) == whole


@pytest.mark.parametrize(
    "headers",
    [{"region": "eu-nowhere-1"}, {"Accept": "application/x-amz-cbor-1.1"}, {"service": "kinesis"}],
)
def test_an_unusual_call_is_answered_the_same(place: Place, headers: dict[str, str]) -> None:
    request = {"Key": {"id": {"S": "a"}}}
    assert place.answer("/", "GetItem", request, **headers) == place.answer(
        "/?", "GetItem", request, **headers
    )


def test_requests_that_come_together_are_all_answered(place: Place) -> None:
    body = json.dumps({"TableName": place.name, "Key": {"id": {"S": "a"}}})
    request = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n"
        "Content-Type: application/x-amz-json-1.0\r\nAuthorization: AWS4-HMAC-SHA256"
        " Credential=test/20261126/us-east-1/dynamodb/aws4_request, SignedHeaders=x, Signature=0"
        f"\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    with socket.create_connection(("127.0.0.1", place.port), timeout=60) as connection:
        connection.sendall(3 * request.encode())
        answers = b""
        while answers.count(b"HTTP/1.1 200 ") < 3:
            answers += connection.recv(65536) or pytest.fail("the connection was closed")
