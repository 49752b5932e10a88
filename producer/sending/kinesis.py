"""The only module that calls Kinesis and interprets its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from producer.errors import DeliveryError, SettingsError
from producer.first_words import first_words, plain
from producer.sending.answer import SHARD_FULL, Answer
from producer.sending.direct_calls import Entries
from producer.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry

_TRANSIENT_STATUS = frozenset({408, 429})
_TRANSIENT = frozenset(
    {
        "BandwidthLimitExceeded",
        "KMSThrottlingException",
        "LimitExceededException",
        SHARD_FULL,
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_NAMED_SHARD = re.compile(r"\bshardId-\d+")

_BAD_RECORD_STATUS = frozenset({413})
_BAD_RECORD = frozenset(
    {"InvalidArgumentException", "SerializationException", "ValidationException"}
)
_ADVICE = {
    "ResourceNotFoundException": "deploy the stack first, or name an existing stream",
    "AccessDeniedException": "use credentials that allow kinesis:PutRecords on this stream",
    "ExpiredToken": "renew the credentials",
    "ExpiredTokenException": "renew the credentials",
    "InvalidSignatureException": "check the secret access key and this computer's clock",
    "RequestExpired": "check this computer's clock",
    "UnrecognizedClientException": "check the access key",
    "InvalidClientTokenId": "check the access key",
    "InvalidCredentials": "remove spaces and line breaks from the access key and session token",
    "KMSAccessDeniedException": "allow these credentials kms:GenerateDataKey on the stream's key",
    "KMSDisabledException": "enable the stream's KMS key",
    "KMSInvalidStateException": "check the state of the stream's KMS key",
    "KMSNotFoundException": "the stream's KMS key is gone: restore it, or encrypt the stream with "
    "another key",
    "NoCredentialsError": "set credentials, for example with AWS_PROFILE",
}


class RecordRejected(Exception):
    """Kinesis refuses a whole call because of a record in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kinesis_client_config(settings: Settings) -> Config:
    """Configuration for the client passed to `produce`. botocore's retries are off because it would
    resend a whole call;

    `produce` resends only the refused records. Its validation is off because it takes a fifth of
    the CPU time, and Kinesis validates too.
    """
    return Config(
        connect_timeout=5,
        read_timeout=10,
        max_pool_connections=settings.calls_in_flight,
        parameter_validation=False,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
    )


def require_stream_name(stream: str) -> None:
    """Raise SettingsError unless Kinesis allows the name; see StreamName in its API reference."""
    if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,128}", stream):
        raise SettingsError(
            f"{stream!r} is not a valid stream name: use 1 to 128 letters, digits, '_', '.' or '-'"
        )


def put_records(
    client: KinesisClient, stream: str, entries: Sequence[Entry], *, patience: float = 1.0
) -> Answer:
    """Send one PutRecords call.

    Waits for the answer `patience` times as long as the client is configured to.

    If the call fails as a whole with a temporary error, every entry gets that error. Kinesis may
    have stored entries of a call that timed out: they are sent again, and stored twice.

    Raises RecordRejected when an entry makes the call invalid, DeliveryError when no call can
    succeed.
    """
    try:
        records = Entries(entries, patience=patience)
        said = client.put_records(StreamName=stream, Records=records)
    except ClientError as error:
        return Answer.failure(_code_of(error, stream), len(entries))
    except ParamValidationError as error:
        raise RecordRejected(type(error).__name__) from error
    except (ConnectionError, HTTPClientError, ResponseParserError) as error:
        if isinstance(error, HTTPClientError) and isinstance(error.kwargs.get("error"), ValueError):
            # Its message quotes the header, which is a secret.
            told = "these credentials contain characters that an HTTP header can't carry"
            raise _no_use(stream, "InvalidCredentials", told) from None
        return Answer.failure(type(error).__name__, len(entries))
    except BotoCoreError as error:
        raise _no_use(stream, type(error).__name__, str(error)) from error
    answer = _read(said.get("Records"), len(entries))
    return answer or Answer.failure("IncompleteAnswer", len(entries))


def _read(results: Any, entries: int) -> Answer | None:
    """The answer in these results, None if they are not what Kinesis answers."""
    if not isinstance(results, list) or len(results) != entries or {*map(type, results)} != {dict}:
        return None
    # FailedRecordCount is not used: not every implementation counts correctly.
    errors = [result.get("ErrorCode") for result in results]
    numbers = [result.get("SequenceNumber") for result in results]
    shards = [result.get("ShardId") for result in results]
    if not {*map(type, errors), *map(type, numbers), *map(type, shards)} <= {str, NoneType}:
        return None
    codes = [
        error or (None if number else "NoSequenceNumber")
        for error, number in zip(errors, numbers, strict=True)
    ]
    answer = Answer(codes, shards)
    if answer.is_accepted:
        return answer
    named = [
        shard if code is None else _shard_named_in(result)
        for shard, code, result in zip(shards, codes, results, strict=True)
    ]
    return Answer(codes, named)


def _shard_named_in(result: Mapping[str, Any]) -> str | None:
    """The shard that refused an entry: PutRecordsResultEntry says that the message names it."""
    found = _NAMED_SHARD.search(str(result.get("ErrorMessage")))
    return found and found[0]


def _code_of(error: ClientError, stream: str) -> str:
    code = error.response.get("Error", {}).get("Code") or "Unknown"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _TRANSIENT or status in _TRANSIENT_STATUS or status >= 500:
        return code
    if code in _BAD_RECORD or status in _BAD_RECORD_STATUS:
        raise RecordRejected(code) from error
    message = error.response.get("Error", {}).get("Message", "")
    raise _no_use(stream, code, message) from error


def _no_use(stream: str, code: str, message: str) -> DeliveryError:
    text = f"nothing can be sent to the stream {stream!r}: "
    if code.isdecimal():
        # Kinesis names each of its errors; a bare status comes from something in front of it.
        text += f"the endpoint is not Kinesis, but perhaps a proxy: it answered {code} and "
        return DeliveryError(
            f"{text}{first_words(message)}; check HTTPS_PROXY and AWS_ENDPOINT_URL"
        )
    # The rest repeats the request with all its headers, including the session token.
    message = plain(message.partition("The Canonical String")[0]).rstrip(". ")
    text += f"{code}: {message}" if message else code
    return DeliveryError(f"{text}; {_ADVICE[code]}" if code in _ADVICE else text)
