"""tweetpipe query."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table
from rich.text import Text

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    JsonOption,
    StackOption,
    TargetOption,
    open_stack,
)
from tweetpipe.commands.terminal import printable
from tweetpipe.looking import table as tables

_COLUMNS = ("Username", "Timestamp", "Id", "Message")
# What the others leave of a line: a message needs some of it, so that in a narrow terminal there
# are fewer others.
_SHARES = {"Username": 1, "Message": 2}
_FROM_WIDTH = {"Timestamp": 76, "Id": 48}
_LONGEST_NAME = 2048  # bytes that DynamoDB takes for a partition key


def query(
    username: Annotated[str, typer.Argument(help="The author's display name, as it is stored.")],
    limit: Annotated[int, typer.Option(min=1, help="How many tweets at most.")] = 20,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Show an author's newest tweets in EventData."""
    if not 1 <= len(username.encode()) <= _LONGEST_NAME:
        raise WrongUsage(f"A name has 1 to {_LONGEST_NAME:,} bytes; there are no others stored.")
    place, deployed = open_stack(target, stack_name)
    items = tables.query(place, deployed.outputs["EventDataTable"], username, limit)
    if as_json:
        terminal.print_json(items)
    elif items:
        terminal.out.print(items_table(items))
    else:
        terminal.say(f"No tweets by {username!r} in {deployed.outputs['EventDataTable']}.")


def items_table(items: list[tables.Item]) -> Table:
    """Items of EventData for a terminal."""
    width = terminal.out.width
    names = [name for name in _COLUMNS if width >= _FROM_WIDTH.get(name, 0)]
    table = Table(
        *(Column(name, no_wrap=True, ratio=_SHARES.get(name)) for name in names),
        expand=True,
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
    )
    for item in items:
        shown = item | {"Timestamp": _brief(item.get("Timestamp", ""))}
        table.add_row(*(Text(printable(shown.get(name, ""))) for name in names))
    return table


def _brief(timestamp: str) -> str:
    """To the second, where it is as the function stores it."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z", timestamp)
    return f"{found[1]} {found[2]}Z" if found else timestamp
