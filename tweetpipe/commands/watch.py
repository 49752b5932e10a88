"""tweetpipe watch: shows snapshots on a screen, as plain lines, or as JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.text import Text

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    StackOption,
    TargetOption,
    open_place,
    open_stack,
)
from tweetpipe.commands.shown.live import plain, screen
from tweetpipe.live.snapshot import Health, Snapshot, as_json

if TYPE_CHECKING:
    from tweetpipe.live.collector import Collector, Subscription

_PLAIN_LINE_EVERY = 5.0  # seconds, if the output is not a terminal

_LATE = 15.0  # seconds without a snapshot, in addition to the interval
_OLD = Health("unknown", "No new data about the stack for a while.")
_WITHOUT_RATES = 3  # the most snapshots to skip at the beginning
_LOOK_FOR_RESIZE = 0.2  # seconds


def watch(
    interval: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=3600,
            show_default="1, on AWS 2",
            help="Seconds between two snapshots; at least 2 on AWS.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--for", min=0, show_default="until Ctrl-C", help="Seconds to watch."),
    ] = None,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json_lines: Annotated[
        bool, typer.Option("--json", help="Print each snapshot as a line of JSON.")
    ] = False,
) -> None:
    """Show live throughput, how far behind the function is, and the newest events.

    Changes nothing, and shows how many requests it makes. Without a terminal, prints a line every
    five seconds, or less often with a longer --interval.
    """
    # Imported here because few commands need it, and every command would start more slowly.
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
        if as_json_lines:
            print_json_lines(subscription, end)
        elif is_screen:
            show_screen(collector, subscription, end)
        else:
            print_lines(subscription, end, every=max(_PLAIN_LINE_EVERY, interval or 0))
    except BrokenPipeError:
        _close_quietly()
    finally:
        subscription.close()
        collector.stop()


def _snapshots(
    subscription: Subscription, end: float | None, *, patience: float = 1.0
) -> Iterator[Snapshot | None]:
    """Each new snapshot until the end, and None after `patience` seconds without one.

    After a long time without one, the last snapshot comes again, marked as old.
    """
    last: Snapshot | None = None
    heard = time.monotonic()
    while (left := patience if end is None else min(end - time.monotonic(), patience)) > 0:
        snapshot = subscription.wait(left)
        if snapshot is not None:
            last, heard = snapshot, time.monotonic()
        elif last is not None and time.monotonic() - heard > _LATE + subscription.interval:
            snapshot = replace(last, at=time.time(), reachable=_OLD)
            heard = time.monotonic()
        yield snapshot


def print_json_lines(subscription: Subscription, end: float | None) -> None:
    """Print each snapshot as a line of JSON."""
    for snapshot in _snapshots(subscription, end):
        if snapshot is not None:
            # In ASCII, because untrusted text could control the terminal that shows it.
            sys.stdout.write(json.dumps(as_json(snapshot)) + "\n")
            sys.stdout.flush()


def print_lines(subscription: Subscription, end: float | None, *, every: float) -> None:
    """Print a plain line at this interval, and whenever the stack goes away or comes back."""
    next_line = 0.0
    reached = True
    to_skip = _WITHOUT_RATES
    for snapshot in _snapshots(subscription, end):
        if snapshot is None:
            continue
        reaches = snapshot.reachable.state == "ok"
        if reaches and snapshot.stream.records_per_s is None and to_skip:
            to_skip -= 1
            continue
        # Report immediately when the stack stops answering, or answers again.
        if snapshot.at >= next_line or reaches is not reached:
            reached = reaches
            next_line = snapshot.at + every
            terminal.out.print(Text(plain(snapshot)), soft_wrap=True)
            terminal.out.file.flush()


def show_screen(collector: Collector, subscription: Subscription, end: float | None) -> None:
    """Fill the terminal, and redraw it for each snapshot and each change of size."""
    try:
        with Live(console=terminal.out, screen=True, auto_refresh=False) as live:
            live.update(Text("Connecting to the stack"), refresh=True)
            _draw(live, collector, subscription, end)
    finally:
        # The screen disappears at the end; this line stays.
        if (last := collector.latest()) is not None:
            terminal.out.print(Text(plain(last)), soft_wrap=True)


def _draw(live: Live, collector: Collector, subscription: Subscription, end: float | None) -> None:
    drawn = (0, 0)
    latest: Snapshot | None = None
    for snapshot in _snapshots(subscription, end, patience=_LOOK_FOR_RESIZE):
        size = (terminal.out.width, terminal.out.height)
        latest = snapshot or latest
        if latest is not None and (snapshot is not None or size != drawn):
            width, height = drawn = size
            shown = screen(latest, collector.history(), width=width, height=height)
            live.update(shown, refresh=True)


def _close_quietly() -> None:
    """Closes standard output after its reader has gone."""
    # Otherwise, Python would flush it at exit and print an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
