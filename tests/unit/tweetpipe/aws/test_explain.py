from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidRegionError,
    LoginTokenLoadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    RefreshWithMFAUnsupportedError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from tweetpipe.aws.explain import engine_lacks, explain, lacks_permission

WHO = "User: arn:aws:sts::123456789012:assumed-role/dev/me is not authorized to perform: "


def answer(code: str, message: str = "first\n  second") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutRecords")


@pytest.mark.parametrize(
    ("error", "says", "advises"),
    [
        (NoCredentialsError(), "No AWS credentials found", "aws sso login"),
        (PartialCredentialsError(provider="env", cred_var="KEY"), "are incomplete", "or neither"),
        (UnauthorizedSSOTokenError(), "sign-in has expired", "\n  aws sso login"),
        (SSOTokenLoadError(error_msg="old"), "sign-in has expired", "\n  aws sso login"),
        (LoginTokenLoadError(error_msg="old"), "sign-in has expired", "\n  aws login"),
        (TokenRetrievalError(provider="sso", error_msg="old"), "has expired", "aws sso login"),
        (RefreshWithMFAUnsupportedError(), "role has expired", "enter the code"),
        (
            CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
            "exit 1",
            "aws sts get-caller-identity",
        ),
        (ProfileNotFound(profile="mine"), "(mine) could not be found", "Set AWS_PROFILE"),
        (ConfigParseError(path="~/.aws/config"), "can't be used", "~/.aws/config"),
        (InvalidRegionError(region_name="us east"), "us east", "Set AWS_REGION"),
        (NoRegionError(), "You must specify a region.", "Set AWS_REGION"),
        (
            EndpointConnectionError(endpoint_url="https://sqs.us-west-9.amazonaws.com/"),
            "AWS could not be reached",
            "AWS_REGION",
        ),
        (
            ReadTimeoutError(endpoint_url="https://kinesis.eu-west-1.amazonaws.com/"),
            "AWS could not be reached",
            "Check your network connection",
        ),
        (
            EndpointConnectionError(endpoint_url="http://x"),
            "connection failed",
            "run:\n  tweetpipe up",
        ),
        (ConnectTimeoutError(endpoint_url="http://x"), "connection failed", "endpoint_url"),
        (ReadTimeoutError(endpoint_url="http://x"), "connection failed", "endpoint_url"),
        (ConnectionClosedError(endpoint_url="http://x"), "connection failed", "endpoint_url"),
        (answer("ExpiredToken"), "credentials have expired", "aws sso login"),
        (answer("ExpiredTokenException"), "credentials have expired", "aws sso login"),
        (answer("UnrecognizedClientException"), "does not accept", "get-caller-identity"),
        (answer("SignatureDoesNotMatch"), "does not accept", "get-caller-identity"),
        (answer("RequestExpired"), "clock differs", "time server"),
        (answer("RequestTimeTooSkewed"), "clock differs", "time server"),
        (answer("SignatureDoesNotMatch", "Signature expired: is now"), "clock differs", "server"),
        (answer("InvalidSignatureException", "Signature not yet current"), "clock", "server"),
        (answer("OptInRequired"), "first second", "Enable the region"),
        (answer("AccessDenied", WHO + "s3:PutObject"), "lack the permission s3:PutObject", "infra"),
        (answer("AccessDeniedException"), "lack the permission for PutRecords", "administrator"),
        (answer("ValidationException"), "PutRecords failed", ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_is_explained_with_what_to_do_and_a_command_on_its_own_line(
    error: BotoCoreError | ClientError, says: str, advises: str
) -> None:
    line = explain(error)

    assert says in line
    assert advises in line
    sentence, *command = line.split("\n")
    assert all(each.startswith("  ") for each in command)
    assert not command or sentence.endswith("run:")
    assert command or line.endswith(".")
    assert ".." not in line


def test_a_connection_that_fails_where_aws_endpoint_url_points_is_no_advice_about_localstack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://x")

    line = explain(EndpointConnectionError(endpoint_url="http://x"))

    assert "AWS_ENDPOINT_URL sends requests to this address" in line
    assert line.endswith("Otherwise, run:\n  unset AWS_ENDPOINT_URL")


def test_what_aws_said_is_kept() -> None:
    assert explain(answer("ValidationException")).endswith("first second.")


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        (
            "kinesis:CreateStream on resource: arn:aws:kinesis:::stream/x because no "
            "identity-based policy allows the kinesis:CreateStream action",
            "lack the permission kinesis:CreateStream on arn:aws:kinesis:::stream/x (because no "
            "identity-based policy allows the kinesis:CreateStream action). Ask an administrator",
        ),
        (
            "iam:CreateUser on resource: arn:x with an explicit deny in a service control policy",
            "iam:CreateUser on arn:x (with an explicit deny in a service control policy). A policy "
            "denies it explicitly",
        ),
        (
            "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/dev",
            "sts:AssumeRole on arn:aws:iam::123456789012:role/dev. The role of your profile must",
        ),
        (
            "lambda:CreateFunction",
            "lack the permission lambda:CreateFunction. Ask an administrator",
        ),
    ],
)
def test_a_missing_permission_is_named_with_its_resource_and_reason(rest: str, says: str) -> None:
    line = lacks_permission(WHO + rest)

    assert line is not None
    assert says in line


def test_another_failure_is_no_missing_permission() -> None:
    assert lacks_permission("The stream limit is exceeded") is None


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("Error while creating lambda: ", "can't run functions (it gave no reason)"),
        ("Error while creating lambda: public.ecr.aws/lambda/python:3.13", "lambda/python:3.13)"),
        (
            "Resource provider operation failed: (InternalError) when calling the CreateStream "
            "operation: exception: Installation of kinesis-local 0.4.13 failed.",
            "could not install kinesis-mock",
        ),
    ],
)
def test_what_localstack_could_not_fetch_is_named_with_the_remedy(reason: str, says: str) -> None:
    line = engine_lacks(reason)

    assert line is not None
    assert says in line
    assert "docker pull" in line or "with a network connection" in line


def test_any_other_failure_is_no_matter_of_the_engine() -> None:
    assert engine_lacks("The stream limit is exceeded") is None
