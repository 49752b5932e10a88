"""tweetpipe query."""

from __future__ import annotations

from itertools import compress
from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table
from rich.text import Text

from tweetpipe import events
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
from tweetpipe.events import Item
from tweetpipe.looking import table as tables

# Terminals narrower than this don't show these columns, to leave room for the text.
_TIME_FROM, _SORT_FROM = 76, 48


def query(
    partition: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="Partition key exactly as stored, such as an author's display name.",
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of items to show.")] = 20,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Show the stored items that have this partition key, highest sort key first."""
    tables.typed(partition)
    place, deployed = open_stack(target, stack_name)
    items = tables.query(place, deployed.outputs["EventDataTable"], partition, limit)
    if as_json:
        terminal.print_json(items)
    elif items:
        terminal.out.print(items_table(items))
    else:
        table = deployed.outputs["EventDataTable"]
        terminal.say(
            f"No item in {table} has the partition key {partition!r}. Type the key exactly as it "
            "is stored."
        )


def items_table(items: list[Item]) -> Table:
    """Items of EventData as a table for a terminal."""
    chosen, width = events.chosen(), terminal.out.width
    columns = [Column("Title", no_wrap=True, ratio=1), Column("Time", no_wrap=True)]
    columns += [Column(chosen.key.sort.name, no_wrap=True), Column("Text", no_wrap=True, ratio=2)]
    shown = [True, width >= _TIME_FROM, width >= _SORT_FROM, True]
    table = Table(*compress(columns, shown), expand=True, box=box.SIMPLE_HEAD, padding=(0, 1))
    for item in items:
        title, time, text = chosen.show(item)
        cells = (title, time, str(chosen.key_of(item)[1]), text)
        table.add_row(*(Text(printable(cell)) for cell in compress(cells, shown)))
    return table
