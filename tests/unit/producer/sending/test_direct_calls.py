"""What the client sends and takes is what it is without the short cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from producer import Settings, kinesis_client_config
from producer.sending.direct_calls import Entries, write_and_read_directly
from producer.sending.kinesis import put_records
from tests.unit.producer.doubles import FakeKinesis, KinesisServer, fail_with, reply_with, result_of

TWO: list[Any] = [{"Data": b"1", "PartitionKey": "a"}, {"Data": b"2", "PartitionKey": "b"}]

entries = st.lists(
    st.fixed_dictionaries(
        {
            "Data": st.binary(max_size=200),
            "PartitionKey": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        },
        optional={"ExplicitHashKey": st.integers(0, 2**128 - 1).map(str)},
    ),
    min_size=1,
    max_size=8,
)


@contextmanager
def new_client(*, direct: bool, config: Config | None = None) -> Iterator[Any]:
    client = boto3.client(
        "kinesis",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="secret",
        config=config or kinesis_client_config(Settings()),
    )
    if direct:
        write_and_read_directly(client)
    try:
        yield client
    finally:
        client.close()


class Sent(NamedTuple):
    """A request; the names of its headers are in lower case."""

    url: str
    headers: dict[str, str]
    body: bytes


class Wire:
    """Two clients, one of them direct, that keep their last request instead of sending it."""

    def __init__(self, clients: list[Any]) -> None:
        self.requests: list[Sent] = []
        self.clients = clients
        for client in clients:
            client.meta.events.register("before-send.kinesis.PutRecords", self._keep)

    def _keep(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        self.requests.append(Sent(request.url or "", headers, cast(bytes, request.body)))

        class Raw:
            def stream(self) -> Iterator[bytes]:
                yield b'{"Records": []}'

        return AWSResponse(self.requests[-1].url, 200, HTTPHeaders(), Raw())

    def requests_of(self, sent: list[Any], **stream: str) -> list[Sent]:
        self.requests = []
        for client in self.clients:
            client.put_records(Records=Entries(sent), **stream)
        return self.requests


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with new_client(direct=True) as direct, new_client(direct=False) as ordinary:
        yield Wire([direct, ordinary])


@given(sent=entries)
def test_the_body_says_what_botocore_would_say(wire: Wire, sent: list[dict[str, Any]]) -> None:
    direct, ordinary = wire.requests_of(sent, StreamName="tweets")

    assert json.loads(direct.body) == json.loads(ordinary.body)
    assert direct.url == ordinary.url
    assert direct.headers["x-amz-target"] == ordinary.headers["x-amz-target"]
    assert direct.headers["content-type"] == ordinary.headers["content-type"]


def test_a_stream_named_otherwise_is_passed_on(wire: Wire) -> None:
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
    direct, ordinary = wire.requests_of(TWO, StreamARN=arn)

    assert json.loads(direct.body) == json.loads(ordinary.body)
    assert direct.url == ordinary.url


def test_length_and_signature_are_those_of_the_body_sent(wire: Wire) -> None:
    request, _ = wire.requests_of(TWO, StreamName="tweets")
    assert request.headers["content-length"] == str(len(request.body))

    authorization = request.headers["authorization"]
    signed = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    again = AWSRequest(
        "POST",
        request.url,
        {name: request.headers[name] for name in signed if name in request.headers},
        request.body,
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials("test", "secret"), "kinesis", "us-east-1")
    signature = signer.signature(
        signer.string_to_sign(again, signer.canonical_request(again)), again
    )

    assert authorization.endswith(f"Signature={signature}")


@pytest.mark.parametrize(("config", "expected"), [(None, 30.0), (Config(read_timeout=7), 21.0)])
def test_an_answer_is_waited_for_as_long_as_the_entries_say(
    config: Config | None, expected: float
) -> None:
    waits: list[float] = []

    def note(request: Any, **_: object) -> None:
        waits.append(request.context["read_timeout"])

    with new_client(direct=True, config=config) as client:
        client.meta.events.register("before-send.kinesis.PutRecords", note)
        Wire([client])
        put_records(client, "tweets", TWO, patience=3.0)

    assert waits == [expected]


def test_an_error_is_raised_with_its_code(server: KinesisServer) -> None:
    server.script = [fail_with(400, "ResourceNotFoundException")]
    with server.client(kinesis_client_config(Settings())) as client:
        write_and_read_directly(client)

        with pytest.raises(client.exceptions.ResourceNotFoundException, match="scripted"):
            client.put_records(StreamName="tweets", Records=TWO)


def test_all_that_kinesis_answers_is_passed_on(server: KinesisServer) -> None:
    answer = {
        "FailedRecordCount": 1,
        "Records": [result_of(None), result_of("InternalFailure")],
        "EncryptionType": "KMS",
    }
    server.script = [reply_with(200, json.dumps(answer).encode())]
    with server.client(kinesis_client_config(Settings())) as client:
        write_and_read_directly(client)
        found: dict[str, Any] = dict(client.put_records(StreamName="tweets", Records=Entries(TWO)))

    assert found.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert found == answer


def test_calls_with_ordinary_lists_are_botocores(server: KinesisServer) -> None:
    with server.client(kinesis_client_config(Settings())) as client:
        write_and_read_directly(client)
        client.put_records(StreamName="tweets", Records=[{"Data": "data", "PartitionKey": "k"}])

    assert server.stored == {b"data": 1}


def test_doing_it_twice_changes_nothing(server: KinesisServer) -> None:
    with server.client(kinesis_client_config(Settings())) as client:
        write_and_read_directly(client)
        write_and_read_directly(client)

        assert put_records(client, "tweets", TWO).codes == [None, None]


def test_a_client_that_validates_goes_on_working() -> None:
    with new_client(direct=True, config=Config()) as client:
        wire = Wire([client])

        (request,) = wire.requests_of(TWO, StreamName="tweets")

    assert len(json.loads(request.body)["Records"]) == 2


def test_a_stubber_sees_the_records() -> None:
    with new_client(direct=True) as client, Stubber(client) as stubber:
        stubber.add_response(
            "put_records",
            {"Records": [result_of(None)] * 2},
            {"StreamName": "tweets", "Records": TWO},
        )

        assert put_records(client, "tweets", TWO).codes == [None, None]


def test_what_is_no_client_of_botocore_is_left_alone() -> None:
    kinesis = FakeKinesis()

    write_and_read_directly(kinesis.client)

    assert put_records(kinesis.client, "tweets", TWO).codes == [None, None]
