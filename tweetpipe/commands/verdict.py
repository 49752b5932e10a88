"""Reports the result of a comparison with EventData."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from tweetpipe import events
from tweetpipe.aws.errors import DIFFERENT, TweetpipeError
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.commands.terminal import printable
from tweetpipe.events import Item
from tweetpipe.looking.verify import Comparison
from tweetpipe.looking.verify_files import FileComparison

_SHOWN = 5  # examples of each kind of difference


def end_with(
    verdict: str, place: Place, deployed: Stack, *, is_equal: bool, steps: Sequence[str] = ()
) -> None:
    """Print the verdict before anything that may fail, and exit with its code.

    `steps` say what to do about differences.
    """
    tell = terminal.done if is_equal else terminal.fail
    tell(verdict)
    try:
        say_errors(place, deployed)
    except (TweetpipeError, BotoCoreError, ClientError) as error:
        why = str(error) if isinstance(error, TweetpipeError) else explain(error)
        terminal.say(f"The state of the stack could not be read: {why}")
    if not is_equal:
        for step in steps:
            terminal.say(step)
        raise typer.Exit(DIFFERENT)


def remedies(
    *, missing: int, different: int, send: str, options: str, lost: int = 0
) -> Iterator[str]:
    """What to do about differences; `send` sends the events again.

    `options` select the stack.
    """
    if missing:
        yield (
            "Missing items were rejected, not sent, or are still on their way. To see what was "
            f"rejected, run:\n  tweetpipe dead-letters list{options}"
        )
    if different:
        yield (
            "Different items were stored by another version of the function, or from other events "
            f"with the same keys. To update the function, run:\n  tweetpipe deploy{options}"
        )
    if missing or different:
        yield f"To send the events again (nothing is stored twice), run:\n  {send}"
    if lost:
        yield (
            "To give rejected records that are still in the stream a dead letter, run:\n"
            f"  tweetpipe dead-letters redrive --since 1d{options}"
        )


def say_errors(place: Place, deployed: Stack) -> None:
    """Print which parts of the stack are in error: the items may be from an earlier run then."""
    # Imported here because every other command would start more slowly.
    from tweetpipe.commands.shown.live import troubles
    from tweetpipe.live.once import look_once

    seen = look_once(place, deployed, sleep=lambda _: None).snapshot
    wrong = {name: health for name, health in seen.healths.items() if health.state == "error"}
    for line in troubles(wrong):
        terminal.err.print(line, soft_wrap=True)


def show_differences(comparison: Comparison) -> None:
    """Print a few examples of each kind of difference."""
    _show(
        *(("missing", item, "") for item in comparison.missing[:_SHOWN]),
        *(("unexpected", item, "") for item in comparison.unexpected[:_SHOWN]),
        *(
            ("different", stored, _what_differs(wanted, stored))
            for wanted, stored in comparison.different[:_SHOWN]
        ),
    )


def show_file_differences(comparison: FileComparison) -> None:
    """Print a few examples of each kind of difference, with the places of their records."""
    _show(
        *(("missing", sent.item, str(sent.origin)) for sent in comparison.first_missing[:_SHOWN]),
        *(
            (
                "different",
                stored,
                f"{_what_differs(sent.item, stored)} ({sent.origin})",
            )
            for sent, stored in comparison.first_different[:_SHOWN]
        ),
        *(("in no dead letter", {}, str(lost.origin)) for lost in comparison.first_lost[:_SHOWN]),
    )


def _what_differs(wanted: Item, stored: Item) -> str:
    return "; ".join(
        f"{name} is {stored.get(name)!r}, not {wanted.get(name)!r}"
        for name in sorted(wanted.keys() | stored.keys())
        if wanted.get(name) != stored.get(name)
    )


def _show(*rows: tuple[str, Item, str]) -> None:
    if rows:
        table = Table("", *(part.name for part in events.chosen().key), "What differs")
        for kind, item, what in rows:
            key = map(str, events.chosen().key_of(item))
            table.add_row(kind, *map(_cell, key), _cell(what))
        terminal.out.print(table)


def _cell(text: str) -> Text:
    return Text(printable(text), overflow="fold")
