"""Clients of the stub Kinesis."""

from __future__ import annotations

from typing import Any

from benchmarks.stub_kinesis import StubKinesis

STREAM = "tweets"
WARM: list[dict[str, Any]] = [{"Data": b"{}", "PartitionKey": "warm"}]


def credentials(stub: StubKinesis) -> dict[str, Any]:
    return {
        "endpoint_url": stub.url,
        "region_name": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


def boto3_client(stub: StubKinesis, **options: Any) -> Any:
    import boto3

    return boto3.client("kinesis", **credentials(stub), **options)


def warm_up(client: Any, stub: StubKinesis) -> None:
    client.put_records(StreamName=STREAM, Records=WARM)
    stub.forget()
