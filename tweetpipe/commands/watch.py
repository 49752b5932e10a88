"""tweetpipe watch."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from tweetpipe import terminal
from tweetpipe.aws.errors import INTERRUPTED, WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    StackOption,
    TargetOption,
    open_place,
    open_stack,
)


def watch(
    interval: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=3600,
            show_default="1, on AWS 2",
            help="Seconds from one look to the next; on AWS at least 2.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--for", min=0, show_default="until Ctrl-C", help="Seconds to watch."),
    ] = None,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json_lines: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a line for each look.")
    ] = False,
) -> None:
    """Show live what goes through the stack, how far behind it is, and the newest tweets.

    Reads the stack only, and little; the rates are shown. Without a terminal it prints a line every
    five seconds.
    """
    # Imported here: no other command needs them, and each would start later.
    from tweetpipe.commands import watching
    from tweetpipe.live.collector import Collector

    place, _ = open_stack(target, stack_name)
    try:
        collector = Collector(
            place, stack_name, interval=interval, find_place=lambda: open_place(target)
        )
    except ValueError as error:
        raise WrongUsage(f"--interval {interval:g} is too short: {error}.") from error
    is_screen = terminal.out.is_terminal and not terminal.out.is_dumb_terminal
    collector.start()
    subscription = collector.subscribe()
    end = None if seconds is None else time.monotonic() + seconds
    try:
        with watching.ended_by_signals():
            if as_json_lines:
                watching.print_json_lines(subscription, end)
            elif is_screen:
                watching.show_screen(collector, subscription, end)
            else:
                watching.print_lines(
                    subscription, end, every=max(watching.PLAIN_LINE_EVERY, interval or 0)
                )
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        watching.close_quietly()
    finally:
        subscription.close()
        collector.stop()
