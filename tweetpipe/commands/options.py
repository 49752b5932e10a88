"""The options that commands share, and how they select a place and a stack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

import localstack_embedded
from localstack_embedded import Died, Instance, Stopped, neighbor_at_default_port
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import NothingThere
from tweetpipe.aws.place import Place, Target, aws_place, local_place
from tweetpipe.aws.stack import Stack
from tweetpipe.project import LOCALSTACK_HOME

TargetOption = Annotated[
    Target,
    typer.Option(
        "--target",
        envvar="TWEETPIPE_TARGET",
        help="Where the stack is. local: the emulator in AWS_ENDPOINT_URL, or else tweetpipe's own "
        "LocalStack. aws: AWS, with boto3's credentials and region.",
    ),
]
StackOption = Annotated[
    str,
    typer.Option(
        "--stack",
        envvar="TWEETPIPE_STACK",
        show_default=f"{stacks.DEFAULT_NAME}, or the name of the events' folder",
        help="Name of the stack.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
NamedFilesOption = Annotated[
    list[str] | None,
    typer.Option("--file", hidden=True, help="FILE, as with --source file; repeatable."),
]
RateOption = Annotated[
    float | None,
    typer.Option("--rate", min=0.001, show_default="unlimited", help="Maximum events per second."),
]
AggregateOption = Annotated[
    bool,
    typer.Option(
        "--aggregate",
        help="Pack several events, up to 25 KB, into one Kinesis record to reduce cost. Uses the "
        "Kinesis Producer Library format. The function reads it; other consumers of the stream "
        "must read it, too.",
    ),
]
UndeliveredOption = Annotated[
    Path,
    typer.Option("--undelivered", help="File for undelivered records, to send again later."),
]
OwnCredentialsOption = Annotated[
    bool,
    typer.Option(
        "--own-credentials",
        help="Sign with your own AWS credentials, not the stack's producer key. The default if the "
        "stack has no producer user.",
    ),
]
GiveUpAfterOption = Annotated[
    float | None,
    typer.Option(
        "--give-up-after",
        min=0,
        max=1_000_000_000,
        metavar="SECONDS",
        show_default="60",
        help="Give up on an event after its shard has accepted nothing for this long.",
    ),
]
MaxInHandOption = Annotated[
    float | None,
    typer.Option(
        "--max-in-hand",
        min=2,
        max=1_000_000,
        metavar="MB",
        show_default="42",
        help="Maximum size of the events in memory, read but not delivered yet. While shards are "
        "full, much less is read ahead.",
    ),
]

PriceOption = Annotated[
    float, typer.Option(envvar="X_PRICE_PER_POST", min=0, help="Price per post in US dollars.")
]
MonthlyLimitOption = Annotated[
    float | None,
    typer.Option(
        envvar="X_MONTHLY_LIMIT",
        min=0,
        help="Maximum cost per month of all runs together, in US dollars.",
    ),
]
PRICE = 0.005

DEFAULT_STACK = stacks.DEFAULT_NAME


def open_place(target: Target) -> Place:
    """The place that `--target` selects."""
    if target is Target.AWS:
        return aws_place()
    found = localstack_embedded.status(LOCALSTACK_HOME)
    if isinstance(found, Instance):
        return local_place(
            embedded_endpoint=found.endpoint,
            access_key_id=found.access_key_id,
            is_there=lambda: _runs_at(found.endpoint),
        )
    if not os.environ.get("AWS_ENDPOINT_URL"):
        raise NothingThere(_nothing_here(found))
    return local_place(embedded_endpoint=None)


def _runs_at(endpoint: str) -> bool:
    running = localstack_embedded.find(LOCALSTACK_HOME)
    return running is not None and running.endpoint == endpoint


def _nothing_here(found: Stopped | Died) -> str:
    if isinstance(found, Died):
        why = found.explanation
    else:
        why = f"tweetpipe's own LocalStack is not running. {found.how_to_start}"
    if other := neighbor_at_default_port():
        why += (
            f"\n{other} answers at http://localhost:4566. To use that instead, run:\n"
            "  export AWS_ENDPOINT_URL=http://localhost:4566"
        )
    return why


def open_stack(target: Target, name: str) -> tuple[Place, Stack]:
    """The deployed stack and its place."""
    stacks.check_name(name)
    events.chosen()  # before a stack of that name is looked for and found missing
    place = open_place(target)
    deployed = stacks.get(place, name)
    events.require_those_of(name, deployed.parameters)
    return place, deployed
