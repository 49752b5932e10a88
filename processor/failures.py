"""Translates a client's exceptions into this package's errors."""

from __future__ import annotations

from botocore.exceptions import ChecksumError, ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from processor.errors import CallFailed, Invalid, Refused, Retryable

# AWS's retryable error codes with status 400.
_RETRYABLE_CODES = frozenset(
    {
        "KmsThrottled",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
_INVALID_CODES = frozenset(
    {
        "BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "SerializationException",
        "ValidationException",
    }
)
_BROKEN_CONNECTION = (ChecksumError, ConnectionError, HTTPClientError, ResponseParserError)


def is_retryable(code: str) -> bool:
    """Whether an error code means that the same request may succeed a moment later."""
    return _plain(code) in _RETRYABLE_CODES


def failure(error: Exception) -> CallFailed:
    """Translate a client's exception; unknown ones count as refused."""
    if isinstance(error, _BROKEN_CONNECTION):
        return Retryable(type(error).__name__, str(error))
    if not isinstance(error, ClientError):
        return Refused(type(error).__name__, str(error))
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if is_retryable(code) or status >= 500 or status == 429:
        return Retryable(code, message)
    if _plain(code) in _INVALID_CODES:
        return Invalid(code, message)
    return Refused(code, message)


def _plain(code: str) -> str:
    """Drop a prefix such as SQS's "AWS.SimpleQueueService." from an error code."""
    return code.rpartition(".")[2]
