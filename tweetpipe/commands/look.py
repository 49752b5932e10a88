"""tweetpipe query and verify."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich import box
from rich.table import Column, Table
from rich.text import Text

from tweetpipe.aws.errors import DIFFERENT, TweetpipeError, WrongUsage
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
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
from tweetpipe.looking import verify
from tweetpipe.looking.verify import Comparison

_COLUMNS = ("Username", "Timestamp", "Id", "Message")
# What the others leave of a line: a message needs some of it, so that in a narrow terminal there
# are fewer others.
_SHARES = {"Username": 1, "Message": 2}
_FROM_WIDTH = {"Timestamp": 76, "Id": 48}
_LONGEST_NAME = 2048  # bytes that DynamoDB takes for a partition key
_SHOWN = 5  # examples of each kind of difference


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


def verify_command(
    count: Annotated[int, typer.Option(min=0, help="How many fake tweets were produced.")],
    seed: Annotated[int, typer.Option(min=0, help="The seed they were produced with.")] = 0,
    wait: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait for missing items after the last one arrived."),
    ] = 15,
    allow_others: Annotated[
        bool,
        typer.Option(
            "--allow-others",
            help="Let be what else is in the table, as while tweets still arrive.",
        ),
    ] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Compare EventData, field by field, with the fake tweets that must be in it.

    Exit code 3 when an item is missing, differs, or should not be there.
    """
    place, deployed = open_stack(target, stack_name)
    with terminal.spinner("Comparing"):
        comparison = verify.wait_until_stored(
            place,
            deployed.outputs["EventDataTable"],
            verify.expected_items(seed, count),
            patience=wait,
        )
    if allow_others:
        comparison = replace(comparison, unexpected=())
    if as_json:
        terminal.print_json(_as_json(comparison))
    else:
        show_differences(comparison)
    verdict = f"{comparison.verified:,} of {comparison.expected:,} verified"
    if not comparison.is_equal:
        verdict += (
            f": {len(comparison.missing):,} missing, "
            f"{len(comparison.different):,} different, {len(comparison.unexpected):,} unexpected"
        )
    end_with(f"{verdict}.", place, deployed, is_equal=comparison.is_equal)


def end_with(verdict: str, place: Place, deployed: Stack, *, is_equal: bool) -> None:
    """Tell the verdict before anything that may fail, and exit with its code."""
    tell = terminal.done if is_equal else terminal.fail
    tell(verdict)
    try:
        say_errors(place, deployed)
    except (TweetpipeError, BotoCoreError, ClientError) as error:
        why = str(error) if isinstance(error, TweetpipeError) else explain(error)
        terminal.say(f"The state of the stack's parts could not be read: {why}")
    if not is_equal:
        raise typer.Exit(DIFFERENT)


def say_errors(place: Place, deployed: Stack) -> None:
    """Which parts of the stack are in error: what is stored may be of an earlier run then."""
    # Imported here: each other command would start later.
    from tweetpipe.commands.shown.live import troubles
    from tweetpipe.live.once import look_once

    seen = look_once(place, deployed, sleep=lambda _: None).snapshot
    wrong = {name: health for name, health in seen.healths.items() if health.state == "error"}
    for line in troubles(wrong):
        terminal.err.print(line, soft_wrap=True)


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


def show_differences(comparison: Comparison) -> None:
    """A few examples of each kind of difference."""
    rows = [
        *(("missing", item, "") for item in comparison.missing[:_SHOWN]),
        *(("unexpected", item, "") for item in comparison.unexpected[:_SHOWN]),
        *(
            (
                "different",
                stored,
                "; ".join(
                    f"{name} is {stored.get(name)!r}, not {wanted.get(name)!r}"
                    for name in sorted(wanted.keys() | stored.keys())
                    if wanted.get(name) != stored.get(name)
                ),
            )
            for wanted, stored in comparison.different[:_SHOWN]
        ),
    ]
    if rows:
        table = Table("", "Username", "Id", "What differs")
        for kind, item, what in rows:
            table.add_row(
                kind, _cell(item.get("Username", "")), _cell(item.get("Id", "")), _cell(what)
            )
        terminal.out.print(table)


def _cell(text: str) -> Text:
    return Text(printable(text), overflow="fold")


def _as_json(comparison: Comparison) -> dict[str, object]:
    return {
        "expected": comparison.expected,
        "verified": comparison.verified,
        "missing": comparison.missing,
        "unexpected": comparison.unexpected,
        "different": [
            {"expected": wanted, "stored": stored} for wanted, stored in comparison.different
        ],
    }
