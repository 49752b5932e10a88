"""tweetpipe deploy and destroy."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tweetpipe import deploy as deployment
from tweetpipe import stack as stacks
from tweetpipe import terminal
from tweetpipe.changes import ChangeSet
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    StackOption,
    TargetOption,
    open_place,
)
from tweetpipe.errors import WrongUsage
from tweetpipe.events import Event
from tweetpipe.place import Place, Target
from tweetpipe.stack import Stack

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; AWS only.")]


def deploy(
    stack: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME=VALUE",
            help="A parameter of infra/template.yaml, such as ShardCount=4; repeatable. "
            "Those not named keep their values.",
        ),
    ] = None,
    yes: YesOption = False,
) -> None:
    """Create the stack, or update it to what the template and processor/ say now."""
    stacks.check_name(stack)
    parameters = dict(_parameter(text) for text in parameter or [])
    place = open_place(target)
    deployed = deploy_stack(place, stack, parameters=parameters, yes=yes)
    terminal.out.print(_outputs_table(deployed))


def destroy(
    stack: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    yes: YesOption = False,
) -> None:
    """Delete the stack with everything in it, its data and logs included."""
    stacks.check_name(stack)
    place = open_place(target)
    if not place.is_local and not yes:
        _show_place(place, stack)
        typer.confirm("Delete the stack and all its data?", abort=True, err=True)
    if deployment.destroy(place, stack, on_event=_show_event):
        terminal.done(f"The stack {stack} is gone.")
    else:
        terminal.say(f"There is no stack {stack}; nothing to do.")


def deploy_stack(place: Place, name: str, *, parameters: dict[str, str], yes: bool) -> Stack:
    """Deploys with everything shown as it happens."""

    def approve(plan: ChangeSet) -> bool:
        if place.is_local or yes:
            return True
        _show_place(place, name)
        for change in plan.changes:
            replaced = " (replacement: its data is lost)" if change.replacement else ""
            terminal.say(
                f"  {change.action:7} {change.logical_id}  {change.type}{replaced}",
                "bold red" if change.replacement or change.action == "Remove" else "",
            )
        return typer.confirm("Carry this out?", err=True)

    started = time.monotonic()
    deployed, changed = deployment.deploy(
        place,
        name,
        parameters=parameters,
        approve=approve,
        on_step=terminal.say,
        on_event=_show_event,
    )
    state = f"deployed in {time.monotonic() - started:.1f} s" if changed else "up to date"
    terminal.done(f"The stack {name} is {state}.")
    return deployed


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise WrongUsage(f"{text!r} is no parameter; write it as ShardCount=4.")
    return name, value


def _show_place(place: Place, name: str) -> None:
    terminal.say(f"Account {place.account()}, region {place.region}, stack {name}", "bold")


def _show_event(event: Event) -> None:
    failed = event.status.endswith("_FAILED")
    finished = event.status.endswith("_COMPLETE")
    terminal.say(
        f"  {event.at:%H:%M:%S}  {event.status:<20} {event.logical_id}  {event.type}"
        + (f"  {event.reason}" if failed and event.reason else ""),
        "red" if failed else "" if finished else "dim",
    )


def _outputs_table(deployed: Stack) -> Table:
    table = Table("Output", "Value", title=f"Stack {deployed.name}")
    for name, value in sorted(deployed.outputs.items()):
        table.add_row(name, Text(value, overflow="fold"))
    return table
