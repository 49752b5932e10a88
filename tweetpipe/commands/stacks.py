"""tweetpipe deploy and destroy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import DeployFailed, WrongUsage
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    StackOption,
    TargetOption,
    open_place,
)
from tweetpipe.commands.shown.change_set import show_cautions, show_change_set
from tweetpipe.deploying import deploy as deployment
from tweetpipe.deploying import owner
from tweetpipe.deploying.changes import ChangeSet
from tweetpipe.deploying.events import Event
from tweetpipe.deploying.leftovers import Leftover
from tweetpipe.deploying.parameters import checked
from tweetpipe.live import losses
from tweetpipe.live.losses import Loss
from tweetpipe.project import TEMPLATE
from tweetpipe.words import counted

_YES = "Add --yes to run without being asked."


def deploy(
    stack: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME=VALUE",
            help="Parameter of infra/template.yaml, such as ShardCount=4. Repeat for more. Other "
            "parameters keep their values.",
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Don't ask for confirmation, unless data would be deleted."
        ),
    ] = False,
    confirm_loss: Annotated[
        str | None,
        typer.Option(
            metavar="STACK",
            help="Accept that deploying deletes data: that of a replaced stream, table, or queue, "
            "or on an emulator, what a deleted stack left behind. Give the name of the stack.",
        ),
    ] = None,
) -> None:
    """Create the stack, or update it to match the template and the function's code."""
    stacks.check_name(stack)
    parameters = _parameters(parameter or [])
    if confirm_loss not in (None, stack):
        raise WrongUsage(
            f"--confirm-loss {confirm_loss} is not the name of the stack, {stack}. To accept that "
            f"data of {stack} is deleted, use --confirm-loss {stack}."
        )
    checked(TEMPLATE.read_text(encoding="utf-8"), parameters, events.chosen())
    place = open_place(target)
    deployed = deploy_stack(
        place, stack, parameters=parameters, yes=yes, loss_confirmed=confirm_loss == stack
    )
    terminal.out.print(_outputs_table(deployed))


def destroy(
    stack: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")] = False,
) -> None:
    """Delete the stack and everything in it, including its data and logs.

    On an emulator, asks for confirmation only if another installation of tweetpipe, or another
    tool, deployed the stack.
    """
    stacks.check_name(stack)
    place = open_place(target)

    def may_delete(existing: Stack) -> bool:
        if place.is_local:
            return yes or _is_ours_or_agreed(place, existing)
        return _agrees_to_destroy(place, existing, yes=yes)

    def may_clear(theirs: Sequence[Leftover]) -> bool:
        _show_leftovers(place, stack, theirs)
        return yes or terminal.agrees("Delete these?", otherwise=_YES)

    if not place.is_local:
        _show_place(place, stack)
    if deployment.destroy(
        place,
        stack,
        on_event=_show_event,
        on_step=terminal.say,
        may_delete=may_delete,
        may_clear=may_clear,
    ):
        terminal.done(f"Deleted the stack {stack}.")
    else:
        terminal.say(f"The stack {stack} does not exist; nothing to do.")


def deploy_stack(
    place: Place,
    name: str,
    *,
    parameters: dict[str, str],
    yes: bool,
    loss_confirmed: bool = False,
) -> Stack:
    """Deploys the stack and shows each step."""

    def approve(plan: ChangeSet) -> bool:
        if place.is_local:
            show_cautions(plan, on_aws=False)
            return True
        show_change_set(plan, place.region)
        if plan.loses_data and not loss_confirmed:
            return _agrees_to_loss(name, yes=yes)
        return yes or terminal.agrees("Make these changes?", otherwise=_YES)

    def may_remove(left: Stack) -> bool:
        if yes or (place.is_local and owner.is_ours(left)):
            return True
        question = f"Remove what a failed deployment left of {name} ({left.status})?"
        return terminal.agrees(question, otherwise=_YES)

    def may_clear(theirs: Sequence[Leftover]) -> bool:
        _show_leftovers(place, name, theirs)
        other = (
            "Use another --stack, or delete them first:\n"
            f"  tweetpipe destroy{stacks.options(place.target, name)}"
        )
        if yes and not loss_confirmed:
            raise WrongUsage(f"--yes does not cover deleting these. Nothing was changed. {other}")
        return loss_confirmed or terminal.agrees("Delete these?", otherwise=other)

    if not place.is_local:
        _show_place(place, name)
    started = time.monotonic()
    deployed, changed = deployment.deploy(
        place,
        name,
        parameters=parameters,
        approve=approve,
        on_step=terminal.say,
        on_event=_show_event,
        may_remove=may_remove,
        may_clear=may_clear,
    )
    if changed:
        terminal.done(f"Deployed the stack {name} in {time.monotonic() - started:.1f} s.")
    else:
        terminal.done(f"The stack {name} is up to date.")
    return deployed


def _agrees_to_loss(name: str, *, yes: bool) -> bool:
    otherwise = f"To accept that, add --confirm-loss {name}."
    what = events.chosen().nouns
    if yes:
        raise WrongUsage(
            f"This would delete {what}, which --yes does not cover. Nothing was changed. "
            f"{otherwise}"
        )
    return terminal.names(name, f"The changes in red delete {what}.", otherwise=otherwise)


def _is_ours_or_agreed(place: Place, existing: Stack) -> bool:
    question = (
        f"The stack {existing.name} at {place.address} was not deployed by this installation of "
        "tweetpipe. Delete it and everything in it?"
    )
    return owner.is_ours(existing) or terminal.agrees(question, otherwise=_YES)


def _agrees_to_destroy(place: Place, existing: Stack, *, yes: bool) -> bool:
    loss = losses.losses_or_why_not(place, existing)
    if isinstance(loss, Loss) and loss.protected:
        table = existing.outputs["EventDataTable"]
        raise DeployFailed(
            f"The table {table} has deletion protection, so nothing was deleted. Turn it off "
            f"first:\n  aws dynamodb update-table --table-name {table} "
            "--no-deletion-protection-enabled"
        )
    for line in _loss_lines(loss, has_key="AccessKeyId" in existing.outputs):
        terminal.say(f"  {line}", "bold red")
    return yes or terminal.names(existing.name, "All of this will be deleted.", otherwise=_YES)


def _loss_lines(loss: Loss | str, *, has_key: bool) -> list[str]:
    if isinstance(loss, str):
        return [f"What will be deleted could not be counted: {loss}"]
    if loss.behind is None:
        why_not = loss.why_not or "the function has read none in the last few minutes"
        unread = f"unread records in the stream: not measured ({why_not.rstrip('.')})"
    elif loss.unread is None:
        unread = f"unread records in the stream: those of the last {loss.behind:,.0f} s"
    else:
        unread = f"about {counted(loss.unread, 'unread record')} in the stream"
    return [
        f"about {counted(loss.items, 'item')} "
        "(AWS updates this count every six hours, and keeps a backup for 35 days)",
        counted(loss.dead_letters, "dead letter"),
        unread,
        "the function's log" + (", the producer's access key" if has_key else ""),
    ]


def _parameters(texts: list[str]) -> dict[str, str]:
    given = [_parameter(text) for text in texts]
    parameters = dict(given)
    for name, value in given:
        if parameters[name] != value:
            raise WrongUsage(
                f"The parameter {name} is given twice, with different values. Leave one of them "
                "out."
            )
    return parameters


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        lacks = "name" if separator else "value"
        raise WrongUsage(f"-p {text} has no {lacks}. Write it as NAME=VALUE: -p ShardCount=4.")
    return name, value


def _show_place(place: Place, name: str) -> None:
    who = place.identity()
    terminal.say(f"Account {who.account}, region {place.region}, stack {name}", "bold")
    terminal.say(f"as {who.arn}")
    address = place.aws_endpoint()
    if address:
        terminal.say(f"This is not AWS: the configured endpoint is {address}", "yellow")


def _show_leftovers(place: Place, name: str, theirs: Sequence[Leftover]) -> None:
    terminal.say(
        f"A deleted stack {name} at {place.address}, possibly someone else's, left these behind:",
        "bold",
    )
    for left in theirs:
        terminal.say(f"  {left}", "bold red" if left.holds_data else "yellow")


def _show_event(event: Event) -> None:
    failed = event.status.endswith("_FAILED")
    finished = event.status.endswith("_COMPLETE")
    at = f"{event.at.astimezone(UTC):%H:%M:%S}Z"
    terminal.say(
        f"  {at}  {event.status:<20} {event.logical_id}  {event.type}"
        + (f"  {event.reason}" if failed and event.reason else ""),
        "red" if failed else "" if finished else "dim",
    )


def _outputs_table(deployed: Stack) -> Table:
    table = Table("Output", "Value", title=f"Stack {deployed.name}")
    for name, value in sorted(deployed.outputs.items()):
        table.add_row(name, Text(value, overflow="fold"))
    return table
