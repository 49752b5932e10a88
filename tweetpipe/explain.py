"""Turns what botocore raises into one line for a person."""

from __future__ import annotations

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

_SIGN_IN_AGAIN = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_WRONG_KEY = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
)
_NOT_ALLOWED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def explain(error: BotoCoreError | ClientError) -> str:
    """What happened and what to do about it."""
    if isinstance(error, ClientError):
        return _explain_answer(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return (
            "No AWS credentials found. Sign in with aws sso login or aws configure, then run this."
        )
    if isinstance(error, SSOError | TokenRetrievalError):
        return (
            f"The AWS sign-in has expired ({_one_line(error)}). Run aws sso login, then this again."
        )
    if isinstance(error, ProfileNotFound):
        return f"{_one_line(error)}. Set AWS_PROFILE to one that aws configure list-profiles names."
    if isinstance(error, ConnectionError | HTTPClientError):
        return (
            f"The connection failed: {_one_line(error)}. Look whether all is up: tweetpipe status."
        )
    return _one_line(error)


def _explain_answer(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _SIGN_IN_AGAIN:
        return "The AWS credentials have expired. Sign in again (aws sso login) and run this again."
    if code in _WRONG_KEY:
        return (
            f"AWS does not accept these credentials ({code}). Check: aws sts get-caller-identity."
        )
    if code in _NOT_ALLOWED:
        return f"These credentials lack a permission: {_one_line(error)}"
    return f"{error.operation_name} was refused: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()
