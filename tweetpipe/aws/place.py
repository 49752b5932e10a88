"""The place that a command works on: an emulator on this machine, or AWS.

Local commands use the endpoint in AWS_ENDPOINT_URL, or else tweetpipe's own LocalStack. They never
use another emulator that happens to answer. They use LocalStack's dummy credentials and one fixed
region, and ignore the AWS configuration.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from localstack_embedded import DEFAULT_KEY, KEY_PREFIX
from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.aws.redaction import redacted
from tweetpipe.aws.sessions import aws_session, local_session

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

LOCAL_REGION = "us-east-1"
LOCAL_ACCOUNT = "000000000000"

NOT_RUNNING = "tweetpipe's own LocalStack is not running. To start it, run:\n  tweetpipe up"
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")
_REACHABLE_WITHIN = 3.0  # seconds
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 4},
    # LocalStack serves all buckets under one host name.
    s3={"addressing_style": "path"},
)


class CloudWatch(Protocol):
    """The methods of a CloudWatch client that are used here."""

    def get_metric_data(
        self, *, MetricDataQueries: list[Any], StartTime: datetime, EndTime: datetime
    ) -> dict[str, Any]: ...

    def put_metric_data(self, *, Namespace: str, MetricData: list[Any]) -> object: ...


class Target(StrEnum):
    """The kinds of place that `--target` selects."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The signer of the calls; `arn` names the user, or the role and its session."""

    account: str
    arn: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """One account and region, and how to reach it.

    `is_there` tells whether the endpoint is still the same emulator; another program may have
    taken over the port.
    """

    target: Target
    session: boto3.Session
    endpoint: str | None
    region: str
    is_there: Callable[[], bool] | None = None

    @property
    def is_local(self) -> bool:
        return self.target is Target.LOCAL

    @property
    def address(self) -> str | None:
        """The endpoint without the password that it may contain."""
        return redacted(self.endpoint) if self.endpoint else None

    def account(self) -> str:
        """The account's id, twelve digits."""
        return self._client("sts").get_caller_identity()["Account"]  # type: ignore[no-any-return]

    def identity(self) -> Identity:
        """The account and the user or role of the credentials."""
        found = self._client("sts").get_caller_identity()
        return Identity(account=found["Account"], arn=found["Arn"])

    def aws_endpoint(self) -> str | None:
        """The address that AWS_ENDPOINT_URL or the profile sets instead of AWS's, if any."""
        if self.endpoint is not None:
            return self.endpoint
        address: str = self.cloudformation().meta.endpoint_url
        host = urlsplit(address).hostname or ""
        return None if host.endswith(_AWS_HOSTS) else address

    def cloudformation(self, config: Config | None = None) -> CloudFormationClient:
        return self._client("cloudformation", config)  # type: ignore[no-any-return]

    def cloudwatch(self) -> CloudWatch:
        return self._client("cloudwatch")  # type: ignore[no-any-return]

    def dynamodb(self) -> DynamoDBClient:
        return self._client("dynamodb")  # type: ignore[no-any-return]

    def iam(self) -> IAMClient:
        return self._client("iam")  # type: ignore[no-any-return]

    def kinesis(self, config: Config | None = None) -> KinesisClient:
        return self._client("kinesis", config)  # type: ignore[no-any-return]

    def lambda_(self, config: Config | None = None) -> LambdaClient:
        return self._client("lambda", config)  # type: ignore[no-any-return]

    def logs(self, config: Config | None = None) -> CloudWatchLogsClient:
        return self._client("logs", config)  # type: ignore[no-any-return]

    def s3(self) -> S3Client:
        return self._client("s3")  # type: ignore[no-any-return]

    def secretsmanager(self) -> SecretsManagerClient:
        return self._client("secretsmanager")  # type: ignore[no-any-return]

    def sqs(self, config: Config | None = None) -> SQSClient:
        return self._client("sqs", config)  # type: ignore[no-any-return]

    def signed_by(self, *, access_key_id: str, secret_access_key: str) -> Place:
        """The same place with the access key of another identity."""
        key = {"access_key_id": access_key_id, "secret_access_key": secret_access_key}
        if self.is_local:
            session = local_session(self.region, is_there=self.is_there, **key)
        else:
            session = aws_session(self.region, **key)
        return Place(
            target=self.target,
            session=session,
            endpoint=self.endpoint,
            region=self.region,
            is_there=self.is_there,
        )

    def _client(self, service: str, config: Config | None = None) -> Any:
        merged = _CONFIG.merge(config) if config else _CONFIG
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint, config=merged)


def local_place(
    *,
    embedded_endpoint: str | None,
    access_key_id: str = DEFAULT_KEY,
    environ: Mapping[str, str] = os.environ,
    is_there: Callable[[], bool] | None = None,
) -> Place:
    """The emulator that local commands use: the one in AWS_ENDPOINT_URL, or else the embedded one.

    `is_there` and `access_key_id` belong to the embedded one. AWS_ACCESS_KEY_ID is used only if it
    belongs to another embedded LocalStack. Raises WrongUsage if AWS_ENDPOINT_URL is not the address
    of an emulator, and NothingThere if no emulator answers.
    """
    named = environ.get("AWS_ENDPOINT_URL")
    endpoint = named or embedded_endpoint
    if not endpoint:
        raise NothingThere(NOT_RUNNING)
    check_answers(endpoint)
    if named:
        is_there = None
    if named and named != embedded_endpoint:
        given = environ.get("AWS_ACCESS_KEY_ID", "")
        access_key_id = given if given.startswith(KEY_PREFIX) else DEFAULT_KEY
    return Place(
        target=Target.LOCAL,
        session=local_session(LOCAL_REGION, access_key_id=access_key_id, is_there=is_there),
        endpoint=endpoint,
        region=LOCAL_REGION,
        is_there=is_there,
    )


def aws_place(environ: Mapping[str, str] = os.environ) -> Place:
    """The account and region that boto3 finds; raises WrongUsage without a region.

    AWS_REGION comes first, as with AWS's other tools. boto3 itself reads only AWS_DEFAULT_REGION
    and the profile.
    """
    session = aws_session(environ.get("AWS_REGION") or None)
    if not session.region_name:
        raise WrongUsage(
            "No AWS region is set. Use a profile with a region, or set one, such as:\n"
            "  export AWS_REGION=us-east-1"
        )
    return Place(target=Target.AWS, session=session, endpoint=None, region=session.region_name)


def check_answers(endpoint: str) -> None:
    """Raises NothingThere if nothing listens at this address of an emulator."""
    host, port = _host_and_port(endpoint)
    if host.endswith(_AWS_HOSTS):
        raise WrongUsage(
            f"AWS_ENDPOINT_URL is {endpoint}, which is AWS itself, but --target is local. Use "
            "--target aws, or to use an emulator, run:\n  unset AWS_ENDPOINT_URL"
        )
    try:
        socket.create_connection((host, port), _REACHABLE_WITHIN).close()
    except OSError as error:
        raise NothingThere(
            f"No emulator answers at {endpoint}, where AWS_ENDPOINT_URL points "
            f"({error.strerror or error}). Start that emulator, or use tweetpipe's own:\n"
            "  unset AWS_ENDPOINT_URL\n  tweetpipe up"
        ) from error


def _host_and_port(endpoint: str) -> tuple[str, int]:
    wrong = f"AWS_ENDPOINT_URL is {endpoint!r}. Set it to an address such as http://localhost:4566."
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise WrongUsage(wrong) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongUsage(wrong)
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)
