"""The cost of a PutRecords call, and botocore's share of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.clients import STREAM, boto3_client
from benchmarks.measuring import Sample, Table, Way, metered
from benchmarks.stub_kinesis import StubKinesis, stub_kinesis
from benchmarks.tweets import fake_tweets

_RECORDS = 500
_CALLS = 60

Call = Callable[[list[Any]], int]
"""Put entries, and return how many were refused."""


def call_table() -> Table:
    """Return the table of calls in sequence, each with 500 tweets."""
    ways = {
        "botocore as it comes": _botocore,
        "botocore without validation": _unvalidated,
        "botocore, body and answer written and read directly (ours)": _directly,
        "urllib3, signed by botocore's SigV4Auth": _by_hand,
    }
    return Table(
        title="A PutRecords call of 500 tweets, Kinesis takes 0 ms",
        unit="call",
        ways=tuple(Way(name=name, measure=partial(_measure, way)) for name, way in ways.items()),
        baseline="botocore as it comes",
        note="The last way renews no credentials, knows only one endpoint, and parses no errors.",
    )


def _measure(way: Callable[[StubKinesis], Call]) -> Sample:
    tweets = fake_tweets(_RECORDS)
    entries = [{"Data": data, "PartitionKey": key} for data, key in tweets]
    with stub_kinesis() as stub:
        call = way(stub)
        call(entries)
        stub.forget()
        with metered() as meter:
            refused = sum(call(entries) for _ in range(_CALLS))
        if refused or stub.books().fewest < _CALLS:
            raise AssertionError("not all records were accepted")
    return meter.sample(_CALLS, {"µs CPU a tweet": meter.cpu / _CALLS / _RECORDS * 1e6})


def _botocore(stub: StubKinesis) -> Call:
    return _putting(boto3_client(stub), list)


def _unvalidated(stub: StubKinesis) -> Call:
    from producer import Settings, kinesis_client_config

    return _putting(boto3_client(stub, config=kinesis_client_config(Settings())), list)


def _directly(stub: StubKinesis) -> Call:
    from producer import Settings, kinesis_client_config
    from producer.sending.direct_calls import Entries, write_and_read_directly

    client = boto3_client(stub, config=kinesis_client_config(Settings()))
    write_and_read_directly(client)
    return _putting(client, Entries)


def _putting(client: Any, entries_of: Callable[[list[Any]], Any]) -> Call:
    def call(entries: list[Any]) -> int:
        return _refused(client.put_records(StreamName=STREAM, Records=entries_of(entries)))

    return call


def _by_hand(stub: StubKinesis) -> Call:
    import urllib3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    from producer.sending.direct_calls import body_of

    signer = SigV4Auth(Credentials("test", "test"), "kinesis", "us-east-1")
    pool = urllib3.PoolManager()
    headers = {
        "X-Amz-Target": "Kinesis_20131202.PutRecords",
        "Content-Type": "application/x-amz-json-1.1",
    }

    def call(entries: list[Any]) -> int:
        body = body_of({"StreamName": STREAM}, entries)
        request = AWSRequest("POST", stub.url, headers=dict(headers), data=body)
        signer.add_auth(request)
        answer = pool.request("POST", stub.url, body=body, headers=dict(request.headers.items()))
        return _refused(json.loads(answer.data))

    return call


def _refused(answer: Any) -> int:
    return sum("ErrorCode" in result for result in answer["Records"])
