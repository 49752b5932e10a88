"""The services that the embedded LocalStack has, and what it says of others."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from localstack_embedded import DEFAULT_HOME, Instance

# Its operations all need an account, and put that into the host's name.
OUT_OF_REACH = {"s3control"}

READING = ("List", "Describe", "Get")


def client(instance: Instance, service: str) -> Any:
    """A client of one service."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=instance.endpoint,
        region_name="us-east-1",
        aws_access_key_id=instance.access_key_id,
        aws_secret_access_key="test",
        config=Config(
            retries={"total_max_attempts": 1}, inject_host_prefix=False, parameter_validation=False
        ),
    )


def services(instance: Instance) -> list[str]:
    """Those that it says it has."""
    with urllib.request.urlopen(f"{instance.endpoint}/_localstack/health") as answer:
        return list(json.load(answer)["services"])


def required(operation: Any) -> list[str]:
    """The parameters that it has to be given."""
    return list(operation.input_shape.required_members) if operation.input_shape else []


def refusal(instance: Instance, service: str) -> str:
    """What it says to one of the service's operations, such as needs the least to be said."""
    called = client(instance, service)
    model = called.meta.service_model
    reading = [name for name in model.operation_names if name.startswith(READING)]
    operation = min(reading, key=lambda name: len(required(model.operation_model(name))))
    try:
        getattr(called, xform_name(operation))()
    except ClientError as error:
        return str(error.response["Error"].get("Message"))
    return ""


@pytest.mark.parametrize(
    "service",
    ["stepfunctions", "apigateway", "firehose", "ecs", "glue", "rds", "batch", "cloudfront"],
)
def test_a_service_that_is_lacking_names_those_that_are_there(
    emulator: Instance, service: str
) -> None:
    there = ", ".join(sorted(services(emulator)))
    said = f"The embedded LocalStack lacks {service}. It has {there}."
    assert refusal(emulator, service) == said


def test_each_service_that_is_there_can_be_called(emulator: Instance) -> None:
    for service in set(services(emulator)) - OUT_OF_REACH:
        assert "No module named" not in refusal(emulator, service), service


def test_the_environment_is_small() -> None:
    folders = (DEFAULT_HOME / "localstack", DEFAULT_HOME / "functions")
    files = [
        path
        for folder in folders
        for path in folder.rglob("*")
        # Bytecode comes with use, for each Python that functions run on.
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
    ]
    assert sum(path.stat().st_blocks * 512 for path in files) < 165 * 2**20
