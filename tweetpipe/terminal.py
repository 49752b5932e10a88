"""What a person sees: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from tweetpipe.redaction import redacted

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str, style: str = "") -> None:
    """A line of progress or advice."""
    err.print(Text(redacted(text), style=style), soft_wrap=True)


def done(text: str) -> None:
    """A line that says what has been achieved."""
    say(text, "green")


def fail(text: str) -> None:
    """The one line of an error."""
    err.print(Text.assemble(("Error: ", "bold red"), redacted(text)), soft_wrap=True)


def show_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What sys.excepthook does, without the credentials that an error may quote."""
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


def print_json(value: Any) -> None:
    """The value for another program, on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def printable(text: str) -> str:
    """A stranger's text, with nothing in it that could steer a terminal."""
    return "".join(c if c.isprintable() or c in "\u200d\ufe0f" else " " for c in text)


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Shows that something takes a while; a plain line where output is no terminal."""
    if err.is_terminal:
        with err.status(text):
            yield
    else:
        say(text)
        yield


def bar(*columns: str) -> Progress:
    """A progress bar with further columns of text, such as `{task.fields[rate]}`."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        *(TextColumn(column) for column in columns),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    )
