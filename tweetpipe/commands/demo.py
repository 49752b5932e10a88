"""tweetpipe demo: the whole pipeline on this machine, in one command."""

from __future__ import annotations

import secrets
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

import producer
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import INTERRUPTED
from tweetpipe.aws.place import local_place
from tweetpipe.aws.stack import options
from tweetpipe.commands import look, terminal
from tweetpipe.commands.delivering import deliver
from tweetpipe.commands.lifecycle import PortOption, start_localstack
from tweetpipe.commands.options import DEFAULT_STACK, StackOption
from tweetpipe.commands.stacks import deploy_stack
from tweetpipe.commands.verdict import end_with, remedies, show_differences
from tweetpipe.looking import table as tables
from tweetpipe.looking import verify
from tweetpipe.project import LOCALSTACK_HOME
from tweetpipe.words import counted

_ROWS = 5
_PATIENCE = 30.0  # seconds without a new item until the demo gives up


def demo(
    count: Annotated[int, typer.Option(min=1, help="Number of fake events.")] = 1000,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, show_default="a new one each time", help="Seed that generates the fake events."
        ),
    ] = None,
    port: PortOption = None,
    stack_name: StackOption = DEFAULT_STACK,
) -> None:
    """Start LocalStack, deploy, send fake events, and verify that each one is stored."""
    stacks.check_name(stack_name)
    started = time.monotonic()
    chosen = events.chosen()
    # Each run has its own seed, so that items of an earlier run can't be mistaken for this run's.
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    instance = start_localstack(port)
    place = local_place(
        embedded_endpoint=instance.endpoint, access_key_id=instance.access_key_id, environ={}
    )
    deployed = deploy_stack(place, stack_name, parameters={}, yes=True)
    table = deployed.outputs["EventDataTable"]

    expected = verify.expected_items(seed, count)
    foreign = {verify.key(item) for item in tables.scan(place, table)}
    terminal.say(
        f"Sending {counted(count, f'fake {chosen.noun}', f'fake {chosen.nouns}')} (seed {seed})"
    )
    first_put = time.monotonic()
    report = deliver(
        place, deployed, producer.fake_source(chosen, seed=seed, count=count), total=count
    )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    with terminal.bar("{task.completed:,.0f} of {task.total:,.0f} in EventData") as progress:
        task = progress.add_task("Kinesis -> Lambda -> DynamoDB", total=count)

        def show(stored: int) -> None:
            progress.update(task, completed=stored)

        comparison = verify.wait_until_stored(
            place, table, expected, patience=_PATIENCE, foreign=foreign, on_progress=show
        )
    end_to_end = time.monotonic() - first_put

    here = options(place.target, stack_name)
    show_differences(comparison)
    if comparison.is_equal:
        terminal.out.print(look.items_table(list(expected.values())[:_ROWS]))
        verdict = (
            f"{count:,} of {count:,} verified, field by field: {end_to_end:.1f} s end to end "
            f"({count / end_to_end:,.0f} {chosen.nouns}/s), "
            f"{time.monotonic() - started:.0f} s in all."
        )
    else:
        verdict = (
            f"{comparison.verified:,} of {count:,} verified. Check the end of "
            f"{LOCALSTACK_HOME / 'localstack.log'}."
        )
    steps = remedies(
        missing=len(comparison.missing),
        different=len(comparison.different),
        send=f"tweetpipe produce fake --count {count} --seed {seed}{here}",
        options=here,
    )
    end_with(verdict, place, deployed, is_equal=comparison.is_equal, steps=[*steps])
    first = chosen.key_of(next(iter(expected.values())))[0]
    for line in next_steps(str(first), here):
        terminal.say(line)


def next_steps(partition: str, options: str) -> list[str]:
    """What to try after the demo, each command on its own line so that it can be copied."""
    name = f"-- {shlex.quote(partition)}" if partition.startswith("-") else shlex.quote(partition)
    steps = {
        "Show the items of one key": f"query{options} {name}",
        "Send more, at 200 a second": f"produce fake{options} --rate 200 --count 5000",
        "Check each part of the stack": f"status{options}",
        "Delete the stack": f"destroy{options}",
        "Stop LocalStack": "down",
    }
    lines = [f"  {what}:\n    tweetpipe {command}" for what, command in steps.items()]
    return [f"\nNext steps (tweetpipe is {_command()}):", *lines]


def _command() -> str:
    """How this program was called: `tweetpipe` may be another one on the PATH, or missing."""
    called = sys.argv[0]
    return called if Path(called).name == "tweetpipe" else f"{sys.executable} -m tweetpipe"
