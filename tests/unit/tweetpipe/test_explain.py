from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
)

from tweetpipe.explain import explain


def answer(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "first\n  second"}}, "PutRecords")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoCredentialsError(), "No AWS credentials found"),
        (PartialCredentialsError(provider="env", cred_var="KEY"), "No AWS credentials found"),
        (SSOTokenLoadError(error_msg="old"), "The AWS sign-in has expired"),
        (TokenRetrievalError(provider="sso", error_msg="old"), "The AWS sign-in has expired"),
        (ProfileNotFound(profile="mine"), "(mine) could not be found. Set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="http://x"), "The connection failed"),
        (ConnectTimeoutError(endpoint_url="http://x"), "The connection failed"),
        (ReadTimeoutError(endpoint_url="http://x"), "The connection failed"),
        (NoRegionError(), "You must specify a region."),
        (answer("ExpiredToken"), "The AWS credentials have expired"),
        (answer("UnrecognizedClientException"), "does not accept these credentials"),
        (answer("AccessDeniedException"), "These credentials lack a permission"),
        (answer("ValidationException"), "PutRecords was refused"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_explained_in_one_line(error: BotoCoreError | ClientError, says: str) -> None:
    line = explain(error)

    assert says in line
    assert "\n" not in line


def test_what_aws_said_is_kept() -> None:
    assert explain(answer("ValidationException")).endswith("first second")
