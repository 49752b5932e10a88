"""Clients of an emulator that say at once what it answers."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from localstack_embedded import Instance


def aws_client(instance: Instance, service: str) -> Any:
    """A client of one service, which tries nothing twice."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=instance.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
    )
