"""tweetpipe up and down."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

import localstack_embedded
from localstack_embedded import Instance, Program
from tweetpipe.commands import terminal
from tweetpipe.project import LOCALSTACK_HOME, SHARES_ENVIRONMENT

PROGRAM = Program(
    name="tweetpipe",
    home=LOCALSTACK_HOME,
    home_setting="the environment variable TWEETPIPE_HOME",
    settings_file=".env",
)
"""What the messages of localstack_embedded suggest."""

PortOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=65535,
        show_default="4566, or the next free one",
        help="Port to listen on; only this machine can reach it.",
    ),
]


OpenOption = Annotated[
    bool,
    typer.Option(
        "--open-to-this-machine",
        help="Serve programs of every user on this machine. They can then run code as you.",
    ),
]


LimitsOption = Annotated[
    bool,
    typer.Option(
        "--shard-limits",
        help="Limit each shard as AWS does: 1,000 records and 1 MiB per second in, five reads and "
        "2 MiB per second out.",
    ),
]


KeepOption = Annotated[
    bool,
    typer.Option(
        "--keep",
        help="Keep stacks and data when LocalStack stops, and start with what was kept before.",
    ),
]


def up(
    port: PortOption = None,
    open_to_this_machine: OpenOption = False,
    shard_limits: LimitsOption = False,
    keep: KeepOption = False,
) -> None:
    """Start the embedded LocalStack. The first start also installs it."""
    instance = start_localstack(
        port, open_to_this_machine=open_to_this_machine, shard_limits=shard_limits, keep=keep
    )
    terminal.say(instance.whom_it_serves)


def down() -> None:
    """Stop the embedded LocalStack. Deletes its data unless it was started with --keep."""
    if localstack_embedded.stop(LOCALSTACK_HOME, on_step=terminal.say):
        terminal.done("LocalStack has stopped.")
    else:
        terminal.say("LocalStack is not running; nothing to do.")


def start_localstack(
    port: int | None,
    *,
    open_to_this_machine: bool = False,
    shard_limits: bool = False,
    keep: bool = False,
) -> Instance:
    """Starts LocalStack unless it is already running, and reports which."""
    started = time.monotonic()
    instance = localstack_embedded.start(
        LOCALSTACK_HOME,
        environment_home=localstack_embedded.shared_home() if SHARES_ENVIRONMENT else None,
        port=port,
        open_to_this_machine=open_to_this_machine,
        shard_limits=shard_limits,
        keep=keep,
        on_step=terminal.say,
    )
    if instance.started_by_this_call:
        verb, after = "is ready", f" after {time.monotonic() - started:.1f} s"
    else:
        verb, after = "is already running", ""
    terminal.done(f"LocalStack {instance.version} {verb} at {instance.endpoint}{after}.")
    named = os.environ.get("AWS_ENDPOINT_URL", "")
    if named and named.rstrip("/").replace("localhost", "127.0.0.1") != instance.endpoint:
        terminal.say(
            f"Other commands still use {named}, because AWS_ENDPOINT_URL is set. To use this "
            "LocalStack, run:\n  unset AWS_ENDPOINT_URL"
        )
    return instance
