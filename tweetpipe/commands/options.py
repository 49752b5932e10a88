"""The options that commands share, and the place they lead to."""

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
        help="local: the emulator in AWS_ENDPOINT_URL, else tweetpipe's own LocalStack. "
        "aws: boto3's ordinary credentials and region.",
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
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]
NamedFilesOption = Annotated[
    list[str] | None,
    typer.Option("--file", hidden=True, help="FILE, as with --source file; repeatable."),
]
RateOption = Annotated[
    float | None,
    typer.Option("--rate", min=0.001, show_default="unlimited", help="Records a second."),
]
AggregateOption = Annotated[
    bool,
    typer.Option(
        "--aggregate",
        help="Pack several events, up to 25 KB, into one Kinesis record, which costs less. Uses "
        "the Kinesis Producer Library's format, which every reader of the stream must know; the "
        "function does.",
    ),
]
UndeliveredOption = Annotated[
    Path,
    typer.Option(
        "--undelivered", help="What can't be delivered is appended here, to be sent again."
    ),
]
OwnCredentialsOption = Annotated[
    bool,
    typer.Option(
        "--own-credentials",
        help="Sign with your own AWS credentials, as is done anyway where the stack has no user.",
    ),
]
GiveUpAfterOption = Annotated[
    float | None,
    typer.Option(
        "--give-up-after",
        min=0,
        max=1e9,
        metavar="SECONDS",
        show_default="60",
        help="Give up on an event once its shard has accepted nothing for this long.",
    ),
]
MaxInHandOption = Annotated[
    float | None,
    typer.Option(
        "--max-in-hand",
        min=2,
        max=1e6,
        metavar="MB",
        show_default="42",
        help="Hold no more than this in memory; less where shards are full.",
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
        help="US dollars that all runs together may spend in a month.",
    ),
]
PRICE = 0.005

DEFAULT_STACK = stacks.DEFAULT_NAME


def open_place(target: Target) -> Place:
    """Where `--target` leads."""
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
    why = "tweetpipe's own LocalStack is not running. Start it: tweetpipe up. "
    if isinstance(found, Died):
        why = f"{found.explanation}\n"
    other = neighbor_at_default_port()
    if other:
        why += (
            f"{other} answers at http://localhost:4566: "
            "set AWS_ENDPOINT_URL=http://localhost:4566 to use it."
        )
    return why.rstrip()


def open_stack(target: Target, name: str) -> tuple[Place, Stack]:
    """The deployed stack, and where it is."""
    stacks.check_name(name)
    place = open_place(target)
    deployed = stacks.get(place, name)
    events.require_those_of(name, deployed.parameters)
    return place, deployed
