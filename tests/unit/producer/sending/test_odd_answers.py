"""Answers that are not what Kinesis documents, from an emulator or from a proxy in front of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st

from producer import DeliveryError, Settings, kinesis_client_config
from producer.sending.direct_calls import write_and_read_directly
from producer.sending.kinesis import RecordRejected, put_records
from tests.unit.producer.doubles import KinesisServer, client_of_the_producer, reply_with

TWO: list[Any] = [{"Data": b"1", "PartitionKey": "a"}, {"Data": b"2", "PartitionKey": "b"}]

WRONG_FIELDS = [
    b'{"Records": [{"SequenceNumber": "1"}, {"SequenceNumber": 2}]}',
    b'{"Records": [{"SequenceNumber": "1"}, {"SequenceNumber": "2", "ShardId": []}]}',
    b'{"Records": [{"SequenceNumber": "1"}, {"ErrorCode": {"E": 1}}]}',
]
READ_BY_BOTOCORE = [
    b"",
    b"no JSON",
    b"{}",
    b'{"Records": null}',
    b'{"Records": []}',
    b'{"Records": [{"SequenceNumber": "1"}]}',
    b'{"Records": [{"SequenceNumber": "1"}, {}]}',
    b'{"Records": [{"SequenceNumber": "1"}, {"SequenceNumber": null}]}',
    b'{"Records": [{"SequenceNumber": "1"}, {"ErrorCode": "E", "ErrorMessage": "m"}]}',
    b'{"FailedRecordCount": 0, "Records": [{"ErrorCode": "E"}, {"ErrorCode": "F"}]}',
    b'{"Records": [{"SequenceNumber": "1"}, {"SequenceNumber": "2"}], "ResponseMetadata": 5}',
    *WRONG_FIELDS,
]
NOT_READ_BY_BOTOCORE = [
    b"[" * 100_000,
    b"null",
    b"5",
    b"[]",
    b'["Records"]',
    "Ung\u00fcltig".encode("latin-1"),
    b'{"Records": 5}',
    b'{"Records": "ab"}',
    b'{"Records": {"a": {}, "b": {}}}',
    b'{"Records": [1, 2]}',
    b'{"Records": ["a", "b"]}',
    b'{"Records": [{"SequenceNumber": "1"}, null]}',
]


def named(answer: bytes) -> str:
    return answer[:80].decode(errors="replace")


@pytest.fixture
def client(server: KinesisServer) -> Iterator[Any]:
    with server.client(kinesis_client_config(Settings())) as client:
        write_and_read_directly(client)
        yield client


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("answer", READ_BY_BOTOCORE, ids=named)
def test_an_answer_is_taken_as_botocore_takes_it(
    server: KinesisServer, client: Any, status: int, answer: bytes
) -> None:
    server.script = [reply_with(status, answer)] * 2
    with server.client(kinesis_client_config(Settings())) as ordinary:
        expected = put_records(ordinary, "tweets", TWO)

    assert put_records(client, "tweets", TWO) == expected


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("answer", [*WRONG_FIELDS, *NOT_READ_BY_BOTOCORE], ids=named)
def test_an_answer_of_other_types_acknowledges_nothing(
    server: KinesisServer, client: Any, status: int, answer: bytes
) -> None:
    server.script = [reply_with(status, answer)]

    assert put_records(client, "tweets", TWO).codes == ["IncompleteAnswer"] * 2


@pytest.mark.parametrize(
    "body",
    [*NOT_READ_BY_BOTOCORE, b'{"__type": 5}', b'{"__type": null}', b'{"message": {"a": 1}}'],
    ids=named,
)
def test_an_error_that_is_not_kinesis_own_counts_by_its_status(
    server: KinesisServer, client: Any, body: bytes
) -> None:
    server.script = [reply_with(503, body), reply_with(403, body)]

    assert put_records(client, "tweets", TWO).codes == ["503"] * 2
    with pytest.raises(DeliveryError, match="perhaps a proxy: it answered 403"):
        put_records(client, "tweets", TWO)


class Answering:
    """A client whose calls all get this answer."""

    status = 200
    body = b""

    def __init__(self, client: Any) -> None:
        self.client = client
        client.meta.events.register("before-send.kinesis.PutRecords", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        body = self.body

        class Raw:
            def stream(self) -> Iterator[bytes]:
                yield body

        return AWSResponse(request.url or "", self.status, HTTPHeaders(), Raw())


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    client = client_of_the_producer()
    write_and_read_directly(client)
    yield Answering(client)
    client.close()


NAMES = ["Records", "SequenceNumber", "ShardId", "ErrorCode", "ErrorMessage", "__type", "message"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=12,
)
jsons = values | st.fixed_dictionaries({"Records": st.lists(values, min_size=2, max_size=2)})
bodies = jsons.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20)


@given(status=st.sampled_from([200, 201, 300, 301, 400, 413, 500, 503]), body=bodies)
def test_whatever_is_answered_leads_to_codes_or_to_an_error_for_a_person(
    answering: Answering, status: int, body: bytes
) -> None:
    answering.status, answering.body = status, body
    try:
        answer = put_records(answering.client, "tweets", TWO)
    except (RecordRejected, DeliveryError):
        assert status >= 300
        return

    assert len(answer.codes) == len(answer.shards) == 2
    assert {type(value) for value in (*answer.codes, *answer.shards)} <= {str, type(None)}
    assert "" not in answer.codes
