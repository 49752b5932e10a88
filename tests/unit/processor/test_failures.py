from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from processor.errors import CallFailed, Invalid, Refused, Retryable
from processor.failures import failure
from tests.unit.processor.fakes import client_error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("ProvisionedThroughputExceededException"), Retryable),
        (client_error("ThrottlingException"), Retryable),
        (client_error("RequestLimitExceeded"), Retryable),
        (client_error("KMS.ThrottlingException"), Retryable),
        (client_error("Whatever", 500), Retryable),
        (client_error("Whatever", 429), Retryable),
        (ReadTimeoutError(endpoint_url="http://localhost"), Retryable),
        (ConnectTimeoutError(endpoint_url="http://localhost"), Retryable),
        (EndpointConnectionError(endpoint_url="http://localhost"), Retryable),
        (client_error("ValidationException"), Invalid),
        (client_error("AWS.SimpleQueueService.BatchRequestTooLong"), Invalid),
        (client_error("AccessDeniedException"), Refused),
        (client_error("ResourceNotFoundException"), Refused),
        (client_error("Whatever"), Refused),
        (NoCredentialsError(), Refused),
        (BotoCoreError(), Refused),
        (TypeError("a mistake of ours"), Refused),
    ],
    ids=repr,
)
def test_errors_are_told_apart_by_what_to_do(error: Exception, kind: type[CallFailed]) -> None:
    assert type(failure(error)) is kind
