from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.stub import Stubber

from producer import DeliveryError, Settings, SettingsError, kinesis_client_config
from producer.sending.batches import Held
from producer.sending.kinesis import RecordRejected, put_records, require_stream_name
from tests.unit.producer.doubles import (
    THROTTLED,
    FakeKinesis,
    client_of_the_producer,
    records,
    result_of,
)

THREE = [Held(record, record.size, 0.0).entry() for record in records(3)]


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = client_of_the_producer()
    with Stubber(client) as stubber:
        yield client, stubber
    client.close()


def test_a_call_names_the_stream_and_carries_data_and_keys(stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response(
        "put_records",
        {"Records": [result_of(None)] * 3},
        {
            "StreamName": "tweets",
            "Records": THREE,
        },
    )

    assert put_records(client, "tweets", THREE).codes == [None, None, None]


@pytest.mark.parametrize("failed_record_count", [1, 2, 3])
def test_error_codes_are_read_from_the_entries_whatever_the_total_says(
    stubbed: tuple[Any, Stubber], failed_record_count: int
) -> None:
    client, stubber = stubbed
    results = [result_of("InternalFailure"), result_of(None), result_of(THROTTLED)]
    stubber.add_response(
        "put_records", {"FailedRecordCount": failed_record_count, "Records": results}
    )

    assert put_records(client, "tweets", THREE).codes == ["InternalFailure", None, THROTTLED]


def test_an_answer_with_too_few_entries_acknowledges_nothing(
    stubbed: tuple[Any, Stubber],
) -> None:
    client, stubber = stubbed
    stubber.add_response("put_records", {"Records": [result_of(None)]})

    assert put_records(client, "tweets", THREE).codes == ["IncompleteAnswer"] * 3


def test_an_entry_without_a_sequence_number_is_not_acknowledged(
    stubbed: tuple[Any, Stubber],
) -> None:
    client, stubber = stubbed
    stubber.add_response("put_records", {"Records": [{}, result_of(None), result_of(None)]})

    assert put_records(client, "tweets", THREE).codes == ["NoSequenceNumber", None, None]


def test_the_shard_of_an_entry_is_known_whether_it_was_accepted_or_refused(
    stubbed: tuple[Any, Stubber],
) -> None:
    client, stubber = stubbed
    message = "Rate exceeded for shard shardId-000000000007 in stream tweets under account 1."
    full = {"ErrorCode": THROTTLED, "ErrorMessage": message}
    stubber.add_response(
        "put_records", {"Records": [result_of(None), full, result_of("InternalFailure")]}
    )

    answer = put_records(client, "tweets", THREE)

    assert answer.shards == ["shardId-000000000000", "shardId-000000000007", None]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (THROTTLED, 400),
        ("KMSThrottlingException", 400),
        ("LimitExceededException", 400),
        ("ThrottlingException", 400),
        ("InternalFailure", 500),
        ("ServiceUnavailable", 503),
        ("Anything", 429),
    ],
)
def test_a_call_that_may_work_later_is_every_records_error(
    stubbed: tuple[Any, Stubber], code: str, status: int
) -> None:
    client, stubber = stubbed
    stubber.add_client_error("put_records", code, http_status_code=status)

    assert put_records(client, "tweets", THREE).codes == [code] * 3


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
        EndpointConnectionError(endpoint_url="http://x"),
        ConnectionClosedError(endpoint_url="http://x"),
        SSLError(endpoint_url="http://x", error=OSError("broken")),
    ],
)
def test_a_broken_connection_is_every_records_error(error: Exception) -> None:
    def broken(_: list[bytes]) -> list[str | None]:
        raise error

    answer = put_records(FakeKinesis(broken).client, "tweets", THREE)

    assert answer.codes == [type(error).__name__] * 3


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ValidationException", 400),
        ("InvalidArgumentException", 400),
        ("SerializationException", 400),
        ("RequestEntityTooLarge", 413),
    ],
)
def test_a_call_spoilt_by_a_record_is_rejected(
    stubbed: tuple[Any, Stubber], code: str, status: int
) -> None:
    client, stubber = stubbed
    stubber.add_client_error("put_records", code, http_status_code=status)

    with pytest.raises(RecordRejected, match=code):
        put_records(client, "tweets", THREE)


def test_a_client_that_validates_may_reject_a_record_too() -> None:
    client = boto3.client(
        "kinesis", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with pytest.raises(RecordRejected, match="ParamValidationError"):
        put_records(client, "tweets", [{"Data": b"{}", "PartitionKey": ""}])
    client.close()


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "deploy the stack first"),
        ("AccessDeniedException", "kinesis:PutRecords"),
        ("ExpiredTokenException", "renew the credentials"),
        ("UnrecognizedClientException", "check the access key"),
        ("KMSDisabledException", "the reason"),
        ("SomethingNew", "the reason"),
    ],
)
def test_a_refusal_that_no_retry_heals_says_what_and_what_to_do(
    stubbed: tuple[Any, Stubber], code: str, advice: str
) -> None:
    client, stubber = stubbed
    stubber.add_client_error("put_records", code, "the reason")

    with pytest.raises(DeliveryError) as caught:
        put_records(client, "tweets", THREE)

    message = str(caught.value)
    assert "'tweets'" in message
    assert f"{code}: the reason" in message
    assert advice in message


def test_missing_credentials_are_no_matter_of_retrying() -> None:
    def penniless(_: list[bytes]) -> list[str | None]:
        raise NoCredentialsError

    with pytest.raises(DeliveryError, match="AWS_PROFILE"):
        put_records(FakeKinesis(penniless).client, "tweets", THREE)


@pytest.mark.parametrize("name", ["", "a b", "tweets!", "x" * 129, "tweets\n"])
def test_a_name_no_stream_can_have_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(SettingsError, match="not a valid stream name"):
        require_stream_name(name)


def test_the_client_neither_retries_nor_runs_out_of_connections() -> None:
    config: Any = kinesis_client_config(Settings(calls_in_flight=12))

    assert config.retries["total_max_attempts"] == 1
    assert config.max_pool_connections == 12


def test_credentials_that_no_header_can_carry_are_refused_and_not_shown() -> None:
    client = boto3.client(
        "kinesis",
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        aws_session_token="hunter2\nhunter2",
        config=kinesis_client_config(Settings()),
    )

    with pytest.raises(DeliveryError, match="line breaks from the access key and") as refused:
        put_records(client, "tweets", THREE)
    client.close()

    assert "hunter2" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_what_kinesis_repeats_of_the_request_is_not_shown(stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    said = (
        "The request signature we calculated does not match the one you provided.\n\nThe Canonical "
        "String for this request should have been\n'POST\n/\n\nx-amz-security-token:hunter2\n'"
    )
    stubber.add_client_error("put_records", "InvalidSignatureException", said, 403)

    with pytest.raises(DeliveryError, match="you provided; check the secret access key") as refused:
        put_records(client, "tweets", THREE)

    assert "hunter2" not in str(refused.value)
