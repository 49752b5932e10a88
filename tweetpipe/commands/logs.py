"""tweetpipe logs."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands import terminal
from tweetpipe.commands.options import DEFAULT_STACK, StackOption, TargetOption, open_stack
from tweetpipe.commands.terminal import printable
from tweetpipe.looking import log_lines
from tweetpipe.looking import logs as log_reader
from tweetpipe.looking.log_lines import LogLine
from tweetpipe.looking.logs import LogEvent

_KEPT = 3653  # days, the longest that LogRetentionDays can be
_LONGEST = timedelta(days=_KEPT)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_STYLES = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}


def logs(
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")
    ] = False,
    since: Annotated[
        str, typer.Option(metavar="AGE", help="How far back to start: 90s, 10m, 2h, 1d.")
    ] = "10m",
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print every line as JSON, including Lambda's own lines."),
    ] = False,
) -> None:
    """Show the function's log: batches with their counts, rejected records, and failures."""
    start = datetime.now(UTC) - age(since)
    place, deployed = open_stack(target, stack_name)
    retriever = log_reader.LogRetriever(place, deployed)
    events = (
        log_reader.follow(retriever, start, interval=0.5 if place.is_local else 3)
        if follow
        else log_reader.by_now(retriever, start)
    )
    shown = False
    for event in events:
        shown = _show(event, as_json=as_json) or shown
    if not shown and not as_json:
        terminal.say(
            f"No log lines in the last {since}. Use --since 1d to look further back, or --follow "
            "to wait for new lines."
        )


def age(text: str, option: str = "--since") -> timedelta:
    """The time span of a text such as 10m; raises WrongUsage for any other text."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if not found:
        raise WrongUsage(f"{option} {text} is not an age. Write it as 90s, 10m, 2h, or 1d.")
    span = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if span > _LONGEST:
        raise WrongUsage(f"{option} {text} is too long: nothing is kept for more than {_KEPT}d.")
    return span


def _show(event: LogEvent, *, as_json: bool) -> bool:
    if as_json:
        content = log_lines.content_of(event)
        record = {"timestamp": event.at.isoformat(), "stream": event.stream, "message": content}
        sys.stdout.write(terminal.json_text(record) + "\n")
        # Another program may be waiting for the line.
        sys.stdout.flush()
        return True
    line = log_lines.readable(event)
    if line is None:
        return False
    terminal.out.print(styled(line), soft_wrap=True)
    return True


def styled(line: LogLine) -> Text:
    """The line for a terminal, with the time in UTC as in CloudWatch."""
    return Text(
        f"{line.at:%Y-%m-%d %H:%M:%S}Z  {line.level:<8} {printable(line.text)}",
        style=_STYLES.get(line.level, ""),
    )
