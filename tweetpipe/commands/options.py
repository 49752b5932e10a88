"""The options that commands share, and the place they lead to."""

from __future__ import annotations

import os
from typing import Annotated

import typer

import localstack_embedded
from localstack_embedded import Died, Instance
from tweetpipe import stack as stacks
from tweetpipe.errors import NothingThere
from tweetpipe.place import Place, Target, aws_place, local_place
from tweetpipe.project import LOCALSTACK_HOME
from tweetpipe.stack import Stack

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

DEFAULT_STACK = stacks.DEFAULT_NAME


def open_place(target: Target) -> Place:
    """Where `--target` leads."""
    if target is Target.AWS:
        return aws_place()
    found = localstack_embedded.status(LOCALSTACK_HOME)
    endpoint = found.endpoint if isinstance(found, Instance) else None
    try:
        return local_place(embedded_endpoint=endpoint)
    except NothingThere as error:
        if isinstance(found, Died) and "AWS_ENDPOINT_URL" not in os.environ:
            raise NothingThere(found.explanation) from error
        raise


def open_stack(target: Target, name: str) -> tuple[Place, Stack]:
    """The deployed stack, and where it is."""
    stacks.check_name(name)
    place = open_place(target)
    return place, stacks.get(place, name)
