"""Turns botocore's errors into messages that say what happened and what to do."""

from __future__ import annotations

import os
import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    InfiniteLoopConfigError,
    InvalidConfigError,
    InvalidRegionError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)

from tweetpipe.aws.redaction import redacted

_SIGN_IN_AGAIN = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_WRONG_KEY = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NOT_ALLOWED = frozenset(
    {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
)
_WHO_AM_I = "aws sts get-caller-identity"
_CLOCK = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
# Some services report a wrong clock as a signature error, with these words.
_CLOCK_WORDS = ("Signature expired", "Signature not yet current")

# "User: <arn> is not authorized to perform: <action> on resource: <arn> because <policy> ..."
_DENIED = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")
_ON = re.compile(r"on resource: (?P<resource>[^\s,]+)")
_BECAUSE = re.compile(r"(because no .*|with an explicit deny.*)$")


def explain(error: BotoCoreError | ClientError) -> str:
    """A message that says what happened and what to do."""
    said = _one_line(error)
    match error:
        case ClientError():
            return _explain_answer(error)
        case NoCredentialsError():
            return (
                "No AWS credentials found. Set AWS_PROFILE to choose a profile, enter access keys "
                f"with aws configure, or sign in. {_sign_in()}"
            )
        case PartialCredentialsError():
            return (
                f"The AWS credentials are incomplete ({said}). Set both AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or neither."
            )
        case SSOError() | TokenRetrievalError():
            return f"The AWS sign-in has expired ({said}). {_sign_in()}"
        case LoginError():
            return f"The AWS sign-in has expired ({said}). {_sign_in('aws login')}"
        case RefreshWithMFAUnsupportedError():
            return (
                "The session of the assumed role has expired, and a new one needs an MFA code. "
                "Run this again and enter the code."
            )
        case CredentialRetrievalError():
            return (
                f"The credentials of the AWS profile could not be loaded ({said}). To check them, "
                f"run:\n  {_WHO_AM_I}"
            )
        case ProfileNotFound():
            return (
                f"{said}. Set AWS_PROFILE to an existing profile. To list them, run:\n"
                "  aws configure list-profiles"
            )
        case ConfigParseError() | InfiniteLoopConfigError() | InvalidConfigError():
            return f"The AWS configuration can't be used: {said}. Fix it in ~/.aws/config."
        case InvalidRegionError() | NoRegionError():
            return f"{said}. Set AWS_REGION to a valid region, such as us-east-1."
        case ConnectionError() | HTTPClientError() if ".amazonaws.com" in said:
            return (
                f"AWS could not be reached: {said}. Check your network connection, and that "
                "AWS_REGION is an existing region."
            )
        case ConnectionError() | HTTPClientError() if os.environ.get("AWS_ENDPOINT_URL"):
            return (
                f"The connection failed: {said}. AWS_ENDPOINT_URL sends requests to this address. "
                "If an emulator should answer there, start it. Otherwise, run:\n"
                "  unset AWS_ENDPOINT_URL"
            )
        case ConnectionError() | HTTPClientError():
            return (
                f"The connection failed: {said}. If your AWS profile names this address, check its "
                "endpoint_url. If it is tweetpipe's own LocalStack, run:\n  tweetpipe up"
            )
    return f"{said}."


def _sign_in(command: str = "aws sso login") -> str:
    return f"Then run this command again. To sign in, run:\n  {command}"


def lacks_permission(message: str) -> str | None:
    """A message for AWS's "not authorized" errors; None for any other error."""
    found = _DENIED.search(message)
    if not found:
        return None
    action = found["action"]
    resource, reason = _ON.search(message), _BECAUSE.search(message)
    if action == "sts:AssumeRole":
        remedy = "The role of your profile must trust you, and you must be allowed to assume it."
    elif reason and reason[0].startswith("with"):
        remedy = "A policy denies it explicitly: ask the administrator of the account."
    else:
        remedy = "Ask an administrator to attach infra/deploy-policy.json, which allows it."
    on = f" on {resource['resource']}" if resource else ""
    why = f" ({reason[0].rstrip('.')})" if reason else ""
    return f"These credentials lack the permission {action}{on}{why}. {remedy}"


def engine_lacks(reason: str) -> str | None:
    """A message if LocalStack lacks what it needs to run functions or streams; else None."""
    if reason.startswith("Error while creating lambda:"):
        said = reason.partition(":")[2].strip(" .") or "it gave no reason"
        return (
            f"LocalStack can't run functions ({said}). It runs them in containers of AWS's runtime "
            "image. If your container engine does not have the image, fetch it once with docker "
            "pull public.ecr.aws/lambda/python:3.13. If the engine's socket is not "
            "/var/run/docker.sock, set DOCKER_SOCK to its path"
        )
    if "Installation of kinesis-local" in reason:
        return (
            "LocalStack could not install kinesis-mock, which it downloads from npm at first use "
            "and then keeps in its volume. Run this once with a network connection"
        )
    return None


def _explain_answer(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    said = _one_line(error)
    if code in _CLOCK or any(words in said for words in _CLOCK_WORDS):
        return (
            f"This machine's clock differs from AWS's ({code}). "
            "Synchronize it with a time server, then run this again."
        )
    if code in _SIGN_IN_AGAIN:
        return (
            "The AWS credentials have expired. Set new values for AWS_SESSION_TOKEN and the keys, "
            f"or sign in again. {_sign_in()}"
        )
    if code in _WRONG_KEY:
        return f"AWS does not accept these credentials ({code}). To check them, run:\n  {_WHO_AM_I}"
    if code == "OptInRequired":
        return f"{said}. Enable the region or service for this account, or use another region."
    if code in _NOT_ALLOWED:
        return (
            lacks_permission(said)
            or f"These credentials lack the permission for {error.operation_name}: {said}. Ask an "
            "administrator of the account to allow it."
        )
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return f"{error.operation_name} failed: {said}. Wait a moment, then run this again."
    return f"{error.operation_name} failed: {said}."


def _one_line(error: Exception) -> str:
    """The message as part of a sentence, without the period that some messages end in."""
    return re.sub(r"\s+", " ", redacted(str(error))).strip().rstrip(".")
