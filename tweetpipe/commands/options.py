"""The options that commands share, and the place they lead to."""

from __future__ import annotations

from typing import Annotated

import typer

import localstack_embedded
from tweetpipe import stack
from tweetpipe.place import Place, Target, aws_place, local_place
from tweetpipe.project import LOCALSTACK_HOME

TargetOption = Annotated[
    Target,
    typer.Option(
        "--target",
        envvar="TWEETPIPE_TARGET",
        help="local: AWS_ENDPOINT_URL, else the embedded LocalStack, else localhost:4566. "
        "aws: boto3's ordinary credentials and region.",
    ),
]
StackOption = Annotated[
    str, typer.Option("--stack", envvar="TWEETPIPE_STACK", help="Name of the stack.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]

DEFAULT_STACK = stack.DEFAULT_NAME


def open_place(target: Target) -> Place:
    """Where `--target` leads."""
    if target is Target.AWS:
        return aws_place()
    instance = localstack_embedded.running(LOCALSTACK_HOME)
    return local_place(embedded_endpoint=instance.endpoint if instance else None)
