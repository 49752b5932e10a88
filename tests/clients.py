"""Clients of an emulator without retries, and with the key of a stack's user."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localstack_embedded import Instance
from tests.waiting import wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack


def aws_client(instance: Instance, service: str) -> Any:
    """A client of one service, without retries."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=instance.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
    )


_producers: dict[str, Place] = {}


def as_producer(place: Place, stack: Stack) -> Place:
    """The place with the key of the stack's user, which AWS may not know for some seconds."""
    if stack.id in _producers:
        return _producers[stack.id]
    secret = place.secretsmanager().get_secret_value(SecretId=stack.outputs["ClientSecretArn"])
    signed = place.signed_by(
        access_key_id=stack.outputs["AccessKeyId"], secret_access_key=secret["SecretString"]
    )

    def is_known() -> bool:
        try:
            signed.kinesis().describe_stream_summary(StreamName=stack.outputs["KinesisStream"])
        except ClientError:
            return False
        return True

    wait_for(is_known, "the producer's key to be known")
    return _producers.setdefault(stack.id, signed)
