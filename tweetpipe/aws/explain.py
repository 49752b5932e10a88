"""Turns what botocore raises into one line for a person."""

from __future__ import annotations

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
_CLOCK = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
# Services that say it with a signature error say so in these words.
_CLOCK_WORDS = ("Signature expired", "Signature not yet current")

# "User: <arn> is not authorized to perform: <action> on resource: <arn> because <policy> ..."
_DENIED = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")
_ON = re.compile(r"on resource: (?P<resource>[^\s,]+)")
_BECAUSE = re.compile(r"(because no .*|with an explicit deny.*)$")


def explain(error: BotoCoreError | ClientError) -> str:
    """What happened and what to do about it."""
    said = _one_line(error)
    match error:
        case ClientError():
            return _explain_answer(error)
        case NoCredentialsError():
            return (
                "No AWS credentials found. Sign in with aws sso login or aws configure, "
                "set AWS_PROFILE if you have several, then run this again."
            )
        case PartialCredentialsError():
            return (
                f"Only half of the AWS credentials were found ({said}). Set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY both, or neither."
            )
        case SSOError() | TokenRetrievalError() | LoginError():
            return (
                f"The AWS sign-in has expired ({said}). "
                "Run aws sso login (with aws login: that), then this again."
            )
        case RefreshWithMFAUnsupportedError():
            return (
                "The assumed role's session has ended, and a new one needs a new MFA code. "
                "Run this again and give one."
            )
        case CredentialRetrievalError():
            return (
                f"The profile's credentials could not be had ({said}). "
                "Check: aws sts get-caller-identity."
            )
        case ProfileNotFound():
            return f"{said}. Set AWS_PROFILE to one that aws configure list-profiles names."
        case ConfigParseError() | InfiniteLoopConfigError() | InvalidConfigError():
            return f"AWS's configuration can't be used: {said}. Mend it: ~/.aws/config."
        case InvalidRegionError():
            return f"{said}. Set AWS_REGION to a region such as us-east-1."
        case ConnectionError() | HTTPClientError() if ".amazonaws.com" in said:
            return (
                f"AWS could not be reached: {said}. Check the network, and that AWS_REGION "
                "names a region there is."
            )
        case ConnectionError() | HTTPClientError():
            return (
                f"The connection failed: {said}. Check that the emulator is running; if it is "
                "tweetpipe's own, start it: tweetpipe up."
            )
    return f"{said}."


def lacks_permission(message: str) -> str | None:
    """The advice for AWS's message that something is not authorized; None for any other."""
    found = _DENIED.search(message)
    if not found:
        return None
    action = found["action"]
    resource, reason = _ON.search(message), _BECAUSE.search(message)
    if action == "sts:AssumeRole":
        remedy = "The profile's role must trust you, and you must be let assume it."
    elif reason and reason[0].startswith("with"):
        remedy = "A policy forbids it on purpose: ask who administers the account."
    else:
        remedy = "infra/deploy-policy.json has all that is needed: have it attached."
    on = f" on {resource['resource']}" if resource else ""
    why = f" ({reason[0].rstrip('.')})" if reason else ""
    return f"These credentials lack the permission {action}{on}{why}. {remedy}"


def engine_lacks(reason: str) -> str | None:
    """The advice for LocalStack's failures to get what runs functions and streams; else None."""
    if reason.startswith("Error while creating lambda:"):
        said = reason.partition(":")[2].strip(" .") or "it gave no reason"
        return (
            f"LocalStack can't run functions ({said}). It runs them in AWS's image of the runtime, "
            "as containers of its engine. If the image is not there, fetch it once with a network: "
            "docker pull public.ecr.aws/lambda/python:3.13. If the engine's socket is not "
            "/var/run/docker.sock, set DOCKER_SOCK to its path"
        )
    if "Installation of kinesis-local" in reason:
        return (
            "LocalStack has no Kinesis yet: it fetches kinesis-mock from npm at first use, to keep "
            "it in its volume, and could not. Run this once with a network"
        )
    return None


def _explain_answer(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    said = _one_line(error)
    if code in _CLOCK or any(words in said for words in _CLOCK_WORDS):
        return (
            f"This machine's clock differs from AWS's ({code}). "
            "Set it by a time server, then run this again."
        )
    if code in _SIGN_IN_AGAIN:
        return (
            "The AWS credentials have expired. Sign in again (aws sso login, or new values for "
            "AWS_SESSION_TOKEN and the keys) and run this again."
        )
    if code in _WRONG_KEY:
        return (
            f"AWS does not accept these credentials ({code}). Check: aws sts get-caller-identity."
        )
    if code == "OptInRequired":
        return f"{said}. Enable the region or service for this account, or choose another region."
    if code in _NOT_ALLOWED:
        return (
            lacks_permission(said)
            or f"These credentials lack the permission for {error.operation_name}: {said}."
        )
    return f"{error.operation_name} was refused: {said}."


def _one_line(error: Exception) -> str:
    """What it says, as a part of a sentence: some of botocore's messages end in a period."""
    return re.sub(r"\s+", " ", redacted(str(error))).strip().rstrip(".")
