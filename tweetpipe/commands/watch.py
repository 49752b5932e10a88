"""tweetpipe watch."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from rich.live import Live
from rich.text import Text

from tweetpipe import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    StackOption,
    TargetOption,
    open_place,
    open_stack,
)
from tweetpipe.commands.produce import INTERRUPTED
from tweetpipe.errors import WrongUsage
from tweetpipe.live.collector import Collector, Subscription
from tweetpipe.live.shown import plain, screen
from tweetpipe.live.snapshot import Snapshot, as_json
from tweetpipe.place import Target

_PLAIN_LINE_EVERY = 5.0  # seconds, where output is no terminal
_WITHOUT_RATES = 3  # snapshots at most, at the beginning
_LOOK_FOR_RESIZE = 0.2  # seconds


def watch(
    interval: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            show_default="1, on AWS 2",
            help="Seconds from one look to the next.",
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
        with _ended_by_signals():
            if as_json_lines:
                _print_json_lines(subscription, end)
            elif is_screen:
                _show_screen(collector, subscription, end)
            else:
                _print_lines(subscription, end, every=max(_PLAIN_LINE_EVERY, interval or 0))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _close_quietly()
    finally:
        subscription.close()
        collector.stop()


def _snapshots(
    subscription: Subscription, end: float | None, *, patience: float = 1.0
) -> Iterator[Snapshot | None]:
    """Each new snapshot until the end, and None where there is none for `patience` seconds."""
    while (left := patience if end is None else min(end - time.monotonic(), patience)) > 0:
        yield subscription.wait(left)


def _print_json_lines(subscription: Subscription, end: float | None) -> None:
    for snapshot in _snapshots(subscription, end):
        if snapshot is not None:
            # In ASCII: also a reader's terminal can be steered by what a stranger wrote.
            sys.stdout.write(json.dumps(as_json(snapshot)) + "\n")
            sys.stdout.flush()


def _print_lines(subscription: Subscription, end: float | None, *, every: float) -> None:
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
        # That nothing answers any more, or again, is said at once.
        if snapshot.at >= next_line or reaches is not reached:
            reached = reaches
            next_line = snapshot.at + every
            terminal.out.print(Text(plain(snapshot)), soft_wrap=True)
            terminal.out.file.flush()


def _show_screen(collector: Collector, subscription: Subscription, end: float | None) -> None:
    try:
        with Live(console=terminal.out, screen=True, auto_refresh=False) as live:
            live.update(Text("Looking at the stack"), refresh=True)
            _draw(live, collector, subscription, end)
    finally:
        # The screen is gone then; this stays.
        if (last := collector.latest()) is not None:
            terminal.out.print(Text(plain(last)), soft_wrap=True)


def _draw(live: Live, collector: Collector, subscription: Subscription, end: float | None) -> None:
    drawn = (0, 0)
    for snapshot in _snapshots(subscription, end, patience=_LOOK_FOR_RESIZE):
        size = (terminal.out.width, terminal.out.height)
        latest = snapshot or collector.latest()
        if latest is not None and (snapshot is not None or size != drawn):
            width, height = drawn = size
            shown = screen(latest, collector.history(), width=width, height=height)
            live.update(shown, refresh=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the command too, and leave the terminal as it was."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise typer.Exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _close_quietly() -> None:
    # Python would flush it once more at the end, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
